//! Files: written whole or not at all, read by mapping them.
//!
//! A [`Draft`] is a file that is written aside and takes its name when it is complete; a [`Folder`] gives several files
//! their names together. What they may replace, an [`Output`] decides. A [`MappedFile`] is read where it lies, and
//! [`open_input`] opens what is read otherwise. Tensors go to safetensors files ([`write_tensors`]) and come from them ([`TensorFile`]); a file that ends with
//! its own checksum ([`Seal::Checksum`]) can be [verified](TensorFile::verify). Numbers of every [type](NumberType) become f32
//! here, whatever format holds them.
//!
//! ```
//! use kirchhoff_file::{Seal, Tensor, TensorFile, write_tensors};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("numbers.safetensors");
//! let tensors = vec![Tensor::new("primes", &[4], &[2u32, 3, 5, 7])];
//! write_tensors(&path, tensors, &[("what", "numbers")], Seal::Checksum)?;
//!
//! let file = TensorFile::open(&path)?;
//! assert_eq!(file.metadata("what"), Some("numbers"));
//! assert_eq!(file.slice::<u32>("primes").unwrap().as_ref(), [2, 3, 5, 7]);
//! file.verify()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod draft;
mod error;
mod folder;
mod guard;
mod inputs;
mod mapped;
mod names;
mod numbers;
mod ours;
mod output;
mod read;
mod write;

pub use draft::{Draft, FinishedDraft, write_file};
pub use error::FileError;
pub use folder::{Folder, FolderError};
pub use guard::{ChangedInput, check_inputs};
pub use inputs::{LONGEST_TEXT, open_input, read_text};
pub use mapped::{MappedFile, MappedSlice};
pub use names::{file_name, natural_order};
pub use numbers::{ByteOrder, NumberType, elements};
pub use ours::{GENERATOR, HTML_MARK, PDF_MARK, PNG_MARK, PNG_MARK_AT, SVG_MARK};
pub use output::{Output, Refusal};
pub use read::{OpenError, TensorFile, VerifyError};
pub use write::{CHECKSUM, CHECKSUM_BYTES, Element, Seal, Tensor, WriteError, checksum_of_file, write_tensors};
