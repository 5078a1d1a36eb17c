//! `kirchhoff evaluate --inputs`: the gate circuit of a network on the contributions of many inputs.

use std::path::Path;

use kirchhoff::circuit::CircuitKind;
use kirchhoff::explain::{Answer, Question, evaluate_executions_with};
use serde_json::json;

use super::arguments::Evaluate;
use super::evaluated::Evaluated;
use super::gates::numbers;
use crate::failure::Failure;
use crate::input_options::InputOptions;
use crate::load;
use crate::options::{ConditionOptions, ModelOutput, QuestionOptions, RuleOptions};
use crate::progress::{Progress, stop_at_interrupt};
use crate::request::Request;
use crate::values::Values;

/// Runs the network of a circuit on inputs and evaluates the circuit for each.
pub fn evaluate(arguments: &Evaluate, path: &Path) -> Result<Evaluated, Failure> {
    if arguments.layers.is_some() {
        return Err(Failure::usage("a gate circuit has the layers that it has: --layers are for layered ones"));
    }
    let file = load::circuit(path, arguments.verify)?;
    if file.kind() != CircuitKind::Gates {
        return Err(Failure::usage(format!(
            "{} is layered: it has the inputs that it was compiled for",
            path.display()
        )));
    }
    let notes = load::gate_notes(&file)?;
    let circuit = file.gates().map_err(Failure::input)?;
    if notes.network.is_none() || circuit.arrays().edges.is_none() {
        return Err(Failure::usage(format!("{}: {}", path.display(), kirchhoff::circuit::EdgeError::Shared)));
    }
    let target = if arguments.target.is_empty() { vec!["top".to_string()] } else { arguments.target.clone() };
    let model = arguments.model.clone().unwrap_or_else(|| notes.model.clone().into());
    let inputs = arguments.inputs.clone().unwrap_or_default();
    let mut request = Request::read(&QuestionOptions {
        files: std::iter::once(model).chain(inputs).collect(),
        reading: arguments.reading.clone(),
        of: ModelOutput::default(),
        input: InputOptions::default(),
        semiring: Some(arguments.semiring.clone()),
        rules: RuleOptions {
            target,
            theta: arguments.theta.clone(),
            start: arguments.start,
            unchecked: arguments.unchecked,
            ..RuleOptions::default()
        },
        conditions: ConditionOptions::default(),
        layers: "input".to_string(),
        count_kept: false,
        memory: Some(arguments.memory),
    })?;
    // Beside activations: half for the contributions of a batch, half for the values of gates.
    let memory = arguments.memory / 2;
    request.limit_batch(circuit.leaves() as u64 * size_of::<f32>() as u64, memory);
    let numbers = numbers(circuit.variables(), &Values::read(&arguments.variables)?)?;
    let number = |name: &str| numbers.get(name).copied();
    stop_at_interrupt();
    let count = request.inputs.count;
    let wires = circuit.wires() as u64 * request.questions.len() as u64;
    let progress = Progress::new(wires.saturating_mul(count as u64), arguments.common.quiet);
    let mut answers: Vec<Option<Answer>> = vec![None; request.questions.len()];
    for batch in request.batches() {
        let execution = request.run(batch.clone(), &progress)?;
        progress.say("gates");
        let questions: Vec<Question> =
            request.questions.iter().map(|question| question.part(batch.clone(), count)).collect::<Result<_, _>>()?;
        let part = evaluate_executions_with(&circuit, &notes, &execution, &questions, &number, memory, &progress)?;
        for (whole, answer) in answers.iter_mut().zip(part) {
            match whole {
                None => *whole = Some(answer),
                Some(whole) => whole.append(answer),
            }
        }
    }
    Ok(Evaluated {
        names: request.inputs.names.clone(),
        what: "inputs",
        picture: notes.picture,
        circuits: vec![json!({ "name": path, "inputs": request.inputs.names, "size": circuit.size() })],
        answers: answers.into_iter().flatten().collect(),
    })
}
