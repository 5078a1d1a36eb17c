//! Products and convolutions over a semiring.

mod weights;
mod window;

pub use weights::Weights;
pub use window::{Window, WindowError};
