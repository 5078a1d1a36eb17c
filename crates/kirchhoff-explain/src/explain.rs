//! Questions answered: by streams through layered circuits.

use kirchhoff_circuit::LayeredCircuit;
use kirchhoff_compile::compile;
use kirchhoff_evaluate::{Advance, run};
use kirchhoff_kernel::Monitor;
use kirchhoff_network::Execution;

use crate::choosing::Choosing;
use crate::semiring::Answering;
use crate::{Answer, ExplainError, Question};

/// Answers a question about every input of an execution.
///
/// ```
/// use std::sync::Arc;
/// use kirchhoff::explain::{Question, explain};
/// use kirchhoff::network::Execution;
///
/// let (network, digits) = kirchhoff::embedded::digits()?;
/// let execution = Execution::run(Arc::new(network), &digits.values[..784], 1, &())?;
/// let answer = explain(&execution, &Question::new("boolean")?, &())?;
/// let relevant = answer.tensors[0].values.to_f64().iter().sum::<f64>();
/// assert!(relevant > 50.0 && relevant < 400.0, "a digit's strokes, neither nothing nor everything: {relevant}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Whatever in the question does not fit the network or the semiring; cancellation.
pub fn explain(execution: &Execution, question: &Question, monitor: &dyn Monitor) -> Result<Answer, ExplainError> {
    explain_circuit(&compile(execution, &question.assignment)?, question, monitor)
}

/// Answers a question about every execution of a circuit, which has its rules already: those of the question do not count.
///
/// # Errors
/// As for [`explain`].
pub fn explain_circuit(
    circuit: &LayeredCircuit,
    question: &Question,
    monitor: &dyn Monitor,
) -> Result<Answer, ExplainError> {
    let circuit = question.started(circuit)?;
    Ok(side_by_side(&circuit, &[question], monitor)?.swap_remove(0))
}

/// Answers questions about a circuit: their streams go through the layers together.
fn side_by_side(
    circuit: &LayeredCircuit,
    questions: &[&Question],
    monitor: &dyn Monitor,
) -> Result<Vec<Answer>, ExplainError> {
    let streams = questions.iter().map(|question| way(circuit, question));
    let mut streams: Vec<_> = streams.collect::<Result<_, _>>()?;
    let mut advancing: Vec<&mut dyn Advance> = Vec::with_capacity(streams.len());
    for stream in &mut streams {
        advancing.push(&mut **stream);
    }
    run(circuit, &mut advancing, monitor)?;
    streams.into_iter().map(|stream| stream.answer()).collect()
}

/// The way of a question through a circuit, with the choice of the thresholds that it leaves open.
fn way<'a>(circuit: &'a LayeredCircuit, question: &'a Question) -> Result<Box<dyn Answering + 'a>, ExplainError> {
    let stream = question.semiring.stream(circuit, question)?;
    if !question.is_open() {
        return Ok(stream);
    }
    Ok(Box::new(Choosing { chooser: question.chooser(circuit)?, thetas: question.thetas(circuit)?, stream }))
}

/// Answers several questions about every input of an execution, in their order. Those under the same rules go through the
/// layers side by side and share the normalisers.
///
/// # Errors
/// As for [`explain`].
pub fn explain_all(
    execution: &Execution,
    questions: &[Question],
    monitor: &dyn Monitor,
) -> Result<Vec<Answer>, ExplainError> {
    let mut answers: Vec<Option<Answer>> = vec![None; questions.len()];
    while let Some(first) = answers.iter().position(Option::is_none) {
        let assignment = &questions[first].assignment;
        let circuit = compile(execution, assignment)?;
        let circuit = questions[first].started(&circuit)?;
        let starts_here =
            |question: &Question| Ok::<_, ExplainError>(question.started(&circuit)?.output() == circuit.output());
        let mut alike: Vec<usize> = Vec::new();
        for number in first..questions.len() {
            let is_open = answers[number].is_none() && questions[number].assignment == *assignment;
            if is_open && (number == first || starts_here(&questions[number])?) {
                alike.push(number);
            }
        }
        let asked: Vec<&Question> = alike.iter().map(|&number| &questions[number]).collect();
        for (number, answer) in alike.into_iter().zip(side_by_side(&circuit, &asked, monitor)?) {
            answers[number] = Some(answer);
        }
    }
    Ok(answers.into_iter().flatten().collect())
}
