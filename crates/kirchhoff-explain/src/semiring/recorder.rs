//! What a stream leaves behind: the relevance of some tensors, and what that of every tensor comes to.

use std::borrow::Cow;

use kirchhoff_circuit::{LayeredCircuit, TensorId};
use kirchhoff_evaluate::{Keep, Sink};
use kirchhoff_kernel::parallel;
use kirchhoff_semiring::{Array, Join, Meaning, Project};

use crate::answer::{QUANTILES, SUMMARY_CHANNELS, TensorSummary};

/// Keeps the relevance of some tensors, and sums up that of all where it is asked to.
pub(super) struct Recorder<'a, S: Project> {
    pub(super) keep: Keep<S::Value>,
    pub(super) summaries: Option<Summaries<'a, S>>,
}

/// What the relevance of tensors comes to, from output to input.
pub(super) struct Summaries<'a, S: Project> {
    pub(super) semiring: &'a S,
    pub(super) circuit: &'a LayeredCircuit,
    pub(super) meaning: Meaning,
    /// `⊕` on values as numbers: channels are joined by it, so that no sum leaves what the semiring's own values can hold.
    pub(super) join: Option<Join>,
    pub(super) found: Vec<TensorSummary>,
}

impl<S: Project> Sink<S::Value> for Recorder<'_, S> {
    fn tensor(&mut self, tensor: TensorId, relevance: Cow<'_, [S::Value]>) {
        if let Some(summaries) = &mut self.summaries {
            summaries.add(tensor, &relevance);
        }
        self.keep.tensor(tensor, relevance);
    }
}

impl<S: Project> Summaries<'_, S> {
    fn add(&mut self, id: TensorId, relevance: &[S::Value]) {
        let tensor = self.circuit.tensor(id);
        let size = tensor.size();
        let channels = match self.join {
            Some(_) if tensor.shape.len() > 1 => tensor.shape[0],
            Some(_) => size,
            None => 0,
        };
        let channels = if channels > SUMMARY_CHANNELS { 0 } else { channels };
        let length = size.checked_div(channels).unwrap_or(0);
        let sum = |channel: usize| {
            let values = relevance[channel * length..(channel + 1) * length].iter();
            let mut numbers = values.map(|value| self.semiring.project(value));
            let first = numbers.next().unwrap_or_default();
            self.join.map_or(first, |join| numbers.fold(first, |sum, number| join.join(sum, number)))
        };
        let sums: Vec<f64> = parallel::map(self.circuit.batch() * channels, &sum);
        let quantiles = match self.meaning {
            Meaning::Threshold => relevance.chunks(size.max(1)).flat_map(|values| self.quantiles(values)).collect(),
            Meaning::Signed | Meaning::Share | Meaning::Count | Meaning::Truth | Meaning::Cost | Meaning::Score => {
                Vec::new()
            }
        };
        self.found.push(TensorSummary {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            channels: self.like_relevance(sums),
            quantiles,
        });
    }

    /// Numbers in the type of the semiring's relevance.
    fn like_relevance(&self, numbers: Vec<f64>) -> Array {
        match self.semiring.array(Vec::new()) {
            Array::Bool(_) => Array::Bool(numbers.into_iter().map(|number| number > 0.0).collect()),
            Array::F32(_) => Array::F32(numbers.into_iter().map(|number| number as f32).collect()),
            Array::F64(_) => Array::F64(numbers),
        }
    }

    /// The values of a tensor in their order: all of them, or so many at equal distances.
    fn quantiles(&self, values: &[S::Value]) -> Vec<f32> {
        let mut sorted: Vec<f32> = values.iter().map(|value| self.semiring.project(value) as f32).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        if sorted.len() <= QUANTILES {
            return sorted;
        }
        (0..QUANTILES).map(|at| sorted[at * (sorted.len() - 1) / (QUANTILES - 1)]).collect()
    }
}
