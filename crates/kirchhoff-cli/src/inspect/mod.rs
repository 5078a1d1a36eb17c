//! `kirchhoff inspect`.

mod arguments;
mod gates;
mod layered;
mod model;

pub use arguments::Inspect;
use kirchhoff::circuit::{CircuitFile, CircuitKind};

use crate::failure::Failure;
use crate::load;

/// Shows a circuit, or a model in its canonical form, the one that explanations run on.
pub fn run(arguments: &Inspect) -> Result<(), Failure> {
    if let Some(path) = arguments.file.as_deref().filter(|path| CircuitFile::is_marked(path)) {
        if arguments.draw.is_some() {
            return Err(Failure::usage("--draw is for models; `kirchhoff draw` draws circuits of gates"));
        }
        if arguments.asked.rules.names_rules() {
            return Err(Failure::usage("a circuit has its rules: others are for models"));
        }
        let file = load::circuit(path, arguments.verify)?;
        return match file.kind() {
            CircuitKind::Layered => layered::inspect(&file, arguments),
            CircuitKind::Gates => gates::inspect(&file, arguments),
        };
    }
    if arguments.verify {
        return Err(Failure::usage("--verify is for circuit files, which hold a checksum; this is none"));
    }
    model::inspect(arguments)
}
