//! `kirchhoff ask paths`.

use std::path::Path;

use kirchhoff::ask::{OutputPaths, PathEdge, PathsOf, layer_paths, strongest_paths};
use kirchhoff::compile::compile;
use kirchhoff::drawing::paths_svg;
use kirchhoff::semiring::Meaning;
use kirchhoff_file::write_file;
use serde_json::json;

use super::arguments::Paths;
use super::witnesses::{FEW, irrelevant};
use crate::circuit_options::SymbolicOption;
use crate::circuits::{StoredVariables, has_own_variables, part, question_options};
use crate::failure::Failure;
use crate::listings::table;
use crate::options::QuestionOptions;
use crate::progress::{Progress, stop_at_interrupt};
use crate::request::Request;

/// Prints the strongest paths from the target to each output, or of all.
pub fn run(arguments: &Paths) -> Result<(), Failure> {
    if let Some(path) = &arguments.draw {
        check_drawing(path, arguments)?;
    }
    let (outputs, meaning) = match has_own_variables(&arguments.options.source.files) {
        true => (of_circuit(arguments)?, Meaning::Share),
        false => of_model(arguments)?,
    };
    if let Some(path) = &arguments.draw {
        let svg = paths_svg(&outputs).map_err(|error| Failure::usage(format!("{error}: ask for fewer with -k")))?;
        write_file(arguments.write.output(path), svg.as_bytes()).map_err(|error| Failure::unwritten(path, error))?;
        if !arguments.options.common.quiet {
            crate::say(format_args!("drew the paths to {}", path.display()));
        }
    }
    if arguments.options.common.json {
        return crate::print_json(&json!({ "k": arguments.k, "semiring": arguments.semiring, "outputs": outputs }));
    }
    // Where many outputs are meant, those that paths lead to are, the strongest first.
    let all = !arguments.options.outputs.output.is_empty() || outputs.len() <= FEW;
    let (mut outputs, others): (Vec<_>, Vec<_>) =
        outputs.into_iter().partition(|output| all || !output.paths.is_empty());
    if !all {
        // Those without paths are among the others.
        let strength = |output: &OutputPaths| output.paths.first().map_or(0.0, |path| meaning.importance(path.weight));
        outputs.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
    }
    let edge = |edge: &PathEdge| format!("{} {}", edge.name, short(edge.weight));
    let mut rows: Vec<[String; 3]> = Vec::new();
    for output in &outputs {
        if output.paths.is_empty() {
            rows.push([output.name.clone(), "0".to_string(), "not relevant".to_string()]);
        }
        for path in &output.paths {
            let edges: Vec<String> = path.edges.iter().map(edge).collect();
            // Of all paths each begins where it does.
            let name = path.neurons.first().map_or(&output.name, |neuron| &neuron.name);
            rows.push([name.clone(), short(path.weight), edges.join(" · ")]);
        }
    }
    crate::print(&table(&["output", "weight", "path, from the target"], &rows))?;
    crate::print(&irrelevant(others.len()))
}

/// Refuses a drawing that cannot be written before the work.
fn check_drawing(path: &Path, arguments: &Paths) -> Result<(), Failure> {
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg")) {
        return Err(Failure::usage(format!("cannot draw to {}: its name must end in .svg", path.display())));
    }
    if has_own_variables(&arguments.options.source.files) {
        return Err(Failure::usage(
            "--draw shows layers, which a gate circuit does not have: name the model and an input",
        ));
    }
    arguments.write.output(path).check().map_err(|error| Failure::unwritten(path, error))
}

/// The paths of a gate circuit from a file.
fn of_circuit(arguments: &Paths) -> Result<Vec<OutputPaths>, Failure> {
    let Paths { conditions, semiring, overall, .. } = arguments;
    let refused = [
        ("--through and --remove", !conditions.through.is_empty() || !conditions.remove.is_empty()),
        ("--overall", *overall),
        ("--semiring", semiring != "viterbi"),
    ];
    if let Some((option, _)) = refused.iter().find(|(_, given)| *given) {
        return Err(Failure::usage(format!(
            "{option} of paths is for models, and here is a gate circuit, of which the best paths of `viterbi` are found"
        )));
    }
    let semiring = format!("top-k({})", arguments.k);
    let selection = arguments.options.selection(Some(&SymbolicOption::Edges), StoredVariables::All);
    let part = part(&selection, Some(&semiring))?;
    let question = part.question.as_ref().expect("a semiring is named");
    stop_at_interrupt();
    let progress = Progress::new(part.circuit.wires() as u64, arguments.options.common.quiet);
    progress.say("paths");
    Ok(strongest_paths(&part.circuit, &part.notes, question, arguments.k as usize, &progress)?)
}

/// The paths of a model on an input, by a stream through its layers, and what their weights mean.
fn of_model(arguments: &Paths) -> Result<(Vec<OutputPaths>, Meaning), Failure> {
    let options = question_options(&arguments.options.source, &arguments.semiring, &[], None);
    let options = QuestionOptions { conditions: arguments.conditions.clone(), ..options };
    let request = Request::read(&options)?;
    let [question] = &request.questions[..] else {
        return Err(Failure::usage("paths are the best of one semiring: name one with --semiring"));
    };
    if !arguments.options.common.quiet {
        request.remark();
    }
    stop_at_interrupt();
    let progress = Progress::new(request.edges().saturating_mul(2), arguments.options.common.quiet);
    progress.say("network");
    let execution = request.run(0..1, &progress)?;
    progress.say("paths");
    let circuit = compile(&execution, &question.assignment).map_err(Failure::input)?;
    let circuit = question.started(&circuit)?;
    let of = match arguments.overall {
        true => PathsOf::Overall,
        false => PathsOf::Neurons(arguments.options.outputs.output.clone()),
    };
    let paths = layer_paths(&circuit, question, &of, arguments.k as usize, request.inputs.picture, &progress)?;
    Ok((paths, question.semiring.meaning))
}

/// A weight to six digits.
fn short(weight: f64) -> String {
    let rounded: f64 = format!("{weight:.5e}").parse().unwrap_or(weight);
    if rounded != 0.0 && rounded < 1e-4 { format!("{rounded:e}") } else { rounded.to_string() }
}
