//! The extension module of the Python package `kirchhoff`: what its Python sources build on. Nothing here is for users; the
//! package's own classes have the documentation.

#![forbid(unsafe_code)]
// What the Python sources call, with arguments that these name.
#![allow(clippy::too_many_arguments, clippy::type_complexity)]

mod arrays;
mod ask;
mod circuit;
mod errors;
mod explanation;
mod look;
mod network;
mod question;
mod rule;
mod semiring;
mod study;
mod work;

use std::ffi::OsString;

use kirchhoff::explain::Registry;
use pyo3::prelude::*;

/// Does what the words of a command line say, as the tool `kirchhoff`, and returns the code to exit with.
#[pyfunction]
fn command(py: Python<'_>, words: Vec<OsString>) -> u8 {
    py.detach(|| kirchhoff_cli::main_with(Registry::built_in(), words))
}

/// What the package `kirchhoff` builds on.
#[pymodule]
fn _kirchhoff(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<circuit::PyCircuit>()?;
    module.add_class::<explanation::PyExplanation>()?;
    module.add_class::<network::PyNetwork>()?;
    module.add_class::<rule::PyRule>()?;
    module.add_class::<semiring::Semiring>()?;
    module.add_function(wrap_pyfunction!(ask::importances, module)?)?;
    module.add_function(wrap_pyfunction!(ask::paths, module)?)?;
    module.add_function(wrap_pyfunction!(ask::probability, module)?)?;
    module.add_function(wrap_pyfunction!(ask::removed, module)?)?;
    module.add_function(wrap_pyfunction!(ask::witnesses, module)?)?;
    module.add_function(wrap_pyfunction!(circuit::numbers_of, module)?)?;
    module.add_function(wrap_pyfunction!(command, module)?)?;
    module.add_function(wrap_pyfunction!(network::digits, module)?)?;
    module.add_function(wrap_pyfunction!(network::load, module)?)?;
    module.add_function(wrap_pyfunction!(rule::rule_names, module)?)?;
    module.add_function(wrap_pyfunction!(semiring::semiring_names, module)?)?;
    module.add_function(wrap_pyfunction!(semiring::takes_neurons, module)?)?;
    module.add_function(wrap_pyfunction!(study::study, module)?)?;
    module.add_function(wrap_pyfunction!(work::set_threads, module)?)
}
