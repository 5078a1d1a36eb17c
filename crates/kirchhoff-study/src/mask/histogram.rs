//! Histograms for quantiles.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::State;

/// Bins of equal width that a neuron's values are counted in.
const WIDTHS: usize = 64;
/// Bins of a neuron: those, one more where its values lie on both sides of 0, and one for a single value.
pub const BINS: usize = WIDTHS + 2;

/// One histogram a neuron.
///
/// A value that many inputs share has a bin of its own, so that a median of it is exact: the semiring's 0 where it lies
/// between the neuron's least and greatest value, and the least value elsewhere. Truth values, 0 and 1, are exact: 1 is the
/// upper end of the last bin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Histograms {
    /// The semiring's 0.
    zero: f64,
    counts: Vec<u32>,
}

/// The bins of one neuron: some of equal width below a value, one for the value, and some of equal width above it.
struct Bins {
    least: f64,
    own: f64,
    greatest: f64,
    below: usize,
    above: usize,
}

impl Bins {
    fn new(least: f64, greatest: f64, zero: f64) -> Self {
        let own = if least < zero && zero < greatest { zero } else { least };
        // Rounded up, so that no bin is wider than a 64th of the whole.
        let bins = |part: f64| {
            let share = part / (greatest - least);
            if share > 0.0 { ((WIDTHS as f64 * share).ceil() as usize).clamp(1, WIDTHS) } else { 0 }
        };
        Bins { least, own, greatest, below: bins(own - least), above: bins(greatest - own) }
    }

    /// The bin of a value between the neuron's ends.
    fn of(&self, value: f64) -> usize {
        let within =
            |low: f64, high: f64, bins: usize| (((value - low) / (high - low) * bins as f64) as usize).min(bins - 1);
        if value < self.own && self.below > 0 {
            within(self.least, self.own, self.below)
        } else if value > self.own && self.above > 0 {
            self.below + 1 + within(self.own, self.greatest, self.above)
        } else {
            self.below
        }
    }

    /// The upper end of a bin.
    fn end(&self, bin: usize) -> f64 {
        let end = |low: f64, high: f64, number: usize, bins: usize| match number == bins {
            true => high,
            false => low + number as f64 / bins as f64 * (high - low),
        };
        match bin.checked_sub(self.below) {
            None => end(self.least, self.own, bin + 1, self.below),
            Some(0) => self.own,
            Some(number) => end(self.own, self.greatest, number, self.above),
        }
    }
}

impl Histograms {
    /// Empty histograms, in a semiring with this 0.
    pub fn new(neurons: usize, zero: f64) -> Self {
        Histograms { zero, counts: vec![0; neurons * BINS] }
    }

    /// Adds a value to each of the neurons from `first` on; all lie between the neurons' ends.
    pub fn add(&mut self, first: usize, values: &[f64], least: &[f64], greatest: &[f64]) {
        for (neuron, value) in (first..).zip(values) {
            let bin = Bins::new(least[neuron], greatest[neuron], self.zero).of(*value);
            self.counts[neuron * BINS + bin] += 1;
        }
    }

    /// A quantile of some of the neurons: the upper end of the first bin up to which that share of the values lies.
    pub fn quantile(&self, quantile: f64, neurons: Range<usize>, least: &[f64], greatest: &[f64]) -> Vec<f64> {
        let of = |neuron: usize| {
            let counts = &self.counts[neuron * BINS..(neuron + 1) * BINS];
            let wanted = quantile * counts.iter().map(|&count| f64::from(count)).sum::<f64>();
            if wanted == 0.0 {
                return least[neuron];
            }
            let mut up_to = 0.0;
            let bin = counts.iter().position(|&count| {
                up_to += f64::from(count);
                up_to >= wanted
            });
            bin.map_or(greatest[neuron], |bin| Bins::new(least[neuron], greatest[neuron], self.zero).end(bin))
        };
        neurons.map(of).collect()
    }
}

impl State for Histograms {
    fn follows(&self, start: &Self) -> bool {
        self.zero.to_bits() == start.zero.to_bits() && self.counts.follows(&start.counts)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUANTILES: [f64; 7] = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0];

    /// The quantiles of one neuron's values by its histogram, in the order of [`QUANTILES`].
    fn found(values: &[f64]) -> [f64; 7] {
        let end = |better: fn(f64, f64) -> f64| [values.iter().copied().reduce(better).unwrap()];
        let (least, greatest) = (end(f64::min), end(f64::max));
        let mut histograms = Histograms::new(1, 0.0);
        values.iter().for_each(|&value| histograms.add(0, &[value], &least, &greatest));
        QUANTILES.map(|quantile| histograms.quantile(quantile, 0..1, &least, &greatest)[0])
    }

    /// The same, by sorting.
    fn exact(values: &[f64]) -> [f64; 7] {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        QUANTILES.map(|quantile| sorted[((quantile * values.len() as f64).ceil() as usize).saturating_sub(1)])
    }

    #[test]
    fn the_median_of_a_neuron_that_is_mostly_irrelevant_is_nothing() {
        // Relevant in two inputs of five: the median is false, not "true in any".
        assert_eq!(found(&[0.0, 1.0, 0.0, 1.0, 0.0])[3], 0.0);
        assert_eq!(found(&[1.0, 1.0, 0.0, 1.0, 0.0])[3], 1.0);
        // Neither for nor against in most inputs.
        assert_eq!(found(&[-0.25, 0.0, 0.0, 0.0, 1.0])[3], 0.0);
        assert_eq!(found(&[5.0; 4]), [5.0; 7]);
    }

    proptest! {
        #[test]
        fn quantiles_are_exact_up_to_a_bin(values in prop::collection::vec(-100.0f64..300.0, 1..200), zeros in 0usize..50) {
            let values = [values, vec![0.0; zeros]].concat();
            let width = exact(&values)[6] - exact(&values)[0];
            for (found, exact) in found(&values).into_iter().zip(exact(&values)) {
                prop_assert!((-1e-9..=width / 64.0 + 1e-9).contains(&(found - exact)), "{found} for {exact}");
            }
        }

        #[test]
        fn quantiles_of_nothing_and_of_truth_values_are_exact(
            shares in prop::collection::vec((0.0f64..1.0, any::<bool>()), 1..200)
        ) {
            // Most relevance is exactly 0, in any semiring.
            let values: Vec<f64> = shares.iter().map(|&(share, relevant)| if relevant { share + 0.1 } else { 0.0 }).collect();
            for (found, exact) in found(&values).into_iter().zip(exact(&values)) {
                prop_assert_eq!(found == 0.0, exact == 0.0);
            }
            let truths: Vec<f64> = shares.iter().map(|&(_, relevant)| f64::from(u8::from(relevant))).collect();
            prop_assert_eq!(found(&truths), exact(&truths));
        }
    }
}
