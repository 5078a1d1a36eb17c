//! Choices between two tensors, value by value.

use kirchhoff_kernel::{Axes, Axis, AxisEdges, Values, Wiring};

use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, elements, mismatch};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, cast_to};
use crate::import::onnx::proto::data_type;

/// The first argument's value where a mask holds, else the second's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The mask, one flag a place.
    pub first: Vec<bool>,
}

impl Operation for Choice {
    fn name(&self) -> &'static str {
        "choice"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("choice");
        encoder.sequence(&self.first, |encoder, &first| encoder.flag(first));
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let [first, second] = arguments else {
            return Err(ShapeError::Arguments { expected: "two arguments", got: arguments.len() });
        };
        if first != second || elements(first) != Some(self.first.len()) {
            return mismatch(format!("two tensors of {} values", self.first.len()), second);
        }
        Ok(first.to_vec())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let pairs = step.arguments[0].iter().zip(step.arguments[1].iter()).zip(self.first.iter().cycle());
        Ok(pairs.map(|((first, second), chosen)| if *chosen { *first } else { *second }).collect())
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn links(&self, _shapes: &Shapes<'_>) -> Vec<Link> {
        let size = self.first.len();
        let link = |argument: usize| {
            let chosen = (0..size).filter(|&place| self.first[place] == (argument == 0));
            let edges = chosen.map(|place| [place, place, 0]).collect();
            let edges = AxisEdges::Listed { sources: size, destinations: size, edges };
            let axes = Axes::new(vec![Axis { source_step: 1, destination_step: 1, edges }], 0);
            Link { argument, ..Link::new(Wiring::Axes(axes.expect("one axis over all values"))) }
        };
        vec![link(0), link(1)]
    }

    fn export(&self, export: &mut Export<'_>) {
        let shape: Vec<usize> = std::iter::once(1).chain(export.shape()).collect();
        let mask: Vec<f32> = self.first.iter().map(|&first| f32::from(u8::from(first))).collect();
        let mask = export.floats("mask", &shape, &mask);
        let mask = export.part("chosen", "Cast", vec![mask], vec![cast_to(data_type::BOOL)]);
        let arguments = export.arguments();
        export.result("Where", std::iter::once(mask).chain(arguments).collect(), Vec::new());
    }
}
