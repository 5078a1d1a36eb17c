//! Tensors by name, and the values of those of safetensors files.

use std::ops::Range;

use half::{bf16, f16};
use kirchhoff_file::TensorFile;
use kirchhoff_kernel::Weights;
use safetensors::Dtype;

/// Named tensors, with their shapes and values.
pub(crate) trait Tensors {
    /// The names of all tensors, in natural order: `features.2` comes before `features.10`.
    fn names(&self) -> Vec<&str>;

    /// The shape of a tensor.
    fn shape(&self, name: &str) -> Option<&[usize]>;

    /// The values of a tensor, or in words why they cannot be had. `None` without such a tensor.
    fn values(&self, name: &str) -> Option<Result<Weights, String>>;
}

impl Tensors for TensorFile {
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.tensor_names().collect();
        names.sort_by_cached_key(|name| natural(name));
        names
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        TensorFile::shape(self, name)
    }

    // In the file where they are stored as f32, else converted.
    fn values(&self, name: &str) -> Option<Result<Weights, String>> {
        let (dtype, range, bytes) = (self.dtype(name)?, self.range(name)?, self.bytes(name)?);
        Some(match dtype {
            Dtype::F32 => Weights::mapped(self.file(), range).ok_or_else(|| "does not hold whole values".to_string()),
            Dtype::F16 => Ok(converted(bytes, |b: [u8; 2]| f16::from_le_bytes(b).to_f32())),
            Dtype::BF16 => Ok(converted(bytes, |b: [u8; 2]| bf16::from_le_bytes(b).to_f32())),
            Dtype::F64 => Ok(converted(bytes, |b: [u8; 8]| f64::from_le_bytes(b) as f32)),
            other => Err(not_read(other)),
        })
    }
}

/// Some of a tensor's values, or in words why they cannot be had. `None` without such a tensor.
///
/// # Panics
/// If the range leaves the tensor.
pub(crate) fn floats(file: &TensorFile, name: &str, range: Range<usize>) -> Option<Result<Vec<f32>, String>> {
    let (dtype, bytes) = (file.dtype(name)?, file.bytes(name)?);
    let size = dtype.bitsize() / 8;
    let bytes = &bytes[range.start * size..range.end * size];
    let values: Vec<f32> = match dtype {
        Dtype::F32 => bytes.as_chunks().0.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect(),
        Dtype::F16 => bytes.as_chunks().0.iter().map(|&chunk| f16::from_le_bytes(chunk).to_f32()).collect(),
        Dtype::BF16 => bytes.as_chunks().0.iter().map(|&chunk| bf16::from_le_bytes(chunk).to_f32()).collect(),
        Dtype::F64 => bytes.as_chunks().0.iter().map(|&chunk| f64::from_le_bytes(chunk) as f32).collect(),
        other => return Some(Err(not_read(other))),
    };
    Some(Ok(values))
}

fn not_read(dtype: Dtype) -> String {
    format!("holds {dtype} values: only F64, F32, F16 and BF16 can be read")
}

fn converted<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Weights {
    bytes.as_chunks().0.iter().map(|&chunk| value(chunk)).collect()
}

/// A key that sorts runs of digits by their value.
pub(crate) fn natural(name: &str) -> Vec<(bool, u64, String)> {
    let mut parts: Vec<(bool, String)> = Vec::new();
    for character in name.chars() {
        let digit = character.is_ascii_digit();
        match parts.last_mut() {
            Some((was_digit, part)) if *was_digit == digit => part.push(character),
            _ => parts.push((digit, character.to_string())),
        }
    }
    parts.into_iter().map(|(digit, part)| (!digit, part.parse().unwrap_or(u64::MAX), part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_the_value_of_their_numbers() {
        let mut names = ["fc10", "features.10.weight", "features.2.weight", "fc2", "10", "9"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["9", "10", "fc2", "fc10", "features.2.weight", "features.10.weight"]);
    }
}
