//! Networks and small gate circuits as graphs of [petgraph], for its algorithms and its DOT output.

use kirchhoff_circuit::{Gate, GateCircuit, GateId};
use kirchhoff_network::Network;
use petgraph::graph::DiGraph;
use thiserror::Error;

/// A layer of a network, as a node of its graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerNode {
    /// Its name, which is also that of the tensor that it computes.
    pub name: String,
    /// What it computes, in words.
    pub operator: &'static str,
    /// The shape of the tensor, without the batch axis.
    pub shape: Vec<usize>,
}

/// The graph of a network: its layers, in an order in which arguments come first, and an edge from each argument to the layer
/// that takes it, with its position among the arguments. Nodes have the indices of the network's own
/// [`NodeId`](kirchhoff_network::NodeId)s.
///
/// ```
/// use kirchhoff::graphs::network_graph;
/// use kirchhoff::petgraph::algo::toposort;
///
/// let (network, _) = kirchhoff::embedded::digits()?;
/// let graph = network_graph(&network);
/// let order = toposort(&graph, None).map_err(|_| "a network has no cycles")?;
/// assert_eq!(order.iter().map(|&node| &graph[node].name[..]).collect::<Vec<_>>(), ["input", "0", "1", "2", "3", "4"]);
/// assert_eq!(graph[order[1]].shape, [300]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn network_graph(network: &Network) -> DiGraph<LayerNode, usize> {
    let mut graph = DiGraph::new();
    for (id, node) in network.nodes() {
        let layer = LayerNode { name: node.name.clone(), operator: node.operator.name(), shape: node.shape.clone() };
        let layer = graph.add_node(layer);
        for (position, argument) in network.arguments(id).into_iter().enumerate() {
            // Arguments come first, under the same index.
            graph.add_edge(argument, layer, position);
        }
    }
    graph
}

/// A gate of a circuit, as a node of its graph.
#[derive(Clone, Debug, PartialEq)]
pub enum GateNode {
    /// The semiring's 0.
    Zero,
    /// The semiring's 1.
    One,
    /// Θ of a contribution.
    Contribution {
        /// The name of the layer.
        layer: String,
        /// The contribution.
        d: f32,
    },
    /// A variable.
    Variable {
        /// Its name.
        name: String,
    },
    /// ⊕ of the gates that edges lead from.
    Plus,
    /// ⊗ of the gates that edges lead from, in the order of the edges' weights.
    Times,
}

/// A circuit of more gates and wires than a graph is wanted of.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "the circuit has {gates} gates and {wires} wires, more than the {limit} of both together that a graph may have: cut it to \
     fewer outputs, or raise the limit"
)]
pub struct GraphTooLarge {
    /// The circuit's gates.
    pub gates: usize,
    /// Its wires.
    pub wires: usize,
    /// The limit.
    pub limit: usize,
}

/// The graph of a gate circuit: its gates, children first, under the indices of their [`GateId`]s, and an edge from each child
/// to the gate that takes it, with its position among the children. Outputs are gates of
/// [`GateCircuit::outputs`].
///
/// # Errors
/// More gates and wires together than `limit`, or than a graph can number: a graph takes some 40 bytes each, ten times as many
/// as the circuit.
pub fn gate_graph(circuit: &GateCircuit, limit: usize) -> Result<DiGraph<GateNode, usize>, GraphTooLarge> {
    let size = circuit.size();
    if size.total() > limit.min(u32::MAX as usize - 1) {
        return Err(GraphTooLarge { gates: size.gates, wires: size.wires, limit });
    }
    let mut graph = DiGraph::with_capacity(size.gates, size.wires);
    for id in (0..size.gates).filter_map(GateId::new) {
        let node = graph.add_node(match circuit.gate(id) {
            Gate::Zero => GateNode::Zero,
            Gate::One => GateNode::One,
            Gate::Contribution { layer, d } => {
                GateNode::Contribution { layer: circuit.layers()[layer as usize].name.clone(), d }
            }
            Gate::Variable(number) => GateNode::Variable { name: circuit.variables()[number as usize].clone() },
            Gate::Plus(_) => GateNode::Plus,
            Gate::Times(_) => GateNode::Times,
        });
        for (position, child) in circuit.children(id).iter().enumerate() {
            graph.add_edge((child.index() as u32).into(), node, position);
        }
    }
    Ok(graph)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kirchhoff_explain::{GateOptions, Question, compile_gates, evaluate_gates};
    use kirchhoff_network::Execution;
    use petgraph::Direction;
    use petgraph::visit::EdgeRef;

    use super::*;
    use crate::embedded;

    #[test]
    fn layers_keep_their_names_and_arguments() {
        let network = embedded::model().unwrap().network;
        let graph = network_graph(&network);
        assert_eq!((graph.node_count(), graph.edge_count()), (6, 5));
        for (id, node) in network.nodes() {
            assert_eq!((&graph[id].name, &graph[id].shape), (&node.name, &node.shape));
            let found: Vec<_> = graph.edges_directed(id, Direction::Incoming).map(|edge| edge.source()).collect();
            assert_eq!(found, network.arguments(id));
        }
    }

    #[test]
    fn a_walk_over_the_graph_evaluates_the_circuit() {
        let (network, digits) = embedded::digits().unwrap();
        let execution = Execution::run(Arc::new(network), &digits.values[..784], 1, &()).unwrap();
        let mut question = Question::new("counting-float").unwrap();
        question.annotation = "threshold(0.05)".parse().unwrap();
        let options = GateOptions { prune: true, ..GateOptions::default() };
        let (circuit, notes) = compile_gates(&execution, &question, &options, &()).unwrap();
        let graph = gate_graph(&circuit, 1 << 20).unwrap();
        assert_eq!((graph.node_count(), graph.edge_count()), (circuit.gates(), circuit.wires()));
        let mut values = vec![0.0f64; graph.node_count()];
        for node in graph.node_indices() {
            let children = graph.edges_directed(node, Direction::Incoming).map(|edge| values[edge.source().index()]);
            values[node.index()] = match &graph[node] {
                GateNode::Zero => 0.0,
                // What is left of the edges is above the threshold.
                GateNode::One | GateNode::Contribution { .. } | GateNode::Variable { .. } => 1.0,
                GateNode::Plus => children.sum(),
                GateNode::Times => children.product(),
            };
        }
        let counts = evaluate_gates(&circuit, &notes, &question, &()).unwrap().tensors[0].values.to_f64();
        let walked: Vec<f64> = circuit.outputs().iter().map(|gate| values[gate.index()]).collect();
        assert!(counts.iter().any(|&count| count > 1.0));
        assert_eq!(walked, counts);

        let error = gate_graph(&circuit, 10).unwrap_err();
        assert_eq!((error.gates, error.limit), (circuit.gates(), 10));
        assert!(error.to_string().contains("raise the limit"));
    }
}
