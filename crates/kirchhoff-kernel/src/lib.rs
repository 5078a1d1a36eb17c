//! Products and convolutions over a semiring.

mod edges;
mod forward;
mod monitor;
mod propagate;
mod term;
mod weights;
mod window;
mod wiring;

pub use edges::{Contributions, Edges, Scratch};
pub use forward::{Forward, Reduction, maximum};
pub use monitor::{Cancelled, Monitor};
pub use propagate::propagate;
pub use term::{Slopes, SourceFactor, Term, WeightFactor};
pub use weights::Weights;
pub use window::{Window, WindowError};
pub use wiring::{Run, Sliding, View, Wiring};
