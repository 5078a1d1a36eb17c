//! The command line of Kirchhoff as a library: [`main`] is all of the tool `kirchhoff`.

#![forbid(unsafe_code)]

mod arguments;
mod ask;
mod bench;
mod circuit_options;
mod circuits;
mod compile;
mod evaluate;
mod examples;
mod explain;
mod failure;
mod formula;
mod input_options;
mod inputs;
mod inspect;
mod laws;
mod ledger;
mod listings;
mod load;
mod look;
mod mask;
mod memory;
mod new;
mod options;
mod perturb;
mod places;
mod progress;
mod prune;
mod questions;
mod request;
mod run;
mod score;
mod semirings;
mod shell;
mod signals;
mod simplify;
mod study;
mod study_options;
mod targets;
mod thresholds;
mod values;
mod version;

use std::ffi::OsString;
use std::process::ExitCode;

use arguments::{Arguments, Study, Verb};
use failure::Failure;
use kirchhoff::explain::Registry;
use kirchhoff_file::check_inputs;
use kirchhoff_kernel::Instructions;
use options::Common;

/// Characters of a line of an error that are shown.
const LONGEST_LINE: usize = 4000;

/// Does what the arguments of the process say; the code is 0, or that of the failure that it told on stderr. Every verb
/// knows the semirings of the registry by their names.
///
/// A tool with a semiring more is a `main` of three lines:
///
/// ```no_run
/// use kirchhoff::explain::{Described, Registry};
/// # use kirchhoff::semiring::Viterbi as MySemiring;
///
/// fn main() -> Result<std::process::ExitCode, kirchhoff::explain::NameError> {
///     let registry = Registry::built_in().with(Described::embedding("my-semiring", MySemiring))?;
///     Ok(kirchhoff_cli::main(registry))
/// }
/// ```
pub fn main(registry: Registry) -> ExitCode {
    ExitCode::from(main_with(registry, std::env::args_os()))
}

/// As [`main`], for programs that start the tool from another language: does what the given words say, of which the first is
/// the name of the tool, and returns the code to exit with. A command line that cannot be read ends the process.
pub fn main_with(registry: Registry, words: impl IntoIterator<Item = OsString>) -> u8 {
    signals::survive_file_limits();
    semirings::install(registry);
    match run(Arguments::read(words)).and_then(|()| check_inputs(true).map_err(Failure::work)) {
        Ok(()) => 0,
        Err(failure) => {
            // Lines of its own an error may have, but no other characters that a terminal acts upon, nor all of a long value.
            let text = failure.to_string();
            let lines: Vec<String> = text.split('\n').map(|line| listings::shown(line, LONGEST_LINE)).collect();
            say(format_args!("error: {}", lines.join("\n")));
            failure.code()
        }
    }
}

/// Does what the arguments say.
fn run(arguments: Arguments) -> Result<(), Failure> {
    Instructions::from_environment().map_err(Failure::usage)?;
    match arguments.verb {
        Verb::Explain(arguments) => {
            set_threads(&arguments.common)?;
            explain::run(&arguments)
        }
        Verb::Run(arguments) => {
            set_threads(&arguments.common)?;
            run::run(&arguments)
        }
        Verb::Bench(arguments) => {
            set_threads(&arguments.common)?;
            bench::run(&arguments)
        }
        Verb::Compile(arguments) => {
            set_threads(&arguments.common)?;
            compile::run(&arguments)
        }
        Verb::Evaluate(arguments) => {
            set_threads(&arguments.common)?;
            evaluate::run(&arguments)
        }
        Verb::Inspect(arguments) => inspect::run(&arguments),
        Verb::Simplify(arguments) => simplify::run(&arguments),
        Verb::Formula(arguments) => {
            set_threads(&arguments.circuit.common)?;
            formula::formula(&arguments)
        }
        Verb::Draw(arguments) => {
            set_threads(&arguments.circuit.common)?;
            formula::draw(&arguments)
        }
        Verb::Ask(arguments) => {
            set_threads(arguments.common())?;
            ask::run(&arguments)
        }
        Verb::Study(study) => match study {
            Study::Mask(arguments) => {
                set_threads(&arguments.study.common)?;
                mask::run(&arguments)
            }
            Study::Perturb(arguments) => {
                set_threads(&arguments.study.common)?;
                perturb::run(&arguments)
            }
            Study::Score(arguments) => {
                set_threads(&arguments.study.common)?;
                score::run(&arguments)
            }
            Study::Thresholds(arguments) => {
                set_threads(&arguments.study.common)?;
                thresholds::run(&arguments)
            }
            Study::Prune(arguments) => {
                set_threads(&arguments.study.common)?;
                prune::run(&arguments)
            }
        },
        Verb::Semirings(arguments) => listings::semirings(&arguments),
        Verb::Rules(arguments) => listings::rules(&arguments),
        Verb::Laws(arguments) => laws::run(&arguments),
        Verb::New(arguments) => new::run(&arguments),
        Verb::Completions(arguments) => shell::completions(&arguments),
        Verb::Man(arguments) => shell::manual(&arguments),
    }
}

fn set_threads(common: &Common) -> Result<(), Failure> {
    let threads = common.threads.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().map_err(Failure::work)
}

/// Prints lines to stdout, unless a file that they were made of has changed meanwhile. A reader that has gone away, as `head`
/// does, is no failure.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    check_inputs(true).map_err(Failure::work)?;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::work(error)),
        _ => Ok(()),
    }
}

/// Says something on stderr, if anybody still reads it.
fn say(text: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints a value as JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::work)?;
    print(&(text + "\n"))
}
