//! `kirchhoff run`.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use kirchhoff::explanation::{batch_size, batches, execute};
use kirchhoff_file::{Seal, Tensor, write_tensors};
use serde_json::json;

use crate::failure::Failure;
use crate::load;
use crate::options::{Common, ReadingOptions, WriteOptions};
use crate::progress::{Progress, stop_at_interrupt};

/// `kirchhoff run`.
#[derive(Args, Debug)]
pub struct Run {
    /// The model (.onnx or .safetensors), then inputs: images, .npy, .safetensors or IDX files. Without a model, the embedded
    /// digit network; without inputs, its ten digits
    #[arg(value_name = "MODEL | INPUT")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingOptions,
    /// One of the inputs, from 0 [default: all]
    #[arg(long, value_name = "N")]
    pub input: Option<usize>,
    /// Write all outputs to this safetensors file, under the name of the output's layer
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

/// Runs a network and prints what it computes: the logits, before a final softmax or sigmoid.
pub fn run(arguments: &Run) -> Result<(), Failure> {
    let (loaded, preprocessing, files) = load::model_of(&arguments.files, &arguments.reading)?;
    let inputs = load::only(load::inputs(files, &loaded, &preprocessing)?, arguments.input)?;
    let out = match &arguments.out {
        Some(path) => Some(load::output(path, "outputs", &arguments.write)?),
        None => None,
    };
    stop_at_interrupt();
    let network = &loaded.network;
    let output = network.node(network.output());
    let size: usize = output.shape.iter().product();
    let edges: u64 = network.nodes().map(|(id, _)| network.edges(id)).sum();
    let progress = Progress::new(edges.saturating_mul(inputs.count as u64), arguments.common.quiet);
    let batch = batch_size(network, inputs.count, None)?;
    let mut outputs = Vec::with_capacity(inputs.count * size);
    for batch in batches(inputs.count, batch) {
        outputs.extend_from_slice(execute(network, &inputs, batch, &progress)?.outputs());
    }
    drop(progress);
    if let Some(out) = out {
        let shape: Vec<usize> = std::iter::once(inputs.count).chain(output.shape.iter().copied()).collect();
        let tensors = vec![Tensor::new(output.name.clone(), &shape, &outputs)];
        let notes = [("kirchhoff-outputs", env!("CARGO_PKG_VERSION"))];
        write_tensors(out, tensors, &notes, Seal::None)?;
    }
    let class = |place: usize| match loaded.classes.as_ref().and_then(|classes| classes.get(place)) {
        Some(class) => format!("{place} ({class})"),
        None => place.to_string(),
    };
    let results = inputs.names.iter().zip(outputs.chunks_exact(size));
    if arguments.common.json {
        let result = |(name, values): (&String, &[f32])| json!({ "input": name, "values": values });
        return crate::print_json(&json!({
            "model": loaded.name, "output": output.name, "shape": output.shape,
            "inputs": results.map(result).collect::<Vec<_>>(),
        }));
    }
    let mut text = format!("output '{}' of shape {:?}\n", output.name, output.shape);
    for (name, values) in results {
        let mut best: Vec<usize> = (0..size).collect();
        best.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
        let shown: Vec<String> =
            best.iter().take(arguments.best).map(|&place| format!("{} {:.4}", class(place), values[place])).collect();
        let _ = writeln!(text, "{name}: {}", shown.join(", "));
    }
    crate::print(&text)
}
