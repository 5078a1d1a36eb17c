//! Thresholds chosen for an execution, so that each layer keeps a wanted share of its neurons.

use std::time::{Duration, Instant};

use kirchhoff_circuit::{Conditions, LayerContributions, LayeredCircuit};
use kirchhoff_kernel::{Monitor, filled};
use kirchhoff_semiring::{Annotation, Bottleneck};

use crate::annotate::Annotations;
use crate::coverage::{Coverage, LayerTheta};
use crate::error::EvaluationError;
use crate::ledger::Bookkeeping;
use crate::step::LayerStep;
use crate::stream::{Advance, run};

/// Chooses the threshold of every layer that leaves it open, for each execution of a circuit on its own: a [`Chooser`]
/// that goes by itself.
///
/// `thetas` holds one Θ a layer, in the order of [`LayeredCircuit::layers`]; `start` says which outputs explanations start
/// from, one truth an output neuron and execution. The result has one list of annotations an execution.
///
/// Takes one pass over the edges in the bottleneck semiring, O(edges · batch), and memory as a stream does. The same
/// circuit gives the same bits whatever the number of threads.
///
/// # Errors
/// A start of the wrong size, or cancellation.
pub fn choose_thresholds(
    circuit: &LayeredCircuit,
    thetas: &[LayerTheta],
    start: &[bool],
    monitor: &dyn Monitor,
) -> Result<Vec<Annotations>, EvaluationError> {
    let mut chooser = Chooser::new(circuit, thetas.to_vec(), start)?;
    run(circuit, &mut [&mut chooser], monitor)?;
    Ok(chooser.into_annotations())
}

/// The choice of thresholds for every execution of a circuit, on its way from output to input.
///
/// Layer by layer: a source neuron's critical threshold is the largest contribution that it makes to a neuron that is
/// boolean-relevant under the thresholds of the layers above; θ is the [`threshold`](Coverage::threshold) that the wanted
/// share of the layer's source neurons reach. Those that do are relevant for the layers below. The neurons of all tensors
/// that a layer starts from count together. A layer that no relevance reaches takes [`Annotation::DEFAULT_THETA`].
///
/// What is given is used as it stands, and has to yield the semiring's 0 and 1 only, as thresholds do.
///
/// Whoever goes through the circuit with it needs no pass of their own before: what is [chosen](Chooser::chosen) for a layer
/// is known as soon as the chooser has [advanced](Advance::advance) through it.
pub struct Chooser<'a> {
    circuit: &'a LayeredCircuit,
    thetas: Vec<LayerTheta>,
    conditions: Conditions,
    /// Θ in the bottleneck semiring.
    annotations: Annotations,
    /// What each tensor that some layer has reached and no layer has left has received so far, of all executions.
    reached: Vec<Option<Vec<f32>>>,
    /// One an execution.
    chosen: Vec<Annotations>,
    time: Duration,
}

/// Relevance is ∞, irrelevance −∞: the 1 and 0 of the bottleneck semiring, in which a product is the edge's own Θ(d).
fn truth(relevant: bool) -> f32 {
    if relevant { f32::INFINITY } else { f32::NEG_INFINITY }
}

impl<'a> Chooser<'a> {
    /// A chooser that starts at the output: see [`choose_thresholds`].
    ///
    /// # Errors
    /// A start of the wrong size.
    pub fn new(circuit: &'a LayeredCircuit, thetas: Vec<LayerTheta>, start: &[bool]) -> Result<Self, EvaluationError> {
        let (batch, outputs) = (circuit.batch(), circuit.tensor(circuit.output()).size());
        if start.len() != batch * outputs {
            return Err(EvaluationError::Start { got: start.len(), batch, outputs });
        }
        let mut reached = vec![None; circuit.tensors().len()];
        reached[circuit.output().index()] = Some(start.iter().map(|&relevant| truth(relevant)).collect());
        let critical = |theta: &LayerTheta| match theta {
            LayerTheta::Given(annotation) => *annotation,
            LayerTheta::Chosen(_) => Annotation::Identity,
        };
        let annotations = Annotations::new(thetas.iter().map(critical).collect());
        let before = Annotations::new(thetas.iter().map(|theta| theta.before_choice()).collect());
        let (conditions, chosen) = (Conditions::default(), vec![before; batch]);
        Ok(Chooser { circuit, annotations, conditions, reached, chosen, time: Duration::ZERO, thetas })
    }

    /// The same choice where relevance goes through some neurons only, or without them.
    pub fn with_conditions(self, conditions: Conditions) -> Self {
        Chooser { conditions, ..self }
    }

    /// The annotation of a layer, one an execution: those before the choice until the chooser has advanced through it.
    pub fn chosen(&self, layer: usize) -> Vec<Annotation> {
        self.chosen.iter().map(|chosen| chosen.of(layer)).collect()
    }

    /// How long it has taken, with its share of what was done for several streams.
    pub fn time(&self) -> Duration {
        self.time
    }

    /// One list of annotations an execution.
    pub fn into_annotations(self) -> Vec<Annotations> {
        self.chosen
    }

    /// Chooses the threshold of a layer in every execution by the critical thresholds of its sources, link by link, which
    /// become their relevance.
    fn choose(&mut self, layer: usize, coverage: Coverage, sources: &mut [Vec<f32>]) {
        let batch = self.circuit.batch();
        let part = |reached: &[f32], execution: usize| {
            let size = reached.len() / batch;
            execution * size..(execution + 1) * size
        };
        for (execution, chosen) in self.chosen.iter_mut().enumerate() {
            let own = sources.iter().flat_map(|reached| &reached[part(reached, execution)]);
            let mut critical: Vec<f32> = own.copied().collect();
            let threshold = coverage.threshold(&mut critical);
            for reached in &mut *sources {
                let part = part(reached, execution);
                reached[part].iter_mut().for_each(|critical| *critical = truth(*critical >= threshold));
            }
            chosen.set(layer, Annotation::Threshold(threshold));
        }
    }
}

impl Advance for Chooser<'_> {
    fn reaches(&self, layer: usize) -> bool {
        self.reached[self.circuit.layers()[layer].destination.index()].is_some()
    }

    fn advance(
        &mut self,
        index: usize,
        contributions: &LayerContributions,
        monitor: &dyn Monitor,
    ) -> Result<(), EvaluationError> {
        let clock = Instant::now();
        let circuit = self.circuit;
        let layer = &circuit.layers()[index];
        let Some(mut destinations) = self.reached[layer.destination.index()].take() else { return Ok(()) };
        let size = circuit.tensor(layer.destination).size();
        let excluded = self.conditions.excluded(layer.destination, size);
        for relevance in destinations.chunks_mut(size.max(1)) {
            excluded.iter().for_each(|&neuron| relevance[neuron] = truth(false));
        }
        let bookkeeping = Bookkeeping::default();
        let step =
            LayerStep { circuit, index, contributions, semiring: &Bottleneck, bookkeeping: &bookkeeping, monitor };
        let mut sources: Vec<Vec<f32>> = Vec::with_capacity(layer.links.len());
        for (number, link) in layer.links.iter().enumerate() {
            let mut reached = filled(&f32::NEG_INFINITY, circuit.batch() * link.wiring.sources());
            if !self.conditions.leads_past(link.source, layer.destination) {
                step.propagate(number, &self.annotations, &destinations, &mut reached)?;
            }
            sources.push(reached);
        }
        if let (LayerTheta::Chosen(coverage), true) = (self.thetas[index], layer.is_annotated()) {
            self.choose(index, coverage, &mut sources);
        }
        for (link, reached) in layer.links.iter().zip(sources) {
            match &mut self.reached[link.source.index()] {
                Some(earlier) => earlier.iter_mut().zip(reached).for_each(|(earlier, now)| *earlier = earlier.max(now)),
                none => *none = Some(reached),
            }
        }
        self.charge(clock.elapsed());
        Ok(())
    }

    fn finish(&mut self) {}

    fn charge(&mut self, time: Duration) {
        self.time += time;
    }
}
