//! Options that all studies share.

use std::path::PathBuf;

use clap::Args;

use crate::input_options::InputOptions;
use crate::options::{Common, ModelOutput, ReadingOptions, RuleOptions, WriteOptions};

/// Options of every study: a model, a data set, questions, and where the results go.
#[derive(Args, Debug)]
pub struct StudyOptions {
    /// The model (.onnx or .safetensors), then the data set: a folder in MNIST's format, a folder of images with a folder
    /// a class, or an IDX, .npy or .safetensors file. Without a model, the embedded digit network; without data, its ten
    /// digits
    #[arg(value_name = "MODEL | DATA")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingOptions,
    #[command(flatten)]
    pub of: ModelOutput,
    #[command(flatten)]
    pub data: DataOptions,
    #[command(flatten)]
    pub rules: RuleOptions,
    /// Seed of everything that is drawn at random
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Folder for the results; made if it is not there. A run that was stopped goes on from what it stored there
    #[arg(long, short, value_name = "DIR")]
    pub out: PathBuf,
    /// Memory that one input may take, by an estimate, and that masks may
    #[arg(long, value_name = "SIZE", value_parser = crate::memory::size, default_value = "4GiB")]
    pub memory: u64,
    /// Discard what a run that was stopped has stored in the folder
    #[arg(long)]
    pub restart: bool,
    #[command(flatten)]
    pub write: WriteOptions,
    #[command(flatten)]
    pub common: Common,
}

/// How a data set is read.
#[derive(Args, Clone, Debug, Default)]
pub struct DataOptions {
    #[command(flatten)]
    pub input: InputOptions,
    /// Pass over inputs that cannot be read or whose label is out of range; they are counted and listed
    #[arg(long)]
    pub skip_bad: bool,
    /// Take images of different sizes, each cut and scaled to the network's
    #[arg(long)]
    pub resize: bool,
}

/// A name, and the file that it stands for.
pub fn named_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.trim().is_empty() && !file.is_empty() => Ok((name.trim().to_string(), file.into())),
        _ => Err("write a name and a file, such as captum=scores.npy".to_string()),
    }
}
