//! Models in safetensors files.
//!
//! Such a file holds named tensors and no architecture. It is described by an architecture file, or recognised. The
//! file's `__metadata__` may say what the architecture does not: `input_shape` (a JSON list such as `[3,224,224]`),
//! `preprocessing` (a JSON object with any fields of [`Preprocessing`](crate::Preprocessing)) and `classes` (a JSON list of
//! strings). What the caller or a description says comes before it.

use std::path::Path;

use kirchhoff_file::{OpenError, TensorFile};
use serde::de::DeserializeOwned;

use super::architectures::recognise;
use super::assemble::assemble;
use super::description;
use super::{ImportError, Model};
use crate::tensor_file::Tensors;

const FORMAT: &str = "safetensors";

/// Reads a model from a safetensors file. The file is mapped, and tensors of f32 values stay in it; f16, bf16 and f64
/// values are converted.
///
/// The architecture is that of the description at `architecture`, or else it is recognised from the names and shapes of
/// the tensors: torchvision's VGG-11, 13, 16 and 19 (with batch normalisation or without) and AlexNet, with any widths
/// and number of classes and for `input_shape`s whose last map the adaptive pool divides evenly (`[channels, 224, 224]`
/// unless given); and chains of linear layers whose names differ in one number (`0.weight`, `2.weight`; `fc1.weight`,
/// `fc2.weight`), with a ReLU between each two. `input_shape` overrides the shape that the architecture has by itself; a
/// chain of linear layers flattens what is not a vector.
///
/// # Errors
/// A file that cannot be read, that is not a sound safetensors file, whose architecture is not recognised, or whose
/// tensors are not those of the architecture: missing, left over, of wrong shapes, or not finite.
pub fn read(path: &Path, architecture: Option<&Path>, input_shape: Option<&[usize]>) -> Result<Model, ImportError> {
    let file = TensorFile::open(path).map_err(|error| match error {
        OpenError::Io(error) => ImportError::io(path, error),
        OpenError::Malformed(reason) => ImportError::malformed(path, FORMAT, reason),
    })?;
    let own_shape: Option<Vec<usize>> = metadata(path, &file, "input_shape")?;
    let architecture = match architecture {
        Some(description) => description::read(description, input_shape)?,
        None => match recognise(&file, input_shape.or(own_shape.as_deref())) {
            Some(recognised) => recognised.map_err(|reason| ImportError::unsupported(path, reason))?,
            None => return Err(ImportError::unsupported(path, unknown(&file))),
        },
    };
    let mut model = assemble(path, &file, &architecture)?;
    if model.preprocessing.is_none() {
        model.preprocessing = metadata(path, &file, "preprocessing")?;
    }
    if let Some(preprocessing) = &model.preprocessing {
        let problem = |reason| ImportError::unsupported(path, format!("its preprocessing does not fit: {reason}"));
        let shape = &model.network.node(model.network.input()).shape;
        preprocessing.check(shape.first().copied().unwrap_or(1)).map_err(problem)?;
    }
    if model.classes.is_none() {
        model.classes = metadata(path, &file, "classes")?;
    }
    if let Some(classes) = &model.classes {
        let values: usize = model.network.node(model.network.output()).shape.iter().product();
        if classes.len() != values {
            let count = classes.len();
            let reason = format!("{count} classes are named, but the output has {values} values");
            return Err(ImportError::unsupported(path, reason));
        }
    }
    Ok(model)
}

fn metadata<T: DeserializeOwned>(path: &Path, file: &TensorFile, key: &str) -> Result<Option<T>, ImportError> {
    let Some(text) = file.metadata(key) else { return Ok(None) };
    let problem =
        |error| ImportError::malformed(path, FORMAT, format!("the metadata under '{key}' cannot be read: {error}"));
    serde_json::from_str(text).map(Some).map_err(problem)
}

/// The message about an architecture that is not recognised.
fn unknown(file: &TensorFile) -> String {
    const SHOWN: usize = 8;
    let names = file.names();
    let mut shown: Vec<String> =
        names.iter().take(SHOWN).map(|name| format!("{name} {:?}", file.shape(name).unwrap_or_default())).collect();
    if names.len() > SHOWN {
        shown.push(format!("and {} more", names.len() - SHOWN));
    }
    let tensors = if shown.is_empty() { "no tensors".to_string() } else { shown.join(", ") };
    format!(
        "its tensors are of no architecture that is recognised (torchvision's VGG and AlexNet, chains of linear layers): \
         it has {tensors}; describe its layers with --architecture FILE.toml"
    )
}
