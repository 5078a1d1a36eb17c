//! Semirings as Python has them: by name, as definitions, and of functions over blocks or single objects.

mod cells;
mod dynamic;
mod laws;
mod numpy;
mod objects;
mod theta;

use std::sync::{Arc, PoisonError};

use ::numpy::{PyArray1, PyArrayDescr, PyArrayDescrMethods};
use kirchhoff::compile::{Composite, Rule};
use kirchhoff::explain::{AnySemiring, ReadError, Registry};
use kirchhoff::semiring::{
    Annotation, DefaultStart, Definition, DefinitionError, Law, LawReport, Laws, Meaning, SemiringInfo,
    symbolic_semirings,
};
use kirchhoff_kernel::EdgeBlock;
use pyo3::prelude::*;
use pythonize::pythonize;

use crate::errors::{Kind, OrRaise};
use crate::work::{Failure, Run};
use cells::{Cell, Field, Layout, Number};
use numpy::{Blueprint, Functions};
use objects::ObjectFunctions;
pub use objects::{OBJECT, Table};

/// What a class says of its semiring beside the operations.
pub struct Facts {
    name: String,
    description: String,
    carrier: String,
    plus: String,
    times: String,
    own_theta: Option<String>,
    rule: Option<String>,
    annotation: Option<Annotation>,
    start: Option<DefaultStart>,
    meaning: Option<Meaning>,
}

impl Facts {
    /// Sets them in what there is to know of the semiring.
    fn tell(&self, info: &mut SemiringInfo) {
        info.description = self.description.clone().into();
        info.carrier = self.carrier.clone().into();
        info.plus = self.plus.clone().into();
        info.times = self.times.clone().into();
        info.own_theta = self.own_theta.clone().map(Into::into);
        if let Some(rule) = &self.rule {
            info.rule = rule.clone().into();
        }
        if let Some(annotation) = self.annotation {
            info.annotation = annotation;
        }
        if let Some(start) = self.start {
            info.start = start;
        }
        if let Some(meaning) = self.meaning {
            info.meaning = meaning;
        }
    }
}

/// What a class says of its semiring beside the operations, as Python hands it over.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct GivenFacts {
    name: String,
    description: String,
    plus_text: String,
    times_text: String,
    theta_text: Option<String>,
    rule: Option<String>,
    annotation: Option<String>,
    start: Option<String>,
    meaning: Option<String>,
    laws: Vec<String>,
}

impl GivenFacts {
    fn read(self, carrier: String) -> PyResult<(Facts, Laws)> {
        let laws = self.laws.iter().map(|name| law(name)).collect::<PyResult<Vec<_>>>()?;
        let annotation = self.annotation.map(|text| text.parse()).transpose().or_raise(Kind::Semiring)?;
        let facts = Facts {
            name: self.name,
            description: self.description,
            carrier,
            plus: self.plus_text,
            times: self.times_text,
            own_theta: self.theta_text,
            rule: self.rule,
            annotation,
            start: self.start.as_deref().map(start).transpose()?,
            meaning: self.meaning.as_deref().map(meaning).transpose()?,
        };
        Ok((facts, Laws::of(&laws)))
    }
}

/// The names of a law: as definitions write it.
fn law(name: &str) -> PyResult<Law> {
    let known = [
        ("commutative", Law::CommutativeTimes),
        ("idempotent", Law::IdempotentPlus),
        ("idempotent-times", Law::IdempotentTimes),
        ("absorptive", Law::Absorptive),
        ("selective", Law::Selective),
    ];
    let found = known.iter().find(|(known, _)| *known == name).map(|(_, law)| *law);
    found.ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        Kind::Semiring.error(format!("`{name}` is no law: there are {}", names.join(", ")))
    })
}

/// What targets start with, by name.
pub fn start(name: &str) -> PyResult<DefaultStart> {
    match name {
        "one" => Ok(DefaultStart::One),
        "logit" => Ok(DefaultStart::Logit),
        other => Err(Kind::Question.error(format!("`{other}` is no start: write `one` or `logit`"))),
    }
}

fn meaning(name: &str) -> PyResult<Meaning> {
    let known = [
        ("signed", Meaning::Signed),
        ("share", Meaning::Share),
        ("count", Meaning::Count),
        ("truth", Meaning::Truth),
        ("cost", Meaning::Cost),
        ("score", Meaning::Score),
        ("threshold", Meaning::Threshold),
    ];
    let found = known.iter().find(|(known, _)| *known == name).map(|(_, meaning)| *meaning);
    found.ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        Kind::Semiring.error(format!("`{name}` is no meaning of values: there are {}", names.join(", ")))
    })
}

/// A blueprint, whatever the type of its values.
trait Build: Send + Sync {
    fn check_laws(&self, failure: &Arc<Failure>) -> LawReport;
    fn build(&self, facts: &Facts, theta: Option<&Py<PyAny>>, failure: &Arc<Failure>) -> AnySemiring;
}

impl<V: Cell> Build for Blueprint<V> {
    fn check_laws(&self, failure: &Arc<Failure>) -> LawReport {
        Blueprint::check_laws(self, failure)
    }

    fn build(&self, facts: &Facts, theta: Option<&Py<PyAny>>, failure: &Arc<Failure>) -> AnySemiring {
        Blueprint::build(self, facts, theta, failure)
    }
}

enum Form {
    /// The text that names it.
    BuiltIn(String, AnySemiring),
    Defined(AnySemiring),
    Blocks(Box<dyn Build>, Facts),
    Objects(Arc<ObjectFunctions>, Facts),
}

/// A semiring.
#[pyclass(frozen, module = "kirchhoff._kirchhoff")]
pub struct Semiring {
    form: Form,
    info: SemiringInfo,
}

/// A semiring for one run, and the objects of its answers.
pub struct Built {
    pub semiring: AnySemiring,
    pub found: Table,
}

impl Semiring {
    fn new(form: Form, failure: &Arc<Failure>) -> PyResult<Self> {
        let built = build(&form, None, failure)?;
        failure.check()?;
        Registry::built_in().with(built.semiring.clone()).map(|_| ()).or_else(|error| match &form {
            Form::BuiltIn(..) => Ok(()),
            _ => Err(Kind::Semiring.error(error)),
        })?;
        let info = (*built.semiring).clone();
        // A rule that is not known is an error here, before anybody asks.
        if info.rule.parse::<Composite>().is_err() {
            info.rule.parse::<Rule>().or_raise(Kind::Semiring)?;
        }
        Ok(Semiring { form, info })
    }

    /// The semiring for a run, under a Θ that is a Python function, if there is one.
    ///
    /// # Errors
    /// A Θ for a semiring that takes none.
    pub fn build(&self, theta: Option<&Py<PyAny>>, run: &Run) -> PyResult<Built> {
        build(&self.form, theta, &run.failure)
    }

    pub fn name(&self) -> &str {
        &self.info.name
    }
}

fn build(form: &Form, theta: Option<&Py<PyAny>>, failure: &Arc<Failure>) -> PyResult<Built> {
    let found = Table::default();
    let semiring = match (form, theta) {
        (Form::BuiltIn(_, semiring) | Form::Defined(semiring), None) => semiring.clone(),
        (Form::BuiltIn(text, _), Some(theta)) => {
            let theta = Python::attach(|py| theta.clone_ref(py));
            theta::with_theta(text, theta, failure.clone()).or_raise(Kind::Semiring)?
        }
        (Form::Defined(semiring), Some(_)) => {
            return Err(Kind::Question.error(format!(
                "semiring `{}` is a definition: give its Θ there, as an expression in d, or by the name of an annotation",
                semiring.name
            )));
        }
        (Form::Blocks(blueprint, facts), theta) => blueprint.build(facts, theta, failure),
        (Form::Objects(functions, facts), theta) => {
            let theta_or_own = theta.or(functions.theta.as_ref());
            if Python::attach(|py| theta_or_own.is_some_and(|theta| takes_neurons(theta.bind(py)))) {
                return Err(Kind::Semiring.error(format!(
                    "`theta` of semiring `{}` takes an edge's neurons, which is for semirings on blocks: give it a dtype, or \
                     a theta(d)",
                    facts.name
                )));
            }
            objects::build(functions, facts, theta, failure, &found)
        }
    };
    Ok(Built { semiring, found })
}

/// Whether a Θ takes an edge's neurons beside its contribution: a function that needs three arguments.
#[pyfunction]
pub fn takes_neurons(theta: &Bound<'_, PyAny>) -> bool {
    let needed = || -> PyResult<usize> {
        let inspect = theta.py().import("inspect")?;
        let parameters = inspect.call_method1("signature", (theta,))?.getattr("parameters")?.call_method0("values")?;
        let (empty, mut needed) = (inspect.getattr("Parameter")?.getattr("empty")?, 0);
        for parameter in parameters.try_iter()? {
            let parameter = parameter?;
            let positional = parameter.getattr("kind")?.extract::<u8>()? <= 1;
            needed += usize::from(positional && parameter.getattr("default")?.is(&empty));
        }
        Ok(needed)
    };
    // Functions of C may have no signature, and take contributions.
    needed().is_ok_and(|needed| needed == 3)
}

/// The arrays that a Θ of neurons takes: contributions, and the numbers of sources and destinations.
fn edge_arrays<'py>(
    py: Python<'py>,
    edges: &EdgeBlock<'_>,
) -> (Bound<'py, PyArray1<f32>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>) {
    let numbers = |neurons: &[usize]| PyArray1::from_iter(py, neurons.iter().map(|&neuron| neuron as i64));
    (PyArray1::from_slice(py, edges.contributions), numbers(edges.sources), numbers(edges.destinations))
}

/// Takes the objects of a run's answers.
pub fn take(found: &Table) -> Vec<Py<PyAny>> {
    std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner))
}

#[pymethods]
impl Semiring {
    /// A semiring by its name, `viterbi`; by the file of a definition; or by `define(...)`.
    #[staticmethod]
    #[pyo3(signature = (text, check=true))]
    fn read(text: &str, check: bool) -> PyResult<Self> {
        let raised = |error: ReadError| match error {
            ReadError::File { .. } => Kind::File.error(error),
            ReadError::Definition(error) => definition_error(error),
            ReadError::Lookup(_) | ReadError::Symbolic(_) | ReadError::Name(_) => Kind::Semiring.error(error),
        };
        let semiring = Registry::built_in().read(text, !check).map_err(raised)?;
        let form = match semiring.is_built_in() {
            true => Form::BuiltIn(text.to_string(), semiring),
            false => Form::Defined(semiring),
        };
        Semiring::new(form, &Arc::default())
    }

    /// A definition, as the text of a TOML file.
    #[staticmethod]
    #[pyo3(signature = (text, check=true))]
    fn from_toml(text: &str, check: bool) -> PyResult<Self> {
        let definition = Definition::from_toml(text, "definition").map_err(definition_error)?;
        if check {
            definition.check().map_err(definition_error)?;
        }
        Semiring::new(Form::Defined(AnySemiring::from(&definition)), &Arc::default())
    }

    /// Whether values may be of a dtype, before anything is made of it.
    #[staticmethod]
    fn check_dtype(dtype: Bound<'_, PyArrayDescr>, semiring: &str) -> PyResult<()> {
        fields(&dtype, semiring).map(|_| ())
    }

    /// A semiring of functions over blocks: arrays of `dtype`, of which `fields` are the numbers.
    #[staticmethod]
    fn on_blocks(
        dtype: Bound<'_, PyArrayDescr>,
        plus: Py<PyAny>,
        times: Py<PyAny>,
        theta: Option<Py<PyAny>>,
        minus: Option<Py<PyAny>>,
        project: Option<Py<PyAny>>,
        elements: Bound<'_, PyAny>,
        facts: GivenFacts,
    ) -> PyResult<Self> {
        let (facts, laws) = facts.read(dtype.to_string())?;
        let (fields, single) = fields(&dtype, &facts.name)?;
        let words = dtype.itemsize() / 8;
        let number = fields[0].number;
        let semiring = facts.name.clone();
        let layout = Layout { semiring, dtype: dtype.unbind(), fields, single };
        let functions = Arc::new(Functions { plus, times, theta, minus, project, layout, laws });
        let blueprint: Box<dyn Build> = match (single, number, words) {
            (true, Number::F32, _) => blueprint::<f32>(functions, &elements)?,
            (true, Number::Bool, _) => blueprint::<bool>(functions, &elements)?,
            (_, _, ..=1) => blueprint::<[u64; 1]>(functions, &elements)?,
            (_, _, 2) => blueprint::<[u64; 2]>(functions, &elements)?,
            (_, _, 3..=4) => blueprint::<[u64; 4]>(functions, &elements)?,
            _ => blueprint::<[u64; 8]>(functions, &elements)?,
        };
        let failure = Arc::default();
        let made = Semiring::new(Form::Blocks(blueprint, facts), &failure)?;
        failure.check()?;
        Ok(made)
    }

    /// A semiring of functions over single objects.
    #[staticmethod]
    fn on_objects(
        zero: Py<PyAny>,
        one: Py<PyAny>,
        plus: Py<PyAny>,
        times: Py<PyAny>,
        theta: Option<Py<PyAny>>,
        project: Option<Py<PyAny>>,
        elements: Vec<Py<PyAny>>,
        facts: GivenFacts,
    ) -> PyResult<Self> {
        let (facts, laws) = facts.read("Python objects".to_string())?;
        let functions = Arc::new(ObjectFunctions { plus, times, theta, project, zero, one, elements, laws });
        let failure = Arc::default();
        let made = Semiring::new(Form::Objects(functions, facts), &failure)?;
        failure.check()?;
        Ok(made)
    }

    /// What the law checker finds: the text of its report, whether all holds, and the report as data.
    fn check_laws(&self, py: Python<'_>) -> PyResult<(String, bool, Py<PyAny>)> {
        let run = Run::new(None, 0);
        let report = run.detached(py, |run| match &self.form {
            Form::BuiltIn(_, semiring) | Form::Defined(semiring) => semiring.check_laws(),
            Form::Blocks(blueprint, _) => blueprint.check_laws(&run.failure),
            Form::Objects(functions, _) => objects::check_laws(functions, &run.failure),
        })?;
        let data = pythonize(py, &report)?.unbind();
        let failures: Vec<String> = report.failures().map(ToString::to_string).collect();
        let text = if failures.is_empty() { report.to_string() } else { failures.join("\n") };
        Ok((text, report.passed(), data))
    }

    #[getter(name)]
    fn get_name(&self) -> &str {
        self.name()
    }

    /// What there is to know of the semiring.
    fn info(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let info = pythonize(py, &self.info)?;
        info.set_item("meaning", pythonize(py, &self.info.meaning)?)?;
        info.set_item("zero_number", self.info.zero_number)?;
        Ok(info.unbind())
    }
}

/// The names of the built-in semirings, and of the symbolic ones.
#[pyfunction]
pub fn semiring_names() -> (Vec<String>, Vec<String>) {
    let numeric = Registry::built_in().semirings().iter().map(|semiring| semiring.name.to_string()).collect();
    (numeric, symbolic_semirings().iter().map(|info| info.name.to_string()).collect())
}

/// An error of a definition; broken laws are an exception of their own.
fn definition_error(error: DefinitionError) -> PyErr {
    let text = error.to_string();
    match error {
        DefinitionError::Laws { report, .. } => Python::attach(|py| {
            let raised = || -> PyResult<PyErr> {
                let report = pythonize(py, &*report)?;
                let class = py.import("kirchhoff._errors")?.getattr("LawError")?;
                Ok(PyErr::from_value(class.call1((&text, report))?))
            };
            raised().unwrap_or_else(|error| error)
        }),
        _ => Kind::Semiring.error(text),
    }
}

/// The numbers that values of a dtype consist of, and whether they are one.
fn fields(dtype: &Bound<'_, PyArrayDescr>, semiring: &str) -> PyResult<(Vec<Field>, bool)> {
    let number = |dtype: &Bound<'_, PyArrayDescr>| -> PyResult<Number> {
        match (dtype.kind(), dtype.itemsize(), dtype.is_native_byteorder()) {
            (b'f', 4, Some(true)) => Ok(Number::F32),
            (b'f', 8, Some(true)) => Ok(Number::F64),
            (b'u', 8, Some(true)) => Ok(Number::U64),
            (b'i', 8, Some(true)) => Ok(Number::I64),
            (b'b', 1, _) => Ok(Number::Bool),
            _ => Err(Kind::Semiring.error(format!(
                "semiring `{semiring}` has numbers of dtype {dtype}: they may be float32, float64, uint64, int64 or bool"
            ))),
        }
    };
    let Some(names) = dtype.names() else {
        return Ok((vec![Field { name: String::new(), number: number(dtype)?, offset: 0 }], true));
    };
    let field = |name: &String| -> PyResult<Field> {
        let (dtype, offset) = dtype.get_field(name)?;
        Ok(Field { name: name.clone(), number: number(&dtype)?, offset })
    };
    let fields = names.iter().map(field).collect::<PyResult<Vec<_>>>()?;
    if fields.is_empty() || dtype.itemsize() > 64 {
        return Err(Kind::Semiring.error(format!(
            "semiring `{semiring}` has values of {} bytes: a record has one number at least, and 64 bytes at most",
            dtype.itemsize()
        )));
    }
    Ok((fields, false))
}

/// The blueprint of functions over values of a type; `elements` is a block that begins with 0 and 1.
fn blueprint<V: Cell>(functions: Arc<Functions>, elements: &Bound<'_, PyAny>) -> PyResult<Box<dyn Build>> {
    let count = elements.len()?;
    let mut values = vec![V::of(Number::F32, 0.0); count];
    let checked = functions.layout.checked("elements", elements.clone(), count)?;
    V::read(&checked, &functions.layout, &mut values)?;
    let [zero, one, ..] = values[..] else {
        return Err(Kind::Semiring.error("elements begin with 0 and 1"));
    };
    Ok(Box::new(Blueprint { functions, zero, one, elements: values }))
}
