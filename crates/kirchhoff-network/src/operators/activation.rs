//! Functions of one value.

use kirchhoff_kernel::{Values, Wiring};

use super::{LayerKind, Link, Operation, Pruning, ShapeError, Shapes, Step, only};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, float, text};

/// A function that is applied to each value on its own. Relevance passes through all of them unchanged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `max(0, x)`.
    Relu,
    /// `x` if `x ≥ 0`, else `slope · x`.
    LeakyRelu {
        /// The slope below 0.
        slope: f32,
    },
    /// `min(max(x, low), high)`; ReLU6 is the clip to `[0, 6]`.
    Clip {
        /// The lower bound.
        low: f32,
        /// The upper bound.
        high: f32,
    },
    /// `1 / (1 + e^−x)`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `x` if `x ≥ 0`, else `alpha · (e^x − 1)`.
    Elu {
        /// The limit towards −∞, negated.
        alpha: f32,
    },
    /// `x · sigmoid(x)`.
    Silu,
    /// `x · Φ(x)`, with Φ the normal distribution function, or its approximation by `tanh`.
    Gelu {
        /// Whether it is the approximation.
        tanh: bool,
    },
}

impl Activation {
    /// Writes the function's values at `from`.
    fn apply_to(self, from: &[f32], to: &mut [f32]) {
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
            Activation::Sigmoid => sigmoid(x),
            Activation::Tanh => x.tanh(),
            Activation::Elu { alpha } => {
                if x >= 0.0 {
                    x
                } else {
                    alpha * x.exp_m1()
                }
            }
            Activation::Silu => x * sigmoid(x),
            Activation::Gelu { tanh: false } => 0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2)),
            Activation::Gelu { tanh: true } => {
                let inner = (2.0 / std::f32::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
                0.5 * x * (1.0 + inner.tanh())
            }
        }
    }
}

impl Operation for Activation {
    fn name(&self) -> &'static str {
        match self {
            Activation::Relu => "ReLU",
            Activation::LeakyRelu { .. } => "leaky ReLU",
            Activation::Clip { .. } => "clip",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::Elu { .. } => "ELU",
            Activation::Silu => "SiLU",
            Activation::Gelu { .. } => "GELU",
        }
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("activation");
        match *self {
            Activation::Relu => encoder.text("relu"),
            Activation::LeakyRelu { slope } => {
                encoder.text("leaky-relu");
                encoder.float(slope);
            }
            Activation::Clip { low, high } => {
                encoder.text("clip");
                encoder.float(low);
                encoder.float(high);
            }
            Activation::Sigmoid => encoder.text("sigmoid"),
            Activation::Tanh => encoder.text("tanh"),
            Activation::Elu { alpha } => {
                encoder.text("elu");
                encoder.float(alpha);
            }
            Activation::Silu => encoder.text("silu"),
            Activation::Gelu { tanh } => {
                encoder.text("gelu");
                encoder.flag(tanh);
            }
        }
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        Ok(only(arguments)?.to_vec())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.mapped(|from, to| self.apply_to(from, to)))
    }

    /// A ReLU takes no value farther from 0.
    fn is_bounded(&self) -> bool {
        *self == Activation::Relu
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        vec![Link::new(Wiring::Identity { size: shapes.size() })]
    }

    fn keeps_places(&self) -> bool {
        true
    }

    fn pruning(&self, _neurons: usize) -> Pruning {
        if self.apply(0.0) == 0.0 { Pruning::Passes } else { Pruning::Refuses }
    }

    fn export(&self, export: &mut Export<'_>) {
        let mut inputs = export.first();
        let (operator, attributes) = match *self {
            Activation::Relu => ("Relu", Vec::new()),
            Activation::LeakyRelu { slope } => ("LeakyRelu", vec![float("alpha", slope)]),
            Activation::Clip { low, high } => {
                inputs.push(export.floats("low", &[], &[low]));
                inputs.push(export.floats("high", &[], &[high]));
                ("Clip", Vec::new())
            }
            Activation::Sigmoid => ("Sigmoid", Vec::new()),
            Activation::Tanh => ("Tanh", Vec::new()),
            Activation::Elu { alpha } => ("Elu", vec![float("alpha", alpha)]),
            Activation::Silu => {
                inputs.push(export.part("sigmoid", "Sigmoid", inputs.clone(), Vec::new()));
                ("Mul", Vec::new())
            }
            Activation::Gelu { tanh } => ("Gelu", vec![text("approximate", if tanh { "tanh" } else { "none" })]),
        };
        export.result(operator, inputs, attributes);
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
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
