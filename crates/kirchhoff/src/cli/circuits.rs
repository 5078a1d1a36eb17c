//! Gate circuits, as the command line names them: read from a file, or made of a model and an input.

use std::path::{Path, PathBuf};

use kirchhoff::circuit::GateCircuit;
use kirchhoff::circuit::formula::{Cut, cut, find_outputs, parse};
use kirchhoff::compile::{Bounds, LayerPattern};
use kirchhoff::explain::Question;
use kirchhoff::gates::{Symbolic, Unrolling, annotated, unrolled};
use kirchhoff::semiring::{Call, find, find_symbolic, symbolic_semirings};

use super::arguments::{CircuitOptions, QuestionOptions, SymbolicOption};
use super::asked::Asked;
use super::failure::Failure;
use super::progress::{Progress, stop_at_interrupt};
use super::questions::checked;

/// The part of a circuit that is asked for.
pub struct Part {
    /// The circuit.
    pub circuit: GateCircuit,
    /// The question that says what its contributions are, if a semiring is asked for or a model given.
    pub question: Option<Question>,
    /// The symbolic semiring, as the user names it.
    pub symbolic: Option<String>,
    /// The values of variables, where they are known.
    pub given: Vec<(String, f32)>,
}

/// Reads or makes a circuit, and cuts it as the options say.
///
/// In a semiring of numbers contributions are what Θ makes of them, and the circuit is simplified by the laws of the
/// semiring; in a symbolic one, or where no semiring is named for a circuit from a file, it is as it was.
pub fn part(options: &CircuitOptions, semiring: Option<&str>) -> Result<Part, Failure> {
    if let Some(Err(error)) = semiring.filter(|name| !is_symbolic(name) && !name.contains(',')).map(find) {
        let names: Vec<&str> = symbolic_semirings().iter().map(|info| info.name).collect();
        return Err(Failure::usage(format!("{error}; symbolic ones: {}", names.join(", "))));
    }
    let symbolic = semiring.filter(|semiring| is_symbolic(semiring)).map(str::to_string);
    // The numbers that a symbolic semiring's Θ decides by: those of its counterpart among the numeric ones.
    let numeric = match (&symbolic, semiring) {
        (None, semiring) => semiring,
        (Some(symbolic), _) if symbolic.trim_start().starts_with("top-k") => Some("viterbi"),
        (Some(_), _) => Some("boolean"),
    };
    let mut part = match options.files.split_first() {
        Some((file, inputs)) if is_text(file) => {
            if !inputs.is_empty() {
                return Err(Failure::usage(format!("{} is a circuit: it takes no inputs", file.display())));
            }
            stored(file, options, numeric)?
        }
        _ => made(options, numeric.unwrap_or("real"), symbolic.is_some())?,
    };
    part.symbolic = symbolic;
    let outputs: Vec<Vec<usize>> =
        options.output.iter().map(|name| find_outputs(&part.circuit, name)).collect::<Result<_, _>>()?;
    let mut outputs = outputs.concat();
    if outputs.is_empty() && part.circuit.output_tensors().len() > 1 && !has_own_variables(&options.files) {
        // Other layers are there to be named, not to be shown.
        outputs = find_outputs(&part.circuit, &part.circuit.output_tensors()[0].name)?;
    }
    part.circuit = cut(&part.circuit, &Cut { outputs, layer: options.layer.clone(), depth: None })?;
    if let (Some(question), None) = (&part.question, &part.symbolic) {
        let circuit = annotated(&part.circuit, question)?;
        (part.circuit, _) = kirchhoff::circuit::simplify(&circuit, question.semiring.laws).map_err(Failure::work)?;
    }
    if options.depth.is_some() {
        part.circuit = cut(&part.circuit, &Cut { depth: options.depth, ..Cut::default() })?;
    }
    Ok(part)
}

/// Whether the files name a circuit, with the variables that it has.
pub fn has_own_variables(files: &[PathBuf]) -> bool {
    files.first().is_some_and(|file| is_text(file))
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sexpr"))
}

fn is_symbolic(semiring: &str) -> bool {
    semiring.parse::<Call>().is_ok_and(|call| find_symbolic(&call.name).is_ok())
}

/// A circuit from a file.
fn stored(file: &Path, options: &CircuitOptions, semiring: Option<&str>) -> Result<Part, Failure> {
    let unreadable = |error: std::io::Error| Failure::usage(format!("cannot read {}: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let circuit = parse(&text, options.max_gates)
        .map_err(|error| Failure::usage(format!("{} is no circuit: {error}", file.display())))?;
    if options.symbolic.is_some() {
        return Err(Failure::usage(format!(
            "{} has the variables that it has: --symbolic is for circuits made of a model",
            file.display()
        )));
    }
    let no_bounds = Bounds { low: [].into(), high: [].into() };
    let question = semiring.map(|semiring| {
        let check = |question: &mut Question| question.gate_annotations(&circuit).map(|_| ());
        Ok::<_, Failure>(checked(&options.rules, semiring, &no_bounds, check)?.swap_remove(0))
    });
    Ok(Part { question: question.transpose()?, circuit, symbolic: None, given: Vec::new() })
}

/// The circuit of a model on one input.
fn made(options: &CircuitOptions, semiring: &str, symbolic: bool) -> Result<Part, Failure> {
    // Neurons of other layers can be named once they are outputs too.
    let others = options.layer.is_some() || options.output.iter().any(|name| name.parse::<usize>().is_err());
    let asked = Asked::read(&QuestionOptions {
        count_kept: false,
        memory: None,
        files: options.files.clone(),
        model: options.model.clone(),
        preprocessing: options.preprocessing.clone(),
        semiring: semiring.to_string(),
        rules: options.rules.clone(),
        layers: if others { "all" } else { "input" }.to_string(),
    })?;
    let [question] = &asked.questions[..] else {
        return Err(Failure::usage("a formula is in one semiring: name one"));
    };
    let (input, count) = (options.input, asked.inputs.count);
    if input >= count {
        return Err(Failure::usage(format!("--input {input} is out of range: there are {count}, from 0")));
    }
    if !options.common.quiet {
        asked.warn_of_bounds();
    }
    stop_at_interrupt();
    let progress = Progress::new(2 * asked.edges(), options.common.quiet);
    progress.say("gates");
    let execution = asked.run(input..input + 1, &progress)?;
    let question = question.part(input..input + 1, count)?;
    let unrolling = Unrolling {
        input: 0,
        symbolic: match &options.symbolic {
            None if symbolic => Symbolic::Edges,
            None => Symbolic::None,
            Some(SymbolicOption::Edges) => Symbolic::Edges,
            Some(SymbolicOption::Hidden) => Symbolic::Hidden,
            Some(SymbolicOption::Neurons(names)) => {
                let patterns = names.iter().map(|name| LayerPattern::new(name));
                Symbolic::Neurons(patterns.collect::<Result<_, _>>().map_err(Failure::input)?)
            }
        },
        // Weights of the best paths, and numbers beside variables.
        contributions: !symbolic || question.semiring.name == "viterbi",
        input_shape: asked.inputs.picture.map(|picture| picture.to_vec()),
        max_gates: options.max_gates,
    };
    let made = unrolled(&execution, &question, &unrolling, &progress)?;
    Ok(Part { circuit: made.circuit, question: Some(question), symbolic: None, given: made.start })
}
