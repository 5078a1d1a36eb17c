//! Questions that need the circuit, and not just its value: which sets of neurons carry an explanation, along which
//! paths, and what is left when some are gone.
//!
//! ```
//! use std::sync::Arc;
//! use kirchhoff::ask::{minimal_witnesses, strongest_paths};
//! use kirchhoff::formula::{Cut, cut, find_outputs};
//! use kirchhoff::explain::{GateOptions, Question, Symbolic, compile_gates};
//! use kirchhoff::network::Execution;
//!
//! let (network, digits) = kirchhoff::embedded::digits()?;
//! let execution = Execution::run(Arc::new(network), &digits.values[7 * 784..8 * 784], 1, &())?;
//! let made = |question: &Question, symbolic| {
//!     let options = GateOptions { prune: true, symbolic, picture: Some([1, 28, 28]), ..GateOptions::default() };
//!     let (circuit, notes) = compile_gates(&execution, question, &options, &())?;
//!     let circuit = circuit.with_output_shape(0, &[28, 28])?;
//!     let outputs = find_outputs(&circuit, "x[9,14]")?;
//!     Ok::<_, Box<dyn std::error::Error>>((cut(&circuit, &Cut { outputs, ..Cut::default() })?, notes))
//! };
//!
//! // Which hidden neurons carry the relevance of this pixel together?
//! let boolean = Question::new("boolean")?.with_annotation("threshold(0.08)".parse()?);
//! let (circuit, notes) = made(&boolean, Symbolic::Hidden)?;
//! let witnesses = minimal_witnesses(&circuit, &notes, &boolean, 1000, false, &())?;
//! assert_eq!(witnesses[0].sets, [["h3[70]", "h1[102]"]]);
//!
//! // Along which path does most of it come?
//! let viterbi = Question::new("viterbi")?;
//! let (circuit, notes) = made(&viterbi, Symbolic::Edges)?;
//! let paths = strongest_paths(&circuit, &notes, &viterbi, 2, &())?;
//! let names: Vec<&str> = paths[0].paths[0].edges.iter().map(|edge| &edge.name[..]).collect();
//! assert_eq!(names, ["w4[12→7]", "w2[102→12]", "w0[9,14→102]"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod paths;

use kirchhoff_circuit::GateCircuit;
use kirchhoff_evaluate::ProbabilityError;
use kirchhoff_formula::{output_names, with_total, without};
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::{MinimalWitnesses, Overflow, PosBool, Semiring, Variable};
use serde::Serialize;
use thiserror::Error;

use crate::explain::{Answer, ExplainError, GateNotes, Question, evaluate_gates, symbolic_values};

pub use paths::{MOST_PATHS, OutputPaths, PathEdge, PathNeuron, PathsOf, RelevancePath, layer_paths, strongest_paths};

/// Why a question has no answer.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum AskError {
    /// The question does not fit the circuit, or its evaluation was stopped.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// More terms than allowed.
    #[error("{output}: {overflow}")]
    Overflow {
        /// The output.
        output: String,
        /// The operation that would have passed the limit.
        overflow: Overflow,
    },
    /// More paths than are kept.
    #[error(
        "{asked} paths are asked for, and {MOST_PATHS} are kept at most: ask for fewer of each neuron, or for fewer neurons"
    )]
    ManyPaths {
        /// How many are asked for, of all neurons together.
        asked: usize,
    },
    /// The name of no neuron that paths begin at.
    #[error("there are no neurons `{name}` to find paths from; there are: {there}")]
    Neurons {
        /// The name.
        name: String,
        /// The tensors there are, with their shapes.
        there: String,
    },
    /// There is no probability.
    #[error(transparent)]
    Probability(#[from] ProbabilityError),
}

/// The name of the last tensor of both answers of a [`removal`]: the `⊕` of all outputs.
pub const TOTAL: &str = "⊕";

/// What the outputs are, and what they are without some variables: with 0 in place of those that `removed` accepts. Both
/// answers have one tensor more than the circuit, the `⊕` of all outputs, [`TOTAL`].
///
/// Contributions stay as they are: the network is not run anew without the neurons, relevance just finds no way through
/// them.
///
/// # Errors
/// A question that does not fit the circuit, or cancellation.
pub fn removal(
    circuit: &GateCircuit,
    notes: &GateNotes,
    question: &Question,
    removed: &dyn Fn(&str) -> bool,
    monitor: &dyn Monitor,
) -> Result<[Answer; 2], AskError> {
    let whole = with_total(circuit, TOTAL).map_err(ExplainError::from)?;
    let left = without(&whole, removed).map_err(ExplainError::from)?;
    let before = evaluate_gates(&whole, notes, question, monitor)?;
    Ok([before, evaluate_gates(&left, notes, question, monitor)?])
}

/// The sets of variables that carry the relevance of an output.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutputWitnesses {
    /// The output's name; several, where they are asked for together.
    pub name: String,
    /// The names of the variables of each set, from target to input; the smallest sets first. No set where the output
    /// is not relevant, and the empty set where it is relevant without any of them.
    pub sets: Vec<Vec<String>>,
}

/// The minimal sets of variables that suffice for each output to be relevant, or for all of them `together`: the
/// minimal witnesses of provenance, from a fold over [`PosBool`]. Contributions count as the question's Θ has them: as 0
/// or not.
///
/// There may be exponentially many; `limit` bounds how many any gate may have.
///
/// # Errors
/// More sets than allowed, annotations that do not fit, or cancellation.
pub fn minimal_witnesses(
    circuit: &GateCircuit,
    notes: &GateNotes,
    question: &Question,
    limit: usize,
    together: bool,
    monitor: &dyn Monitor,
) -> Result<Vec<OutputWitnesses>, AskError> {
    let semiring = PosBool::with_limit(limit);
    let values = symbolic_values(circuit, notes, &semiring, question, monitor)?;
    let mut outputs: Vec<_> = output_names(circuit).into_iter().zip(values).collect();
    if together {
        let all = |(names, product): (Vec<String>, _), (name, value): (String, _)| {
            ([names, vec![name]].concat(), semiring.times(&product, &value))
        };
        let (names, product) = outputs.into_iter().fold((Vec::new(), semiring.one()), all);
        outputs = vec![(names.join(", "), product)];
    }
    let name = |variable: Variable| circuit.variables()[variable.0 as usize].clone();
    let sets = |value: &MinimalWitnesses| value.iter().map(|set| set.iter().map(name).collect()).collect();
    let witnesses = |(output, value): (String, Result<MinimalWitnesses, Overflow>)| match value {
        Ok(value) => Ok(OutputWitnesses { sets: sets(&value), name: output }),
        Err(overflow) => Err(AskError::Overflow { output, overflow }),
    };
    outputs.into_iter().map(witnesses).collect()
}
