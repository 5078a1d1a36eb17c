//! Boolean formulas of outputs: what probabilities, importance and witnesses are asked of.

use kirchhoff::evaluate::PerLeaf;

use super::arguments::{AskOptions, Subjects};
use crate::circuits::{Part, Selection, part};
use crate::failure::Failure;

/// The Boolean formula of each output that is selected or `given`, over the variables of the subjects.
pub fn formulas(options: &AskOptions, subjects: &Subjects, given: &[String]) -> Result<Part, Failure> {
    let symbolic = subjects.symbolic();
    let selection = Selection { given, ..options.selection(Some(&symbolic), subjects.stored()) };
    let part = part(&selection, Some("boolean"))?;
    match part.start().first() {
        Some((start, _)) => Err(Failure::usage(format!(
            "relevance starts with the number `{start}`: what is relevant at all is asked from 1, of targets such as `3` \
             or `3,8`"
        ))),
        None => Ok(part),
    }
}

/// Θ has made constants of all contributions.
pub fn truths() -> PerLeaf<impl Fn(usize, f32) -> bool> {
    PerLeaf(|_: usize, d: f32| d != 0.0)
}
