//! The command line.

use std::ffi::OsString;

use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::ask::Ask;
use crate::bench::Bench;
use crate::compile::Compile;
use crate::evaluate::Evaluate;
use crate::examples;
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
use crate::shell::{Completions, Manual};
use crate::simplify::Simplify;
use crate::thresholds::Thresholds;
use crate::version;

/// Explain neural networks under any semiring.
///
/// Kirchhoff runs a network, compiles the execution into a provenance circuit whose leaves are layer-wise relevance
/// (LRP) contributions, and evaluates the circuit over semirings: which inputs the answer rests on, along how many
/// paths, along which best one, and up to which threshold.
#[derive(Debug, Parser)]
#[command(name = "kirchhoff", version = version::short(), long_version = version::long(), about, max_term_width = 110)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

impl Arguments {
    /// The arguments of a command line, the name of the tool first; or the end of the process with a message about them.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Self {
        let matches = Arguments::complete().get_matches_from(words);
        Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// The grammar of the command line, with all defaults.
    pub fn complete() -> Command {
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
        command.mut_subcommand("inspect", without)
    }
}

/// What the tool can do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Explain a model on inputs: relevance, pictures, ledger.
    #[command(after_help = examples::EXPLAIN)]
    Explain(Box<Explain>),
    /// Run a model on inputs and print its largest outputs.
    #[command(after_help = examples::RUN)]
    Run(Run),
    /// Measure how long the forward pass and explanations take.
    #[command(after_help = examples::BENCH)]
    Bench(Box<Bench>),
    /// Write the circuit of an execution to a file, gate by gate or in layers.
    #[command(after_help = examples::COMPILE)]
    Compile(Box<Compile>),
    /// Evaluate stored circuits over semirings.
    #[command(after_help = examples::EVALUATE)]
    Evaluate(Evaluate),
    /// Show a model or a circuit: its layers, shapes and sizes.
    #[command(after_help = examples::INSPECT)]
    Inspect(Inspect),
    /// Make a circuit smaller, for a class of semirings.
    #[command(after_help = examples::SIMPLIFY)]
    Simplify(Simplify),
    /// Write the formula of a circuit: text, LaTeX, S-expressions, JSON, CNF, NNF.
    #[command(after_help = examples::FORMULA)]
    Formula(Box<Formula>),
    /// Draw a circuit, as SVG or in GraphViz's language.
    #[command(after_help = examples::DRAW)]
    Draw(Box<Draw>),
    /// Ask what only a circuit can tell: witnesses, strongest paths, what is left without some neurons.
    Ask(Ask),
    /// Study a network over a whole data set.
    #[command(subcommand)]
    Study(Study),
    /// List the semirings.
    #[command(after_help = examples::SEMIRINGS)]
    Semirings(SemiringListing),
    /// List the rules, composites and annotations.
    Rules(Listing),
    /// Check that a semiring obeys its laws.
    #[command(after_help = examples::LAWS)]
    Laws(Laws),
    /// Write a model with random weights.
    #[command(after_help = examples::NEW)]
    New(New),
    /// Print what a shell completes: bash, zsh, fish, elvish or PowerShell.
    #[command(after_help = examples::COMPLETIONS)]
    Completions(Completions),
    /// Print pages of the manual, or write all of them.
    #[command(after_help = examples::MAN)]
    Man(Manual),
}

/// `kirchhoff study`.
#[derive(Debug, Subcommand)]
pub enum Study {
    /// Masks: what is relevant in all inputs of a class, joined by ⊕, ∧, ∨ and mean.
    #[command(after_help = examples::MASK)]
    Mask(Box<Mask>),
    /// Perturbation: how soon the answer changes as what is relevant goes.
    #[command(after_help = examples::PERTURB)]
    Perturb(Box<Perturb>),
    /// Scores: metrics of explanations as Quantus defines them, input by input.
    #[command(after_help = examples::SCORE)]
    Score(Box<Score>),
    /// Thresholds: what is relevant at each θ, and which θ to choose.
    #[command(after_help = examples::THRESHOLDS)]
    Thresholds(Box<Thresholds>),
    /// Pruning: accuracy and loss without the neurons that matter least, by relevance and other measures.
    #[command(after_help = examples::PRUNE)]
    Prune(Box<Prune>),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a line, of which some are quoted.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                letter => words.last_mut().unwrap().push(letter),
            }
        }
        words
    }

    fn help(command: &Command, found: &mut Vec<String>) {
        found.extend(command.get_after_help().map(ToString::to_string));
        command.get_subcommands().for_each(|verb| help(verb, found));
    }

    #[test]
    fn the_grammar_is_sound_and_has_every_example_of_the_help() {
        let command = Arguments::complete();
        command.clone().debug_assert();
        let mut texts = Vec::new();
        help(&command, &mut texts);
        let examples = texts.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("  "));
        let mut count = 0;
        for example in examples {
            let line = example.trim().split(" | ").next().unwrap().split(" > ").next().unwrap();
            let parsed = command.clone().try_get_matches_from(words(line));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            count += 1;
        }
        assert!(count > 20, "{count}");
    }
}
