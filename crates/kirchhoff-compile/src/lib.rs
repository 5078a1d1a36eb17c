//! Rules and composites: from an execution of a network to its provenance circuit.
//!
//! A [`Rule`] says how a layer shares the relevance of a neuron out among its sources; a [`Composite`] names a rule for
//! each kind of layer; an [`Assignment`] is either of them with exceptions for single layers. [`compile`] puts an
//! execution and an assignment together into a layered circuit, and [`compile_shape`] a network and an assignment into one
//! of no execution.
//!
//! ```
//! use std::sync::Arc;
//! use kirchhoff_compile::{Assignment, LayerPattern, Rule, compile};
//! use kirchhoff_network::{Dense, Execution, NetworkBuilder, Operator};
//!
//! let mut builder = NetworkBuilder::new();
//! let input = builder.input("input", &[2])?;
//! let dense = Dense { inputs: 2, outputs: 1, weights: vec![0.5, 0.5].into(), bias: None };
//! let output = builder.add("0", Operator::Dense(dense), &[input])?;
//! let execution = Execution::run(Arc::new(builder.finish(output)?), &[3.0, 1.0], 1, &())?;
//!
//! let assignment = Assignment::from(Rule::ZERO).choose(LayerPattern::new("0")?, Rule::gamma(0.25));
//! let circuit = compile(&execution, &assignment)?;
//! assert_eq!(circuit.layers()[0].rule_name, "gamma(0.25)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod assignment;
mod compile;
mod composite;
mod error;
mod rule;
mod rules;
mod treatment;

pub use assignment::{Assignment, LayerPattern, listed, module_name};
pub use compile::{compile, compile_shape};
pub use composite::{Composite, MaximumPooling, composites};
pub use error::CompileError;
pub use kirchhoff_circuit::{Destinations, Normaliser, Part, Stabiliser};
pub use kirchhoff_kernel::{Slopes, SourceFactor, WeightFactor};
pub use kirchhoff_network::LayerKind;
pub use rule::Rule;
pub use rules::{Bounds, EPSILON, Fits, Parameter, RuleInfo, rules};
pub use treatment::{AffineTreatment, NormalisationTreatment, ProductTreatment, SoftmaxTreatment, Treatments};
