//! Thresholds: how much of a network stays relevant at each θ, and which θ to choose.
//!
//! One pass in the bottleneck semiring gives every neuron its *critical threshold*, the largest θ at which it is still
//! boolean-relevant, and so the coverage of each layer at every θ ([`Coverages`]). [`Settings::run`] does so over a data
//! set; chooses thresholds that keep a share of each layer ([`choose_thresholds`](kirchhoff_evaluate::choose_thresholds)),
//! for each input and, by their medians, for all; and judges the choices by how soon the network gives up its answer when
//! the pixels that they make relevant are flipped. [`layer_thetas`] is the formula of Groudiev & Maniu (2024), section 3.3.

mod choice;
mod coverages;
mod formula;
mod report;
mod study;

pub use choice::Chosen;
pub use coverages::Coverages;
pub use formula::{LayerTheta, layer_thetas};
pub use study::{Candidate, Found, Score, Settings};
