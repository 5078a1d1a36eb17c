//! The file's graph: what each value is computed from, and which nodes the output needs.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::constant::{Constant, Data};
use super::fault::{Fault, Result};
use super::node::Node;
use super::proto;
use super::tensor::Files;

/// The part of a graph that some of its outputs need.
pub(super) struct Graph<'a> {
    /// The inputs that they need.
    pub inputs: Vec<&'a proto::ValueInfo>,
    /// The names of the outputs.
    pub outputs: Vec<&'a str>,
    /// The nodes that they need, in the file's order.
    pub nodes: Vec<Node<'a>>,
    files: &'a Files,
    initialisers: HashMap<&'a str, &'a proto::Tensor>,
    read: RefCell<HashMap<&'a str, Constant>>,
    /// Matrices that were transposed, each behind what it was made of, by where that has its values.
    transposed: RefCell<HashMap<*const f32, [Constant; 2]>>,
    users: HashMap<&'a str, Vec<Node<'a>>>,
}

impl<'a> Graph<'a> {
    pub fn new(graph: &'a proto::Graph, outputs: &[&'a str], files: &'a Files) -> Result<Self> {
        let initialisers: HashMap<_, _> = graph.initializer.iter().map(|tensor| (&tensor.name[..], tensor)).collect();
        if outputs.is_empty() {
            return Err(Fault::malformed("the graph has no output: it is cut off; export it again"));
        }
        let (nodes, users) = needed(graph, outputs)?;
        // Files of the oldest versions list initialisers among the inputs.
        let mut inputs: Vec<_> =
            graph.input.iter().filter(|input| !initialisers.contains_key(&input.name[..])).collect();
        if inputs.is_empty() {
            return Err(Fault::unsupported("the model has no input: every input is a constant"));
        }
        // One that an output needs not is still an input where there is no other.
        if inputs.len() > 1 {
            inputs.retain(|input| users.contains_key(&input.name[..]) || outputs.contains(&&input.name[..]));
        }
        Ok(Graph {
            inputs,
            outputs: outputs.to_vec(),
            nodes,
            files,
            initialisers,
            read: RefCell::default(),
            transposed: RefCell::default(),
            users,
        })
    }

    /// The initialiser of a name; every caller gets the same copy of its values.
    pub fn initialiser(&self, name: &str) -> Result<Option<Constant>> {
        let Some((&name, tensor)) = self.initialisers.get_key_value(name) else {
            return Ok(None);
        };
        if let Some(constant) = self.read.borrow().get(name) {
            return Ok(Some(constant.clone()));
        }
        let constant = self.files.read(tensor)?;
        self.read.borrow_mut().insert(name, constant.clone());
        Ok(Some(constant))
    }

    /// A matrix, transposed; every caller gets the same copy, however many nodes share it.
    pub fn transposed(&self, matrix: &Constant) -> Constant {
        let Data::Float(values) = &matrix.data else { return matrix.transposed(&[1, 0]) };
        let mut known = self.transposed.borrow_mut();
        // What is kept beside it keeps its values in their place.
        let entry = known.entry(values.as_ptr()).or_insert_with(|| [matrix.clone(), matrix.transposed(&[1, 0])]);
        if entry[0].dims == matrix.dims { entry[1].clone() } else { matrix.transposed(&[1, 0]) }
    }

    /// A tensor in an attribute.
    pub fn tensor(&self, tensor: &proto::Tensor) -> Result<Constant> {
        self.files.read(tensor)
    }

    /// The nodes that take a value, once for each time that they take it.
    pub fn users(&self, value: &str) -> &[Node<'a>] {
        self.users.get(value).map_or(&[], |users| &users[..])
    }

    /// Whether anything takes a value.
    pub fn is_used(&self, value: &str) -> bool {
        self.outputs.contains(&value) || !self.users(value).is_empty()
    }
}

type Needed<'a> = (Vec<Node<'a>>, HashMap<&'a str, Vec<Node<'a>>>);

/// The nodes that outputs depend on, and for each value those of them that take it.
fn needed<'a>(graph: &'a proto::Graph, outputs: &[&'a str]) -> Result<Needed<'a>> {
    let mut producers: HashMap<&str, Node> = HashMap::new();
    for (index, proto) in graph.node.iter().enumerate() {
        let node = Node::new(index, proto);
        for name in node.outputs().iter().filter(|name| !name.is_empty()) {
            if let Some(other) = producers.insert(name, node) {
                let both = format!("{} and {}", other.label(), node.label());
                return Err(Fault::malformed(format!("both {both} compute '{name}'; export the model again")));
            }
        }
    }
    let mut seen = HashSet::new();
    let mut stack = outputs.to_vec();
    while let Some(name) = stack.pop() {
        if let Some(node) = producers.get(name)
            && seen.insert(node.index)
        {
            stack.extend(node.inputs());
        }
    }
    let nodes: Vec<Node> = (0..graph.node.len())
        .filter(|index| seen.contains(index))
        .map(|index| Node::new(index, &graph.node[index]))
        .collect();
    let nodes = in_order(nodes, &producers)?;
    let mut users: HashMap<&str, Vec<Node>> = HashMap::new();
    for node in &nodes {
        for name in node.inputs() {
            users.entry(name).or_default().push(*node);
        }
    }
    Ok((nodes, users))
}

/// Nodes behind those that they take values from, and otherwise in the file's order, which is that already as a rule.
fn in_order<'a>(nodes: Vec<Node<'a>>, producers: &HashMap<&str, Node<'a>>) -> Result<Vec<Node<'a>>> {
    let mut waiting: HashMap<usize, usize> = HashMap::new();
    let mut followers: HashMap<usize, Vec<Node>> = HashMap::new();
    for node in &nodes {
        let before = node.inputs().filter_map(|name| producers.get(name));
        for producer in before {
            *waiting.entry(node.index).or_default() += 1;
            followers.entry(producer.index).or_default().push(*node);
        }
    }
    let ready = nodes.iter().filter(|node| !waiting.contains_key(&node.index));
    let mut ready: BinaryHeap<Reverse<usize>> = ready.map(|node| Reverse(node.index)).collect();
    let by_index: HashMap<usize, Node> = nodes.iter().map(|node| (node.index, *node)).collect();
    let mut ordered = Vec::with_capacity(nodes.len());
    while let Some(Reverse(index)) = ready.pop() {
        ordered.push(by_index[&index]);
        for follower in followers.get(&index).into_iter().flatten() {
            let left = waiting.get_mut(&follower.index).expect("a node that waits");
            *left -= 1;
            if *left == 0 {
                ready.push(Reverse(follower.index));
            }
        }
    }
    if ordered.len() < nodes.len() {
        let stuck = nodes.iter().find(|node| waiting.get(&node.index).is_some_and(|&left| left > 0));
        let label = stuck.map_or_else(String::new, Node::label);
        return Err(Fault::malformed(format!(
            "{label} takes what is computed from its own result; export the model again"
        )));
    }
    Ok(ordered)
}
