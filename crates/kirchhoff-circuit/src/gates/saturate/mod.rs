//! Simplification by equality saturation: all that the rewrites make of a circuit is kept side by side in an e-graph, and
//! the smallest circuit chosen from it (Tate et al., "Equality saturation: a new approach to optimization", 2009; Willsey
//! et al., "egg: fast and extensible equality saturation", 2021).

mod distribute;
mod extract;
mod factor;
pub(super) mod graph;
mod report;
pub(super) mod rules;

use std::time::{Duration, Instant};

use egg::{Id, Language};
use kirchhoff_kernel::{Cancelled, Monitor};
use kirchhoff_semiring::Laws;
use thiserror::Error;

use self::distribute::distribute;
use self::extract::{Choice, Extraction};
use self::graph::{Graph, Node, Tidying};
use self::rules::{CLASS_REWRITES, ClassRewrite, DISTRIBUTE};
use super::simplify::rewrites::Workbench;
use super::simplify::{Firings, RewriteInfo, simplify};
use super::{Gate, GateBuilder, GateCircuit, GateError, GateId, GateKind};

pub use self::report::{SaturateReport, StopReason};
pub use self::rules::rewrites;

/// Limits of [`saturate`]. All but the one on time count work, so that the result is the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaturateOptions {
    /// The largest number of nodes of the e-graph.
    pub max_nodes: usize,
    /// The number of equal gates from which on a class gets no more.
    pub max_alternatives: usize,
    /// How often the rewrites are tried on everything.
    pub max_iterations: usize,
    /// The largest number of products that a gate is multiplied out to.
    pub max_terms: usize,
    /// Steps of the search for the smallest circuit in the e-graph.
    pub max_steps: usize,
    /// The longest time for rewriting; none by default.
    pub max_time: Option<Duration>,
}

impl Default for SaturateOptions {
    fn default() -> Self {
        SaturateOptions {
            max_nodes: 100_000,
            max_alternatives: 64,
            max_iterations: 100,
            max_terms: 64,
            max_steps: 1_000_000,
            max_time: None,
        }
    }
}

/// Why a circuit cannot be saturated.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SaturateError {
    /// The result cannot be made.
    #[error(transparent)]
    Gates(#[from] GateError),
    /// Stopped by the monitor.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Ways of factoring a sum that are tried, and whether gates are multiplied out before: first the best way alone, so
/// that all gates have their turn, then more as long as there is room.
const STAGES: [(usize, bool); 4] = [(1, false), (1, true), (4, false), (16, false)];

/// The part of the e-graph that sums which are multiplied out may take.
const DISTRIBUTED: usize = 4;

/// Rewrites a circuit to a smaller one of the same value in every semiring that has the given laws, by equality
/// saturation, after the linear-time pass of [`simplify`](super::simplify).
///
/// Sums are factored from the left and from the right, or anywhere where ⊗ commutes, in many ways at once, and gates
/// that are short when multiplied out are factored from there, too. Of all circuits that come about, one with few gates
/// and wires is chosen, each counted once however many use it: the result is never larger than what the linear-time
/// pass leaves. As there, the result [requires](GateCircuit::laws) the laws of the rewrites that found something to do.
///
/// Made for circuits up to some ten thousand gates: time and memory are bounded by [`SaturateOptions`], and a circuit
/// with more gates than the e-graph may have nodes gets the linear-time pass alone.
///
/// ```
/// use kirchhoff_circuit::{GateBuilder, SaturateOptions, StopReason, saturate};
/// use kirchhoff_semiring::Laws;
///
/// // a ⊗ b ⊕ a ⊗ c
/// let mut builder = GateBuilder::new(Vec::new(), 100);
/// let [a, b, c] = ["a", "b", "c"].map(|name| builder.declare(name));
/// let [a, b, c] = [builder.variable(a)?, builder.variable(b)?, builder.variable(c)?];
/// let products = [builder.times(&[a, b])?, builder.times(&[a, c])?];
/// let sum = builder.plus(&products)?;
/// builder.output("value", &[1], &[sum])?;
/// let circuit = builder.finish()?;
///
/// let (factored, report) = saturate(&circuit, Laws::NONE, &SaturateOptions::default(), &())?;
/// assert_eq!((circuit.gates(), factored.gates()), (6, 5));
/// assert_eq!((report.count("factor-left"), report.stop), (1, StopReason::Saturated));
/// assert_eq!(factored.laws(), Laws::NONE);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Cancellation; no other for circuits within the limits on gates and wires.
pub fn saturate(
    circuit: &GateCircuit,
    laws: Laws,
    options: &SaturateOptions,
    monitor: &dyn Monitor,
) -> Result<(GateCircuit, SaturateReport), SaturateError> {
    let rewrites: Vec<&ClassRewrite> = CLASS_REWRITES.iter().filter(|rewrite| laws.include(rewrite.needs)).collect();
    saturate_by(circuit, laws, &rewrites, options, monitor)
}

pub(super) fn saturate_by(
    circuit: &GateCircuit,
    laws: Laws,
    rewrites: &[&ClassRewrite],
    options: &SaturateOptions,
    monitor: &dyn Monitor,
) -> Result<(GateCircuit, SaturateReport), SaturateError> {
    let (input, linear) = simplify(circuit, laws)?;
    let mut saturation = Saturation::new(&input, laws, rewrites, options);
    let stop = saturation.run(monitor)?;
    let (choice, exact) = saturation.extract();
    let chosen = saturation.build(&choice)?;
    let (chosen, _) = simplify(&chosen, laws)?;
    let smaller = chosen.size().total() < input.size().total();
    let result = if smaller { chosen } else { input.clone() };
    let graph = &saturation.bench.gates.egraph;
    let report = SaturateReport {
        laws,
        required: result.laws(),
        before: circuit.size(),
        shared: simplify(circuit, Laws::NONE)?.0.size(),
        linear,
        after: result.size(),
        rewrites: saturation.firings(),
        iterations: saturation.iterations,
        nodes: graph.total_size(),
        classes: graph.number_of_classes(),
        stop,
        exact,
    };
    Ok((result, report))
}

/// A circuit and its e-graph.
pub(super) struct Saturation<'a> {
    circuit: &'a GateCircuit,
    /// The class of each gate of the circuit.
    pub(super) classes: Vec<Id>,
    pub(super) bench: Workbench<Graph>,
    tidying: Tidying,
    rewrites: &'a [&'a ClassRewrite],
    /// How often each of the rewrites has fired.
    fired: Vec<u64>,
    distributed: u64,
    iterations: usize,
    options: &'a SaturateOptions,
}

impl<'a> Saturation<'a> {
    pub(super) fn new(
        circuit: &'a GateCircuit,
        laws: Laws,
        rewrites: &'a [&'a ClassRewrite],
        options: &'a SaturateOptions,
    ) -> Self {
        let (graph, classes) = Graph::new(circuit, laws, options.max_nodes, options.max_alternatives);
        Saturation {
            circuit,
            classes,
            bench: Workbench::new(graph),
            tidying: Tidying::new(laws),
            rewrites,
            fired: vec![0; rewrites.len()],
            distributed: 0,
            iterations: 0,
            options,
        }
    }

    /// Rewrites until nothing more comes of it or a limit is reached.
    pub(super) fn run(&mut self, monitor: &dyn Monitor) -> Result<StopReason, Cancelled> {
        let begin = Instant::now();
        self.tidying.run(&mut self.bench);
        if self.bench.gates.is_full() {
            return Ok(StopReason::Nodes);
        }
        for (beam, distributes) in STAGES {
            let graph = &mut self.bench.gates;
            graph.beam = beam;
            if distributes {
                let size = graph.egraph.total_size();
                let room = size + (self.options.max_nodes - size) / DISTRIBUTED;
                self.distributed = distribute(graph, self.circuit, &self.classes, self.options.max_terms, room);
                self.tidying.run(&mut self.bench);
            }
            loop {
                if monitor.cancelled() {
                    return Err(Cancelled);
                }
                if self.iterations >= self.options.max_iterations {
                    return Ok(StopReason::Iterations);
                }
                if self.options.max_time.is_some_and(|limit| begin.elapsed() >= limit) {
                    return Ok(StopReason::Time);
                }
                let changed = self.iterate();
                if self.bench.gates.is_full() {
                    return Ok(StopReason::Nodes);
                }
                if !changed {
                    break;
                }
            }
        }
        Ok(StopReason::Saturated)
    }

    /// Tries every rewrite on every class; returns whether one of them fired.
    fn iterate(&mut self) -> bool {
        self.iterations += 1;
        let before: u64 = self.fired.iter().sum();
        for class in self.bench.gates.classes() {
            for (rewrite, fired) in self.rewrites.iter().zip(&mut self.fired) {
                *fired += (rewrite.apply)(&mut self.bench.gates, class);
            }
        }
        self.tidying.run(&mut self.bench);
        before < self.fired.iter().sum()
    }

    /// The gate that each class is in the smallest circuit found, and whether it is the smallest.
    fn extract(&mut self) -> (Choice, bool) {
        let input = self.tidying.input(&mut self.bench, self.circuit, &self.classes);
        let outputs: Vec<Id> = self.circuit.outputs().iter().map(|output| self.classes[output.index()]).collect();
        let graph = &self.bench.gates;
        Extraction::new(graph, &outputs).run(graph, &input, self.options.max_steps)
    }

    /// The circuit of a choice, which requires the laws of all rewrites that have fired.
    fn build(&self, choice: &Choice) -> Result<GateCircuit, GateError> {
        let mut builder = GateBuilder::like(self.circuit, u64::MAX);
        let mut made: Vec<Option<GateId>> = Vec::new();
        let outputs = self.classes_of_outputs();
        let egraph = &self.bench.gates.egraph;
        let mut open: Vec<Id> = outputs.iter().rev().copied().collect();
        while let Some(&class) = open.last() {
            let index = usize::from(class);
            made.resize(made.len().max(index + 1), None);
            if made[index].is_some() {
                open.pop();
                continue;
            }
            let node = &choice[&class];
            let children: Vec<usize> = node.children().iter().map(|&child| usize::from(egraph.find(child))).collect();
            let gates: Option<Vec<GateId>> = children.iter().map(|&child| *made.get(child)?).collect();
            match (gates, node) {
                (None, _) => open.extend(children.into_iter().rev().map(Id::from)),
                (Some(_), Node::Leaf(kind, gate)) => made[index] = Some(self.leaf(&mut builder, *kind, *gate)?),
                (Some(gates), Node::Plus(_)) => made[index] = Some(builder.plus(&gates)?),
                (Some(gates), Node::Times(_)) => made[index] = Some(builder.times(&gates)?),
            }
        }
        for (tensor, gates) in self.circuit.outputs_by_tensor() {
            let made = |&gate: &GateId| made[usize::from(self.class_of(gate))].expect("outputs have been made");
            let outputs: Vec<GateId> = gates.iter().map(made).collect();
            builder.output(&tensor.name, &tensor.shape, &outputs)?;
        }
        self.firings().iter().filter(|firings| firings.count > 0).for_each(|firings| builder.require(firings.needs));
        builder.finish()
    }

    fn classes_of_outputs(&self) -> Vec<Id> {
        self.circuit.outputs().iter().map(|&output| self.class_of(output)).collect()
    }

    fn class_of(&self, gate: GateId) -> Id {
        self.bench.gates.egraph.find(self.classes[gate.index()])
    }

    fn leaf(&self, builder: &mut GateBuilder, kind: GateKind, gate: GateId) -> Result<GateId, GateError> {
        match kind {
            GateKind::Zero => builder.zero(),
            GateKind::One => builder.one(),
            _ => match self.circuit.gate(gate) {
                Gate::Contribution { layer, d } => builder.contribution(layer, d),
                Gate::Variable(number) => builder.variable(number),
                _ => unreachable!("a leaf is the gate that it was made from"),
            },
        }
    }

    /// Every rewrite with the number of its firings.
    fn firings(&self) -> Vec<Firings> {
        let fired = |rewrite: RewriteInfo| {
            let single = self.tidying.firings().find(|(name, _)| *name == rewrite.name).map(|(_, count)| count);
            let class = self.rewrites.iter().position(|own| own.name == rewrite.name);
            let count = match rewrite.name {
                name if name == DISTRIBUTE.0 => self.distributed,
                "sort-times" => single.unwrap_or(0) + self.bench.gates.sorted,
                _ => single.or(class.map(|at| self.fired[at])).unwrap_or(0),
            };
            let needs = class.map_or(rewrite.needs, |at| self.rewrites[at].needs);
            Firings { needs, count, ..Firings::none(rewrite) }
        };
        rewrites().into_iter().map(fired).collect()
    }
}
