//! Softmax.

use kirchhoff_kernel::{Values, Wiring};

use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, only};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, int};

/// A softmax over the first axis, or its logarithm; explanations start before a final one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax {
    /// Whether it is the logarithm of the softmax.
    pub logarithm: bool,
}

impl Softmax {
    /// The softmax of one execution, in place.
    fn apply(self, values: &mut [f32], channels: usize) {
        let positions = values.len() / channels;
        for position in 0..positions {
            let of = |channel: usize| channel * positions + position;
            let largest = (0..channels).map(|channel| values[of(channel)]).fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = (0..channels).map(|channel| (values[of(channel)] - largest).exp()).sum();
            for channel in 0..channels {
                let shifted = values[of(channel)] - largest;
                values[of(channel)] = if self.logarithm { shifted - sum.ln() } else { shifted.exp() / sum };
            }
        }
    }
}

impl Operation for Softmax {
    fn name(&self) -> &'static str {
        if self.logarithm { "log-softmax" } else { "softmax" }
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Softmax
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("softmax");
        encoder.flag(self.logarithm);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        Ok(only(arguments)?.to_vec())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let mut values = step.first().to_vec();
        let channels = step.shapes.result.first().copied().unwrap_or(1);
        values.chunks_mut(step.shapes.size()).for_each(|values| self.apply(values, channels));
        Ok(values.into())
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        vec![Link::new(Wiring::Identity { size: shapes.size() })]
    }

    fn export(&self, export: &mut Export<'_>) {
        let operator = if self.logarithm { "LogSoftmax" } else { "Softmax" };
        let inputs = export.first();
        export.result(operator, inputs, vec![int("axis", 1)]);
    }
}
