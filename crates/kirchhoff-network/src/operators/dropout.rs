//! Dropout.

use kirchhoff_kernel::{Values, Wiring};

use super::{LayerKind, Link, Operation, Pruning, ShapeError, Shapes, Step, only};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// Dropout at test time: the argument itself.
pub(super) struct Dropout;

impl Operation for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("dropout");
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        Ok(only(arguments)?.to_vec())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.first().clone())
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        vec![Link::new(Wiring::Identity { size: shapes.size() })]
    }

    fn is_identity(&self, _shapes: &Shapes<'_>) -> bool {
        true
    }

    fn keeps_places(&self) -> bool {
        true
    }

    fn pruning(&self, _neurons: usize) -> Pruning {
        Pruning::Passes
    }

    fn keeps_gates(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let inputs = export.first();
        export.result("Identity", inputs, Vec::new());
    }
}
