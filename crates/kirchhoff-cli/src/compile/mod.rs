//! `kirchhoff compile`.

mod arguments;
mod gates;
mod layered;

pub use arguments::Compile;

use crate::failure::Failure;
use crate::load;

/// Runs a model and writes the execution's circuit to a file: of one input gate by gate, or the executed layers.
pub fn run(arguments: &Compile) -> Result<(), Failure> {
    load::check_output(&arguments.out, "circuits")?;
    if arguments.layered { layered::compile(arguments) } else { gates::compile(arguments) }
}
