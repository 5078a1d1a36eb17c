//! What can be wrong with gates.

use kirchhoff_semiring::Interval;
use thiserror::Error;

/// Arrays that are no gate circuit, or gates that cannot be made.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GateError {
    /// An array whose length does not fit the others.
    #[error("{what}: {got}, should be {expected}")]
    Length {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A number that stands for no kind of gate.
    #[error("gate {gate} is of kind {kind}, which does not exist")]
    Kind {
        /// The gate.
        gate: usize,
        /// The number.
        kind: u8,
    },
    /// A gate whose operands do not follow those of the gate before.
    #[error("the operands of gate {gate} begin after they end")]
    Offset {
        /// The gate.
        gate: usize,
    },
    /// A gate with the wrong number of operands for its kind.
    #[error("gate {gate} has {got} operands, its kind takes {expected}")]
    Arity {
        /// The gate.
        gate: usize,
        /// How many it has.
        got: usize,
        /// How many it should have.
        expected: usize,
    },
    /// A gate that refers to something that is not there, or not before it.
    #[error("gate {gate} refers to {what} {got}, which must be below {limit}")]
    Reference {
        /// The gate, or the number of the gates where an output refers to one.
        gate: usize,
        /// To what.
        what: &'static str,
        /// The number that it has.
        got: u32,
        /// What the number must be below.
        limit: usize,
    },
    /// A gate that stands behind gates of a deeper level.
    #[error("gate {gate} stands behind gates of a deeper level")]
    Level {
        /// The gate.
        gate: usize,
    },
    /// A leaf that does not have the next contribution.
    #[error("gate {gate} has contribution {got}, should have the next one, {expected}")]
    Contribution {
        /// The gate.
        gate: usize,
        /// The contribution that it has.
        got: u32,
        /// The next.
        expected: usize,
    },
    /// A name that is given twice.
    #[error("two {what} are called '{name}'")]
    Name {
        /// What is called so.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// More gates, or more operands, than are allowed.
    #[error("more than {limit} {what}")]
    Limit {
        /// Of what there are too many.
        what: &'static str,
        /// How many are allowed.
        limit: u64,
    },
}

/// A contribution that is not a finite number of the range that its layer has.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("contribution {index}, of layer '{layer}', is {d}, which does not lie in {range}")]
pub struct ContributionError {
    /// Its position.
    pub index: usize,
    /// The layer.
    pub layer: String,
    /// Its value.
    pub d: f32,
    /// Where it should lie.
    pub range: Interval,
}
