//! `kirchhoff ask`: questions that need the circuit.

mod arguments;
mod boolean;
mod gradient;
mod importance;
mod models;
mod paths;
mod probability;
mod removed;
mod witnesses;
mod world;

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
        About::World(arguments) => world::run(arguments),
        About::Models(arguments) => models::run(arguments),
        About::Gradient(arguments) => gradient::run(arguments),
    }
}
