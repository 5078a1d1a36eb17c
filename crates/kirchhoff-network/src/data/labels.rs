//! Labels of data sets.

use std::path::Path;

use super::read::{extension, first_bytes};
use super::{InputError, array, npy, read_labels};

/// Reads labels, one an input: an IDX file, a `.npy` or `.safetensors` array of integers (its only tensor, or the one
/// named `labels` or `targets`), or a text file with one number a line.
pub(crate) fn labels(path: &Path) -> Result<Vec<u32>, InputError> {
    let whole: Vec<i64> = match extension(path).as_str() {
        "npy" => npy::NpyFile::open(path)?.integers()?,
        "safetensors" => {
            let file = array::open(path)?;
            tensor(path, &file)?
        }
        "txt" | "csv" => lines(path)?,
        _ => match first_bytes(path)? {
            [0, 0, ..] | [0x1f, 0x8b, ..] => read_labels(path)?.into_iter().map(|label| label as i64).collect(),
            _ => {
                let reason = "it holds labels in no format that is read: there are IDX, .npy, .safetensors and .txt";
                return Err(InputError::unsupported(path, reason));
            }
        },
    };
    checked(path, whole)
}

/// The labels that lie in a safetensors file beside its inputs.
pub(crate) fn beside(path: &Path, file: &kirchhoff_file::TensorFile) -> Result<Vec<u32>, InputError> {
    checked(path, tensor(path, file)?)
}

fn tensor(path: &Path, file: &kirchhoff_file::TensorFile) -> Result<Vec<i64>, InputError> {
    let name = array::named(path, file, ["labels", "targets"])?;
    array::integers(path, file, &name)
}

fn lines(path: &Path) -> Result<Vec<i64>, InputError> {
    let text = std::fs::read_to_string(path).map_err(|error| InputError::io(path, error))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let label = |(number, line): (usize, &str)| {
        line.trim().parse().map_err(|_| {
            let reason = format!("line {} is `{}`, not a label's number", number + 1, line.trim());
            InputError::malformed(path, "list of labels", reason)
        })
    };
    lines.map(label).collect()
}

fn checked(path: &Path, whole: Vec<i64>) -> Result<Vec<u32>, InputError> {
    let label = |(position, label): (usize, i64)| {
        u32::try_from(label).map_err(|_| {
            InputError::unsupported(path, format!("label {position} is {label}; labels are classes, numbered from 0"))
        })
    };
    whole.into_iter().enumerate().map(label).collect()
}
