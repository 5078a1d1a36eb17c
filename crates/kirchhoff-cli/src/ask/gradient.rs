//! `kirchhoff ask gradient`.

use kirchhoff::circuit::{Gate, GateCircuit};
use kirchhoff::evaluate::Gradient as Derivatives;
use kirchhoff::explain::{gradient, is_start};
use kirchhoff_file::{Seal, Tensor, write_tensors};
use serde_json::{Value, json};

use super::arguments::Gradient;
use crate::circuits::{Compiled, StoredVariables, chosen, whole};
use crate::failure::Failure;
use crate::listings::{grouped, number, table};
use crate::load;
use crate::progress::{Progress, stop_at_interrupt};

/// Prints how the sum of some outputs' relevance changes with each variable and contribution.
pub fn run(arguments: &Gradient) -> Result<(), Failure> {
    let options = &arguments.options;
    let out = match &arguments.out {
        Some(path) => Some(load::output(path, "derivatives", &arguments.write)?),
        None => None,
    };
    let selection = options.selection(Some(&arguments.symbolic), StoredVariables::Any);
    let Compiled { circuit, notes, question } = whole(&selection, "real")?;
    let outputs = chosen(&circuit, &selection)?;
    let mut weights = vec![0.0; circuit.outputs().len()];
    outputs.iter().for_each(|&output| weights[output] = 1.0);
    stop_at_interrupt();
    let progress = Progress::new(2 * circuit.wires() as u64, options.common.quiet);
    progress.say("derivatives");
    let found = gradient(&circuit, &notes, &question, &weights, &progress)?;
    drop(progress);
    if let Some(out) = out {
        let tensor = |name: &str, values| Tensor::new(name, &[<[f32]>::len(values)], values);
        let tensors = vec![
            tensor("contributions", &found.contributions),
            tensor("outputs", &found.outputs),
            tensor("variables", &found.variables),
        ];
        write_tensors(out, tensors, &[("kirchhoff-derivatives", env!("CARGO_PKG_VERSION"))], Seal::None)?;
    }
    let sum: f64 = outputs.iter().map(|&output| f64::from(found.outputs[output])).sum();
    let [variables, contributions] = [by_variable(&circuit, &found), by_contribution(&circuit, &found)];
    if options.common.json {
        let list = |rows: &[Derivative]| -> Vec<Value> {
            rows.iter().map(|row| json!({ "by": row.name, "d": row.d, "derivative": row.derivative })).collect()
        };
        return crate::print_json(&json!({
            "outputs": outputs.len(), "sum": sum, "variables": list(&variables), "contributions": list(&contributions),
        }));
    }
    let mut text = match &outputs[..] {
        [_] => format!("the relevance of 1 output is {}\n", number(sum)),
        outputs => format!("the relevance of {} outputs is {} together\n", grouped(outputs.len() as u64), number(sum)),
    };
    for (rows, of) in [(&variables, "variable"), (&contributions, "contribution")] {
        let shown: Vec<[String; 3]> = rows
            .iter()
            .take(arguments.most)
            .map(|row| {
                [row.name.clone(), row.d.map_or(String::new(), |d| number(d.into())), number(row.derivative.into())]
            })
            .collect();
        if !shown.is_empty() {
            let value = if of == "variable" { "" } else { "d" };
            text += &table(&[of, value, "derivative"], &shown);
        }
        if rows.len() > shown.len() {
            text += &format!("and {} more\n", grouped((rows.len() - shown.len()) as u64));
        }
    }
    crate::print(&text)
}

/// A derivative that is not 0.
struct Derivative {
    name: String,
    /// The contribution, if it is that by one.
    d: Option<f32>,
    derivative: f32,
}

/// The largest first, of either sign.
fn sorted(rows: impl Iterator<Item = Derivative>) -> Vec<Derivative> {
    let mut rows: Vec<Derivative> = rows.filter(|row| row.derivative != 0.0).collect();
    rows.sort_by(|a, b| b.derivative.abs().total_cmp(&a.derivative.abs()));
    rows
}

fn by_variable(circuit: &GateCircuit, found: &Derivatives<f32>) -> Vec<Derivative> {
    let own = circuit.variables().iter().zip(&found.variables).filter(|(name, _)| !is_start(name));
    sorted(own.map(|(name, &derivative)| Derivative { name: name.clone(), d: None, derivative }))
}

fn by_contribution(circuit: &GateCircuit, found: &Derivatives<f32>) -> Vec<Derivative> {
    let leaves = circuit.iter().filter_map(|(_, gate)| match gate {
        Gate::Contribution { layer, d } => Some((layer, d)),
        Gate::Zero | Gate::One | Gate::Variable(_) | Gate::Plus(_) | Gate::Times(_) => None,
    });
    let named = |(number, ((layer, d), &derivative)): (usize, ((u32, f32), &f32))| {
        let layer = &circuit.layers()[layer as usize].name;
        let name = match &circuit.arrays().edges {
            Some(edges) => format!("layer `{layer}`, edge {}→{}", edges.sources[number], edges.destinations[number]),
            None => format!("layer `{layer}`, contribution {number}"),
        };
        Derivative { name, d: Some(d), derivative }
    };
    sorted(leaves.zip(&found.contributions).enumerate().map(named))
}
