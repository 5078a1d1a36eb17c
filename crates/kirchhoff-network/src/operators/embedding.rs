//! Embeddings: rows of a table, by number.

use kirchhoff_kernel::{Axes, Values, Weights, Wiring};

use super::{LayerKind, Link, Operation, Parameter, ShapeError, Shapes, Step, check_parameter, only};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, cast_to, int};
use crate::import::onnx::proto::data_type;

/// The rows of a table that the argument has the numbers of: `out[…, k] = table[in[…], k]`. The relevance of a number is the
/// sum of that of its row.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// Rows of the table.
    pub rows: usize,
    /// Values of a row.
    pub width: usize,
    /// `[rows, width]`, row-major.
    pub table: Weights,
}

impl Operation for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("embedding");
        encoder.counts(&[self.rows, self.width]);
        encoder.values(&self.table);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        check_parameter("table", self.rows.saturating_mul(self.width), Some(&self.table))?;
        Ok(argument.iter().copied().chain([self.width]).collect())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let mut values = Vec::with_capacity(step.first().len() * self.width);
        for (position, &number) in step.first().iter().enumerate() {
            // As ONNX has it, a negative number counts from the end.
            let row = if number < 0.0 { number + self.rows as f32 } else { number };
            if row.fract() != 0.0 || !(0.0..self.rows as f32).contains(&row) {
                return Err(ExecutionError::Row {
                    layer: step.name.to_string(),
                    position: position % (step.first().len() / step.batch.max(1)).max(1),
                    number,
                    rows: self.rows,
                });
            }
            let row = row as usize * self.width;
            values.extend_from_slice(&self.table[row..row + self.width]);
        }
        Ok(values.into())
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let all: Vec<usize> = (0..shapes.result.len()).collect();
        let axes = Axes::contraction(shapes.result, &all[..all.len() - 1], &[], &all);
        vec![Link::new(Wiring::Axes(axes.expect("every axis is one of the result, whose size was checked")))]
    }

    fn parameters(&self, _rank: usize) -> Vec<Parameter<'_>> {
        let shape = vec![self.rows, self.width];
        vec![Parameter { name: "table", tensor: "weight", shape, values: &self.table }]
    }

    fn export(&self, export: &mut Export<'_>) {
        let inputs = export.first();
        let numbers = export.part("numbers", "Cast", inputs, vec![cast_to(data_type::INT64)]);
        let table = export.floats("weight", &[self.rows, self.width], &self.table);
        export.result("Gather", vec![table, numbers], vec![int("axis", 0)]);
    }
}
