//! Sums with a constant, and products with one, value by value.

use kirchhoff_kernel::{Axes, Axis, AxisEdges, Values, Weights, Wiring};

use super::operation::LinkWeights;
use super::{LayerKind, Link, Operation, Parameter, ShapeError, Shapes, Step, check_parameter, elements, only};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// `constant + in`, or `constant − in`, for a constant of the argument's shape: positions, masks.
#[derive(Clone, Debug)]
pub struct Offset {
    /// The constant, one value a place.
    pub values: Weights,
    /// Whether the argument is taken away from it.
    pub negative: bool,
}

/// `constant · in`, for a constant of the argument's shape.
#[derive(Clone, Debug)]
pub struct Multiple {
    /// The constant, one value a place.
    pub values: Weights,
}

impl Operation for Offset {
    fn name(&self) -> &'static str {
        "addition of a constant"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Addition
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("offset");
        encoder.values(&self.values);
        encoder.flag(self.negative);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        check_parameter("values", elements(argument).unwrap_or(0), Some(&self.values))?;
        Ok(argument.to_vec())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let sign = if self.negative { -1.0 } else { 1.0 };
        let values = step.first().iter().zip(self.values.iter().cycle());
        Ok(values.map(|(value, constant)| constant + sign * value).collect())
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let size = shapes.size();
        if !self.negative {
            return vec![Link::new(Wiring::Identity { size })];
        }
        vec![negated(size)]
    }

    fn bias(&self) -> Option<&Weights> {
        Some(&self.values)
    }

    fn parameters(&self, _rank: usize) -> Vec<Parameter<'_>> {
        vec![Parameter { name: "values", tensor: "values", shape: vec![self.values.len()], values: &self.values }]
    }

    fn keeps_gates(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let argument = export.first().remove(0);
        let shape: Vec<usize> = std::iter::once(1).chain(export.shape()).collect();
        let values = export.floats("values", &shape, &self.values);
        let operator = if self.negative { "Sub" } else { "Add" };
        export.result(operator, vec![values, argument], Vec::new());
    }
}

/// Edges of weight −1 from each place of the first argument to its own.
pub(super) fn negated(size: usize) -> Link {
    let edges = AxisEdges::Same { length: size, weight: 0 };
    let axes = Axes::new(vec![Axis { source_step: 1, destination_step: 1, edges }], 1);
    let wiring = Wiring::Axes(axes.expect("one axis over all values"));
    Link { argument: 0, wiring, weights: LinkWeights::Shared([-1.0].into()) }
}

impl Operation for Multiple {
    fn name(&self) -> &'static str {
        "multiplication by a constant"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Scale
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("multiple");
        encoder.values(&self.values);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        check_parameter("values", elements(argument).unwrap_or(0), Some(&self.values))?;
        Ok(argument.to_vec())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let values = step.first().iter().zip(self.values.iter().cycle());
        Ok(values.map(|(value, constant)| constant * value).collect())
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let edges = AxisEdges::Same { length: shapes.size(), weight: 1 };
        let axes = Axes::new(vec![Axis { source_step: 1, destination_step: 1, edges }], shapes.size());
        let wiring = Wiring::Axes(axes.expect("one axis over all values"));
        vec![Link { argument: 0, wiring, weights: LinkWeights::Shared(self.values.clone()) }]
    }

    fn parameters(&self, _rank: usize) -> Vec<Parameter<'_>> {
        vec![Parameter { name: "values", tensor: "values", shape: vec![self.values.len()], values: &self.values }]
    }

    fn keeps_gates(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let argument = export.first().remove(0);
        let shape: Vec<usize> = std::iter::once(1).chain(export.shape()).collect();
        let values = export.floats("values", &shape, &self.values);
        export.result("Mul", vec![argument, values], Vec::new());
    }
}
