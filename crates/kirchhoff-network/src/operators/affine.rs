//! Multiplications and additions per channel.

use kirchhoff_kernel::{Values, Weights, Window, Wiring};

use super::sliding::sliding;
use super::{LayerKind, Link, Operation, Parameter, ShapeError, Shapes, Step, check_parameter, only};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;
use crate::fold::PerChannel;

/// `out[c, …] = scale[c] · in[c, …] + shift[c]`.
#[derive(Clone, Debug)]
pub struct Affine {
    /// One factor a channel.
    pub scale: Weights,
    /// One summand a channel.
    pub shift: Weights,
}

impl Operation for Affine {
    fn name(&self) -> &'static str {
        "affine"
    }

    /// By what it does: a factor alone, a summand alone, or both.
    fn kind(&self) -> LayerKind {
        let all = |values: &Weights, value: f32| values.iter().all(|&other| other == value);
        // A summand less the argument is an addition, too.
        let sums = all(&self.scale, 1.0) || (all(&self.scale, -1.0) && !all(&self.shift, 0.0));
        match (sums, all(&self.shift, 0.0)) {
            (true, _) => LayerKind::Addition,
            (false, true) => LayerKind::Scale,
            (false, false) => LayerKind::Affine,
        }
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("affine");
        encoder.values(&self.scale);
        encoder.values(&self.shift);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        let channels = argument.first().copied().unwrap_or(1);
        check_parameter("scale", channels, Some(&self.scale))?;
        check_parameter("shift", channels, Some(&self.shift))?;
        Ok(argument.to_vec())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.linear(&self.links(&step.shapes)[0], Some(&self.shift))?)
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let channels = self.scale.len();
        let shape = [channels, 1, shapes.size() / channels.max(1)];
        let sliding = sliding(Window::new([1, 1]), channels, &shape, &shape);
        vec![Link::new(Wiring::Convolution(sliding)).weighted(&self.scale)]
    }

    fn bias(&self) -> Option<&Weights> {
        Some(&self.shift)
    }

    fn parameters(&self, _rank: usize) -> Vec<Parameter<'_>> {
        let parameter = |name, values: &'_ Weights| (name, vec![values.len()]);
        [(parameter("scale", &self.scale), &self.scale), (parameter("shift", &self.shift), &self.shift)]
            .map(|((name, shape), values)| Parameter { name, tensor: name, shape, values })
            .into()
    }

    fn is_identity(&self, _shapes: &Shapes<'_>) -> bool {
        PerChannel::from(self).is_identity()
    }

    fn per_channel(&self) -> Option<PerChannel> {
        Some(PerChannel::from(self))
    }

    fn keeps_gates(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let mut shape = vec![1; export.shape().len()];
        shape.iter_mut().take(1).for_each(|channels| *channels = self.scale.len());
        let mut inputs = export.first();
        inputs.push(export.floats("scale", &shape, &self.scale));
        let scaled = export.part("scaled", "Mul", inputs, Vec::new());
        let shift = export.floats("shift", &shape, &self.shift);
        export.result("Add", vec![scaled, shift], Vec::new());
    }
}
