//! Writing safetensors files.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytemuck::NoUninit;
use safetensors::tensor::{Dtype, TensorInfo};
use serde::ser::{Serialize, SerializeMap, Serializer};
use thiserror::Error;

use crate::read::LONGEST_HEADER;
use crate::{Draft, Output, open_input};

/// The name of the tensor that a file's checksum is, its last one.
pub const CHECKSUM: &str = "checksum";

/// The length of a checksum, BLAKE3's.
pub const CHECKSUM_BYTES: usize = 32;

/// Whether a file ends with a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// It does not.
    None,
    /// Its last tensor, [`CHECKSUM`], is the BLAKE3 hash of all bytes before it, the header's included.
    Checksum,
}

/// A type of values that tensors hold.
pub trait Element: NoUninit {
    /// The name of the type in the format.
    const DTYPE: Dtype;
}

impl Element for bool {
    const DTYPE: Dtype = Dtype::BOOL;
}

impl Element for u8 {
    const DTYPE: Dtype = Dtype::U8;
}

impl Element for u32 {
    const DTYPE: Dtype = Dtype::U32;
}

impl Element for u64 {
    const DTYPE: Dtype = Dtype::U64;
}

impl Element for f32 {
    const DTYPE: Dtype = Dtype::F32;
}

impl Element for f64 {
    const DTYPE: Dtype = Dtype::F64;
}

/// A tensor to be written: a name, a shape, and values that may be made while they are written.
pub struct Tensor<'a> {
    name: String,
    shape: Vec<usize>,
    dtype: Dtype,
    values: Values<'a>,
}

enum Values<'a> {
    Bytes(Cow<'a, [u8]>),
    Made(Box<dyn Iterator<Item = f32> + 'a>),
}

/// Why a file cannot be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The file or its folder cannot be written to.
    #[error("cannot write {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Tensors that do not make up a file.
    #[error("cannot write {path}: {reason}")]
    Tensors {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        reason: String,
    },
}

impl<'a> Tensor<'a> {
    /// A tensor of values that are there.
    pub fn new<T: Element>(name: impl Into<String>, shape: &[usize], values: &'a [T]) -> Self {
        let values = Values::Bytes(little_endian(values));
        Tensor { name: name.into(), shape: shape.to_vec(), dtype: T::DTYPE, values }
    }

    /// A tensor of values that are made one by one, as they are written, in row-major order.
    pub fn made(name: impl Into<String>, shape: &[usize], values: impl Iterator<Item = f32> + 'a) -> Self {
        Tensor { name: name.into(), shape: shape.to_vec(), dtype: Dtype::F32, values: Values::Made(Box::new(values)) }
    }

    /// The bytes of a safetensors file of these tensors, with notes for its `__metadata__`, in memory; the same as
    /// [`write_tensors`] writes without a checksum.
    ///
    /// # Errors
    /// In words: two tensors of one name, or one whose number of values is not that of its shape.
    pub fn file(tensors: Vec<Tensor<'_>>, notes: &[(&str, &str)]) -> Result<Vec<u8>, String> {
        let tensors = aligned(tensors);
        let mut bytes = header(&tensors, notes)?;
        for tensor in tensors {
            let (name, expected, before) = (tensor.name.clone(), size(&tensor).unwrap_or(0), bytes.len());
            tensor.write(&mut bytes).map_err(|error| error.to_string())?;
            if bytes.len() - before != expected {
                return Err(format!("tensor '{name}' has another number of values than its shape"));
            }
        }
        Ok(bytes)
    }

    fn write(self, file: &mut impl Write) -> io::Result<()> {
        match self.values {
            Values::Bytes(bytes) => file.write_all(&bytes),
            Values::Made(mut values) => values.try_for_each(|value| file.write_all(&value.to_le_bytes())),
        }
    }
}

fn little_endian<T: NoUninit>(values: &[T]) -> Cow<'_, [u8]> {
    let bytes: &[u8] = bytemuck::cast_slice(values);
    match cfg!(target_endian = "little") || size_of::<T>() == 1 {
        true => Cow::Borrowed(bytes),
        false => bytes.chunks_exact(size_of::<T>()).flat_map(|value| value.iter().rev()).copied().collect(),
    }
}

/// Tensors of wider types first, and otherwise in the order in which they were given: then each begins at a multiple of the
/// width of its values, and readers can map it.
fn aligned(mut tensors: Vec<Tensor<'_>>) -> Vec<Tensor<'_>> {
    tensors.sort_by_key(|tensor| std::cmp::Reverse(tensor.dtype.bitsize()));
    tensors
}

/// Writes tensors to a safetensors file, with notes for its `__metadata__`: those of wider types first, and otherwise in the
/// order in which they are given.
///
/// The file is written aside and renamed, as a [`Draft`], over an older one that the [`Output`] may replace. Values go straight to it, so that made ones take no memory.
/// The same tensors and notes give the same bytes.
///
/// # Errors
/// A file that cannot be written; two tensors of one name, one whose number of values is not that of its shape, or more
/// names and notes than the header of a file that is read may hold, 100 MB.
pub fn write_tensors(
    output: impl Into<Output>,
    tensors: Vec<Tensor<'_>>,
    notes: &[(&str, &str)],
    seal: Seal,
) -> Result<(), WriteError> {
    let output = output.into();
    let path = output.path().to_path_buf();
    let failed = |error| WriteError::Io { path: path.clone(), error };
    let wrong = |reason: String| WriteError::Tensors { path: path.clone(), reason };
    let mut tensors = aligned(tensors);
    // Its value is known when all others have been written.
    const UNKNOWN: [u8; CHECKSUM_BYTES] = [0; CHECKSUM_BYTES];
    if seal == Seal::Checksum {
        tensors.push(Tensor::new(CHECKSUM, &[CHECKSUM_BYTES], &UNKNOWN));
    }
    let header = header(&tensors, notes).map_err(wrong)?;
    if seal == Seal::Checksum {
        tensors.pop();
    }

    let mut file =
        Hashing { inner: Draft::new(output).map_err(failed)?, written: 0, seal, hasher: blake3::Hasher::new() };
    file.write_all(&header).map_err(failed)?;
    for tensor in tensors {
        let (name, expected) = (tensor.name.clone(), size(&tensor).unwrap_or(0) as u64);
        let before = file.written;
        tensor.write(&mut file).map_err(failed)?;
        let got = file.written - before;
        if got != expected {
            return Err(wrong(format!("tensor '{name}' has {got} bytes of values where its shape takes {expected}")));
        }
    }
    let checksum = file.hasher.finalize();
    let mut draft = file.inner;
    if seal == Seal::Checksum {
        draft.write_all(checksum.as_bytes()).map_err(failed)?;
    }
    draft.sync().map_err(failed)?;
    draft.commit().map_err(failed)
}

/// The length of the header, and the header.
fn header(tensors: &[Tensor<'_>], notes: &[(&str, &str)]) -> Result<Vec<u8>, String> {
    let mut header = Header { notes: notes.iter().copied().collect(), tensors: Vec::new() };
    let (mut names, mut offset) = (HashSet::new(), 0usize);
    for tensor in tensors {
        let Tensor { name, shape, .. } = tensor;
        if !names.insert(name) || name == "__metadata__" {
            return Err(format!("no two tensors can be named '{name}'"));
        }
        let end = size(tensor).and_then(|bytes| bytes.checked_add(offset));
        let end = end.ok_or_else(|| format!("tensor '{name}' of shape {shape:?} is too large"))?;
        let info = TensorInfo { dtype: tensor.dtype, shape: shape.clone(), data_offsets: (offset, end) };
        header.tensors.push((name, info));
        offset = end;
    }
    let mut text = serde_json::to_vec(&header).map_err(|error| error.to_string())?;
    // Values start at a multiple of 8 bytes, where readers can map them.
    text.resize(text.len().next_multiple_of(8), b' ');
    if text.len() as u64 > LONGEST_HEADER {
        let length = text.len();
        return Err(format!("its header would take {length} bytes, and readers take no more than {LONGEST_HEADER}"));
    }
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text);
    Ok(bytes)
}

/// The number of bytes of a tensor's values, if there can be so many.
fn size(tensor: &Tensor<'_>) -> Option<usize> {
    tensor.shape.iter().try_fold(tensor.dtype.bitsize() / 8, |size, &axis| size.checked_mul(axis))
}

/// The header's JSON, in an order that does not change from run to run.
struct Header<'a> {
    notes: BTreeMap<&'a str, &'a str>,
    tensors: Vec<(&'a str, TensorInfo)>,
}

impl Serialize for Header<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.notes.is_empty() {
            map.serialize_entry("__metadata__", &self.notes)?;
        }
        self.tensors.iter().try_for_each(|(name, info)| map.serialize_entry(name, info))?;
        map.end()
    }
}

/// Counts and hashes what goes to a file.
struct Hashing {
    inner: Draft,
    written: u64,
    seal: Seal,
    hasher: blake3::Hasher,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.written += count as u64;
        if self.seal == Seal::Checksum {
            self.hasher.update_rayon(&bytes[..count]);
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The BLAKE3 hash of a regular file, read from its beginning to its end: takes no memory for it.
///
/// # Errors
/// What the system says.
pub fn checksum_of_file(path: &Path) -> io::Result<[u8; CHECKSUM_BYTES]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(open_input(path)?)?;
    Ok(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, tensors: Vec<Tensor<'_>>) -> Result<(), WriteError> {
        write_tensors(path, tensors, &[("classes", "[]")], Seal::None)
    }

    #[test]
    fn files_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let values = [1.0f32, -2.5, 3.0];
        let made = values.iter().map(|value| value * 2.0);
        write(&path, vec![Tensor::new("b", &[3], &values), Tensor::made("a", &[1, 3], made)]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(file.tensor("a").unwrap().shape(), [1, 3]);
        assert_eq!(file.tensor("a").unwrap().data(), bytemuck::cast_slice::<f32, u8>(&[2.0, -5.0, 6.0]));
        assert_eq!(file.tensor("b").unwrap().data(), bytemuck::cast_slice::<f32, u8>(&values));
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a.safetensors"], "no temporary file is left");
    }

    #[test]
    fn every_type_is_read_back_where_it_can_be_mapped() {
        let (truths, bytes, counts) = ([true, false, true], [7u8; 5], [1u32, u32::MAX]);
        let (limbs, singles, doubles) = ([u64::MAX, 1], [-0.5f32; 3], [f64::NEG_INFINITY, 1e-300]);
        let tensors = vec![
            Tensor::new("truths", &[3], &truths),
            Tensor::new("bytes", &[5], &bytes),
            Tensor::new("counts", &[2], &counts),
            Tensor::new("limbs", &[1, 2], &limbs),
            Tensor::new("singles", &[3], &singles),
            Tensor::new("doubles", &[2, 1], &doubles),
        ];
        let written = Tensor::file(tensors, &[]).unwrap();
        let file = safetensors::SafeTensors::deserialize(&written).unwrap();
        let expected: [(&str, Dtype, &[u8]); 6] = [
            ("truths", Dtype::BOOL, &[1, 0, 1]),
            ("bytes", Dtype::U8, &bytes),
            ("counts", Dtype::U32, bytemuck::bytes_of(&counts)),
            ("limbs", Dtype::U64, bytemuck::bytes_of(&limbs)),
            ("singles", Dtype::F32, bytemuck::bytes_of(&singles)),
            ("doubles", Dtype::F64, bytemuck::bytes_of(&doubles)),
        ];
        for (name, dtype, values) in expected {
            let tensor = file.tensor(name).unwrap();
            assert_eq!((tensor.dtype(), tensor.data()), (dtype, values), "{name}");
            let start = tensor.data().as_ptr() as usize - written.as_ptr() as usize;
            assert_eq!(start % (dtype.bitsize() / 8), 0, "{name} is aligned");
        }
    }

    #[test]
    fn what_makes_up_no_file_is_refused_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let error = |tensors| write(&path, tensors).unwrap_err().to_string();
        let values = [1.0f32; 2];
        assert!(
            error(vec![Tensor::new("a", &[3], &values)]).contains("'a' has 8 bytes of values where its shape takes 12")
        );
        let twice = vec![Tensor::new("a", &[2], &values), Tensor::new("a", &[2], &values)];
        assert!(error(twice).contains("no two tensors can be named 'a'"));
        assert!(error(vec![Tensor::new("a", &[usize::MAX, 2], &values)]).contains("too large"));
        let notes = "x".repeat(LONGEST_HEADER as usize);
        let long = write_tensors(&path, vec![], &[("notes", &notes)], Seal::Checksum).unwrap_err().to_string();
        assert!(long.contains("readers take no more than 100000000"), "{long}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let error = write(&folder.path().join("none/a.safetensors"), vec![]).unwrap_err();
        assert!(matches!(error, WriteError::Io { .. }));
    }
}
