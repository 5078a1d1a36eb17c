//! Dense layers on the last axis of a tensor: one for each token of a sequence.

use kirchhoff_kernel::{Values, Weights, Wiring};

use super::{
    Dense, LayerKind, Link, Operation, Operator, Parameter, ShapeError, Shapes, Side, Step, elements, mismatch, only,
};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;
use crate::fold::PerChannel;

/// `out[…, k] = Σ_j weights[k, j] · in[…, j] + bias[k]`.
#[derive(Clone, Debug)]
pub struct Linear {
    /// The dense layer of each row.
    pub dense: Dense,
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
        self.dense.encode(encoder);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        let Dense { inputs, outputs, .. } = self.dense;
        self.dense.output_shape(&[&[inputs]])?;
        let Some((_, rows)) = argument.split_last().filter(|(length, _)| **length == inputs) else {
            return mismatch(format!("a last axis of {inputs} features"), argument);
        };
        Ok(rows.iter().copied().chain([outputs]).collect())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.linear(&self.links(&step.shapes)[0], self.bias())?)
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let Dense { inputs, outputs, weights, .. } = &self.dense;
        let wiring = Box::new(Wiring::Dense { inputs: *inputs, outputs: *outputs });
        let count = elements(shapes.first()).unwrap_or(0) / (*inputs).max(1);
        vec![Link::new(Wiring::Repeated { count, wiring }).weighted(weights)]
    }

    fn bias(&self) -> Option<&Weights> {
        self.dense.bias()
    }

    fn bias_part(&self, _shapes: &Shapes<'_>) -> usize {
        self.dense.outputs
    }

    fn parameters(&self, rank: usize) -> Vec<Parameter<'_>> {
        self.dense.parameters(rank)
    }

    /// What is the same for all of its rows.
    fn absorbs(&self, affine: &PerChannel, side: Side) -> bool {
        side == Side::After && affine.uniform().is_some()
    }

    fn absorbed(&self, _before: Option<&PerChannel>, after: Option<&PerChannel>) -> Option<Operator> {
        let (scale, shift) = after?.uniform()?;
        let Dense { outputs, weights, bias, .. } = &self.dense;
        let weights = weights.iter().map(|&weight| (scale * f64::from(weight)) as f32).collect();
        let old = |output: usize| bias.as_ref().map_or(0.0, |bias| f64::from(bias[output]));
        let new: Weights = (0..*outputs).map(|output| (scale * old(output) + shift) as f32).collect();
        let bias = (bias.is_some() || shift != 0.0).then_some(new);
        Some(Operator::Linear(Linear { dense: Dense { weights, bias, ..self.dense } }))
    }

    fn export(&self, export: &mut Export<'_>) {
        let mut arguments = export.first();
        let Dense { inputs, outputs, weights, bias } = &self.dense;
        // ONNX multiplies from the right.
        let columns = |row: usize| (0..*outputs).map(move |column| column * inputs + row);
        let values: Vec<f32> = (0..*inputs).flat_map(columns).map(|place| weights[place]).collect();
        arguments.push(export.floats("weight", &[*inputs, *outputs], &values));
        let Some(bias) = bias else { return export.result("MatMul", arguments, Vec::new()) };
        let product = export.part("product", "MatMul", arguments, Vec::new());
        let bias = export.floats("bias", &[*outputs], bias);
        export.result("Add", vec![product, bias], Vec::new());
    }
}
