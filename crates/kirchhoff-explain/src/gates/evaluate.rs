//! Gate circuits evaluated: the answer to a question.

use std::time::Instant;

use kirchhoff_circuit::{GateCircuit, GateLayer, OutputTensor};
use kirchhoff_evaluate::{Annotations, fold};
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::{Embed, SemiringInfo, SemiringVisitor, visit};

use super::{GateNotes, is_start};
use crate::answer::{joined, start_value};
use crate::{Answer, ExplainError, LayerSetting, Question, TensorRelevance};

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
    visit(question.semiring.name, Evaluate { circuit, notes, question, monitor })?
}

struct Evaluate<'a> {
    circuit: &'a GateCircuit,
    notes: &'a GateNotes,
    question: &'a Question,
    monitor: &'a dyn Monitor,
}

impl SemiringVisitor for Evaluate<'_> {
    type Output = Result<Answer, ExplainError>;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> Self::Output {
        let clock = Instant::now();
        let Evaluate { circuit, notes, question, monitor } = self;
        let annotations = notes.admit(circuit, question, semiring.laws())?;
        let value = |name: &String| match notes.targets.iter().find(|target| target.variable == *name) {
            Some(target) => start_value(info, &semiring, question.start, target.sign, target.logit),
            // Where every output starts with a variable, those that are no targets start with 0.
            None if notes.network.is_some() && is_start(name) => Ok(semiring.zero()),
            None => Ok(semiring.one()),
        };
        let variables: Vec<S::Value> = circuit.variables().iter().map(value).collect::<Result<_, _>>()?;
        let values = fold(circuit, &semiring, &annotations, &variables, monitor)?;
        let targets = notes.targets.iter().map(|target| (target.output, target.sign)).collect();
        Ok(answer(circuit, info, &semiring, &annotations, &values, vec![targets], clock))
    }
}

/// The answer that the values of a circuit's outputs are, for one execution after the other: one for each list of targets.
pub(super) fn answer<S: Embed>(
    circuit: &GateCircuit,
    info: &'static SemiringInfo,
    semiring: &S,
    annotations: &Annotations,
    values: &[S::Value],
    targets: Vec<Vec<(usize, f32)>>,
    clock: Instant,
) -> Answer {
    let mut first = 0;
    let mut own = |tensor: &OutputTensor| -> Vec<S::Value> {
        let range = first..first + tensor.shape.iter().product::<usize>();
        first = range.end;
        values.chunks(circuit.outputs().len().max(1)).flat_map(|values| values[range.clone()].to_vec()).collect()
    };
    let outputs: Vec<(&OutputTensor, Vec<S::Value>)> =
        circuit.output_tensors().iter().map(|tensor| (tensor, own(tensor))).collect();
    let joined = outputs.first().and_then(|(tensor, values)| joined(semiring, values, &tensor.shape));
    let setting = |(index, layer): (usize, &GateLayer)| LayerSetting {
        layer: layer.name.clone(),
        rule: layer.rule.clone(),
        annotation: layer.range.is_some().then(|| annotations.of(index).to_string()),
        thresholds: None,
    };
    Answer {
        semiring: info,
        tensors: outputs
            .into_iter()
            .map(|(tensor, values)| TensorRelevance {
                name: tensor.name.clone(),
                shape: tensor.shape.clone(),
                limbs: semiring.limbs(&values),
                values: semiring.array(values),
            })
            .collect(),
        joined,
        ledgers: Vec::new(),
        settings: circuit.layers().iter().enumerate().map(setting).collect(),
        targets,
        time: clock.elapsed(),
    }
}
