//! Models and inputs, as the command line names them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kirchhoff::circuit::{CircuitFile, CircuitKind, GateCircuit, Notes};
use kirchhoff::data::{Layout, Preprocessing, read_names};
use kirchhoff::embedded;
use kirchhoff::explain::{GateNotes, LayeredNotes};
use kirchhoff::network::import::{ImportOptions, Model, read};
use kirchhoff::network::{Network, canonical};
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
pub fn is_model(path: &Path) -> bool {
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
        true => Err(Failure::usage(format!("{} is a folder: name the file of the model in it", path.display()))),
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
            let array_shapes: Vec<_> = inputs.iter().filter_map(|input| crate::inputs::shape_of(input)).collect();
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
    let is = |extension: &str| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(extension));
    if path.is_file() && !is("safetensors") && (is("sexpr") || is_model(path)) {
        let (what, verbs) = match is("sexpr") {
            true => ("a circuit as text", "`formula`, `draw` and `ask` read it"),
            false => ("a model", "`compile` makes a circuit of it, and `explain` explains it at once"),
        };
        return Err(Failure::usage(format!("{} is {what}, no circuit file: {verbs}", path.display())));
    }
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
    let mut preprocessing = match options.preprocess {
        Some(preset) => preset.preprocessing(&loaded.network.node(loaded.network.input()).shape),
        None => loaded.preprocessing.clone().unwrap_or_default(),
    };
    if let Some(resize) = options.scale_to {
        preprocessing.resize = resize;
    }
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
