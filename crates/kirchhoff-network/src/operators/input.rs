//! The network's input.

use kirchhoff_kernel::Values;

use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// The network's input, whose values are given.
pub(super) struct Input;

impl Operation for Input {
    fn name(&self) -> &'static str {
        "input"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("input");
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        Err(ShapeError::Arguments { expected: "no argument and a given shape", got: arguments.len() })
    }

    /// The values given stand in the place of an argument.
    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.first().clone())
    }

    fn is_bounded(&self) -> bool {
        true
    }

    /// No edge leads to the input.
    fn links(&self, _: &Shapes<'_>) -> Vec<Link> {
        Vec::new()
    }

    fn export(&self, _export: &mut Export<'_>) {}
}
