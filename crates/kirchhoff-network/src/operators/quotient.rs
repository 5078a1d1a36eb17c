//! Quotients of two tensors, value by value.

use kirchhoff_kernel::Values;

use super::broadcast::{joined_pair, repeated};
use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// The first argument over the second, either of which may be repeated along axes where it has length 1. Relevance follows
/// the numerator; the denominator counts as a constant.
pub(super) struct Quotient;

impl Operation for Quotient {
    fn name(&self) -> &'static str {
        "quotient"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("quotient");
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        joined_pair(arguments)
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.combined(|a, b| a / b))
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        vec![Link::new(repeated(shapes.first(), None, shapes.result))]
    }

    fn export(&self, export: &mut Export<'_>) {
        let inputs = export.broadcast();
        export.result("Div", inputs, Vec::new());
    }
}
