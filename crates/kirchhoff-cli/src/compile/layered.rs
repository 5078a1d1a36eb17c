//! `kirchhoff compile --layered`.

use std::time::Instant;

use kirchhoff::Monitor;
use kirchhoff::circuit::{WeightStorage, save_layered};
use kirchhoff::explain::LayeredNotes;
use kirchhoff_file::Output;
use serde_json::json;

use super::arguments::Compile;
use crate::failure::Failure;
use crate::listings::{counted, grouped};
use crate::load;
use crate::progress::{Progress, stop_at_interrupt};
use crate::request::Request;

/// Runs a model on its inputs and writes the executed layers to a file.
pub fn compile(arguments: &Compile, output: Output) -> Result<(), Failure> {
    let conditions = &arguments.question.conditions;
    if !conditions.through.is_empty() || !conditions.remove.is_empty() {
        return Err(Failure::usage(
            "a layered circuit keeps all its neurons, whatever is asked of it: --through and --remove are for `explain` and for \
             circuits of gates",
        ));
    }
    let clock = Instant::now();
    let request = Request::read(&arguments.question)?;
    let [question] = &request.questions[..] else {
        return Err(Failure::usage("a circuit is compiled under the rules of one semiring: name one with --semiring"));
    };
    let count = request.inputs.count;
    let inputs = 0..count;
    if request.batches().next().is_some_and(|first| first.len() < inputs.len()) {
        return Err(Failure::usage(format!(
            "the activations of {} inputs do not fit in memory together: choose one with --input, or raise --memory",
            inputs.len()
        )));
    }
    stop_at_interrupt();
    if !arguments.common.quiet {
        request.remark();
    }
    let progress = Progress::new(request.edges().saturating_mul(inputs.len() as u64), arguments.common.quiet);
    progress.say("network");
    let execution = request.run(inputs.clone(), &progress)?;
    let question = question.part(inputs.clone(), count)?;
    let circuit = kirchhoff::compile::compile(&execution, &question.assignment).map_err(Failure::input)?;
    let notes = LayeredNotes {
        model: request.loaded.name.clone(),
        inputs: request.inputs.names[inputs].to_vec(),
        picture: request.inputs.picture,
        ..LayeredNotes::new(&circuit, &question)?
    };
    if progress.cancelled() {
        return Err(Failure::Cancelled);
    }
    progress.say("file");
    let storage = if arguments.self_contained { WeightStorage::Embedded } else { WeightStorage::Referenced };
    save_layered(output, &circuit, storage, &load::stored_notes(&notes)?)?;
    drop(progress);
    let (edges, layers) = (circuit.edges(), circuit.layers().len());
    if arguments.common.json {
        crate::print_json(&json!({
            "file": arguments.out, "edges": edges, "layers": layers, "notes": notes,
            "seconds": clock.elapsed().as_secs_f64(),
        }))?;
    } else if !arguments.common.quiet {
        crate::say(format_args!(
            "wrote {}: {}, {layers} layers, {} edges",
            arguments.out.display(),
            counted(circuit.batch(), "input"),
            grouped(edges)
        ));
    }
    Ok(())
}
