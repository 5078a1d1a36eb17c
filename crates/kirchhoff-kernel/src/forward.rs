//! From source to destination: sums and maxima over the edges that enter each neuron.

use rayon::prelude::*;

use crate::{Cancelled, Monitor, Run, Slopes, SourceFactor, WeightFactor, Wiring, product};

/// How the products that enter a neuron are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// The largest of them and 0.
    Maximum,
}

/// One forward pass over a wiring: `out[k] = reduce_j u(j) · ρ(w[j,k])`.
#[derive(Clone, Copy, Debug)]
pub struct Forward<'a> {
    /// The edges.
    pub wiring: &'a Wiring,
    /// The weights; all 1 where the wiring has none.
    pub weights: Option<&'a [f32]>,
    /// What is taken of the source neuron.
    pub source: &'a SourceFactor,
    /// What is taken of the weight.
    pub weight: WeightFactor,
    /// How the products are joined.
    pub reduction: Reduction,
}

impl Forward<'_> {
    /// Writes `out` for a source tensor with the given activations.
    ///
    /// Takes time in O(edges), in parallel over destinations; each neuron's products are joined in a fixed order.
    ///
    /// # Errors
    /// [`Cancelled`] by the monitor.
    ///
    /// # Panics
    /// If a slice has not the length that the wiring asks for.
    pub fn run(&self, activations: &[f32], out: &mut [f32], monitor: &dyn Monitor) -> Result<(), Cancelled> {
        assert_eq!(activations.len(), self.wiring.sources(), "activations of the source");
        assert_eq!(out.len(), self.wiring.destinations(), "values of the destination");
        assert_eq!(self.weights.map_or(0, <[f32]>::len), self.wiring.weights(), "weights of the wiring");
        let filled;
        let factors = if *self.source == SourceFactor::Activation(Slopes::IDENTITY) {
            activations
        } else {
            let mut factors = vec![0.0; activations.len()];
            self.source.fill(activations, 0, &mut factors);
            filled = factors;
            &filled[..]
        };
        if let (Wiring::Convolution(sliding), Some(weights)) = (self.wiring, self.weights)
            && product::pays(sliding)
        {
            return product::forward(sliding, factors, weights, self.weight, self.reduction, out, monitor);
        }
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
            (Some(weights), 0, 1) if run.weight_step == 1 => {
                let out = &mut out[run.destination - first];
                let factors = &factors[run.source..run.source + run.length];
                let weights = &weights[run.weight..run.weight + run.length];
                *out = join(*out, dot(factors, weights, weight, &join));
            }
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

/// The join of `factors[i] · weight(weights[i])` and 0, in sixteen interleaved partial results.
#[inline]
fn dot(factors: &[f32], weights: &[f32], weight: impl Fn(f32) -> f32, join: impl Fn(f32, f32) -> f32) -> f32 {
    const LANES: usize = 16;
    let mut lanes = [0.0f32; LANES];
    let (factor_chunks, weight_chunks) = (factors.chunks_exact(LANES), weights.chunks_exact(LANES));
    let (factor_rest, weight_rest) = (factor_chunks.remainder(), weight_chunks.remainder());
    for (factors, weights) in factor_chunks.zip(weight_chunks) {
        for lane in 0..LANES {
            lanes[lane] = join(lanes[lane], factors[lane] * weight(weights[lane]));
        }
    }
    for (lane, (factor, &value)) in factor_rest.iter().zip(weight_rest).enumerate() {
        lanes[lane] = join(lanes[lane], factor * weight(value));
    }
    lanes.into_iter().reduce(join).unwrap_or(0.0)
}

/// The largest activation that enters each destination neuron, and its source: the first of equals in row-major
/// order. A neuron that no edge enters gets `−∞` and source `u32::MAX`.
///
/// # Panics
/// If a slice has not the length that the wiring asks for, or the source has more than 2³² − 1 neurons.
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
                if activations[source] > out[k] {
                    out[k] = activations[source];
                    winners[k] = source as u32;
                }
            }
        });
    });
}
