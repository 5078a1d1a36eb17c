//! The e-graph: classes of gates that are known to be equal.
//!
//! Gates keep any number of children. `⊕` commutes and both operations are associative, so that with binary gates each
//! sum of n children would stand there in every order and every bracketing, 3ⁿ of them; the children of one gate,
//! sorted where the order does not matter, stand for all of these.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::discriminant;

use egg::{Analysis, DidMerge, EGraph, Id, Language};
use kirchhoff_semiring::{Law, Laws};

use super::super::simplify::rewrites::{Draft, Gates, REWRITES, Rewrite, Workbench};
use super::super::{GateCircuit, GateId, GateKind};

/// A gate whose children are classes of gates.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in super::super) enum Node {
    /// A gate without children: the first gate of the circuit that is it.
    Leaf(GateKind, GateId),
    /// `⊕` of two or more.
    Plus(Box<[Id]>),
    /// `⊗` of two or more.
    Times(Box<[Id]>),
}

impl Node {
    /// A `⊕` or `⊗` gate.
    pub fn inner(kind: GateKind, children: Vec<Id>) -> Self {
        match kind {
            GateKind::Times => Node::Times(children.into()),
            _ => Node::Plus(children.into()),
        }
    }

    pub fn kind(&self) -> GateKind {
        match self {
            Node::Leaf(kind, _) => *kind,
            Node::Plus(_) => GateKind::Plus,
            Node::Times(_) => GateKind::Times,
        }
    }
}

impl Language for Node {
    type Discriminant = GateKind;

    fn discriminant(&self) -> GateKind {
        self.kind()
    }

    fn matches(&self, other: &Self) -> bool {
        match (self, other) {
            (Node::Leaf(..), Node::Leaf(..)) => self == other,
            _ => discriminant(self) == discriminant(other) && self.children().len() == other.children().len(),
        }
    }

    fn children(&self) -> &[Id] {
        match self {
            Node::Leaf(..) => &[],
            Node::Plus(children) | Node::Times(children) => children,
        }
    }

    fn children_mut(&mut self) -> &mut [Id] {
        match self {
            Node::Leaf(..) => &mut [],
            Node::Plus(children) | Node::Times(children) => children,
        }
    }
}

/// The kinds of gates that a class has, one bit a kind.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Kinds;

impl Analysis<Node> for Kinds {
    type Data = u8;

    fn make(_: &mut EGraph<Node, Self>, node: &Node, _: Id) -> u8 {
        1 << node.kind() as u8
    }

    fn merge(&mut self, a: &mut u8, b: u8) -> DidMerge {
        let before = *a;
        *a |= b;
        // No class knows more of its kinds because of its children.
        DidMerge(*a != before, *a != b)
    }
}

/// The e-graph of a circuit, and what rewrites need to know while they add to it.
pub(in super::super) struct Graph {
    pub egraph: EGraph<Node, Kinds>,
    /// The laws that may be used.
    pub laws: Laws,
    /// The largest number of nodes.
    pub max_nodes: usize,
    /// The number of gates from which on a class gets no more.
    pub max_alternatives: usize,
    /// How many ways to rewrite a sum are tried.
    pub beam: usize,
    /// The constants 0 and 1.
    pub constants: [Id; 2],
    /// How often factors were put into another order than they were given in.
    pub sorted: u64,
    /// What has been looked at, with all that the rewrite saw of it.
    seen: HashSet<u64>,
}

impl Graph {
    /// The e-graph of a circuit, each gate a class, and the class of each gate.
    pub fn new(circuit: &GateCircuit, laws: Laws, max_nodes: usize, max_alternatives: usize) -> (Self, Vec<Id>) {
        let mut egraph = EGraph::new(Kinds);
        let constant = |egraph: &mut EGraph<Node, Kinds>, kind| egraph.add(Node::Leaf(kind, GateId(0)));
        let constants = [GateKind::Zero, GateKind::One].map(|kind| constant(&mut egraph, kind));
        let mut classes = Vec::with_capacity(circuit.gates());
        for (id, _) in circuit.iter() {
            let kind = circuit.kind(id);
            let children = || circuit.children(id).iter().map(|child| classes[child.index()]).collect();
            classes.push(match kind {
                GateKind::Zero => constants[0],
                GateKind::One => constants[1],
                GateKind::Contribution | GateKind::Variable => egraph.add(Node::Leaf(kind, id)),
                GateKind::Plus | GateKind::Times => egraph.add(Node::inner(kind, children())),
            });
        }
        let graph =
            Graph { egraph, laws, max_nodes, max_alternatives, beam: 1, constants, sorted: 0, seen: HashSet::new() };
        (graph, classes)
    }

    /// Whether the order of the children of gates of a kind does not matter.
    pub fn commutes(&self, kind: GateKind) -> bool {
        kind == GateKind::Plus || self.laws.has(Law::CommutativeTimes)
    }

    /// The neutral element of a kind of gates.
    pub fn neutral(&self, kind: GateKind) -> Id {
        self.constants[usize::from(kind == GateKind::Times)]
    }

    /// Whether there are as many nodes as there may be.
    pub fn is_full(&self) -> bool {
        self.egraph.total_size() >= self.max_nodes
    }

    /// Whether a class may get further gates: each may have many, so that those of all get their turn.
    pub fn has_room(&self, class: Id) -> bool {
        !self.is_full() && self.egraph[class].nodes.len() < self.max_alternatives
    }

    /// The class of a gate with these children.
    pub fn make(&mut self, kind: GateKind, mut children: Vec<Id>) -> Id {
        match children[..] {
            [] => self.neutral(kind),
            [child] => child,
            _ => {
                children.iter_mut().for_each(|child| *child = self.egraph.find(*child));
                if self.commutes(kind) && !children.is_sorted() {
                    children.sort_unstable();
                    self.sorted += u64::from(kind == GateKind::Times);
                }
                self.egraph.add(Node::inner(kind, children))
            }
        }
    }

    /// Notes that a class equals another; 1 if that was not known.
    pub fn equate(&mut self, class: Id, other: Id) -> u64 {
        u64::from(self.egraph.union(class, other))
    }

    /// The classes, in the order in which they were made.
    pub fn classes(&self) -> Vec<Id> {
        let mut classes: Vec<Id> = self.egraph.classes().map(|class| class.id).collect();
        classes.sort_unstable();
        classes
    }

    /// The children of the gates of a kind that a class has.
    pub fn gates(&self, class: Id, kind: GateKind) -> impl Iterator<Item = Vec<Id>> + '_ {
        let nodes = self.egraph[class].nodes.iter().filter(move |node| node.kind() == kind);
        nodes.map(|node| node.children().iter().map(|&child| self.egraph.find(child)).collect())
    }

    /// The children of that gate of a kind in a class which has most of them.
    pub fn largest_gate(&self, class: Id, kind: GateKind) -> Option<Vec<Id>> {
        let nodes = self.egraph[class].nodes.iter().filter(|node| node.kind() == kind);
        let largest = nodes.max_by_key(|node| node.children().len())?;
        Some(largest.children().iter().map(|&child| self.egraph.find(child)).collect())
    }

    /// Whether a rewrite has not seen a gate yet, nor the gates that its children have by now.
    pub fn is_new(&mut self, rewrite: &'static str, class: Id, children: &[Id]) -> bool {
        let mut hasher = DefaultHasher::new();
        (rewrite, self.beam, class, children).hash(&mut hasher);
        children.iter().for_each(|&child| self.egraph[child].nodes.len().hash(&mut hasher));
        self.seen.insert(hasher.finish())
    }
}

impl Gates for Graph {
    fn is(&self, gate: GateId, kind: GateKind) -> bool {
        self.egraph[id(gate)].data & (1 << kind as u8) != 0
    }

    fn any_child(&self, gate: GateId, kind: GateKind, most: usize, test: &dyn Fn(GateId) -> bool) -> bool {
        let nodes = &self.egraph[id(gate)].nodes;
        let mut small = nodes.iter().filter(|node| node.kind() == kind && node.children().len() <= most);
        self.is(gate, kind)
            && small.any(|node| node.children().iter().any(|&child| test(gate_id(self.egraph.find(child)))))
    }
}

/// The rewrites of single gates, as [`simplify`](super::super::simplify()) has them, on every gate of an e-graph.
pub(in super::super) struct Tidying {
    rewrites: Vec<&'static Rewrite>,
    /// How often each of them has fired.
    pub fired: Vec<u64>,
}

impl Tidying {
    pub fn new(laws: Laws) -> Self {
        let rewrites: Vec<_> = REWRITES.iter().filter(|rewrite| laws.include(rewrite.needs)).collect();
        Tidying { fired: vec![0; rewrites.len()], rewrites }
    }

    /// What the rewrites make of a gate.
    fn tidy(&mut self, bench: &mut Workbench<Graph>, kind: GateKind, children: &[Id]) -> Draft {
        let children = children.iter().map(|&child| gate_id(bench.gates.egraph.find(child))).collect();
        let mut draft = Draft { kind, children };
        for (rewrite, fired) in self.rewrites.iter().zip(&mut self.fired) {
            *fired += (rewrite.apply)(&mut draft, bench);
        }
        draft
    }

    /// The gates of the circuit as they stand in the e-graph, each with its class; without those that are equal to a
    /// child by now.
    pub fn input(&mut self, bench: &mut Workbench<Graph>, circuit: &GateCircuit, classes: &[Id]) -> Vec<(Id, Node)> {
        let fired = self.fired.clone();
        let mut gates = Vec::new();
        for (gate, _) in circuit.iter().filter(|(gate, _)| circuit.kind(*gate).is_inner()) {
            let children: Vec<Id> = circuit.children(gate).iter().map(|child| classes[child.index()]).collect();
            let draft = self.tidy(bench, circuit.kind(gate), &children);
            if draft.children.len() > 1 {
                let node = Node::inner(draft.kind, draft.children.into_iter().map(id).collect());
                gates.push((classes[gate.index()], node));
            }
        }
        self.fired = fired;
        gates
    }

    /// The names of the rewrites with the number of their firings.
    pub fn firings(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.rewrites.iter().zip(&self.fired).map(|(rewrite, &fired)| (rewrite.name, fired))
    }

    /// Replaces every gate by what the rewrites make of it, until nothing changes.
    ///
    /// A gate that a rewrite found something to do on is dropped from its class: what it became is no larger.
    pub fn run(&mut self, bench: &mut Workbench<Graph>) {
        loop {
            bench.gates.egraph.rebuild();
            let mut changed = false;
            for class in bench.gates.classes() {
                changed |= self.class(bench, class);
            }
            if !changed {
                return;
            }
        }
    }

    fn class(&mut self, bench: &mut Workbench<Graph>, class: Id) -> bool {
        let mut kept = Vec::new();
        let mut became = Vec::new();
        let class = bench.gates.egraph.find(class);
        for node in std::mem::take(&mut bench.gates.egraph[class].nodes) {
            let (kind @ (GateKind::Plus | GateKind::Times), children) = (node.kind(), node.children()) else {
                kept.push(node);
                continue;
            };
            if !bench.gates.is_new("tidy", class, children) {
                kept.push(node);
                continue;
            }
            let draft = self.tidy(bench, kind, children);
            let same = draft.children.len() == children.len() && draft.children.len() > 1;
            if same && draft.children.iter().zip(children).all(|(&a, &b)| id(a) == b) {
                kept.push(node);
            } else {
                became.push(draft);
            }
        }
        bench.gates.egraph[class].nodes = kept;
        let changed = !became.is_empty();
        for draft in became {
            let graph = &mut bench.gates;
            let other = match draft.kind {
                GateKind::Zero => graph.constants[0],
                GateKind::One => graph.constants[1],
                kind => graph.make(kind, draft.children.into_iter().map(id).collect()),
            };
            graph.equate(class, other);
        }
        changed
    }
}

/// The class as rewrites of single gates see it: a gate.
fn gate_id(class: Id) -> GateId {
    GateId(usize::from(class) as u32)
}

fn id(gate: GateId) -> Id {
    Id::from(gate.index())
}
