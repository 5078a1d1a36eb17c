//! What can be wrong with a file that is read.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a file of any format cannot be read.
#[derive(Debug, Error)]
pub enum FileError {
    /// The file cannot be opened or read.
    #[error("cannot read {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is not what its name promises: truncated, damaged, or of another format.
    #[error("{path} is not a readable {format} file: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The format that was expected.
        format: &'static str,
        /// What is wrong, and where.
        reason: String,
    },
    /// The file is sound, but cannot be taken.
    #[error("{path}: {reason}")]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it is, and what to do.
        reason: String,
    },
}

impl FileError {
    /// A file that the system cannot open or read.
    pub fn io(path: &Path, error: std::io::Error) -> Self {
        FileError::Io { path: path.to_path_buf(), error }
    }

    /// A file that is damaged, or not of the format.
    pub fn malformed(path: &Path, format: &'static str, reason: impl Into<String>) -> Self {
        FileError::Malformed { path: path.to_path_buf(), format, reason: reason.into() }
    }

    /// A sound file that cannot be taken.
    pub fn unsupported(path: &Path, reason: impl Into<String>) -> Self {
        FileError::Unsupported { path: path.to_path_buf(), reason: reason.into() }
    }
}
