//! Softmax.

use kirchhoff_kernel::{Axes, Axis, AxisEdges, Values, Wiring};
use rayon::prelude::*;

use super::operation::LinkWeights;
use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, mismatch, only};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, int};

/// A softmax over an axis, or its logarithm; explanations start before a final one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Softmax {
    /// Whether it is the logarithm of the softmax.
    pub logarithm: bool,
    /// The axis, from 0.
    pub axis: usize,
}

impl Softmax {
    /// The length of the axis, and the number of values between neighbours along it.
    fn extent(self, shape: &[usize]) -> [usize; 2] {
        [shape[self.axis], shape[self.axis + 1..].iter().product()]
    }

    /// The softmax over the first axis, in place.
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
        // Networks without other axes have kept their hash since these came.
        if self.axis > 0 {
            encoder.count(self.axis);
        }
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        if self.axis >= argument.len() {
            return mismatch(format!("more than {} axes", self.axis), argument);
        }
        Ok(argument.to_vec())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let mut values = step.first().to_vec();
        let [channels, inner] = self.extent(step.shapes.result);
        values.par_chunks_mut(channels * inner).for_each(|values| self.apply(values, channels));
        Ok(values.into())
    }

    /// Every value to every one of its own row: the derivative of the result is `s[k] · (δ − s[i])`.
    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let [channels, inner] = self.extent(shapes.result);
        let outer = shapes.size() / (channels * inner);
        let axis = |step: usize, edges: AxisEdges| Axis { source_step: step, destination_step: step, edges };
        // Two weights a source: that of its own place, and that of all others.
        let axes = vec![
            axis(channels * inner, AxisEdges::Same { length: outer, weight: 2 * channels * inner }),
            axis(inner, AxisEdges::Pairs { length: channels, weight: 2 * inner }),
            axis(1, AxisEdges::Same { length: inner, weight: 2 }),
        ];
        let axes = Axes::new(axes, 2 * shapes.size()).expect("rows divide the tensor");
        vec![Link { argument: 0, wiring: Wiring::Axes(axes), weights: LinkWeights::Softmax }]
    }

    fn is_probability(&self) -> bool {
        true
    }

    fn is_gate(&self) -> bool {
        !self.logarithm
    }

    fn export(&self, export: &mut Export<'_>) {
        let operator = if self.logarithm { "LogSoftmax" } else { "Softmax" };
        let inputs = export.first();
        export.result(operator, inputs, vec![int("axis", self.axis as i64 + 1)]);
    }
}
