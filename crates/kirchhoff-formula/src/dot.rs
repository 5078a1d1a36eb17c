//! Drawings in GraphViz's language.

use std::fmt::Write;

use kirchhoff_circuit::{Gate, GateCircuit, GateId};

use crate::number::number;
use crate::{FormulaError, FormulaOptions, output_names, printable};

/// A circuit as a directed graph in GraphViz's DOT language, from the leaves at the bottom to the outputs at the top.
///
/// # Errors
/// More gates than the options allow.
pub fn dot(circuit: &GateCircuit, options: &FormulaOptions) -> Result<String, FormulaError> {
    let (gates, limit) = (circuit.gates() as u64, options.max_gates);
    if gates > limit {
        return Err(FormulaError::TooLong { gates, limit });
    }
    let mut text = "digraph circuit {\n  rankdir=BT;\n  node [fontname=\"sans-serif\"];\n".to_string();
    for (id, gate) in circuit.iter() {
        let shape = match gate {
            Gate::Plus(_) | Gate::Times(_) => "circle",
            Gate::Variable(_) => "box, style=rounded",
            Gate::Zero | Gate::One | Gate::Contribution { .. } => "box",
        };
        let _ = writeln!(text, "  {id} [label={}, shape={shape}];", quoted(&label(circuit, id, options.digits)));
        for child in circuit.children(id) {
            let _ = writeln!(text, "  {child} -> {id};");
        }
    }
    for (number, (name, gate)) in output_names(circuit).iter().zip(circuit.outputs()).enumerate() {
        let label = quoted(&format!("R({})", printable(name)));
        let _ = writeln!(text, "  output{number} [label={label}, shape=plaintext];\n  {gate} -> output{number};");
    }
    Ok(text + "}\n")
}

/// What a gate is drawn with.
pub(super) fn label(circuit: &GateCircuit, gate: GateId, digits: Option<usize>) -> String {
    match circuit.gate(gate) {
        Gate::Zero => "0".to_string(),
        Gate::One => "1".to_string(),
        Gate::Contribution { d, .. } => number(d, digits),
        Gate::Variable(number) => printable(&circuit.variables()[number as usize]),
        Gate::Plus(_) => "⊕".to_string(),
        Gate::Times(_) => "⊗".to_string(),
    }
}

fn quoted(label: &str) -> String {
    format!("\"{}\"", label.replace('\\', "\\\\").replace('"', "\\\""))
}
