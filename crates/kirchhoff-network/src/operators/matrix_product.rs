//! Matrix products of two tensors that both depend on the input.

use kirchhoff_kernel::{Axes, EdgeWeights, Values, Weights, Wiring};

use super::broadcast::{joined, positions};
use super::operation::LinkWeights;
use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, mismatch};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// The products of the matrices in the last two axes of two arguments, for all indices of the axes before them, along which
/// either may be repeated.
pub(super) struct MatrixProduct;

/// The indices that an edge of a product has: those of the axes before the matrices, then row, inner index and column.
struct Indices {
    lengths: Vec<usize>,
    first: Vec<usize>,
    second: Vec<usize>,
    result: Vec<usize>,
}

impl Indices {
    fn new(shapes: &Shapes<'_>) -> Self {
        let [first, second] = [shapes.arguments[0], shapes.arguments[1]];
        let batch = shapes.result.len() - 2;
        let [row, inner, column] = [batch, batch + 1, batch + 2];
        let mut lengths = shapes.result[..batch].to_vec();
        lengths.extend([first[first.len() - 2], first[first.len() - 1], second[second.len() - 1]]);
        let own = |shape: &[usize], matrix: [usize; 2]| -> Vec<usize> {
            let axes = shape.len() - 2;
            let mut own: Vec<usize> =
                (batch - axes..batch).filter(|&axis| shape[axis + axes - batch] == lengths[axis]).collect();
            own.extend(matrix);
            own
        };
        let (first, second) = (own(first, [row, inner]), own(second, [inner, column]));
        let result = (0..batch).chain([row, column]).collect();
        Indices { lengths, first, second, result }
    }
}

impl Operation for MatrixProduct {
    fn name(&self) -> &'static str {
        "matrix product"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::MatrixProduct
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("matrix product");
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let [first, second] = arguments else {
            return Err(ShapeError::Arguments { expected: "two arguments", got: arguments.len() });
        };
        let ([batch @ .., rows, inner], [others @ .., same, columns]) = (*first, *second) else {
            return mismatch("matrices", if first.len() < 2 { first } else { second });
        };
        if inner != same {
            return mismatch(format!("matrices of {inner} rows"), second);
        }
        let mut shape = joined(&[batch, others])?;
        shape.extend([*rows, *columns]);
        Ok(shape)
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let [first, second] = [step.shapes.arguments[0], step.shapes.arguments[1]];
        let batch = &step.shapes.result[..step.shapes.result.len() - 2];
        let (rows, inner) = (first[first.len() - 2], first[first.len() - 1]);
        let columns = second[second.len() - 1];
        let [places, others] = [first, second].map(|shape| positions(&shape[..shape.len() - 2], batch));
        let (left, right) = (rows * inner, inner * columns);
        let [own, other] = [0, 1].map(|argument| step.arguments[argument].len() / step.batch.max(1));
        let wiring =
            Wiring::Repeated { count: rows, wiring: Box::new(Wiring::Dense { inputs: inner, outputs: columns }) };
        let mut values = vec![0.0; step.batch * step.shapes.size()];
        for (number, values) in values.chunks_exact_mut(rows * columns).enumerate() {
            let (execution, matrix) = (number / places.len(), number % places.len());
            let a = &step.arguments[0][execution * own + places[matrix] * left..][..left];
            let b = &step.arguments[1][execution * other + others[matrix] * right..][..right];
            // Rows of weights belong to results.
            let weights: Weights =
                (0..columns).flat_map(|column| (0..inner).map(move |row| b[row * columns + column])).collect();
            step.sum_into(values, a, &wiring, EdgeWeights::Shared(&weights), None)?;
        }
        Ok(values.into())
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let Indices { lengths, first, second, result } = Indices::new(shapes);
        let link = |argument: usize, source: &[usize], weights: &[usize]| {
            let axes = Axes::contraction(&lengths, source, weights, &result);
            let wiring = Wiring::Axes(axes.expect("every index is one of the result or of both factors"));
            Link { argument, wiring, weights: LinkWeights::Argument(1 - argument) }
        };
        vec![link(0, &first, &second), link(1, &second, &first)]
    }

    fn export(&self, export: &mut Export<'_>) {
        let inputs = export.broadcast();
        export.result("MatMul", inputs, Vec::new());
    }
}
