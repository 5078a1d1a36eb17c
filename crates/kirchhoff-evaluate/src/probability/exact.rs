//! Exact probabilities, by decision diagrams.

use kirchhoff_circuit::GateCircuit;
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::Boolean;

use super::diagram::{DecisionDiagram, decision_diagrams};
use super::{ProbabilityError, check};
use crate::leaves::AnnotateLeaves;

/// The probability that each output is 1, where each variable is 1 with the given probability, independently of the
/// others, and contributions are what `annotate` makes of them.
///
/// The probability of an output follows from its [decision diagram](decision_diagrams) node by node:
/// `P(node) = p·P(high) + (1−p)·P(low)`. `max_nodes` bounds the nodes of all diagrams that are made, at 12 bytes each, and
/// with them the time.
///
/// ```
/// use kirchhoff_circuit::GateBuilder;
/// use kirchhoff_evaluate::{PerLeaf, exact_probability};
///
/// // a ∧ (b ∨ c)
/// let mut builder = GateBuilder::new(Vec::new(), 100);
/// let names = ["a", "b", "c"].map(|name| builder.declare(name));
/// let [a, b, c] = names.map(|name| builder.variable(name).unwrap());
/// let either = builder.plus(&[b, c])?;
/// let both = builder.times(&[a, either])?;
/// builder.output("x", &[1], &[both])?;
/// let circuit = builder.finish()?;
/// assert_eq!(exact_probability(&circuit, &PerLeaf(|_, _| true), &[0.5; 3], 1000, &())?, [0.375]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What is no probability of each variable, too many variables or nodes, annotations that do not fit, or cancellation.
pub fn exact_probability(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    probabilities: &[f64],
    max_nodes: usize,
    monitor: &dyn Monitor,
) -> Result<Vec<f64>, ProbabilityError> {
    let outputs: Vec<[usize; 1]> = (0..circuit.outputs().len()).map(|output| [output]).collect();
    let events: Vec<&[usize]> = outputs.iter().map(|output| &output[..]).collect();
    let diagrams = open_diagrams(circuit, annotate, probabilities, &events, max_nodes, monitor)?;
    Ok(diagrams.iter().map(|diagram| diagram.probability(probabilities)).collect())
}

/// The diagrams of events in which variables that are certain, or impossible, are constants.
pub(super) fn open_diagrams(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    probabilities: &[f64],
    events: &[&[usize]],
    max_nodes: usize,
    monitor: &dyn Monitor,
) -> Result<Vec<DecisionDiagram>, ProbabilityError> {
    check(circuit.variables(), probabilities)?;
    let fixed = |number: usize| match probabilities[number] {
        0.0 => Some(false),
        1.0 => Some(true),
        _ => None,
    };
    decision_diagrams(circuit, annotate, events, &fixed, max_nodes, monitor)
}

/// The probability that each output is 1, as [`exact_probability`], and for each output its derivatives by the
/// probabilities of all variables: how much it would change with each, one after the other (Birnbaum, "On the importance
/// of different components in a multicomponent system", 1969).
///
/// Takes a pass up and one down a [decision diagram](decision_diagrams) for each output, beside what making it takes.
/// Variables of probability 0 and 1 have derivatives, too, so that they are decided on here and take nodes.
///
/// # Errors
/// As [`exact_probability`].
pub fn exact_probability_gradient(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    probabilities: &[f64],
    max_nodes: usize,
    monitor: &dyn Monitor,
) -> Result<Vec<(f64, Vec<f64>)>, ProbabilityError> {
    check(circuit.variables(), probabilities)?;
    let outputs: Vec<[usize; 1]> = (0..circuit.outputs().len()).map(|output| [output]).collect();
    let events: Vec<&[usize]> = outputs.iter().map(|output| &output[..]).collect();
    let diagrams = decision_diagrams(circuit, annotate, &events, &|_| None, max_nodes, monitor)?;
    Ok(diagrams.iter().map(|diagram| diagram.gradient(probabilities)).collect())
}
