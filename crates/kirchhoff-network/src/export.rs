//! Writing tensors and networks as safetensors files.

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use thiserror::Error;

use crate::network::Network;
use crate::operator::{Operator, elements};

/// A tensor to be written: a name, a shape, and values that may be made while they are written.
pub struct Tensor<'a> {
    name: String,
    shape: Vec<usize>,
    values: Values<'a>,
}

enum Values<'a> {
    Slice(&'a [f32]),
    Made(Box<dyn Iterator<Item = f32> + 'a>),
}

/// Why a file cannot be written.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The file or its folder cannot be written to.
    #[error("cannot write {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Tensors that do not make up a file.
    #[error("cannot write {path}: {reason}")]
    Tensors {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        reason: String,
    },
}

impl<'a> Tensor<'a> {
    /// A tensor of values that are there.
    pub fn new(name: impl Into<String>, shape: &[usize], values: &'a [f32]) -> Self {
        Tensor { name: name.into(), shape: shape.to_vec(), values: Values::Slice(values) }
    }

    /// A tensor of values that are made one by one, as they are written, in row-major order.
    pub fn made(name: impl Into<String>, shape: &[usize], values: impl Iterator<Item = f32> + 'a) -> Self {
        Tensor { name: name.into(), shape: shape.to_vec(), values: Values::Made(Box::new(values)) }
    }

    fn write(self, file: &mut impl Write) -> std::io::Result<()> {
        match self.values {
            Values::Slice(values) if cfg!(target_endian = "little") => file.write_all(bytemuck::cast_slice(values)),
            Values::Slice(values) => values.iter().try_for_each(|value| file.write_all(&value.to_le_bytes())),
            Values::Made(mut values) => values.try_for_each(|value| file.write_all(&value.to_le_bytes())),
        }
    }
}

/// The parameters of a network, as PyTorch would name them: `<layer>.weight` and `<layer>.bias`; those of affine layers
/// are `<layer>.scale` and `<layer>.shift`. Architecture descriptions use the same names.
pub fn tensors(network: &Network) -> Vec<Tensor<'_>> {
    let mut tensors = Vec::new();
    for (_, node) in network.nodes() {
        let mut push = |part: &str, shape: &[usize], values| {
            tensors.push(Tensor::new(format!("{}.{part}", node.name), shape, values));
        };
        match &node.operator {
            Operator::Dense(dense) => {
                push("weight", &[dense.outputs, dense.inputs], &dense.weights);
                if let Some(bias) = &dense.bias {
                    push("bias", &[dense.outputs], bias);
                }
            }
            Operator::Convolution(convolution) => {
                let [height, width] = convolution.window.kernel;
                let shape = [convolution.outputs, convolution.inputs / convolution.groups, height, width];
                match node.shape.len() {
                    2 => push("weight", &[shape[0], shape[1], width], &convolution.weights),
                    _ => push("weight", &shape, &convolution.weights),
                }
                if let Some(bias) = &convolution.bias {
                    push("bias", &[convolution.outputs], bias);
                }
            }
            Operator::Affine(affine) => {
                push("scale", &[affine.scale.len()], &affine.scale);
                push("shift", &[affine.shift.len()], &affine.shift);
            }
            _ => {}
        }
    }
    tensors
}

/// Writes tensors to a safetensors file, with notes for its `__metadata__`.
///
/// The file is written under another name in the same folder and then renamed: whoever has an older file of that name
/// open or mapped keeps it, and no half-written file is ever seen. Values go straight to the file, so that made ones take
/// no memory.
///
/// # Errors
/// A file that cannot be written; two tensors of one name, or one whose number of values is not that of its shape.
pub fn write_safetensors(
    path: &Path,
    tensors: Vec<Tensor>,
    metadata: &HashMap<String, String>,
) -> Result<(), ExportError> {
    let io = |error| ExportError::Io { path: path.to_path_buf(), error };
    let wrong = |reason: String| ExportError::Tensors { path: path.to_path_buf(), reason };
    let header = header(&tensors, metadata).map_err(wrong)?;

    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".part");
    // Like any file that a program makes, not private to its owner as temporary files are.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = builder.tempfile_in(folder).map_err(io)?;

    let mut file = BufWriter::with_capacity(1 << 20, temporary.as_file());
    file.write_all(&header).map_err(io)?;
    for tensor in tensors {
        let (name, expected) = (tensor.name.clone(), 4 * elements(&tensor.shape).unwrap_or(0) as u64);
        let mut counter = Counter { inner: &mut file, written: 0 };
        tensor.write(&mut counter).map_err(io)?;
        if counter.written != expected {
            let got = counter.written;
            return Err(wrong(format!("tensor '{name}' has {got} bytes of values where its shape takes {expected}")));
        }
    }
    file.flush().map_err(io)?;
    drop(file);
    temporary.as_file().sync_all().map_err(io)?;
    temporary.persist(path).map_err(|error| io(error.error))?;
    Ok(())
}

/// The length of the header, and the header.
fn header(tensors: &[Tensor], metadata: &HashMap<String, String>) -> Result<Vec<u8>, String> {
    let mut names = std::collections::HashSet::new();
    let (mut infos, mut offset) = (Vec::new(), 0usize);
    for Tensor { name, shape, .. } in tensors {
        if !names.insert(name) || name == "__metadata__" {
            return Err(format!("no two tensors can be named '{name}'"));
        }
        let end = elements(shape).and_then(|count| count.checked_mul(4)).and_then(|bytes| bytes.checked_add(offset));
        let end = end.ok_or_else(|| format!("tensor '{name}' of shape {shape:?} is too large"))?;
        infos.push((name.clone(), TensorInfo { dtype: Dtype::F32, shape: shape.clone(), data_offsets: (offset, end) }));
        offset = end;
    }
    let notes = (!metadata.is_empty()).then(|| metadata.clone());
    let header = Metadata::new(notes, infos).map_err(|error| error.to_string())?;
    let mut text = serde_json::to_vec(&header).map_err(|error| error.to_string())?;
    // Values start at a multiple of 8 bytes, where readers can map them.
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text);
    Ok(bytes)
}

struct Counter<'a, W> {
    inner: &'a mut W,
    written: u64,
}

impl<W: Write> Write for Counter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, tensors: Vec<Tensor>) -> Result<(), ExportError> {
        write_safetensors(path, tensors, &HashMap::from([("classes".to_string(), "[]".to_string())]))
    }

    #[test]
    fn files_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let values = [1.0f32, -2.5, 3.0];
        let made = values.iter().map(|value| value * 2.0);
        write(&path, vec![Tensor::new("b", &[3], &values), Tensor::made("a", &[1, 3], made)]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(file.tensor("a").unwrap().shape(), [1, 3]);
        assert_eq!(file.tensor("a").unwrap().data(), bytemuck::cast_slice::<f32, u8>(&[2.0, -5.0, 6.0]));
        assert_eq!(file.tensor("b").unwrap().data(), bytemuck::cast_slice::<f32, u8>(&values));
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a.safetensors"], "no temporary file is left");
    }

    #[test]
    fn what_makes_up_no_file_is_refused_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let error = |tensors| write(&path, tensors).unwrap_err().to_string();
        let values = [1.0f32; 2];
        assert!(
            error(vec![Tensor::new("a", &[3], &values)]).contains("'a' has 8 bytes of values where its shape takes 12")
        );
        let twice = vec![Tensor::new("a", &[2], &values), Tensor::new("a", &[2], &values)];
        assert!(error(twice).contains("no two tensors can be named 'a'"));
        assert!(error(vec![Tensor::new("a", &[usize::MAX, 2], &values)]).contains("too large"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let error = write(&folder.path().join("none/a.safetensors"), vec![]).unwrap_err();
        assert!(matches!(error, ExportError::Io { .. }));
    }
}
