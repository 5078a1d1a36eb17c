//! `kirchhoff ask`: questions that need the circuit.

mod arguments;
mod paths;
mod probability;
mod removed;
mod witnesses;

use arguments::About;
pub use arguments::Ask;
use kirchhoff::ask::AskError;
use kirchhoff::evaluate::{FoldError, ProbabilityError};
use kirchhoff::explain::ExplainError;

use super::circuit_options::SymbolicOption;
use super::circuits::{Part, part};
use super::failure::Failure;
use super::set_threads;

/// Answers a question about a circuit.
pub fn run(ask: &Ask) -> Result<(), Failure> {
    let common = match &ask.about {
        About::Removed(arguments) => &arguments.options.common,
        About::Witnesses(arguments) => &arguments.options.common,
        About::Paths(arguments) => &arguments.options.common,
        About::Probability(arguments) => &arguments.options.common,
    };
    set_threads(common)?;
    match &ask.about {
        About::Removed(arguments) => removed::run(arguments),
        About::Witnesses(arguments) => witnesses::run(arguments),
        About::Paths(arguments) => paths::run(arguments),
        About::Probability(arguments) => probability::run(arguments),
    }
}

/// The Boolean formula of each output over the variables that `symbolic` puts.
fn boolean(asked: &arguments::AskOptions, symbolic: &SymbolicOption) -> Result<Part, Failure> {
    let part = part(&asked.selection(Some(symbolic)), Some("boolean"))?;
    match part.start().first() {
        Some((start, _)) => Err(Failure::usage(format!(
            "relevance starts with the number `{start}`: what is relevant at all is asked from 1, of targets such as `3` \
             or `3,8`"
        ))),
        None => Ok(part),
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Explain(error) => error.into(),
            AskError::Probability(ProbabilityError::Fold(FoldError::Cancelled(cancelled))) => cancelled.into(),
            error => Failure::input(error),
        }
    }
}

impl From<ProbabilityError> for Failure {
    fn from(error: ProbabilityError) -> Self {
        match error {
            ProbabilityError::Fold(error) => ExplainError::from(error).into(),
            error => Failure::input(error),
        }
    }
}
