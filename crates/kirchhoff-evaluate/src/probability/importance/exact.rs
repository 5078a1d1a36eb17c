//! Exact importance, from a decision diagram.

use kirchhoff_circuit::GateCircuit;
use kirchhoff_kernel::{Cancelled, Monitor};
use kirchhoff_semiring::Boolean;
use rayon::prelude::*;

use super::super::diagram::{DecisionDiagram, decision_diagrams};
use super::super::{ProbabilityError, check};
use super::Importance;
use crate::leaves::AnnotateLeaves;

/// The importance of every variable of a circuit for the output at a position, contributions being what `annotate` makes
/// of them: 0 for variables that the output does not depend on.
///
/// The output becomes a [decision diagram](decision_diagrams) of at most `max_nodes` nodes, whose
/// [gradient](DecisionDiagram::gradient) at the probabilities is Birnbaum's measure, and at ½ Banzhaf's. Shapley's is the
/// integral of the gradient along the diagonal, where all variables have one probability (Owen, "Multilinear extensions of
/// games", 1972): a polynomial of a degree below the number *n* of variables that the output depends on, so that ⌈n/2⌉
/// points of Gauss and Legendre give it up to rounding. Takes O(nodes) time beside what making the diagram takes, for
/// Shapley's measure O(n · nodes + n²), in parallel.
///
/// ```
/// use kirchhoff_circuit::GateBuilder;
/// use kirchhoff_evaluate::{Importance, PerLeaf, exact_importance};
///
/// // a ∧ (b ∨ c)
/// let mut builder = GateBuilder::new(Vec::new(), 100);
/// let names = ["a", "b", "c"].map(|name| builder.declare(name));
/// let [a, b, c] = names.map(|name| builder.variable(name).unwrap());
/// let either = builder.plus(&[b, c])?;
/// let both = builder.times(&[a, either])?;
/// builder.output("x", &[], &[both])?;
/// let circuit = builder.finish()?;
/// let of = |measure| exact_importance(&circuit, &PerLeaf(|_, _| true), 0, &measure, 1000, &());
/// assert_eq!(of(Importance::Banzhaf)?, [0.75, 0.25, 0.25]);
/// let shapley = of(Importance::Shapley)?;
/// assert!(shapley.iter().zip([4.0, 1.0, 1.0]).all(|(value, sixths)| (value - sixths / 6.0).abs() < 1e-12));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// An output that is not there, what is no probability of each variable, too many variables or nodes, annotations that do
/// not fit, or cancellation.
pub fn exact_importance(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    output: usize,
    measure: &Importance,
    max_nodes: usize,
    monitor: &dyn Monitor,
) -> Result<Vec<f64>, ProbabilityError> {
    if let Importance::Birnbaum(probabilities) = measure {
        check(circuit.variables(), probabilities)?;
    }
    let diagrams = decision_diagrams(circuit, annotate, &[&[output]], &|_| None, max_nodes, monitor)?;
    let diagram = &diagrams[0];
    match measure {
        Importance::Shapley => shapley(diagram, monitor).map_err(ProbabilityError::from),
        Importance::Banzhaf => Ok(diagram.gradient(&vec![0.5; diagram.variables()]).1),
        Importance::Birnbaum(probabilities) => Ok(diagram.gradient(probabilities).1),
    }
}

/// Points that are evaluated before their gradients are added up.
const POINTS: usize = 16;

fn shapley(diagram: &DecisionDiagram, monitor: &dyn Monitor) -> Result<Vec<f64>, Cancelled> {
    let mut values = vec![0.0; diagram.variables()];
    let points = gauss_legendre(diagram.support().len().div_ceil(2));
    for points in points.chunks(POINTS) {
        if monitor.cancelled() {
            return Err(Cancelled);
        }
        let gradient = |&(place, _): &(f64, f64)| diagram.gradient(&vec![place; diagram.variables()]).1;
        let gradients: Vec<Vec<f64>> = points.par_iter().map(gradient).collect();
        // In the order of the points, so that the sum is the same on any number of threads.
        for (gradient, (_, weight)) in gradients.iter().zip(points) {
            values.iter_mut().zip(gradient).for_each(|(value, derivative)| *value += weight * derivative);
        }
    }
    Ok(values)
}

/// Points between 0 and 1 with their weights, by which the integral of every polynomial of a degree below `2 · count` is a
/// sum: the roots of Legendre's polynomial, by Newton's method.
fn gauss_legendre(count: usize) -> Vec<(f64, f64)> {
    let n = count as f64;
    let point = |number: usize| {
        let mut x = (std::f64::consts::PI * (number as f64 + 0.75) / (n + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..100 {
            let (mut last, mut value) = (0.0, 1.0);
            for degree in 0..count {
                let k = degree as f64;
                (last, value) = (value, ((2.0 * k + 1.0) * x * value - k * last) / (k + 1.0));
            }
            slope = n * (x * value - last) / (x * x - 1.0);
            let step = value / slope;
            x -= step;
            if step.abs() < 1e-15 {
                break;
            }
        }
        ((1.0 - x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..count).map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_integrated() {
        for count in [1, 2, 3, 10, 64, 250] {
            let points = gauss_legendre(count);
            for power in [0, 1, 2, count, 2 * count - 1] {
                if power < 2 * count {
                    let integral: f64 = points.iter().map(|(x, weight)| weight * x.powi(power as i32)).sum();
                    assert!((integral * (power as f64 + 1.0) - 1.0).abs() < 1e-11, "{count} {power}: {integral}");
                }
            }
        }
    }
}
