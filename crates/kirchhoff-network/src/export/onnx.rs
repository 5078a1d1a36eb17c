//! Networks as ONNX files.

use prost::Message;

pub(crate) use crate::import::onnx::proto::Attribute;
use crate::import::onnx::proto::{
    Dimension, Graph, Model, Node, OperatorSet, Shape, Tensor, TensorType, Type, ValueInfo, attribute_kind, data_type,
};
use crate::network::{Network, NodeId};
use crate::{Dense, Input, Operator};

/// The version of the operators: the first with Gelu, and with dilated average pools.
const OPSET: i64 = 20;
const IR_VERSION: i64 = 9;
/// The part of a given input that is its values as numbers.
const NUMBER: &str = "number";

/// The bytes of a network as an ONNX file (opset 20), with a batch axis of any length in front. Layers keep their names.
///
/// It computes what the network computes, dropout left out; reading it gives the same canonical network again. The same
/// network gives the same bytes.
pub fn onnx(network: &Network) -> Vec<u8> {
    let mut graph = Graph::default();
    let value = |id: NodeId| {
        let batch = Dimension { value: None, parameter: Some("N".to_string()) };
        let axes = network.node(id).shape.iter();
        let fixed = axes.map(|&length| Dimension { value: Some(length as i64), parameter: None });
        let shape = Shape { dim: std::iter::once(batch).chain(fixed).collect() };
        let element = match network.node(id).operator {
            Operator::Input(Input { is_given: true }) => data_type::INT64,
            _ => data_type::FLOAT,
        };
        let tensor = TensorType { element, shape: Some(shape) };
        ValueInfo { name: network.node(id).name.clone(), kind: Some(Type { tensor: Some(tensor) }) }
    };
    graph.input.extend(network.inputs().iter().map(|&input| value(input)));
    graph.output.extend(network.outputs().iter().map(|&output| value(output)));
    for (id, node) in network.nodes() {
        node.operator.operation().export(&mut Export { network, id, graph: &mut graph });
    }
    let opset = OperatorSet { domain: String::new(), version: OPSET };
    let producer = Some(kirchhoff_file::GENERATOR.to_string());
    Model { ir_version: Some(IR_VERSION), producer, graph: Some(graph), opset_import: vec![opset], ..Model::default() }
        .encode_to_vec()
}

/// A node of a network that is about to be written.
pub(crate) struct Export<'a> {
    network: &'a Network,
    id: NodeId,
    graph: &'a mut Graph,
}

impl Export<'_> {
    fn name(&self) -> &str {
        &self.network.node(self.id).name
    }

    /// The shape of the result, without the batch axis.
    pub fn shape(&self) -> Vec<usize> {
        self.network.node(self.id).shape.clone()
    }

    /// The names of all arguments.
    pub fn arguments(&self) -> Vec<String> {
        self.network.arguments(self.id).into_iter().map(|argument| self.value_of(argument)).collect()
    }

    /// The name of a node's result as numbers.
    fn value_of(&self, id: NodeId) -> String {
        let node = self.network.node(id);
        match node.operator {
            Operator::Input(Input { is_given: true }) => format!("{}/{NUMBER}", node.name),
            _ => node.name.clone(),
        }
    }

    /// Adds the nodes that make numbers of a given input, whose values the file has as integers.
    pub fn given(&mut self) {
        let name = self.name().to_string();
        self.part(NUMBER, "Cast", vec![name], vec![cast_to(data_type::FLOAT)]);
    }

    /// The names of all arguments, with axes of length 1 in front of those that have fewer axes than the result, so that ONNX
    /// repeats them along the same ones.
    pub fn broadcast(&mut self) -> Vec<String> {
        let rank = self.shape().len();
        let arguments = self.network.arguments(self.id);
        let mut names = Vec::with_capacity(arguments.len());
        for (number, argument) in arguments.into_iter().enumerate() {
            let (name, node) = (self.value_of(argument), self.network.node(argument));
            let missing = rank.saturating_sub(node.shape.len());
            if missing == 0 {
                names.push(name);
                continue;
            }
            let own = node.shape.iter().map(|&length| length as i64);
            let shape: Vec<i64> = std::iter::once(-1).chain(std::iter::repeat_n(1, missing)).chain(own).collect();
            let shape = self.integers(&format!("shape{number}"), &shape);
            names.push(self.part(&format!("argument{number}"), "Reshape", vec![name, shape], Vec::new()));
        }
        names
    }

    /// The name of the first argument alone, to which parameters may be added.
    pub fn first(&self) -> Vec<String> {
        self.arguments().into_iter().take(1).collect()
    }

    /// Adds the ONNX node that computes the result, under the name of the layer.
    pub fn result(&mut self, operator: &str, inputs: Vec<String>, attributes: Vec<Attribute>) {
        self.node(operator, self.name().to_string(), inputs, attributes);
    }

    /// Adds the ONNX node, under the name of the layer, that computes truth values, which the result has as numbers.
    pub fn truth(&mut self, operator: &str, inputs: Vec<String>, attributes: Vec<Attribute>) {
        let (name, output) = (self.name().to_string(), format!("{}/truth", self.name()));
        let node = |name, operator: &str, input, output, attribute| {
            let op_type = operator.to_string();
            Node { input, output: vec![output], name, op_type, attribute, domain: String::new() }
        };
        self.graph.node.push(node(name.clone(), operator, inputs, output.clone(), attributes));
        let number = format!("{name}/{NUMBER}");
        self.graph.node.push(node(number, "Cast", vec![output], name, vec![cast_to(data_type::FLOAT)]));
    }

    /// Adds an ONNX node that computes a part of the result, and gives its name.
    pub fn part(&mut self, part: &str, operator: &str, inputs: Vec<String>, attributes: Vec<Attribute>) -> String {
        let name = format!("{}/{part}", self.name());
        self.node(operator, name.clone(), inputs, attributes);
        name
    }

    /// The inputs of the node of a dense layer: its argument, weights and bias.
    pub fn dense_inputs(&mut self, argument: &str, dense: &Dense) -> Vec<String> {
        let mut inputs = vec![argument.to_string()];
        inputs.push(self.floats("weight", &[dense.outputs, dense.inputs], &dense.weights));
        if let Some(bias) = &dense.bias {
            inputs.push(self.floats("bias", &[dense.outputs], bias));
        }
        inputs
    }

    /// Adds a dense layer as a part of the result, and gives its name.
    pub fn dense_part(&mut self, part: &str, argument: &str, dense: &Dense) -> String {
        let inputs = self.dense_inputs(argument, dense);
        self.part(part, "Gemm", inputs, vec![int("transB", 1)])
    }

    fn node(&mut self, operator: &str, name: String, input: Vec<String>, attribute: Vec<Attribute>) {
        let op_type = operator.to_string();
        let output = vec![name.clone()];
        self.graph.node.push(Node { input, output, name, op_type, attribute, domain: String::new() });
    }

    /// Adds a constant of numbers, and gives its name.
    pub fn floats(&mut self, part: &str, shape: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(part, shape.iter().map(|&length| length as i64).collect(), data_type::FLOAT, bytes)
    }

    /// Adds a constant vector of integers, and gives its name.
    pub fn integers(&mut self, part: &str, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(part, vec![values.len() as i64], data_type::INT64, bytes)
    }

    fn constant(&mut self, part: &str, dims: Vec<i64>, data_type: i32, bytes: Vec<u8>) -> String {
        let name = format!("{}.{part}", self.name());
        let raw_data = Some(bytes.into());
        self.graph.initializer.push(Tensor { dims, data_type, name: name.clone(), raw_data, ..Tensor::default() });
        name
    }
}

/// An attribute that is an integer.
pub(crate) fn int(name: &str, i: i64) -> Attribute {
    Attribute { name: name.to_string(), i, kind: attribute_kind::INT, ..Attribute::default() }
}

/// The attribute of a cast to a type.
pub(crate) fn cast_to(kind: i32) -> Attribute {
    int("to", kind.into())
}

/// An attribute that is a number.
pub(crate) fn float(name: &str, f: f32) -> Attribute {
    Attribute { name: name.to_string(), f, kind: attribute_kind::FLOAT, ..Attribute::default() }
}

/// An attribute that is a list of integers.
pub(crate) fn ints(name: &str, ints: Vec<i64>) -> Attribute {
    Attribute { name: name.to_string(), ints, kind: attribute_kind::INTS, ..Attribute::default() }
}

/// An attribute that is a text.
pub(crate) fn text(name: &str, s: &str) -> Attribute {
    Attribute { name: name.to_string(), s: s.to_string().into(), kind: attribute_kind::STRING, ..Attribute::default() }
}
