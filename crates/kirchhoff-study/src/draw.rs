//! What is drawn at random: the same for the same seed, on every platform.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A generator of a seed; streams of one seed are independent.
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The generator of a seed and stream.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Draw(generator)
    }

    /// A number below `bound`, all equally likely.
    ///
    /// # Panics
    /// If the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // Numbers in the last, incomplete round of the bound would favour small remainders.
        let whole = u64::MAX - u64::MAX % bound;
        loop {
            let number = self.0.next_u64();
            if number < whole {
                return number % bound;
            }
        }
    }

    /// The numbers below `count` in a random order (Fisher and Yates).
    pub fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last as u64 + 1) as usize);
        }
        order
    }

    /// So many of the numbers below `count`, or all of them where there are fewer, in increasing order.
    pub fn choose(&mut self, chosen: usize, count: usize) -> Vec<usize> {
        let mut chosen: Vec<usize> = self.order(count).into_iter().take(chosen).collect();
        chosen.sort_unstable();
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_permutations_of_their_seed() {
        let order = Draw::new(7, 1).order(50);
        assert_eq!(order, Draw::new(7, 1).order(50));
        assert_ne!(order, Draw::new(8, 1).order(50));
        assert_ne!(order, Draw::new(7, 2).order(50));
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
        assert_eq!(Draw::new(7, 1).choose(3, 2), [0, 1]);
    }
}
