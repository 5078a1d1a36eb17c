//! Exact probabilities, by decision diagrams.

use std::sync::Arc;

use biodivine_lib_bdd::{Bdd, BddPointer, BddVariable, BddVariableSet, op_function};
use kirchhoff_circuit::{Gate, GateCircuit, GateId};
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::Boolean;

use super::{ProbabilityError, check};
use crate::leaves::AnnotateLeaves;

/// The nodes that [`exact_probability`] makes at most unless told otherwise: some 12 MB, and seconds.
pub const DEFAULT_MAX_NODES: usize = 1_000_000;

/// Variables that a diagram has room for.
const MAX_VARIABLES: usize = u16::MAX as usize - 1;

/// The probability that each output is 1, where each variable is 1 with the given probability, independently of the
/// others, and contributions are what `annotate` makes of them.
///
/// Every gate becomes a reduced ordered decision diagram of its Boolean function (Bryant, "Graph-based algorithms for
/// Boolean function manipulation", 1986), with the variables in the order of the circuit, and the probability of an
/// output follows node by node: `P(node) = p·P(high) + (1−p)·P(low)`. Diagrams may grow exponentially with the number of
/// variables; `max_nodes` bounds the nodes of all diagrams that are made, at 12 bytes each, and with them the time.
///
/// ```
/// use kirchhoff_circuit::GateBuilder;
/// use kirchhoff_evaluate::{PerLeaf, exact_probability};
///
/// // a ∧ (b ∨ c)
/// let mut builder = GateBuilder::new(Vec::new(), 100);
/// let names = ["a", "b", "c"].map(|name| builder.declare(name));
/// let [a, b, c] = names.map(|name| builder.variable(name).unwrap());
/// let either = builder.plus(&[b, c])?;
/// let both = builder.times(&[a, either])?;
/// builder.output("x", &[1], &[both])?;
/// let circuit = builder.finish()?;
/// assert_eq!(exact_probability(&circuit, &PerLeaf(|_, _| true), &[0.5; 3], 1000, &())?, [0.375]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What is no probability of each variable, too many variables or nodes, annotations that do not fit, or cancellation.
pub fn exact_probability(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    probabilities: &[f64],
    max_nodes: usize,
    monitor: &dyn Monitor,
) -> Result<Vec<f64>, ProbabilityError> {
    check(circuit.variables(), probabilities)?;
    let contributions = &*circuit.arrays().contributions;
    let mut leaves = vec![false; contributions.len()];
    annotate.annotate(&Boolean, circuit, contributions, &mut leaves)?;
    let live = live(circuit);
    let chances = Chances::new(circuit, &live, probabilities)?;
    let mut diagrams =
        Diagrams { space: BddVariableSet::new_anonymous(chances.places.len() as u16), made: 0, max_nodes };
    let (zero, one) = (Arc::new(diagrams.space.mk_false()), Arc::new(diagrams.space.mk_true()));
    let constant = |truth: bool| if truth { one.clone() } else { zero.clone() };
    let mut leaves = leaves.into_iter();
    let mut functions: Vec<Option<Arc<Bdd>>> = vec![None; circuit.gates()];
    for (id, gate) in circuit.iter() {
        let leaf = matches!(gate, Gate::Contribution { .. }).then(|| leaves.next());
        if !live[id.index()] {
            continue;
        }
        if monitor.cancelled() {
            return Err(kirchhoff_kernel::Cancelled.into());
        }
        let known = |child: &GateId| functions[child.index()].as_ref().expect("children are live and come first");
        functions[id.index()] = Some(match gate {
            Gate::Zero => zero.clone(),
            Gate::One => one.clone(),
            Gate::Contribution { .. } => constant(leaf.flatten() == Some(true)),
            Gate::Variable(number) => match chances.place(number) {
                Some(place) => Arc::new(diagrams.space.mk_var(BddVariable::from_index(place))),
                None => constant(probabilities[number as usize] == 1.0),
            },
            Gate::Plus(children) => diagrams.join(&zero, children.iter().map(known), op_function::or)?,
            Gate::Times(children) => diagrams.join(&one, children.iter().map(known), op_function::and)?,
        });
        monitor.advance(circuit.children(id).len() as u64);
    }
    let probability = |output: &GateId| chances.of(functions[output.index()].as_deref().expect("outputs are live"));
    Ok(circuit.outputs().iter().map(probability).collect())
}

/// The gates that an output depends on.
fn live(circuit: &GateCircuit) -> Vec<bool> {
    let mut live = vec![false; circuit.gates()];
    circuit.outputs().iter().for_each(|output| live[output.index()] = true);
    for (id, _) in circuit.iter().rev() {
        if live[id.index()] {
            circuit.children(id).iter().for_each(|child| live[child.index()] = true);
        }
    }
    live
}

/// The variables that are left to chance, and how probable each is.
struct Chances {
    /// Their numbers in the circuit, ascending.
    places: Vec<u32>,
    probabilities: Vec<f64>,
}

impl Chances {
    fn new(circuit: &GateCircuit, live: &[bool], probabilities: &[f64]) -> Result<Self, ProbabilityError> {
        let open = |number: &u32| !matches!(probabilities[*number as usize], 0.0 | 1.0);
        let variable = |(id, gate): (GateId, Gate<'_>)| match gate {
            Gate::Variable(number) if live[id.index()] => Some(number),
            _ => None,
        };
        let mut places: Vec<u32> = circuit.iter().filter_map(variable).filter(open).collect();
        places.sort_unstable();
        places.dedup();
        let (got, limit) = (places.len(), MAX_VARIABLES);
        if got > limit {
            return Err(ProbabilityError::Variables { got, limit });
        }
        let probabilities = places.iter().map(|&number| probabilities[number as usize]).collect();
        Ok(Chances { places, probabilities })
    }

    fn place(&self, number: u32) -> Option<usize> {
        self.places.binary_search(&number).ok()
    }

    /// The probability of a function: of each node by those that it leads to, which come before it.
    fn of(&self, function: &Bdd) -> f64 {
        let mut known = vec![0.0, 1.0];
        for node in function.pointers().skip(2) {
            let of = |pointer: BddPointer| known[pointer.to_index()];
            let p = self.probabilities[function.var_of(node).to_index()];
            known.push(p * of(function.high_link_of(node)) + (1.0 - p) * of(function.low_link_of(node)));
        }
        if function.is_false() { 0.0 } else { known[known.len() - 1] }
    }
}

/// Decision diagrams under a limit.
struct Diagrams {
    space: BddVariableSet,
    /// Nodes of all diagrams made so far.
    made: usize,
    max_nodes: usize,
}

impl Diagrams {
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
