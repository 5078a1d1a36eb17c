//! The one way in for model files of every format.

use std::path::Path;

use super::{ImportError, Model, safetensors};

/// What the user says about a model file.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions<'a> {
    /// A description of the architecture, for formats that hold tensors only.
    pub architecture: Option<&'a Path>,
    /// The shape of the input, without the batch axis, instead of the model's own; where there are several, of the first.
    pub input_shape: Option<&'a [usize]>,
    /// The shapes of inputs by name, likewise.
    pub input_shapes: &'a [(String, Vec<usize>)],
    /// The shapes of the arrays that inputs will be, by name, or without one for the first input. Where a model leaves axes open of
    /// which nothing else is said, they have the lengths of these; an array of one axis more has several inputs on the first.
    pub array_shapes: &'a [(Option<String>, Vec<usize>)],
    /// The name of the only output to read. Without one, all outputs are read, or the first that can be where some cannot.
    pub output: Option<&'a str>,
}

/// Reads a model file; its extension, in lower or upper case, tells the format: `.onnx` or `.safetensors`.
///
/// # Errors
/// Another extension, an architecture for a file that has its own, or whatever the format's reader finds wrong.
pub fn read(path: &Path, options: &ImportOptions) -> Result<Model, ImportError> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match extension.as_str() {
        "safetensors" => {
            let model = safetensors::read(path, options.architecture, options.input_shape)?;
            match options.output {
                None => Ok(model),
                Some(output) => {
                    let network =
                        model.network.for_output(output).map_err(|error| ImportError::network(path, error))?;
                    Ok(Model { network, ..model })
                }
            }
        }
        "onnx" => {
            if let Some(architecture) = options.architecture {
                let reason =
                    format!("an ONNX file has an architecture of its own; leave out {}", architecture.display());
                return Err(ImportError::unsupported(path, reason));
            }
            super::onnx::read(path, options)
        }
        "pt" | "pth" | "bin" | "ckpt" => Err(ImportError::unsupported(
            path,
            "PyTorch's own files hold programs and are not read: save the state_dict with safetensors.torch.save_file, or \
             export the model to ONNX",
        )),
        "" => Err(ImportError::unsupported(path, "a model file has the extension .onnx or .safetensors")),
        other => Err(ImportError::unsupported(
            path,
            format!("'.{other}' is no format of models that is read: there are .onnx and .safetensors"),
        )),
    }
}
