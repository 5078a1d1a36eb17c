//! Gate circuits as formulas: with Θ applied, and in symbolic semirings.

use kirchhoff_circuit::GateCircuit;
use kirchhoff_evaluate::{PerLeaf, fold};
use kirchhoff_formula::{decide, output_names};
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::{
    Expression, Overflow, Real, SemiringInfo, Symbolic, SymbolicVisitor, Variable, visit_symbolic,
};

use super::{GateNotes, check_neurons};
use crate::{ExplainError, Question};

/// The circuit with the question's Θ and start applied: contributions become `Θ(d)` as numbers, or the constants 0 and 1,
/// and so do starts: those of targets that [start with 1](GateNotes::start), and those of outputs that are no targets, with 0.
///
/// # Errors
/// As for [`evaluate_gates`](super::evaluate_gates).
pub fn annotated(circuit: &GateCircuit, notes: &GateNotes, question: &Question) -> Result<GateCircuit, ExplainError> {
    let annotations = notes.admit(circuit, question, question.semiring.laws)?;
    check_neurons(question, &annotations, circuit.layers().iter().map(|layer| (&*layer.name, layer.range.is_some())))?;
    check_signs(notes, question)?;
    let theta =
        |layer: usize, d: f32| question.semiring.decide(annotations.of(layer), &circuit.layers()[layer].name, d);
    Ok(decide(circuit, &theta, &|variable| notes.constant(question, variable))?)
}

/// Refuses targets that count against others where there is no −1: what these are beyond is no formula.
fn check_signs(notes: &GateNotes, question: &Question) -> Result<(), ExplainError> {
    let semiring = &question.semiring;
    match notes.targets.iter().find(|target| target.sign < 0.0 && !semiring.has_signs()) {
        Some(target) => {
            Err(ExplainError::Contrast { variable: target.variable.clone(), semiring: semiring.name.to_string() })
        }
        None => Ok(()),
    }
}

/// What an output is in a symbolic semiring.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputExpression {
    /// The output's name.
    pub name: String,
    /// The expression, with the names of the circuit's variables; or the operation that would have passed the limit.
    pub value: Result<String, Overflow>,
    /// The number of terms: monomials, witnesses, paths, or variables of a lineage.
    pub terms: usize,
}

/// Evaluates a circuit in the symbolic semiring that `semiring` names, `polynomial(500)` say, with each variable for
/// itself but the starts that are constants, as in [`annotated`]. Contributions count as the question's Θ has them: as 0 or not, and in
/// `top-k` as weights.
///
/// Takes the operations of a [fold](fold()); what one of them takes depends on the limit of the semiring.
///
/// # Errors
/// No such semiring, or as for [`evaluate_gates`](super::evaluate_gates).
pub fn expressions(
    circuit: &GateCircuit,
    notes: &GateNotes,
    semiring: &str,
    question: &Question,
    monitor: &dyn Monitor,
) -> Result<Vec<OutputExpression>, ExplainError> {
    visit_symbolic(semiring, Express { circuit, notes, question, monitor })?
}

struct Express<'a> {
    circuit: &'a GateCircuit,
    notes: &'a GateNotes,
    question: &'a Question,
    monitor: &'a dyn Monitor,
}

impl SymbolicVisitor for Express<'_> {
    type Output = Result<Vec<OutputExpression>, ExplainError>;

    fn visit<S: Symbolic + Clone + 'static>(self, _: &'static SemiringInfo, semiring: S) -> Self::Output {
        let values = symbolic_values(self.circuit, self.notes, &semiring, self.question, self.monitor)?;
        let names = self.circuit.variables();
        let name = |variable: Variable| names[variable.0 as usize].clone();
        let expression = |(output, value): (String, S::Value)| OutputExpression {
            name: output,
            terms: value.as_ref().map_or(0, Expression::terms),
            value: value.map(|value| value.named(&name).to_string()),
        };
        Ok(output_names(self.circuit).into_iter().zip(values).map(expression).collect())
    }
}

/// The value of every output in a symbolic semiring, as for [`expressions`].
///
/// # Errors
/// As for [`evaluate_gates`](super::evaluate_gates); targets that count against others, in a semiring without a difference.
pub fn symbolic_values<S: Symbolic>(
    circuit: &GateCircuit,
    notes: &GateNotes,
    semiring: &S,
    question: &Question,
    monitor: &dyn Monitor,
) -> Result<Vec<S::Value>, ExplainError> {
    let annotations = notes.admit(circuit, question, semiring.laws())?;
    let theta = PerLeaf(|layer: usize, d: f32| semiring.scalar(annotations.of(layer).apply(&Real, d)));
    let folded = |side: Option<f32>| -> Result<Vec<S::Value>, ExplainError> {
        let value = |(number, name): (usize, &String)| match notes.constant_of_side(question, name, side) {
            Some(true) => semiring.one(),
            Some(false) => semiring.zero(),
            None => semiring.variable(Variable(number as u32)),
        };
        let variables: Vec<S::Value> = circuit.variables().iter().enumerate().map(value).collect();
        Ok(fold(circuit, semiring, &theta, &variables, monitor)?)
    };
    let Some(against) = notes.targets.iter().find(|target| target.sign < 0.0) else {
        return folded(None);
    };
    // What is beyond what: both sides start alike.
    let beyond = |(a, b): (S::Value, S::Value)| semiring.minus(&a, &b);
    let differences = folded(Some(1.0))?.into_iter().zip(folded(Some(-1.0))?).map(beyond).collect::<Option<_>>();
    differences.ok_or_else(|| ExplainError::Difference { variable: against.variable.clone() })
}
