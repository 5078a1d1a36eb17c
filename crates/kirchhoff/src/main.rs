//! The command-line tool.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run(cli::Arguments::read()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            cli::say(format_args!("error: {failure}"));
            failure.code()
        }
    }
}
