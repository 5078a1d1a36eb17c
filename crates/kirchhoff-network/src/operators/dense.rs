//! Dense layers.

use kirchhoff_kernel::{Values, Weights, Wiring};

use super::{
    LayerKind, Link, Operation, Operator, Parameter, Pruning, ShapeError, Shapes, Side, Step, check_parameter,
    mismatch, only,
};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, int};
use crate::fold::{PerChannel, Rows};
use crate::prune::chosen;

/// A linear layer: `out[k] = Σ_j weights[k, j] · in[j] + bias[k]`.
#[derive(Clone, Debug)]
pub struct Dense {
    /// Number of features in.
    pub inputs: usize,
    /// Number of features out.
    pub outputs: usize,
    /// `[outputs, inputs]`, row-major.
    pub weights: Weights,
    /// `[outputs]`, if any.
    pub bias: Option<Weights>,
}

impl Operation for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Dense
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("dense");
        encoder.counts(&[self.inputs, self.outputs]);
        encoder.values(&self.weights);
        encoder.optional_values(self.bias.as_ref());
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        check_parameter("weights", self.inputs.saturating_mul(self.outputs), Some(&self.weights))?;
        check_parameter("bias", self.outputs, self.bias.as_ref())?;
        if *argument != [self.inputs] {
            return mismatch(format!("a vector of {} features", self.inputs), argument);
        }
        Ok(vec![self.outputs])
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.linear(&self.links(&step.shapes)[0], self.bias.as_ref())?)
    }

    fn links(&self, _shapes: &Shapes<'_>) -> Vec<Link> {
        vec![Link::new(Wiring::Dense { inputs: self.inputs, outputs: self.outputs }).weighted(&self.weights)]
    }

    fn bias(&self) -> Option<&Weights> {
        self.bias.as_ref()
    }

    fn parameters(&self, _rank: usize) -> Vec<Parameter<'_>> {
        let shape = vec![self.outputs, self.inputs];
        let weights = Parameter { name: "weights", tensor: "weight", shape, values: &self.weights };
        let bias = |values| Parameter { name: "bias", tensor: "bias", shape: vec![self.outputs], values };
        std::iter::once(weights).chain(self.bias.as_ref().map(bias)).collect()
    }

    fn absorbs(&self, _affine: &PerChannel, _side: Side) -> bool {
        true
    }

    fn absorbed(&self, before: Option<&PerChannel>, after: Option<&PerChannel>) -> Option<Operator> {
        let rows = Rows { length: self.inputs, taps: 1, first_channel: &|_| 0 };
        let (weights, bias) = rows.fold(&self.weights, self.bias.as_deref(), before, after);
        Some(Operator::Dense(Dense { weights, bias, ..*self }))
    }

    fn neurons(&self) -> Option<usize> {
        Some(self.outputs)
    }

    fn pruning(&self, _neurons: usize) -> Pruning {
        Pruning::Weighs
    }

    fn with_results(&self, kept: &[bool]) -> Option<Operator> {
        let outputs = kept.iter().filter(|&&kept| kept).count();
        let part = |values: &Weights| chosen(values, values.len() / kept.len(), kept);
        let (weights, bias) = (part(&self.weights), self.bias.as_ref().map(part));
        Some(Operator::Dense(Dense { outputs, weights, bias, ..*self }))
    }

    fn with_sources(&self, kept: &[bool]) -> Option<Operator> {
        // Behind a reshape each channel is a run of neurons.
        let run = self.inputs / kept.len();
        let inputs = kept.iter().filter(|&&kept| kept).count() * run;
        let (weights, bias) = (chosen(&self.weights, run, kept), self.bias.clone());
        Some(Operator::Dense(Dense { inputs, weights, bias, ..*self }))
    }

    fn export(&self, export: &mut Export<'_>) {
        let argument = export.first().remove(0);
        let inputs = export.dense_inputs(&argument, self);
        export.result("Gemm", inputs, vec![int("transB", 1)]);
    }
}
