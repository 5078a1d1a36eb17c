//! Dense layers on the last axis of a tensor: one for each token of a sequence.

use kirchhoff_kernel::{Values, Weights, Wiring};

use super::{
    LayerKind, Link, Operation, Operator, Parameter, ShapeError, Shapes, Side, Step, check_parameter, elements,
    mismatch, only,
};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;
use crate::fold::PerChannel;

/// `out[…, k] = Σ_j weights[k, j] · in[…, j] + bias[k]`.
#[derive(Clone, Debug)]
pub struct Linear {
    /// Number of features in.
    pub inputs: usize,
    /// Number of features out.
    pub outputs: usize,
    /// `[outputs, inputs]`, row-major.
    pub weights: Weights,
    /// `[outputs]`, if any.
    pub bias: Option<Weights>,
}

impl Operation for Linear {
    fn name(&self) -> &'static str {
        "dense on the last axis"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Dense
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("linear");
        encoder.counts(&[self.inputs, self.outputs]);
        encoder.values(&self.weights);
        encoder.optional_values(self.bias.as_ref());
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        check_parameter("weights", self.inputs.saturating_mul(self.outputs), Some(&self.weights))?;
        check_parameter("bias", self.outputs, self.bias.as_ref())?;
        match argument {
            [first @ .., inputs] if *inputs == self.inputs => Ok(first.iter().copied().chain([self.outputs]).collect()),
            _ => mismatch(format!("a last axis of {} features", self.inputs), argument),
        }
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.linear(&self.links(&step.shapes)[0], self.bias.as_ref())?)
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let wiring = Box::new(Wiring::Dense { inputs: self.inputs, outputs: self.outputs });
        let count = elements(shapes.first()).unwrap_or(0) / self.inputs.max(1);
        vec![Link::new(Wiring::Repeated { count, wiring }).weighted(&self.weights)]
    }

    fn bias(&self) -> Option<&Weights> {
        self.bias.as_ref()
    }

    fn bias_part(&self, _shapes: &Shapes<'_>) -> usize {
        self.outputs
    }

    fn parameters(&self, _rank: usize) -> Vec<Parameter<'_>> {
        let shape = vec![self.outputs, self.inputs];
        let weights = Parameter { name: "weights", tensor: "weight", shape, values: &self.weights };
        let bias = |values| Parameter { name: "bias", tensor: "bias", shape: vec![self.outputs], values };
        std::iter::once(weights).chain(self.bias.as_ref().map(bias)).collect()
    }

    /// What is the same for all of its rows.
    fn absorbs(&self, affine: &PerChannel, side: Side) -> bool {
        side == Side::After && affine.uniform().is_some()
    }

    fn absorbed(&self, _before: Option<&PerChannel>, after: Option<&PerChannel>) -> Option<Operator> {
        let (scale, shift) = after?.uniform()?;
        let weights = self.weights.iter().map(|&weight| (scale * f64::from(weight)) as f32).collect();
        let old = |output: usize| self.bias.as_ref().map_or(0.0, |bias| f64::from(bias[output]));
        let bias: Weights = (0..self.outputs).map(|output| (scale * old(output) + shift) as f32).collect();
        let bias = (self.bias.is_some() || shift != 0.0).then_some(bias);
        Some(Operator::Linear(Linear { weights, bias, ..*self }))
    }

    fn export(&self, export: &mut Export<'_>) {
        let mut inputs = export.first();
        // ONNX multiplies from the right.
        let columns = |row: usize| (0..self.outputs).map(move |column| column * self.inputs + row);
        let values: Vec<f32> = (0..self.inputs).flat_map(columns).map(|place| self.weights[place]).collect();
        inputs.push(export.floats("weight", &[self.inputs, self.outputs], &values));
        let Some(bias) = &self.bias else { return export.result("MatMul", inputs, Vec::new()) };
        let product = export.part("product", "MatMul", inputs, Vec::new());
        let bias = export.floats("bias", &[self.outputs], bias);
        export.result("Add", vec![product, bias], Vec::new());
    }
}
