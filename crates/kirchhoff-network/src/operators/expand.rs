//! Repetition along axes.

use kirchhoff_kernel::Values;

use super::broadcast::{joined, positions, repeated};
use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, elements, only};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// The argument, repeated along axes where it has length 1, to a shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expand {
    /// The shape of the result.
    pub shape: Vec<usize>,
}

impl Operation for Expand {
    fn name(&self) -> &'static str {
        "expansion"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("expand");
        encoder.counts(&self.shape);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        let shape = joined(&[argument, &self.shape])?;
        if shape != self.shape {
            return super::mismatch(format!("a shape that can be repeated to {:?}", self.shape), argument);
        }
        Ok(shape)
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let positions = positions(step.shapes.first(), step.shapes.result);
        let executions = step.first().chunks_exact(elements(step.shapes.first()).unwrap_or(1));
        Ok(executions.flat_map(|values| positions.iter().map(|&position| values[position])).collect())
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        vec![Link::new(repeated(shapes.first(), None, shapes.result))]
    }

    fn is_identity(&self, shapes: &Shapes<'_>) -> bool {
        shapes.first() == shapes.result
    }

    fn keeps_gates(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let mut inputs = export.broadcast();
        let shape: Vec<i64> = std::iter::once(1).chain(self.shape.iter().map(|&length| length as i64)).collect();
        inputs.push(export.integers("shape", &shape));
        export.result("Expand", inputs, Vec::new());
    }
}
