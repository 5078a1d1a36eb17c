//! The strongest paths that carry the relevance of a question.

use kirchhoff_circuit::LayeredCircuit;
use kirchhoff_kernel::Monitor;

use crate::{ExplainError, FindPaths, Question};

/// Finds the strongest paths, at most `count` of a search, from neurons to where relevance starts, through a circuit that
/// [starts](Question::started) where the question's targets are: in any [selective](kirchhoff_semiring::Law::Selective) semiring,
/// such as `viterbi`, `tropical` and `bottleneck`, under the question's Θ and conditions.
///
/// ```
/// use std::sync::Arc;
/// use kirchhoff::compile::compile;
/// use kirchhoff::explain::{Question, strongest_paths};
/// use kirchhoff::network::Execution;
///
/// let (network, digits) = kirchhoff::embedded::digits()?;
/// let execution = Execution::run(Arc::new(network), &digits.values[7 * 784..8 * 784], 1, &())?;
/// let question = Question::new("viterbi")?;
/// let circuit = compile(&execution, &question.assignment)?;
/// let mut paths = strongest_paths(&circuit, &question, 3, &())?;
/// let overall = paths.overall(&())?;
/// assert_eq!(overall.len(), 3);
/// assert!(overall[0].weight >= overall[1].weight && overall[1].weight >= overall[2].weight);
/// let again = paths.from(circuit.input(), overall[0].neuron, &())?;
/// assert_eq!(again[0], overall[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A semiring that is not selective; targets that count against others; Θ that needs more than an edge's contribution; whatever
/// else in the question does not fit the circuit; cancellation.
///
/// # Complexity
/// One stream, here; memory for the relevance of every tensor. Each search then takes what [`Paths`](kirchhoff_evaluate::Paths)
/// says.
pub fn strongest_paths<'a>(
    circuit: &'a LayeredCircuit,
    question: &'a Question,
    count: usize,
    monitor: &dyn Monitor,
) -> Result<Box<dyn FindPaths + 'a>, ExplainError> {
    question.semiring.paths(circuit, question, count, monitor)
}
