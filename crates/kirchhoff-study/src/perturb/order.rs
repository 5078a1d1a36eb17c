//! In which order the regions of an input are perturbed.

use std::fmt;
use std::str::FromStr;

use kirchhoff_semiring::{Call, LookupError, UnknownName};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// An order of regions by their relevance. Written `most`, `least` or `random`.
///
/// Regions of equal relevance come in an order that is drawn: relevance of few values, as boolean relevance is, would
/// otherwise be judged by where its pixels lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The most relevant region first.
    MostRelevantFirst,
    /// The least relevant region first.
    LeastRelevantFirst,
    /// Any order, whatever the relevance.
    Random,
}

impl Order {
    /// Every order.
    pub const ALL: [Order; 3] = [Order::MostRelevantFirst, Order::LeastRelevantFirst, Order::Random];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Order::MostRelevantFirst => "most",
            Order::LeastRelevantFirst => "least",
            Order::Random => "random",
        }
    }

    /// The regions in this order, given the relevance of each.
    pub fn of(self, relevance: &[f64], random: &mut ChaCha8Rng) -> Vec<u32> {
        let mut regions: Vec<u32> = (0..relevance.len() as u32).collect();
        regions.shuffle(random);
        let of = |region: &u32| relevance[*region as usize];
        // Stable: equal ones stay shuffled. −0 is 0.
        match self {
            Order::MostRelevantFirst => regions.sort_by(|a, b| (of(b) + 0.0).total_cmp(&(of(a) + 0.0))),
            Order::LeastRelevantFirst => regions.sort_by(|a, b| (of(a) + 0.0).total_cmp(&(of(b) + 0.0))),
            Order::Random => {}
        }
        regions
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Order {
    type Err = LookupError;

    fn from_str(text: &str) -> Result<Self, LookupError> {
        let call: Call = text.parse()?;
        let Some(order) = Order::ALL.into_iter().find(|order| order.name() == call.name) else {
            return Err(UnknownName::new("order", &call.name, &Order::ALL.map(Order::name)).into());
        };
        Ok(call.arguments([]).map(|[]| order)?)
    }
}

/// Regions drawn one after the other, without repetition, each with a probability proportional to `exp(log_weights)`
/// among those that are left.
///
/// The largest of `log_weights` plus independent Gumbel noise, one after the other, are just that (Kool et al.,
/// *Stochastic beams and where to find them*, 2019): no weight underflows, however steep the distribution.
pub fn drawn(log_weights: &[f64], random: &mut ChaCha8Rng) -> Vec<u32> {
    let noisy: Vec<f64> = log_weights
        .iter()
        .map(|weight| {
            // Above 0 and below 1, so that both logarithms are finite.
            let uniform = (random.random::<u64>() >> 12) as f64 + 0.5;
            let uniform = uniform / (1u64 << 52) as f64;
            weight - libm::log(-libm::log(uniform))
        })
        .collect();
    let mut regions: Vec<u32> = (0..log_weights.len() as u32).collect();
    regions.sort_by(|&a, &b| noisy[b as usize].total_cmp(&noisy[a as usize]));
    regions
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn orders_are_by_relevance_and_ties_are_drawn() {
        let relevance = [0.5, -0.0, 2.0, 0.0, f64::NEG_INFINITY];
        let orders = |order: Order| -> Vec<Vec<u32>> {
            (0..32).map(|seed| order.of(&relevance, &mut ChaCha8Rng::seed_from_u64(seed))).collect()
        };
        let most = orders(Order::MostRelevantFirst);
        assert!(most.iter().all(|order| order[..2] == [2, 0] && order[4] == 4));
        assert!(most.iter().any(|order| order[2] == 1) && most.iter().any(|order| order[2] == 3));
        assert!(orders(Order::LeastRelevantFirst).iter().all(|order| order[0] == 4 && order[3..] == [0, 2]));
        assert!(orders(Order::Random).iter().any(|order| order[0] == 1));
        assert_eq!("most".parse(), Ok(Order::MostRelevantFirst));
        assert!("best".parse::<Order>().is_err() && "most(3)".parse::<Order>().is_err());
    }

    #[test]
    fn draws_follow_the_weights() {
        // Drawn one after the other: P(first = i) = w_i, P(second = j | first = i) = w_j / (1 − w_i).
        let weights: [f64; 3] = [0.6, 0.3, 0.1];
        let logarithms = weights.map(|weight| weight.ln() - 1000.0);
        let mut counts = [[0u32; 3]; 3];
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let draws = 30_000;
        for _ in 0..draws {
            let order = drawn(&logarithms, &mut random);
            counts[order[0] as usize][order[1] as usize] += 1;
        }
        for (i, row) in counts.iter().enumerate() {
            for (j, &count) in row.iter().enumerate().filter(|(j, _)| *j != i) {
                let expected = f64::from(draws) * weights[i] * weights[j] / (1.0 - weights[i]);
                // Five standard deviations.
                assert!((f64::from(count) - expected).abs() < 5.0 * expected.sqrt(), "{i}, {j}: {count} of {expected}");
            }
        }
    }

    #[test]
    fn a_weight_of_zero_comes_last() {
        for seed in 0..20 {
            let order = drawn(&[f64::NEG_INFINITY, 0.0, -2000.0], &mut ChaCha8Rng::seed_from_u64(seed));
            assert_eq!(order, [1, 2, 0]);
        }
    }
}
