//! Model files: ONNX, and safetensors with a recognised or described architecture.

pub(crate) mod architectures;
pub(crate) mod assemble;
mod description;
mod layers;
pub mod onnx;
mod read;
pub mod safetensors;
mod toml_table;

use std::path::{Path, PathBuf};

use kirchhoff_file::FileError;
use thiserror::Error;

use crate::{Network, NetworkError, Preprocessing};

pub use read::{ImportOptions, read};

/// A network read from a file, with what the file says about its inputs.
#[derive(Clone, Debug)]
pub struct Model {
    /// The network, in the form that the file has it.
    pub network: Network,
    /// What is to be done to its inputs, where the file says so.
    pub preprocessing: Option<Preprocessing>,
    /// The names of its classes, one for each value of the output, where the file says so.
    pub classes: Option<Vec<String>>,
}

impl From<Network> for Model {
    /// A model whose file says nothing about its inputs and classes.
    fn from(network: Network) -> Self {
        Model { network, preprocessing: None, classes: None }
    }
}

/// Why a model file cannot be read.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file cannot be read: it is not there, damaged, or says something that has no counterpart here.
    #[error(transparent)]
    File(#[from] FileError),
    /// The description of an architecture is wrong, or does not fit the model file.
    #[error("{path}:{line}: {reason}")]
    Description {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The layers do not fit together.
    #[error("{path}: {error}")]
    Network {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        error: NetworkError,
    },
}

impl ImportError {
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        FileError::io(path, error).into()
    }

    pub(crate) fn malformed(path: &Path, format: &'static str, reason: impl Into<String>) -> Self {
        FileError::malformed(path, format, reason).into()
    }

    pub(crate) fn unsupported(path: &Path, reason: impl Into<String>) -> Self {
        FileError::unsupported(path, reason).into()
    }

    pub(crate) fn description(path: &Path, line: usize, reason: impl Into<String>) -> Self {
        ImportError::Description { path: path.to_path_buf(), line, reason: reason.into() }
    }

    pub(crate) fn network(path: &Path, error: NetworkError) -> Self {
        ImportError::Network { path: path.to_path_buf(), error }
    }
}
