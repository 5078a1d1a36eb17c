//! Gate circuits as `inspect` shows them.

use std::fmt::Write;

use kirchhoff::circuit::{CircuitFile, CircuitKind, GateCircuit, GateSize, Notes};
use kirchhoff::explain::Pruned;
use kirchhoff::semiring::{Annotation, Interval, Laws};
use serde::Serialize;

use super::arguments::Inspect;
use crate::failure::Failure;
use crate::listings::{grouped, sizes, table};
use crate::load;

/// A circuit file.
#[derive(Serialize)]
struct CircuitView {
    circuit: String,
    kind: CircuitKind,
    bytes: usize,
    /// Whether the checksum has been looked at; the circuit is shown only if it fits.
    verified: bool,
    /// Among the notes already.
    #[serde(skip)]
    pruned: Option<Pruned>,
    #[serde(flatten)]
    gates: GatesView,
    notes: Notes,
}

/// A gate circuit.
#[derive(Serialize)]
struct GatesView {
    #[serde(flatten)]
    size: GateSize,
    contributions: usize,
    /// The number of gates of each level, from the leaves on.
    levels: Vec<usize>,
    laws: Laws,
    layers: Vec<LayerView>,
    outputs: Vec<OutputView>,
    variables: Vec<String>,
}

/// A layer whose contributions stand on leaves.
#[derive(Serialize)]
struct LayerView {
    name: String,
    rule: String,
    /// As text: JSON has no infinities.
    range: Option<String>,
    contributions: usize,
}

/// A tensor whose relevance the circuit computes.
#[derive(Serialize)]
struct OutputView {
    name: String,
    shape: Vec<usize>,
}

/// Shows a gate circuit: its size, outputs, variables and layers.
pub fn inspect(file: &CircuitFile, arguments: &Inspect) -> Result<(), Failure> {
    let view = CircuitView::new(file, arguments.verify)?;
    if arguments.common.json { crate::print_json(&view) } else { crate::print(&view.table()) }
}

impl CircuitView {
    /// The view of a file, which has been compared with its checksum or not.
    fn new(file: &CircuitFile, verified: bool) -> Result<Self, Failure> {
        let circuit = file.gates().map_err(Failure::input)?;
        Ok(CircuitView {
            circuit: file.path().display().to_string(),
            kind: file.kind(),
            bytes: file.bytes(),
            verified,
            pruned: load::gate_notes(file)?.pruned,
            gates: GatesView::new(&circuit),
            notes: file.notes().map_err(Failure::input)?,
        })
    }

    /// The view as text.
    fn table(&self) -> String {
        let verified = if self.verified { ", checksum verified" } else { "" };
        let mut text = format!("{}: {}, {} bytes{verified}\n", self.circuit, self.kind, grouped(self.bytes as u64));
        text += &self.gates.table(self.pruned.as_ref());
        text
    }
}

impl GatesView {
    fn new(circuit: &GateCircuit) -> Self {
        let mut contributions = vec![0; circuit.layers().len()];
        circuit.arrays().contribution_layers.iter().for_each(|&layer| contributions[layer as usize] += 1);
        let layer = |(layer, contributions): (&kirchhoff::circuit::GateLayer, usize)| LayerView {
            name: layer.name.clone(),
            rule: layer.rule.clone(),
            range: layer.range.as_ref().map(Interval::to_string),
            contributions,
        };
        let output = |tensor: &kirchhoff::circuit::OutputTensor| OutputView {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
        };
        GatesView {
            size: circuit.size(),
            contributions: circuit.arrays().contributions.len(),
            levels: circuit.levels().map(|level| level.len()).collect(),
            laws: circuit.laws(),
            layers: circuit.layers().iter().zip(contributions).map(layer).collect(),
            outputs: circuit.output_tensors().iter().map(output).collect(),
            variables: circuit.variables().to_vec(),
        }
    }

    /// What the circuit was pruned for, as text: one Θ, or that of each layer.
    fn pruning(&self, pruned: &Pruned) -> String {
        let layers = self.layers.iter().zip(&pruned.annotations).filter(|(layer, _)| layer.range.is_some());
        let mut annotations: Vec<(&str, &Annotation)> =
            layers.map(|(layer, annotation)| (layer.name.as_str(), annotation)).collect();
        let is_one = annotations.windows(2).all(|pair| pair[0].1 == pair[1].1);
        annotations.truncate(if is_one { 1 } else { annotations.len() });
        let theta = |(layer, annotation): &(&str, &Annotation)| match is_one {
            true => format!(", Θ = {annotation}"),
            false => format!(", Θ of {layer} = {annotation}"),
        };
        let thetas: String = annotations.iter().map(theta).collect();
        format!("pruned for {}{thetas}\n", pruned.semiring)
    }

    fn table(&self, pruned: Option<&Pruned>) -> String {
        let GateSize { gates, wires, leaves, depth } = self.size;
        let counts = [gates, wires, leaves].map(|count| grouped(count as u64));
        let mut text = format!("{} gates, {} wires, {} leaves, depth {depth}\n", counts[0], counts[1], counts[2]);
        let _ = match self.laws {
            Laws::NONE => writeln!(text, "for every semiring"),
            laws => writeln!(text, "for semirings with more laws: {laws}"),
        };
        if let Some(pruned) = pruned {
            text += &self.pruning(pruned);
        }
        for output in &self.outputs {
            let _ = writeln!(text, "output {}: {}", output.name, sizes(&output.shape));
        }
        let shown: Vec<_> = self.variables.iter().take(8).map(String::as_str).collect();
        let more = self.variables.len().saturating_sub(shown.len());
        if !shown.is_empty() {
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = writeln!(text, "variables {}{more}", shown.join(", "));
        }
        let rows: Vec<[String; 4]> = self
            .layers
            .iter()
            .map(|layer| {
                let range = layer.range.clone().unwrap_or_default();
                let contributions = match layer.contributions {
                    0 => String::new(),
                    count => grouped(count as u64),
                };
                [layer.name.clone(), layer.rule.clone(), range, contributions]
            })
            .collect();
        if !rows.is_empty() {
            let layers = table(&["layer", "rule", "range of d", "contributions"], &rows);
            let _ = write!(text, "\n{layers}");
        }
        text
    }
}
