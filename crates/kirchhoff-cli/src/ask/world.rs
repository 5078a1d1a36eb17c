//! `kirchhoff ask world`.

use std::fmt::Write;

use kirchhoff::evaluate::{Fate, most_probable_world};
use kirchhoff::explain::is_start;
use kirchhoff::formula::output_names;
use serde_json::json;

use super::arguments::World;
use super::boolean::{Drops, formulas, too_large, truths};
use crate::failure::Failure;
use crate::listings::grouped;
use crate::progress::{Progress, stop_at_interrupt};

/// Prints the most probable world in which outputs stay relevant, or in which one is lost.
pub fn run(arguments: &World) -> Result<(), Failure> {
    let drops = Drops::read(&arguments.drop.drop)?;
    let part = formulas(&arguments.options, &arguments.subjects, &[])?;
    let (circuit, variables) = (&part.circuit, part.circuit.variables());
    let kept = drops.kept(variables)?;
    stop_at_interrupt();
    let progress = Progress::new(circuit.wires() as u64, arguments.options.common.quiet);
    progress.say("diagrams");
    let outputs: Vec<usize> = (0..circuit.outputs().len()).collect();
    let max_nodes = arguments.max_nodes;
    let fate = if arguments.lost { Fate::Lost } else { Fate::Kept };
    let world = most_probable_world(circuit, &truths(), &kept, &outputs, fate, max_nodes, &progress);
    let world = world.map_err(|error| too_large(error, "fewer outputs"))?;
    drop(progress);
    let of = arguments.subjects.name(&part);
    let names = output_names(circuit).join(", ");
    let world = world.map(|world| {
        let with = |value: bool| -> Vec<&str> {
            let own = variables.iter().zip(&world.values).filter(|(name, own)| !is_start(name) && **own == value);
            own.map(|(name, _)| name.as_str()).collect()
        };
        (with(true), with(false), world.probability, world.log_probability)
    });
    if arguments.options.common.json {
        let world = world.map(|(kept, dropped, probability, logarithm)| {
            json!({ "kept": kept, "dropped": dropped, "probability": probability, "log_probability": logarithm })
        });
        return crate::print_json(&json!({
            "outputs": names, "lost": arguments.lost, "drop": drops.json(), "of": of, "world": world,
        }));
    }
    let event = if arguments.lost { "one is lost" } else { "all stay relevant" };
    let Some((kept, dropped, probability, logarithm)) = world else {
        return crate::print(&format!("{names}: there is no case in which {event}\n"));
    };
    let chance = if probability > 0.0 { format!("{probability:.6e}") } else { format!("exp({logarithm:.3})") };
    let mut text = format!("{names}: the most probable case in which {event} has probability {chance}\n");
    for (what, list) in [("dropped", &dropped), ("kept", &kept)] {
        let shown = &list[..list.len().min(arguments.most)];
        let more = match list.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {} more", grouped(more as u64)),
        };
        let _ = writeln!(text, "  {what} ({}): {}{more}", grouped(list.len() as u64), shown.join(" "));
    }
    let _ = writeln!(text, "{of} dropped with {}; exact, by decision diagrams", drops.text());
    crate::print(&text)
}
