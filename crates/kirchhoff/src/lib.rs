//! Explain neural networks under any semiring.
//!
//! Kirchhoff runs a network, compiles the execution into a provenance circuit whose leaves are layer-wise relevance
//! contributions, and evaluates the circuit over semirings (Groudiev & Maniu, "Extending Layer-wise Relevance Propagation
//! using Semiring Annotations", 2024). This crate is the facade: [`explain`](explain::explain) answers a
//! [`Question`](explain::Question) about an execution, and the crates behind it are re-exported as modules.
//!
//! ```
//! use std::sync::Arc;
//! use kirchhoff::explain::{Question, Target, explain};
//! use kirchhoff::network::Execution;
//!
//! let (network, digits) = kirchhoff::embedded::digits()?;
//! let execution = Execution::run(Arc::new(network), &digits.values, digits.count, &())?;
//!
//! // How many paths of positive contributions lead from the output 3 to each pixel of each digit?
//! let question = Question::new("counting")?.with_targets(vec![Target::output(3)]);
//! let answer = explain(&execution, &question, &())?;
//! let counts = answer.tensors[0].values.to_f64();
//! assert_eq!(counts.len(), 10 * 784);
//! // Black pixels contribute nothing.
//! assert_eq!(counts[0], 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | crate | what it holds |
//! |---|---|---|
//! | [`semiring`] | `kirchhoff-semiring` | semirings, laws, annotations, the registry |
//! | [`network`] | `kirchhoff-network` | layers, importers, execution |
//! | [`data`] | `kirchhoff-data` | inputs and data sets: images, arrays, IDX, folders |
//! | [`circuit`] | `kirchhoff-circuit` | provenance circuits |
//! | [`compile`] | `kirchhoff-compile` | rules and composites |
//! | [`evaluate`] | `kirchhoff-evaluate` | the stream, the ledger |
//! | [`explain`] | `kirchhoff-explain` | questions about executions, and their answers; gate circuits of small networks, and their formulas |
//! | [`mod@file`] | `kirchhoff-file` | files that are written whole or not at all |
//! | [`formula`] | `kirchhoff-formula` | gate circuits as formulas: written, read, cut and drawn |
//! | [`render`] | `kirchhoff-render` | heat maps and sheets |
//! | [`study`] | `kirchhoff-study` | studies over whole data sets |
//!
//! [`ask`] asks gate circuits what only a circuit can tell. [`explanation`] explains many inputs in several semirings and
//! writes what the tool writes; [`arrays`] takes inputs from arrays, [`mod@circuit_page`] shows gate circuits,
//! [`graphs`] gives networks and circuits as graphs, [`drawing`] networks as pictures, and [`values`] reads numbers for
//! the variables of circuits.

#![forbid(unsafe_code)]

pub mod arrays;
pub mod ask;
pub mod circuit_page;
pub mod drawing;
pub mod embedded;
pub mod explanation;
pub mod graphs;
pub mod values;

pub use kirchhoff_circuit as circuit;
pub use kirchhoff_compile as compile;
pub use kirchhoff_data as data;
pub use kirchhoff_evaluate as evaluate;
pub use kirchhoff_explain as explain;
pub use kirchhoff_file as file;
pub use kirchhoff_formula as formula;
pub use kirchhoff_kernel::{Arithmetic, Cancelled, Monitor};
pub use kirchhoff_network as network;
pub use kirchhoff_render as render;
pub use kirchhoff_semiring as semiring;
pub use kirchhoff_study as study;
pub use {ndarray, petgraph};
