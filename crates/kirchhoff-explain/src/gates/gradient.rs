//! Derivatives of relevance by the leaves of a gate circuit.

use kirchhoff_circuit::GateCircuit;
use kirchhoff_evaluate::{Gradient, fold_gradient};
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::{DefaultStart, Real, Semiring};

use super::GateNotes;
use crate::{ExplainError, Question};

/// The derivatives of a weighted sum of outputs in the real semiring, by `Θ(d)` of every contribution and by every variable,
/// in one pass up the circuit and one down: see [`fold_gradient`]. Contributions are what the question's Θ makes of them,
/// targets start as it says, and edges and neurons are 1, so that the derivative by one of them is how much of the sum goes
/// through it.
///
/// ```
/// use std::sync::Arc;
/// use kirchhoff::explain::{GateOptions, Question, Symbolic, compile_gates, gradient};
/// use kirchhoff::network::Execution;
///
/// let (network, digits) = kirchhoff::embedded::digits()?;
/// let execution = Execution::run(Arc::new(network), &digits.values[..784], 1, &())?;
/// let question = Question::new("real")?;
/// let options = GateOptions { symbolic: Symbolic::Hidden, ..GateOptions::default() };
/// let (circuit, notes) = compile_gates(&execution, &question, &options, &())?;
/// let found = gradient(&circuit, &notes, &question, &[1.0; 784], &())?;
/// // All relevance passes one layer of neurons, and then the other.
/// let sum: f32 = found.outputs.iter().sum();
/// let names = circuit.variables().iter().zip(&found.variables);
/// let through: f32 = names.filter(|(name, _)| name.starts_with("h1[")).map(|(_, by)| by).sum();
/// assert!((through - sum).abs() < 1e-3 * sum.abs());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Annotations that do not fit the circuit, or under which it was not pruned; a circuit that was simplified by laws that
/// derivatives do not keep; not one weight an output; cancellation.
pub fn gradient(
    circuit: &GateCircuit,
    notes: &GateNotes,
    question: &Question,
    weights: &[f32],
    monitor: &dyn Monitor,
) -> Result<Gradient<f32>, ExplainError> {
    let annotations = notes.admit(circuit, question, Real.laws())?;
    let value = |name: &String| match notes.targets.iter().find(|target| target.variable == *name) {
        Some(target) if question.start == DefaultStart::Logit => target.sign * target.logit,
        Some(target) => target.sign,
        None if notes.is_other_start(name) => 0.0,
        None => 1.0,
    };
    let variables: Vec<f32> = circuit.variables().iter().map(value).collect();
    Ok(fold_gradient(circuit, &Real, &annotations, &variables, weights, monitor)?)
}
