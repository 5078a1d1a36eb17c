//! The strongest paths: by gates, and by layers at any size.

use std::collections::HashMap;

use kirchhoff_circuit::{
    Gate, GateCircuit, LayeredCircuit, TensorId, edge_name, neuron_name, neuron_position, neurons_at, tensor_label,
};
use kirchhoff_evaluate::Annotations;
use kirchhoff_formula::output_names;
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::{Monomial, Overflow, Real, Semiring, TopK, Variable};
use serde::Serialize;

use super::AskError;
use crate::explain::{ExplainError, GateNotes, Question, symbolic_values};

/// The strongest paths to an output.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutputPaths {
    /// The output's name.
    pub name: String,
    /// The paths, the strongest first.
    pub paths: Vec<RelevancePath>,
}

/// A path from a target to an output.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RelevancePath {
    /// The product of the weights of the edges and of what the target starts with, in the semiring: in `[0, 1]` by gates.
    pub weight: f64,
    /// The edges that take an annotation, from target to input; of gates, those with variables.
    pub edges: Vec<PathEdge>,
    /// The neurons that it goes through, from input to target: known where it was found in layers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub neurons: Vec<PathNeuron>,
}

/// A neuron on a path.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathNeuron {
    /// Its name, `h1[17]`.
    pub name: String,
    /// The layer that computes it, or the input.
    pub layer: String,
    /// The shape of what that computes.
    pub shape: Vec<usize>,
    /// Its number, in row-major order.
    pub neuron: usize,
    /// Whether the edge that leads here takes an annotation: edges that only pass relevance on do not, and none leads to the
    /// first.
    pub annotated: bool,
    /// The position of the layer's tensor in the circuit, in which sources come before destinations.
    #[serde(skip)]
    pub place: usize,
}

/// An edge of a path.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathEdge {
    /// Its variable: `w2[17→4]` leads from neuron 17 to neuron 4.
    pub name: String,
    /// What Θ makes of its contribution; 1 at most, by gates.
    pub weight: f64,
}

/// The `k` strongest paths to each output, from a fold over [`TopK`], by the weights that the question's Θ gives to
/// contributions. The circuit has variables on its edges.
///
/// # Errors
/// Annotations that do not fit, targets that count against others, or cancellation.
pub fn strongest_paths(
    circuit: &GateCircuit,
    notes: &GateNotes,
    question: &Question,
    k: usize,
    monitor: &dyn Monitor,
) -> Result<Vec<OutputPaths>, AskError> {
    let semiring = TopK::new(k);
    // The best path alone has a difference, but it is none of sets of paths.
    if let Some(against) = notes.targets.iter().find(|target| target.sign < 0.0) {
        return Err(ExplainError::Difference { variable: against.variable.clone() }.into());
    }
    let values = symbolic_values(circuit, notes, &semiring, question, monitor)?;
    let weights = weights(circuit, &notes.admit(circuit, question, semiring.laws())?);
    let edge = |variable: Variable| PathEdge {
        name: circuit.variables()[variable.0 as usize].clone(),
        weight: weights.get(&variable.0).copied().unwrap_or(1.0),
    };
    let edges = |monomial: &Monomial| {
        let factors = monomial.factors().iter();
        factors.flat_map(|&(variable, times)| (0..times).map(move |_| edge(variable))).collect()
    };
    let path = |path: &kirchhoff_semiring::Path| RelevancePath {
        weight: path.weight(),
        edges: edges(path.monomial()),
        neurons: Vec::new(),
    };
    let paths = |(output, value): (String, Result<kirchhoff_semiring::Paths, Overflow>)| match value {
        Ok(value) => Ok(OutputPaths { name: output, paths: value.iter().map(path).collect() }),
        Err(overflow) => Err(AskError::Overflow { output, overflow }),
    };
    output_names(circuit).into_iter().zip(values).map(paths).collect()
}

/// What stands beside each variable on its edge.
fn weights(circuit: &GateCircuit, annotations: &Annotations) -> HashMap<u32, f64> {
    let mut weights = HashMap::new();
    for (_, gate) in circuit.iter() {
        let Gate::Times(children) = gate else { continue };
        let (mut variable, mut weight) = (None, 1.0);
        for &child in children {
            match circuit.gate(child) {
                // The edge's own comes before what it leads to.
                Gate::Variable(number) => variable = variable.or(Some(number)),
                Gate::Contribution { layer, d } => {
                    weight *= f64::from(annotations.of(layer as usize).apply(&Real, d).min(1.0));
                }
                _ => {}
            }
        }
        if let Some(variable) = variable {
            weights.insert(variable, weight);
        }
    }
    weights
}

/// Paths that are kept of all searches together at most.
pub const MOST_PATHS: usize = 100_000;

/// Where paths begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathsOf {
    /// At these neurons, by name: `x[14,15]`, all of a channel `x[0]`, or a neuron of the first input by its number.
    Neurons(Vec<String>),
    /// At any neuron of the inputs: the strongest of all.
    Overall,
}

/// The `k` strongest paths of an execution of a circuit that [starts](Question::started) where the question's targets are, by a
/// stream: at any size of the network, in any semiring whose ⊕ is one of its operands. Edges have the names that they have in
/// gate circuits; pictures that a network takes as vectors are named as such where `picture` says their shape. With
/// [`PathsOf::Overall`] there is one output, of the name `x[*]`.
///
/// # Errors
/// Neurons that are not there, or more than [`MOST_PATHS`] paths in all; what [`strongest_paths`](crate::explain::strongest_paths) refuses; cancellation.
///
/// # Complexity
/// One stream, and then a step for each edge of a path: see [`Paths`](kirchhoff_evaluate::Paths). Memory for the relevance of every tensor.
pub fn layer_paths(
    circuit: &LayeredCircuit,
    question: &Question,
    of: &PathsOf,
    k: usize,
    picture: Option<[usize; 3]>,
    monitor: &dyn Monitor,
) -> Result<Vec<OutputPaths>, AskError> {
    let shapes = Shapes { circuit, picture };
    // Before the work: names may be wrong.
    let begin = match of {
        PathsOf::Overall => Vec::new(),
        PathsOf::Neurons(names) => shapes.find(names)?,
    };
    let asked = k.saturating_mul(begin.len().max(1));
    if asked > MOST_PATHS {
        return Err(AskError::ManyPaths { asked });
    }
    let mut paths = crate::explain::strongest_paths(circuit, question, k, monitor)?;
    let shown =
        |found: Vec<kirchhoff_evaluate::RelevancePath<f64>>| found.iter().map(|path| shapes.path(path)).collect();
    if let PathsOf::Overall = of {
        let found = paths.overall(monitor).map_err(ExplainError::from)?;
        let inputs: Vec<String> =
            circuit.inputs().iter().map(|&input| format!("{}[*]", tensor_label(&circuit.tensor(input).name))).collect();
        return Ok(vec![OutputPaths { name: inputs.join(", "), paths: shown(found) }]);
    }
    begin
        .into_iter()
        .map(|(tensor, neuron)| {
            let found = paths.from(tensor, neuron, monitor).map_err(ExplainError::from)?;
            Ok(OutputPaths { name: shapes.name(tensor, neuron), paths: shown(found) })
        })
        .collect()
}

/// A circuit whose neurons are named, with the shape of the picture that its first input is.
struct Shapes<'a> {
    circuit: &'a LayeredCircuit,
    picture: Option<[usize; 3]>,
}

impl Shapes<'_> {
    fn shape(&self, tensor: TensorId) -> &[usize] {
        let of = self.circuit.tensor(tensor);
        let fits = |picture: &&[usize; 3]| picture.iter().product::<usize>() == of.size();
        match self.picture.as_ref().filter(|_| tensor == self.circuit.input()).filter(fits) {
            Some(picture) => picture,
            None => &of.shape,
        }
    }

    fn name(&self, tensor: TensorId, neuron: usize) -> String {
        neuron_name(&self.circuit.tensor(tensor).name, self.shape(tensor), neuron)
    }

    /// The neurons of names, in their order; all of the first input, without any.
    fn find(&self, names: &[String]) -> Result<Vec<(TensorId, usize)>, AskError> {
        let input = self.circuit.input();
        if names.is_empty() {
            return Ok((0..self.circuit.tensor(input).size()).map(|neuron| (input, neuron)).collect());
        }
        let found: Vec<_> = names.iter().map(|name| self.find_one(name.trim())).collect::<Result<_, _>>()?;
        Ok(found.concat())
    }

    fn find_one(&self, name: &str) -> Result<Vec<(TensorId, usize)>, AskError> {
        let (input, tensors) = (self.circuit.input(), self.circuit.tensors());
        let size = |id: TensorId| self.circuit.tensor(id).size();
        let missing = || {
            let described = |(tensor, id): (&kirchhoff_circuit::Tensor, u32)| {
                let sizes: Vec<String> = self.shape(TensorId(id)).iter().map(usize::to_string).collect();
                format!("`{}` ({})", tensor_label(&tensor.name), sizes.join(" × "))
            };
            let there: Vec<String> = tensors.iter().zip(0..).map(described).collect();
            AskError::Neurons { name: name.to_string(), there: there.join(", ") }
        };
        if let Some(number) = name.parse::<usize>().ok().filter(|&number| number < size(input)) {
            return Ok(vec![(input, number)]);
        }
        let (layer, place) = match name.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
            Some(parts) => parts,
            None => (name, "*"),
        };
        let id = self.circuit.find_labelled(layer).ok_or_else(missing)?;
        let shape = self.shape(id);
        let number = || place.parse::<usize>().ok().filter(|&number| shape[0] == 1 && number < size(id));
        let neurons = neurons_at(shape, place).or_else(|| number().map(|number| vec![number]));
        Ok(neurons.ok_or_else(missing)?.into_iter().map(|neuron| (id, neuron)).collect())
    }

    fn path(&self, path: &kirchhoff_evaluate::RelevancePath<f64>) -> RelevancePath {
        let circuit = self.circuit;
        let neuron = |tensor: TensorId, neuron: usize, annotated: bool| PathNeuron {
            name: self.name(tensor, neuron),
            layer: circuit.tensor(tensor).name.clone(),
            shape: self.shape(tensor).to_vec(),
            neuron,
            annotated,
            place: tensor.index(),
        };
        let mut neurons = vec![neuron(path.tensor, path.neuron, false)];
        let mut edges = Vec::new();
        let mut source = (path.tensor, path.neuron);
        for step in &path.steps {
            let layer = &circuit.layers()[step.layer];
            let destination = (layer.destination, step.neuron);
            if layer.is_annotated() {
                let position = |(tensor, neuron)| neuron_position(self.shape(tensor), neuron);
                let tensor = (layer.links.len() > 1).then_some(&*circuit.tensor(source.0).name);
                let name = edge_name(&layer.name, tensor, &position(source), &position(destination));
                edges.push(PathEdge { name, weight: step.weight });
            }
            neurons.push(neuron(destination.0, destination.1, layer.is_annotated()));
            source = destination;
        }
        edges.reverse();
        RelevancePath { weight: path.weight, edges, neurons }
    }
}
