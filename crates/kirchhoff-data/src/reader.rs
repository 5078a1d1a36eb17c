//! Inputs that lie in files or in memory, of whatever format.

use std::ops::Range;
use std::path::{Path, PathBuf};

use kirchhoff_file::elements;
use kirchhoff_network::Preprocessing;

use crate::InputError;
use crate::array::Array;
use crate::fit::{Fit, fit, picture};
use crate::picture::View;

/// Inputs, each of as many values as the network takes.
pub(crate) trait Reader: Send {
    /// How many there are.
    fn count(&self) -> usize;

    /// The values of some of them, one after the other, each in the order of the network, before preprocessing.
    ///
    /// # Panics
    /// If the range leaves them.
    fn read(&mut self, inputs: Range<usize>) -> Result<Vec<f32>, InputError>;

    /// The shape `[channels, height, width]` in which each can be drawn.
    fn picture(&self) -> Option<[usize; 3]>;

    /// What an input is called, in a message.
    fn name(&self, input: usize) -> String;

    /// The file that an input lies in.
    fn path(&self, input: usize) -> &Path;

    /// All files that they lie in.
    fn files(&self) -> Vec<&Path>;

    /// Whether each has a file of its own, so that damage to it concerns no other.
    fn have_files_of_their_own(&self) -> bool {
        false
    }

    /// Whether they can be read one by one.
    fn is_seekable(&self) -> bool {
        true
    }

    /// All their values, where they are in memory and preprocessed.
    fn in_memory(&self) -> Option<&[f32]> {
        None
    }
}

/// Inputs in an array: one, or several stacked on its first axis.
pub(crate) struct ArrayReader {
    array: Array,
    fit: Fit,
    network: Vec<usize>,
}

/// Pictures, one a file.
pub(crate) struct PictureReader {
    files: Vec<PathBuf>,
    view: View,
    network: Vec<usize>,
    preprocessing: Preprocessing,
    /// The width and height that all have to have.
    size: Option<(usize, usize)>,
}

/// Inputs in memory, preprocessed.
pub(crate) struct MemoryReader {
    pub(crate) name: String,
    pub(crate) values: Vec<f32>,
    pub(crate) network: Vec<usize>,
}

impl ArrayReader {
    /// # Errors
    /// An array that does not fit the network.
    pub(crate) fn new(array: Array, network: &[usize], preprocessing: &Preprocessing) -> Result<Self, InputError> {
        let fit = fit(&array.shape, network, preprocessing.layout).ok_or_else(|| InputError::Shape {
            path: array.path.clone(),
            shape: array.shape.clone(),
            network: network.to_vec(),
        })?;
        Ok(ArrayReader { array, fit, network: network.to_vec() })
    }
}

impl Reader for ArrayReader {
    fn count(&self) -> usize {
        self.fit.count
    }

    fn read(&mut self, inputs: Range<usize>) -> Result<Vec<f32>, InputError> {
        let length = elements(&self.network).unwrap_or_default();
        let values = self.array.floats(inputs.start * length..inputs.end * length)?;
        match (&self.network[..], self.fit.channels_last) {
            ([channels, ..], true) => {
                Ok(values.chunks_exact(length.max(1)).flat_map(|input| channels_first(input, *channels)).collect())
            }
            _ => Ok(values),
        }
    }

    fn picture(&self) -> Option<[usize; 3]> {
        picture(&self.fit.item, &self.network)
    }

    fn name(&self, input: usize) -> String {
        format!("input {input}")
    }

    fn path(&self, _: usize) -> &Path {
        &self.array.path
    }

    fn files(&self) -> Vec<&Path> {
        vec![&self.array.path]
    }

    fn is_seekable(&self) -> bool {
        self.fit.count < 2 || self.array.is_seekable()
    }
}

impl PictureReader {
    /// # Errors
    /// A network that takes no pictures.
    pub(crate) fn new(
        files: Vec<PathBuf>,
        network: &[usize],
        preprocessing: &Preprocessing,
        one_size: bool,
    ) -> Result<Self, InputError> {
        let first = files.first().map(PathBuf::as_path).unwrap_or(Path::new(""));
        let view = View::of(network).map_err(|reason| InputError::unsupported(first, reason))?;
        let size = |file: &PathBuf| crate::picture::size(file, preprocessing.upright).ok();
        let size = if one_size { files.iter().find_map(size) } else { None };
        Ok(PictureReader { files, view, network: network.to_vec(), preprocessing: preprocessing.clone(), size })
    }
}

impl Reader for PictureReader {
    fn count(&self) -> usize {
        self.files.len()
    }

    fn read(&mut self, inputs: Range<usize>) -> Result<Vec<f32>, InputError> {
        let mut values = Vec::new();
        for path in &self.files[inputs] {
            if let Some((first_width, first_height)) = self.size {
                let (width, height) = crate::picture::size(path, self.preprocessing.upright)?;
                if (width, height) != (first_width, first_height) {
                    let reason = format!(
                        "the image is {width}×{height}, but the data set's first one is {first_width}×{first_height}: \
                         --resize takes images of different sizes"
                    );
                    return Err(InputError::unsupported(path, reason));
                }
            }
            let (shape, seen) = crate::picture::read(path, &self.view, &self.preprocessing)?;
            if elements(&self.network) != Some(seen.len()) {
                let (path, network) = (path.clone(), self.network.clone());
                return Err(InputError::Shape { path, shape: shape.to_vec(), network });
            }
            values.extend(seen);
        }
        Ok(values)
    }

    fn picture(&self) -> Option<[usize; 3]> {
        // A vector whose length is that of no square has the shape that the pictures have.
        let size = || self.files.iter().find_map(|file| crate::picture::size(file, self.preprocessing.upright).ok());
        match (self.view.size, self.network.len()) {
            (None, 1) => size().and_then(|(width, height)| picture(&[1, height, width], &self.network)),
            _ => picture(&[], &self.network),
        }
    }

    fn name(&self, input: usize) -> String {
        self.files[input].display().to_string()
    }

    fn path(&self, input: usize) -> &Path {
        &self.files[input]
    }

    fn files(&self) -> Vec<&Path> {
        self.files.iter().map(PathBuf::as_path).collect()
    }

    fn have_files_of_their_own(&self) -> bool {
        true
    }
}

impl Reader for MemoryReader {
    fn count(&self) -> usize {
        self.values.len() / elements(&self.network).unwrap_or(1).max(1)
    }

    fn read(&mut self, inputs: Range<usize>) -> Result<Vec<f32>, InputError> {
        let length = elements(&self.network).unwrap_or_default();
        Ok(self.values[inputs.start * length..inputs.end * length].to_vec())
    }

    fn picture(&self) -> Option<[usize; 3]> {
        picture(&[], &self.network)
    }

    fn name(&self, input: usize) -> String {
        format!("input {input} of {}", self.name)
    }

    fn path(&self, _: usize) -> &Path {
        Path::new(&self.name)
    }

    fn files(&self) -> Vec<&Path> {
        Vec::new()
    }

    fn in_memory(&self) -> Option<&[f32]> {
        Some(&self.values)
    }
}

/// Values as the network takes them, in place.
///
/// `first` is the place in the file of the first of the inputs.
///
/// # Errors
/// A value that is not finite, before or after.
pub(crate) fn preprocess(
    values: &mut [f32],
    network: &[usize],
    preprocessing: &Preprocessing,
    path: &Path,
    first: usize,
) -> Result<(), InputError> {
    let length = elements(network).unwrap_or_default().max(1);
    let run = (length / network.first().copied().unwrap_or(1).max(1)).max(1);
    for (position, value) in values.iter_mut().enumerate() {
        let before = *value;
        *value = preprocessing.apply(before, position % length / run);
        if !value.is_finite() {
            let value = if before.is_finite() { *value } else { before };
            let (input, position) = (first + position / length, position % length);
            return Err(InputError::NotFinite { path: path.to_path_buf(), value, input, position });
        }
    }
    Ok(())
}

/// The values of one input whose channels come last, with the channels first.
fn channels_first(input: &[f32], channels: usize) -> impl Iterator<Item = f32> {
    (0..channels).flat_map(move |channel| input.iter().copied().skip(channel).step_by(channels))
}
