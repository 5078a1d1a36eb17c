//! Circuit files.

use std::path::{Path, PathBuf};

use bytemuck::Pod;
use kirchhoff_file::{CHECKSUM, Element, OpenError, TensorFile, VerifyError, WriteError};
use kirchhoff_kernel::Weights;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::header::{CircuitKind, KEY, Notes, Version};
use crate::{ContributionError, FlatArray, GateError};

/// Why a circuit cannot be stored or loaded.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The system cannot open the file.
    #[error("cannot read {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file that is not what the format asks for.
    #[error("{path} is not a circuit file that can be read: {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A checksum that is not that of the file.
    #[error("{path} is damaged: {error}")]
    Checksum {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: VerifyError,
    },
    /// Arrays that are no gate circuit.
    #[error("{path} holds no gate circuit: {error}")]
    Gates {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        error: GateError,
    },
    /// Weights that are not where they were, or are other ones.
    #[error(
        "{path} refers to weights in {file}, which {reason}: put that file back, or compile the circuit again, with \
         --self-contained if it should not depend on it"
    )]
    Weights {
        /// The circuit's file.
        path: PathBuf,
        /// The file with the weights.
        file: PathBuf,
        /// What is wrong with that.
        reason: String,
    },
    /// Contributions that cannot be.
    #[error("{path}: {error}")]
    Contribution {
        /// The file.
        path: PathBuf,
        /// Which one.
        error: ContributionError,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A circuit file, mapped: what it says about itself, and the circuit when it is asked for.
///
/// Opening reads the header alone. Loading the circuit maps its arrays without a copy and checks their structure, so
/// that whatever the file holds, there is an error or a circuit. Only [`verify`](CircuitFile::verify) tells whether it
/// is the circuit that was stored.
///
/// ```
/// use kirchhoff_circuit::{CircuitFile, GateBuilder, Notes, save_gates};
///
/// let mut builder = GateBuilder::new(Vec::new(), 100);
/// let [a, b] = [builder.declare("a"), builder.declare("b")];
/// let [a, b] = [builder.variable(a)?, builder.variable(b)?];
/// let sum = builder.plus(&[a, b])?;
/// builder.output("value", &[1], &[sum])?;
/// let circuit = builder.finish()?;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("circuit.safetensors");
/// save_gates(&path, &circuit, &Notes::new())?;
/// let file = CircuitFile::open(&path)?;
/// file.verify()?;
/// assert_eq!(file.gates()?, circuit);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CircuitFile {
    pub(super) file: TensorFile,
    kind: CircuitKind,
    version: u32,
}

impl CircuitFile {
    /// Opens a circuit file.
    ///
    /// # Errors
    /// A file that cannot be opened, that is no circuit file, or one of another version of the format.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let format = |reason: String| StoreError::Format { path: path.to_path_buf(), reason };
        let file = TensorFile::open(path).map_err(|error| match error {
            OpenError::Io(error) => StoreError::Io { path: path.to_path_buf(), error },
            OpenError::Malformed(reason) => format(reason),
        })?;
        let Some(text) = file.metadata(KEY) else {
            return Err(format(format!("its metadata has no '{KEY}': it holds other tensors")));
        };
        let Version { version, kind } = serde_json::from_str(text)
            .map_err(|error| format(format!("the metadata under '{KEY}' cannot be read: {error}")))?;
        if !kind.readable().contains(&version) {
            let written = kind.version();
            let hint = if version > written { "a newer Kirchhoff wrote it" } else { "no Kirchhoff writes that" };
            return Err(format(format!("it is of version {version} of the format, not {written}: {hint}")));
        }
        if !file.is_sealed() {
            return Err(format(VerifyError::Missing.to_string()));
        }
        Ok(CircuitFile { file, kind, version })
    }

    /// Whether a file is marked as a circuit file; not whether it is a sound one.
    pub fn is_marked(path: &Path) -> bool {
        TensorFile::open(path).is_ok_and(|file| file.metadata(KEY).is_some())
    }

    /// The form of the circuit in a file, if it is a circuit file that can be read.
    pub fn kind_of(path: &Path) -> Option<CircuitKind> {
        CircuitFile::open(path).ok().map(|file| file.kind())
    }

    /// The path that the file was opened by.
    pub fn path(&self) -> &Path {
        self.file.file().path()
    }

    /// The size of the file, in bytes.
    pub fn bytes(&self) -> usize {
        self.file.file().len()
    }

    /// The form of the circuit.
    pub fn kind(&self) -> CircuitKind {
        self.kind
    }

    /// The version of the format.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// What the maker of the circuit said about it.
    ///
    /// # Errors
    /// A header that is not what the format asks for.
    pub fn notes(&self) -> Result<Notes, StoreError> {
        #[derive(serde::Deserialize)]
        struct Noted {
            #[serde(default)]
            notes: Notes,
        }
        Ok(self.header::<Noted>()?.notes)
    }

    /// Reads the whole file and compares it with its checksum, which every change would alter.
    ///
    /// # Errors
    /// Another checksum.
    pub fn verify(&self) -> Result<(), StoreError> {
        self.file.verify().map_err(|error| StoreError::Checksum { path: self.path().to_path_buf(), error })
    }

    pub(super) fn malformed(&self, reason: impl Into<String>) -> StoreError {
        StoreError::Format { path: self.path().to_path_buf(), reason: reason.into() }
    }

    pub(super) fn header<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        let text = self.file.metadata(KEY).unwrap_or_default();
        serde_json::from_str(text)
            .map_err(|error| self.malformed(format!("the metadata under '{KEY}' cannot be read: {error}")))
    }

    pub(super) fn expect_kind(&self, kind: CircuitKind) -> Result<(), StoreError> {
        match self.kind == kind {
            true => Ok(()),
            false => Err(self.malformed(format!("it holds a {}, where a {kind} is asked for", self.kind))),
        }
    }

    /// Whether the file has these tensors, its checksum, and no others.
    pub(super) fn expect_tensors(&self, names: &[&str]) -> Result<(), StoreError> {
        let known = |name: &str| name == CHECKSUM || names.contains(&name);
        match self.file.tensor_names().find(|name| !known(name)) {
            Some(unknown) => Err(self.malformed(format!("a {} has no tensor '{unknown}'", self.kind))),
            None => Ok(()),
        }
    }

    /// The numbers of a tensor of one axis, in place wherever that can be.
    pub(super) fn weights(&self, name: &str) -> Result<Weights, StoreError> {
        self.expect_array::<f32>(name)?;
        let range = self.file.range(name).unwrap_or_default();
        Weights::mapped(self.file.file(), range).ok_or_else(|| self.malformed(format!("tensor '{name}' is cut")))
    }

    /// The values of a tensor of one axis, in place wherever that can be.
    pub(super) fn array<T: Element + Pod + Sync + Send>(&self, name: &str) -> Result<FlatArray<T>, StoreError> {
        self.expect_array::<T>(name)?;
        Ok(match self.file.slice::<T>(name) {
            Some(slice) => FlatArray::shared(std::sync::Arc::new(slice)),
            None => self.file.bytes(name).unwrap_or_default().chunks_exact(size_of::<T>()).map(little_endian).collect(),
        })
    }

    /// Whether there is a tensor of this type and one axis.
    fn expect_array<T: Element>(&self, name: &str) -> Result<(), StoreError> {
        let Some(shape) = self.file.shape(name) else {
            return Err(self.malformed(format!("it has no tensor '{name}'")));
        };
        if self.file.dtype(name) != Some(T::DTYPE) || shape.len() != 1 {
            let dtype = self.file.dtype(name).map_or(String::new(), |dtype| dtype.to_string());
            let expected = T::DTYPE;
            return Err(self.malformed(format!(
                "tensor '{name}' is of type {dtype} and shape {shape:?}, but should be of type {expected} and one axis"
            )));
        }
        Ok(())
    }
}

fn little_endian<T: Element + Pod>(bytes: &[u8]) -> T {
    let mut value = T::zeroed();
    let target = bytemuck::bytes_of_mut(&mut value);
    target.copy_from_slice(bytes);
    if cfg!(target_endian = "big") {
        target.reverse();
    }
    value
}
