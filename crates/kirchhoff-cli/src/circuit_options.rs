//! Options that say which circuit is meant, and which part of it.

use std::path::PathBuf;

use clap::Args;

use crate::input_options::ChoiceOptions;
use crate::options::{Common, ReadingOptions, RuleOptions};

/// A circuit from a file, or what it is made of.
#[derive(Args, Clone, Debug)]
pub struct SourceOptions {
    /// A circuit (.safetensors or .sexpr); or a model and its inputs, as for `explain`, of which the circuit is
    /// made. Left out: the embedded digit network
    #[arg(value_name = "CIRCUIT | MODEL | INPUT")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingOptions,
    #[command(flatten)]
    pub rules: RuleOptions,
    #[command(flatten)]
    pub input: ChoiceOptions,
}

/// Which outputs of a circuit are meant.
#[derive(Args, Clone, Debug)]
pub struct OutputOptions {
    /// Outputs: a number, a neuron `x[3,4]`, or all of a layer `h1[*]`; repeat for several [default: the input's]
    #[arg(long, value_name = "OUTPUT")]
    pub output: Vec<String>,
}

/// How large a circuit may be.
#[derive(Args, Clone, Copy, Debug)]
pub struct SizeOptions {
    /// Gates that a circuit may have
    #[arg(long, value_name = "N", default_value_t = kirchhoff::circuit::DEFAULT_MAX_GATES)]
    pub max_gates: u64,
}

/// Which circuit, and which part of it, `formula` and `draw` are about.
#[derive(Args, Debug)]
pub struct CircuitOptions {
    #[command(flatten)]
    pub source: SourceOptions,
    /// Semiring, which says what Θ makes of contributions, and how the circuit may be simplified; or a symbolic one:
    /// `polynomial`, `why`, `posbool(500)`, ... [default: real for models; circuits are shown as they are]
    #[arg(long, short, value_name = "NAME")]
    pub semiring: Option<String>,
    /// Variables in place of contributions: on every edge, on every hidden neuron, or on every neuron of the layers
    /// named. Beside contributions in semirings of numbers [default: edges for symbolic semirings, none for others]
    #[arg(long, value_name = "edges | hidden | neurons=LAYERS")]
    pub symbolic: Option<SymbolicOption>,
    #[command(flatten)]
    pub outputs: OutputOptions,
    /// Stop at the relevance of this layer, and write it as `R(h1[5])`
    #[arg(long, value_name = "LAYER")]
    pub layer: Option<String>,
    /// Write gates this far from the outputs as `gate[17]`, without what they are made of
    #[arg(long, value_name = "N")]
    pub depth: Option<usize>,
    /// Significant digits of numbers [default: as many as it takes to read them back]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=17))]
    pub digits: Option<u8>,
    #[command(flatten)]
    pub size: SizeOptions,
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
