//! Gate circuits: made of an execution for a question, and asked others.

mod batch;
mod evaluate;
mod formula;
mod gradient;

use kirchhoff_circuit::{
    DEFAULT_MAX_GATES, GateCircuit, KeepEdge, LayeredCircuit, Leaves, Start, TensorId, UnrollOptions, Variables, unroll,
};
use kirchhoff_compile::{LayerPattern, compile};
use kirchhoff_evaluate::{Annotations, FoldError, check_laws};
use kirchhoff_formula::Decision;
use kirchhoff_kernel::Monitor;
use kirchhoff_network::{Execution, HASH_VERSION, Network, hash_version, network_hash};
use kirchhoff_semiring::{Annotation, DefaultStart, Image, Laws, SemiringInfo};
use serde::{Deserialize, Serialize};

use crate::{ExplainError, Layers, Question, Target, ThetaChoice};

pub use batch::{evaluate_executions, evaluate_executions_with};
pub use evaluate::{check_laws_of_gates, evaluate_gates, evaluate_gates_with};
pub use formula::{OutputExpression, annotated, expressions, symbolic_values};
pub use gradient::gradient;

/// What is known of a gate circuit beside its gates: stored with it as its notes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GateNotes {
    /// The model.
    pub model: String,
    /// The name of the input.
    pub input: String,
    /// Channels, height and width, where the input is a picture.
    pub picture: Option<[usize; 3]>,
    /// The variables that targets start with.
    pub targets: Vec<TargetNote>,
    /// What the circuit was pruned for, if it was.
    pub pruned: Option<Pruned>,
    /// The network whose executions it is the circuit of, where every edge has a leaf of its own.
    pub network: Option<NetworkNote>,
}

/// The network that a circuit with a leaf for each edge belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkNote {
    /// Its [hash](network_hash), with the version of its encoding.
    pub hash: String,
    /// Bounds of the input for z-box: below.
    pub low: Vec<f32>,
    /// And above.
    pub high: Vec<f32>,
    /// How maximum pooling was treated: `winner` or `average`.
    pub max_pool: String,
    /// The logits of the execution that the circuit's contributions are of; none in files of earlier versions.
    #[serde(default)]
    pub logits: Vec<f32>,
}

impl NetworkNote {
    /// Makes sure that a network is the one that the circuit of `model` belongs to.
    ///
    /// # Errors
    /// Another network, or a hash of another version of the encoding, by which it cannot be told.
    pub fn check(&self, network: &Network, model: &str) -> Result<(), ExplainError> {
        let model = || model.to_string();
        match hash_version(&self.hash) {
            Some(version) if version != HASH_VERSION => Err(ExplainError::NetworkHash { model: model(), version }),
            Some(_) if self.hash == network_hash(network) => Ok(()),
            Some(_) | None => Err(ExplainError::OtherNetwork { model: model() }),
        }
    }
}

/// The start of a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetNote {
    /// The variable.
    pub variable: String,
    /// The number of the output.
    pub output: usize,
    /// Whether it counts for (1) or against (−1) the explanation.
    pub sign: f32,
    /// Its logit.
    pub logit: f32,
}

/// Edges that Θ sends to 0 have been left out: the circuit holds where the same edges go to 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pruned {
    /// The semiring whose 0 is meant.
    pub semiring: String,
    /// Θ of each layer, as it is written.
    pub annotations: Vec<Annotation>,
}

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

/// How a gate circuit is made.
#[derive(Clone, Debug)]
pub struct GateOptions {
    /// Which execution of the batch, from 0.
    pub execution: usize,
    /// Whether edges that the question's Θ sends to 0 are left out.
    pub prune: bool,
    /// Where variables are put.
    pub symbolic: Symbolic,
    /// Whether edges have their contributions. Without, variables stand in place of Θ(d), on the edges that Θ keeps: such a
    /// circuit is always pruned.
    pub contributions: bool,
    /// Which edges share a leaf. With one for each edge, every output starts with a variable, and
    /// [`evaluate_executions`] asks other executions.
    pub leaves: Leaves,
    /// Channels, height and width, where the input is a picture that the network takes as a vector: its neurons are
    /// named by them.
    pub picture: Option<[usize; 3]>,
    /// How many gates are allowed.
    pub max_gates: u64,
}

impl Default for GateOptions {
    /// The first execution, every edge with its contribution and without a variable, within the default limit.
    fn default() -> Self {
        GateOptions {
            execution: 0,
            prune: false,
            symbolic: Symbolic::None,
            contributions: true,
            leaves: Leaves::Values,
            picture: None,
            max_gates: DEFAULT_MAX_GATES,
        }
    }
}

/// Makes the gate circuit of one execution, under the question's rules: its outputs are the relevance of the tensors
/// that the question keeps, and its variables what the targets start with, `start[3]`, and those that the options ask
/// for.
///
/// ```
/// use std::sync::Arc;
/// use kirchhoff::formula::{Cut, FormulaOptions, Notation, cut, find_outputs, text};
/// use kirchhoff::circuit::simplify;
/// use kirchhoff::explain::{GateOptions, Question, Symbolic, annotated, compile_gates, expressions};
/// use kirchhoff::network::Execution;
///
/// // Which edges carry relevance from the answer to one pixel of a seven?
/// let (network, digits) = kirchhoff::embedded::digits()?;
/// let execution = Execution::run(Arc::new(network), &digits.values[7 * 784..8 * 784], 1, &())?;
/// let question = Question::new("boolean")?.with_annotation("threshold(0.08)".parse()?);
/// let options = GateOptions { symbolic: Symbolic::Edges, contributions: false, ..GateOptions::default() };
/// let (circuit, notes) = compile_gates(&execution, &question, &options, &())?;
/// let pixel = cut(&circuit, &Cut { outputs: find_outputs(&circuit, "x[266]")?, ..Cut::default() })?;
///
/// let why = expressions(&pixel, &notes, "why", &question, &())?;
/// assert_eq!(why[0].value.as_deref(), Ok("{{w4[70→7], w2[102→70], w0[266→102]}}"));
///
/// let (simplified, _) = simplify(&annotated(&pixel, &notes, &question)?, question.semiring.laws)?;
/// let logic = FormulaOptions { notation: Notation::Logic, ..FormulaOptions::default() };
/// assert_eq!(text(&simplified, &logic)?, "R(x[266]) = w4[70→7] ∧ w2[102→70] ∧ w0[266→102]\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Whatever in the question does not fit the network or the semiring, too many gates, or cancellation.
pub fn compile_gates(
    execution: &Execution,
    question: &Question,
    options: &GateOptions,
    monitor: &dyn Monitor,
) -> Result<(GateCircuit, GateNotes), ExplainError> {
    let layered = compile(execution, &question.assignment)?;
    let started = question.started(&layered)?;
    if options.leaves == Leaves::Edges && started.output() != layered.output() {
        return Err(ExplainError::HiddenStart);
    }
    let layered = started;
    let question = &question.settle(&layered, monitor)?[options.execution];
    let (circuit, notes) = unrolled(&layered, question, options, monitor)?;
    let network = (options.leaves == Leaves::Edges).then(|| NetworkNote {
        hash: network_hash(execution.network()),
        low: question.assignment.bounds.low.to_vec(),
        high: question.assignment.bounds.high.to_vec(),
        max_pool: question.assignment.maximum_pooling.name().to_string(),
        logits: layered.outputs(options.execution).to_vec(),
    });
    Ok((circuit, GateNotes { network, ..notes }))
}

/// The variable that an output neuron starts with.
pub(crate) fn start_name(output: usize) -> String {
    format!("{START}{output}]")
}

/// How the names of the variables that output neurons start with begin.
const START: &str = "start[";

/// Whether a variable of this name is one that an output neuron starts with.
pub fn is_start(variable: &str) -> bool {
    variable.starts_with(START)
}

/// The gates of one execution, for a question about it alone.
fn unrolled(
    layered: &LayeredCircuit,
    question: &Question,
    options: &GateOptions,
    monitor: &dyn Monitor,
) -> Result<(GateCircuit, GateNotes), ExplainError> {
    let annotations = question.annotations(layered)?;
    let logits = layered.outputs(options.execution);
    let targets = question.targets[0].resolve_in(layered, options.execution)?;
    let prune = options.prune || !options.contributions;
    let edges = options.leaves == Leaves::Edges;
    if edges && prune {
        return Err(ExplainError::Leaves);
    }
    if prune {
        check_neurons(
            question,
            &annotations,
            layered.layers().iter().map(|layer| (&*layer.name, layer.is_annotated())),
        )?;
        check_ranks(&annotations, layered.layers().iter().map(|layer| (&*layer.name, layer.is_annotated())))?;
    }
    let keep = |layer: usize, d: f32| {
        let name = &layered.layers()[layer].name;
        question.semiring.decide(annotations.of(layer), name, d) != Decision::Zero
    };
    let keep: KeepEdge<'_> = &keep;
    let unrolling = UnrollOptions {
        execution: options.execution,
        start: match edges {
            true => Start::Variables,
            false => Start::VariablesAt(targets.iter().map(|&(output, _)| output).collect()),
        },
        tensors: question.kept(layered)?,
        keep: prune.then_some(keep),
        conditions: question.conditions(layered)?,
        variables: variables(layered, question, &options.symbolic)?,
        contributions: options.contributions,
        leaves: options.leaves,
        input_shape: options.picture.map(|picture| picture.to_vec()),
        max_gates: options.max_gates,
    };
    let circuit = unroll(layered, &unrolling, monitor)?;
    let annotations = (0..annotations.count()).map(|index| annotations.of(index)).collect();
    let notes = GateNotes {
        picture: options.picture,
        targets: target_notes(&targets, logits),
        pruned: prune.then(|| Pruned { semiring: question.semiring.name.to_string(), annotations }),
        ..GateNotes::default()
    };
    Ok((circuit, notes))
}

/// What targets start with, given the logits of all outputs.
fn target_notes(targets: &[(usize, f32)], logits: &[f32]) -> Vec<TargetNote> {
    let note = |&(output, sign): &(usize, f32)| TargetNote {
        variable: start_name(output),
        output,
        sign,
        logit: logits[output],
    };
    targets.iter().map(note).collect()
}

fn variables(layered: &LayeredCircuit, question: &Question, symbolic: &Symbolic) -> Result<Variables, ExplainError> {
    let patterns = match symbolic {
        Symbolic::None => return Ok(Variables::None),
        Symbolic::Edges => return Ok(Variables::Edges),
        Symbolic::Hidden => return Ok(Variables::Neurons(hidden(layered))),
        Symbolic::Neurons(patterns) => patterns,
    };
    let all = Question { layers: Layers::Matching(patterns.clone()), ..question.clone() }.kept(layered)?;
    // The input is always kept, but has variables only where it is named.
    let named = |tensor: &TensorId| patterns.iter().any(|pattern| pattern.matches(&layered.tensor(*tensor).name));
    Ok(Variables::Neurons(all.into_iter().filter(named).collect()))
}

fn hidden(layered: &LayeredCircuit) -> Vec<TensorId> {
    let read = layered.layers().iter().filter(|layer| layer.is_annotated()).flat_map(|layer| &layer.links);
    let mut hidden: Vec<_> = read.map(|link| link.source).filter(|source| !layered.inputs().contains(source)).collect();
    hidden.sort_unstable();
    hidden.dedup();
    hidden
}

/// Ranks are shares among all contributions of a layer: from a circuit that dropped or joined some they cannot be told.
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

/// Refuses a Θ of an edge's neurons where edges of equal contributions share a leaf.
fn check_neurons<'a>(
    question: &Question,
    annotations: &Annotations,
    layers: impl Iterator<Item = (&'a str, bool)>,
) -> Result<(), ExplainError> {
    let asks = |(index, (_, annotated)): &(usize, (&str, bool))| {
        *annotated && question.semiring.theta_of_neurons && annotations.of(*index) == Annotation::Own
    };
    match layers.enumerate().find(asks) {
        Some((_, (layer, _))) => Err(FoldError::Neurons { layer: layer.to_string() }.into()),
        None => Ok(()),
    }
}

impl GateNotes {
    /// The annotations of the circuit's layers under a question that it has an answer to, in a semiring of the given laws:
    /// whoever evaluates it, or applies Θ to it, asks here.
    ///
    /// # Errors
    /// Annotations that do not fit the circuit or the semiring, or under which it was not pruned; a law that it was
    /// simplified by and that is not among `laws`.
    pub fn admit(&self, circuit: &GateCircuit, question: &Question, laws: Laws) -> Result<Annotations, ExplainError> {
        check_laws(circuit, laws)?;
        let annotations = question.gate_annotations(circuit)?;
        let layers = || circuit.layers().iter().map(|layer| (&*layer.name, layer.range.is_some()));
        check_ranks(&annotations, layers())?;
        if circuit.arrays().edges.is_none() {
            check_neurons(question, &annotations, layers())?;
        }
        if let Some(pruned) = &self.pruned {
            pruned.check(circuit, &question.semiring, &annotations)?;
        }
        Ok(annotations)
    }

    /// The values of the variables that targets start with under a question; none where all of them are the semiring's 1.
    pub fn start(&self, question: &Question) -> Vec<(String, f32)> {
        let value = |target: &TargetNote| {
            let logit = if question.start == DefaultStart::Logit { target.logit } else { 1.0 };
            (target.variable.clone(), target.sign * logit)
        };
        if self.starts_with_one(question) { Vec::new() } else { self.targets.iter().map(value).collect() }
    }

    fn starts_with_one(&self, question: &Question) -> bool {
        question.start == DefaultStart::One && self.targets.iter().all(|target| target.sign > 0.0)
    }

    /// The question under the Θ that the circuit was pruned for, if it was, and in the semiring of the question.
    ///
    /// # Errors
    /// Layers whose names are no patterns.
    pub fn annotate(&self, circuit: &GateCircuit, mut question: Question) -> Result<Question, ExplainError> {
        let Some(pruned) = self.pruned.as_ref().filter(|pruned| pruned.semiring == question.semiring.name) else {
            return Ok(question);
        };
        for (layer, annotation) in circuit.layers().iter().zip(&pruned.annotations) {
            if layer.range.is_some() {
                let choice = ThetaChoice::Annotation(*annotation);
                question.choices.push((LayerPattern::new(&layer.name)?, choice));
            }
        }
        Ok(question)
    }

    /// What is known of the circuit with another target: of one with a [leaf for each edge](Leaves::Edges), where every
    /// output starts with a variable.
    ///
    /// # Errors
    /// A circuit that starts from the targets that it was made for, or an output that the network does not have.
    pub fn with_target(&self, target: &Target) -> Result<Self, ExplainError> {
        let logits = self.network.as_ref().map_or(&[][..], |network| &network.logits);
        if logits.is_empty() || matches!(target, Target::Neurons { .. }) {
            return Err(ExplainError::FixedTargets);
        }
        Ok(GateNotes { targets: target_notes(&target.resolve(logits)?, logits), ..self.clone() })
    }

    /// Whether a variable is what an output starts with that is no target: 0, where every output starts with a variable.
    fn is_other_start(&self, variable: &str) -> bool {
        self.network.is_some() && is_start(variable) && !self.targets.iter().any(|target| target.variable == variable)
    }

    /// What a variable is under a question, if it is a start that is 1 or 0.
    fn constant(&self, question: &Question, variable: &str) -> Option<bool> {
        self.constant_of_side(question, variable, None)
    }

    /// The same where only targets of one sign count, if there is one, and start as if it were positive.
    fn constant_of_side(&self, question: &Question, variable: &str, side: Option<f32>) -> Option<bool> {
        let one = match side {
            Some(_) => question.start == DefaultStart::One,
            None => self.starts_with_one(question),
        };
        match self.targets.iter().find(|target| target.variable == variable) {
            Some(target) if side.is_some_and(|side| target.sign * side < 0.0) => Some(false),
            Some(_) => one.then_some(true),
            None => self.is_other_start(variable).then_some(false),
        }
    }
}

impl Pruned {
    /// Whether the edges that a circuit was pruned of are 0 here too: under the same Θ, and in the same semiring unless Θ
    /// yields nothing but 0 and 1.
    fn check(
        &self,
        circuit: &GateCircuit,
        semiring: &SemiringInfo,
        annotations: &Annotations,
    ) -> Result<(), ExplainError> {
        for (index, layer) in circuit.layers().iter().enumerate() {
            let Some(range) = layer.range else { continue };
            let (by, annotation) = (self.annotations.get(index), annotations.of(index));
            let everywhere = annotation.image(range) == Image::Truth;
            if by != Some(&annotation) || !(everywhere || self.semiring == semiring.name) {
                return Err(ExplainError::Pruned {
                    layer: layer.name.clone(),
                    by: by.map_or_else(|| "nothing".to_string(), Annotation::to_string),
                    semiring: self.semiring.clone(),
                    got: annotation.to_string(),
                });
            }
        }
        Ok(())
    }
}
