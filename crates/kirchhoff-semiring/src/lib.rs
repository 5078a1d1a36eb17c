//! The algebra of Kirchhoff: semirings, the laws that they obey, annotations Θ and the registry.
//!
//! Relevance is computed over a semiring `(K, ⊕, ⊗, 0, 1)`: `R[j] = ⊕_k Θ(d[j,k]) ⊗ R[k]`, where `d[j,k]` is the real
//! contribution of an edge and the annotation `Θ` maps it into `K` (Groudiev & Maniu, "Extending Layer-wise Relevance
//! Propagation using Semiring Annotations", 2024, 2.1.3). What the value of a neuron means is the choice of the
//! semiring: a share, a truth, a number of paths, a cost. This crate knows no network.
//!
//! ```
//! use kirchhoff_semiring::{Annotation, Boolean, Counting, Embed, Viterbi};
//!
//! /// The relevance of an input that reaches the target along two paths of two edges each.
//! fn relevance<S: Embed>(semiring: &S, annotation: Annotation) -> S::Value {
//!     let theta = |d| annotation.apply(semiring, d);
//!     let above = semiring.times(&theta(0.5), &theta(0.8));
//!     let below = semiring.times(&theta(0.9), &theta(0.1));
//!     semiring.plus(&above, &below)
//! }
//!
//! let threshold = Annotation::Threshold(0.05);
//! assert!(relevance(&Boolean, threshold));
//! assert_eq!(relevance(&Counting, threshold).to_string(), "2");
//! assert_eq!(relevance(&Viterbi, Annotation::Identity), 0.4);
//! ```
//!
//! - [`Semiring`] is the trait, [`Embed`] its extension for semirings that take real numbers; [`Laws`] are what a
//!   semiring declares beyond the axioms, and [`LawChecker`] tests both, for any semiring.
//! - The built-in ones: [`Real`], [`Boolean`], [`Counting`], [`CountingFloat`], [`Viterbi`], [`Tropical`],
//!   [`MaxPlus`], [`Fuzzy`], [`Bottleneck`], [`Lukasiewicz`], [`Log`], and [`Product`] of any two, [`Worlds`] of many [`Boolean`]s.
//! - [`semirings`], [`find`] and [`visit`] look them up by name; [`SemiringClass`] gathers them by their laws.
//! - A [`Definition`] is a semiring written as expressions, in a TOML file or on one line.
//! - [`Symbolic`] semirings keep the edges that a value comes from: [`Which`], [`Why`], [`PosBool`], [`How`] (`N[X]`)
//!   and [`TopK`], under a limit; [`symbolic_semirings`], [`find_symbolic`] and [`visit_symbolic`] look these up.

#![forbid(unsafe_code)]

mod annotation;
mod array;
mod call;
mod carrier;
mod check;
mod class;
mod count;
mod definition;
mod exponential;
mod info;
mod instructions;
mod laws;
mod logarithm;
mod name;
mod ranks;
mod rounded_count;
mod semiring;
mod semirings;
mod symbolic;
mod table;

pub use annotation::{Annotation, AnnotationLoop, CarrierError, ThetaError};
pub use array::{Array, Limbs};
pub use call::{Call, CallError};
pub use carrier::{Carrier, Image, Interval};
pub use check::{Assignment, Check, Condition, Counterexample, LawChecker, LawReport, Sampled};
pub use class::SemiringClass;
pub use count::Count;
pub use definition::{
    Cells, Column, ColumnType, Columns, Defined, DefinedSemiring, DefinedTheta, DefinedVisitor, Definition,
    DefinitionError, DefinitionFault, EdgeLanes, Faults, JoinEdges, Order,
};
pub use exponential::exponential;
pub use info::{DefaultStart, Join, Limit, Meaning, Notation, SemiringInfo};
pub use instructions::{Instructions, UnknownInstructions, dispatch, vectorised};
pub use laws::{Law, Laws, MissingLaws};
pub use logarithm::logarithm;
pub use name::{LookupError, UnknownName};
pub use ranks::{RankTable, Ranks};
pub use rounded_count::RoundedCount;
pub use semiring::{Embed, Fused, Project, Semiring, View, selective_difference};
pub use semirings::{
    Boolean, Bottleneck, Counting, CountingFloat, Fuzzy, Log, Lukasiewicz, MaxPlus, Product, Real, Tropical, Viterbi,
    Worlds,
};
pub use symbolic::{
    Bounded, Exceeded, Expression, How, Lineage, MinimalWitnesses, Monomial, Named, Names, Operation, Overflow, Path,
    Paths, Polynomial, PosBool, Symbolic, TopK, Variable, VariableSet, Which, Why, Witnesses,
};
pub use table::{
    SemiringVisitor, SymbolicVisitor, find, find_symbolic, semirings, symbolic_semirings, visit, visit_symbolic,
};
