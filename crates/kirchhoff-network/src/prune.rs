//! Networks with some of a layer's neurons or filters removed.

use std::collections::HashMap;

use kirchhoff_kernel::Weights;
use thiserror::Error;

use crate::network::{Network, NetworkBuilder, NetworkError, NodeId};
use crate::operators::{Operator, Pruning};

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
        let Some(neurons) = node.operator.operation().neurons() else {
            return Err(PruneError::Layer { name: node.name.clone(), operator: node.operator.name() });
        };
        let mut prunable = Prunable { layer, neurons, silenced: layer, passing: Vec::new(), consumers: Vec::new() };
        let mut tail = true;
        while tail {
            let mut users = network.users(prunable.silenced);
            match (users.next(), users.next()) {
                (Some(user), None) if is_function(network, user) => {
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
                match operator.operation().pruning(neurons) {
                    Pruning::Weighs => prunable.consumers.push(user),
                    Pruning::Passes => {
                        prunable.passing.push(user);
                        open.push(user);
                    }
                    Pruning::Refuses => {
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
        if !kept.contains(&true) {
            return Err(PruneError::All(network.node(self.layer).name.clone()));
        }
        let mut builder = NetworkBuilder::new();
        let mut built: HashMap<NodeId, NodeId> = HashMap::new();
        for (id, node) in network.nodes() {
            let operation = node.operator.operation();
            let changed = if id == self.layer {
                operation.with_results(&kept)
            } else if self.consumers.contains(&id) || self.passing.contains(&id) {
                operation.with_sources(&kept)
            } else {
                None
            };
            let new = if let Operator::Input(input) = node.operator {
                builder.input_of(input, node.name.clone(), &node.shape)?
            } else {
                let operator = changed.unwrap_or_else(|| node.operator.clone());
                let arguments: Vec<NodeId> = network.arguments(id).iter().map(|argument| built[argument]).collect();
                builder.add(node.name.clone(), operator, &arguments)?
            };
            built.insert(id, new);
        }
        let outputs: Vec<NodeId> = network.outputs().iter().map(|output| built[output]).collect();
        Ok(builder.finish_all(&outputs)?.with_arithmetic(network.arithmetic()))
    }
}

/// Whether a node gives its only argument's values, or functions of them.
fn is_function(network: &Network, node: NodeId) -> bool {
    let operation = network.node(node).operator.operation();
    operation.keeps_places() && !operation.is_reshape()
}

/// The parts of `length` values that are kept, of as many as `kept` says, over and over.
pub(crate) fn chosen(values: &[f32], length: usize, kept: &[bool]) -> Weights {
    let turns = values.chunks(length.max(1)).zip(kept.iter().cycle());
    turns.filter(|(_, kept)| **kept).flat_map(|(values, _)| values.iter().copied()).collect()
}
