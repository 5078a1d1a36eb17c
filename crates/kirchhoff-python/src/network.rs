//! Networks: read, run and explained.

use std::path::PathBuf;
use std::sync::Arc;

use kirchhoff::compile::Bounds;
use kirchhoff::data::{InputPart, Inputs, Layout, Preprocessing, read_inputs};
use kirchhoff::explain::{GateNotes, GateOptions, Question, Symbolic, compile_gates};
use kirchhoff::explanation::{Explaining, ExplanationError, ExplanationOptions, Names, batch_size, batches, execute};
use kirchhoff::network::import::{ImportOptions, Model, read};
use kirchhoff::network::{Network, NodeId, canonical};
use kirchhoff::{embedded, graphs};
use numpy::{IntoPyArray, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::arrays;
use crate::circuit::PyCircuit;
use crate::errors::{Kind, OrRaise};
use crate::explanation::PyExplanation;
use crate::question::{QuestionOptions, pattern};
use crate::semiring::{Built, Semiring};
use crate::work::Run;

/// A network, in canonical form.
#[pyclass(frozen, name = "Network", module = "kirchhoff._kirchhoff")]
#[derive(Clone)]
pub struct PyNetwork {
    pub name: String,
    pub network: Arc<Network>,
    pub preprocessing: Preprocessing,
    pub classes: Option<Vec<String>>,
}

/// What is done to raw inputs, over what the model's file says.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct GivenPreprocessing {
    scale: Option<f32>,
    mean: Option<Vec<f32>>,
    std: Option<Vec<f32>>,
    layout: Option<String>,
}

/// How a circuit is made.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct CircuitOptions {
    prune: bool,
    /// `edges`, `hidden`, names of layers, or nothing.
    symbolic: Vec<String>,
    contributions: bool,
    leaves: String,
    max_gates: u64,
}

impl PyNetwork {
    fn new(name: String, model: Model) -> PyResult<Self> {
        let Model { network, preprocessing, classes } = model;
        let network = canonical(&network).map_err(|error| Kind::Model.error(format!("{name}: {error}")))?;
        Ok(PyNetwork { name, network: Arc::new(network), preprocessing: preprocessing.unwrap_or_default(), classes })
    }

    /// The shape of the input; of several, of all their values one after the other.
    pub fn input_shape(&self) -> Vec<usize> {
        match self.network.inputs() {
            [input] => self.network.node(*input).shape.clone(),
            _ => vec![self.network.input_size()],
        }
    }

    /// Of a network of several inputs, what each consists of.
    fn parts(&self) -> Vec<InputPart> {
        let network = &self.network;
        let part = |&input: &NodeId| {
            let shape = network.node(input).shape.clone();
            let picture = shape[..].try_into().ok();
            InputPart { name: network.node(input).name.clone(), shape, picture }
        };
        match network.inputs() {
            [_] => Vec::new(),
            inputs => inputs.iter().map(part).collect(),
        }
    }

    pub fn output_shape(&self) -> &[usize] {
        &self.network.node(self.network.output()).shape
    }

    /// Edges of the network, which one input passes once forward and once for each question.
    pub fn edges(&self) -> u64 {
        self.network.nodes().map(|(id, _)| self.network.edges(id)).sum()
    }

    /// The inputs that the first axis of an array counts.
    pub fn inputs(&self, x: &PyReadonlyArrayDyn<'_, f32>, picture: Option<[usize; 3]>) -> PyResult<Inputs> {
        let shape = self.input_shape();
        match x.shape() {
            [count, rest @ ..] if rest == shape && *count > 0 => Ok(Inputs {
                values: arrays::values(x),
                count: *count,
                picture: picture.or_else(|| picture_of(&shape)).filter(|_| self.network.inputs().len() == 1),
                parts: self.parts(),
                shape,
                names: (0..*count).map(|number| format!("input {number}")).collect(),
            }),
            other => Err(Kind::Input.error(format!(
                "the network takes inputs of shape {shape:?}, stacked on a first axis, and not an array of shape {other:?}"
            ))),
        }
    }

    /// Bounds for z-box: what the preprocessing makes of 0 and 1.
    pub fn bounds(&self) -> Bounds {
        let preprocessing = &self.preprocessing;
        let ranges: Vec<(f32, f32)> = match preprocessing.mean.len().max(preprocessing.std.len()) {
            1 => vec![preprocessing.range(0)],
            channels => (0..channels).map(|channel| preprocessing.range(channel)).collect(),
        };
        Bounds { low: ranges.iter().map(|range| range.0).collect(), high: ranges.iter().map(|range| range.1).collect() }
    }

    /// A question in each of some semirings, and what was built for them.
    pub fn questions(
        &self,
        semirings: &[PyRef<'_, Semiring>],
        options: &QuestionOptions,
        run: &Run,
    ) -> PyResult<(Vec<Question>, Vec<Built>)> {
        let bounds = self.bounds();
        let function = options.function()?;
        let built = semirings.iter().map(|semiring| semiring.build(function, run)).collect::<PyResult<Vec<_>>>()?;
        run.failure.check()?;
        let question = |built: &Built| {
            let question = options.question(built.semiring.clone(), &bounds)?;
            question.check(&self.network).or_raise(Kind::Question)?;
            Ok(question)
        };
        Ok((built.iter().map(question).collect::<PyResult<_>>()?, built))
    }
}

fn picture_of(shape: &[usize]) -> Option<[usize; 3]> {
    match shape[..] {
        [length] => Some(length.isqrt()).filter(|side| side * side == length && *side > 1).map(|side| [1, side, side]),
        [height, width] => Some([1, height, width]),
        [channels, height, width] => Some([channels, height, width]),
        _ => None,
    }
}

/// An error of an explanation, by what is wrong.
pub fn explanation_error(error: ExplanationError) -> PyErr {
    let kind = match &error {
        ExplanationError::Input { .. } | ExplanationError::Execution(_) => Kind::Input,
        ExplanationError::Memory { .. } => Kind::Limit,
        ExplanationError::Tensors(_) | ExplanationError::Json(_) | ExplanationError::Folder(_) => Kind::File,
        ExplanationError::NoQuestion
        | ExplanationError::TwoOfAName { .. }
        | ExplanationError::Explain(_)
        | ExplanationError::Unknown { .. }
        | ExplanationError::Render(_)
        | ExplanationError::Cancelled(_) => Kind::Question,
    };
    kind.error(error)
}

/// Reads a model: an ONNX file, or a safetensors file of a known or described architecture.
#[pyfunction]
#[pyo3(signature = (path, architecture=None, input_shape=None, called=None, output=None, input_shapes=Vec::new(), array_shapes=Vec::new()))]
pub fn load(
    py: Python<'_>,
    path: PathBuf,
    architecture: Option<PathBuf>,
    input_shape: Option<Vec<usize>>,
    called: Option<String>,
    output: Option<String>,
    input_shapes: Vec<(String, Vec<usize>)>,
    array_shapes: Vec<(Option<String>, Vec<usize>)>,
) -> PyResult<PyNetwork> {
    if path.is_dir() {
        return Err(Kind::Model.error(format!("{} is a folder: name the model's file in it", path.display())));
    }
    let run = Run::new(None, 0);
    run.detached(py, |_| {
        let options = ImportOptions {
            architecture: architecture.as_deref(),
            input_shape: input_shape.as_deref(),
            input_shapes: &input_shapes,
            array_shapes: &array_shapes,
            output: output.as_deref(),
        };
        let mut model = read(&path, &options).or_raise(Kind::Model)?;
        // Explanations start from the first.
        if model.network.outputs().len() > 1 {
            let first = model.network.node(model.network.output()).name.clone();
            model.network = model.network.for_output(&first).or_raise(Kind::Model)?;
        }
        PyNetwork::new(called.unwrap_or_else(|| path.display().to_string()), model)
    })?
}

/// The embedded digit network, with its ten digits: `[10, 784]`.
#[pyfunction]
pub fn digits(py: Python<'_>) -> PyResult<(PyNetwork, Py<PyAny>)> {
    let network = PyNetwork::new("digits".to_string(), embedded::model().or_raise(Kind::Model)?)?;
    let Some(inputs) = embedded::inputs(&network.input_shape()) else {
        return Err(Kind::Model.error("the embedded network does not take its digits"));
    };
    let shape: Vec<usize> = std::iter::once(inputs.count).chain(inputs.shape).collect();
    let values = inputs.values.into_pyarray(py).reshape(shape)?;
    Ok((network, values.into_any().unbind()))
}

#[pymethods]
impl PyNetwork {
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    #[getter(input_shape)]
    fn get_input_shape(&self) -> Vec<usize> {
        self.input_shape()
    }

    /// The name of each input in the model, its shape, and whether it is given, as tokens and masks are.
    #[getter]
    fn inputs_of(&self) -> Vec<(String, Vec<usize>, bool)> {
        let network = &self.network;
        let input =
            |&id: &NodeId| (network.known_as(id).to_string(), network.node(id).shape.clone(), network.is_given(id));
        network.inputs().iter().map(input).collect()
    }

    #[getter(output_shape)]
    fn get_output_shape(&self) -> Vec<usize> {
        self.output_shape().to_vec()
    }

    #[getter]
    fn classes(&self) -> Option<Vec<String>> {
        self.classes.clone()
    }

    #[getter]
    fn arithmetic(&self) -> &'static str {
        self.network.arithmetic().name()
    }

    /// The same network with sums computed in a given way.
    fn with_arithmetic(&self, name: &str) -> PyResult<PyNetwork> {
        let arithmetic = name.parse().or_raise(Kind::Question)?;
        let network = Network::clone(&self.network).with_arithmetic(arithmetic);
        Ok(PyNetwork { network: Arc::new(network), ..self.clone() })
    }

    #[getter(edges)]
    fn get_edges(&self) -> u64 {
        self.edges()
    }

    /// The name of the layer that is called so, or whose result the model's file calls so.
    fn find(&self, name: &str) -> Option<String> {
        self.network.find(name).map(|id| self.network.node(id).name.clone())
    }

    /// Name, operator, shape and arguments of each layer, arguments first.
    fn layers(&self) -> Vec<(String, &'static str, Vec<usize>, Vec<String>)> {
        let graph = graphs::network_graph(&self.network);
        let layer = |(id, node): (_, &kirchhoff::network::Node)| {
            let arguments = self.network.arguments(id);
            let arguments = arguments.iter().map(|&argument| graph[argument].name.clone()).collect();
            (node.name.clone(), graph[id].operator, node.shape.clone(), arguments)
        };
        self.network.nodes().map(layer).collect()
    }

    /// Reads files of inputs, preprocessed: their values, and a name for each.
    fn read_inputs(
        &self,
        py: Python<'_>,
        paths: Vec<PathBuf>,
        given: GivenPreprocessing,
    ) -> PyResult<(Py<PyAny>, Vec<String>, Option<[usize; 3]>)> {
        let mut preprocessing = self.preprocessing.clone();
        if let Some(scale) = given.scale {
            preprocessing.scale = scale;
        }
        if let Some(mean) = given.mean {
            preprocessing.mean = mean;
        }
        if let Some(std) = given.std {
            preprocessing.std = std;
        }
        match given.layout.as_deref() {
            None => {}
            Some("chw") => preprocessing.layout = Layout::Chw,
            Some("hwc") => preprocessing.layout = Layout::Hwc,
            Some(other) => return Err(Kind::Input.error(format!("`{other}` is no layout: write `chw` or `hwc`"))),
        }
        let run = Run::new(None, 0);
        let inputs = run.detached(py, |_| read_inputs(&paths, &self.input_shape(), &preprocessing))?;
        let inputs = inputs.or_raise(Kind::Input)?;
        let shape: Vec<usize> = std::iter::once(inputs.count).chain(inputs.shape).collect();
        let values = inputs.values.into_pyarray(py).reshape(shape)?;
        Ok((values.into_any().unbind(), inputs.names, inputs.picture))
    }

    /// The outputs on inputs that are stacked on a first axis.
    #[pyo3(signature = (x, memory=None))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArrayDyn<'py, f32>,
        memory: Option<u64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let inputs = self.inputs(&x, None)?;
        drop(x);
        let run = Run::new(None, 0);
        let outputs = run.detached(py, |run| -> Result<Vec<f32>, ExplanationError> {
            let batch = batch_size(&self.network, inputs.count, memory)?;
            let mut outputs = Vec::new();
            for part in batches(inputs.count, batch) {
                outputs.extend_from_slice(execute(&self.network, &inputs, part, run)?.outputs());
            }
            Ok(outputs)
        })?;
        let outputs = outputs.map_err(explanation_error)?;
        let shape: Vec<usize> = std::iter::once(inputs.count).chain(self.output_shape().iter().copied()).collect();
        Ok(outputs.into_pyarray(py).reshape(shape)?.into_any())
    }

    /// Explains inputs that are stacked on a first axis, in every one of some semirings.
    fn explain(
        &self,
        py: Python<'_>,
        x: PyReadonlyArrayDyn<'_, f32>,
        picture: Option<[usize; 3]>,
        semirings: Vec<PyRef<'_, Semiring>>,
        options: QuestionOptions,
        activations: bool,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<PyExplanation> {
        let inputs = Arc::new(self.inputs(&x, picture)?);
        drop(x);
        let passes = 1 + semirings.len() as u64;
        let run = Run::new(progress, self.edges().saturating_mul(inputs.count as u64).saturating_mul(passes));
        let (questions, built) = self.questions(&semirings, &options, &run)?;
        let settings = ExplanationOptions {
            model: self.name.clone(),
            classes: self.classes.clone(),
            names: Names::default(),
            preprocessing: self.preprocessing.clone(),
            memory: options.memory,
            activations,
            page: None,
        };
        let explanation = run.detached(py, |run| {
            let mut explaining = Explaining::new(&self.network, inputs.clone(), &questions, &settings)?;
            while explaining.batch(run, |stage| run.say(stage))? {}
            Ok(explaining.finish())
        })?;
        let names = semirings.iter().map(|semiring| semiring.name().to_string()).collect();
        Ok(PyExplanation::new(explanation.map_err(explanation_error)?, names, built))
    }

    /// The gate circuit of one input.
    fn compile(
        &self,
        py: Python<'_>,
        x: PyReadonlyArrayDyn<'_, f32>,
        picture: Option<[usize; 3]>,
        semiring: PyRef<'_, Semiring>,
        options: QuestionOptions,
        circuit: CircuitOptions,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<PyCircuit> {
        let inputs = self.inputs(&x, picture)?;
        drop(x);
        if inputs.count != 1 {
            return Err(Kind::Input
                .error(format!("a gate circuit is of one input, but there are {}: compile x[0], say", inputs.count)));
        }
        let run = Run::new(progress, self.edges().saturating_mul(2));
        let (questions, _built) = self.questions(&[semiring], &options, &run)?;
        let question = &questions[0];
        let symbolic = match &circuit.symbolic[..] {
            [] => Symbolic::None,
            [one] if one == "edges" => Symbolic::Edges,
            [one] if one == "hidden" => Symbolic::Hidden,
            names => Symbolic::Neurons(names.iter().map(|name| pattern(name)).collect::<PyResult<_>>()?),
        };
        let gates = GateOptions {
            execution: 0,
            prune: circuit.prune,
            symbolic,
            contributions: circuit.contributions,
            leaves: match &circuit.leaves[..] {
                "values" => kirchhoff::circuit::Leaves::Values,
                "edges" => kirchhoff::circuit::Leaves::Edges,
                other => {
                    let text = format!("`{other}` is no choice of leaves: write `values` or `edges`");
                    return Err(Kind::Question.error(text));
                }
            },
            picture: inputs.picture,
            max_gates: circuit.max_gates,
        };
        let made = run.detached(py, |run| -> PyResult<_> {
            let execution = execute(&self.network, &inputs, 0..1, run).map_err(explanation_error)?;
            compile_gates(&execution, question, &gates, run).map_err(crate::circuit::explain_error)
        });
        let (circuit, notes) = made??;
        let (model, input) = (self.name.clone(), inputs.names[0].clone());
        Ok(PyCircuit::new(circuit, GateNotes { model, input, ..notes }))
    }
}
