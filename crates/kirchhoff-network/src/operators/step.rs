//! One operator about to be executed, and the ways in which operators compute.

use kirchhoff_kernel::{
    Arithmetic, Cancelled, EdgeWeights, Forward, Monitor, Reduction, Slopes, SourceFactor, Values, WeightFactor,
    Weights, Wiring, maxima, zeros,
};
use rayon::prelude::*;

use super::broadcast::positions;
use super::{Link, LinkWeights, Shapes, elements};

/// Values that a task of elementwise work takes.
const CHUNK: usize = 1 << 14;

/// A node of a network and the values of its arguments.
pub(crate) struct Step<'a> {
    /// The node's name, for messages.
    pub name: &'a str,
    /// The values of each argument for all executions, one after the other.
    pub arguments: &'a [&'a Values],
    pub shapes: Shapes<'a>,
    /// The number of executions.
    pub batch: usize,
    /// How sums are computed.
    pub arithmetic: Arithmetic,
    pub monitor: &'a dyn Monitor,
}

impl Step<'_> {
    /// The values of the first argument.
    pub fn first(&self) -> &Values {
        self.arguments[0]
    }

    /// Sums over the edges of a wiring from the first argument, with weights unless all are 1, and a bias per channel.
    pub fn sum(&self, wiring: &Wiring, weights: Option<&Weights>, bias: Option<&[f32]>) -> Result<Vec<f32>, Cancelled> {
        let mut values = zeros(self.batch * wiring.destinations());
        self.sum_into(&mut values, self.first(), wiring, weights.into(), bias)?;
        Ok(values)
    }

    /// As [`sum`](Self::sum), of values that are no argument, into others.
    pub fn sum_into(
        &self,
        values: &mut [f32],
        source: &[f32],
        wiring: &Wiring,
        weights: EdgeWeights<'_>,
        bias: Option<&[f32]>,
    ) -> Result<(), Cancelled> {
        let forward = Forward {
            wiring,
            weights,
            source: &SourceFactor::Activation(Slopes::IDENTITY),
            weight: WeightFactor::IDENTITY,
            reduction: Reduction::Sum,
            bias,
            arithmetic: self.arithmetic,
        };
        forward.run(source, values, self.monitor)
    }

    /// The largest of some values over the edges of a wiring, execution by execution; `−∞` where no edge enters.
    pub fn maxima(&self, wiring: &Wiring, source: &[f32]) -> Vec<f32> {
        let mut values = zeros(self.batch * wiring.destinations());
        let executions = source.chunks_exact(wiring.sources()).zip(values.chunks_exact_mut(wiring.destinations()));
        executions.for_each(|(source, values)| maxima(wiring, source, values));
        values
    }

    /// A linear layer of one link.
    pub fn linear(&self, link: &Link, bias: Option<&Weights>) -> Result<Values, Cancelled> {
        let weights = match &link.weights {
            LinkWeights::Shared(weights) => Some(weights),
            LinkWeights::One | LinkWeights::Argument(_) | LinkWeights::Where { .. } | LinkWeights::Softmax => None,
        };
        Ok(self.sum(&link.wiring, weights, bias.map(|bias| &**bias))?.into())
    }

    /// A function of the first argument's values, in slices.
    pub fn mapped(&self, function: impl Fn(&[f32], &mut [f32]) + Sync) -> Values {
        let first = self.first();
        let mut values = zeros(first.len());
        let chunks = values.par_chunks_mut(CHUNK).zip(first.par_chunks(CHUNK));
        chunks.for_each(|(values, first)| function(first, values));
        values.into()
    }

    /// A function of two arguments' values at each place of the result, over which they are repeated where they are
    /// smaller.
    pub fn combined(&self, function: impl Fn(f32, f32) -> f32 + Sync) -> Values {
        let size = self.shapes.size();
        let mut values = zeros(self.batch * size);
        let positions = [0, 1].map(|argument| {
            let shape = self.shapes.arguments[argument];
            (elements(shape) != Some(size)).then(|| positions(shape, self.shapes.result))
        });
        let at = |argument: usize, execution: usize| {
            let values = self.arguments[argument];
            let own = values.len() / self.batch.max(1);
            &values[execution * own..(execution + 1) * own]
        };
        values.par_chunks_mut(size.max(1)).enumerate().for_each(|(execution, values)| {
            let [a, b] = [0, 1].map(|argument| at(argument, execution));
            let of = |positions: &Option<Vec<usize>>, place: usize| positions.as_ref().map_or(place, |own| own[place]);
            values.par_iter_mut().enumerate().with_min_len(CHUNK).for_each(|(place, value)| {
                *value = function(a[of(&positions[0], place)], b[of(&positions[1], place)]);
            });
        });
        values.into()
    }

    /// Arguments copied along links to their places in a tensor filled with `value`.
    pub fn rearranged(&self, links: &[Link], value: f32) -> Values {
        let size = self.shapes.size();
        let mut values = vec![value; self.batch * size];
        for Link { argument, wiring, .. } in links {
            let sources = self.arguments[*argument].chunks_exact(wiring.sources());
            for (source, values) in sources.zip(values.chunks_exact_mut(size)) {
                wiring.leaving(0..wiring.sources(), |run| {
                    for i in 0..run.length {
                        values[run.destination_at(i)] = source[run.source_at(i)];
                    }
                });
            }
        }
        values.into()
    }
}
