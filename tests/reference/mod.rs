//! What the reference cases of `tests/golden` are read and compared with.

use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};

pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name)
}

/// The values of a tensor of a file.
pub fn floats(tensors: &SafeTensors, name: &str) -> Vec<f64> {
    let tensor = tensors.tensor(name).unwrap();
    match tensor.dtype() {
        Dtype::F32 => {
            tensor.data().chunks_exact(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap()))).collect()
        }
        Dtype::F64 => tensor.data().chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect(),
        Dtype::I64 => tensor.data().chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f64).collect(),
        other => panic!("unexpected type {other:?}"),
    }
}

/// The largest difference, relative to the largest magnitude; infinities must agree.
pub fn worst_error(got: &[f64], expected: &[f64]) -> f64 {
    let largest = expected.iter().filter(|value| value.is_finite()).fold(f64::MIN_POSITIVE, |a, b| a.max(b.abs()));
    let difference = |(got, expected): (&f64, &f64)| if got == expected { 0.0 } else { (got - expected).abs() };
    let worst = got.iter().zip(expected).map(difference).fold(0.0, |a: f64, b| if b.is_nan() { b } else { a.max(b) });
    worst / largest
}
