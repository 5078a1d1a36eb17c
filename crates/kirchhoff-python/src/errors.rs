//! Errors as Python exceptions: a small family, defined in `kirchhoff/_errors.py`.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// The exceptions, by what is wrong.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A model file that cannot be read, or a network that cannot be built.
    Model,
    /// Inputs that a network does not take.
    Input,
    /// What is asked does not fit the network, the semiring or the circuit.
    Question,
    /// A semiring that is none.
    Semiring,
    /// A limit on gates, nodes or memory.
    Limit,
    /// A file that cannot be read or written.
    File,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Model => "ModelError",
            Kind::Input => "InputError",
            Kind::Question => "QuestionError",
            Kind::Semiring => "SemiringError",
            Kind::Limit => "LimitError",
            Kind::File => "StorageError",
        }
    }

    /// The exception of this kind with a text.
    pub fn error(self, message: impl std::fmt::Display) -> PyErr {
        raise(self.name(), message.to_string())
    }
}

fn raise(name: &str, message: String) -> PyErr {
    Python::attach(|py| {
        let class = py.import("kirchhoff._errors").and_then(|module| module.getattr(name));
        match class.and_then(|class| Ok(class.cast_into::<PyType>()?)) {
            Ok(class) => PyErr::from_type(class, message),
            Err(_) => PyRuntimeError::new_err(message),
        }
    })
}

/// Errors of the libraries as exceptions of a kind.
pub trait OrRaise<T> {
    /// The value, or an exception with the text of the error.
    ///
    /// # Errors
    /// The exception.
    fn or_raise(self, kind: Kind) -> PyResult<T>;
}

impl<T, E: std::fmt::Display> OrRaise<T> for Result<T, E> {
    fn or_raise(self, kind: Kind) -> PyResult<T> {
        self.map_err(|error| kind.error(error))
    }
}
