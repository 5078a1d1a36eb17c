//! The most probable world in which outputs are relevant.

use kirchhoff_circuit::GateCircuit;
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::Boolean;

use super::ProbabilityError;
use super::diagram::{DecisionDiagram, DecisionNode};
use super::exact::open_diagrams;
use crate::leaves::AnnotateLeaves;

/// A value for every variable.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// The values, in the order of [`GateCircuit::variables`].
    pub values: Vec<bool>,
    /// The probability of the world: 0 where it is too small for a number.
    pub probability: f64,
    /// Its natural logarithm.
    pub log_probability: f64,
}

/// What becomes of outputs in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All of them are 1.
    Kept,
    /// One of them at least is 0.
    Lost,
}

/// The most probable world in which some outputs, by their positions, have a [`Fate`], where each variable is 1 with the
/// given probability, independently of the others, and contributions are what `annotate` makes of them. `None` if there
/// is no such world. The likeliest way to lose an output is that of [`Fate::Lost`].
///
/// The best way through the [decision diagram](super::decision_diagrams) of the outputs together, each node counted
/// against the more probable value of its variable, so that variables which are not decided on keep theirs (Viterbi's
/// semiring over the diagram). Of equally probable worlds one is given, the same every time. Takes O(nodes + variables)
/// time beside what making the diagram takes, of at most `max_nodes` nodes.
///
/// ```
/// use kirchhoff_circuit::GateBuilder;
/// use kirchhoff_evaluate::{Fate, PerLeaf, most_probable_world};
///
/// // a ∨ b
/// let mut builder = GateBuilder::new(Vec::new(), 100);
/// let names = ["a", "b"].map(|name| builder.declare(name));
/// let [a, b] = names.map(|name| builder.variable(name).unwrap());
/// let either = builder.plus(&[a, b])?;
/// builder.output("x", &[], &[either])?;
/// let circuit = builder.finish()?;
/// let world = |fate| most_probable_world(&circuit, &PerLeaf(|_, _| true), &[0.25, 0.4], &[0], fate, 1000, &());
/// assert_eq!(world(Fate::Lost)?.unwrap().values, [false, false]);
/// let world = world(Fate::Kept)?.unwrap();
/// assert_eq!(world.values, [false, true]);
/// assert!((world.probability - 0.75 * 0.4).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What is no probability of each variable, an output that is not there, too many variables or nodes, annotations that
/// do not fit, or cancellation.
pub fn most_probable_world(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    probabilities: &[f64],
    outputs: &[usize],
    fate: Fate,
    max_nodes: usize,
    monitor: &dyn Monitor,
) -> Result<Option<World>, ProbabilityError> {
    let diagrams = open_diagrams(circuit, annotate, probabilities, &[outputs], max_nodes, monitor)?;
    Ok(best(&diagrams[0], probabilities, fate == Fate::Kept))
}

/// The most probable world in which a function is as wanted.
fn best(diagram: &DecisionDiagram, probabilities: &[f64], wanted: bool) -> Option<World> {
    // The logarithm of the best world's share of the most probable one of all, for each node.
    let mut shares = if wanted { vec![f64::NEG_INFINITY, 0.0] } else { vec![0.0, f64::NEG_INFINITY] };
    let below = |shares: &[f64], node: &DecisionNode| {
        let p = probabilities[node.variable as usize];
        let loss = |own: f64| (own / p.max(1.0 - p)).ln();
        [shares[node.low as usize] + loss(1.0 - p), shares[node.high as usize] + loss(p)]
    };
    for node in diagram.nodes() {
        let [low, high] = below(&shares, node);
        shares.push(low.max(high));
    }
    if shares[diagram.root() as usize] == f64::NEG_INFINITY {
        return None;
    }
    let mut values: Vec<bool> = probabilities.iter().map(|&p| p > 0.5).collect();
    let mut at = diagram.root();
    while let Some(own) = at.checked_sub(2) {
        let node = &diagram.nodes()[own as usize];
        let [low, high] = below(&shares, node);
        values[node.variable as usize] = high > low;
        at = if high > low { node.high } else { node.low };
    }
    let chance = |(&value, &p): (&bool, &f64)| if value { p } else { 1.0 - p };
    let chances = values.iter().zip(probabilities).map(chance);
    let log_probability = chances.clone().map(f64::ln).sum();
    Some(World { probability: chances.product(), log_probability, values })
}
