//! Coverage against θ, from critical thresholds.

use serde::{Deserialize, Serialize};

use crate::State;

/// Classes of coverage that inputs are counted by: of a hundredth each, and one for all of the layer.
const CLASSES: usize = 101;

/// How much of a layer is relevant at each of some thresholds, over many inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coverages {
    /// The thresholds, in increasing order.
    thetas: Vec<f32>,
    /// The number of neurons, of all inputs together, that are relevant at each.
    relevant: Vec<u64>,
    /// The number of neurons of all inputs.
    neurons: u64,
    /// By threshold and class of coverage, how many inputs there are.
    classes: Vec<Vec<u64>>,
}

impl Coverages {
    /// Of no inputs, at these thresholds.
    pub fn new(mut thetas: Vec<f32>) -> Self {
        thetas.sort_by(f32::total_cmp);
        let classes = vec![vec![0; CLASSES]; thetas.len()];
        Coverages { relevant: vec![0; thetas.len()], thetas, neurons: 0, classes }
    }

    /// Adds an input, given the critical threshold of each of the layer's neurons: a neuron is relevant at θ where its
    /// own is at least θ. Takes O(n log m) for n neurons and m thresholds.
    pub fn add(&mut self, critical: &[f32]) {
        // How many neurons are relevant at the first so many thresholds, and at no later one.
        let mut reached = vec![0u64; self.thetas.len() + 1];
        for &critical in critical {
            reached[self.thetas.partition_point(|&theta| theta <= critical)] += 1;
        }
        self.neurons += critical.len() as u64;
        let mut relevant = 0;
        for index in (0..self.thetas.len()).rev() {
            relevant += reached[index + 1];
            self.relevant[index] += relevant;
            let class = relevant as usize * (CLASSES - 1) / critical.len().max(1);
            self.classes[index][class] += 1;
        }
    }

    /// The thresholds, in increasing order.
    pub fn thetas(&self) -> &[f32] {
        &self.thetas
    }

    /// The share of all neurons that is relevant at each threshold.
    pub fn mean(&self) -> Vec<f64> {
        self.relevant.iter().map(|&relevant| relevant as f64 / self.neurons.max(1) as f64).collect()
    }

    /// The coverage that this share of the inputs does not pass, at each threshold; rounded down to a hundredth.
    pub fn quantile(&self, share: f64) -> Vec<f64> {
        let of = |classes: &Vec<u64>| {
            let inputs: u64 = classes.iter().sum();
            let wanted = ((share * inputs as f64).ceil() as u64).max(1);
            let mut below = 0;
            let class = classes.iter().position(|count| {
                below += count;
                below >= wanted
            });
            class.unwrap_or(0) as f64 / (CLASSES - 1) as f64
        };
        self.classes.iter().map(of).collect()
    }
}

impl State for Coverages {
    fn follows(&self, start: &Self) -> bool {
        let same = self.thetas.iter().map(|theta| theta.to_bits()).eq(start.thetas.iter().map(|theta| theta.to_bits()));
        same && self.relevant.follows(&start.relevant)
            && self.neurons.follows(&start.neurons)
            && self.classes.follows(&start.classes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_counts_what_reaches_a_threshold() {
        let mut coverages = Coverages::new(vec![0.5, 0.1, 1.0]);
        coverages.add(&[f32::NEG_INFINITY, 0.1, 0.5, f32::INFINITY]);
        coverages.add(&[0.0, 0.0, 0.0, 0.6]);
        assert_eq!(coverages.thetas(), [0.1, 0.5, 1.0]);
        assert_eq!(coverages.mean(), [0.5, 0.375, 0.125]);
        assert_eq!(coverages.quantile(0.5), [0.25, 0.25, 0.0]);
        assert_eq!(coverages.quantile(1.0), [0.75, 0.5, 0.25]);
        assert_eq!(Coverages::new(vec![0.5]).mean(), [0.0]);
    }
}
