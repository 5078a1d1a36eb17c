//! `kirchhoff inspect`.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use kirchhoff::circuit::{CircuitFile, CircuitKind};
use kirchhoff::network::Network;
use serde::Serialize;

use crate::circuit_view::CircuitView;
use crate::failure::Failure;
use crate::options::{Common, ModelOptions};
use crate::{listings, load};

/// `kirchhoff inspect`.
#[derive(Args, Debug)]
pub struct Inspect {
    /// The model (.onnx or .safetensors), or a circuit file. Left out: the embedded digit network
    pub file: Option<PathBuf>,
    /// Read all of a circuit file and compare it with its checksum
    #[arg(long)]
    pub verify: bool,
    #[command(flatten)]
    pub model: ModelOptions,
    #[command(flatten)]
    pub common: Common,
}

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

/// Shows a circuit, or a model in its canonical form, the one that explanations run on.
pub fn run(arguments: &Inspect) -> Result<(), Failure> {
    if let Some(path) = arguments.file.as_deref().filter(|path| CircuitFile::is_marked(path)) {
        if CircuitFile::kind_of(path) == Some(CircuitKind::Layered) {
            return crate::layered::inspect(&load::circuit(path, arguments.verify)?, arguments);
        }
        let view = CircuitView::new(&load::circuit(path, arguments.verify)?, arguments.verify)?;
        return if arguments.common.json { crate::print_json(&view) } else { crate::print(&view.table()) };
    }
    if arguments.verify {
        return Err(Failure::usage("--verify is for circuit files, which hold a checksum; this is none"));
    }
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
                let count = |number: u64| if number == 0 { String::new() } else { listings::grouped(number) };
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
            listings::grouped(self.edges),
            listings::grouped(self.parameters as u64)
        );
        let _ = write!(text, "{}", listings::table(&["layer", "operator", "shape", "edges", "parameters"], &rows));
        text
    }
}

/// A shape in words.
pub fn sizes(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}
