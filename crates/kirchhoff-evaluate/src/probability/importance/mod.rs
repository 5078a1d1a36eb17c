//! How much an output depends on each variable: power indices of cooperative games, where variables are players and a
//! coalition wins if the output is 1.

mod exact;
mod sample;

use kirchhoff_circuit::GateCircuit;
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::Boolean;

use super::{ProbabilityError, Sampling};
use crate::leaves::AnnotateLeaves;

pub use exact::exact_importance;
pub use sample::{ImportanceEstimate, ImportanceEstimates, estimate_importance};

/// A measure of the importance of variables for an output.
///
/// All are averages of the same thing: whether the variable is pivotal, so that the output is 1 with it and 0 without.
/// Gates are monotone, so that importance is never negative.
#[derive(Clone, Debug, PartialEq)]
pub enum Importance {
    /// Over all orders in which variables come to be 1 (Shapley, "A value for n-person games", 1953; Shapley & Shubik
    /// 1954). The sum over all variables is 1 where the output depends on them at all.
    Shapley,
    /// Over all subsets of the other variables (Banzhaf 1965).
    Banzhaf,
    /// Over random worlds in which each variable is 1 with a probability of its own (Birnbaum 1969): the derivative of the
    /// output's probability by that of the variable.
    Birnbaum(Vec<f64>),
}

/// The importance of variables: exact, or estimated.
#[derive(Clone, Debug, PartialEq)]
pub enum Importances {
    /// From a decision diagram: one number a variable.
    Exact(Vec<f64>),
    /// From random worlds.
    Estimated(ImportanceEstimates),
}

/// The importance of every variable of a circuit for the output at a position, contributions being what `annotate` makes
/// of them: [exact](exact_importance) where a decision diagram of at most `max_nodes` nodes suffices, else
/// [estimated](estimate_importance).
///
/// # Errors
/// As those two, but for too many variables or nodes.
pub fn importance(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    output: usize,
    measure: &Importance,
    max_nodes: usize,
    sampling: Sampling,
    monitor: &dyn Monitor,
) -> Result<Importances, ProbabilityError> {
    match exact_importance(circuit, annotate, output, measure, max_nodes, monitor) {
        Err(ProbabilityError::Nodes { .. } | ProbabilityError::Variables { .. }) => {
            estimate_importance(circuit, annotate, output, measure, sampling, monitor).map(Importances::Estimated)
        }
        other => other.map(Importances::Exact),
    }
}
