//! Functions of one value.

mod elementary;
mod value;

use kirchhoff_kernel::{Values, Wiring};

pub use elementary::Elementary;

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
    /// `min(max(slope · x + shift, 0), 1)`.
    HardSigmoid {
        /// The slope between the bounds.
        slope: f32,
        /// The value at 0.
        shift: f32,
    },
    /// `x · min(max(x / 6 + 1/2, 0), 1)`.
    HardSwish,
    /// `x · tanh(ln(1 + e^x))`.
    Mish,
    /// `ln(1 + e^x)`.
    Softplus,
    /// `x / (1 + |x|)`.
    Softsign,
    /// `scale · x` if `x > 0`, else `scale · alpha · (e^x − 1)`.
    Selu {
        /// The limit towards −∞, negated, before scaling.
        alpha: f32,
        /// The factor of both sides.
        scale: f32,
    },
    /// `max(0, x) + min(0, alpha · (e^(x / alpha) − 1))`.
    Celu {
        /// The limit towards −∞, negated.
        alpha: f32,
    },
    /// `x` if `x > threshold`, else 0.
    ThresholdedRelu {
        /// Where it starts.
        threshold: f32,
    },
    /// `x − bias` if `x > threshold`, `x + bias` if `x < −threshold`, else 0.
    Shrink {
        /// What is taken away.
        bias: f32,
        /// Up to which distance from 0 the result is 0.
        threshold: f32,
    },
    /// A power: `x^exponent`.
    Power {
        /// The exponent.
        exponent: f32,
    },
    /// A function without parameters, as textbooks name it.
    Elementary(Elementary),
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
            Activation::HardSigmoid { .. } => "hard sigmoid",
            Activation::HardSwish => "hard swish",
            Activation::Mish => "Mish",
            Activation::Softplus => "softplus",
            Activation::Softsign => "softsign",
            Activation::Selu { .. } => "SELU",
            Activation::Celu { .. } => "CELU",
            Activation::ThresholdedRelu { .. } => "thresholded ReLU",
            Activation::Shrink { .. } => "shrinkage",
            Activation::Power { .. } => "power",
            Activation::Elementary(function) => function.name(),
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
            Activation::HardSigmoid { slope, shift } => {
                encoder.text("hard-sigmoid");
                encoder.float(slope);
                encoder.float(shift);
            }
            Activation::HardSwish => encoder.text("hard-swish"),
            Activation::Mish => encoder.text("mish"),
            Activation::Softplus => encoder.text("softplus"),
            Activation::Softsign => encoder.text("softsign"),
            Activation::Selu { alpha, scale } => {
                encoder.text("selu");
                encoder.float(alpha);
                encoder.float(scale);
            }
            Activation::Celu { alpha } => {
                encoder.text("celu");
                encoder.float(alpha);
            }
            Activation::ThresholdedRelu { threshold } => {
                encoder.text("thresholded-relu");
                encoder.float(threshold);
            }
            Activation::Shrink { bias, threshold } => {
                encoder.text("shrink");
                encoder.float(bias);
                encoder.float(threshold);
            }
            Activation::Power { exponent } => {
                encoder.text("power");
                encoder.float(exponent);
            }
            Activation::Elementary(function) => {
                encoder.text("elementary");
                encoder.text(function.onnx().unwrap_or(function.name()));
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

    fn is_probability(&self) -> bool {
        matches!(self, Activation::Sigmoid)
    }

    fn is_gate(&self) -> bool {
        matches!(self, Activation::Sigmoid | Activation::HardSigmoid { .. })
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
            Activation::HardSigmoid { slope, shift } => {
                ("HardSigmoid", vec![float("alpha", slope), float("beta", shift)])
            }
            Activation::HardSwish => ("HardSwish", Vec::new()),
            Activation::Mish => ("Mish", Vec::new()),
            Activation::Softplus => ("Softplus", Vec::new()),
            Activation::Softsign => ("Softsign", Vec::new()),
            Activation::Selu { alpha, scale } => ("Selu", vec![float("alpha", alpha), float("gamma", scale)]),
            Activation::Celu { alpha } => ("Celu", vec![float("alpha", alpha)]),
            Activation::ThresholdedRelu { threshold } => ("ThresholdedRelu", vec![float("alpha", threshold)]),
            Activation::Shrink { bias, threshold } => ("Shrink", vec![float("bias", bias), float("lambd", threshold)]),
            Activation::Power { exponent } => {
                inputs.push(export.floats("exponent", &[], &[exponent]));
                ("Pow", Vec::new())
            }
            Activation::Elementary(function) => match function.onnx() {
                Some(operator) => (operator, Vec::new()),
                // As a product of the sign with what is left of the absolute value.
                None => {
                    let sign = export.part("sign", "Sign", inputs.clone(), Vec::new());
                    let absolute = export.part("absolute", "Abs", inputs, Vec::new());
                    inputs = vec![sign, export.part("whole", "Floor", vec![absolute], Vec::new())];
                    ("Mul", Vec::new())
                }
            },
        };
        export.result(operator, inputs, attributes);
    }
}
