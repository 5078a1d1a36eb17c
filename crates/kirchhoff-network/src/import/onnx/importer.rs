//! The importer's state: the network so far, and what each value of the file became.

use std::collections::{HashMap, HashSet};

use kirchhoff_kernel::Weights;

use super::constant::{Constant, Data};
use super::fault::{Fault, Result};
use super::function::Function;
use super::graph::Graph;
use super::input::{Described, Reading};
use super::node::Node;
use super::proto::data_type;
use crate::import::ImportOptions;
use crate::network::{Network, NetworkBuilder, NodeId};
use crate::operators::{Comparison, Input, Operator, Relation, Reshape, Softmax, elements};
use crate::{Activation, Elementary};

/// What is wrong with a node that does not keep inputs apart.
pub(super) const BATCH: &str = "changes the batch axis of a model for several inputs, which must stay the first of every tensor; \
                                export the model for one input";

/// Tensors hold at most this many values: files can claim any shape without having a byte for it.
const LARGEST: usize = 1 << 30;

/// Parameters that are one number repeated hold at most this many values in all, for the same reason.
const REPEATED: usize = 1 << 26;

/// Values are followed as functions of at most this many earlier ones.
const FUNCTIONS: usize = 16;

/// What a value of the file is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Known before the network runs.
    Constant(Constant),
    /// Depends on the input.
    Tensor(Tensor),
}

impl Value {
    /// Its shape in the file.
    pub fn dims(&self) -> &[usize] {
        match self {
            Value::Constant(constant) => &constant.dims,
            Value::Tensor(tensor) => &tensor.dims,
        }
    }

    /// The constant that it is, if it is one.
    pub fn constant(&self) -> Option<&Constant> {
        match self {
            Value::Constant(constant) => Some(constant),
            Value::Tensor(_) => None,
        }
    }
}

/// A value that depends on the input.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    /// The network node that computes it; `None` while it is only a part of a function that is spelled out.
    pub node: Option<NodeId>,
    /// The shape that the file gives it. The node's is this without the batch axis, if that is still the first of several.
    pub dims: Vec<usize>,
    /// What it is as a function of earlier values.
    pub functions: Vec<Function>,
    /// Whether the file computes with it in integers or truth values.
    pub is_integer: bool,
    /// The file's node that computes it, for messages.
    pub label: String,
}

impl Tensor {
    /// What it is as a function of earlier values and of itself.
    pub fn all_functions(&self) -> impl Iterator<Item = Function> + '_ {
        self.node.map(Function::identity).into_iter().chain(self.functions.iter().cloned())
    }

    /// A function of it, while it is itself only a part of one; messages still speak of the node that no operator is for.
    pub fn continued(&self, functions: Vec<Function>) -> Value {
        Value::Tensor(Tensor { node: None, functions, ..self.clone() })
    }
}

/// What an only input is called.
const INPUT: &str = "input";

/// A value that a network node computes.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    /// The node.
    pub node: NodeId,
    /// The shape that the file gives it.
    pub dims: Vec<usize>,
}

/// Builds a network from a graph.
pub(super) struct Importer<'a> {
    pub graph: &'a Graph<'a>,
    /// The version of ONNX's operators.
    pub opset: i64,
    /// The length of the batch axis; 1 if the file leaves it open.
    pub batch: usize,
    values: HashMap<&'a str, Value>,
    builder: NetworkBuilder,
    /// For a name that was taken, the number last appended to it.
    suffixes: HashMap<String, usize>,
    repeated: usize,
    /// Steps that recurrent operators were unrolled into.
    pub unrolled: usize,
    /// Additions that an earlier layer has taken in as its bias, by index.
    pub absorbed: HashMap<usize, NodeId>,
    /// Those that have been passed since.
    pub taken_in: HashSet<usize>,
}

impl<'a> Importer<'a> {
    /// An importer of a graph.
    pub fn new(graph: &'a Graph<'a>, opset: i64, options: &ImportOptions<'_>, reading: Reading) -> Result<Self> {
        let inputs = graph.inputs.iter().enumerate().map(|(number, input)| {
            let named = options.input_shapes.iter().find(|(name, _)| *name == input.name);
            let shape = named.map(|(_, shape)| &shape[..]).or(options.input_shape.filter(|_| number == 0));
            let is_meant = |name: &Option<String>| match name {
                Some(name) => *name == input.name,
                None => number == 0,
            };
            let array = options.array_shapes.iter().find(|(name, _)| is_meant(name)).map(|(_, shape)| &shape[..]);
            Described::new(input, shape, array, graph.inputs.len() > 1)
        });
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let known = |name: &str| graph.inputs.iter().any(|input| input.name == name);
        if let Some((name, _)) = options.input_shapes.iter().find(|(name, _)| !known(name)) {
            let names: Vec<String> = graph.inputs.iter().map(|input| format!("'{}'", input.name)).collect();
            let names = names.join(", ");
            return Err(Fault::unsupported(format!("a shape is given for input '{name}'; there are {names}")));
        }
        // Inputs of one batch each have its length in front; where they do not agree, none of the axes is that of a batch.
        let batch = inputs.iter().find_map(|input| input.batch).unwrap_or(1);
        let agree = inputs.iter().all(|input| input.has_batch_axis && input.batch.is_none_or(|own| own == batch));
        let batch = if reading.is_whole || !agree { 1 } else { batch };
        let mut importer = Importer {
            graph,
            opset,
            batch,
            values: HashMap::new(),
            builder: NetworkBuilder::new(),
            suffixes: HashMap::new(),
            repeated: 0,
            unrolled: 0,
            absorbed: HashMap::new(),
            taken_in: HashSet::new(),
        };
        for (input, described) in graph.inputs.iter().zip(inputs) {
            let name = &input.name;
            let Described { rest, is_integer, .. } = &described;
            let dims = match described.has_batch_axis {
                true => std::iter::once(described.batch.unwrap_or(batch)).chain(rest.iter().copied()).collect(),
                false => rest.clone(),
            };
            let shape = importer.inner(&dims);
            importer.check_size(&shape, || format!("input '{name}'"))?;
            let is_given = *is_integer && !reading.are_numbers;
            let unnamed = if name.is_empty() { INPUT } else { name };
            // An only input has the same name in every format; its own is that of its tensor.
            let known = if graph.inputs.len() == 1 { INPUT } else { unnamed };
            let node = importer.builder.input_of(Input { is_given }, known, &shape)?;
            // What passes it on gives it no other name.
            importer.builder.name_tensor(node, unnamed);
            let label = format!("input '{name}'");
            let tensor = Tensor { node: Some(node), dims, functions: Vec::new(), is_integer: *is_integer, label };
            importer.values.insert(name, Value::Tensor(tensor));
        }
        Ok(importer)
    }

    pub fn run(mut self) -> Result<Network> {
        let graph = self.graph;
        // Constants first: a layer looks ahead to the bias that is added to it.
        let mut others = Vec::new();
        for node in &graph.nodes {
            if self.is_constant(node)? {
                self.follow(node)?;
            } else {
                others.push(node);
            }
        }
        for node in others {
            self.follow(node)?;
        }
        let mut outputs = Vec::new();
        for &name in &graph.outputs {
            let Some(output) = self.find(name)? else {
                return Err(Fault::malformed(format!("nothing computes the output '{name}'; export it again")));
            };
            let Value::Tensor(output) = output else {
                let what = "does not depend on the input: there is nothing to explain";
                return Err(Fault::unsupported(format!("the output '{name}' {what}")));
            };
            outputs.push(self.materialised(&output)?);
        }
        Ok(self.builder.finish_all(&outputs)?)
    }

    fn is_constant(&self, node: &Node) -> Result<bool> {
        for name in node.inputs() {
            if self.known_constant(name)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Computes the values of a node's outputs.
    fn follow(&mut self, node: &Node<'a>) -> Result<()> {
        let mut values = self.node(node)?.into_iter();
        let is_integer = self.makes_integers(node)?;
        for (position, name) in node.outputs().iter().enumerate() {
            match values.next() {
                Some(mut value) => {
                    if let Value::Tensor(tensor) = &mut value {
                        tensor.is_integer = is_integer;
                    }
                    if let Some(constant) = value.constant().filter(|constant| constant.origin.is_none()) {
                        self.count(node, constant.len())?;
                    }
                    if let Value::Tensor(Tensor { node: Some(computed), .. }) = &value {
                        // What only passes a value on gives it no other name.
                        if !self.builder.has_tensor(*computed) || self.is_taken_in(node) {
                            self.builder.name_tensor(*computed, name);
                        }
                    }
                    self.values.insert(name, value);
                }
                None if !name.is_empty() && self.graph.is_used(name) => {
                    let what = "and only the first is supported; export the model without it";
                    return Err(node.unsupported(format!("has its output {position} ('{name}') used, {what}")));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Whether the file computes a node's results in integers or truth values: where all that it computes with is that, unless
    /// the operator itself says otherwise.
    fn makes_integers(&self, node: &Node<'a>) -> Result<bool> {
        let operator = node.operator();
        let positions = match &operator[..] {
            "Cast" => return Ok(data_type::is_integer(i32::try_from(node.int("to", 0)?).unwrap_or(0))),
            "Equal" | "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual" | "And" | "Or" | "Xor" | "Not" => {
                return Ok(true);
            }
            "Where" => 1..3,
            // Others have indices, shapes and bounds behind what they compute with.
            "Gather" | "Reshape" | "Expand" | "Tile" | "Slice" | "Split" | "Squeeze" | "Unsqueeze" | "Pad" => 0..1,
            _ => 0..node.inputs().count(),
        };
        for position in positions {
            let is_integer = match self.optional(node, position)? {
                Some(Value::Constant(constant)) => matches!(constant.data, Data::Integer(_)),
                Some(Value::Tensor(tensor)) => tensor.is_integer,
                None => true,
            };
            if !is_integer {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a node's operation is part of the layer before it.
    fn is_taken_in(&self, node: &Node) -> bool {
        self.taken_in.contains(&node.index)
    }

    fn find(&self, name: &str) -> Result<Option<Value>> {
        match self.values.get(name) {
            Some(value) => Ok(Some(value.clone())),
            None => Ok(self.graph.initialiser(name)?.map(Value::Constant)),
        }
    }

    /// An input of a node, unless it is left out.
    pub fn optional(&self, node: &Node, position: usize) -> Result<Option<Value>> {
        let Some(name) = node.input(position) else {
            return Ok(None);
        };
        match self.find(name)? {
            Some(value) => Ok(Some(value)),
            None => Err(node.malformed(format!("takes '{name}', which nothing before it computes; export it again"))),
        }
    }

    /// An input of a node.
    pub fn value(&self, node: &Node, position: usize) -> Result<Value> {
        match self.optional(node, position)? {
            Some(value) => Ok(value),
            None => Err(node.malformed(format!("lacks its input {position}"))),
        }
    }

    /// An input of a node that must depend on the network's input, and still has the batch axis in front of others.
    pub fn tensor(&self, node: &Node, position: usize) -> Result<NodeId> {
        let operand = self.operand(node, position)?;
        if self.has_batch(&operand.dims) {
            return Ok(operand.node);
        }
        let what =
            format!("takes a tensor of shape {:?}, whose first axis is no longer that of the inputs", operand.dims);
        Err(node.unsupported(format!("{what}; for this operator it must be")))
    }

    /// An input of a node that must depend on the network's input.
    pub fn operand(&self, node: &Node, position: usize) -> Result<Operand> {
        match self.value(node, position)? {
            Value::Tensor(tensor) => self.operand_of(tensor),
            Value::Constant(_) => {
                let what = format!("takes a constant as its input {position}; fold constants before exporting");
                Err(node.unsupported(what))
            }
        }
    }

    /// An input of a node that must be known before the network runs, unless it is left out.
    pub fn optional_constant(&self, node: &Node, position: usize, what: &str) -> Result<Option<Constant>> {
        match self.optional(node, position)? {
            None => Ok(None),
            Some(Value::Constant(constant)) => Ok(Some(constant)),
            Some(Value::Tensor(_)) => {
                Err(node.unsupported(format!("computes its {what} from the input; only constants are supported there")))
            }
        }
    }

    /// An input of a node that must be known before the network runs.
    pub fn constant(&self, node: &Node, position: usize, what: &str) -> Result<Constant> {
        match self.optional_constant(node, position, what)? {
            Some(constant) => Ok(constant),
            None => Err(node.malformed(format!("lacks its {what} (input {position})"))),
        }
    }

    /// A list of integers that older versions of an operator have as an attribute and newer ones as an input.
    pub fn integers(&self, node: &Node, position: usize, attribute: &str) -> Result<Option<Vec<i64>>> {
        if let Some(values) = node.ints(attribute)? {
            return Ok(Some(values.to_vec()));
        }
        match self.optional_constant(node, position, attribute)? {
            None => Ok(None),
            Some(Constant { data: Data::Integer(values), .. }) => Ok(Some(values.to_vec())),
            Some(_) => Err(node.malformed(format!("has {attribute} that are not integers"))),
        }
    }

    /// A constant that is known already, if the value of this name is one.
    pub fn known_constant(&self, name: &str) -> Result<Option<Constant>> {
        Ok(self.find(name)?.and_then(|value| match value {
            Value::Constant(constant) => Some(constant),
            Value::Tensor(_) => None,
        }))
    }

    /// The node of a value, which must have one.
    pub fn materialised(&self, tensor: &Tensor) -> Result<NodeId> {
        tensor.node.ok_or_else(|| {
            let what = "computes a function that has no counterpart here";
            let hint =
                "of those written in several operators, SiLU and GELU, hard swish, Mish and softsign are recognised";
            Fault::unsupported(format!("{} {what}; {hint}", tensor.label))
        })
    }

    /// A value as an operand, which must have a node.
    pub fn operand_of(&self, tensor: Tensor) -> Result<Operand> {
        Ok(Operand { node: self.materialised(&tensor)?, dims: tensor.dims })
    }

    /// Whether a shape has the batch axis in front of others.
    pub fn has_batch(&self, dims: &[usize]) -> bool {
        dims.len() > 1 && dims[0] == self.batch
    }

    /// The shape that a network node has for a tensor of the file.
    pub fn inner(&self, dims: &[usize]) -> Vec<usize> {
        match dims {
            [] => vec![1],
            _ if self.has_batch(dims) => dims[1..].to_vec(),
            _ => dims.to_vec(),
        }
    }

    /// Whether the batch axis is where operators need it that look at other axes only; where the file has one input, it is an
    /// axis like others.
    pub fn check_batch(&self, node: &Node, dims: &[usize]) -> Result<()> {
        if self.batch == 1 || self.has_batch(dims) { Ok(()) } else { Err(node.unsupported(BATCH)) }
    }

    /// The values of a node under a shape.
    pub fn arranged(&mut self, node: &Node, argument: NodeId, shape: &[usize]) -> Result<NodeId> {
        if self.shape(argument) == shape {
            return Ok(argument);
        }
        let name = format!("{}.shape", node.name());
        self.emit_as(node, name, Operator::Reshape(Reshape { shape: shape.to_vec() }), &[argument])
    }

    /// A value that one operator computes, of a shape that the file gives it.
    pub fn shaped(&mut self, node: &Node, computed: NodeId, dims: Vec<usize>) -> Result<Value> {
        self.check_batch(node, &dims)?;
        let computed = self.arranged(node, computed, &self.inner(&dims))?;
        Ok(self.partial(node, Some(computed), dims, Vec::new()))
    }

    /// Whether a node is an input of the network.
    pub fn is_input(&self, node: NodeId) -> bool {
        self.graph.inputs.iter().any(|input| match self.values.get(&input.name[..]) {
            Some(Value::Tensor(tensor)) => tensor.node == Some(node),
            _ => false,
        })
    }

    /// Whether a node's result is a constant of an execution.
    pub fn is_given(&self, node: NodeId) -> bool {
        self.builder.is_given(node)
    }

    /// What a node tells the truth values of, if that is all it does; the node itself otherwise.
    pub fn told(&self, node: NodeId) -> NodeId {
        match (self.builder.operator(node), &self.builder.arguments(node)[..]) {
            (Operator::Comparison(Comparison { relation: Relation::And }), &[a, b]) if a == b => a,
            _ => node,
        }
    }

    /// Whether a node's values are known to be whole numbers: given ones, however they are laid out, and between whole bounds.
    pub fn is_whole(&self, mut node: NodeId) -> bool {
        let passes = |operator: &Operator| match operator {
            Operator::Reshape(_) | Operator::Expand(_) => true,
            Operator::Activation(Activation::Clip { low, high }) => low.fract() == 0.0 && high.fract() == 0.0,
            _ => false,
        };
        while passes(self.builder.operator(node)) {
            node = self.builder.arguments(node)[0];
        }
        self.is_input(node) && self.is_given(node)
    }

    /// What a node repeats along its last axis, of length 1 until then, if that is all it does.
    pub fn repeated_last(&self, node: NodeId) -> Option<NodeId> {
        let is_repetition = matches!(self.builder.operator(node), Operator::Expand(_));
        let argument = *self.builder.arguments(node).first().filter(|_| is_repetition)?;
        let (before, after) = (self.builder.shape(argument).split_last()?, self.builder.shape(node).split_last()?);
        (*before.0 == 1 && before.1 == after.1).then_some(argument)
    }

    /// What a node computes 1 over a power of, with the exponent, if that is what it computes.
    pub fn inverted(&self, node: NodeId) -> Option<(NodeId, f32)> {
        let exponent = match self.builder.operator(node) {
            Operator::Activation(Activation::Elementary(Elementary::Reciprocal)) => 1.0,
            Operator::Activation(Activation::Power { exponent }) if *exponent < 0.0 => -exponent,
            _ => return None,
        };
        Some((self.builder.arguments(node)[0], exponent))
    }

    /// Whether a node's result are truth values.
    pub fn is_truth(&self, node: NodeId) -> bool {
        matches!(self.builder.operator(node), Operator::Comparison(_))
    }

    /// Whether a node's result are shares, which add up to 1.
    pub fn is_softmax(&self, node: NodeId) -> bool {
        matches!(self.builder.operator(node), Operator::Softmax(Softmax { logarithm: false, .. }))
    }

    /// Shape of a node's result, without the batch axis.
    pub fn shape(&self, node: NodeId) -> &[usize] {
        self.builder.shape(node)
    }

    /// Adds an operator under the name of the file's node.
    pub fn emit(&mut self, node: &Node, operator: Operator, arguments: &[NodeId]) -> Result<NodeId> {
        self.emit_as(node, node.name(), operator, arguments)
    }

    /// Adds an operator under a name, or one derived from it where it is taken.
    pub fn emit_as(&mut self, node: &Node, name: String, operator: Operator, arguments: &[NodeId]) -> Result<NodeId> {
        let mut unique = name.clone();
        while self.builder.has(&unique) {
            let suffix = self.suffixes.entry(name.clone()).or_insert(1);
            *suffix += 1;
            unique = format!("{name}_{suffix}");
        }
        let added = self.builder.add(unique, operator, arguments)?;
        self.check_size(self.builder.shape(added), || node.label())?;
        Ok(added)
    }

    /// The name of a layer with parameters: that of the module in whose initialisers they are, if it is free.
    pub fn module_name(&self, node: &Node, parameters: &[&Constant]) -> String {
        let module = |constant: &&Constant| {
            let (module, parameter) = constant.origin.as_ref()?.rsplit_once('.')?;
            let known =
                matches!(parameter, "weight" | "bias" | "kernel" | "gamma" | "beta" | "scale" | "W" | "b" | "B");
            (known && !module.is_empty()).then(|| module.to_string())
        };
        parameters.iter().find_map(module).filter(|name| !self.builder.has(name)).unwrap_or_else(|| node.name())
    }

    /// A value that one operator computes for each input of the batch.
    pub fn computed(&self, node: &Node, computed: NodeId) -> Value {
        let dims = std::iter::once(self.batch).chain(self.shape(computed).iter().copied()).collect();
        self.partial(node, Some(computed), dims, Vec::new())
    }

    /// A value that may be a part of a function that is spelled out.
    pub fn partial(
        &self,
        node: &Node,
        computed: Option<NodeId>,
        dims: Vec<usize>,
        mut functions: Vec<Function>,
    ) -> Value {
        functions.truncate(FUNCTIONS);
        Value::Tensor(Tensor { node: computed, dims, functions, is_integer: false, label: node.label() })
    }

    /// The network node of a value: constants that stand beside tensors become nodes.
    pub fn node_of(&mut self, node: &Node, value: &Value) -> Result<NodeId> {
        match value {
            Value::Tensor(tensor) => self.materialised(tensor),
            Value::Constant(constant) => {
                self.check_count(node, &constant.dims)?;
                // Infinities stand for what is to be masked.
                let values = constant.to_weights().iter().map(|value| value.clamp(f32::MIN, f32::MAX)).collect();
                let shape = match &constant.dims[..] {
                    dims if self.batch == 1 => self.inner(dims),
                    [] => vec![1],
                    dims => dims.to_vec(),
                };
                let origin = constant.origin.as_deref().map(|name| name.strip_suffix(".values").unwrap_or(name));
                let name = origin.map_or_else(|| format!("{}.constant", node.name()), str::to_string);
                self.emit_as(node, name, Operator::Constant(crate::operators::Constant { shape, values }), &[])
            }
        }
    }

    /// Whether a tensor of a shape is small enough.
    pub fn check_count(&self, node: &Node, dims: &[usize]) -> Result<()> {
        self.check_size(dims, || node.label())
    }

    /// A parameter of one number, repeated.
    pub fn repeat(&mut self, node: &Node, value: f32, count: usize) -> Result<Weights> {
        self.count(node, count)?;
        Ok(vec![value; count].into())
    }

    /// Notes how many values are made that the file does not have.
    pub fn count(&mut self, node: &Node, count: usize) -> Result<()> {
        self.repeated = self.repeated.saturating_add(count);
        if self.repeated > REPEATED {
            let what =
                format!("makes {count} numbers that the file does not have, more than {REPEATED} with all others");
            return Err(node.unsupported(format!("{what}; fold constants before exporting")));
        }
        Ok(())
    }

    fn check_size(&self, shape: &[usize], label: impl Fn() -> String) -> Result<()> {
        match elements(shape) {
            Some(count) if count <= LARGEST => Ok(()),
            _ => Err(Fault::unsupported(format!("{} has shape {shape:?}, more than {LARGEST} values", label()))),
        }
    }
}
