//! The strongest paths through a layered circuit, from a neuron to the target.
//!
//! Relevance in the Viterbi semiring is the weight of the best path, so that it tells from any neuron how strong the rest of
//! the best path is: a search that goes on where the weight so far times that is the largest finds paths in the order of
//! their weights, and looks at no edge that does not leave a neuron on one of them (A* with a heuristic that is exact; Hart,
//! Nilsson and Raphael, 1968).

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use kirchhoff_circuit::{LayerContributions, LayeredCircuit, TensorId};
use kirchhoff_kernel::{Cancelled, Monitor, Scratch};
use kirchhoff_semiring::{Annotation, Viterbi};
use thiserror::Error;

use crate::annotate::Annotations;
use crate::stream::Keep;

/// So many neurons a search goes on from, where no other limit is given.
pub const DEFAULT_PATH_STEPS: usize = 1_000_000;

/// A path from a neuron to an output.
#[derive(Clone, Debug, PartialEq)]
pub struct RelevancePath {
    /// The product of the weights of the edges and of what the output starts with, in `[0, 1]`.
    pub weight: f64,
    /// The edges, from the neuron to the output; none where the neuron is an output itself.
    pub steps: Vec<PathStep>,
}

/// An edge of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathStep {
    /// The position of its layer in [`LayeredCircuit::layers`].
    pub layer: usize,
    /// The neuron that it leads to, in the tensor that the layer computes.
    pub neuron: usize,
    /// Its contribution, 1 where relevance passes unchanged.
    pub contribution: f32,
    /// What Θ makes of that.
    pub weight: f32,
}

/// Why there are no paths.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum PathError {
    /// A Θ that needs more than the contribution.
    #[error(
        "layer `{layer}`: paths are weighed edge by edge, and annotation `{annotation}` needs all edges: give another"
    )]
    Annotation {
        /// The layer.
        layer: String,
        /// Its annotation.
        annotation: Annotation,
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
    #[error("more than {limit} neurons lie on paths that are as strong: ask for fewer paths, or allow more steps")]
    Steps {
        /// The limit.
        limit: usize,
    },
    /// Stopped by the monitor.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// The strongest paths of one execution of a circuit, found one neuron after the other. What is learned of a neuron serves
/// all paths through it.
pub struct Paths<'a> {
    circuit: &'a LayeredCircuit,
    annotations: &'a Annotations,
    relevance: &'a Keep<f32>,
    execution: usize,
    /// How many paths are wanted from each neuron, so that no more edges of any neuron lie on them.
    count: usize,
    /// The layers and links that leave each tensor.
    leaving: Vec<Vec<(usize, usize)>>,
    contributions: Vec<Option<LayerContributions>>,
    edges: HashMap<(TensorId, usize), Vec<Leaving>>,
    limit: usize,
}

/// An edge that leaves a neuron.
#[derive(Clone, Copy, Debug)]
struct Leaving {
    step: PathStep,
    /// The weight of the best path along it.
    best: f32,
}

/// A path from the neuron so far.
struct Partial {
    /// The weight of the best path that begins so.
    bound: f64,
    /// The product of the weights so far.
    product: f64,
    tensor: TensorId,
    neuron: usize,
    steps: Vec<PathStep>,
}

impl PartialEq for Partial {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Partial {}

impl PartialOrd for Partial {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Partial {
    /// The better bound first, and of equal ones the longer path: it is nearer to its end.
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound.total_cmp(&other.bound).then(self.steps.len().cmp(&other.steps.len()))
    }
}

impl<'a> Paths<'a> {
    /// Paths of one execution of a circuit, at most `count` from each neuron, given the Viterbi relevance of all its tensors under
    /// the same annotations, as [`stream`](crate::stream()) gives it to a [`Keep::all`].
    ///
    /// # Errors
    /// Ranks, and Θ of a semiring's own, which need more than a contribution.
    ///
    /// # Panics
    /// If there is no such execution.
    pub fn new(
        circuit: &'a LayeredCircuit,
        annotations: &'a Annotations,
        relevance: &'a Keep<f32>,
        execution: usize,
        count: usize,
    ) -> Result<Self, PathError> {
        assert!(execution < circuit.batch(), "execution {execution} of {}", circuit.batch());
        let mut leaving = vec![Vec::new(); circuit.tensors().len()];
        for (index, layer) in circuit.layers().iter().enumerate() {
            let annotation = annotations.of(index);
            if layer.is_annotated() && matches!(annotation, Annotation::Rank | Annotation::Own) {
                return Err(PathError::Annotation { layer: layer.name.clone(), annotation });
            }
            for (number, link) in layer.links.iter().enumerate() {
                leaving[link.source.index()].push((index, number));
            }
        }
        let contributions = circuit.layers().iter().map(|_| None).collect();
        let limit = DEFAULT_PATH_STEPS;
        Ok(Paths {
            circuit,
            annotations,
            relevance,
            execution,
            count,
            leaving,
            contributions,
            edges: HashMap::new(),
            limit,
        })
    }

    /// The same paths where a search goes on from at most so many neurons.
    pub fn with_limit(self, limit: usize) -> Self {
        Paths { limit, ..self }
    }

    /// The strongest paths from a neuron to the target, the strongest first: none where it is not relevant, and fewer than
    /// were asked for where there are no more. Weights of 0 are no paths.
    ///
    /// # Errors
    /// A neuron that is not there; more steps than allowed, where very many paths are equally strong; cancellation.
    ///
    /// # Complexity
    /// For each neuron on a path, once for all searches, a visit to the edges that leave the neurons of its
    /// [block](kirchhoff_kernel::Wiring::source_block). Memory for what contributions need a layer, a value a neuron in all,
    /// and for `count` edges of each neuron on a path.
    pub fn from(
        &mut self,
        tensor: TensorId,
        neuron: usize,
        monitor: &dyn Monitor,
    ) -> Result<Vec<RelevancePath>, PathError> {
        let circuit = self.circuit;
        let of = circuit.tensor(tensor);
        if neuron >= of.size() {
            return Err(PathError::Neuron { tensor: of.name.clone(), neuron, size: of.size() });
        }
        let mut found = Vec::new();
        let mut heap = BinaryHeap::new();
        let bound = self.best(tensor, neuron).map_or(0.0, f64::from);
        heap.push(Partial { bound, product: 1.0, tensor, neuron, steps: Vec::new() });
        let mut steps = 0;
        while let Some(partial) = heap.pop().filter(|partial| partial.bound > 0.0 && found.len() < self.count) {
            if partial.tensor == self.circuit.output() {
                found.push(RelevancePath { weight: partial.bound, steps: partial.steps });
                continue;
            }
            steps += 1;
            if steps > self.limit {
                return Err(PathError::Steps { limit: self.limit });
            }
            for leaving in self.leaving(partial.tensor, partial.neuron, monitor)? {
                let mut steps = partial.steps.clone();
                steps.push(leaving.step);
                heap.push(Partial {
                    bound: partial.product * f64::from(leaving.best),
                    product: partial.product * f64::from(leaving.step.weight),
                    tensor: circuit.layers()[leaving.step.layer].destination,
                    neuron: leaving.step.neuron,
                    steps,
                });
            }
        }
        Ok(found)
    }

    /// The relevance of a neuron, the weight of its best path; `None` where no relevance reaches its tensor.
    fn best(&self, tensor: TensorId, neuron: usize) -> Option<f32> {
        let size = self.circuit.tensor(tensor).size();
        self.relevance.relevance(tensor).map(|values| values[self.execution * size + neuron])
    }

    /// The edges that leave a neuron on the best paths, the best ones first.
    fn leaving(&mut self, tensor: TensorId, neuron: usize, monitor: &dyn Monitor) -> Result<&[Leaving], PathError> {
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
    ) -> Result<Vec<Leaving>, PathError> {
        let mut best: Vec<Leaving> = Vec::new();
        for (index, number) in self.leaving[tensor.index()].clone() {
            if monitor.cancelled() {
                return Err(Cancelled.into());
            }
            let layer = &self.circuit.layers()[index];
            let Some(values) = self.relevance.relevance(layer.destination) else { continue };
            let size = self.circuit.tensor(layer.destination).size();
            let values = values
                .get(self.execution * size..(self.execution + 1) * size)
                .ok_or_else(|| PathError::Relevance { tensor: layer.name.clone() })?;
            if self.contributions[index].is_none() {
                self.contributions[index] = Some(self.circuit.contributions(layer, monitor)?);
            }
            let Some(contributions) = &self.contributions[index] else { continue };
            let edges = self.circuit.edges_in(layer, number, contributions, self.execution);
            let annotation = layer.is_annotated().then(|| self.annotations.of(index));
            let mut add = |neuron: usize, contribution: f32| {
                let weight = annotation.map_or(1.0, |annotation| annotation.apply(&Viterbi, contribution));
                let leaving = Leaving {
                    step: PathStep { layer: index, neuron, contribution, weight },
                    best: weight * values[neuron],
                };
                let place = best.partition_point(|other| other.best >= leaving.best);
                if leaving.best > 0.0 && place < self.count {
                    best.insert(place, leaving);
                    best.truncate(self.count);
                }
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
