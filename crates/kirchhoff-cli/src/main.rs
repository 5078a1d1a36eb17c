//! The command-line tool.

use std::process::ExitCode;

use kirchhoff::explain::Registry;

fn main() -> ExitCode {
    kirchhoff_cli::main(Registry::built_in())
}
