//! Circuits with every gate explicit, of small networks: what their formulas are written from.
//!
//! ```
//! use std::sync::Arc;
//! use kirchhoff::circuit::formula::{Cut, FormulaOptions, Notation, cut, find_outputs, text};
//! use kirchhoff::circuit::simplify;
//! use kirchhoff::explain::Question;
//! use kirchhoff::gates::{Symbolic, Unrolling, expressions, unrolled};
//! use kirchhoff::network::Execution;
//!
//! // Which edges carry relevance from the answer to one pixel of a seven?
//! let (network, digits) = kirchhoff::embedded::digits()?;
//! let execution = Execution::run(Arc::new(network), &digits.values[7 * 784..8 * 784], 1, &())?;
//! let question = Question::new("boolean")?.with_annotation("threshold(0.08)".parse()?);
//! let unrolling = Unrolling {
//!     symbolic: Symbolic::Edges,
//!     contributions: false,
//!     input_shape: Some(vec![28, 28]),
//!     ..Unrolling::default()
//! };
//! let gates = unrolled(&execution, &question, &unrolling, &())?.circuit;
//! let pixel = cut(&gates, &Cut { outputs: find_outputs(&gates, "x[9,14]")?, ..Cut::default() })?;
//!
//! let why = expressions(&pixel, "why", &question, &())?;
//! assert_eq!(why[0].value.as_deref(), Ok("{{w4[70→7], w2[102→70], w0[9,14→102]}}"));
//!
//! let (simplified, _) = simplify(&pixel, question.semiring.laws)?;
//! let logic = FormulaOptions { notation: Notation::Logic, ..FormulaOptions::default() };
//! assert_eq!(text(&simplified, &logic)?, "R(x[9,14]) = w4[70→7] ∧ w2[102→70] ∧ w0[9,14→102]\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use kirchhoff_circuit::formula::{Decision, decide, output_names};
use kirchhoff_circuit::{GateCircuit, KeepEdge, LayeredCircuit, Start, UnrollOptions, Variables, unroll};
use kirchhoff_compile::{LayerPattern, compile};
use kirchhoff_evaluate::{Annotations, PerLeaf, fold};
use kirchhoff_kernel::Monitor;
use kirchhoff_network::Execution;
use kirchhoff_semiring::{
    Annotation, DefaultStart, Embed, Expression, Overflow, Real, SemiringInfo, SemiringVisitor, SymbolicInfo,
    SymbolicVisitor, Variable, visit, visit_symbolic,
};

use crate::explain::{ExplainError, Layers, Question};

/// Where a symbolic annotation puts its variables.
#[derive(Clone, Debug, Default)]
pub enum Symbolic {
    /// Nowhere.
    #[default]
    None,
    /// On every edge.
    Edges,
    /// On every neuron of the tensors that these name.
    Neurons(Vec<LayerPattern>),
    /// On every hidden neuron: on those that a layer with contributions reads, the input's aside. A neuron and what an
    /// activation or a reshape makes of it count as one.
    Hidden,
}

/// How a network is unrolled to gates.
#[derive(Clone, Debug)]
pub struct Unrolling {
    /// Which input of the execution, from 0.
    pub input: usize,
    /// Where variables are put.
    pub symbolic: Symbolic,
    /// Whether edges have their contributions; without, variables stand in place of Θ(d).
    pub contributions: bool,
    /// The shape that the input's neurons are named by, where it is a picture that the network takes as a vector.
    pub input_shape: Option<Vec<usize>>,
    /// How many gates are allowed.
    pub max_gates: u64,
}

impl Default for Unrolling {
    /// The first input, contributions alone, within the default limit.
    fn default() -> Self {
        let UnrollOptions { contributions, max_gates, .. } = UnrollOptions::default();
        Unrolling { input: 0, symbolic: Symbolic::None, contributions, input_shape: None, max_gates }
    }
}

/// A network's gates.
#[derive(Clone, Debug)]
pub struct Unrolled {
    /// The circuit: without the edges that Θ sends to 0, and what hangs on them.
    pub circuit: GateCircuit,
    /// The values of the variables that targets start with: their logits, or 1 and −1.
    pub start: Vec<(String, f32)>,
}

/// Unrolls the circuit of one input to gates, from the targets of a question to the tensors that it keeps, without the
/// edges that the question's Θ sends to 0.
///
/// Targets are the constant 1 where the question starts from 1 without a contrast, else variables `start[3]`.
///
/// # Errors
/// Whatever in the question does not fit the network or the semiring; more gates than allowed; cancellation.
pub fn unrolled(
    execution: &Execution,
    question: &Question,
    unrolling: &Unrolling,
    monitor: &dyn Monitor,
) -> Result<Unrolled, ExplainError> {
    visit(question.semiring.name, Unroll { execution, question, unrolling, monitor })?
}

struct Unroll<'a> {
    execution: &'a Execution,
    question: &'a Question,
    unrolling: &'a Unrolling,
    monitor: &'a dyn Monitor,
}

impl SemiringVisitor for Unroll<'_> {
    type Output = Result<Unrolled, ExplainError>;

    fn visit<S: Embed + Clone + 'static>(self, _: &'static SemiringInfo, semiring: S) -> Self::Output {
        let Unroll { execution, question, unrolling, monitor } = self;
        let layered = compile(execution, &question.assignment)?;
        let part = &question.settle(execution, &layered, monitor)?[unrolling.input];
        let annotations = part.annotations(&layered)?;
        check_ranks(&annotations, layered.layers().iter().map(|layer| (&layer.name[..], layer.is_annotated())))?;
        let output = execution.output(unrolling.input);
        let targets = part.targets[0].resolve(output)?;
        let logit = question.start == DefaultStart::Logit;
        let numbers: Vec<usize> = targets.iter().map(|&(target, _)| target).collect();
        let named = logit || targets.iter().any(|&(_, sign)| sign < 0.0);
        let value = |&(target, sign): &(usize, f32)| {
            (format!("start[{target}]"), sign * if logit { output[target] } else { 1.0 })
        };
        let keep = |layer: usize, d: f32| !semiring.is_zero(&annotations.of(layer).apply(&semiring, d));
        let keep: KeepEdge<'_> = &keep;
        let options = UnrollOptions {
            execution: unrolling.input,
            start: if named { Start::VariablesAt(numbers) } else { Start::OnesAt(numbers) },
            tensors: question.kept(&layered)?,
            keep: Some(keep),
            variables: variables(&layered, question, &unrolling.symbolic)?,
            contributions: unrolling.contributions,
            input_shape: unrolling.input_shape.clone(),
            max_gates: unrolling.max_gates,
        };
        let circuit = unroll(&layered, &options, monitor)?;
        Ok(Unrolled { circuit, start: if named { targets.iter().map(value).collect() } else { Vec::new() } })
    }
}

fn variables(layered: &LayeredCircuit, question: &Question, symbolic: &Symbolic) -> Result<Variables, ExplainError> {
    let patterns = match symbolic {
        Symbolic::None => return Ok(Variables::None),
        Symbolic::Edges => return Ok(Variables::Edges),
        Symbolic::Hidden => return Ok(Variables::Neurons(hidden(layered))),
        Symbolic::Neurons(patterns) => patterns.clone(),
    };
    let all = |patterns| Question { layers: Layers::Matching(patterns), ..question.clone() }.kept(layered);
    // The input is always kept, but has variables only where it is named.
    let named = |tensor: &kirchhoff_circuit::TensorId| {
        patterns.iter().any(|pattern| pattern.matches(&layered.tensor(*tensor).name))
    };
    Ok(Variables::Neurons(all(patterns.clone())?.into_iter().filter(named).collect()))
}

fn hidden(layered: &LayeredCircuit) -> Vec<kirchhoff_circuit::TensorId> {
    let read = layered.layers().iter().filter(|layer| layer.is_annotated()).flat_map(|layer| &layer.links);
    let mut hidden: Vec<_> = read.map(|link| link.source).filter(|&source| source != layered.input()).collect();
    hidden.sort_unstable();
    hidden.dedup();
    hidden
}

/// Ranks are shares among all contributions of a layer: from a circuit that dropped some they cannot be told.
fn check_ranks<'a>(
    annotations: &Annotations,
    layers: impl Iterator<Item = (&'a str, bool)>,
) -> Result<(), ExplainError> {
    let ranked =
        |(index, (_, annotated)): &(usize, (&str, bool))| *annotated && annotations.of(*index) == Annotation::Rank;
    match layers.enumerate().find(ranked) {
        Some((_, (layer, _))) => Err(ExplainError::Rank { layer: layer.to_string() }),
        None => Ok(()),
    }
}

/// The circuit with the question's Θ applied: contributions become `Θ(d)` as numbers, or the constants 0 and 1.
///
/// # Errors
/// Annotations that do not fit the circuit or the semiring.
pub fn annotated(circuit: &GateCircuit, question: &Question) -> Result<GateCircuit, ExplainError> {
    visit(question.semiring.name, Annotate { circuit, question })?
}

struct Annotate<'a> {
    circuit: &'a GateCircuit,
    question: &'a Question,
}

impl SemiringVisitor for Annotate<'_> {
    type Output = Result<GateCircuit, ExplainError>;

    fn visit<S: Embed + Clone + 'static>(self, _: &'static SemiringInfo, semiring: S) -> Self::Output {
        let annotations = gate_annotations(self.circuit, self.question)?;
        let theta = |layer: usize, d: f32| {
            let value = annotations.of(layer).apply(&semiring, d);
            if semiring.is_zero(&value) {
                Decision::Zero
            } else if value == semiring.one() {
                Decision::One
            } else {
                Decision::Number(semiring.project(&value) as f32)
            }
        };
        Ok(decide(self.circuit, &theta)?)
    }
}

pub(crate) fn gate_annotations(circuit: &GateCircuit, question: &Question) -> Result<Annotations, ExplainError> {
    let annotations = question.gate_annotations(circuit)?;
    check_ranks(&annotations, circuit.layers().iter().map(|layer| (&layer.name[..], layer.range.is_some())))?;
    Ok(annotations)
}

/// What an output is in a symbolic semiring.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputExpression {
    /// The output's name.
    pub name: String,
    /// The expression, with the names of the circuit's variables; or the operation that would have passed the limit.
    pub value: Result<String, Overflow>,
    /// The number of terms: monomials, witnesses, paths, or variables of a lineage.
    pub terms: usize,
}

/// Evaluates a circuit in the symbolic semiring that `semiring` names, `polynomial(500)` say, with each variable for
/// itself. Contributions count as the question's Θ has them: as 0 or not, and in `top-k` as weights.
///
/// Takes the operations of a [fold](fold()); what one of them takes depends on the limit of the semiring.
///
/// # Errors
/// No such semiring, annotations that do not fit, or cancellation.
pub fn expressions(
    circuit: &GateCircuit,
    semiring: &str,
    question: &Question,
    monitor: &dyn Monitor,
) -> Result<Vec<OutputExpression>, ExplainError> {
    visit_symbolic(semiring, Express { circuit, question, monitor })?
}

struct Express<'a> {
    circuit: &'a GateCircuit,
    question: &'a Question,
    monitor: &'a dyn Monitor,
}

impl SymbolicVisitor for Express<'_> {
    type Output = Result<Vec<OutputExpression>, ExplainError>;

    fn visit<S: kirchhoff_semiring::Symbolic + Clone + 'static>(
        self,
        _: &'static SymbolicInfo,
        semiring: S,
    ) -> Self::Output {
        let annotations = gate_annotations(self.circuit, self.question)?;
        let theta = PerLeaf(|layer: usize, d: f32| semiring.scalar(annotations.of(layer).apply(&Real, d)));
        let names = self.circuit.variables();
        let variables: Vec<S::Value> =
            (0..names.len() as u32).map(|number| semiring.variable(Variable(number))).collect();
        let values = fold(self.circuit, &semiring, &theta, &variables, self.monitor)?;
        let name = |variable: Variable| names[variable.0 as usize].clone();
        let expression = |(output, value): (String, S::Value)| OutputExpression {
            name: output,
            terms: value.as_ref().map_or(0, Expression::terms),
            value: value.map(|value| value.named(&name).to_string()),
        };
        Ok(output_names(self.circuit).into_iter().zip(values).map(expression).collect())
    }
}
