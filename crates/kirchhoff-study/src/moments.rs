//! Means of numbers that come one after the other.

use serde::{Deserialize, Serialize};

use crate::State;

/// The mean of numbers added one by one, and how far it may be off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    count: u64,
    mean: f64,
    /// The sum of squared distances from the mean (Welford's algorithm).
    squares: f64,
}

impl Mean {
    /// Adds a number.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
    }

    /// How many numbers were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean, 0 of no numbers.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The standard error of the mean, 0 of fewer than two numbers.
    pub fn error(&self) -> f64 {
        match self.count {
            0 | 1 => 0.0,
            count => (self.squares / (count - 1) as f64 / count as f64).sqrt(),
        }
    }
}

impl State for Mean {
    fn follows(&self, start: &Self) -> bool {
        self.count.follows(&start.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_have_their_errors() {
        let mut mean = Mean::default();
        assert_eq!((mean.mean(), mean.error()), (0.0, 0.0));
        [1.0, 2.0, 3.0, 6.0].into_iter().for_each(|value| mean.add(value));
        assert_eq!((mean.count(), mean.mean()), (4, 3.0));
        // The variance is (4 + 1 + 0 + 9) / 3.
        assert!((mean.error() - (14.0f64 / 3.0 / 4.0).sqrt()).abs() < 1e-12);
    }
}
