//! Questions that need a circuit, and not just its value.

use kirchhoff::ask::{AskError, minimal_witnesses, removal, strongest_paths};
use kirchhoff::evaluate::{
    DEFAULT_MAX_NODES, Importance, Importances, PerLeaf, ProbabilityError, Sampling, estimate_probability,
    exact_probability, importance,
};
use kirchhoff::explain::{Question, is_start};
use kirchhoff::formula::output_names;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pythonize::pythonize;
use serde::Serialize;

use crate::circuit::{PyCircuit, explain_error};
use crate::errors::{Kind, OrRaise};
use crate::explanation::tensors;
use crate::question::QuestionOptions;
use crate::semiring::{Semiring, take};
use crate::work::Run;

/// Θ has made constants of all contributions.
fn truths() -> PerLeaf<impl Fn(usize, f32) -> bool> {
    PerLeaf(|_: usize, d: f32| d != 0.0)
}

/// The answer to a question about a circuit in a semiring, as data.
fn asked<A: Serialize + Send>(
    py: Python<'_>,
    circuit: &PyCircuit,
    semiring: &Semiring,
    options: &QuestionOptions,
    ask: impl Fn(&PyCircuit, &Question, &Run) -> Result<A, AskError> + Send + Sync,
) -> PyResult<Py<PyAny>> {
    let run = Run::new(None, 0);
    let question = circuit.question(semiring.build(options.function()?, &run)?.semiring, options)?;
    let found = run.detached(py, |run| ask(circuit, &question, run))?;
    Ok(pythonize(py, &found.or_raise(Kind::Question)?)?.unbind())
}

/// The minimal sets of variables that suffice for each output to be relevant, as data.
#[pyfunction]
pub fn witnesses(
    py: Python<'_>,
    circuit: PyRef<'_, PyCircuit>,
    semiring: PyRef<'_, Semiring>,
    options: QuestionOptions,
    limit: usize,
    together: bool,
) -> PyResult<Py<PyAny>> {
    asked(py, &circuit, &semiring, &options, |circuit, question, run| {
        minimal_witnesses(&circuit.circuit, &circuit.notes, question, limit, together, run)
    })
}

/// The strongest paths from the target to each output, as data.
#[pyfunction]
pub fn paths(
    py: Python<'_>,
    circuit: PyRef<'_, PyCircuit>,
    semiring: PyRef<'_, Semiring>,
    options: QuestionOptions,
    k: usize,
) -> PyResult<Py<PyAny>> {
    asked(py, &circuit, &semiring, &options, |circuit, question, run| {
        strongest_paths(&circuit.circuit, &circuit.notes, question, k, run)
    })
}

/// The tensors of a circuit, and those that are left without some variables; the last tensor is the ⊕ of all outputs.
#[pyfunction]
pub fn removed<'py>(
    py: Python<'py>,
    circuit: PyRef<'py, PyCircuit>,
    semiring: PyRef<'py, Semiring>,
    options: QuestionOptions,
    names: Vec<String>,
) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyDict>)> {
    let circuit = &*circuit;
    let run = Run::new(None, 0);
    let built = semiring.build(options.function()?, &run)?;
    let question = circuit.question(built.semiring.clone(), &options)?;
    let gone = |variable: &str| names.iter().any(|name| name == variable);
    let found = run.detached(py, |run| removal(&circuit.circuit, &circuit.notes, &question, &gone, run))?;
    let [before, after] = found.or_raise(Kind::Question)?;
    let objects = take(&built.found);
    Ok((tensors(py, &before, &objects, <[usize]>::to_vec)?, tensors(py, &after, &objects, <[usize]>::to_vec)?))
}

/// A circuit in which Θ has been applied, for questions about truth values.
fn decided(py: Python<'_>, circuit: &PyCircuit, options: &QuestionOptions, run: &Run) -> PyResult<PyCircuit> {
    let boolean = kirchhoff::explain::AnySemiring::named("boolean").or_raise(Kind::Question)?;
    let question = circuit.question(boolean, options)?;
    let decided = run.detached(py, |_| {
        kirchhoff::explain::annotated(&circuit.circuit, &circuit.notes, &question).map_err(explain_error)
    })??;
    Ok(PyCircuit::new(decided, circuit.notes.clone()))
}

/// How probable it is that each output stays relevant if each variable is dropped with a probability: the outputs' names,
/// the probabilities, the intervals of 95 % where worlds were drawn, and how many of these there were.
#[pyfunction]
pub fn probability(
    py: Python<'_>,
    circuit: PyRef<'_, PyCircuit>,
    options: QuestionOptions,
    drop: f64,
    max_nodes: Option<usize>,
    seed: u64,
    max_worlds: u64,
    error: f64,
) -> PyResult<(Vec<String>, Vec<f64>, Option<Vec<(f64, f64)>>, u64)> {
    let run = Run::new(None, 0);
    let decided = decided(py, &circuit, &options, &run)?;
    let circuit = &decided.circuit;
    let kept = |name: &String| if is_start(name) { 1.0 } else { 1.0 - drop };
    let probabilities: Vec<f64> = circuit.variables().iter().map(kept).collect();
    let sampling = Sampling { seed, max_worlds, error };
    let names = output_names(circuit);
    let found = run.detached(py, |run| {
        let nodes = max_nodes.unwrap_or(DEFAULT_MAX_NODES);
        match exact_probability(circuit, &truths(), &probabilities, nodes, run) {
            Ok(exact) => Ok((exact, None, 0)),
            Err(ProbabilityError::Nodes { .. } | ProbabilityError::Variables { .. }) => {
                let found = estimate_probability(circuit, &truths(), &probabilities, sampling, run)?;
                let intervals = found.outputs.iter().map(|estimate| (estimate.low, estimate.high)).collect();
                let means = found.outputs.iter().map(|estimate| estimate.probability).collect();
                Ok((means, Some(intervals), found.worlds))
            }
            Err(error) => Err(error),
        }
    })?;
    let (found, intervals, worlds) = found.or_raise(Kind::Question)?;
    Ok((names, found, intervals, worlds))
}

/// How important each variable is for one output: the variables' names, numbers, and whether worlds were drawn for them.
#[pyfunction]
pub fn importances(
    py: Python<'_>,
    circuit: PyRef<'_, PyCircuit>,
    options: QuestionOptions,
    output: usize,
    measure: &str,
    drop: f64,
    max_nodes: Option<usize>,
    seed: u64,
) -> PyResult<(Vec<String>, Vec<f64>, bool)> {
    let run = Run::new(None, 0);
    let decided = decided(py, &circuit, &options, &run)?;
    let circuit = &decided.circuit;
    if output >= circuit.outputs().len() {
        let count = circuit.outputs().len();
        return Err(Kind::Question.error(format!("output {output} is out of range: there are {count}, from 0")));
    }
    let measure = match measure {
        "shapley" => Importance::Shapley,
        "banzhaf" => Importance::Banzhaf,
        "birnbaum" => {
            let kept = |name: &String| if is_start(name) { 1.0 } else { 1.0 - drop };
            Importance::Birnbaum(circuit.variables().iter().map(kept).collect())
        }
        other => {
            let text = format!("`{other}` is no measure: there are shapley, banzhaf and birnbaum");
            return Err(Kind::Question.error(text));
        }
    };
    let sampling = Sampling { seed, ..Sampling::default() };
    let nodes = max_nodes.unwrap_or(DEFAULT_MAX_NODES);
    let found = run
        .detached(py, |run| importance(circuit, &truths(), output, &measure, nodes, sampling, run))?
        .or_raise(Kind::Question)?;
    let (values, estimated) = match found {
        Importances::Exact(values) => (values, false),
        Importances::Estimated(found) => (found.variables.iter().map(|estimate| estimate.importance).collect(), true),
    };
    Ok((circuit.variables().to_vec(), values, estimated))
}
