//! Operators of onnxruntime's own, which its optimiser makes of several, as those of ONNX.

use super::fault::{Fault, Result};
use super::proto::{Attribute, Node, Tensor, attribute_kind, data_type};

const DOMAIN: &str = "com.microsoft";

/// Whether a node stands for several of ONNX.
pub(super) fn is_fused(node: &Node) -> bool {
    node.domain == DOMAIN && KNOWN.contains(&&node.op_type[..])
}

const KNOWN: [&str; 9] = [
    "FusedConv",
    "FusedGemm",
    "Gelu",
    "FastGelu",
    "BiasGelu",
    "QuickGelu",
    "LayerNormalization",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
];

/// The nodes of ONNX that a fused one stands for; `None` for others.
pub(super) fn parts(node: &Node) -> Result<Option<Vec<Node>>> {
    if !is_fused(node) {
        return Ok(None);
    }
    let mut parts = Parts { node, nodes: Vec::new() };
    match &node.op_type[..] {
        "FusedConv" => {
            let layer = parts.layer("Conv", 3)?;
            let sum = match parts.input(3) {
                Some(summand) => parts.node("sum", "Add", vec![layer, summand], Vec::new()),
                None => layer,
            };
            parts.activated(sum)?;
        }
        "FusedGemm" => {
            let layer = parts.layer("Gemm", 3)?;
            parts.activated(layer)?;
        }
        "Gelu" => parts.result("Gelu", node.input.clone(), Vec::new()),
        "FastGelu" | "BiasGelu" => {
            let first = parts.required(0)?;
            let sum = match parts.input(1) {
                Some(bias) => parts.node("sum", "Add", vec![first, bias], Vec::new()),
                None => first,
            };
            let form = if node.op_type == "FastGelu" { "tanh" } else { "none" };
            parts.result("Gelu", vec![sum], vec![text("approximate", form)]);
        }
        "QuickGelu" => {
            let first = parts.required(0)?;
            let alpha = parts.constant("alpha", parts.float("alpha").unwrap_or(1.702));
            let scaled = parts.node("scaled", "Mul", vec![first.clone(), alpha], Vec::new());
            let gate = parts.node("gate", "Sigmoid", vec![scaled], Vec::new());
            parts.result("Mul", vec![first, gate], Vec::new());
        }
        "LayerNormalization" => parts.result("LayerNormalization", node.input.clone(), node.attribute.clone()),
        normalisation => {
            let centred = normalisation == "SkipLayerNormalization";
            let (first, skip) = (parts.required(0)?, parts.required(1)?);
            let bias = parts.input(if centred { 4 } else { 3 });
            // The sum itself is the last of the outputs.
            let output = node.output.get(3).filter(|name| !name.is_empty()).cloned();
            let sum = parts.node("sum", "Add", vec![first, skip], Vec::new());
            let sum = match bias {
                Some(bias) => parts.node("biased", "Add", vec![sum, bias], Vec::new()),
                None => sum,
            };
            if let Some(output) = output {
                parts.push(&format!("{}.sum_output", parts.name()), "Identity", vec![sum.clone()], output, Vec::new());
            }
            let mut inputs = vec![sum, parts.required(2)?];
            inputs.extend(parts.input(3).filter(|_| centred));
            let operator = if centred { "LayerNormalization" } else { "SimplifiedLayerNormalization" };
            let attributes = node.attribute.iter().filter(|attribute| attribute.name == "epsilon").cloned();
            let attributes = attributes.collect();
            parts.result(operator, inputs, attributes);
        }
    }
    Ok(Some(parts.nodes))
}

struct Parts<'a> {
    node: &'a Node,
    nodes: Vec<Node>,
}

impl Parts<'_> {
    fn name(&self) -> String {
        match &self.node.name[..] {
            "" => format!("{}.{}", self.node.op_type, self.node.output.first().map_or("", |name| name)),
            name => name.to_string(),
        }
    }

    fn input(&self, position: usize) -> Option<String> {
        self.node.input.get(position).filter(|name| !name.is_empty()).cloned()
    }

    fn required(&self, position: usize) -> Result<String> {
        let missing = || {
            Fault::malformed(format!("node '{}' ({}) lacks its input {position}", self.node.name, self.node.op_type))
        };
        self.input(position).ok_or_else(missing)
    }

    fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    fn float(&self, name: &str) -> Option<f32> {
        self.attribute(name).map(|attribute| attribute.f)
    }

    fn push(&mut self, name: &str, operator: &str, input: Vec<String>, output: String, attribute: Vec<Attribute>) {
        let (name, op_type) = (name.to_string(), operator.to_string());
        self.nodes.push(Node { input, output: vec![output], name, op_type, attribute, domain: String::new() });
    }

    /// Adds a part, and gives the name of its value.
    fn node(&mut self, part: &str, operator: &str, inputs: Vec<String>, attributes: Vec<Attribute>) -> String {
        let name = format!("{}.{part}", self.name());
        self.push(&name, operator, inputs, name.clone(), attributes);
        name
    }

    /// Adds the part that computes the result.
    fn result(&mut self, operator: &str, inputs: Vec<String>, attributes: Vec<Attribute>) {
        let output = self.node.output.first().cloned().unwrap_or_default();
        self.push(&self.name(), operator, inputs, output, attributes);
    }

    fn constant(&mut self, part: &str, value: f32) -> String {
        let tensor = Tensor { data_type: data_type::FLOAT, float_data: vec![value], ..Tensor::default() };
        let kind = attribute_kind::TENSOR;
        let value = Attribute { name: "value".to_string(), t: Some(tensor), kind, ..Attribute::default() };
        self.node(part, "Constant", Vec::new(), vec![value])
    }

    /// The layer before an activation, of the first inputs.
    fn layer(&mut self, operator: &str, inputs: usize) -> Result<String> {
        self.required(1)?;
        let attributes = self.node.attribute.iter().filter(|attribute| !attribute.name.starts_with("activation"));
        let attributes = attributes.cloned().collect();
        let mut names: Vec<String> = (0..inputs).map(|position| self.input(position).unwrap_or_default()).collect();
        while names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        Ok(self.node("layer", operator, names, attributes))
    }

    /// The activation that is fused with a layer, or none.
    fn activated(&mut self, argument: String) -> Result<()> {
        let activation =
            self.attribute("activation").map(|attribute| String::from_utf8_lossy(&attribute.s).to_string());
        let parameters = self.attribute("activation_params").map(|attribute| attribute.floats.clone());
        let named = |name: &str| self.float(&format!("activation_{name}"));
        let listed = |position: usize| parameters.as_ref().and_then(|parameters| parameters.get(position).copied());
        let parameter = |name: &'static str, position: usize| {
            let value = named(name).or_else(|| listed(position))?;
            Some(Attribute { name: name.to_string(), f: value, kind: attribute_kind::FLOAT, ..Attribute::default() })
        };
        let both = || parameter("alpha", 0).into_iter().chain(parameter("beta", 1)).collect();
        match activation.as_deref() {
            None | Some("") => self.result("Identity", vec![argument], Vec::new()),
            Some(plain @ ("Relu" | "Sigmoid" | "Tanh" | "Softplus" | "Softsign")) => {
                self.result(plain, vec![argument], Vec::new());
            }
            Some("LeakyRelu") => {
                let attributes = parameter("alpha", 0).into_iter().collect();
                self.result("LeakyRelu", vec![argument], attributes);
            }
            Some("HardSigmoid") => {
                let attributes = both();
                self.result("HardSigmoid", vec![argument], attributes);
            }
            Some("Clip") => {
                let (low, high) = (named("min").or_else(|| listed(0)), named("max").or_else(|| listed(1)));
                let low = self.constant("low", low.unwrap_or(f32::MIN));
                let high = self.constant("high", high.unwrap_or(f32::MAX));
                self.result("Clip", vec![argument, low, high], Vec::new());
            }
            Some(other) => {
                let label = format!("node '{}' ({})", self.node.name, self.node.op_type);
                return Err(Fault::unsupported(format!(
                    "{label} is fused with the activation '{other}', which is not supported; save the model at onnxruntime's \
                     basic level of optimisation"
                )));
            }
        }
        Ok(())
    }
}

fn text(name: &str, value: &str) -> Attribute {
    let (name, s) = (name.to_string(), value.to_string().into());
    Attribute { name, s, kind: attribute_kind::STRING, ..Attribute::default() }
}
