//! The gates of a walk through the layers, as they are made.

use kirchhoff_kernel::{Cancelled, Monitor, Run, Scratch};

use super::super::name::{edge_name, neuron_name, neuron_position};
use super::super::{GateBuilder, GateError, GateId, GateKind};
use super::{Leaves, Start, UnrollError, UnrollOptions, Variables};
use crate::{Layer, LayerContributions, LayeredCircuit, Link, TensorId};

/// One summand of a neuron's relevance.
#[derive(Clone, Copy)]
pub(super) struct Summand {
    neuron: u32,
    gate: GateId,
}

/// The gates made so far, and those that wait for their sums.
pub(super) struct Unrolling<'a> {
    pub builder: GateBuilder,
    /// The summands of each tensor whose relevance is not complete.
    pub pending: Vec<Option<Vec<Summand>>>,
    pub circuit: &'a LayeredCircuit,
    pub options: &'a UnrollOptions<'a>,
}

impl Unrolling<'_> {
    /// What each output neuron starts with, as its only summand.
    pub fn start(&mut self, start: &Start, outputs: usize) -> Result<Vec<Summand>, GateError> {
        let (targets, variables) = match start {
            Start::Variables => ((0..outputs).collect(), true),
            Start::VariablesAt(targets) => (targets.clone(), true),
            Start::OnesAt(targets) => (targets.clone(), false),
        };
        let mut gates = vec![None; outputs];
        for target in targets {
            gates[target] = Some(if variables {
                let number = self.builder.declare(&format!("start[{target}]"));
                self.builder.variable(number)?
            } else {
                self.builder.one()?
            });
        }
        let summand = |(neuron, gate): (usize, Option<GateId>)| {
            Ok(Summand { neuron: neuron as u32, gate: gate.map_or_else(|| self.builder.zero(), Ok)? })
        };
        gates.into_iter().enumerate().map(summand).collect()
    }

    /// Adds the summands of the sources of one link.
    pub fn link(
        &mut self,
        index: usize,
        number: usize,
        contributions: &LayerContributions,
        destinations: &[GateId],
        summands: &mut Vec<Summand>,
        monitor: &dyn Monitor,
    ) -> Result<(), UnrollError> {
        let circuit = self.circuit;
        let layer = &circuit.layers()[index];
        let first = layer.first_source(number);
        let edges = circuit.edges_in(layer, number, contributions, self.options.execution);
        // Without the gates that Θ drops, neurons that no target reaches drop out as well.
        let dead = match self.options.keep {
            Some(_) => Some(self.builder.zero()?),
            None => None,
        };
        // Where leaves are those of any execution, so are the edges that win in none or one of them.
        let chosen = self.options.leaves == Leaves::Edges && layer.chooses();
        let pass = !layer.is_annotated() && !chosen;
        let (size, block) = (edges.wiring.sources(), edges.wiring.source_block());
        let mut scratch = Scratch::default();
        let mut failed = None;
        for start in (0..size).step_by(block) {
            if monitor.cancelled() {
                return Err(Cancelled.into());
            }
            let mut visited = 0;
            let visit = |run: &Run, contributions: &[f32]| {
                visited += run.length as u64;
                for (i, &d) in contributions.iter().enumerate() {
                    let destination = destinations[run.destination_at(i)];
                    let dropped = !pass && !chosen && self.options.keep.is_some_and(|keep| !keep(index, d));
                    if failed.is_some() || dropped || Some(destination) == dead {
                        continue;
                    }
                    let source = run.source_at(i);
                    let gate = match pass {
                        true => Ok(destination),
                        false => {
                            let name = || self.edge_name(layer, &layer.links[number], source, run.destination_at(i));
                            let variable = (self.options.variables == Variables::Edges).then(name);
                            let edge = [first + source, run.destination_at(i)];
                            self.edge(index, edge, d, variable, destination)
                        }
                    };
                    match gate {
                        Ok(gate) => summands.push(Summand { neuron: source as u32, gate }),
                        Err(error) => failed = Some(error),
                    }
                }
            };
            let block = start..(start + block).min(size);
            match chosen {
                true => edges.all_leaving(block, &mut scratch, visit),
                false => edges.leaving(block, &mut scratch, visit),
            }
            monitor.advance(visited);
            if let Some(error) = failed {
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// The gate of an edge: what stands on it, times the relevance of its destination.
    fn edge(
        &mut self,
        layer: usize,
        edge: [usize; 2],
        d: f32,
        variable: Option<String>,
        destination: GateId,
    ) -> Result<GateId, GateError> {
        let mut factors = Vec::with_capacity(3);
        if self.options.contributions {
            let limit = GateError::Limit { what: "neurons of a layer", limit: u64::from(u32::MAX) };
            let neuron = |neuron: usize| u32::try_from(neuron).map_err(|_| limit.clone());
            factors.push(match self.options.leaves {
                Leaves::Values => self.builder.contribution(layer as u32, d)?,
                Leaves::Edges => self.builder.edge(layer as u32, [neuron(edge[0])?, neuron(edge[1])?], d)?,
            });
        }
        if let Some(name) = variable {
            let number = self.builder.declare_distinct(&name);
            factors.push(self.builder.variable(number)?);
        }
        factors.push(destination);
        self.builder.times(&factors)
    }

    fn edge_name(&self, layer: &Layer, link: &Link, source: usize, destination: usize) -> String {
        let position = |tensor, neuron| neuron_position(self.options.shape(self.circuit, tensor), neuron);
        let (from, to) = (position(link.source, source), position(layer.destination, destination));
        let tensor = (layer.links.len() > 1).then_some(&*self.circuit.tensor(link.source).name);
        edge_name(&layer.name, tensor, &from, &to)
    }

    /// Completes the relevance of a tensor: one gate a neuron.
    pub fn relevance(&mut self, tensor: TensorId) -> Result<Vec<GateId>, UnrollError> {
        let summands = self.pending[tensor.index()].take().unwrap_or_default();
        let size = self.circuit.tensor(tensor).size();
        // Sorted by neuron, by counting; the summands of a neuron keep their order.
        let mut ends = vec![0usize; size + 1];
        for summand in &summands {
            ends[summand.neuron as usize + 1] += 1;
        }
        for neuron in 0..size {
            ends[neuron + 1] += ends[neuron];
        }
        let starts = ends.clone();
        let mut sorted = vec![GateId(0); summands.len()];
        for summand in &summands {
            let next = &mut ends[summand.neuron as usize];
            sorted[*next] = summand.gate;
            *next += 1;
        }
        drop(summands);
        let sums = starts.windows(2).map(|ends| self.builder.plus(&sorted[ends[0]..ends[1]]));
        let mut sums = sums.collect::<Result<Vec<GateId>, _>>()?;
        let conditions = &self.options.conditions;
        let ends = self.circuit.inputs().contains(&tensor) && conditions.ends_before(tensor);
        let excluded = if ends { (0..size).collect() } else { conditions.excluded(tensor, size) };
        for neuron in excluded {
            sums[neuron] = self.builder.zero()?;
        }
        if matches!(&self.options.variables, Variables::Neurons(tensors) if tensors.contains(&tensor)) {
            for (neuron, sum) in sums.iter_mut().enumerate() {
                *sum = self.neuron(tensor, neuron, *sum)?;
            }
        }
        Ok(sums)
    }

    /// A neuron's variable times its relevance.
    fn neuron(&mut self, tensor: TensorId, neuron: usize, relevance: GateId) -> Result<GateId, GateError> {
        if self.builder.kind(relevance) == GateKind::Zero {
            return Ok(relevance);
        }
        let shape = self.options.shape(self.circuit, tensor);
        let name = neuron_name(&self.circuit.tensor(tensor).name, shape, neuron);
        let number = self.builder.declare_distinct(&name);
        let variable = self.builder.variable(number)?;
        self.builder.times(&[variable, relevance])
    }
}
