//! The gate circuit of a network asked about any of its executions.

use std::time::Instant;

use kirchhoff_circuit::{EdgeMap, GateCircuit, LayeredCircuit};
use kirchhoff_compile::{Assignment, Bounds, LayerPattern, MaximumPooling, Rule, compile};
use kirchhoff_kernel::Monitor;
use kirchhoff_network::Execution;

use super::{GateNotes, NetworkNote, start_name};
use crate::semiring::{GateFold, VariableValue};
use crate::{Answer, ExplainError, Question};

/// Answers questions about every execution of a batch by the gate circuit of their network, which was made with a
/// [leaf for each edge](kirchhoff_circuit::Leaves::Edges): each in its semiring, under its annotations, from its targets
/// and start. The circuit has its rules and tensors already; variables other than the outputs' are 1.
///
/// The contributions of each execution are computed under the circuit's rules, once for all questions, and take 4 bytes a
/// leaf and execution. The circuit is then evaluated for several executions side by side, as many as fit in `memory` bytes
/// beside them, up to a limit: see [`fold_batch`](kirchhoff_evaluate::fold_batch).
///
/// ```
/// use std::sync::Arc;
/// use kirchhoff::circuit::Leaves;
/// use kirchhoff::explain::{GateOptions, Question, compile_gates, evaluate_executions, explain};
/// use kirchhoff::network::Execution;
///
/// let (network, digits) = kirchhoff::embedded::digits()?;
/// let execution = Execution::run(Arc::new(network), &digits.values[..3 * 784], 3, &())?;
/// let question = Question::new("boolean")?;
/// let options = GateOptions { leaves: Leaves::Edges, ..GateOptions::default() };
/// let (circuit, notes) = compile_gates(&execution, &question, &options, &())?;
///
/// let folded = evaluate_executions(&circuit, &notes, &execution, std::slice::from_ref(&question), 1 << 28, &())?;
/// assert_eq!(folded[0].tensors[0].values, explain(&execution, &question, &())?.tensors[0].values);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A circuit without a leaf for each edge, or of another network; and as for [`evaluate_gates`](super::evaluate_gates).
pub fn evaluate_executions(
    circuit: &GateCircuit,
    notes: &GateNotes,
    execution: &Execution,
    questions: &[Question],
    memory: u64,
    monitor: &dyn Monitor,
) -> Result<Vec<Answer>, ExplainError> {
    evaluate_executions_with(circuit, notes, execution, questions, &|_| None, memory, monitor)
}

/// As [`evaluate_executions`], with numbers from elsewhere as the values of variables, the same for every execution: as for
/// [`evaluate_gates_with`](super::evaluate_gates_with).
///
/// # Errors
/// As for [`evaluate_executions`]; a number that is no element of a semiring.
pub fn evaluate_executions_with(
    circuit: &GateCircuit,
    notes: &GateNotes,
    execution: &Execution,
    questions: &[Question],
    values: &dyn Fn(&str) -> Option<f32>,
    memory: u64,
    monitor: &dyn Monitor,
) -> Result<Vec<Answer>, ExplainError> {
    let clock = Instant::now();
    let network = notes.network.as_ref().ok_or(kirchhoff_circuit::EdgeError::Shared)?;
    network.check(execution.network(), &notes.model)?;
    let layered = &compile(execution, &assignment(circuit, network)?)?;
    let contributions = &EdgeMap::new(circuit, layered)?.contributions(layered, monitor)?;
    let share = clock.elapsed() / questions.len().max(1) as u32;
    let answer = |question: &Question| {
        let evaluate = Evaluate { circuit, notes, layered, contributions, question, values, memory, monitor };
        let answer = evaluate.answer()?;
        Ok(Answer { time: answer.time + share, ..answer })
    };
    questions.iter().map(answer).collect()
}

/// The rules that the layers of a circuit have.
fn assignment(circuit: &GateCircuit, network: &NetworkNote) -> Result<Assignment, ExplainError> {
    let average = network.max_pool == MaximumPooling::Average.name();
    let pooling = if average { MaximumPooling::Average } else { MaximumPooling::Winner };
    let bounds = Bounds { low: network.low[..].into(), high: network.high[..].into() };
    let base = Assignment::from(Rule::ZERO).with_maximum_pooling(pooling).with_bounds(bounds);
    circuit.layers().iter().try_fold(base, |assignment, layer| {
        Ok(assignment.choose(LayerPattern::new(&layer.name)?, layer.rule.parse::<Rule>()?))
    })
}

struct Evaluate<'a> {
    circuit: &'a GateCircuit,
    notes: &'a GateNotes,
    layered: &'a LayeredCircuit,
    /// One vector an execution.
    contributions: &'a [f32],
    question: &'a Question,
    values: &'a dyn Fn(&str) -> Option<f32>,
    memory: u64,
    monitor: &'a dyn Monitor,
}

impl Evaluate<'_> {
    fn answer(self) -> Result<Answer, ExplainError> {
        let Evaluate { circuit, notes, layered, contributions, question, values, memory, monitor } = self;
        let annotations = notes.admit(circuit, question, question.semiring.laws)?;
        let (count, names) = (layered.batch(), circuit.variables());
        let outputs = layered.tensor(layered.output()).size();
        let position = |name: &str| names.iter().position(|own| own == name);
        let starts: Vec<Option<usize>> = (0..outputs).map(|output| position(&start_name(output))).collect();
        let mut vector = vec![VariableValue::One; names.len()];
        starts.iter().flatten().for_each(|&start| vector[start] = VariableValue::Zero);
        for (value, name) in vector.iter_mut().zip(names) {
            if let Some(number) = values(name) {
                *value = VariableValue::Number(number);
            }
        }
        let mut variables = Vec::with_capacity(count * names.len());
        let targets = question.resolve(layered)?;
        for (execution, targets) in targets.iter().enumerate() {
            let logits = layered.outputs(execution);
            let mut vector = vector.clone();
            for &(output, sign) in targets {
                if let Some(start) = starts[output].filter(|start| !matches!(vector[*start], VariableValue::Number(_)))
                {
                    vector[start] = VariableValue::Target { sign, logit: logits[output] };
                }
            }
            variables.append(&mut vector);
        }
        question.semiring.fold(GateFold {
            circuit,
            annotations: &annotations,
            variables,
            start: question.start,
            contributions: Some(contributions),
            count,
            memory,
            targets,
            monitor,
        })
    }
}
