//! Inputs in batches whose activations fit into memory.

use std::ops::Range;
use std::sync::Arc;

use kirchhoff_data::Inputs;
use kirchhoff_kernel::Monitor;
use kirchhoff_network::{Execution, ExecutionError, Network};

use super::ExplanationError;

/// Activations of at most so many bytes are alive at a time, one input's at least, where no other limit is given.
const BATCH_BYTES: usize = 128 << 20;

/// What an explanation holds beside the activations, in tensors of the size of the largest one: relevance on both sides of
/// a layer, normalisers, planes and sums. Counts take more where they are large.
const WORKING_TENSORS: usize = 10;

/// What one input may take where no other limit is given: a small file can describe a network that takes all there is.
pub const DEFAULT_MEMORY: u64 = 4 << 30;

/// How many of `count` inputs are run together: as many as fit into `memory` bytes, or as have 128 MiB of activations.
///
/// # Errors
/// A limit that one input exceeds: `memory`, or [`DEFAULT_MEMORY`].
pub fn batch_size(network: &Network, count: usize, memory: Option<u64>) -> Result<usize, ExplanationError> {
    fitting(network, count, memory, 0)
}

/// As [`batch_size`], where so many copies of all activations are held beside them.
pub(super) fn fitting(
    network: &Network,
    count: usize,
    memory: Option<u64>,
    copies: u64,
) -> Result<usize, ExplanationError> {
    let [activations, one] =
        bytes_of_one(network).map(|bytes| bytes.saturating_add(copies.saturating_mul(activation_bytes(network))));
    let limit = memory.unwrap_or(DEFAULT_MEMORY);
    let fitting = match memory {
        Some(memory) => memory / one.max(1),
        None => (BATCH_BYTES as u64 / activations.max(1)).max(1),
    };
    match usize::try_from(fitting).unwrap_or(usize::MAX) {
        batch if one <= limit => Ok(batch.clamp(1, count.max(1))),
        _ => Err(ExplanationError::Memory { bytes: one, limit }),
    }
}

/// The bytes that the activations of one input take, and those with all that an explanation holds beside them.
fn bytes_of_one(network: &Network) -> [u64; 2] {
    let activations = activation_bytes(network);
    [activations, activations.saturating_add(WORKING_TENSORS as u64 * tensor_bytes(network).max().unwrap_or(0))]
}

/// The bytes that the activations of one input take.
fn activation_bytes(network: &Network) -> u64 {
    tensor_bytes(network).fold(0, u64::saturating_add)
}

fn tensor_bytes(network: &Network) -> impl Iterator<Item = u64> {
    network.nodes().map(|(_, node)| (node.shape.iter().product::<usize>() * size_of::<f32>()) as u64)
}

/// Inputs in batches of a size, the last one of what is left.
pub fn batches(count: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    let size = size.max(1);
    (0..count).step_by(size).map(move |first| first..(first + size).min(count))
}

/// Runs a network on some of the inputs.
///
/// # Errors
/// What [`Execution::run`] fails with, with the name of the input that it is about.
///
/// # Panics
/// If the range reaches beyond the inputs.
pub fn execute(
    network: &Arc<Network>,
    inputs: &Inputs,
    batch: Range<usize>,
    monitor: &dyn Monitor,
) -> Result<Execution, ExplanationError> {
    let size: usize = inputs.shape.iter().product();
    let values = &inputs.values[batch.start * size..batch.end * size];
    let named = |error: ExecutionError| match error {
        ExecutionError::NotFinite { input, .. } | ExecutionError::Overflow { input, .. } => {
            ExplanationError::Input { name: inputs.names[batch.start + input].clone(), error }
        }
        ExecutionError::Cancelled(cancelled) => ExplanationError::Cancelled(cancelled),
        ExecutionError::Size { .. } | ExecutionError::Row { .. } | ExecutionError::EmptyWindow { .. } => {
            ExplanationError::Execution(error)
        }
    };
    Execution::run(network.clone(), values, batch.len(), monitor).map_err(named)
}
