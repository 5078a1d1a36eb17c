//! Stored circuits: one safetensors file a circuit, read by mapping it.

mod file;
mod gates;
mod header;
mod layered;
mod names;

pub use file::{CircuitFile, StoreError};
pub use gates::save_gates;
pub use header::{CircuitKind, Notes};
pub use layered::{WeightStorage, save_layered};
