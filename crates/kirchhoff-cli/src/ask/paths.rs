//! `kirchhoff ask paths`.

use kirchhoff::ask::{OutputPaths, PathEdge, strongest_paths};
use serde_json::json;

use super::arguments::Paths;
use super::witnesses::{FEW, irrelevant};
use crate::circuit_options::SymbolicOption;
use crate::circuits::{StoredVariables, part};
use crate::failure::Failure;
use crate::listings::table;
use crate::progress::{Progress, stop_at_interrupt};

/// Prints the strongest paths from the target to each output.
pub fn run(arguments: &Paths) -> Result<(), Failure> {
    let semiring = format!("top-k({})", arguments.k);
    let part = part(&arguments.options.selection(Some(&SymbolicOption::Edges), StoredVariables::All), Some(&semiring))?;
    let question = part.question.as_ref().expect("a semiring is named");
    stop_at_interrupt();
    let progress = Progress::new(part.circuit.wires() as u64, arguments.options.common.quiet);
    progress.say("paths");
    let outputs = strongest_paths(&part.circuit, &part.notes, question, arguments.k as usize, &progress)?;
    drop(progress);
    if arguments.options.common.json {
        return crate::print_json(&json!({ "k": arguments.k, "outputs": outputs }));
    }
    // Where many outputs are meant, those that paths lead to are, the strongest first.
    let all = !arguments.options.outputs.output.is_empty() || outputs.len() <= FEW;
    let (mut outputs, others): (Vec<_>, Vec<_>) =
        outputs.into_iter().partition(|output| all || !output.paths.is_empty());
    if !all {
        let strength = |output: &OutputPaths| output.paths.first().map_or(0.0, |path| path.weight);
        outputs.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
    }
    let edge = |edge: &PathEdge| format!("{} {}", edge.name, short(edge.weight));
    let mut rows: Vec<[String; 3]> = Vec::new();
    for output in &outputs {
        if output.paths.is_empty() {
            rows.push([output.name.clone(), "0".to_string(), "not relevant".to_string()]);
        }
        for path in &output.paths {
            let edges: Vec<String> = path.edges.iter().map(edge).collect();
            rows.push([output.name.clone(), short(path.weight), edges.join(" · ")]);
        }
    }
    crate::print(&table(&["output", "weight", "path, from the target"], &rows))?;
    crate::print(&irrelevant(others.len()))
}

/// A weight to six digits.
fn short(weight: f64) -> String {
    let rounded: f64 = format!("{weight:.5e}").parse().unwrap_or(weight);
    if rounded != 0.0 && rounded < 1e-4 { format!("{rounded:e}") } else { rounded.to_string() }
}
