//! What can be wrong with inputs.

use std::path::{Path, PathBuf};

use kirchhoff_file::FileError;
use thiserror::Error;

/// Why inputs cannot be read.
#[derive(Debug, Error)]
pub enum InputError {
    /// The file cannot be read: it is not there, damaged, of another format, or cannot be taken.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file's values do not fit the network.
    #[error(
        "{path} holds values of shape {shape:?}, but the network takes {network:?}, or several stacked on a first axis"
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The shape of its values.
        shape: Vec<usize>,
        /// The shape of the network's input.
        network: Vec<usize>,
    },
    /// A NaN or an infinity.
    #[error("{path} holds {value} in input {input} at position {position}; inputs must be finite")]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The value.
        value: f32,
        /// Which of the file's inputs, from 0.
        input: usize,
        /// Its position in the input as the network takes it, in row-major order.
        position: usize,
    },
    /// More values than are read at once.
    #[error("{path} brings the inputs to {values} values, more than the {limit} that are read at once")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How many values all inputs up to this file have.
        values: u128,
        /// How many they may have.
        limit: usize,
    },
    /// Inputs of a network of several that are not equally many.
    #[error("input '{name}' has {got} entries, another has {expected}: each needs as many, or a single one for all")]
    Counts {
        /// The name of the input.
        name: String,
        /// How many entries it has.
        got: usize,
        /// How many another one has.
        expected: usize,
    },
    /// More values than are read at once, of all inputs together.
    #[error("all inputs together have {values} values, more than the {limit} that are read at once")]
    TooMany {
        /// How many there are.
        values: u128,
        /// How many there may be.
        limit: usize,
    },
    /// Preprocessing that does not fit the network.
    #[error("the preprocessing cannot be done: {0}")]
    Preprocessing(String),
    /// No files.
    #[error("no inputs are given")]
    Nothing,
}

impl InputError {
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        FileError::io(path, error).into()
    }

    pub(crate) fn malformed(path: &Path, format: &'static str, reason: impl Into<String>) -> Self {
        FileError::malformed(path, format, reason).into()
    }

    pub(crate) fn unsupported(path: &Path, reason: impl Into<String>) -> Self {
        FileError::unsupported(path, reason).into()
    }
}
