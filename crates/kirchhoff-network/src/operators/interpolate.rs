//! Interpolation along axes: resizing with weights.

use kirchhoff_kernel::{Axes, Axis, AxisEdges, Values, Wiring};

use super::operation::LinkWeights;
use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step, mismatch, only};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;

/// A weighted sum of values along an axis: indices, each once, with their weights.
pub type WeightedSum = Vec<(usize, f32)>;

/// Along some axes weighted sums of values, whose weights multiply: bilinear resizing.
#[derive(Clone, Debug, PartialEq)]
pub struct Interpolate {
    /// For each axis the sum that each index of the result is. `None` takes the axis as it is.
    pub axes: Vec<Option<Vec<WeightedSum>>>,
}

impl Interpolate {
    fn link(&self, shapes: &Shapes<'_>) -> Link {
        let [from, to] = [shapes.first(), shapes.result].map(super::strides);
        let mut weights = vec![1.0];
        let mut axes = Vec::new();
        let sizes: Vec<usize> =
            self.axes.iter().map(|sums| sums.as_ref().map_or(1, |sums| sums.iter().map(Vec::len).sum())).collect();
        for (number, sums) in self.axes.iter().enumerate() {
            let step: usize = sizes[number + 1..].iter().product();
            let edges = match sums {
                None => AxisEdges::Same { length: shapes.first()[number], weight: 0 },
                Some(sums) => {
                    let all = sums.iter().enumerate().flat_map(|(j, sum)| sum.iter().map(move |&(i, _)| [i, j]));
                    let mut edges: Vec<[usize; 3]> =
                        all.enumerate().map(|(position, [i, j])| [i, j, position * step]).collect();
                    edges.sort_unstable();
                    let own = || sums.iter().flatten().map(|&(_, weight)| weight);
                    weights = weights.iter().flat_map(|weight| own().map(move |own| weight * own)).collect();
                    AxisEdges::Listed { sources: shapes.first()[number], destinations: sums.len(), edges }
                }
            };
            axes.push(Axis { source_step: from[number] as usize, destination_step: to[number] as usize, edges });
        }
        let axes = Axes::new(axes, weights.len()).expect("indices were checked with the shape");
        Link { argument: 0, wiring: Wiring::Axes(axes), weights: LinkWeights::Shared(weights.into()) }
    }
}

impl Operation for Interpolate {
    fn name(&self) -> &'static str {
        "interpolation"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Mean
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("interpolate");
        encoder.sequence(&self.axes, |encoder, sums| {
            encoder.flag(sums.is_some());
            encoder.sequence(sums.as_deref().unwrap_or_default(), |encoder, sum| {
                encoder.sequence(sum, |encoder, &(index, weight)| {
                    encoder.count(index);
                    encoder.float(weight);
                });
            });
        });
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        let once =
            |sum: &[(usize, f32)]| sum.iter().enumerate().all(|(n, (i, _))| sum[..n].iter().all(|(j, _)| i != j));
        let fits = |(sums, &length): (&Option<Vec<WeightedSum>>, &usize)| match sums {
            None => true,
            Some(sums) => sums.iter().all(|sum| once(sum) && sum.iter().all(|(index, _)| *index < length)),
        };
        if argument.len() != self.axes.len() || !self.axes.iter().zip(argument).all(fits) {
            return mismatch(format!("{} axes that have all indices", self.axes.len()), argument);
        }
        Ok(self.axes.iter().zip(argument).map(|(sums, &length)| sums.as_ref().map_or(length, Vec::len)).collect())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.linear(&self.link(&step.shapes), None)?)
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        vec![self.link(shapes)]
    }

    /// As products with the matrices of the weights, an axis at a time.
    fn export(&self, export: &mut Export<'_>) {
        let rank = export.shape().len();
        let mut name = export.first().remove(0);
        for (number, sums) in self.axes.iter().enumerate() {
            let Some(sums) = sums else { continue };
            let sources = 1 + sums.iter().flatten().map(|(index, _)| *index).max().unwrap_or(0);
            let mut matrix = vec![0.0; sources * sums.len()];
            for (j, sum) in sums.iter().enumerate() {
                sum.iter().for_each(|&(i, weight)| matrix[i * sums.len() + j] = weight);
            }
            // The axis goes to the end, where matrix products are.
            let mut order: Vec<i64> = (0..=rank as i64).collect();
            order.swap(number + 1, rank);
            let perm = || vec![crate::export::onnx::ints("perm", order.clone())];
            let moved = export.part(&format!("moved{number}"), "Transpose", vec![name], perm());
            let matrix = export.floats(&format!("weights{number}"), &[sources, sums.len()], &matrix);
            let product = export.part(&format!("product{number}"), "MatMul", vec![moved, matrix], Vec::new());
            name = export.part(&format!("axis{number}"), "Transpose", vec![product], perm());
        }
        export.result("Identity", vec![name], Vec::new());
    }
}
