//! The command line.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::ask::Ask;
use crate::bench::Bench;
use crate::compile::Compile;
use crate::evaluate::Evaluate;
use crate::explain::Explain;
use crate::formula::{Draw, Formula};
use crate::inspect::Inspect;
use crate::laws::Laws;
use crate::listings::{Listing, SemiringListing};
use crate::mask::Mask;
use crate::new::New;
use crate::perturb::Perturb;
use crate::prune::Prune;
use crate::run::Run;
use crate::score::Score;
use crate::simplify::Simplify;
use crate::thresholds::Thresholds;

/// Explain neural networks under any semiring.
///
/// Kirchhoff runs a network, compiles the execution into a provenance circuit whose leaves are layer-wise relevance
/// (LRP) contributions, and evaluates the circuit over semirings: which inputs the answer rests on, along how many
/// paths, along which best one, and up to which threshold.
#[derive(Debug, Parser)]
#[command(name = "kirchhoff", version, about, max_term_width = 110)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

impl Arguments {
    /// The arguments of a command line, the name of the tool first; or the end of the process with a message about them.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Self {
        // A circuit has the rules of one semiring.
        let compile = |verb: clap::Command| verb.mut_arg("semiring", |semiring| semiring.default_value("real"));
        // Studies know the labels of their inputs.
        let label = |verb: clap::Command| verb.mut_arg("target", |target| target.default_value("label"));
        let studies = |verb: clap::Command| verb.mut_subcommands(label);
        // Rules are shown for no target.
        let without = |verb: clap::Command| {
            ["target", "start"].iter().fold(verb, |verb, name| verb.mut_arg(name, |argument| argument.hide(true)))
        };
        let command = Arguments::command().mut_subcommand("compile", compile).mut_subcommand("study", studies);
        let command = command.mut_subcommand("inspect", without);
        let matches = command.get_matches_from(words);
        Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// What the tool can do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Explain a model on inputs: relevance, pictures, ledger.
    Explain(Box<Explain>),
    /// Run a model on inputs and print its largest outputs.
    Run(Run),
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
    Ask(Ask),
    /// Study a network over a whole data set.
    #[command(subcommand)]
    Study(Study),
    /// List the semirings.
    Semirings(SemiringListing),
    /// List the rules, composites and annotations.
    Rules(Listing),
    /// Check that a semiring obeys its laws.
    Laws(Laws),
    /// Write a model with random weights.
    New(New),
}

/// `kirchhoff study`.
#[derive(Debug, Subcommand)]
pub enum Study {
    /// Masks: what is relevant in all inputs of a class, joined by ⊕, ∧, ∨ and mean.
    Mask(Box<Mask>),
    /// Perturbation: how soon the answer changes as what is relevant goes.
    Perturb(Box<Perturb>),
    /// Scores: metrics of explanations as Quantus defines them, input by input.
    Score(Box<Score>),
    /// Thresholds: what is relevant at each θ, and which θ to choose.
    Thresholds(Box<Thresholds>),
    /// Pruning: accuracy and loss without the neurons that matter least, by relevance and other measures.
    Prune(Box<Prune>),
}
