//! Convolutions at the speed of a matrix product, for operations that have two operands.
//!
//! Where the inner operation of a pass takes one prepared value of a neuron and one weight (a sum of products, a maximum
//! of products), a convolution runs over shifted planes in registers, like a matrix product, and never unfolds an image.
//! What depends on one neuron alone (activations, normalisers) is multiplied in before or after.

mod convolve;
mod micro;
mod plan;

use convolve::{Channels, Operands};
use micro::{MaxTimes, PlusTimes};
use plan::Plan;

use crate::{Cancelled, Monitor, Reduction, Sliding, WeightFactor};

/// A group with fewer channels on a side leaves most of a panel of rows empty: edge by edge is faster.
const FEWEST_CHANNELS: usize = 3;

/// Whether a convolution is worth running as a product, in either direction.
pub(crate) fn pays(sliding: &Sliding) -> bool {
    let channels = sliding.inputs.min(sliding.outputs) / sliding.groups;
    channels >= FEWEST_CHANNELS
}

/// `out[k] = reduce_j factors[j] · ρ(w[j,k])` over the edges of a convolution.
pub(crate) fn forward(
    sliding: &Sliding,
    factors: &[f32],
    weights: &[f32],
    weight: WeightFactor,
    reduction: Reduction,
    out: &mut [f32],
    monitor: &dyn Monitor,
) -> Result<(), Cancelled> {
    let (channels, plan) = (Channels::forward(sliding), Plan::forward(sliding));
    let operands = Operands { data: factors, weights, factor: weight };
    match reduction {
        Reduction::Sum => channels.run(&plan, PlusTimes, operands, out, monitor),
        Reduction::Maximum => channels.run(&plan, MaxTimes, operands, out, monitor),
    }
}

/// `sources[j] ← Σ_k ρ(w[j,k]) · values[k]` over the edges of a convolution; sources without edges become 0.
pub(crate) fn backward(
    sliding: &Sliding,
    values: &[f32],
    weights: &[f32],
    weight: WeightFactor,
    sources: &mut [f32],
    monitor: &dyn Monitor,
) -> Result<(), Cancelled> {
    let channels = Channels::backward(sliding);
    sources.fill(0.0);
    for plan in Plan::backward(sliding) {
        let operands = Operands { data: values, weights, factor: weight };
        channels.run(&plan, PlusTimes, operands, sources, monitor)?;
    }
    Ok(())
}
