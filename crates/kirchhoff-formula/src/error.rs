//! Why a circuit cannot be written as asked.

use kirchhoff_circuit::GateError;
use thiserror::Error;

/// Why a circuit cannot be written as asked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FormulaError {
    /// An output, or a layer, that the circuit does not have.
    #[error("no output is named `{asked}`; there are {there}")]
    NoOutput {
        /// What was asked for.
        asked: String,
        /// The outputs there are, in words.
        there: String,
    },
    /// A formula that is too long.
    #[error(
        "the formula takes {gates} gates written out, but no more than {limit} are allowed: ask for fewer outputs or a \
         smaller depth, write out smaller subformulas only, or raise the limit"
    )]
    TooLong {
        /// How many gates, each as often as it is written.
        gates: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// A drawing of too much.
    #[error(
        "the drawing has {got} {what}, but no more than {limit} are allowed: ask for fewer outputs or a smaller depth, or for DOT"
    )]
    TooLarge {
        /// What is drawn.
        what: &'static str,
        /// How many.
        got: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A contribution where only variables and constants have a meaning.
    #[error(
        "a Boolean formula has variables and constants alone, but contribution {d} of layer `{layer}` stands in this \
         one: decide by a threshold which contributions are 1"
    )]
    Contribution {
        /// Its layer.
        layer: String,
        /// The contribution, as text.
        d: String,
    },
    /// More or fewer outputs than the format can hold.
    #[error("{format} is of one output, but {got} are asked for: choose one")]
    Outputs {
        /// The format.
        format: &'static str,
        /// How many outputs there are.
        got: usize,
    },
    /// Gates that cannot be made.
    #[error(transparent)]
    Gate(#[from] GateError),
}
