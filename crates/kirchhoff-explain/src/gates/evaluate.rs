//! Gate circuits evaluated: the answer to a question.

use kirchhoff_circuit::GateCircuit;
use kirchhoff_evaluate::Annotations;
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::LawReport;

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
    evaluate_gates_with(circuit, notes, question, &|_| None, monitor)
}

/// As [`evaluate_gates`], with the elements that numbers from elsewhere stand for as the values of variables: of edges or
/// neurons that weigh more or less, are trusted or cost something. Variables for which `values` has no number are what they
/// are without it: the starts of targets, 0 for other outputs, 1 for edges and neurons.
///
/// # Errors
/// As for [`evaluate_gates`]; a number that is no element of the semiring.
pub fn evaluate_gates_with(
    circuit: &GateCircuit,
    notes: &GateNotes,
    question: &Question,
    values: &dyn Fn(&str) -> Option<f32>,
    monitor: &dyn Monitor,
) -> Result<Answer, ExplainError> {
    let annotations = notes.admit(circuit, question, question.semiring.laws)?;
    question.semiring.fold(gate_fold(circuit, notes, question, &annotations, values, monitor))
}

/// Checks the axioms and the declared laws of the question's semiring on the values that its gates have in a circuit, up to
/// 16 of them and what ⊕ and ⊗ make of these: a law that holds for the semiring's own elements may fail for those that occur.
/// Takes a fold and less than a million operations.
///
/// # Errors
/// As for [`evaluate_gates`].
pub fn check_laws_of_gates(
    circuit: &GateCircuit,
    notes: &GateNotes,
    question: &Question,
    monitor: &dyn Monitor,
) -> Result<LawReport, ExplainError> {
    let annotations = notes.admit(circuit, question, question.semiring.laws)?;
    question.semiring.check_laws_of_gates(gate_fold(circuit, notes, question, &annotations, &|_| None, monitor))
}

fn gate_fold<'a>(
    circuit: &'a GateCircuit,
    notes: &GateNotes,
    question: &Question,
    annotations: &'a Annotations,
    values: &dyn Fn(&str) -> Option<f32>,
    monitor: &'a dyn Monitor,
) -> GateFold<'a> {
    let value = |name: &String| match values(name) {
        Some(number) => VariableValue::Number(number),
        None => match notes.targets.iter().find(|target| target.variable == *name) {
            Some(target) => VariableValue::Target { sign: target.sign, logit: target.logit },
            None if notes.is_other_start(name) => VariableValue::Zero,
            None => VariableValue::One,
        },
    };
    GateFold {
        circuit,
        annotations,
        variables: circuit.variables().iter().map(value).collect(),
        start: question.start,
        contributions: None,
        count: 1,
        memory: 0,
        targets: vec![notes.targets.iter().map(|target| (target.output, target.sign)).collect()],
        monitor,
    }
}
