//! Gate circuits as files: their flat arrays, as they are.

use std::path::{Path, PathBuf};

use kirchhoff_file::{Output, Seal, Tensor, WriteError, write_tensors};
use kirchhoff_semiring::Laws;

use super::file::{CircuitFile, StoreError};
use super::header::{CircuitKind, GatesHeader, KEY, LayerHeader, Notes, OutputHeader, laws};
use super::names::{Names, split};
use crate::{GateArrays, GateCircuit, GateLayer, LeafEdges, OutputTensor};

/// Writes a gate circuit to a file, with what its maker says about it.
///
/// The file appears when it is complete; the same circuit and notes give the same bytes. It takes 5 bytes a gate, 4 an
/// operand and an output, 8 a contribution, 16 where it has its edge, and 4 a variable beside its name; memory is taken for
/// names alone.
///
/// # Errors
/// A file that cannot be written, or that nothing could read: names of more than 4 GB together, a header of more than 100
/// MB (from notes, layers and output tensors), or contributions that could not be [loaded](GateCircuit::check_contributions) again.
pub fn save_gates(output: impl Into<Output>, circuit: &GateCircuit, notes: &Notes) -> Result<(), StoreError> {
    let output = output.into();
    let path = output.path();
    circuit.check_contributions().map_err(|error| StoreError::Contribution { path: path.to_path_buf(), error })?;
    let arrays = circuit.arrays();
    let header = GatesHeader {
        version: CircuitKind::Gates.version(),
        kind: CircuitKind::Gates,
        laws: laws(arrays.laws),
        layers: arrays.layers.iter().map(LayerHeader::from).collect(),
        outputs: arrays.output_tensors.iter().map(OutputHeader::from).collect(),
        variables: None,
        notes: notes.clone(),
    };
    let names =
        Names::new(&arrays.variables).map_err(|reason| WriteError::Tensors { path: path.to_path_buf(), reason })?;
    let header = serde_json::to_string(&header).map_err(|error| unwritable(path, error))?;
    fn tensor<'a, T: kirchhoff_file::Element>(name: &str, values: &'a [T]) -> Tensor<'a> {
        Tensor::new(name, &[values.len()], values)
    }
    // Wider values first: each array then begins where it can be read in place.
    let mut tensors = vec![
        tensor("offsets", &arrays.offsets),
        tensor("operands", &arrays.operands),
        tensor("contributions", &arrays.contributions),
        tensor("contribution_layers", &arrays.contribution_layers),
        tensor("outputs", &arrays.outputs),
        tensor(NAMES[0], &names.ends),
        tensor("kinds", &arrays.kinds),
        tensor(NAMES[1], &names.text),
    ];
    if let Some(LeafEdges { sources, destinations }) = &arrays.edges {
        tensors.splice(4..4, [tensor(EDGES[0], sources), tensor(EDGES[1], destinations)]);
    }
    Ok(write_tensors(output.clone(), tensors, &[(KEY, &header)], Seal::Checksum)?)
}

pub(super) fn unwritable(path: &Path, error: serde_json::Error) -> WriteError {
    WriteError::Tensors { path: path.to_path_buf(), reason: error.to_string() }
}

const TENSORS: [&str; 6] = ["offsets", "operands", "contributions", "contribution_layers", "outputs", "kinds"];

/// The tensors of a circuit whose edges have leaves of their own.
const EDGES: [&str; 2] = ["edge_sources", "edge_destinations"];

/// The tensors of the names of variables: where each ends, and all of them.
const NAMES: [&str; 2] = ["variable_ends", "variable_names"];

impl CircuitFile {
    /// The gate circuit of the file. Its arrays stay in the file; memory is taken for names and levels alone.
    ///
    /// Takes O(gates + operands) time, for the [check](GateArrays::check) of the arrays and
    /// [contributions](GateCircuit::check_contributions).
    ///
    /// # Errors
    /// A header or tensors that are not what the format asks for, or arrays that are no gate circuit.
    pub fn gates(&self) -> Result<GateCircuit, StoreError> {
        self.expect_kind(CircuitKind::Gates)?;
        let header: GatesHeader = self.header()?;
        let has_edges = self.file.tensor_names().any(|name| EDGES.contains(&name));
        let named: &[&str] = if header.variables.is_some() { &[] } else { &NAMES };
        self.expect_tensors(&[&TENSORS[..], if has_edges { &EDGES } else { &[] }, named].concat())?;
        if header.variables.is_some() != (header.version == 1) {
            return Err(self.malformed("names of variables stand in the header of version 1, and there alone"));
        }
        let variables = match header.variables {
            Some(names) => names,
            None => {
                let (ends, text) = (self.array::<u32>(NAMES[0])?, self.array::<u8>(NAMES[1])?);
                split(&ends, &text).map_err(|reason| self.malformed(reason))?
            }
        };
        let edges = match has_edges {
            true => Some(LeafEdges { sources: self.array(EDGES[0])?, destinations: self.array(EDGES[1])? }),
            false => None,
        };
        let arrays = GateArrays {
            kinds: self.array("kinds")?,
            offsets: self.array("offsets")?,
            operands: self.array("operands")?,
            contributions: self.array("contributions")?,
            contribution_layers: self.array("contribution_layers")?,
            edges,
            outputs: self.array("outputs")?,
            output_tensors: header.outputs.into_iter().map(OutputTensor::from).collect(),
            variables,
            layers: header.layers.into_iter().map(GateLayer::from).collect(),
            laws: Laws::of(&header.laws),
        };
        let path = || -> PathBuf { self.path().to_path_buf() };
        let circuit = GateCircuit::new(arrays).map_err(|error| StoreError::Gates { path: path(), error })?;
        circuit.check_contributions().map_err(|error| StoreError::Contribution { path: path(), error })?;
        Ok(circuit)
    }
}
