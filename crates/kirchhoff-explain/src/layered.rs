//! Stored layered circuits: what is known of them beside their layers.

use kirchhoff_circuit::LayeredCircuit;
use kirchhoff_evaluate::Annotations;
use kirchhoff_semiring::Annotation;
use serde::{Deserialize, Serialize};

use crate::{ExplainError, Question};

/// What is known of a layered circuit beside its layers: stored with it as its notes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LayeredNotes {
    /// The model.
    pub model: String,
    /// The names of the inputs.
    pub inputs: Vec<String>,
    /// Channels, height and width, where the inputs are pictures.
    pub picture: Option<[usize; 3]>,
    /// The semiring that it was compiled for.
    pub semiring: String,
    /// Θ of each layer there, unless thresholds are left open.
    pub annotations: Vec<Annotation>,
    /// The targets: one for all inputs, or one an input.
    pub targets: Vec<String>,
}

impl LayeredNotes {
    /// What a question says of a circuit that was compiled for it.
    ///
    /// # Errors
    /// Annotations that do not fit.
    pub fn new(circuit: &LayeredCircuit, question: &Question) -> Result<Self, ExplainError> {
        let annotations = match question.is_open() {
            true => Vec::new(),
            false => {
                let annotations = question.annotations(circuit)?;
                (0..annotations.count()).map(|index| annotations.of(index)).collect()
            }
        };
        Ok(LayeredNotes {
            semiring: question.semiring.name.to_string(),
            annotations,
            targets: question.targets.iter().map(ToString::to_string).collect(),
            ..LayeredNotes::default()
        })
    }

    /// The question with the Θ that is noted, if it is in the semiring that the circuit was compiled for.
    pub fn annotate(&self, circuit: &LayeredCircuit, mut question: Question) -> Question {
        if self.semiring == question.semiring.name && self.annotations.len() == circuit.layers().len() {
            question.settled = Some(Annotations::new(self.annotations.clone()));
        }
        question
    }
}
