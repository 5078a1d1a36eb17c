//! Dense layers with a second argument added to their result.

use kirchhoff_kernel::{Values, Weights, Wiring};
use rayon::prelude::*;

use super::{Dense, LayerKind, Link, Operation, Parameter, ShapeError, Shapes, Step, mismatch};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// `out = weights · first + second + bias`: one sum, as that of a recurrent cell, whose edges from the second argument go each
/// to its own place.
#[derive(Clone, Debug)]
pub struct DenseSum {
    /// The dense layer of the first argument.
    pub dense: Dense,
}

impl Operation for DenseSum {
    fn name(&self) -> &'static str {
        "dense with a summand"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Dense
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("dense sum");
        self.dense.encode(encoder);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let [first, second] = arguments else {
            return Err(ShapeError::Arguments { expected: "two arguments", got: arguments.len() });
        };
        let shape = self.dense.output_shape(&[first])?;
        if *second == shape { Ok(shape) } else { mismatch(format!("a summand of shape {shape:?}"), second) }
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let link = &self.links(&step.shapes)[0];
        let mut values = step.linear(link, self.dense.bias.as_ref())?.to_vec();
        values.par_iter_mut().zip(step.arguments[1].par_iter()).for_each(|(value, summand)| *value += summand);
        Ok(values.into())
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let Dense { inputs, outputs, weights, .. } = &self.dense;
        let dense = Link::new(Wiring::Dense { inputs: *inputs, outputs: *outputs }).weighted(weights);
        vec![dense, Link { argument: 1, ..Link::new(Wiring::Identity { size: shapes.size() }) }]
    }

    fn bias(&self) -> Option<&Weights> {
        self.dense.bias.as_ref()
    }

    fn parameters(&self, rank: usize) -> Vec<Parameter<'_>> {
        self.dense.parameters(rank)
    }

    fn export(&self, export: &mut Export<'_>) {
        let arguments = export.arguments();
        let product = export.dense_part("dense", &arguments[0], &self.dense);
        export.result("Add", vec![product, arguments[1].clone()], Vec::new());
    }
}
