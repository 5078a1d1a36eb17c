//! Answers: relevance under one semiring, with its ledger.

use std::time::Duration;

use kirchhoff_evaluate::Ledger;
use kirchhoff_semiring::{Array, Limbs};
use serde::Serialize;

use crate::AnySemiring;

/// The relevance of a batch of inputs in one semiring.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The semiring.
    pub semiring: AnySemiring,
    /// The relevance of the input, and of every other tensor that was asked for, from input to output.
    pub tensors: Vec<TensorRelevance>,
    /// The input's relevance with the colour channels joined by ⊕, for pictures: `[inputs, height, width]`. `None` where
    /// it has no more than one.
    pub joined: Option<Array>,
    /// What the relevance of every tensor comes to, from output to input, where the question asks for it.
    pub summaries: Vec<TensorSummary>,
    /// One ledger an input.
    pub ledgers: Vec<Ledger>,
    /// The rule and annotation that each layer took.
    pub settings: Vec<LayerSetting>,
    /// The outputs that each input was explained from, with their signs.
    pub targets: Vec<Vec<(usize, f32)>>,
    /// How long it took.
    pub time: Duration,
}

impl Answer {
    /// Appends the answer to the same question about further inputs.
    ///
    /// # Panics
    /// If the other answer is to another question: in another semiring, or of other tensors.
    pub fn append(&mut self, other: Answer) {
        assert_eq!(self.semiring.name, other.semiring.name, "answers in one semiring");
        assert_eq!(self.tensors.len(), other.tensors.len(), "answers of the same tensors");
        for (tensor, other) in self.tensors.iter_mut().zip(other.tensors) {
            tensor.limbs = match (tensor.limbs.take(), other.limbs) {
                (None, None) => None,
                (limbs, others) => Some(concatenated(
                    limbs.unwrap_or_else(|| whole(&tensor.values)),
                    others.unwrap_or_else(|| whole(&other.values)),
                )),
            };
            tensor.values.append(other.values);
            tensor.columns.iter_mut().zip(other.columns).for_each(|((_, column), (_, other))| column.append(other));
        }
        if let (Some(joined), Some(other)) = (&mut self.joined, other.joined) {
            joined.append(other);
        }
        for (summary, other) in self.summaries.iter_mut().zip(other.summaries) {
            summary.channels.append(other.channels);
            summary.quantiles.extend(other.quantiles);
        }
        self.ledgers.extend(other.ledgers);
        for (setting, other) in self.settings.iter_mut().zip(other.settings) {
            if let (Some(thresholds), Some(others)) = (&mut setting.thresholds, other.thresholds) {
                thresholds.extend(others);
            }
        }
        self.targets.extend(other.targets);
        self.time += other.time;
    }
}

/// Whole numbers below 2⁵³ as limbs.
fn whole(values: &Array) -> Limbs {
    Limbs { width: 1, limbs: values.to_f64().into_iter().map(|value| value as u64).collect() }
}

/// Limbs one after the other, at the width that the wider ones need.
fn concatenated(first: Limbs, second: Limbs) -> Limbs {
    let width = first.width.max(second.width);
    let widened = |limbs: Limbs| -> Vec<u64> {
        let padded = |row: &[u64]| row.iter().copied().chain(std::iter::repeat_n(0, width - row.len())).collect();
        limbs.limbs.chunks(limbs.width).flat_map(|row| -> Vec<u64> { padded(row) }).collect()
    };
    Limbs { width, limbs: [widened(first), widened(second)].concat() }
}

/// The relevance of one tensor.
#[derive(Clone, Debug)]
pub struct TensorRelevance {
    /// Name of the tensor.
    pub name: String,
    /// Shape for one input.
    pub shape: Vec<usize>,
    /// The values for all inputs, one after the other.
    pub values: Array,
    /// The values to the last digit, where they are integers that `values` may have rounded.
    pub limbs: Option<Limbs>,
    /// The parts of the values under their names, where a value is more than one number.
    pub columns: Vec<(String, Array)>,
}

/// Tensors of more channels than this are summed up without them.
pub const SUMMARY_CHANNELS: usize = 2048;

/// So many values, at equal distances in their order, stand for those of a tensor that has more.
pub const QUANTILES: usize = 513;

/// What the relevance of a tensor comes to, where all of it is not kept.
#[derive(Clone, Debug)]
pub struct TensorSummary {
    /// Name of the tensor.
    pub name: String,
    /// Shape for one input.
    pub shape: Vec<usize>,
    /// The relevance of each channel, `⊕` over its neurons, for all inputs, one after the other: channels are the entries of
    /// the first axis, or neurons, where there is one axis. None of a tensor of more than [`SUMMARY_CHANNELS`], and none where
    /// `⊕` is [none that numbers have](kirchhoff_semiring::SemiringInfo::join).
    pub channels: Array,
    /// Of critical thresholds: all values of the tensor in ascending order, or [`QUANTILES`] of them at equal distances, for
    /// all inputs, one after the other. None of other values.
    pub quantiles: Vec<f32>,
}

/// What one layer was given.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerSetting {
    /// Name of the layer.
    pub layer: String,
    /// Its rule.
    pub rule: String,
    /// Its annotation, unless it only passes relevance on.
    pub annotation: Option<String>,
    /// The thresholds that were chosen for it, one an input, where the annotation leaves them open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Vec<f32>>,
}
