//! The strongest paths through a layered circuit, from neurons to where relevance starts.
//!
//! In a semiring whose ⊕ is one of its operands, relevance is the weight of the best path, so that it tells from any neuron how
//! strong the rest of the best path is: a search that goes on where the weight so far times that is the best finds paths in the
//! order of their weights, and looks at no edge that does not leave a neuron on one of them (A* with a heuristic that is exact;
//! Hart, Nilsson and Raphael, 1968). Of the edges of a neuron the next best is only looked at once its better is taken
//! (as in the k shortest paths of Eppstein, 1998), so that a path costs a step for each of its edges.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use kirchhoff_circuit::{Conditions, LayerContributions, LayeredCircuit, TensorId};
use kirchhoff_kernel::{Cancelled, Monitor, Scratch};
use kirchhoff_semiring::{Law, Semiring};
use thiserror::Error;

use crate::stream::Keep;

/// So many neurons a search goes on from, where no other limit is given.
pub const DEFAULT_PATH_STEPS: usize = 1_000_000;

/// Steps between two questions whether the search is to go on.
const CHECKED: usize = 1024;

/// A path from a neuron to where relevance starts, with weights in a semiring.
#[derive(Clone, Debug, PartialEq)]
pub struct RelevancePath<V> {
    /// The product of the weights of the edges and of what relevance starts with.
    pub weight: V,
    /// The tensor that it begins in.
    pub tensor: TensorId,
    /// The neuron there.
    pub neuron: usize,
    /// The edges, to where relevance starts; none where the neuron is there itself.
    pub steps: Vec<PathStep<V>>,
}

/// An edge of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathStep<V> {
    /// The position of its layer in [`LayeredCircuit::layers`].
    pub layer: usize,
    /// The position of its link among those of the layer.
    pub link: usize,
    /// The neuron that it leads to, in the tensor that the layer computes.
    pub neuron: usize,
    /// Its contribution, 1 where relevance passes unchanged.
    pub contribution: f32,
    /// What Θ makes of that.
    pub weight: V,
}

/// Why there are no paths.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PathError {
    /// A semiring in which a sum may be more than its summands.
    #[error(
        "strongest paths are those of a semiring whose ⊕ is one of its operands, such as `viterbi`, `tropical` or `bottleneck`"
    )]
    NotSelective,
    /// A Θ that needs more than the contribution.
    #[error(
        "layer `{layer}`: paths are weighed edge by edge, and annotation `{annotation}` needs more than an edge's contribution: \
         give another"
    )]
    Annotation {
        /// The layer.
        layer: String,
        /// Its annotation.
        annotation: String,
    },
    /// Relevance of another circuit, or of a part of it.
    #[error("paths follow the relevance of every tensor of the circuit, and that of `{tensor}` is not kept")]
    Relevance {
        /// The tensor.
        tensor: String,
    },
    /// A neuron that is not there.
    #[error("there is no neuron {neuron} in `{tensor}`, which has {size}")]
    Neuron {
        /// The tensor.
        tensor: String,
        /// The neuron.
        neuron: usize,
        /// How many there are.
        size: usize,
    },
    /// A search that goes on for longer than allowed.
    #[error("the search for {count} paths has gone on from {limit} neurons, as many as it may: ask for fewer paths")]
    Steps {
        /// How many paths were asked for.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// Stopped by the monitor.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// The strongest paths of one execution of a circuit, found one neuron after the other. What is learned of a neuron serves
/// all paths through it.
///
/// `W` gives the weight of an edge of a layer, by its position, with a contribution: Θ. Layers that pass relevance on have 1.
pub struct Paths<'a, S: Semiring, W> {
    circuit: &'a LayeredCircuit,
    semiring: &'a S,
    weight: W,
    conditions: Conditions,
    relevance: Keep<S::Value>,
    execution: usize,
    /// How many paths are wanted from each neuron, so that no more edges of any neuron lie on them.
    count: usize,
    /// The layers and links that leave each tensor.
    leaving: Vec<Vec<(usize, usize)>>,
    contributions: Vec<Option<LayerContributions>>,
    edges: HashMap<(TensorId, usize), Vec<Leaving<S::Value>>>,
    limit: usize,
}

/// An edge that leaves a neuron.
#[derive(Clone, Debug)]
struct Leaving<V> {
    step: PathStep<V>,
    /// The weight of the best path along it.
    best: V,
}

/// A neuron that paths begin at, with the weight of the best of them.
struct Beginning<V> {
    tensor: TensorId,
    neuron: usize,
    best: V,
}

/// A place of the search: a path so far, as its last edge and where the rest of it is.
struct Place<V> {
    /// The place before the edge; none at the beginning.
    before: Option<usize>,
    /// Which of the edges that leave the neuron before, or which of the beginnings.
    rank: usize,
    tensor: TensorId,
    neuron: usize,
    /// The product of the weights so far.
    product: V,
    /// How many edges it has.
    length: usize,
}

/// A place that waits for the search to go on from it.
struct Waiting<'a, S: Semiring> {
    semiring: &'a S,
    /// The weight of the best path that begins so.
    bound: S::Value,
    length: usize,
    place: usize,
}

impl<S: Semiring> PartialEq for Waiting<'_, S> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<S: Semiring> Eq for Waiting<'_, S> {}

impl<S: Semiring> PartialOrd for Waiting<'_, S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<S: Semiring> Ord for Waiting<'_, S> {
    /// The better bound first; of equal ones the longer path, which is nearer to its end, then the one that was found first.
    fn cmp(&self, other: &Self) -> Ordering {
        let order = if self.bound == other.bound {
            Ordering::Equal
        } else if is_better(self.semiring, &self.bound, &other.bound) {
            Ordering::Greater
        } else {
            Ordering::Less
        };
        order.then(self.length.cmp(&other.length)).then(other.place.cmp(&self.place))
    }
}

/// Whether ⊕ chooses `a` of both, and they differ.
fn is_better<S: Semiring>(semiring: &S, a: &S::Value, b: &S::Value) -> bool {
    a != b && semiring.plus(a, b) == *a
}

impl<'a, S: Semiring, W: Fn(usize, f32) -> S::Value> Paths<'a, S, W> {
    /// Paths of the first execution of a circuit, at most `count` of a search, given the relevance of all its tensors under the same
    /// weights and conditions, as a [`Stream`](crate::Stream) gives it to a [`Keep::all`].
    ///
    /// # Errors
    /// A semiring that is not [selective](Law::Selective).
    pub fn new(
        circuit: &'a LayeredCircuit,
        semiring: &'a S,
        weight: W,
        relevance: Keep<S::Value>,
        count: usize,
    ) -> Result<Self, PathError> {
        if !semiring.laws().has(Law::Selective) {
            return Err(PathError::NotSelective);
        }
        let mut leaving = vec![Vec::new(); circuit.tensors().len()];
        for (index, layer) in circuit.layers().iter().enumerate() {
            for (number, link) in layer.links.iter().enumerate() {
                leaving[link.source.index()].push((index, number));
            }
        }
        Ok(Paths {
            circuit,
            semiring,
            weight,
            conditions: Conditions::default(),
            relevance,
            execution: 0,
            count,
            leaving,
            contributions: circuit.layers().iter().map(|_| None).collect(),
            edges: HashMap::new(),
            limit: DEFAULT_PATH_STEPS,
        })
    }

    /// The same paths where a search goes on from at most so many neurons.
    pub fn with_limit(self, limit: usize) -> Self {
        Paths { limit, ..self }
    }

    /// The same paths through some neurons only, or without them: as the relevance that they follow.
    pub fn with_conditions(self, conditions: Conditions) -> Self {
        Paths { conditions, ..self }
    }

    /// Goes on to the paths of another execution.
    ///
    /// # Panics
    /// If there is no such execution.
    pub fn choose(&mut self, execution: usize) {
        assert!(execution < self.circuit.batch(), "execution {execution} of {}", self.circuit.batch());
        if execution != self.execution {
            self.edges.clear();
        }
        self.execution = execution;
    }

    /// The strongest paths from a neuron to where relevance starts, the strongest first: none where it is not relevant, and fewer
    /// than were asked for where there are no more. A weight of 0 is no path.
    ///
    /// # Errors
    /// A neuron that is not there; more steps than allowed; cancellation.
    ///
    /// # Complexity
    /// A step for each edge of a path. For each neuron on a path, once for all searches, a visit to the edges that leave the
    /// neurons of its [block](kirchhoff_kernel::Wiring::source_block). Memory for what contributions need a layer, a value a
    /// neuron in all, and for `count` edges of each neuron on a path.
    pub fn from(
        &mut self,
        tensor: TensorId,
        neuron: usize,
        monitor: &dyn Monitor,
    ) -> Result<Vec<RelevancePath<S::Value>>, PathError> {
        let of = self.circuit.tensor(tensor);
        if neuron >= of.size() {
            return Err(PathError::Neuron { tensor: of.name.clone(), neuron, size: of.size() });
        }
        let best = self.values(tensor)?.map(|values| values[neuron].clone());
        self.search(best.into_iter().map(|best| Beginning { tensor, neuron, best }).collect(), monitor)
    }

    /// The strongest paths from any neuron of the inputs to where relevance starts, the strongest first.
    ///
    /// # Errors
    /// More steps than allowed; cancellation.
    ///
    /// # Complexity
    /// As for [`from`](Paths::from), and a look at every value of the inputs.
    pub fn overall(&mut self, monitor: &dyn Monitor) -> Result<Vec<RelevancePath<S::Value>>, PathError> {
        let (semiring, circuit) = (self.semiring, self.circuit);
        let mut beginnings: Vec<Beginning<S::Value>> = Vec::new();
        for &tensor in circuit.inputs() {
            for (neuron, best) in self.values(tensor)?.into_iter().flatten().enumerate() {
                // No more of them are at the beginning of one of the best paths.
                let full = beginnings.len() >= self.count;
                if full && !beginnings.last().is_some_and(|last| is_better(semiring, best, &last.best)) {
                    continue;
                }
                let place = beginnings.partition_point(|other| !is_better(semiring, best, &other.best));
                beginnings.insert(place, Beginning { tensor, neuron, best: best.clone() });
                beginnings.truncate(self.count);
            }
        }
        self.search(beginnings, monitor)
    }

    /// The best paths from any of the beginnings, which are in order.
    fn search(
        &mut self,
        beginnings: Vec<Beginning<S::Value>>,
        monitor: &dyn Monitor,
    ) -> Result<Vec<RelevancePath<S::Value>>, PathError> {
        let semiring = self.semiring;
        let mut places: Vec<Place<S::Value>> = Vec::new();
        let mut heap: BinaryHeap<Waiting<'a, S>> = BinaryHeap::new();
        let begin = |rank: usize, places: &mut Vec<Place<S::Value>>, heap: &mut BinaryHeap<Waiting<'a, S>>| {
            let Some(Beginning { tensor, neuron, best }) = beginnings.get(rank) else { return };
            if !semiring.is_zero(best) {
                let place = places.len();
                let (tensor, neuron, product) = (*tensor, *neuron, semiring.one());
                places.push(Place { before: None, rank, tensor, neuron, product, length: 0 });
                heap.push(Waiting { semiring, bound: best.clone(), length: 0, place });
            }
        };
        begin(0, &mut places, &mut heap);
        let (mut found, mut steps) = (Vec::new(), 0_usize);
        while let Some(Waiting { bound, place, .. }) = heap.pop().filter(|_| found.len() < self.count) {
            steps += 1;
            if steps.is_multiple_of(CHECKED) && monitor.cancelled() {
                return Err(Cancelled.into());
            }
            if steps > self.limit {
                return Err(PathError::Steps { count: self.count, limit: self.limit });
            }
            // What comes next best in the place of the last edge.
            let Place { before, rank, tensor, .. } = places[place];
            match before {
                None => begin(rank + 1, &mut places, &mut heap),
                Some(before) => self.go_on(before, rank + 1, None, &bound, (&mut places, &mut heap), monitor)?,
            }
            if tensor == self.circuit.output() {
                found.push(self.path(&places, place)?);
                continue;
            }
            self.go_on(place, 0, Some(&bound), &bound, (&mut places, &mut heap), monitor)?;
        }
        // Bounds are products from either end, which rounding may put in another order than weights.
        found.sort_by(|a, b| {
            let better = |a: &RelevancePath<S::Value>, b| is_better(semiring, &a.weight, b);
            better(b, &a.weight).cmp(&better(a, &b.weight))
        });
        Ok(found)
    }

    /// Adds the place behind the edge of a rank that leaves another place. The best one is as good as the place itself, whatever
    /// rounding says, so that a search goes straight to the end of a path; no other one is better than `at_most`.
    fn go_on(
        &mut self,
        before: usize,
        rank: usize,
        bound: Option<&S::Value>,
        at_most: &S::Value,
        (places, heap): (&mut Vec<Place<S::Value>>, &mut BinaryHeap<Waiting<'a, S>>),
        monitor: &dyn Monitor,
    ) -> Result<(), PathError> {
        let semiring = self.semiring;
        let Place { tensor, neuron, length, .. } = places[before];
        let circuit = self.circuit;
        let product = places[before].product.clone();
        let Some(Leaving { step, best }) = self.leaving(tensor, neuron, monitor)?.get(rank) else { return Ok(()) };
        let bound = bound.cloned().unwrap_or_else(|| {
            let bound = semiring.times(&product, best);
            if is_better(semiring, &bound, at_most) { at_most.clone() } else { bound }
        });
        if semiring.is_zero(&bound) {
            return Ok(());
        }
        let (place, length) = (places.len(), length + 1);
        let tensor = circuit.layers()[step.layer].destination;
        let product = semiring.times(&product, &step.weight);
        places.push(Place { before: Some(before), rank, tensor, neuron: step.neuron, product, length });
        heap.push(Waiting { semiring, bound, length, place });
        Ok(())
    }

    /// The path that ends at a place.
    fn path(&self, places: &[Place<S::Value>], end: usize) -> Result<RelevancePath<S::Value>, PathError> {
        let Place { tensor, neuron, ref product, length, .. } = places[end];
        let start = self.values(tensor)?.map_or_else(|| self.semiring.zero(), |values| values[neuron].clone());
        let mut steps = Vec::with_capacity(length);
        let mut place = &places[end];
        while let Some(before) = place.before {
            let source = &places[before];
            if let Some(edges) = self.edges.get(&(source.tensor, source.neuron)) {
                steps.push(edges[place.rank].step.clone());
            }
            place = source;
        }
        steps.reverse();
        let weight = self.semiring.times(product, &start);
        Ok(RelevancePath { weight, tensor: place.tensor, neuron: place.neuron, steps })
    }

    /// The relevance of a tensor, the weights of the best paths; `None` where none reaches it.
    fn values(&self, tensor: TensorId) -> Result<Option<&[S::Value]>, PathError> {
        let size = self.circuit.tensor(tensor).size();
        let of = |values: &'_ [S::Value]| values.len() == self.circuit.batch() * size;
        match self.relevance.relevance(tensor) {
            None => Ok(None),
            Some(values) if of(values) => Ok(Some(&values[self.execution * size..(self.execution + 1) * size])),
            Some(_) => Err(PathError::Relevance { tensor: self.circuit.tensor(tensor).name.clone() }),
        }
    }

    /// The edges that leave a neuron on the best paths, the best ones first.
    fn leaving(
        &mut self,
        tensor: TensorId,
        neuron: usize,
        monitor: &dyn Monitor,
    ) -> Result<&[Leaving<S::Value>], PathError> {
        if !self.edges.contains_key(&(tensor, neuron)) {
            let found = self.found_leaving(tensor, neuron, monitor)?;
            self.edges.insert((tensor, neuron), found);
        }
        Ok(&self.edges[&(tensor, neuron)])
    }

    fn found_leaving(
        &mut self,
        tensor: TensorId,
        neuron: usize,
        monitor: &dyn Monitor,
    ) -> Result<Vec<Leaving<S::Value>>, PathError> {
        let (semiring, circuit, count) = (self.semiring, self.circuit, self.count);
        let mut best: Vec<Leaving<S::Value>> = Vec::new();
        for (index, number) in self.leaving[tensor.index()].clone() {
            if monitor.cancelled() {
                return Err(Cancelled.into());
            }
            let layer = &circuit.layers()[index];
            let is_there = self.values(layer.destination)?.is_some();
            if !is_there || self.conditions.leads_past(tensor, layer.destination) {
                continue;
            }
            if self.contributions[index].is_none() {
                self.contributions[index] = Some(circuit.contributions(layer, monitor)?);
            }
            let (Some(contributions), Some(values)) = (&self.contributions[index], self.values(layer.destination)?)
            else {
                continue;
            };
            let edges = circuit.edges_in(layer, number, contributions, self.execution);
            let mut add = |neuron: usize, contribution: f32| {
                let weight = if layer.is_annotated() { (self.weight)(index, contribution) } else { semiring.one() };
                let along = semiring.times(&weight, &values[neuron]);
                let is_last =
                    best.len() >= count && !best.last().is_some_and(|last| is_better(semiring, &along, &last.best));
                if is_last || semiring.is_zero(&along) {
                    return;
                }
                let place = best.partition_point(|other| !is_better(semiring, &along, &other.best));
                let step = PathStep { layer: index, link: number, neuron, contribution, weight };
                best.insert(place, Leaving { step, best: along });
                best.truncate(count);
            };
            let block = edges.wiring.source_block();
            let first = neuron / block * block;
            let range = first..(first + block).min(edges.wiring.sources());
            edges.leaving(range, &mut Scratch::default(), |run, contributions| match run.source_step {
                0 if run.source == neuron => {
                    contributions.iter().enumerate().for_each(|(at, &d)| add(run.destination_at(at), d));
                }
                0 => {}
                step => {
                    let way = neuron as isize - run.source as isize;
                    let at = way / step;
                    if way % step == 0 && (0..run.length as isize).contains(&at) {
                        add(run.destination_at(at as usize), contributions[at as usize]);
                    }
                }
            });
        }
        Ok(best)
    }
}
