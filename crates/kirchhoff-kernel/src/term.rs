//! Separable terms: what every rule's contribution is a sum of.

use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Values;

/// `f(x) = positive · max(0, x) + negative · min(0, x)`: two straight lines that meet at 0.
///
/// The identity, the positive and negative parts, the absolute value and `w + γ w⁺` are all of this form.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slopes {
    /// The slope above 0.
    pub positive: f32,
    /// The slope below 0.
    pub negative: f32,
}

impl Slopes {
    /// `x`.
    pub const IDENTITY: Slopes = Slopes { positive: 1.0, negative: 1.0 };
    /// `x⁺ = max(0, x)`.
    pub const POSITIVE: Slopes = Slopes { positive: 1.0, negative: 0.0 };
    /// `x⁻ = min(0, x)`.
    pub const NEGATIVE: Slopes = Slopes { positive: 0.0, negative: 1.0 };
    /// `|x|`.
    pub const ABSOLUTE: Slopes = Slopes { positive: 1.0, negative: -1.0 };

    /// The sign of every value: `Some(1)` if none is negative, `Some(-1)` if none is positive.
    pub fn sign(self) -> Option<i8> {
        match self {
            _ if self.positive >= 0.0 && self.negative <= 0.0 => Some(1),
            _ if self.positive <= 0.0 && self.negative >= 0.0 => Some(-1),
            _ => None,
        }
    }

    /// The function's value at `x`.
    #[inline(always)]
    pub fn apply(self, x: f32) -> f32 {
        if x >= 0.0 { self.positive * x } else { self.negative * x }
    }
}

/// What a term takes of the source neuron: `u(j)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceFactor {
    /// Of its activation.
    Activation(Slopes),
    /// 1.
    One,
    /// A constant for its channel; channels are equal, consecutive parts of the tensor.
    Channel(Arc<[f32]>),
}

/// What a term takes of the weight: `ρ(w)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightFactor {
    /// A piecewise linear function of it.
    Weight(Slopes),
    /// Its square.
    Square,
    /// 1.
    One,
}

/// One separable term of a rule: `u(j) · ρ(w[j,k]) · v(k)`.
#[derive(Clone, Debug)]
pub struct Term {
    /// `u`.
    pub source: SourceFactor,
    /// `ρ`.
    pub weight: WeightFactor,
    /// `v`, one value a destination neuron.
    pub destination: Values,
}

impl SourceFactor {
    /// Writes `u` of the neurons from `first` on, whose tensor has the given activations.
    pub fn fill(&self, activations: &[f32], first: usize, factors: &mut [f32]) {
        match self {
            SourceFactor::Activation(slopes) => {
                let activations = &activations[first..first + factors.len()];
                for (factor, &activation) in factors.iter_mut().zip(activations) {
                    *factor = slopes.apply(activation);
                }
            }
            SourceFactor::One => factors.fill(1.0),
            SourceFactor::Channel(constants) => {
                let channel = activations.len() / constants.len();
                for (i, factor) in factors.iter_mut().enumerate() {
                    *factor = constants[(first + i) / channel];
                }
            }
        }
    }

    /// The sign of every value, as [`Slopes::sign`] has it.
    pub fn sign(&self) -> Option<i8> {
        match self {
            SourceFactor::Activation(slopes) => slopes.sign(),
            SourceFactor::One => Some(1),
            SourceFactor::Channel(_) => None,
        }
    }

    /// Whether `u` is 0 for every neuron of a tensor with the given activations, so that the term can be left out.
    pub fn vanishes(&self, activations: &[f32]) -> bool {
        match self {
            SourceFactor::Activation(slopes) => {
                // Most often the first few tell.
                let (first, rest) = activations.split_at(activations.len().min(1 << 10));
                let vanish = |part: &[f32]| part.iter().all(|&activation| slopes.apply(activation) == 0.0);
                vanish(first) && rest.par_chunks(1 << 14).all(vanish)
            }
            SourceFactor::One => false,
            SourceFactor::Channel(constants) => constants.iter().all(|&constant| constant == 0.0),
        }
    }
}

impl WeightFactor {
    /// `w` itself.
    pub const IDENTITY: WeightFactor = WeightFactor::Weight(Slopes::IDENTITY);

    /// The sign of every value, as [`Slopes::sign`] has it.
    pub fn sign(self) -> Option<i8> {
        match self {
            WeightFactor::Weight(slopes) => slopes.sign(),
            WeightFactor::Square | WeightFactor::One => Some(1),
        }
    }

    /// `ρ(w)`.
    #[inline(always)]
    pub fn apply(self, weight: f32) -> f32 {
        match self {
            WeightFactor::Weight(slopes) => slopes.apply(weight),
            WeightFactor::Square => weight * weight,
            WeightFactor::One => 1.0,
        }
    }
}
