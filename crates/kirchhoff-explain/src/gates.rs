//! Gate circuits: made of an execution for a question, and evaluated for others.

use std::time::Instant;

use kirchhoff_circuit::{GateCircuit, GateLayer, Layer, OutputTensor, Start, UnrollOptions, unroll};
use kirchhoff_compile::compile;
use kirchhoff_evaluate::fold;
use kirchhoff_kernel::Monitor;
use kirchhoff_network::Execution;
use kirchhoff_semiring::{Annotation, Embed, Image, SemiringInfo, SemiringVisitor, visit};
use serde::{Deserialize, Serialize};

use crate::answer::{joined, start_value};
use crate::{Answer, ExplainError, LayerSetting, Question, TensorRelevance};

/// What is known of a gate circuit beside its gates: stored with it as its notes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GateNotes {
    /// The model.
    pub model: String,
    /// The name of the input.
    pub input: String,
    /// Channels, height and width, where the input is a picture.
    pub picture: Option<[usize; 3]>,
    /// The variables that targets start with.
    pub targets: Vec<TargetNote>,
    /// What the circuit was pruned for, if it was.
    pub pruned: Option<Pruned>,
}

/// The start of a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetNote {
    /// The variable.
    pub variable: String,
    /// The number of the output.
    pub output: usize,
    /// Whether it counts for (1) or against (−1) the explanation.
    pub sign: f32,
    /// Its logit.
    pub logit: f32,
}

/// Edges that Θ sends to 0 have been left out: the circuit holds where the same edges go to 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pruned {
    /// The semiring whose 0 is meant.
    pub semiring: String,
    /// Θ of each layer, as it is written.
    pub annotations: Vec<Annotation>,
}

/// How a gate circuit is made.
#[derive(Clone, Copy, Debug)]
pub struct GateOptions {
    /// Which execution of the batch, from 0.
    pub execution: usize,
    /// Whether edges that the question's Θ sends to 0 are left out.
    pub prune: bool,
    /// How many gates are allowed.
    pub max_gates: u64,
}

/// Makes the gate circuit of one execution, under the question's rules: its outputs are the relevance of the tensors
/// that the question keeps, and its variables what the targets start with.
///
/// # Errors
/// Whatever in the question does not fit the network or the semiring, too many gates, or cancellation.
pub fn compile_gates(
    execution: &Execution,
    question: &Question,
    options: GateOptions,
    monitor: &dyn Monitor,
) -> Result<(GateCircuit, GateNotes), ExplainError> {
    visit(question.semiring.name, Compile { execution, question, options, monitor })?
}

struct Compile<'a> {
    execution: &'a Execution,
    question: &'a Question,
    options: GateOptions,
    monitor: &'a dyn Monitor,
}

impl SemiringVisitor for Compile<'_> {
    type Output = Result<(GateCircuit, GateNotes), ExplainError>;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> Self::Output {
        let Compile { execution, question, options, monitor } = self;
        let layered = compile(execution, &question.assignment)?;
        let part = &question.settle(execution, &layered, monitor)?[options.execution];
        let annotations = part.annotations(&layered)?;
        let logits = execution.output(options.execution);
        let targets = part.targets[0].resolve(logits)?;
        let of_layers: Vec<Annotation> = (0..annotations.count()).map(|index| annotations.of(index)).collect();
        let keep = |layer: usize, d: f32| !semiring.is_zero(&of_layers[layer].apply(&semiring, d));
        let ranked = |(index, layer): &(usize, &Layer)| layer.is_annotated() && of_layers[*index] == Annotation::Rank;
        if let Some((_, layer)) = layered.layers().iter().enumerate().find(ranked).filter(|_| options.prune) {
            return Err(ExplainError::Rank { layer: layer.name.clone() });
        }
        let unrolling = UnrollOptions {
            execution: options.execution,
            start: Start::VariablesAt(targets.iter().map(|&(output, _)| output).collect()),
            tensors: question.kept(&layered)?,
            keep: if options.prune { Some(&keep) } else { None },
            max_gates: options.max_gates,
            ..UnrollOptions::default()
        };
        let circuit = unroll(&layered, &unrolling, monitor)?;
        let target = |&(output, sign): &(usize, f32)| TargetNote {
            variable: format!("start[{output}]"),
            output,
            sign,
            logit: logits[output],
        };
        let notes = GateNotes {
            targets: targets.iter().map(target).collect(),
            pruned: options.prune.then(|| Pruned { semiring: info.name.to_string(), annotations: of_layers.clone() }),
            ..GateNotes::default()
        };
        Ok((circuit, notes))
    }
}

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
/// let options = GateOptions { execution: 0, prune: true, max_gates: 1_000_000 };
/// let (circuit, notes) = compile_gates(&execution, &boolean, options, &())?;
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
        let annotations = question.gate_annotations(circuit)?;
        let of = |index: usize, layer: &GateLayer| layer.range.is_some().then(|| annotations.of(index));
        let of_layers: Vec<Option<Annotation>> =
            circuit.layers().iter().enumerate().map(|(index, layer)| of(index, layer)).collect();
        if let Some(pruned) = &notes.pruned {
            agrees(pruned, info, circuit, &of_layers)?;
        }
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

/// Whether the edges that a circuit was pruned of are 0 here too: under the same Θ, and in the same semiring unless Θ
/// yields nothing but 0 and 1.
fn agrees(
    pruned: &Pruned,
    info: &SemiringInfo,
    circuit: &GateCircuit,
    annotations: &[Option<Annotation>],
) -> Result<(), ExplainError> {
    for (index, (layer, annotation)) in circuit.layers().iter().zip(annotations).enumerate() {
        let (Some(annotation), Some(range)) = (annotation, layer.range) else { continue };
        let by = pruned.annotations.get(index);
        let everywhere = annotation.image(range) == Image::Truth;
        if by != Some(annotation) || !(everywhere || pruned.semiring == info.name) {
            return Err(ExplainError::Pruned {
                layer: layer.name.clone(),
                by: by.map_or_else(|| "nothing".to_string(), Annotation::to_string),
                semiring: pruned.semiring.clone(),
                got: annotation.to_string(),
            });
        }
    }
    Ok(())
}
