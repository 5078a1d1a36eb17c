//! Gate circuits as one page of HTML that one can touch.

use kirchhoff_circuit::{Gate, GateBuilder, GateCircuit, GateError, GateId};
use kirchhoff_explain::{ExplainError, GateNotes, Question, evaluate_gates};
use kirchhoff_formula::{Notation, output_names};
use kirchhoff_kernel::Monitor;
use kirchhoff_page::{ArrayRef, Page};
use kirchhoff_semiring::{Array, Meaning};
use serde::Serialize;
use thiserror::Error;

/// Gates and wires of a circuit that a page shows where no other limit is given.
pub const DEFAULT_PAGE_GATES: usize = 500_000;

/// Why there is no page of a circuit.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CircuitPageError {
    /// A circuit that is too large.
    #[error(
        "the circuit has {gates} gates and {wires} wires, more than the {limit} of both together that a page shows: cut it to fewer \
         outputs, to a layer or to a depth, or raise the limit"
    )]
    Size {
        /// Its gates.
        gates: usize,
        /// Its wires.
        wires: usize,
        /// The limit.
        limit: usize,
    },
    /// A semiring in which the circuit has no values.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// Values that cannot be written.
    #[error("cannot write the page's data: {0}")]
    Data(String),
}

/// What is asked of a page's circuit beside the circuit itself.
#[derive(Clone, Copy, Debug)]
pub struct CircuitPageOptions<'a> {
    /// The title of the page.
    pub title: &'a str,
    /// Gates and wires together that a page may show.
    pub limit: usize,
}

#[derive(Serialize)]
struct CircuitData<'a> {
    kind: &'static str,
    version: &'static str,
    title: &'a str,
    /// A byte a gate: 0 and 1 for constants, 2 for contributions, 3 for variables, 4 for ⊕, 5 for ⊗.
    kinds: ArrayRef,
    /// Where the children of each gate begin, and behind the last one how many they are.
    offsets: ArrayRef,
    children: ArrayRef,
    /// Of contributions their number, of variables their position among these.
    numbers: ArrayRef,
    /// Of contributions the position of their layer.
    layers_of: ArrayRef,
    variables: &'a [String],
    layers: Vec<&'a str>,
    outputs: Vec<OutputData>,
    semirings: Vec<SemiringData<'a>>,
}

#[derive(Serialize)]
struct OutputData {
    name: String,
    gate: usize,
}

#[derive(Serialize)]
struct SemiringData<'a> {
    name: &'a str,
    description: &'a str,
    meaning: Meaning,
    /// How its operations and constants are written.
    symbols: [&'static str; 4],
    /// A value a gate.
    values: ArrayRef,
}

/// A circuit as a page on which gates unfold, leaves are followed, and every gate has its value in the semirings of the
/// questions.
///
/// # Errors
/// More gates and wires than the page may show; a question that does not fit the circuit; cancellation.
///
/// # Complexity
/// One fold of the circuit a question, and memory for a value a gate.
pub fn circuit_page(
    circuit: &GateCircuit,
    notes: &GateNotes,
    questions: &[Question],
    options: CircuitPageOptions<'_>,
    monitor: &dyn Monitor,
) -> Result<String, CircuitPageError> {
    let size = circuit.size();
    if size.total() > options.limit.min(u32::MAX as usize - 1) {
        return Err(CircuitPageError::Size { gates: size.gates, wires: size.wires, limit: options.limit });
    }
    let mut page = Page::new(options.title);
    let ids: Vec<GateId> = (0..circuit.gates()).filter_map(GateId::new).collect();
    let (mut kinds, mut numbers, mut layers_of) = (Vec::new(), Vec::new(), Vec::new());
    let (mut offsets, mut children) = (vec![0_u32], Vec::new());
    for &id in &ids {
        let (kind, number, layer) = match circuit.gate(id) {
            Gate::Zero => (0_u8, 0.0, 0),
            Gate::One => (1, 0.0, 0),
            Gate::Contribution { layer, d } => (2, f64::from(d), layer),
            Gate::Variable(number) => (3, f64::from(number), 0),
            Gate::Plus(_) => (4, 0.0, 0),
            Gate::Times(_) => (5, 0.0, 0),
        };
        kinds.push(kind);
        numbers.push(number);
        layers_of.push(layer);
        children.extend(circuit.children(id).iter().map(|child| child.index() as u32));
        offsets.push(children.len() as u32);
    }
    let every = every_gate(circuit, &ids).map_err(ExplainError::from)?;
    let mut semirings = Vec::new();
    for question in questions {
        let answer = evaluate_gates(&every, notes, question, monitor)?;
        let Some(values) = answer.tensors.into_iter().next().map(|tensor| tensor.values) else { continue };
        let values = match values {
            Array::Bool(values) => page.array(&values.into_iter().map(u8::from).collect::<Vec<_>>()),
            Array::F32(values) => page.array(&values),
            Array::F64(values) => page.array(&values),
        };
        let info = &question.semiring;
        let symbols = match info.notation {
            Notation::Semiring => ["⊕", "⊗", "𝟘", "𝟙"],
            Notation::Arithmetic => ["+", "·", "0", "1"],
            Notation::Logic => ["∨", "∧", "⊥", "⊤"],
        };
        let (name, description) = (&*info.name, &*info.description);
        semirings.push(SemiringData { name, description, meaning: info.meaning, symbols, values });
    }
    let outputs = output_names(circuit).into_iter().zip(circuit.outputs());
    let data = CircuitData {
        kind: "circuit",
        version: env!("CARGO_PKG_VERSION"),
        title: options.title,
        kinds: page.array(&kinds),
        offsets: page.array(&offsets),
        children: page.array(&children),
        numbers: page.array(&numbers),
        layers_of: page.array(&layers_of),
        variables: circuit.variables(),
        layers: circuit.layers().iter().map(|layer| &layer.name[..]).collect(),
        outputs: outputs.map(|(name, gate)| OutputData { name, gate: gate.index() }).collect(),
        semirings,
    };
    page.html(&data).map_err(|error| CircuitPageError::Data(error.to_string()))
}

/// The circuit with each of its gates as an output, in their order.
fn every_gate(circuit: &GateCircuit, ids: &[GateId]) -> Result<GateCircuit, GateError> {
    let mut builder = GateBuilder::like(circuit, u64::MAX);
    let mapped = circuit.map_gates(|_, gate, mapped| builder.copy(circuit, gate, mapped).map(Some))?;
    builder.output("gates", &[ids.len()], &mapped.all(ids))?;
    builder.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kirchhoff_explain::{GateOptions, compile_gates};
    use kirchhoff_formula::{Cut, cut};
    use kirchhoff_network::Execution;

    use super::*;

    fn seven() -> (GateCircuit, GateNotes, Question) {
        let (network, digits) = crate::embedded::digits().unwrap();
        let execution = Execution::run(Arc::new(network), &digits.values[7 * 784..8 * 784], 1, &()).unwrap();
        let question = Question::new("boolean").unwrap().with_annotation("threshold(0.05)".parse().unwrap());
        let options = GateOptions { prune: true, ..GateOptions::default() };
        let (circuit, notes) = compile_gates(&execution, &question, &options, &()).unwrap();
        (cut(&circuit, &Cut { outputs: vec![9 * 28 + 14], ..Cut::default() }).unwrap(), notes, question)
    }

    #[test]
    fn every_gate_has_the_value_that_it_folds_to() {
        let (circuit, notes, question) = seven();
        let ids: Vec<GateId> = (0..circuit.gates()).filter_map(GateId::new).collect();
        let every = every_gate(&circuit, &ids).unwrap();
        let counting = Question::new("counting").unwrap().with_annotation(question.annotation);
        let values = evaluate_gates(&every, &notes, &counting, &()).unwrap().tensors[0].values.to_f64();
        // From the leaves up, one gate after the other.
        for &id in &ids {
            let of = |children: &[GateId]| children.iter().map(|child| values[child.index()]).collect::<Vec<_>>();
            let expected = match circuit.gate(id) {
                Gate::Plus(children) => of(children).iter().sum(),
                Gate::Times(children) => of(children).iter().product(),
                Gate::Zero => 0.0,
                Gate::One => 1.0,
                Gate::Contribution { d, .. } => f64::from(u8::from(d >= 0.05)),
                Gate::Variable(_) => 1.0,
            };
            assert_eq!(values[id.index()], expected, "gate {}", id.index());
        }
        assert!(values[circuit.outputs()[0].index()] > 0.0);
    }

    #[test]
    fn circuits_beyond_the_limit_are_refused() {
        let (circuit, notes, question) = seven();
        let page = |limit| {
            let options = CircuitPageOptions { title: "seven", limit };
            circuit_page(&circuit, &notes, std::slice::from_ref(&question), options, &())
        };
        assert!(page(DEFAULT_PAGE_GATES).unwrap().contains("\"kind\":\"circuit\""));
        assert!(page(3).unwrap_err().to_string().contains("more than the 3"));
    }
}
