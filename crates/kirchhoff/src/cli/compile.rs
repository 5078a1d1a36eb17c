//! `kirchhoff compile`.

use std::time::Instant;

use kirchhoff::circuit::{Notes, save_gates};
use kirchhoff::explain::{GateNotes, GateOptions, compile_gates};
use serde_json::json;

use super::arguments::Compile;
use super::asked::Asked;
use super::failure::Failure;
use super::listings::grouped;
use super::load;
use super::progress::{Progress, stop_at_interrupt};

/// Runs a model on one input and writes the execution's gate circuit to a file.
pub fn run(arguments: &Compile) -> Result<(), Failure> {
    let clock = Instant::now();
    let asked = Asked::read(&arguments.question)?;
    let [question] = &asked.questions[..] else {
        return Err(Failure::usage(
            "a circuit is compiled under the rules of one semiring: name one with --semiring; `evaluate` takes several",
        ));
    };
    let execution = input(arguments, &asked)?;
    load::check_output(&arguments.out, "circuits")?;
    stop_at_interrupt();
    if !arguments.common.quiet {
        asked.warn_of_bounds();
    }
    let progress = Progress::new(asked.edges().saturating_mul(2), arguments.common.quiet);
    progress.say("network");
    let run = asked.run(execution..execution + 1, &progress)?;
    progress.say("gates");
    let options = GateOptions { execution: 0, prune: arguments.prune, max_gates: arguments.max_gates };
    let question = question.part(execution..execution + 1, asked.inputs.count)?;
    let (circuit, notes) = compile_gates(&run, &question, options, &progress)?;
    let notes = GateNotes {
        model: asked.loaded.name.clone(),
        input: asked.inputs.names[execution].clone(),
        picture: asked.inputs.picture,
        ..notes
    };
    let stored: Notes = match serde_json::to_value(&notes).map_err(Failure::work)? {
        serde_json::Value::Object(stored) => stored,
        _ => Notes::new(),
    };
    progress.say("file");
    save_gates(&arguments.out, &circuit, &stored).map_err(Failure::work)?;
    drop(progress);
    let size = circuit.size();
    if arguments.common.json {
        super::print_json(&json!({
            "file": arguments.out, "size": size, "notes": notes, "seconds": clock.elapsed().as_secs_f64(),
        }))?;
    } else if !arguments.common.quiet {
        let counts = [size.gates, size.wires].map(|count| grouped(count as u64));
        super::say(format_args!(
            "wrote {}: {}, {} gates, {} wires, depth {}",
            arguments.out.display(),
            notes.input,
            counts[0],
            counts[1],
            size.depth
        ));
    }
    Ok(())
}

/// The number of the input that the circuit is of.
fn input(arguments: &Compile, asked: &Asked) -> Result<usize, Failure> {
    let count = asked.inputs.count;
    match arguments.input {
        Some(input) if input >= count => {
            Err(Failure::usage(format!("--input {input} is out of range: there are {count} inputs, numbered from 0")))
        }
        Some(input) => Ok(input),
        None if count == 1 => Ok(0),
        None => Err(Failure::usage(format!(
            "a gate circuit is of one input, but there are {count}: choose one with --input, from 0"
        ))),
    }
}
