//! From a layered circuit to gates.

mod unrolling;

use kirchhoff_kernel::{Cancelled, Monitor, Wiring};
use thiserror::Error;

use self::unrolling::Unrolling;
use super::{GateBuilder, GateCircuit, GateError, GateId, GateLayer};
use crate::{Conditions, Layer, LayeredCircuit, Tensor, TensorId};

/// The gates that [`unroll`] makes at most unless told otherwise: 2 to 3 GB.
pub const DEFAULT_MAX_GATES: u64 = 50_000_000;

/// The relevance that output neurons start with (2.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Every output neuron `k` starts with the variable `start[k]`: the circuit serves every start.
    Variables,
    /// The given output neurons start with the variables `start[k]`, in this order, all others with 0: the circuit
    /// serves the logit of a target, or the difference of two.
    VariablesAt(Vec<usize>),
    /// The given output neurons start with 1, all others with 0.
    OnesAt(Vec<usize>),
}

/// Whether the edge of a layer, given by its position, with a contribution `d` is kept: whether Θ(d) is not 0.
pub type KeepEdge<'a> = &'a (dyn Fn(usize, f32) -> bool + Sync);

/// Where a symbolic annotation puts its variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Variables {
    /// Nowhere.
    #[default]
    None,
    /// One on every edge that takes an annotation: `w2[17→4]` on that of layer `2` from neuron 17 to neuron 4.
    Edges,
    /// One on every neuron of the given tensors: `h1[17]` on neuron 17 of tensor `1`, `x[3,4]` on one of the input.
    Neurons(Vec<TensorId>),
}

/// Which edges share a leaf for their contribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leaves {
    /// Those of one layer with equal contributions: the circuit is that of one execution.
    #[default]
    Values,
    /// None: the circuit knows the edge of each leaf, and is that of every execution of the same layers, each with
    /// [contributions](super::EdgeMap) of its own.
    Edges,
}

/// What to [`unroll`].
#[derive(Clone)]
pub struct UnrollOptions<'a> {
    /// Which execution of the batch, from 0.
    pub execution: usize,
    /// The relevance of the output neurons.
    pub start: Start,
    /// The tensors whose relevance is asked for; none is the input.
    pub tensors: Vec<TensorId>,
    /// Drops the edges for which it is false, and then all gates that no target reaches or that reach no neuron asked
    /// for. The circuit then holds for the semirings and annotations that agree: the caller answers for that.
    pub keep: Option<KeepEdge<'a>>,
    /// Which neurons relevance goes through: 0 stands on the others.
    pub conditions: Conditions,
    /// Where variables are put; two of the same name become `a` and `a#2`.
    pub variables: Variables,
    /// Whether edges have their contributions. Without, an edge that is kept is its variable, or 1: the variables stand
    /// in place of Θ(d).
    pub contributions: bool,
    /// Which edges share a leaf for their contribution.
    pub leaves: Leaves,
    /// The shape by which variables name neurons of the input, where it is another than that of its tensor: a picture's,
    /// which the network takes as a vector. Ignored if it has not as many positions.
    pub input_shape: Option<Vec<usize>>,
    /// How many gates are allowed.
    pub max_gates: u64,
}

impl UnrollOptions<'_> {
    /// The shape that neurons of a tensor are named by.
    fn shape<'a>(&'a self, circuit: &'a LayeredCircuit, tensor: TensorId) -> &'a [usize] {
        let shape = &circuit.tensor(tensor).shape;
        let size = circuit.tensor(tensor).size();
        let fits = |shape: &&Vec<usize>| shape.iter().product::<usize>() == size;
        let picture = self.input_shape.as_ref().filter(|_| tensor == circuit.input()).filter(fits);
        picture.unwrap_or(shape)
    }
}

impl Default for UnrollOptions<'_> {
    /// The relevance of the input of the first execution, from variables, with all edges and their contributions,
    /// within [`DEFAULT_MAX_GATES`].
    fn default() -> Self {
        UnrollOptions {
            execution: 0,
            start: Start::Variables,
            tensors: Vec::new(),
            keep: None,
            conditions: Conditions::default(),
            variables: Variables::None,
            contributions: true,
            leaves: Leaves::Values,
            input_shape: None,
            max_gates: DEFAULT_MAX_GATES,
        }
    }
}

/// Why a layered circuit cannot be unrolled.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum UnrollError {
    /// More gates than allowed.
    #[error("the circuit takes up to {gates} gates, but no more than {max_gates} are allowed")]
    TooLarge {
        /// How many it takes before equal ones are shared.
        gates: u64,
        /// How many are allowed.
        max_gates: u64,
    },
    /// An execution, a tensor or an output neuron that is not there.
    #[error("there is no {what} {got}, only {count}")]
    Missing {
        /// What is not there.
        what: &'static str,
        /// Its number.
        got: usize,
        /// How many there are.
        count: usize,
    },
    /// Gates that cannot be made.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// Stopped by the monitor.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Makes the gates of one execution explicit: `R[j] = ⊕_k d[j,k] ⊗ R[k]` (2.1.3), from the output neurons, which are
/// leaves, to the neurons asked for, which are the circuit's outputs.
///
/// There is one `⊕` gate a neuron, which joins the edges of all layers that the neuron enters, and one `⊗` gate an edge,
/// of its contribution, its variable if [`Variables::Edges`] are asked for, and the relevance of its destination. Layers
/// that pass relevance on have no `⊗` gates. A neuron with a variable has one `⊗` gate more, of the variable and its
/// sum. Equal gates are made once, and a `⊕` or `⊗` of one child is that child. Children are in the order in which a
/// stream over the layered circuit adds them up. Variables are numbered from the output to the input, so that a sorted
/// product of them reads as a path from target to input.
///
/// Gates are counted before any is made: in closed form, or by a pass over the edges where some are not kept and the
/// closed form would exceed the limit. Takes O(edges · terms) time; for the circuit 5 bytes a gate, 4 a wire and 12 a
/// leaf; the same once more and up to 12 bytes a gate while it is made; and 8 bytes for each edge into the tensors that
/// the walk is between.
///
/// # Errors
/// [`UnrollError::TooLarge`] says how many gates the circuit would take; or an execution, tensor or target that is not
/// there; or cancellation.
pub fn unroll(
    circuit: &LayeredCircuit,
    options: &UnrollOptions<'_>,
    monitor: &dyn Monitor,
) -> Result<GateCircuit, UnrollError> {
    let tensors = if options.tensors.is_empty() { circuit.inputs().to_vec() } else { options.tensors.clone() };
    let walk = Walk { circuit, options, tensors, monitor };
    walk.check()?;
    walk.limit()?;
    let layers = circuit.layers().iter().map(|layer| GateLayer {
        name: layer.name.clone(),
        rule: layer.rule_name.clone(),
        range: layer.is_annotated().then(|| layer.rule.range()),
    });
    let mut unrolling = Unrolling {
        builder: GateBuilder::new(layers.collect(), options.max_gates),
        pending: vec![None; circuit.tensors().len()],
        circuit,
        options,
    };
    let gates = walk.run(&mut unrolling)?;
    for (&tensor, gates) in walk.tensors.iter().zip(gates) {
        let Tensor { name, shape, .. } = circuit.tensor(tensor);
        unrolling.builder.output(name, shape, &gates)?;
    }
    let gates = unrolling.builder.finish()?;
    Ok(if options.keep.is_some() { gates.without_dead_gates()? } else { gates })
}

/// The way through the layers, from output to input.
struct Walk<'a> {
    circuit: &'a LayeredCircuit,
    options: &'a UnrollOptions<'a>,
    tensors: Vec<TensorId>,
    monitor: &'a dyn Monitor,
}

impl Walk<'_> {
    fn check(&self) -> Result<(), UnrollError> {
        let missing = |what, got: usize, count| {
            if got < count { Ok(()) } else { Err(UnrollError::Missing { what, got, count }) }
        };
        missing("execution", self.options.execution, self.circuit.batch())?;
        let outputs = self.circuit.tensor(self.circuit.output()).size();
        if let Start::VariablesAt(targets) | Start::OnesAt(targets) = &self.options.start {
            targets.iter().try_for_each(|&target| missing("output neuron", target, outputs))?;
        }
        let count = self.circuit.tensors().len();
        let named = if let Variables::Neurons(tensors) = &self.options.variables { &tensors[..] } else { &[] };
        self.tensors.iter().chain(named).try_for_each(|tensor| missing("tensor", tensor.index(), count))
    }

    /// The layers on the way from the output to a tensor that is asked for, from output to input, each with its
    /// position.
    fn layers(&self) -> Vec<(usize, &Layer)> {
        let first = self.tensors.iter().min().copied().unwrap_or(self.circuit.input());
        let mut reached = vec![false; self.circuit.tensors().len()];
        reached[self.circuit.output().index()] = true;
        let mut layers = Vec::new();
        for (index, layer) in self.circuit.layers().iter().enumerate().rev() {
            // Sources come before destinations: what lies before the first tensor asked for is not needed.
            if layer.destination > first && reached[layer.destination.index()] {
                layer.links.iter().for_each(|link| reached[link.source.index()] = true);
                layers.push((index, layer));
            }
        }
        layers
    }

    /// Refuses circuits with too many gates before any is made.
    fn limit(&self) -> Result<(), UnrollError> {
        let max_gates = self.options.max_gates.min(u64::from(u32::MAX) - 1);
        let mut gates = self.count(|_, layer| Ok(layer.edges()))?;
        if let (true, Some(keep)) = (gates > max_gates, self.options.keep) {
            gates = self.count(|index, layer| self.kept(index, layer, keep))?;
        }
        if gates > max_gates { Err(UnrollError::TooLarge { gates, max_gates }) } else { Ok(()) }
    }

    /// The number of gates if none are equal: both constants, a leaf for each output neuron, a leaf or two and a `⊗`
    /// gate an edge, a `⊕` gate for each neuron that more than one pass enters, and a leaf and a `⊗` gate for each
    /// neuron with a variable.
    fn count(&self, edges: impl Fn(usize, &Layer) -> Result<u64, Cancelled>) -> Result<u64, Cancelled> {
        let mut gates = 2 + self.circuit.tensor(self.circuit.output()).size() as u64;
        let leaves = u64::from(self.options.contributions) + u64::from(self.options.variables == Variables::Edges);
        let gates_of_edge = if leaves == 0 { 0 } else { leaves + 1 };
        let mut passes = vec![0; self.circuit.tensors().len()];
        for (index, layer) in self.layers() {
            let chosen = self.options.leaves == Leaves::Edges && layer.chooses();
            let pass = !layer.is_annotated() && !chosen;
            if !pass {
                gates = gates.saturating_add(edges(index, layer)?.saturating_mul(gates_of_edge));
            }
            for link in &layer.links {
                // One edge a neuron at most needs no sum.
                let single = pass && matches!(link.wiring, Wiring::Identity { .. } | Wiring::View(_));
                passes[link.source.index()] += if single { 1 } else { 2 };
            }
        }
        for (number, (tensor, passes)) in self.circuit.tensors().iter().zip(passes).enumerate() {
            let size = tensor.size() as u64;
            gates = gates.saturating_add(if passes > 1 { size } else { 0 });
            let named = matches!(&self.options.variables, Variables::Neurons(tensors)
                if tensors.iter().any(|tensor| tensor.index() == number));
            gates = gates.saturating_add(if named { size.saturating_mul(2) } else { 0 });
            // Neurons are numbered with 32 bits while edges are sorted by them.
            if size > u64::from(u32::MAX) {
                gates = u64::MAX;
            }
        }
        Ok(gates)
    }

    fn kept(&self, index: usize, layer: &Layer, keep: KeepEdge<'_>) -> Result<u64, Cancelled> {
        let contributions = self.circuit.contributions(layer, self.monitor)?;
        let mut kept = 0;
        for link in 0..layer.links.len() {
            let edges = self.circuit.edges_in(layer, link, &contributions, self.options.execution);
            let add = |kept: &mut u64, run: &[f32]| *kept += run.iter().filter(|&&d| keep(index, d)).count() as u64;
            kept += edges.fold(|| 0, add, |a, b| a + b, self.monitor)?;
        }
        Ok(kept)
    }

    /// Makes the gates; returns those of each tensor asked for.
    fn run(&self, unrolling: &mut Unrolling<'_>) -> Result<Vec<Vec<GateId>>, UnrollError> {
        let mut asked: Vec<Option<Vec<GateId>>> = vec![None; self.tensors.len()];
        let mut note = |tensor: TensorId, gates: &[GateId]| {
            for (asked, _) in asked.iter_mut().zip(&self.tensors).filter(|(_, asked)| **asked == tensor) {
                *asked = Some(gates.to_vec());
            }
        };
        let output = self.circuit.output();
        unrolling.pending[output.index()] =
            Some(unrolling.start(&self.options.start, self.circuit.tensor(output).size())?);
        for (index, layer) in self.layers() {
            let destinations = unrolling.relevance(layer.destination)?;
            note(layer.destination, &destinations);
            let contributions = self.circuit.contributions(layer, self.monitor)?;
            for (number, link) in layer.links.iter().enumerate() {
                if self.options.conditions.leads_past(link.source, layer.destination) {
                    continue;
                }
                let mut summands = unrolling.pending[link.source.index()].take().unwrap_or_default();
                unrolling.link(index, number, &contributions, &destinations, &mut summands, self.monitor)?;
                unrolling.pending[link.source.index()] = Some(summands);
            }
        }
        self.tensors
            .iter()
            .zip(asked)
            .map(|(&tensor, asked)| asked.map_or_else(|| unrolling.relevance(tensor), Ok))
            .collect()
    }
}
