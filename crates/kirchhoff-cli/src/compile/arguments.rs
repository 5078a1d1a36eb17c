//! The arguments of `kirchhoff compile`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use kirchhoff::circuit::Leaves;

use crate::circuit_options::SymbolicOption;
use crate::options::{Common, QuestionOptions, WriteOptions};

/// `kirchhoff compile`.
#[derive(Args, Debug)]
pub struct Compile {
    #[command(flatten)]
    pub question: QuestionOptions,
    /// Leave out edges that Θ sends to 0 in the semiring, and gates that then reach no target: the circuit holds for
    /// this Θ alone
    #[arg(long)]
    pub prune: bool,
    /// Variables on every edge, or on every neuron of the layers named: beside contributions, or in place of them where
    /// --semiring names a symbolic one, such as `why` [default: edges for symbolic semirings, none for others]
    #[arg(long, value_name = "edges | neurons=LAYERS")]
    pub symbolic: Option<SymbolicOption>,
    /// Which edges share a leaf for their contribution: those of a layer with equal ones, in a circuit of one input; or
    /// none, in a circuit for every input, which `evaluate --inputs` takes, under any target and Θ
    #[arg(long, value_enum, default_value_t = LeavesOption::Values, conflicts_with = "prune")]
    pub leaves: LeavesOption,
    /// Refuse circuits of more gates
    #[arg(long, value_name = "N", default_value_t = kirchhoff::circuit::DEFAULT_MAX_GATES)]
    pub max_gates: u64,
    /// Write the executed layers instead of gates: for networks of any size, and several inputs. Weights stay in the
    /// model's file, where they can
    #[arg(long, conflicts_with_all = ["prune", "symbolic", "leaves", "max_gates"])]
    pub layered: bool,
    /// Write the weights to the circuit's file too
    #[arg(long, requires = "layered")]
    pub self_contained: bool,
    /// File to write, a .safetensors
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub write: WriteOptions,
    #[command(flatten)]
    pub common: Common,
}

/// Which edges share a leaf.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum LeavesOption {
    /// Those of a layer with equal contributions
    #[default]
    Values,
    /// None
    Edges,
}

impl From<LeavesOption> for Leaves {
    fn from(option: LeavesOption) -> Self {
        match option {
            LeavesOption::Values => Leaves::Values,
            LeavesOption::Edges => Leaves::Edges,
        }
    }
}
