//! Models as `inspect` shows them.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use kirchhoff::Arithmetic;
use kirchhoff::compile::{Bounds, compile_shape};
use kirchhoff::drawing::network_svg;
use kirchhoff::explain::Question;
use kirchhoff::network::{Network, NodeId};
use kirchhoff_file::write_file;
use serde::Serialize;

use super::arguments::Inspect;
use crate::failure::Failure;
use crate::listings::{grouped, sizes, table};
use crate::load;
use crate::questions::checked;

/// One layer as `inspect` shows it.
#[derive(Serialize)]
struct LayerView {
    name: String,
    operator: &'static str,
    arguments: Vec<String>,
    shape: Vec<usize>,
    edges: u64,
    parameters: usize,
    /// Layers that are part of it.
    folded: Vec<String>,
    /// By which relevance goes through it; none of inputs.
    rule: Option<String>,
    /// How its sums are computed, where it has weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    arithmetic: Option<&'static str>,
    /// What its result takes for one input, and its parameters.
    bytes: u64,
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
    let question = asked(arguments, network)?;
    let layers = layers(network, &question)?;
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
    if let Some(path) = &arguments.draw {
        draw(path, arguments, network, &view)?;
    }
    if arguments.common.json { crate::print_json(&view) } else { crate::print(&view.table()) }
}

/// The question that an explanation in the semiring would ask.
fn asked(arguments: &Inspect, network: &Arc<Network>) -> Result<Question, Failure> {
    let options = &arguments.asked;
    if options.rules.target != ["top"] || options.rules.start.is_some() {
        return Err(Failure::usage(
            "inspect shows rules, which are the same for every target: it takes no target and no start",
        ));
    }
    let bounds = Bounds {
        low: options.rules.low.clone().unwrap_or_else(|| vec![0.0]).into(),
        high: options.rules.high.clone().unwrap_or_else(|| vec![1.0]).into(),
    };
    let mut questions = checked(&options.rules, &options.semiring, &bounds, |question| question.check(network))?;
    match questions.len() {
        1 => Ok(questions.remove(0)),
        _ => Err(Failure::usage("inspect shows the rules of one semiring: name one with --semiring")),
    }
}

/// Draws the network, with what the table says of each layer.
fn draw(path: &Path, arguments: &Inspect, network: &Network, view: &ModelView) -> Result<(), Failure> {
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg")) {
        return Err(Failure::usage(format!("cannot draw to {}: its name must end in .svg", path.display())));
    }
    let lines = |id: NodeId| {
        let node = network.node(id);
        let layer = view.layers.iter().find(|layer| layer.name == node.name);
        let said = layer.map_or(Vec::new(), |layer| {
            let rule = layer.rule.as_ref().map(|rule| format!(" · {rule}")).unwrap_or_default();
            let folded = (!layer.folded.is_empty()).then(|| format!("with {}", layer.folded.join(", ")));
            let edges = if layer.edges > 0 { format!(", {} edges", grouped(layer.edges)) } else { String::new() };
            let first = format!("{}{rule}", layer.operator);
            [first].into_iter().chain(folded).chain([format!("{}{edges}", sizes(&layer.shape))]).collect()
        });
        [node.name.clone()].into_iter().chain(said).collect()
    };
    let svg = network_svg(network, lines).map_err(Failure::input)?;
    write_file(arguments.write.output(path), svg.as_bytes()).map_err(|error| Failure::unwritten(path, error))
}

fn layers(network: &Network, question: &Question) -> Result<Vec<LayerView>, Failure> {
    let circuit = compile_shape(network, &question.assignment).map_err(Failure::input)?;
    // Networks may have a hundred thousand layers.
    let rules: HashMap<&str, &str> =
        circuit.layers().iter().map(|layer| (&layer.name[..], &layer.rule_name[..])).collect();
    let rule = |name: &str| rules.get(name).map(|rule| rule.to_string());
    let view = network
        .nodes()
        .map(|(id, node)| {
            let arguments = network.arguments(id);
            let parameters: usize = node.operator.parameters().iter().map(|(_, values)| values.len()).sum();
            let values: usize = node.shape.iter().product();
            LayerView {
                name: node.name.clone(),
                operator: node.operator.name(),
                shape: node.shape.clone(),
                edges: network.edges(id),
                parameters,
                folded: node.folded.clone(),
                rule: rule(&node.name),
                arithmetic: (parameters > 0).then(|| arithmetic(network, id).name()),
                bytes: ((values + parameters) * size_of::<f32>()) as u64,
                arguments: arguments.into_iter().map(|argument| network.node(argument).name.clone()).collect(),
            }
        })
        .collect();
    Ok(view)
}

/// How the sums of a layer are computed: of several wirings, the first that takes fewer multiplications tells.
fn arithmetic(network: &Network, layer: NodeId) -> Arithmetic {
    let links = network.links(layer);
    let ways = links.iter().map(|link| network.arithmetic().over(&link.wiring));
    ways.into_iter().find(|way| *way == Arithmetic::Winograd).unwrap_or(Arithmetic::Direct)
}

impl ModelView {
    fn table(&self) -> String {
        let rows: Vec<[String; 8]> = self
            .layers
            .iter()
            .map(|layer| {
                let count = |number: u64| if number == 0 { String::new() } else { grouped(number) };
                let operator = match layer.arguments.len() {
                    0 | 1 => layer.operator.to_string(),
                    _ => format!("{} of {}", layer.operator, layer.arguments.join(", ")),
                };
                [
                    layer.name.clone(),
                    operator,
                    few(&layer.folded),
                    layer.rule.clone().unwrap_or_default(),
                    sizes(&layer.shape),
                    count(layer.edges),
                    count(layer.parameters as u64),
                    megabytes(layer.bytes),
                ]
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
        let few = self.layers.iter().filter(|layer| layer.arithmetic == Some(Arithmetic::Winograd.name())).count();
        if few > 0 {
            let _ = writeln!(
                text,
                "Sums of {few} {} take four ninths of the multiplications (--arithmetic direct: one an edge).\n",
                if few == 1 { "layer" } else { "layers" }
            );
        }
        for (what, ends) in [("input", &self.inputs), ("output", &self.all_outputs)] {
            for EndView { name, shape, given } in ends {
                let given = if *given { ", given" } else { "" };
                let _ = writeln!(text, "{what} {name}: {}{given}", sizes(shape));
            }
        }
        if !self.inputs.is_empty() {
            text.push('\n');
        }
        let heads = ["layer", "operator", "takes in", "rule", "shape", "edges", "parameters", "MB"];
        // Of most models no layer takes in another.
        let taken = self.layers.iter().any(|layer| !layer.folded.is_empty());
        text += &match taken {
            true => table(&heads, &rows),
            false => {
                let narrow: Vec<[String; 7]> = rows
                    .into_iter()
                    .map(|row| {
                        let [name, operator, _, rule, shape, edges, parameters, bytes] = row;
                        [name, operator, rule, shape, edges, parameters, bytes]
                    })
                    .collect();
                table(&["layer", "operator", "rule", "shape", "edges", "parameters", "MB"], &narrow)
            }
        };
        text
    }
}

/// Names as a column holds them.
fn few(names: &[String]) -> String {
    match names {
        [first, .., last] if names.len() > 2 => format!("{first} … {last}"),
        names => names.join(", "),
    }
}

/// Bytes in millions.
fn megabytes(bytes: u64) -> String {
    match bytes {
        ..10_000_000 => format!("{:.2}", bytes as f64 / 1e6),
        _ => format!("{:.0}", bytes as f64 / 1e6),
    }
}
