//! Inputs from files of any format.

use std::path::{Path, PathBuf};

use kirchhoff_file::elements;
use kirchhoff_network::Preprocessing;

use crate::formats::{Open, format};
use crate::set::DataSetOptions;
use crate::{InputError, InputFiles};

/// How many values are read at once: 1 GiB of them.
pub(crate) const LIMIT: usize = 1 << 28;

/// What inputs are called in archives.
pub(crate) const NAMES: [&str; 4] = ["inputs", "input", "x", "images"];

/// A batch of inputs, preprocessed.
#[derive(Clone, Debug, PartialEq)]
pub struct Inputs {
    /// All values: one input after the other, each in row-major order.
    pub values: Vec<f32>,
    /// The number of inputs.
    pub count: usize,
    /// The shape of each: that of the network's input.
    pub shape: Vec<usize>,
    /// The shape `[channels, height, width]` in which each can be drawn: that of the network's input where it is an
    /// image; where it is a vector, that of the pictures it came from, or else a square.
    pub picture: Option<[usize; 3]>,
    /// Of a network of several inputs, what each of the batch consists of; empty for a network of one.
    pub parts: Vec<InputPart>,
    /// A name for each: its file's, without folder and extension, and where the file holds several, its number there. No
    /// two are equal.
    pub names: Vec<String>,
}

/// One of several inputs of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct InputPart {
    /// Its name in the network.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The shape in which it can be drawn, where it is a picture.
    pub picture: Option<[usize; 3]>,
}

impl InputPart {
    /// The number of its values.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Inputs {
    /// The inputs of a network of several, of which each has a name: the first of each together, then the second, and so on. One
    /// that has a single entry has the same for all.
    ///
    /// # Errors
    /// Numbers of entries that do not fit; more values than are read at once; no input.
    pub fn together(parts: Vec<(String, Inputs)>) -> Result<Inputs, InputError> {
        let count = parts.iter().map(|(_, part)| part.count).max().ok_or(InputError::Nothing)?;
        if let Some((name, part)) = parts.iter().find(|(_, part)| ![1, count].contains(&part.count)) {
            return Err(InputError::Counts { name: name.clone(), got: part.count, expected: count });
        }
        let size: usize = parts.iter().map(|(_, part)| elements(&part.shape).unwrap_or(usize::MAX)).sum();
        let total = count as u128 * size as u128;
        if total > LIMIT as u128 {
            return Err(InputError::TooMany { values: total, limit: LIMIT });
        }
        let mut values = Vec::with_capacity(count * size);
        for number in 0..count {
            for (_, part) in &parts {
                let own = part.values.len() / part.count;
                let first = if part.count == 1 { 0 } else { number * own };
                values.extend_from_slice(&part.values[first..first + own]);
            }
        }
        let names = parts.iter().find(|(_, part)| part.count == count).map(|(_, part)| part.names.clone());
        let described = |(name, part): (String, Inputs)| InputPart { name, shape: part.shape, picture: part.picture };
        Ok(Inputs {
            values,
            count,
            shape: vec![size],
            picture: None,
            parts: parts.into_iter().map(described).collect(),
            names: names.unwrap_or_default(),
        })
    }
}

/// The shape of the array that a file of inputs holds, where it holds one, and can be read; pictures have none before they are
/// scaled.
pub fn array_shape(path: &Path) -> Option<Vec<usize>> {
    let array = match format(path).ok()?.map(|format| &format.open)? {
        Open::Array(open) => open(path).ok()?,
        Open::Archive(open) => open(path).ok()?.choose(path, &NAMES).ok()?,
        Open::Picture | Open::Labels(_) => return None,
    };
    Some(array.shape)
}

/// Reads inputs for a network that takes the given `shape`. The files come in order; each holds one input or several. Folders
/// and patterns mean files, as for [`InputFiles::find`].
///
/// - PNG and JPEG: see [the crate's page](crate#pictures).
/// - `.npy`: integers of any type, truth values, float16, float32 or float64, in either order of bytes and of axes.
/// - `.npz` and `.safetensors`: the only array, or the one named `inputs`, `input`, `x` or `images`.
/// - IDX, the format of MNIST, plain or gzipped, by any other name: integers, floats or doubles.
///
/// Unsigned bytes are divided by 255, as the values of pictures; other integers are taken as they are. Arrays have the
/// network's shape or stack several of them on a first axis. Axes of length 1 make no difference; a flat array fits a
/// network of as many values, and a network of vectors takes anything of as many values.
///
/// # Errors
/// A file that cannot be read, is damaged, of another format, or too large; values that do not fit the network or are not
/// finite, before preprocessing or after it; preprocessing for another number of channels; no files.
pub fn read_inputs(paths: &[PathBuf], shape: &[usize], preprocessing: &Preprocessing) -> Result<Inputs, InputError> {
    let mut files = InputFiles::find(paths, shape, preprocessing, &DataSetOptions::default())?;
    let all = 0..files.count();
    files.read(&[all])
}
