//! The inputs of a network.

use kirchhoff_kernel::Values;

use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// An input of the network, whose values are the caller's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// Whether its values stand for something rather than measure it: numbers of tokens, masks, lengths. What is computed
    /// from such inputs alone is a constant of the execution, to which no relevance goes; that of a row of an embedding's
    /// table goes to the token.
    pub is_given: bool,
}

impl Operation for Input {
    fn name(&self) -> &'static str {
        "input"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text(if self.is_given { "given input" } else { "input" });
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

    /// No edge leads to an input.
    fn links(&self, _: &Shapes<'_>) -> Vec<Link> {
        Vec::new()
    }

    fn export(&self, export: &mut Export<'_>) {
        if self.is_given {
            export.given();
        }
    }
}
