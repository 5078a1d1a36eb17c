//! Derivatives of outputs by all leaves, in one pass back down a gate circuit.

use kirchhoff_circuit::{Gate, GateCircuit, GateId};
use kirchhoff_kernel::{Cancelled, Monitor};
use kirchhoff_semiring::{Law, Semiring};
use thiserror::Error;

use crate::error::FoldError;
use crate::fold::fold_gates;
use crate::leaves::AnnotateLeaves;

/// Why a gate circuit has no gradient.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GradientError {
    /// Products that cannot be taken apart.
    #[error(
        "a derivative takes a factor out of products, which needs a commutative ⊗, and the semiring does not declare it"
    )]
    NotCommutative,
    /// A circuit without some of the summands that derivatives are made of.
    #[error(
        "the circuit was simplified for semirings with {} ({}), which keeps its value and not its derivatives: take the \
         circuit as it was compiled",
        law.name(),
        law.equation()
    )]
    Simplified {
        /// The law.
        law: Law,
    },
    /// Not one weight an output.
    #[error("the circuit has {expected} outputs, but {got} weights are given")]
    Weights {
        /// Number of weights given.
        got: usize,
        /// Number of outputs.
        expected: usize,
    },
    /// The circuit cannot be evaluated, or its evaluation was stopped.
    #[error(transparent)]
    Fold(#[from] FoldError),
}

/// The values of all outputs, and the derivatives of their weighted sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient<V> {
    /// The values of the outputs, as [`fold`](crate::fold) gives them.
    pub outputs: Vec<V>,
    /// By `Θ(d)` of every contribution, in the order of
    /// [`GateArrays::contributions`](kirchhoff_circuit::GateArrays::contributions).
    pub contributions: Vec<V>,
    /// By every variable, in the order of [`GateCircuit::variables`].
    pub variables: Vec<V>,
}

/// Evaluates a gate circuit over a commutative semiring, and goes back from the outputs to the derivatives of
/// `⊕_o weights[o] ⊗ output[o]` by all its leaves: by reverse accumulation (Linnainmaa 1970), as for arithmetic circuits
/// (Darwiche, "A differential approach to inference in Bayesian networks", 2003).
///
/// The derivative by a leaf is the ⊕, over all its occurrences in the polynomial that the circuit is, of what stands
/// beside it there. In the real semiring that is the gradient; in `counting`, the number of paths through an edge; in
/// `viterbi`, times the leaf's own value, the best path through it. The derivative by *d* is that by `Θ(d)` times the
/// slope of Θ. For one output, its weight is 1 and all others are 0.
///
/// Takes a fold and as many operations again, three for each factor of a product, one thread's, and two values a gate.
///
/// ```
/// use kirchhoff_circuit::{GateBuilder, GateLayer};
/// use kirchhoff_evaluate::{PerLeaf, fold_gradient};
/// use kirchhoff_semiring::Real;
///
/// // 0.5·s·s + 0.25·s
/// let layer = GateLayer { name: "0".to_string(), rule: "zero".to_string(), range: None };
/// let mut builder = GateBuilder::new(vec![layer], 1000);
/// let start = builder.declare("s");
/// let start = builder.variable(start)?;
/// let [half, quarter] = [builder.contribution(0, 0.5)?, builder.contribution(0, 0.25)?];
/// let products = [builder.times(&[half, start, start])?, builder.times(&[quarter, start])?];
/// let sum = builder.plus(&products)?;
/// builder.output("input", &[1], &[sum])?;
/// let circuit = builder.finish()?;
///
/// let gradient = fold_gradient(&circuit, &Real, &PerLeaf(|_layer, d: f32| d), &[3.0], &[1.0], &())?;
/// assert_eq!(gradient.outputs, [5.25]);
/// assert_eq!(gradient.contributions, [9.0, 3.0]);
/// assert_eq!(gradient.variables, [3.25]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A semiring that does not declare a commutative ⊗, a circuit that was simplified by other laws than that and an
/// idempotent ⊕, a wrong number of weights, what [`fold`](crate::fold) refuses, or cancellation.
pub fn fold_gradient<S: Semiring>(
    circuit: &GateCircuit,
    semiring: &S,
    annotate: &impl AnnotateLeaves<S>,
    variables: &[S::Value],
    weights: &[S::Value],
    monitor: &dyn Monitor,
) -> Result<Gradient<S::Value>, GradientError> {
    if !semiring.laws().has(Law::CommutativeTimes) {
        return Err(GradientError::NotCommutative);
    }
    // a = a ⊕ a has the same derivatives where ⊕ is idempotent; a = a ⊗ a and a = a ⊕ a ⊗ b have not.
    let keeps = |law: &Law| matches!(law, Law::CommutativeTimes | Law::IdempotentPlus);
    if let Some(law) = circuit.laws().iter().find(|law| !keeps(law)) {
        return Err(GradientError::Simplified { law });
    }
    let (got, expected) = (weights.len(), circuit.outputs().len());
    if got != expected {
        return Err(GradientError::Weights { got, expected });
    }
    let values = fold_gates(circuit, semiring, annotate, variables, monitor)?;
    let mut backward =
        Backward { semiring, values: &values, zero: semiring.zero(), reached: Vec::new(), suffix: Vec::new() };
    backward.reached.resize(circuit.gates(), backward.zero.clone());
    for (output, weight) in circuit.outputs().iter().zip(weights) {
        semiring.plus_assign(&mut backward.reached[output.index()], weight);
    }
    for level in circuit.levels().skip(1).collect::<Vec<_>>().into_iter().rev() {
        if monitor.cancelled() {
            return Err(FoldError::from(Cancelled).into());
        }
        let mut wires = 0;
        for gate in level.rev().filter_map(GateId::new) {
            wires += circuit.children(gate).len() as u64;
            backward.gate(circuit, gate);
        }
        monitor.advance(wires);
    }
    let mut by_contribution = Vec::with_capacity(circuit.arrays().contributions.len());
    let mut by_variable = vec![backward.zero.clone(); variables.len()];
    for gate in circuit.levels().next().into_iter().flatten().filter_map(GateId::new) {
        let derivative = &backward.reached[gate.index()];
        match circuit.gate(gate) {
            Gate::Contribution { .. } => by_contribution.push(derivative.clone()),
            Gate::Variable(number) => semiring.plus_assign(&mut by_variable[number as usize], derivative),
            Gate::Zero | Gate::One | Gate::Plus(_) | Gate::Times(_) => {}
        }
    }
    let outputs = circuit.outputs().iter().map(|output| values[output.index()].clone()).collect();
    Ok(Gradient { outputs, contributions: by_contribution, variables: by_variable })
}

/// The derivatives by the gates, as far as they are known.
struct Backward<'a, S: Semiring> {
    semiring: &'a S,
    values: &'a [S::Value],
    zero: S::Value,
    reached: Vec<S::Value>,
    /// The product of the factors from each on, of the gate at hand.
    suffix: Vec<S::Value>,
}

impl<S: Semiring> Backward<'_, S> {
    /// Hands the derivative by a gate on to its children.
    fn gate(&mut self, circuit: &GateCircuit, gate: GateId) {
        let semiring = self.semiring;
        let derivative = self.reached[gate.index()].clone();
        if derivative == self.zero {
            return;
        }
        match circuit.gate(gate) {
            Gate::Plus(children) => {
                children.iter().for_each(|child| semiring.plus_assign(&mut self.reached[child.index()], &derivative));
            }
            Gate::Times(children) => {
                // Without division: a factor may be 0.
                self.suffix.clear();
                self.suffix.push(semiring.one());
                for child in children.iter().skip(1).rev() {
                    let product = semiring.times(&self.values[child.index()], &self.suffix[self.suffix.len() - 1]);
                    self.suffix.push(product);
                }
                let mut before = derivative;
                for (child, after) in children.iter().zip(self.suffix.iter().rev()) {
                    semiring.plus_assign(&mut self.reached[child.index()], &semiring.times(&before, after));
                    before = semiring.times(&before, &self.values[child.index()]);
                }
            }
            Gate::Zero | Gate::One | Gate::Contribution { .. } | Gate::Variable(_) => {}
        }
    }
}
