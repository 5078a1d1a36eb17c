//! One step of relevance through a layer that is worth running as a product: from destination to source, for a batch.

use kirchhoff_semiring::{JoinEdges, Semiring};
use rayon::prelude::*;

use crate::blockwise::live;
use crate::edges::{Contributions, EdgeWeights, LayerEdges};
use crate::factors::{CHUNK, absolute, sides, source_factors};
use crate::memory::zeros;
use crate::product::{
    BlockEdge, Blocks, Dense, Edge, FEWEST_EXECUTIONS, Form, Joining, LaneTheta, Lanes, Matrix, MaxMin, MaxPlus,
    MaxTimes, MinPlus, Neuron, Operation, Packing, PairOperation, Pairs, Panel, Planes, PlusTimes, Rows, pays,
};
use crate::{Cancelled, Monitor, Slopes, SourceFactor, Term, Threshold, WeightFactor, Weights, Wiring, parallel};

/// A convolution or dense layer whose contributions are separable, `d[j,k] = Σ_t u_t(j) · ρ_t(w[j,k]) · v_t(k)`, about to
/// take relevance from its destination to its source: `R[j] ← R[j] ⊕ ⊕_k Θ(d[j,k]) ⊗ R[k]` (Groudiev & Maniu 2024,
/// 2.1.3), for all executions of a batch.
///
/// Every method computes what [`propagate`](crate::propagate) does along each edge, in fewer operations where an
/// algebraic law allows it; each names its law. All run in parallel, pass over destinations whose relevance is 0, and
/// give the same bits whatever the number of threads and the size of the batch.
///
/// # Panics
/// All methods do, if a slice has the wrong length for the wiring and the batch.
#[derive(Clone, Copy)]
pub struct Backward<'a> {
    edges: LayerEdges<'a>,
    terms: &'a [Term],
    weights: &'a Weights,
}

impl<'a> Backward<'a> {
    /// `None` for layers whose edges are few or of another kind, which are walked.
    pub fn new(edges: &LayerEdges<'a>) -> Option<Self> {
        let edges = edges.flat();
        let (Contributions::Terms(terms), EdgeWeights::Shared(weights)) = (edges.contributions, edges.weights) else {
            return None;
        };
        let suits = match edges.wiring {
            Wiring::Convolution(sliding) => pays(sliding),
            Wiring::Dense { .. } => true,
            _ => false,
        };
        suits.then_some(Backward { edges, terms, weights })
    }

    /// Whether at most one term differs from 0 on any edge, so that `⊕` over edges may be taken term by term, as long as
    /// `Θ(0)` is the semiring's 0.
    pub fn is_separate(&self) -> bool {
        let pairs = self.terms.iter().enumerate().flat_map(|(i, a)| self.terms[..i].iter().map(move |b| (a, b)));
        pairs.into_iter().all(|(a, b)| disjoint(a, b))
    }

    /// The edges, those of a repeated wiring as one of so many executions more.
    pub fn edges(&self) -> &LayerEdges<'a> {
        &self.edges
    }

    /// The number of terms.
    pub fn terms(&self) -> usize {
        self.terms.len()
    }

    /// Real relevance, `(+, ×)`: a sum of products of factors is a product of a sum, so that `v(k)` is multiplied in
    /// before the sum over edges and `u(j)` after it (3.1.2), and one multiply-add an edge is left.
    ///
    /// # Errors
    /// [`Cancelled`] by the monitor; `sources` is then half done. So for all methods.
    pub fn plus_times(
        &self,
        destinations: &[f32],
        sources: &mut [f32],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        self.terms.iter().try_for_each(|term| {
            let load = |k: usize| term.destination[k] * destinations[k];
            // Neurons that are 0 where they stand, as behind a ReLU, bring no relevance to a term for negative outputs.
            // Most often the first few tell.
            let few = destinations.len().min(1 << 10);
            let rest = (few..destinations.len()).into_par_iter().with_min_len(CHUNK);
            if (0..few).all(|k| load(k) == 0.0) && rest.all(|k| load(k) == 0.0) {
                monitor.advance(self.edges.wiring.edges() * self.edges.batch as u64);
                return Ok(());
            }
            let own = source_factors(&self.edges, term, Form::Plain);
            let fill = |first: usize, values: &mut [f32]| {
                let pairs = term.destination[first..].iter().zip(&destinations[first..]);
                values.iter_mut().zip(pairs).for_each(|(value, (v, relevance))| *value = v * relevance);
            };
            let store = |sources: &mut [f32], first: usize, sums: &[f32]| {
                let sums = own[first..].iter().zip(sums);
                sources.iter_mut().zip(sums).for_each(|(source, (own, sum))| *source += own * sum);
            };
            self.fused(PlusTimes, Packing::plain(term.weight), fill, store, sources, monitor)
        })
    }

    /// Relevance in `([0, 1], max, ×)` under `Θ(d) = |d|`, of contributions that are at most 1 in magnitude: `|·|` is a
    /// homomorphism of products, and `max` of products with a common factor is the factor times their `max`.
    ///
    /// Terms must be [separate](Backward::is_separate).
    ///
    /// # Errors
    /// As for [`plus_times`](Backward::plus_times).
    pub fn max_times(&self, destinations: &[f32], sources: &mut [f32], monitor: &dyn Monitor) -> Result<(), Cancelled> {
        self.terms.iter().try_for_each(|term| {
            let own = source_factors(&self.edges, term, Form::Absolute);
            let fill = |first: usize, values: &mut [f32]| {
                let pairs = term.destination[first..].iter().zip(&destinations[first..]);
                values.iter_mut().zip(pairs).for_each(|(value, (v, relevance))| *value = v.abs() * relevance);
            };
            // Rounding may have left a contribution of 1 just above it.
            let store = |sources: &mut [f32], first: usize, largest: &[f32]| {
                let largest = own[first..].iter().zip(largest);
                let places = sources.iter_mut().zip(largest);
                places.for_each(|(source, (own, largest))| *source = source.max((own * largest).min(1.0)));
            };
            self.fused(MaxTimes, absolute(term), fill, store, sources, monitor)
        })
    }

    /// Relevance in `([0, ∞], min, +)` under `Θ(d) = −ln |d|`, of contributions that are at most 1 in magnitude: `−ln` turns
    /// the product of a term into a sum, of which `min` needs the edge's part alone.
    ///
    /// Terms must be [separate](Backward::is_separate).
    ///
    /// # Errors
    /// As for [`plus_times`](Backward::plus_times).
    pub fn min_plus(&self, destinations: &[f32], sources: &mut [f32], monitor: &dyn Monitor) -> Result<(), Cancelled> {
        let store = |source: &mut f32, cost: f32| *source = source.min(cost.max(0.0));
        self.logarithmic(MinPlus, Form::Cost, destinations, store, sources, monitor)
    }

    /// Relevance in `([−∞, 0], max, +)` under `Θ(d) = ln |d|`: [`min_plus`](Backward::min_plus) with the other sign.
    ///
    /// # Errors
    /// As for [`plus_times`](Backward::plus_times).
    pub fn max_plus(&self, destinations: &[f32], sources: &mut [f32], monitor: &dyn Monitor) -> Result<(), Cancelled> {
        let store = |source: &mut f32, share: f32| *source = source.max(share.min(0.0));
        self.logarithmic(MaxPlus, Form::Logarithm, destinations, store, sources, monitor)
    }

    fn logarithmic<O: Operation>(
        &self,
        operation: O,
        form: Form,
        destinations: &[f32],
        store: impl Fn(&mut f32, f32) + Sync,
        sources: &mut [f32],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        self.terms.iter().try_for_each(|term| {
            let own = source_factors(&self.edges, term, form);
            let mut values = zeros(term.destination.len());
            values.par_chunks_mut(CHUNK).zip(term.destination.par_chunks(CHUNK)).for_each(|(values, destinations)| {
                values.copy_from_slice(destinations);
                form.apply(values);
            });
            // The semiring's 0 stays: it must not meet an infinity of the other sign.
            let fill = |first: usize, out: &mut [f32]| {
                for (out, (&relevance, value)) in out.iter_mut().zip(destinations[first..].iter().zip(&values[first..]))
                {
                    *out = if relevance == O::ZERO { O::ZERO } else { relevance + value };
                }
            };
            let store = |sources: &mut [f32], first: usize, best: &[f32]| {
                for (source, (&own, &best)) in sources.iter_mut().zip(own[first..].iter().zip(best)) {
                    if best != O::ZERO && own != O::ZERO {
                        store(source, own + best);
                    }
                }
            };
            self.fused(operation, Packing { factor: term.weight, form }, fill, store, sources, monitor)
        })
    }

    /// Reachability over edges with `d ≥ θ`, or `|d| > θ`, for semirings with idempotent `⊕` where relevance is 0 or 1:
    /// `⊕` of ones is 1, so that a source is reached if its largest contribution to a relevant destination passes. One
    /// comparison a neuron is left of one an edge, and rounding is monotone: the result is that of the edges, to the bit.
    ///
    /// `relevant` says which destinations are 1, and `reached` becomes true of sources that are 1. Terms must be
    /// [separate](Backward::is_separate), and the threshold must not keep 0.
    ///
    /// # Errors
    /// As for [`plus_times`](Backward::plus_times).
    pub fn reach(
        &self,
        threshold: Threshold,
        relevant: &[bool],
        reached: &mut [bool],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        for side in sides(&self.edges, self.terms, threshold) {
            let fill = |first: usize, values: &mut [f32]| {
                let neurons = relevant[first..].iter().zip(first..);
                values.iter_mut().zip(neurons).for_each(|(value, (&relevant, k))| {
                    *value = if relevant { side.sign * side.value(k) } else { 0.0 };
                });
            };
            let store = |reached: &mut [bool], first: usize, largest: &[f32]| {
                for (reached, (own, largest)) in reached.iter_mut().zip(side.own[first..].iter().zip(largest)) {
                    *reached |= threshold.keeps(own * largest);
                }
            };
            self.fused(MaxTimes, side.packing, fill, store, reached, monitor)?;
        }
        Ok(())
    }

    /// [`reach`](Backward::reach) for values of a semiring: `relevant` writes which destinations are 1, `reached` is called for
    /// sources that become 1.
    ///
    /// # Errors
    /// As for [`plus_times`](Backward::plus_times).
    pub fn reach_values<V: Send + Sync>(
        &self,
        threshold: Threshold,
        relevant: &(dyn Fn(&[V], &mut [bool]) + Sync),
        reached: &(dyn Fn(&mut V) + Sync),
        destinations: &[V],
        sources: &mut [V],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        self.check(sources.len());
        let relevant = parallel::flags(destinations, relevant);
        let mut flags = vec![false; sources.len()];
        self.reach(threshold, &relevant, &mut flags, monitor)?;
        parallel::chunks(sources, CHUNK, &|number, sources| {
            let own = sources.iter_mut().zip(&flags[number * CHUNK..]);
            own.filter(|(_, flag)| **flag).for_each(|(source, _)| reached(source));
        });
        Ok(())
    }

    /// `sums[j] = Σ_k R[k]` over the edges with `d ≥ θ`, or `|d| > θ`, in machine numbers that the
    /// caller knows to hold every sum. Each source has a bound that `ρ(w) · v(k)` must reach for an edge to pass: rounding is
    /// monotone, so that the bound is exact.
    ///
    /// Terms must be [separate](Backward::is_separate), and the threshold must not keep 0.
    ///
    /// # Errors
    /// As for [`plus_times`](Backward::plus_times).
    pub(crate) fn count<N>(
        &self,
        threshold: Threshold,
        destinations: &[N],
        sums: &mut [N],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled>
    where
        N: Copy + Default + PartialEq + std::ops::Add<Output = N> + Send + Sync,
    {
        let edge = |sum: &mut N, bound: f32, x: f32, relevance: &N| {
            *sum = *sum + if x >= bound { *relevance } else { N::default() };
        };
        let zero = N::default();
        for side in sides(&self.edges, self.terms, threshold) {
            let (values, bounds) = side.bounded(threshold);
            let step = LaneStep {
                packing: side.packing,
                values: &values,
                relevance: destinations,
                own: &bounds,
                zero,
                is_zero: &|number| *number == zero,
                plus: &|sum, number| *sum = *sum + *number,
            };
            self.lanes(&step, &edge, sums, monitor)?;
        }
        Ok(())
    }

    /// [`count`](Backward::count) of numbers that an operation takes as `f32`, with the sums of each source given to
    /// `store`. `false` where the layer is no product over planes, and nothing is done.
    pub(crate) fn count_pairs<O: PairOperation, T: Send>(
        &self,
        operation: O,
        threshold: Threshold,
        numbers: &[f32],
        store: impl Fn(&mut T, &O::Sum) + Sync,
        sources: &mut [T],
        monitor: &dyn Monitor,
    ) -> Result<bool, Cancelled> {
        self.check(sources.len());
        let Some(planes) = self.planes() else { return Ok(false) };
        for side in sides(&self.edges, self.terms, threshold) {
            let (values, bounds) = side.bounded(threshold);
            let pairs = Pairs { values: &values, relevance: numbers, own: &bounds };
            planes.pairs(operation, side.packing, &pairs, &store, sources, monitor)?;
        }
        Ok(true)
    }

    /// Relevance in `(max, min)` of contributions as they are, for one term. Relevance of `zero` makes no difference.
    ///
    /// `false` where the layer is no product over planes, and nothing is done.
    ///
    /// # Errors
    /// As for [`plus_times`](Backward::plus_times).
    pub fn max_min(
        &self,
        zero: f32,
        destinations: &[f32],
        sources: &mut [f32],
        monitor: &dyn Monitor,
    ) -> Result<bool, Cancelled> {
        self.check(sources.len());
        let ([term], Some(planes)) = (self.terms, self.planes()) else { return Ok(false) };
        let relevance: Vec<f32> =
            destinations.par_iter().map(|&value| if value == zero { MaxMin::ZERO } else { value }).collect();
        let own = source_factors(&self.edges, term, Form::Plain);
        let pairs = Pairs { values: &term.destination, relevance: &relevance, own: &own };
        // Without −0, which a maximum takes or leaves as its arguments come.
        let store = |source: &mut f32, largest: &f32| *source = source.max(*largest) + 0.0;
        planes.pairs(MaxMin, Packing::plain(term.weight), &pairs, store, sources, monitor)?;
        Ok(true)
    }

    /// Any semiring and any Θ, edge by edge in loops that the compiler vectorises. For values that own no memory;
    /// several terms must be [separate](Backward::is_separate), with `Θ(0)` the semiring's 0.
    ///
    /// # Errors
    /// As for [`plus_times`](Backward::plus_times).
    pub fn any<S: Semiring>(
        &self,
        semiring: &S,
        annotate: impl Fn(f32) -> S::Value + Sync,
        destinations: &[S::Value],
        sources: &mut [S::Value],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let edge = |sum: &mut S::Value, own: f32, x: f32, relevance: &S::Value| {
            semiring.add_product(sum, &annotate(own * x), relevance);
        };
        self.any_edges(semiring, &edge, destinations, sources, monitor)
    }

    /// [`any`](Backward::any) with Θ called for some lanes at a time, through a pointer: one kernel for every Θ, with the same
    /// bits.
    ///
    /// # Errors
    /// As for [`plus_times`](Backward::plus_times).
    pub fn any_theta<S: Semiring>(
        &self,
        semiring: &S,
        annotate: &LaneTheta<'_, S::Value>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let join = |sum: &mut S::Value, theta: &S::Value, relevance: &S::Value| {
            semiring.add_product(sum, theta, relevance);
        };
        self.any_edges(semiring, &BlockEdge { theta: annotate, join }, destinations, sources, monitor)
    }

    fn any_edges<S: Semiring>(
        &self,
        semiring: &S,
        edge: &impl Edge<S::Value>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        self.terms.iter().try_for_each(|term| {
            let step = LaneStep {
                packing: Packing::plain(term.weight),
                values: &term.destination,
                relevance: destinations,
                own: &source_factors(&self.edges, term, Form::Plain),
                zero: semiring.zero(),
                is_zero: &|value| semiring.is_zero(value),
                plus: &|sum, value| semiring.plus_assign(sum, value),
            };
            self.lanes(&step, edge, sources, monitor)
        })
    }

    /// Any semiring and any Θ in blocks: `annotate` writes `Θ` of up to 1024 contributions, and
    /// [`Semiring::accumulate`] takes them all to their sources. With the conditions and the sums of
    /// [`any`](Backward::any), but that a sum starts from what its source has, as that of [`propagate`](crate::propagate).
    ///
    /// A block is a part of a row of weights, or the rows of planes of a few channels; blocks of 0 are passed over. Lanes
    /// beside an image, where contributions are 0, count for nothing.
    ///
    /// # Errors
    /// As for [`plus_times`](Backward::plus_times).
    pub fn blocks<S: Semiring>(
        &self,
        semiring: &S,
        annotate: &LaneTheta<'_, S::Value>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let accumulate = |sums: &mut [S::Value], theta: &[S::Value], relevance: &[S::Value]| {
            semiring.accumulate(sums, theta, relevance)
        };
        let joining = Joining::Calls { theta: annotate, accumulate: &accumulate };
        self.blocks_of(&joining, &semiring.zero(), &live(semiring, destinations), destinations, sources, monitor)
    }

    /// [`blocks`](Backward::blocks) with all that happens on an edge in one call of `join`: with the same sums.
    ///
    /// # Errors
    /// As for [`plus_times`](Backward::plus_times).
    pub fn joined<S: Semiring>(
        &self,
        semiring: &S,
        join: &dyn JoinEdges<S::Value>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let live = live(semiring, destinations);
        self.blocks_of(&Joining::Edges(join), &semiring.zero(), &live, destinations, sources, monitor)
    }

    fn blocks_of<V: Clone + Send + Sync>(
        &self,
        joining: &Joining<'_, V>,
        zero: &V,
        live: &[bool],
        destinations: &[V],
        sources: &mut [V],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        self.check(sources.len());
        self.terms.iter().try_for_each(|term| {
            let packing = Packing::plain(term.weight);
            let blocks = Blocks {
                values: &term.destination,
                relevance: destinations,
                live,
                own: &source_factors(&self.edges, term, Form::Plain),
                zero,
                joining,
            };
            match self.edges.wiring {
                Wiring::Convolution(sliding) => {
                    Planes::backward(sliding, self.weights).by_blocks(packing, &blocks, sources, monitor)
                }
                _ => {
                    let dense = self.dense(packing);
                    let executions = sources.chunks_exact_mut(dense.inputs.max(1)).enumerate();
                    executions.into_iter().try_for_each(|(execution, sources)| {
                        let from = execution * dense.outputs..(execution + 1) * dense.outputs;
                        let blocks = Blocks {
                            values: &blocks.values[from.clone()],
                            relevance: &blocks.relevance[from.clone()],
                            live: &blocks.live[from],
                            own: &blocks.own[execution * dense.inputs..][..dense.inputs],
                            ..blocks
                        };
                        dense.by_blocks(&blocks, sources, monitor)
                    })
                }
            }
        })
    }

    /// A fused operation over the layer: `fill` gives the values of destinations from the one of a number on, `store`
    /// takes the sums of sources from there on.
    fn fused<O: Operation, T: Send>(
        &self,
        operation: O,
        packing: Packing,
        fill: impl Fn(usize, &mut [f32]) + Sync,
        store: impl Fn(&mut [T], usize, &[f32]) + Sync,
        sources: &mut [T],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        self.check(sources.len());
        if let Wiring::Convolution(sliding) = self.edges.wiring {
            let store = |places: &mut [T], first: Neuron, sums: &[f32]| store(places, first.number, sums);
            let planes = Planes::backward(sliding, self.weights).with(self.edges.arithmetic);
            return planes.fused(operation, packing, fill, store, sources, monitor);
        }
        let dense = self.dense(packing);
        if self.edges.batch > 1 {
            return Matrix { dense, executions: self.edges.batch }.fused(operation, fill, store, sources, monitor);
        }
        if sources.is_empty() {
            return Ok(());
        }
        let mut values = zeros(dense.outputs);
        fill(0, &mut values);
        let mut sums = vec![O::ZERO; dense.inputs];
        dense.fused(operation, &values, &mut sums, monitor)?;
        store(sources, 0, &sums);
        Ok(())
    }

    /// Joins every edge of the layer to sums, and adds these to the sources.
    fn lanes<V: Clone + Send + Sync>(
        &self,
        step: &LaneStep<'_, V>,
        edge: &impl Edge<V>,
        sources: &mut [V],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        // The kernels are compiled for each semiring and Θ; all that surrounds them is not.
        let panel = |panel: Panel<'_, V>| panel.run(edge);
        let rows = |rows: Rows<'_, V>, values: &[f32], relevance: &[V], own: &[f32]| {
            rows.run(edge, values, relevance, own);
        };
        self.lanes_of(step, &panel, &rows, sources, monitor)
    }

    #[allow(clippy::type_complexity)] // Two kernels, named here only.
    fn lanes_of<V: Clone + Send + Sync>(
        &self,
        step: &LaneStep<'_, V>,
        panel: &(dyn Fn(Panel<'_, V>) + Sync),
        rows: &(dyn Fn(Rows<'_, V>, &[f32], &[V], &[f32]) + Sync),
        sources: &mut [V],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        self.check(sources.len());
        let LaneStep { packing, values, relevance, own, ref zero, is_zero, plus } = *step;
        if let Some(planes) = self.planes() {
            let dead = |values: &[V]| values.iter().all(is_zero);
            let lanes = Lanes { values, relevance, own, zero: zero.clone(), dead: &dead, panel, plus };
            return planes.lanes(packing, &lanes, sources, monitor);
        }
        let dense = self.dense(packing);
        for (execution, sources) in sources.chunks_exact_mut(dense.inputs).enumerate() {
            let values = &values[execution * dense.outputs..][..dense.outputs];
            let relevance = &relevance[execution * dense.outputs..][..dense.outputs];
            let own = &own[execution * dense.inputs..][..dense.inputs];
            let mut sums = vec![zero.clone(); dense.inputs];
            let dead = |k: usize| is_zero(&relevance[k]);
            dense.lanes(&dead, &|panel| rows(panel, values, relevance, own), &mut sums, monitor)?;
            sources.iter_mut().zip(&sums).for_each(|(source, sum)| plus(source, sum));
        }
        Ok(())
    }

    fn check(&self, sources: usize) {
        assert_eq!(sources, self.edges.batch * self.edges.wiring.sources(), "relevance of the source");
    }

    /// The layer as a product over planes, unless it is a dense one of few executions.
    fn planes(&self) -> Option<Planes<'_>> {
        match self.edges.wiring {
            Wiring::Convolution(sliding) => Some(Planes::backward(sliding, self.weights)),
            &Wiring::Dense { inputs, outputs } if self.edges.batch >= FEWEST_EXECUTIONS => {
                Some(Planes::matrix(inputs, outputs, self.edges.batch, self.weights))
            }
            _ => None,
        }
    }

    fn dense(&self, packing: Packing) -> Dense<'_> {
        let (inputs, outputs) = (self.edges.wiring.sources(), self.edges.wiring.destinations());
        Dense { inputs, outputs, weights: self.weights, packing }
    }
}

/// A step of the kernel for any semiring.
struct LaneStep<'a, V> {
    packing: Packing,
    values: &'a [f32],
    relevance: &'a [V],
    own: &'a [f32],
    zero: V,
    is_zero: &'a (dyn Fn(&V) -> bool + Sync),
    plus: &'a (dyn Fn(&mut V, &V) + Sync),
}

/// Whether no edge has both terms other than 0.
fn disjoint(a: &Term, b: &Term) -> bool {
    let apart = |a: Slopes, b: Slopes| a.positive * b.positive == 0.0 && a.negative * b.negative == 0.0;
    let sources = match (&a.source, &b.source) {
        (SourceFactor::Activation(a), SourceFactor::Activation(b)) => apart(*a, *b),
        _ => false,
    };
    let weights = match (a.weight, b.weight) {
        (WeightFactor::Weight(a), WeightFactor::Weight(b)) => apart(a, b),
        _ => false,
    };
    sources || weights || a.destination.par_iter().zip(&b.destination[..]).all(|(a, b)| *a == 0.0 || *b == 0.0)
}
