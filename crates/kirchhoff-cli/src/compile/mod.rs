//! `kirchhoff compile`.

mod arguments;
mod gates;
mod layered;

pub use arguments::Compile;

use crate::failure::Failure;
use crate::load;

/// Runs a model and writes the execution's circuit to a file: of one input gate by gate, or the executed layers.
pub fn run(arguments: &Compile) -> Result<(), Failure> {
    let output = load::output(&arguments.out, "circuits", &arguments.write)?;
    if arguments.layered { layered::compile(arguments, output) } else { gates::compile(arguments, output) }
}
