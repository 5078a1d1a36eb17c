//! Concatenation.

use kirchhoff_kernel::Values;

use super::pad::placed;
use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, mismatch};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, int};

/// The arguments one after the other along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concatenate {
    /// The axis, from 0.
    pub axis: usize,
}

impl Operation for Concatenate {
    fn name(&self) -> &'static str {
        "concatenation"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("concatenate");
        encoder.count(self.axis);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let axis = self.axis;
        let [first, rest @ ..] = arguments else {
            return Err(ShapeError::Arguments { expected: "one or more arguments", got: 0 });
        };
        if axis >= first.len() {
            return mismatch(format!("more than {axis} axes"), first);
        }
        let mut shape = first.to_vec();
        for other in rest {
            let fits = other.len() == first.len() && (0..first.len()).all(|i| i == axis || other[i] == first[i]);
            if !fits {
                return mismatch(format!("arguments that differ from {first:?} on axis {axis} only"), other);
            }
            shape[axis] = shape[axis].checked_add(other[axis]).ok_or_else(|| ShapeError::Size(first.to_vec()))?;
        }
        Ok(shape)
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.rearranged(&self.links(&step.shapes), 0.0))
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let mut offset = vec![0; shapes.result.len()];
        let mut link = |(argument, source): (usize, &&[usize])| {
            let wiring = placed(source, shapes.result, &offset);
            offset[self.axis] += source[self.axis];
            Link { argument, ..Link::new(wiring) }
        };
        shapes.arguments.iter().enumerate().map(&mut link).collect()
    }

    fn is_identity(&self, shapes: &Shapes<'_>) -> bool {
        shapes.arguments.len() == 1
    }

    fn is_concatenation(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let arguments = export.arguments();
        export.result("Concat", arguments, vec![int("axis", self.axis as i64 + 1)]);
    }
}
