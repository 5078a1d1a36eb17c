//! `kirchhoff ask`: questions that need the circuit.

mod arguments;
mod boolean;
mod importance;
mod paths;
mod probability;
mod removed;
mod witnesses;

use arguments::About;
pub use arguments::Ask;

use crate::failure::Failure;

/// Answers a question about a circuit.
pub fn run(ask: &Ask) -> Result<(), Failure> {
    match &ask.about {
        About::Removed(arguments) => removed::run(arguments),
        About::Witnesses(arguments) => witnesses::run(arguments),
        About::Paths(arguments) => paths::run(arguments),
        About::Probability(arguments) => probability::run(arguments),
        About::Importance(arguments) => importance::run(arguments),
    }
}
