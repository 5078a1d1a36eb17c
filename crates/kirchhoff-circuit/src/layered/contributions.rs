//! From a layer's rule to its contributions: normalisers, and the shares that bias and stabiliser absorb.

use std::sync::Arc;

use kirchhoff_kernel::{
    Cancelled, Contributions, Forward, Monitor, Reduction, Slopes, SourceFactor, Term, WeightFactor, maximum,
};

use super::{Layer, LayerRule, LayeredCircuit, Normaliser, Part, SeparableRule};

/// The contributions of one layer, for every execution of the batch.
#[derive(Clone, Debug)]
pub struct LayerContributions {
    edges: Contributions,
    absorbed: Option<Absorbed>,
}

/// The share of each destination neuron's relevance that no source receives.
#[derive(Clone, Debug)]
pub struct Absorbed {
    /// By the bias.
    pub bias: Vec<f32>,
    /// By the stabiliser, and by neurons that the rule gives no contributions.
    pub stabiliser: Vec<f32>,
}

impl LayerContributions {
    /// The contributions as kernels take them.
    pub fn edges(&self) -> &Contributions {
        &self.edges
    }

    /// The absorbed shares, where the contributions to a neuron are shares of a whole; `None` where they are not
    /// (a normaliser that is a maximum).
    pub fn absorbed(&self) -> Option<&Absorbed> {
        self.absorbed.as_ref()
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
            LayerRule::Pass => Ok(LayerContributions { edges: Contributions::Pass, absorbed: None }),
            LayerRule::Winner => Ok(LayerContributions { edges: self.winners(layer), absorbed: None }),
            LayerRule::Separable(rule) => Normalisation { circuit: self, layer, monitor }.terms(rule),
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

struct Normalisation<'a> {
    circuit: &'a LayeredCircuit,
    layer: &'a Layer,
    monitor: &'a dyn Monitor,
}

impl Normalisation<'_> {
    fn terms(&self, rule: &SeparableRule) -> Result<LayerContributions, Cancelled> {
        let destination = self.circuit.tensor(self.layer.destination);
        let outputs = &destination.activations;
        let mut terms = Vec::new();
        let mut absorbed = Absorbed { bias: vec![0.0; outputs.len()], stabiliser: vec![1.0; outputs.len()] };
        let sums = rule.parts.iter().all(|part| part.normaliser == Normaliser::Sum);
        for part in &rule.parts {
            let bias = part.bias.then(|| self.bias(part)).flatten();
            let z = self.normaliser(part, bias.as_deref())?;
            let mut denominators = z.clone();
            for denominators in denominators.chunks_mut(destination.size()) {
                part.stabiliser.stabilise(denominators);
            }
            // v(k), the bias' share and the rest, all for unit relevance of the neuron.
            let v: Vec<f32> = denominators
                .iter()
                .zip(outputs.iter())
                .map(|(z, &output)| if part.destinations.include(output) { part.coefficient / z } else { 0.0 })
                .collect();
            for (k, &v) in v.iter().enumerate() {
                let bias = bias.as_ref().map_or(0.0, |bias| bias[k % destination.size()]) * v;
                absorbed.bias[k] += bias;
                absorbed.stabiliser[k] -= z[k] * v;
            }
            self.add_terms(part, v, &mut terms);
        }
        let absorbed = sums.then_some(absorbed);
        Ok(LayerContributions { edges: Contributions::Terms(terms), absorbed })
    }

    /// Turns a part's numerators into terms, leaving out those that are 0 on every edge.
    fn add_terms(&self, part: &Part, v: Vec<f32>, terms: &mut Vec<Term>) {
        let size = self.circuit.tensor(self.layer.destination).size();
        let v: Arc<[f32]> = v.into();
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

    /// `Σ_t u_t(1) ρ_t(b)`: the numerator of the bias as a source neuron of activation 1.
    fn bias(&self, part: &Part) -> Option<Vec<f32>> {
        let bias = self.layer.bias.as_ref()?;
        let channel = self.circuit.tensor(self.layer.destination).size() / bias.len();
        let numerator = |&bias: &f32| -> f32 {
            let of = |(source, weight): &(SourceFactor, WeightFactor)| {
                let u = match source {
                    SourceFactor::Activation(slopes) => slopes.apply(1.0),
                    SourceFactor::One => 1.0,
                    SourceFactor::Channel(_) => 0.0,
                };
                u * weight.apply(bias)
            };
            part.numerators.iter().map(of).sum()
        };
        Some(bias.iter().flat_map(|bias| std::iter::repeat_n(numerator(bias), channel)).collect())
    }

    /// `z` of every destination neuron of every execution.
    fn normaliser(&self, part: &Part, bias: Option<&[f32]>) -> Result<Vec<f32>, Cancelled> {
        let destination = self.circuit.tensor(self.layer.destination);
        let identity = (SourceFactor::Activation(Slopes::IDENTITY), WeightFactor::IDENTITY);
        let covers_bias = part.bias || self.layer.bias.is_none();
        let is_output = self.layer.linear && covers_bias && part.numerators == [identity];
        if part.normaliser == Normaliser::Sum && is_output {
            return Ok(destination.activations.to_vec());
        }
        let size = destination.size();
        let mut z = vec![0.0; self.circuit.batch() * size];
        let mut products = vec![0.0; size];
        let join: fn(f32, f32) -> f32 = match part.normaliser {
            Normaliser::Sum => |sum, product| sum + product,
            Normaliser::Maximum => f32::max,
        };
        for link in &self.layer.links {
            let source = self.circuit.tensor(link.source);
            for (factor, weight) in &part.numerators {
                if factor.vanishes(&source.activations) {
                    continue;
                }
                let forward = Forward {
                    wiring: &link.wiring,
                    weights: self.layer.weights.as_deref(),
                    source: factor,
                    weight: *weight,
                    reduction: match part.normaliser {
                        Normaliser::Sum => Reduction::Sum,
                        Normaliser::Maximum => Reduction::Maximum,
                    },
                };
                for (activations, z) in source.activations.chunks_exact(source.size()).zip(z.chunks_exact_mut(size)) {
                    forward.run(activations, &mut products, self.monitor)?;
                    for (k, (z, product)) in z.iter_mut().zip(&products).enumerate() {
                        let scale = self.layer.scale.as_ref().map_or(1.0, |scale| weight.apply(scale[k]));
                        *z = join(*z, scale * product);
                    }
                }
            }
        }
        if let Some(bias) = bias {
            for z in z.chunks_exact_mut(size) {
                z.iter_mut().zip(bias).for_each(|(z, &bias)| *z = join(*z, bias));
            }
        }
        Ok(z)
    }
}
