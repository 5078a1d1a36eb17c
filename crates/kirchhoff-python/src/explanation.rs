//! Explanations: relevance as arrays, ledgers, pictures and files.

use std::path::PathBuf;

use kirchhoff::explain::Answer;
use kirchhoff::explanation::{Explanation, PictureFormat};
use kirchhoff::file::Output;
use kirchhoff::render::{encode_png, pdf};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use pythonize::pythonize;

use crate::arrays::{integers, to_array};
use crate::errors::{Kind, OrRaise};
use crate::look::Look;
use crate::network::explanation_error;
use crate::semiring::{Built, OBJECT, take};
use crate::work::Run;

/// The relevance of inputs in some semirings.
#[pyclass(frozen, name = "Explanation", module = "kirchhoff._kirchhoff")]
pub struct PyExplanation {
    explanation: Explanation,
    /// The names by which the semirings were asked for.
    names: Vec<String>,
    /// The objects that values of each semiring are, where they are no numbers.
    objects: Vec<Vec<Py<PyAny>>>,
}

impl PyExplanation {
    pub fn new(explanation: Explanation, names: Vec<String>, built: Vec<Built>) -> Self {
        let objects = built.iter().map(|built| take(&built.found)).collect();
        PyExplanation { explanation, names, objects }
    }

    fn answer(&self, semiring: usize) -> &Answer {
        &self.explanation.answers()[semiring]
    }

    fn shape(&self, shape: &[usize]) -> Vec<usize> {
        std::iter::once(self.explanation.inputs().count).chain(shape.iter().copied()).collect()
    }
}

/// The tensors of an answer by name: values; each of their columns; whole numbers to the last digit, where values round.
pub fn tensors<'py>(
    py: Python<'py>,
    answer: &Answer,
    objects: &[Py<PyAny>],
    shape: impl Fn(&[usize]) -> Vec<usize>,
) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    for tensor in &answer.tensors {
        let shape = shape(&tensor.shape);
        let columns = PyDict::new(py);
        let mut exact = tensor.limbs.as_ref().map(|limbs| integers(py, limbs)).transpose()?;
        for (name, values) in &tensor.columns {
            if name == OBJECT && !objects.is_empty() {
                let places = values.to_f64();
                exact = Some(PyList::new(py, places.iter().map(|&place| &objects[place as usize]))?);
            } else {
                columns.set_item(name, to_array(py, values.clone(), &shape)?)?;
            }
        }
        let values = to_array(py, tensor.values.clone(), &shape)?;
        found.set_item(&tensor.name, (values, columns, exact, shape))?;
    }
    Ok(found)
}

#[pymethods]
impl PyExplanation {
    #[getter]
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    /// The tensors of a semiring: see `tensors`.
    fn tensors<'py>(&self, py: Python<'py>, semiring: usize) -> PyResult<Bound<'py, PyDict>> {
        tensors(py, self.answer(semiring), &self.objects[semiring], |shape| self.shape(shape))
    }

    /// The ledger of each input, as data.
    fn ledgers<'py>(&self, py: Python<'py>, semiring: usize) -> PyResult<Bound<'py, PyAny>> {
        Ok(pythonize(py, &self.answer(semiring).ledgers)?)
    }

    /// The rule and the annotation that each layer took, as data.
    fn settings<'py>(&self, py: Python<'py>, semiring: usize) -> PyResult<Bound<'py, PyAny>> {
        Ok(pythonize(py, &self.answer(semiring).settings)?)
    }

    /// What the network answered on each input, as data.
    fn summaries<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(pythonize(py, self.explanation.summaries())?)
    }

    /// The outputs that each input is explained from, with their signs.
    fn targets(&self, semiring: usize) -> Vec<Vec<(usize, f32)>> {
        self.answer(semiring).targets.clone()
    }

    /// Seconds that the semiring took.
    fn seconds(&self, semiring: usize) -> f64 {
        self.answer(semiring).time.as_secs_f64()
    }

    /// The activations of a tensor.
    fn activations<'py>(&self, py: Python<'py>, tensor: &str) -> PyResult<Bound<'py, PyAny>> {
        let found = self.explanation.activations(tensor).map_err(explanation_error)?;
        let values: Vec<f32> = found.iter().copied().collect();
        Ok(PyArray1::from_vec(py, values).reshape(found.shape())?.into_any())
    }

    /// The picture of an input, as the tool draws it: the bytes of a file in the first of the formats.
    fn picture<'py>(
        &self,
        py: Python<'py>,
        semiring: usize,
        input: usize,
        look: Look,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let options = look.options()?;
        let pictures = self.explanation.pictures(&options);
        let drawing = pictures.picture(self.answer(semiring), input, &self.explanation.label(input));
        let drawing = drawing.or_raise(Kind::Question)?;
        let bytes = match options.formats.first() {
            Some(PictureFormat::Svg) => drawing.svg().map(String::into_bytes),
            Some(PictureFormat::Pdf) => pdf(&[drawing]),
            Some(PictureFormat::Png) | None => encode_png(&drawing.image()),
        };
        Ok(PyBytes::new(py, &bytes.or_raise(Kind::Question)?))
    }

    /// Writes what the tool writes to a folder.
    fn save(&self, py: Python<'_>, folder: PathBuf, force: bool, look: Look) -> PyResult<()> {
        let options = look.options()?;
        let output = Output::new(&folder).forced(force);
        let run = Run::new(None, 0);
        run.detached(py, |_| self.explanation.write(output, &options))?.map_err(explanation_error)
    }
}
