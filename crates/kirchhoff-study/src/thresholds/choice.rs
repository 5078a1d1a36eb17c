//! Thresholds chosen for many inputs, and what is typical of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::State;

/// Bits of a number's pattern that a bin leaves out: 9 of the 23 bits of the fraction stay, so that its ends are less
/// than 0.2 % apart.
const DROPPED_BITS: u32 = 14;

/// The thresholds that were chosen for a layer, one an input: how many fell into each of some narrow bins. Memory does
/// not depend on the number of inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen(BTreeMap<u32, u64>);

impl Chosen {
    /// Adds a threshold, which is positive.
    pub fn add(&mut self, theta: f32) {
        *self.0.entry(theta.max(0.0).to_bits() >> DROPPED_BITS).or_default() += 1;
    }

    /// The lower end of the bin that this share of the thresholds does not pass; nothing of no thresholds.
    pub fn quantile(&self, share: f64) -> Option<f32> {
        let wanted = ((share * self.0.values().sum::<u64>() as f64).ceil() as u64).max(1);
        let mut below = 0u64;
        let found = self.0.iter().find(|(_, count)| {
            below += **count;
            below >= wanted
        });
        found.map(|(bin, _)| f32::from_bits(bin << DROPPED_BITS))
    }
}

impl State for Chosen {
    fn follows(&self, _: &Self) -> bool {
        // What was dropped of the bits of positive numbers, and counts whose sum is one.
        let last = f32::INFINITY.to_bits() >> DROPPED_BITS;
        let total = self.0.values().try_fold(0u64, |total, &count| total.checked_add(count));
        total.is_some_and(|total| total.follows(&0)) && self.0.keys().all(|&bin| bin <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_up_to_the_bins() {
        let mut chosen = Chosen::default();
        assert_eq!(chosen.quantile(0.5), None);
        [0.5, 1e-9, 0.03, 0.04, 0.1].into_iter().for_each(|theta| chosen.add(theta));
        for (share, expected) in [(0.0, 1e-9), (0.5, 0.04), (0.6, 0.04), (0.61, 0.1), (1.0, 0.5)] {
            let got = chosen.quantile(share).unwrap();
            assert!(got <= expected && got > expected * 0.998, "{share}: {got}");
        }
    }
}
