//! Executions: a network run on a batch of inputs, with the activations of every tensor.

use std::ops::Range;
use std::sync::Arc;

use kirchhoff_kernel::{
    Cancelled, Forward, Monitor, Reduction, Slopes, SourceFactor, Values, WeightFactor, Weights, Wiring,
    first_not_finite, maxima, zeros,
};
use rayon::prelude::*;
use thiserror::Error;

use crate::activation::Activation;
use crate::network::{Network, NodeId};
use crate::operator::{Operator, Pool, PoolKind};

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
    /// A layer whose values outgrow `f32`.
    #[error("the activations of layer '{layer}' overflow on input {input}: check the scale of inputs and weights")]
    Overflow {
        /// Name of the layer.
        layer: String,
        /// Which input of the batch, from 0.
        input: usize,
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
    /// Runs `network` on a batch of `batch` inputs, given one after the other, each in row-major order.
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
        let shape = &network.node(network.input()).shape;
        let size: usize = shape.iter().product();
        if Some(inputs.len()) != size.checked_mul(batch) {
            return Err(ExecutionError::Size { got: inputs.len(), batch, shape: shape.clone() });
        }
        if let Some(at) = first_not_finite(inputs) {
            return Err(ExecutionError::NotFinite { input: at / size, position: at % size, value: inputs[at] });
        }
        // On a thread of the pool: from any other one, each parallel step of each layer would wake one up and wait for it.
        let activations = rayon::scope(|_| -> Result<_, ExecutionError> {
            let mut activations: Vec<Values> = Vec::new();
            for (node, _) in network.nodes() {
                let values = match network.arguments(node)[..] {
                    [] => inputs.into(),
                    ref arguments => {
                        let arguments: Vec<_> = arguments.iter().map(|&node| &activations[node.index()]).collect();
                        Step { network: &network, node, batch, monitor }.run(&arguments)?
                    }
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
                let arguments: Vec<_> = arguments.iter().map(|&node| &activations[node.index()]).collect();
                let values =
                    Step { network: &self.network, node: later, batch: self.batch, monitor }.run(&arguments)?;
                activations[later.index()] = values;
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

/// Values that a task of elementwise work takes.
const CHUNK: usize = 1 << 14;

/// One node of a network about to be executed.
struct Step<'a> {
    network: &'a Network,
    node: NodeId,
    batch: usize,
    monitor: &'a dyn Monitor,
}

impl Step<'_> {
    fn run(&self, arguments: &[&Values]) -> Result<Values, ExecutionError> {
        let node = self.network.node(self.node);
        let size: usize = node.shape.iter().product();
        let first = arguments[0];
        let values: Values = match &node.operator {
            Operator::Reshape { .. } | Operator::Dropout | Operator::Input => return Ok(first.clone()),
            Operator::Dense(dense) => self.linear(first, &dense.weights, dense.bias.as_deref())?,
            Operator::Convolution(layer) => self.linear(first, &layer.weights, layer.bias.as_deref())?,
            Operator::Affine(affine) => self.linear(first, &affine.scale, Some(&affine.shift))?,
            Operator::Pool(Pool { kind: PoolKind::Maximum, .. }) => self.maximum(first),
            Operator::Pool(pool) => self.average(first, pool)?,
            Operator::Activation(activation) => {
                let mut values = zeros(first.len());
                let chunks = values.par_chunks_mut(CHUNK).zip(first.par_chunks(CHUNK));
                chunks.for_each(|(values, first)| activation.apply_to(first, values));
                values.into()
            }
            Operator::Add => {
                let mut sum = first.to_vec();
                for argument in &arguments[1..] {
                    sum.par_iter_mut().zip(argument.par_iter()).for_each(|(sum, value)| *sum += value);
                }
                sum.into()
            }
            Operator::Concatenate { .. } | Operator::Slice(_) | Operator::Transpose { .. } => {
                self.rearranged(arguments, 0.0)
            }
            Operator::Pad { value, .. } => self.rearranged(arguments, *value),
            Operator::Softmax { logarithm } => {
                let mut values = first.to_vec();
                values.chunks_mut(size).for_each(|values| softmax(values, node.shape[0], *logarithm));
                values.into()
            }
        };
        // What only moves values, and what takes none farther from 0, keeps them finite.
        if matches!(node.operator, Operator::Activation(Activation::Relu))
            || matches!(node.operator, Operator::Concatenate { .. } | Operator::Slice(_) | Operator::Transpose { .. })
        {
            return Ok(values);
        }
        match first_not_finite(&values) {
            // Finite activations have a finite maximum, unless there are none.
            Some(_) if matches!(node.operator, Operator::Pool(Pool { kind: PoolKind::Maximum, .. })) => {
                Err(ExecutionError::EmptyWindow { layer: node.name.clone() })
            }
            Some(at) => Err(ExecutionError::Overflow { layer: node.name.clone(), input: at / size }),
            None => Ok(values),
        }
    }

    /// A linear layer: products over its wiring, and a bias per channel.
    fn linear(&self, source: &[f32], weights: &Weights, bias: Option<&[f32]>) -> Result<Values, Cancelled> {
        Ok(self.sum(source, Some(weights), bias)?.into())
    }

    fn sum(&self, source: &[f32], weights: Option<&Weights>, bias: Option<&[f32]>) -> Result<Vec<f32>, Cancelled> {
        let wiring = self.wiring();
        let forward = Forward {
            wiring: &wiring,
            weights,
            source: &SourceFactor::Activation(Slopes::IDENTITY),
            weight: WeightFactor::IDENTITY,
            reduction: Reduction::Sum,
            bias,
        };
        let mut values = zeros(self.batch * wiring.destinations());
        forward.run(source, &mut values, self.monitor)?;
        Ok(values)
    }

    fn average(&self, source: &[f32], pool: &Pool) -> Result<Values, Cancelled> {
        let mut values = self.sum(source, None, None)?;
        let divisors = divisors(&self.wiring(), pool);
        for values in values.chunks_mut(divisors.len()) {
            values.iter_mut().zip(&divisors).for_each(|(value, divisor)| *value /= divisor);
        }
        Ok(values.into())
    }

    fn maximum(&self, source: &[f32]) -> Values {
        let wiring = self.wiring();
        let mut values = zeros(self.batch * wiring.destinations());
        for (source, values) in
            source.chunks_exact(wiring.sources()).zip(values.chunks_exact_mut(wiring.destinations()))
        {
            maxima(&wiring, source, values);
        }
        values.into()
    }

    /// Arguments copied to their places in a tensor filled with `value`.
    fn rearranged(&self, arguments: &[&Values], value: f32) -> Values {
        let size: usize = self.network.node(self.node).shape.iter().product();
        let mut values = vec![value; self.batch * size];
        for (number, argument) in arguments.iter().enumerate() {
            let wiring = self.network.wiring(self.node, number);
            for (source, values) in argument.chunks_exact(wiring.sources()).zip(values.chunks_exact_mut(size)) {
                wiring.leaving(0..wiring.sources(), |run| {
                    for i in 0..run.length {
                        values[run.destination_at(i)] = source[run.source_at(i)];
                    }
                });
            }
        }
        values.into()
    }

    fn wiring(&self) -> Wiring {
        self.network.wiring(self.node, 0)
    }
}

/// What the sum over each window of a pool is divided by: its number of members.
///
/// A window that the image's border cuts counts its members inside the image, or inside the padding too where the
/// pool counts padding. A maximum pool treated as an average counts the former.
pub fn divisors(wiring: &Wiring, pool: &Pool) -> Vec<f32> {
    match (wiring, pool.kind) {
        (Wiring::Pool(sliding), PoolKind::Average { count_padding: true }) => {
            let members = |axis: usize| -> Vec<usize> {
                let window = &sliding.window;
                let end = sliding.source[axis] + window.padding[axis][0] + window.padding[axis][1];
                let inside = |position: usize| {
                    (0..window.kernel[axis])
                        .filter(|tap| position * window.stride[axis] + tap * window.dilation[axis] < end)
                        .count()
                };
                (0..sliding.destination[axis]).map(inside).collect()
            };
            let (rows, columns) = (members(0), members(1));
            let channel: Vec<f32> = rows.iter().flat_map(|y| columns.iter().map(move |x| (x * y) as f32)).collect();
            channel.repeat(sliding.outputs)
        }
        _ => wiring.fan_in().into_iter().map(|members| members.max(1) as f32).collect(),
    }
}

/// The softmax over the first axis, in place.
fn softmax(values: &mut [f32], channels: usize, logarithm: bool) {
    let positions = values.len() / channels;
    for position in 0..positions {
        let of = |channel: usize| channel * positions + position;
        let largest = (0..channels).map(|channel| values[of(channel)]).fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = (0..channels).map(|channel| (values[of(channel)] - largest).exp()).sum();
        for channel in 0..channels {
            let shifted = values[of(channel)] - largest;
            values[of(channel)] = if logarithm { shifted - sum.ln() } else { shifted.exp() / sum };
        }
    }
}
