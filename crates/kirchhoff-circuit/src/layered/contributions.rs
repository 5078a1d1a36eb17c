//! From a layer's rule to its contributions: normalisers, and the shares that bias and stabiliser absorb.

use std::ops::Range;

use kirchhoff_kernel::{
    Cancelled, Contributions, EdgeWeights, Forward, Monitor, Reduction, Slopes, SourceFactor, Term, Values,
    WeightFactor, join_channels, maximum, vectorised, zeros,
};

use rayon::prelude::*;

use super::{Destinations, Layer, LayerRule, LayeredCircuit, Normaliser, Part, SeparableRule, Tensor};

/// The contributions of one layer, for every execution of the batch.
#[derive(Clone, Debug)]
pub struct LayerContributions {
    /// One for all links, or one a link.
    edges: Vec<Contributions>,
    shares: Option<Vec<Share>>,
}

/// What one part of a rule gives its destination neurons to share out.
#[derive(Clone, Debug)]
struct Share {
    /// `z`, before it is stabilised.
    z: Values,
    /// `c / stab(z)`, or 0.
    v: Values,
    /// The numerator of the bias, one a channel.
    bias: Option<Vec<f32>>,
    /// Destination neurons of one part of the bias.
    size: usize,
}

/// The shares of destination neurons' relevance that no source receives, one a neuron.
pub struct Absorbed<'a> {
    /// By the bias.
    pub bias: &'a mut [f32],
    /// By the stabiliser, and by neurons that the rule gives no contributions.
    pub stabiliser: &'a mut [f32],
}

impl LayerContributions {
    /// The contributions of a link, by its number, as kernels take them.
    pub fn edges(&self, link: usize) -> &Contributions {
        self.edges.get(link).unwrap_or(&self.edges[0])
    }

    /// Whether the contributions to a neuron are shares of a whole: not where the normaliser is a maximum, and not where
    /// relevance passes.
    pub fn are_shares(&self) -> bool {
        self.shares.is_some()
    }

    /// Writes what the destination neurons from `first` on keep from their sources, where the contributions are shares;
    /// neurons are counted through all executions. Nothing where they are not.
    ///
    /// # Panics
    /// If there are not as many neurons, or not as many places for the one share as for the other.
    pub fn absorbed(&self, first: usize, absorbed: Absorbed<'_>) {
        let Absorbed { bias: by_bias, stabiliser } = absorbed;
        assert_eq!(by_bias.len(), stabiliser.len(), "places for the shares");
        by_bias.fill(0.0);
        stabiliser.fill(1.0);
        let neurons = first..first + by_bias.len();
        for share in self.shares.iter().flatten() {
            let (v, z) = (&share.v[neurons.clone()], &share.z[neurons.clone()]);
            if let Some(bias) = &share.bias {
                share.add_bias(bias, first, v, by_bias);
            }
            let places = stabiliser.iter_mut().zip(z.iter().zip(v));
            vectorised(|| places.for_each(|(place, (z, v))| *place -= z * v));
        }
    }
}

impl Share {
    /// Adds what the bias absorbs of neurons from `first` on.
    fn add_bias(&self, bias: &[f32], first: usize, v: &[f32], absorbed: &mut [f32]) {
        let channel = self.size / bias.len();
        let mut next = 0;
        while next < v.len() {
            let at = (first + next) % self.size;
            // To the end of the channel; where each neuron is one, of the part.
            let end = if channel == 1 { self.size - at } else { channel - at % channel };
            let end = v.len().min(next + end);
            let places = absorbed[next..end].iter_mut().zip(&v[next..end]);
            if channel == 1 {
                let places = places.zip(&bias[at..]);
                vectorised(|| places.for_each(|((place, v), bias)| *place += bias * v));
            } else {
                let bias = bias[at / channel];
                vectorised(|| places.for_each(|(place, v)| *place += bias * v));
            }
            next = end;
        }
    }
}

impl LayeredCircuit {
    /// Computes a layer's contributions: its normalisers, by forward passes over its edges.
    ///
    /// Takes O(edges · terms · batch) time, in parallel, and O(destinations · terms · batch) memory. A normaliser
    /// that equals the layer's own output is taken from there.
    ///
    /// # Errors
    /// [`Cancelled`] by the monitor.
    pub fn contributions(&self, layer: &Layer, monitor: &dyn Monitor) -> Result<LayerContributions, Cancelled> {
        match &layer.rule {
            LayerRule::Pass => Ok(LayerContributions { edges: vec![Contributions::Pass], shares: None }),
            LayerRule::Winner => Ok(LayerContributions { edges: self.winners(layer, 1.0), shares: None }),
            LayerRule::Least => Ok(LayerContributions { edges: self.winners(layer, -1.0), shares: None }),
            LayerRule::Chosen => Ok(LayerContributions { edges: self.chosen(layer), shares: None }),
            LayerRule::Separable(rule) => {
                Normalisation { circuit: self, layer, executions: 0..self.batch(), monitor }.terms(rule)
            }
        }
    }

    /// For each link, the neurons whose edge to their own place has a weight other than 0.
    fn chosen(&self, layer: &Layer) -> Vec<Contributions> {
        let size = self.tensor(layer.destination).size();
        let winners = |link: &super::Link| {
            let EdgeWeights::Executions(weights) = self.weights(&link.weights) else {
                return vec![u32::MAX; self.batch() * size];
            };
            let places = weights.iter().enumerate();
            places.map(|(at, weight)| if *weight != 0.0 { (at % size) as u32 } else { u32::MAX }).collect()
        };
        layer.links.iter().map(|link| Contributions::Winner(winners(link).into())).collect()
    }

    /// The source of the largest activation, times a sign, of each destination; one array a link, in which a destination
    /// whose winner comes by another link has none.
    fn winners(&self, layer: &Layer, sign: f32) -> Vec<Contributions> {
        let size = self.tensor(layer.destination).size();
        if let ([link], true) = (&layer.links[..], sign > 0.0) {
            let source = self.tensor(link.source);
            let (mut winners, mut values) = (vec![0; self.batch() * size], vec![0.0; size]);
            let executions = source.activations.chunks_exact(source.size()).zip(winners.chunks_exact_mut(size));
            executions.for_each(|(source, winners)| maximum(&link.wiring, source, &mut values, winners));
            return vec![Contributions::Winner(winners.into())];
        }
        let mut winners = vec![vec![u32::MAX; self.batch() * size]; layer.links.len()];
        let (mut values, mut own) = (vec![0.0; size], vec![0; size]);
        for execution in 0..self.batch() {
            let places = execution * size..(execution + 1) * size;
            let mut best = vec![(f32::NEG_INFINITY, 0); size];
            for (number, link) in layer.links.iter().enumerate() {
                let source = self.tensor(link.source);
                let activations = &source.activations[execution * source.size()..(execution + 1) * source.size()];
                if sign < 0.0 {
                    let negated: Vec<f32> = activations.iter().map(|activation| sign * activation).collect();
                    maximum(&link.wiring, &negated, &mut values, &mut own);
                } else {
                    maximum(&link.wiring, activations, &mut values, &mut own);
                }
                // The first of equals, among links too.
                for ((best, value), winner) in best.iter_mut().zip(&values).zip(&own) {
                    if *winner != u32::MAX && (*value > best.0 || best.0 == f32::NEG_INFINITY) {
                        *best = (*value, number);
                    }
                }
                winners[number][places.clone()].copy_from_slice(&own);
            }
            for (number, winners) in winners.iter_mut().enumerate() {
                let others = winners[places.clone()].iter_mut().zip(&best).filter(|(_, best)| best.1 != number);
                others.for_each(|(winner, _)| *winner = u32::MAX);
            }
        }
        winners.into_iter().map(|winners| Contributions::Winner(winners.into())).collect()
    }
}

/// Values that a task of elementwise work takes.
const CHUNK: usize = 1 << 14;

/// The normalisers of a layer for some executions.
#[derive(Clone)]
struct Normalisation<'a> {
    circuit: &'a LayeredCircuit,
    layer: &'a Layer,
    executions: Range<usize>,
    monitor: &'a dyn Monitor,
}

impl Normalisation<'_> {
    fn terms(&self, rule: &SeparableRule) -> Result<LayerContributions, Cancelled> {
        let destination = self.circuit.tensor(self.layer.destination);
        let size = destination.size();
        let mut terms = Vec::new();
        let mut shares = Vec::new();
        let groups = self.groups();
        let mut positive: Vec<Option<Values>> = vec![None; groups.len()];
        for part in &rule.parts {
            let bias = part.bias.then(|| self.bias(part)).flatten();
            let z = match &mut groups.iter().zip(&mut positive).collect::<Vec<_>>()[..] {
                [(group, positive)] => group.sum(part, bias.as_deref(), positive)?,
                groups => {
                    let mut z = Vec::with_capacity(self.executions.len() * size);
                    for (group, positive) in groups {
                        z.extend_from_slice(&group.sum(part, bias.as_deref(), positive)?);
                    }
                    z.into()
                }
            };
            let stabilised: Vec<_> = z.par_chunks(size.max(1)).map(|z| part.stabiliser.over(z)).collect();
            // v(k), for unit relevance of the neuron.
            let mut v = zeros(z.len());
            let executions = v.par_chunks_mut(size.max(1)).zip(z.par_chunks(size.max(1))).zip(&stabilised);
            executions.zip(destination.activations.par_chunks(size.max(1))).for_each(
                |(((v, z), stabilised), outputs)| {
                    let chunks = v.par_chunks_mut(CHUNK).zip(z.par_chunks(CHUNK)).zip(outputs.par_chunks(CHUNK));
                    chunks.for_each(|((v, z), outputs)| {
                        vectorised(|| {
                            for ((v, &z), &output) in v.iter_mut().zip(z).zip(outputs) {
                                let share = part.coefficient / stabilised.apply(z);
                                // An infinite share would make NaN of numerators of 0.
                                let is_given = part.destinations.include(output) && share.is_finite();
                                *v = if is_given { share } else { 0.0 };
                            }
                        });
                    });
                },
            );
            let v = Values::from(v);
            self.add_terms(part, &v, &mut terms);
            let size = self.layer.bias.as_ref().map_or(size, |bias| bias.part);
            shares.push(Share { z, v, bias, size });
        }
        let sums = rule.parts.iter().all(|part| part.normaliser == Normaliser::Sum);
        Ok(LayerContributions { edges: vec![Contributions::Terms(terms)], shares: sums.then_some(shares) })
    }

    /// The activations of a tensor in the executions.
    fn activations(&self, tensor: &Tensor) -> Values {
        self.part(&tensor.activations, tensor.size())
    }

    /// What belongs to the executions of values of which each has so many.
    fn part(&self, values: &Values, size: usize) -> Values {
        match self.executions == (0..self.circuit.batch()) {
            true => values.clone(),
            false => values[self.executions.start * size..self.executions.end * size].to_vec().into(),
        }
    }

    /// The executions, in runs whose source activations have the same signs: how a normaliser is computed depends on these, and
    /// its bits must not depend on what else is in a batch.
    fn groups(&self) -> Vec<Self> {
        let signs = |execution: usize| {
            let any = |is: fn(&f32) -> bool| {
                self.layer.links.iter().map(|link| self.circuit.tensor(link.source)).any(|source| {
                    let size = source.size();
                    source.activations[execution * size..(execution + 1) * size].iter().any(is)
                })
            };
            [any(|activation| *activation < 0.0), any(|activation| *activation > 0.0)]
        };
        if self.executions.len() < 2 {
            return vec![self.clone()];
        }
        let signs: Vec<[bool; 2]> = self.executions.clone().map(signs).collect();
        let mut first = self.executions.start;
        let group = |run: &[[bool; 2]]| {
            let executions = first..first + run.len();
            first = executions.end;
            Normalisation { executions, ..self.clone() }
        };
        signs.chunk_by(|a, b| a == b).map(group).collect()
    }

    /// `z` of every destination neuron of the executions, from the layer's output where that gives it.
    fn sum(&self, part: &Part, bias: Option<&[f32]>, positive: &mut Option<Values>) -> Result<Values, Cancelled> {
        match self.by_output(part, positive)? {
            Some(z) => Ok(z),
            None => self.normaliser(part, bias),
        }
    }

    /// What weights into a destination neuron are multiplied by, neurons being counted through the executions.
    fn scale(&self, scale: &[f32], neuron: usize) -> f32 {
        let size = self.circuit.tensor(self.layer.destination).size();
        scale[(self.executions.start * size + neuron) % scale.len()]
    }

    /// Turns a part's numerators into terms, leaving out those that are 0 on every edge.
    fn add_terms(&self, part: &Part, v: &Values, terms: &mut Vec<Term>) {
        for (source, weight) in &part.numerators {
            let vanishes = |link: &super::Link| source.vanishes(&self.circuit.tensor(link.source).activations);
            if self.layer.links.iter().all(vanishes) {
                continue;
            }
            let destination = match &self.layer.scale {
                None => v.clone(),
                Some(scale) => v.iter().enumerate().map(|(k, v)| v * weight.apply(self.scale(scale, k))).collect(),
            };
            terms.push(Term { source: source.clone(), weight: *weight, destination });
        }
    }

    /// `Σ_t u_t(1) ρ_t(b)`: the numerator of the bias as a source neuron of activation 1, one a channel.
    fn bias(&self, part: &Part) -> Option<Vec<f32>> {
        let bias = self.layer.bias.as_ref()?;
        let numerator = |&bias: &f32| -> f32 {
            let term = |(source, weight): &(SourceFactor, WeightFactor)| {
                let u = match source {
                    SourceFactor::Activation(slopes) => slopes.apply(1.0),
                    SourceFactor::One => 1.0,
                    SourceFactor::Channel(_) => 0.0,
                };
                u * weight.apply(bias)
            };
            part.numerators.iter().map(term).sum()
        };
        Some(bias.values.iter().map(numerator).collect())
    }

    /// `z = Σ a ρ(w) + ρ(b)` of a part whose `ρ` has slopes `n` below 0 and `p` above, from the layer's output: it is
    /// `n · output + (p − n) · (Σ a w⁺ + b⁺)`, of which the sum in brackets, `positive`, serves every part. Only for
    /// neurons where both summands have one sign, so that nothing cancels: `gamma`, whose parts are for either sign of the
    /// output, is made so. `None` for other parts.
    fn by_output(&self, part: &Part, positive: &mut Option<Values>) -> Result<Option<Values>, Cancelled> {
        let covers_bias = part.bias || self.layer.bias.is_none();
        let mut numerators = part.numerators.iter().filter(|(source, _)| {
            !self.layer.links.iter().all(|link| source.vanishes(&self.activations(self.circuit.tensor(link.source))))
        });
        let (Some((source, WeightFactor::Weight(slopes))), None) = (numerators.next(), numerators.next()) else {
            return Ok(None);
        };
        let same_sign = match part.destinations {
            Destinations::Positive => slopes.negative >= 0.0 && slopes.positive >= slopes.negative,
            Destinations::Negative => slopes.negative >= 0.0 && slopes.positive <= slopes.negative,
            Destinations::All => false,
        };
        // A source of positive activations alone is the source itself.
        let is_source = match source {
            SourceFactor::Activation(Slopes { positive: 1.0, negative }) => {
                *negative == 1.0 || {
                    let below = SourceFactor::Activation(Slopes::NEGATIVE);
                    self.layer
                        .links
                        .iter()
                        .all(|link| below.vanishes(&self.activations(self.circuit.tensor(link.source))))
                }
            }
            _ => false,
        };
        if !(self.layer.linear && covers_bias && same_sign && is_source && part.normaliser == Normaliser::Sum) {
            return Ok(None);
        }
        if positive.is_none() {
            let part =
                Part { numerators: vec![(source.clone(), WeightFactor::Weight(Slopes::POSITIVE))], ..part.clone() };
            let bias = part.bias.then(|| self.bias(&part)).flatten();
            *positive = Some(self.normaliser(&part, bias.as_deref())?);
        }
        let outputs = self.activations(self.circuit.tensor(self.layer.destination));
        let mut z = zeros(outputs.len());
        let positive = positive.as_deref().unwrap_or_default();
        let chunks = z.par_chunks_mut(CHUNK).zip(outputs.par_chunks(CHUNK)).zip(positive.par_chunks(CHUNK));
        let (below, above) = (slopes.negative, slopes.positive - slopes.negative);
        chunks.for_each(|((z, outputs), positive)| {
            let pairs = outputs.iter().zip(positive);
            z.iter_mut().zip(pairs).for_each(|(z, (output, positive))| *z = below * output + above * positive);
        });
        Ok(Some(z.into()))
    }

    /// `z` of every destination neuron of the executions.
    fn normaliser(&self, part: &Part, bias: Option<&[f32]>) -> Result<Values, Cancelled> {
        let destination = self.circuit.tensor(self.layer.destination);
        let identity = (SourceFactor::Activation(Slopes::IDENTITY), WeightFactor::IDENTITY);
        let covers_bias = part.bias || self.layer.bias.is_none();
        let is_output = self.layer.linear && covers_bias && part.numerators == [identity];
        if part.normaliser == Normaliser::Sum && is_output {
            return Ok(self.activations(destination));
        }
        let size = destination.size();
        let (reduction, join): (_, fn(f32, f32) -> f32) = match part.normaliser {
            Normaliser::Sum => (Reduction::Sum, |sum, product| sum + product),
            Normaliser::Maximum => (Reduction::Maximum, f32::max),
            Normaliser::One => return Ok(vec![1.0; self.executions.len() * size].into()),
        };
        let mut z = zeros(self.executions.len() * size);
        let mut products = zeros(z.len());
        for link in &self.layer.links {
            let activations = self.activations(self.circuit.tensor(link.source));
            let own;
            let weights = match self.circuit.weights(&link.weights) {
                EdgeWeights::Executions(weights) => {
                    own = self.part(weights, link.wiring.weights());
                    EdgeWeights::Executions(&own)
                }
                shared => shared,
            };
            for (factor, weight) in &part.numerators {
                if factor.vanishes(&activations) {
                    continue;
                }
                let forward = Forward {
                    wiring: &link.wiring,
                    weights,
                    source: factor,
                    weight: *weight,
                    reduction,
                    bias: None,
                    arithmetic: self.circuit.arithmetic(),
                };
                forward.run(&activations, &mut products, self.monitor)?;
                let scale = self.layer.scale.as_deref();
                z.par_iter_mut().zip(&products).enumerate().for_each(|(k, (z, product))| {
                    let scale = scale.map_or(1.0, |scale| weight.apply(self.scale(scale, k)));
                    *z = join(*z, scale * product);
                });
            }
        }
        if let Some(bias) = bias {
            match self.layer.bias.as_ref().map_or(size, |bias| bias.part) {
                // A value for each neuron of each execution.
                part if part > size => {
                    let own = &bias[self.executions.start * size..self.executions.end * size];
                    join_channels(&mut z, own.len(), own, join);
                }
                part => join_channels(&mut z, part, bias, join),
            }
        }
        Ok(z.into())
    }
}
