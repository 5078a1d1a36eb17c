//! From an execution to a layered circuit.

use std::sync::Arc;

use kirchhoff_circuit::{Layer, LayeredCircuit, Link, Tensor, TensorId};
use kirchhoff_kernel::{Values, Wiring};
use kirchhoff_network::{Execution, LayerKind, Network, Node, NodeId};

use crate::assignment::Assignment;
use crate::error::CompileError;
use crate::rule::Rule;
use crate::rules::Bounds;

/// Compiles an execution into its provenance circuit under the given rules.
///
/// Takes time in the number of layers: weights and activations are shared with the execution, and normalisers are
/// computed when the circuit is evaluated.
///
/// # Errors
/// Rules that do not fit the network's layers, bounds that do not fit its channels, or a softmax in the network.
pub fn compile(execution: &Execution, assignment: &Assignment) -> Result<LayeredCircuit, CompileError> {
    circuit(execution.network(), assignment, execution.batch(), |node| execution.activations(node).clone())
}

/// Compiles a network into the provenance circuit of no execution: it has the tensors and layers, with their rules, of the
/// circuit of any execution, and so says what layers there are to name, to annotate and to keep.
///
/// Takes time in the number of layers, as [`compile`] does.
///
/// # Errors
/// As for [`compile`].
pub fn compile_shape(network: &Network, assignment: &Assignment) -> Result<LayeredCircuit, CompileError> {
    circuit(network, assignment, 0, |_| Values::from([]))
}

/// The circuit of a batch of executions, of which the activations of each node are given.
fn circuit(
    network: &Network,
    assignment: &Assignment,
    batch: usize,
    activations: impl Fn(NodeId) -> Values,
) -> Result<LayeredCircuit, CompileError> {
    let rules = assignment.resolve(network)?;
    let tensors: Vec<Tensor> = network
        .nodes()
        .map(|(id, node)| Tensor { name: node.name.clone(), shape: node.shape.clone(), activations: activations(id) })
        .collect();
    let layers: Vec<Layer> = network
        .nodes()
        .zip(rules)
        .filter(|((id, _), _)| *id != network.input())
        .map(|((id, node), rule)| layer(network, id, node, &rule, assignment))
        .collect::<Result<_, _>>()?;
    Ok(LayeredCircuit::new(batch, tensors, layers, tensor(network.input()), tensor(network.output()))?)
}

fn tensor(node: NodeId) -> TensorId {
    TensorId(node.index() as u32)
}

fn layer(
    network: &Network,
    id: NodeId,
    node: &Node,
    rule: &Rule,
    assignment: &Assignment,
) -> Result<Layer, CompileError> {
    if node.operator.kind() == LayerKind::Softmax {
        return Err(CompileError::Softmax(node.name.clone()));
    }
    let arguments = network.arguments(id);
    let edges = network.links(id);
    // All links of a layer share its weights: where there are any, there is one link.
    let weights = edges.iter().find_map(|link| link.weights.clone());
    let link = |link: kirchhoff_network::Link| Link { source: tensor(arguments[link.argument]), wiring: link.wiring };
    let links: Vec<Link> = edges.into_iter().map(link).collect();
    // A layer that passes has no use for weights, but its wiring may index them.
    let (weights, links) = if *rule == Rule::PASS { (None, unweighted(links)) } else { (weights, links) };
    let source_shape = &network.node(arguments[0]).shape;
    let bounds = bounds(rule, node, source_shape, assignment)?;
    Ok(Layer {
        name: node.name.clone(),
        operator: node.operator.name().into(),
        scale: scale(node, &links[0].wiring, rule),
        linear: node.operator.kind() != LayerKind::MaximumPooling,
        links,
        destination: tensor(id),
        weights,
        bias: if *rule == Rule::PASS { None } else { node.operator.bias().cloned() },
        rule: rule.layer_rule(&bounds),
        rule_name: rule.to_string(),
    })
}

/// Wirings of a layer that passes: per-channel factors join equal positions.
fn unweighted(links: Vec<Link>) -> Vec<Link> {
    let identity = |link: Link| match link.wiring {
        Wiring::Convolution(_) => {
            Link { wiring: Wiring::Identity { size: link.wiring.sources() }, source: link.source }
        }
        _ => link,
    };
    links.into_iter().map(identity).collect()
}

/// One over the number of members of each window, for pools that are averaged.
fn scale(node: &Node, wiring: &Wiring, rule: &Rule) -> Option<Arc<[f32]>> {
    if *rule == Rule::WINNER {
        return None;
    }
    let divisors = node.operator.divisors(wiring)?;
    Some(divisors.into_iter().map(|divisor| 1.0 / divisor).collect())
}

/// The bounds of the layer's source, one for all or one a channel, for a rule that takes them.
fn bounds(rule: &Rule, node: &Node, source_shape: &[usize], assignment: &Assignment) -> Result<Bounds, CompileError> {
    if !rule.takes_bounds() {
        return Ok(Bounds::default());
    }
    let (low, high) = (&assignment.bounds.low, &assignment.bounds.high);
    let size: usize = source_shape.iter().product();
    let channels = source_shape[0];
    // A flattened image is a vector whose equal parts are its channels.
    let fits = |count: usize| count == channels || (count > 0 && source_shape.len() == 1 && size.is_multiple_of(count));
    let count = low.len().max(high.len());
    let broadcast = |bounds: &[f32]| if bounds.len() == 1 { vec![bounds[0]; count] } else { bounds.to_vec() };
    let (low_values, high_values) = (broadcast(low), broadcast(high));
    let ordered = low_values.iter().zip(&high_values).all(|(low, high)| low <= high);
    if low_values.len() != high_values.len() || !(count == 1 || fits(count)) || !ordered {
        return Err(CompileError::Bounds { layer: node.name.clone(), channels, low: low.len(), high: high.len() });
    }
    Ok(Bounds { low: low_values.into(), high: high_values.into() })
}
