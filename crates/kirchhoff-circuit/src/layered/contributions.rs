//! From a layer's rule to its contributions: normalisers, and the shares that bias and stabiliser absorb.

use std::ops::Range;

use kirchhoff_kernel::{
    Cancelled, Contributions, Forward, Monitor, Reduction, Slopes, SourceFactor, Term, Values, WeightFactor,
    join_channels, maximum, vectorised, zeros,
};

use rayon::prelude::*;

use super::{Destinations, Layer, LayerRule, LayeredCircuit, Normaliser, Part, SeparableRule, Tensor};

/// The contributions of one layer, for every execution of the batch.
#[derive(Clone, Debug)]
pub struct LayerContributions {
    edges: Contributions,
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
    /// Destination neurons of one execution.
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
    /// The contributions as kernels take them.
    pub fn edges(&self) -> &Contributions {
        &self.edges
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
            // To the end of the channel; where each neuron is one, of the execution.
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
            LayerRule::Pass => Ok(LayerContributions { edges: Contributions::Pass, shares: None }),
            LayerRule::Winner => Ok(LayerContributions { edges: self.winners(layer), shares: None }),
            LayerRule::Separable(rule) => {
                Normalisation { circuit: self, layer, executions: 0..self.batch(), monitor }.terms(rule)
            }
        }
    }

    fn winners(&self, layer: &Layer) -> Contributions {
        let link = &layer.links[0];
        let source = self.tensor(link.source);
        let size = self.tensor(layer.destination).size();
        let mut winners = vec![0; self.batch() * size];
        let mut values = vec![0.0; size];
        for (activations, winners) in source.activations.chunks_exact(source.size()).zip(winners.chunks_exact_mut(size))
        {
            maximum(&link.wiring, activations, &mut values, winners);
        }
        Contributions::Winner(winners.into())
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
            shares.push(Share { z, v, bias, size });
        }
        let sums = rule.parts.iter().all(|part| part.normaliser == Normaliser::Sum);
        Ok(LayerContributions { edges: Contributions::Terms(terms), shares: sums.then_some(shares) })
    }

    /// The activations of a tensor in the executions.
    fn activations(&self, tensor: &Tensor) -> Values {
        let size = tensor.size();
        match self.executions == (0..self.circuit.batch()) {
            true => tensor.activations.clone(),
            false => tensor.activations[self.executions.start * size..self.executions.end * size].to_vec().into(),
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

    /// Turns a part's numerators into terms, leaving out those that are 0 on every edge.
    fn add_terms(&self, part: &Part, v: &Values, terms: &mut Vec<Term>) {
        let size = self.circuit.tensor(self.layer.destination).size();
        for (source, weight) in &part.numerators {
            let vanishes = |link: &super::Link| source.vanishes(&self.circuit.tensor(link.source).activations);
            if self.layer.links.iter().all(vanishes) {
                continue;
            }
            let destination = match &self.layer.scale {
                None => v.clone(),
                Some(scale) => v.iter().enumerate().map(|(k, v)| v * weight.apply(scale[k % size])).collect(),
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
        Some(bias.iter().map(numerator).collect())
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
        let mut z = zeros(self.executions.len() * size);
        let mut products = zeros(z.len());
        let join: fn(f32, f32) -> f32 = match part.normaliser {
            Normaliser::Sum => |sum, product| sum + product,
            Normaliser::Maximum => f32::max,
        };
        for link in &self.layer.links {
            let activations = self.activations(self.circuit.tensor(link.source));
            for (factor, weight) in &part.numerators {
                if factor.vanishes(&activations) {
                    continue;
                }
                let forward = Forward {
                    wiring: &link.wiring,
                    weights: self.layer.weights.as_ref(),
                    source: factor,
                    weight: *weight,
                    reduction: match part.normaliser {
                        Normaliser::Sum => Reduction::Sum,
                        Normaliser::Maximum => Reduction::Maximum,
                    },
                    bias: None,
                };
                forward.run(&activations, &mut products, self.monitor)?;
                let scale = self.layer.scale.as_deref();
                z.par_iter_mut().zip(&products).enumerate().for_each(|(k, (z, product))| {
                    let scale = scale.map_or(1.0, |scale| weight.apply(scale[k % size]));
                    *z = join(*z, scale * product);
                });
            }
        }
        if let Some(bias) = bias {
            join_channels(&mut z, size, bias, join);
        }
        Ok(z.into())
    }
}
