//! `kirchhoff ask models`.

use std::path::Path;

use kirchhoff::evaluate::decision_diagrams;
use kirchhoff::explain::is_start;
use kirchhoff::formula::{Ddnnf, DdnnfOptions, output_names};
use kirchhoff_file::read_text;
use serde_json::json;

use super::arguments::Models;
use super::boolean::{formulas, too_large, truths};
use crate::failure::Failure;
use crate::listings::table;
use crate::progress::{Progress, stop_at_interrupt};

/// How many assignments satisfy an output.
struct Count {
    name: String,
    variables: usize,
    /// In decimal digits: it may be any number.
    models: String,
    nodes: usize,
}

/// Prints the number of sets under which each output is relevant.
pub fn run(arguments: &Models) -> Result<(), Failure> {
    let (of, counts) = match &arguments.options.source.files[..] {
        [file] if is_ddnnf(file) => ("variables", vec![read(file, arguments)?]),
        _ => counted(arguments)?,
    };
    if arguments.options.common.json {
        let output = |count: &Count| {
            let Count { name, variables, models, nodes } = count;
            json!({ "name": name, "variables": variables, "models": models, "nodes": nodes })
        };
        let outputs: Vec<_> = counts.iter().map(output).collect();
        return crate::print_json(&json!({ "of": of, "outputs": outputs }));
    }
    let row = |count: &Count| {
        [count.name.clone(), count.models.clone(), format!("2^{}", count.variables), count.nodes.to_string()]
    };
    let rows: Vec<[String; 4]> = counts.iter().map(row).collect();
    crate::print(&table(&["output", "models", &format!("sets of {of}"), "nodes"], &rows))
}

fn is_ddnnf(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| ["nnf", "ddnnf", "c2d", "d4"].iter().any(|own| extension.eq_ignore_ascii_case(own)))
}

/// The models of a d-DNNF in the format of c2d or d4.
fn read(path: &Path, arguments: &Models) -> Result<Count, Failure> {
    let wrong = |reason: String| Failure::usage(format!("{}: {reason}", path.display()));
    let text = read_text(path).map_err(|error| wrong(format!("cannot read it: {error}")))?;
    let options =
        DdnnfOptions { max_nodes: arguments.max_nodes, trusted: arguments.trusted, ..DdnnfOptions::default() };
    let formula = Ddnnf::parse(&text, &options).map_err(|error| wrong(error.to_string()))?;
    Ok(Count {
        name: path.display().to_string(),
        variables: formula.variables().len(),
        models: formula.models().to_string(),
        nodes: formula.nodes().len(),
    })
}

/// The models of the outputs of a circuit.
fn counted(arguments: &Models) -> Result<(&'static str, Vec<Count>), Failure> {
    let part = formulas(&arguments.options, &arguments.subjects, &[])?;
    let circuit = &part.circuit;
    stop_at_interrupt();
    let progress = Progress::new(circuit.wires() as u64, arguments.options.common.quiet);
    progress.say("diagrams");
    let names = output_names(circuit);
    let outputs: Vec<[usize; 1]> = (0..names.len()).map(|output| [output]).collect();
    let events: Vec<&[usize]> = outputs.iter().map(|output| &output[..]).collect();
    // What outputs start with is no choice.
    let fixed = |variable: usize| is_start(&circuit.variables()[variable]).then_some(true);
    let variables = circuit.variables().iter().filter(|name| !is_start(name)).count();
    let diagrams = decision_diagrams(circuit, &truths(), &events, &fixed, arguments.max_nodes, &progress)
        .map_err(|error| too_large(error, "fewer outputs"))?;
    drop(progress);
    let count = |(name, diagram): (String, &kirchhoff::evaluate::DecisionDiagram)| Count {
        name,
        variables,
        models: diagram.models().to_string(),
        nodes: diagram.nodes().len(),
    };
    Ok((arguments.subjects.name(&part), names.into_iter().zip(&diagrams).map(count).collect()))
}
