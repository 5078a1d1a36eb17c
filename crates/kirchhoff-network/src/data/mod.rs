//! Inputs: images, arrays and data sets, as the tensors that a network takes.

mod preprocessing;

pub use preprocessing::{Layout, Preprocessing};
