//! Labels of data sets.

use std::path::Path;

use kirchhoff_file::elements;

use crate::InputError;
use crate::array::Array;
use crate::formats::{Open, format};

/// How many labels are read at once.
const LIMIT: usize = 1 << 28;

/// What labels are called in archives.
pub(crate) const NAMES: [&str; 3] = ["labels", "targets", "y"];

/// Reads labels, one an input: an IDX file, plain or gzipped; a `.npy`, `.npz` or `.safetensors` array (its only one, or the
/// one named `labels`, `targets` or `y`); or a text file (`.txt`, `.csv`) with one number a line. Arrays hold integers of
/// any type. Of the eight columns that QMNIST's IDX files have, the first is taken.
///
/// # Errors
/// A file that cannot be read, is damaged, or is not one of labels.
pub fn read_labels(path: &Path) -> Result<Vec<usize>, InputError> {
    Ok(read(path, None, &NAMES)?.into_iter().map(|label| label as usize).collect())
}

/// Reads the labels of `count` inputs, where their number is known.
pub(crate) fn read(path: &Path, count: Option<usize>, names: &[&str]) -> Result<Vec<u32>, InputError> {
    let array = match format(path)?.map(|format| &format.open) {
        Some(Open::Array(open) | Open::Labels(open)) => open(path)?,
        Some(Open::Archive(open)) => open(path)?.choose(path, names)?,
        Some(Open::Picture) | None => {
            let reason = "it holds labels in no format that is read: there are IDX, .npy, .npz, .safetensors and .txt";
            return Err(InputError::unsupported(path, reason));
        }
    };
    of_array(array, count)
}

/// The labels that an array holds.
pub(crate) fn of_array(mut array: Array, count: Option<usize>) -> Result<Vec<u32>, InputError> {
    let path = array.path.clone();
    let unsupported = |reason| InputError::unsupported(&path, reason);
    let columns = match array.shape[..] {
        [_] => 1,
        [_, columns @ (1 | 8)] => columns,
        _ => {
            let reason = format!("it holds values of shape {:?}, but labels are one integer an input", array.shape);
            return Err(unsupported(reason));
        }
    };
    let held = array.shape[0];
    if let Some(count) = count.filter(|&count| count != held) {
        return Err(unsupported(format!("there are {held} labels for {count} inputs")));
    }
    if held > LIMIT {
        return Err(InputError::TooLarge { path, values: held as u128, limit: LIMIT });
    }
    let values = array.integers(0..elements(&array.shape).unwrap_or_default())?;
    let label = |(position, &label): (usize, &i64)| {
        let reason = || format!("label {position} is {label}; labels are classes, numbered from 0");
        u32::try_from(label).map_err(|_| unsupported(reason()))
    };
    values.iter().step_by(columns).enumerate().map(label).collect()
}
