//! The values of functions of one value.

use super::Activation;

impl Activation {
    /// Writes the function's values at `from`.
    pub(super) fn apply_to(self, from: &[f32], to: &mut [f32]) {
        let pairs = to.iter_mut().zip(from);
        match self {
            // By itself the loop is one of vectors.
            Activation::Relu => pairs.for_each(|(to, from)| *to = from.max(0.0)),
            _ => pairs.for_each(|(to, &from)| *to = self.apply(from)),
        }
    }

    /// The function's value at `x`.
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Activation::Relu => x.max(0.0),
            Activation::LeakyRelu { slope } => {
                if x >= 0.0 {
                    x
                } else {
                    slope * x
                }
            }
            Activation::Clip { low, high } => x.max(low).min(high),
            Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Activation::Tanh => x.tanh(),
            Activation::Elu { alpha } => {
                if x >= 0.0 {
                    x
                } else {
                    alpha * x.exp_m1()
                }
            }
            Activation::Silu => x * (1.0 / (1.0 + (-x).exp())),
            Activation::Gelu { tanh: false } => 0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2)),
            Activation::Gelu { tanh: true } => {
                let inner = (2.0 / std::f32::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
                0.5 * x * (1.0 + inner.tanh())
            }
            Activation::HardSigmoid { slope, shift } => (slope * x + shift).clamp(0.0, 1.0),
            Activation::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Activation::Softsign => x / (1.0 + x.abs()),
            Activation::ThresholdedRelu { threshold } => {
                if x > threshold {
                    x
                } else {
                    0.0
                }
            }
            Activation::Mish
            | Activation::Softplus
            | Activation::Selu { .. }
            | Activation::Celu { .. }
            | Activation::Shrink { .. }
            | Activation::Power { .. }
            | Activation::Elementary(_) => self.at(f64::from(x)) as f32,
        }
    }

    /// The function's value at `x`, to the precision of f64.
    pub fn at(self, x: f64) -> f64 {
        match self {
            Activation::Relu => x.max(0.0),
            Activation::LeakyRelu { slope } => {
                if x >= 0.0 {
                    x
                } else {
                    f64::from(slope) * x
                }
            }
            Activation::Clip { low, high } => x.max(low.into()).min(high.into()),
            Activation::Sigmoid => sigmoid(x),
            Activation::Tanh => libm::tanh(x),
            Activation::Elu { alpha } => {
                if x >= 0.0 {
                    x
                } else {
                    f64::from(alpha) * libm::expm1(x)
                }
            }
            Activation::Silu => x * sigmoid(x),
            Activation::Gelu { tanh: false } => 0.5 * x * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2)),
            Activation::Gelu { tanh: true } => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
                0.5 * x * (1.0 + libm::tanh(inner))
            }
            Activation::HardSigmoid { slope, shift } => (f64::from(slope) * x + f64::from(shift)).clamp(0.0, 1.0),
            Activation::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Activation::Mish => x * libm::tanh(softplus(x)),
            Activation::Softplus => softplus(x),
            Activation::Softsign => x / (1.0 + x.abs()),
            Activation::Selu { alpha, scale } => {
                let (alpha, scale) = (f64::from(alpha), f64::from(scale));
                if x > 0.0 { scale * x } else { scale * alpha * libm::expm1(x) }
            }
            Activation::Celu { alpha } => {
                let alpha = f64::from(alpha);
                x.max(0.0) + (alpha * libm::expm1(x / alpha)).min(0.0)
            }
            Activation::ThresholdedRelu { threshold } => {
                if x > f64::from(threshold) {
                    x
                } else {
                    0.0
                }
            }
            Activation::Shrink { bias, threshold } => {
                let (bias, threshold) = (f64::from(bias), f64::from(threshold));
                if x > threshold {
                    x - bias
                } else if x < -threshold {
                    x + bias
                } else {
                    0.0
                }
            }
            Activation::Power { exponent } => libm::pow(x, exponent.into()),
            Activation::Elementary(function) => function.at(x),
        }
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// `ln(1 + e^x)`, without an overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

#[cfg(test)]
mod tests {
    use super::Activation::{self, *};

    #[test]
    fn activations_have_their_known_values() {
        // Reference values from the functions' definitions, in float64.
        let cases: [(Activation, f32, f32); 13] = [
            (Relu, -1.5, 0.0),
            (Relu, 1.5, 1.5),
            (LeakyRelu { slope: 0.1 }, -2.0, -0.2),
            (Clip { low: 0.0, high: 6.0 }, 7.0, 6.0),
            (Clip { low: 0.0, high: 6.0 }, -7.0, 0.0),
            (Sigmoid, 1.0, 0.731_058_6),
            (Tanh, 0.5, 0.462_117_16),
            (Elu { alpha: 1.5 }, -1.0, -0.948_180_8),
            (Silu, -1.0, -0.268_941_4),
            (Silu, -200.0, 0.0),
            (Gelu { tanh: false }, 1.0, 0.841_344_7),
            (Gelu { tanh: false }, -0.5, -0.154_268_77),
            (Gelu { tanh: true }, 1.0, 0.841_192),
        ];
        for (activation, x, expected) in cases {
            let got = activation.apply(x);
            assert!((got - expected).abs() < 1e-6, "{activation:?} at {x}: {got}, expected {expected}");
        }
    }
}
