//! Selections by lists of indices: gathering, tiling, nearest neighbours, borders that repeat what they border.

use kirchhoff_kernel::{Axes, Axis, AxisEdges, Values, Wiring};

use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, elements, mismatch, only};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, int};

/// Along each axis the argument itself, or its values at a list of indices, in that order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select {
    /// For each axis, the indices; `None` takes it as it is.
    pub axes: Vec<Option<Vec<usize>>>,
}

impl Select {
    /// The axes with the edges of each, which need a row-major place in both tensors.
    fn axes(&self, shapes: &Shapes<'_>) -> Vec<Axis> {
        let [from, to] = [shapes.first(), shapes.result].map(super::strides);
        let axis = |(number, indices): (usize, &Option<Vec<usize>>)| {
            let (sources, destinations) = (shapes.first()[number], shapes.result[number]);
            let edges = match indices {
                None => AxisEdges::Same { length: sources, weight: 0 },
                Some(indices) => {
                    let mut edges: Vec<[usize; 3]> = indices.iter().enumerate().map(|(j, &i)| [i, j, 0]).collect();
                    edges.sort_unstable();
                    AxisEdges::Listed { sources, destinations, edges }
                }
            };
            Axis { source_step: from[number] as usize, destination_step: to[number] as usize, edges }
        };
        self.axes.iter().enumerate().map(axis).collect()
    }
}

impl Operation for Select {
    fn name(&self) -> &'static str {
        "selection"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("select");
        encoder.sequence(&self.axes, |encoder, indices| {
            encoder.flag(indices.is_some());
            encoder.counts(indices.as_deref().unwrap_or_default());
        });
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        let inside = |(indices, &length): (&Option<Vec<usize>>, &usize)| match indices {
            None => true,
            Some(indices) => indices.iter().all(|&index| index < length),
        };
        if argument.len() != self.axes.len() || !self.axes.iter().zip(argument).all(inside) {
            return mismatch(format!("{} axes that have all indices", self.axes.len()), argument);
        }
        let length = |(indices, &length): (&Option<Vec<usize>>, &usize)| indices.as_ref().map_or(length, Vec::len);
        Ok(self.axes.iter().zip(argument).map(length).collect())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let mut positions = vec![0];
        for (number, &length) in step.shapes.first().iter().enumerate() {
            let stride = super::strides(step.shapes.first())[number] as usize;
            let own: Vec<usize> = match &self.axes[number] {
                None => (0..length).collect(),
                Some(indices) => indices.clone(),
            };
            positions = positions.iter().flat_map(|position| own.iter().map(move |i| position + i * stride)).collect();
        }
        let executions = step.first().chunks_exact(elements(step.shapes.first()).unwrap_or(1));
        Ok(executions.flat_map(|values| positions.iter().map(|&position| values[position])).collect())
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let axes = Axes::new(self.axes(shapes), 0);
        vec![Link::new(Wiring::Axes(axes.expect("indices were checked with the shape")))]
    }

    fn is_identity(&self, _shapes: &Shapes<'_>) -> bool {
        self.axes.iter().all(Option::is_none)
    }

    fn keeps_gates(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let mut inputs = export.first();
        let axes: Vec<(usize, &Vec<usize>)> =
            self.axes.iter().enumerate().filter_map(|(axis, indices)| Some((axis, indices.as_ref()?))).collect();
        for (number, (axis, indices)) in axes.iter().enumerate() {
            let indices: Vec<i64> = indices.iter().map(|&index| index as i64).collect();
            inputs.push(export.integers(&format!("indices{axis}"), &indices));
            let attributes = vec![int("axis", *axis as i64 + 1)];
            if number + 1 == axes.len() {
                export.result("Gather", inputs, attributes);
                return;
            }
            inputs = vec![export.part(&format!("axis{axis}"), "Gather", inputs, attributes)];
        }
        export.result("Identity", inputs, Vec::new());
    }
}
