//! Layered circuits as files: activations, wirings and rules inside; weights inside, or in the file that they lie in.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kirchhoff_file::{MappedFile, Output, Seal, Tensor as FileTensor, WriteError, write_tensors};
use kirchhoff_kernel::{Weights, Wiring, first_not_finite};
use serde::{Deserialize, Serialize};

use super::file::{CircuitFile, StoreError};
use super::gates::unwritable;
use super::header::{CircuitKind, KEY, Notes, OutputHeader};
use crate::{Bias, Layer, LayerRule, LayeredCircuit, Link, LinkWeights, Tensor, TensorId};

/// Where a stored layered circuit has its weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightStorage {
    /// Those that lie in a mapped file stay there: the circuit refers to them, and knows that file's checksum. Others are
    /// in the circuit's own file.
    #[default]
    Referenced,
    /// All are in the circuit's own file.
    Embedded,
}

/// The header of a layered circuit.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayeredHeader {
    version: u32,
    kind: CircuitKind,
    batch: usize,
    input: u32,
    /// All inputs, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    inputs: Vec<u32>,
    output: u32,
    tensors: Vec<OutputHeader>,
    layers: Vec<LayerHeader>,
    files: Vec<FileHeader>,
    #[serde(default)]
    notes: Notes,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerHeader {
    name: String,
    operator: String,
    links: Vec<LinkHeader>,
    destination: u32,
    /// Those of the only link, in version 1: since then each link has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<Place>,
    bias: Option<Place>,
    /// Neurons of a part that the bias is for; all where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bias_part: Option<usize>,
    /// Whether there is a tensor of scales.
    scale: bool,
    linear: bool,
    rule: String,
    parts: LayerRule,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkHeader {
    source: u32,
    wiring: Wiring,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<WeightsHeader>,
}

/// The weights of a link.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum WeightsHeader {
    /// Those of every execution.
    Shared(Place),
    /// The activations of a tensor.
    Tensor(u32),
    /// Those of each execution, in a tensor of the circuit's file.
    Executions,
}

/// Where values are.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Place {
    /// In a tensor of the circuit's file.
    Embedded,
    /// From one byte of a file up to another.
    Referenced { file: usize, bytes: [usize; 2] },
}

/// A file with weights.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileHeader {
    /// From the folder of the circuit's file, unless it is absolute.
    path: PathBuf,
    bytes: usize,
    /// BLAKE3 of the whole file, in hexadecimal.
    checksum: String,
}

/// Writes a layered circuit to a file, with what its maker says about it.
///
/// The file appears when it is complete; the same circuit and notes give the same bytes. Reads every file that the circuit
/// refers to once, for its checksum.
///
/// # Errors
/// A file that cannot be read or written, or a circuit that could not be loaded again.
pub fn save_layered(
    output: impl Into<Output>,
    circuit: &LayeredCircuit,
    storage: WeightStorage,
    notes: &Notes,
) -> Result<(), StoreError> {
    let output = output.into();
    let path = output.path();
    let mut saving = Saving {
        own: path.canonicalize().ok(),
        folder: folder(path)?,
        storage,
        files: Vec::new(),
        paths: Vec::new(),
        tensors: Vec::new(),
    };
    for (number, tensor) in circuit.tensors().iter().enumerate() {
        saving.embed(format!("activations/{number}"), &tensor.activations);
    }
    let mut layers = Vec::new();
    for (number, layer) in circuit.layers().iter().enumerate() {
        if let Some(scale) = &layer.scale {
            saving.embed(format!("scale/{number}"), scale);
        }
        let mut links = Vec::with_capacity(layer.links.len());
        for (position, link) in layer.links.iter().enumerate() {
            let name = weights_name(number, position);
            let weights = match &link.weights {
                LinkWeights::One => None,
                LinkWeights::Shared(weights) => Some(WeightsHeader::Shared(saving.place(name, weights)?)),
                LinkWeights::Tensor(tensor) => Some(WeightsHeader::Tensor(tensor.0)),
                LinkWeights::Executions(weights) => {
                    saving.embed(name, weights);
                    Some(WeightsHeader::Executions)
                }
            };
            links.push(LinkHeader { source: link.source.0, wiring: link.wiring.clone(), weights });
        }
        let bias = match &layer.bias {
            None => None,
            Some(bias) => Some(saving.place(format!("bias/{number}"), &bias.values)?),
        };
        let size = circuit.tensor(layer.destination).size();
        layers.push(LayerHeader {
            name: layer.name.clone(),
            operator: layer.operator.to_string(),
            links,
            destination: layer.destination.0,
            weights: None,
            bias,
            bias_part: layer.bias.as_ref().map(|bias| bias.part).filter(|&part| part != size),
            scale: layer.scale.is_some(),
            linear: layer.linear,
            rule: layer.rule_name.clone(),
            parts: layer.rule.clone(),
        });
    }
    let tensor = |tensor: &Tensor| OutputHeader { name: tensor.name.clone(), shape: tensor.shape.clone() };
    let header = LayeredHeader {
        version: CircuitKind::Layered.version(),
        kind: CircuitKind::Layered,
        batch: circuit.batch(),
        input: circuit.input().0,
        inputs: match circuit.inputs() {
            [_] => Vec::new(),
            inputs => inputs.iter().map(|input| input.0).collect(),
        },
        output: circuit.output().0,
        tensors: circuit.tensors().iter().map(tensor).collect(),
        layers,
        files: saving.files,
        notes: notes.clone(),
    };
    check(&header).map_err(|reason| WriteError::Tensors { path: path.to_path_buf(), reason })?;
    let header = serde_json::to_string(&header).map_err(|error| unwritable(path, error))?;
    Ok(write_tensors(output.clone(), saving.tensors, &[(KEY, &header)], Seal::Checksum)?)
}

/// The folder of a file, as an absolute path.
fn folder(path: &Path) -> Result<PathBuf, StoreError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    parent.canonicalize().map_err(|error| StoreError::Io { path: parent.to_path_buf(), error })
}

/// The name of the tensor with the weights of a link.
fn weights_name(layer: usize, link: usize) -> String {
    format!("weights/{layer}/{link}")
}

/// What goes to the file.
struct Saving<'a> {
    /// The file that is written, if it is there already.
    own: Option<PathBuf>,
    folder: PathBuf,
    storage: WeightStorage,
    files: Vec<FileHeader>,
    /// The paths of the files, as they were opened.
    paths: Vec<PathBuf>,
    tensors: Vec<FileTensor<'a>>,
}

impl<'a> Saving<'a> {
    fn embed(&mut self, name: String, values: &'a [f32]) {
        self.tensors.push(FileTensor::new(name, &[values.len()], values));
    }

    fn place(&mut self, name: String, values: &'a Weights) -> Result<Place, StoreError> {
        // The file that is about to be replaced is no place to refer to.
        let elsewhere = |path: &Path| path.canonicalize().ok() != self.own;
        match values.place().filter(|(path, _)| self.storage == WeightStorage::Referenced && elsewhere(path)) {
            Some((path, bytes)) => {
                let file = self.file(path)?;
                Ok(Place::Referenced { file, bytes: [bytes.start, bytes.end] })
            }
            None => {
                self.embed(name, values);
                Ok(Place::Embedded)
            }
        }
    }

    /// The number of a file among those that are referred to.
    fn file(&mut self, path: &Path) -> Result<usize, StoreError> {
        if let Some(known) = self.paths.iter().position(|known| known == path) {
            return Ok(known);
        }
        let unreadable = |error| StoreError::Io { path: path.to_path_buf(), error };
        let whole = path.canonicalize().map_err(unreadable)?;
        let file = MappedFile::open(&whole).map_err(unreadable)?;
        self.paths.push(path.to_path_buf());
        self.files.push(FileHeader {
            // A folder that is moved takes what lies in it along.
            path: whole.strip_prefix(&self.folder).map_or(whole.clone(), Path::to_path_buf),
            bytes: file.len(),
            checksum: file.checksum(),
        });
        Ok(self.files.len() - 1)
    }
}

impl CircuitFile {
    /// The layered circuit of the file. What can be read in place is; the files with its weights are compared with their
    /// checksums first.
    ///
    /// Takes time in the size of the file and of those that it refers to.
    ///
    /// # Errors
    /// A header or tensors that are not what the format asks for, layers that make no circuit, or weights that are not
    /// where they were, or are other ones.
    pub fn layered(&self) -> Result<LayeredCircuit, StoreError> {
        self.expect_kind(CircuitKind::Layered)?;
        let header: LayeredHeader = self.header()?;
        check(&header).map_err(|reason| self.malformed(reason))?;
        let files = header.files.iter().map(|file| self.weight_file(file)).collect::<Result<Vec<_>, _>>()?;
        let mut loading = Loading { circuit: self, files, names: HashSet::new() };
        let mut tensors = Vec::new();
        for (number, OutputHeader { name, shape }) in header.tensors.into_iter().enumerate() {
            let activations = loading.finite(&format!("activations/{number}"))?;
            tensors.push(Tensor { name, shape, activations });
        }
        let mut layers = Vec::new();
        for (number, layer) in header.layers.into_iter().enumerate() {
            let scale = match layer.scale {
                true => Some(loading.finite(&format!("scale/{number}"))?),
                false => None,
            };
            // A factor of a negative weight is one of the weight's for rules that treat both signs alike.
            let negative = |scale: &Weights| scale.iter().any(|&scale| scale < 0.0);
            if scale.as_ref().is_some_and(negative) && !layer.parts.is_multiplicative() {
                return Err(self.malformed(format!("tensor 'scale/{number}' has a negative value")));
            }
            let mut links = Vec::with_capacity(layer.links.len());
            let mut of_layer = layer.weights;
            for (position, link) in layer.links.into_iter().enumerate() {
                let weights = match (link.weights, of_layer.take()) {
                    (None, None) => LinkWeights::One,
                    (None, Some(place)) => LinkWeights::Shared(loading.values(format!("weights/{number}"), place)?),
                    (Some(WeightsHeader::Shared(place)), _) => {
                        LinkWeights::Shared(loading.values(weights_name(number, position), place)?)
                    }
                    (Some(WeightsHeader::Tensor(tensor)), _) => LinkWeights::Tensor(TensorId(tensor)),
                    (Some(WeightsHeader::Executions), _) => {
                        LinkWeights::Executions(loading.finite(&weights_name(number, position))?)
                    }
                };
                links.push(Link { source: TensorId(link.source), wiring: link.wiring, weights });
            }
            let bias = match layer.bias {
                None => None,
                Some(place) => Some(loading.values(format!("bias/{number}"), place)?),
            };
            let size = tensors.get(layer.destination as usize).map_or(0, Tensor::size);
            let bias = bias.map(|values| Bias { values, part: layer.bias_part.unwrap_or(size) });
            layers.push(Layer {
                name: layer.name,
                operator: layer.operator.into(),
                links,
                destination: TensorId(layer.destination),
                bias,
                scale,
                linear: layer.linear,
                rule: layer.parts,
                rule_name: layer.rule,
            });
        }
        let names: Vec<&str> = loading.names.iter().map(String::as_str).collect();
        self.expect_tensors(&names)?;
        let inputs = if header.inputs.is_empty() { vec![header.input] } else { header.inputs };
        let inputs = inputs.into_iter().map(TensorId).collect();
        LayeredCircuit::new(header.batch, tensors, layers, inputs, TensorId(header.output))
            .map_err(|error| self.malformed(error.to_string()))
    }

    /// A file with weights, mapped, if it is still the one that it was.
    fn weight_file(&self, file: &FileHeader) -> Result<Arc<MappedFile>, StoreError> {
        let path = folder(self.path())?.join(&file.path);
        let wrong =
            |reason: String| StoreError::Weights { path: self.path().to_path_buf(), file: path.clone(), reason };
        let mapped = MappedFile::open(&path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        if mapped.len() != file.bytes {
            return Err(wrong(format!("has {} bytes now, and had {}", mapped.len(), file.bytes)));
        }
        let checksum = mapped.checksum();
        if checksum != file.checksum {
            return Err(wrong(format!("has checksum {checksum} now, and had {}", file.checksum)));
        }
        Ok(Arc::new(mapped))
    }
}

/// What comes from a file, and the names of the tensors that it should have.
struct Loading<'a> {
    circuit: &'a CircuitFile,
    files: Vec<Arc<MappedFile>>,
    names: HashSet<String>,
}

impl Loading<'_> {
    /// A tensor of finite values, in place wherever that can be.
    fn finite(&mut self, name: &str) -> Result<Weights, StoreError> {
        self.names.insert(name.to_string());
        let values = self.circuit.weights(name)?;
        match first_not_finite(&values) {
            Some(at) => Err(self.circuit.malformed(format!("value {at} of tensor '{name}' is {}", values[at]))),
            None => Ok(values),
        }
    }

    fn values(&mut self, name: String, place: Place) -> Result<Weights, StoreError> {
        match place {
            Place::Embedded => self.finite(&name),
            Place::Referenced { file, bytes: [start, end] } => {
                let file = self.files.get(file);
                let values = file.filter(|_| start <= end).and_then(|file| Weights::mapped(file, start..end));
                let wrong = || self.circuit.malformed(format!("'{name}' is in no place of a file: {start} to {end}"));
                values.ok_or_else(wrong)
            }
        }
    }
}

/// Whether a header describes a circuit whose sizes can be computed with, whatever its arrays hold.
fn check(header: &LayeredHeader) -> Result<(), String> {
    let mut names = HashSet::new();
    let mut sizes = Vec::new();
    for OutputHeader { name, shape } in &header.tensors {
        let size = shape.iter().try_fold(header.batch.max(1), |size, &axis| size.checked_mul(axis));
        match size.filter(|&size| size > 0 && size <= i32::MAX as usize) {
            Some(size) => sizes.push(size / header.batch.max(1)),
            None => return Err(format!("tensor '{name}' of shape {shape:?} has no neurons, or too many")),
        }
        if !names.insert(name) {
            return Err(format!("two tensors are named '{name}'"));
        }
    }
    let count = header.tensors.len();
    if header.batch == 0 || [header.input, header.output].iter().any(|&tensor| tensor as usize >= count) {
        return Err(format!(
            "of {count} tensors and {} executions, tensor {} should be the input and tensor {} the output",
            header.batch, header.input, header.output
        ));
    }
    for layer in &header.layers {
        check_layer(layer, &sizes).map_err(|reason| format!("layer '{}': {reason}", layer.name))?;
    }
    Ok(())
}

fn check_layer(layer: &LayerHeader, sizes: &[usize]) -> Result<(), String> {
    layer.parts.check().map_err(|error| error.to_string())?;
    for LinkHeader { source, wiring, weights } in &layer.links {
        wiring.check().map_err(|error| error.to_string())?;
        let size = sizes.get(*source as usize).copied().ok_or_else(|| format!("there is no tensor {source}"))?;
        layer.parts.check_source(size).map_err(|error| error.to_string())?;
        if (weights.is_some() || layer.weights.is_some()) != (wiring.weights() > 0) {
            return Err("it has weights that its wiring has no use for, or none".to_string());
        }
        if let Some(WeightsHeader::Tensor(tensor)) = weights
            && *tensor as usize >= sizes.len()
        {
            return Err(format!("there is no tensor {tensor}"));
        }
    }
    let are_placewise = layer.links.iter().all(|LinkHeader { wiring, weights, .. }| {
        let own = matches!(weights, Some(WeightsHeader::Executions | WeightsHeader::Tensor(_)));
        own && wiring.weights() == wiring.sources() && wiring.fan_in_bounds() == [1, 1]
    });
    if matches!(layer.parts, LayerRule::Chosen) && !are_placewise {
        return Err("the choice of a layer is not by a weight for each neuron".to_string());
    }
    let wins = layer.parts.chooses() && !matches!(layer.parts, LayerRule::Chosen);
    if wins && layer.links.iter().any(|link| link.wiring.weights() > 0) {
        return Err("the winner of a layer with weights is not defined".to_string());
    }
    Ok(())
}
