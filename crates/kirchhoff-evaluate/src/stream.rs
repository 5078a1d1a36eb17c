//! The stream: relevance from output to input, one layer at a time.

use kirchhoff_circuit::{LayerContributions, LayerRule, LayeredCircuit, TensorId};
use kirchhoff_kernel::{Cancelled, Edges, Monitor, propagate};
use kirchhoff_semiring::{AnnotationLoop, Semiring};
use rayon::prelude::*;
use thiserror::Error;

use crate::annotate::{Annotate, AnnotatedLayer};
use crate::ledger::{Conservation, Ledger, LedgerEntry};

/// Takes the relevance of tensors as the stream reaches them, from output to input.
pub trait Sink<V> {
    /// Called once for every tensor when its relevance is complete: for all executions of the batch, one after the
    /// other. What is not copied here is gone afterwards.
    fn tensor(&mut self, tensor: TensorId, relevance: &[V]);
}

/// Keeps the relevance of chosen tensors.
#[derive(Clone, Debug)]
pub struct Keep<V> {
    chosen: Vec<TensorId>,
    kept: Vec<Option<Vec<V>>>,
}

impl<V> Keep<V> {
    /// Keeps the given tensors.
    pub fn tensors(chosen: impl IntoIterator<Item = TensorId>) -> Self {
        let chosen: Vec<_> = chosen.into_iter().collect();
        Keep { kept: chosen.iter().map(|_| None).collect(), chosen }
    }

    /// Keeps the input.
    pub fn input(circuit: &LayeredCircuit) -> Self {
        Keep::tensors([circuit.input()])
    }

    /// Keeps every tensor.
    pub fn all(circuit: &LayeredCircuit) -> Self {
        Keep::tensors((0..circuit.tensors().len()).map(|index| TensorId(index as u32)))
    }

    /// The relevance of a tensor that was chosen, for all executions, one after the other.
    pub fn relevance(&self, tensor: TensorId) -> Option<&[V]> {
        let position = self.chosen.iter().position(|&chosen| chosen == tensor)?;
        self.kept[position].as_deref()
    }

    /// The tensors that were chosen, with their relevance.
    pub fn into_relevance(self) -> impl Iterator<Item = (TensorId, Vec<V>)> {
        self.chosen.into_iter().zip(self.kept).filter_map(|(tensor, kept)| Some((tensor, kept?)))
    }
}

impl<V: Clone> Sink<V> for Keep<V> {
    fn tensor(&mut self, tensor: TensorId, relevance: &[V]) {
        for (chosen, kept) in self.chosen.iter().zip(&mut self.kept) {
            if *chosen == tensor {
                *kept = Some(relevance.to_vec());
            }
        }
    }
}

/// Why a circuit cannot be evaluated.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EvaluationError {
    /// A start that is not one value an output neuron.
    #[error("{got} start values are given for {batch} executions of {outputs} outputs")]
    Start {
        /// Number of values given.
        got: usize,
        /// Number of executions.
        batch: usize,
        /// Number of output neurons of one.
        outputs: usize,
    },
    /// Stopped by the monitor.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// How the values of a semiring add up to the sums of a [`Conservation`]; `None` where they do not.
pub type Amount<'a, V> = Option<&'a (dyn Fn(&V) -> f64 + Sync)>;

/// Evaluates a layered circuit over a semiring: `R[j] = ⊕_k Θ(d[j,k]) ⊗ R[k]` (2.1.3) from `start` at the output
/// down to the input, for every execution of the batch.
///
/// `start` holds one value an output neuron and execution (2.1.2). `sink` is given every tensor's relevance. With
/// `amount`, the ledgers hold sums of relevance.
///
/// Takes O(edges · batch) operations of the semiring, in parallel, and memory for the relevance of the tensors that
/// the stream is between: two for a chain of layers. The same circuit gives the same bits whatever the number of
/// threads.
///
/// # Errors
/// A start of the wrong size, or cancellation.
pub fn stream<S: Semiring>(
    circuit: &LayeredCircuit,
    semiring: &S,
    annotations: &impl Annotate<S>,
    start: &[S::Value],
    amount: Amount<'_, S::Value>,
    sink: &mut dyn Sink<S::Value>,
    monitor: &dyn Monitor,
) -> Result<Vec<Ledger>, EvaluationError> {
    let (batch, outputs) = (circuit.batch(), circuit.tensor(circuit.output()).size());
    if start.len() != batch * outputs {
        return Err(EvaluationError::Start { got: start.len(), batch, outputs });
    }
    let mut relevance: Vec<Option<Vec<S::Value>>> = vec![None; circuit.tensors().len()];
    relevance[circuit.output().index()] = Some(start.to_vec());
    let mut ledgers = vec![Ledger::default(); batch];
    for (index, layer) in circuit.layers().iter().enumerate().rev() {
        // Layers are in the order of their destinations, and every user of a tensor comes later: it is complete.
        let Some(destinations) = relevance[layer.destination.index()].take() else { continue };
        sink.tensor(layer.destination, &destinations);
        let contributions = circuit.contributions(layer, monitor)?;
        let step = LayerStep { circuit, index, contributions: &contributions, semiring, amount, monitor };
        let mut entries = step.entries(&destinations);
        for (number, link) in layer.links.iter().enumerate() {
            let source = &mut relevance[link.source.index()];
            let size = batch * circuit.tensor(link.source).size();
            let mut sources = source.take().unwrap_or_else(|| vec![semiring.zero(); size]);
            step.link(number, annotations, &destinations, &mut sources, &mut entries)?;
            *source = Some(sources);
        }
        for (ledger, entry) in ledgers.iter_mut().zip(entries) {
            ledger.layers.push(entry);
        }
    }
    let size = batch * circuit.tensor(circuit.input()).size();
    let input = relevance[circuit.input().index()].take().unwrap_or_else(|| vec![semiring.zero(); size]);
    sink.tensor(circuit.input(), &input);
    Ok(ledgers)
}

/// One layer of the stream.
struct LayerStep<'a, S: Semiring> {
    circuit: &'a LayeredCircuit,
    index: usize,
    contributions: &'a LayerContributions,
    semiring: &'a S,
    amount: Amount<'a, S::Value>,
    monitor: &'a dyn Monitor,
}

impl<S: Semiring> LayerStep<'_, S> {
    /// Propagates along one link, for every execution.
    fn link(
        &self,
        number: usize,
        annotations: &impl Annotate<S>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
        entries: &mut [LedgerEntry],
    ) -> Result<(), Cancelled> {
        let layer = &self.circuit.layers()[self.index];
        let link = &layer.links[number];
        let (from, to) = (link.wiring.destinations(), link.wiring.sources());
        let executions = destinations.par_chunks(from).zip(sources.par_chunks_mut(to)).zip(entries).enumerate();
        executions.try_for_each(|(execution, ((destinations, sources), entry))| {
            let edges = self.circuit.edges_of(layer, link, self.contributions, execution);
            let sum = |sources: &[S::Value]| self.amount.map_or(0.0, |amount| sources.iter().map(amount).sum());
            let before: f64 = sum(sources);
            let view = AnnotatedLayer {
                circuit: self.circuit,
                index: self.index,
                contributions: self.contributions,
                execution,
                monitor: self.monitor,
            };
            let kept = if layer.rule == LayerRule::Pass {
                let pass = |_| self.semiring.one();
                Some(propagate(&edges, self.semiring, pass, destinations, sources, self.monitor)?)
            } else if let Some(done) = annotations.propagate(self.semiring, &view, &edges, destinations, sources) {
                done?;
                None
            } else {
                let semiring = self.semiring;
                let body = Propagation { edges, semiring, destinations, sources: &mut *sources, monitor: self.monitor };
                Some(annotations.annotate(self.semiring, &view, body)??)
            };
            entry.kept = entry.kept.zip(kept).map(|(sum, kept)| sum + kept);
            if let Some(conservation) = &mut entry.conservation {
                conservation.left += sum(sources) - before;
            }
            Ok(())
        })
    }

    /// The ledger's entries as far as they are known before any edge is walked.
    fn entries(&self, destinations: &[S::Value]) -> Vec<LedgerEntry> {
        let layer = &self.circuit.layers()[self.index];
        let size = self.circuit.tensor(layer.destination).size();
        let entry = |(execution, destinations): (usize, &[S::Value])| LedgerEntry {
            layer: layer.name.clone(),
            operator: layer.operator,
            rule: layer.rule_name.clone(),
            edges: layer.edges(),
            kept: Some(0),
            neurons: size as u64,
            relevant: destinations.iter().filter(|relevance| !self.semiring.is_zero(relevance)).count() as u64,
            conservation: self.amount.map(|amount| self.books(execution, destinations, amount)),
        };
        destinations.chunks(size).enumerate().map(entry).collect()
    }

    /// What enters the layer, and what no source receives.
    fn books(&self, execution: usize, destinations: &[S::Value], amount: impl Fn(&S::Value) -> f64) -> Conservation {
        let layer = &self.circuit.layers()[self.index];
        let amounts: Vec<f64> = destinations.iter().map(amount).collect();
        let size = amounts.len();
        let mut books = Conservation { entered: amounts.iter().sum(), ..Conservation::default() };
        match (&layer.rule, self.contributions.absorbed()) {
            (LayerRule::Pass | LayerRule::Winner, _) => {
                let mut fan_in = vec![0u64; size];
                for link in &layer.links {
                    fan_in.iter_mut().zip(link.wiring.fan_in()).for_each(|(sum, edges)| *sum += u64::from(edges));
                }
                // An addition that passes gives all of it to every branch.
                books.shares = layer.rule == LayerRule::Winner || fan_in.iter().all(|&edges| edges <= 1);
                books.uncovered = amounts.iter().zip(fan_in).filter(|(_, edges)| *edges == 0).map(|(a, _)| a).sum();
            }
            (LayerRule::Separable(_), Some(absorbed)) => {
                books.shares = true;
                let part = execution * size..(execution + 1) * size;
                let share = |shares: &[f32]| -> f64 {
                    shares[part.clone()].iter().zip(&amounts).map(|(&share, amount)| f64::from(share) * amount).sum()
                };
                books.bias = share(&absorbed.bias);
                books.stabiliser = share(&absorbed.stabiliser);
            }
            (LayerRule::Separable(_), None) => {}
        }
        books
    }
}

/// The loop over one link's edges, waiting for its Θ.
struct Propagation<'a, S: Semiring> {
    edges: Edges<'a>,
    semiring: &'a S,
    destinations: &'a [S::Value],
    sources: &'a mut [S::Value],
    monitor: &'a dyn Monitor,
}

impl<S: Semiring> AnnotationLoop<S::Value> for Propagation<'_, S> {
    type Output = Result<u64, Cancelled>;

    fn run(self, theta: impl Fn(f32) -> S::Value + Copy + Send + Sync) -> Result<u64, Cancelled> {
        propagate(&self.edges, self.semiring, theta, self.destinations, self.sources, self.monitor)
    }
}
