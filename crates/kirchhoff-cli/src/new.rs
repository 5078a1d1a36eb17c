//! `kirchhoff new`.

use std::path::PathBuf;

use clap::Args;
use kirchhoff::network::random::named;
use kirchhoff_kernel::Monitor;
use serde_json::json;

use crate::failure::Failure;
use crate::listings::grouped;
use crate::load;
use crate::options::{Common, WriteOptions};
use crate::progress::{Interrupt, stop_at_interrupt};

/// `kirchhoff new`.
#[derive(Args, Debug)]
pub struct New {
    /// vgg11, vgg13, vgg16, vgg19 (each also with _bn), alexnet, or a perceptron by its sizes: mlp-784-300-100-10
    pub architecture: String,
    /// Seed of the random weights
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Number of classes of an image network [default: 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub classes: Option<u32>,
    /// File to write, a .safetensors [default: ARCHITECTURE.safetensors]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub write: WriteOptions,
    #[command(flatten)]
    pub common: Common,
}

/// Classes of an image network: ImageNet's.
const CLASSES: usize = 1000;

/// Files of more bytes are written by force only: a zero too many in a size fills a disk.
const LARGEST: u64 = 64 << 30;

/// Writes a model with random weights.
pub fn run(arguments: &New) -> Result<(), Failure> {
    if let (true, Some(classes)) = (arguments.architecture.starts_with("mlp-"), arguments.classes) {
        return Err(Failure::usage(format!(
            "`{}` says itself how many outputs it has: leave out --classes {classes}, or change its last size",
            arguments.architecture
        )));
    }
    let classes = arguments.classes.map_or(CLASSES, |classes| classes as usize);
    let model = named(&arguments.architecture, classes, arguments.seed).map_err(Failure::input)?;
    let path =
        arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.safetensors", arguments.architecture)));
    let output = load::output(&path, "models", &arguments.write)?;
    let bytes = model.parameters() as u64 * size_of::<f32>() as u64;
    if bytes > LARGEST && !arguments.write.force {
        return Err(Failure::usage(format!(
            "`{}` has {} parameters, a file of {} GB: write it by --force if that is meant",
            arguments.architecture,
            grouped(model.parameters() as u64),
            bytes / 1_000_000_000
        )));
    }
    stop_at_interrupt();
    match model.write(output, &Interrupt) {
        Err(_) if Interrupt.cancelled() => return Err(Failure::Cancelled),
        written => written?,
    }
    if arguments.common.json {
        crate::print_json(&json!({
            "file": path, "architecture": arguments.architecture, "seed": arguments.seed,
            "parameters": model.parameters(),
        }))?;
    } else if !arguments.common.quiet {
        crate::say(format_args!("wrote {} ({} parameters)", path.display(), model.parameters()));
    }
    Ok(())
}
