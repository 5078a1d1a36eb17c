//! Neurons of layers, as users write them.

use std::fmt;
use std::str::FromStr;

use kirchhoff_circuit::{LayeredCircuit, Tensor, TensorId, neurons_at};
use kirchhoff_compile::listed;

use crate::{ExplainError, TargetError};

/// Some neurons of what a layer computes, or of an input: written as neurons are named, `features.28[3]`.
///
/// What stands in the brackets is a place: `h1[17]` a neuron, `conv[3]` a channel of an image, `conv[3,5,6]` one neuron of it,
/// `conv[3,0:7,:]` a part of it, `[*]` all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neurons {
    /// The layer, or the input.
    pub layer: String,
    /// Their place in its tensor.
    pub place: String,
}

impl Neurons {
    /// The tensor of a circuit, and the neurons of it.
    ///
    /// # Errors
    /// No such layer, or no such place in its tensor.
    pub fn find(&self, circuit: &LayeredCircuit) -> Result<(TensorId, Vec<usize>), ExplainError> {
        let id = self.tensor(circuit)?;
        let Tensor { name, shape, .. } = circuit.tensor(id);
        match neurons_at(shape, &self.place) {
            Some(neurons) => Ok((id, neurons)),
            None => {
                Err(TargetError::Neurons { neurons: self.to_string(), layer: name.clone(), shape: shape.clone() }
                    .into())
            }
        }
    }

    /// The tensor of a circuit.
    ///
    /// # Errors
    /// No such layer.
    pub fn tensor(&self, circuit: &LayeredCircuit) -> Result<TensorId, ExplainError> {
        circuit.find_labelled(&self.layer).ok_or_else(|| {
            let layers: Vec<_> = circuit.tensors().iter().map(|tensor| &*tensor.name).collect();
            let (nearest, layers) = listed(&self.layer, &layers);
            ExplainError::NoTensor { pattern: self.layer.clone(), nearest, layers }
        })
    }

    /// Reads several: those that count for an explanation and those that count against it, `conv[3],conv[8]-conv[5]`.
    pub(crate) fn read_sides(text: &str) -> Result<[Vec<Neurons>; 2], TargetError> {
        let syntax = || TargetError::Syntax(text.to_string());
        let mut sides = [Vec::new(), Vec::new()];
        let (mut rest, mut side) = (text.trim(), 0);
        loop {
            let end = rest.find(']').ok_or_else(syntax)?;
            let (part, others) = rest.split_at(end + 1);
            sides[side].push(part.parse().map_err(|_| syntax())?);
            let others = others.trim_start();
            side = match (others.chars().next(), side) {
                (None, _) => return Ok(sides),
                (Some(','), side) => side,
                (Some('-'), 0) => 1,
                _ => return Err(syntax()),
            };
            rest = others[1..].trim_start();
        }
    }
}

impl FromStr for Neurons {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let parts = text.trim().strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
        match parts {
            Some((layer, place)) if !layer.trim().is_empty() => {
                Ok(Neurons { layer: layer.trim().to_string(), place: place.replace(' ', "") })
            }
            _ => Err(TargetError::NoNeurons(text.to_string())),
        }
    }
}

impl fmt::Display for Neurons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.layer, self.place)
    }
}
