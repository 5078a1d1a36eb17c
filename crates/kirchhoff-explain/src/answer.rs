//! Answers: relevance under one semiring, with its ledger.

use std::time::Duration;

use kirchhoff_circuit::LayeredCircuit;
use kirchhoff_compile::compile;
use kirchhoff_evaluate::{
    Advance, Amount, Annotations, Bookkeeping, EvaluationError, Keep, LayerTheta, Ledger, Stream, run,
};
use kirchhoff_kernel::{Monitor, vectorised};
use kirchhoff_network::Execution;
use kirchhoff_semiring::{Array, Carrier, DefaultStart, Embed, Interval, Limbs, SemiringInfo, SemiringVisitor, visit};
use serde::Serialize;

use crate::{ExplainError, Question};

/// The relevance of a batch of inputs in one semiring.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The semiring.
    pub semiring: &'static SemiringInfo,
    /// The relevance of the input, and of every other tensor that was asked for, from input to output.
    pub tensors: Vec<TensorRelevance>,
    /// The input's relevance with the colour channels joined by ⊕, for pictures: `[inputs, height, width]`. `None` where
    /// it has no more than one.
    pub joined: Option<Array>,
    /// One ledger an input.
    pub ledgers: Vec<Ledger>,
    /// The rule and annotation that each layer took.
    pub settings: Vec<LayerSetting>,
    /// The outputs that each input was explained from, with their signs.
    pub targets: Vec<Vec<(usize, f32)>>,
    /// How long it took.
    pub time: Duration,
}

impl Answer {
    /// Appends the answer to the same question about further inputs.
    ///
    /// # Panics
    /// If the other answer is to another question: in another semiring, or of other tensors.
    pub fn append(&mut self, other: Answer) {
        assert_eq!(self.semiring.name, other.semiring.name, "answers in one semiring");
        assert_eq!(self.tensors.len(), other.tensors.len(), "answers of the same tensors");
        for (tensor, other) in self.tensors.iter_mut().zip(other.tensors) {
            tensor.limbs = match (tensor.limbs.take(), other.limbs) {
                (None, None) => None,
                (limbs, others) => Some(concatenated(
                    limbs.unwrap_or_else(|| whole(&tensor.values)),
                    others.unwrap_or_else(|| whole(&other.values)),
                )),
            };
            tensor.values.append(other.values);
        }
        if let (Some(joined), Some(other)) = (&mut self.joined, other.joined) {
            joined.append(other);
        }
        self.ledgers.extend(other.ledgers);
        for (setting, other) in self.settings.iter_mut().zip(other.settings) {
            if let (Some(thresholds), Some(others)) = (&mut setting.thresholds, other.thresholds) {
                thresholds.extend(others);
            }
        }
        self.targets.extend(other.targets);
        self.time += other.time;
    }
}

/// Whole numbers below 2⁵³ as limbs.
fn whole(values: &Array) -> Limbs {
    Limbs { width: 1, limbs: values.to_f64().into_iter().map(|value| value as u64).collect() }
}

/// Limbs one after the other, at the width that the wider ones need.
fn concatenated(first: Limbs, second: Limbs) -> Limbs {
    let width = first.width.max(second.width);
    let widened = |limbs: Limbs| -> Vec<u64> {
        let padded = |row: &[u64]| row.iter().copied().chain(std::iter::repeat_n(0, width - row.len())).collect();
        limbs.limbs.chunks(limbs.width).flat_map(|row| -> Vec<u64> { padded(row) }).collect()
    };
    Limbs { width, limbs: [widened(first), widened(second)].concat() }
}

/// The relevance of one tensor.
#[derive(Clone, Debug)]
pub struct TensorRelevance {
    /// Name of the tensor.
    pub name: String,
    /// Shape for one input.
    pub shape: Vec<usize>,
    /// The values for all inputs, one after the other.
    pub values: Array,
    /// The values to the last digit, where they are integers that `values` may have rounded.
    pub limbs: Option<Limbs>,
}

/// What one layer was given.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerSetting {
    /// Name of the layer.
    pub layer: String,
    /// Its rule.
    pub rule: String,
    /// Its annotation, unless it only passes relevance on.
    pub annotation: Option<String>,
    /// The thresholds that were chosen for it, one an input, where the annotation leaves them open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Vec<f32>>,
}

/// Answers a question about every input of an execution.
///
/// ```
/// use std::sync::Arc;
/// use kirchhoff::explain::{Question, explain};
/// use kirchhoff::network::Execution;
///
/// let (network, digits) = kirchhoff::embedded::digits()?;
/// let execution = Execution::run(Arc::new(network), &digits.values[..784], 1, &())?;
/// let answer = explain(&execution, &Question::new("boolean")?, &())?;
/// let relevant = answer.tensors[0].values.to_f64().iter().sum::<f64>();
/// assert!(relevant > 50.0 && relevant < 400.0, "a digit's strokes, neither nothing nor everything: {relevant}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Whatever in the question does not fit the network or the semiring; cancellation.
pub fn explain(execution: &Execution, question: &Question, monitor: &dyn Monitor) -> Result<Answer, ExplainError> {
    explain_circuit(&compile(execution, &question.assignment)?, question, monitor)
}

/// Answers a question about every execution of a circuit, which has its rules already: those of the question do not count.
///
/// # Errors
/// As for [`explain`].
pub fn explain_circuit(
    circuit: &LayeredCircuit,
    question: &Question,
    monitor: &dyn Monitor,
) -> Result<Answer, ExplainError> {
    if question.is_open() {
        return settled(circuit, question, monitor);
    }
    let mut answers = Ask { circuit, question, others: &[], streams: Vec::new(), monitor }.all()?;
    Ok(answers.swap_remove(0))
}

/// The answer to a question that leaves thresholds open: input by input, since each has its own.
fn settled(circuit: &LayeredCircuit, question: &Question, monitor: &dyn Monitor) -> Result<Answer, ExplainError> {
    let thetas = question.thetas(circuit)?;
    let questions = question.settle(circuit, monitor)?;
    let mut answers: Option<Answer> = None;
    for (input, question) in questions.iter().enumerate() {
        let mut answer = explain_circuit(&circuit.part(input..input + 1), question, monitor)?;
        let annotations = question.annotations(circuit)?;
        for (index, (setting, theta)) in answer.settings.iter_mut().zip(&thetas).enumerate() {
            if let (LayerTheta::Chosen(coverage), Some(annotation)) = (theta, &mut setting.annotation) {
                *annotation = coverage.to_string();
                setting.thresholds = annotations.of(index).theta().map(|theta| vec![theta]);
            }
        }
        match &mut answers {
            None => answers = Some(answer),
            Some(answers) => answers.append(answer),
        }
    }
    match answers {
        Some(answer) => Ok(answer),
        // Of no inputs, nothing is chosen.
        None => explain_circuit(
            circuit,
            &Question { settled: Some(Annotations::uniform(circuit, question.annotation)), ..question.clone() },
            monitor,
        ),
    }
}

/// Answers several questions about every input of an execution, in their order. Those under the same rules go through the
/// layers side by side and share the normalisers.
///
/// # Errors
/// As for [`explain`].
pub fn explain_all(
    execution: &Execution,
    questions: &[Question],
    monitor: &dyn Monitor,
) -> Result<Vec<Answer>, ExplainError> {
    let mut answers: Vec<Option<Answer>> = Vec::with_capacity(questions.len());
    for question in questions {
        answers.push(if question.is_open() { Some(explain(execution, question, monitor)?) } else { None });
    }
    while let Some(first) = answers.iter().position(Option::is_none) {
        let assignment = &questions[first].assignment;
        let circuit = compile(execution, assignment)?;
        let alike: Vec<usize> = (first..questions.len())
            .filter(|&number| answers[number].is_none() && questions[number].assignment == *assignment)
            .collect();
        let asked: Vec<&Question> = alike.iter().map(|&number| &questions[number]).collect();
        let (question, others) = (asked[0], &asked[1..]);
        let ask = Ask { circuit: &circuit, question, others, streams: Vec::new(), monitor };
        for (number, answer) in alike.into_iter().zip(ask.all()?) {
            answers[number] = Some(answer);
        }
    }
    Ok(answers.into_iter().flatten().collect())
}

/// A question, others about the same circuit, and the streams of those before it, which wait to be run together.
struct Ask<'a> {
    circuit: &'a LayeredCircuit,
    question: &'a Question,
    others: &'a [&'a Question],
    streams: Vec<&'a mut dyn Advance>,
    monitor: &'a dyn Monitor,
}

impl Ask<'_> {
    /// The answers to the question and the others.
    fn all(self) -> Result<Vec<Answer>, ExplainError> {
        let mut answers = visit(self.question.semiring.name, self)??;
        answers.reverse();
        Ok(answers)
    }
}

impl SemiringVisitor for Ask<'_> {
    /// The answers, the last one first: each stream lives until those after it are done.
    type Output = Result<Vec<Answer>, ExplainError>;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> Self::Output {
        let (circuit, question) = (self.circuit, self.question);
        let annotations = question.annotations(circuit)?;
        let targets = self.targets()?;
        let start = self.start(info, &semiring, &targets)?;
        let mut keep = Keep::tensors(question.kept(circuit)?);
        // Sums of relevance have a meaning where ⊕ is the addition of all real numbers.
        let project = |values: &[S::Value], amounts: &mut [f64]| {
            let pairs = amounts.iter_mut().zip(values);
            vectorised(|| pairs.for_each(|(amount, value)| *amount = semiring.project(value)));
        };
        let amount: Amount<'_, S::Value> =
            if info.embeds == Carrier::real(Interval::REALS) { Some(&project) } else { None };
        let bookkeeping = Bookkeeping { amount, kept: question.count_kept };
        let mut stream = Stream::new(circuit, &semiring, &annotations, &start, bookkeeping, &mut keep)?;
        let mut streams: Vec<&mut dyn Advance> = Vec::with_capacity(self.streams.len() + 1);
        for stream in self.streams {
            streams.push(stream);
        }
        streams.push(&mut stream);
        let mut answers = match self.others {
            [] => {
                run(circuit, &mut streams, self.monitor).map_err(EvaluationError::from)?;
                Vec::new()
            }
            [next, others @ ..] => {
                let ask = Ask { circuit, question: next, others, streams, monitor: self.monitor };
                visit(next.semiring.name, ask)??
            }
        };
        let (time, ledgers) = (stream.time(), stream.into_ledgers());
        let joined = {
            let input = circuit.tensor(circuit.input());
            let relevance = keep.relevance(circuit.input()).unwrap_or_default();
            joined(&semiring, relevance, &input.shape)
        };
        let setting = |(index, layer): (usize, &kirchhoff_circuit::Layer)| LayerSetting {
            layer: layer.name.clone(),
            rule: layer.rule_name.clone(),
            annotation: layer.is_annotated().then(|| annotations.of(index).to_string()),
            thresholds: None,
        };
        answers.push(Answer {
            semiring: info,
            tensors: keep
                .into_relevance()
                .map(|(id, relevance)| TensorRelevance {
                    name: circuit.tensor(id).name.clone(),
                    shape: circuit.tensor(id).shape.clone(),
                    limbs: semiring.limbs(&relevance),
                    values: semiring.array(relevance),
                })
                .collect(),
            joined,
            ledgers,
            settings: circuit.layers().iter().enumerate().map(setting).collect(),
            targets,
            time,
        });
        Ok(answers)
    }
}

impl Ask<'_> {
    /// The outputs that each input is explained from.
    fn targets(&self) -> Result<Vec<Vec<(usize, f32)>>, ExplainError> {
        let (targets, inputs) = (&self.question.targets, self.circuit.batch());
        if targets.len() != 1 && targets.len() != inputs {
            return Err(ExplainError::Targets { targets: targets.len(), inputs });
        }
        let target = |input: usize| if targets.len() == 1 { &targets[0] } else { &targets[input] };
        (0..inputs).map(|input| Ok(target(input).resolve(self.circuit.outputs(input))?)).collect()
    }

    /// One start value an output and input.
    fn start<S: Embed>(
        &self,
        info: &'static SemiringInfo,
        semiring: &S,
        targets: &[Vec<(usize, f32)>],
    ) -> Result<Vec<S::Value>, ExplainError> {
        let outputs = self.circuit.tensor(self.circuit.output()).size();
        let mut start = vec![semiring.zero(); targets.len() * outputs];
        for (input, targets) in targets.iter().enumerate() {
            for &(index, sign) in targets {
                let logit = self.circuit.outputs(input)[index];
                start[input * outputs + index] = start_value(info, semiring, self.question.start, sign, logit)?;
            }
        }
        Ok(start)
    }
}

/// What a target of the given sign and logit starts with.
pub(crate) fn start_value<S: Embed>(
    info: &'static SemiringInfo,
    semiring: &S,
    start: DefaultStart,
    sign: f32,
    logit: f32,
) -> Result<S::Value, ExplainError> {
    // A sign is a factor of −1, which the semiring must have.
    let has_signs = || info.embeds.contains(-1.0) && info.embeds.contains(1.0) && semiring.embed(1.0) == semiring.one();
    let value = match start {
        DefaultStart::One => sign,
        DefaultStart::Logit => sign * logit,
    };
    let one = start == DefaultStart::One && sign > 0.0;
    let fits = if sign < 0.0 { has_signs() } else { one || info.embeds.contains(f64::from(value)) };
    if !fits {
        let hint = match sign < 0.0 {
            true => "contrasts such as `3-8` need the real semiring",
            false => "start from 1 instead of the logit",
        };
        return Err(ExplainError::Start { value, semiring: info.name, carrier: info.carrier.to_string(), hint });
    }
    Ok(if one { semiring.one() } else { semiring.embed(value) })
}

/// The relevance of images with their channels joined by ⊕; `None` where there are not several.
pub(crate) fn joined<S: Embed>(semiring: &S, relevance: &[S::Value], shape: &[usize]) -> Option<Array> {
    let [channels, height, width] = shape[..] else { return None };
    if channels < 2 {
        return None;
    }
    let area = height * width;
    let image = |values: &[S::Value]| -> Vec<S::Value> {
        let mut sum = values[..area].to_vec();
        for channel in values.chunks(area).skip(1) {
            sum.iter_mut().zip(channel).for_each(|(sum, value)| semiring.plus_assign(sum, value));
        }
        sum
    };
    Some(semiring.array(relevance.chunks(channels * area).flat_map(image).collect()))
}
