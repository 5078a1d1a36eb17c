//! From source to destination: sums and maxima over the edges that enter each neuron.

use rayon::prelude::*;

use crate::edges::EdgeWeights;
use crate::factors::factors;
use crate::product::{self, Dense, Form, MaxTimes, Neuron, Operation, Packing, Planes, PlusTimes};
use crate::{Arithmetic, Cancelled, Monitor, Run, SourceFactor, WeightFactor, Wiring};

/// How the products that enter a neuron are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// The largest of them and 0.
    Maximum,
}

/// One forward pass over a wiring: `out[k] = b(k) + reduce_j u(j) · ρ(w[j,k])`.
#[derive(Clone, Copy, Debug)]
pub struct Forward<'a> {
    /// The edges.
    pub wiring: &'a Wiring,
    /// The weights.
    pub weights: EdgeWeights<'a>,
    /// What is taken of the source neuron.
    pub source: &'a SourceFactor,
    /// What is taken of the weight.
    pub weight: WeightFactor,
    /// How the products are joined.
    pub reduction: Reduction,
    /// What is added to the joined products: one number a channel, channels being equal parts of the destination, or of each
    /// part of a repeated wiring.
    pub bias: Option<&'a [f32]>,
    /// How sums are computed.
    pub arithmetic: Arithmetic,
}

impl Forward<'_> {
    /// Writes `out` for source tensors with the given activations, for a batch of executions one after the other.
    ///
    /// Takes time in O(edges · batch), in parallel; each neuron's products are joined in a fixed order, which is the same
    /// whatever the batch.
    ///
    /// # Errors
    /// [`Cancelled`] by the monitor.
    ///
    /// # Panics
    /// If a slice has the wrong length for the wiring and the batch.
    pub fn run(&self, activations: &[f32], out: &mut [f32], monitor: &dyn Monitor) -> Result<(), Cancelled> {
        if let (Wiring::Repeated { wiring, .. }, EdgeWeights::One | EdgeWeights::Shared(_)) =
            (self.wiring, self.weights)
        {
            assert!(activations.len().is_multiple_of(self.wiring.sources()), "activations of the source");
            return Forward { wiring, ..*self }.run(activations, out, monitor);
        }
        let (sources, destinations) = (self.wiring.sources(), self.wiring.destinations());
        let batch = activations.len().checked_div(sources).unwrap_or(0);
        assert_eq!(activations.len(), batch * sources, "activations of the source");
        assert_eq!(out.len(), batch * destinations, "values of the destination");
        let (weights, expected) = match self.weights {
            EdgeWeights::One => (0, 0),
            EdgeWeights::Shared(weights) => (weights.len(), self.wiring.weights()),
            EdgeWeights::Executions(weights) => (weights.len(), batch * self.wiring.weights()),
        };
        assert_eq!(weights, expected, "weights of the wiring");
        let factors = factors(self.source, activations, sources, Form::Plain);
        match self.reduction {
            Reduction::Sum => self.product(PlusTimes, &factors, out, monitor),
            Reduction::Maximum => self.product(MaxTimes, &factors, out, monitor),
        }
    }

    /// As a product where that pays, else along the edges.
    fn product<O: Operation>(
        &self,
        operation: O,
        factors: &[f32],
        out: &mut [f32],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let packing = Packing::plain(self.weight);
        match (self.wiring, self.weights) {
            (Wiring::Convolution(sliding), EdgeWeights::Shared(weights)) if product::pays(sliding) => {
                let planes = Planes::forward(sliding, weights).with(self.arithmetic);
                let fill = |first: usize, values: &mut [f32]| values.copy_from_slice(&factors[first..][..values.len()]);
                return match self.bias {
                    None => planes.fused(
                        operation,
                        packing,
                        fill,
                        |out: &mut [f32], _, sums: &[f32]| out.copy_from_slice(sums),
                        out,
                        monitor,
                    ),
                    Some(bias) => {
                        let store = |out: &mut [f32], first: Neuron, sums: &[f32]| {
                            let bias = bias[first.channel];
                            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum + bias);
                        };
                        planes.fused(operation, packing, fill, store, out, monitor)
                    }
                };
            }
            (&Wiring::Dense { inputs, outputs }, EdgeWeights::Shared(weights)) => {
                Dense { inputs, outputs, weights, packing }.forward(operation, factors, out, monitor)?;
            }
            _ => {
                let (sources, destinations) = (self.wiring.sources(), self.wiring.destinations());
                let executions = factors.chunks_exact(sources).zip(out.chunks_exact_mut(destinations));
                executions.enumerate().try_for_each(|(execution, (factors, out))| {
                    let weights = self.weights.execution(execution, self.wiring.weights());
                    Walk { wiring: self.wiring, weights, reduction: self.reduction, weight: self.weight }
                        .run(factors, out, monitor)
                })?;
            }
        }
        if let Some(bias) = self.bias {
            join_channels(out, self.wiring.destinations(), bias, |value, bias| value + bias);
        }
        Ok(())
    }
}

/// A pass along the edges of one execution.
#[derive(Clone, Copy)]
struct Walk<'a> {
    wiring: &'a Wiring,
    weights: Option<&'a [f32]>,
    reduction: Reduction,
    weight: WeightFactor,
}

impl Walk<'_> {
    fn run(&self, factors: &[f32], out: &mut [f32], monitor: &dyn Monitor) -> Result<(), Cancelled> {
        // The weight factor is chosen outside of the loops over edges.
        match self.weight {
            WeightFactor::IDENTITY => self.reduce(factors, |w| w, out, monitor),
            WeightFactor::Weight(slopes) => self.reduce(factors, move |w| slopes.apply(w), out, monitor),
            WeightFactor::Square => self.reduce(factors, |w| w * w, out, monitor),
            WeightFactor::One => self.reduce(factors, |_| 1.0, out, monitor),
        }
    }

    fn reduce(
        &self,
        factors: &[f32],
        weight: impl Fn(f32) -> f32 + Sync,
        out: &mut [f32],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        match self.reduction {
            Reduction::Sum => self.blocks(factors, weight, |sum, product| sum + product, out, monitor),
            Reduction::Maximum => self.blocks(
                factors,
                weight,
                |largest, product| if product > largest { product } else { largest },
                out,
                monitor,
            ),
        }
    }

    fn blocks(
        &self,
        factors: &[f32],
        weight: impl Fn(f32) -> f32 + Sync,
        join: impl Fn(f32, f32) -> f32 + Sync,
        out: &mut [f32],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let block = self.wiring.destination_block();
        out.par_chunks_mut(block).enumerate().try_for_each(|(number, out)| {
            if monitor.cancelled() {
                return Err(Cancelled);
            }
            let first = number * block;
            let mut edges = 0;
            out.fill(0.0);
            self.wiring.entering(first..first + out.len(), |run| {
                edges += run.length as u64;
                self.join_run(run, factors, &weight, &join, first, out);
            });
            monitor.advance(edges);
            Ok(())
        })
    }

    #[inline]
    fn join_run(
        &self,
        run: &Run,
        factors: &[f32],
        weight: impl Fn(f32) -> f32,
        join: impl Fn(f32, f32) -> f32,
        first: usize,
        out: &mut [f32],
    ) {
        match (self.weights, run.destination_step, run.source_step) {
            (weights, 1, step) if run.weight_step == 0 => {
                let weight = weight(weights.map_or(1.0, |weights| weights[run.weight]));
                let start = run.destination - first;
                let out = &mut out[start..start + run.length];
                if step == 1 {
                    let factors = &factors[run.source..run.source + run.length];
                    for (out, factor) in out.iter_mut().zip(factors) {
                        *out = join(*out, weight * factor);
                    }
                } else {
                    for (i, out) in out.iter_mut().enumerate() {
                        *out = join(*out, weight * factors[run.source_at(i)]);
                    }
                }
            }
            (weights, _, _) => {
                for i in 0..run.length {
                    let weight = weight(weights.map_or(1.0, |weights| weights[run.weight_at(i)]));
                    let out = &mut out[run.destination_at(i) - first];
                    *out = join(*out, weight * factors[run.source_at(i)]);
                }
            }
        }
    }
}

/// The largest activation that enters each destination neuron, and its source: the first of equals in row-major
/// order. A neuron that no edge enters gets `−∞` and source `u32::MAX`.
///
/// # Panics
/// If a slice has the wrong length for the wiring, or the source has more than 2³² − 1 neurons.
pub fn maximum(wiring: &Wiring, activations: &[f32], out: &mut [f32], winners: &mut [u32]) {
    assert!(activations.len() == wiring.sources() && activations.len() < u32::MAX as usize);
    assert!(out.len() == wiring.destinations() && winners.len() == out.len());
    let block = wiring.destination_block();
    out.par_chunks_mut(block).zip(winners.par_chunks_mut(block)).enumerate().for_each(|(number, (out, winners))| {
        let first = number * block;
        out.fill(f32::NEG_INFINITY);
        winners.fill(u32::MAX);
        wiring.entering(first..first + out.len(), |run| {
            for i in 0..run.length {
                let (source, k) = (run.source_at(i), run.destination_at(i) - first);
                // Without a branch, which would be taken at random.
                let larger = activations[source] > out[k];
                out[k] = if larger { activations[source] } else { out[k] };
                winners[k] = if larger { source as u32 } else { winners[k] };
            }
        });
    });
}

/// Joins the values of tensors of `size` neurons with constants, one a channel: `value ← join(value, constant)`.
///
/// # Panics
/// If channels are not equal parts of a tensor.
pub fn join_channels(values: &mut [f32], size: usize, constants: &[f32], join: impl Fn(f32, f32) -> f32 + Sync) {
    if size == 0 {
        return;
    }
    assert!(
        !constants.is_empty() && size.is_multiple_of(constants.len()),
        "{} channels of {size} neurons",
        constants.len()
    );
    let channel = size / constants.len();
    let together = (1usize << 14).div_ceil(channel);
    values.par_chunks_mut(size).for_each(|values| {
        let channels = values.par_chunks_mut(channel).zip(constants).with_min_len(together);
        channels.for_each(|(values, &constant)| values.iter_mut().for_each(|value| *value = join(*value, constant)));
    });
}

/// The largest activation that enters each destination neuron; `−∞` where no edge does.
///
/// # Panics
/// If a slice has the wrong length for the wiring.
pub fn maxima(wiring: &Wiring, activations: &[f32], out: &mut [f32]) {
    assert!(activations.len() == wiring.sources() && out.len() == wiring.destinations());
    let block = wiring.destination_block();
    out.par_chunks_mut(block).enumerate().for_each(|(number, out)| {
        let first = number * block;
        out.fill(f32::NEG_INFINITY);
        wiring.entering(first..first + out.len(), |run| {
            for i in 0..run.length {
                let (source, k) = (run.source_at(i), run.destination_at(i) - first);
                out[k] = if activations[source] > out[k] { activations[source] } else { out[k] };
            }
        });
    });
}
