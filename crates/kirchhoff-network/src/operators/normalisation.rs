//! Normalisation by what the input has: layer, group, instance and root-mean-square normalisation.

use kirchhoff_kernel::{Axes, Axis, AxisEdges, Values, Weights, Wiring, join_channels};

use super::operation::LinkWeights;
use super::{
    LayerKind, Link, Operation, Operator, Parameter, ShapeError, Shapes, Side, Step, check_parameter, elements,
    mismatch, only,
};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, float, int};
use crate::fold::PerChannel;

/// `out = (in − mean) / sqrt(mean of squares + ε) · scale + shift`, over groups of neighbouring values: the mean is that of
/// the group, and the squares those of what is left without it.
#[derive(Clone, Debug)]
pub struct Normalisation {
    /// Values of a group.
    pub group: usize,
    /// Whether the mean is taken away: not so in root-mean-square normalisation.
    pub centred: bool,
    /// `ε`, which keeps the divisor from 0.
    pub epsilon: f32,
    /// What is multiplied in at the end, one a channel of a part.
    pub scale: Weights,
    /// What is added at the end, likewise.
    pub shift: Weights,
    /// Values of a part, which has all channels: those of a group for layer normalisation, all for one a channel of an image.
    pub part: usize,
}

impl Normalisation {
    /// What is taken away from the values of a group, and what the rest is divided by.
    fn moments(&self, group: &[f32]) -> (f64, f32) {
        let count = group.len() as f64;
        let mean = if self.centred { group.iter().map(|&x| f64::from(x)).sum::<f64>() / count } else { 0.0 };
        let squares: f64 = group.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum();
        (mean, (squares / count + f64::from(self.epsilon)).sqrt() as f32)
    }
}

impl Operation for Normalisation {
    fn name(&self) -> &'static str {
        if self.centred { "normalisation" } else { "root-mean-square normalisation" }
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Normalisation { centred: self.centred }
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("normalisation");
        encoder.count(self.group);
        encoder.flag(self.centred);
        encoder.float(self.epsilon);
        encoder.values(&self.scale);
        encoder.values(&self.shift);
        encoder.count(self.part);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        let size = elements(argument).unwrap_or(0);
        let fits = |of: usize, part: usize| part > 0 && of.is_multiple_of(part);
        if !fits(size, self.group) || !fits(size, self.part) || !fits(self.part, self.scale.len()) {
            return mismatch(format!("groups of {} values and parts of {}", self.group, self.part), argument);
        }
        check_parameter("shift", self.scale.len(), Some(&self.shift))?;
        Ok(argument.to_vec())
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        let mut values = step.first().to_vec();
        for group in values.chunks_exact_mut(self.group) {
            let (mean, divisor) = self.moments(group);
            group.iter_mut().for_each(|x| *x = ((f64::from(*x) - mean) / f64::from(divisor)) as f32);
        }
        join_channels(&mut values, self.part, &self.scale, |value, scale| value * scale);
        join_channels(&mut values, self.part, &self.shift, |value, shift| value + shift);
        Ok(values.into())
    }

    /// Without a mean each value goes to its own place; with one, to all places of its group.
    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let size = shapes.size();
        if !self.centred {
            return vec![Link::new(Wiring::Identity { size })];
        }
        let axis = |step: usize, edges: AxisEdges| Axis { source_step: step, destination_step: step, edges };
        let axes = vec![
            axis(self.group, AxisEdges::Same { length: size / self.group, weight: 0 }),
            axis(1, AxisEdges::Pairs { length: self.group, weight: 0 }),
        ];
        let share = 1.0 / self.group as f32;
        // A group of one has no others.
        let weights = if self.group == 1 { vec![1.0 - share] } else { vec![1.0 - share, -share] };
        let axes = Axes::new(axes, weights.len()).expect("groups divide the tensor");
        let weights = LinkWeights::Shared(weights.into());
        vec![Link { argument: 0, wiring: Wiring::Axes(axes), weights }]
    }

    fn bias(&self) -> Option<&Weights> {
        self.shift.iter().any(|&shift| shift != 0.0).then_some(&self.shift)
    }

    fn bias_part(&self, _shapes: &Shapes<'_>) -> usize {
        self.part
    }

    /// A summand of its result is one of its own; a part that is all of it has channels, which may be finer.
    fn absorbs(&self, affine: &PerChannel, side: Side) -> bool {
        side == Side::After
            && (affine.uniform().is_some()
                || (self.part.is_multiple_of(affine.channels().max(1)) && self.part > self.group))
    }

    fn absorbed(&self, _before: Option<&PerChannel>, after: Option<&PerChannel>) -> Option<Operator> {
        self.regrouped(after?, self.part)
    }

    fn regrouped(&self, affine: &PerChannel, size: usize) -> Option<Operator> {
        let channels = match affine.uniform() {
            Some(_) => self.scale.len(),
            // Runs of all values are channels of the only part.
            None if self.part == size => {
                let (own, other) = (self.scale.len(), affine.channels());
                [own.max(other)].into_iter().find(|most| most % own == 0 && most % other == 0)?
            }
            None => return None,
        };
        let old = |values: &Weights, channel: usize| f64::from(values[channel * values.len() / channels]);
        let new = |channel: usize| affine.at(channel * affine.channels() / channels);
        let scale = (0..channels).map(|channel| (old(&self.scale, channel) * new(channel).0) as f32).collect();
        let shift =
            (0..channels).map(|channel| (old(&self.shift, channel) * new(channel).0 + new(channel).1) as f32).collect();
        Some(Operator::Normalisation(Normalisation { scale, shift, ..self.clone() }))
    }

    fn factors(&self, arguments: &[&Values], _shapes: &Shapes<'_>) -> Option<Vec<f32>> {
        let mut factors = Vec::with_capacity(arguments[0].len());
        for group in arguments[0].chunks_exact(self.group) {
            let (_, divisor) = self.moments(group);
            factors.extend(std::iter::repeat_n(1.0 / divisor, self.group));
        }
        join_channels(&mut factors, self.part, &self.scale, |value, scale| value * scale);
        Some(factors)
    }

    fn parameters(&self, _rank: usize) -> Vec<Parameter<'_>> {
        let parameter = |name, tensor, values| Parameter { name, tensor, shape: vec![self.scale.len()], values };
        vec![parameter("scale", "weight", &self.scale), parameter("shift", "bias", &self.shift)]
    }

    /// As a layer normalisation of groups in rows, with factors and summands behind it.
    fn export(&self, export: &mut Export<'_>) {
        let shape = export.shape();
        let size: usize = shape.iter().product();
        let rows = [-1, (size / self.group) as i64, self.group as i64];
        let mut inputs = export.first();
        inputs.push(export.integers("rows", &rows));
        let flat = export.part("grouped", "Reshape", inputs, Vec::new());
        let ones = vec![1.0; self.group];
        let normalised = if self.centred {
            let ones = export.floats("ones", &[self.group], &ones);
            let attributes = vec![float("epsilon", self.epsilon), int("axis", 2)];
            export.part("normalised", "LayerNormalization", vec![flat, ones], attributes)
        } else {
            let squares = export.part("squares", "Mul", vec![flat.clone(), flat.clone()], Vec::new());
            let axes = export.integers("axes", &[2]);
            let mean = export.part("mean", "ReduceMean", vec![squares, axes], vec![int("keepdims", 1)]);
            let epsilon = export.floats("epsilon", &[1], &[self.epsilon]);
            let sum = export.part("sum", "Add", vec![mean, epsilon], Vec::new());
            let root = export.part("root", "Sqrt", vec![sum], Vec::new());
            export.part("normalised", "Div", vec![flat, root], Vec::new())
        };
        let channel = self.part / self.scale.len();
        let parts = export.integers("parts", &[-1, (size / self.part) as i64, self.scale.len() as i64, channel as i64]);
        let parted = export.part("parted", "Reshape", vec![normalised, parts], Vec::new());
        let scale = export.floats("weight", &[self.scale.len(), 1], &self.scale);
        let scaled = export.part("scaled", "Mul", vec![parted, scale], Vec::new());
        let shift = export.floats("bias", &[self.shift.len(), 1], &self.shift);
        let shifted = export.part("shifted", "Add", vec![scaled, shift], Vec::new());
        let whole: Vec<i64> = std::iter::once(-1).chain(shape.iter().map(|&length| length as i64)).collect();
        let whole = export.integers("whole", &whole);
        export.result("Reshape", vec![shifted, whole], Vec::new());
    }
}
