//! Inputs: images, arrays and data sets, as the tensors that a network takes.

mod array;
mod error;
mod find;
mod fit;
mod idx;
mod image;
mod labels;
mod npy;
mod preprocessing;
mod read;
mod set;

pub use error::InputError;
pub use idx::read_labels;
pub use preprocessing::{Layout, Preprocessing};
pub use read::{Inputs, read_inputs};
pub use set::{Batch, DataSet, DataSetOptions, Skipped, Split};
