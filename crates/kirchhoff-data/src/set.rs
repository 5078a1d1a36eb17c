//! Labelled data sets, read batch by batch.

use std::ops::Range;
use std::path::{Path, PathBuf};

use kirchhoff_file::FileError;
use kirchhoff_network::Preprocessing;
use serde::{Deserialize, Serialize};

use crate::InputError;
use crate::find::{For, Found, find};
use crate::reader::{MemoryReader, Reader, preprocess};

/// Inputs with labels, of which a batch at a time is in memory.
///
/// Labels, and the names of images in folders, are held for all inputs: some bytes each.
pub struct DataSet {
    path: PathBuf,
    shape: Vec<usize>,
    preprocessing: Preprocessing,
    reader: Box<dyn Reader>,
    labels: Vec<u32>,
    /// Positions in the files, in the order of the set; `None` for all of them.
    chosen: Option<Vec<u32>>,
    folders: Option<Vec<String>>,
    skip_bad: bool,
    outputs: usize,
}

/// How a data set is to be read.
#[derive(Clone, Debug, Default)]
pub struct DataSetOptions<'a> {
    /// The labels, where they are in a file of their own.
    pub labels: Option<&'a Path>,
    /// Which part of a folder in MNIST's format, or of an archive that holds both.
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

/// The parts of a data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Files whose names begin with `t10k` or `test`; arrays named `test_images` or `x_test`.
    #[default]
    Test,
    /// Files whose names begin with `train`; arrays named `train_images` or `x_train`.
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

impl DataSet {
    /// Opens a data set for a network that takes inputs of the given `shape`: an IDX file (plain or gzipped), a `.npy`, `.npz`
    /// or `.safetensors` array, a folder in MNIST's format (`t10k-images-idx3-ubyte.gz`, …), or a folder of folders of PNG
    /// and JPEG images, one a class.
    ///
    /// Labels come from [`DataSetOptions::labels`]; from the file that MNIST's names put beside an IDX file (`labels-idx1`
    /// for `images-idx3`); from the array `labels`, `targets` or `y` of an archive; or from the names of folders: the number
    /// if all are numbers, the class of that name if the model names its classes, else their place in natural order. Images
    /// of folders take turns, so that the first ones are of all classes.
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
        let Found { reader, labels, folders } = find(path, For { network: shape, preprocessing, options })?;
        let labels = labels.ok_or_else(|| {
            InputError::unsupported(path, "there are no labels for it: give a file of them (--labels)")
        })?;
        let set = DataSet {
            path: path.to_path_buf(),
            shape: shape.to_vec(),
            preprocessing: preprocessing.clone(),
            reader,
            labels,
            chosen: None,
            folders,
            skip_bad: options.skip_bad,
            outputs: options.outputs,
        };
        set.checked()
    }

    /// A data set of inputs that are in memory, preprocessed: one label an input. Messages call it by its name.
    ///
    /// # Errors
    /// No inputs; labels out of range, or of another number than the inputs.
    pub fn in_memory(
        name: &str,
        values: Vec<f32>,
        shape: &[usize],
        labels: &[usize],
        outputs: usize,
    ) -> Result<Self, InputError> {
        let reader = MemoryReader { name: name.to_string(), values, network: shape.to_vec() };
        let set = DataSet {
            path: PathBuf::from(name),
            shape: shape.to_vec(),
            preprocessing: Preprocessing::default(),
            reader: Box::new(reader),
            labels: labels.iter().map(|&label| u32::try_from(label).unwrap_or(u32::MAX)).collect(),
            chosen: None,
            folders: None,
            skip_bad: false,
            outputs,
        };
        set.checked()
    }

    fn checked(self) -> Result<Self, InputError> {
        let unsupported = |reason| Err(InputError::unsupported(&self.path, reason));
        let count = self.reader.count();
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
        let (label, outputs, name) = (self.labels[item], self.outputs, self.reader.name(item));
        format!("the label of {name} is {label}, but the network has {outputs} outputs, numbered from 0")
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
        self.reader.picture()
    }

    /// The label of the input at a position. It may be out of range where bad inputs are passed over.
    pub fn label(&self, position: usize) -> usize {
        self.labels[self.item(position)] as usize
    }

    /// The names of the folders that are classes 0, 1, … by their place, neither by number nor by the name of a class.
    pub fn folders(&self) -> Option<&[String]> {
        self.folders.as_deref()
    }

    /// The place in its files of the input at a position.
    pub fn place(&self, position: usize) -> usize {
        self.item(position)
    }

    /// The values of all inputs of a data set that is in memory.
    pub fn values_in_memory(&self) -> Option<&[f32]> {
        self.reader.in_memory()
    }

    /// The files that the data set is made of, to tell it from others: images of folders one by one.
    pub fn files(&self) -> Vec<&Path> {
        self.reader.files()
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
                    let (name, reason) = (self.reader.name(item), error.to_string());
                    batch.skipped.push(Skipped { position, name, reason });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(batch)
    }

    /// Whether an error is about one input; a file of many that is cut off has no more inputs.
    fn is_of_one(&self, error: &InputError) -> bool {
        self.reader.have_files_of_their_own()
            || matches!(error, InputError::NotFinite { .. } | InputError::File(FileError::Unsupported { .. }))
    }

    /// The place in the files of the input at a position.
    fn item(&self, position: usize) -> usize {
        self.chosen.as_ref().map_or(position, |chosen| chosen[position] as usize)
    }

    fn read_item(&mut self, item: usize) -> Result<Vec<f32>, InputError> {
        let mut values = self.reader.read(item..item + 1)?;
        if self.reader.in_memory().is_none() {
            let place = if self.reader.have_files_of_their_own() { 0 } else { item };
            preprocess(&mut values, &self.shape, &self.preprocessing, self.reader.path(item), place)?;
        }
        Ok(values)
    }
}
