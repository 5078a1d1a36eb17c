//! Folding per-channel multiply-adds into linear layers, in f64.

use kirchhoff_kernel::Weights;

use crate::operator::{Affine, Convolution, Dense, Operator, elements};

/// `out[c, …] = scale[c] · in[c, …] + shift[c]`, unrounded.
#[derive(Clone, Debug)]
pub(crate) struct PerChannel {
    scale: Vec<f64>,
    shift: Vec<f64>,
}

impl From<&Affine> for PerChannel {
    fn from(affine: &Affine) -> Self {
        let wide = |values: &Weights| values.iter().copied().map(f64::from).collect();
        PerChannel { scale: wide(&affine.scale), shift: wide(&affine.shift) }
    }
}

// Whether a value is 0, is 1 or equals another is asked of what it rounds to: the rounded layer, asked again, must give
// the same answers, or the canonical form would change when it is taken twice.
impl PerChannel {
    pub(crate) fn is_identity(&self) -> bool {
        self.scale.iter().all(|&scale| scale as f32 == 1.0) && !self.shifts()
    }

    fn shifts(&self) -> bool {
        self.shift.iter().any(|&shift| shift as f32 != 0.0)
    }

    /// This one, and then `next`.
    pub(crate) fn then(&self, next: &PerChannel) -> PerChannel {
        let scale = self.scale.iter().zip(&next.scale).map(|(first, second)| second * first).collect();
        let shift = self.shift.iter().zip(&next.scale).zip(&next.shift);
        PerChannel { scale, shift: shift.map(|((first, scale), second)| scale * first + second).collect() }
    }

    pub(crate) fn rounded(&self) -> Affine {
        let narrow = |values: &[f64]| values.iter().map(|&value| value as f32).collect();
        Affine { scale: narrow(&self.scale), shift: narrow(&self.shift) }
    }

    fn same(&self, a: usize, b: usize) -> bool {
        self.scale[a] as f32 == self.scale[b] as f32 && self.shift[a] as f32 == self.shift[b] as f32
    }
}

/// A multiply-add on one side of `operator`, as the one on its other side that has the same effect; `None` if there is
/// none. `from` and `to` are the shapes on the two sides, in either direction.
pub(crate) fn carry(affine: &PerChannel, operator: &Operator, from: &[usize], to: &[usize]) -> Option<PerChannel> {
    match operator {
        Operator::Reshape { .. } => carry_through_reshape(affine, from, to),
        // Zeros stay zeros when they are scaled, but not when they are shifted.
        Operator::Pad { border, value } => {
            let channels_stay = border.first().is_some_and(|sides| *sides == [0, 0]);
            (channels_stay && *value == 0.0 && !affine.shifts()).then(|| affine.clone())
        }
        _ => None,
    }
}

/// A channel is a run of neighbouring values in row-major order, on both sides. Where each run of `to` lies in runs of
/// `from` with one scale and shift, it has them too.
fn carry_through_reshape(affine: &PerChannel, from: &[usize], to: &[usize]) -> Option<PerChannel> {
    let values = elements(from)?;
    let from_run = values / from.first().copied().unwrap_or(1);
    let to_channels = to.first().copied().unwrap_or(1);
    let to_run = values / to_channels;
    let mut carried = PerChannel { scale: Vec::with_capacity(to_channels), shift: Vec::with_capacity(to_channels) };
    for start in (0..values).step_by(to_run) {
        let (first, last) = (start / from_run, (start + to_run - 1) / from_run);
        if (first + 1..=last).any(|channel| !affine.same(first, channel)) {
            return None;
        }
        carried.scale.push(affine.scale[first]);
        carried.shift.push(affine.shift[first]);
    }
    Some(carried)
}

/// A dense layer or a convolution, with what is to be folded into it.
pub(crate) struct Linear {
    operator: Operator,
    before: Option<PerChannel>,
    after: Option<PerChannel>,
}

impl Linear {
    /// A linear layer that nothing is folded into yet. `operator` is a dense layer or a convolution.
    pub(crate) fn new(operator: Operator) -> Self {
        Linear { operator, before: None, after: None }
    }

    /// Folds in a multiply-add of the result.
    pub(crate) fn follow(&mut self, affine: &PerChannel) {
        self.after = Some(self.after.as_ref().map_or_else(|| affine.clone(), |after| after.then(affine)));
    }

    /// Folds in a multiply-add of the argument, if that is exact.
    #[must_use]
    pub(crate) fn precede(&mut self, affine: &PerChannel) -> bool {
        if let Operator::Convolution(convolution) = &self.operator {
            let padded = convolution.window.padding != [[0, 0], [0, 0]];
            // The padding is 0 after the shift, not before it.
            if padded && affine.shifts() {
                return false;
            }
        }
        self.before = Some(self.before.as_ref().map_or_else(|| affine.clone(), |before| affine.then(before)));
        true
    }

    /// The layer with everything folded in.
    pub(crate) fn folded(self) -> Operator {
        let Linear { operator, before, after } = self;
        if before.is_none() && after.is_none() {
            return operator;
        }
        match operator {
            Operator::Dense(dense) => {
                let rows = Rows { length: dense.inputs, taps: 1, first_channel: &|_| 0 };
                let (weights, bias) = rows.fold(&dense.weights, dense.bias.as_deref(), before, after);
                Operator::Dense(Dense { weights, bias, ..dense })
            }
            Operator::Convolution(convolution) => {
                let Convolution { inputs, outputs, groups, window, .. } = convolution;
                let (group_inputs, group_outputs) = (inputs / groups, outputs / groups);
                let rows = Rows {
                    length: group_inputs * window.taps(),
                    taps: window.taps(),
                    first_channel: &|row| row / group_outputs * group_inputs,
                };
                let (weights, bias) = rows.fold(&convolution.weights, convolution.bias.as_deref(), before, after);
                Operator::Convolution(Convolution { weights, bias, ..convolution })
            }
            other => other,
        }
    }
}

/// Weights as one row for each output channel.
struct Rows<'a> {
    length: usize,
    /// Neighbouring weights of a row that share an input channel.
    taps: usize,
    /// The input channel of a row's first weight.
    first_channel: &'a dyn Fn(usize) -> usize,
}

impl Rows<'_> {
    fn fold(
        &self,
        weights: &[f32],
        bias: Option<&[f32]>,
        before: Option<PerChannel>,
        after: Option<PerChannel>,
    ) -> (Weights, Option<Weights>) {
        let mut new_weights = Vec::with_capacity(weights.len());
        let mut new_bias = Vec::with_capacity(weights.len() / self.length);
        for (row, old) in weights.chunks_exact(self.length).enumerate() {
            let (scale, shift) = after.as_ref().map_or((1.0, 0.0), |after| (after.scale[row], after.shift[row]));
            let mut offset = bias.map_or(0.0, |bias| f64::from(bias[row]));
            if let Some(before) = &before {
                for (channel, taps) in old.chunks_exact(self.taps).enumerate() {
                    let channel = (self.first_channel)(row) + channel;
                    let factor = scale * before.scale[channel];
                    new_weights.extend(taps.iter().map(|&weight| (factor * f64::from(weight)) as f32));
                    offset += before.shift[channel] * taps.iter().copied().map(f64::from).sum::<f64>();
                }
            } else {
                new_weights.extend(old.iter().map(|&weight| (scale * f64::from(weight)) as f32));
            }
            new_bias.push((scale * offset + shift) as f32);
        }
        let has_bias = bias.is_some() || new_bias.iter().any(|&value| value != 0.0);
        (Weights::from(new_weights), has_bias.then(|| Weights::from(new_bias)))
    }
}
