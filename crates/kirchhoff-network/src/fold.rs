//! Folding per-channel multiply-adds into layers with weights, in f64.

use kirchhoff_kernel::Weights;

use crate::operators::{Affine, Operation, Operator, Side};

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

    /// The number of channels.
    pub(crate) fn channels(&self) -> usize {
        self.scale.len()
    }

    /// The factor and the summand of a channel.
    pub(crate) fn at(&self, channel: usize) -> (f64, f64) {
        (self.scale[channel], self.shift[channel])
    }

    /// Factor and summand, where they are those of every channel.
    pub(crate) fn uniform(&self) -> Option<(f64, f64)> {
        (1..self.scale.len()).all(|channel| self.same(0, channel)).then(|| self.at(0))
    }

    /// Whether it adds anything.
    pub(crate) fn shifts(&self) -> bool {
        self.shift.iter().any(|&shift| shift as f32 != 0.0)
    }

    /// Itself without what it adds.
    pub(crate) fn without_shift(&self) -> PerChannel {
        PerChannel { scale: self.scale.clone(), shift: vec![0.0; self.shift.len()] }
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

    /// The same multiply-add of each value, where they are divided among `channels` in runs of `to` values, and not in runs
    /// of `from`; `None` where a new channel would need several.
    pub(crate) fn regrouped(&self, from: usize, to: usize, channels: usize) -> Option<PerChannel> {
        let mut regrouped = PerChannel { scale: Vec::with_capacity(channels), shift: Vec::with_capacity(channels) };
        for channel in 0..channels {
            let (first, last) = (channel * to / from, ((channel + 1) * to - 1) / from);
            if (first + 1..=last).any(|other| !self.same(first, other)) {
                return None;
            }
            regrouped.scale.push(self.scale[first]);
            regrouped.shift.push(self.shift[first]);
        }
        Some(regrouped)
    }

    fn same(&self, a: usize, b: usize) -> bool {
        self.scale[a] as f32 == self.scale[b] as f32 && self.shift[a] as f32 == self.shift[b] as f32
    }
}

/// An operator, with what is to be folded into it.
pub(crate) struct Folded {
    operator: Operator,
    before: Option<PerChannel>,
    after: Option<PerChannel>,
}

impl Folded {
    /// An operator that nothing is folded into yet.
    pub(crate) fn new(operator: Operator) -> Self {
        Folded { operator, before: None, after: None }
    }

    /// The operator, without what is to be folded into it.
    pub(crate) fn operation(&self) -> &dyn Operation {
        self.operator.operation()
    }

    /// Folds in a multiply-add of the result, if the operator has weights that take it.
    #[must_use]
    pub(crate) fn follow(&mut self, affine: &PerChannel) -> bool {
        let absorbs = self.operation().absorbs(affine, Side::After);
        if absorbs {
            self.after = Some(self.after.as_ref().map_or_else(|| affine.clone(), |after| after.then(affine)));
        }
        absorbs
    }

    /// Folds in a multiply-add of the argument, if the operator has weights that take it exactly.
    #[must_use]
    pub(crate) fn precede(&mut self, affine: &PerChannel) -> bool {
        let absorbs = self.operation().absorbs(affine, Side::Before);
        if absorbs {
            self.before = Some(self.before.as_ref().map_or_else(|| affine.clone(), |before| affine.then(before)));
        }
        absorbs
    }

    /// The operator with everything folded in.
    pub(crate) fn finish(self) -> Operator {
        if self.before.is_none() && self.after.is_none() {
            return self.operator;
        }
        let absorbed = self.operation().absorbed(self.before.as_ref(), self.after.as_ref());
        absorbed.unwrap_or(self.operator)
    }
}

/// Weights as one row for each output channel.
pub(crate) struct Rows<'a> {
    /// Weights of a row.
    pub(crate) length: usize,
    /// Neighbouring weights of a row that share an input channel.
    pub(crate) taps: usize,
    /// The input channel of a row's first weight.
    pub(crate) first_channel: &'a dyn Fn(usize) -> usize,
}

impl Rows<'_> {
    /// Weights and bias with multiply-adds of the argument and of the result in them.
    pub(crate) fn fold(
        &self,
        weights: &[f32],
        bias: Option<&[f32]>,
        before: Option<&PerChannel>,
        after: Option<&PerChannel>,
    ) -> (Weights, Option<Weights>) {
        let mut new_weights = Vec::with_capacity(weights.len());
        let mut new_bias = Vec::with_capacity(weights.len() / self.length);
        for (row, old) in weights.chunks_exact(self.length).enumerate() {
            let (scale, shift) = after.map_or((1.0, 0.0), |after| (after.scale[row], after.shift[row]));
            let mut offset = bias.map_or(0.0, |bias| f64::from(bias[row]));
            if let Some(before) = before {
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
