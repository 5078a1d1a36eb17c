//! Errors, before they know the path of the model file.

use std::path::{Path, PathBuf};

use crate::NetworkError;
use crate::import::ImportError;

/// What stops an import.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file contradicts itself or the format.
    Malformed(String),
    /// The file says something that has no counterpart here.
    Unsupported(String),
    /// The layers do not fit together.
    Network(NetworkError),
    /// A file beside the model file cannot be read.
    Io(PathBuf, std::io::Error),
}

/// A result of the importer's steps.
pub(super) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    pub fn malformed(reason: impl Into<String>) -> Self {
        Fault::Malformed(reason.into())
    }

    pub fn unsupported(reason: impl Into<String>) -> Self {
        Fault::Unsupported(reason.into())
    }

    /// The error that users see, about the model file at `path`.
    pub fn about(self, path: &Path) -> ImportError {
        match self {
            Fault::Malformed(reason) => ImportError::malformed(path, "ONNX", reason),
            Fault::Unsupported(reason) => ImportError::unsupported(path, reason),
            Fault::Network(error) => ImportError::network(path, error),
            Fault::Io(other, error) => ImportError::io(&other, error),
        }
    }
}

impl From<NetworkError> for Fault {
    fn from(error: NetworkError) -> Self {
        Fault::Network(error)
    }
}
