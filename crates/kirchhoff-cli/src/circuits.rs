//! Gate circuits, as the command line names them: read from a file, or made of a model and an input.

use std::path::{Path, PathBuf};

use kirchhoff::circuit::{CircuitFile, GateCircuit, Leaves, neuron_name};
use kirchhoff::compile::{Bounds, LayerPattern};
use kirchhoff::explain::{GateNotes, GateOptions, Question, Symbolic, annotated, compile_gates};
use kirchhoff::formula::{Cut, cut, find_outputs, parse};
use kirchhoff::network::{Network, Node};
use kirchhoff::semiring::{Call, Image, Interval, find_symbolic, symbolic_semirings};

use crate::circuit_options::{CircuitOptions, SourceOptions, SymbolicOption};
use crate::failure::Failure;
use crate::load;
use crate::options::{QuestionOptions, RuleOptions};
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
    /// Which of the inputs; if there is one only, it.
    pub input: Option<usize>,
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
    let Named { numeric, symbolic } = Named::new(&options.semiring, options.rules.unchecked)?;
    let request = Request::read(&QuestionOptions { semiring: numeric.to_string(), ..options.clone() })?;
    let [question] = &request.questions[..] else {
        return Err(Failure::usage("a circuit is compiled under the rules of one semiring: name one with --semiring"));
    };
    let (input, count) = (compilation.input.unwrap_or(0), request.inputs.count);
    if input >= count {
        return Err(Failure::usage(format!("--input {input} is out of range: there are {count}, from 0")));
    }
    if compilation.input.is_none() && count > 1 && compilation.leaves == Leaves::Values {
        return Err(Failure::usage(format!(
            "a gate circuit is of one input, but there are {count}: choose one with --input, from 0"
        )));
    }
    if !compilation.quiet {
        request.warn_of_bounds();
    }
    stop_at_interrupt();
    let progress = Progress::new(request.edges().saturating_mul(2), compilation.quiet);
    progress.say("network");
    let execution = request.run(input..input + 1, &progress)?;
    progress.say("gates");
    let question = question.part(input..input + 1, count)?;
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
    let (model, input) = (request.loaded.name.clone(), request.inputs.names[input].clone());
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
    /// The outputs; none says the input's.
    pub outputs: &'a [String],
    /// The layer to stop at.
    pub layer: Option<&'a str>,
    /// How far from the outputs to stop.
    pub depth: Option<usize>,
    /// How many gates are allowed.
    pub max_gates: u64,
    /// Whether nothing is said meanwhile.
    pub quiet: bool,
}

impl<'a> From<&'a CircuitOptions> for Selection<'a> {
    fn from(options: &'a CircuitOptions) -> Self {
        Selection {
            source: &options.source,
            symbolic: options.symbolic.as_ref(),
            outputs: &options.outputs.output,
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
    let (mut circuit, notes, question) = match stored_part(selection)? {
        Some((circuit, notes)) => {
            let question = numeric.map(|numeric| stored_question(&circuit, selection, numeric)).transpose()?;
            (circuit, notes, question)
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
    Ok(Part { circuit, notes, question, symbolic })
}

/// The selected part of the circuit file that the files begin with, if they do: with its contributions as they are.
pub fn stored_part(selection: &Selection<'_>) -> Result<Option<(GateCircuit, GateNotes)>, Failure> {
    let Some(file) = stored_file(&selection.source.files) else { return Ok(None) };
    let (circuit, notes) = stored(file, selection)?;
    Ok(Some((selected(&circuit, &notes, selection)?, notes)))
}

/// The outputs and the layer of a circuit that are selected. Pixels are named by their places, also where the network
/// takes the picture as a vector.
pub fn selected(circuit: &GateCircuit, notes: &GateNotes, selection: &Selection<'_>) -> Result<GateCircuit, Failure> {
    let pictured = notes.picture.and_then(|picture| circuit.with_output_shape(0, &picture).ok());
    let circuit = pictured.as_ref().unwrap_or(circuit);
    let outputs: Vec<Vec<usize>> =
        selection.outputs.iter().map(|name| find_outputs(circuit, name)).collect::<Result<_, _>>()?;
    let mut outputs = outputs.concat();
    let own = stored_file(&selection.source.files).is_some_and(is_text);
    if outputs.is_empty() && circuit.output_tensors().len() > 1 && !own {
        // Other layers are there to be named, not to be shown.
        outputs = find_outputs(circuit, &circuit.output_tensors()[0].name)?;
    }
    Ok(cut(circuit, &Cut { outputs, layer: selection.layer.map(str::to_string), depth: None })?)
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
    let RuleOptions { target, composite, rule, theta: _, start: _, max_pool, low, high, unchecked: _ } = &source.rules;
    let rules = !(composite.is_empty() && rule.is_empty() && max_pool.is_none() && low.is_none() && high.is_none());
    let refused = [
        ("--symbolic", selection.symbolic.is_some()),
        ("--input", source.input != 0),
        ("--target", target.iter().any(|target| target != "top")),
        ("--composite, --rule, --max-pool, --low or --high", rules),
    ];
    if let Some((option, _)) = refused.iter().find(|(_, given)| *given) {
        return Err(Failure::usage(format!(
            "{} has the rules, targets and variables that it has: {option} is for circuits made of a model",
            path.display()
        )));
    }
    if is_text(path) {
        let unreadable = |error: std::io::Error| Failure::usage(format!("cannot read {}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let circuit = parse(&text, selection.max_gates)
            .map_err(|error| Failure::usage(format!("{} is no circuit: {error}", path.display())))?;
        return Ok((circuit, GateNotes::default()));
    }
    let file = load::circuit(path, true)?;
    Ok((load::gates(&file)?, load::gate_notes(&file)?))
}

/// What is asked of a circuit from a file.
fn stored_question(circuit: &GateCircuit, selection: &Selection<'_>, semiring: &str) -> Result<Question, Failure> {
    let mut questions = stored_questions(circuit, &selection.source.rules, semiring)?;
    match questions.len() {
        1 => Ok(questions.swap_remove(0)),
        _ => Err(Failure::usage("a formula is in one semiring: name one")),
    }
}

/// What is asked of a circuit from a file, in each of the semirings.
pub fn stored_questions(circuit: &GateCircuit, rules: &RuleOptions, semirings: &str) -> Result<Vec<Question>, Failure> {
    checked(rules, semirings, &Bounds::default(), |question| question.gate_annotations(circuit).map(|_| ()))
}

/// The circuit of a model on one input, without the edges that Θ sends to 0.
fn pruned_circuit(selection: &Selection<'_>, semiring: &str) -> Result<Compiled, Failure> {
    let question = question_options(selection.source, semiring, selection.outputs, selection.layer);
    let compilation = Compilation {
        input: Some(selection.source.input),
        symbolic: selection.symbolic,
        prune: true,
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
        semiring: semirings.to_string(),
        rules: source.rules.clone(),
        layers: if others { "all" } else { "input" }.to_string(),
        count_kept: false,
        memory: None,
    }
}
