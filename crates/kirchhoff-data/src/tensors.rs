//! Tensors of safetensors files.

use std::path::Path;

use kirchhoff_file::{ByteOrder, NumberType, OpenError, TensorFile, natural_order};

use crate::InputError;
use crate::array::{Array, Bytes};
use crate::formats::Archive;

/// Opens a safetensors file.
pub(crate) fn open(path: &Path) -> Result<Archive, InputError> {
    let file = TensorFile::open(path).map_err(|error| match error {
        OpenError::Io(error) => InputError::io(path, error),
        OpenError::Malformed(reason) => InputError::malformed(path, "safetensors", reason),
    })?;
    let mut names: Vec<String> = file.tensor_names().map(str::to_string).collect();
    names.sort_by_cached_key(|name| natural_order(name));
    let path = path.to_path_buf();
    let array = move |name: &str| {
        let (Some(dtype), Some(shape), Some(range)) = (file.dtype(name), file.shape(name), file.range(name)) else {
            return Err(InputError::unsupported(&path, format!("there is no tensor '{name}'")));
        };
        let kind = NumberType::of_tensor(dtype).ok_or_else(|| {
            let hint = "integers, and floats of 16 to 64 bits, can be read";
            InputError::unsupported(&path, format!("tensor '{name}' holds {dtype} values: {hint}"))
        })?;
        let bytes = Bytes::Mapped(file.file().clone(), range.start);
        let (path, shape) = (path.clone(), shape.to_vec());
        Ok(Array { path, shape, kind, order: ByteOrder::Little, column_major: false, bytes })
    };
    Ok(Archive { names, array: Box::new(array) })
}
