//! A mapped safetensors file.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytemuck::Pod;
use safetensors::tensor::{Dtype, Metadata, SafeTensorError, TensorInfo};
use serde::Deserialize;
use thiserror::Error;

use crate::{CHECKSUM, CHECKSUM_BYTES, Element, MappedFile, MappedSlice};

/// The longest header that readers of the format take.
pub(crate) const LONGEST_HEADER: u64 = 100_000_000;

/// A safetensors file: its header, parsed and checked, and its bytes, mapped.
#[derive(Debug)]
pub struct TensorFile {
    file: Arc<MappedFile>,
    /// Where the data starts, behind the header.
    start: usize,
    tensors: BTreeMap<String, TensorInfo>,
    metadata: HashMap<String, String>,
}

/// Why a safetensors file cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The system cannot open it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no safetensors file.
    #[error("{0}")]
    Malformed(String),
}

/// A checksum that is not that of the file.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VerifyError {
    /// There is none.
    #[error("it does not end with a tensor '{CHECKSUM}' of {CHECKSUM_BYTES} bytes")]
    Missing,
    /// It is another one: the file has been changed or damaged.
    #[error("its checksum is {expected}, but its bytes have {got}: it has been changed or damaged")]
    Different {
        /// The checksum that the file ends with, in hexadecimal.
        expected: String,
        /// That of its bytes.
        got: String,
    },
}

/// The JSON of a header.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "__metadata__")]
    metadata: Option<HashMap<String, String>>,
    #[serde(flatten)]
    tensors: HashMap<String, TensorInfo>,
}

impl TensorFile {
    /// Opens a file and checks its header: that offsets are in range, do not overlap and leave nothing out, and that each
    /// tensor has as many bytes as its shape asks for.
    ///
    /// # Errors
    /// A file that the system cannot open, or what is wrong with the header.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let length = std::fs::metadata(path)?;
        if length.is_dir() {
            return Err(OpenError::Malformed("it is a folder".to_string()));
        }
        if length.is_file() && length.len() == 0 {
            return Err(OpenError::Malformed("it is empty".to_string()));
        }
        let file = Arc::new(MappedFile::open(path)?);
        let (start, header) = header(&file).map_err(OpenError::Malformed)?;
        let metadata = header.metadata.unwrap_or_default();
        Ok(TensorFile { start, tensors: header.tensors.into_iter().collect(), metadata, file })
    }

    /// The mapped file.
    pub fn file(&self) -> &Arc<MappedFile> {
        &self.file
    }

    /// The file's own notes about itself.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// The names of all tensors, sorted.
    pub fn tensor_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The type of a tensor's values.
    pub fn dtype(&self, name: &str) -> Option<Dtype> {
        self.tensors.get(name).map(|info| info.dtype)
    }

    /// The shape of a tensor.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|info| &info.shape[..])
    }

    /// Where in the file a tensor's values are.
    pub fn range(&self, name: &str) -> Option<Range<usize>> {
        let (first, last) = self.tensors.get(name)?.data_offsets;
        Some(self.start + first..self.start + last)
    }

    /// The bytes of a tensor's values.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        Some(&self.file[self.range(name)?])
    }

    /// A tensor's values, in place. `None` without a tensor of this name and type, or if it [cannot be
    /// read](MappedSlice::new) in place.
    pub fn slice<T: Element + Pod>(&self, name: &str) -> Option<MappedSlice<T>> {
        let range = self.range(name).filter(|_| self.dtype(name) == Some(T::DTYPE))?;
        MappedSlice::new(&self.file, range)
    }

    /// Whether the file ends with a [`CHECKSUM`].
    pub fn is_sealed(&self) -> bool {
        let end = self.file.len();
        let shape = self.shape(CHECKSUM) == Some(&[CHECKSUM_BYTES]) && self.dtype(CHECKSUM) == Some(Dtype::U8);
        shape && self.range(CHECKSUM) == Some(end - CHECKSUM_BYTES..end)
    }

    /// Whether the file's bytes are those that its [`CHECKSUM`] was made of. Reads all of them.
    ///
    /// # Errors
    /// No checksum, or another one.
    pub fn verify(&self) -> Result<(), VerifyError> {
        if !self.is_sealed() {
            return Err(VerifyError::Missing);
        }
        let (content, checksum) = self.file.split_at(self.file.len() - CHECKSUM_BYTES);
        let got = blake3::Hasher::new().update_rayon(content).finalize();
        match blake3::Hash::from_slice(checksum) {
            Ok(expected) if expected == got => Ok(()),
            Ok(expected) => {
                let (expected, got) = (expected.to_hex().to_string(), got.to_hex().to_string());
                Err(VerifyError::Different { expected, got })
            }
            Err(_) => Err(VerifyError::Missing),
        }
    }
}

/// Where the data starts, and the header; or what is wrong with it.
fn header(bytes: &[u8]) -> Result<(usize, Header), String> {
    let size = bytes.len();
    let Some((length, rest)) = bytes.split_first_chunk() else {
        return Err(format!("it has {size} bytes, not even the 8 that give the header's length"));
    };
    let announced = u64::from_le_bytes(*length);
    let text = usize::try_from(announced).ok().filter(|_| announced <= LONGEST_HEADER);
    let Some((text, data)) = text.and_then(|length| rest.split_at_checked(length)) else {
        let room = rest.len();
        return Err(match announced <= room as u64 {
            true => format!("bytes 0 to 7 announce a header of {announced} bytes, more than {LONGEST_HEADER}"),
            false => format!("bytes 0 to 7 announce a header of {announced} bytes, but only {room} follow"),
        });
    };
    let text =
        std::str::from_utf8(text).map_err(|error| format!("the header, from byte 8 on, is not UTF-8: {error}"))?;
    let header: Header = serde_json::from_str(text).map_err(|error| {
        // It may quote all of the header.
        let error: String = error.to_string().chars().take(200).collect();
        format!("the header, from byte 8 on, is not the JSON of tensors: {error}")
    })?;
    let start = 8 + text.len();
    let end = header.tensors.values().map(|info| info.data_offsets.1).max().unwrap_or(0);
    if end != data.len() {
        let expected = end as u128 + start as u128;
        // A tensor that is wrong by itself says more than the size that it makes up.
        let problem = check(&header).err();
        return Err(
            problem.unwrap_or(format!("the header describes a file of {expected} bytes, but this one has {size}"))
        );
    }
    check(&header)?;
    Ok((start, header))
}

/// Whether tensors follow one another and have the bytes that their shapes ask for.
fn check(header: &Header) -> Result<(), String> {
    let mut tensors: Vec<(String, TensorInfo)> =
        header.tensors.iter().map(|(name, info)| (name.clone(), info.clone())).collect();
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    Metadata::new(None, tensors).map(|_| ()).map_err(|error| match error {
        SafeTensorError::InvalidOffset(name) => {
            format!("the data offsets of tensor '{name}' do not follow those of the tensor before it")
        }
        error => wrong_size(header).unwrap_or_else(|| error.to_string()),
    })
}

/// The first tensor whose bytes are not those that its shape asks for, in words.
fn wrong_size(header: &Header) -> Option<String> {
    let is_wrong = |info: &TensorInfo| {
        let values = info.shape.iter().try_fold(1u128, |product, &length| product.checked_mul(length as u128));
        let bits = values.and_then(|values| values.checked_mul(info.dtype.bitsize() as u128));
        let bytes = info.data_offsets.1.checked_sub(info.data_offsets.0).map(|bytes| bytes as u128);
        bits.is_none() || bits != bytes.map(|bytes| bytes * 8)
    };
    let (name, info) = header.tensors.iter().filter(|(_, info)| is_wrong(info)).min_by_key(|(name, _)| *name)?;
    let TensorInfo { dtype, shape, data_offsets: (first, last) } = info;
    Some(format!(
        "tensor '{name}' of {dtype} values and shape {shape:?} does not take the bytes from {first} to {last}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Seal, Tensor, write_tensors};

    #[test]
    fn a_changed_byte_is_found_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let tensors = || vec![Tensor::new("a", &[2], &[1.0f32, 2.0]), Tensor::new("b", &[3], &[1u8, 2, 3])];
        write_tensors(&path, tensors(), &[("note", "x")], Seal::Checksum).unwrap();
        TensorFile::open(&path).unwrap().verify().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let mut opened = 0;
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1 << (position % 8);
            std::fs::write(&path, changed).unwrap();
            if let Ok(file) = TensorFile::open(&path) {
                opened += 1;
                assert!(file.verify().is_err(), "byte {position}");
            }
        }
        assert!(opened > 4 * 2 + 3 + 32, "all values, and something of the header");
        let path = folder.path().join("unsealed.safetensors");
        write_tensors(&path, tensors(), &[], Seal::None).unwrap();
        assert_eq!(TensorFile::open(&path).unwrap().verify(), Err(VerifyError::Missing));
    }

    #[test]
    fn sizes_beyond_all_memory_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let largest = u64::MAX;
        for text in [
            format!("{{\"a\":{{\"dtype\":\"U8\",\"shape\":[{largest}],\"data_offsets\":[0,{largest}]}}}}"),
            format!("{{\"a\":{{\"dtype\":\"U64\",\"shape\":[{largest},{largest}],\"data_offsets\":[0,8]}}}}"),
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,0]}}".to_string(),
        ] {
            let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
            bytes.extend(text.as_bytes());
            std::fs::write(&path, bytes).unwrap();
            assert!(matches!(TensorFile::open(&path), Err(OpenError::Malformed(_))), "{text}");
        }
    }
}
