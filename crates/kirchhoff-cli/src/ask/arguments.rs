//! The arguments of `kirchhoff ask`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use kirchhoff::evaluate::{DEFAULT_MAX_NODES, Sampling};

use crate::circuit_options::{OutputOptions, SizeOptions, SourceOptions, SymbolicOption};
use crate::circuits::{Part, Selection, StoredVariables, has_own_variables};
use crate::examples;
use crate::options::{Common, ConditionOptions, WriteOptions};

/// `kirchhoff ask`.
#[derive(Args, Debug)]
pub struct Ask {
    /// What to ask
    #[command(subcommand)]
    pub about: About,
}

/// What can be asked of a circuit.
#[derive(Debug, Subcommand)]
pub enum About {
    /// What is left of relevance when these hidden neurons, or edges, are removed
    #[command(after_help = examples::REMOVED)]
    Removed(Box<Removed>),
    /// The smallest sets of hidden neurons, or of edges, that carry relevance to an output together
    #[command(after_help = examples::WITNESSES)]
    Witnesses(Box<Witnesses>),
    /// The strongest paths from the target to an output, or of all, with the weights of their edges; at any size of a model
    #[command(after_help = examples::PATHS)]
    Paths(Box<Paths>),
    /// How probable an output stays relevant when hidden neurons, or edges, are dropped at random
    Probability(Box<Probability>),
    /// How much an output depends on each hidden neuron, or edge
    Importance(Box<Importance>),
    /// The most probable case in which outputs stay relevant, or are lost, when hidden neurons, or edges, are dropped at random
    World(Box<World>),
    /// In how many cases an output stays relevant, of all sets of hidden neurons, or of edges; or the models of a d-DNNF
    Models(Box<Models>),
    /// How the relevance of outputs changes with each contribution, edge or neuron: derivatives, in one pass
    Gradient(Box<Gradient>),
}

impl Ask {
    /// The options of every verb.
    pub fn common(&self) -> &Common {
        let options = match &self.about {
            About::Removed(arguments) => &arguments.options,
            About::Witnesses(arguments) => &arguments.options,
            About::Paths(arguments) => &arguments.options,
            About::Probability(arguments) => &arguments.options,
            About::Importance(arguments) => &arguments.options,
            About::World(arguments) => &arguments.options,
            About::Models(arguments) => &arguments.options,
            About::Gradient(arguments) => &arguments.options,
        };
        &options.common
    }
}

/// Which circuit is asked about, and which of its outputs.
#[derive(Args, Debug)]
pub struct AskOptions {
    #[command(flatten)]
    pub source: SourceOptions,
    #[command(flatten)]
    pub outputs: OutputOptions,
    #[command(flatten)]
    pub size: SizeOptions,
    #[command(flatten)]
    pub common: Common,
}

impl AskOptions {
    /// The part of the circuit, with variables where `symbolic` puts them, unless it comes from a file, of which
    /// `variables` are asked about.
    pub fn selection<'a>(
        &'a self,
        symbolic: Option<&'a SymbolicOption>,
        variables: StoredVariables<'a>,
    ) -> Selection<'a> {
        Selection {
            source: &self.source,
            symbolic: symbolic.filter(|_| !has_own_variables(&self.source.files)),
            variables,
            outputs: &self.outputs.output,
            given: &[],
            layer: None,
            depth: None,
            max_gates: self.size.max_gates,
            quiet: self.common.quiet,
        }
    }
}

/// What stands for itself in an answer: neurons or edges.
#[derive(Args, Clone, Debug)]
pub struct Subjects {
    /// Neurons of these layers, separated by commas [default: every hidden neuron]
    #[arg(long, value_name = "LAYERS", value_delimiter = ',', conflicts_with = "edges")]
    pub neurons: Option<Vec<String>>,
    /// Edges instead of neurons
    #[arg(long)]
    pub edges: bool,
}

impl Subjects {
    /// Where variables are put.
    pub fn symbolic(&self) -> SymbolicOption {
        match &self.neurons {
            _ if self.edges => SymbolicOption::Edges,
            Some(layers) => SymbolicOption::Neurons(layers.clone()),
            None => SymbolicOption::Hidden,
        }
    }

    /// Which variables of a circuit from a file they are.
    pub fn stored(&self) -> StoredVariables<'_> {
        match &self.neurons {
            _ if self.edges => StoredVariables::Edges,
            Some(layers) => StoredVariables::Neurons(layers),
            None => StoredVariables::All,
        }
    }

    /// What they are called; the variables of a circuit from a file say it themselves.
    pub fn name(&self, part: &Part) -> &'static str {
        let is_start = |name: &str| part.notes.targets.iter().any(|target| target.variable == name);
        let mut variables = part.circuit.variables().iter().filter(|name| !is_start(name)).peekable();
        let edges = variables.peek().is_some() && variables.all(|name| name.contains('→'));
        if self.edges || edges { "edges" } else { "neurons" }
    }
}

/// With which probabilities subjects are dropped.
#[derive(Args, Clone, Debug)]
pub struct DropOptions {
    /// The probability with which each is dropped, independently of the others; or those of layers, `h1=0.1`, and of single
    /// ones, `h3[5]=0.2`, and files of these (.json, .csv, .txt, or .safetensors with a tensor a layer): others stay
    #[arg(long, value_name = "P | NAME=P | FILE", required = true)]
    pub drop: Vec<String>,
}

/// `kirchhoff ask removed`.
#[derive(Args, Debug)]
pub struct Removed {
    #[command(flatten)]
    pub options: AskOptions,
    /// Neurons, `h1[17]` or all of a layer `h1[*]`, or edges, `w2[17→4]` or `w2[17->4]`; separated by commas, or repeated
    #[arg(long, value_name = "NAMES", required = true)]
    pub remove: Vec<String>,
    /// Semirings, separated by commas: names, files of definitions (.toml) or `define(...)`; `kirchhoff semirings` lists those
    /// there are [default: real,boolean,counting,viterbi,bottleneck, of
    /// which a stored circuit may not admit all]
    #[arg(long, short, value_name = "NAMES")]
    pub semiring: Option<String>,
}

/// `kirchhoff ask witnesses`.
#[derive(Args, Debug)]
pub struct Witnesses {
    #[command(flatten)]
    pub options: AskOptions,
    #[command(flatten)]
    pub subjects: Subjects,
    /// Sets that carry all outputs at once, instead of each
    #[arg(long)]
    pub together: bool,
    /// Sets that any gate may have
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Sets of each output to print, the smallest first
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub most: usize,
}

/// `kirchhoff ask paths`.
#[derive(Args, Debug)]
pub struct Paths {
    #[command(flatten)]
    pub options: AskOptions,
    #[command(flatten)]
    pub conditions: ConditionOptions,
    /// How many paths to each output
    #[arg(long, short, value_name = "K", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub k: u32,
    /// The semiring whose best paths they are: one whose ⊕ is one of its operands, such as `viterbi`, `tropical` or `bottleneck`
    #[arg(long, short, value_name = "NAME", default_value = "viterbi")]
    pub semiring: String,
    /// The K strongest paths of all, to any element of the input
    #[arg(long, conflicts_with = "output")]
    pub overall: bool,
    /// Draw the paths through the layers to this file
    #[arg(long, value_name = "FILE.svg")]
    pub draw: Option<PathBuf>,
    #[command(flatten)]
    pub write: WriteOptions,
}

/// `kirchhoff ask probability`.
#[derive(Args, Debug)]
pub struct Probability {
    #[command(flatten)]
    pub options: AskOptions,
    #[command(flatten)]
    pub subjects: Subjects,
    #[command(flatten)]
    pub drop: DropOptions,
    /// The probability that all outputs stay relevant together, instead of each
    #[arg(long)]
    pub together: bool,
    /// How many of the outputs stay relevant on average, instead of each one's probability
    #[arg(long, conflicts_with_all = ["together", "given"])]
    pub expected: bool,
    /// Among the cases in which these outputs stay relevant: named as for --output, repeat for several
    #[arg(long, value_name = "OUTPUT", requires = "output", conflicts_with = "together")]
    pub given: Vec<String>,
    #[command(flatten)]
    pub method: MethodOptions,
}

/// `kirchhoff ask importance`.
#[derive(Args, Debug)]
pub struct Importance {
    #[command(flatten)]
    pub options: AskOptions,
    #[command(flatten)]
    pub subjects: Subjects,
    /// How importance is measured
    #[arg(long, value_enum, default_value_t)]
    pub measure: MeasureOption,
    /// The probability with which each is dropped, for `birnbaum`, as for `ask probability` [default: 0.5]
    #[arg(long, value_name = "P | NAME=P | FILE")]
    pub drop: Vec<String>,
    /// Neurons or edges of each output to print, the most important first
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub most: usize,
    #[command(flatten)]
    pub method: MethodOptions,
}

/// `kirchhoff ask world`.
#[derive(Args, Debug)]
pub struct World {
    #[command(flatten)]
    pub options: AskOptions,
    #[command(flatten)]
    pub subjects: Subjects,
    #[command(flatten)]
    pub drop: DropOptions,
    /// The most probable case in which one of the outputs is lost, instead of that in which all stay relevant
    #[arg(long)]
    pub lost: bool,
    /// Neurons or edges to print
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub most: usize,
    /// Nodes that decision diagrams may take
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_NODES)]
    pub max_nodes: usize,
}

/// `kirchhoff ask models`.
#[derive(Args, Debug)]
pub struct Models {
    #[command(flatten)]
    pub options: AskOptions,
    #[command(flatten)]
    pub subjects: Subjects,
    /// Nodes that decision diagrams, or d-DNNFs, may take
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_NODES)]
    pub max_nodes: usize,
    /// Take a d-DNNF for deterministic where nothing in it shows that disjuncts exclude each other
    #[arg(long)]
    pub trusted: bool,
}

/// `kirchhoff ask gradient`.
#[derive(Args, Debug)]
pub struct Gradient {
    #[command(flatten)]
    pub options: AskOptions,
    /// Variables of a circuit that is made of a model: on every edge, on every hidden neuron, or on the neurons of layers
    #[arg(long, value_name = "edges | hidden | neurons=LAYERS", default_value = "hidden")]
    pub symbolic: SymbolicOption,
    /// Derivatives to print, the largest first
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub most: usize,
    /// Write all derivatives to this safetensors file: `contributions`, in the order of the circuit's, and `variables`
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub write: WriteOptions,
}

/// How importance is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MeasureOption {
    /// The share of orders in which the output becomes relevant with it; all shares add up to 1
    #[default]
    Shapley,
    /// The share of sets of the others to which it makes the difference
    Banzhaf,
    /// The probability that it makes the difference, where each is dropped with --drop
    Birnbaum,
}

/// How probabilities are found.
#[derive(Args, Clone, Copy, Debug)]
pub struct MethodOptions {
    /// Exact, or by random worlds
    #[arg(long, value_enum, default_value_t)]
    pub method: MethodOption,
    /// Nodes that decision diagrams may take
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_NODES)]
    pub max_nodes: usize,
    /// Sample until probabilities are known up to this, with a confidence of 95 %
    #[arg(long, value_name = "E", default_value_t = 0.005, value_parser = error)]
    pub error: f64,
    /// Random worlds to sample at most
    #[arg(long, value_name = "N", default_value_t = 1 << 19, value_parser = clap::value_parser!(u64).range(1..))]
    pub max_worlds: u64,
    /// Seed of the random worlds
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

impl MethodOptions {
    /// How long worlds are sampled.
    pub fn sampling(&self) -> Sampling {
        Sampling { seed: self.seed, max_worlds: self.max_worlds, error: self.error }
    }
}

/// How a probability is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MethodOption {
    /// Exact where decision diagrams stay within their limit, else sampled
    #[default]
    Auto,
    /// By decision diagrams
    Exact,
    /// By random worlds, 64 a word
    Sample,
}

fn error(text: &str) -> Result<f64, String> {
    let positive = |error: &f64| *error > 0.0 && *error < 1.0;
    text.parse().ok().filter(positive).ok_or_else(|| "write a number between 0 and 1, such as 0.01".to_string())
}
