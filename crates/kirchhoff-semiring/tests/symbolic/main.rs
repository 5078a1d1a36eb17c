//! The symbolic semirings: laws, homomorphisms, limits and the registry.

mod axioms;
mod homomorphisms;
mod limits;
mod registry;
mod strategies;
mod top_k;
