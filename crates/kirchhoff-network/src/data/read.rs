//! Inputs from files of any format.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::fit::{Fit, fit, picture};
use super::{InputError, Preprocessing, array, idx, image, npy};
use crate::operators::elements;

/// How many values are read at once: 2 GiB of them.
const LIMIT: usize = 1 << 29;

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
    /// A name for each: its file's, without folder and extension, and where the file holds several, its number there. No
    /// two are equal.
    pub names: Vec<String>,
}

/// Reads inputs for a network that takes the given `shape`. The files come in order; each holds one input or several.
///
/// - PNG and JPEG: see [`Preprocessing`] for the values. A network of 3 channels sees red, green and blue, one of 1
///   channel or of vectors sees grey; transparency is ignored. An image of another size than the network's loses what
///   its longer side has too much, half at each end, and is then scaled with the Catmull-Rom filter: what torchvision's
///   `Resize` of the shorter side followed by `CenterCrop` of the same size does. For a vector whose length is that of no
///   square, images have to have as many pixels.
/// - `.npy`: float16, float32, float64, or uint8.
/// - `.safetensors`: its only tensor, or the one named `inputs` or `input`; F16, BF16, F32, F64 or U8.
/// - IDX, the format of MNIST, plain or gzipped, by any other name: unsigned bytes, floats or doubles.
///
/// Arrays have the network's shape or stack several of them on a first axis. Axes of length 1 make no difference; a flat
/// array fits a network of as many values, and a network of vectors takes anything of as many values.
///
/// # Errors
/// A file that cannot be read, is damaged, of another format, or too large; values that do not fit the network or are not
/// finite, before preprocessing or after it; preprocessing for another number of channels; no files.
pub fn read_inputs(paths: &[PathBuf], shape: &[usize], preprocessing: &Preprocessing) -> Result<Inputs, InputError> {
    let channels = shape.first().copied().unwrap_or(1);
    preprocessing.check(channels).map_err(InputError::Preprocessing)?;
    if paths.is_empty() {
        return Err(InputError::Nothing);
    }
    let mut source = Source::new(shape, preprocessing);
    for path in paths {
        match extension(path).as_str() {
            "png" | "jpg" | "jpeg" => image::read(path, &mut source)?,
            "npy" => npy::read(path, &mut source)?,
            "safetensors" => array::read_safetensors(path, &mut source)?,
            extension => match first_bytes(path)? {
                [0, 0, ..] | [0x1f, 0x8b, ..] => idx::read(path, &mut source)?,
                _ if extension == "gz" || extension.ends_with("ubyte") => {
                    return Err(InputError::malformed(path, "IDX", "it does not start as one"));
                }
                _ => {
                    let formats = "there are .png, .jpg, .npy, .safetensors and IDX files, which may be gzipped";
                    return Err(InputError::unsupported(path, format!("it is of no format that is read: {formats}")));
                }
            },
        }
    }
    Ok(source.inputs)
}

pub(crate) fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

pub(crate) fn first_bytes(path: &Path) -> Result<[u8; 4], InputError> {
    let io = |error| InputError::io(path, error);
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(io)?.take(4).read_to_end(&mut bytes).map_err(io)?;
    // What is shorter starts like no format.
    Ok(bytes.try_into().unwrap_or([b'?'; 4]))
}

/// The inputs read so far, and what they are to become.
pub(crate) struct Source<'a> {
    preprocessing: &'a Preprocessing,
    pub(crate) inputs: Inputs,
    names: HashSet<String>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(shape: &[usize], preprocessing: &'a Preprocessing) -> Self {
        let inputs = Inputs { values: Vec::new(), count: 0, shape: shape.to_vec(), picture: None, names: Vec::new() };
        Source { preprocessing, inputs, names: HashSet::new() }
    }

    /// The shape of the network's input.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.inputs.shape
    }

    /// Adds the array of a file. Its values are asked for only if its shape fits; they come in row-major order.
    pub(crate) fn array(
        &mut self,
        path: &Path,
        shape: &[usize],
        values: impl FnOnce() -> Result<Vec<f32>, InputError>,
    ) -> Result<(), InputError> {
        let network = &self.inputs.shape;
        let Some(fit) = fit(shape, network, self.preprocessing.layout) else {
            let (shape, network) = (shape.to_vec(), network.clone());
            return Err(InputError::Shape { path: path.to_path_buf(), shape, network });
        };
        let length = elements(network).unwrap_or(usize::MAX);
        let total = (self.inputs.count as u128 + fit.count as u128) * length as u128;
        if total > LIMIT as u128 {
            return Err(InputError::TooLarge { path: path.to_path_buf(), values: total, limit: LIMIT });
        }
        if fit.count == 0 {
            return Err(InputError::unsupported(path, format!("it holds no inputs, its shape is {shape:?}")));
        }
        let mut values = values()?;
        debug_assert_eq!(values.len(), fit.count * length);
        if let ([channels, ..], true) = (&network[..], fit.channels_last) {
            values = values.chunks_exact(length).flat_map(|item| channels_first(item, *channels)).collect();
        }
        self.add(path, &fit, values)
    }

    /// Adds an image of values from 0 to 1, in row-major order of `shape`, which is as many values as the network takes.
    pub(crate) fn image(&mut self, path: &Path, shape: &[usize], values: Vec<f32>) -> Result<(), InputError> {
        self.add(path, &Fit { count: 1, item: shape.to_vec(), channels_last: false }, values)
    }

    fn add(&mut self, path: &Path, fit: &Fit, mut values: Vec<f32>) -> Result<(), InputError> {
        let length = values.len() / fit.count;
        let run = length / self.inputs.shape.first().copied().unwrap_or(1);
        for (position, value) in values.iter_mut().enumerate() {
            let before = *value;
            *value = self.preprocessing.apply(before, position % length / run);
            if !value.is_finite() {
                let value = if before.is_finite() { *value } else { before };
                let (input, position) = (position / length, position % length);
                return Err(InputError::NotFinite { path: path.to_path_buf(), value, input, position });
            }
        }
        let picture_here = picture(&fit.item, &self.inputs.shape);
        if self.inputs.count == 0 {
            self.inputs.picture = picture_here;
        } else if self.inputs.picture != picture_here {
            self.inputs.picture = picture(&[], &self.inputs.shape);
        }
        self.inputs.count += fit.count;
        for number in 0..fit.count {
            self.name(path, (fit.count > 1).then_some(number));
        }
        if self.inputs.values.is_empty() {
            self.inputs.values = values;
        } else {
            self.inputs.values.extend(values);
        }
        Ok(())
    }

    fn name(&mut self, path: &Path, number: Option<usize>) {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        // IDX files have dots in their names that start no extension, and gzipped ones have two.
        let stem = file.strip_suffix(".gz").unwrap_or(&file);
        let stem = ["png", "jpg", "jpeg", "npy", "safetensors"]
            .iter()
            .find_map(|extension| {
                let end = stem.len().checked_sub(extension.len() + 1)?;
                let (start, rest) = stem.split_at_checked(end)?;
                rest.strip_prefix('.').filter(|rest| rest.eq_ignore_ascii_case(extension)).map(|_| start)
            })
            .unwrap_or(stem);
        let wanted = number.map_or_else(|| stem.to_string(), |number| format!("{stem}-{number}"));
        let mut name = wanted.clone();
        let mut copy = 2;
        while !self.names.insert(name.clone()) {
            name = format!("{wanted}-{copy}");
            copy += 1;
        }
        self.inputs.names.push(name);
    }
}

/// The values of one item whose channels come last, with the channels first.
fn channels_first(item: &[f32], channels: usize) -> impl Iterator<Item = f32> {
    (0..channels).flat_map(move |channel| item.iter().copied().skip(channel).step_by(channels))
}
