//! Choices between two tensors by a third, value by value.

use kirchhoff_kernel::Values;

use super::offset::placewise;
use super::operation::LinkWeights;
use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, mismatch};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, cast_to};
use crate::import::onnx::proto::data_type;

/// The second argument's value where the first is not 0, else the third's; all three are of one shape. Relevance goes to the
/// value that was taken.
pub(super) struct Conditional;

impl Operation for Conditional {
    fn name(&self) -> &'static str {
        "choice by a condition"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Conditional
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("conditional");
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let [condition, first, second] = arguments else {
            return Err(ShapeError::Arguments { expected: "a condition and two arguments", got: arguments.len() });
        };
        if condition != first || first != second {
            return mismatch(format!("three tensors of shape {condition:?}"), second);
        }
        Ok(first.to_vec())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let [condition, first, second] = [0, 1, 2].map(|argument| step.arguments[argument].iter());
        let values = condition.zip(first.zip(second));
        Ok(values.map(|(condition, (first, second))| if *condition != 0.0 { *first } else { *second }).collect())
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let link = |argument: usize, weights| Link { argument, weights, ..placewise(shapes.size(), 1) };
        vec![
            link(1, LinkWeights::Where { condition: 0, holds: true }),
            link(2, LinkWeights::Where { condition: 0, holds: false }),
        ]
    }

    fn export(&self, export: &mut Export<'_>) {
        let mut inputs = export.arguments();
        inputs[0] = export.part("condition", "Cast", vec![inputs[0].clone()], vec![cast_to(data_type::BOOL)]);
        export.result("Where", inputs, Vec::new());
    }
}
