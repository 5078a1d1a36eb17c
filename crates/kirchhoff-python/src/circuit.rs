//! Gate circuits: simplified, evaluated, written, cut, stored.

use std::path::PathBuf;
use std::sync::Arc;

use kirchhoff::circuit::{
    CircuitFile, CircuitKind, Gate, GateCircuit, GateId, SaturateOptions, saturate, save_gates, simplify,
};
use kirchhoff::compile::Bounds;
use kirchhoff::explain::{ExplainError, GateNotes, GateOptions, Question, annotated, evaluate_gates, expressions};
use kirchhoff::file::Output;
use kirchhoff::formula::{
    Cut, FormulaOptions, Notation, cnf, cut, dot, find_outputs, json, latex, nnf, output_names, parse, sexpr, svg,
    text, without,
};
use kirchhoff::semiring::{Laws, find_symbolic};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use pythonize::pythonize;

use crate::errors::{Kind, OrRaise};
use crate::explanation::tensors;
use crate::question::QuestionOptions;
use crate::semiring::{Semiring, take};
use crate::work::Run;

/// A gate circuit, with what is known of it.
#[pyclass(frozen, name = "Circuit", module = "kirchhoff._kirchhoff")]
pub struct PyCircuit {
    pub circuit: Arc<GateCircuit>,
    pub notes: GateNotes,
}

/// How formulas are written.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct GivenFormula {
    digits: Option<usize>,
    expand: u64,
    max_gates: u64,
}

/// An error of a question, by what is wrong.
pub fn explain_error(error: ExplainError) -> PyErr {
    let kind = match &error {
        ExplainError::Unroll(_) | ExplainError::Gate(_) => Kind::Limit,
        _ => Kind::Question,
    };
    kind.error(error)
}

impl PyCircuit {
    pub fn new(circuit: GateCircuit, notes: GateNotes) -> Self {
        PyCircuit { circuit: Arc::new(circuit), notes }
    }

    fn with(&self, circuit: GateCircuit) -> Self {
        PyCircuit { circuit: Arc::new(circuit), notes: self.notes.clone() }
    }

    /// A question about the circuit, under the Θ that it was pruned for, unless another is given.
    pub fn question(&self, semiring: kirchhoff::explain::AnySemiring, options: &QuestionOptions) -> PyResult<Question> {
        if options.rules.len() + options.treatments.len() + options.targets.len() > 0 {
            return Err(Kind::Question.error(
                "a circuit has its rules and its target: give them to `compile`, or another target to `with_target`",
            ));
        }
        if options.through.len() + options.remove.len() > 0 {
            return Err(Kind::Question.error(
                "a circuit has the conditions that it was compiled under: give `through` and `remove` to `compile`, or see `removed`",
            ));
        }
        let question = options.question(semiring, &Bounds::default())?;
        match options.thetas.is_empty() {
            true => self.notes.annotate(&self.circuit, question).or_raise(Kind::Question),
            false => Ok(question),
        }
    }

    /// The circuit with pixels named by their places, also where the network takes the picture as a vector.
    fn pictured(&self) -> GateCircuit {
        let pictured = self.notes.picture.and_then(|picture| self.circuit.with_output_shape(0, &picture).ok());
        pictured.unwrap_or_else(|| (*self.circuit).clone())
    }
}

#[pymethods]
impl PyCircuit {
    /// Reads a circuit file, or S-expressions.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let run = Run::new(None, 0);
        run.detached(py, |_| {
            if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sexpr")) {
                let text = kirchhoff::file::read_text(&path).or_raise(Kind::File)?;
                let circuit = parse(&text, GateOptions::default().max_gates).or_raise(Kind::File)?;
                return Ok(PyCircuit::new(circuit, GateNotes::default()));
            }
            let file = CircuitFile::open(&path).or_raise(Kind::File)?;
            file.verify().or_raise(Kind::File)?;
            if file.kind() == CircuitKind::Layered {
                let text = format!("{} is a layered circuit: `kirchhoff evaluate` takes it", path.display());
                return Err(Kind::File.error(text));
            }
            let notes = serde_json::Value::Object(file.notes().or_raise(Kind::File)?);
            // Notes of another maker say nothing of targets, whose variables are then 1.
            let notes = serde_json::from_value(notes).unwrap_or_default();
            Ok(PyCircuit::new(file.gates().or_raise(Kind::File)?, notes))
        })?
    }

    /// Writes the circuit to a safetensors file.
    fn save(&self, py: Python<'_>, path: PathBuf, force: bool) -> PyResult<()> {
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors")) {
            let text = format!("cannot write {}: circuits are stored in files named .safetensors", path.display());
            return Err(Kind::File.error(text));
        }
        let serde_json::Value::Object(notes) = serde_json::to_value(&self.notes).or_raise(Kind::File)? else {
            return Err(Kind::File.error("the notes of a circuit are no object"));
        };
        let run = Run::new(None, 0);
        let output = Output::new(&path).forced(force);
        run.detached(py, |_| save_gates(output, &self.circuit, &notes))?.or_raise(Kind::File)
    }

    /// Gates, wires and depth.
    fn size(&self) -> (usize, usize, usize) {
        let size = self.circuit.size();
        (size.gates, size.wires, size.depth)
    }

    #[getter]
    fn variables(&self) -> Vec<String> {
        self.circuit.variables().to_vec()
    }

    /// The names of the outputs, one by one.
    fn output_names(&self) -> Vec<String> {
        output_names(&self.pictured())
    }

    /// What is known of the circuit, as data.
    fn notes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(pythonize(py, &self.notes)?)
    }

    /// The names of the laws that a semiring needs for the circuit.
    fn laws<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(pythonize(py, &self.circuit.laws())?)
    }

    /// A smaller circuit for a class of semirings, and the report.
    fn simplify(
        &self,
        py: Python<'_>,
        class: &str,
        saturated: bool,
        max_nodes: Option<usize>,
    ) -> PyResult<(PyCircuit, Py<PyAny>)> {
        let laws = Laws::named(class).or_raise(Kind::Question)?;
        let run = Run::new(None, 0);
        let default = SaturateOptions::default();
        let options = SaturateOptions { max_nodes: max_nodes.unwrap_or(default.max_nodes), ..default };
        let (circuit, report) = run.detached(py, |run| -> PyResult<_> {
            if saturated {
                let (circuit, report) = saturate(&self.circuit, laws, &options, run).or_raise(Kind::Limit)?;
                return Ok((circuit, serde_json::to_value(report).or_raise(Kind::Question)?));
            }
            let (circuit, report) = simplify(&self.circuit, laws).or_raise(Kind::Limit)?;
            Ok((circuit, serde_json::to_value(report).or_raise(Kind::Question)?))
        })??;
        Ok((self.with(circuit), pythonize(py, &report)?.unbind()))
    }

    /// The part of the circuit that some outputs, a layer and a depth cut out.
    fn cut(&self, outputs: Vec<String>, layer: Option<String>, depth: Option<usize>) -> PyResult<PyCircuit> {
        let circuit = self.pictured();
        let found = outputs.iter().map(|name| find_outputs(&circuit, name).or_raise(Kind::Question));
        let outputs = found.collect::<PyResult<Vec<_>>>()?.concat();
        Ok(self.with(cut(&circuit, &Cut { outputs, layer, depth }).or_raise(Kind::Question)?))
    }

    /// The circuit with 0 in place of some variables.
    fn without(&self, names: Vec<String>) -> PyResult<PyCircuit> {
        let variables = self.circuit.variables();
        if let Some(name) = names.iter().find(|name| !variables.contains(name)) {
            let known: Vec<_> = variables.iter().take(8).map(String::as_str).collect();
            let more = if variables.len() > known.len() { ", …" } else { "" };
            return Err(Kind::Question.error(format!(
                "no variable is named `{name}`; there are {}{more}",
                if known.is_empty() {
                    "none: compile with symbolic=\"hidden\", say".to_string()
                } else {
                    known.join(", ")
                }
            )));
        }
        let removed = |variable: &str| names.iter().any(|name| name == variable);
        Ok(self.with(without(&self.circuit, &removed).or_raise(Kind::Limit)?))
    }

    /// The circuit from another target, of one with a leaf for each edge.
    fn with_target(&self, target: &str) -> PyResult<PyCircuit> {
        let target = target.parse().or_raise(Kind::Question)?;
        let notes = self.notes.with_target(&target).or_raise(Kind::Question)?;
        Ok(PyCircuit { circuit: self.circuit.clone(), notes })
    }

    /// The tensors of the circuit in each of some semirings: see `Explanation.tensors`.
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        semirings: Vec<PyRef<'py, Semiring>>,
        options: QuestionOptions,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let run = Run::new(progress, (self.circuit.wires() * semirings.len()) as u64);
        let function = options.function()?;
        let mut found = Vec::new();
        for semiring in &semirings {
            let built = semiring.build(function, &run)?;
            let question = self.question(built.semiring.clone(), &options)?;
            run.say(semiring.name());
            let answer = run.detached(py, |run| evaluate_gates(&self.circuit, &self.notes, &question, run))?;
            let answer = answer.map_err(explain_error)?;
            found.push(tensors(py, &answer, &take(&built.found), <[usize]>::to_vec)?);
        }
        Ok(found)
    }

    /// The circuit with the Θ and the start of a semiring applied, simplified by its laws.
    fn annotated(
        &self,
        py: Python<'_>,
        semiring: PyRef<'_, Semiring>,
        options: QuestionOptions,
    ) -> PyResult<PyCircuit> {
        let run = Run::new(None, 0);
        let built = semiring.build(options.function()?, &run)?;
        let question = self.question(built.semiring, &options)?;
        let circuit = run.detached(py, |_| -> PyResult<_> {
            let decided = annotated(&self.circuit, &self.notes, &question).map_err(explain_error)?;
            simplify(&decided, question.semiring.laws).or_raise(Kind::Limit)
        })??;
        Ok(self.with(circuit.0))
    }

    /// Each output in a symbolic semiring: its name, its expression or why there is none, and the number of its terms.
    fn expressions(
        &self,
        py: Python<'_>,
        symbolic: &str,
        numeric: PyRef<'_, Semiring>,
        options: QuestionOptions,
    ) -> PyResult<Vec<(String, Option<String>, Option<String>, usize)>> {
        let run = Run::new(None, 0);
        let built = numeric.build(options.function()?, &run)?;
        let question = self.question(built.semiring, &options)?;
        let found = run.detached(py, |run| expressions(&self.circuit, &self.notes, symbolic, &question, run))?;
        let outputs = found.map_err(explain_error)?.into_iter().map(|output| {
            let (value, error) = match output.value {
                Ok(value) => (Some(value), None),
                Err(overflow) => (None, Some(overflow.to_string())),
            };
            (output.name, value, error, output.terms)
        });
        Ok(outputs.collect())
    }

    /// The circuit as a text: `text`, `latex`, `sexpr`, `json`, `cnf`, `nnf`, `svg` or `dot`.
    fn written(
        &self,
        py: Python<'_>,
        format: &str,
        semiring: Option<PyRef<'_, Semiring>>,
        start: Option<&str>,
        given: GivenFormula,
    ) -> PyResult<String> {
        let run = Run::new(None, 0);
        let mut options = FormulaOptions {
            digits: given.digits,
            expand: given.expand,
            max_gates: given.max_gates,
            ..FormulaOptions::default()
        };
        if let Some(semiring) = semiring {
            let mut question = Question::of(semiring.build(None, &run)?.semiring);
            if let Some(name) = start {
                question.start = crate::semiring::start(name)?;
            }
            options.notation = question.semiring.notation;
            options.given = self.notes.start(&question);
        } else {
            options.notation = Notation::Semiring;
        }
        let circuit = &self.circuit;
        run.detached(py, |_| match format {
            "text" => text(circuit, &options).or_raise(Kind::Question),
            "latex" => latex(circuit, &options).or_raise(Kind::Question),
            "sexpr" => sexpr(circuit, &options).or_raise(Kind::Question),
            "json" => json(circuit, &options).or_raise(Kind::Question),
            "cnf" => cnf(circuit).or_raise(Kind::Question),
            "nnf" => nnf(circuit).or_raise(Kind::Question),
            "svg" => svg(circuit, &options).or_raise(Kind::Question),
            "dot" => dot(circuit, &options).or_raise(Kind::Question),
            other => Err(Kind::Question
                .error(format!("`{other}` is no format: there are text, latex, sexpr, json, cnf, nnf, svg and dot"))),
        })?
    }

    /// The gates, each a kind, a label, a contribution and children; and the ids of the outputs.
    fn gates<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyList>, Vec<usize>)> {
        let circuit = &self.circuit;
        let gate = |id: GateId| {
            let (kind, label, d) = match circuit.gate(id) {
                Gate::Zero => ("zero", "0".to_string(), None),
                Gate::One => ("one", "1".to_string(), None),
                Gate::Contribution { layer, d } => {
                    ("contribution", circuit.layers()[layer as usize].name.clone(), Some(d))
                }
                Gate::Variable(number) => ("variable", circuit.variables()[number as usize].clone(), None),
                Gate::Plus(_) => ("plus", "⊕".to_string(), None),
                Gate::Times(_) => ("times", "⊗".to_string(), None),
            };
            let children: Vec<usize> = circuit.children(id).iter().map(|child| child.index()).collect();
            (kind, label, d, children)
        };
        let gates = (0..circuit.gates()).filter_map(GateId::new).map(gate).collect::<Vec<_>>();
        Ok((PyList::new(py, gates)?, circuit.outputs().iter().map(|gate| gate.index()).collect()))
    }
}

/// The numeric semiring by whose Θ a symbolic one knows its edges; none if the text names no symbolic semiring.
#[pyfunction]
pub fn numbers_of(text: &str) -> Option<&'static str> {
    let call: kirchhoff::semiring::Call = text.parse().ok()?;
    find_symbolic(&call.name).ok()?.limit.map(|limit| limit.numbers)
}
