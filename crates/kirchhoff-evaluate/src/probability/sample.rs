//! Estimated probabilities, by random worlds.

use kirchhoff_circuit::GateCircuit;
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::{Boolean, Semiring, Worlds};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

use super::{ProbabilityError, check};
use crate::error::FoldError;
use crate::fold::fold;
use crate::leaves::AnnotateLeaves;

/// Words of 64 worlds that one fold takes: a gate's worlds fill a cache line.
const WORDS: usize = 8;

/// Worlds of one fold.
const ROUND: u64 = 64 * WORDS as u64;

/// Rounds between looks at the error.
const ROUNDS: u64 = 8;

/// The quantile of the normal distribution for an interval of 95 %.
const NORMAL_975: f64 = 1.959_963_984_540_054;

/// How long worlds are sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// The seed of the random worlds: the same seed gives the same worlds, whatever the number of threads.
    pub seed: u64,
    /// Worlds to sample at most, rounded up to whole rounds of 512.
    pub max_worlds: u64,
    /// Sampling stops when half the width of every interval is at most this.
    pub error: f64,
}

impl Default for Sampling {
    /// Seed 0, half a million worlds at most, within ±0.005.
    fn default() -> Self {
        Sampling { seed: 0, max_worlds: 1 << 19, error: 0.005 }
    }
}

/// A probability that was estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The share of the worlds in which the output is 1.
    pub probability: f64,
    /// Its standard error, `√(p·(1−p)/n)`.
    pub standard_error: f64,
    /// The lower end of the interval that holds the probability with a confidence of 95 % (Wilson, "Probable inference,
    /// the law of succession, and statistical inference", 1927).
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Estimate {
    /// The estimate of so many successes among so many worlds.
    fn new(successes: u64, worlds: u64) -> Self {
        let (n, square) = (worlds as f64, NORMAL_975 * NORMAL_975);
        let p = successes as f64 / n;
        let middle = (p + square / (2.0 * n)) / (1.0 + square / n);
        let half = NORMAL_975 / (1.0 + square / n) * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
        // Rounding must not push an end beyond the estimate.
        let (low, high) = ((middle - half).clamp(0.0, p), (middle + half).clamp(p, 1.0));
        Estimate { probability: p, standard_error: (p * (1.0 - p) / n).sqrt(), low, high }
    }
}

/// What sampling has found.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimates {
    /// One an output.
    pub outputs: Vec<Estimate>,
    /// The worlds that were sampled.
    pub worlds: u64,
    /// Whether the error is as small as was asked for.
    pub reached: bool,
}

/// Estimates the probability that each output is 1, where each variable is 1 with the given probability, independently
/// of the others, and contributions are what `annotate` makes of them.
///
/// Every world decides on each variable; a fold over [`Worlds`] evaluates 512 worlds at once. Sampling stops when the
/// intervals of all outputs are narrow enough, or when `max_worlds` are spent. Each interval stands for itself: of many
/// outputs, some 5 % are off theirs. Takes a fold for each 512 worlds, and for each thread the memory of one: 64 bytes a
/// gate.
///
/// ```
/// use kirchhoff_circuit::GateBuilder;
/// use kirchhoff_evaluate::{PerLeaf, Sampling, estimate_probability};
///
/// let mut builder = GateBuilder::new(Vec::new(), 100);
/// let names = ["a", "b"].map(|name| builder.declare(name));
/// let [a, b] = names.map(|name| builder.variable(name).unwrap());
/// let both = builder.times(&[a, b])?;
/// builder.output("x", &[1], &[both])?;
/// let circuit = builder.finish()?;
/// let estimates = estimate_probability(&circuit, &PerLeaf(|_, _| true), &[0.5; 2], Sampling::default(), &())?;
/// assert!((estimates.outputs[0].probability - 0.25).abs() < 0.01 && estimates.reached);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What is no probability of each variable, annotations that do not fit, or cancellation.
pub fn estimate_probability(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    probabilities: &[f64],
    sampling: Sampling,
    monitor: &dyn Monitor,
) -> Result<Estimates, ProbabilityError> {
    check(circuit.variables(), probabilities)?;
    let contributions = &*circuit.arrays().contributions;
    let mut leaves = Leaves(vec![false; contributions.len()]);
    annotate.annotate(&Boolean, circuit, contributions, &mut leaves.0)?;
    let rounds = sampling.max_worlds.div_ceil(ROUND).max(1);
    let mut successes = vec![0u64; circuit.outputs().len()];
    let mut done = 0;
    loop {
        let next = (done + ROUNDS).min(rounds);
        let counts = (done..next).into_par_iter().map(|round| {
            let worlds = worlds(sampling.seed, round, probabilities);
            let relevant = fold(circuit, &Worlds::<WORDS>, &leaves, &worlds, monitor)?;
            Ok(relevant.iter().map(|words| words.iter().map(|word| u64::from(word.count_ones())).sum()).collect())
        });
        let counts: Vec<Vec<u64>> = counts.collect::<Result<_, FoldError>>()?;
        for count in counts {
            successes.iter_mut().zip(count).for_each(|(sum, count)| *sum += count);
        }
        done = next;
        let worlds = done * ROUND;
        let outputs: Vec<Estimate> = successes.iter().map(|&count| Estimate::new(count, worlds)).collect();
        let reached = outputs.iter().all(|estimate| estimate.high - estimate.low <= 2.0 * sampling.error);
        if reached || done == rounds {
            return Ok(Estimates { outputs, worlds, reached });
        }
    }
}

/// Truth values on the leaves, the same in every world.
struct Leaves(Vec<bool>);

impl AnnotateLeaves<Worlds<WORDS>> for Leaves {
    fn annotate(
        &self,
        semiring: &Worlds<WORDS>,
        _: &GateCircuit,
        _: &[f32],
        values: &mut [[u64; WORDS]],
    ) -> Result<(), FoldError> {
        let truths = values.iter_mut().zip(&self.0);
        truths.for_each(|(value, &truth)| *value = if truth { semiring.one() } else { semiring.zero() });
        Ok(())
    }
}

/// The values of all variables in the worlds of a round, which has a stream of random numbers of its own.
fn worlds(seed: u64, round: u64, probabilities: &[f64]) -> Vec<[u64; WORDS]> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(round);
    probabilities.iter().map(|&p| std::array::from_fn(|_| word(&mut generator, p))).collect()
}

/// A word whose bits are each 1 with probability `p`, to the last digit of `p`: bit by bit a uniform number is compared
/// with `p`, digit by digit, until all are decided. Takes some 8 random words.
fn word(generator: &mut ChaCha8Rng, mut p: f64) -> u64 {
    if p >= 1.0 {
        return u64::MAX;
    }
    let (mut below, mut undecided) = (0u64, u64::MAX);
    while undecided != 0 && p > 0.0 {
        p *= 2.0;
        let random = generator.next_u64();
        if p >= 1.0 {
            p -= 1.0;
            below |= undecided & !random;
            undecided &= random;
        } else {
            undecided &= !random;
        }
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_have_their_probability() {
        let mut generator = ChaCha8Rng::seed_from_u64(1);
        for p in [0.0, 1e-3, 0.1, 0.25, 0.5, 0.7, 0.999, 1.0] {
            let words = 20_000;
            let ones: u64 = (0..words).map(|_| u64::from(word(&mut generator, p).count_ones())).sum();
            let n = 64.0 * f64::from(words);
            let deviation = (p * (1.0 - p) / n).sqrt();
            assert!((ones as f64 / n - p).abs() <= 4.0 * deviation, "{p}: {}", ones as f64 / n);
        }
    }

    #[test]
    fn intervals_hold_what_they_should() {
        let none = Estimate::new(0, 1024);
        assert_eq!((none.probability, none.standard_error, none.low), (0.0, 0.0, 0.0));
        assert!(none.high > 0.003 && none.high < 0.005, "{none:?}");
        let all = Estimate::new(1024, 1024);
        assert_eq!((all.probability, all.high), (1.0, 1.0));
        let half = Estimate::new(512, 1024);
        assert!((half.high - 0.5306).abs() < 1e-4 && (half.low - 0.4694).abs() < 1e-4, "{half:?}");
    }
}
