//! Semirings of Python functions over single Python objects: for gate circuits and small networks.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use kirchhoff::explain::{AnySemiring, Described};
use kirchhoff::semiring::{Array, LawChecker, LawReport, Laws, Project, Semiring};
use pyo3::prelude::*;

use super::Facts;
use super::laws::LAW_BUDGET;
use crate::work::Failure;

/// What a class says of its semiring.
pub struct ObjectFunctions {
    pub plus: Py<PyAny>,
    pub times: Py<PyAny>,
    /// Θ of a contribution.
    pub theta: Option<Py<PyAny>>,
    /// A value as a number; `float` where there is none.
    pub project: Option<Py<PyAny>>,
    pub zero: Py<PyAny>,
    pub one: Py<PyAny>,
    pub elements: Vec<Py<PyAny>>,
    pub laws: Laws,
}

/// The column under which answers say where in the [table](Objects::found) each value is.
pub const OBJECT: &str = "object";

/// A Python object as a value.
#[derive(Clone)]
pub struct Object(Arc<Py<PyAny>>);

impl PartialEq for Object {
    /// As Python has it; what cannot be compared is equal to itself alone.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || Python::attach(|py| self.0.is(&*other.0) || self.0.bind(py).eq(&*other.0).unwrap_or(false))
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Python::attach(|py| self.0.bind(py).repr().map(|text| text.to_string()));
        f.write_str(text.as_deref().unwrap_or("an object without a text"))
    }
}

/// The objects of answers, in the order in which answers were made.
pub type Table = Arc<Mutex<Vec<Py<PyAny>>>>;

/// A semiring over Python objects.
#[derive(Clone)]
pub struct Objects {
    functions: Arc<ObjectFunctions>,
    zero: Object,
    one: Object,
    failure: Arc<Failure>,
    found: Table,
}

impl Objects {
    fn attempt<T>(&self, work: impl FnOnce(Python<'_>) -> PyResult<T>) -> Option<T> {
        if self.failure.is_there() {
            return None;
        }
        Python::attach(work).map_err(|error| self.failure.set(error)).ok()
    }

    fn pair(&self, function: &Py<PyAny>, a: &Object, b: &Object) -> Object {
        let value = self.attempt(|py| function.call1(py, (&*a.0, &*b.0)));
        value.map_or_else(|| self.zero.clone(), |value| Object(Arc::new(value)))
    }
}

impl Semiring for Objects {
    type Value = Object;

    fn zero(&self) -> Object {
        self.zero.clone()
    }

    fn one(&self) -> Object {
        self.one.clone()
    }

    fn plus(&self, a: &Object, b: &Object) -> Object {
        self.pair(&self.functions.plus, a, b)
    }

    fn times(&self, a: &Object, b: &Object) -> Object {
        self.pair(&self.functions.times, a, b)
    }

    fn laws(&self) -> Laws {
        self.functions.laws
    }

    fn elements(&self) -> Vec<Object> {
        let given = Python::attach(|py| {
            let elements = self.functions.elements.iter();
            elements.map(|element| Object(Arc::new(element.clone_ref(py)))).collect::<Vec<_>>()
        });
        [self.zero.clone(), self.one.clone()].into_iter().chain(given).collect()
    }

    /// Floats are equal up to rounding.
    fn close(&self, a: &Object, b: &Object) -> bool {
        a == b
            || Python::attach(|py| {
                let math = py.import("math")?;
                math.call_method1("isclose", (&*a.0, &*b.0))?.extract::<bool>()
            })
            .unwrap_or(false)
    }
}

impl Project for Objects {
    fn project(&self, a: &Object) -> f64 {
        let number = self.attempt(|py| match &self.functions.project {
            Some(project) => project.call1(py, (&*a.0,))?.extract::<f64>(py),
            // What is no number is shown as whether it differs from 0.
            None => match a.0.extract::<f64>(py) {
                Ok(number) => Ok(number),
                Err(_) => Ok(f64::from(u8::from(!a.0.bind(py).eq(&*self.zero.0)?))),
            },
        });
        number.unwrap_or(f64::NAN)
    }

    fn columns(&self, values: &[Object]) -> Vec<(String, Array)> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let first = found.len();
        Python::attach(|py| found.extend(values.iter().map(|value| value.0.clone_ref(py))));
        vec![(OBJECT.to_string(), Array::F64((first..found.len()).map(|place| place as f64).collect()))]
    }
}

/// The semiring without its Θ.
fn semiring(functions: &Arc<ObjectFunctions>, failure: &Arc<Failure>, found: &Table) -> Objects {
    let values = Python::attach(|py| [functions.zero.clone_ref(py), functions.one.clone_ref(py)]);
    let [zero, one] = values.map(|value| Object(Arc::new(value)));
    Objects { functions: functions.clone(), zero, one, failure: failure.clone(), found: found.clone() }
}

/// Tests the axioms and the declared laws.
pub fn check_laws(functions: &Arc<ObjectFunctions>, failure: &Arc<Failure>) -> LawReport {
    LawChecker::new().with_budget(LAW_BUDGET).check(&semiring(functions, failure, &Table::default()))
}

/// The semiring for one run, with `theta` in place of its own Θ, if that is given.
pub fn build(
    functions: &Arc<ObjectFunctions>,
    facts: &Facts,
    theta: Option<&Py<PyAny>>,
    failure: &Arc<Failure>,
    found: &Table,
) -> AnySemiring {
    let own = Python::attach(|py| theta.or(functions.theta.as_ref()).map(|theta| theta.clone_ref(py)));
    let semiring = semiring(functions, failure, found);
    let described = Described::new(facts.name.clone(), semiring.clone());
    let Some(own) = own else { return described.with_info(|info| facts.tell(info)).into() };
    let theta = move |_: &str, d: f32| {
        let value = semiring.attempt(|py| own.call1(py, (d,)));
        value.map_or_else(|| semiring.zero.clone(), |value| Object(Arc::new(value)))
    };
    described.with_theta(theta).with_info(|info| facts.tell(info)).into()
}
