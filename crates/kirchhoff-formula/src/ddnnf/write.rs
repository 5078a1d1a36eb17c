//! The formats of c2d and d4.

use std::fmt::Write;

use super::{Ddnnf, DdnnfNode};
use crate::printable;

impl Ddnnf {
    /// The formula in the format of c2d (Darwiche, "New advances in compiling CNF to decomposable negation normal form",
    /// 2004): a line `nnf NODES EDGES VARIABLES`, then a line a node, `L` with a literal, `A` with the number of conjuncts
    /// and these, `O` with the variable decided on (0 where there is none), the number of disjuncts and these; children
    /// before users, the function last. Variables and literals count from 1, nodes from 0.
    ///
    /// With `named`, comments before all others, `c variable 1 x[3,4]`, name the variables: c2d's manual knows no
    /// comments, PySDD skips them, and [`parse`](Ddnnf::parse) reads them.
    pub fn c2d(&self, named: bool) -> String {
        let edges: usize = self.nodes.iter().map(|node| node.children().len()).sum();
        let mut text = if named { self.comments() } else { String::new() };
        let _ = writeln!(text, "nnf {} {edges} {}", self.nodes.len(), self.variables.len());
        for node in &self.nodes {
            let _ = match node {
                DdnnfNode::Literal { variable, positive } => write!(text, "L {}", literal(*variable, *positive)),
                DdnnfNode::And(children) => write!(text, "A {}", children.len()),
                DdnnfNode::Or(children) => {
                    let decision = self.decision(children).map_or(0, |variable| variable + 1);
                    write!(text, "O {decision} {}", children.len())
                }
            };
            for child in node.children() {
                let _ = write!(text, " {child}");
            }
            text.push('\n');
        }
        text
    }

    /// The formula in the format of d4 (Lagniez & Marquis, "An improved decision-DNNF compiler", 2017): lines `o 1 0`, `a 2
    /// 0`, `t 3 0` and `f 4 0` for disjunctions, conjunctions, true and false by number, and lines `1 3 -2 5 0` for an edge
    /// from a node to another with the literals that hold below it. Node 1 is the function.
    ///
    /// With `named`, comments before all others name the variables. Neither d4's own tools nor KLay take comments: KLay
    /// 0.1.2 crashes on them.
    pub fn d4(&self, named: bool) -> String {
        let mut writing = Writing {
            formula: self,
            numbers: vec![0; self.nodes.len()],
            next: 1,
            truth: None,
            nodes: String::new(),
            edges: Vec::new(),
        };
        match self.nodes.len().checked_sub(1) {
            None => writing.nodes.push_str("f 1 0\n"),
            Some(root) => writing.write(root),
        }
        let comments = if named { self.comments() } else { String::new() };
        // Edges from the leaves up, as d4 writes them: KLay takes no others.
        comments + &writing.nodes + &writing.edges.into_iter().rev().collect::<String>()
    }

    fn comments(&self) -> String {
        let mut text = String::new();
        for (number, variable) in self.variables.iter().enumerate() {
            let _ = writeln!(text, "c variable {} {}", number + 1, printable(variable));
        }
        text
    }

    /// The variable that two disjuncts decide on.
    fn decision(&self, children: &[u32]) -> Option<u32> {
        let &[one, other] = children else { return None };
        let literals = |child: u32| -> Vec<(u32, bool)> {
            let own = |node: &DdnnfNode| match node {
                DdnnfNode::Literal { variable, positive } => Some((*variable, *positive)),
                DdnnfNode::And(_) | DdnnfNode::Or(_) => None,
            };
            match &self.nodes[child as usize] {
                DdnnfNode::And(children) => {
                    children.iter().filter_map(|&child| own(&self.nodes[child as usize])).collect()
                }
                node => own(node).into_iter().collect(),
            }
        };
        let others = literals(other);
        literals(one)
            .into_iter()
            .find(|(variable, positive)| others.contains(&(*variable, !positive)))
            .map(|found| found.0)
    }
}

fn literal(variable: u32, positive: bool) -> i64 {
    let number = i64::from(variable) + 1;
    if positive { number } else { -number }
}

/// A formula as d4 has it, from the function down.
struct Writing<'a> {
    formula: &'a Ddnnf,
    /// The number of each node's line, 0 for those that have none.
    numbers: Vec<u32>,
    next: u32,
    /// The line of the constant true.
    truth: Option<u32>,
    nodes: String,
    /// The edges of one node after the other.
    edges: Vec<String>,
}

impl Writing<'_> {
    fn write(&mut self, root: usize) {
        self.line(root);
        // Nodes have numbers in the order in which they are first referred to.
        for number in (0..=root).rev() {
            if self.numbers[number] == 0 {
                continue;
            }
            let from = self.numbers[number];
            let mut edges = String::new();
            match &self.formula.nodes[number] {
                DdnnfNode::Literal { .. } => self.edge(from, number, &mut edges),
                DdnnfNode::And(children) | DdnnfNode::Or(children) => {
                    for &child in children {
                        self.edge(from, child as usize, &mut edges);
                    }
                }
            }
            self.edges.push(edges);
        }
    }

    /// The line of a node.
    fn line(&mut self, node: usize) -> u32 {
        if self.numbers[node] == 0 {
            let kind = match &self.formula.nodes[node] {
                DdnnfNode::Literal { .. } | DdnnfNode::Or(_) => 'o',
                DdnnfNode::And(_) => 'a',
            };
            self.numbers[node] = self.next;
            self.next += 1;
            let _ = writeln!(self.nodes, "{kind} {} 0", self.numbers[node]);
        }
        self.numbers[node]
    }

    /// The edge to a child. Literals stand on it, and a conjunction of these and one more node takes no line.
    fn edge(&mut self, from: u32, child: usize, edges: &mut String) {
        let nodes = &self.formula.nodes;
        let (literals, others): (Vec<usize>, Vec<usize>) = match &nodes[child] {
            DdnnfNode::Literal { .. } => (vec![child], Vec::new()),
            DdnnfNode::Or(_) => (Vec::new(), vec![child]),
            DdnnfNode::And(children) => {
                let is_literal = |&child: &usize| matches!(nodes[child], DdnnfNode::Literal { .. });
                children.iter().map(|&child| child as usize).partition(is_literal)
            }
        };
        let (literals, to) = match others[..] {
            [] => (literals, self.truth()),
            [one] => (literals, self.line(one)),
            _ => (Vec::new(), self.line(child)),
        };
        let _ = write!(edges, "{from} {to}");
        for node in literals {
            if let DdnnfNode::Literal { variable, positive } = self.formula.nodes[node] {
                let _ = write!(edges, " {}", literal(variable, positive));
            }
        }
        edges.push_str(" 0\n");
    }

    fn truth(&mut self) -> u32 {
        let number = self.truth.unwrap_or(self.next);
        if self.truth.replace(number).is_none() {
            self.next += 1;
            let _ = writeln!(self.nodes, "t {number} 0");
        }
        number
    }
}
