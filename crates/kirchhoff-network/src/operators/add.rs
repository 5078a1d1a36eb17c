//! Addition.

use kirchhoff_kernel::{Values, Wiring};
use rayon::prelude::*;

use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, mismatch};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// The sum of two or more arguments of equal shape.
pub(super) struct Add;

impl Operation for Add {
    fn name(&self) -> &'static str {
        "addition"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Addition
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("add");
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let [first, rest @ ..] = arguments else {
            return Err(ShapeError::Arguments { expected: "two or more arguments", got: 0 });
        };
        if rest.is_empty() {
            return Err(ShapeError::Arguments { expected: "two or more arguments", got: 1 });
        }
        match rest.iter().find(|shape| shape != &first) {
            Some(other) => mismatch(format!("arguments of one shape, {first:?} like the first"), other),
            None => Ok(first.to_vec()),
        }
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let mut sum = step.first().to_vec();
        for argument in &step.arguments[1..] {
            sum.par_iter_mut().zip(argument.par_iter()).for_each(|(sum, value)| *sum += value);
        }
        Ok(sum.into())
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let wiring = Wiring::Identity { size: shapes.size() };
        let link = |argument| Link { argument, ..Link::new(wiring.clone()) };
        (0..shapes.arguments.len()).map(link).collect()
    }

    fn export(&self, export: &mut Export<'_>) {
        let [first, middle @ .., last] = &export.arguments()[..] else { return };
        let (mut sum, last) = (first.clone(), last.clone());
        for (number, argument) in middle.iter().cloned().enumerate() {
            sum = export.part(&(number + 1).to_string(), "Add", vec![sum, argument], Vec::new());
        }
        export.result("Add", vec![sum, last], Vec::new());
    }
}
