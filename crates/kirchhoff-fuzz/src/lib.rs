//! Every reader of Kirchhoff behind one function of bytes, and files that are nearly right for it.
//!
//! A [`Reader`] is a row of [`READERS`]: sound files of a format, a way to change them that leaves most of the format whole, and
//! what is done with a file that is read, as the tool would do it. [`try_reader`] reads many [mutants](mutate::mutant), each under
//! a limit of time and one of memory, which the counting allocator of the program `kirchhoff-fuzz` watches. The targets of
//! cargo-fuzz in `fuzz/` call the same functions.

#![forbid(unsafe_code)]

mod attempt;
pub mod mutate;
mod readers;

pub use attempt::{Attempt, Find, MEMORY, PER_BYTE, TIME, find_of, folder, try_files, try_reader};
pub use readers::{READERS, Reader, reader};

use peak_alloc::PeakAlloc;

/// Counts what is held, in every program that has this crate.
#[global_allocator]
pub static ALLOCATOR: PeakAlloc = PeakAlloc;
