//! The strongest paths to the most relevant elements of inputs.

use std::collections::BTreeSet;

use kirchhoff_circuit::{LayeredCircuit, TensorId};
use kirchhoff_compile::compile;
use kirchhoff_evaluate::{PathStep, RelevancePath};
use kirchhoff_explain::{Answer, ExplainError, Question, Target, strongest_paths};
use kirchhoff_kernel::Monitor;
use kirchhoff_network::Execution;
use kirchhoff_semiring::{Meaning, SemiringInfo};
use serde::Serialize;

use super::ExplanationError;

/// Paths that are found to each element.
const COUNT: usize = 3;

/// Which elements of inputs the strongest paths are found to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathOptions {
    /// So many of the most relevant elements of each input in each semiring.
    pub most: usize,
    /// Elements of every input beside those, by the position of the part of the input, and that in the part.
    pub elements: Vec<(usize, usize)>,
}

impl PathOptions {
    /// Whether paths are found at all.
    pub(super) fn any(&self) -> bool {
        self.most > 0 || !self.elements.is_empty()
    }
}

/// The strongest paths to an element of an input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ElementPaths {
    /// The position of the part of the input that the element belongs to: 0, where the network has one input.
    pub part: usize,
    /// Its position in the part.
    pub element: usize,
    /// The paths, the strongest first; none where no path leads to it.
    pub paths: Vec<ElementPath>,
}

/// A path from an element of an input to the target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ElementPath {
    /// The product of the weights of its edges, in `[0, 1]`.
    pub weight: f64,
    /// Its edges, from the input to the target.
    pub steps: Vec<ElementStep>,
}

/// An edge of a path.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ElementStep {
    /// The layer whose tensor it leads to.
    pub layer: String,
    /// The neuron there.
    pub neuron: usize,
    /// Its contribution under rule `max-abs`.
    pub contribution: f32,
    /// What Θ makes of that.
    pub weight: f32,
}

/// The strongest paths to the elements of each input of an execution that are the most relevant in the answers: by the Viterbi
/// semiring with its own rule and Θ, from the targets that count for the explanation and under its conditions.
///
/// # Errors
/// A target that the network does not have; cancellation.
pub(super) fn strongest(
    execution: &Execution,
    asked: &Question,
    answers: &[Answer],
    options: &PathOptions,
    monitor: &dyn Monitor,
) -> Result<Vec<Vec<ElementPaths>>, ExplanationError> {
    let mut question = Question::new("viterbi").map_err(ExplainError::from)?;
    question.targets = asked.targets.iter().map(Target::without_minus).collect();
    (question.through, question.removed) = (asked.through.clone(), asked.removed.clone());
    let compiled = compile(execution, &question.assignment).map_err(ExplainError::from)?;
    let circuit = question.started(&compiled)?;
    let mut paths = strongest_paths(&circuit, &question, COUNT, monitor)?;

    // The inputs that relevance ends at are those whose tensors answers have, by their names.
    let network = execution.network();
    let parts: Vec<Option<TensorId>> = network
        .inputs()
        .iter()
        .map(|&node| circuit.find(&network.node(node).name).filter(|id| circuit.inputs().contains(id)))
        .collect();
    let mut all = Vec::with_capacity(circuit.batch());
    for input in 0..circuit.batch() {
        paths.choose(input);
        let mut elements: BTreeSet<(usize, usize)> = options.elements.iter().copied().collect();
        for answer in answers {
            for (part, id) in parts.iter().enumerate() {
                let Some(tensor) =
                    id.and_then(|id| answer.tensors.iter().find(|tensor| tensor.name == circuit.tensor(id).name))
                else {
                    continue;
                };
                let size: usize = tensor.shape.iter().product();
                let values = tensor.values.part_to_f64(input * size..(input + 1) * size);
                let most = most_relevant(&answer.semiring, &values, options.most);
                elements.extend(most.into_iter().map(|element| (part, element)));
            }
        }
        let mut found = Vec::with_capacity(elements.len());
        for (part, element) in elements {
            let Some(id) = parts.get(part).copied().flatten() else { continue };
            let paths = paths.from(id, element, monitor).map_err(ExplainError::from)?;
            let paths = paths.iter().map(|path| ElementPath::of(path, &circuit)).collect();
            found.push(ElementPaths { part, element, paths });
        }
        all.push(found);
    }
    Ok(all)
}

impl ElementPath {
    fn of(path: &RelevancePath<f64>, circuit: &LayeredCircuit) -> Self {
        let step = |step: &PathStep<f64>| ElementStep {
            layer: circuit.layers()[step.layer].name.clone(),
            neuron: step.neuron,
            contribution: step.contribution,
            weight: step.weight as f32,
        };
        ElementPath { weight: path.weight, steps: path.steps.iter().map(step).collect() }
    }
}

/// The positions of the most relevant values, at most so many; none that say that an element is not relevant.
fn most_relevant(semiring: &SemiringInfo, values: &[f64], most: usize) -> Vec<usize> {
    let importance = |value: f64| match semiring.meaning {
        Meaning::Signed => value.abs(),
        Meaning::Share | Meaning::Count | Meaning::Truth | Meaning::Cost | Meaning::Score | Meaning::Threshold => {
            semiring.meaning.importance(value)
        }
    };
    let nothing = importance(semiring.zero_number);
    let mut order: Vec<usize> = (0..values.len()).filter(|&at| importance(values[at]) > nothing).collect();
    let better = |a: &usize, b: &usize| importance(values[*b]).total_cmp(&importance(values[*a])).then(a.cmp(b));
    if order.len() > most && most > 0 {
        order.select_nth_unstable_by(most - 1, better);
    }
    order.truncate(most);
    order
}
