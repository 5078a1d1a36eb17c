//! Neural networks.

mod activation;
pub mod import;
mod network;
mod operator;

pub use activation::Activation;
pub use network::{Network, NetworkBuilder, NetworkError, Node, NodeId};
pub use operator::{Affine, Convolution, Dense, Operator, Pool, PoolKind, ShapeError, Slice, SliceAxis, as_image};
