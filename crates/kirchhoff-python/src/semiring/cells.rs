//! Values as NumPy has them: a type for each kind of dtype, and blocks of them as arrays.

use kirchhoff::semiring::Array;
use numpy::{PyArray1, PyArrayDescr, PyArrayDescrMethods, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

use super::dynamic::Value;
use crate::errors::Kind;

/// The type of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    F32,
    F64,
    U64,
    I64,
    Bool,
}

/// A number of a value, and its place in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub number: Number,
    pub offset: usize,
}

/// How the values of a semiring lie in arrays.
pub struct Layout {
    /// The name of the semiring, for errors.
    pub semiring: String,
    /// The dtype of blocks: that of the semiring, with records filled up to words.
    pub dtype: Py<PyArrayDescr>,
    /// The numbers of a value; one without a name where it is no record.
    pub fields: Vec<Field>,
    /// Whether a value is one number.
    pub single: bool,
}

/// A value that lies in arrays.
pub trait Cell: Value + Copy {
    /// A block of values as an array of its own, which may be kept and written to.
    fn to_array<'py>(py: Python<'py>, values: &[Self], layout: &Layout) -> PyResult<Bound<'py, PyAny>>;

    /// The same, without a copy.
    fn into_array<'py>(py: Python<'py>, values: Vec<Self>, layout: &Layout) -> PyResult<Bound<'py, PyAny>>;

    /// Reads a block that has been [checked](Layout::checked).
    fn read(found: &Bound<'_, PyAny>, layout: &Layout, values: &mut [Self]) -> PyResult<()>;

    /// The bits of a number of the value.
    fn bits(&self, field: &Field) -> u64;

    /// The value of one number.
    fn of(number: Number, x: f32) -> Self;
}

macro_rules! plain {
    ($($type:ty, |$value:ident| $bits:expr, |$x:ident| $of:expr;)*) => {$(
        impl Cell for $type {
            fn to_array<'py>(py: Python<'py>, values: &[Self], _: &Layout) -> PyResult<Bound<'py, PyAny>> {
                Ok(PyArray1::from_slice(py, values).into_any())
            }

            fn into_array<'py>(py: Python<'py>, values: Vec<Self>, _: &Layout) -> PyResult<Bound<'py, PyAny>> {
                Ok(PyArray1::from_vec(py, values).into_any())
            }

            fn read(found: &Bound<'_, PyAny>, _: &Layout, values: &mut [Self]) -> PyResult<()> {
                let found = found.cast::<PyArray1<$type>>()?.try_readonly()?;
                match found.as_slice() {
                    Ok(found) => values.copy_from_slice(found),
                    Err(_) => values.iter_mut().zip(found.as_array()).for_each(|(value, found)| *value = *found),
                }
                Ok(())
            }

            fn bits(&self, _: &Field) -> u64 {
                let $value = *self;
                $bits
            }

            fn of(_: Number, $x: f32) -> Self {
                $of
            }
        }
    )*};
}

plain! {
    f32, |value| u64::from(value.to_bits()), |x| x;
    bool, |value| u64::from(value), |x| x != 0.0;
}

impl<const N: usize> Cell for [u64; N] {
    fn to_array<'py>(py: Python<'py>, values: &[Self], layout: &Layout) -> PyResult<Bound<'py, PyAny>> {
        PyArray1::from_slice(py, values.as_flattened()).call_method1("view", (layout.dtype.bind(py),))
    }

    fn into_array<'py>(py: Python<'py>, values: Vec<Self>, layout: &Layout) -> PyResult<Bound<'py, PyAny>> {
        PyArray1::from_vec(py, values.into_flattened()).call_method1("view", (layout.dtype.bind(py),))
    }

    fn read(found: &Bound<'_, PyAny>, _: &Layout, values: &mut [Self]) -> PyResult<()> {
        let whole = found.py().import("numpy")?.call_method1("ascontiguousarray", (found,))?;
        let words = whole.call_method1("view", ("uint64",))?;
        let words = words.cast_into::<PyArray1<u64>>()?.try_readonly()?;
        values.as_flattened_mut().copy_from_slice(words.as_slice()?);
        Ok(())
    }

    fn bits(&self, field: &Field) -> u64 {
        let word = self[field.offset / 8] >> (field.offset % 8 * 8);
        match field.number {
            Number::F32 => word & u64::from(u32::MAX),
            Number::Bool => word & 0xff,
            Number::F64 | Number::U64 | Number::I64 => word,
        }
    }

    fn of(number: Number, x: f32) -> Self {
        let mut words = [0; N];
        words[0] = match number {
            Number::F32 => u64::from(x.to_bits()),
            Number::F64 => f64::from(x).to_bits(),
            Number::U64 => x as u64,
            Number::I64 => (x as i64).cast_unsigned(),
            Number::Bool => u64::from(x != 0.0),
        };
        words
    }
}

impl Number {
    /// The number as f64.
    pub fn to_f64(self, bits: u64) -> f64 {
        match self {
            Number::F32 => f64::from(f32::from_bits(bits as u32)),
            Number::F64 => f64::from_bits(bits),
            Number::U64 | Number::Bool => bits as f64,
            Number::I64 => bits.cast_signed() as f64,
        }
    }

    /// Numbers of this type as an array.
    pub fn array(self, bits: impl Iterator<Item = u64>) -> Array {
        match self {
            Number::F32 => Array::F32(bits.map(|bits| f32::from_bits(bits as u32)).collect()),
            Number::Bool => Array::Bool(bits.map(|bits| bits != 0).collect()),
            Number::F64 | Number::U64 | Number::I64 => Array::F64(bits.map(|bits| self.to_f64(bits)).collect()),
        }
    }

    /// The relative error up to which two numbers are equal to the law checker.
    pub fn tolerance(self) -> f64 {
        match self {
            Number::F32 => 1e-5,
            Number::F64 => 1e-9,
            Number::U64 | Number::I64 | Number::Bool => 0.0,
        }
    }
}

impl Layout {
    /// What an operation returned, if it is an array of the semiring's dtype with a value for each of `count` lanes. Records
    /// that lie otherwise are copied.
    ///
    /// # Errors
    /// What else it is.
    pub fn checked<'py>(&self, operation: &str, found: Bound<'py, PyAny>, count: usize) -> PyResult<Bound<'py, PyAny>> {
        let py = found.py();
        let wrong = |what: String| {
            let dtype = self.dtype.bind(py);
            let wanted = format!("an array of {count} values of dtype {dtype}");
            Kind::Semiring.error(format!(
                "`{operation}` of semiring `{}` returned {what}; it gets and returns blocks, here {wanted}",
                self.semiring
            ))
        };
        let Ok(array) = found.cast::<PyUntypedArray>() else {
            return Err(wrong(format!("a value of type {}, which is no array", found.get_type().name()?)));
        };
        if array.shape() != [count] {
            return Err(wrong(format!("an array of shape {:?}", array.shape())));
        }
        let dtype = array.dtype();
        if dtype.is_equiv_to(self.dtype.bind(py)) && self.single {
            return Ok(found);
        }
        // The same numbers under the same names, wherever they lie: what is between them is 0 in the copy.
        if !self.single && self.has_fields_of(&dtype)? {
            let numpy = py.import("numpy")?;
            let copy = numpy.call_method1("zeros", (count, self.dtype.bind(py)))?;
            for field in &self.fields {
                copy.set_item(&field.name, found.get_item(&field.name)?)?;
            }
            return Ok(copy);
        }
        Err(wrong(format!("an array of dtype {dtype}")))
    }

    fn has_fields_of(&self, dtype: &Bound<'_, PyArrayDescr>) -> PyResult<bool> {
        let Some(names) = dtype.names() else { return Ok(false) };
        if !names.iter().eq(self.fields.iter().map(|field| &field.name)) {
            return Ok(false);
        }
        let own = self.dtype.bind(dtype.py());
        for field in &self.fields {
            let [(found, _), (wanted, _)] = [dtype.get_field(&field.name)?, own.get_field(&field.name)?];
            if !found.is_equiv_to(&wanted) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
