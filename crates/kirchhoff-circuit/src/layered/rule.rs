//! Rules as data: every rule is a sum of quotients of separable sums.

use kirchhoff_kernel::{Slopes, SourceFactor, WeightFactor};
use kirchhoff_semiring::Interval;
use serde::{Deserialize, Serialize};

/// How a layer shares the relevance of a destination neuron out among its sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerRule {
    /// Relevance passes unchanged along every edge.
    Pass,
    /// All of it to the source with the largest activation, the first of equals in row-major order.
    Winner,
    /// In proportion to separable contributions.
    Separable(SeparableRule),
}

/// `d[j,k] = Σ_p c_p · n_p[j,k] / stab_p(z_p[k])`, a sum over [`Part`]s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeparableRule {
    /// The parts.
    pub parts: Vec<Part>,
}

/// One quotient of a rule: `c · n[j,k] / stab(z[k])` with `n[j,k] = Σ_t u_t(a_j) ρ_t(w[j,k])`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// `c`.
    pub coefficient: f32,
    /// The separable summands of `n`: what each takes of the source, and of the weight.
    pub numerators: Vec<(SourceFactor, WeightFactor)>,
    /// Whether the bias acts as a source neuron of activation 1: enters `z` and absorbs its share (1.2.1).
    pub bias: bool,
    /// How `z` is made of the `n`.
    pub normaliser: Normaliser,
    /// How `z` is kept from 0.
    pub stabiliser: Stabiliser,
    /// The destinations that the part is for; for others it is 0.
    pub destinations: Destinations,
}

/// How the normaliser `z[k]` is made of the numerators `n[j,k]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normaliser {
    /// `z = Σ_j n`.
    Sum,
    /// `z = max_j n`, for numerators that are never negative.
    Maximum,
}

/// How a denominator is kept from 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stabiliser {
    /// `z + ε · sign(z)`, with `sign(0) = +1`.
    Signed(f32),
    /// `z + ε`.
    Added(f32),
    /// `z + 1e-9 + c · sqrt(mean z²)`, the mean over the layer.
    RootMeanSquare(f32),
}

/// The destination neurons that a part of a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Destinations {
    /// All.
    All,
    /// Those whose output is positive.
    Positive,
    /// Those whose output is negative.
    Negative,
}

impl Stabiliser {
    /// The stabiliser of one layer in one execution, whose normalisers are given.
    pub fn over(self, z: &[f32]) -> Stabilised {
        match self {
            Stabiliser::Signed(epsilon) => Stabilised { below: -epsilon, above: epsilon, shift: 0.0 },
            Stabiliser::Added(epsilon) => Stabilised { below: epsilon, above: epsilon, shift: 0.0 },
            Stabiliser::RootMeanSquare(factor) => {
                let squares: f64 = z.iter().map(|&z| f64::from(z) * f64::from(z)).sum();
                let shift = 1e-9 + f64::from(factor) * (squares / z.len() as f64).sqrt();
                Stabilised { below: 0.0, above: 0.0, shift }
            }
        }
    }
}

/// What keeps the normalisers of one layer in one execution from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stabilised {
    below: f32,
    above: f32,
    shift: f64,
}

impl Stabilised {
    /// `stab(z)`.
    #[inline(always)]
    pub fn apply(self, z: f32) -> f32 {
        let z = z + if z >= 0.0 { self.above } else { self.below };
        (f64::from(z) + self.shift) as f32
    }
}

impl Destinations {
    /// Whether a destination of the given output belongs to them.
    #[inline(always)]
    pub fn include(self, output: f32) -> bool {
        match self {
            Destinations::All => true,
            Destinations::Positive => output > 0.0,
            Destinations::Negative => output < 0.0,
        }
    }
}

impl LayerRule {
    /// An interval that holds every contribution, up to rounding.
    pub fn range(&self) -> Interval {
        match self {
            LayerRule::Pass => Interval::open(1.0, 1.0),
            LayerRule::Winner => Interval::UNIT,
            LayerRule::Separable(rule) => rule.range(),
        }
    }

    /// Whether every number of the rule is one that can be computed with, and whether it has no more terms than any rule that there is.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let LayerRule::Separable(SeparableRule { parts }) = self else { return Ok(()) };
        let terms: usize = parts.iter().map(|part| part.numerators.len()).sum();
        if parts.iter().any(|part| part.numerators.is_empty()) || !(1..=MOST_TERMS).contains(&terms) {
            return Err("it has no terms, or more than 4");
        }
        let finite = |slopes: &Slopes| slopes.positive.is_finite() && slopes.negative.is_finite();
        let is_sound = |(source, weight): &(SourceFactor, WeightFactor)| {
            let source = match source {
                SourceFactor::Activation(slopes) => finite(slopes),
                SourceFactor::One => true,
                SourceFactor::Channel(constants) => constants.iter().all(|constant| constant.is_finite()),
            };
            source && !matches!(weight, WeightFactor::Weight(slopes) if !finite(slopes))
        };
        let is_positive = |stabiliser| match stabiliser {
            Stabiliser::Signed(x) | Stabiliser::Added(x) | Stabiliser::RootMeanSquare(x) => x.is_finite() && x >= 0.0,
        };
        for part in parts {
            if !part.coefficient.is_finite() || !part.numerators.iter().all(is_sound) {
                return Err("it has a factor that is no number");
            }
            if !is_positive(part.stabiliser) {
                return Err("its stabiliser is negative, or no number");
            }
            if part.normaliser == Normaliser::Maximum && part.sign() != Some(1) {
                return Err("it takes the maximum of numerators that may be negative");
            }
        }
        Ok(())
    }
}

/// Terms that a rule has at most.
const MOST_TERMS: usize = 4;

impl SeparableRule {
    /// An interval that holds every contribution, up to rounding: where all numerators of a part have one sign, each is a
    /// share of its normaliser.
    pub fn range(&self) -> Interval {
        let mut range = Interval::open(0.0, 0.0);
        for part in &self.parts {
            let is_share = match part.stabiliser {
                Stabiliser::Signed(_) => part.sign().is_some(),
                // What is added to a negative normaliser would bring it closer to 0.
                Stabiliser::Added(_) => part.sign() == Some(1),
                Stabiliser::RootMeanSquare(_) => false,
            };
            if !is_share {
                return Interval::REALS;
            }
            let coefficient = f64::from(part.coefficient);
            range.low += coefficient.min(0.0);
            range.high += coefficient.max(0.0);
        }
        range
    }
}

impl Part {
    /// The sign of every numerator, as [`Slopes::sign`] has it.
    fn sign(&self) -> Option<i8> {
        let mut signs = self.numerators.iter().map(|(source, weight)| Some(source.sign()? * weight.sign()?));
        let first = signs.next().flatten();
        first.filter(|_| signs.all(|sign| sign == first))
    }
}
