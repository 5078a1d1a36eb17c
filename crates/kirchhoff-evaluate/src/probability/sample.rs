//! Estimated probabilities, by random worlds.

use kirchhoff_circuit::GateCircuit;
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::{Boolean, Semiring, Worlds};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

use super::diagram::truths;
use super::{ProbabilityError, check};
use crate::error::FoldError;
use crate::fold::fold;
use crate::leaves::AnnotateLeaves;

/// Words of 64 worlds that one fold takes: a gate's worlds fill a cache line.
pub(super) const WORDS: usize = 8;

/// A value in each world of a fold.
pub(super) type Words = [u64; WORDS];

/// Worlds of one fold.
pub(super) const ROUND: u64 = 64 * WORDS as u64;

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
    /// The estimate of so many successes among so many worlds; of no worlds, nothing is known.
    pub(super) fn new(successes: u64, worlds: u64) -> Self {
        if worlds == 0 {
            return Estimate { probability: 0.5, standard_error: f64::INFINITY, low: 0.0, high: 1.0 };
        }
        let (n, square) = (worlds as f64, NORMAL_975 * NORMAL_975);
        let p = successes as f64 / n;
        let middle = (p + square / (2.0 * n)) / (1.0 + square / n);
        let half = NORMAL_975 / (1.0 + square / n) * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
        // Rounding must not push an end beyond the estimate.
        let (low, high) = ((middle - half).clamp(0.0, p), (middle + half).clamp(p, 1.0));
        Estimate { probability: p, standard_error: (p * (1.0 - p) / n).sqrt(), low, high }
    }

    /// Whether half the width of the interval is at most this.
    pub(super) fn is_within(&self, error: f64) -> bool {
        self.high - self.low <= 2.0 * error
    }
}

/// A mean that was estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanEstimate {
    /// The mean over the worlds.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The lower end of the interval that holds the expected value with a confidence of 95 %, by the central limit theorem.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The worlds that were sampled.
    pub worlds: u64,
    /// Whether the error is as small as was asked for.
    pub reached: bool,
}

impl MeanEstimate {
    /// The estimate from the sum and the sum of squares over so many worlds, at least two.
    pub(super) fn new(sum: u64, squares: u64, worlds: u64) -> Self {
        let n = worlds as f64;
        let mean = sum as f64 / n;
        let variance = (squares as f64 / n - mean * mean).max(0.0) * n / (n - 1.0);
        let standard_error = (variance / n).sqrt();
        let half = NORMAL_975 * standard_error;
        MeanEstimate { mean, standard_error, low: mean - half, high: mean + half, worlds, reached: false }
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
    let leaves = truths(circuit, annotate)?;
    let count = |round: &Round| round.outputs.iter().map(ones).collect();
    let mut estimates = Vec::new();
    let progress = sample(circuit, leaves, probabilities, sampling, monitor, &count, &mut |counts, worlds| {
        estimates = counts.iter().map(|&count| Estimate::new(count, worlds)).collect();
        estimates.iter().all(|estimate: &Estimate| estimate.is_within(sampling.error))
    })?;
    Ok(Estimates { outputs: estimates, worlds: progress.worlds, reached: progress.reached })
}

/// The random worlds of one fold.
pub(super) struct Round {
    /// The values of the variables.
    pub variables: Vec<Words>,
    /// The values of the outputs.
    pub outputs: Vec<Words>,
}

/// How far sampling has come.
pub(super) struct Progress {
    /// The worlds that were sampled.
    pub worlds: u64,
    /// Whether the error is as small as was asked for.
    pub reached: bool,
}

/// Samples worlds: `count` counts something in each round, and `look` is given the sums of the counts of all rounds so far
/// with the number of worlds, and says whether that is enough.
pub(super) fn sample(
    circuit: &GateCircuit,
    leaves: Vec<bool>,
    probabilities: &[f64],
    sampling: Sampling,
    monitor: &dyn Monitor,
    count: &(dyn Fn(&Round) -> Vec<u64> + Sync),
    look: &mut dyn FnMut(&[u64], u64) -> bool,
) -> Result<Progress, ProbabilityError> {
    let leaves = Leaves(leaves);
    in_rounds(sampling, look, |round| {
        let variables = worlds(sampling.seed, round, probabilities);
        let outputs = fold(circuit, &Worlds::<WORDS>, &leaves, &variables, monitor)?;
        Ok(count(&Round { variables, outputs }))
    })
}

/// Adds up the counts of rounds, several at a time on all threads, until `look` finds them enough or none are left.
pub(super) fn in_rounds(
    sampling: Sampling,
    look: &mut dyn FnMut(&[u64], u64) -> bool,
    run: impl Fn(u64) -> Result<Vec<u64>, FoldError> + Sync,
) -> Result<Progress, ProbabilityError> {
    let rounds = sampling.max_worlds.div_ceil(ROUND).max(1);
    let mut sums: Vec<u64> = Vec::new();
    let mut done = 0;
    loop {
        let next = (done + ROUNDS).min(rounds);
        let counts: Vec<Vec<u64>> = (done..next).into_par_iter().map(&run).collect::<Result<_, FoldError>>()?;
        for count in counts {
            sums.resize(count.len(), 0);
            sums.iter_mut().zip(count).for_each(|(sum, count)| *sum += count);
        }
        done = next;
        let reached = look(&sums, done * ROUND);
        if reached || done == rounds {
            return Ok(Progress { worlds: done * ROUND, reached });
        }
    }
}

/// How many worlds a value is 1 in.
pub(super) fn ones(words: &Words) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// Truth values on the leaves, the same in every world.
pub(super) struct Leaves(pub Vec<bool>);

impl AnnotateLeaves<Worlds<WORDS>> for Leaves {
    fn annotate(
        &self,
        semiring: &Worlds<WORDS>,
        _: &GateCircuit,
        _: &[f32],
        values: &mut [Words],
    ) -> Result<(), FoldError> {
        let truths = values.iter_mut().zip(&self.0);
        truths.for_each(|(value, &truth)| *value = if truth { semiring.one() } else { semiring.zero() });
        Ok(())
    }
}

/// The values of all variables in the worlds of a round, which has a stream of random numbers of its own.
fn worlds(seed: u64, round: u64, probabilities: &[f64]) -> Vec<Words> {
    let mut generator = generator(seed, round);
    probabilities.iter().map(|&p| std::array::from_fn(|_| word(&mut generator, p))).collect()
}

/// The random numbers of a round.
pub(super) fn generator(seed: u64, round: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(round);
    generator
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
