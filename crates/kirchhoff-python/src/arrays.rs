//! Numbers in and out of NumPy arrays.

use kirchhoff::semiring::{Array, Limbs};
use num_bigint::BigUint;
use numpy::{IntoPyArray, PyArray1, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::errors::Kind;

/// The values of an array in row-major order, whatever its order in memory.
pub fn values(array: &PyReadonlyArrayDyn<'_, f32>) -> Vec<f32> {
    // A slice is given of Fortran's order, too.
    match array.as_slice() {
        Ok(values) if array.is_c_contiguous() => values.to_vec(),
        _ => array.as_array().iter().copied().collect(),
    }
}

/// Values as an array of a shape, of the type that they have.
pub fn to_array<'py>(py: Python<'py>, values: Array, shape: &[usize]) -> PyResult<Bound<'py, PyAny>> {
    Ok(match values {
        Array::Bool(values) => values.into_pyarray(py).reshape(shape)?.into_any(),
        Array::F32(values) => values.into_pyarray(py).reshape(shape)?.into_any(),
        Array::F64(values) => values.into_pyarray(py).reshape(shape)?.into_any(),
    })
}

/// Values of any size as a list of Python integers.
pub fn integers<'py>(py: Python<'py>, limbs: &Limbs) -> PyResult<Bound<'py, PyList>> {
    let number = |row: &[u64]| {
        let digits = row.iter().flat_map(|&limb| [limb as u32, (limb >> 32) as u32]).collect();
        BigUint::new(digits)
    };
    PyList::new(py, limbs.limbs.chunks(limbs.width.max(1)).map(number))
}

/// What a function returned, as `count` numbers.
///
/// # Errors
/// What else it is.
pub fn to_f64(function: &str, semiring: &str, found: &Bound<'_, PyAny>, count: usize) -> PyResult<Vec<f64>> {
    let py = found.py();
    let numbers = py.import("numpy")?.call_method1("asarray", (found, "float64"));
    let wrong = |what: String| {
        Kind::Semiring.error(format!(
            "`{function}` of semiring `{semiring}` returned {what}; it gets a block and returns an array of {count} numbers"
        ))
    };
    let Ok(numbers) = numbers else {
        return Err(wrong(format!("a value of type {}, which holds no numbers", found.get_type().name()?)));
    };
    let numbers = numbers.cast_into::<PyArray1<f64>>().map_err(|error| {
        let array = error.into_inner();
        let shape = array.getattr("shape").map_or_else(|_| "unknown".to_string(), |shape| shape.to_string());
        wrong(format!("an array of shape {shape}"))
    })?;
    if numbers.len() != count {
        return Err(wrong(format!("an array of shape [{}]", numbers.len())));
    }
    Ok(numbers.try_readonly()?.as_array().iter().copied().collect())
}
