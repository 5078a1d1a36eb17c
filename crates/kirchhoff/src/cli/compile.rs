//! `kirchhoff compile`.

use std::time::Instant;

use kirchhoff::circuit::{Notes, save_gates};
use serde_json::json;

use super::arguments::Compile;
use super::circuits::{Compilation, compiled};
use super::failure::Failure;
use super::listings::grouped;
use super::load;

/// Notes as circuit files hold them.
pub fn stored(notes: &impl serde::Serialize) -> Result<Notes, Failure> {
    match serde_json::to_value(notes).map_err(Failure::work)? {
        serde_json::Value::Object(stored) => Ok(stored),
        _ => Ok(Notes::new()),
    }
}

/// Runs a model on one input and writes the execution's circuit to a file.
pub fn run(arguments: &Compile) -> Result<(), Failure> {
    let clock = Instant::now();
    load::check_output(&arguments.out, "circuits")?;
    if arguments.layered {
        return super::layered::compile(arguments);
    }
    let compilation = Compilation {
        input: arguments.input,
        symbolic: arguments.symbolic.as_ref(),
        prune: arguments.prune,
        max_gates: arguments.max_gates,
        quiet: arguments.common.quiet,
    };
    let made = compiled(&arguments.question, &compilation)?;
    save_gates(&arguments.out, &made.circuit, &stored(&made.notes)?).map_err(Failure::work)?;
    let size = made.circuit.size();
    if arguments.common.json {
        super::print_json(&json!({
            "file": arguments.out, "size": size, "notes": made.notes, "seconds": clock.elapsed().as_secs_f64(),
        }))?;
    } else if !arguments.common.quiet {
        let counts = [size.gates, size.wires].map(|count| grouped(count as u64));
        super::say(format_args!(
            "wrote {}: {}, {} gates, {} wires, depth {}",
            arguments.out.display(),
            made.notes.input,
            counts[0],
            counts[1],
            size.depth
        ));
    }
    Ok(())
}
