//! The larger or smaller of tensors, value by value.

use kirchhoff_kernel::Values;

use super::broadcast::{joined_several, repeated_links};
use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, positions};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// The largest or smallest of two or more arguments, which may be repeated along axes where they have length 1. Relevance
/// goes to the first of equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extreme {
    /// Whether it is the largest.
    pub maximum: bool,
}

impl Operation for Extreme {
    fn name(&self) -> &'static str {
        if self.maximum { "maximum of tensors" } else { "minimum of tensors" }
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Extreme { maximum: self.maximum }
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("extreme");
        encoder.flag(self.maximum);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        joined_several(arguments)
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let size = step.shapes.size();
        let mut values: Vec<f32> = Vec::with_capacity(step.batch * size);
        let positions: Vec<Vec<usize>> =
            step.shapes.arguments.iter().map(|shape| positions(shape, step.shapes.result)).collect();
        let better = |a: f32, b: f32| if self.maximum { a > b } else { a < b };
        for execution in 0..step.batch {
            for place in 0..size {
                let value = |(argument, positions): (&&Values, &Vec<usize>)| {
                    argument[execution * (argument.len() / step.batch) + positions[place]]
                };
                let all = step.arguments.iter().zip(&positions).map(value);
                values.push(all.reduce(|best, own| if better(own, best) { own } else { best }).unwrap_or(0.0));
            }
        }
        Ok(values.into())
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        repeated_links(shapes)
    }

    fn export(&self, export: &mut Export<'_>) {
        let inputs = export.broadcast();
        export.result(if self.maximum { "Max" } else { "Min" }, inputs, Vec::new());
    }
}
