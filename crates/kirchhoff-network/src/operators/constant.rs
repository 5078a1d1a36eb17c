//! Values that do not depend on the input, where an operator takes them beside those that do.

use kirchhoff_kernel::{Values, Weights};

use super::{LayerKind, Link, Operation, Parameter, ShapeError, Shapes, Step, elements};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// A tensor that is the same whatever the input. Relevance that reaches it ends there.
#[derive(Clone, Debug)]
pub struct Constant {
    /// The shape.
    pub shape: Vec<usize>,
    /// The values, in row-major order.
    pub values: Weights,
}

impl Operation for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Constant
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("constant");
        encoder.counts(&self.shape);
        encoder.values(&self.values);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        if !arguments.is_empty() {
            return Err(ShapeError::Arguments { expected: "no argument", got: arguments.len() });
        }
        let expected = elements(&self.shape).unwrap_or(0);
        super::check_parameter("values", expected, Some(&self.values))?;
        Ok(self.shape.clone())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(self.values.repeat(step.batch).into())
    }

    fn links(&self, _shapes: &Shapes<'_>) -> Vec<Link> {
        Vec::new()
    }

    fn parameters(&self, _rank: usize) -> Vec<Parameter<'_>> {
        vec![Parameter { name: "values", tensor: "values", shape: self.shape.clone(), values: &self.values }]
    }

    fn export(&self, export: &mut Export<'_>) {
        let shape: Vec<usize> = std::iter::once(1).chain(self.shape.iter().copied()).collect();
        let values = export.floats("values", &shape, &self.values);
        export.result("Identity", vec![values], Vec::new());
    }
}
