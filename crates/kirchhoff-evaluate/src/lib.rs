//! Evaluation of provenance circuits over any semiring.
//!
//! [`stream`] walks a layered circuit from output to input, one layer at a time, and gives the relevance of every tensor
//! to a [`Sink`]. Annotations Θ come as [`Annotations`], one of the built-in ones a layer, or as [`PerEdge`], any
//! function of a contribution, [`PerNeurons`], any function of an edge, or [`PerBlock`], any function of a block of
//! contributions. A [`Ledger`] says what each layer did with the relevance that entered it.
//!
//! [`fold`] evaluates a gate circuit: one value a gate, from the leaves up. Its annotations come in the same way
//! ([`AnnotateLeaves`]), and both give the same relevance. [`fold_batch`] does so for many vectors of contributions at once,
//! and [`fold_gradient`] goes back down, to the derivatives by all leaves.
//!
//! Where variables of a gate circuit are dropped at random, [`exact_probability`] and [`estimate_probability`] say how
//! probable relevance is, [`joint_probability`] and [`conditional_probability`] that of several outputs together, and
//! [`most_probable_world`] in which world. [`importance`] says how much an output depends on each variable.
//! [`decision_diagrams`] are what the exact answers come from.
//!
//! [`Paths`] follows the strongest paths through a layered circuit, from any neuron to the target.
//!
//! [`choose_thresholds`] finds thresholds for an execution that keep a wanted share of each layer. A [`Chooser`] does so one
//! step ahead of a [`Stream`] through the same layers, which takes them as [`PerExecution`].
//!
//! ```
//! use std::sync::Arc;
//! use kirchhoff_compile::{Rule, compile};
//! use kirchhoff_evaluate::{Bookkeeping, Keep, PerEdge, stream};
//! use kirchhoff_network::{Dense, Execution, NetworkBuilder, Operator};
//! use kirchhoff_semiring::Semiring;
//!
//! /// The longest path, by number of edges; `None` where there is no path.
//! struct Longest;
//!
//! impl Semiring for Longest {
//!     type Value = Option<u32>;
//!     fn zero(&self) -> Option<u32> { None }
//!     fn one(&self) -> Option<u32> { Some(0) }
//!     fn plus(&self, a: &Option<u32>, b: &Option<u32>) -> Option<u32> { *a.max(b) }
//!     fn times(&self, a: &Option<u32>, b: &Option<u32>) -> Option<u32> { Some((*a)? + (*b)?) }
//! }
//!
//! let mut builder = NetworkBuilder::new();
//! let input = builder.input("input", &[2])?;
//! let dense = Dense { inputs: 2, outputs: 1, weights: vec![0.5, -0.5].into(), bias: None };
//! let output = builder.add("0", Operator::Dense(dense), &[input])?;
//! let execution = Execution::run(Arc::new(builder.finish(output)?), &[3.0, 1.0], 1, &())?;
//! let circuit = compile(&execution, &Rule::ZERO.into())?;
//!
//! let positive = PerEdge(|_: &kirchhoff_circuit::Layer, d: f32| (d > 0.0).then_some(1));
//! let mut keep = Keep::input(&circuit);
//! stream(&circuit, &Longest, &positive, &[Longest.one()], Bookkeeping::default(), &mut keep, &())?;
//! assert_eq!(keep.relevance(circuit.input()), Some(&[Some(1), None][..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod admit;
mod annotate;
mod choose;
mod coverage;
mod error;
mod fold;
mod fold_blocks;
mod functions;
mod gradient;
mod layer;
mod leaves;
mod ledger;
mod own;
mod paths;
mod per_execution;
mod probability;
mod product;
mod release;
mod step;
mod stream;
mod walk;

pub use admit::{check_elements, check_laws};
pub use annotate::{Annotate, Annotations};
pub use choose::{Chooser, choose_thresholds};
pub use coverage::{Coverage, LayerTheta};
pub use error::{AnnotationError, EvaluationError, FoldError};
pub use fold::{LeafVectors, fold, fold_batch, fold_gates, fold_lanes};
pub use functions::{Edge, PerBlock, PerEdge, PerNeurons};
pub use gradient::{Gradient, GradientError, fold_gradient};
pub use layer::AnnotatedLayer;
pub use leaves::{AnnotateLeaves, PerLeaf, RankedAnnotations};
pub use ledger::{Amount, Bookkeeping, Conservation, Ledger, LedgerEntry};
pub use own::{BlockAnnotations, BlockEdges, BlockTheta, EdgeTheta, OwnAnnotations, OwnTheta, own_value};
pub use paths::{DEFAULT_PATH_STEPS, PathError, PathStep, Paths, RelevancePath};
pub use per_execution::PerExecution;
pub use probability::{
    Conditional, ConditionalEstimates, DEFAULT_MAX_NODES, DecisionDiagram, DecisionNode, Estimate, Estimates, Fate,
    Importance, ImportanceEstimate, ImportanceEstimates, Importances, MeanEstimate, ProbabilityError, Sampling, World,
    conditional_probability, decision_diagrams, estimate_conditional_probability, estimate_expected_outputs,
    estimate_importance, estimate_probability, exact_importance, exact_probability, exact_probability_gradient,
    expected_outputs, importance, joint_probability, most_probable_world,
};
pub use stream::{Advance, Keep, Sink, Stream, run, stream};
