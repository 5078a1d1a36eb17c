//! ONNX files.
//!
//! The file's graph is followed node by node. Values that do not depend on the input (weights, shapes and the
//! arithmetic on them) are computed on the way; the others become nodes of the network, without the batch axis that
//! ONNX tensors have first.

mod arithmetic;
mod constant;
mod fault;
mod function;
mod graph;
mod importer;
mod indexing;
mod linear;
mod node;
mod normalisation;
mod operators;
mod pool;
pub(crate) mod proto;
mod recurrent;
mod resize;
mod shape;
mod tensor;

use std::path::Path;

use prost::Message;

use super::{ImportError, Model};
use fault::{Fault, Result};
use graph::Graph;
use importer::Importer;
use tensor::Files;

/// Reads an ONNX file.
///
/// `input_shape` is the shape of one input, without the batch axis; it is needed only for models that leave axes
/// besides the batch axis open. Weights stay in the file wherever they are aligned there (as in the data files
/// that large models come with), else they are copied.
///
/// # Errors
/// A file that cannot be read, is damaged, or has a part that is not supported; the message names the part and says
/// what to do. No file makes it panic, and no memory is taken for tensors whose size a file only claims.
pub fn read(path: &Path, input_shape: Option<&[usize]>) -> std::result::Result<Model, ImportError> {
    import(path, input_shape).map_err(|fault| fault.about(path))
}

fn import(path: &Path, input_shape: Option<&[usize]>) -> Result<Model> {
    let files = Files::open(path)?;
    let model = proto::Model::decode(files.bytes()).map_err(|error| {
        Fault::malformed(format!("it is damaged, cut off, or of another format ({error}); copy or export it again"))
    })?;
    let Some(graph) = &model.graph else {
        return Err(Fault::malformed("it holds no graph: it is cut off or of another format"));
    };
    let opset = model.opset_import.iter().find(|opset| matches!(&opset.domain[..], "" | "ai.onnx"));
    let Some(opset) = opset.filter(|opset| opset.version > 0 && model.ir_version.is_some()) else {
        return Err(Fault::malformed("it does not say which version of ONNX it is of: it is cut off; export it again"));
    };
    let graph = Graph::new(graph, &files)?;
    let importer = Importer::new(&graph, opset.version, input_shape, false)?;
    let several = importer.batch > 1;
    match importer.run() {
        Ok(network) => Ok(network.into()),
        // What looked like several inputs may be one, of a sequence whose steps come first.
        Err(fault) if several => {
            match Importer::new(&graph, opset.version, input_shape, true).and_then(Importer::run) {
                Ok(network) => Ok(network.into()),
                Err(_) => Err(fault),
            }
        }
        Err(fault) => Err(fault),
    }
}
