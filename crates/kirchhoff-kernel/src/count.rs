//! Path counts in machine numbers, as long as these are exact.

use rayon::prelude::*;

use kirchhoff_semiring::{Count, RoundedCount};

use crate::{Backward, Cancelled, Monitor, Threshold, Wiring};

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

    /// Rounded counts under a threshold, in lanes of `f64`: relative to the largest count of the layer, so that nothing
    /// overflows. Says `false`, without a result, where some count is so much smaller than another that `f64` does not
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
