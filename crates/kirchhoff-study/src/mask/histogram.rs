//! Histograms for quantiles.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Bins of a neuron, of equal width between its least and greatest value.
pub const BINS: usize = 64;

/// One histogram a neuron.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Histograms {
    counts: Vec<u32>,
}

impl Histograms {
    pub fn new(neurons: usize) -> Self {
        Histograms { counts: vec![0; neurons * BINS] }
    }

    /// Adds a value to each of the neurons from `first` on; all lie between the neurons' ends.
    pub fn add(&mut self, first: usize, values: &[f64], least: &[f64], greatest: &[f64]) {
        for (neuron, value) in (first..).zip(values) {
            let width = (greatest[neuron] - least[neuron]) / BINS as f64;
            let bin = if width > 0.0 { ((value - least[neuron]) / width) as usize } else { 0 };
            self.counts[neuron * BINS + bin.min(BINS - 1)] += 1;
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
            let mut below = 0.0;
            let bin = counts.iter().position(|&count| {
                below += f64::from(count);
                below >= wanted
            });
            let share = bin.map_or(1.0, |bin| (bin + 1) as f64 / BINS as f64);
            least[neuron] + share * (greatest[neuron] - least[neuron])
        };
        neurons.map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_exact_up_to_a_bin() {
        let values: Vec<f64> = (0..501).map(|at| f64::from(at * at % 503)).collect();
        let (least, greatest) = ([0.0, 5.0], [values.iter().fold(0.0, |a: f64, &b| a.max(b)), 5.0]);
        let mut histograms = Histograms::new(2);
        values.iter().for_each(|&value| histograms.add(0, &[value, 5.0], &least, &greatest));
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        for quantile in [0.0f64, 0.1, 0.5, 0.9, 1.0] {
            let exact = sorted[((quantile * 501.0).ceil() as usize).saturating_sub(1)];
            let found = histograms.quantile(quantile, 0..2, &least, &greatest);
            assert!((0.0..=greatest[0] / BINS as f64 + 1e-9).contains(&(found[0] - exact)), "{quantile}");
            assert_eq!(found[1], 5.0);
        }
    }
}
