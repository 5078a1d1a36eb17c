//! Layers at the speed of a matrix product, over any semiring.
//!
//! A convolution runs over shifted planes ([`planes`], [`plan`]) and never unfolds an image; a dense layer of one execution
//! runs over its weights where they lie ([`dense`]), one of several as a product of matrices ([`matrix`]).
//! Three kinds of kernel do the work: operations that take one prepared value of a neuron and one weight are accumulated
//! in registers ([`strip`]), and so are counts and max-min, which take the relevance beside the value ([`pairs`]);
//! everything else goes edge by edge ([`lanes`]), in loops that the compiler vectorises, over records as over their words
//! ([`words`]). The last two take a dense layer of
//! many executions as a convolution of one tap. Semirings that take blocks have the edges of many neurons in one call
//! ([`blocks`]).

mod blocks;
mod dense;
mod lanes;
mod live;
mod matrix;
mod packing;
mod pairs;
mod parts;
mod plan;
mod planes;
mod strip;
mod winograd;
mod words;

pub use blocks::LaneTheta;
pub(crate) use blocks::{Blocks, Joining};
pub(crate) use dense::{Dense, Rows};
pub(crate) use lanes::{BlockEdge, Edge, Panel};
pub(crate) use matrix::Matrix;
pub(crate) use packing::{Form, Packing};
pub(crate) use pairs::{CountExact, CountRounded, MaxMin, PairOperation};
pub(crate) use planes::{Lanes, Neuron, Pairs, Planes};
pub(crate) use strip::{MaxPlus, MaxTimes, MinPlus, Operation, PlusTimes};

use crate::{Sliding, Weights};

/// A group with fewer channels on a side leaves most of a panel of rows empty: edge by edge is faster.
const FEWEST_CHANNELS: usize = 3;

/// What stands beyond the last plane, row and column, where vectors reach but no result comes from: where assertions are
/// on, a number that would show in every result that it enters.
const BEYOND: f32 = if cfg!(debug_assertions) { f32::NAN } else { 0.0 };

/// Executions from which on a dense layer is a convolution of one tap to the kernels of pairs and of any semiring.
pub(crate) const FEWEST_EXECUTIONS: usize = 8;

/// Whether sums over a convolution take fewer multiplications than edges.
pub(crate) fn saves(sliding: &Sliding) -> bool {
    pays(sliding) && winograd::Winograd::new(&Planes::forward(sliding, &Weights::from(Vec::new()))).is_some()
}

/// Whether a convolution is worth running as a product, in either direction.
pub(crate) fn pays(sliding: &Sliding) -> bool {
    let channels = sliding.inputs.min(sliding.outputs) / sliding.groups;
    channels >= FEWEST_CHANNELS
}
