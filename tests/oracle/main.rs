//! The evaluator against a naive oracle, on random networks.
//!
//! The oracle is written from the definitions in `docs/semantics.md` in the slow, explicit way: every edge is listed, every
//! rule is its formula in `f64`, and relevance is (2.1.3) edge by edge.

mod agreement;
mod approximate;
mod bits;
mod conditions;
mod conservation;
mod corners;
mod counting;
mod coverage;
mod edges;
mod forward;
mod given;
mod graphs;
mod harness;
mod homomorphisms;
mod network;
mod paths;
mod random;
mod relevance;
mod rules;
