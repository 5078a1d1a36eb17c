//! `kirchhoff evaluate`.

mod arguments;
mod evaluated;
mod gates;
mod inputs;
mod layered;

pub use arguments::Evaluate;
use evaluated::Evaluated;
use kirchhoff::circuit::{CircuitFile, CircuitKind};
use kirchhoff::explanation::relevance_file;
use kirchhoff_file::Folder;

use crate::failure::Failure;
use crate::load;
use crate::options::ReadingOptions;

/// What was evaluated, as JSON.
const EVALUATION: &str = "evaluation.json";

/// Evaluates stored circuits over semirings.
pub fn run(arguments: &Evaluate) -> Result<(), Failure> {
    if arguments.inputs.is_none() && arguments.reading != ReadingOptions::default() {
        return Err(Failure::usage("how models and inputs are read is for --inputs, which are not given"));
    }
    let evaluated = match &arguments.circuits[..] {
        [path] if arguments.inputs.is_some() => inputs::evaluate(arguments, path)?,
        _ if arguments.inputs.is_some() => return Err(Failure::usage("--inputs are for one circuit, not for several")),
        [path] if CircuitFile::kind_of(path) == Some(CircuitKind::Layered) => {
            layered::evaluate(arguments, &load::circuit(path, arguments.verify)?)?
        }
        _ => gates::evaluate(arguments)?,
    };
    let Evaluated { names, answers, .. } = &evaluated;
    if let Some(path) = &arguments.out {
        let mut folder = Folder::open(arguments.write.output(path))?;
        folder.replace_run(EVALUATION);
        folder.write("relevance.safetensors", &relevance_file(answers, names.len())?)?;
        evaluated.draw(&mut folder, arguments.pictures)?;
        let report = evaluated.written(folder.names());
        folder.write(EVALUATION, &serde_json::to_vec_pretty(&report).map_err(Failure::work)?)?;
        folder.commit()?;
        if !arguments.common.quiet {
            crate::say(format_args!("wrote relevance.safetensors and {EVALUATION} to {}", path.display()));
        }
    }
    if arguments.common.json { crate::print_json(&evaluated.report()) } else { crate::print(&evaluated.text()) }
}
