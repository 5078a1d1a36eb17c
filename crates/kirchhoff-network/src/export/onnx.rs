//! Networks as ONNX files.

use prost::Message;

use crate::activation::Activation;
use crate::import::onnx::proto::{
    Attribute, Dimension, Graph, Model, Node, OperatorSet, Shape, Tensor, TensorType, Type, ValueInfo, attribute_kind,
    data_type,
};
use crate::network::{Network, NodeId};
use crate::operator::{Operator, PoolKind};

/// The version of the operators: the first with Gelu, and with dilated average pools.
const OPSET: i64 = 20;
const IR_VERSION: i64 = 9;

/// The bytes of a network as an ONNX file (opset 20), with a batch axis of any length in front. Layers keep their names.
///
/// It computes what the network computes, dropout left out; reading it gives the same canonical network again. The same
/// network gives the same bytes.
pub fn onnx(network: &Network) -> Vec<u8> {
    let mut writer = Writer { network, graph: Graph::default() };
    let value = |id: NodeId| {
        let batch = Dimension { value: None, parameter: Some("N".to_string()) };
        let axes = network.node(id).shape.iter();
        let fixed = axes.map(|&length| Dimension { value: Some(length as i64), parameter: None });
        let shape = Shape { dim: std::iter::once(batch).chain(fixed).collect() };
        let tensor = TensorType { element: data_type::FLOAT, shape: Some(shape) };
        ValueInfo { name: network.node(id).name.clone(), kind: Some(Type { tensor: Some(tensor) }) }
    };
    writer.graph.input.push(value(network.input()));
    writer.graph.output.push(value(network.output()));
    for (id, _) in network.nodes() {
        writer.layer(id);
    }
    let opset = OperatorSet { domain: String::new(), version: OPSET };
    Model { ir_version: Some(IR_VERSION), graph: Some(writer.graph), opset_import: vec![opset] }.encode_to_vec()
}

struct Writer<'a> {
    network: &'a Network,
    graph: Graph,
}

impl Writer<'_> {
    /// Adds the node, or nodes, of a layer.
    fn layer(&mut self, id: NodeId) {
        let node = self.network.node(id);
        let name = &node.name;
        let arguments: Vec<String> =
            self.network.arguments(id).iter().map(|&argument| self.network.node(argument).name.clone()).collect();
        let first = || arguments[..1].to_vec();
        match &node.operator {
            Operator::Input => {}
            Operator::Dense(dense) => {
                let mut inputs = first();
                inputs.push(self.floats(name, "weight", &[dense.outputs, dense.inputs], &dense.weights));
                if let Some(bias) = &dense.bias {
                    inputs.push(self.floats(name, "bias", &[dense.outputs], bias));
                }
                self.node("Gemm", name, inputs, vec![int("transB", 1)]);
            }
            Operator::Convolution(convolution) => {
                let window = convolution.window;
                let axes = axes(node.shape.len());
                let taps = axes.clone().map(|axis| window.kernel[axis]);
                let shape: Vec<usize> =
                    [convolution.outputs, convolution.inputs / convolution.groups].into_iter().chain(taps).collect();
                let mut inputs = first();
                inputs.push(self.floats(name, "weight", &shape, &convolution.weights));
                if let Some(bias) = &convolution.bias {
                    inputs.push(self.floats(name, "bias", &[convolution.outputs], bias));
                }
                let mut attributes = sliding(&window, axes);
                attributes.push(int("group", convolution.groups as i64));
                self.node("Conv", name, inputs, attributes);
            }
            Operator::Pool(pool) => {
                let maximum = pool.kind == PoolKind::Maximum;
                let Some(window) = &pool.window else {
                    let operator = if maximum { "GlobalMaxPool" } else { "GlobalAveragePool" };
                    return self.node(operator, name, first(), Vec::new());
                };
                let mut attributes = sliding(window, axes(node.shape.len()));
                attributes.push(int("ceil_mode", i64::from(window.ceil)));
                if let PoolKind::Average { count_padding } = pool.kind {
                    attributes.push(int("count_include_pad", i64::from(count_padding)));
                }
                self.node(if maximum { "MaxPool" } else { "AveragePool" }, name, first(), attributes);
            }
            Operator::Affine(affine) => {
                let shape: Vec<usize> =
                    node.shape.iter().enumerate().map(|(axis, &length)| if axis == 0 { length } else { 1 }).collect();
                let scaled = format!("{name}/scaled");
                let scale = self.floats(name, "scale", &shape, &affine.scale);
                self.node("Mul", &scaled, vec![arguments[0].clone(), scale], Vec::new());
                let shift = self.floats(name, "shift", &shape, &affine.shift);
                self.node("Add", name, vec![scaled, shift], Vec::new());
            }
            Operator::Activation(activation) => self.activation(*activation, name, first()),
            Operator::Add => {
                let mut sum = arguments[0].clone();
                for (number, argument) in arguments.iter().enumerate().skip(1) {
                    let last = number + 1 == arguments.len();
                    let result = if last { name.clone() } else { format!("{name}/{number}") };
                    self.node("Add", &result, vec![sum, argument.clone()], Vec::new());
                    sum = result;
                }
            }
            Operator::Concatenate { axis } => {
                self.node("Concat", name, arguments, vec![int("axis", *axis as i64 + 1)]);
            }
            Operator::Slice(slice) => {
                let starts: Vec<i64> = slice.axes.iter().map(|axis| axis.start as i64).collect();
                let steps: Vec<i64> = slice.axes.iter().map(|axis| axis.step as i64).collect();
                // Before the first position there is −∞; −1 would be the last.
                let end = |(axis, start): (&crate::SliceAxis, &i64)| match start + axis.step as i64 * axis.length as i64
                {
                    end if end < 0 => i64::MIN,
                    end => end,
                };
                let ends: Vec<i64> = slice.axes.iter().zip(&starts).map(end).collect();
                let axes: Vec<i64> = (1..=starts.len() as i64).collect();
                let mut inputs = first();
                for (part, values) in [("starts", starts), ("ends", ends), ("axes", axes), ("steps", steps)] {
                    inputs.push(self.integers(name, part, &values));
                }
                self.node("Slice", name, inputs, Vec::new());
            }
            Operator::Transpose { axes } => {
                let order = std::iter::once(0).chain(axes.iter().map(|&axis| axis as i64 + 1)).collect();
                self.node("Transpose", name, first(), vec![ints("perm", order)]);
            }
            Operator::Reshape { shape } => {
                let shape: Vec<i64> = std::iter::once(-1).chain(shape.iter().map(|&length| length as i64)).collect();
                let mut inputs = first();
                inputs.push(self.integers(name, "shape", &shape));
                self.node("Reshape", name, inputs, Vec::new());
            }
            Operator::Pad { border, value } => {
                let side = |side: usize| std::iter::once(0).chain(border.iter().map(move |sides| sides[side] as i64));
                let pads: Vec<i64> = side(0).chain(side(1)).collect();
                let mut inputs = first();
                inputs.push(self.integers(name, "pads", &pads));
                inputs.push(self.floats(name, "value", &[], &[*value]));
                self.node("Pad", name, inputs, Vec::new());
            }
            Operator::Dropout => self.node("Identity", name, first(), Vec::new()),
            Operator::Softmax { logarithm } => {
                let operator = if *logarithm { "LogSoftmax" } else { "Softmax" };
                self.node(operator, name, first(), vec![int("axis", 1)]);
            }
        }
    }

    fn activation(&mut self, activation: Activation, name: &str, mut inputs: Vec<String>) {
        let (operator, attributes) = match activation {
            Activation::Relu => ("Relu", Vec::new()),
            Activation::LeakyRelu { slope } => ("LeakyRelu", vec![float("alpha", slope)]),
            Activation::Clip { low, high } => {
                inputs.push(self.floats(name, "low", &[], &[low]));
                inputs.push(self.floats(name, "high", &[], &[high]));
                ("Clip", Vec::new())
            }
            Activation::Sigmoid => ("Sigmoid", Vec::new()),
            Activation::Tanh => ("Tanh", Vec::new()),
            Activation::Elu { alpha } => ("Elu", vec![float("alpha", alpha)]),
            Activation::Silu => {
                let gate = format!("{name}/sigmoid");
                self.node("Sigmoid", &gate, inputs.clone(), Vec::new());
                inputs.push(gate);
                ("Mul", Vec::new())
            }
            Activation::Gelu { tanh } => {
                let kind = Attribute {
                    name: "approximate".to_string(),
                    s: if tanh { "tanh" } else { "none" }.into(),
                    kind: attribute_kind::STRING,
                    ..Attribute::default()
                };
                ("Gelu", vec![kind])
            }
        };
        self.node(operator, name, inputs, attributes);
    }

    fn node(&mut self, operator: &str, name: &str, input: Vec<String>, attribute: Vec<Attribute>) {
        let (name, op_type) = (name.to_string(), operator.to_string());
        self.graph.node.push(Node {
            input,
            output: vec![name.clone()],
            name,
            op_type,
            attribute,
            domain: String::new(),
        });
    }

    /// Adds a constant, and gives its name.
    fn floats(&mut self, layer: &str, part: &str, shape: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(layer, part, shape.iter().map(|&length| length as i64).collect(), data_type::FLOAT, bytes)
    }

    fn integers(&mut self, layer: &str, part: &str, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(layer, part, vec![values.len() as i64], data_type::INT64, bytes)
    }

    fn constant(&mut self, layer: &str, part: &str, dims: Vec<i64>, data_type: i32, bytes: Vec<u8>) -> String {
        let name = format!("{layer}.{part}");
        let raw_data = Some(bytes.into());
        self.graph.initializer.push(Tensor { dims, data_type, name: name.clone(), raw_data, ..Tensor::default() });
        name
    }
}

/// The axes of a window over a tensor of so many axes: signals have only the second.
fn axes(rank: usize) -> std::ops::Range<usize> {
    if rank == 2 { 1..2 } else { 0..2 }
}

fn sliding(window: &kirchhoff_kernel::Window, axes: std::ops::Range<usize>) -> Vec<Attribute> {
    let of = |values: [usize; 2]| axes.clone().map(|axis| values[axis] as i64).collect();
    let side = |side: usize| axes.clone().map(move |axis| window.padding[axis][side] as i64);
    vec![
        ints("kernel_shape", of(window.kernel)),
        ints("strides", of(window.stride)),
        ints("dilations", of(window.dilation)),
        ints("pads", side(0).chain(side(1)).collect()),
    ]
}

fn int(name: &str, i: i64) -> Attribute {
    Attribute { name: name.to_string(), i, kind: attribute_kind::INT, ..Attribute::default() }
}

fn float(name: &str, f: f32) -> Attribute {
    Attribute { name: name.to_string(), f, kind: attribute_kind::FLOAT, ..Attribute::default() }
}

fn ints(name: &str, ints: Vec<i64>) -> Attribute {
    Attribute { name: name.to_string(), ints, kind: attribute_kind::INTS, ..Attribute::default() }
}
