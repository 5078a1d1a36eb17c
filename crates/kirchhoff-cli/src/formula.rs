//! `kirchhoff formula` and `kirchhoff draw`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use kirchhoff::circuit::{GateCircuit, GateKind};
use kirchhoff::circuit_page::{CircuitPageError, CircuitPageOptions, DEFAULT_PAGE_GATES, circuit_page};
use kirchhoff::compile::Bounds;
use kirchhoff::evaluate::{DEFAULT_MAX_NODES, PerLeaf, ProbabilityError, decision_diagrams};
use kirchhoff::explain::{OutputExpression, Question, expressions};
use kirchhoff::formula::{
    Cut, Ddnnf, FormulaOptions, Notation, boolean_output, cnf, cut, dot, json, latex, nnf, page, sexpr, svg, text,
};
use kirchhoff_file::Folder;
use serde_json::json as value;

use crate::circuit_options::CircuitOptions;
use crate::circuits::{Part, Selection, annotate, part, unpruned};
use crate::failure::Failure;
use crate::options::WriteOptions;
use crate::progress::{Interrupt, stop_at_interrupt};
use crate::questions::{admitted, checked, split};

/// `kirchhoff formula`.
#[derive(Args, Debug)]
pub struct Formula {
    #[command(flatten)]
    pub circuit: CircuitOptions,
    /// How the formula is written
    #[arg(long, short, value_enum, default_value_t)]
    pub format: FormatOption,
    /// The K strongest paths to each output, with their weights: short for `--semiring top-k(K)`
    #[arg(long, value_name = "K", conflicts_with = "semiring", value_parser = clap::value_parser!(u32).range(1..))]
    pub top: Option<u32>,
    /// Write subformulas of at most N gates out wherever they are used, or `all`; others have names
    #[arg(long, value_name = "N", default_value = "7", value_parser = number_or_all)]
    pub expand: u64,
    /// Nodes that the decision diagram of a d-DNNF may take
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_NODES)]
    pub max_nodes: usize,
    /// File to write [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub write: WriteOptions,
}

fn number_or_all(text: &str) -> Result<u64, String> {
    match text {
        "all" => Ok(u64::MAX),
        text => text.parse().map_err(|_| "write a number, or `all`".to_string()),
    }
}

/// How a formula is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FormatOption {
    /// Lines of text
    #[default]
    Text,
    /// An align* environment
    Latex,
    /// A page on which subformulas and long sums fold
    Html,
    /// S-expressions, which `formula` and `draw` read back
    Sexpr,
    /// The gates, one by one
    Json,
    /// DIMACS CNF of one output
    Cnf,
    /// Negation normal form of one output; no d-DNNF
    Nnf,
    /// Deterministic decomposable negation normal form of one output, in c2d's format: models can be counted on it
    Ddnnf,
    /// The same in d4's format, without names, as KLay reads it
    D4,
}

/// `kirchhoff draw`.
#[derive(Args, Debug)]
pub struct Draw {
    #[command(flatten)]
    pub circuit: CircuitOptions,
    /// File to write: .svg, .dot for GraphViz, or .html for a page on which gates unfold, with their values in several
    /// semirings
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub write: WriteOptions,
}

/// Writes the formula of a circuit.
pub fn formula(arguments: &Formula) -> Result<(), Failure> {
    let top = arguments.top.map(|k| format!("top-k({k})"));
    let semiring = top.as_deref().or(arguments.circuit.semiring.as_deref());
    let part = part(&Selection::from(&arguments.circuit), semiring)?;
    let options = FormulaOptions { expand: arguments.expand, ..options(&arguments.circuit, &part) };
    let format = if arguments.circuit.common.json { FormatOption::Json } else { arguments.format };
    let written = match (&part.symbolic, format) {
        (Some(semiring), FormatOption::Text | FormatOption::Json) => symbolic(&part, semiring, format)?,
        (Some(semiring), _) => {
            return Err(Failure::usage(format!(
                "`{semiring}` is written as text or json; for a formula of gates name no semiring, or one of numbers"
            )));
        }
        (None, FormatOption::Text) => text(&part.circuit, &options)?,
        (None, FormatOption::Latex) => latex(&part.circuit, &options)?,
        (None, FormatOption::Html) => page(&part.circuit, &options)?,
        (None, FormatOption::Sexpr) => sexpr(&part.circuit, &options)?,
        (None, FormatOption::Json) => json(&part.circuit, &options)?,
        (None, FormatOption::Cnf) => cnf(&part.circuit)?,
        (None, FormatOption::Nnf) => nnf(&part.circuit)?,
        (None, FormatOption::Ddnnf) => ddnnf(&part.circuit, arguments.max_nodes)?.c2d(true),
        (None, FormatOption::D4) => ddnnf(&part.circuit, arguments.max_nodes)?.d4(false),
    };
    match &arguments.out {
        Some(path) => write(path, &arguments.write, &written, arguments.circuit.common.quiet),
        None => crate::print(&written),
    }
}

/// The d-DNNF of a circuit of one output, by a decision diagram.
fn ddnnf(circuit: &GateCircuit, max_nodes: usize) -> Result<Ddnnf, Failure> {
    boolean_output("d-DNNF", circuit)?;
    stop_at_interrupt();
    // There are no contributions to be made true or false.
    let diagrams =
        decision_diagrams(circuit, &PerLeaf(|_: usize, d: f32| d != 0.0), &[&[0]], &|_| None, max_nodes, &Interrupt)
            .map_err(|error| match error {
                ProbabilityError::Nodes { .. } | ProbabilityError::Variables { .. } => Failure::usage(format!(
                    "{error}: keep fewer edges by --theta, put fewer variables by --symbolic, or raise --max-nodes"
                )),
                error => error.into(),
            })?;
    Ok(Ddnnf::from_diagram(circuit.variables(), &diagrams[0]))
}

/// Draws a circuit.
pub fn draw(arguments: &Draw) -> Result<(), Failure> {
    let extension = arguments.out.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let drawn: fn(&_, &_) -> _ = match extension.to_ascii_lowercase().as_str() {
        "html" => return draw_page(arguments),
        "svg" => svg,
        "dot" | "gv" => dot,
        _ => {
            return Err(Failure::usage(format!(
                "cannot draw {}: its name must end in .svg, .dot for GraphViz, or .html",
                arguments.out.display()
            )));
        }
    };
    let part = part(&Selection::from(&arguments.circuit), arguments.circuit.semiring.as_deref())?;
    if let Some(semiring) = &part.symbolic {
        return Err(Failure::usage(format!(
            "`{semiring}` has no gates to draw: ask `formula` for it, or draw the circuit with --symbolic"
        )));
    }
    let circuit = without_zeros(part.circuit.clone())?;
    let drawn = drawn(&circuit, &options(&arguments.circuit, &part))?;
    write(&arguments.out, &arguments.write, &drawn, arguments.circuit.common.quiet)
}

/// The semirings of a page where none are named; those that the circuit's contributions do not fit are left out.
const PAGE_SEMIRINGS: &str = "real,boolean,counting,viterbi,bottleneck";

/// Draws a circuit as a page.
fn draw_page(arguments: &Draw) -> Result<(), Failure> {
    let Draw { circuit: options, out, write: writing } = arguments;
    let names = options.semiring.as_deref().unwrap_or(PAGE_SEMIRINGS);
    let selection = Selection::from(options);
    let first = split(names).first().copied().unwrap_or(names);
    let (circuit, notes) = unpruned(&selection, first)?;
    let circuit = without_zeros(circuit)?;
    let rules = &options.source.rules;
    let fitting = |question: &mut Question| {
        annotate(&circuit, &notes, rules, question)?;
        question.gate_annotations(&circuit).map(|_| ())
    };
    let questions = match options.semiring {
        Some(_) => checked(rules, names, &Bounds::default(), fitting)?,
        None => admitted(rules, names, &Bounds::default(), fitting)?.0,
    };
    let title = match (&*notes.model, &*notes.input) {
        ("", _) => out.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        (model, "") => model.to_string(),
        (model, input) => format!("{model}: {input}"),
    };
    let limit = usize::try_from(options.max_written).unwrap_or(usize::MAX);
    let page = CircuitPageOptions { title: &title, limit: limit.min(DEFAULT_PAGE_GATES) };
    let page = circuit_page(&circuit, &notes, &questions, page, &Interrupt).map_err(|error| match error {
        CircuitPageError::Explain(error) => error.into(),
        CircuitPageError::Size { .. } => Failure::usage(format!("{error} (--output, --layer, --depth)")),
        CircuitPageError::Data(_) => Failure::work(error),
    })?;
    write(out, writing, &page, options.common.quiet)
}

/// Pictures with more outputs than this leave out those that are the constant 0.
const FEW_OUTPUTS: usize = 20;

/// The circuit without outputs that would fill its picture with zeros.
fn without_zeros(circuit: GateCircuit) -> Result<GateCircuit, Failure> {
    if circuit.outputs().len() <= FEW_OUTPUTS {
        return Ok(circuit);
    }
    let outputs = circuit.outputs().iter().enumerate();
    let others: Vec<usize> =
        outputs.filter(|(_, gate)| circuit.kind(**gate) != GateKind::Zero).map(|(output, _)| output).collect();
    if others.is_empty() {
        let count = circuit.outputs().len();
        return Err(Failure::usage(format!("all {count} outputs are 0, which is no picture: try a lower --theta")));
    }
    Ok(cut(&circuit, &Cut { outputs: others, ..Cut::default() })?)
}

fn options(arguments: &CircuitOptions, part: &Part) -> FormulaOptions {
    let notation = part.question.as_ref().map_or(Notation::Semiring, |question| question.semiring.notation);
    FormulaOptions {
        notation,
        digits: arguments.digits.map(usize::from),
        max_gates: arguments.max_written,
        given: part.start(),
        ..FormulaOptions::default()
    }
}

/// The outputs in a symbolic semiring, all of them within its limit.
fn symbolic(part: &Part, semiring: &str, format: FormatOption) -> Result<String, Failure> {
    let question: &Question = part.question.as_ref().expect("a semiring is asked for");
    let outputs = expressions(&part.circuit, &part.notes, semiring, question, &Interrupt)?;
    let written = |output: &OutputExpression| output.value.is_ok();
    if let Some((output, error)) = outputs.iter().find_map(|output| Some((output, output.value.as_ref().err()?))) {
        return Err(Failure::work(anyhow::anyhow!(
            "R({}): {error} ({} of {} outputs are within the limit)",
            output.name,
            outputs.iter().filter(|output| written(output)).count(),
            outputs.len()
        )));
    }
    let values = outputs.iter().map(|output| (output, output.value.as_deref().unwrap_or_default()));
    if format == FormatOption::Text {
        return Ok(values.map(|(output, expression)| format!("R({}) = {expression}\n", output.name)).collect());
    }
    let outputs: Vec<_> = values
        .map(|(output, expression)| value!({ "name": output.name, "terms": output.terms, "value": expression }))
        .collect();
    let view = value!({ "semiring": semiring, "outputs": outputs });
    Ok(serde_json::to_string_pretty(&view).map_err(Failure::work)? + "\n")
}

/// Writes one file, whole, to a folder that is made where it is not there.
fn write(path: &Path, options: &WriteOptions, text: &str, quiet: bool) -> Result<(), Failure> {
    let name = path.file_name();
    let name = name.ok_or_else(|| Failure::usage(format!("cannot write {}: it names no file", path.display())))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut folder = Folder::open(options.output(folder))?;
    folder.write(name, text.as_bytes())?;
    folder.commit()?;
    if !quiet {
        crate::say(format_args!("wrote {}", path.display()));
    }
    Ok(())
}
