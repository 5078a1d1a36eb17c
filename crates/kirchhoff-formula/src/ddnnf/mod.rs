//! Boolean functions in deterministic decomposable negation normal form.

mod read;
mod sound;
mod write;

use std::collections::HashMap;

use kirchhoff_circuit::{GateBuilder, GateCircuit, GateError, GateId};
use kirchhoff_evaluate::DecisionDiagram;
use num_bigint::BigUint;
use thiserror::Error;

/// A node of a [`Ddnnf`], which refers to others by their positions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DdnnfNode {
    /// A variable, or its negation.
    Literal {
        /// The position of the variable.
        variable: u32,
        /// Whether it is not negated.
        positive: bool,
    },
    /// True where all of these are, no two of which share a variable; true without any.
    And(Vec<u32>),
    /// True where one of these is, no two of which are true together; false without any.
    Or(Vec<u32>),
}

impl DdnnfNode {
    /// The nodes that it refers to.
    pub fn children(&self) -> &[u32] {
        match self {
            DdnnfNode::Literal { .. } => &[],
            DdnnfNode::And(children) | DdnnfNode::Or(children) => children,
        }
    }
}

/// Why a text is not taken for a d-DNNF.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DdnnfError {
    /// A line that is not what it should be.
    #[error("line {line}: {problem}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Something that is wrong with the nodes together.
    #[error("{0}")]
    Nodes(String),
    /// More nodes than allowed.
    #[error("the formula has more than {limit} nodes: allow more of them")]
    TooLarge {
        /// How many nodes are allowed.
        limit: usize,
    },
    /// A conjunction that is not decomposable.
    #[error(
        "two conjuncts of node {node} share variable {variable}: the formula is no DNNF, and cannot be counted with"
    )]
    Decomposable {
        /// The conjunction.
        node: usize,
        /// The number of the variable, from 1.
        variable: usize,
    },
    /// A disjunction that may not be deterministic.
    #[error(
        "the disjuncts of node {node} have no literals of opposite signs: nothing shows that no two of them are true \
         together; trust the formula if whoever made it answers for that"
    )]
    Deterministic {
        /// The disjunction.
        node: usize,
    },
    /// A check that takes more than it may.
    #[error("to check the formula takes more than {limit} bytes or steps: allow more of them")]
    Work {
        /// How many are allowed.
        limit: usize,
    },
}

/// A Boolean function in deterministic decomposable negation normal form, d-DNNF (Darwiche, "On the tractable counting of
/// theory models", 2001): what knowledge compilers make. Probabilities, models and any other sum of products over the
/// function's models follow node by node.
///
/// Nodes come after those that they refer to. [`from_diagram`](Ddnnf::from_diagram) makes one of a decision diagram,
/// [`parse`](Ddnnf::parse) reads the formats of c2d and d4, and [`c2d`](Ddnnf::c2d) and [`d4`](Ddnnf::d4) write them.
///
/// ```
/// use kirchhoff_evaluate::{PerLeaf, decision_diagrams};
/// use kirchhoff_formula::{Ddnnf, DdnnfOptions, parse};
///
/// let circuit = parse(r#"(circuit (variables "a" "b" "c") (output "x" () (* "a" (+ "b" "c"))))"#, 100)?;
/// let diagrams = decision_diagrams(&circuit, &PerLeaf(|_, _| true), &[&[0]], &|_| None, 1000, &())?;
/// let formula = Ddnnf::from_diagram(circuit.variables(), &diagrams[0]);
/// assert_eq!((formula.models(), formula.probability(&[0.5; 3])), (3u32.into(), 0.375));
/// assert_eq!(
///     formula.c2d(true),
///     "c variable 1 a\n\
///      c variable 2 b\n\
///      c variable 3 c\n\
///      nnf 7 6 3\n\
///      L -2\n\
///      L 3\n\
///      L 2\n\
///      A 2 0 1\n\
///      L 1\n\
///      O 2 2 2 3\n\
///      A 2 4 5\n"
/// );
/// assert_eq!(Ddnnf::parse(&formula.c2d(true), &DdnnfOptions::default())?, formula);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ddnnf {
    variables: Vec<String>,
    nodes: Vec<DdnnfNode>,
}

/// How a d-DNNF is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DdnnfOptions {
    /// The nodes that it may have.
    pub max_nodes: usize,
    /// The variables that there are at least: d4's files do not say.
    pub variables: usize,
    /// The bytes that checking decomposability may take, and the steps that checking determinism may.
    pub max_work: usize,
    /// Whether whoever made the file answers for disjuncts being exclusive where nothing shows it: those of decisions on a
    /// variable do, as both c2d and d4 make them.
    pub trusted: bool,
}

impl Default for DdnnfOptions {
    /// Ten million nodes, a gigabyte, and no trust.
    fn default() -> Self {
        DdnnfOptions { max_nodes: 10_000_000, variables: 0, max_work: 1 << 30, trusted: false }
    }
}

impl Ddnnf {
    /// The function of a decision diagram, whose variables have these names: of each node, one conjunction of a literal and
    /// what decides under it for either value, as far as these can be true. Takes O(nodes) time and memory.
    ///
    /// # Panics
    /// If there is not one name a variable.
    pub fn from_diagram(names: &[String], diagram: &DecisionDiagram) -> Self {
        assert_eq!(names.len(), diagram.variables(), "one name a variable");
        let mut making = Making::default();
        // False is no node, true the empty conjunction.
        let mut became: Vec<Option<DdnnfNode>> = vec![None, Some(DdnnfNode::And(Vec::new()))];
        for node in diagram.nodes() {
            let mut side = |positive: bool, below: u32| -> Option<DdnnfNode> {
                let below = became[below as usize].clone()?;
                let literal = DdnnfNode::Literal { variable: node.variable, positive };
                if below == DdnnfNode::And(Vec::new()) {
                    return Some(literal);
                }
                let literal = making.node(literal);
                let below = making.node(below);
                Some(DdnnfNode::And(vec![literal, below]))
            };
            let (high, low) = (side(true, node.high), side(false, node.low));
            let both = match (high, low) {
                (Some(high), Some(low)) => Some(DdnnfNode::Or(vec![making.node(high), making.node(low)])),
                (one, other) => one.or(other),
            };
            became.push(both);
        }
        let root = became[diagram.root() as usize].take().unwrap_or(DdnnfNode::Or(Vec::new()));
        making.node(root);
        let mut formula = Ddnnf { variables: names.to_vec(), nodes: making.nodes };
        formula.keep_live();
        formula
    }

    /// The names of the variables.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The nodes, children before users; the last one is the function.
    pub fn nodes(&self) -> &[DdnnfNode] {
        &self.nodes
    }

    /// The number of assignments of all variables under which the function is true. Takes O(nodes + references) operations
    /// on numbers of as many bits as there are variables.
    pub fn models(&self) -> BigUint {
        let count = self.variables.len();
        // Of each node, those of all variables: what is conjoined has no variable in common.
        let all = || BigUint::from(1u32) << count;
        let mut models: Vec<BigUint> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            models.push(match node {
                DdnnfNode::Literal { .. } => BigUint::from(1u32) << (count - 1),
                DdnnfNode::And(children) => {
                    children.iter().fold(all(), |product, &child| (product * &models[child as usize]) >> count)
                }
                DdnnfNode::Or(children) => children.iter().map(|&child| &models[child as usize]).sum(),
            });
        }
        models.pop().unwrap_or_default()
    }

    /// The probability that the function is true, where each variable is 1 with the given probability, independently of
    /// the others. Takes O(nodes + references) time.
    ///
    /// # Panics
    /// If there is not one probability a variable.
    pub fn probability(&self, probabilities: &[f64]) -> f64 {
        assert_eq!(probabilities.len(), self.variables.len(), "one probability a variable");
        let mut values: Vec<f64> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let of = |children: &[u32]| children.iter().map(|&child| values[child as usize]).collect::<Vec<f64>>();
            values.push(match node {
                DdnnfNode::Literal { variable, positive: true } => probabilities[*variable as usize],
                DdnnfNode::Literal { variable, positive: false } => 1.0 - probabilities[*variable as usize],
                DdnnfNode::And(children) => of(children).iter().product(),
                DdnnfNode::Or(children) => of(children).iter().sum(),
            });
        }
        values.pop().unwrap_or(0.0)
    }

    /// The value under an assignment of all variables. Takes O(nodes + references) time.
    ///
    /// # Panics
    /// If there is not one value a variable.
    pub fn evaluate(&self, world: &[bool]) -> bool {
        assert_eq!(world.len(), self.variables.len(), "one value a variable");
        let mut values: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            values.push(match node {
                DdnnfNode::Literal { variable, positive } => world[*variable as usize] == *positive,
                DdnnfNode::And(children) => children.iter().all(|&child| values[child as usize]),
                DdnnfNode::Or(children) => children.iter().any(|&child| values[child as usize]),
            });
        }
        values.pop().unwrap_or(false)
    }

    /// The formula as a gate circuit of one output without axes: `∨` is `⊕`, `∧` is `⊗`, and the literals are variables, `a`
    /// and `¬a`, in the order of the formula's. It can be folded over any commutative semiring in which the labels of `a`
    /// and `¬a` add up to 1 (Kimmig, Van den Broeck & De Raedt, "Algebraic model counting", 2017).
    ///
    /// # Errors
    /// More than `max_gates` gates.
    pub fn to_circuit(&self, name: &str, max_gates: u64) -> Result<GateCircuit, GateError> {
        let mut builder = GateBuilder::new(Vec::new(), max_gates);
        for variable in &self.variables {
            builder.declare(variable);
            builder.declare(&format!("¬{variable}"));
        }
        let mut gates: Vec<GateId> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let of = |children: &[u32]| children.iter().map(|&child| gates[child as usize]).collect::<Vec<_>>();
            gates.push(match node {
                DdnnfNode::Literal { variable, positive } => {
                    let name = &self.variables[*variable as usize];
                    let number = if *positive { builder.declare(name) } else { builder.declare(&format!("¬{name}")) };
                    builder.variable(number)?
                }
                DdnnfNode::And(children) => builder.times(&of(children))?,
                DdnnfNode::Or(children) => builder.plus(&of(children))?,
            });
        }
        let output = match gates.last() {
            Some(&output) => output,
            None => builder.zero()?,
        };
        builder.output(name, &[], &[output])?;
        builder.finish()
    }

    /// Leaves out what the last node does not depend on.
    fn keep_live(&mut self) {
        let mut live = vec![false; self.nodes.len()];
        if let Some(last) = live.last_mut() {
            *last = true;
        }
        for (number, node) in self.nodes.iter().enumerate().rev() {
            if live[number] {
                node.children().iter().for_each(|&child| live[child as usize] = true);
            }
        }
        let mut became = vec![0; self.nodes.len()];
        let mut kept = Vec::new();
        for (number, node) in self.nodes.drain(..).enumerate().filter(|(number, _)| live[*number]) {
            became[number] = kept.len() as u32;
            let of = |children: Vec<u32>| children.into_iter().map(|child| became[child as usize]).collect();
            kept.push(match node {
                DdnnfNode::Literal { .. } => node,
                DdnnfNode::And(children) => DdnnfNode::And(of(children)),
                DdnnfNode::Or(children) => DdnnfNode::Or(of(children)),
            });
        }
        self.nodes = kept;
    }
}

/// Nodes, each made once.
#[derive(Default)]
struct Making {
    nodes: Vec<DdnnfNode>,
    known: HashMap<DdnnfNode, u32>,
}

impl Making {
    fn node(&mut self, node: DdnnfNode) -> u32 {
        let next = self.nodes.len() as u32;
        let nodes = &mut self.nodes;
        *self.known.entry(node).or_insert_with_key(|node| {
            nodes.push(node.clone());
            next
        })
    }
}
