//! Arrays in safetensors files.

use std::path::Path;

use kirchhoff_file::{OpenError, TensorFile};

use super::InputError;
use super::read::Source;
use crate::tensor_file::Tensors;

/// Reads a safetensors file: its only tensor, or the one named `inputs` or `input`. 8-bit values are divided by 255.
pub(crate) fn read_safetensors(path: &Path, source: &mut Source) -> Result<(), InputError> {
    let file = TensorFile::open(path).map_err(|error| match error {
        OpenError::Io(error) => InputError::io(path, error),
        OpenError::Malformed(reason) => InputError::malformed(path, "safetensors", reason),
    })?;
    let names = file.names();
    let name = match names[..] {
        [name] => name,
        _ => ["inputs", "input"].into_iter().find(|name| names.contains(name)).ok_or_else(|| {
            let shown = names.iter().take(8).copied().collect::<Vec<_>>().join(", ");
            let count = names.len();
            let reason = format!("of its {count} tensors ({shown}), none is named 'inputs' or 'input'");
            InputError::unsupported(path, reason)
        })?,
    };
    source.array(path, file.shape(name).unwrap_or_default(), || {
        if let Some(bytes) = file.slice::<u8>(name) {
            return Ok(bytes.as_ref().iter().map(|&byte| f32::from(byte) / 255.0).collect());
        }
        let values = file.values(name).unwrap_or_else(|| Err("is not there".to_string()));
        let problem = |reason| InputError::unsupported(path, format!("tensor '{name}' {reason}"));
        values.map(|values| values.to_vec()).map_err(problem)
    })
}
