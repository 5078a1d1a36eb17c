//! Outputs together: joint and conditional probabilities, and how many are relevant.

use kirchhoff_circuit::GateCircuit;
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::Boolean;

use super::diagram::{check_outputs, truths};
use super::exact::{exact_probability, open_diagrams};
use super::sample::{Estimate, MeanEstimate, Round, Sampling, WORDS, Words, ones, sample};
use super::{ProbabilityError, check};
use crate::leaves::AnnotateLeaves;

/// The probability that all of some outputs, by their positions, are 1 together, where each variable is 1 with the given
/// probability, independently of the others, and contributions are what `annotate` makes of them: 1 for no outputs.
///
/// From the [decision diagram](super::decision_diagrams) of their conjunction, of at most `max_nodes` nodes. Sampled:
/// [`estimate_conditional_probability`] gives it as the probability of what is given.
///
/// # Errors
/// What is no probability of each variable, an output that is not there, too many variables or nodes, annotations that
/// do not fit, or cancellation.
pub fn joint_probability(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    probabilities: &[f64],
    together: &[usize],
    max_nodes: usize,
    monitor: &dyn Monitor,
) -> Result<f64, ProbabilityError> {
    let diagrams = open_diagrams(circuit, annotate, probabilities, &[together], max_nodes, monitor)?;
    Ok(diagrams[0].probability(probabilities))
}

/// Probabilities of outputs, given others.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditional {
    /// The probability of what is given.
    pub given: f64,
    /// That of each output under it; `None` where what is given is impossible.
    pub outputs: Option<Vec<f64>>,
}

/// The probability that each output is 1, given that all of some outputs, by their positions, are: `P(output ∧ given) /
/// P(given)`, where each variable is 1 with the given probability, independently of the others.
///
/// ```
/// use kirchhoff_circuit::GateBuilder;
/// use kirchhoff_evaluate::{PerLeaf, conditional_probability};
///
/// let mut builder = GateBuilder::new(Vec::new(), 100);
/// let names = ["a", "b"].map(|name| builder.declare(name));
/// let [a, b] = names.map(|name| builder.variable(name).unwrap());
/// let outputs = [builder.plus(&[a, b])?, builder.times(&[a, b])?];
/// builder.output("x", &[2], &outputs)?;
/// let circuit = builder.finish()?;
/// let given = conditional_probability(&circuit, &PerLeaf(|_, _| true), &[0.5; 2], &[0], 1000, &())?;
/// assert_eq!(given.given, 0.75);
/// assert_eq!(given.outputs, Some(vec![1.0, 0.25 / 0.75]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`joint_probability`].
pub fn conditional_probability(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    probabilities: &[f64],
    given: &[usize],
    max_nodes: usize,
    monitor: &dyn Monitor,
) -> Result<Conditional, ProbabilityError> {
    let outputs = 0..circuit.outputs().len();
    let events: Vec<Vec<usize>> = outputs.map(|output| [given, &[output]].concat()).chain([given.to_vec()]).collect();
    let events: Vec<&[usize]> = events.iter().map(|event| &event[..]).collect();
    let diagrams = open_diagrams(circuit, annotate, probabilities, &events, max_nodes, monitor)?;
    let mut joint: Vec<f64> = diagrams.iter().map(|diagram| diagram.probability(probabilities)).collect();
    let given = joint.pop().unwrap_or(1.0);
    let outputs = (given > 0.0).then(|| joint.into_iter().map(|both| (both / given).min(1.0)).collect());
    Ok(Conditional { given, outputs })
}

/// What sampling has found of outputs, given others.
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionalEstimates {
    /// The probability of what is given.
    pub given: Estimate,
    /// That of each output among the worlds in which it holds. In few such worlds, intervals are wide; in none, they say
    /// nothing.
    pub outputs: Vec<Estimate>,
    /// The worlds that were sampled.
    pub worlds: u64,
    /// Whether the error is as small as was asked for.
    pub reached: bool,
}

/// Estimates the probability that each output is 1, given that all of some outputs, by their positions, are: their shares
/// of those sampled worlds in which what is given holds. Takes what [`estimate_probability`](super::estimate_probability)
/// takes.
///
/// # Errors
/// What is no probability of each variable, an output that is not there, annotations that do not fit, or cancellation.
pub fn estimate_conditional_probability(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    probabilities: &[f64],
    given: &[usize],
    sampling: Sampling,
    monitor: &dyn Monitor,
) -> Result<ConditionalEstimates, ProbabilityError> {
    check(circuit.variables(), probabilities)?;
    check_outputs(circuit, given.iter())?;
    let leaves = truths(circuit, annotate)?;
    let and = |a: &Words, b: &Words| -> Words { std::array::from_fn(|word| a[word] & b[word]) };
    let count = |round: &Round| {
        let holds = given.iter().fold([u64::MAX; WORDS], |all, &output| and(&all, &round.outputs[output]));
        let both = round.outputs.iter().map(|output| ones(&and(&holds, output)));
        [ones(&holds)].into_iter().chain(both).collect()
    };
    let mut found = None;
    let progress = sample(circuit, leaves, probabilities, sampling, monitor, &count, &mut |counts, worlds| {
        let outputs: Vec<Estimate> = counts[1..].iter().map(|&both| Estimate::new(both, counts[0])).collect();
        let given = Estimate::new(counts[0], worlds);
        let enough = outputs.iter().chain([&given]).all(|estimate| estimate.is_within(sampling.error));
        found = Some((given, outputs));
        enough
    })?;
    let (given, outputs) = found.expect("sampling looks at what it finds once at least");
    Ok(ConditionalEstimates { given, outputs, worlds: progress.worlds, reached: progress.reached })
}

/// The expected number of outputs that are 1: the sum of their [probabilities](exact_probability), whatever they have to do
/// with each other.
///
/// # Errors
/// As [`exact_probability`].
pub fn expected_outputs(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    probabilities: &[f64],
    max_nodes: usize,
    monitor: &dyn Monitor,
) -> Result<f64, ProbabilityError> {
    Ok(exact_probability(circuit, annotate, probabilities, max_nodes, monitor)?.iter().sum())
}

/// Estimates the expected number of outputs that are 1, by counting them in random worlds. Sampling stops when half the
/// width of the interval is at most [`error`](Sampling::error) *of the number of outputs*, or when all worlds are spent.
/// Takes what [`estimate_probability`](super::estimate_probability) takes.
///
/// # Errors
/// What is no probability of each variable, annotations that do not fit, or cancellation.
pub fn estimate_expected_outputs(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    probabilities: &[f64],
    sampling: Sampling,
    monitor: &dyn Monitor,
) -> Result<MeanEstimate, ProbabilityError> {
    check(circuit.variables(), probabilities)?;
    let leaves = truths(circuit, annotate)?;
    let count = |round: &Round| {
        let mut numbers = [0u64; 64 * WORDS];
        for output in &round.outputs {
            for (world, number) in numbers.iter_mut().enumerate() {
                *number += output[world / 64] >> (world % 64) & 1;
            }
        }
        vec![numbers.iter().sum(), numbers.iter().map(|number| number * number).sum()]
    };
    let width = 2.0 * sampling.error * circuit.outputs().len() as f64;
    let mut estimate = None;
    let progress = sample(circuit, leaves, probabilities, sampling, monitor, &count, &mut |counts, worlds| {
        let found = MeanEstimate::new(counts[0], counts[1], worlds);
        estimate = Some(found);
        found.high - found.low <= width
    })?;
    let estimate = estimate.expect("sampling looks at what it finds once at least");
    Ok(MeanEstimate { reached: progress.reached, ..estimate })
}
