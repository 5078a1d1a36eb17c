//! ONNX files.
//!
//! The file's graph is followed node by node. Values that do not depend on the input (weights, shapes and the
//! arithmetic on them) are computed on the way; the others become nodes of the network, without the batch axis that
//! ONNX tensors have first.

mod arithmetic;
mod constant;
mod einsum;
mod fault;
mod function;
mod fused;
mod graph;
mod importer;
mod indexing;
mod inline;
mod input;
mod learn;
mod linear;
mod logic;
mod node;
mod normalisation;
mod one_hot;
mod operators;
mod pool;
pub(crate) mod proto;
mod recurrent;
mod resize;
mod shape;
mod slopes;
mod tensor;

use std::path::Path;

use prost::Message;

use super::{ImportError, ImportOptions, Model};
use crate::network::Network;
use fault::{Fault, Result};
use graph::Graph;
use importer::Importer;
use input::Reading;
use tensor::Files;

/// Reads an ONNX file.
///
/// Shapes of inputs are needed only for models that leave axes besides the batch axis open. Inputs of integers are given
/// (tokens, masks, lengths), unless the output would then depend on nothing that relevance can go to. Weights stay in the file wherever they are aligned there (as in the data files
/// that large models come with), else they are copied.
///
/// # Errors
/// A file that cannot be read, is damaged, or has a part that is not supported; the message names the part and says
/// what to do. No file makes it panic, and no memory is taken for tensors whose size a file only claims.
pub fn read(path: &Path, options: &ImportOptions<'_>) -> std::result::Result<Model, ImportError> {
    import(path, options).map_err(|fault| fault.about(path))
}

fn import(path: &Path, options: &ImportOptions<'_>) -> Result<Model> {
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
    let written_out = inline::written_out(&model, graph)?;
    let graph = written_out.as_ref().unwrap_or(graph);
    let names: Vec<&str> = graph.output.iter().map(|output| &output.name[..]).collect();
    let network = |outputs: &[&str]| network(&Graph::new(graph, outputs, &files)?, opset.version, options);
    if let Some(wanted) = options.output {
        if !names.contains(&wanted) {
            let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
            let known = names.join(", ");
            return Err(Fault::unsupported(format!("the model has no output '{wanted}'; it has {known}")));
        }
        return Ok(network(&[wanted])?.into());
    }
    match network(&names) {
        Ok(network) => Ok(network.into()),
        Err(fault) if names.len() > 1 => match names.iter().find_map(|&name| network(&[name]).ok()) {
            Some(network) => Ok(network.into()),
            None => Err(fault),
        },
        Err(fault) => Err(fault),
    }
}

/// The network of a graph, by the readings of its inputs that make sense.
fn network<'a>(graph: &'a Graph<'a>, opset: i64, options: &ImportOptions<'_>) -> Result<Network> {
    let read = |reading: Reading| Importer::new(graph, opset, options, reading)?.run();
    let importer = Importer::new(graph, opset, options, Reading::default())?;
    let several = importer.batch > 1;
    let mut reading = Reading::default();
    let network = match importer.run() {
        Ok(network) => network,
        // What looked like several inputs may be one, of a sequence whose steps come first.
        Err(fault) if several => {
            reading.is_whole = true;
            read(reading).map_err(|_| fault)?
        }
        Err(fault) => return Err(fault),
    };
    // Integers that nothing looks up and no number joins are numbers after all: columns of a table.
    match network.is_given(network.output()) {
        true => read(Reading { are_numbers: true, ..reading }),
        false => Ok(network),
    }
}
