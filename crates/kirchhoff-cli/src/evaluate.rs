//! `kirchhoff evaluate`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use kirchhoff::circuit::{CircuitFile, CircuitKind, FlatArray, GateCircuit};
use kirchhoff::compile::Bounds;
use kirchhoff::data::{Inputs, Preprocessing, read_inputs};
use kirchhoff::explain::{Answer, GateNotes, Question, evaluate_gates};
use kirchhoff::explanation::{Pictures, relevance_file};
use kirchhoff_file::Folder;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::inspect::sizes;
use crate::listings::table;
use crate::load;
use crate::options::{Common, ReadingOptions, RuleOptions, StartOption};
use crate::progress::{Interrupt, Progress, stop_at_interrupt};
use crate::questions::checked;

/// `kirchhoff evaluate`.
#[derive(Args, Debug)]
pub struct Evaluate {
    /// Circuit files; several are stacked and need the same outputs
    #[arg(value_name = "CIRCUIT", required = true)]
    pub circuits: Vec<PathBuf>,
    /// Semirings, separated by commas; `kirchhoff semirings` lists them
    #[arg(long, short, value_name = "NAMES", default_value = "boolean")]
    pub semiring: String,
    /// Annotation Θ for every layer, or for layers by name or pattern: `threshold(0.01)`, `boolean:4=0.05`
    #[arg(long, value_name = "[SEMIRING:][LAYER=]THETA", allow_hyphen_values = true)]
    pub theta: Vec<String>,
    /// What targets start with [default: the logit for real, 1 for the others]
    #[arg(long, value_enum)]
    pub start: Option<StartOption>,
    /// Take semirings that are defined by files or `define(...)` without a check of their laws
    #[arg(long)]
    pub unchecked: bool,
    /// Output to explain, of a layered circuit or of --inputs, as for `explain` [default: the one that a layered circuit
    /// was compiled for, top for inputs]
    #[arg(long, value_name = "TARGET", allow_negative_numbers = true)]
    pub target: Vec<String>,
    /// Layers to keep the relevance of, of a layered circuit [default: input]
    #[arg(long, value_name = "LAYERS")]
    pub layers: Option<String>,
    /// Other contributions for the circuit's leaves: an .npy or .safetensors array of shape [batch, contributions]
    #[arg(long, value_name = "FILE")]
    pub contributions: Option<PathBuf>,
    /// Run the network on these inputs (images, .npy, .safetensors or IDX files; none: the embedded digits) and evaluate
    /// the circuit on the contributions of each: for a circuit compiled with `--leaves edges`
    #[arg(long, value_name = "INPUT", num_args = 0.., conflicts_with = "contributions")]
    pub inputs: Option<Vec<PathBuf>>,
    /// The model that --inputs are for, which must be the one that the circuit was compiled from [default: the path noted
    /// in the circuit]
    #[arg(long, value_name = "MODEL", requires = "inputs")]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingOptions,
    /// Memory for contributions and the values of gates, such as 1GiB, and as much again for activations: so many of the
    /// --inputs are evaluated together as fit
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = crate::memory::size, requires = "inputs")]
    pub memory: u64,
    /// Read all of each file first and compare it with its checksum
    #[arg(long)]
    pub verify: bool,
    /// Folder for relevance.safetensors and pictures; made if it is not there
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Pictures for at most so many circuits
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub pictures: usize,
    #[command(flatten)]
    pub common: Common,
}

/// Outputs of circuits up to this number are printed.
const PRINTED: usize = 16;

/// One circuit to evaluate, or one vector of contributions for it.
struct Item {
    name: String,
    circuit: GateCircuit,
    notes: GateNotes,
}

/// What comes of circuits.
pub struct Evaluated {
    /// The names of the circuits, or of the inputs of one.
    pub names: Vec<String>,
    /// What is named.
    pub what: &'static str,
    /// Channels, height and width, where inputs are pictures.
    pub picture: Option<[usize; 3]>,
    /// What the report says of each circuit.
    pub circuits: Vec<Value>,
    /// One answer a semiring.
    pub answers: Vec<Answer>,
}

/// Evaluates stored circuits over semirings.
pub fn run(arguments: &Evaluate) -> Result<(), Failure> {
    if arguments.inputs.is_none() && arguments.reading != ReadingOptions::default() {
        return Err(Failure::usage("how models and inputs are read is for --inputs, which are not given"));
    }
    let evaluated = match &arguments.circuits[..] {
        [path] if arguments.inputs.is_some() => crate::evaluate_inputs::evaluate(arguments, path)?,
        _ if arguments.inputs.is_some() => return Err(Failure::usage("--inputs are for one circuit, not for several")),
        [path] if CircuitFile::kind_of(path) == Some(CircuitKind::Layered) => {
            crate::layered::evaluate(arguments, &load::circuit(path, arguments.verify)?)?
        }
        _ => gates(arguments)?,
    };
    let Evaluated { names, answers, .. } = &evaluated;
    if let Some(path) = &arguments.out {
        let mut folder = Folder::open(path)?;
        folder.write("relevance.safetensors", &relevance_file(answers, names.len())?)?;
        draw(&mut folder, &evaluated, arguments.pictures)?;
        folder.commit()?;
        if !arguments.common.quiet {
            crate::say(format_args!("wrote relevance.safetensors to {}", path.display()));
        }
    }
    if arguments.common.json { crate::print_json(&report(&evaluated)) } else { crate::print(&text(&evaluated)) }
}

/// Evaluates gate circuits.
fn gates(arguments: &Evaluate) -> Result<Evaluated, Failure> {
    if !arguments.target.is_empty() || arguments.layers.is_some() {
        return Err(Failure::usage(
            "a gate circuit has the targets and layers that it has: --target and --layers are for layered ones, and --target for --inputs",
        ));
    }
    let options = RuleOptions {
        theta: arguments.theta.clone(),
        start: arguments.start,
        unchecked: arguments.unchecked,
        ..RuleOptions::default()
    };
    let questions = questions(&options, &arguments.semiring)?;
    let items = items(arguments)?;
    stop_at_interrupt();
    let wires: u64 = items.iter().map(|item| item.circuit.wires() as u64).sum();
    let progress = Progress::new(wires * questions.len() as u64, arguments.common.quiet);
    let mut answers: Vec<Answer> = Vec::new();
    for question in &questions {
        progress.say(question.semiring.name.to_string());
        let mut whole: Option<Answer> = None;
        for item in &items {
            let answer = evaluate_gates(&item.circuit, &item.notes, question, &progress)?;
            match &mut whole {
                None => whole = Some(answer),
                Some(earlier) => earlier.append(answer),
            }
        }
        answers.extend(whole);
    }
    let circuit = |item: &Item| json!({ "name": item.name, "size": item.circuit.size() });
    Ok(Evaluated {
        names: items.iter().map(|item| item.name.clone()).collect(),
        what: "circuits",
        picture: items[0].notes.picture,
        circuits: items.iter().map(circuit).collect(),
        answers,
    })
}

/// One question a semiring. The circuit has its rules already.
pub fn questions(options: &RuleOptions, semirings: &str) -> Result<Vec<Question>, Failure> {
    checked(options, semirings, &Bounds::default(), |_| Ok(()))
}

/// The circuits, or the one circuit once for each vector of contributions.
fn items(arguments: &Evaluate) -> Result<Vec<Item>, Failure> {
    let mut items = Vec::new();
    for path in &arguments.circuits {
        let file = load::circuit(path, arguments.verify)?;
        let notes = load::gate_notes(&file)?;
        items.push(Item { name: path.display().to_string(), circuit: file.gates().map_err(Failure::input)?, notes });
    }
    let first = &items[0];
    if let Some(other) = items.iter().find(|item| item.circuit.output_tensors() != first.circuit.output_tensors()) {
        return Err(Failure::usage(format!(
            "{} has other outputs than {}: circuits evaluated together need the same",
            other.name, first.name
        )));
    }
    match &arguments.contributions {
        None => Ok(items),
        Some(_) if items.len() > 1 => Err(Failure::usage("--contributions are for one circuit, not for several")),
        Some(path) => vectors(first, path),
    }
}

fn vectors(item: &Item, path: &Path) -> Result<Vec<Item>, Failure> {
    let count = item.circuit.arrays().contributions.len();
    if count == 0 {
        return Err(Failure::usage(format!("{} has no contributions to replace", item.name)));
    }
    let vectors = read_inputs(&[path.to_path_buf()], &[count], &Preprocessing::default()).map_err(Failure::input)?;
    let vector = |(row, values): (usize, &[f32])| {
        let name = format!("{} {row}", path.display());
        let circuit = item.circuit.with_contributions(FlatArray::from(values.to_vec())).map_err(Failure::input)?;
        circuit.check_contributions().map_err(|error| Failure::usage(format!("{name}: {error}")))?;
        Ok(Item { name, circuit, notes: item.notes.clone() })
    };
    vectors.values.chunks(count).enumerate().map(vector).collect()
}

/// Writes one picture a semiring and circuit, where the first output is a picture.
fn draw(folder: &mut Folder, evaluated: &Evaluated, most: usize) -> Result<(), Failure> {
    let Evaluated { names, answers, .. } = evaluated;
    let Some(tensor) = answers.first().and_then(|answer| answer.tensors.first()) else { return Ok(()) };
    let size: usize = tensor.shape.iter().product();
    let picture = evaluated.picture.filter(|picture| picture.iter().product::<usize>() == size);
    if picture.is_none() && tensor.shape.len() != 3 {
        return Ok(());
    }
    let inputs =
        Inputs { values: Vec::new(), count: names.len(), shape: tensor.shape.clone(), picture, names: names.clone() };
    let pictures = Pictures { inputs: &inputs, preprocessing: &Preprocessing::default(), channels: None };
    Ok(pictures.draw(folder, answers, most, &Interrupt)?)
}

/// A tensor of an answer in numbers.
#[derive(Serialize)]
struct TensorReport<'a> {
    name: &'a str,
    shape: &'a [usize],
    /// How many values are not the semiring's 0, over all circuits.
    relevant: usize,
    /// The values, where they are few. Infinities are text.
    values: Option<Vec<Value>>,
}

impl<'a> TensorReport<'a> {
    fn all(answer: &'a Answer) -> Vec<Self> {
        let zero = zero(answer);
        answer
            .tensors
            .iter()
            .map(|tensor| {
                let values = tensor.values.to_f64();
                let number = |&value: &f64| match value.is_finite() {
                    true => json!(value),
                    false => json!(value.to_string()),
                };
                TensorReport {
                    name: &tensor.name,
                    shape: &tensor.shape,
                    relevant: values.iter().filter(|&&value| value != zero).count(),
                    values: (values.len() <= PRINTED).then(|| values.iter().map(number).collect()),
                }
            })
            .collect()
    }
}

/// The semiring's 0 as a number.
pub fn zero(answer: &Answer) -> f64 {
    answer.semiring.zero_number
}

fn report(evaluated: &Evaluated) -> Value {
    let semiring = |answer: &Answer| {
        let report = json!({
            "seconds": answer.time.as_secs_f64(),
            "layers": answer.settings,
            "outputs": TensorReport::all(answer),
        });
        (answer.semiring.name.to_string(), report)
    };
    json!({ "circuits": evaluated.circuits, "semirings": evaluated.answers.iter().map(semiring).collect::<Map<_, _>>() })
}

fn text(evaluated: &Evaluated) -> String {
    let rows: Vec<[String; 5]> = evaluated
        .answers
        .iter()
        .flat_map(|answer| {
            let time = format!("{:.3} s", answer.time.as_secs_f64());
            TensorReport::all(answer).into_iter().map(move |tensor| {
                let values = tensor.values.unwrap_or_default();
                let values: Vec<String> =
                    values.iter().map(|value| value.as_str().map_or(value.to_string(), str::to_string)).collect();
                let relevant = tensor.relevant.to_string();
                let output = format!("{} ({})", tensor.name, sizes(tensor.shape));
                [answer.semiring.name.to_string(), output, relevant, time.clone(), values.join(" ")]
            })
        })
        .collect();
    let mut text = table(&["semiring", "output", "relevant", "time", "values"], &rows);
    if evaluated.names.len() > 1 {
        let _ = writeln!(text, "{} {}", evaluated.names.len(), evaluated.what);
    }
    text
}
