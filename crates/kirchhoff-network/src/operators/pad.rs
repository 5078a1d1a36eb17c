//! Borders.

use kirchhoff_kernel::{Values, View, Wiring};

use super::{LayerKind, Link, Operation, Pruning, ShapeError, Shapes, Step, mismatch, only, strides};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;
use crate::fold::PerChannel;

/// A border of a constant value around each axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Pad {
    /// The border before and after each axis.
    pub border: Vec<[usize; 2]>,
    /// The value in the border.
    pub value: f32,
}

/// The whole source at an offset inside the destination.
pub(super) fn placed(source: &[usize], destination: &[usize], offset: &[usize]) -> Wiring {
    let destination_strides = strides(destination);
    Wiring::View(View {
        shape: source.to_vec(),
        source_start: 0,
        source_strides: strides(source),
        source_size: source.iter().product(),
        destination_start: offset.iter().zip(&destination_strides).map(|(&at, &stride)| at * stride as usize).sum(),
        destination_strides,
        destination_size: destination.iter().product(),
    })
}

impl Operation for Pad {
    fn name(&self) -> &'static str {
        "padding"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("pad");
        encoder.sequence(&self.border, |encoder, sides| encoder.counts(sides));
        encoder.float(self.value);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        if self.border.len() != argument.len() {
            return mismatch(format!("{} axes", self.border.len()), argument);
        }
        let padded = |(&length, &[before, after]): (&usize, &[usize; 2])| {
            length.checked_add(before).and_then(|sum| sum.checked_add(after))
        };
        let shape: Option<Vec<_>> = argument.iter().zip(&self.border).map(padded).collect();
        shape.ok_or(ShapeError::Size(argument.to_vec()))
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.rearranged(&self.links(&step.shapes), self.value))
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let offset: Vec<_> = self.border.iter().map(|&[before, _]| before).collect();
        vec![Link::new(placed(shapes.first(), shapes.result, &offset))]
    }

    fn is_identity(&self, _shapes: &Shapes<'_>) -> bool {
        self.border.iter().all(|sides| *sides == [0, 0])
    }

    /// Zeros stay zeros when they are scaled, but not when they are shifted.
    fn carry(&self, affine: &PerChannel, _from: &[usize], _to: &[usize]) -> Option<PerChannel> {
        let channels_stay = self.border.first().is_some_and(|sides| *sides == [0, 0]);
        (channels_stay && self.value == 0.0 && !affine.shifts()).then(|| affine.clone())
    }

    fn pruning(&self, _neurons: usize) -> Pruning {
        let passes = self.value == 0.0 && self.border.first().is_some_and(|sides| *sides == [0, 0]);
        if passes { Pruning::Passes } else { Pruning::Refuses }
    }

    fn keeps_gates(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let side = |side: usize| std::iter::once(0).chain(self.border.iter().map(move |sides| sides[side] as i64));
        let pads: Vec<i64> = side(0).chain(side(1)).collect();
        let mut inputs = export.first();
        inputs.push(export.integers("pads", &pads));
        inputs.push(export.floats("value", &[], &[self.value]));
        export.result("Pad", inputs, Vec::new());
    }
}
