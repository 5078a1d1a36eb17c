//! Gate circuits evaluated: the answer to a question.

use kirchhoff_circuit::GateCircuit;
use kirchhoff_kernel::Monitor;

use super::GateNotes;
use crate::semiring::{GateFold, VariableValue};
use crate::{Answer, ExplainError, Question};

/// Answers a question by a gate circuit: in the question's semiring, under its annotations, from its start. The
/// circuit has its rules, targets and tensors already; other variables than the targets' are 1.
///
/// ```
/// use std::sync::Arc;
/// use kirchhoff::explain::{GateOptions, Question, compile_gates, evaluate_gates, explain};
/// use kirchhoff::network::Execution;
///
/// let (network, digits) = kirchhoff::embedded::digits()?;
/// let execution = Execution::run(Arc::new(network), &digits.values[..784], 1, &())?;
/// let boolean = Question::new("boolean")?.with_annotation("threshold(0.05)".parse()?);
/// let options = GateOptions { prune: true, ..GateOptions::default() };
/// let (circuit, notes) = compile_gates(&execution, &boolean, &options, &())?;
///
/// // Pruned for one threshold, it serves every semiring under it.
/// let counting = Question::new("counting")?.with_annotation(boolean.annotation);
/// let counts = evaluate_gates(&circuit, &notes, &counting, &())?;
/// let streamed = explain(&execution, &counting, &())?;
/// assert_eq!(counts.tensors[0].values.to_f64(), streamed.tensors[0].values.to_f64());
/// assert!(evaluate_gates(&circuit, &notes, &Question::new("counting")?, &()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Annotations that do not fit the circuit or the semiring, or under which it was not pruned; a semiring without the
/// laws that the circuit was simplified by; cancellation.
pub fn evaluate_gates(
    circuit: &GateCircuit,
    notes: &GateNotes,
    question: &Question,
    monitor: &dyn Monitor,
) -> Result<Answer, ExplainError> {
    let annotations = notes.admit(circuit, question, question.semiring.laws)?;
    let value = |name: &String| match notes.targets.iter().find(|target| target.variable == *name) {
        Some(target) => VariableValue::Target { sign: target.sign, logit: target.logit },
        None if notes.is_other_start(name) => VariableValue::Zero,
        None => VariableValue::One,
    };
    question.semiring.fold(GateFold {
        circuit,
        annotations: &annotations,
        variables: circuit.variables().iter().map(value).collect(),
        start: question.start,
        contributions: None,
        count: 1,
        memory: 0,
        targets: vec![notes.targets.iter().map(|target| (target.output, target.sign)).collect()],
        monitor,
    })
}
