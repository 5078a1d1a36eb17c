//! The contributions of any execution for the leaves of a circuit in which every edge has its own.

use kirchhoff_kernel::{Cancelled, Monitor, Scratch};
use rayon::prelude::*;
use thiserror::Error;

use super::{GateCircuit, LeafEdges};
use crate::{Layer, LayeredCircuit};

/// Why executions have no contributions for the leaves of a gate circuit.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EdgeError {
    /// Leaves that are not those of edges.
    #[error(
        "the circuit is that of one execution, whose edges of equal contributions share a leaf: make one with a leaf for \
         each edge (`kirchhoff compile --leaves edges`), and do not simplify it"
    )]
    Shared,
    /// A layer that is not where it should be, or has another rule.
    #[error("layer {index} of the circuit is `{expected}`, that of the network is `{got}`")]
    Layer {
        /// Its position.
        index: usize,
        /// Its name and rule in the network.
        got: String,
        /// Its name and rule in the circuit.
        expected: String,
    },
    /// A leaf for an edge that is not there, or for one that has a leaf already.
    #[error(
        "layer `{layer}` has no edge from neuron {from} to neuron {to} for contribution {leaf}, or one leaf too many"
    )]
    Edge {
        /// Name of the layer.
        layer: String,
        /// Number of the source neuron.
        from: u32,
        /// Number of the destination neuron.
        to: u32,
        /// Position of the contribution.
        leaf: u32,
    },
    /// Stopped by the monitor.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Marks an edge without a leaf.
const NONE: u32 = u32::MAX;

/// Which leaf of a gate circuit each edge of some layers has, for circuits with [a leaf for each
/// edge](super::Leaves::Edges).
///
/// It is made once for a circuit and the layers of a network, and then gives the contributions of any of the network's
/// executions under the same rules.
///
/// ```
/// # use kirchhoff_circuit::{Layer, LayerRule, LayeredCircuit, Link, LinkWeights, Tensor, TensorId};
/// # use kirchhoff_kernel::Wiring;
/// # let tensor = |name: &str, values: [f32; 4]| Tensor { name: name.to_string(), shape: vec![2], activations: values[..].into() };
/// # let rule = LayerRule::Separable(kirchhoff_circuit::SeparableRule { parts: vec![kirchhoff_circuit::Part {
/// #     coefficient: 1.0,
/// #     numerators: vec![(kirchhoff_kernel::SourceFactor::Activation(kirchhoff_kernel::Slopes::IDENTITY), kirchhoff_kernel::WeightFactor::IDENTITY)],
/// #     bias: true,
/// #     normaliser: kirchhoff_circuit::Normaliser::Sum,
/// #     stabiliser: kirchhoff_circuit::Stabiliser::Signed(0.5),
/// #     destinations: kirchhoff_circuit::Destinations::All,
/// # }] });
/// # let layer = Layer {
/// #     name: "sum".to_string(),
/// #     operator: "Add".into(),
/// #     links: vec![Link { source: TensorId(0), wiring: Wiring::Identity { size: 2 }, weights: LinkWeights::One }],
/// #     destination: TensorId(1),
/// #     bias: None,
/// #     scale: None,
/// #     linear: true,
/// #     rule,
/// #     rule_name: "epsilon(0.5)".to_string(),
/// # };
/// # let values = [0.5, 1.5, 0.0, 0.5];
/// # let tensors = vec![tensor("input", values), tensor("sum", values)];
/// # let executions = LayeredCircuit::new(2, tensors, vec![layer], vec![TensorId(0)], TensorId(1))?;
/// use kirchhoff_circuit::{EdgeMap, Leaves, UnrollOptions, unroll};
///
/// // The circuit of the first of two executions has the contributions of both.
/// let circuit = unroll(&executions, &UnrollOptions { leaves: Leaves::Edges, ..UnrollOptions::default() }, &())?;
/// assert_eq!(*circuit.arrays().contributions, [0.5, 0.75]);
/// let map = EdgeMap::new(&circuit, &executions)?;
/// assert_eq!(map.contributions(&executions, &())?, [0.5, 0.75, 0.0, 0.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct EdgeMap {
    leaves: usize,
    /// For each link of each layer that has leaves, the leaf of each edge, in the order in which edges are visited.
    links: Vec<LinkLeaves>,
}

#[derive(Clone, Debug)]
struct LinkLeaves {
    layer: usize,
    link: usize,
    leaves: Vec<u32>,
}

impl EdgeMap {
    /// Finds the leaf of every edge.
    ///
    /// Takes O(edges · log(edges of a source)) time, and 4 bytes an edge of the layers that leaves belong to.
    ///
    /// # Errors
    /// A circuit whose leaves are not those of edges, or layers or edges that are not those of `layered`.
    pub fn new(circuit: &GateCircuit, layered: &LayeredCircuit) -> Result<Self, EdgeError> {
        let arrays = circuit.arrays();
        let edges = arrays.edges.as_ref().ok_or(EdgeError::Shared)?;
        let name = |name: &str, rule: &str| format!("{name}, {rule}");
        let count = circuit.layers().len().max(layered.layers().len());
        for index in 0..count {
            let expected = circuit.layers().get(index).map(|layer| name(&layer.name, &layer.rule));
            let got = layered.layers().get(index).map(|layer| name(&layer.name, &layer.rule_name));
            if got != expected {
                let absent = || "none".to_string();
                let (got, expected) = (got.unwrap_or_else(absent), expected.unwrap_or_else(absent));
                return Err(EdgeError::Layer { index, got, expected });
            }
        }
        let mut leaves: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (leaf, &layer) in arrays.contribution_layers.iter().enumerate() {
            leaves[layer as usize].push(leaf as u32);
        }
        let mut links = Vec::new();
        for (index, (layer, leaves)) in layered.layers().iter().zip(leaves).enumerate() {
            if !leaves.is_empty() {
                links.extend(Matching::new(layer, leaves, edges).links(index)?);
            }
        }
        Ok(EdgeMap { leaves: arrays.contributions.len(), links })
    }

    /// The contributions of every execution for the leaves of the circuit, one execution after the other.
    ///
    /// Takes the time of the contributions of all edges, in parallel, and 4 bytes a leaf and execution.
    ///
    /// # Errors
    /// [`Cancelled`] by the monitor.
    ///
    /// # Panics
    /// If the executions are of other layers than the map.
    pub fn contributions(&self, layered: &LayeredCircuit, monitor: &dyn Monitor) -> Result<Vec<f32>, Cancelled> {
        let mut contributions = vec![0.0; self.leaves * layered.batch()];
        for links in self.links.chunk_by(|a, b| a.layer == b.layer) {
            let layer = &layered.layers()[links[0].layer];
            let of_layer = layered.contributions(layer, monitor)?;
            let rows = contributions.par_chunks_mut(self.leaves.max(1)).enumerate();
            rows.try_for_each(|(execution, row)| {
                for LinkLeaves { link, leaves, .. } in links {
                    if monitor.cancelled() {
                        return Err(Cancelled);
                    }
                    let edges = layered.edges_in(layer, *link, &of_layer, execution);
                    let (size, block) = (edges.wiring.sources(), edges.wiring.source_block());
                    let (mut scratch, mut rest) = (Scratch::default(), &leaves[..]);
                    for start in (0..size).step_by(block) {
                        edges.all_leaving(start..(start + block).min(size), &mut scratch, |run, contributions| {
                            let leaves;
                            (leaves, rest) = rest.split_at(run.length);
                            for (&leaf, &d) in leaves.iter().zip(contributions) {
                                if leaf != NONE {
                                    row[leaf as usize] = d;
                                }
                            }
                        });
                    }
                }
                Ok(())
            })?;
        }
        Ok(contributions)
    }
}

/// The leaves of one layer, by the edges that they are for.
struct Matching<'a> {
    layer: &'a Layer,
    /// Source and destination neuron and the leaf, sorted.
    leaves: Vec<([u32; 2], u32)>,
    /// Where the leaves of each source neuron begin, and where the last ones end.
    starts: Vec<u32>,
}

impl<'a> Matching<'a> {
    fn new(layer: &'a Layer, leaves: Vec<u32>, edges: &LeafEdges) -> Self {
        let (sources, destinations) = (&*edges.sources, &*edges.destinations);
        let edge = |leaf: u32| ([sources[leaf as usize], destinations[leaf as usize]], leaf);
        let mut leaves: Vec<([u32; 2], u32)> = leaves.into_iter().map(edge).collect();
        leaves.sort_unstable();
        let neurons = layer.first_source(layer.links.len());
        let mut starts = Vec::with_capacity(neurons + 1);
        let mut start = 0;
        for neuron in 0..=neurons {
            while leaves.get(start).is_some_and(|(edge, _)| (edge[0] as usize) < neuron) {
                start += 1;
            }
            starts.push(start as u32);
        }
        Matching { layer, leaves, starts }
    }

    /// The leaf of each edge of each link.
    fn links(self, index: usize) -> Result<Vec<LinkLeaves>, EdgeError> {
        let mut is_used = vec![false; self.leaves.len()];
        let mut links = Vec::with_capacity(self.layer.links.len());
        for (number, link) in self.layer.links.iter().enumerate() {
            let first = self.layer.first_source(number);
            let mut leaves = Vec::with_capacity(link.wiring.edges() as usize);
            let (size, block) = (link.wiring.sources(), link.wiring.source_block());
            for start in (0..size).step_by(block) {
                link.wiring.leaving(start..(start + block).min(size), |run| {
                    for i in 0..run.length {
                        let source = first + run.source_at(i);
                        let range = self.starts[source] as usize..self.starts[source + 1] as usize;
                        let destination = run.destination_at(i);
                        let found =
                            self.leaves[range.clone()].binary_search_by_key(&destination, |(edge, _)| edge[1] as usize);
                        leaves.push(found.map_or(NONE, |found| {
                            is_used[range.start + found] = true;
                            self.leaves[range.start + found].1
                        }));
                    }
                });
            }
            links.push(LinkLeaves { layer: index, link: number, leaves });
        }
        match is_used.iter().position(|used| !used) {
            None => Ok(links),
            Some(unused) => {
                let ([from, to], leaf) = self.leaves[unused];
                Err(EdgeError::Edge { layer: self.layer.name.clone(), from, to, leaf })
            }
        }
    }
}
