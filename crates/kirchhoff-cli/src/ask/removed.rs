//! `kirchhoff ask removed`.

use std::collections::BTreeSet;
use std::path::Path;

use kirchhoff::ask::removal;
use kirchhoff::circuit::{GateCircuit, neuron_name};
use kirchhoff::compile::{Bounds, LayerPattern};
use kirchhoff::explain::{Answer, GateNotes, GateOptions, Question, Symbolic, compile_gates};
use kirchhoff::formula::output_names;
use kirchhoff::network::{Execution, Network};
use kirchhoff_kernel::Monitor;
use serde_json::{Map, Value, json};

use super::arguments::Removed;
use crate::circuits::{
    Selected, StoredVariables, annotate, find_layer, question_options, selected, stored_part, stored_questions,
};
use crate::failure::Failure;
use crate::listings::{number, table};
use crate::progress::{Progress, stop_at_interrupt};
use crate::questions::{admitted, split};
use crate::request::Request;

/// Outputs of which the names are printed.
const PRINTED: usize = 12;

/// What is asked in where no semiring is named.
const SEMIRINGS: &str = "real,boolean,counting,viterbi,bottleneck";

/// What is removed, and where variables are put for it.
struct Subjects {
    names: BTreeSet<String>,
    symbolic: Symbolic,
}

/// What is left in one semiring.
struct Left {
    answers: [Answer; 2],
    names: Vec<String>,
}

/// Prints how much relevance is left without some neurons or edges.
pub fn run(arguments: &Removed) -> Result<(), Failure> {
    let (removed, left) = match stored_part(&arguments.options.selection(None, StoredVariables::Any))? {
        Some((Selected { circuit, .. }, notes)) => of_circuit(arguments, &circuit, &notes)?,
        None => of_model(arguments)?,
    };
    if arguments.options.common.json {
        let semirings: Map<String, Value> = left.iter().map(Left::json).collect();
        return crate::print_json(&json!({ "removed": removed, "semirings": semirings }));
    }
    let headings = ["semiring", "relevant", "left", "together", "left", "no longer relevant"];
    crate::print(&table(&headings, &left.iter().map(Left::row).collect::<Vec<_>>()))
}

/// What is removed from a circuit with variables of its own, and what is then left in each semiring.
fn of_circuit(
    arguments: &Removed,
    circuit: &GateCircuit,
    notes: &GateNotes,
) -> Result<(BTreeSet<String>, Vec<Left>), Failure> {
    let options = &arguments.options;
    let removed = variables(&arguments.remove, circuit, notes, &options.source.files[0])?;
    let rules = &options.source.rules;
    let questions = match &arguments.semiring {
        Some(semirings) => stored_questions(circuit, notes, rules, semirings)?,
        None => {
            let admit = |question: &mut Question| {
                annotate(circuit, notes, rules, question)?;
                notes.admit(circuit, question, question.semiring.laws).map(|_| ())
            };
            admitted(rules, SEMIRINGS, &Bounds::default(), admit)?.0
        }
    };
    stop_at_interrupt();
    let progress = Progress::new(2 * circuit.wires() as u64 * questions.len() as u64, options.common.quiet);
    let left = |question: &Question| {
        progress.say(question.semiring.name.to_string());
        Left::new(circuit, notes, question, &removed, &progress)
    };
    let left = questions.iter().map(left).collect::<Result<_, _>>()?;
    Ok((removed, left))
}

/// The variables of a circuit that the texts name: `h1[17]`, `w2[17→4]`, or all of a layer, `h1[*]`. What targets start
/// with is none of them.
fn variables(
    texts: &[String],
    circuit: &GateCircuit,
    notes: &GateNotes,
    path: &Path,
) -> Result<BTreeSet<String>, Failure> {
    let is_start = |name: &str| notes.targets.iter().any(|target| target.variable == name);
    let there: Vec<&str> = circuit.variables().iter().map(String::as_str).filter(|name| !is_start(name)).collect();
    if there.is_empty() {
        return Err(Failure::usage(format!(
            "{} has no variables: neurons and edges can be removed from circuits that were compiled with --symbolic",
            path.display()
        )));
    }
    let mut names = BTreeSet::new();
    for text in texts.iter().flat_map(|text| split(text)) {
        let wanted = text.replace("->", "→").replace(' ', "");
        let layer = wanted.strip_suffix("[*]").map(|layer| format!("{}[", neuron_name(layer, &[], 0)));
        let is_meant = |name: &&&str| match &layer {
            Some(layer) => name.starts_with(layer) && !name.contains('→'),
            None => **name == wanted,
        };
        let found: Vec<String> = there.iter().filter(is_meant).map(|name| name.to_string()).collect();
        if found.is_empty() {
            let layer = wanted.split_inclusive('[').next().unwrap_or_default();
            let (near, far): (Vec<&str>, Vec<&str>) = there.iter().partition(|name| name.starts_with(layer));
            let known = [near, far].concat();
            let more = known.len().saturating_sub(PRINTED);
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            return Err(Failure::usage(format!(
                "{} has no variable `{text}`: what relevance does not reach from the target has none; it has {}{more}",
                path.display(),
                known[..known.len().min(PRINTED)].join(", ")
            )));
        }
        names.extend(found);
    }
    Ok(names)
}

/// What is removed from a model's circuits, and what is then left in each semiring.
fn of_model(arguments: &Removed) -> Result<(BTreeSet<String>, Vec<Left>), Failure> {
    let request = read(arguments)?;
    let network = &request.loaded.network;
    let subjects = subjects(&arguments.remove, network)?;
    if !arguments.options.common.quiet {
        request.remark();
    }
    stop_at_interrupt();
    let edges = request.edges() * (1 + 3 * request.questions.len() as u64);
    let progress = Progress::new(edges, arguments.options.common.quiet);
    progress.say("network");
    let execution = request.run(0..1, &progress)?;
    let mut all = Vec::new();
    for question in &request.questions {
        progress.say(question.semiring.name.to_string());
        let question = question.part(0..1, request.inputs.count)?;
        let (circuit, notes) = circuit(arguments, &request, &execution, &question, &subjects.symbolic, &progress)?;
        if let Symbolic::Edges = subjects.symbolic {
            check_edges(&subjects.names, &circuit)?;
        }
        let Selected { circuit: part, .. } =
            selected(&circuit, &notes, &arguments.options.selection(None, StoredVariables::Any))?;
        all.push(Left::new(&part, &notes, &question, &subjects.names, &progress)?);
    }
    Ok((subjects.names, all))
}

fn read(arguments: &Removed) -> Result<Request, Failure> {
    let options = &arguments.options.source;
    let outputs = &arguments.options.outputs.output;
    let semirings = arguments.semiring.as_deref().unwrap_or(SEMIRINGS);
    Request::read(&question_options(options, semirings, outputs, None))
}

/// The neurons or edges that the texts name.
fn subjects(texts: &[String], network: &Network) -> Result<Subjects, Failure> {
    let texts: Vec<&str> = texts.iter().flat_map(|text| split(text)).collect();
    let edges: Vec<String> = texts
        .iter()
        .filter(|text| text.contains('→') || text.contains("->"))
        .map(|text| text.replace("->", "→"))
        .collect();
    if !edges.is_empty() {
        if edges.len() < texts.len() {
            return Err(Failure::usage("--remove names neurons and edges: remove either in one go"));
        }
        return Ok(Subjects { names: edges.into_iter().collect(), symbolic: Symbolic::Edges });
    }
    let (mut names, mut layers) = (BTreeSet::new(), BTreeSet::new());
    for text in texts {
        let (layer, neurons) = neurons(text, network)?;
        names.extend(neurons);
        layers.insert(layer);
    }
    let patterns = layers.iter().map(|layer| LayerPattern::new(layer)).collect::<Result<_, _>>();
    Ok(Subjects { names, symbolic: Symbolic::Neurons(patterns.map_err(Failure::input)?) })
}

/// The layer and the neurons of it that a text such as `h1[17]`, `h1[*]` or `conv[2,3,4]` names.
fn neurons(text: &str, network: &Network) -> Result<(String, Vec<String>), Failure> {
    let syntax = || Failure::usage(format!("`{text}` is no neuron: write `h1[17]`, or `h1[*]` for all of a layer"));
    let (layer, place) = text.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')).ok_or_else(syntax)?;
    let input = &network.node(network.input()).name;
    let node = find_layer(network, layer).filter(|node| node.name != *input).ok_or_else(|| {
        let hidden = network.nodes().map(|(_, node)| node).filter(|node| node.name != *input);
        let there: Vec<String> = hidden.map(|node| neuron_name(&node.name, &[], 0)).collect();
        Failure::usage(format!("`{text}` is a neuron of no hidden layer; these are: {}", there.join(", ")))
    })?;
    let size: usize = node.shape.iter().product();
    let name = |neuron: usize| neuron_name(&node.name, &node.shape, neuron);
    let (place, all) = (place.replace(' ', ""), place.trim() == "*");
    let wanted = format!("{}[{place}]", neuron_name(&node.name, &[], 0));
    let number = || place.parse::<usize>().ok().filter(|&number| number < size).map(|number| vec![name(number)]);
    let neurons: Vec<String> = (0..size).map(name).filter(|name| all || *name == wanted).collect();
    let neurons = Some(neurons).filter(|neurons| !neurons.is_empty()).or_else(number).ok_or_else(|| {
        let last = name(size.saturating_sub(1));
        Failure::usage(format!("there is no neuron `{text}`: the last of the layer is {last}"))
    })?;
    Ok((node.name.clone(), neurons))
}

/// The circuit of one question, with variables on what may be removed.
fn circuit(
    arguments: &Removed,
    request: &Request,
    execution: &Execution,
    question: &Question,
    symbolic: &Symbolic,
    monitor: &dyn Monitor,
) -> Result<(GateCircuit, GateNotes), Failure> {
    let options = GateOptions {
        prune: true,
        symbolic: symbolic.clone(),
        picture: request.inputs.picture,
        max_gates: arguments.options.size.max_gates,
        ..GateOptions::default()
    };
    Ok(compile_gates(execution, question, &options, monitor)?)
}

fn check_edges(names: &BTreeSet<String>, circuit: &GateCircuit) -> Result<(), Failure> {
    let there: BTreeSet<&str> = circuit.variables().iter().map(String::as_str).collect();
    match names.iter().find(|name| !there.contains(name.as_str())) {
        Some(name) => Err(Failure::usage(format!(
            "no edge on the way from the target is called `{name}`: edges are named as `w2[17→4]`, and those that Θ sends to 0 \
             are none"
        ))),
        None => Ok(()),
    }
}

impl Left {
    fn new(
        circuit: &GateCircuit,
        notes: &GateNotes,
        question: &Question,
        removed: &BTreeSet<String>,
        monitor: &dyn Monitor,
    ) -> Result<Self, Failure> {
        let answers = removal(circuit, notes, question, &|name| removed.contains(name), monitor)?;
        Ok(Left { answers, names: output_names(circuit) })
    }

    /// Every output before and after, and all together at the end.
    fn values(&self) -> [Vec<f64>; 2] {
        [0, 1].map(|time| self.answers[time].tensors.iter().flat_map(|tensor| tensor.values.to_f64()).collect())
    }

    /// How many outputs are relevant before and after, and which no longer are.
    fn relevant(&self) -> ([usize; 2], Vec<&str>) {
        let zero = self.answers[0].semiring.zero_number;
        let [before, after] = self.values();
        let outputs = || self.names.iter().zip(before.iter().zip(&after));
        let lost = outputs().filter(|(_, (before, after))| **before != zero && **after == zero);
        let counts = [
            outputs().filter(|(_, (before, _))| **before != zero).count(),
            outputs().filter(|(_, (_, after))| **after != zero).count(),
        ];
        (counts, lost.map(|(name, _)| name.as_str()).collect())
    }

    fn totals(&self) -> [f64; 2] {
        self.values().map(|values| values[values.len() - 1])
    }

    fn row(&self) -> [String; 6] {
        let ([before, after], lost) = self.relevant();
        let mut names = lost[..lost.len().min(PRINTED)].join(" ");
        if lost.len() > PRINTED {
            names += &format!(" and {} more", lost.len() - PRINTED);
        }
        let [whole, left] = self.totals().map(number);
        [self.answers[0].semiring.name.to_string(), before.to_string(), after.to_string(), whole, left, names]
    }

    fn json(&self) -> (String, Value) {
        let ([before, after], lost) = self.relevant();
        let [whole, left] = self.totals();
        let values = self.values();
        let output = |(index, name): (usize, &String)| json!({ "name": name, "before": value(values[0][index]), "after": value(values[1][index]) });
        let report = json!({
            "relevant": { "before": before, "after": after }, "no_longer_relevant": lost,
            "together": { "before": value(whole), "after": value(left) },
            "outputs": self.names.iter().enumerate().map(output).collect::<Vec<_>>(),
        });
        (self.answers[0].semiring.name.to_string(), report)
    }
}

/// JSON has no infinities: they are text.
fn value(number: f64) -> Value {
    if number.is_finite() { json!(number) } else { json!(number.to_string()) }
}
