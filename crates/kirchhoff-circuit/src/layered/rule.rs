//! Rules as data: every rule is a sum of quotients of separable sums.

use kirchhoff_kernel::{SourceFactor, WeightFactor};
use kirchhoff_semiring::Interval;

/// How a layer shares the relevance of a destination neuron out among its sources.
#[derive(Clone, Debug, PartialEq)]
pub enum LayerRule {
    /// Relevance passes unchanged along every edge.
    Pass,
    /// All of it to the source with the largest activation, the first of equals in row-major order.
    Winner,
    /// In proportion to separable contributions.
    Separable(SeparableRule),
}

/// `d[j,k] = Σ_p c_p · n_p[j,k] / stab_p(z_p[k])`, a sum over [`Part`]s.
#[derive(Clone, Debug, PartialEq)]
pub struct SeparableRule {
    /// The parts.
    pub parts: Vec<Part>,
    /// An interval that holds every contribution, up to rounding.
    pub range: Interval,
}

/// One quotient of a rule: `c · n[j,k] / stab(z[k])` with `n[j,k] = Σ_t u_t(a_j) ρ_t(w[j,k])`.
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normaliser {
    /// `z = Σ_j n`.
    Sum,
    /// `z = max_j n`, for numerators that are never negative.
    Maximum,
}

/// How a denominator is kept from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stabiliser {
    /// `z + ε · sign(z)`, with `sign(0) = +1`.
    Signed(f32),
    /// `z + ε`.
    Added(f32),
    /// `z + 1e-9 + c · sqrt(mean z²)`, the mean over the layer.
    RootMeanSquare(f32),
}

/// The destination neurons that a part of a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    #[inline]
    pub fn apply(self, z: f32) -> f32 {
        let z = z + if z >= 0.0 { self.above } else { self.below };
        (f64::from(z) + self.shift) as f32
    }
}

impl Destinations {
    /// Whether a destination of the given output belongs to them.
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
            LayerRule::Separable(rule) => rule.range,
        }
    }
}
