//! `kirchhoff evaluate` of gate circuits.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use kirchhoff::circuit::{FlatArray, GateCircuit};
use kirchhoff::compile::{Bounds, Rule};
use kirchhoff::data::{Preprocessing, read_inputs};
use kirchhoff::explain::{Answer, AnySemiring, GateNotes, evaluate_gates_with};
use serde_json::json;

use super::arguments::Evaluate;
use super::evaluated::Evaluated;
use crate::circuits::annotate;
use crate::failure::Failure;
use crate::load;
use crate::options::RuleOptions;
use crate::progress::{Progress, stop_at_interrupt};
use crate::questions::checked;
use crate::values::Values;

/// One circuit to evaluate, or one vector of contributions for it.
struct Item {
    name: String,
    circuit: GateCircuit,
    notes: GateNotes,
}

/// The numbers that options give for variables of these names.
pub fn numbers<'a>(names: &'a [String], values: &Values) -> Result<HashMap<&'a str, f32>, Failure> {
    let numbers = values.of(names, "--variables")?;
    Ok(names.iter().zip(numbers).filter_map(|(name, number)| Some((name.as_str(), number? as f32))).collect())
}

/// Says so where a circuit has other rules than those that a semiring is explained under.
fn say_of_rules(items: &[Item], semiring: &AnySemiring) {
    let Ok(rule) = semiring.rule.parse::<Rule>() else { return };
    let expected = rule.to_string();
    for item in items {
        let layers = item.circuit.layers().iter().filter(|layer| layer.range.is_some());
        let own: BTreeSet<&str> = layers.map(|layer| layer.rule.as_str()).collect();
        if !own.is_empty() && !own.contains(expected.as_str()) {
            let own = own.into_iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(", ");
            let name = &semiring.name;
            crate::say(format_args!(
                "note: {} has rule {own}, and `explain --semiring {name}` takes `{expected}` by default: values may differ; \
                 `compile --semiring {name}` makes a circuit with that rule",
                item.name
            ));
        }
    }
}

/// Evaluates gate circuits.
pub fn evaluate(arguments: &Evaluate) -> Result<Evaluated, Failure> {
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
    // The circuit has its rules already.
    let questions = checked(&options, &arguments.semiring, &Bounds::default(), |_| Ok(()))?;
    let items = items(arguments)?;
    let values = Values::read(&arguments.variables)?;
    stop_at_interrupt();
    let wires: u64 = items.iter().map(|item| item.circuit.wires() as u64).sum();
    let progress = Progress::new(wires * questions.len() as u64, arguments.common.quiet);
    let mut answers: Vec<Answer> = Vec::new();
    for question in &questions {
        progress.say(question.semiring.name.to_string());
        let mut whole: Option<Answer> = None;
        for item in &items {
            let mut question = question.clone();
            annotate(&item.circuit, &item.notes, &options, &mut question)?;
            let numbers = numbers(item.circuit.variables(), &values)?;
            let number = |name: &str| numbers.get(name).copied();
            let answer = evaluate_gates_with(&item.circuit, &item.notes, &question, &number, &progress)?;
            match &mut whole {
                None => whole = Some(answer),
                Some(earlier) => earlier.append(answer),
            }
        }
        answers.extend(whole);
    }
    drop(progress);
    if !arguments.common.quiet {
        questions.iter().for_each(|question| say_of_rules(&items, &question.semiring));
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
