//! Relevance of the inputs of a batch.

use std::sync::Arc;

use kirchhoff_data::Batch;
use kirchhoff_explain::{Answer, Question, explain_all};
use kirchhoff_network::{Execution, Network};

use crate::outside::Outside;
use crate::{StudyError, Watch};

/// Activations of at most so many bytes are alive at a time, one input's at least.
const BATCH_BYTES: usize = 64 << 20;
/// Inputs of a batch, so that small networks, too, store their state in time.
const MOST: usize = 512;

/// How many inputs of a network are computed together. It depends on the network alone: results that are the same bits
/// on any machine ask for batches that are.
pub fn batch_size(network: &Network) -> usize {
    let values: usize = network.nodes().map(|(_, node)| node.shape.iter().product::<usize>()).sum();
    (BATCH_BYTES / (values * size_of::<f32>()).max(1)).clamp(1, MOST)
}

/// Edges of the network, which an input passes once forward and once for each question.
pub fn edges(network: &Network) -> u64 {
    network.nodes().map(|(id, _)| network.edges(id)).sum()
}

/// Runs the network on a batch and answers the questions about it.
///
/// # Errors
/// Inputs that the network cannot run on, named by their position in the data set; questions that do not fit it;
/// cancellation.
pub fn relevance(
    network: &Arc<Network>,
    batch: &Batch,
    questions: &[Question],
    watch: &dyn Watch,
) -> Result<(Execution, Vec<Answer>), StudyError> {
    let execution = Execution::run(network.clone(), &batch.values, batch.labels.len(), watch)?;
    let answers = explain_all(&execution, questions, watch)?;
    Ok((execution, answers))
}

/// As [`relevance`], where some of the questions stand for relevance from outside.
pub(crate) fn relevance_with(
    network: &Arc<Network>,
    batch: &Batch,
    questions: &[Question],
    outside: &[Outside],
    watch: &dyn Watch,
) -> Result<(Execution, Vec<Answer>), StudyError> {
    let own: Vec<Question> =
        questions.iter().filter(|question| Outside::of(question, outside).is_none()).cloned().collect();
    let (execution, answers) = relevance(network, batch, &own, watch)?;
    let mut answers = answers.into_iter();
    let answer = |question: &Question| match Outside::of(question, outside) {
        Some(outside) => outside.answer(question, &execution, batch),
        None => Ok(answers.next().expect("one answer a question")),
    };
    let answers = questions.iter().map(answer).collect::<Result<_, _>>()?;
    Ok((execution, answers))
}
