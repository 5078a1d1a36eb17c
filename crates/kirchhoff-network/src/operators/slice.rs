//! Regular selections.

use kirchhoff_kernel::{Values, View, Wiring};

use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, mismatch, only, strides};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// A regular selection: on each axis, `start`, `start + step`, …, `length` of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// One selection an axis.
    pub axes: Vec<SliceAxis>,
}

/// The selection on one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceAxis {
    /// The first position taken.
    pub start: usize,
    /// Distance from one position taken to the next; may be negative, not 0.
    pub step: isize,
    /// How many positions are taken.
    pub length: usize,
}

impl SliceAxis {
    /// Whether all positions that it takes are below `length`.
    fn lies_within(&self, length: usize) -> bool {
        let last = self.length.checked_sub(1).and_then(|steps| {
            let offset = self.step.checked_mul(isize::try_from(steps).ok()?)?;
            self.start.checked_add_signed(offset)
        });
        self.step != 0 && self.start < length && last.is_some_and(|last| last < length)
    }
}

impl Operation for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("slice");
        encoder.sequence(&self.axes, |encoder, axis| {
            encoder.count(axis.start);
            encoder.signed(axis.step as i64);
            encoder.count(axis.length);
        });
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        if self.axes.len() != argument.len() {
            return mismatch(format!("{} axes", self.axes.len()), argument);
        }
        let outside = |&(selection, &length): &(&SliceAxis, &usize)| !selection.lies_within(length);
        match self.axes.iter().zip(argument).find(outside) {
            Some((selection, _)) => mismatch(format!("a shape that {selection:?} lies in"), argument),
            None => Ok(self.axes.iter().map(|selection| selection.length).collect()),
        }
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.rearranged(&self.links(&step.shapes), 0.0))
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let (source, destination) = (shapes.first(), shapes.result);
        let strides = strides(source);
        let axes = || self.axes.iter().zip(&strides);
        vec![Link::new(Wiring::View(View {
            shape: destination.to_vec(),
            source_start: axes().map(|(axis, &stride)| axis.start * stride as usize).sum(),
            source_strides: axes().map(|(axis, stride)| axis.step * stride).collect(),
            source_size: source.iter().product(),
            destination_start: 0,
            destination_strides: super::strides(destination),
            destination_size: shapes.size(),
        }))]
    }

    fn is_identity(&self, shapes: &Shapes<'_>) -> bool {
        let whole = |(axis, &length): (&SliceAxis, &usize)| axis.start == 0 && axis.step == 1 && axis.length == length;
        self.axes.iter().zip(shapes.first()).all(whole)
    }

    fn keeps_gates(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let starts: Vec<i64> = self.axes.iter().map(|axis| axis.start as i64).collect();
        let steps: Vec<i64> = self.axes.iter().map(|axis| axis.step as i64).collect();
        // Before the first position there is −∞; −1 would be the last.
        let end = |(axis, start): (&SliceAxis, &i64)| match start + axis.step as i64 * axis.length as i64 {
            end if end < 0 => i64::MIN,
            end => end,
        };
        let ends: Vec<i64> = self.axes.iter().zip(&starts).map(end).collect();
        let axes: Vec<i64> = (1..=starts.len() as i64).collect();
        let mut inputs = export.first();
        for (part, values) in [("starts", starts), ("ends", ends), ("axes", axes), ("steps", steps)] {
            inputs.push(export.integers(part, &values));
        }
        export.result("Slice", inputs, Vec::new());
    }
}
