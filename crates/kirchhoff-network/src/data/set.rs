//! Labelled data sets, read batch by batch.

use std::ops::Range;
use std::path::{Path, PathBuf};

use kirchhoff_file::TensorFile;
use serde::{Deserialize, Serialize};

use super::find::{file, folder};
use super::fit::{Fit, fit, picture};
use super::idx::IdxFile;
use super::npy::NpyFile;
use super::read::Source;
use super::{InputError, Preprocessing, array, image};
use crate::operators::elements;

/// Inputs with labels, of which a batch at a time is in memory.
///
/// Labels, and the names of images in folders, are held for all inputs: some bytes each.
pub struct DataSet {
    path: PathBuf,
    shape: Vec<usize>,
    preprocessing: Preprocessing,
    items: Items,
    labels: Vec<u32>,
    /// Positions in the files, in the order of the set; `None` for all of them.
    chosen: Option<Vec<u32>>,
    skip_bad: bool,
    outputs: usize,
    /// The width and height of the first image, where all have to have the same.
    size: Option<(u32, u32)>,
}

/// How a data set is to be read.
#[derive(Clone, Debug, Default)]
pub struct DataSetOptions<'a> {
    /// The labels, where they are in a file of their own.
    pub labels: Option<&'a Path>,
    /// Which part of a folder in MNIST's format.
    pub split: Split,
    /// The number of the network's outputs, which labels have to stay below.
    pub outputs: usize,
    /// The names of the network's outputs: folders of these names are their classes.
    pub classes: Option<&'a [String]>,
    /// Pass over inputs that cannot be read or have no class, instead of an error. [`Batch::skipped`] lists them.
    pub skip_bad: bool,
    /// Take images of different sizes, each cut and scaled to the network's.
    pub resize: bool,
}

/// The parts of a folder in MNIST's format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Files whose names begin with `t10k` or `test`.
    #[default]
    Test,
    /// Files whose names begin with `train`.
    Train,
}

/// A part of a data set, preprocessed for the network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The values of those inputs that could be read, one after the other.
    pub values: Vec<f32>,
    /// The label of each.
    pub labels: Vec<usize>,
    /// The position of each in the data set.
    pub positions: Vec<usize>,
    /// The others.
    pub skipped: Vec<Skipped>,
}

/// An input that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its position in the data set.
    pub position: usize,
    /// What it is called.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Where the inputs are.
pub(super) enum Items {
    Idx { path: PathBuf, file: IdxFile, next: usize, shape: Vec<usize> },
    Npy(NpyFile),
    Tensor { file: TensorFile, name: String },
    Images(Vec<PathBuf>),
    Memory(Vec<f32>),
}

impl DataSet {
    /// Opens a data set for a network that takes inputs of the given `shape`: an IDX file (plain or gzipped), a `.npy` or
    /// `.safetensors` array, a folder in MNIST's format (`t10k-images-idx3-ubyte.gz`, …), or a folder of folders of PNG
    /// and JPEG images, one a class.
    ///
    /// Labels come from [`DataSetOptions::labels`]; from the file that MNIST's names put beside an IDX file (`labels-idx1`
    /// for `images-idx3`); from the tensor `labels` or `targets` of a safetensors file; or from the names of folders: the
    /// number if all are numbers, the class of that name if the model names its classes, else their place in natural
    /// order. Images of folders take turns, so that the first ones are of all classes.
    ///
    /// # Errors
    /// Files that cannot be read or do not fit the network; no inputs; another number of labels; labels out of range,
    /// unless bad inputs are to be passed over; preprocessing for another number of channels.
    pub fn open(
        path: &Path,
        shape: &[usize],
        preprocessing: &Preprocessing,
        options: &DataSetOptions<'_>,
    ) -> Result<Self, InputError> {
        let channels = shape.first().copied().unwrap_or(1);
        preprocessing.check(channels).map_err(InputError::Preprocessing)?;
        let mut found = match path.is_dir() {
            true => folder(path, options)?,
            false => file(path, options)?,
        };
        let fitted = |source: &[usize]| fitted(path, source, shape, preprocessing);
        let (count, size) = match &mut found.items {
            Items::Idx { file, shape, .. } => {
                *shape = file.shape().to_vec();
                (fitted(file.shape())?.count, None)
            }
            Items::Npy(file) if file.is_fortran_order() => {
                let reason = "its first axis changes fastest: store it in C order, so that inputs lie together";
                return Err(InputError::unsupported(path, reason));
            }
            Items::Npy(file) => (fitted(file.shape())?.count, None),
            Items::Tensor { file, name } => (fitted(file.shape(name).unwrap_or_default())?.count, None),
            Items::Images(files) => {
                let size = if options.resize { None } else { files.iter().find_map(|file| image::size(file).ok()) };
                (files.len(), size)
            }
            Items::Memory(values) => (values.len() / elements(shape).unwrap_or(1).max(1), None),
        };
        let set = DataSet {
            path: path.to_path_buf(),
            shape: shape.to_vec(),
            preprocessing: preprocessing.clone(),
            items: found.items,
            labels: found.labels,
            chosen: None,
            skip_bad: options.skip_bad,
            outputs: options.outputs,
            size,
        };
        set.checked(count)
    }

    /// A data set of inputs that are in memory, preprocessed: one label an input.
    ///
    /// # Errors
    /// No inputs; labels out of range, or of another number than the inputs.
    pub fn in_memory(values: Vec<f32>, shape: &[usize], labels: &[usize], outputs: usize) -> Result<Self, InputError> {
        let count = values.len() / elements(shape).unwrap_or(1).max(1);
        let set = DataSet {
            path: PathBuf::from("the embedded digits"),
            shape: shape.to_vec(),
            preprocessing: Preprocessing::default(),
            items: Items::Memory(values),
            labels: labels.iter().map(|&label| label as u32).collect(),
            chosen: None,
            skip_bad: false,
            outputs,
            size: None,
        };
        set.checked(count)
    }

    fn checked(self, count: usize) -> Result<Self, InputError> {
        let unsupported = |reason| Err(InputError::unsupported(&self.path, reason));
        if count == 0 {
            return unsupported("the data set is empty".to_string());
        }
        if self.labels.len() != count {
            return unsupported(format!("there are {} labels for {count} inputs", self.labels.len()));
        }
        match self.labels.iter().position(|&label| label as usize >= self.outputs) {
            Some(position) if !self.skip_bad => unsupported(self.out_of_range(position)),
            _ => Ok(self),
        }
    }

    fn out_of_range(&self, item: usize) -> String {
        let (label, outputs) = (self.labels[item], self.outputs);
        format!(
            "the label of {} is {label}, but the network has {outputs} outputs, numbered from 0",
            self.name_of(item)
        )
    }

    /// The number of inputs.
    pub fn count(&self) -> usize {
        self.chosen.as_ref().map_or(self.labels.len(), Vec::len)
    }

    /// The shape of each: that of the network's input.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The shape `[channels, height, width]` in which an input can be drawn, where there is one.
    pub fn picture(&self) -> Option<[usize; 3]> {
        let item = |shape: &[usize]| fit(shape, &self.shape, self.preprocessing.layout).map(|fit| fit.item);
        let item = match &self.items {
            Items::Idx { shape, .. } => item(shape),
            Items::Npy(file) => item(file.shape()),
            Items::Tensor { file, name } => file.shape(name).and_then(item),
            Items::Images(_) | Items::Memory(_) => None,
        };
        picture(&item.unwrap_or_default(), &self.shape)
    }

    /// The label of the input at a position. It may be out of range where bad inputs are passed over.
    pub fn label(&self, position: usize) -> usize {
        self.labels[self.item(position)] as usize
    }

    /// The place in its files of the input at a position.
    pub fn place(&self, position: usize) -> usize {
        self.item(position)
    }

    /// The values of all inputs of a data set that is in memory.
    pub fn values_in_memory(&self) -> Option<&[f32]> {
        match &self.items {
            Items::Memory(values) => Some(values),
            _ => None,
        }
    }

    /// The files that the data set is made of, to tell it from others: images of folders one by one.
    pub fn files(&self) -> Vec<&Path> {
        match &self.items {
            Items::Images(files) => files.iter().map(PathBuf::as_path).collect(),
            Items::Idx { path, .. } => vec![path],
            Items::Npy(_) | Items::Tensor { .. } => vec![&self.path],
            Items::Memory(_) => Vec::new(),
        }
    }

    /// The data set without all inputs but those at these positions, in this order. Positions in increasing order are
    /// read fastest.
    ///
    /// # Panics
    /// If a position is out of range.
    pub fn choose(&mut self, positions: impl IntoIterator<Item = usize>) {
        self.chosen = Some(positions.into_iter().map(|position| self.item(position) as u32).collect());
    }

    /// Reads the inputs at a range of positions.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged. An image that is damaged or of another size than the first, an input
    /// with a value that is not finite, or one whose label is out of range, unless such are to be passed over.
    pub fn read(&mut self, range: Range<usize>) -> Result<Batch, InputError> {
        let mut batch = Batch::default();
        for position in range {
            let item = self.item(position);
            let read = match (self.labels[item] as usize) < self.outputs {
                true => self.read_item(item),
                false => Err(InputError::unsupported(&self.path, self.out_of_range(item))),
            };
            match read {
                Ok(values) => {
                    batch.values.extend(values);
                    batch.labels.push(self.labels[item] as usize);
                    batch.positions.push(position);
                }
                Err(error) if self.skip_bad && self.is_of_one(&error) => {
                    batch.skipped.push(Skipped { position, name: self.name_of(item), reason: error.to_string() });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(batch)
    }

    /// Whether an error is about one input; a file of many that is cut off has no more inputs.
    fn is_of_one(&self, error: &InputError) -> bool {
        match self.items {
            Items::Images(_) => true,
            _ => matches!(error, InputError::NotFinite { .. } | InputError::Unsupported { .. }),
        }
    }

    /// The place in the files of the input at a position.
    fn item(&self, position: usize) -> usize {
        self.chosen.as_ref().map_or(position, |chosen| chosen[position] as usize)
    }

    fn name_of(&self, item: usize) -> String {
        match &self.items {
            Items::Images(files) => files[item].display().to_string(),
            _ => format!("input {item}"),
        }
    }

    fn read_item(&mut self, item: usize) -> Result<Vec<f32>, InputError> {
        let length = elements(&self.shape).unwrap_or_default();
        let range = item * length..(item + 1) * length;
        let (path, values, shape) = match &mut self.items {
            Items::Memory(values) => return Ok(values[range].to_vec()),
            Items::Images(files) => {
                let path = &files[item];
                if let Some(expected) = self.size {
                    let size = image::size(path)?;
                    if size != expected {
                        let ((width, height), (first_width, first_height)) = (size, expected);
                        let reason = format!(
                            "the image is {width}×{height}, but the data set's first one is {first_width}×{first_height}: \
                             --resize takes images of different sizes"
                        );
                        return Err(InputError::unsupported(path, reason));
                    }
                }
                let mut source = Source::new(&self.shape, &self.preprocessing);
                image::read(path, &mut source)?;
                return Ok(source.inputs.values);
            }
            Items::Idx { path, file, next, shape } => {
                if item < *next {
                    (*file, *next) = (IdxFile::open(path)?, 0);
                }
                file.skip((item - *next) * length)?;
                *next = item;
                let values = file.next(length)?;
                *next = item + 1;
                (path.as_path(), values, &shape[..])
            }
            Items::Npy(file) => (self.path.as_path(), file.values(range)?, file.shape()),
            Items::Tensor { file, name } => {
                let values = array::part(&self.path, file, name, range)?;
                (self.path.as_path(), values, file.shape(name).unwrap_or_default())
            }
        };
        let Fit { item: one, .. } = fitted(&self.path, shape, &self.shape, &self.preprocessing)?;
        let mut source = Source::new(&self.shape, &self.preprocessing);
        let values = source.array(path, &one, || Ok(values));
        values.map_err(|error| match error {
            InputError::NotFinite { path, value, position, .. } => {
                InputError::NotFinite { path, value, input: item, position }
            }
            error => error,
        })?;
        Ok(source.inputs.values)
    }
}

fn fitted(path: &Path, source: &[usize], network: &[usize], preprocessing: &Preprocessing) -> Result<Fit, InputError> {
    fit(source, network, preprocessing.layout).ok_or_else(|| InputError::Shape {
        path: path.to_path_buf(),
        shape: source.to_vec(),
        network: network.to_vec(),
    })
}
