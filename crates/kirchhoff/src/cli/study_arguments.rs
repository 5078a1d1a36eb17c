//! The command line of studies.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use kirchhoff::network::data::Split;

use super::arguments::{Common, ModelOptions, PreprocessingOptions, RuleOptions};

/// `kirchhoff study`.
#[derive(Debug, Subcommand)]
pub enum Study {
    /// Masks: what is relevant in all inputs of a class, joined by ⊕, ∧, ∨ and mean.
    Mask(Box<Mask>),
    /// Perturbation: how soon the answer changes as what is relevant goes.
    Perturb(Box<super::perturb::Perturb>),
    /// Thresholds: what is relevant at each θ, and which θ to choose.
    Thresholds(Box<super::thresholds::Thresholds>),
    /// Pruning: accuracy and loss without the neurons that matter least, by relevance and other measures.
    Prune(Box<Prune>),
}

/// Options of every study: a model, a data set, questions, and where the results go.
#[derive(Args, Debug)]
pub struct StudyOptions {
    /// The model (.onnx or .safetensors), then the data set: a folder in MNIST's format, a folder of images with a folder
    /// a class, or an IDX, .npy or .safetensors file. Without a model, the embedded digit network; without data, its ten
    /// digits
    #[arg(value_name = "MODEL | DATA")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub model: ModelOptions,
    #[command(flatten)]
    pub preprocessing: PreprocessingOptions,
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
    /// Discard what a run that was stopped has stored in the folder
    #[arg(long)]
    pub restart: bool,
    #[command(flatten)]
    pub common: Common,
}

/// How a data set is read.
#[derive(Args, Clone, Debug, Default)]
pub struct DataOptions {
    /// Labels of the data set: an IDX, .npy, .safetensors or .txt file [default: by MNIST's names, from the folders' names,
    /// or the tensor `labels`]
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Part of a folder in MNIST's format
    #[arg(long, value_enum, default_value_t)]
    pub split: SplitOption,
    /// Take the first N inputs only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Pass over inputs that cannot be read or whose label is out of range; they are counted and listed
    #[arg(long)]
    pub skip_bad: bool,
    /// Take images of different sizes, each cut and scaled to the network's
    #[arg(long)]
    pub resize: bool,
}

/// A part of a folder in MNIST's format.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum SplitOption {
    /// Files whose names begin with t10k or test
    #[default]
    Test,
    /// Files whose names begin with train
    Train,
}

impl From<SplitOption> for Split {
    fn from(option: SplitOption) -> Self {
        match option {
            SplitOption::Test => Split::Test,
            SplitOption::Train => Split::Train,
        }
    }
}

/// `kirchhoff study mask`.
#[derive(Args, Debug)]
pub struct Mask {
    #[command(flatten)]
    pub study: StudyOptions,
    /// Semirings, separated by commas; `kirchhoff semirings` lists them
    #[arg(long, short, value_name = "NAMES", default_value = "boolean,real,counting-float,viterbi")]
    pub semiring: String,
    /// Layers to make masks of: `input`, `all`, or names and patterns separated by commas; the input is always among them
    #[arg(long, value_name = "LAYERS", default_value = "input")]
    pub layers: String,
    /// Classes to make masks of, by number [default: all]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    pub classes: Option<Vec<usize>>,
    /// Take those inputs only on which the network's answer is their label
    #[arg(long)]
    pub correct: bool,
    /// Quantiles to give beside, between 0 and 1; they take a second pass
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    pub quantile: Vec<f64>,
    /// Memory that the masks may take, such as 300MiB
    #[arg(long, value_name = "SIZE", value_parser = super::memory::size, default_value = "2GiB")]
    pub memory: u64,
}

/// `kirchhoff study prune`.
#[derive(Args, Debug)]
pub struct Prune {
    #[command(flatten)]
    pub study: StudyOptions,
    /// Layer to remove neurons or filters from [default: the first one that can be pruned]
    #[arg(long, value_name = "LAYER")]
    pub layer: Option<String>,
    /// How neurons are ranked, separated by commas: semirings (by mean |R|), l1, l2, activation, random
    #[arg(long, value_name = "NAMES", default_value = "real,viterbi,boolean,counting-float,l1,l2,activation,random")]
    pub method: String,
    /// Number of seeds, from --seed on: each ranks by training inputs of its own and draws a random order of its own
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub seeds: u64,
    /// Training inputs that each seed ranks by
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    pub inputs: u64,
    /// Neurons to remove at a step [default: a 75th of them: 4 of 300]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub step: Option<u64>,
    /// Data set to rank by [default: the training part of a folder in MNIST's format, else the data set itself]
    #[arg(long, value_name = "DATA")]
    pub train: Option<PathBuf>,
    /// Labels of the data set to rank by
    #[arg(long, value_name = "FILE", requires = "train")]
    pub train_labels: Option<PathBuf>,
    /// Write the network without that share of the neurons, chosen by that method's first seed, as ONNX and safetensors;
    /// may be repeated
    #[arg(long, value_name = "METHOD=SHARE", value_parser = written)]
    pub write: Vec<(String, f64)>,
}

fn written(text: &str) -> Result<(String, f64), String> {
    let part = text.split_once('=').and_then(|(method, share)| Some((method.trim().to_string(), share.parse().ok()?)));
    part.filter(|(_, share)| (0.0..1.0).contains(share))
        .ok_or_else(|| "write a method and a share from 0 to below 1, such as real=0.5".to_string())
}
