//! Gate circuits that have been checked.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use kirchhoff_semiring::{Interval, Laws};
use serde::Serialize;

use super::order::arranged;
use super::{ContributionError, FlatArray, GateArrays, GateError, GateKind, GateLayer, OutputTensor};

/// A gate, by its position in the order of its circuit or builder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Pod, Zeroable)]
#[repr(transparent)]
pub struct GateId(pub(super) u32);

impl GateId {
    /// The gate at a position; `None` from 2³² − 1 on. Whether a circuit has such a gate is checked where it is used.
    pub fn new(index: usize) -> Option<Self> {
        u32::try_from(index).ok().filter(|&id| id < u32::MAX).map(GateId)
    }

    /// The position.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl GateSize {
    /// Gates and wires together: what the arrays of the circuit hold, and what a fold goes over.
    pub fn total(self) -> usize {
        self.gates + self.wires
    }
}

impl fmt::Display for GateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "g{}", self.0)
    }
}

/// One gate, with what it refers to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gate<'a> {
    /// The semiring's 0.
    Zero,
    /// The semiring's 1.
    One,
    /// `Θ(d)`, where Θ is the annotation of the layer.
    Contribution {
        /// Position of the layer in [`GateCircuit::layers`].
        layer: u32,
        /// The contribution.
        d: f32,
    },
    /// A variable, by its number in [`GateCircuit::variables`].
    Variable(u32),
    /// `⊕` of the children; 0 of none.
    Plus(&'a [GateId]),
    /// `⊗` of the children, from left to right; 1 of none.
    Times(&'a [GateId]),
}

/// How far rounding may carry a contribution beyond the range of its layer, relative to its ends.
const ROUNDING: f64 = 1e-4;

/// How large a gate circuit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GateSize {
    /// Gates of every kind.
    pub gates: usize,
    /// Children of all gates together.
    pub wires: usize,
    /// Leaves: contributions and variables.
    pub leaves: usize,
    /// Wires on the longest path from a leaf to a gate.
    pub depth: usize,
}

/// A provenance circuit with every gate explicit: the formula (2.1.3) as a directed acyclic graph.
///
/// Its outputs are the relevance of neurons, one gate a neuron of each [`OutputTensor`]. Its leaves are contributions
/// `d`, which stay real numbers, variables (the relevance that a target starts with, [`Start`](super::Start)) and the
/// constants 0 and 1; annotations Θ are applied when the circuit is evaluated. Children keep their order: `⊗` need not
/// commute.
///
/// The circuit *is* its flat [`GateArrays`], which have been checked, so that storing and mapping it copies nothing.
/// Gates stand in the order of their levels. Circuits come from [`unroll`](super::unroll), from a
/// [`GateBuilder`](super::GateBuilder), or from arrays.
#[derive(Clone, Debug, PartialEq)]
pub struct GateCircuit {
    arrays: GateArrays,
    levels: Arc<[u32]>,
}

impl GateCircuit {
    /// The circuit that the arrays are, after a [check](GateArrays::check) of all of them.
    ///
    /// # Errors
    /// The first thing that is wrong with the arrays.
    pub fn new(arrays: GateArrays) -> Result<Self, GateError> {
        let levels = arrays.check()?.into();
        Ok(GateCircuit { arrays, levels })
    }

    /// The circuit of arrays whose gates come after their children, but perhaps not in the order of their levels:
    /// gates are brought into that order. Gates of one level keep theirs.
    ///
    /// Takes O(gates + operands) time and memory.
    ///
    /// # Errors
    /// The first thing that is wrong with the arrays, apart from the order of the levels.
    pub fn arranged(arrays: GateArrays) -> Result<Self, GateError> {
        match arrays.check() {
            Ok(levels) => Ok(GateCircuit { arrays, levels: levels.into() }),
            Err(GateError::Level { .. }) => GateCircuit::new(arranged(&arrays, None)?),
            Err(error) => Err(error),
        }
    }

    /// The arrays.
    pub fn arrays(&self) -> &GateArrays {
        &self.arrays
    }

    /// The number of gates of every kind.
    pub fn gates(&self) -> usize {
        self.arrays.kinds.len()
    }

    /// The number of wires: the children of all gates together.
    pub fn wires(&self) -> usize {
        // Constants have no operands, and leaves one each that is no child.
        self.arrays.operands.len() - self.leaves()
    }

    /// The number of leaves: contributions and variables. Constants are none.
    pub fn leaves(&self) -> usize {
        let leaf = |&&kind: &&u8| kind == GateKind::Contribution as u8 || kind == GateKind::Variable as u8;
        self.arrays.kinds[self.level(0)].iter().filter(leaf).count()
    }

    /// The number of wires on the longest path from a gate without children to any gate.
    pub fn depth(&self) -> usize {
        self.levels.len().saturating_sub(2)
    }

    /// The levels, from the leaves on: each a range of gates that do not depend on one another. There is one more than
    /// [`depth`](GateCircuit::depth), and none in a circuit without gates.
    pub fn levels(&self) -> impl ExactSizeIterator<Item = Range<usize>> + '_ {
        self.levels.windows(2).map(|ends| ends[0] as usize..ends[1] as usize)
    }

    fn level(&self, number: usize) -> Range<usize> {
        self.levels().nth(number).unwrap_or(0..0)
    }

    /// All sizes together.
    pub fn size(&self) -> GateSize {
        GateSize { gates: self.gates(), wires: self.wires(), leaves: self.leaves(), depth: self.depth() }
    }

    /// The gate of an id.
    ///
    /// # Panics
    /// If the circuit has no such gate.
    pub fn gate(&self, id: GateId) -> Gate<'_> {
        let operands = self.operands(id.index());
        match self.kind(id) {
            GateKind::Zero => Gate::Zero,
            GateKind::One => Gate::One,
            GateKind::Contribution => {
                let leaf = operands[0] as usize;
                Gate::Contribution { layer: self.arrays.contribution_layers[leaf], d: self.arrays.contributions[leaf] }
            }
            GateKind::Variable => Gate::Variable(operands[0]),
            GateKind::Plus => Gate::Plus(bytemuck::cast_slice(operands)),
            GateKind::Times => Gate::Times(bytemuck::cast_slice(operands)),
        }
    }

    /// The kind of a gate.
    ///
    /// # Panics
    /// If the circuit has no such gate.
    pub fn kind(&self, id: GateId) -> GateKind {
        GateKind::from_number(self.arrays.kinds[id.index()]).expect("kinds have been checked")
    }

    /// The children of a gate; none of a leaf.
    ///
    /// # Panics
    /// If the circuit has no such gate.
    pub fn children(&self, id: GateId) -> &[GateId] {
        match self.gate(id) {
            Gate::Plus(children) | Gate::Times(children) => children,
            _ => &[],
        }
    }

    fn operands(&self, gate: usize) -> &[u32] {
        &self.arrays.operands[self.arrays.offsets[gate] as usize..self.arrays.offsets[gate + 1] as usize]
    }

    /// Every gate with its id, children before users.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (GateId, Gate<'_>)> + ExactSizeIterator {
        (0..self.gates()).map(|index| {
            let id = GateId(index as u32);
            (id, self.gate(id))
        })
    }

    /// The output gates, tensor after tensor.
    pub fn outputs(&self) -> &[GateId] {
        bytemuck::cast_slice(&self.arrays.outputs)
    }

    /// The tensors that the outputs belong to.
    pub fn output_tensors(&self) -> &[OutputTensor] {
        &self.arrays.output_tensors
    }

    /// Each tensor that outputs belong to, with its output gates.
    pub fn outputs_by_tensor(&self) -> impl Iterator<Item = (&OutputTensor, &[GateId])> {
        let mut rest = self.outputs();
        self.output_tensors().iter().map(move |tensor| {
            let gates;
            (gates, rest) = rest.split_at(tensor.size());
            (tensor, gates)
        })
    }

    /// Which of the outputs belong to the tensor of a name.
    pub fn output_range(&self, name: &str) -> Option<Range<usize>> {
        let mut start = 0;
        for (tensor, gates) in self.outputs_by_tensor() {
            if tensor.name == name {
                return Some(start..start + gates.len());
            }
            start += gates.len();
        }
        None
    }

    /// The names of the variables. Their values are given in this order.
    pub fn variables(&self) -> &[String] {
        &self.arrays.variables
    }

    /// The layers that contributions come from. Their annotations are given in this order.
    pub fn layers(&self) -> &[GateLayer] {
        &self.arrays.layers
    }

    /// The laws beyond the axioms that a semiring must have for the circuit to mean what it was made from: none
    /// before it is simplified.
    pub fn laws(&self) -> Laws {
        self.arrays.laws
    }

    /// The same gates with another shape of the output tensor at a position: by shapes, neurons are named.
    ///
    /// # Errors
    /// A tensor that is not there, or a shape of another number of neurons.
    pub fn with_output_shape(&self, tensor: usize, shape: &[usize]) -> Result<Self, GateError> {
        let size = |shape: &[usize]| shape.iter().product::<usize>();
        let (got, count) = (tensor, self.output_tensors().len());
        if got >= count {
            return Err(GateError::Length { what: "position of the output tensor", got, expected: count });
        }
        let (got, expected) = (size(shape), size(&self.output_tensors()[tensor].shape));
        if got != expected {
            return Err(GateError::Length { what: "number of neurons", got, expected });
        }
        let mut arrays = self.arrays.clone();
        arrays.output_tensors[tensor].shape = shape.to_vec();
        Ok(GateCircuit { arrays, levels: self.levels.clone() })
    }

    /// The same gates with other contributions on the leaves, in the order of [`GateArrays::contributions`]: several
    /// vectors of contributions share one structure.
    ///
    /// # Errors
    /// A wrong number of contributions.
    pub fn with_contributions(&self, contributions: FlatArray<f32>) -> Result<Self, GateError> {
        let (got, expected) = (contributions.len(), self.arrays.contributions.len());
        if got != expected {
            return Err(GateError::Length { what: "number of contributions", got, expected });
        }
        let arrays = GateArrays { contributions, ..self.arrays.clone() };
        Ok(GateCircuit { arrays, levels: self.levels.clone() })
    }

    /// Whether every contribution is a finite number of the range that its layer has, up to rounding: what comes from a
    /// file may be anything.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check_contributions(&self) -> Result<(), ContributionError> {
        let range = |layer: &GateLayer| layer.range.unwrap_or(Interval::REALS);
        let slack = |end: f64| ROUNDING * end.abs().max(1.0);
        // An infinite end stays so, and the infinities are left out of both.
        let wide = |range: Interval| range.low - slack(range.low)..=range.high + slack(range.high);
        let ranges: Vec<_> = self.layers().iter().map(|layer| wide(range(layer))).collect();
        let leaves = self.arrays.contribution_layers.iter().zip(&*self.arrays.contributions);
        let fits = |(&layer, &d): (&u32, &f32)| d.is_finite() && ranges[layer as usize].contains(&f64::from(d));
        match leaves.clone().position(|leaf| !fits(leaf)) {
            None => Ok(()),
            Some(index) => {
                let layer = &self.layers()[self.arrays.contribution_layers[index] as usize];
                let d = self.arrays.contributions[index];
                Err(ContributionError { index, layer: layer.name.clone(), d, range: range(layer) })
            }
        }
    }

    /// The same circuit without its dead gates: those that no output depends on. Variables and layers stay.
    ///
    /// Takes O(gates + wires) time and memory.
    pub fn without_dead_gates(&self) -> Result<Self, GateError> {
        let live: Vec<bool> = self.users().into_iter().map(|users| users > 0).collect();
        GateCircuit::new(arranged(&self.arrays, Some(&live))?)
    }

    /// How often each gate is an output or a child of a gate that an output depends on: 0 for dead gates. Takes
    /// O(gates + wires) time, and 4 bytes a gate.
    pub fn users(&self) -> Vec<u32> {
        let mut users = vec![0u32; self.gates()];
        for output in self.outputs() {
            users[output.index()] = users[output.index()].saturating_add(1);
        }
        for gate in (0..self.gates()).rev() {
            if users[gate] > 0 {
                for child in self.children(GateId(gate as u32)) {
                    users[child.index()] = users[child.index()].saturating_add(1);
                }
            }
        }
        users
    }
}
