//! `kirchhoff compile`, gate by gate.

use std::time::Instant;

use kirchhoff::circuit::save_gates;
use kirchhoff_file::Output;
use serde_json::json;

use super::arguments::Compile;
use crate::circuits::{Compilation, compiled};
use crate::failure::Failure;
use crate::listings::grouped;
use crate::load;

/// Runs a model on one input and writes the execution's circuit to a file.
pub fn compile(arguments: &Compile, output: Output) -> Result<(), Failure> {
    let clock = Instant::now();
    let compilation = Compilation {
        symbolic: arguments.symbolic.as_ref(),
        prune: arguments.prune,
        leaves: arguments.leaves.into(),
        max_gates: arguments.max_gates,
        quiet: arguments.common.quiet,
    };
    let compiled = compiled(&arguments.question, &compilation)?;
    save_gates(output, &compiled.circuit, &load::stored_notes(&compiled.notes)?)?;
    let size = compiled.circuit.size();
    if arguments.common.json {
        crate::print_json(&json!({
            "file": arguments.out, "size": size, "notes": compiled.notes, "seconds": clock.elapsed().as_secs_f64(),
        }))?;
    } else if !arguments.common.quiet {
        let counts = [size.gates, size.wires].map(|count| grouped(count as u64));
        crate::say(format_args!(
            "wrote {}: {}, {} gates, {} wires, depth {}",
            arguments.out.display(),
            compiled.notes.input,
            counts[0],
            counts[1],
            size.depth
        ));
    }
    Ok(())
}
