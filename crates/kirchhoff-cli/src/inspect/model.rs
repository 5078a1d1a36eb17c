//! Models as `inspect` shows them.

use std::fmt::Write;

use kirchhoff::network::Network;
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

/// A model as `inspect` shows it.
#[derive(Serialize)]
struct ModelView {
    model: String,
    input_shape: Vec<usize>,
    outputs: usize,
    edges: u64,
    parameters: usize,
    classes: Option<Vec<String>>,
    layers: Vec<LayerView>,
}

/// Shows a model in its canonical form.
pub fn inspect(arguments: &Inspect) -> Result<(), Failure> {
    let loaded = load::model(arguments.file.as_deref(), &arguments.model)?;
    let network = &loaded.network;
    let layers = layers(network);
    let view = ModelView {
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
        let _ = write!(text, "{}", table(&["layer", "operator", "shape", "edges", "parameters"], &rows));
        text
    }
}
