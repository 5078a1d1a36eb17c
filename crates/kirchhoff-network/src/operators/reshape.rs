//! Other shapes for the same values.

use kirchhoff_kernel::{Values, Wiring};

use super::{LayerKind, Link, Operation, Operator, Pruning, ShapeError, Shapes, Step, elements, mismatch, only};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;
use crate::fold::PerChannel;

/// The same values in row-major order under another shape. Flattening is a reshape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshape {
    /// The new shape.
    pub shape: Vec<usize>,
}

impl Operation for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("reshape");
        encoder.counts(&self.shape);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        if elements(&self.shape) != elements(argument) {
            return mismatch(format!("as many values as {:?} has", self.shape), argument);
        }
        Ok(self.shape.clone())
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

    fn is_identity(&self, shapes: &Shapes<'_>) -> bool {
        shapes.first() == shapes.result
    }

    fn keeps_places(&self) -> bool {
        true
    }

    fn is_reshape(&self) -> bool {
        true
    }

    /// A channel is a run of neighbouring values in row-major order, on both sides. Where each run of `to` lies in runs
    /// of `from` with one scale and shift, it has them too.
    fn carry(&self, affine: &PerChannel, from: &[usize], to: &[usize]) -> Option<PerChannel> {
        let values = elements(from)?;
        let channels = |shape: &[usize]| shape.first().copied().unwrap_or(1);
        affine.regrouped(values / channels(from), values / channels(to), channels(to))
    }

    fn pruning(&self, neurons: usize) -> Pruning {
        match self.shape.first() {
            Some(channels) if channels % neurons == 0 => Pruning::Passes,
            Some(_) | None => Pruning::Refuses,
        }
    }

    /// Each channel stays in one piece, and whole ones are gone.
    fn with_sources(&self, kept: &[bool]) -> Option<Operator> {
        let mut shape = self.shape.clone();
        shape[0] = shape[0] / kept.len() * kept.iter().filter(|&&kept| kept).count();
        Some(Operator::Reshape(Reshape { shape }))
    }

    fn keeps_gates(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let shape: Vec<i64> = std::iter::once(-1).chain(self.shape.iter().map(|&length| length as i64)).collect();
        let mut inputs = export.first();
        inputs.push(export.integers("shape", &shape));
        export.result("Reshape", inputs, Vec::new());
    }
}
