//! Path counts in machine numbers, as long as these are exact.

use rayon::prelude::*;

use kirchhoff_semiring::{Count, RoundedCount};

use crate::product::{CountExact, CountRounded};
use crate::{Backward, Cancelled, Monitor, Threshold, Wiring};

/// The largest count over the least one, below which `f32` holds both with all of its digits when the largest is 1.
const NARROW: f64 = 1e36;

impl Backward<'_> {
    /// Exact counts under a threshold: `R[j] ← R[j] + Σ_k [d passes] · R[k]` over ℕ, in lanes of 32 bits while no sum can
    /// outgrow them, in lanes of 64 bits beyond, and in as many passes over parts of the counts as their size asks for
    /// where 64 bits do not hold them. A source has at most so many edges, from which the bound follows.
    ///
    /// Conditions and errors are those of [`reach`](Backward::reach).
    ///
    /// # Errors
    /// [`Cancelled`] by the monitor; `sources` is then half done.
    pub fn count_exactly(
        &self,
        threshold: Threshold,
        destinations: &[Count],
        sources: &mut [Count],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let bits = destinations.par_iter().map(Count::bits).max().unwrap_or(0);
        let growth = u64::from(u64::BITS - self.fan_out().leading_zeros());
        if bits + growth <= 32 {
            let numbers: Vec<u32> = destinations.par_iter().map(|count| count.part(0, 32) as u32).collect();
            let add = |source: &mut Count, sum: &u32| source.plus_assign(&u64::from(*sum).into());
            // The sum of a source is below 2³², and so is every part of it.
            if self.count_pairs(CountExact, threshold, bytemuck::cast_slice(&numbers), add, sources, monitor)? {
                return Ok(());
            }
            let mut sums = vec![0u32; sources.len()];
            self.count(threshold, &numbers, &mut sums, monitor)?;
            sources.par_iter_mut().zip(sums).for_each(|(source, sum)| source.plus_assign(&u64::from(sum).into()));
            return Ok(());
        }
        let step = if bits + growth <= 64 { 64 } else { 64 - growth };
        for first in (0..bits).step_by(step as usize) {
            let numbers: Vec<u64> = destinations.par_iter().map(|count| count.part(first, step)).collect();
            let mut sums = vec![0u64; sources.len()];
            self.count(threshold, &numbers, &mut sums, monitor)?;
            sources.par_iter_mut().zip(sums).for_each(|(source, sum)| {
                if sum != 0 {
                    source.plus_assign(&Count::shifted(sum, first));
                }
            });
        }
        Ok(())
    }

    /// Rounded counts under a threshold, relative to the largest count of the layer, so that nothing overflows. In lanes of
    /// `f32` where these hold the least count too, with sums of 64 edges at a time joined in `f64`: off by less than 4e-6 a
    /// layer. Else in lanes of `f64`. Says `false`, without a result, where some count is so much smaller than another that `f64` does not
    /// hold both.
    ///
    /// Conditions and errors are those of [`reach`](Backward::reach).
    ///
    /// # Errors
    /// [`Cancelled`] by the monitor; `sources` is then half done.
    pub fn count_rounded(
        &self,
        threshold: Threshold,
        destinations: &[RoundedCount],
        sources: &mut [RoundedCount],
        monitor: &dyn Monitor,
    ) -> Result<bool, Cancelled> {
        let exponents = || destinations.par_iter().filter(|count| **count != RoundedCount::ZERO).map(|c| c.exponent());
        let (Some(high), Some(low)) = (exponents().max(), exponents().min()) else { return Ok(true) };
        if high - low > 1 {
            return Ok(false);
        }
        // What lanes of 32 bits hold beside the largest count, with all of their digits.
        let numbers = || destinations.par_iter().filter(|count| **count != RoundedCount::ZERO);
        let largest = numbers().map(|count| count.relative_to(high)).reduce(|| 0.0, f64::max);
        let least = numbers().map(|count| count.relative_to(high)).reduce(|| f64::INFINITY, f64::min);
        if largest / least < NARROW {
            let scale = 2f64.powi(-(largest.log2().ceil() as i32));
            let narrow: Vec<f32> =
                destinations.par_iter().map(|count| (count.relative_to(high) * scale) as f32).collect();
            let add = |source: &mut RoundedCount, sum: &f64| {
                *source = source.plus(RoundedCount::from_relative(*sum / scale, high));
            };
            if self.count_pairs(CountRounded, threshold, &narrow, add, sources, monitor)? {
                return Ok(true);
            }
        }
        let numbers: Vec<f64> = destinations.par_iter().map(|count| count.relative_to(high)).collect();
        let mut sums = vec![0.0f64; sources.len()];
        self.count(threshold, &numbers, &mut sums, monitor)?;
        sources.par_iter_mut().zip(sums).for_each(|(source, sum)| {
            *source = source.plus(RoundedCount::from_relative(sum, high));
        });
        Ok(true)
    }

    /// The most edges that leave one source.
    fn fan_out(&self) -> u64 {
        match self.edges().wiring {
            Wiring::Convolution(sliding) => (sliding.outputs / sliding.groups * sliding.window.taps()) as u64,
            wiring => wiring.destinations() as u64,
        }
    }
}
