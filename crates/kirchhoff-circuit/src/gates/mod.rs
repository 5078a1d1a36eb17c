//! Gate circuits: every gate explicit, in flat arrays.

mod array;
mod arrays;
mod builder;
mod circuit;
mod edges;
mod error;
mod map;
mod name;
mod order;
#[cfg(all(test, feature = "saturate"))]
mod proofs;
#[cfg(feature = "saturate")]
mod saturate;
mod simplify;
mod unroll;

pub use array::FlatArray;
pub use arrays::{GateArrays, GateKind, GateLayer, LeafEdges, OutputTensor};
pub use builder::GateBuilder;
pub use circuit::{Gate, GateCircuit, GateId, GateSize};
pub use edges::{EdgeError, EdgeMap};
pub use error::{ContributionError, GateError};
pub use map::MappedGates;
pub use name::{edge_name, neuron_name, neuron_position, neurons_at, tensor_label};
#[cfg(feature = "saturate")]
pub use saturate::{SaturateError, SaturateOptions, SaturateReport, StopReason, rewrites, saturate};
pub use simplify::{Firings, RewriteInfo, SimplifyReport, simplify};
pub use unroll::{DEFAULT_MAX_GATES, KeepEdge, Leaves, Start, UnrollError, UnrollOptions, Variables, unroll};
