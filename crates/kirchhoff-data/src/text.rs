//! Labels as text: one number a line.

use std::path::Path;

use kirchhoff_file::{ByteOrder, MappedFile, NumberType};

use crate::InputError;
use crate::array::{Array, Bytes};

const FORMAT: &str = "list of labels";

/// Reads a text file with one label a line; empty lines make no difference.
pub(crate) fn open(path: &Path) -> Result<Array, InputError> {
    let file = MappedFile::open(path).map_err(|error| InputError::io(path, error))?;
    let malformed = |line: usize, what: String| {
        InputError::malformed(path, FORMAT, format!("line {} is {what}, not a label's number", line + 1))
    };
    let mut bytes = Vec::new();
    for (number, line) in file.split(|&byte| byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let text = std::str::from_utf8(line).map_err(|_| malformed(number, "no text".to_string()))?;
        let shown = || format!("`{}`", text.chars().take(40).collect::<String>());
        let label: i64 = text.parse().map_err(|_| malformed(number, shown()))?;
        bytes.extend(label.to_le_bytes());
    }
    Ok(Array {
        path: path.to_path_buf(),
        shape: vec![bytes.len() / NumberType::I64.size()],
        kind: NumberType::I64,
        order: ByteOrder::Little,
        column_major: false,
        bytes: Bytes::Held(bytes),
    })
}
