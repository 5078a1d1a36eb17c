//! Definitions: their language against a naive interpreter, their blocks against built-in semirings, their messages.

mod difference;
mod edges;
mod examples;
mod interpreter;
mod messages;
mod neurons;
mod random;
mod twins;

use kirchhoff_semiring::{Definition, LawChecker, LawReport, Semiring};

/// Reads a definition of the one-line form.
fn defined(text: &str) -> Definition {
    Definition::from_call(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Checks a semiring's laws on its own elements.
fn report<S: Semiring>(semiring: &S) -> LawReport {
    LawChecker::new().check(semiring)
}
