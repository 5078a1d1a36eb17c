//! Layered circuits as `inspect` shows them.

use std::path::Path;

use kirchhoff::circuit::{CircuitFile, Layer, Link, LinkWeights};
use serde_json::json;

use super::arguments::Inspect;
use crate::failure::Failure;
use crate::listings::{counted, grouped, table};
use crate::load;

/// Shows a layered circuit: its layers, with their rules.
pub fn inspect(file: &CircuitFile, arguments: &Inspect) -> Result<(), Failure> {
    let notes = load::layered_notes(file)?;
    let circuit = file.layered().map_err(Failure::input)?;
    let layers = circuit.layers();
    let range = |layer: &Layer| if layer.is_annotated() { layer.rule.range().to_string() } else { String::new() };
    if arguments.common.json {
        let layer = |layer: &Layer| {
            json!({
                "name": layer.name, "operator": layer.operator, "rule": layer.rule_name, "range": range(layer),
                "edges": layer.edges(), "weights_elsewhere": layer.links.iter().any(|link| in_other_file(link, file.path())),
            })
        };
        return crate::print_json(&json!({
            "circuit": file.path(), "kind": file.kind(), "bytes": file.bytes(), "verified": arguments.verify,
            "inputs": circuit.batch(), "edges": circuit.edges(), "layers": layers.iter().map(layer).collect::<Vec<_>>(),
            "notes": notes,
        }));
    }
    let verified = if arguments.verify { ", checksum verified" } else { "" };
    let mut text = format!(
        "{}: {}, {} bytes{verified}\n{}, {} edges each\n\n",
        file.path().display(),
        file.kind(),
        grouped(file.bytes() as u64),
        counted(circuit.batch(), "input"),
        grouped(circuit.edges())
    );
    let row = |layer: &Layer| {
        [layer.name.clone(), layer.operator.to_string(), layer.rule_name.clone(), range(layer), grouped(layer.edges())]
    };
    text += &table(&["layer", "operator", "rule", "range of d", "edges"], &layers.iter().map(row).collect::<Vec<_>>());
    crate::print(&text)
}

/// Whether weights lie in the model's file. Those of the circuit's own are mapped too.
fn in_other_file(link: &Link, own: &Path) -> bool {
    match &link.weights {
        LinkWeights::Shared(weights) => weights.place().is_some_and(|(path, _)| path != own),
        LinkWeights::One | LinkWeights::Tensor(_) | LinkWeights::Executions(_) => false,
    }
}
