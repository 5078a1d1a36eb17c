//! `kirchhoff evaluate` of a layered circuit.

use kirchhoff::circuit::{CircuitFile, LayeredCircuit};
use kirchhoff::compile::Bounds;
use kirchhoff::explain::{Answer, LayeredNotes, Question, Target, explain_circuit};
use serde_json::json;

use super::arguments::Evaluate;
use super::evaluated::Evaluated;
use crate::failure::Failure;
use crate::load;
use crate::options::RuleOptions;
use crate::progress::{Progress, stop_at_interrupt};
use crate::questions::{checked, layers};
use crate::targets;

/// Evaluates a layered circuit under each semiring.
pub fn evaluate(arguments: &Evaluate, file: &CircuitFile) -> Result<Evaluated, Failure> {
    if arguments.contributions.is_some() {
        return Err(Failure::usage("--contributions are for the leaves of a gate circuit; this one is layered"));
    }
    if !arguments.variables.is_empty() {
        return Err(Failure::usage("--variables are for those of a gate circuit; this one is layered, and has none"));
    }
    let notes = load::layered_notes(file)?;
    let circuit = file.layered().map_err(Failure::input)?;
    let shape = &circuit.tensor(circuit.output()).shape;
    let target = arguments.target.iter().map(|target| targets::numbered(target, shape)).collect::<Result<_, _>>()?;
    let options = RuleOptions {
        target: if arguments.target.is_empty() { notes.targets.clone() } else { target },
        theta: arguments.theta.clone(),
        start: arguments.start,
        unchecked: arguments.unchecked,
        ..RuleOptions::default()
    };
    let questions = checked(&options, &arguments.semiring, &Bounds::default(), |_| Ok(()))?;
    stop_at_interrupt();
    let progress =
        Progress::new(circuit.edges() * circuit.batch() as u64 * questions.len() as u64, arguments.common.quiet);
    let mut answers: Vec<Answer> = Vec::new();
    for question in questions {
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
        question.targets = vec![Target::Top];
    }
    Ok(if arguments.theta.is_empty() { notes.annotate(circuit, question) } else { question })
}
