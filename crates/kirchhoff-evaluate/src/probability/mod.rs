//! How probable it is that outputs stay relevant when variables are dropped at random.
//!
//! Each variable of a gate circuit is 1 with a probability of its own and 0 otherwise, independently of the others: the
//! circuit is then a Boolean formula over independent events, as in probabilistic databases (Suciu, Olteanu, Ré & Koch,
//! "Probabilistic databases", 2011), and a network whose edges fail, as in reliability theory. To find the probability is
//! #P-hard, so there are two ways: [`exact_probability`] by decision diagrams under a limit, and
//! [`estimate_probability`] by sampling.

mod diagram;
mod exact;
mod importance;
mod joint;
mod sample;
mod world;

use kirchhoff_circuit::GateError;
use kirchhoff_kernel::Cancelled;
use thiserror::Error;

use crate::error::FoldError;

pub use diagram::{DEFAULT_MAX_NODES, DecisionDiagram, DecisionNode, decision_diagrams};
pub use exact::{exact_probability, exact_probability_gradient};
pub use importance::{
    Importance, ImportanceEstimate, ImportanceEstimates, Importances, estimate_importance, exact_importance, importance,
};
pub use joint::{
    Conditional, ConditionalEstimates, conditional_probability, estimate_conditional_probability,
    estimate_expected_outputs, expected_outputs, joint_probability,
};
pub use sample::{Estimate, Estimates, MeanEstimate, Sampling, estimate_probability};
pub use world::{Fate, World, most_probable_world};

/// Why there is no probability.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ProbabilityError {
    /// Not a probability.
    #[error("a probability of {got} for variable `{variable}`: it must lie between 0 and 1")]
    Range {
        /// The variable.
        variable: String,
        /// What is given for it.
        got: f64,
    },
    /// More variables than a decision diagram has room for.
    #[error("the formula has {got} variables, and decision diagrams take {limit}")]
    Variables {
        /// How many variables occur in the outputs.
        got: usize,
        /// How many there may be.
        limit: usize,
    },
    /// An output that is not there.
    #[error("there is no output {got}: the circuit has {count}, counted from 0")]
    Output {
        /// Its position.
        got: usize,
        /// How many outputs there are.
        count: usize,
    },
    /// A variable whose importance cannot be sampled, as all worlds have the same value of it.
    #[error(
        "variable `{variable}` has probability {got}: its importance can be computed exactly, but sampled between 0 and 1 \
         alone"
    )]
    Certain {
        /// The variable.
        variable: String,
        /// Its probability.
        got: f64,
    },
    /// Decision diagrams that outgrow their limit.
    #[error("the decision diagrams take more than {max_nodes} nodes: allow more of them, or sample")]
    Nodes {
        /// The limit.
        max_nodes: usize,
    },
    /// A circuit for one output cannot be made.
    #[error(transparent)]
    Gates(#[from] GateError),
    /// The circuit cannot be evaluated, or its evaluation was stopped.
    #[error(transparent)]
    Fold(#[from] FoldError),
}

impl From<Cancelled> for ProbabilityError {
    fn from(cancelled: Cancelled) -> Self {
        ProbabilityError::Fold(cancelled.into())
    }
}

/// Refuses what is no probability of each variable.
fn check(variables: &[String], probabilities: &[f64]) -> Result<(), ProbabilityError> {
    let (got, expected) = (probabilities.len(), variables.len());
    if got != expected {
        return Err(FoldError::Variables { got, expected }.into());
    }
    match variables.iter().zip(probabilities).find(|(_, probability)| !(0.0..=1.0).contains(*probability)) {
        Some((variable, &got)) => Err(ProbabilityError::Range { variable: variable.clone(), got }),
        None => Ok(()),
    }
}
