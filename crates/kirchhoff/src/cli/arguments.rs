//! The command line.

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use kirchhoff::compile::MaximumPooling;

/// Explain neural networks under any semiring.
///
/// Kirchhoff runs a network, compiles the execution into a provenance circuit whose leaves are layer-wise relevance
/// (LRP) contributions, and evaluates the circuit over semirings: which inputs the answer rests on, along how many
/// paths, along which best one, and up to which threshold.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 110)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

impl Arguments {
    /// The arguments of the process, or its end with a message about them.
    pub fn read() -> Self {
        // A circuit has the rules of one semiring.
        let compile = |verb: clap::Command| verb.mut_arg("semiring", |semiring| semiring.default_value("real"));
        // Studies know the labels of their inputs.
        let label = |verb: clap::Command| verb.mut_arg("target", |target| target.default_value("label"));
        let studies = |verb: clap::Command| verb.mut_subcommands(label);
        let command = Arguments::command().mut_subcommand("compile", compile).mut_subcommand("study", studies);
        let matches = command.get_matches();
        Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// What the tool can do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Explain a model on inputs: relevance, pictures, ledger.
    Explain(Box<Explain>),
    /// Measure how long the forward pass and explanations take.
    Bench(Box<Bench>),
    /// Write the circuit of an execution to a file, gate by gate or in layers.
    Compile(Box<Compile>),
    /// Evaluate stored circuits over semirings.
    Evaluate(Evaluate),
    /// Show a model or a circuit: its layers, shapes and sizes.
    Inspect(Inspect),
    /// Make a circuit smaller, for a class of semirings.
    Simplify(Simplify),
    /// Write the formula of a circuit: text, LaTeX, S-expressions, JSON, CNF, NNF.
    Formula(Box<Formula>),
    /// Draw a circuit, as SVG or in GraphViz's language.
    Draw(Box<Draw>),
    /// Ask what only a circuit can tell: witnesses, strongest paths, what is left without some neurons.
    Ask(super::ask::Ask),
    /// Study a network over a whole data set.
    #[command(subcommand)]
    Study(super::study_arguments::Study),
    /// List the semirings.
    Semirings(Listing),
    /// List the rules, composites and annotations.
    Rules(Listing),
    /// Check that a semiring obeys its laws.
    Laws(Laws),
    /// Write a model with random weights.
    New(New),
}

/// Options that say how a model file is to be read.
#[derive(Args, Clone, Debug, Default)]
pub struct ModelOptions {
    /// Architecture of a safetensors model, where its tensor names do not tell
    #[arg(long, value_name = "FILE.toml")]
    pub architecture: Option<PathBuf>,
    /// Shape of one input, such as 3,224,224, where the model leaves it open
    #[arg(long, value_name = "SIZES", value_delimiter = ',')]
    pub input_shape: Option<Vec<usize>>,
}

/// Options of every verb that computes or prints.
#[derive(Args, Debug, Default)]
pub struct Common {
    /// Print JSON to stdout
    #[arg(long)]
    pub json: bool,
    /// No progress, no messages
    #[arg(long, short)]
    pub quiet: bool,
    /// Number of threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// What is asked: a model, inputs, and the questions about them.
#[derive(Args, Clone, Debug)]
pub struct QuestionOptions {
    /// The model (.onnx or .safetensors), then inputs: images, .npy, .safetensors or IDX files. Without a model, the
    /// embedded digit network; without inputs, its ten digits
    #[arg(value_name = "MODEL | INPUT")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub model: ModelOptions,
    #[command(flatten)]
    pub preprocessing: PreprocessingOptions,
    /// Semirings, separated by commas; `kirchhoff semirings` lists them
    #[arg(long, short, value_name = "NAMES", default_value = "real,boolean,counting,viterbi,bottleneck")]
    pub semiring: String,
    #[command(flatten)]
    pub rules: RuleOptions,
    /// Layers to keep the relevance of: `input`, `all`, or names and patterns separated by commas
    #[arg(long, value_name = "LAYERS", default_value = "input")]
    pub layers: String,
    /// Have ledgers say how many edges of each layer Θ keeps, which costs a visit to every edge
    #[arg(long)]
    pub count_kept: bool,
    /// Memory for activations and relevance, such as 300MiB: so many inputs are run together as fit, by an estimate;
    /// weights that lie in a file come on top while they are read [default: 128MiB of activations, one input at least]
    #[arg(long, value_name = "SIZE", value_parser = super::memory::size)]
    pub memory: Option<u64>,
}

/// From which outputs on, by which rules and annotations.
#[derive(Args, Clone, Debug, Default)]
pub struct RuleOptions {
    /// Output to explain: `top`, `3`, `3,8` (both), `3-8` (for 3 and against 8). Repeat to give one an input
    #[arg(long, value_name = "TARGET", default_value = "top", allow_negative_numbers = true)]
    pub target: Vec<String>,
    /// Composite: a rule for each kind of layer. With `SEMIRING:` before it, for that semiring only
    #[arg(long, value_name = "[SEMIRING:]NAME")]
    pub composite: Vec<String>,
    /// Rule for every layer, or for layers by name or pattern: `zero`, `features.0=z-box`, `boolean:0=gamma(0.25)`
    #[arg(long, value_name = "[SEMIRING:][LAYER=]RULE", allow_hyphen_values = true)]
    pub rule: Vec<String>,
    /// Annotation Θ for every layer, or for layers by name or pattern: `threshold(0.01)`, `boolean:4=0.05`. `auto(0.2)`
    /// chooses for each input thresholds that keep a fifth of each layer's neurons, `paper-vgg` is those of a paper
    #[arg(long, value_name = "[SEMIRING:][LAYER=]THETA", allow_hyphen_values = true)]
    pub theta: Vec<String>,
    /// What targets start with [default: the logit for real, 1 for the others]
    #[arg(long, value_enum)]
    pub start: Option<StartOption>,
    /// How relevance goes through maximum pooling [default: winner; average under composite paper-vgg]
    #[arg(long, value_enum)]
    pub max_pool: Option<MaximumPoolOption>,
    /// Lower bounds of the input for z-box: one, or one a channel [default: what the preprocessing makes of 0]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', allow_hyphen_values = true)]
    pub low: Option<Vec<f32>>,
    /// Upper bounds of the input for z-box: one, or one a channel [default: what the preprocessing makes of 1]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', allow_hyphen_values = true)]
    pub high: Option<Vec<f32>>,
}

/// `kirchhoff explain`.
#[derive(Args, Debug)]
pub struct Explain {
    #[command(flatten)]
    pub question: QuestionOptions,
    /// How pictures join colour channels [default: by the semiring's ⊕]
    #[arg(long, value_enum)]
    pub channels: Option<ChannelsOption>,
    /// Folder for relevance.safetensors, explanation.json and pictures; made if it is not there
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Pictures and terminal previews for at most so many inputs
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub pictures: usize,
    #[command(flatten)]
    pub common: Common,
}

/// `kirchhoff compile`.
#[derive(Args, Debug)]
pub struct Compile {
    #[command(flatten)]
    pub question: QuestionOptions,
    /// Which input, from 0, where there are several
    #[arg(long, value_name = "N")]
    pub input: Option<usize>,
    /// Leave out edges that Θ sends to 0 in the semiring, and gates that then reach no target: the circuit holds for
    /// this Θ alone
    #[arg(long)]
    pub prune: bool,
    /// Variables on every edge, or on every neuron of the layers named: beside contributions, or in place of them where
    /// --semiring names a symbolic one, such as `why` [default: edges for symbolic semirings, none for others]
    #[arg(long, value_name = "edges | neurons=LAYERS")]
    pub symbolic: Option<SymbolicOption>,
    /// Refuse circuits of more gates
    #[arg(long, value_name = "N", default_value_t = kirchhoff::circuit::DEFAULT_MAX_GATES)]
    pub max_gates: u64,
    /// Write the executed layers instead of gates: for networks of any size, and several inputs. Weights stay in the
    /// model's file, where they can
    #[arg(long, conflicts_with_all = ["prune", "symbolic", "max_gates"])]
    pub layered: bool,
    /// Write the weights to the circuit's file too
    #[arg(long, requires = "layered")]
    pub self_contained: bool,
    /// File to write, a .safetensors
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub common: Common,
}

/// `kirchhoff evaluate`.
#[derive(Args, Debug)]
pub struct Evaluate {
    /// Circuit files; several are stacked and need the same outputs
    #[arg(value_name = "CIRCUIT", required = true)]
    pub circuits: Vec<PathBuf>,
    /// Semirings, separated by commas; `kirchhoff semirings` lists them
    #[arg(long, short, value_name = "NAMES", default_value = "boolean")]
    pub semiring: String,
    /// Annotation Θ for every layer, or for layers by name or pattern: `threshold(0.01)`, `boolean:4=0.05`
    #[arg(long, value_name = "[SEMIRING:][LAYER=]THETA", allow_hyphen_values = true)]
    pub theta: Vec<String>,
    /// What targets start with [default: the logit for real, 1 for the others]
    #[arg(long, value_enum)]
    pub start: Option<StartOption>,
    /// Output to explain, of a layered circuit, as for `explain` [default: the one that it was compiled for]
    #[arg(long, value_name = "TARGET", allow_negative_numbers = true)]
    pub target: Vec<String>,
    /// Layers to keep the relevance of, of a layered circuit [default: input]
    #[arg(long, value_name = "LAYERS")]
    pub layers: Option<String>,
    /// Other contributions for the circuit's leaves: an .npy or .safetensors array of shape [batch, contributions]
    #[arg(long, value_name = "FILE")]
    pub contributions: Option<PathBuf>,
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
    pub common: Common,
}

/// `kirchhoff bench`.
#[derive(Args, Debug)]
pub struct Bench {
    #[command(flatten)]
    pub question: QuestionOptions,
    /// Rounds to measure, after one to warm up; the semirings take turns in each
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub repeat: u32,
    #[command(flatten)]
    pub common: Common,
}

/// How files become inputs.
#[derive(Args, Clone, Debug, Default)]
pub struct PreprocessingOptions {
    /// Factor on raw values, before mean and std [default: from the model, or 1; images are read as 0..1]
    #[arg(long, allow_hyphen_values = true)]
    pub scale: Option<f32>,
    /// Mean to subtract: one, or one a channel
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', allow_hyphen_values = true)]
    pub mean: Option<Vec<f32>>,
    /// Standard deviation to divide by: one, or one a channel
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    pub std: Option<Vec<f32>>,
    /// Order of the axes in arrays
    #[arg(long, value_enum)]
    pub layout: Option<LayoutOption>,
}

/// Order of axes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LayoutOption {
    /// Channels, height, width
    Chw,
    /// Height, width, channels
    Hwc,
}

/// What targets start with.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum StartOption {
    /// The semiring's 1
    One,
    /// The target's logit
    Logit,
}

/// How relevance goes through maximum pooling.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum MaximumPoolOption {
    /// To the first maximum of each window
    Winner,
    /// As through average pooling
    Average,
}

impl From<MaximumPoolOption> for MaximumPooling {
    fn from(option: MaximumPoolOption) -> Self {
        match option {
            MaximumPoolOption::Winner => MaximumPooling::Winner,
            MaximumPoolOption::Average => MaximumPooling::Average,
        }
    }
}

/// How pictures join colour channels.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ChannelsOption {
    /// Relevant in one channel
    Or,
    /// Relevant in all channels
    And,
    /// The sum
    Sum,
    /// The largest
    Max,
}

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

/// `kirchhoff simplify`.
#[derive(Args, Debug)]
pub struct Simplify {
    /// The circuit file
    pub circuit: PathBuf,
    /// Class of semirings that the result is for: any, commutative, idempotent, absorptive, boolean, or a semiring's name
    #[arg(long = "for", value_name = "CLASS", default_value = "any")]
    pub class: String,
    /// Saturate, however large the circuit is [default: up to 20 000 gates]
    #[arg(long, conflicts_with = "linear")]
    pub saturate: bool,
    /// The linear-time pass alone
    #[arg(long)]
    pub linear: bool,
    /// Largest number of nodes of the e-graph [default: 100 000]
    #[arg(long, value_name = "N", conflicts_with = "linear")]
    pub max_nodes: Option<usize>,
    /// Equal gates that are kept side by side [default: 64]
    #[arg(long, value_name = "N", conflicts_with = "linear")]
    pub max_alternatives: Option<usize>,
    /// How often rewrites are tried on everything [default: 100]
    #[arg(long, value_name = "N", conflicts_with = "linear")]
    pub max_iterations: Option<usize>,
    /// Products that a gate is multiplied out to, at most [default: 64]
    #[arg(long, value_name = "N", conflicts_with = "linear")]
    pub max_terms: Option<usize>,
    /// Steps of the search for the smallest circuit [default: 1 000 000]
    #[arg(long, value_name = "N", conflicts_with = "linear")]
    pub max_steps: Option<usize>,
    /// Stop rewriting after so many seconds; the result then depends on the machine [default: no limit]
    #[arg(long, value_name = "SECONDS", conflicts_with = "linear")]
    pub max_seconds: Option<u64>,
    /// File to write, a .safetensors
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub common: Common,
}

/// `kirchhoff semirings` and `kirchhoff rules`.
#[derive(Args, Debug)]
pub struct Listing {
    #[command(flatten)]
    pub common: Common,
}

/// `kirchhoff laws`.
#[derive(Args, Debug)]
pub struct Laws {
    /// Semirings to check [default: all]
    pub semirings: Vec<String>,
    #[command(flatten)]
    pub common: Common,
}

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
    pub common: Common,
}

/// Which circuit, and which part of it, `formula` and `draw` are about.
#[derive(Args, Debug)]
pub struct CircuitOptions {
    /// A circuit (.safetensors or .sexpr); or a model and its inputs, as for `explain`, of which the circuit is made. Left out: the
    /// embedded digit network
    #[arg(value_name = "CIRCUIT | MODEL | INPUT")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub model: ModelOptions,
    #[command(flatten)]
    pub preprocessing: PreprocessingOptions,
    #[command(flatten)]
    pub rules: RuleOptions,
    /// Which of the inputs, from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub input: usize,
    /// Semiring, which says what Θ makes of contributions, and how the circuit may be simplified; or a symbolic one:
    /// `polynomial`, `why`, `posbool(500)`, ... [default: real for models; circuits are shown as they are]
    #[arg(long, short, value_name = "NAME")]
    pub semiring: Option<String>,
    /// Variables in place of contributions: on every edge, on every hidden neuron, or on every neuron of the layers
    /// named. Beside contributions
    /// in semirings of numbers [default: edges for symbolic semirings, none for others]
    #[arg(long, value_name = "edges | hidden | neurons=LAYERS")]
    pub symbolic: Option<SymbolicOption>,
    /// Outputs: a number, a neuron `x[3,4]`, or all of a layer `h1[*]`; repeat for several [default: the input's]
    #[arg(long, value_name = "OUTPUT")]
    pub output: Vec<String>,
    /// Stop at the relevance of this layer, and write it as `R(h1[5])`
    #[arg(long, value_name = "LAYER")]
    pub layer: Option<String>,
    /// Write gates this far from the outputs as `gate[17]`, without what they are made of
    #[arg(long, value_name = "N")]
    pub depth: Option<usize>,
    /// Significant digits of numbers [default: as many as it takes to read them back]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=17))]
    pub digits: Option<u8>,
    /// Gates that a circuit may have
    #[arg(long, value_name = "N", default_value_t = kirchhoff::circuit::DEFAULT_MAX_GATES)]
    pub max_gates: u64,
    /// Gates that may be written, each as often as it is
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub max_written: u64,
    #[command(flatten)]
    pub common: Common,
}

/// Where variables are put.
#[derive(Clone, Debug)]
pub enum SymbolicOption {
    /// On every edge.
    Edges,
    /// On every neuron of the layers that these name.
    Neurons(Vec<String>),
    /// On every hidden neuron.
    Hidden,
}

impl std::str::FromStr for SymbolicOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = |text: &str| -> Vec<String> {
            text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_string).collect()
        };
        match text.split_once('=') {
            None if text == "edges" => Ok(SymbolicOption::Edges),
            None if text == "hidden" => Ok(SymbolicOption::Hidden),
            None if text == "neurons" => Ok(SymbolicOption::Neurons(vec!["*".to_string()])),
            Some(("neurons", layers)) if !names(layers).is_empty() => Ok(SymbolicOption::Neurons(names(layers))),
            _ => Err("write `edges`, `hidden`, `neurons`, or `neurons=LAYER,...`".to_string()),
        }
    }
}

/// `kirchhoff formula`.
#[derive(Args, Debug)]
pub struct Formula {
    #[command(flatten)]
    pub circuit: CircuitOptions,
    /// How the formula is written
    #[arg(long, short, value_enum, default_value_t)]
    pub format: FormatOption,
    /// The K strongest paths to each output, with their weights: short for `--semiring top-k(K)`
    #[arg(long, value_name = "K", conflicts_with = "semiring", value_parser = clap::value_parser!(u32).range(1..))]
    pub top: Option<u32>,
    /// Write subformulas of at most N gates out wherever they are used, or `all`; others have names
    #[arg(long, value_name = "N", default_value = "7", value_parser = number_or_all)]
    pub expand: u64,
    /// File to write [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

fn number_or_all(text: &str) -> Result<u64, String> {
    match text {
        "all" => Ok(u64::MAX),
        text => text.parse().map_err(|_| "write a number, or `all`".to_string()),
    }
}

/// How a formula is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FormatOption {
    /// Lines of text
    #[default]
    Text,
    /// An align* environment
    Latex,
    /// S-expressions, which `formula` and `draw` read back
    Sexpr,
    /// The gates, one by one
    Json,
    /// DIMACS CNF of one output
    Cnf,
    /// NNF of one output, as c2d has it
    Nnf,
}

/// `kirchhoff draw`.
#[derive(Args, Debug)]
pub struct Draw {
    #[command(flatten)]
    pub circuit: CircuitOptions,
    /// File to write: .svg, or .dot for GraphViz
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
}
