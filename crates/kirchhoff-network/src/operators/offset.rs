//! Sums with a constant, and products with one, value by value.

use kirchhoff_kernel::{Axes, Axis, AxisEdges, Values, Weights, Wiring};

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
        shape_of_argument(arguments, &self.values)
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
        vec![parameter(&self.values)]
    }

    fn keeps_gates(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let [argument, values] = operands(export, &self.values);
        let operator = if self.negative { "Sub" } else { "Add" };
        export.result(operator, vec![values, argument], Vec::new());
    }
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
        shape_of_argument(arguments, &self.values)
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let values = step.first().iter().zip(self.values.iter().cycle());
        Ok(values.map(|(value, constant)| constant * value).collect())
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        vec![placewise(shapes.size(), 1).weighted(&self.values)]
    }

    fn parameters(&self, _rank: usize) -> Vec<Parameter<'_>> {
        vec![parameter(&self.values)]
    }

    fn keeps_gates(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let [argument, values] = operands(export, &self.values);
        export.result("Mul", vec![argument, values], Vec::new());
    }
}

/// The shape of the only argument, which has a value of the constant at each place.
fn shape_of_argument(arguments: &[&[usize]], values: &Weights) -> Result<Vec<usize>, ShapeError> {
    let argument = only(arguments)?;
    check_parameter("values", elements(argument).unwrap_or(0), Some(values))?;
    Ok(argument.to_vec())
}

fn parameter(values: &Weights) -> Parameter<'_> {
    Parameter { name: "values", tensor: "values", shape: vec![values.len()], values }
}

/// The names of the argument and of the constant in an exported file.
fn operands(export: &mut Export<'_>, values: &Weights) -> [String; 2] {
    let argument = export.first().remove(0);
    let shape: Vec<usize> = std::iter::once(1).chain(export.shape()).collect();
    [argument, export.floats("values", &shape, values)]
}

/// Edges of weight −1 from each place of the first argument to its own.
pub(super) fn negated(size: usize) -> Link {
    placewise(size, 0).weighted(&[-1.0].into())
}

/// Edges from each place of the first argument to its own, whose weights lie so many apart: all have one, or each its own.
pub(super) fn placewise(size: usize, weight: usize) -> Link {
    let edges = AxisEdges::Same { length: size, weight };
    let weights = 1 + weight * (size - 1);
    let axes = Axes::new(vec![Axis { source_step: 1, destination_step: 1, edges }], weights);
    Link::new(Wiring::Axes(axes.expect("one axis over all values")))
}
