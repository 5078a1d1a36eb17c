//! One layer of the stream, with its entry in the books.

use kirchhoff_circuit::{Absorbed, Layer, LayerContributions, LayerRule, LayeredCircuit};
use kirchhoff_kernel::{Cancelled, Edges, Monitor, Wiring, propagate};
use kirchhoff_semiring::{AnnotationLoop, Semiring};
use rayon::prelude::*;

use crate::annotate::{Annotate, AnnotatedLayer};
use crate::ledger::{Conservation, LedgerEntry};
use crate::stream::Bookkeeping;

/// Neurons whose relevance is added up together: sums do not depend on the number of threads.
const CHUNK: usize = 1 << 13;
/// Neurons whose amounts are written at a time.
const FEW: usize = 1 << 9;

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
            false => sources.par_chunks(size).map(|sources| self.sum(sources)).collect(),
        };
        self.propagate(number, annotations, destinations, sources)?;
        entries.par_iter_mut().zip(sources.par_chunks(size)).zip(before).for_each(|((entry, sources), before)| {
            if let Some(conservation) = &mut entry.conservation {
                conservation.left += self.sum(sources) - before;
            }
        });
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
        self.sums(relevance, |_, amounts, sums| {
            sums[0] += total(amounts);
        })[0]
    }

    /// Sums over the amounts of some neurons, in parallel: `add` is given a few of them and the position of the first.
    fn sums(&self, relevance: &[S::Value], add: impl Fn(usize, &[f64], &mut [f64; 2]) + Sync) -> [f64; 2] {
        let Some(amount) = self.bookkeeping.amount else { return [0.0; 2] };
        let chunk = |(number, relevance): (usize, &[S::Value])| {
            let (mut amounts, mut sums) = ([0.0; FEW], [0.0; 2]);
            for (part, relevance) in relevance.chunks(FEW).enumerate() {
                let amounts = &mut amounts[..relevance.len()];
                amount(relevance, amounts);
                add(number * CHUNK + part * FEW, amounts, &mut sums);
            }
            sums
        };
        let sums: Vec<[f64; 2]> = relevance.par_chunks(CHUNK).enumerate().map(chunk).collect();
        sums.iter().fold([0.0; 2], |[a, b], [c, d]| [a + c, b + d])
    }

    /// The ledger's entries as far as they are known before any edge is walked.
    pub fn entries(&self, destinations: &[S::Value]) -> Vec<LedgerEntry> {
        let layer = self.layer();
        let size = self.circuit.tensor(layer.destination).size();
        let entry = |(execution, destinations): (usize, &[S::Value])| LedgerEntry {
            layer: layer.name.clone(),
            operator: layer.operator.clone(),
            rule: layer.rule_name.clone(),
            edges: layer.edges(),
            kept: None,
            neurons: size as u64,
            relevant: destinations.par_chunks(CHUNK).map(|part| self.relevant(part)).sum(),
            conservation: self.bookkeeping.amount.map(|_| self.books(execution, destinations)),
        };
        destinations.par_chunks(size).enumerate().map(entry).collect()
    }

    fn relevant(&self, destinations: &[S::Value]) -> u64 {
        destinations.iter().filter(|relevance| !self.semiring.is_zero(relevance)).count() as u64
    }

    /// What enters the layer, and what no source receives.
    fn books(&self, execution: usize, destinations: &[S::Value]) -> Conservation {
        let layer = self.layer();
        let mut books = Conservation { entered: self.sum(destinations), ..Conservation::default() };
        match &layer.rule {
            LayerRule::Pass | LayerRule::Winner => {
                let mut fan_in = vec![0u64; destinations.len()];
                for link in &layer.links {
                    match link.wiring {
                        Wiring::Identity { .. } => fan_in.iter_mut().for_each(|sum| *sum += 1),
                        ref wiring => {
                            fan_in.iter_mut().zip(wiring.fan_in()).for_each(|(sum, edges)| *sum += u64::from(edges));
                        }
                    }
                }
                // An addition that passes gives all of it to every branch.
                books.shares = layer.rule == LayerRule::Winner || fan_in.iter().all(|&edges| edges <= 1);
                if fan_in.contains(&0) {
                    [books.uncovered, _] = self.sums(destinations, |first, amounts, sums| {
                        let uncovered = amounts.iter().zip(&fan_in[first..]).filter(|(_, edges)| **edges == 0);
                        sums[0] += uncovered.map(|(amount, _)| amount).sum::<f64>();
                    });
                }
            }
            LayerRule::Separable(_) if self.contributions.are_shares() => {
                books.shares = true;
                let offset = execution * destinations.len();
                [books.bias, books.stabiliser] = self.sums(destinations, |first, amounts, sums| {
                    let (mut bias, mut stabiliser) = ([0.0; FEW], [0.0; FEW]);
                    let (bias, stabiliser) = (&mut bias[..amounts.len()], &mut stabiliser[..amounts.len()]);
                    self.contributions.absorbed(offset + first, Absorbed { bias, stabiliser });
                    sums[0] += dot(bias, amounts);
                    sums[1] += dot(stabiliser, amounts);
                });
            }
            LayerRule::Separable(_) => {}
        }
        books
    }
}

/// A sum, in several partial sums: one alone would wait for each addition.
fn total(amounts: &[f64]) -> f64 {
    let (groups, rest) = amounts.as_chunks::<8>();
    let mut partial = [0.0; 8];
    groups.iter().for_each(|group| partial.iter_mut().zip(group).for_each(|(sum, amount)| *sum += amount));
    partial.iter().sum::<f64>() + rest.iter().sum::<f64>()
}

/// The sum of amounts times their shares; amounts of 0 have none, be the shares infinite.
fn dot(shares: &[f32], amounts: &[f64]) -> f64 {
    let product = |(&share, &amount): (&f32, &f64)| if amount == 0.0 { 0.0 } else { f64::from(share) * amount };
    let ((shares, others), (amounts, rest)) = (shares.as_chunks::<8>(), amounts.as_chunks::<8>());
    let mut partial = [0.0; 8];
    for (shares, amounts) in shares.iter().zip(amounts) {
        partial.iter_mut().zip(shares.iter().zip(amounts)).for_each(|(sum, pair)| *sum += product(pair));
    }
    partial.iter().sum::<f64>() + others.iter().zip(rest).map(product).sum::<f64>()
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
