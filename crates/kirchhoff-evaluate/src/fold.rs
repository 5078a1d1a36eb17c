//! The fold: one value a gate, from the leaves up.

use kirchhoff_circuit::{GateCircuit, GateKind};
use kirchhoff_kernel::{Cancelled, Monitor};
use kirchhoff_semiring::{Law, Laws, Semiring};
use rayon::prelude::*;
use thiserror::Error;

use crate::leaves::AnnotateLeaves;

/// Wires that are worth a thread's while; levels with fewer are evaluated by one.
const PARALLEL_WIRES: usize = 8192;

/// Gates that a thread takes at a time.
const BLOCK: usize = 1024;

/// Why a gate circuit cannot be evaluated.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FoldError {
    /// The circuit was simplified by a law that the semiring does not declare.
    #[error(
        "the circuit was simplified for semirings with {} ({}), which this one does not declare",
        law.name(),
        law.equation()
    )]
    Law {
        /// The first law that is missing.
        law: Law,
    },
    /// Not one value a variable.
    #[error("the circuit has {expected} variables, but {got} values are given")]
    Variables {
        /// Number of values given.
        got: usize,
        /// Number of variables.
        expected: usize,
    },
    /// Not one annotation a layer, or not one value a contribution.
    #[error("the circuit has {expected} layers or contributions, but {got} annotations are given")]
    Annotations {
        /// Number of annotations given.
        got: usize,
        /// How many there should be.
        expected: usize,
    },
    /// The annotation `rank` without the table of the layer's contributions.
    #[error("annotation `rank` of layer `{layer}` needs all contributions of the layer, which gates no longer have")]
    Ranks {
        /// The layer.
        layer: String,
    },
    /// Stopped by the monitor.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Evaluates a gate circuit over a semiring; returns the value of every [output](GateCircuit::outputs).
///
/// `annotate` gives each contribution its `Θ(d)` (2.1.3), and `variables` holds the value of every
/// [variable](GateCircuit::variables), in their order. Takes what [`fold_gates`] takes.
///
/// ```
/// use kirchhoff_circuit::{GateBuilder, GateLayer};
/// use kirchhoff_evaluate::{PerLeaf, fold};
/// use kirchhoff_semiring::{Real, Viterbi};
///
/// // Two paths of two edges each.
/// let layer = |name: &str| GateLayer { name: name.to_string(), rule: "zero".to_string(), range: None };
/// let mut builder = GateBuilder::new(vec![layer("0"), layer("1")], 1000);
/// let start = builder.declare("start[0]");
/// let start = builder.variable(start)?;
/// let mut paths = Vec::new();
/// for (near, far) in [(0.5, 0.75), (0.25, 0.5)] {
///     let edges = [builder.contribution(0, near)?, builder.contribution(1, far)?];
///     paths.push(builder.times(&[edges[0], edges[1], start])?);
/// }
/// let sum = builder.plus(&paths)?;
/// builder.output("input", &[1], &[sum])?;
/// let circuit = builder.finish()?;
///
/// let theta = PerLeaf(|_layer, d: f32| d);
/// assert_eq!(fold(&circuit, &Real, &theta, &[8.0], &())?, [4.0]);
/// assert_eq!(fold(&circuit, &Viterbi, &theta, &[1.0], &())?, [0.375]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A semiring without a law that the circuit was simplified by, values or annotations that do not fit the circuit, or
/// cancellation.
pub fn fold<S: Semiring>(
    circuit: &GateCircuit,
    semiring: &S,
    annotate: &impl AnnotateLeaves<S>,
    variables: &[S::Value],
    monitor: &dyn Monitor,
) -> Result<Vec<S::Value>, FoldError> {
    let values = fold_gates(circuit, semiring, annotate, variables, monitor)?;
    Ok(circuit.outputs().iter().map(|output| values[output.index()].clone()).collect())
}

/// Whether a circuit means something in semirings of the given laws: those that it was simplified by are among them.
///
/// # Errors
/// The first law that is missing.
pub fn check_laws(circuit: &GateCircuit, laws: Laws) -> Result<(), FoldError> {
    match circuit.laws().iter().find(|&law| !laws.has(law)) {
        Some(law) => Err(FoldError::Law { law }),
        None => Ok(()),
    }
}

/// Evaluates a gate circuit over a semiring; returns the value of every gate, by its id.
///
/// Sums and products are taken from left to right. Takes O(gates + wires) operations of the semiring, in parallel where
/// a level is large, and memory for one value a gate and, at the beginning, one more a contribution. The same circuit
/// gives the same bits whatever the number of threads.
///
/// # Errors
/// As [`fold`].
pub fn fold_gates<S: Semiring>(
    circuit: &GateCircuit,
    semiring: &S,
    annotate: &impl AnnotateLeaves<S>,
    variables: &[S::Value],
    monitor: &dyn Monitor,
) -> Result<Vec<S::Value>, FoldError> {
    check_laws(circuit, semiring.laws())?;
    let (got, expected) = (variables.len(), circuit.variables().len());
    if got != expected {
        return Err(FoldError::Variables { got, expected });
    }
    let leaves = annotate.annotate(semiring, circuit)?;
    let (got, expected) = (leaves.len(), circuit.arrays().contributions.len());
    if got != expected {
        return Err(FoldError::Annotations { got, expected });
    }
    fold_levels(circuit, semiring, leaves, variables, monitor)
}

fn fold_levels<S: Semiring>(
    circuit: &GateCircuit,
    semiring: &S,
    leaves: Vec<S::Value>,
    variables: &[S::Value],
    monitor: &dyn Monitor,
) -> Result<Vec<S::Value>, FoldError> {
    // Each array is borrowed once: behind a file, that is a call.
    let arrays = circuit.arrays();
    let (kinds, offsets, operands) = (&*arrays.kinds, &*arrays.offsets, &*arrays.operands);
    let own = |gate: usize| {
        let kind = GateKind::from_number(kinds[gate]).expect("kinds have been checked");
        (kind, &operands[offsets[gate] as usize..offsets[gate + 1] as usize])
    };
    // Contributions stand in the order of their gates, so that each value is moved to its place.
    let mut leaves = leaves.into_iter();
    let mut values: Vec<S::Value> = Vec::with_capacity(circuit.gates());
    for level in circuit.levels() {
        if monitor.cancelled() {
            return Err(Cancelled.into());
        }
        let wires = offsets[level.end] - offsets[level.start];
        if level.start == 0 {
            for gate in level {
                values.push(match own(gate) {
                    (GateKind::Zero | GateKind::Plus, _) => semiring.zero(),
                    (GateKind::One | GateKind::Times, _) => semiring.one(),
                    (GateKind::Contribution, _) => leaves.next().expect("there is one value a contribution"),
                    (GateKind::Variable, own) => variables[own[0] as usize].clone(),
                });
            }
        } else if (wires as usize) < PARALLEL_WIRES {
            for gate in level {
                values.push(inner(semiring, own(gate), &values));
            }
        } else {
            let known = &values;
            let gates = level.into_par_iter().with_min_len(BLOCK);
            let new: Vec<S::Value> = gates.map(|gate| inner(semiring, own(gate), known)).collect();
            values.extend(new);
        }
        monitor.advance(u64::from(wires));
    }
    Ok(values)
}

/// The value of a gate with children, which have their values.
fn inner<S: Semiring>(semiring: &S, (kind, children): (GateKind, &[u32]), values: &[S::Value]) -> S::Value {
    let value = |child: u32| &values[child as usize];
    let (first, others) = (value(children[0]), &children[1..]);
    match (kind, others) {
        (GateKind::Plus, _) => {
            let mut sum = first.clone();
            others.iter().for_each(|&child| semiring.plus_assign(&mut sum, value(child)));
            sum
        }
        (_, []) => first.clone(),
        (_, [second, others @ ..]) => {
            let product = semiring.times(first, value(*second));
            others.iter().fold(product, |product, &child| semiring.times(&product, value(child)))
        }
    }
}
