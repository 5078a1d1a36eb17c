//! One layer of the stream, with its entry in the books.

use kirchhoff_circuit::{Layer, LayerContributions, LayerRule, LayeredCircuit};
use kirchhoff_kernel::{Cancelled, Edges, Monitor, propagate};
use kirchhoff_semiring::{AnnotationLoop, Semiring};
use rayon::prelude::*;

use crate::annotate::{Annotate, AnnotatedLayer};
use crate::ledger::{Conservation, LedgerEntry};
use crate::stream::Bookkeeping;

/// Neurons whose relevance is added up together: sums do not depend on the number of threads.
const CHUNK: usize = 1 << 13;

/// One layer of the stream.
pub(crate) struct LayerStep<'a, S: Semiring> {
    pub circuit: &'a LayeredCircuit,
    pub index: usize,
    pub contributions: &'a LayerContributions,
    pub semiring: &'a S,
    pub bookkeeping: &'a Bookkeeping<'a, S::Value>,
    pub monitor: &'a dyn Monitor,
}

impl<S: Semiring> LayerStep<'_, S> {
    fn layer(&self) -> &Layer {
        &self.circuit.layers()[self.index]
    }

    /// Propagates along one link, for every execution, to sources that are all 0 if they are `fresh`.
    pub fn link(
        &self,
        number: usize,
        annotations: &impl Annotate<S>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
        fresh: bool,
        entries: &mut [LedgerEntry],
    ) -> Result<(), Cancelled> {
        let size = self.layer().links[number].wiring.sources();
        let before: Vec<f64> = match fresh {
            true => vec![0.0; entries.len()],
            false => sources.chunks(size).map(|sources| self.sum(sources)).collect(),
        };
        self.propagate(number, annotations, destinations, sources)?;
        for ((entry, sources), before) in entries.iter_mut().zip(sources.chunks(size)).zip(before) {
            if let Some(conservation) = &mut entry.conservation {
                conservation.left += self.sum(sources) - before;
            }
        }
        if self.bookkeeping.kept {
            self.count_kept(number, annotations, entries)?;
        }
        Ok(())
    }

    fn propagate(
        &self,
        number: usize,
        annotations: &impl Annotate<S>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Result<(), Cancelled> {
        let layer = self.layer();
        let link = &layer.links[number];
        let edges = self.circuit.edges_of(layer, link, self.contributions);
        if layer.rule != LayerRule::Pass {
            let view = self.annotated(0);
            if let Some(done) = annotations.propagate(self.semiring, &view, &edges, destinations, sources) {
                return done;
            }
        }
        let (from, to) = (link.wiring.destinations(), link.wiring.sources());
        let executions = destinations.par_chunks(from).zip(sources.par_chunks_mut(to)).enumerate();
        executions.try_for_each(|(execution, (destinations, sources))| {
            let edges = edges.execution(execution);
            let walk = Walk { edges, semiring: self.semiring, destinations, sources, monitor: self.monitor };
            match layer.rule {
                LayerRule::Pass => walk.run(|_| self.semiring.one()),
                _ => annotations.annotate(self.semiring, &self.annotated(execution), walk)?,
            }
        })
    }

    /// Adds up how many edges of a link Θ keeps.
    fn count_kept(
        &self,
        number: usize,
        annotations: &impl Annotate<S>,
        entries: &mut [LedgerEntry],
    ) -> Result<(), Cancelled> {
        let layer = self.layer();
        let link = &layer.links[number];
        for (execution, entry) in entries.iter_mut().enumerate() {
            let kept = match layer.rule {
                LayerRule::Pass => link.wiring.edges(),
                _ => {
                    let edges = self.circuit.edges_in(layer, link, self.contributions, execution);
                    let count = Count { edges, semiring: self.semiring, monitor: self.monitor };
                    annotations.annotate(self.semiring, &self.annotated(execution), count)??
                }
            };
            entry.kept = Some(entry.kept.unwrap_or(0) + kept);
        }
        Ok(())
    }

    fn annotated(&self, execution: usize) -> AnnotatedLayer<'_> {
        AnnotatedLayer {
            circuit: self.circuit,
            index: self.index,
            contributions: self.contributions,
            execution,
            monitor: self.monitor,
        }
    }

    /// The relevance of some neurons added up; 0 where values do not add up.
    fn sum(&self, relevance: &[S::Value]) -> f64 {
        let Some(amount) = self.bookkeeping.amount else { return 0.0 };
        let chunk = |relevance: &[S::Value]| -> f64 { relevance.iter().map(amount).sum() };
        let sums: Vec<f64> = relevance.par_chunks(CHUNK).map(chunk).collect();
        sums.into_iter().sum()
    }

    /// The ledger's entries as far as they are known before any edge is walked.
    pub fn entries(&self, destinations: &[S::Value]) -> Vec<LedgerEntry> {
        let layer = self.layer();
        let size = self.circuit.tensor(layer.destination).size();
        let entry = |(execution, destinations): (usize, &[S::Value])| LedgerEntry {
            layer: layer.name.clone(),
            operator: layer.operator,
            rule: layer.rule_name.clone(),
            edges: layer.edges(),
            kept: None,
            neurons: size as u64,
            relevant: destinations.par_iter().filter(|relevance| !self.semiring.is_zero(relevance)).count() as u64,
            conservation: self.bookkeeping.amount.map(|amount| self.books(execution, destinations, amount)),
        };
        destinations.chunks(size).enumerate().map(entry).collect()
    }

    /// What enters the layer, and what no source receives.
    fn books(
        &self,
        execution: usize,
        destinations: &[S::Value],
        amount: impl Fn(&S::Value) -> f64 + Sync,
    ) -> Conservation {
        let layer = self.layer();
        let mut books = Conservation { entered: self.sum(destinations), ..Conservation::default() };
        match &layer.rule {
            LayerRule::Pass | LayerRule::Winner => {
                let mut fan_in = vec![0u64; destinations.len()];
                for link in &layer.links {
                    fan_in.iter_mut().zip(link.wiring.fan_in()).for_each(|(sum, edges)| *sum += u64::from(edges));
                }
                // An addition that passes gives all of it to every branch.
                books.shares = layer.rule == LayerRule::Winner || fan_in.iter().all(|&edges| edges <= 1);
                let uncovered = destinations.iter().zip(fan_in).filter(|(_, edges)| *edges == 0);
                books.uncovered = uncovered.map(|(relevance, _)| amount(relevance)).sum();
            }
            LayerRule::Separable(_) if self.contributions.are_shares() => {
                books.shares = true;
                let first = execution * destinations.len();
                let chunk = |(number, relevance): (usize, &[S::Value])| {
                    let mut sums = [0.0, 0.0];
                    for (neuron, relevance) in relevance.iter().enumerate() {
                        let amount = amount(relevance);
                        if amount != 0.0 {
                            let absorbed = self.contributions.absorbed(first + number * CHUNK + neuron);
                            sums[0] += f64::from(absorbed.bias) * amount;
                            sums[1] += f64::from(absorbed.stabiliser) * amount;
                        }
                    }
                    sums
                };
                let sums: Vec<[f64; 2]> = destinations.par_chunks(CHUNK).enumerate().map(chunk).collect();
                books.bias = sums.iter().map(|sums| sums[0]).sum();
                books.stabiliser = sums.iter().map(|sums| sums[1]).sum();
            }
            LayerRule::Separable(_) => {}
        }
        books
    }
}

/// The walk along one link's edges, waiting for its Θ.
struct Walk<'a, S: Semiring> {
    edges: Edges<'a>,
    semiring: &'a S,
    destinations: &'a [S::Value],
    sources: &'a mut [S::Value],
    monitor: &'a dyn Monitor,
}

impl<S: Semiring> AnnotationLoop<S::Value> for Walk<'_, S> {
    type Output = Result<(), Cancelled>;

    fn run(self, theta: impl Fn(f32) -> S::Value + Copy + Send + Sync) -> Result<(), Cancelled> {
        propagate(&self.edges, self.semiring, theta, self.destinations, self.sources, self.monitor)
    }
}

/// The count of the edges that a Θ keeps, waiting for it.
struct Count<'a, S> {
    edges: Edges<'a>,
    semiring: &'a S,
    monitor: &'a dyn Monitor,
}

impl<S: Semiring> AnnotationLoop<S::Value> for Count<'_, S> {
    type Output = Result<u64, Cancelled>;

    fn run(self, theta: impl Fn(f32) -> S::Value + Copy + Send + Sync) -> Result<u64, Cancelled> {
        let add = |kept: &mut u64, contributions: &[f32]| {
            *kept += contributions.iter().filter(|&&d| !self.semiring.is_zero(&theta(d))).count() as u64;
        };
        self.edges.fold(|| 0, add, |a, b| a + b, self.monitor)
    }
}
