//! Arrays in safetensors files.

use std::ops::Range;
use std::path::Path;

use kirchhoff_file::{OpenError, TensorFile};
use safetensors::Dtype;

use super::InputError;
use super::npy::whole;
use super::read::Source;
use crate::operators::elements;
use crate::tensor_file::{Tensors, floats};

/// Opens a safetensors file.
pub(crate) fn open(path: &Path) -> Result<TensorFile, InputError> {
    TensorFile::open(path).map_err(|error| match error {
        OpenError::Io(error) => InputError::io(path, error),
        OpenError::Malformed(reason) => InputError::malformed(path, "safetensors", reason),
    })
}

/// The name of a file's only tensor, or of the one that has a `wanted` name.
pub(crate) fn named(path: &Path, file: &TensorFile, wanted: [&str; 2]) -> Result<String, InputError> {
    let names = file.names();
    let name = match names[..] {
        [name] => Some(name),
        _ => wanted.into_iter().find(|name| names.contains(name)),
    };
    name.map(str::to_string).ok_or_else(|| {
        let shown = names.iter().take(8).copied().collect::<Vec<_>>().join(", ");
        let (count, [first, second]) = (names.len(), wanted);
        let reason = format!("of its {count} tensors ({shown}), none is named '{first}' or '{second}'");
        InputError::unsupported(path, reason)
    })
}

/// Reads a safetensors file: its only tensor, or the one named `inputs` or `input`. 8-bit values are divided by 255.
pub(crate) fn read_safetensors(path: &Path, source: &mut Source) -> Result<(), InputError> {
    let file = open(path)?;
    let name = &named(path, &file, ["inputs", "input"])?[..];
    let shape = file.shape(name).unwrap_or_default();
    source.array(path, shape, || part(path, &file, name, 0..elements(shape).unwrap_or_default()))
}

/// Some of a tensor's values. 8-bit values are divided by 255.
pub(crate) fn part(path: &Path, file: &TensorFile, name: &str, range: Range<usize>) -> Result<Vec<f32>, InputError> {
    if let Some(bytes) = file.slice::<u8>(name) {
        return Ok(bytes.as_ref()[range].iter().map(|&byte| f32::from(byte) / 255.0).collect());
    }
    let problem = |reason| InputError::unsupported(path, format!("tensor '{name}' {reason}"));
    floats(file, name, range).unwrap_or_else(|| Err("is not there".to_string())).map_err(problem)
}

/// All values of a tensor of integers.
pub(crate) fn integers(path: &Path, file: &TensorFile, name: &str) -> Result<Vec<i64>, InputError> {
    let dtype = file.dtype(name);
    let signed = matches!(dtype, Some(Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::I64));
    match (dtype, file.bytes(name)) {
        (Some(dtype), Some(bytes)) if signed || matches!(dtype, Dtype::U8 | Dtype::U16 | Dtype::U32 | Dtype::U64) => {
            Ok(bytes.chunks_exact(dtype.bitsize() / 8).map(|bytes| whole(bytes, false, signed)).collect())
        }
        _ => Err(InputError::unsupported(path, format!("tensor '{name}' holds no integers, which labels are"))),
    }
}
