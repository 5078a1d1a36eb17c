//! From an execution to a layered circuit.

use kirchhoff_circuit::{Bias, Layer, LayerRule, LayeredCircuit, Link, LinkWeights, Tensor, TensorId};
use kirchhoff_kernel::{
    Axes, AxisEdges, EdgeWeights, Forward, Reduction, Slopes, SourceFactor, Values, WeightFactor, Wiring,
};
use kirchhoff_network::{Execution, LayerKind, Network, Node, NodeId, Operator};

use crate::assignment::Assignment;
use crate::error::CompileError;
use crate::rule::Rule;
use crate::rules::Bounds;
use crate::treatment::{self, Treatment};

/// Compiles an execution into its provenance circuit under the given rules.
///
/// Takes time in the number of layers: weights and activations are shared with the execution, and normalisers are
/// computed when the circuit is evaluated.
///
/// # Errors
/// Rules that do not fit the network's layers, or bounds that do not fit its channels.
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
    let mut layers: Vec<Layer> = network
        .nodes()
        .zip(rules)
        .filter(|((_, node), _)| !matches!(node.operator, Operator::Input(_) | Operator::Constant(_)))
        .map(|((id, node), rule)| {
            Making { network, assignment, id, node, batch, activations: &activations }.layer(&rule)
        })
        .collect::<Result<_, _>>()?;
    // What is computed from given inputs has a layer only on the way from an embedding to its tokens.
    let mut reached = vec![false; network.nodes().len()];
    reached[network.output().index()] = true;
    for layer in layers.iter().rev() {
        if reached[layer.destination.index()] {
            layer.links.iter().for_each(|link| reached[link.source.index()] = true);
        }
    }
    let is_given = |id: TensorId| network.is_given(NodeId::new(id.index()));
    layers.retain(|layer| reached[layer.destination.index()] || !is_given(layer.destination));
    let gets_relevance = |input: &&NodeId| !network.is_given(**input) || reached[input.index()];
    let inputs = network.inputs().iter().filter(gets_relevance).map(|&input| tensor(input)).collect();
    let circuit = LayeredCircuit::new(batch, tensors, layers, inputs, tensor(network.output()))?;
    Ok(circuit.with_arithmetic(network.arithmetic()))
}

fn tensor(node: NodeId) -> TensorId {
    TensorId(node.index() as u32)
}

/// A layer about to be made of a node.
struct Making<'a> {
    network: &'a Network,
    assignment: &'a Assignment,
    id: NodeId,
    node: &'a Node,
    batch: usize,
    activations: &'a dyn Fn(NodeId) -> Values,
}

impl Making<'_> {
    fn layer(&self, rule: &Rule) -> Result<Layer, CompileError> {
        let Making { network, id, node, .. } = *self;
        let arguments = network.arguments(id);
        let treatment = self.assignment.treatment(network, id);
        let bounds = bounds(rule, node, &network.node(arguments[0]).shape, self.assignment)?;
        let mut layer_rule = rule.layer_rule(&bounds);
        match treatment {
            Some(Treatment::Halves) => layer_rule = treatment::halves(),
            Some(Treatment::Taylor) => layer_rule = treatment::taylor(&layer_rule),
            Some(Treatment::Signal(_) | Treatment::Nothing | Treatment::Identity) => layer_rule = LayerRule::Pass,
            Some(Treatment::Factor(_)) | None => {}
        }
        if node.operator.kind() == (LayerKind::Extreme { maximum: false }) {
            layer_rule = LayerRule::Least;
        }
        if node.operator.kind() == LayerKind::Conditional {
            layer_rule = LayerRule::Chosen;
        }
        let passes = layer_rule == LayerRule::Pass;
        let links = network.links(id).into_iter().filter(|link| match treatment {
            Some(Treatment::Signal(factor) | Treatment::Factor(factor)) => link.argument == factor,
            Some(Treatment::Nothing) => false,
            _ => true,
        });
        let (links, given): (Vec<_>, Vec<_>) = links.partition(|link| self.takes(arguments[link.argument]));
        // A layer that passes has no use for weights.
        let links: Vec<Link> = links.into_iter().map(|link| self.link(&arguments, link, passes)).collect();
        let is_sum = !passes && computes_sums(node.operator.kind(), treatment);
        let bias = if is_sum { self.bias(&arguments, &given) } else { None };
        let factors = if passes { None } else { network.factors(id, self.activations) };
        Ok(Layer {
            name: node.name.clone(),
            operator: node.operator.name().into(),
            scale: factors.map(Values::from).or_else(|| scale(node, links.first()?, &layer_rule)),
            linear: computes_sums(node.operator.kind(), treatment),
            links,
            destination: tensor(id),
            bias,
            rule: layer_rule,
            rule_name: treatment.and_then(Treatment::name).map_or_else(|| rule.to_string(), str::to_string),
        })
    }

    /// Whether relevance goes to an argument: not to one that is a constant of the execution, unless it is on the way to tokens.
    fn takes(&self, argument: NodeId) -> bool {
        let looks_up = matches!(self.node.operator, Operator::Embedding(_));
        looks_up || !self.network.is_given(argument) || self.network.is_given(self.id)
    }

    /// What is added to the sums of the other links: the operator's own bias, and what comes by links from constants of the
    /// execution.
    fn bias(&self, arguments: &[NodeId], given: &[kirchhoff_network::Link]) -> Option<Bias> {
        let Making { network, id, .. } = *self;
        let own = self.node.operator.bias().map(|values| Bias { values: values.clone(), part: network.bias_part(id) });
        if given.is_empty() || self.batch == 0 {
            return own;
        }
        let size = network.size(id);
        let mut sums = vec![0.0; self.batch * size];
        if let Some(Bias { values, part }) = &own {
            let channel = part / values.len();
            sums.iter_mut().enumerate().for_each(|(at, sum)| *sum = values[at % part / channel]);
        }
        let mut products = vec![0.0; sums.len()];
        for link in given {
            let weights = match &link.weights {
                kirchhoff_network::LinkWeights::Shared(weights) => EdgeWeights::Shared(weights),
                _ => EdgeWeights::One,
            };
            let identity = SourceFactor::Activation(Slopes::IDENTITY);
            let forward = Forward {
                wiring: &link.wiring,
                weights,
                source: &identity,
                weight: WeightFactor::IDENTITY,
                reduction: Reduction::Sum,
                bias: None,
                arithmetic: network.arithmetic(),
            };
            // Nobody cancels what takes a pass over a tensor.
            let activations = (self.activations)(arguments[link.argument]);
            if forward.run(&activations, &mut products, &()).is_ok() {
                sums.iter_mut().zip(&products).for_each(|(sum, product)| *sum += product);
            }
        }
        Some(Bias { part: sums.len(), values: sums.into() })
    }

    fn link(&self, arguments: &[NodeId], link: kirchhoff_network::Link, passes: bool) -> Link {
        let source = tensor(arguments[link.argument]);
        if passes {
            return Link { source, wiring: unweighted(link.wiring), weights: LinkWeights::One };
        }
        let weights = match link.weights {
            kirchhoff_network::LinkWeights::One => LinkWeights::One,
            kirchhoff_network::LinkWeights::Shared(weights) => LinkWeights::Shared(weights),
            kirchhoff_network::LinkWeights::Argument(argument) => LinkWeights::Tensor(tensor(arguments[argument])),
            kirchhoff_network::LinkWeights::Where { condition, holds } => {
                let condition = (self.activations)(arguments[condition]);
                let weight = |value: &f32| f32::from(u8::from((*value != 0.0) == holds));
                LinkWeights::Executions(condition.iter().map(weight).collect())
            }
            kirchhoff_network::LinkWeights::Softmax => {
                let (inputs, shares) = ((self.activations)(arguments[0]), (self.activations)(self.id));
                // What a mask has taken far below every number takes no part.
                let weights = |(input, share): (&f32, &f32)| {
                    if *input < MASKED { [0.0; 2] } else { [1.0 - share, -share] }
                };
                LinkWeights::Executions(inputs.iter().zip(shares.iter()).flat_map(weights).collect())
            }
        };
        Link { source, wiring: link.wiring, weights }
    }
}

/// Inputs of a softmax below this are masked: infinities are read as the largest numbers, to which others are added.
const MASKED: f32 = f32::MIN / 4.0;

/// Whether a node's values are the sums of what enters it by the links of its layer, bias included.
fn computes_sums(kind: LayerKind, treatment: Option<Treatment>) -> bool {
    match kind {
        LayerKind::MaximumPooling
        | LayerKind::Extreme { .. }
        | LayerKind::Conditional
        | LayerKind::Product
        | LayerKind::Softmax => false,
        LayerKind::MatrixProduct => treatment.is_some(),
        _ => true,
    }
}

/// The wiring of a layer that passes, without weights: per-channel factors join equal positions, and so does what is left of
/// a normalisation without its mean.
fn unweighted(wiring: Wiring) -> Wiring {
    match wiring {
        Wiring::Convolution(_) => Wiring::Identity { size: wiring.sources() },
        Wiring::Axes(axes) if axes.has_weights() => match wiring_of_places(&axes) {
            Some(size) => Wiring::Identity { size },
            None => Wiring::Axes(axes.unweighted()),
        },
        wiring => wiring,
    }
}

/// The number of neurons where each has an edge to its own place.
fn wiring_of_places(axes: &Axes) -> Option<usize> {
    let same = |axis: &kirchhoff_kernel::Axis| {
        matches!(axis.edges, AxisEdges::Same { .. } | AxisEdges::Pairs { .. })
            && axis.source_step == axis.destination_step
    };
    axes.axes().iter().all(same).then(|| axes.axes().iter().map(|axis| axis.edges.sources()).product())
}

/// One over the number of members of each window, for what is averaged.
fn scale(node: &Node, link: &Link, rule: &LayerRule) -> Option<Values> {
    if !matches!(rule, LayerRule::Separable(_)) {
        return None;
    }
    let divisors = node.operator.divisors(&link.wiring)?;
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
