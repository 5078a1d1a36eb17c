//! Neural networks.

mod activation;
mod canonical;
pub mod data;
mod execute;
pub mod export;
mod fold;
pub mod import;
mod network;
mod operator;
pub mod random;
mod tensor_file;
mod wiring;

pub use activation::Activation;
pub use canonical::canonical;
pub use execute::{Execution, ExecutionError, divisors};
pub use network::{Network, NetworkBuilder, NetworkError, Node, NodeId};
pub use operator::{Affine, Convolution, Dense, Operator, Pool, PoolKind, ShapeError, Slice, SliceAxis, as_image};
