//! Layered circuits: one wiring a layer, which knows its edges without storing them.

mod contributions;
mod rule;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use kirchhoff_kernel::{Edges, LayerEdges, Values, Weights, Wiring};
use thiserror::Error;

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
    input: TensorId,
    output: TensorId,
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
    /// The weights that the wiring indexes, unless all are 1.
    pub weights: Option<Weights>,
    /// One bias a channel, if any.
    pub bias: Option<Weights>,
    /// What the weights into each destination neuron are multiplied by, unless 1; positive. Average pooling.
    pub scale: Option<Arc<[f32]>>,
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
    /// A layer into the input, where relevance ends.
    #[error("layer '{0}' enters the input, which nothing computes")]
    Input(String),
}

impl LayeredCircuit {
    /// A circuit of the given tensors and layers. Tensors are in an order in which sources come before destinations;
    /// layers are brought into that order.
    ///
    /// # Errors
    /// Sizes that do not fit, sources that do not come first, a rule that cannot be computed with, two layers into one
    /// tensor, or one into the input.
    pub fn new(
        batch: usize,
        tensors: Vec<Tensor>,
        mut layers: Vec<Layer>,
        input: TensorId,
        output: TensorId,
    ) -> Result<Self, CircuitError> {
        for tensor in &tensors {
            check_size(&tensor.name, "number of activations", tensor.activations.len(), batch * tensor.size())?;
        }
        layers.sort_by_key(|layer| layer.destination);
        for layer in &layers {
            let wrong_rule =
                |error| CircuitError::Rule { layer: layer.name.clone(), rule: layer.rule_name.clone(), error };
            layer.rule.check().map_err(wrong_rule)?;
            for link in &layer.links {
                if link.source >= layer.destination || layer.destination.index() >= tensors.len() {
                    return Err(CircuitError::Order {
                        layer: layer.name.clone(),
                        source_tensor: link.source.0,
                        destination: layer.destination.0,
                        tensors: tensors.len(),
                    });
                }
                let (source, destination) = (&tensors[link.source.index()], &tensors[layer.destination.index()]);
                let weights = layer.weights.as_ref().map_or(0, |weights| weights.len());
                check_size(&layer.name, "size of the source", source.size(), link.wiring.sources())?;
                check_size(&layer.name, "size of the destination", destination.size(), link.wiring.destinations())?;
                check_size(&layer.name, "number of weights", weights, link.wiring.weights())?;
                layer.rule.check_source(source.size()).map_err(wrong_rule)?;
            }
            let size = tensors[layer.destination.index()].size();
            if let Some(scale) = &layer.scale {
                check_size(&layer.name, "number of scales", scale.len(), size)?;
            }
            if let Some(bias) = layer.bias.as_ref().filter(|bias| bias.is_empty() || !size.is_multiple_of(bias.len())) {
                // A scalar has one neuron, and an empty bias fits nothing.
                let channels = tensors[layer.destination.index()].shape.first().copied().unwrap_or(1);
                check_size(&layer.name, "number of biases", bias.len(), channels)?;
            }
        }
        if let Some(pair) = layers.windows(2).find(|pair| pair[0].destination == pair[1].destination) {
            return Err(CircuitError::Shared(pair[1].name.clone()));
        }
        if let Some(layer) = layers.iter().find(|layer| layer.destination == input) {
            return Err(CircuitError::Input(layer.name.clone()));
        }
        Ok(LayeredCircuit { batch, tensors, layers, input, output })
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
        LayeredCircuit { batch: executions.len(), tensors: self.tensors.iter().map(part).collect(), ..self.clone() }
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

    /// The layers, from input to output.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The tensor that explanations end at.
    pub fn input(&self) -> TensorId {
        self.input
    }

    /// The tensor that explanations start from.
    pub fn output(&self) -> TensorId {
        self.output
    }

    /// The number of edges of one execution: its ⊗ gates.
    pub fn edges(&self) -> u64 {
        self.layers.iter().map(Layer::edges).sum()
    }

    /// The edges of one link of a layer in all executions, given the layer's contributions.
    pub fn edges_of<'a>(
        &'a self,
        layer: &'a Layer,
        link: &'a Link,
        contributions: &'a LayerContributions,
    ) -> LayerEdges<'a> {
        LayerEdges {
            wiring: &link.wiring,
            weights: layer.weights.as_ref(),
            activations: &self.tensor(link.source).activations,
            contributions: contributions.edges(),
            batch: self.batch,
        }
    }

    /// The edges of one link of a layer in one execution, given the layer's contributions.
    pub fn edges_in<'a>(
        &'a self,
        layer: &'a Layer,
        link: &'a Link,
        contributions: &'a LayerContributions,
        execution: usize,
    ) -> Edges<'a> {
        self.edges_of(layer, link, contributions).execution(execution)
    }
}

impl Layer {
    /// The number of edges of one execution.
    pub fn edges(&self) -> u64 {
        self.links.iter().map(|link| link.wiring.edges()).sum()
    }

    /// The position of the first source neuron of a link, where those of all links are counted one after the other.
    pub(crate) fn first_source(&self, link: usize) -> usize {
        self.links[..link].iter().map(|link| link.wiring.sources()).sum()
    }

    /// Whether an annotation applies to the layer's edges: they do not just pass relevance on.
    pub fn is_annotated(&self) -> bool {
        self.rule != LayerRule::Pass
    }
}

fn check_size(layer: &str, what: &'static str, got: usize, expected: usize) -> Result<(), CircuitError> {
    if got == expected { Ok(()) } else { Err(CircuitError::Size { layer: layer.to_string(), what, got, expected }) }
}
