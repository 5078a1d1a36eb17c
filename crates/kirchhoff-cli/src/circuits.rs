//! Gate circuits, as the command line names them: read from a file, or made of a model and an input.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kirchhoff::circuit::{CircuitFile, GateCircuit, Leaves, OutputTensor, neuron_name, tensor_label};
use kirchhoff::compile::{Bounds, LayerPattern};
use kirchhoff::explain::{
    ExplainError, GateNotes, GateOptions, Question, Symbolic, annotated, compile_gates, is_start,
};
use kirchhoff::formula::{Cut, Decision, FormulaError, cut, decide, find_outputs, output_names, parse};
use kirchhoff::network::{Network, Node};
use kirchhoff::semiring::{Call, Image, Interval, find_symbolic, symbolic_semirings};
use kirchhoff_file::read_text;

use crate::circuit_options::{CircuitOptions, SourceOptions, SymbolicOption};
use crate::failure::Failure;
use crate::load;
use crate::options::{ConditionOptions, ModelOutput, QuestionOptions, RuleOptions};
use crate::places::place;
use crate::progress::{Progress, stop_at_interrupt};
use crate::questions::{checked, split};
use crate::request::Request;

/// A semiring as a user names it: one of numbers, or a symbolic one beside that whose Θ decides which edges it has.
struct Named<'a> {
    numeric: &'a str,
    symbolic: Option<&'a str>,
}

impl<'a> Named<'a> {
    fn new(semiring: &'a str, unchecked: bool) -> Result<Self, Failure> {
        let found = semiring.parse::<Call>().ok().and_then(|call| find_symbolic(&call.name).ok());
        if let Some(limit) = found.and_then(|info| info.limit) {
            return Ok(Named { numeric: limit.numbers, symbolic: Some(semiring) });
        }
        // Several are told apart where questions are made of them.
        if let [name] = split(semiring)[..] {
            crate::semirings::semiring(name, unchecked).map_err(|error| {
                let names: Vec<&str> = symbolic_semirings().iter().map(|info| &*info.name).collect();
                Failure::usage(format!("{error}; symbolic ones: {}", names.join(", ")))
            })?;
        }
        Ok(Named { numeric: semiring, symbolic: None })
    }
}

/// How a circuit is made of a model and an input.
pub struct Compilation<'a> {
    /// Where variables are put; none says on every edge for symbolic semirings, and nowhere for others.
    pub symbolic: Option<&'a SymbolicOption>,
    /// Whether edges that Θ sends to 0 are left out.
    pub prune: bool,
    /// Which edges share a leaf.
    pub leaves: Leaves,
    /// How many gates are allowed.
    pub max_gates: u64,
    /// Whether nothing is said meanwhile.
    pub quiet: bool,
}

/// A circuit, what is known of it, and the question that it answers.
pub struct Compiled {
    pub circuit: GateCircuit,
    pub notes: GateNotes,
    pub question: Question,
}

/// Makes the circuit of a model on one input, for one semiring.
pub fn compiled(options: &QuestionOptions, compilation: &Compilation<'_>) -> Result<Compiled, Failure> {
    let named = options.semiring.as_deref().unwrap_or("real");
    let Named { numeric, symbolic } = Named::new(named, options.rules.unchecked)?;
    let request = Request::read(&QuestionOptions { semiring: Some(numeric.to_string()), ..options.clone() })?;
    let [question] = &request.questions[..] else {
        return Err(Failure::usage("a circuit is compiled under the rules of one semiring: name one with --semiring"));
    };
    let count = request.inputs.count;
    if count > 1 && compilation.leaves == Leaves::Values {
        return Err(Failure::usage(format!(
            "a gate circuit is of one input, but there are {count}: choose one with --input, from 0"
        )));
    }
    if !compilation.quiet {
        request.remark();
    }
    stop_at_interrupt();
    let progress = Progress::new(request.edges().saturating_mul(2), compilation.quiet);
    progress.say("network");
    let execution = request.run(0..1, &progress)?;
    progress.say("gates");
    let question = question.part(0..1, count)?;
    let options = GateOptions {
        execution: 0,
        prune: compilation.prune,
        symbolic: match compilation.symbolic {
            None if symbolic.is_some() => Symbolic::Edges,
            None => Symbolic::None,
            Some(SymbolicOption::Edges) => Symbolic::Edges,
            Some(SymbolicOption::Hidden) => Symbolic::Hidden,
            Some(SymbolicOption::Neurons(names)) => {
                let network = &request.loaded.network;
                let layer = |name| find_layer(network, name).map_or(name, |node| &node.name);
                let patterns = names.iter().map(|name| LayerPattern::new(layer(name)));
                Symbolic::Neurons(patterns.collect::<Result<_, _>>().map_err(Failure::input)?)
            }
        },
        // Weights of the best paths, and numbers beside variables.
        contributions: symbolic.is_none() || question.semiring.annotation.image(Interval::REALS) != Image::Truth,
        picture: request.inputs.picture,
        leaves: compilation.leaves,
        max_gates: compilation.max_gates,
    };
    let (circuit, notes) = compile_gates(&execution, &question, &options, &progress)?;
    let (model, input) = (request.loaded.name.clone(), request.inputs.names[0].clone());
    Ok(Compiled { circuit, notes: GateNotes { model, input, ..notes }, question })
}

/// The layer of a name, or of what its neurons are called: `1`, or `h1`.
pub fn find_layer<'a>(network: &'a Network, name: &str) -> Option<&'a Node> {
    let find = |is_meant: &dyn Fn(&Node) -> bool| network.nodes().map(|(_, node)| node).find(|node| is_meant(node));
    find(&|node| node.name == name).or_else(|| find(&|node| neuron_name(&node.name, &[], 0) == name))
}

/// Which part of which circuit is asked for.
pub struct Selection<'a> {
    /// The circuit's file, or what it is made of.
    pub source: &'a SourceOptions,
    /// Where a circuit that is made of a model has variables.
    pub symbolic: Option<&'a SymbolicOption>,
    /// Which variables of a circuit from a file are asked about.
    pub variables: StoredVariables<'a>,
    /// The outputs; none says the input's.
    pub outputs: &'a [String],
    /// Outputs that are taken as relevant, beside those.
    pub given: &'a [String],
    /// The layer to stop at.
    pub layer: Option<&'a str>,
    /// How far from the outputs to stop.
    pub depth: Option<usize>,
    /// How many gates are allowed.
    pub max_gates: u64,
    /// Whether nothing is said meanwhile.
    pub quiet: bool,
}

/// Which variables of a circuit from a file are asked about, beside those that outputs start with; the others are 1.
#[derive(Clone, Copy, Debug)]
pub enum StoredVariables<'a> {
    /// Whichever there are, and there may be none.
    Any,
    /// All, of which there is one at least.
    All,
    /// Those of edges.
    Edges,
    /// Those of the neurons of the layers that these name.
    Neurons(&'a [String]),
}

impl<'a> From<&'a CircuitOptions> for Selection<'a> {
    fn from(options: &'a CircuitOptions) -> Self {
        Selection {
            source: &options.source,
            symbolic: options.symbolic.as_ref(),
            variables: StoredVariables::Any,
            outputs: &options.outputs.output,
            given: &[],
            layer: options.layer.as_deref(),
            depth: options.depth,
            max_gates: options.size.max_gates,
            quiet: options.common.quiet,
        }
    }
}

/// The part of a circuit that is asked for.
pub struct Part {
    /// The circuit.
    pub circuit: GateCircuit,
    /// How many of its outputs are asked for; those behind them are given alone.
    pub asked: usize,
    /// The names of those of its outputs that are taken as relevant.
    pub given: Vec<String>,
    /// What is known of it.
    pub notes: GateNotes,
    /// The question that says what its contributions are, if a semiring is asked for or a model given.
    pub question: Option<Question>,
    /// The symbolic semiring, as the user names it.
    pub symbolic: Option<String>,
}

/// Reads or makes a circuit, and cuts out the part that is selected.
///
/// In a semiring of numbers contributions are what Θ makes of them, and the circuit is simplified by the laws of the
/// semiring; in a symbolic one, or where no semiring is named for a circuit from a file, it is as it was.
pub fn part(selection: &Selection<'_>, semiring: Option<&str>) -> Result<Part, Failure> {
    let named = semiring.map(|name| Named::new(name, selection.source.rules.unchecked)).transpose()?;
    let numeric = named.as_ref().map(|named| named.numeric);
    let symbolic = named.as_ref().and_then(|named| named.symbolic).map(str::to_string);
    let (Selected { mut circuit, asked, given }, notes, question) = match stored_part(selection)? {
        Some((selected, notes)) => {
            let question =
                numeric.map(|numeric| stored_question(&selected.circuit, &notes, selection, numeric)).transpose()?;
            (selected, notes, question)
        }
        None => {
            let Compiled { circuit, notes, question } = pruned_circuit(selection, semiring.unwrap_or("real"))?;
            (selected(&circuit, &notes, selection)?, notes, Some(question))
        }
    };
    if let (Some(question), None) = (&question, &symbolic) {
        let decided = annotated(&circuit, &notes, question)?;
        (circuit, _) = kirchhoff::circuit::simplify(&decided, question.semiring.laws).map_err(Failure::work)?;
    }
    if selection.depth.is_some() {
        circuit = cut(&circuit, &Cut { depth: selection.depth, ..Cut::default() })?;
    }
    Ok(Part { circuit, asked, given, notes, question, symbolic })
}

/// A circuit as it was stored or made, with all its leaves, and the question about it in a semiring of numbers.
pub fn whole(selection: &Selection<'_>, semiring: &str) -> Result<Compiled, Failure> {
    let compiled = match stored_file(&selection.source.files) {
        Some(file) => {
            let (circuit, notes) = stored(file, selection)?;
            let question = stored_question(&circuit, &notes, selection, semiring)?;
            Compiled { circuit, notes, question }
        }
        None => pruned_circuit(selection, semiring)?,
    };
    let pictured = compiled.notes.picture.and_then(|picture| compiled.circuit.with_output_shape(0, &picture).ok());
    Ok(Compiled { circuit: pictured.unwrap_or(compiled.circuit), ..compiled })
}

/// The selected part of a circuit as it was stored, or as it is made with all edges under the rules of a semiring, with its
/// contributions as they are.
pub fn unpruned(selection: &Selection<'_>, semiring: &str) -> Result<(GateCircuit, GateNotes), Failure> {
    let (circuit, notes) = match stored_part(selection)? {
        Some((selected, notes)) => (selected.circuit, notes),
        None => {
            let Compiled { circuit, notes, .. } = made(selection, semiring, false)?;
            (selected(&circuit, &notes, selection)?.circuit, notes)
        }
    };
    match selection.depth {
        None => Ok((circuit, notes)),
        depth => Ok((cut(&circuit, &Cut { depth, ..Cut::default() })?, notes)),
    }
}

/// The outputs of a whole circuit that are selected: by default, those of its first tensor.
pub fn chosen(circuit: &GateCircuit, selection: &Selection<'_>) -> Result<Vec<usize>, Failure> {
    let mut outputs = Vec::new();
    for name in selection.outputs {
        outputs.extend(find_outputs(circuit, name)?);
    }
    if let (true, Some(first)) = (outputs.is_empty(), circuit.output_tensors().first()) {
        outputs = find_outputs(circuit, &first.name)?;
    }
    outputs.sort_unstable();
    outputs.dedup();
    Ok(outputs)
}

/// The selected part of the circuit file that the files begin with, if they do: with its contributions as they are.
pub fn stored_part(selection: &Selection<'_>) -> Result<Option<(Selected, GateNotes)>, Failure> {
    let Some(file) = stored_file(&selection.source.files) else { return Ok(None) };
    let (circuit, notes) = stored(file, selection)?;
    let circuit = selection.variables.of(circuit, file)?;
    Ok(Some((selected(&circuit, &notes, selection)?, notes)))
}

/// The selected part of a circuit.
pub struct Selected {
    /// The part.
    pub circuit: GateCircuit,
    /// How many of its outputs are asked for; those behind them are given alone.
    asked: usize,
    /// The names of those of its outputs that are taken as relevant.
    given: Vec<String>,
}

/// The outputs that a text means, also where it has all indices of a neuron, as `x[0,14,14]`, or those of the first tensor alone,
/// as `14,14`.
fn outputs_of(circuit: &GateCircuit, text: &str) -> Result<Vec<usize>, FormulaError> {
    let found = find_outputs(circuit, text);
    let respelled = || {
        let (name, indices) = match text.trim().strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
            Some((name, indices)) => (Some(name).filter(|name| !name.is_empty()), indices),
            None => (None, text),
        };
        let is_meant = |tensor: &&OutputTensor| {
            name.is_none_or(|name| [&tensor.name[..], &tensor_label(&tensor.name)].contains(&name))
        };
        let tensor = circuit.output_tensors().iter().find(is_meant)?;
        let indices: Vec<usize> = indices.split(',').map(|index| index.trim().parse().ok()).collect::<Option<_>>()?;
        let neuron = place(&indices, &tensor.shape)?;
        Some(find_outputs(circuit, &neuron_name(&tensor.name, &tensor.shape, neuron)))
    };
    match found {
        Ok(found) => Ok(found),
        Err(error) => respelled().unwrap_or(Err(error)),
    }
}

/// The outputs and the layer of a circuit that are selected. Pixels are named by their places, also where the network
/// takes the picture as a vector.
pub fn selected(circuit: &GateCircuit, notes: &GateNotes, selection: &Selection<'_>) -> Result<Selected, Failure> {
    let pictured = notes.picture.and_then(|picture| circuit.with_output_shape(0, &picture).ok());
    let circuit = pictured.as_ref().unwrap_or(circuit);
    let find = |names: &[String]| -> Result<Vec<usize>, Failure> {
        let found: Vec<Vec<usize>> = names.iter().map(|name| outputs_of(circuit, name)).collect::<Result<_, _>>()?;
        Ok(found.concat())
    };
    let (mut outputs, given) = (find(selection.outputs)?, find(selection.given)?);
    let own = stored_file(&selection.source.files).is_some_and(is_text);
    if outputs.is_empty() && circuit.output_tensors().len() > 1 && !own {
        // Other layers are there to be named, not to be shown.
        outputs = find_outputs(circuit, &circuit.output_tensors()[0].name)?;
    }
    let asked = outputs.iter().collect::<BTreeSet<_>>().len();
    outputs.extend(&given);
    let names = output_names(circuit);
    Ok(Selected {
        asked,
        circuit: cut(circuit, &Cut { outputs, layer: selection.layer.map(str::to_string), depth: None })?,
        given: given.into_iter().map(|output| names[output].clone()).collect(),
    })
}

impl Part {
    /// The values of the variables that targets start with, unless all of them are 1.
    pub fn start(&self) -> Vec<(String, f32)> {
        self.question.as_ref().map_or_else(Vec::new, |question| self.notes.start(question))
    }
}

/// Whether the files name a circuit, with the variables that it has.
pub fn has_own_variables(files: &[PathBuf]) -> bool {
    stored_file(files).is_some()
}

/// The circuit file that the files begin with, if they do.
fn stored_file(files: &[PathBuf]) -> Option<&Path> {
    files.first().map(PathBuf::as_path).filter(|file| is_text(file) || CircuitFile::is_marked(file))
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sexpr"))
}

/// A circuit from a file.
fn stored(path: &Path, selection: &Selection<'_>) -> Result<(GateCircuit, GateNotes), Failure> {
    let source = selection.source;
    if source.files.len() > 1 {
        return Err(Failure::usage(format!("{} is a circuit: it takes no inputs", path.display())));
    }
    let target = &source.rules.target;
    let refused = [
        ("--symbolic", selection.symbolic.is_some()),
        ("--input", source.input.is_given()),
        ("--composite, --rule or what goes with them", source.rules.names_rules()),
    ];
    if let Some((option, _)) = refused.iter().find(|(_, given)| *given) {
        return Err(Failure::usage(format!(
            "{} has the rules, the input and the variables that it has: {option} is for circuits made of a model",
            path.display()
        )));
    }
    if is_text(path) {
        let unreadable = |error: std::io::Error| Failure::usage(format!("cannot read {}: {error}", path.display()));
        let text = read_text(path).map_err(unreadable)?;
        let circuit = parse(&text, selection.max_gates)
            .map_err(|error| Failure::usage(format!("{} is no circuit: {error}", path.display())))?;
        return Ok((circuit, retargeted(GateNotes::default(), target, path)?));
    }
    let file = load::circuit(path, true)?;
    Ok((load::gates(&file)?, retargeted(load::gate_notes(&file)?, target, path)?))
}

/// The notes of a circuit, with the target that is asked for; by default it is the one that the circuit was compiled for.
fn retargeted(notes: GateNotes, targets: &[String], path: &Path) -> Result<GateNotes, Failure> {
    let refused = |reason: &dyn std::fmt::Display| Failure::usage(format!("{}: --target: {reason}", path.display()));
    match targets {
        [] => Ok(notes),
        [target] if target == "top" => Ok(notes),
        [target] => {
            let target = target.parse().map_err(Failure::input)?;
            notes.with_target(&target).map_err(|error| refused(&error))
        }
        _ => Err(refused(&"a gate circuit is asked about one target")),
    }
}

impl StoredVariables<'_> {
    /// The circuit at `path` with 1 in place of the variables that are not asked about.
    fn of(self, circuit: GateCircuit, path: &Path) -> Result<GateCircuit, Failure> {
        if let StoredVariables::Any = self {
            return Ok(circuit);
        }
        let there: Vec<&str> =
            circuit.variables().iter().map(String::as_str).filter(|variable| !is_start(variable)).collect();
        if there.is_empty() {
            return Err(Failure::usage(format!(
                "{} has no variables: what is asked is about neurons or edges, which circuits have that were compiled \
                 with --symbolic",
                path.display()
            )));
        }
        let is_meant: Box<dyn Fn(&str) -> bool> = match self {
            StoredVariables::Any | StoredVariables::All => return Ok(circuit),
            // Names of another maker's may tell neither edges nor neurons.
            StoredVariables::Edges => Box::new(|variable: &str| variable.contains('→') || !variable.contains('[')),
            StoredVariables::Neurons(layers) => {
                let patterns: Vec<LayerPattern> = layers
                    .iter()
                    .map(|layer| LayerPattern::new(layer))
                    .collect::<Result<_, _>>()
                    .map_err(Failure::input)?;
                let labels: Vec<String> = layers.iter().map(|layer| tensor_label(layer)).collect();
                Box::new(move |variable: &str| {
                    let layer = variable.split_once('[').map_or(variable, |(layer, _)| layer);
                    let is_named = labels.iter().any(|label| label == layer);
                    !variable.contains('→') && (is_named || patterns.iter().any(|pattern| pattern.matches(layer)))
                })
            }
        };
        if !there.iter().any(|variable| is_meant(variable)) {
            let option = if let StoredVariables::Edges = self { "--edges" } else { "--neurons" };
            let few = there[..there.len().min(FEW)].join(", ");
            let more = if there.len() > FEW { format!(", and {} more", there.len() - FEW) } else { String::new() };
            return Err(Failure::usage(format!(
                "{option} means no variable of {}, which has {few}{more}",
                path.display()
            )));
        }
        let constant = |variable: &str| (!is_start(variable) && !is_meant(variable)).then_some(true);
        decide(&circuit, &|_, d| Decision::Number(d), &constant).map_err(Failure::work)
    }
}

/// Variables of which the names are printed.
const FEW: usize = 8;

/// What is asked of a circuit from a file.
fn stored_question(
    circuit: &GateCircuit,
    notes: &GateNotes,
    selection: &Selection<'_>,
    semiring: &str,
) -> Result<Question, Failure> {
    let mut questions = stored_questions(circuit, notes, &selection.source.rules, semiring)?;
    match questions.len() {
        1 => Ok(questions.swap_remove(0)),
        _ => Err(Failure::usage("a formula is in one semiring: name one")),
    }
}

/// What is asked of a circuit from a file, in each of the semirings: under the Θ that the circuit was pruned for in one of
/// them, unless another is named.
pub fn stored_questions(
    circuit: &GateCircuit,
    notes: &GateNotes,
    rules: &RuleOptions,
    semirings: &str,
) -> Result<Vec<Question>, Failure> {
    checked(rules, semirings, &Bounds::default(), |question| {
        annotate(circuit, notes, rules, question)?;
        question.gate_annotations(circuit).map(|_| ())
    })
}

/// Puts a question under the Θ that a circuit was pruned for in its semiring, unless another is named.
pub fn annotate(
    circuit: &GateCircuit,
    notes: &GateNotes,
    rules: &RuleOptions,
    question: &mut Question,
) -> Result<(), ExplainError> {
    if rules.theta.is_empty() {
        *question = notes.annotate(circuit, question.clone())?;
    }
    Ok(())
}

/// The circuit of a model on one input, without the edges that Θ sends to 0.
fn pruned_circuit(selection: &Selection<'_>, semiring: &str) -> Result<Compiled, Failure> {
    made(selection, semiring, true)
}

fn made(selection: &Selection<'_>, semiring: &str, prune: bool) -> Result<Compiled, Failure> {
    let outputs = [selection.outputs, selection.given].concat();
    let question = question_options(selection.source, semiring, &outputs, selection.layer);
    let compilation = Compilation {
        symbolic: selection.symbolic,
        prune,
        leaves: Leaves::Values,
        max_gates: selection.max_gates,
        quiet: selection.quiet,
    };
    compiled(&question, &compilation)
}

/// What is asked of a model so that its circuit has these outputs, and this layer.
pub fn question_options(
    source: &SourceOptions,
    semirings: &str,
    outputs: &[String],
    layer: Option<&str>,
) -> QuestionOptions {
    // Neurons of other layers can be named once they are outputs too.
    let others = layer.is_some() || outputs.iter().any(|name| name.parse::<usize>().is_err());
    QuestionOptions {
        files: source.files.clone(),
        reading: source.reading.clone(),
        of: ModelOutput::default(),
        input: source.input.or_first(),
        semiring: Some(semirings.to_string()),
        rules: source.rules.clone(),
        conditions: ConditionOptions::default(),
        layers: if others { "all" } else { "input" }.to_string(),
        count_kept: false,
        memory: None,
    }
}
