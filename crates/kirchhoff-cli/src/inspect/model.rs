//! Models as `inspect` shows them.

use std::fmt::Write;

use kirchhoff::network::{Network, NodeId};
use serde::Serialize;

use super::arguments::Inspect;
use crate::failure::Failure;
use crate::listings::{grouped, sizes, table};
use crate::load;

/// One layer as `inspect` shows it.
#[derive(Serialize)]
struct LayerView {
    name: String,
    operator: &'static str,
    arguments: Vec<String>,
    shape: Vec<usize>,
    edges: u64,
    parameters: usize,
}

/// An input or output of a model with several.
#[derive(Serialize)]
struct EndView {
    name: String,
    shape: Vec<usize>,
    /// Of inputs: whether they are given, as tokens, masks and lengths are.
    given: bool,
}

/// A model as `inspect` shows it.
#[derive(Serialize)]
struct ModelView {
    model: String,
    input_shape: Vec<usize>,
    /// All inputs and outputs, where there are several of either.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inputs: Vec<EndView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    all_outputs: Vec<EndView>,
    outputs: usize,
    edges: u64,
    parameters: usize,
    classes: Option<Vec<String>>,
    layers: Vec<LayerView>,
}

/// Shows a model in its canonical form.
pub fn inspect(arguments: &Inspect) -> Result<(), Failure> {
    let loaded = load::model(arguments.file.as_deref(), &arguments.model, arguments.of.output.as_deref())?;
    let network = &loaded.network;
    let layers = layers(network);
    let several = network.inputs().len() > 1 || network.outputs().len() > 1;
    let end = |&id: &NodeId| EndView {
        name: network.known_as(id).to_string(),
        shape: network.node(id).shape.clone(),
        given: network.is_given(id),
    };
    let ends = |ids: &[NodeId]| if several { ids.iter().map(end).collect() } else { Vec::new() };
    let view = ModelView {
        inputs: ends(network.inputs()),
        all_outputs: ends(network.outputs()),
        model: loaded.name,
        input_shape: network.node(network.input()).shape.clone(),
        outputs: network.node(network.output()).shape.iter().product(),
        edges: layers.iter().map(|layer| layer.edges).sum(),
        parameters: network.parameters(),
        classes: loaded.classes,
        layers,
    };
    if arguments.common.json { crate::print_json(&view) } else { crate::print(&view.table()) }
}

fn layers(network: &Network) -> Vec<LayerView> {
    network
        .nodes()
        .map(|(id, node)| {
            let arguments = network.arguments(id);
            LayerView {
                name: node.name.clone(),
                operator: node.operator.name(),
                shape: node.shape.clone(),
                edges: network.edges(id),
                parameters: node.operator.parameters().iter().map(|(_, values)| values.len()).sum(),
                arguments: arguments.into_iter().map(|argument| network.node(argument).name.clone()).collect(),
            }
        })
        .collect()
}

impl ModelView {
    fn table(&self) -> String {
        let rows: Vec<[String; 5]> = self
            .layers
            .iter()
            .map(|layer| {
                let count = |number: u64| if number == 0 { String::new() } else { grouped(number) };
                let operator = match layer.arguments.len() {
                    0 | 1 => layer.operator.to_string(),
                    _ => format!("{} of {}", layer.operator, layer.arguments.join(", ")),
                };
                [layer.name.clone(), operator, sizes(&layer.shape), count(layer.edges), count(layer.parameters as u64)]
            })
            .collect();
        let mut text = format!(
            "{}: input {}, {} outputs, {} edges, {} parameters\n\n",
            self.model,
            sizes(&self.input_shape),
            self.outputs,
            grouped(self.edges),
            grouped(self.parameters as u64)
        );
        for (what, ends) in [("input", &self.inputs), ("output", &self.all_outputs)] {
            for EndView { name, shape, given } in ends {
                let given = if *given { ", given" } else { "" };
                let _ = writeln!(text, "{what} {name}: {}{given}", sizes(shape));
            }
        }
        if !self.inputs.is_empty() {
            text.push('\n');
        }
        let _ = write!(text, "{}", table(&["layer", "operator", "shape", "edges", "parameters"], &rows));
        text
    }
}
