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

/// How many of `count` inputs are run together: as many as fit into `memory` bytes, or as have 128 MiB of activations.
///
/// # Errors
/// A limit that one input exceeds.
pub fn batch_size(network: &Network, count: usize, memory: Option<u64>) -> Result<usize, ExplanationError> {
    let sizes = || network.nodes().map(|(_, node)| node.shape.iter().product::<usize>() * size_of::<f32>());
    let activations: usize = sizes().sum();
    let Some(memory) = memory else {
        return Ok((BATCH_BYTES / activations.max(1)).clamp(1, count.max(1)));
    };
    let one = activations + WORKING_TENSORS * sizes().max().unwrap_or(0);
    match usize::try_from(memory).unwrap_or(usize::MAX) / one.max(1) {
        0 => Err(ExplanationError::Memory { bytes: one }),
        batch => Ok(batch.min(count.max(1))),
    }
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
