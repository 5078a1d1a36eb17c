//! Products of two tensors, value by value.

use kirchhoff_kernel::Values;

use super::broadcast::{joined_pair, repeated_links};
use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// The product of two arguments, either of which may be repeated along axes where it has length 1.
pub(super) struct Product;

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
        joined_pair(arguments)
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.combined(|a, b| a * b))
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        repeated_links(shapes)
    }

    fn export(&self, export: &mut Export<'_>) {
        let inputs = export.broadcast();
        export.result("Mul", inputs, Vec::new());
    }
}
