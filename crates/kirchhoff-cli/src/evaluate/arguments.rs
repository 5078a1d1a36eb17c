//! The arguments of `kirchhoff evaluate`.

use std::path::PathBuf;

use clap::Args;

use crate::options::{Common, ReadingOptions, StartOption, WriteOptions};

/// `kirchhoff evaluate`.
#[derive(Args, Debug)]
pub struct Evaluate {
    /// Circuit files; several are stacked and need the same outputs
    #[arg(value_name = "CIRCUIT", required = true)]
    pub circuits: Vec<PathBuf>,
    /// Semirings, separated by commas: names, files of definitions (.toml) or `define(...)`; `kirchhoff semirings` lists those
    /// there are
    #[arg(long, short, value_name = "NAMES", default_value = "boolean")]
    pub semiring: String,
    /// Annotation Θ for every layer, or for layers by name or pattern: `threshold(0.01)`, `boolean:4=0.05`
    #[arg(long, value_name = "[SEMIRING:][LAYER=]THETA", allow_hyphen_values = true)]
    pub theta: Vec<String>,
    /// What targets start with [default: the logit for real, 1 for the others]
    #[arg(long, value_enum)]
    pub start: Option<StartOption>,
    /// Take semirings that are defined by files or `define(...)` without a check of their laws
    #[arg(long)]
    pub unchecked: bool,
    /// Output to explain, of a layered circuit or of --inputs, as for `explain` [default: the one that a layered circuit
    /// was compiled for, top for inputs]
    #[arg(long, value_name = "TARGET", allow_negative_numbers = true)]
    pub target: Vec<String>,
    /// Layers to keep the relevance of, of a layered circuit [default: input]
    #[arg(long, value_name = "LAYERS")]
    pub layers: Option<String>,
    /// Other contributions for the circuit's leaves: an .npy or .safetensors array of shape [batch, contributions]
    #[arg(long, value_name = "FILE")]
    pub contributions: Option<PathBuf>,
    /// Values of the circuit's variables, as numbers that stand for elements of the semiring: `h1[3]=0.3`, `w2[17->4]=0.3`,
    /// `h1=0.3` for the neurons of a layer, a number for all, or a file of these (.json, .csv, .txt, or .safetensors with a
    /// tensor a layer); separated by commas, or repeated [default: 1]
    #[arg(long, value_name = "NAME=NUMBER | FILE", allow_hyphen_values = true)]
    pub variables: Vec<String>,
    /// Run the network on these inputs (images, .npy, .safetensors or IDX files; none: the embedded digits) and evaluate
    /// the circuit on the contributions of each: for a circuit compiled with `--leaves edges`
    #[arg(long, value_name = "INPUT", num_args = 0.., conflicts_with = "contributions")]
    pub inputs: Option<Vec<PathBuf>>,
    /// The model that --inputs are for, which must be the one that the circuit was compiled from [default: the path noted
    /// in the circuit]
    #[arg(long, value_name = "MODEL", requires = "inputs")]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingOptions,
    /// Memory for contributions and the values of gates, such as 1GiB, and as much again for activations: so many of the
    /// --inputs are evaluated together as fit
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = crate::memory::size, requires = "inputs")]
    pub memory: u64,
    /// Read all of each file first and compare it with its checksum
    #[arg(long)]
    pub verify: bool,
    /// Folder for relevance.safetensors and pictures; made if it is not there
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Pictures for at most so many circuits
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub pictures: usize,
    #[command(flatten)]
    pub write: WriteOptions,
    #[command(flatten)]
    pub common: Common,
}
