//! Relevance that another tool has computed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kirchhoff_data::Batch;
use kirchhoff_explain::{Answer, AnySemiring, Described, ExplainError, Layers, Question, TensorRelevance};
use kirchhoff_network::Execution;
use kirchhoff_semiring::{Array, Meaning, Real};

use crate::{Identity, StudyError};

/// The relevance of the inputs of a data set as another tool has computed it: real numbers under a name of their own, one a
/// value of each input, in the order of the data set. A [`question`](Outside::question) stands for it among those of a study.
#[derive(Clone)]
pub struct Outside {
    semiring: AnySemiring,
    values: Arc<[f32]>,
    size: usize,
}

impl Outside {
    /// Relevance under a name, of inputs of `size` values each: one input after the other.
    ///
    /// # Errors
    /// Numbers that are not finite, or that are not as many for each input.
    pub fn new(name: &str, values: Vec<f32>, size: usize) -> Result<Self, StudyError> {
        if size == 0 || !values.len().is_multiple_of(size) {
            let (count, name) = (values.len(), name.to_string());
            return Err(StudyError::Settings(format!("`{name}` has {count} numbers, which is not {size} an input")));
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let (value, input, place) = (values[at], at / size, at % size);
            return Err(StudyError::Settings(format!("`{name}` has {value} for value {place} of input {input}")));
        }
        let semiring = Described::embedding(name.to_string(), Real).with_meaning(Meaning::Signed).into();
        Ok(Outside { semiring, values: values.into(), size })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.semiring.name
    }

    /// What stands for it among the questions of a study: about the input, from the answer of the network unless it is given
    /// other targets.
    pub fn question(&self) -> Question {
        Question { layers: Layers::Input, ..Question::of(self.semiring.clone()) }
    }

    /// The one of several that a question stands for.
    pub(crate) fn of<'a>(question: &Question, several: &'a [Outside]) -> Option<&'a Outside> {
        several.iter().find(|outside| outside.semiring == question.semiring)
    }

    /// Adds several to the identity of a run.
    pub(crate) fn identify(several: &[Outside], identity: &mut Identity) {
        for Outside { semiring, values, .. } in several {
            let bits: String = values.iter().map(|value| format!("{:x} ", value.to_bits())).collect();
            identity.set_hash(&format!("relevance `{}`", semiring.name), &bits);
        }
    }

    /// The relevance of the inputs of a batch, as if the question had been answered.
    pub(crate) fn answer(
        &self,
        question: &Question,
        execution: &Execution,
        batch: &Batch,
    ) -> Result<Answer, StudyError> {
        let count = self.values.len() / self.size;
        let network = execution.network();
        let input = network.node(network.input());
        let size: usize = input.shape.iter().product();
        if size != self.size {
            let (name, own) = (self.name(), self.size);
            return Err(StudyError::Settings(format!("`{name}` has {own} numbers an input, and inputs have {size}")));
        }
        let mut values = Vec::with_capacity(batch.positions.len() * size);
        for &position in &batch.positions {
            let row = self.values.get(position * size..(position + 1) * size).ok_or_else(|| {
                StudyError::Settings(format!(
                    "`{}` is of {count} inputs, but there is an input {position}, counted from 0",
                    self.name()
                ))
            })?;
            values.extend_from_slice(row);
        }
        let inputs = batch.positions.len();
        let target = |input: usize| {
            let target = match &question.targets[..] {
                [target] => target,
                targets if targets.len() == inputs => &targets[input],
                targets => return Err(ExplainError::Targets { targets: targets.len(), inputs }),
            };
            Ok(target.resolve(execution.output(input))?)
        };
        let targets = (0..inputs).map(target).collect::<Result<_, _>>()?;
        let tensor = TensorRelevance {
            name: input.name.clone(),
            shape: input.shape.clone(),
            values: Array::F32(values),
            limbs: None,
            columns: Vec::new(),
        };
        Ok(Answer {
            semiring: self.semiring.clone(),
            tensors: vec![tensor],
            joined: None,
            summaries: Vec::new(),
            ledgers: Vec::new(),
            settings: Vec::new(),
            targets,
            time: Duration::ZERO,
        })
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (inputs, size) = (self.values.len() / self.size, self.size);
        f.debug_struct("Outside").field("name", &self.name()).field("inputs", &inputs).field("size", &size).finish()
    }
}
