//! `kirchhoff run`.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use kirchhoff::data::Inputs;
use kirchhoff::explain::top;
use kirchhoff::explanation::{batch_size, batches, execute};
use kirchhoff::network::NodeId;
use kirchhoff_file::{Seal, Tensor, write_tensors};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::input_options::InputOptions;
use crate::load;
use crate::options::{Common, ModelOutput, ReadingOptions, WriteOptions};
use crate::progress::{Progress, stop_at_interrupt};

/// `kirchhoff run`.
#[derive(Args, Debug)]
pub struct Run {
    /// The model (.onnx or .safetensors), then inputs: images, .npy, .safetensors or IDX files, for a model of several inputs
    /// NAME=FILE for each. Without a model, the embedded digit network; without inputs, its ten digits
    #[arg(value_name = "MODEL | [NAME=]INPUT")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingOptions,
    #[command(flatten)]
    pub of: ModelOutput,
    #[command(flatten)]
    pub input: InputOptions,
    /// Write all outputs to this safetensors file, under the name of the output's layer; of several, under their names in the
    /// model
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How many of the largest values to print for each input
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub best: usize,
    #[command(flatten)]
    pub write: WriteOptions,
    #[command(flatten)]
    pub common: Common,
}

/// What a network computes at one of its outputs, for all inputs.
struct Computed<'a> {
    name: &'a str,
    shape: &'a [usize],
    values: Vec<f32>,
}

impl Computed<'_> {
    fn of(&self, input: usize) -> &[f32] {
        let size: usize = self.shape.iter().product();
        &self.values[input * size..(input + 1) * size]
    }
}

/// Runs a network and prints what it computes: the logits, before a final softmax or sigmoid.
pub fn run(arguments: &Run) -> Result<(), Failure> {
    let output = arguments.of.output.as_deref();
    let files = arguments.input.choice.with_files(&arguments.files);
    let (loaded, preprocessing, files) = load::model_of(&files, &arguments.reading, output)?;
    let chosen = crate::inputs::inputs(files, &loaded, &preprocessing, &arguments.input, false)?;
    let (inputs, labels) = (&chosen.inputs, chosen.labels.as_deref());
    if !arguments.common.quiet {
        chosen.remark();
    }
    let out = match &arguments.out {
        Some(path) => Some(load::output(path, "outputs", &arguments.write)?),
        None => None,
    };
    stop_at_interrupt();
    let network = &loaded.network;
    let edges: u64 = network.nodes().map(|(id, _)| network.edges(id)).sum();
    let progress = Progress::new(edges.saturating_mul(inputs.count as u64), arguments.common.quiet);
    let batch = batch_size(network, inputs.count, None)?;
    let computed = |&output: &NodeId| Computed {
        // The layer's name, where there is one output: files name it so.
        name: if network.outputs().len() == 1 { &network.node(output).name } else { network.known_as(output) },
        shape: &network.node(output).shape,
        values: Vec::with_capacity(inputs.count * network.size(output)),
    };
    let mut outputs: Vec<Computed> = network.outputs().iter().map(computed).collect();
    for batch in batches(inputs.count, batch) {
        let execution = execute(network, inputs, batch, &progress)?;
        for (computed, &output) in outputs.iter_mut().zip(network.outputs()) {
            computed.values.extend_from_slice(execution.activations(output));
        }
    }
    drop(progress);
    if let Some(out) = out {
        let tensor = |output: &'_ Computed<'_>| {
            let shape: Vec<usize> = std::iter::once(inputs.count).chain(output.shape.iter().copied()).collect();
            (output.name.to_string(), shape)
        };
        let described: Vec<_> = outputs.iter().map(tensor).collect();
        let tensors = described.into_iter().zip(&outputs);
        let tensors = tensors.map(|((name, shape), output)| Tensor::new(name, &shape, &output.values)).collect();
        let notes = [("kirchhoff-outputs", env!("CARGO_PKG_VERSION"))];
        write_tensors(out, tensors, &notes, Seal::None)?;
    }
    if arguments.common.json {
        return crate::print_json(&json(&loaded.name, inputs, &outputs));
    }
    let mut text = String::new();
    for output in &outputs {
        let _ = writeln!(text, "output '{}' of shape {:?}", output.name, output.shape);
        for (number, name) in inputs.names.iter().enumerate() {
            let shown = best(output, number, arguments.best, loaded.classes.as_deref());
            let label = labels.map_or(String::new(), |labels| format!(", label {}", labels[number]));
            let _ = writeln!(text, "{name}: {shown}{label}");
        }
        let is_right = |(number, label): (usize, &usize)| top(output.of(number)) == *label;
        if let Some(labels) = labels.filter(|_| output.shape.len() == 1) {
            let right = labels.iter().enumerate().filter(|&pair| is_right(pair)).count();
            let share = 100.0 * right as f64 / labels.len() as f64;
            let _ = writeln!(text, "the largest is the label in {right} of {} inputs: {share:.1} %", labels.len());
        }
    }
    crate::print(&text)
}

/// The outputs as JSON: the only one with its values beside the inputs' names, or each of several under its name.
fn json(model: &str, inputs: &Inputs, outputs: &[Computed<'_>]) -> Value {
    let listed = |output: &Computed<'_>| -> Vec<Value> {
        let names = inputs.names.iter().enumerate();
        names.map(|(number, name)| json!({ "input": name, "values": output.of(number) })).collect()
    };
    match outputs {
        [output] => {
            json!({ "model": model, "output": output.name, "shape": output.shape, "inputs": listed(output) })
        }
        outputs => {
            let each = |output: &Computed<'_>| json!({ "output": output.name, "shape": output.shape, "inputs": listed(output) });
            json!({ "model": model, "outputs": outputs.iter().map(each).collect::<Vec<_>>() })
        }
    }
}

/// The largest values of an output on an input, in words.
fn best(output: &Computed<'_>, input: usize, count: usize, classes: Option<&[String]>) -> String {
    let values = output.of(input);
    let place = |place: usize| match classes.and_then(|classes| classes.get(place)) {
        Some(class) => format!("{place} ({class})"),
        None if output.shape.len() > 1 => format!("{:?}", indices(place, output.shape)),
        None => place.to_string(),
    };
    let mut best: Vec<usize> = (0..values.len()).collect();
    best.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    let shown: Vec<String> = best.iter().take(count).map(|&at| format!("{} {:.4}", place(at), values[at])).collect();
    shown.join(", ")
}

/// The index along each axis of a value, by its number.
fn indices(mut number: usize, shape: &[usize]) -> Vec<usize> {
    let mut indices = vec![0; shape.len()];
    for (index, &length) in indices.iter_mut().zip(shape).rev() {
        (*index, number) = (number % length, number / length);
    }
    indices
}
