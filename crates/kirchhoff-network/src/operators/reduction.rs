//! Sums, means and extremes over axes.

use kirchhoff_kernel::{Axes, Values, Wiring};

use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, mismatch, only};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, int};

/// What is taken of the values along the reduced axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReductionKind {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The largest.
    Maximum,
    /// The smallest.
    Minimum,
}

/// A reduction over axes, which have length 1 in the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduction {
    /// What is taken.
    pub kind: ReductionKind,
    /// The axes, ascending.
    pub axes: Vec<usize>,
}

impl Reduction {
    fn wiring(&self, shapes: &Shapes<'_>) -> Wiring {
        let all: Vec<usize> = (0..shapes.first().len()).collect();
        let kept: Vec<usize> = all.iter().copied().filter(|axis| !self.axes.contains(axis)).collect();
        let axes = Axes::contraction(shapes.first(), &all, &[], &kept);
        Wiring::Axes(axes.expect("every axis is one of the source, whose size was checked"))
    }

    fn name(&self) -> &'static str {
        match self.kind {
            ReductionKind::Sum => "sum over axes",
            ReductionKind::Mean => "mean over axes",
            ReductionKind::Maximum => "maximum over axes",
            ReductionKind::Minimum => "minimum over axes",
        }
    }
}

impl Operation for Reduction {
    fn name(&self) -> &'static str {
        self.name()
    }

    fn kind(&self) -> LayerKind {
        match self.kind {
            ReductionKind::Sum | ReductionKind::Mean => LayerKind::Mean,
            ReductionKind::Maximum => LayerKind::Extreme { maximum: true },
            ReductionKind::Minimum => LayerKind::Extreme { maximum: false },
        }
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("reduction");
        encoder.text(self.name());
        encoder.counts(&self.axes);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        let ascending = self.axes.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || self.axes.last().is_some_and(|&last| last >= argument.len()) {
            return mismatch(format!("the axes {:?}", self.axes), argument);
        }
        let length = |(axis, &length): (usize, &usize)| if self.axes.contains(&axis) { 1 } else { length };
        Ok(argument.iter().enumerate().map(length).collect())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let wiring = self.wiring(&step.shapes);
        if matches!(self.kind, ReductionKind::Sum | ReductionKind::Mean) {
            let mut values = step.sum(&wiring, None, None)?;
            if let Some(divisors) = self.divisors(&wiring) {
                let count = divisors[0];
                values.iter_mut().for_each(|value| *value /= count);
            }
            return Ok(values.into());
        }
        if self.kind == ReductionKind::Maximum {
            return Ok(step.maxima(&wiring, step.first()).into());
        }
        let negated: Vec<f32> = step.first().iter().map(|value| -value).collect();
        Ok(step.maxima(&wiring, &negated).into_iter().map(|value| -value).collect())
    }

    fn is_bounded(&self) -> bool {
        self.kind != ReductionKind::Sum
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        vec![Link::new(self.wiring(shapes))]
    }

    fn divisors(&self, wiring: &Wiring) -> Option<Vec<f32>> {
        let count = (wiring.sources() / wiring.destinations().max(1)) as f32;
        (self.kind == ReductionKind::Mean).then(|| vec![count; wiring.destinations()])
    }

    fn export(&self, export: &mut Export<'_>) {
        let operator = match self.kind {
            ReductionKind::Sum => "ReduceSum",
            ReductionKind::Mean => "ReduceMean",
            ReductionKind::Maximum => "ReduceMax",
            ReductionKind::Minimum => "ReduceMin",
        };
        let axes: Vec<i64> = self.axes.iter().map(|&axis| axis as i64 + 1).collect();
        let mut inputs = export.first();
        inputs.push(export.integers("axes", &axes));
        export.result(operator, inputs, vec![int("keepdims", 1)]);
    }
}
