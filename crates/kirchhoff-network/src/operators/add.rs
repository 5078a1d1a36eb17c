//! Addition.

use kirchhoff_kernel::{Values, Wiring, zeros};
use rayon::prelude::*;

use super::broadcast::{joined_pair, joined_several, positions, repeated, repeated_links};
use super::offset::negated;
use super::operation::LinkWeights;
use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, elements};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// The sum of two or more arguments, which may be repeated along axes where they have length 1.
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
        joined_several(arguments)
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let size = step.shapes.size();
        if step.shapes.arguments.len() == 2 && step.shapes.arguments.iter().any(|shape| elements(shape) != Some(size)) {
            return Ok(step.combined(|a, b| a + b));
        }
        let mut sum = zeros(step.batch * size);
        for (number, argument) in step.arguments.iter().enumerate() {
            let shape = step.shapes.arguments[number];
            if elements(shape) == Some(size) {
                sum.par_iter_mut().zip(argument.par_iter()).for_each(|(sum, value)| *sum += value);
                continue;
            }
            let (positions, own) = (positions(shape, step.shapes.result), argument.len() / step.batch.max(1));
            for (execution, sum) in sum.chunks_exact_mut(size).enumerate() {
                let values = &argument[execution * own..(execution + 1) * own];
                sum.iter_mut().zip(&positions).for_each(|(sum, &position)| *sum += values[position]);
            }
        }
        Ok(sum.into())
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        repeated_links(shapes)
    }

    fn export(&self, export: &mut Export<'_>) {
        let [first, middle @ .., last] = &export.broadcast()[..] else { return };
        let (mut sum, last) = (first.clone(), last.clone());
        for (number, argument) in middle.iter().cloned().enumerate() {
            sum = export.part(&(number + 1).to_string(), "Add", vec![sum, argument], Vec::new());
        }
        export.result("Add", vec![sum, last], Vec::new());
    }
}

/// The first argument less the second, either of which may be repeated along axes where it has length 1.
pub(super) struct Subtract;

impl Operation for Subtract {
    fn name(&self) -> &'static str {
        "subtraction"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Addition
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("subtract");
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        joined_pair(arguments)
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.combined(|a, b| a - b))
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let [first, second] = [shapes.arguments[0], shapes.arguments[1]];
        let negative = match repeated(second, None, shapes.result) {
            Wiring::Identity { size } => Link { argument: 1, ..negated(size) },
            // One weight for all edges.
            Wiring::Axes(axes) => Link {
                argument: 1,
                wiring: Wiring::Axes(axes.weighted_alike()),
                weights: LinkWeights::Shared([-1.0].into()),
            },
            other => Link { argument: 1, ..Link::new(other) },
        };
        vec![Link::new(repeated(first, None, shapes.result)), negative]
    }

    fn export(&self, export: &mut Export<'_>) {
        let inputs = export.broadcast();
        export.result("Sub", inputs, Vec::new());
    }
}
