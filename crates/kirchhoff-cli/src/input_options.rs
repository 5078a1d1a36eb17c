//! Options that say which inputs are meant.

use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use kirchhoff::data::{Split, numbered_inputs};

use crate::failure::Failure;

/// Which of the inputs are meant, and how many at most.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Inputs")]
pub struct InputOptions {
    #[command(flatten)]
    pub choice: ChoiceOptions,
    /// Take the first N inputs only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
}

/// Which of the inputs are meant, what their labels are, and files for the inputs of models with several.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Inputs")]
pub struct ChoiceOptions {
    /// Inputs by number, from 0 through all files: `7`, `0-9`, `3,8,20-29`; or, of a model with several inputs, a file for one
    /// of them [default: all; the first, of a circuit]
    #[arg(long = "input", value_name = "N | NAME=FILE")]
    input_arguments: Vec<InputArgument>,
    /// Labels of the inputs, for `--target label`: an IDX, .npy, .npz, .safetensors or .txt file [default: by MNIST's names, from
    /// the folders' names, or the array `labels`]
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Part of a folder in MNIST's format
    #[arg(long, value_enum, default_value_t)]
    pub split: SplitOption,
}

/// One `--input`.
#[derive(Clone, Debug)]
enum InputArgument {
    Numbers(Vec<usize>),
    /// A file, with the name of the input in front.
    Named(PathBuf),
}

impl FromStr for InputArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.contains('=') {
            true => Ok(InputArgument::Named(text.into())),
            false => {
                numbered_inputs(text).map(InputArgument::Numbers).map_err(|error| format!("{error}, or NAME=FILE"))
            }
        }
    }
}

impl ChoiceOptions {
    /// The numbers that are named, in their order.
    fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        let numbers = |argument: &'_ InputArgument| match argument {
            InputArgument::Numbers(numbers) => numbers.clone(),
            InputArgument::Named(_) => Vec::new(),
        };
        self.input_arguments.iter().flat_map(numbers)
    }

    /// The same with the first input alone where none is named: a gate circuit is of one.
    pub fn or_first(&self) -> InputOptions {
        let is_named = self.numbers().next().is_some();
        InputOptions { choice: self.clone(), limit: if is_named { None } else { Some(1) } }
    }

    /// Files, with those for inputs by name behind them.
    pub fn with_files(&self, files: &[PathBuf]) -> Vec<PathBuf> {
        let named = self.input_arguments.iter().filter_map(|argument| match argument {
            InputArgument::Numbers(_) => None,
            InputArgument::Named(file) => Some(file.clone()),
        });
        files.iter().cloned().chain(named).collect()
    }

    /// Whether inputs are named, by number or by a file.
    pub fn is_given(&self) -> bool {
        !self.input_arguments.is_empty()
    }
}

impl InputOptions {
    /// The inputs that are meant of so many, as runs of numbers in the order in which they are named.
    pub fn chosen(&self, count: usize) -> Result<Vec<Range<usize>>, Failure> {
        let most = self.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let mut numbers = self.choice.numbers().peekable();
        if numbers.peek().is_none() {
            let first = 0..count.min(most);
            return Ok(vec![first]);
        }
        let mut runs: Vec<Range<usize>> = Vec::new();
        for number in numbers.take(most) {
            if number >= count {
                return Err(Failure::usage(format!("--input {number} is out of range: there are {count}, from 0")));
            }
            match runs.last_mut() {
                Some(run) if run.end == number => run.end += 1,
                _ => runs.push(number..number + 1),
            }
        }
        Ok(runs)
    }
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
