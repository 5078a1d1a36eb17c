//! Convolutions.

use kirchhoff_kernel::{Values, Weights, Window, Wiring};

use super::sliding::{attributes, axes, encode_window, sliding, windowed};
use super::{
    LayerKind, Link, Operation, Operator, Parameter, Pruning, ShapeError, Shapes, Side, Step, as_image,
    check_parameter, elements, mismatch, only,
};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, int};
use crate::fold::{PerChannel, Rows};
use crate::prune::chosen;

/// A convolution (cross-correlation, as all frameworks have it) over one or two axes.
#[derive(Clone, Debug)]
pub struct Convolution {
    /// Channels in.
    pub inputs: usize,
    /// Channels out.
    pub outputs: usize,
    /// Number of groups that channels are divided into; each sees only its own.
    pub groups: usize,
    /// The sliding window.
    pub window: Window,
    /// `[outputs, inputs / groups, kernel height, kernel width]`, row-major.
    pub weights: Weights,
    /// `[outputs]`, if any.
    pub bias: Option<Weights>,
}

impl Convolution {
    /// The shape of the weights over a tensor of so many axes.
    fn weight_shape(&self, rank: usize) -> Vec<usize> {
        let taps = axes(rank).map(|axis| self.window.kernel[axis]);
        [self.outputs, self.inputs / self.groups].into_iter().chain(taps).collect()
    }
}

impl Operation for Convolution {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Convolution
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("convolution");
        encoder.counts(&[self.inputs, self.outputs, self.groups]);
        encode_window(&self.window, encoder);
        encoder.values(&self.weights);
        encoder.optional_values(self.bias.as_ref());
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        let Convolution { inputs, outputs, groups, window, .. } = *self;
        if groups == 0 || inputs % groups != 0 || outputs % groups != 0 {
            let expected = format!("channels in and out ({inputs}, {outputs}) that {groups} groups divide");
            return mismatch(expected, argument);
        }
        let expected = elements(&[outputs, inputs / groups, window.kernel[0], window.kernel[1]]);
        check_parameter("weights", expected.unwrap_or(usize::MAX), Some(&self.weights))?;
        check_parameter("bias", outputs, self.bias.as_ref())?;
        let [channels, height, width] = as_image(argument)?;
        if channels != inputs {
            return mismatch(format!("{inputs} channels"), argument);
        }
        Ok(windowed(argument, outputs, window.output([height, width])?))
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.linear(&self.links(&step.shapes)[0], self.bias.as_ref())?)
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let sliding = sliding(self.window, self.groups, shapes.first(), shapes.result);
        vec![Link::new(Wiring::Convolution(sliding)).weighted(&self.weights)]
    }

    fn bias(&self) -> Option<&Weights> {
        self.bias.as_ref()
    }

    fn parameters(&self, rank: usize) -> Vec<Parameter<'_>> {
        let shape = self.weight_shape(rank);
        let weights = Parameter { name: "weights", tensor: "weight", shape, values: &self.weights };
        let bias = |values| Parameter { name: "bias", tensor: "bias", shape: vec![self.outputs], values };
        std::iter::once(weights).chain(self.bias.as_ref().map(bias)).collect()
    }

    fn absorbs(&self, affine: &PerChannel, side: Side) -> bool {
        let padded = self.window.padding != [[0, 0], [0, 0]];
        // The padding is 0 after the shift, not before it.
        side == Side::After || !padded || !affine.shifts()
    }

    fn absorbed(&self, before: Option<&PerChannel>, after: Option<&PerChannel>) -> Option<Operator> {
        let (group_inputs, group_outputs) = (self.inputs / self.groups, self.outputs / self.groups);
        let rows = Rows {
            length: group_inputs * self.window.taps(),
            taps: self.window.taps(),
            first_channel: &|row| row / group_outputs * group_inputs,
        };
        let (weights, bias) = rows.fold(&self.weights, self.bias.as_deref(), before, after);
        Some(Operator::Convolution(Convolution { weights, bias, ..*self }))
    }

    fn neurons(&self) -> Option<usize> {
        (self.groups == 1).then_some(self.outputs)
    }

    fn pruning(&self, _neurons: usize) -> Pruning {
        if self.groups == 1 { Pruning::Weighs } else { Pruning::Refuses }
    }

    fn with_results(&self, kept: &[bool]) -> Option<Operator> {
        let outputs = kept.iter().filter(|&&kept| kept).count();
        let part = |values: &Weights| chosen(values, values.len() / kept.len(), kept);
        let (weights, bias) = (part(&self.weights), self.bias.as_ref().map(part));
        Some(Operator::Convolution(Convolution { outputs, weights, bias, ..*self }))
    }

    fn with_sources(&self, kept: &[bool]) -> Option<Operator> {
        let left = kept.iter().filter(|&&kept| kept).count();
        let channels = self.inputs / kept.len();
        let weights = chosen(&self.weights, self.window.taps() * channels, kept);
        let (inputs, bias) = (channels * left, self.bias.clone());
        Some(Operator::Convolution(Convolution { inputs, weights, bias, ..*self }))
    }

    fn export(&self, export: &mut Export<'_>) {
        let rank = export.shape().len();
        let mut inputs = export.first();
        inputs.push(export.floats("weight", &self.weight_shape(rank), &self.weights));
        if let Some(bias) = &self.bias {
            inputs.push(export.floats("bias", &[self.outputs], bias));
        }
        let mut attributes = attributes(&self.window, axes(rank));
        attributes.push(int("group", self.groups as i64));
        export.result("Conv", inputs, attributes);
    }
}
