//! The JSON that a circuit file has in its safetensors header, beside the tensors.

use kirchhoff_semiring::{Interval, Law, Laws};
use serde::{Deserialize, Serialize};

use crate::{GateLayer, OutputTensor};

/// The key of the JSON in the file's metadata.
pub(super) const KEY: &str = "kirchhoff-circuit";

/// What the maker of a circuit says about it, as JSON: no part of the circuit, and kept as it is.
pub type Notes = serde_json::Map<String, serde_json::Value>;

/// The forms of circuits that files hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CircuitKind {
    /// Every gate explicit: a [`GateCircuit`](crate::GateCircuit).
    Gates,
    /// One wiring a layer: a [`LayeredCircuit`](crate::LayeredCircuit).
    Layered,
}

impl std::fmt::Display for CircuitKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            CircuitKind::Gates => "gate circuit",
            CircuitKind::Layered => "layered circuit",
        })
    }
}

impl CircuitKind {
    /// The version of the format that is written. Versions of each kind are counted by themselves.
    pub(super) fn version(self) -> u32 {
        match self {
            CircuitKind::Gates => 2,
            CircuitKind::Layered => 2,
        }
    }

    /// The versions that are read.
    pub(super) fn readable(self) -> &'static [u32] {
        match self {
            // Version 1 has the names of the variables in the header.
            CircuitKind::Gates => &[1, 2],
            // Version 1 has weights a layer, not a link.
            CircuitKind::Layered => &[1, 2],
        }
    }
}

/// The part of the header that every version has.
#[derive(Deserialize)]
pub(super) struct Version {
    pub version: u32,
    pub kind: CircuitKind,
}

/// The header of a gate circuit.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GatesHeader {
    pub version: u32,
    pub kind: CircuitKind,
    pub laws: Vec<Law>,
    pub layers: Vec<LayerHeader>,
    pub outputs: Vec<OutputHeader>,
    /// The names of the variables, in version 1: since then they stand in tensors, as headers have a largest length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<Vec<String>>,
    #[serde(default)]
    pub notes: Notes,
}

/// A layer whose contributions stand on leaves.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LayerHeader {
    name: String,
    rule: String,
    range: Option<RangeHeader>,
}

/// A tensor: one whose relevance the outputs are, or one of a layered circuit.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutputHeader {
    pub name: String,
    pub shape: Vec<usize>,
}

/// An interval. JSON has no infinities: an end that is null is infinite.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RangeHeader {
    low: Option<f64>,
    high: Option<f64>,
    #[serde(default, skip_serializing_if = "is_false")]
    closed_below: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    closed_above: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl From<&GateLayer> for LayerHeader {
    fn from(layer: &GateLayer) -> Self {
        LayerHeader { name: layer.name.clone(), rule: layer.rule.clone(), range: layer.range.map(RangeHeader::from) }
    }
}

impl From<LayerHeader> for GateLayer {
    fn from(header: LayerHeader) -> Self {
        GateLayer { name: header.name, rule: header.rule, range: header.range.map(Interval::from) }
    }
}

impl From<&OutputTensor> for OutputHeader {
    fn from(tensor: &OutputTensor) -> Self {
        OutputHeader { name: tensor.name.clone(), shape: tensor.shape.clone() }
    }
}

impl From<OutputHeader> for OutputTensor {
    fn from(header: OutputHeader) -> Self {
        OutputTensor { name: header.name, shape: header.shape }
    }
}

impl From<Interval> for RangeHeader {
    fn from(range: Interval) -> Self {
        let Interval { low, high, closed_below, closed_above } = range;
        let finite = |end: f64| Some(end).filter(|end| end.is_finite());
        RangeHeader { low: finite(low), high: finite(high), closed_below, closed_above }
    }
}

impl From<RangeHeader> for Interval {
    fn from(header: RangeHeader) -> Self {
        Interval {
            low: header.low.unwrap_or(f64::NEG_INFINITY),
            high: header.high.unwrap_or(f64::INFINITY),
            closed_below: header.closed_below,
            closed_above: header.closed_above,
        }
    }
}

/// The laws of a set, and the set of laws: it is closed under what follows from them.
pub(super) fn laws(laws: Laws) -> Vec<Law> {
    laws.iter().collect()
}
