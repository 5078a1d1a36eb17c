//! The tool from end to end, as a user runs it: a process with arguments, files and an exit code.

mod ask;
mod asked;
mod bench;
mod cases;
mod circuits;
#[cfg(unix)]
mod definitions;
mod ends;
mod explain;
mod files;
mod formula;
mod grammar;
mod harness;
mod hostile;
mod inputs;
mod listings;
mod models;
mod new;
#[cfg(unix)]
mod outputs;
mod pages;
mod perturbation;
mod process;
mod provsql;
mod refused_files;
mod refused_options;
#[cfg(unix)]
mod semirings;
mod simplify;
mod studies;
