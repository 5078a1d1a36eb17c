//! Pools.

use kirchhoff_kernel::{Values, Window, Wiring, first_not_finite};

use super::sliding::{attributes, axes, encode_window, image, sliding, windowed};
use super::{LayerKind, Link, Operation, Pruning, ShapeError, Shapes, Step, as_image, only};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, int};

/// A pool over windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// What is taken of each window.
    pub kind: PoolKind,
    /// The sliding window; `None` covers the whole image (global pooling).
    pub window: Option<Window>,
}

/// What a pool takes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The largest member. Padding is no member.
    Maximum,
    /// The mean of the members.
    Average {
        /// Whether padding counts as members of value 0.
        count_padding: bool,
    },
}

impl Pool {
    fn window(&self, source: [usize; 2]) -> Window {
        self.window.unwrap_or(Window::new(source))
    }

    fn wiring(&self, shapes: &Shapes<'_>) -> Wiring {
        let [channels, height, width] = image(shapes.first());
        Wiring::Pool(sliding(self.window([height, width]), channels, shapes.first(), shapes.result))
    }

    /// The number of members of each window.
    fn members(&self, wiring: &Wiring) -> Vec<f32> {
        match (wiring, self.kind) {
            (Wiring::Pool(sliding), PoolKind::Average { count_padding: true }) => {
                let members = |axis: usize| -> Vec<usize> {
                    let window = &sliding.window;
                    let end = sliding.source[axis] + window.padding[axis][0] + window.padding[axis][1];
                    let inside = |position: usize| {
                        (0..window.kernel[axis])
                            .filter(|tap| position * window.stride[axis] + tap * window.dilation[axis] < end)
                            .count()
                    };
                    (0..sliding.destination[axis]).map(inside).collect()
                };
                let (rows, columns) = (members(0), members(1));
                let channel: Vec<f32> = rows.iter().flat_map(|y| columns.iter().map(move |x| (x * y) as f32)).collect();
                channel.repeat(sliding.outputs)
            }
            (_, PoolKind::Maximum | PoolKind::Average { .. }) => {
                wiring.fan_in().into_iter().map(|members| members.max(1) as f32).collect()
            }
        }
    }

    fn average(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let wiring = self.wiring(&step.shapes);
        let mut values = step.sum(&wiring, None, None)?;
        let members = self.members(&wiring);
        for values in values.chunks_mut(members.len()) {
            values.iter_mut().zip(&members).for_each(|(value, members)| *value /= members);
        }
        Ok(values.into())
    }

    fn maximum(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let wiring = self.wiring(&step.shapes);
        let values = step.maxima(&wiring, step.first());
        // Finite activations have a finite maximum, unless there are none.
        match first_not_finite(&values) {
            Some(_) => Err(ExecutionError::EmptyWindow { layer: step.name.to_string() }),
            None => Ok(values.into()),
        }
    }
}

impl Operation for Pool {
    fn name(&self) -> &'static str {
        match self.kind {
            PoolKind::Maximum => "maximum pooling",
            PoolKind::Average { .. } => "average pooling",
        }
    }

    fn kind(&self) -> LayerKind {
        match self.kind {
            PoolKind::Maximum => LayerKind::MaximumPooling,
            PoolKind::Average { .. } => LayerKind::AveragePooling,
        }
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("pool");
        match self.kind {
            PoolKind::Maximum => encoder.text("maximum"),
            PoolKind::Average { count_padding } => {
                encoder.text("average");
                encoder.flag(count_padding);
            }
        }
        encoder.flag(self.window.is_some());
        if let Some(window) = &self.window {
            encode_window(window, encoder);
        }
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        let [channels, height, width] = as_image(argument)?;
        Ok(windowed(argument, channels, self.window([height, width]).output([height, width])?))
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        match self.kind {
            PoolKind::Maximum => self.maximum(step),
            PoolKind::Average { .. } => self.average(step),
        }
    }

    fn is_bounded(&self) -> bool {
        self.kind == PoolKind::Maximum
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        vec![Link::new(self.wiring(shapes))]
    }

    fn divisors(&self, wiring: &Wiring) -> Option<Vec<f32>> {
        Some(self.members(wiring))
    }

    fn pruning(&self, _neurons: usize) -> Pruning {
        Pruning::Passes
    }

    fn export(&self, export: &mut Export<'_>) {
        let maximum = self.kind == PoolKind::Maximum;
        let inputs = export.first();
        let Some(window) = &self.window else {
            let operator = if maximum { "GlobalMaxPool" } else { "GlobalAveragePool" };
            return export.result(operator, inputs, Vec::new());
        };
        let mut attributes = attributes(window, axes(export.shape().len()));
        attributes.push(int("ceil_mode", i64::from(window.ceil)));
        if let PoolKind::Average { count_padding } = self.kind {
            attributes.push(int("count_include_pad", i64::from(count_padding)));
        }
        export.result(if maximum { "MaxPool" } else { "AveragePool" }, inputs, attributes);
    }
}
