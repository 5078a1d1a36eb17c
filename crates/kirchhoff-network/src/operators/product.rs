//! Products of two tensors, value by value.

use kirchhoff_kernel::Values;

use super::broadcast::{joined, repeated};
use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// The product of two arguments, either of which may be repeated along axes where it has length 1.
pub(super) struct Product;

/// The shape of two arguments joined.
pub(super) fn pair(arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
    match arguments {
        [_, _] => joined(arguments),
        _ => Err(ShapeError::Arguments { expected: "two arguments", got: arguments.len() }),
    }
}

impl Operation for Product {
    fn name(&self) -> &'static str {
        "product"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Product
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("product");
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        pair(arguments)
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.combined(|a, b| a * b))
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let link =
            |argument: usize| Link { argument, ..Link::new(repeated(shapes.arguments[argument], None, shapes.result)) };
        vec![link(0), link(1)]
    }

    fn export(&self, export: &mut Export<'_>) {
        let inputs = export.broadcast();
        export.result("Mul", inputs, Vec::new());
    }
}
