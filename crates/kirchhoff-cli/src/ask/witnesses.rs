//! `kirchhoff ask witnesses`.

use std::fmt::Write;

use kirchhoff::ask::{OutputWitnesses, minimal_witnesses};
use serde_json::json;

use super::arguments::Witnesses;
use super::boolean::formulas;
use crate::failure::Failure;
use crate::listings::grouped;
use crate::progress::{Progress, stop_at_interrupt};

/// Prints the minimal sets of neurons or edges that carry the relevance of outputs.
pub fn run(arguments: &Witnesses) -> Result<(), Failure> {
    let part = formulas(&arguments.options, &arguments.subjects, &[])?;
    let question = part.question.as_ref().expect("a semiring is named");
    stop_at_interrupt();
    let progress = Progress::new(part.circuit.wires() as u64, arguments.options.common.quiet);
    progress.say("witnesses");
    let limit = arguments.limit as usize;
    let outputs = minimal_witnesses(&part.circuit, &part.notes, question, limit, arguments.together, &progress)?;
    drop(progress);
    let of = arguments.subjects.name(&part);
    if arguments.options.common.json {
        return crate::print_json(&json!({ "of": of, "together": arguments.together, "outputs": outputs }));
    }
    let all = !arguments.options.outputs.output.is_empty() || outputs.len() <= FEW;
    let (outputs, others): (Vec<_>, Vec<_>) = outputs.into_iter().partition(|output| all || !output.sets.is_empty());
    let texts: String = outputs.iter().map(|output| text(output, of, arguments.most)).collect();
    crate::print(&(texts + &irrelevant(others.len())))
}

/// So many outputs are listed whether they are relevant or not.
pub const FEW: usize = 20;

/// A line about outputs that are not relevant, where they were not asked for by name.
pub fn irrelevant(outputs: usize) -> String {
    match outputs {
        0 => String::new(),
        1 => "1 other output is not relevant\n".to_string(),
        outputs => format!("{} other outputs are not relevant\n", grouped(outputs as u64)),
    }
}

fn text(output: &OutputWitnesses, of: &str, most: usize) -> String {
    let OutputWitnesses { name, sets } = output;
    let mut text = match &sets[..] {
        [] => return format!("{name}: not relevant\n"),
        [set] if set.is_empty() => return format!("{name}: relevant without any of the {of}\n"),
        [_] => format!("{name}: 1 minimal set of {of}\n"),
        sets => format!("{name}: {} minimal sets of {of}\n", grouped(sets.len() as u64)),
    };
    for set in sets.iter().take(most) {
        let _ = writeln!(text, "  {}", set.join(" "));
    }
    if sets.len() > most {
        let _ = writeln!(text, "  and {} more", grouped((sets.len() - most) as u64));
    }
    text
}
