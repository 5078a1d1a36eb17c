//! A mapped safetensors file.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use half::{bf16, f16};
use kirchhoff_kernel::Weights;
use memmap2::Mmap;
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorInfo};

/// Named tensors, with their shapes and values.
pub(crate) trait Tensors {
    /// The names of all tensors, in natural order: `features.2` comes before `features.10`.
    fn names(&self) -> Vec<&str>;

    /// The shape of a tensor.
    fn shape(&self, name: &str) -> Option<&[usize]>;

    /// The values of a tensor, or in words why they cannot be had. `None` without such a tensor.
    fn values(&self, name: &str) -> Option<Result<Weights, String>>;
}

/// A safetensors file: its header, parsed and checked, and its bytes, mapped.
pub(crate) struct TensorFile {
    map: Arc<Mmap>,
    /// Where the data starts, behind the header.
    start: usize,
    tensors: BTreeMap<String, TensorInfo>,
    metadata: HashMap<String, String>,
}

/// Why a safetensors file cannot be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    Io(std::io::Error),
    Malformed(String),
}

impl From<std::io::Error> for OpenError {
    fn from(error: std::io::Error) -> Self {
        OpenError::Io(error)
    }
}

impl TensorFile {
    /// Opens a file and checks its header: that offsets are in range, do not overlap and leave nothing out, and that each
    /// tensor has as many bytes as its shape asks for.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(OpenError::Malformed("it is a folder".to_string()));
        }
        if file.metadata()?.len() == 0 {
            return Err(OpenError::Malformed("it is empty".to_string()));
        }
        // SAFETY: the map is only read. Nothing can keep another process from changing the file meanwhile; as everywhere
        // that files are mapped, whoever replaces a file that is in use must rename, not overwrite.
        let map = unsafe { Mmap::map(&file)? };
        let (length, header) =
            SafeTensors::read_metadata(&map).map_err(|error| OpenError::Malformed(diagnosis(&map, &error)))?;
        let tensors = header.tensors().into_iter().map(|(name, info)| (name, info.clone())).collect();
        let metadata = header.metadata().clone().unwrap_or_default();
        Ok(TensorFile { start: 8 + length, tensors, metadata, map: Arc::new(map) })
    }

    /// The file's own notes about itself.
    pub(crate) fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// The values of a tensor of 8-bit values. `None` without such a tensor.
    pub(crate) fn bytes(&self, name: &str) -> Option<&[u8]> {
        let info = self.tensors.get(name).filter(|info| info.dtype == Dtype::U8)?;
        Some(&self.map[self.start + info.data_offsets.0..self.start + info.data_offsets.1])
    }
}

impl Tensors for TensorFile {
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.tensors.keys().map(String::as_str).collect();
        names.sort_by_cached_key(|name| natural(name));
        names
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|info| &info.shape[..])
    }

    // In the file where they are stored as f32, else converted.
    fn values(&self, name: &str) -> Option<Result<Weights, String>> {
        let info = self.tensors.get(name)?;
        let (first, last) = info.data_offsets;
        let range = self.start + first..self.start + last;
        let bytes = &self.map[range.clone()];
        Some(match info.dtype {
            Dtype::F32 => Weights::mapped(&self.map, range).ok_or_else(|| "does not hold whole values".to_string()),
            Dtype::F16 => Ok(converted(bytes, |b: [u8; 2]| f16::from_le_bytes(b).to_f32())),
            Dtype::BF16 => Ok(converted(bytes, |b: [u8; 2]| bf16::from_le_bytes(b).to_f32())),
            Dtype::F64 => Ok(converted(bytes, |b: [u8; 8]| f64::from_le_bytes(b) as f32)),
            other => Err(format!("holds {other} values: only F64, F32, F16 and BF16 can be read")),
        })
    }
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

/// What is wrong with a header, and where.
fn diagnosis(bytes: &[u8], error: &SafeTensorError) -> String {
    let announced = bytes.first_chunk().map_or(0, |&length| u64::from_le_bytes(length));
    let (size, room) = (bytes.len(), bytes.len().saturating_sub(8));
    match error {
        SafeTensorError::HeaderTooSmall => format!("it has {size} bytes, not even the 8 that give the header's length"),
        SafeTensorError::HeaderTooLarge | SafeTensorError::InvalidHeaderLength => {
            format!("bytes 0 to 7 announce a header of {announced} bytes, but only {room} follow")
        }
        SafeTensorError::InvalidHeader(error) => format!("the header, from byte 8 on, is not UTF-8: {error}"),
        SafeTensorError::InvalidHeaderDeserialization(error) => {
            format!("the header, from byte 8 on, is not the JSON of tensors: {error}")
        }
        SafeTensorError::InvalidOffset(name) => {
            format!("the data offsets of tensor '{name}' do not follow those of the tensor before it")
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            let end = tensors(bytes).iter().map(|(_, info)| info.data_offsets.1 as u128).max().unwrap_or(0);
            let expected = end + 8 + u128::from(announced);
            format!("the header describes a file of {expected} bytes, but this one has {size}")
        }
        SafeTensorError::TensorInvalidInfo | SafeTensorError::ValidationOverflow | SafeTensorError::MisalignedSlice => {
            let wrong = tensors(bytes).into_iter().find(|(_, info)| {
                let values = info.shape.iter().try_fold(1u128, |product, &length| product.checked_mul(length as u128));
                let bits = values.and_then(|values| values.checked_mul(info.dtype.bitsize() as u128));
                let bytes = info.data_offsets.1.checked_sub(info.data_offsets.0).map(|bytes| bytes as u128);
                bits.is_none() || bits != bytes.map(|bytes| bytes * 8)
            });
            wrong.map_or_else(
                || error.to_string(),
                |(name, TensorInfo { dtype, shape, data_offsets: (first, last) })| {
                    format!(
                        "tensor '{name}' of {dtype} values and shape {shape:?} does not take the bytes from {first} to \
                         {last}"
                    )
                },
            )
        }
        other => other.to_string(),
    }
}

/// The tensors of a header that is JSON but not sound.
fn tensors(bytes: &[u8]) -> Vec<(String, TensorInfo)> {
    let length = bytes.first_chunk().map_or(0, |&length| u64::from_le_bytes(length) as usize);
    let header = bytes.get(8..).and_then(|rest| rest.get(..length)).unwrap_or_default();
    let entries: HashMap<String, serde_json::Value> = serde_json::from_slice(header).unwrap_or_default();
    let mut tensors: Vec<(String, TensorInfo)> =
        entries.into_iter().filter_map(|(name, value)| Some((name, serde_json::from_value(value).ok()?))).collect();
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    tensors
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
