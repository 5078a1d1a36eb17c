//! Models and inputs, as the command line names them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kirchhoff::circuit::{CircuitFile, CircuitKind, GateCircuit, Notes};
use kirchhoff::data::{Inputs, Layout, Preprocessing, array_shape, is_input, read_inputs, read_names};
use kirchhoff::embedded;
use kirchhoff::explain::{GateNotes, LayeredNotes};
use kirchhoff::network::import::{ImportOptions, Model, read};
use kirchhoff::network::{Network, NodeId, canonical};
use kirchhoff_file::Output;
use serde::Serialize;

use crate::failure::Failure;
use crate::options::{InputShape, LayoutOption, ModelOptions, PreprocessingOptions, ReadingOptions, WriteOptions};

/// The name of the embedded network among models.
const EMBEDDED: &str = "digits";

/// A model ready to run.
pub struct Loaded {
    /// What the user calls it.
    pub name: String,
    /// The network in canonical form.
    pub network: Arc<Network>,
    /// What the model file says about its inputs.
    pub preprocessing: Option<Preprocessing>,
    /// The names of its classes.
    pub classes: Option<Vec<String>>,
}

impl Loaded {
    /// The model with the output alone that explanations start from: the first.
    pub fn explained(self) -> Result<Self, Failure> {
        let network = &self.network;
        if network.outputs().len() == 1 {
            return Ok(self);
        }
        let name = network.node(network.output()).name.clone();
        let network = network.for_output(&name).map_err(Failure::input)?;
        Ok(Loaded { network: Arc::new(network), ..self })
    }
}

/// Extensions of model files: those that are read, and others, which are to be refused as models and not as inputs.
const EXTENSIONS: [&str; 10] = ["onnx", "safetensors", "pt", "pth", "ckpt", "h5", "keras", "tflite", "gguf", "pb"];

/// Whether a file is named as models are.
fn is_model(path: &Path) -> bool {
    let named = |extension: &std::ffi::OsStr| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known));
    path.as_os_str() == EMBEDDED || path.extension().is_some_and(named)
}

/// Reads the model that `files` begin with, or the embedded one, and how its inputs are read; with the files after it. Of a
/// model of several outputs, all are read unless one is named.
pub fn model_of<'a>(
    files: &'a [PathBuf],
    options: &ReadingOptions,
    output: Option<&str>,
) -> Result<(Loaded, Preprocessing, &'a [PathBuf]), Failure> {
    let (path, rest) = match files.split_first() {
        Some((first, rest)) if is_model(first) => (Some(first.as_path()), rest),
        _ => (None, files),
    };
    let loaded = read_model(path, &options.model, output, rest)?;
    let preprocessing = preprocessing(&loaded, &options.preprocessing);
    Ok((loaded, preprocessing, rest))
}

/// Files and not folders: what the system says of a folder that is read as a file helps nobody.
fn check_file(path: &Path) -> Result<(), Failure> {
    match path.is_dir() {
        true => Err(Failure::usage(format!("{} is a folder: name the files in it", path.display()))),
        false => Ok(()),
    }
}

/// Reads a model; none is the embedded one. Of several outputs, all are read unless one is named.
pub fn model(path: Option<&Path>, options: &ModelOptions, output: Option<&str>) -> Result<Loaded, Failure> {
    read_model(path, options, output, &[])
}

/// Reads a model, of which axes that it leaves open have the lengths of the arrays among its inputs.
fn read_model(
    path: Option<&Path>,
    options: &ModelOptions,
    output: Option<&str>,
    inputs: &[PathBuf],
) -> Result<Loaded, Failure> {
    let (name, model) = match path.filter(|path| path.as_os_str() != EMBEDDED) {
        None => {
            if let Some(description) = &options.architecture {
                return Err(Failure::usage(format!(
                    "--architecture {} describes a .safetensors model, but none is given",
                    description.display()
                )));
            }
            if !options.input_shape.is_empty() {
                return Err(Failure::usage("--input-shape is for a model file, but none is given"));
            }
            let mut model = embedded::model().map_err(Failure::work)?;
            if let Some(output) = output {
                model.network = model.network.for_output(output).map_err(Failure::input)?;
            }
            (EMBEDDED.to_string(), model)
        }
        Some(path) => {
            check_file(path)?;
            let mut input_shapes = Vec::new();
            let mut input_shape = None;
            for InputShape { name, shape } in &options.input_shape {
                match name {
                    Some(name) => input_shapes.push((name.clone(), shape.clone())),
                    None => input_shape = Some(&shape[..]),
                }
            }
            let array_shapes: Vec<_> = inputs.iter().filter_map(|input| shape_of(input)).collect();
            let import = ImportOptions {
                architecture: options.architecture.as_deref(),
                input_shape,
                input_shapes: &input_shapes,
                array_shapes: &array_shapes,
                output,
            };
            (path.display().to_string(), read(path, &import).map_err(Failure::input)?)
        }
    };
    let Model { network, preprocessing, classes } = model;
    let network = canonical(&network).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    let classes = match &options.class_names {
        Some(path) => Some(classes_of(path, &network)?),
        None => classes,
    };
    let network = Arc::new(network.with_arithmetic(options.arithmetic));
    Ok(Loaded { name, network, preprocessing, classes })
}

/// Reads the names of a network's classes.
fn classes_of(path: &Path, network: &Network) -> Result<Vec<String>, Failure> {
    let names = read_names(path).map_err(Failure::input)?;
    let outputs = network.size(network.output());
    match names.len() <= outputs {
        true => Ok(names),
        false => Err(Failure::usage(format!(
            "{} names {} classes, but the network has {outputs} outputs",
            path.display(),
            names.len()
        ))),
    }
}

/// Opens a circuit file. With `verify`, all of it is read and compared with its checksum: whatever makes another circuit
/// of it starts so.
pub fn circuit(path: &Path, verify: bool) -> Result<CircuitFile, Failure> {
    let file = CircuitFile::open(path).map_err(Failure::input)?;
    if verify {
        file.verify().map_err(Failure::input)?;
    }
    Ok(file)
}

/// The gate circuit that a file holds.
pub fn gates(file: &CircuitFile) -> Result<GateCircuit, Failure> {
    match file.kind() {
        CircuitKind::Gates => file.gates().map_err(Failure::input),
        CircuitKind::Layered => Err(Failure::usage(format!(
            "{} is a layered circuit, for `evaluate` and `inspect`: what is asked for needs gates, which `compile` makes \
             without --layered",
            file.path().display()
        ))),
    }
}

/// What `compile` noted in a circuit file. Notes of another maker say nothing of targets, whose variables are then 1.
pub fn gate_notes(file: &CircuitFile) -> Result<GateNotes, Failure> {
    let notes = file.notes().map_err(Failure::input)?;
    Ok(serde_json::from_value(serde_json::Value::Object(notes)).unwrap_or_default())
}

/// What `compile` noted in the file of a layered circuit; of another maker's, nothing.
pub fn layered_notes(file: &CircuitFile) -> Result<LayeredNotes, Failure> {
    let notes = file.notes().map_err(Failure::input)?;
    Ok(serde_json::from_value(serde_json::Value::Object(notes)).unwrap_or_default())
}

/// Notes as circuit files hold them.
pub fn stored_notes(notes: &impl Serialize) -> Result<Notes, Failure> {
    match serde_json::to_value(notes).map_err(Failure::work)? {
        serde_json::Value::Object(stored) => Ok(stored),
        _ => Ok(Notes::new()),
    }
}

/// The preprocessing that the options ask for, over what the model file says.
fn preprocessing(loaded: &Loaded, options: &PreprocessingOptions) -> Preprocessing {
    let mut preprocessing = loaded.preprocessing.clone().unwrap_or_default();
    if let Some(scale) = options.scale {
        preprocessing.scale = scale;
    }
    if let Some(mean) = &options.mean {
        preprocessing.mean = mean.clone();
    }
    if let Some(std) = &options.std {
        preprocessing.std = std.clone();
    }
    if let Some(layout) = options.layout {
        preprocessing.layout = match layout {
            LayoutOption::Chw => Layout::Chw,
            LayoutOption::Hwc => Layout::Hwc,
        };
    }
    preprocessing
}

/// Reads inputs; none are the embedded digits, where the network takes them.
pub fn inputs(paths: &[PathBuf], loaded: &Loaded, preprocessing: &Preprocessing) -> Result<Inputs, Failure> {
    let network = &loaded.network;
    let shape = &network.node(network.input()).shape;
    let named: Vec<(&str, &Path)> = paths.iter().filter_map(|path| named(network, path)).collect();
    if !named.is_empty() || network.inputs().len() > 1 {
        return several(loaded, paths, &named, preprocessing);
    }
    if paths.is_empty() {
        return digits(loaded, shape, preprocessing);
    }
    check_inputs(paths)?;
    read_inputs(paths, shape, preprocessing).map_err(Failure::input)
}

/// The shape of the array in a file, with the name of the input that it is for, where it is given as `NAME=FILE`.
fn shape_of(path: &Path) -> Option<(Option<String>, Vec<usize>)> {
    match path.to_str().and_then(|text| text.split_once('=')).filter(|_| !path.exists()) {
        Some((name, file)) => Some((Some(name.to_string()), array_shape(Path::new(file))?)),
        None => Some((None, array_shape(path)?)),
    }
}

/// The name of an input and a file for it, of `NAME=FILE`.
fn named<'a>(network: &Network, path: &'a Path) -> Option<(&'a str, &'a Path)> {
    let (name, file) = path.to_str()?.split_once('=')?;
    let is_input = network.find(name).is_some_and(|node| network.inputs().contains(&node));
    (is_input && !path.exists()).then(|| (name, Path::new(file)))
}

/// The inputs of a network of several, from a file for each by its name.
fn several(
    loaded: &Loaded,
    paths: &[PathBuf],
    named: &[(&str, &Path)],
    preprocessing: &Preprocessing,
) -> Result<Inputs, Failure> {
    let network = &loaded.network;
    let described = |&input: &NodeId| format!("{} of shape {:?}", network.known_as(input), network.node(input).shape);
    if named.len() < paths.len() {
        let inputs: Vec<String> = network.inputs().iter().map(described).collect();
        let other = paths.iter().find(|path| !named.iter().any(|(name, _)| path.to_string_lossy().starts_with(name)));
        let other = other.map_or(String::new(), |path| format!("{}: ", path.display()));
        return Err(Failure::usage(format!(
            "{other}{} takes several inputs, so a file is named for each, as NAME=FILE: {}",
            loaded.name,
            inputs.join(", ")
        )));
    }
    let mut parts = Vec::new();
    for &input in network.inputs() {
        let files: Vec<PathBuf> = named
            .iter()
            .filter(|(name, _)| network.find(name) == Some(input))
            .map(|(_, file)| file.to_path_buf())
            .collect();
        if files.is_empty() {
            return Err(Failure::usage(format!(
                "no file is named for the input {}: write {}=FILE",
                described(&input),
                network.known_as(input)
            )));
        }
        check_inputs(&files)?;
        let node = network.node(input);
        // Tokens and columns of tables are taken as they are; mean and deviation are those of pictures.
        let is_picture = node.shape.len() == 3;
        let own = if is_picture { preprocessing.clone() } else { Preprocessing::default() };
        let read = read_inputs(&files, &node.shape, &own).map_err(Failure::input)?;
        parts.push((node.name.clone(), read));
    }
    match &mut parts[..] {
        [_] => Ok(parts.remove(0).1),
        _ => Inputs::together(parts).map_err(Failure::input),
    }
}

/// Files that are no folders, and not named as models.
fn check_inputs(paths: &[PathBuf]) -> Result<(), Failure> {
    for path in paths {
        check_file(path)?;
        // Inputs may be .safetensors files too.
        if is_model(path) && !is_input(path) {
            return Err(Failure::usage(format!(
                "{} is named as a model, not as an input: a single model is given, before all inputs",
                path.display()
            )));
        }
    }
    Ok(())
}

/// The input of a number, from 0, or all of them where none is given.
pub fn only(inputs: Inputs, input: Option<usize>) -> Result<Inputs, Failure> {
    let Some(input) = input else { return Ok(inputs) };
    if input >= inputs.count {
        let count = inputs.count;
        return Err(Failure::usage(format!("--input {input} is out of range: there are {count}, from 0")));
    }
    let size = inputs.values.len() / inputs.count;
    let values = inputs.values[input * size..(input + 1) * size].to_vec();
    Ok(Inputs { values, count: 1, names: vec![inputs.names[input].clone()], ..inputs })
}

/// The embedded digits, preprocessed like any other images.
fn digits(loaded: &Loaded, shape: &[usize], preprocessing: &Preprocessing) -> Result<Inputs, Failure> {
    let mut inputs = embedded::inputs(shape).ok_or_else(|| {
        Failure::usage(format!(
            "{} takes inputs of shape {shape:?}, which the embedded digits do not have: name an image, .npy, \
             .safetensors or IDX file after the model",
            loaded.name
        ))
    })?;
    let wrong = |reason| Failure::usage(format!("the preprocessing cannot be done: {reason}"));
    preprocessing.check(shape[0]).map_err(wrong)?;
    let length: usize = shape.iter().product();
    for (position, value) in inputs.values.iter_mut().enumerate() {
        *value = preprocessing.apply(*value, position % length / (length / shape[0]));
    }
    Ok(inputs)
}

/// Refuses a path at which `what` could not be found again, or cannot be written.
pub fn output(path: &Path, what: &str, options: &WriteOptions) -> Result<Output, Failure> {
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors")) {
        return Err(Failure::usage(format!(
            "cannot write {}: {what} are written as safetensors files, so its name must end in .safetensors",
            path.display()
        )));
    }
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) if !parent.is_dir() => {
            Err(Failure::usage(format!("cannot write {}: there is no folder {}", path.display(), parent.display())))
        }
        _ => {
            let output = options.output(path);
            // Refused before the work rather than after it.
            output.check().map_err(|error| Failure::unwritten(path, error))?;
            Ok(output)
        }
    }
}
