//! Decision diagrams of the Boolean functions of outputs.

use std::sync::Arc;

use biodivine_lib_bdd::{Bdd, BddVariable, BddVariableSet, op_function};
use kirchhoff_circuit::{Gate, GateCircuit, GateId};
use kirchhoff_kernel::{Cancelled, Monitor};
use kirchhoff_semiring::Boolean;
use num_bigint::BigUint;

use super::ProbabilityError;
use crate::leaves::AnnotateLeaves;

/// The nodes that decision diagrams take at most unless told otherwise: some 12 MB, and seconds.
pub const DEFAULT_MAX_NODES: usize = 1_000_000;

/// Variables that a diagram has room for.
const MAX_VARIABLES: usize = u16::MAX as usize - 1;

/// A node of a [`DecisionDiagram`]: if the variable is 1, `high` decides, else `low`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionNode {
    /// The number of the variable in the circuit.
    pub variable: u32,
    /// The node that decides where it is 0.
    pub low: u32,
    /// The node that decides where it is 1.
    pub high: u32,
}

/// The Boolean function of an output, or of several together, as a reduced ordered decision diagram.
///
/// Node 0 is false, node 1 is true, and node `i + 2` is `nodes()[i]`. Every node comes after those that it leads to, and
/// variables ascend on every path from the root.
///
/// ```
/// use kirchhoff_circuit::GateBuilder;
/// use kirchhoff_evaluate::{PerLeaf, decision_diagrams};
///
/// // a ∧ (b ∨ c)
/// let mut builder = GateBuilder::new(Vec::new(), 100);
/// let names = ["a", "b", "c"].map(|name| builder.declare(name));
/// let [a, b, c] = names.map(|name| builder.variable(name).unwrap());
/// let either = builder.plus(&[b, c])?;
/// let both = builder.times(&[a, either])?;
/// builder.output("x", &[1], &[both])?;
/// let circuit = builder.finish()?;
///
/// let diagrams = decision_diagrams(&circuit, &PerLeaf(|_, _| true), &[&[0]], &|_| None, 1000, &())?;
/// let diagram = &diagrams[0];
/// assert_eq!(diagram.nodes().len(), 3);
/// assert_eq!(diagram.models(), 3u32.into());
/// let (probability, derivatives) = diagram.gradient(&[0.5, 0.5, 0.5]);
/// assert_eq!((probability, derivatives), (0.375, vec![0.75, 0.25, 0.25]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionDiagram {
    variables: usize,
    fixed: usize,
    nodes: Vec<DecisionNode>,
    root: u32,
}

impl DecisionDiagram {
    /// The nodes that decide, children before users.
    pub fn nodes(&self) -> &[DecisionNode] {
        &self.nodes
    }

    /// The node that the function is: 0 and 1 are the constants.
    pub fn root(&self) -> u32 {
        self.root
    }

    /// The number of variables of the circuit, whether they occur or not.
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// The numbers of the variables that the function depends on, ascending.
    pub fn support(&self) -> Vec<u32> {
        let mut support: Vec<u32> = self.nodes.iter().map(|node| node.variable).collect();
        support.sort_unstable();
        support.dedup();
        support
    }

    /// The number of assignments of all variables of the circuit that were not fixed under which the function is true.
    /// Takes O(nodes) additions of numbers of as many bits as there are variables.
    pub fn models(&self) -> BigUint {
        // Models of the variables from the one of a node on, among those that occur.
        let support = self.support();
        let mut places = vec![0; self.variables];
        for (place, &variable) in support.iter().enumerate() {
            places[variable as usize] = place;
        }
        let place = |node: u32| match node.checked_sub(2) {
            Some(own) => places[self.nodes[own as usize].variable as usize],
            None => support.len(),
        };
        let mut counts = vec![BigUint::ZERO, BigUint::from(1u32)];
        for (own, node) in self.nodes.iter().enumerate() {
            let below = place(own as u32 + 2) + 1;
            let count = |child: u32| &counts[child as usize] << (place(child) - below);
            counts.push(count(node.low) + count(node.high));
        }
        let free = self.variables - self.fixed - support.len();
        &counts[self.root as usize] << (place(self.root) + free)
    }

    /// The value under an assignment of all variables of the circuit. Takes a step a variable.
    ///
    /// # Panics
    /// If there is not one value a variable.
    pub fn evaluate(&self, world: &[bool]) -> bool {
        assert_eq!(world.len(), self.variables, "one value a variable");
        let mut node = self.root;
        while let Some(own) = node.checked_sub(2) {
            let DecisionNode { variable, low, high } = self.nodes[own as usize];
            node = if world[variable as usize] { high } else { low };
        }
        node == 1
    }

    /// The probability that the function is true, where each variable is 1 with the given probability, independently of
    /// the others. Takes O(nodes) time and memory.
    ///
    /// # Panics
    /// If there is not one probability a variable.
    pub fn probability(&self, probabilities: &[f64]) -> f64 {
        self.chances(probabilities)[self.root as usize]
    }

    /// The probability of each node, by those that it leads to.
    fn chances(&self, probabilities: &[f64]) -> Vec<f64> {
        assert_eq!(probabilities.len(), self.variables, "one probability a variable");
        let mut chances = Vec::with_capacity(self.nodes.len() + 2);
        chances.extend([0.0, 1.0]);
        for node in &self.nodes {
            let p = probabilities[node.variable as usize];
            chances.push(p * chances[node.high as usize] + (1.0 - p) * chances[node.low as usize]);
        }
        chances
    }

    /// The probability that the function is true, and its derivative by the probability of each variable: the
    /// probability with the variable 1 less that with it 0, by which the probability is linear in each. One pass up and
    /// one down (reverse mode): O(nodes + variables) time and memory.
    ///
    /// # Panics
    /// If there is not one probability a variable.
    pub fn gradient(&self, probabilities: &[f64]) -> (f64, Vec<f64>) {
        let chances = self.chances(probabilities);
        let mut derivatives = vec![0.0; self.variables];
        let mut reached = vec![0.0; chances.len()];
        reached[self.root as usize] = 1.0;
        for (own, node) in self.nodes.iter().enumerate().rev() {
            let weight = reached[own + 2];
            let p = probabilities[node.variable as usize];
            derivatives[node.variable as usize] += weight * (chances[node.high as usize] - chances[node.low as usize]);
            reached[node.high as usize] += weight * p;
            reached[node.low as usize] += weight * (1.0 - p);
        }
        (chances[self.root as usize], derivatives)
    }

    fn of(function: &Bdd, places: &[u32], variables: usize, fixed: usize) -> Self {
        let node = |pointer| DecisionNode {
            variable: places[function.var_of(pointer).to_index()],
            low: function.low_link_of(pointer).to_index() as u32,
            high: function.high_link_of(pointer).to_index() as u32,
        };
        let nodes: Vec<DecisionNode> = function.pointers().skip(2).map(node).collect();
        DecisionDiagram { variables, fixed, nodes, root: function.root_pointer().to_index() as u32 }
    }
}

/// The decision diagrams of events, each of which is that all of some outputs, by their positions, are 1.
///
/// Contributions are what `annotate` makes of them, and variables for which `fixed` gives a value have it; all others
/// are decided on, in the order of the circuit. Every gate that matters becomes a reduced ordered decision diagram of its
/// Boolean function (Bryant, "Graph-based algorithms for Boolean function manipulation", 1986). Diagrams may grow
/// exponentially with the number of variables: `max_nodes` bounds the nodes of all diagrams that are made, at 12 bytes
/// each, and with them the time.
///
/// # Errors
/// An output that is not there, too many variables or nodes, annotations that do not fit, or cancellation.
pub fn decision_diagrams(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    events: &[&[usize]],
    fixed: &dyn Fn(usize) -> Option<bool>,
    max_nodes: usize,
    monitor: &dyn Monitor,
) -> Result<Vec<DecisionDiagram>, ProbabilityError> {
    let outputs = circuit.outputs();
    check_outputs(circuit, events.iter().copied().flatten())?;
    let leaves = truths(circuit, annotate)?;
    let live = live(circuit, events.iter().copied().flatten().map(|&output| outputs[output]));
    let open = |&number: &u32| fixed(number as usize).is_none();
    let places: Vec<u32> = occurring(circuit, &live).into_iter().filter(open).collect();
    let (got, limit) = (places.len(), MAX_VARIABLES);
    if got > limit {
        return Err(ProbabilityError::Variables { got, limit });
    }
    let mut making = Making { space: BddVariableSet::new_anonymous(got as u16), made: 0, max_nodes };
    let (zero, one) = (Arc::new(making.space.mk_false()), Arc::new(making.space.mk_true()));
    let constant = |truth: bool| if truth { one.clone() } else { zero.clone() };
    let mut functions: Vec<Option<Arc<Bdd>>> = vec![None; circuit.gates()];
    let mut leaves = leaves.into_iter();
    for (id, gate) in circuit.iter() {
        let leaf = matches!(gate, Gate::Contribution { .. }).then(|| leaves.next());
        if !live[id.index()] {
            continue;
        }
        if monitor.cancelled() {
            return Err(Cancelled.into());
        }
        let known = |child: &GateId| functions[child.index()].as_ref().expect("children are live and come first");
        functions[id.index()] = Some(match gate {
            Gate::Zero => zero.clone(),
            Gate::One => one.clone(),
            Gate::Contribution { .. } => constant(leaf.flatten() == Some(true)),
            Gate::Variable(number) => match fixed(number as usize) {
                Some(value) => constant(value),
                None => {
                    let place = places.partition_point(|&own| own < number);
                    Arc::new(making.space.mk_var(BddVariable::from_index(place)))
                }
            },
            Gate::Plus(children) => making.join(&zero, children.iter().map(known), op_function::or)?,
            Gate::Times(children) => making.join(&one, children.iter().map(known), op_function::and)?,
        });
        monitor.advance(circuit.children(id).len() as u64);
    }
    let variables = circuit.variables().len();
    let count = (0..variables).filter(|&number| fixed(number).is_some()).count();
    let event = |event: &&[usize]| {
        let own = event.iter().map(|&output| functions[outputs[output].index()].as_ref().expect("outputs are live"));
        let function = making.join(&one, own, op_function::and)?;
        Ok(DecisionDiagram::of(&function, &places, variables, count))
    };
    events.iter().map(event).collect()
}

/// What Θ makes of the contributions, leaf by leaf.
pub(super) fn truths(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
) -> Result<Vec<bool>, ProbabilityError> {
    let contributions = &*circuit.arrays().contributions;
    let mut leaves = vec![false; contributions.len()];
    annotate.annotate(&Boolean, circuit, contributions, &mut leaves)?;
    Ok(leaves)
}

/// Refuses positions of outputs that are not there.
pub(super) fn check_outputs<'a>(
    circuit: &GateCircuit,
    mut outputs: impl Iterator<Item = &'a usize>,
) -> Result<(), ProbabilityError> {
    let count = circuit.outputs().len();
    match outputs.find(|&&output| output >= count) {
        Some(&got) => Err(ProbabilityError::Output { got, count }),
        None => Ok(()),
    }
}

/// The gates that some gates depend on, these included.
pub(super) fn live(circuit: &GateCircuit, roots: impl Iterator<Item = GateId>) -> Vec<bool> {
    let mut live = vec![false; circuit.gates()];
    roots.for_each(|root| live[root.index()] = true);
    for (id, _) in circuit.iter().rev() {
        if live[id.index()] {
            circuit.children(id).iter().for_each(|child| live[child.index()] = true);
        }
    }
    live
}

/// The numbers of the variables among live gates, ascending.
pub(super) fn occurring(circuit: &GateCircuit, live: &[bool]) -> Vec<u32> {
    let variable = |(id, gate): (GateId, Gate<'_>)| match gate {
        Gate::Variable(number) if live[id.index()] => Some(number),
        _ => None,
    };
    let mut numbers: Vec<u32> = circuit.iter().filter_map(variable).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Decision diagrams under a limit.
struct Making {
    space: BddVariableSet,
    /// Nodes of all diagrams made so far.
    made: usize,
    max_nodes: usize,
}

impl Making {
    /// `∨` or `∧` of functions.
    fn join<'a>(
        &mut self,
        neutral: &Arc<Bdd>,
        mut functions: impl Iterator<Item = &'a Arc<Bdd>>,
        operation: fn(Option<bool>, Option<bool>) -> Option<bool>,
    ) -> Result<Arc<Bdd>, ProbabilityError> {
        let too_large = || ProbabilityError::Nodes { max_nodes: self.max_nodes };
        let mut result = functions.next().unwrap_or(neutral).clone();
        for function in functions {
            let left = self.max_nodes - self.made;
            // An operation may look at every pair of nodes for a small result: large ones are counted first.
            let pairs = result.size().saturating_mul(function.size());
            if pairs > self.max_nodes {
                Bdd::check_binary_op(self.max_nodes, &result, function, operation).ok_or_else(too_large)?;
            }
            let joined = Bdd::binary_op_with_limit(left, &result, function, operation).ok_or_else(too_large)?;
            // A function of no variables has two nodes at most, whatever the limit.
            self.made = (self.made + joined.size()).min(self.max_nodes);
            result = Arc::new(joined);
        }
        Ok(result)
    }
}
