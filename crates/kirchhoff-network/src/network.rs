//! The network: a directed acyclic graph of nodes, each with one result.

use kirchhoff_kernel::{Arithmetic, Values, Wiring, first_not_finite};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use thiserror::Error;

use crate::operators::{Input, Link, Operator, ShapeError, Shapes, elements};

/// A node of a network; also the tensor that it computes.
pub type NodeId = NodeIndex<u32>;

/// A network: inputs, outputs, and nodes in between, in an order in which arguments come first.
///
/// Most have one input and one output. The first output is the one that explanations start from; another is explained in the
/// network that [`for_output`](Network::for_output) gives.
///
/// Built by [`NetworkBuilder`], which checks every shape, so that a `Network` always runs.
#[derive(Clone, Debug)]
pub struct Network {
    graph: DiGraph<Node, Argument, u32>,
    inputs: Vec<NodeId>,
    outputs: Vec<NodeId>,
    /// Whether each node is a constant of an execution.
    given: Vec<bool>,
    arithmetic: Arithmetic,
}

/// One operator and its result.
#[derive(Clone, Debug)]
pub struct Node {
    /// The name that users address it by: the module's name where the model file has one, unique in the network.
    pub name: String,
    /// What it computes.
    pub operator: Operator,
    /// Shape of the result, without the batch axis.
    pub shape: Vec<usize>,
    /// The name that the model file gives the result, where it gives its tensors names.
    pub tensor: Option<String>,
    /// The names of the layers that the canonical form has folded into it.
    pub folded: Vec<String>,
}

/// The most values that a tensor has: what is numbered in 32 bits, with a sign.
const MOST_NEURONS: usize = i32::MAX as usize;

/// An edge of the graph: the source is the given argument of the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Argument(u32);

/// Why a network cannot be built.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum NetworkError {
    /// An operator does not take its arguments.
    #[error("layer '{name}' ({operator}) {error}")]
    Shape {
        /// Name of the node.
        name: String,
        /// Name of its operator.
        operator: &'static str,
        /// What does not fit.
        error: ShapeError,
    },
    /// Two nodes of one name.
    #[error("two layers are named '{0}'")]
    Name(String),
    /// An output that depends on no input.
    #[error("the output '{0}' depends on no input: there is nothing to explain")]
    Inputs(String),
    /// An output that is not there.
    #[error("the network has no output '{name}'; it has {}", known.join(", "))]
    Output {
        /// The name given.
        name: String,
        /// The names of its outputs.
        known: Vec<String>,
    },
    /// A parameter with a NaN or an infinity.
    #[error(
        "the {parameter} of layer '{name}' holds {value} at position {position}: such a network computes nothing; train it \
         anew with a smaller step, or export it again if the file is damaged"
    )]
    NotFinite {
        /// Name of the node.
        name: String,
        /// Which parameter.
        parameter: &'static str,
        /// The value found.
        value: f32,
        /// Its position in row-major order.
        position: usize,
    },
}

/// Builds a [`Network`] node by node.
#[derive(Clone, Debug, Default)]
pub struct NetworkBuilder {
    graph: DiGraph<Node, Argument, u32>,
    names: std::collections::HashSet<String>,
    given: Vec<bool>,
}

impl NetworkBuilder {
    /// An empty network.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an input of numbers.
    ///
    /// # Errors
    /// A name that is taken, or an empty shape.
    pub fn input(&mut self, name: impl Into<String>, shape: &[usize]) -> Result<NodeId, NetworkError> {
        self.input_of(Input::default(), name, shape)
    }

    /// Adds an input.
    ///
    /// # Errors
    /// A name that is taken, or an empty shape.
    pub fn input_of(&mut self, input: Input, name: impl Into<String>, shape: &[usize]) -> Result<NodeId, NetworkError> {
        let (name, operator) = (name.into(), Operator::Input(input));
        if elements(shape).is_none_or(|count| count == 0) {
            let error = ShapeError::Size(shape.to_vec());
            return Err(NetworkError::Shape { name, operator: operator.name(), error });
        }
        self.node(name, operator, shape.to_vec(), &[])
    }

    /// Adds a node that takes the results of `arguments`, in order.
    ///
    /// # Errors
    /// A name that is taken, or arguments or parameters that do not fit the operator.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        operator: Operator,
        arguments: &[NodeId],
    ) -> Result<NodeId, NetworkError> {
        let name = name.into();
        let shapes: Vec<&[usize]> = arguments.iter().map(|&node| &self.graph[node].shape[..]).collect();
        match operator.output_shape(&shapes).and_then(|shape| walkable(&operator, &shapes, shape)) {
            Ok(shape) => self.node(name, operator, shape, arguments),
            Err(error) => Err(NetworkError::Shape { name, operator: operator.name(), error }),
        }
    }

    /// Whether the name that the model file gives a node's result is noted.
    pub fn has_tensor(&self, node: NodeId) -> bool {
        self.graph[node].tensor.is_some()
    }

    /// Notes the name that the model file gives a node's result.
    pub fn name_tensor(&mut self, node: NodeId, tensor: impl Into<String>) {
        self.graph[node].tensor = Some(tensor.into());
    }

    /// Says which layers a node has taken in.
    pub(crate) fn name_folded(&mut self, node: NodeId, folded: Vec<String>) {
        self.graph[node].folded = folded;
    }

    /// Shape of a node's result, without the batch axis.
    pub fn shape(&self, node: NodeId) -> &[usize] {
        &self.graph[node].shape
    }

    /// Whether a node's result is a constant of an execution, as [`Network::is_given`] says.
    pub fn is_given(&self, node: NodeId) -> bool {
        self.given[node.index()]
    }

    /// What a node computes.
    pub fn operator(&self, node: NodeId) -> &Operator {
        &self.graph[node].operator
    }

    /// The arguments of a node, in order.
    pub fn arguments(&self, node: NodeId) -> Vec<NodeId> {
        arguments(&self.graph, node)
    }

    /// Whether a node of this name is there.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    fn node(
        &mut self,
        name: String,
        operator: Operator,
        shape: Vec<usize>,
        arguments: &[NodeId],
    ) -> Result<NodeId, NetworkError> {
        if !self.names.insert(name.clone()) {
            return Err(NetworkError::Name(name));
        }
        self.given.push(is_given(&operator, arguments, &self.given));
        let node = self.graph.add_node(Node { name, operator, shape, tensor: None, folded: Vec::new() });
        for (position, &argument) in arguments.iter().enumerate() {
            self.graph.add_edge(argument, node, Argument(position as u32));
        }
        Ok(node)
    }

    /// The network with the given output. Nodes that the output does not depend on are left out.
    ///
    /// # Errors
    /// An output that depends on no input, or a parameter that is not finite.
    pub fn finish(self, output: NodeId) -> Result<Network, NetworkError> {
        self.finish_all(&[output])
    }

    /// The network with the given outputs, of which there is one at least. Nodes that none of them depends on are left out,
    /// inputs too.
    ///
    /// # Errors
    /// An output that depends on no input, or a parameter that is not finite.
    ///
    /// # Panics
    /// If there are no outputs.
    pub fn finish_all(self, outputs: &[NodeId]) -> Result<Network, NetworkError> {
        assert!(!outputs.is_empty(), "a network has an output");
        let NetworkBuilder { graph, given, .. } = self;
        let network = restricted(&graph, &given, outputs)?;
        network.check_finite()?;
        Ok(network)
    }
}

/// The part of a graph that some outputs depend on.
fn restricted(
    graph: &DiGraph<Node, Argument, u32>,
    given: &[bool],
    outputs: &[NodeId],
) -> Result<Network, NetworkError> {
    let mut needed = vec![false; graph.node_count()];
    for &output in outputs {
        let mut stack = vec![output];
        let mut seen = vec![false; graph.node_count()];
        let mut has_input = false;
        while let Some(node) = stack.pop() {
            if !std::mem::replace(&mut seen[node.index()], true) {
                needed[node.index()] = true;
                has_input |= matches!(graph[node].operator, Operator::Input(_));
                stack.extend(graph.neighbors_directed(node, Direction::Incoming));
            }
        }
        if !has_input {
            return Err(NetworkError::Inputs(graph[output].name.clone()));
        }
    }
    // Nodes were added after their arguments, and filtering keeps their order: indices stay topological.
    let kept = graph.filter_map(|id, node| needed[id.index()].then(|| node.clone()), |_, edge| Some(*edge));
    let given = given.iter().zip(&needed).filter(|(_, needed)| **needed).map(|(given, _)| *given).collect();
    let inputs = kept.node_indices().filter(|&node| matches!(kept[node].operator, Operator::Input(_))).collect();
    let place = |output: &NodeId| NodeId::new(needed[..output.index()].iter().filter(|needed| **needed).count());
    let outputs = outputs.iter().map(place).collect();
    Ok(Network { graph: kept, inputs, outputs, given, arithmetic: Arithmetic::default() })
}

/// The arguments of a node, in order.
fn arguments(graph: &DiGraph<Node, Argument, u32>, node: NodeId) -> Vec<NodeId> {
    let mut arguments: Vec<_> =
        graph.edges_directed(node, Direction::Incoming).map(|edge| (edge.weight().0, edge.source())).collect();
    arguments.sort_unstable_by_key(|&(position, _)| position);
    arguments.into_iter().map(|(_, node)| node).collect()
}

/// Whether a node of given arguments is a constant of an execution.
fn is_given(operator: &Operator, arguments: &[NodeId], given: &[bool]) -> bool {
    match operator {
        Operator::Input(input) => input.is_given,
        Operator::Embedding(_) => false,
        other => other.operation().is_condition() || arguments.iter().all(|argument| given[argument.index()]),
    }
}

/// The shape of a result, if it has neurons, and edges that can be walked in time in their number.
fn walkable(operator: &Operator, arguments: &[&[usize]], shape: Vec<usize>) -> Result<Vec<usize>, ShapeError> {
    if elements(&shape).is_none_or(|count| !(1..=MOST_NEURONS).contains(&count)) {
        return Err(ShapeError::Size(shape));
    }
    let shapes = Shapes { arguments, result: &shape };
    operator.operation().links(&shapes).iter().try_for_each(|link| link.wiring.check())?;
    Ok(shape)
}

impl Network {
    /// The inputs, in the order in which an execution takes their values.
    pub fn inputs(&self) -> &[NodeId] {
        &self.inputs
    }

    /// The first input.
    pub fn input(&self) -> NodeId {
        self.inputs[0]
    }

    /// The number of values that an execution takes: those of all inputs.
    pub fn input_size(&self) -> usize {
        self.inputs.iter().map(|&input| self.size(input)).sum()
    }

    /// The outputs.
    pub fn outputs(&self) -> &[NodeId] {
        &self.outputs
    }

    /// The output that explanations start from: the first.
    pub fn output(&self) -> NodeId {
        self.outputs[0]
    }

    /// The network with one of its outputs, which is found as [`find`](Network::find) finds nodes, alone.
    ///
    /// # Errors
    /// An output that is not there, or that depends on no input.
    pub fn for_output(&self, name: &str) -> Result<Network, NetworkError> {
        let found = self.find(name).filter(|found| self.outputs.contains(found));
        let known = || self.outputs.iter().map(|&output| format!("'{}'", self.known_as(output))).collect();
        let output = found.ok_or_else(|| NetworkError::Output { name: name.to_string(), known: known() })?;
        Ok(restricted(&self.graph, &self.given, &[output])?.with_arithmetic(self.arithmetic))
    }

    /// The same network, whose executions and their explanations compute sums in a given way. Nothing of it is stored with a
    /// model or a circuit.
    #[must_use]
    pub fn with_arithmetic(self, arithmetic: Arithmetic) -> Self {
        Network { arithmetic, ..self }
    }

    /// How its executions compute sums.
    pub fn arithmetic(&self) -> Arithmetic {
        self.arithmetic
    }

    /// The name that the model file gives a node's result, or else the node's own.
    pub fn known_as(&self, node: NodeId) -> &str {
        let node = self.node(node);
        node.tensor.as_deref().unwrap_or(&node.name)
    }

    /// Whether a node's result is a constant of an execution, to which no relevance goes from what computes with it: it
    /// comes from tokens, masks or lengths alone, or is a condition.
    pub fn is_given(&self, node: NodeId) -> bool {
        self.given[node.index()]
    }

    /// The number of values of a node's result.
    pub fn size(&self, node: NodeId) -> usize {
        self.node(node).shape.iter().product()
    }

    /// A node.
    pub fn node(&self, node: NodeId) -> &Node {
        &self.graph[node]
    }

    /// All nodes, arguments before the nodes that take them.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = (NodeId, &Node)> + ExactSizeIterator {
        self.graph.node_indices().map(|node| (node, &self.graph[node]))
    }

    /// The arguments of a node, in order.
    pub fn arguments(&self, node: NodeId) -> Vec<NodeId> {
        arguments(&self.graph, node)
    }

    /// The edges into a node, by argument. Relevance does not go to an argument without any.
    pub fn links(&self, node: NodeId) -> Vec<Link> {
        self.with_shapes(node, |shapes| self.node(node).operator.operation().links(&shapes))
    }

    /// Neurons of a part of a node's result that has all channels of its bias: all of them, unless the channels repeat.
    pub fn bias_part(&self, node: NodeId) -> usize {
        self.with_shapes(node, |shapes| self.node(node).operator.operation().bias_part(&shapes))
    }

    /// What the weights into each neuron of a node are multiplied by in a batch of executions, where that depends on the
    /// activations of its arguments, which `activations` gives.
    pub fn factors(&self, node: NodeId, activations: impl Fn(NodeId) -> Values) -> Option<Vec<f32>> {
        let arguments: Vec<Values> = self.arguments(node).into_iter().map(activations).collect();
        let arguments: Vec<&Values> = arguments.iter().collect();
        self.with_shapes(node, |shapes| self.node(node).operator.operation().factors(&arguments, &shapes))
    }

    /// The number of edges into a node, from all its arguments.
    pub fn edges(&self, node: NodeId) -> u64 {
        self.links(node).iter().map(|link| link.wiring.edges()).sum()
    }

    /// The edges from argument number `argument` of a node to the node.
    ///
    /// # Panics
    /// If the node has no edges from such an argument.
    pub fn wiring(&self, node: NodeId, argument: usize) -> Wiring {
        let link = self.links(node).into_iter().find(|link| link.argument == argument);
        link.expect("the argument has edges").wiring
    }

    /// What a closure makes of the shapes that meet at a node.
    pub(crate) fn with_shapes<T>(&self, node: NodeId, look: impl FnOnce(Shapes<'_>) -> T) -> T {
        let arguments = self.arguments(node);
        let arguments: Vec<&[usize]> = arguments.iter().map(|&argument| &self.node(argument).shape[..]).collect();
        look(Shapes { arguments: &arguments, result: &self.node(node).shape })
    }

    /// The nodes that take a node's result, once for each argument that they take it as.
    pub fn users(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        self.graph.neighbors_directed(node, Direction::Outgoing)
    }

    /// The node of a name, or the one whose result the model file calls so.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        let named = self.graph.node_indices().find(|&node| self.graph[node].name == name);
        named.or_else(|| self.graph.node_indices().find(|&node| self.graph[node].tensor.as_deref() == Some(name)))
    }

    /// The number of parameters: weights, biases, scales and shifts.
    pub fn parameters(&self) -> usize {
        self.nodes().flat_map(|(_, node)| node.operator.parameters()).map(|(_, values)| values.len()).sum()
    }

    /// Looks at every parameter once, and lets go of those in mapped files at once.
    fn check_finite(&self) -> Result<(), NetworkError> {
        const AT_ONCE: usize = 1 << 22;
        for (_, node) in self.nodes() {
            for (parameter, values) in node.operator.parameters() {
                for start in (0..values.len()).step_by(AT_ONCE) {
                    let range = start..values.len().min(start + AT_ONCE);
                    if let Some(offset) = first_not_finite(&values[range.clone()]) {
                        let (name, position) = (node.name.clone(), start + offset);
                        return Err(NetworkError::NotFinite { name, parameter, value: values[position], position });
                    }
                    values.release(range);
                }
            }
        }
        Ok(())
    }
}
