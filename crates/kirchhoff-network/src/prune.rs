//! Networks with some of a layer's neurons or filters removed.

use std::collections::HashMap;

use kirchhoff_kernel::Weights;
use thiserror::Error;

use crate::network::{Network, NetworkBuilder, NetworkError, NodeId};
use crate::operator::{Convolution, Dense, Operator};

/// Why neurons cannot be removed from a network.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum PruneError {
    /// A layer without neurons of its own.
    #[error(
        "layer '{name}' ({operator}) has no neurons that can be removed: dense layers and convolutions in one group do"
    )]
    Layer {
        /// Its name.
        name: String,
        /// Its operator.
        operator: &'static str,
    },
    /// What comes after the layer needs all of its neurons.
    #[error(
        "neurons of layer '{name}' cannot be removed, because layer '{user}' ({operator}) takes them: only activations, \
         pools, reshapes and borders of zeros may lie between it and the dense layers and convolutions that take it"
    )]
    User {
        /// The layer's name.
        name: String,
        /// The layer that takes its result.
        user: String,
        /// That one's operator.
        operator: &'static str,
    },
    /// The layer is the output.
    #[error("layer '{0}' computes the output, whose neurons cannot be removed")]
    Output(String),
    /// Nothing would be left of the layer.
    #[error("all neurons of layer '{0}' were to be removed: keep one at least")]
    All(String),
    /// The smaller network cannot be built.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

/// A layer whose neurons (of a dense layer) or filters (of a convolution) can be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prunable {
    /// The layer.
    pub layer: NodeId,
    /// The number of its neurons or filters.
    pub neurons: usize,
    /// The node whose values are 0 where a neuron is removed: the layer, or the activations right after it.
    pub silenced: NodeId,
    /// All nodes that lose channels without having weights for them.
    passing: Vec<NodeId>,
    /// The linear layers that take the neurons.
    consumers: Vec<NodeId>,
}

impl Prunable {
    /// Finds out whether neurons of a layer can be removed.
    ///
    /// # Errors
    /// A layer without neurons, or one whose users need all of them.
    pub fn new(network: &Network, layer: NodeId) -> Result<Self, PruneError> {
        let node = network.node(layer);
        let neurons = match &node.operator {
            Operator::Dense(dense) => dense.outputs,
            Operator::Convolution(convolution) if convolution.groups == 1 => convolution.outputs,
            operator => return Err(PruneError::Layer { name: node.name.clone(), operator: operator.name() }),
        };
        let mut prunable = Prunable { layer, neurons, silenced: layer, passing: Vec::new(), consumers: Vec::new() };
        let mut tail = true;
        while tail {
            let mut users = network.users(prunable.silenced);
            match (users.next(), users.next()) {
                (Some(user), None) if matches!(network.node(user).operator, Operator::Activation(_)) => {
                    prunable.silenced = user;
                    prunable.passing.push(user);
                }
                _ => tail = false,
            }
        }
        let mut open = vec![prunable.silenced];
        while let Some(id) = open.pop() {
            if id == network.output() {
                return Err(PruneError::Output(node.name.clone()));
            }
            let mut users: Vec<NodeId> = network.users(id).collect();
            users.sort_unstable();
            users.dedup();
            for user in users {
                let operator = &network.node(user).operator;
                let keeps_zero = match operator {
                    Operator::Dense(_) => None,
                    Operator::Convolution(convolution) if convolution.groups == 1 => None,
                    Operator::Activation(activation) => Some(activation.apply(0.0) == 0.0),
                    Operator::Pool(_) | Operator::Dropout => Some(true),
                    Operator::Reshape { shape } => Some(shape[0] % neurons == 0),
                    Operator::Pad { border, value } => Some(*value == 0.0 && border[0] == [0, 0]),
                    _ => Some(false),
                };
                match keeps_zero {
                    None => prunable.consumers.push(user),
                    Some(true) => {
                        prunable.passing.push(user);
                        open.push(user);
                    }
                    Some(false) => {
                        let (name, user) = (node.name.clone(), network.node(user).name.clone());
                        return Err(PruneError::User { name, user, operator: operator.name() });
                    }
                }
            }
        }
        Ok(prunable)
    }

    /// The network without some of the neurons, truly smaller: their weights and biases are gone, and the weights that
    /// took them. It computes what the network does when the removed neurons' values, behind the activations right after
    /// the layer, are 0.
    ///
    /// # Errors
    /// No neuron that would be left.
    ///
    /// # Panics
    /// If the network is not the one that this was made for.
    pub fn without(&self, network: &Network, removed: &[usize]) -> Result<Network, PruneError> {
        let mut kept = vec![true; self.neurons];
        removed.iter().for_each(|&neuron| kept[neuron] = false);
        let left = kept.iter().filter(|&&kept| kept).count();
        if left == 0 {
            return Err(PruneError::All(network.node(self.layer).name.clone()));
        }
        let mut builder = NetworkBuilder::new();
        let mut built: HashMap<NodeId, NodeId> = HashMap::new();
        for (id, node) in network.nodes() {
            let operator = if id == self.layer {
                rows(&node.operator, &kept)
            } else if self.consumers.contains(&id) {
                columns(&node.operator, &kept)
            } else if let (true, Operator::Reshape { shape }) = (self.passing.contains(&id), &node.operator) {
                // Each channel stays in one piece, and whole ones are gone.
                let mut shape = shape.clone();
                shape[0] = shape[0] / self.neurons * left;
                Operator::Reshape { shape }
            } else {
                node.operator.clone()
            };
            let new = match operator {
                Operator::Input => builder.input(node.name.clone(), &node.shape)?,
                operator => {
                    let arguments: Vec<NodeId> = network.arguments(id).iter().map(|argument| built[argument]).collect();
                    builder.add(node.name.clone(), operator, &arguments)?
                }
            };
            built.insert(id, new);
        }
        Ok(builder.finish(built[&network.output()])?)
    }
}

/// Of values in groups of `length`, those of the groups that are kept; behind the end of `kept` it starts over.
fn chosen(values: &[f32], length: usize, kept: &[bool]) -> Weights {
    let turns = values.chunks(length.max(1)).zip(kept.iter().cycle());
    turns.filter(|(_, kept)| **kept).flat_map(|(values, _)| values.iter().copied()).collect()
}

/// A linear layer with those of its results that are kept.
fn rows(operator: &Operator, kept: &[bool]) -> Operator {
    let outputs = kept.iter().filter(|&&kept| kept).count();
    let part = |values: &Weights| chosen(values, values.len() / kept.len(), kept);
    match operator {
        Operator::Dense(dense) => Operator::Dense(Dense {
            outputs,
            weights: part(&dense.weights),
            bias: dense.bias.as_ref().map(part),
            ..dense.clone()
        }),
        Operator::Convolution(convolution) => Operator::Convolution(Convolution {
            outputs,
            weights: part(&convolution.weights),
            bias: convolution.bias.as_ref().map(part),
            ..convolution.clone()
        }),
        other => other.clone(),
    }
}

/// A linear layer that takes what is kept.
fn columns(operator: &Operator, kept: &[bool]) -> Operator {
    let left = kept.iter().filter(|&&kept| kept).count();
    match operator {
        Operator::Dense(dense) => {
            // Behind a reshape each channel is a run of neurons.
            let run = dense.inputs / kept.len();
            Operator::Dense(Dense { inputs: left * run, weights: chosen(&dense.weights, run, kept), ..dense.clone() })
        }
        Operator::Convolution(convolution) => {
            let taps = convolution.window.kernel.iter().product::<usize>() * (convolution.inputs / kept.len());
            Operator::Convolution(Convolution {
                inputs: convolution.inputs / kept.len() * left,
                weights: chosen(&convolution.weights, taps, kept),
                ..convolution.clone()
            })
        }
        other => other.clone(),
    }
}
