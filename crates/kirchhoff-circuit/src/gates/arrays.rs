//! The flat arrays that a gate circuit is stored as, and what makes them one.

use std::collections::HashSet;

use kirchhoff_semiring::{Interval, Laws};

use super::{FlatArray, GateError};

/// What a gate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum GateKind {
    /// The semiring's 0.
    Zero = 0,
    /// The semiring's 1.
    One = 1,
    /// `Θ(d)` of a contribution `d`.
    Contribution = 2,
    /// A value that is given when the circuit is evaluated.
    Variable = 3,
    /// `⊕` of its children.
    Plus = 4,
    /// `⊗` of its children, from left to right.
    Times = 5,
}

impl GateKind {
    const ALL: [GateKind; 6] =
        [GateKind::Zero, GateKind::One, GateKind::Contribution, GateKind::Variable, GateKind::Plus, GateKind::Times];

    /// The kind of a number, as the arrays have it.
    pub fn from_number(number: u8) -> Option<Self> {
        GateKind::ALL.get(usize::from(number)).copied()
    }

    /// Whether the gate has children: `⊕` and `⊗`.
    pub const fn is_inner(self) -> bool {
        matches!(self, GateKind::Plus | GateKind::Times)
    }
}

/// A layer whose contributions stand on leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct GateLayer {
    /// Name, as users address the layer.
    pub name: String,
    /// Its rule as users write it.
    pub rule: String,
    /// An interval that holds every contribution, up to rounding; `None` for a layer that only passes relevance on.
    pub range: Option<Interval>,
}

impl GateLayer {
    /// The rule of layers whose edges pass relevance or are none, as the execution decides. No other rule has this name.
    pub const WINNER: &'static str = "winner";

    /// Whether the contributions of its leaves say which edges there are: 1 where there is one, 0 where not, whatever the
    /// annotation.
    pub fn chooses(&self) -> bool {
        self.rule == GateLayer::WINNER
    }
}

/// The tensor whose relevance consecutive outputs of a gate circuit are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputTensor {
    /// Name of the tensor.
    pub name: String,
    /// Its shape; the product is the number of its outputs.
    pub shape: Vec<usize>,
}

impl OutputTensor {
    /// The number of its outputs.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The edges that contributions stand on, one for each, in a circuit where every edge has a leaf of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeafEdges {
    /// The source neurons. Those of the tensors that edges of a layer come from are counted one tensor after the other.
    pub sources: FlatArray<u32>,
    /// The destination neurons.
    pub destinations: FlatArray<u32>,
}

/// A gate circuit as flat arrays, checked or not.
///
/// The operands of gate `g` are `operands[offsets[g]..offsets[g + 1]]`:
///
/// | kind | operands |
/// |---|---|
/// | `0`, `1` | none |
/// | contribution | its index in `contributions`: leaf number `i` in the order of the gates has contribution `i` |
/// | variable | its number in `variables` |
/// | `⊕`, `⊗` | the ids of its children, in order |
///
/// A gate without children has level 0, any other one more than the highest level of its children; gates stand in the
/// order of their levels. So children come before their users, and gates of one level, which do not depend on each
/// other, stand together.
#[derive(Clone, Debug, PartialEq)]
pub struct GateArrays {
    /// The [`GateKind`] of every gate, as a number.
    pub kinds: FlatArray<u8>,
    /// Where the operands of each gate begin, and where the last ones end: one more than there are gates.
    pub offsets: FlatArray<u32>,
    /// The operands of all gates.
    pub operands: FlatArray<u32>,
    /// The contributions `d` on the leaves.
    pub contributions: FlatArray<f32>,
    /// The layer of each contribution, as a position in `layers`.
    pub contribution_layers: FlatArray<u32>,
    /// The edge of each contribution, if every edge has a leaf of its own: then other executions of the same layers have
    /// the same circuit, with other contributions.
    pub edges: Option<LeafEdges>,
    /// The ids of the output gates, tensor after tensor.
    pub outputs: FlatArray<u32>,
    /// The tensors that `outputs` belong to.
    pub output_tensors: Vec<OutputTensor>,
    /// The names of the variables.
    pub variables: Vec<String>,
    /// The layers that contributions come from.
    pub layers: Vec<GateLayer>,
    /// The laws beyond the axioms that a semiring must have for the circuit to mean what it was made from.
    pub laws: Laws,
}

impl GateArrays {
    /// Whether the arrays are a gate circuit, whoever made them. Returns where each level begins, and where the last
    /// one ends.
    ///
    /// Takes O(gates + operands) time, and memory for the levels and names alone. Does not panic, whatever the arrays
    /// hold.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<Vec<u32>, GateError> {
        let gates = self.kinds.len();
        if gates >= u32::MAX as usize {
            return Err(GateError::Limit { what: "gates", limit: u64::from(u32::MAX) - 1 });
        }
        length("number of offsets", self.offsets.len(), gates + 1)?;
        length("first offset", self.offsets[0] as usize, 0)?;
        length("number of operands", self.operands.len(), self.offsets[gates] as usize)?;
        length("number of contributions", self.contribution_layers.len(), self.contributions.len())?;
        if let Some(LeafEdges { sources, destinations }) = &self.edges {
            length("number of edge sources", sources.len(), self.contributions.len())?;
            length("number of edge destinations", destinations.len(), self.contributions.len())?;
        }
        let levels = self.check_gates()?;
        let layers = self.layers.len();
        if let Some(&layer) = self.contribution_layers.iter().find(|&&layer| layer as usize >= layers) {
            return Err(GateError::Reference { gate: gates, what: "layer", got: layer, limit: layers });
        }
        if let Some(&output) = self.outputs.iter().find(|&&output| output as usize >= gates) {
            return Err(GateError::Reference { gate: gates, what: "output gate", got: output, limit: gates });
        }
        let size = |tensor: &OutputTensor| tensor.shape.iter().try_fold(1usize, |size, &axis| size.checked_mul(axis));
        let sizes = self.output_tensors.iter().try_fold(0usize, |sum, tensor| sum.checked_add(size(tensor)?));
        length("number of outputs", self.outputs.len(), sizes.unwrap_or(usize::MAX))?;
        distinct("variables", self.variables.iter())?;
        distinct("outputs", self.output_tensors.iter().map(|tensor| &tensor.name))?;
        Ok(levels)
    }

    /// Checks every gate by itself, and that levels follow one another.
    fn check_gates(&self) -> Result<Vec<u32>, GateError> {
        let (kinds, offsets, operands) = (&*self.kinds, &*self.offsets, &*self.operands);
        let mut levels = vec![0];
        let mut contributions = 0;
        for (gate, &kind) in kinds.iter().enumerate() {
            let kind = GateKind::from_number(kind).ok_or(GateError::Kind { gate, kind })?;
            let range = offsets[gate] as usize..offsets[gate + 1] as usize;
            let content = operands.get(range).ok_or(GateError::Offset { gate })?;
            let leaf = |expected| {
                if content.len() == expected {
                    Ok(())
                } else {
                    Err(GateError::Arity { gate, got: content.len(), expected })
                }
            };
            match kind {
                GateKind::Zero | GateKind::One => leaf(0)?,
                GateKind::Contribution => {
                    leaf(1)?;
                    if content[0] as usize != contributions {
                        return Err(GateError::Contribution { gate, got: content[0], expected: contributions });
                    }
                    contributions += 1;
                }
                GateKind::Variable => {
                    leaf(1)?;
                    below(gate, "variable", content[0], self.variables.len())?;
                }
                GateKind::Plus | GateKind::Times => {
                    content.iter().try_for_each(|&child| below(gate, "gate", child, gate))?;
                }
            }
            let deepest = if kind.is_inner() { content.iter().max() } else { None };
            next_level(&mut levels, gate, deepest.copied())?;
        }
        length("number of contributions", self.contributions.len(), contributions)?;
        if !kinds.is_empty() {
            levels.push(kinds.len() as u32);
        }
        Ok(levels)
    }
}

/// Puts a gate on the last level, or begins the next one with it. Since earlier gates stand in the order of their
/// levels, the child of the highest id is one of the highest level.
fn next_level(levels: &mut Vec<u32>, gate: usize, deepest: Option<u32>) -> Result<(), GateError> {
    let last = levels[levels.len() - 1];
    let fits = match deepest {
        None => levels.len() == 1,
        Some(child) if child >= last => {
            levels.push(gate as u32);
            true
        }
        // On the last level itself: a child on the level before, if that exists.
        Some(child) => levels.len() > 1 && child >= levels[levels.len() - 2],
    };
    if fits { Ok(()) } else { Err(GateError::Level { gate }) }
}

fn length(what: &'static str, got: usize, expected: usize) -> Result<(), GateError> {
    if got == expected { Ok(()) } else { Err(GateError::Length { what, got, expected }) }
}

fn below(gate: usize, what: &'static str, got: u32, limit: usize) -> Result<(), GateError> {
    if (got as usize) < limit { Ok(()) } else { Err(GateError::Reference { gate, what, got, limit }) }
}

fn distinct<'a>(what: &'static str, names: impl Iterator<Item = &'a String>) -> Result<(), GateError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(GateError::Name { what, name: name.clone() });
        }
    }
    Ok(())
}
