//! Gate circuits evaluated: the answer to a question.

use std::time::Instant;

use kirchhoff_circuit::{GateCircuit, GateLayer, OutputTensor};
use kirchhoff_evaluate::fold;
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::{Annotation, Embed, SemiringInfo, SemiringVisitor, visit};

use super::GateNotes;
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
        let of = |index: usize, layer: &GateLayer| layer.range.is_some().then(|| annotations.of(index));
        let of_layers: Vec<Option<Annotation>> =
            circuit.layers().iter().enumerate().map(|(index, layer)| of(index, layer)).collect();
        let value = |name: &String| match notes.targets.iter().find(|target| target.variable == *name) {
            Some(target) => start_value(info, &semiring, question.start, target.sign, target.logit),
            None => Ok(semiring.one()),
        };
        let variables: Vec<S::Value> = circuit.variables().iter().map(value).collect::<Result<_, _>>()?;
        let values = fold(circuit, &semiring, &annotations, &variables, monitor)?;
        let mut rest = &values[..];
        let mut own = |tensor: &OutputTensor| {
            let values;
            (values, rest) = rest.split_at(tensor.shape.iter().product());
            values
        };
        let outputs: Vec<(&OutputTensor, &[S::Value])> =
            circuit.output_tensors().iter().map(|tensor| (tensor, own(tensor))).collect();
        let joined = outputs.first().map(|(tensor, values)| joined(&semiring, values, &tensor.shape));
        let setting = |(layer, annotation): (&GateLayer, &Option<Annotation>)| LayerSetting {
            layer: layer.name.clone(),
            rule: layer.rule.clone(),
            annotation: annotation.map(|annotation| annotation.to_string()),
            thresholds: None,
        };
        Ok(Answer {
            semiring: info,
            tensors: outputs
                .iter()
                .map(|(tensor, values)| TensorRelevance {
                    name: tensor.name.clone(),
                    shape: tensor.shape.clone(),
                    values: semiring.array(values),
                    limbs: semiring.limbs(values),
                })
                .collect(),
            joined: semiring.array(&joined.unwrap_or_default()),
            ledgers: Vec::new(),
            settings: circuit.layers().iter().zip(&of_layers).map(setting).collect(),
            targets: vec![notes.targets.iter().map(|target| (target.output, target.sign)).collect()],
            time: clock.elapsed(),
        })
    }
}
