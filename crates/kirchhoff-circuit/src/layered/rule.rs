//! Rules as data: every rule is a sum of quotients of separable sums.

use std::fmt;

use kirchhoff_kernel::{Slopes, SourceFactor, WeightFactor};
use kirchhoff_semiring::Interval;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How a layer shares the relevance of a destination neuron out among its sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerRule {
    /// Relevance passes unchanged along every edge.
    Pass,
    /// All of it to the source with the largest activation, the first of equals in row-major order.
    Winner,
    /// All of it to the source with the smallest activation, likewise.
    Least,
    /// All of it to the source whose edge has a weight other than 0: a choice by a condition. Each source has an edge to its own
    /// place.
    Chosen,
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
    /// `z = 1`: the numerators are the contributions.
    One,
}

/// How a denominator is kept from 0. Where it is 0 for all that, as with an ε of 0, or so small that `c` divided by it is
/// beyond the range of `f32`, the part gives the neuron's sources nothing.
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
            LayerRule::Winner | LayerRule::Least | LayerRule::Chosen => Interval::UNIT,
            LayerRule::Separable(rule) => rule.range(),
        }
    }

    /// Whether an edge passes relevance or is none, as the execution decides.
    pub fn chooses(&self) -> bool {
        match self {
            LayerRule::Winner | LayerRule::Least | LayerRule::Chosen => true,
            LayerRule::Pass | LayerRule::Separable(_) => false,
        }
    }

    /// Whether the rule can be computed with: see [`SeparableRule::check`].
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), RuleError> {
        match self {
            LayerRule::Pass | LayerRule::Winner | LayerRule::Least | LayerRule::Chosen => Ok(()),
            LayerRule::Separable(rule) => rule.check(),
        }
    }

    /// Whether the numerator of a product of weights is that of the one times that of the other, whatever their signs.
    pub fn is_multiplicative(&self) -> bool {
        let LayerRule::Separable(SeparableRule { parts }) = self else { return true };
        parts.iter().flat_map(|part| &part.numerators).all(|(_, weight)| match weight {
            WeightFactor::Weight(slopes) => [Slopes::IDENTITY, Slopes::ABSOLUTE].contains(slopes),
            WeightFactor::Square | WeightFactor::One => true,
        })
    }

    /// Whether the rule's constants divide a source tensor of the given number of neurons into channels.
    ///
    /// # Errors
    /// [`RuleError::Channels`].
    pub fn check_source(&self, neurons: usize) -> Result<(), RuleError> {
        let LayerRule::Separable(SeparableRule { parts }) = self else { return Ok(()) };
        for (factor, _) in parts.iter().flat_map(|part| &part.numerators) {
            let SourceFactor::Channel(constants) = factor else { continue };
            if constants.is_empty() || !neurons.is_multiple_of(constants.len()) {
                return Err(RuleError::Channels { constants: constants.len(), neurons });
            }
        }
        Ok(())
    }
}

/// Why a rule cannot be computed with.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RuleError {
    /// A number of terms that kernels do not take.
    #[error("it has no terms, or more than {}", MOST_TERMS)]
    Terms,
    /// A coefficient, slope or constant that is infinite or not a number.
    #[error("it has a factor that is no number")]
    Factor,
    /// A stabiliser that brings normalisers closer to 0.
    #[error("its stabiliser is negative, or no number")]
    Stabiliser,
    /// A maximum of numerators of either sign.
    #[error("it takes the maximum of numerators that may be negative")]
    Maximum,
    /// Constants that are not one a channel.
    #[error("{constants} constants do not divide {neurons} neurons into channels")]
    Channels {
        /// How many constants there are.
        constants: usize,
        /// How many neurons the source has.
        neurons: usize,
    },
}

/// Terms that a rule has at most.
const MOST_TERMS: usize = 4;

impl SeparableRule {
    /// Whether the rule has terms, but no more than 4, each of them of finite numbers; whether stabilisers are not negative,
    /// and maxima are of numerators that are not.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), RuleError> {
        let terms: usize = self.parts.iter().map(|part| part.numerators.len()).sum();
        if self.parts.iter().any(|part| part.numerators.is_empty()) || !(1..=MOST_TERMS).contains(&terms) {
            return Err(RuleError::Terms);
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
        for part in &self.parts {
            if !part.coefficient.is_finite() || !part.numerators.iter().all(is_sound) {
                return Err(RuleError::Factor);
            }
            let (Stabiliser::Signed(x) | Stabiliser::Added(x) | Stabiliser::RootMeanSquare(x)) = part.stabiliser;
            if !x.is_finite() || x < 0.0 {
                return Err(RuleError::Stabiliser);
            }
            if part.normaliser == Normaliser::Maximum && part.sign() != Some(1) {
                return Err(RuleError::Maximum);
            }
        }
        Ok(())
    }

    /// An interval that holds every contribution, up to rounding: where all numerators of a part have one sign, each is a
    /// share of its normaliser.
    pub fn range(&self) -> Interval {
        let mut range = Interval::open(0.0, 0.0);
        for part in &self.parts {
            if part.normaliser == Normaliser::One {
                let constant = [(SourceFactor::One, WeightFactor::One)];
                if part.numerators != constant {
                    return Interval::REALS;
                }
                range.low += f64::from(part.coefficient);
                range.high += f64::from(part.coefficient);
                continue;
            }
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

/// As a formula that tells every number of the rule, with both slopes of factors: `1 · (a(1, 1) w(1, 0)) / (Σ ± 1e-6)`.
/// Equal texts are equal rules.
impl fmt::Display for SeparableRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, part) in self.parts.iter().enumerate() {
            let joint = if number > 0 { " + " } else { "" };
            write!(f, "{joint}{part}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numerator = |(source, weight): &(SourceFactor, WeightFactor)| {
            let source = match source {
                SourceFactor::Activation(Slopes { positive, negative }) => format!("a({positive:?}, {negative:?})"),
                SourceFactor::One => "1".to_string(),
                SourceFactor::Channel(constants) => format!("channel{constants:?}"),
            };
            match weight {
                WeightFactor::Weight(Slopes { positive, negative }) => {
                    format!("{source} w({positive:?}, {negative:?})")
                }
                WeightFactor::Square => format!("{source} w²"),
                WeightFactor::One => format!("{source} 1"),
            }
        };
        let numerators: Vec<String> = self.numerators.iter().map(numerator).collect();
        let normaliser = match self.normaliser {
            Normaliser::Sum => "Σ",
            Normaliser::Maximum => "max",
            Normaliser::One => "1",
        };
        let bias = if self.bias { " + b" } else { "" };
        let stabiliser = match self.stabiliser {
            Stabiliser::Signed(epsilon) => format!("± {epsilon:?}"),
            Stabiliser::Added(epsilon) => format!("+ {epsilon:?}"),
            Stabiliser::RootMeanSquare(factor) => format!("+ {factor:?} rms"),
        };
        let destinations = match self.destinations {
            Destinations::All => "",
            Destinations::Positive => " where the output is positive",
            Destinations::Negative => " where the output is negative",
        };
        let numerators = numerators.join(" + ");
        write!(f, "{:?} · ({numerators}) / ({normaliser}{bias} {stabiliser}){destinations}", self.coefficient)
    }
}

impl Part {
    /// The share of the numerators in their sum, bias included: `Σ_t n_t / (z ± ε)` with `z = Σ n + b`, for every destination.
    /// Other parts differ from it in a field or two.
    pub fn share(numerators: impl Into<Vec<(SourceFactor, WeightFactor)>>, epsilon: f32) -> Self {
        Part {
            coefficient: 1.0,
            numerators: numerators.into(),
            bias: true,
            normaliser: Normaliser::Sum,
            stabiliser: Stabiliser::Signed(epsilon),
            destinations: Destinations::All,
        }
    }

    /// The sign of every numerator, as [`Slopes::sign`] has it.
    fn sign(&self) -> Option<i8> {
        let mut signs = self.numerators.iter().map(|(source, weight)| Some(source.sign()? * weight.sign()?));
        let first = signs.next().flatten();
        first.filter(|_| signs.all(|sign| sign == first))
    }
}
