//! Layered circuits: one wiring a layer, which knows its edges without storing them.

mod conditions;
mod contributions;
mod rule;

use std::borrow::Cow;
use std::ops::Range;

use kirchhoff_kernel::{Arithmetic, EdgeWeights, Edges, LayerEdges, Values, Weights, Wiring};
use thiserror::Error;

use crate::tensor_label;

pub use conditions::Conditions;
pub use contributions::{Absorbed, LayerContributions};
pub use rule::{Destinations, LayerRule, Normaliser, Part, RuleError, SeparableRule, Stabilised, Stabiliser};

/// The provenance circuit of a batch of executions of one network, in layered form.
///
/// It has one ⊕ gate a neuron and one ⊗ gate an edge (2.1.3), none of them stored: a [`Layer`] holds its wiring, its
/// weights and its rule, from which the contributions on the leaves follow when they are asked for. Annotations are
/// applied when the circuit is evaluated, so that one circuit serves every semiring.
#[derive(Clone, Debug)]
pub struct LayeredCircuit {
    batch: usize,
    tensors: Vec<Tensor>,
    layers: Vec<Layer>,
    inputs: Vec<TensorId>,
    output: TensorId,
    arithmetic: Arithmetic,
}

/// A tensor of a [`LayeredCircuit`], by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub u32);

impl TensorId {
    /// The number as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The neurons that relevance is computed for.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Name of the layer that computes it, or of the network's input.
    pub name: String,
    /// Shape, without the batch axis.
    pub shape: Vec<usize>,
    /// Activations of the batch, one execution after the other.
    pub activations: Values,
}

impl Tensor {
    /// Number of neurons of one execution.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

/// One layer: the edges that enter a tensor, and the rule that gives them contributions.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Name, as users address the layer.
    pub name: String,
    /// What the layer computes, in words.
    pub operator: Cow<'static, str>,
    /// The tensors that the edges come from; a residual addition or a concatenation has several.
    pub links: Vec<Link>,
    /// The tensor that they enter.
    pub destination: TensorId,
    /// One bias a channel, if any.
    pub bias: Option<Bias>,
    /// What the weights into each destination neuron are multiplied by, unless 1: in every execution, or one value a neuron
    /// and execution. Average pooling, and normalisation by what the input has.
    pub scale: Option<Values>,
    /// Whether the destination's activations are the sum of what enters it, bias included; not so for maximum
    /// pooling.
    pub linear: bool,
    /// The rule.
    pub rule: LayerRule,
    /// The rule as users write it.
    pub rule_name: String,
}

/// The edges of a layer that come from one tensor.
#[derive(Clone, Debug)]
pub struct Link {
    /// The tensor.
    pub source: TensorId,
    /// Which of its neurons are joined to which of the destination's.
    pub wiring: Wiring,
    /// The weights that the wiring indexes.
    pub weights: LinkWeights,
}

/// The weights of the edges of a link.
#[derive(Clone, Debug)]
pub enum LinkWeights {
    /// All are 1.
    One,
    /// Those of every execution.
    Shared(Weights),
    /// The activations of a tensor: the other factor of a product.
    Tensor(TensorId),
    /// Those of each execution, one after the other.
    Executions(Values),
}

impl From<Option<Weights>> for LinkWeights {
    fn from(weights: Option<Weights>) -> Self {
        weights.map_or(LinkWeights::One, LinkWeights::Shared)
    }
}

/// What is added to each channel of a tensor: it consists of parts of equal size, each of them of as many channels of
/// neighbouring neurons as there are values. Or what is added to each neuron in each execution.
#[derive(Clone, Debug)]
pub struct Bias {
    /// One value a channel, or one a neuron and execution, one execution after the other.
    pub values: Weights,
    /// Neurons of a part, all those of all executions where each has a value of its own; a bias a channel of an image has the whole tensor for its one part, that of a dense layer on the
    /// last axis has as many as there are outputs.
    pub part: usize,
}

/// Layers that do not make a circuit.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CircuitError {
    /// A layer or tensor whose sizes do not fit the others.
    #[error("layer '{layer}': {what} is {got}, should be {expected}")]
    Size {
        /// Name of the layer, or of the tensor.
        layer: String,
        /// What has the wrong size.
        what: &'static str,
        /// Its size.
        got: usize,
        /// The size that fits.
        expected: usize,
    },
    /// A layer that names a tensor that is not there, or one that does not come before its destination.
    #[error(
        "layer '{layer}' joins tensor {source_tensor} to tensor {destination}, but sources come before destinations and there are {tensors} tensors"
    )]
    Order {
        /// Name of the layer.
        layer: String,
        /// Number of the source tensor.
        source_tensor: u32,
        /// Number of the destination tensor.
        destination: u32,
        /// How many tensors there are.
        tensors: usize,
    },
    /// A rule that cannot be computed with.
    #[error("layer '{layer}', rule `{rule}`: {error}")]
    Rule {
        /// Name of the layer.
        layer: String,
        /// The rule as users write it.
        rule: String,
        /// What is wrong with it.
        error: RuleError,
    },
    /// Two layers into one tensor.
    #[error("two layers enter the tensor of layer '{0}'")]
    Shared(String),
    /// A layer into an input, where relevance ends.
    #[error("layer '{0}' enters an input, which nothing computes")]
    Input(String),
    /// No input, or one that is no tensor.
    #[error("tensors {inputs:?} should be the inputs: one at least, of {tensors} tensors")]
    Inputs {
        /// Their numbers.
        inputs: Vec<u32>,
        /// How many tensors there are.
        tensors: usize,
    },
}

impl LayeredCircuit {
    /// A circuit of the given tensors and layers. Tensors are in an order in which sources come before destinations;
    /// layers are brought into that order. Relevance ends at the inputs; the first is what a network of one input has.
    ///
    /// # Errors
    /// Sizes that do not fit, sources that do not come first, a rule that cannot be computed with, two layers into one
    /// tensor, or one into an input; no input.
    pub fn new(
        batch: usize,
        tensors: Vec<Tensor>,
        mut layers: Vec<Layer>,
        inputs: Vec<TensorId>,
        output: TensorId,
    ) -> Result<Self, CircuitError> {
        if inputs.is_empty() || inputs.iter().any(|input| input.index() >= tensors.len()) {
            let inputs = inputs.iter().map(|input| input.0).collect();
            return Err(CircuitError::Inputs { inputs, tensors: tensors.len() });
        }
        for tensor in &tensors {
            check_size(&tensor.name, "number of activations", tensor.activations.len(), batch * tensor.size())?;
        }
        layers.sort_by_key(|layer| layer.destination);
        for layer in &layers {
            let wrong_rule =
                |error| CircuitError::Rule { layer: layer.name.clone(), rule: layer.rule_name.clone(), error };
            layer.rule.check().map_err(wrong_rule)?;
            let order = |source: TensorId| CircuitError::Order {
                layer: layer.name.clone(),
                source_tensor: source.0,
                destination: layer.destination.0,
                tensors: tensors.len(),
            };
            for link in &layer.links {
                if link.source >= layer.destination || layer.destination.index() >= tensors.len() {
                    return Err(order(link.source));
                }
                let (source, destination) = (&tensors[link.source.index()], &tensors[layer.destination.index()]);
                let (weights, expected) = match &link.weights {
                    LinkWeights::One => (0, link.wiring.weights()),
                    LinkWeights::Shared(weights) => (weights.len(), link.wiring.weights()),
                    LinkWeights::Executions(weights) => (weights.len(), batch * link.wiring.weights()),
                    LinkWeights::Tensor(tensor) if *tensor >= layer.destination => return Err(order(*tensor)),
                    LinkWeights::Tensor(tensor) => (tensors[tensor.index()].size(), link.wiring.weights()),
                };
                check_size(&layer.name, "size of the source", source.size(), link.wiring.sources())?;
                check_size(&layer.name, "size of the destination", destination.size(), link.wiring.destinations())?;
                check_size(&layer.name, "number of weights", weights, expected)?;
                layer.rule.check_source(source.size()).map_err(wrong_rule)?;
            }
            let size = tensors[layer.destination.index()].size();
            if let Some(scale) = layer.scale.as_ref().filter(|scale| scale.len() != batch * size) {
                check_size(&layer.name, "number of scales", scale.len(), size)?;
            }
            if let Some(Bias { values, part }) = &layer.bias {
                let fits = |count: usize, of: usize| count > 0 && of.is_multiple_of(count);
                let is_own = *part == batch * size && values.len() == *part;
                if !is_own && (!fits(*part, size) || !fits(values.len(), *part)) {
                    check_size(
                        &layer.name,
                        "number of biases",
                        values.len(),
                        tensors[layer.destination.index()].shape.first().copied().unwrap_or(1),
                    )?;
                }
            }
        }
        if let Some(pair) = layers.windows(2).find(|pair| pair[0].destination == pair[1].destination) {
            return Err(CircuitError::Shared(pair[1].name.clone()));
        }
        if let Some(layer) = layers.iter().find(|layer| inputs.contains(&layer.destination)) {
            return Err(CircuitError::Input(layer.name.clone()));
        }
        Ok(LayeredCircuit { batch, tensors, layers, inputs, output, arithmetic: Arithmetic::default() })
    }

    /// The same circuit, in which normalisers and real relevance are computed in a given way. It is not stored.
    #[must_use]
    pub fn with_arithmetic(self, arithmetic: Arithmetic) -> Self {
        LayeredCircuit { arithmetic, ..self }
    }

    /// How sums of products are computed.
    pub fn arithmetic(&self) -> Arithmetic {
        self.arithmetic
    }

    /// The number of executions.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The circuit of some of the executions, from 0.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn part(&self, executions: Range<usize>) -> Self {
        let part = |tensor: &Tensor| {
            let size = tensor.size();
            let activations = tensor.activations[executions.start * size..executions.end * size].into();
            Tensor { activations, ..tensor.clone() }
        };
        let own = |values: &Values| -> Values {
            let size = values.len() / self.batch.max(1);
            values[executions.start * size..executions.end * size].into()
        };
        let layer = |layer: &Layer| {
            let mut layer = layer.clone();
            let size = self.tensor(layer.destination).size();
            if let Some(bias) = layer.bias.as_mut().filter(|bias| bias.part > size) {
                *bias = Bias { values: own(&bias.values), part: executions.len() * size };
            }
            layer.scale = layer.scale.map(|scale| if scale.len() == size { scale } else { own(&scale) });
            for link in &mut layer.links {
                if let LinkWeights::Executions(weights) = &link.weights {
                    link.weights = LinkWeights::Executions(own(weights));
                }
            }
            layer
        };
        LayeredCircuit {
            batch: executions.len(),
            tensors: self.tensors.iter().map(part).collect(),
            layers: self.layers.iter().map(layer).collect(),
            ..self.clone()
        }
    }

    /// The same circuit where explanations start from another tensor: a hidden layer's, of which the layers behind it have no
    /// part in relevance.
    pub fn starting_at(&self, output: TensorId) -> Self {
        LayeredCircuit { output, ..self.clone() }
    }

    /// What the output neurons of one execution have computed.
    ///
    /// # Panics
    /// If there is no such execution.
    pub fn outputs(&self, execution: usize) -> &[f32] {
        let output = self.tensor(self.output);
        &output.activations[execution * output.size()..(execution + 1) * output.size()]
    }

    /// The tensors, sources before destinations.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// A tensor.
    pub fn tensor(&self, id: TensorId) -> &Tensor {
        &self.tensors[id.index()]
    }

    /// The tensor of a name.
    pub fn find(&self, name: &str) -> Option<TensorId> {
        self.tensors.iter().position(|tensor| tensor.name == name).map(|index| TensorId(index as u32))
    }

    /// The tensor of a name, or else the one whose neurons are [called](tensor_label) so: `x`, `h1`.
    pub fn find_labelled(&self, name: &str) -> Option<TensorId> {
        let label = || self.tensors.iter().position(|tensor| tensor_label(&tensor.name) == name);
        self.find(name).or_else(|| label().map(|index| TensorId(index as u32)))
    }

    /// The layers, from input to output.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The tensors that explanations end at.
    pub fn inputs(&self) -> &[TensorId] {
        &self.inputs
    }

    /// The first of the tensors that explanations end at: the only one, of most networks.
    pub fn input(&self) -> TensorId {
        self.inputs[0]
    }

    /// The tensor that explanations start from.
    pub fn output(&self) -> TensorId {
        self.output
    }

    /// The number of edges of one execution: its ⊗ gates.
    pub fn edges(&self) -> u64 {
        self.layers.iter().map(Layer::edges).sum()
    }

    /// The edges of a link of a layer, by its number, in all executions, given the layer's contributions.
    pub fn edges_of<'a>(
        &'a self,
        layer: &'a Layer,
        link: usize,
        contributions: &'a LayerContributions,
    ) -> LayerEdges<'a> {
        let Link { source, wiring, weights } = &layer.links[link];
        LayerEdges {
            wiring,
            weights: self.weights(weights),
            activations: &self.tensor(*source).activations,
            contributions: contributions.edges(link),
            batch: self.batch,
            arithmetic: self.arithmetic,
        }
    }

    /// The weights of a link in all executions.
    pub(crate) fn weights<'a>(&'a self, weights: &'a LinkWeights) -> EdgeWeights<'a> {
        match weights {
            LinkWeights::One => EdgeWeights::One,
            LinkWeights::Shared(weights) => EdgeWeights::Shared(weights),
            LinkWeights::Tensor(tensor) => EdgeWeights::Executions(&self.tensor(*tensor).activations),
            LinkWeights::Executions(weights) => EdgeWeights::Executions(weights),
        }
    }

    /// The edges of a link of a layer, by its number, in one execution, given the layer's contributions.
    pub fn edges_in<'a>(
        &'a self,
        layer: &'a Layer,
        link: usize,
        contributions: &'a LayerContributions,
        execution: usize,
    ) -> Edges<'a> {
        self.edges_of(layer, link, contributions).execution(execution)
    }
}

impl Layer {
    /// The same layer with weights on its first link.
    ///
    /// # Panics
    /// If it has no links.
    pub fn with_weights(mut self, weights: impl Into<Weights>) -> Self {
        self.links[0].weights = LinkWeights::Shared(weights.into());
        self
    }

    /// The number of edges of one execution.
    pub fn edges(&self) -> u64 {
        self.links.iter().map(|link| link.wiring.edges()).sum()
    }

    /// The position of the first source neuron of a link, where those of all links are counted one after the other.
    pub(crate) fn first_source(&self, link: usize) -> usize {
        self.links[..link].iter().map(|link| link.wiring.sources()).sum()
    }

    /// Whether edges pass relevance or are none, as the execution decides.
    pub fn chooses(&self) -> bool {
        self.rule.chooses()
    }

    /// Whether an annotation applies to the layer's edges: they do not just pass relevance on.
    pub fn is_annotated(&self) -> bool {
        matches!(self.rule, LayerRule::Separable(_))
    }
}

fn check_size(layer: &str, what: &'static str, got: usize, expected: usize) -> Result<(), CircuitError> {
    if got == expected { Ok(()) } else { Err(CircuitError::Size { layer: layer.to_string(), what, got, expected }) }
}
