//! Graphs whose nodes stand for several others: functions that a file defines, and operators that onnxruntime has fused.

use std::collections::HashMap;

use super::fault::{Fault, Result};
use super::fused;
use super::proto::{Attribute, Function, Graph, Model, Node};

/// Nodes that a graph may have once all functions are written out.
const NODES: usize = 1 << 20;

/// How deeply functions call each other.
const DEPTH: usize = 64;

/// The graph of a model with each such node replaced by the nodes that it stands for; `None` where there are none.
pub(super) fn written_out(model: &Model, graph: &Graph) -> Result<Option<Graph>> {
    let functions: HashMap<(&str, &str), &Function> =
        model.functions.iter().map(|function| ((&function.domain[..], &function.name[..]), function)).collect();
    let stands_for_others = |node: &Node| functions.contains_key(&key(node)) || fused::is_fused(node);
    if !graph.node.iter().any(stands_for_others) {
        return Ok(None);
    }
    let mut writing = Writing { functions, nodes: Vec::with_capacity(graph.node.len()), calls: 0 };
    for node in &graph.node {
        writing.write(node.clone(), 0)?;
    }
    Ok(Some(Graph { node: writing.nodes, ..graph.clone() }))
}

fn key(node: &Node) -> (&str, &str) {
    (&node.domain, &node.op_type)
}

struct Writing<'a> {
    functions: HashMap<(&'a str, &'a str), &'a Function>,
    nodes: Vec<Node>,
    calls: usize,
}

impl Writing<'_> {
    fn write(&mut self, node: Node, depth: usize) -> Result<()> {
        if depth > DEPTH {
            let what = "calls functions that call each other without an end, or too deeply";
            return Err(Fault::malformed(format!("node '{}' ({}) {what}", node.name, node.op_type)));
        }
        if let Some(parts) = fused::parts(&node)? {
            return parts.into_iter().try_for_each(|part| self.write(part, depth + 1));
        }
        let Some(&function) = self.functions.get(&key(&node)) else {
            if self.nodes.len() == NODES {
                return Err(Fault::unsupported(format!("its functions make more than {NODES} nodes")));
            }
            self.nodes.push(node);
            return Ok(());
        };
        if node.input.len() > function.input.len() || node.output.len() > function.output.len() {
            return Err(Fault::malformed(format!(
                "node '{}' calls the function '{}' with more inputs or outputs than it has",
                node.name, function.name
            )));
        }
        self.calls += 1;
        let prefix = match &node.name[..] {
            "" => format!("{}_{}", function.name, self.calls),
            name => name.to_string(),
        };
        let call = Call { node: &node, function, prefix };
        function.node.iter().try_for_each(|inner| self.write(call.node(inner), depth + 1))
    }
}

/// A node that calls a function.
struct Call<'a> {
    node: &'a Node,
    function: &'a Function,
    /// What the names of values and nodes inside get in front.
    prefix: String,
}

impl Call<'_> {
    /// A node of the function as one of the graph.
    fn node(&self, inner: &Node) -> Node {
        Node {
            input: inner.input.iter().map(|name| self.value(name)).collect(),
            output: inner.output.iter().map(|name| self.value(name)).collect(),
            name: if inner.name.is_empty() { String::new() } else { format!("{}/{}", self.prefix, inner.name) },
            attribute: inner.attribute.iter().filter_map(|attribute| self.attribute(attribute)).collect(),
            op_type: inner.op_type.clone(),
            domain: inner.domain.clone(),
        }
    }

    fn value(&self, name: &str) -> String {
        let among = |formal: &[String], actual: &[String]| {
            let position = formal.iter().position(|formal| formal == name)?;
            Some(actual.get(position).cloned().unwrap_or_default())
        };
        if name.is_empty() {
            return String::new();
        }
        let outer = among(&self.function.input, &self.node.input);
        // An output that the caller leaves out is still computed inside.
        let outer = outer.or_else(|| among(&self.function.output, &self.node.output).filter(|name| !name.is_empty()));
        outer.unwrap_or_else(|| format!("{}/{name}", self.prefix))
    }

    /// An attribute, which may be one of the caller's by another name.
    fn attribute(&self, attribute: &Attribute) -> Option<Attribute> {
        if attribute.reference.is_empty() {
            return Some(attribute.clone());
        }
        let of = |attributes: &[Attribute]| attributes.iter().find(|other| other.name == attribute.reference).cloned();
        let found = of(&self.node.attribute).or_else(|| of(&self.function.defaults))?;
        Some(Attribute { name: attribute.name.clone(), ..found })
    }
}
