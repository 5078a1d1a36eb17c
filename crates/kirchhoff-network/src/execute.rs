//! Executions: a network run on a batch of inputs, with the activations of every tensor.

use std::ops::Range;
use std::sync::Arc;

use kirchhoff_kernel::{Cancelled, Monitor, Values, first_not_finite};
use thiserror::Error;

use crate::network::{Network, NodeId};
use crate::operators::{Operator, Step};

/// A network and the activations that a batch of inputs gave all its tensors.
#[derive(Clone, Debug)]
pub struct Execution {
    network: Arc<Network>,
    batch: usize,
    activations: Vec<Values>,
}

/// Why a network cannot run on an input.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ExecutionError {
    /// The values do not make up whole inputs.
    #[error("{got} values are not {batch} inputs of shape {shape:?}")]
    Size {
        /// Number of values given.
        got: usize,
        /// Number of inputs that they should make up.
        batch: usize,
        /// Shape of one input.
        shape: Vec<usize>,
    },
    /// An input with a NaN or an infinity.
    #[error("input {input} holds {value} at position {position}; inputs must be finite")]
    NotFinite {
        /// Which input of the batch, from 0.
        input: usize,
        /// Position in it, in row-major order.
        position: usize,
        /// The value found.
        value: f32,
    },
    /// A layer whose values outgrow `f32`, or whose function has none (the logarithm of 0, the root of −1).
    #[error(
        "the activations of layer '{layer}' overflow, or are not defined, on input {input}: check the scale of inputs and \
         weights, and that the layer gets values that its function is defined for"
    )]
    Overflow {
        /// Name of the layer.
        layer: String,
        /// Which input of the batch, from 0.
        input: usize,
    },
    /// A number of no row of an embedding's table.
    #[error(
        "layer '{layer}' looks up row {number} at position {position}, but its table has the rows 0 to {}: check the numbers \
         of the tokens", rows - 1
    )]
    Row {
        /// Name of the layer.
        layer: String,
        /// Position of the number in the layer's argument.
        position: usize,
        /// The number.
        number: f32,
        /// How many rows there are.
        rows: usize,
    },
    /// A maximum pool with a window that sees padding alone.
    #[error("layer '{layer}' takes the maximum over windows that lie wholly in its padding: reduce the padding")]
    EmptyWindow {
        /// Name of the layer.
        layer: String,
    },
    /// Stopped by the monitor.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Execution {
    /// Runs `network` on a batch of `batch` inputs, given one after the other, each in row-major order. Where a network has
    /// several inputs, each of the batch consists of the values of all of them, in the order of [`Network::inputs`].
    ///
    /// Takes time in O(edges · batch), in parallel, and memory for all activations of the batch. The same inputs
    /// give the same bits whatever the number of threads.
    ///
    /// # Errors
    /// Inputs of the wrong size or not finite, activations that overflow, or cancellation.
    pub fn run(
        network: Arc<Network>,
        inputs: &[f32],
        batch: usize,
        monitor: &dyn Monitor,
    ) -> Result<Self, ExecutionError> {
        let size = network.input_size();
        if Some(inputs.len()) != size.checked_mul(batch) {
            let shape = match network.inputs() {
                [input] => network.node(*input).shape.clone(),
                _ => vec![size],
            };
            return Err(ExecutionError::Size { got: inputs.len(), batch, shape });
        }
        if let Some(at) = first_not_finite(inputs) {
            return Err(ExecutionError::NotFinite { input: at / size, position: at % size, value: inputs[at] });
        }
        // On a thread of the pool: from any other one, each parallel step of each layer would wake one up and wait for it.
        let activations = rayon::scope(|_| -> Result<_, ExecutionError> {
            let mut activations: Vec<Values> = Vec::new();
            let mut first = 0;
            for (id, node) in network.nodes() {
                let values = if let Operator::Input(_) = node.operator {
                    let own = first..first + network.size(id);
                    first = own.end;
                    match own.len() == size {
                        true => inputs.into(),
                        false => inputs.chunks_exact(size).flat_map(|all| &all[own.clone()]).copied().collect(),
                    }
                } else {
                    run(&network, id, &activations, batch, monitor)?
                };
                activations.push(values);
            }
            Ok(activations)
        })?;
        Ok(Execution { network, batch, activations })
    }

    /// The executions of a part of the inputs. The activations are copied, unless the part is the whole.
    ///
    /// # Panics
    /// If the range reaches beyond the inputs.
    pub fn part(&self, part: Range<usize>) -> Self {
        if part == (0..self.batch) {
            return self.clone();
        }
        let of = |activations: &Values| {
            let size = activations.len() / self.batch;
            activations[part.start * size..part.end * size].into()
        };
        Execution {
            network: self.network.clone(),
            batch: part.len(),
            activations: self.activations.iter().map(of).collect(),
        }
    }

    /// The same execution with other values for the result of one node, and all that follows from them: nodes that depend
    /// on it are run again, the others keep their activations.
    ///
    /// # Errors
    /// Values of the wrong number, activations that overflow, or cancellation.
    pub fn with_activations(
        &self,
        node: NodeId,
        values: Values,
        monitor: &dyn Monitor,
    ) -> Result<Self, ExecutionError> {
        if values.len() != self.activations(node).len() {
            let shape = self.network.node(node).shape.clone();
            return Err(ExecutionError::Size { got: values.len(), batch: self.batch, shape });
        }
        let mut activations = self.activations.clone();
        activations[node.index()] = values;
        let mut changed = vec![false; activations.len()];
        changed[node.index()] = true;
        for (later, _) in self.network.nodes().filter(|(later, _)| *later > node) {
            let arguments = self.network.arguments(later);
            if arguments.iter().any(|argument| changed[argument.index()]) {
                activations[later.index()] = run(&self.network, later, &activations, self.batch, monitor)?;
                changed[later.index()] = true;
            }
        }
        Ok(Execution { network: self.network.clone(), batch: self.batch, activations })
    }

    /// The network.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// The number of inputs.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The activations of a node's result for all inputs, one after the other.
    pub fn activations(&self, node: NodeId) -> &Values {
        &self.activations[node.index()]
    }

    /// The network's outputs for all inputs, one after the other.
    pub fn outputs(&self) -> &[f32] {
        self.activations(self.network.output())
    }

    /// The network's output for one input.
    pub fn output(&self, input: usize) -> &[f32] {
        let size = self.outputs().len() / self.batch;
        &self.outputs()[input * size..(input + 1) * size]
    }
}

/// Computes the result of a node from the activations of those before it.
fn run(
    network: &Network,
    id: NodeId,
    activations: &[Values],
    batch: usize,
    monitor: &dyn Monitor,
) -> Result<Values, ExecutionError> {
    let node = network.node(id);
    let arguments: Vec<&Values> = network.arguments(id).iter().map(|node| &activations[node.index()]).collect();
    let operation = node.operator.operation();
    let values = network.with_shapes(id, |shapes| {
        operation.run(&Step {
            name: &node.name,
            arguments: &arguments,
            shapes,
            batch,
            arithmetic: network.arithmetic(),
            monitor,
        })
    })?;
    // What only moves values, and what takes none farther from 0, keeps them finite.
    let not_finite = if operation.is_bounded() { None } else { first_not_finite(&values) };
    match not_finite {
        Some(at) => {
            let size: usize = node.shape.iter().product();
            Err(ExecutionError::Overflow { layer: node.name.clone(), input: at / size })
        }
        None => Ok(values),
    }
}
