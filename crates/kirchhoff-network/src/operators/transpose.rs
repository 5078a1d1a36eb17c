//! Transposition.

use kirchhoff_kernel::{Values, View, Wiring};

use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, mismatch, only, strides};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, ints};

/// A reordering of the axes: axis `i` of the result is axis `axes[i]` of the argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transpose {
    /// The argument's axis for each axis of the result.
    pub axes: Vec<usize>,
}

impl Operation for Transpose {
    fn name(&self) -> &'static str {
        "transposition"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("transpose");
        encoder.counts(&self.axes);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        let mut sorted = self.axes.clone();
        sorted.sort_unstable();
        if sorted != (0..argument.len()).collect::<Vec<_>>() {
            return mismatch(format!("as many axes as {:?} permutes", self.axes), argument);
        }
        Ok(self.axes.iter().map(|&axis| argument[axis]).collect())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.rearranged(&self.links(&step.shapes), 0.0))
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let source = strides(shapes.first());
        vec![Link::new(Wiring::View(View {
            shape: shapes.result.to_vec(),
            source_start: 0,
            source_strides: self.axes.iter().map(|&axis| source[axis]).collect(),
            source_size: shapes.size(),
            destination_start: 0,
            destination_strides: strides(shapes.result),
            destination_size: shapes.size(),
        }))]
    }

    fn is_identity(&self, _shapes: &Shapes<'_>) -> bool {
        self.axes.iter().enumerate().all(|(position, &axis)| position == axis)
    }

    fn keeps_gates(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let order = std::iter::once(0).chain(self.axes.iter().map(|&axis| axis as i64 + 1)).collect();
        let inputs = export.first();
        export.result("Transpose", inputs, vec![ints("perm", order)]);
    }
}
