//! Layered circuits in files: `kirchhoff compile --layered`, and `kirchhoff evaluate` of what it wrote.

use std::path::Path;
use std::time::Instant;

use kirchhoff::circuit::{CircuitFile, Layer, LayeredCircuit, WeightStorage, save_layered};
use kirchhoff::explain::{Answer, LayeredNotes, Question, explain_circuit};
use kirchhoff::kernel::Weights;
use serde_json::json;

use crate::asked::Asked;
use crate::compile::Compile;
use crate::compile::stored;
use crate::evaluate::Evaluate;
use crate::evaluate::{Evaluated, questions};
use crate::failure::Failure;
use crate::inspect::Inspect;
use crate::listings::{grouped, table};
use crate::options::RuleOptions;
use crate::progress::{Progress, stop_at_interrupt};
use crate::questions::layers;

/// Runs a model on its inputs and writes the executed layers to a file.
pub fn compile(arguments: &Compile) -> Result<(), Failure> {
    let clock = Instant::now();
    let asked = Asked::read(&arguments.question)?;
    let [question] = &asked.questions[..] else {
        return Err(Failure::usage("a circuit is compiled under the rules of one semiring: name one with --semiring"));
    };
    let count = asked.inputs.count;
    let inputs = match arguments.input {
        Some(input) if input >= count => {
            return Err(Failure::usage(format!("--input {input} is out of range: there are {count}, from 0")));
        }
        Some(input) => input..input + 1,
        None => 0..count,
    };
    if asked.batches().next().is_some_and(|first| first.len() < inputs.len()) {
        return Err(Failure::usage(format!(
            "the activations of {} inputs do not fit in memory together: choose one with --input, or raise --memory",
            inputs.len()
        )));
    }
    stop_at_interrupt();
    if !arguments.common.quiet {
        asked.warn_of_bounds();
    }
    let progress = Progress::new(asked.edges().saturating_mul(inputs.len() as u64), arguments.common.quiet);
    progress.say("network");
    let execution = asked.run(inputs.clone(), &progress)?;
    let question = question.part(inputs.clone(), count)?;
    let circuit = kirchhoff::compile::compile(&execution, &question.assignment).map_err(Failure::input)?;
    let notes = LayeredNotes {
        model: asked.loaded.name.clone(),
        inputs: asked.inputs.names[inputs].to_vec(),
        picture: asked.inputs.picture,
        ..LayeredNotes::new(&circuit, &question)?
    };
    progress.say("file");
    let storage = if arguments.self_contained { WeightStorage::Embedded } else { WeightStorage::Referenced };
    save_layered(&arguments.out, &circuit, storage, &stored(&notes)?).map_err(Failure::work)?;
    drop(progress);
    let (edges, layers) = (circuit.edges(), circuit.layers().len());
    if arguments.common.json {
        crate::print_json(&json!({
            "file": arguments.out, "edges": edges, "layers": layers, "notes": notes,
            "seconds": clock.elapsed().as_secs_f64(),
        }))?;
    } else if !arguments.common.quiet {
        crate::say(format_args!(
            "wrote {}: {} inputs, {layers} layers, {} edges",
            arguments.out.display(),
            circuit.batch(),
            grouped(edges)
        ));
    }
    Ok(())
}

/// What `compile` noted in a file.
pub fn notes(file: &CircuitFile) -> Result<LayeredNotes, Failure> {
    let notes = file.notes().map_err(Failure::input)?;
    Ok(serde_json::from_value(serde_json::Value::Object(notes)).unwrap_or_default())
}

/// Shows a layered circuit: its layers, with their rules.
pub fn inspect(file: &CircuitFile, arguments: &Inspect) -> Result<(), Failure> {
    let notes = notes(file)?;
    let circuit = file.layered().map_err(Failure::input)?;
    let layers = circuit.layers();
    let range = |layer: &Layer| if layer.is_annotated() { layer.rule.range().to_string() } else { String::new() };
    if arguments.common.json {
        let layer = |layer: &Layer| {
            json!({
                "name": layer.name, "operator": layer.operator, "rule": layer.rule_name, "range": range(layer),
                "edges": layer.edges(), "weights_elsewhere": layer.weights.as_ref().is_some_and(|weights| in_other_file(weights, file.path())),
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
        "{}: {}, {} bytes{verified}\n{} inputs, {} edges each\n\n",
        file.path().display(),
        file.kind(),
        grouped(file.bytes() as u64),
        circuit.batch(),
        grouped(circuit.edges())
    );
    let row = |layer: &Layer| {
        [layer.name.clone(), layer.operator.to_string(), layer.rule_name.clone(), range(layer), grouped(layer.edges())]
    };
    text += &table(&["layer", "operator", "rule", "range of d", "edges"], &layers.iter().map(row).collect::<Vec<_>>());
    crate::print(&text)
}

/// Whether weights lie in the model's file. Those of the circuit's own are mapped too.
fn in_other_file(weights: &Weights, own: &Path) -> bool {
    weights.place().is_some_and(|(path, _)| path != own)
}

/// Evaluates a layered circuit under each semiring.
pub fn evaluate(arguments: &Evaluate, file: &CircuitFile) -> Result<Evaluated, Failure> {
    if arguments.contributions.is_some() {
        return Err(Failure::usage("--contributions are for the leaves of a gate circuit; this one is layered"));
    }
    let notes = notes(file)?;
    let options = RuleOptions {
        target: if arguments.target.is_empty() { notes.targets.clone() } else { arguments.target.clone() },
        theta: arguments.theta.clone(),
        start: arguments.start,
        unchecked: arguments.unchecked,
        ..RuleOptions::default()
    };
    let asked = questions(&options, &arguments.semiring)?;
    let circuit = file.layered().map_err(Failure::input)?;
    stop_at_interrupt();
    let progress = Progress::new(circuit.edges() * circuit.batch() as u64 * asked.len() as u64, arguments.common.quiet);
    let mut answers: Vec<Answer> = Vec::new();
    for question in asked {
        progress.say(question.semiring.name.to_string());
        let question = complete(arguments, &circuit, &notes, question)?;
        answers.push(explain_circuit(&circuit, &question, &progress)?);
    }
    let names = match notes.inputs.len() == circuit.batch() {
        true => notes.inputs,
        false => (0..circuit.batch()).map(|number| number.to_string()).collect(),
    };
    let view = json!({ "name": file.path(), "inputs": names, "edges": circuit.edges() });
    Ok(Evaluated { names, what: "inputs", picture: notes.picture, circuits: vec![view], answers })
}

/// The question with what the circuit's notes and the options add to it.
fn complete(
    arguments: &Evaluate,
    circuit: &LayeredCircuit,
    notes: &LayeredNotes,
    mut question: Question,
) -> Result<Question, Failure> {
    if let Some(names) = &arguments.layers {
        question.layers = layers(names)?;
    }
    if question.targets.is_empty() {
        question.targets = vec![kirchhoff::explain::Target::Top];
    }
    Ok(if arguments.theta.is_empty() { notes.annotate(circuit, question) } else { question })
}
