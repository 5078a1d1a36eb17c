//! Rules: by name, or of terms.

use kirchhoff::compile::{Part, Rule, composites, rules};
use pyo3::prelude::*;
use pythonize::depythonize;

use crate::errors::{Kind, OrRaise};

/// A rule: how a layer shares relevance out among its sources.
#[pyclass(frozen, name = "Rule", module = "kirchhoff._kirchhoff")]
pub struct PyRule(pub Rule);

#[pymethods]
impl PyRule {
    /// A rule of the table, with its arguments.
    #[staticmethod]
    fn read(text: &str) -> PyResult<Self> {
        let rule: Rule = text.parse().or_raise(Kind::Question)?;
        rule.check().or_raise(Kind::Question)?;
        Ok(PyRule(rule))
    }

    /// A rule of parts: quotients, each of them as data.
    #[staticmethod]
    fn of_parts(name: &str, parts: Bound<'_, PyAny>) -> PyResult<Self> {
        let parts: Vec<Part> = depythonize(&parts)
            .map_err(|error| Kind::Question.error(format!("the parts of rule `{name}` cannot be read: {error}")))?;
        Rule::custom(name, parts).or_raise(Kind::Question).map(PyRule)
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }
}

/// The names of the rules, and of the composites.
#[pyfunction]
pub fn rule_names() -> (Vec<&'static str>, Vec<String>) {
    (
        rules().iter().map(|info| info.name).collect(),
        composites().iter().map(|composite| composite.name.to_string()).collect(),
    )
}
