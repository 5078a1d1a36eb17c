//! Inputs and data sets: images, arrays, IDX and folders, as the tensors that a network takes.
//!
//! [`read_inputs`] reads files of inputs, and a [`DataSet`] inputs with labels, a batch at a time. What is done to them is
//! said by a [`Preprocessing`]. A format of files is a reader and one row of a table.
//!
//! ```
//! use kirchhoff_data::{Preprocessing, read_inputs};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("two.idx");
//! // An IDX file of two inputs of three unsigned bytes each.
//! std::fs::write(&path, [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 51, 102, 153, 204, 255])?;
//! let inputs = read_inputs(&[path], &[3], &Preprocessing::default())?;
//! assert_eq!((inputs.count, &inputs.values[3..]), (2, &[0.6, 0.8, 1.0][..]));
//! assert_eq!(inputs.names, ["two-0", "two-1"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Pictures
//!
//! PNG and JPEG files become what networks were trained on: what Pillow and torchvision make of them.
//!
//! - *Colour.* A network of 3 channels sees red, green and blue, one of 1 channel or of vectors sees grey: luma by ITU-R 601,
//!   0.299 R + 0.587 G + 0.114 B, rounded to a byte. Palettes and CMYK become RGB. Alpha is left out: what is transparent
//!   has the colour that is stored under it, as by `convert("RGB")`. Profiles and gamma are not applied.
//! - *Depth.* Values are divided by the largest of their depth. Those of 16 bits are not rounded to bytes.
//! - *Orientation.* Pictures are turned as their EXIF data says, unless [`Preprocessing::upright`] is false.
//! - *Size.* A picture of another size than the network's is scaled as [`Preprocessing::resize`] and
//!   [`Preprocessing::filter`] say, in Pillow's own arithmetic, and its middle is cut out as by torchvision's `CenterCrop`.
//!   For a vector whose length is that of no square, pictures have to have as many pixels.
//! - *Damage.* A file that is cut off is an error, and so are the checksums of PNG. JPEG has none: damage within the coded data
//!   that can still be decoded goes unnoticed.
//! - *Limits.* What is decoded takes at most 512 MiB, no side is longer than 2²⁰, and a file that claims more pixels than its
//!   bytes can hold is refused before memory is taken.

#![forbid(unsafe_code)]

mod array;
mod error;
mod files;
mod find;
mod fit;
mod formats;
mod idx;
mod inputs;
mod labels;
mod names;
mod npy;
mod npz;
mod picture;
mod reader;
mod set;
mod tensors;
mod text;

pub use error::InputError;
pub use files::{InputFiles, numbered_inputs};
pub use formats::is_input;
pub use inputs::{InputPart, Inputs, array_shape, read_inputs};
pub use kirchhoff_network::{Filter, Layout, Preprocessing, Resize};
pub use labels::read_labels;
pub use names::read_names;
pub use picture::{Fitting, picture_fitting};
pub use set::{Batch, DataSet, DataSetOptions, Skipped, Split};
