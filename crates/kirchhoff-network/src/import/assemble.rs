//! From a list of layers and a file of tensors to a network.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use kirchhoff_kernel::{Weights, Window};

use super::layers::{Architecture, Kind, Layer, Reference, Sliding};
use super::{ImportError, Model};
use crate::network::{NetworkBuilder, NodeId};
use crate::operators::{
    Affine, Concatenate, Convolution, Dense, Operator, Pad, Pool, PoolKind, Reshape, Slice, Softmax, Transpose,
    as_image, elements,
};
use crate::tensor_file::Tensors;

/// The network of an architecture, with its weights from a file.
pub(crate) fn assemble(path: &Path, file: &dyn Tensors, architecture: &Architecture) -> Result<Model, ImportError> {
    let mut assembly = Assembly {
        path,
        file,
        architecture,
        builder: NetworkBuilder::new(),
        nodes: HashMap::new(),
        used: HashSet::new(),
    };
    let (input_name, shape) = (&architecture.input_name, &architecture.input_shape);
    let mut last = assembly.builder.input(input_name, shape).map_err(|error| ImportError::network(path, error))?;
    assembly.nodes.insert(input_name.clone(), last);
    for layer in &architecture.layers {
        last = assembly.layer(layer, last).map_err(|reason| assembly.error(layer.line, reason))?;
    }
    if let Some(output) = &architecture.output {
        last = assembly.find(output)?;
    }
    assembly.check_unused()?;
    let network = assembly.builder.finish(last).map_err(|error| ImportError::network(path, error))?;
    let (preprocessing, classes) = (architecture.preprocessing.clone(), architecture.classes.clone());
    Ok(Model { network, preprocessing, classes })
}

struct Assembly<'a> {
    path: &'a Path,
    file: &'a dyn Tensors,
    architecture: &'a Architecture,
    builder: NetworkBuilder,
    nodes: HashMap<String, NodeId>,
    used: HashSet<String>,
}

impl Assembly<'_> {
    fn error(&self, line: usize, reason: String) -> ImportError {
        match self.architecture.place(self.path, line) {
            (path, Some(line)) => ImportError::description(path, line, reason),
            (path, None) => ImportError::unsupported(path, reason),
        }
    }

    fn find(&self, reference: &Reference) -> Result<NodeId, ImportError> {
        let Reference { name, line } = reference;
        let missing = || self.error(*line, format!("no layer named '{name}' comes before this line"));
        self.nodes.get(name).copied().ok_or_else(missing)
    }

    fn layer(&mut self, layer: &Layer, last: NodeId) -> Result<NodeId, String> {
        let arguments = match &layer.inputs {
            None => vec![last],
            Some(names) => {
                let find = |Reference { name, .. }: &Reference| {
                    let missing =
                        || format!("layer '{}' takes '{name}', which no layer before it is named", layer.name);
                    self.nodes.get(name).copied().ok_or_else(missing)
                };
                names.iter().map(find).collect::<Result<_, _>>()?
            }
        };
        let first = arguments.first().copied().unwrap_or(last);
        let shape = self.builder.shape(first).to_vec();
        let operator = self.operator(layer, &shape)?;
        let node = self.builder.add(&layer.name, operator, &arguments).map_err(|error| error.to_string())?;
        self.nodes.insert(layer.name.clone(), node);
        Ok(node)
    }

    fn operator(&mut self, layer: &Layer, shape: &[usize]) -> Result<Operator, String> {
        Ok(match &layer.kind {
            Kind::Dense => self.dense(layer)?,
            Kind::Convolution(sliding) => self.convolution(layer, sliding, shape)?,
            Kind::Pool { kind, window } => Operator::Pool(Pool { kind: *kind, window: Some(on(shape, *window)) }),
            Kind::GlobalPool(kind) => Operator::Pool(Pool { kind: *kind, window: None }),
            Kind::AdaptivePool { kind, size } => adaptive(&layer.name, *kind, *size, shape)?,
            Kind::BatchNormalization { epsilon } => self.batch_normalization(layer, *epsilon)?,
            Kind::Affine => {
                let (scale, shift) = (self.vector(layer, "scale", None)?, self.vector(layer, "shift", None)?);
                Operator::Affine(Affine { scale, shift })
            }
            Kind::Activation(activation) => Operator::Activation(*activation),
            Kind::Add => Operator::Add,
            Kind::Concatenate { axis } => Operator::Concatenate(Concatenate { axis: *axis }),
            Kind::Slice { axes } => Operator::Slice(Slice { axes: axes.clone() }),
            Kind::Transpose { axes } => Operator::Transpose(Transpose { axes: axes.clone() }),
            Kind::Reshape { shape } => Operator::Reshape(Reshape { shape: shape.clone() }),
            // The shape of a node never overflows: the builder has checked it.
            Kind::Flatten => Operator::Reshape(Reshape { shape: vec![elements(shape).unwrap_or(0)] }),
            Kind::Pad { border, value } => Operator::Pad(Pad { border: border.clone(), value: *value }),
            Kind::Dropout => Operator::Dropout,
            Kind::Softmax { logarithm } => Operator::Softmax(Softmax { logarithm: *logarithm, axis: 0 }),
        })
    }

    fn dense(&mut self, layer: &Layer) -> Result<Operator, String> {
        let (weights, shape) = self.tensor(layer, "weight")?;
        let [outputs, inputs] = shape[..] else {
            return Err(wrong_shape(layer, "weight", "[features out, features in]", &shape));
        };
        let bias = self.bias(layer, outputs)?;
        Ok(Operator::Dense(Dense { inputs, outputs, weights, bias }))
    }

    fn convolution(&mut self, layer: &Layer, sliding: &Sliding, source: &[usize]) -> Result<Operator, String> {
        let (weights, shape) = self.tensor(layer, "weight")?;
        let (outputs, group_inputs, kernel) = match shape[..] {
            [outputs, inputs, length] => (outputs, inputs, [1, length]),
            [outputs, inputs, height, width] => (outputs, inputs, [height, width]),
            _ => {
                let expected = "[channels out, channels in / groups, height, width] or [.., .., length]";
                return Err(wrong_shape(layer, "weight", expected, &shape));
            }
        };
        if let Some(expected) = sliding.kernel.filter(|expected| *expected != kernel) {
            return Err(wrong_shape(layer, "weight", &format!("a kernel of {expected:?}"), &shape));
        }
        let groups = sliding.groups;
        let inputs =
            group_inputs.checked_mul(groups).ok_or_else(|| wrong_shape(layer, "weight", "fewer channels", &shape))?;
        let Sliding { stride, padding, dilation, .. } = *sliding;
        let window = on(source, Window { kernel, stride, padding, dilation, ceil: false });
        let bias = self.bias(layer, outputs)?;
        Ok(Operator::Convolution(Convolution { inputs, outputs, groups, window, weights, bias }))
    }

    /// `weight · (x − running_mean) / sqrt(running_var + ε) + bias`, as one multiply-add.
    fn batch_normalization(&mut self, layer: &Layer, epsilon: f64) -> Result<Operator, String> {
        let mean = self.vector(layer, "running_mean", None)?;
        let channels = mean.len();
        let variance = self.vector(layer, "running_var", Some(channels))?;
        if let Some(position) = variance.iter().position(|&value| f64::from(value) + epsilon <= 0.0) {
            let (name, value) = (&layer.tensors, variance[position]);
            return Err(format!("tensor '{name}.running_var' holds {value} at position {position}: no variance"));
        }
        let weight = self.optional_vector(layer, "weight", channels)?;
        let bias = self.optional_vector(layer, "bias", channels)?;
        // PyTorch counts its training batches next to the statistics. The count has no part in the result.
        self.used.insert(format!("{}.num_batches_tracked", layer.tensors));
        let value = |values: &Option<Weights>, channel: usize, or: f64| {
            values.as_ref().map_or(or, |values| f64::from(values[channel]))
        };
        let (mut scale, mut shift) = (Vec::with_capacity(channels), Vec::with_capacity(channels));
        for channel in 0..channels {
            let factor = value(&weight, channel, 1.0) / (f64::from(variance[channel]) + epsilon).sqrt();
            scale.push(factor as f32);
            shift.push((value(&bias, channel, 0.0) - factor * f64::from(mean[channel])) as f32);
        }
        Ok(Operator::Affine(Affine { scale: scale.into(), shift: shift.into() }))
    }

    fn bias(&mut self, layer: &Layer, outputs: usize) -> Result<Option<Weights>, String> {
        self.optional_vector(layer, "bias", outputs)
    }

    fn optional_vector(&mut self, layer: &Layer, part: &str, length: usize) -> Result<Option<Weights>, String> {
        let present = self.file.shape(&format!("{}.{part}", layer.tensors)).is_some();
        present.then(|| self.vector(layer, part, Some(length))).transpose()
    }

    fn vector(&mut self, layer: &Layer, part: &str, length: Option<usize>) -> Result<Weights, String> {
        let (values, shape) = self.tensor(layer, part)?;
        match (length, &shape[..]) {
            (Some(length), &[got]) if got == length => Ok(values),
            (None, &[_]) => Ok(values),
            (Some(length), _) => Err(wrong_shape(layer, part, &format!("[{length}]"), &shape)),
            (None, _) => Err(wrong_shape(layer, part, "[channels]", &shape)),
        }
    }

    fn tensor(&mut self, layer: &Layer, part: &str) -> Result<(Weights, Vec<usize>), String> {
        let name = format!("{}.{part}", layer.tensors);
        let Some(values) = self.file.values(&name) else {
            let like: Vec<&str> = self.file.names().into_iter().filter(|other| other.ends_with(part)).take(6).collect();
            let there = if like.is_empty() { String::new() } else { format!("; there are {}", like.join(", ")) };
            return Err(format!("the file has no tensor '{name}', which layer '{}' needs{there}", layer.name));
        };
        let values = values.map_err(|reason| format!("tensor '{name}' {reason}"))?;
        let shape = self.file.shape(&name).unwrap_or_default().to_vec();
        if values.is_empty() {
            return Err(format!("tensor '{name}' of shape {shape:?} is empty"));
        }
        self.used.insert(name);
        Ok((values, shape))
    }

    fn check_unused(&self) -> Result<(), ImportError> {
        let ignored = |name: &str| self.architecture.ignored.iter().any(|prefix| name.starts_with(prefix));
        let names = self.file.names();
        let unused: Vec<&str> = names.into_iter().filter(|name| !self.used.contains(*name) && !ignored(name)).collect();
        let [first, rest @ ..] = &unused[..] else { return Ok(()) };
        let others = if rest.is_empty() { String::new() } else { format!(", nor {} others", rest.len()) };
        let source = match &self.architecture.source {
            Some(source) => format!("{}; list what is left out on purpose under 'ignore'", source.display()),
            None => {
                "the architecture that the other tensors have; describe it with --architecture FILE.toml".to_string()
            }
        };
        let reason = format!("no layer uses tensor '{first}'{others}, according to {source}");
        Err(ImportError::unsupported(self.path, reason))
    }
}

fn wrong_shape(layer: &Layer, part: &str, expected: &str, shape: &[usize]) -> String {
    let Layer { tensors, name, .. } = layer;
    format!("tensor '{tensors}.{part}' has shape {shape:?}, but layer '{name}' takes {expected}")
}

/// A window on a tensor of the given shape: on a signal, only its horizontal half counts.
fn on(shape: &[usize], window: Window) -> Window {
    if shape.len() != 2 {
        return window;
    }
    let Window { kernel, stride, padding, dilation, ceil } = window;
    Window {
        kernel: [1, kernel[1]],
        stride: [1, stride[1]],
        padding: [[0, 0], padding[1]],
        dilation: [1, dilation[1]],
        ceil,
    }
}

/// The pool that makes a map of the given size; a reshape to the same shape where it has that size.
fn adaptive(name: &str, kind: PoolKind, size: [usize; 2], shape: &[usize]) -> Result<Operator, String> {
    let [_, height, width] = as_image(shape).map_err(|error| format!("layer '{name}' (adaptive pooling) {error}"))?;
    let size = if shape.len() == 2 { [1, size[1]] } else { size };
    if [height, width] == size {
        return Ok(Operator::Reshape(Reshape { shape: shape.to_vec() }));
    }
    if size.contains(&0) || !height.is_multiple_of(size[0]) || !width.is_multiple_of(size[1]) {
        let [rows, columns] = size;
        return Err(format!(
            "layer '{name}' pools a map of {height}×{width} to {rows}×{columns}, in windows of different sizes: only maps \
             that it divides evenly can be pooled; choose another input shape"
        ));
    }
    let kernel = [height / size[0], width / size[1]];
    Ok(Operator::Pool(Pool { kind, window: Some(Window::new(kernel).with_stride(kernel)) }))
}
