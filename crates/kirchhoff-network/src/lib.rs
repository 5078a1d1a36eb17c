//! Neural networks: layers and their graph, importers, canonical form, and execution.
//!
//! A [`Network`] is a directed acyclic graph of [`Operator`]s, built and checked by a [`NetworkBuilder`] or read from a
//! file by [`import::read`] (ONNX, safetensors). [`canonical`] brings it into the form that explanations run on: without
//! dropout and final softmax, batch normalisation folded. An [`Execution`] is a network run on a batch of inputs, with the
//! activations of every tensor. [`random`] makes models to try things out on.
//!
//! ```
//! use std::sync::Arc;
//! use kirchhoff_network::{Activation, Affine, Dense, Execution, NetworkBuilder, Operator, canonical};
//!
//! let mut builder = NetworkBuilder::new();
//! let input = builder.input("input", &[2])?;
//! let dense = Dense { inputs: 2, outputs: 1, weights: vec![1.0, -2.0].into(), bias: None };
//! let linear = builder.add("0", Operator::Dense(dense), &[input])?;
//! let affine = Affine { scale: vec![3.0].into(), shift: vec![0.5].into() };
//! let normalised = builder.add("1", Operator::Affine(affine), &[linear])?;
//! let output = builder.add("2", Operator::Activation(Activation::Relu), &[normalised])?;
//! let network = builder.finish(output)?;
//!
//! let folded = canonical(&network)?;
//! assert_eq!((network.nodes().len(), folded.nodes().len()), (4, 3));
//! let execution = Execution::run(Arc::new(folded), &[3.0, 1.0, 1.0, 1.0], 2, &())?;
//! assert_eq!(execution.outputs(), [3.5, 0.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod canonical;
mod encoding;
mod execute;
pub mod export;
mod fold;
mod hash;
pub mod import;
mod network;
mod operators;
mod preprocessing;
mod prune;
pub mod random;
mod tensor_file;

pub use canonical::canonical;
pub use execute::{Execution, ExecutionError};
pub use hash::{HASH_VERSION, hash_version, network_hash};
pub use network::{Network, NetworkBuilder, NetworkError, Node, NodeId};
pub use operators::{
    Activation, Affine, Choice, Comparison, Concatenate, Constant, Convolution, Dense, DenseSum, Elementary, Embedding,
    Expand, Extreme, Input, Interpolate, LayerKind, Linear, Link, LinkWeights, Multiple, Normalisation, Offset,
    Operator, Pad, Pool, PoolKind, Reduction, ReductionKind, Relation, Reshape, Select, ShapeError, Slice, SliceAxis,
    Softmax, Transpose, Volume, VolumeAxis, WeightedSum, as_image,
};
pub use preprocessing::{Filter, Layout, Preprocessing, Resize};
pub use prune::{Prunable, PruneError};
