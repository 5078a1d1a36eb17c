//! The contributions of one layer of one execution, computed as they are visited.

use std::ops::Range;
use std::sync::Arc;

use crate::{Arithmetic, Cancelled, Monitor, Run, Term, Values, Weights, Wiring, parallel};

/// How the contributions `d[j,k]` of a layer come about.
#[derive(Clone, Debug)]
pub enum Contributions {
    /// `d = 1` on every edge, and no annotation applies: relevance passes unchanged.
    Pass,
    /// Relevance passes unchanged along the edge from each destination's winner, and no annotation applies; its other edges are
    /// none. One source a destination; `u32::MAX` where there is none.
    Winner(Arc<[u32]>),
    /// `d = Σ_t u_t(j) · (ρ_t(w[j,k]) · v_t(k))`, rounded in this order.
    Terms(Vec<Term>),
}

/// The weights of the edges of a layer in all executions of a batch.
#[derive(Clone, Copy, Debug)]
pub enum EdgeWeights<'a> {
    /// All are 1.
    One,
    /// Those of every execution.
    Shared(&'a Weights),
    /// Those of each execution, one after the other: activations that meet others in a product.
    Executions(&'a Values),
}

impl<'a> From<Option<&'a Weights>> for EdgeWeights<'a> {
    fn from(weights: Option<&'a Weights>) -> Self {
        weights.map_or(EdgeWeights::One, EdgeWeights::Shared)
    }
}

impl<'a> EdgeWeights<'a> {
    /// Those of one execution of a batch.
    pub(crate) fn execution(self, execution: usize, count: usize) -> Option<&'a [f32]> {
        match self {
            EdgeWeights::One => None,
            EdgeWeights::Shared(weights) => Some(weights),
            EdgeWeights::Executions(weights) => Some(&weights[execution * count..(execution + 1) * count]),
        }
    }
}

/// The edges of one layer in all executions of a batch, with their contributions.
#[derive(Clone, Copy, Debug)]
pub struct LayerEdges<'a> {
    /// Which neurons are joined.
    pub wiring: &'a Wiring,
    /// The weights.
    pub weights: EdgeWeights<'a>,
    /// Activations of the source, one execution after the other.
    pub activations: &'a [f32],
    /// The contributions, for all executions of the batch one after the other.
    pub contributions: &'a Contributions,
    /// The number of executions.
    pub batch: usize,
    /// How sums of products are computed.
    pub arithmetic: Arithmetic,
}

impl<'a> LayerEdges<'a> {
    /// The edges in one execution of the batch.
    ///
    /// # Panics
    /// If there is no such execution.
    pub fn execution(&self, execution: usize) -> Edges<'a> {
        assert!(execution < self.batch, "execution {execution} of {}", self.batch);
        let size = self.wiring.sources();
        Edges {
            wiring: self.wiring,
            weights: self.weights.execution(execution, self.wiring.weights()),
            activations: &self.activations[execution * size..(execution + 1) * size],
            contributions: self.contributions,
            execution,
        }
    }

    /// One execution taken out of the batch, as if it were the only one: terms that are 0 on all of its edges are left out.
    ///
    /// Copies one value a term and destination neuron; takes O(sources + destinations · terms) time, nothing an edge.
    ///
    /// # Panics
    /// If there is no such execution.
    pub fn part(&self, execution: usize) -> LayerPart<'a> {
        let edges = self.execution(execution);
        let contributions = match self.contributions {
            Contributions::Pass => Contributions::Pass,
            Contributions::Winner(winners) => Contributions::Winner(edges.part(winners).into()),
            Contributions::Terms(terms) => {
                let counts = terms.iter().filter(|term| !term.source.vanishes(edges.activations));
                let part = |term: &Term| Term { destination: edges.part(&term.destination).into(), ..term.clone() };
                Contributions::Terms(counts.map(part).collect())
            }
        };
        let weights = match self.weights {
            EdgeWeights::Executions(_) => PartWeights::Own(edges.weights.unwrap_or_default().into()),
            shared => PartWeights::Shared(shared),
        };
        LayerPart {
            wiring: self.wiring,
            weights,
            activations: edges.activations,
            contributions,
            arithmetic: self.arithmetic,
        }
    }

    /// The same edges without repetition: those of one part, in as many more executions.
    pub(crate) fn flat(self) -> Self {
        match (self.wiring, self.weights) {
            (Wiring::Repeated { count, wiring }, EdgeWeights::One | EdgeWeights::Shared(_)) => {
                LayerEdges { wiring, batch: self.batch * count, ..self }
            }
            _ => self,
        }
    }
}

/// The edges of one layer in one execution of a batch, taken out of it: see [`LayerEdges::part`].
#[derive(Clone, Debug)]
pub struct LayerPart<'a> {
    wiring: &'a Wiring,
    weights: PartWeights<'a>,
    activations: &'a [f32],
    contributions: Contributions,
    arithmetic: Arithmetic,
}

#[derive(Clone, Debug)]
enum PartWeights<'a> {
    Shared(EdgeWeights<'a>),
    Own(Values),
}

impl LayerPart<'_> {
    /// The edges of a batch of this one execution.
    pub fn edges(&self) -> LayerEdges<'_> {
        LayerEdges {
            wiring: self.wiring,
            weights: match &self.weights {
                PartWeights::Shared(weights) => *weights,
                PartWeights::Own(weights) => EdgeWeights::Executions(weights),
            },
            activations: self.activations,
            contributions: &self.contributions,
            batch: 1,
            arithmetic: self.arithmetic,
        }
    }
}

/// The edges of one layer in one execution of a batch, with their contributions.
#[derive(Clone, Copy, Debug)]
pub struct Edges<'a> {
    /// Which neurons are joined.
    pub wiring: &'a Wiring,
    /// The weights; all 1 where the wiring has none.
    pub weights: Option<&'a [f32]>,
    /// Activations of the source, in this execution.
    pub activations: &'a [f32],
    /// The contributions, for all executions of the batch one after the other.
    pub contributions: &'a Contributions,
    /// Which execution of the batch, from 0.
    pub execution: usize,
}

/// Memory that visiting one block of edges needs; reused from block to block.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    factors: Vec<Vec<f32>>,
    contributions: Vec<f32>,
}

impl Edges<'_> {
    /// Whether relevance passes unchanged along every edge that there is, so that no annotation applies.
    pub fn pass(&self) -> bool {
        matches!(self.contributions, Contributions::Pass | Contributions::Winner(_))
    }

    /// What [`leaving`](Edges::leaving) does, with the edges of those that do not win, too: their contribution is 0.
    pub fn all_leaving(&self, block: Range<usize>, scratch: &mut Scratch, mut visit: impl FnMut(&Run, &[f32])) {
        let Contributions::Winner(winners) = self.contributions else {
            return self.runs_leaving(block, scratch, &mut visit);
        };
        let (winners, contributions) = (self.part(winners), &mut scratch.contributions);
        self.wiring.leaving(block, |run| {
            contributions.clear();
            let wins = |i: usize| winners[run.destination_at(i)] as usize == run.source_at(i);
            contributions.extend((0..run.length).map(|i| f32::from(u8::from(wins(i)))));
            visit(run, contributions);
        });
    }

    /// Visits the edges that leave a block of sources, each run with its contributions.
    ///
    /// The block is one of [`Wiring::source_block`]. Takes O(terms) time an edge.
    pub fn leaving(&self, block: Range<usize>, scratch: &mut Scratch, mut visit: impl FnMut(&Run, &[f32])) {
        // Through a pointer: the visit is compiled anew for every semiring, what enumerates the edges is not.
        self.runs_leaving(block, scratch, &mut visit);
    }

    fn runs_leaving(&self, block: Range<usize>, scratch: &mut Scratch, visit: &mut dyn FnMut(&Run, &[f32])) {
        let Scratch { factors, contributions } = scratch;
        match self.contributions {
            Contributions::Pass => self.wiring.leaving(block, |run| {
                contributions.clear();
                contributions.resize(run.length, 1.0);
                visit(run, contributions);
            }),
            Contributions::Winner(winners) => {
                let winners = self.part(winners);
                self.wiring.leaving(block, |run| {
                    for i in 0..run.length {
                        let (source, destination) = (run.source_at(i), run.destination_at(i));
                        if winners[destination] as usize == source {
                            let weight = run.weight_at(i);
                            visit(&Run { source, destination, weight, length: 1, ..*run }, &[1.0]);
                        }
                    }
                });
            }
            Contributions::Terms(terms) => {
                factors.resize(terms.len(), Vec::new());
                for (term, factors) in terms.iter().zip(&mut *factors) {
                    factors.clear();
                    factors.resize(block.len(), 0.0);
                    term.source.fill(self.activations, block.start, factors);
                }
                let first = block.start;
                self.wiring.leaving(block, |run| {
                    contributions.clear();
                    contributions.resize(run.length, 0.0);
                    for (term, factors) in terms.iter().zip(&*factors) {
                        self.add_term(term, run, factors, first, contributions);
                    }
                    visit(run, contributions);
                });
            }
        }
    }

    /// The part of values a destination neuron that belongs to this execution.
    pub(crate) fn part<'v, T>(&self, values: &'v [T]) -> &'v [T] {
        let size = self.wiring.destinations();
        &values[self.execution * size..(self.execution + 1) * size]
    }

    #[inline]
    fn add_term(&self, term: &Term, run: &Run, factors: &[f32], first: usize, contributions: &mut [f32]) {
        let destination = self.part(&term.destination);
        let start = run.source - first;
        match (self.weights, run.source_step, run.destination_step) {
            (Some(weights), 1, 0) if run.weight_step == 1 => {
                let factors = &factors[start..start + run.length];
                let weights = &weights[run.weight..run.weight + run.length];
                let v = destination[run.destination];
                for ((d, u), &w) in contributions.iter_mut().zip(factors).zip(weights) {
                    *d += u * (term.weight.apply(w) * v);
                }
            }
            (weights, step, 1) if run.weight_step == 0 => {
                let rho = term.weight.apply(weights.map_or(1.0, |weights| weights[run.weight]));
                let destination = &destination[run.destination..run.destination + run.length];
                if step == 1 {
                    let factors = &factors[start..start + run.length];
                    for ((d, u), v) in contributions.iter_mut().zip(factors).zip(destination) {
                        *d += u * (rho * v);
                    }
                } else {
                    for (i, (d, v)) in contributions.iter_mut().zip(destination).enumerate() {
                        *d += factors[run.source_at(i) - first] * (rho * v);
                    }
                }
            }
            (weights, 1, 0) if run.weight_step == 0 => {
                let factor = term.weight.apply(weights.map_or(1.0, |weights| weights[run.weight]))
                    * destination[run.destination];
                let factors = &factors[start..start + run.length];
                contributions.iter_mut().zip(factors).for_each(|(d, u)| *d += u * factor);
            }
            (weights, _, _) => {
                for (i, d) in contributions.iter_mut().enumerate() {
                    let rho = term.weight.apply(weights.map_or(1.0, |weights| weights[run.weight_at(i)]));
                    *d += factors[run.source_at(i) - first] * (rho * destination[run.destination_at(i)]);
                }
            }
        }
    }

    /// Folds all contributions of the layer, in parallel: `fold` takes runs of them in some order, `join` joins the
    /// partial results.
    ///
    /// # Errors
    /// [`Cancelled`] by the monitor.
    pub fn fold<T: Send>(
        &self,
        empty: impl Fn() -> T + Sync + Send,
        fold: impl Fn(&mut T, &[f32]) + Sync + Send,
        join: impl Fn(T, T) -> T + Sync + Send,
        monitor: &dyn Monitor,
    ) -> Result<T, Cancelled> {
        self.fold_runs(empty, |partial, _, contributions| fold(partial, contributions), join, monitor)
    }

    /// As [`fold`](Edges::fold), with the neurons that each run of contributions joins.
    ///
    /// # Errors
    /// [`Cancelled`] by the monitor.
    pub fn fold_runs<T: Send>(
        &self,
        empty: impl Fn() -> T + Sync + Send,
        fold: impl Fn(&mut T, &Run, &[f32]) + Sync + Send,
        join: impl Fn(T, T) -> T + Sync + Send,
        monitor: &dyn Monitor,
    ) -> Result<T, Cancelled> {
        self.partials(&empty, &fold, monitor).map(|partials| partials.into_iter().reduce(join).unwrap_or_else(empty))
    }

    /// The partial results of a fold, in the order of the edges: a few for every thread.
    fn partials<T: Send>(
        &self,
        empty: &(dyn Fn() -> T + Sync),
        fold: &(dyn Fn(&mut T, &Run, &[f32]) + Sync),
        monitor: &dyn Monitor,
    ) -> Result<Vec<T>, Cancelled> {
        let (size, block) = (self.wiring.sources(), self.wiring.source_block());
        let blocks = size.div_ceil(block);
        let together = blocks.div_ceil(4 * rayon::current_num_threads()).max(1);
        let mut partials: Vec<Option<T>> = (0..blocks.div_ceil(together)).map(|_| None).collect();
        parallel::try_chunks(&mut partials, 1, &|number, place| {
            let (mut partial, mut scratch) = (empty(), Scratch::default());
            for number in (number * together..blocks).take(together) {
                if monitor.cancelled() {
                    return Err(Cancelled);
                }
                let own = number * block..((number + 1) * block).min(size);
                self.leaving(own, &mut scratch, |run, contributions| fold(&mut partial, run, contributions));
            }
            place[0] = Some(partial);
            Ok(())
        })?;
        Ok(partials.into_iter().flatten().collect())
    }
}
