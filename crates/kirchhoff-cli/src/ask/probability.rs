//! `kirchhoff ask probability`.

use std::fmt::Write;

use kirchhoff::evaluate::{Estimate, PerLeaf, ProbabilityError, Sampling, estimate_probability, exact_probability};
use kirchhoff::explain::is_start;
use kirchhoff::formula::output_names;
use serde_json::json;

use super::arguments::{MethodOption, Probability};
use crate::circuits::Part;
use crate::failure::Failure;
use crate::listings::{grouped, table};
use crate::progress::{Progress, stop_at_interrupt};

/// What was found, and how.
enum Found {
    Exact(Vec<f64>),
    Sampled { outputs: Vec<Estimate>, worlds: u64, reached: bool },
}

/// Prints the probability that outputs stay relevant.
pub fn run(arguments: &Probability) -> Result<(), Failure> {
    let part = super::boolean(&arguments.options, &arguments.subjects.symbolic())?;
    stop_at_interrupt();
    let found = find(arguments, &part)?;
    let names = output_names(&part.circuit);
    let of = arguments.subjects.name(&part);
    if let (Found::Sampled { worlds, reached: false, .. }, false) = (&found, arguments.options.common.quiet) {
        crate::say(format_args!(
            "warning: after {} worlds some probability is not known up to {}: raise --max-worlds or --error",
            grouped(*worlds),
            arguments.error
        ));
    }
    if arguments.options.common.json {
        let outputs: Vec<_> = match &found {
            Found::Exact(exact) => {
                let output = |(name, p): (&String, &f64)| json!({ "name": name, "probability": p });
                names.iter().zip(exact).map(output).collect()
            }
            Found::Sampled { outputs, .. } => {
                let output = |(name, estimate): (&String, &Estimate)| {
                    let Estimate { probability, standard_error, low, high } = estimate;
                    json!({
                        "name": name, "probability": probability, "standard_error": standard_error, "low": low,
                        "high": high,
                    })
                };
                names.iter().zip(outputs).map(output).collect()
            }
        };
        let method = match &found {
            Found::Exact(_) => json!({ "name": "exact" }),
            Found::Sampled { worlds, reached, .. } => {
                json!({ "name": "sample", "worlds": worlds, "seed": arguments.seed, "reached": reached })
            }
        };
        let variables = part.circuit.variables().len();
        return crate::print_json(&json!({
            "drop": arguments.drop, "of": of, "variables": variables, "method": method, "outputs": outputs,
        }));
    }
    crate::print(&text(arguments, &names, &found, of))
}

fn find(arguments: &Probability, part: &Part) -> Result<Found, Failure> {
    let circuit = &part.circuit;
    // Θ has made constants of all contributions.
    let theta = PerLeaf(|_: usize, d: f32| d != 0.0);
    let kept = |name: &String| if is_start(name) { 1.0 } else { 1.0 - arguments.drop };
    let probabilities: Vec<f64> = circuit.variables().iter().map(kept).collect();
    let progress = Progress::new(circuit.wires() as u64, arguments.options.common.quiet);
    if arguments.method != MethodOption::Sample {
        progress.say("diagrams");
        match exact_probability(circuit, &theta, &probabilities, arguments.max_nodes, &progress) {
            Ok(exact) => return Ok(Found::Exact(exact)),
            Err(ProbabilityError::Nodes { .. } | ProbabilityError::Variables { .. })
                if arguments.method == MethodOption::Auto => {}
            Err(error @ (ProbabilityError::Nodes { .. } | ProbabilityError::Variables { .. })) => {
                return Err(Failure::usage(format!(
                    "{error}: ask about fewer outputs, keep fewer edges by --theta, raise --max-nodes, or sample by \
                     --method sample"
                )));
            }
            Err(error) => return Err(error.into()),
        }
    }
    progress.say("worlds");
    let sampling = Sampling { seed: arguments.seed, max_worlds: arguments.max_worlds, error: arguments.error };
    let estimates = estimate_probability(circuit, &theta, &probabilities, sampling, &progress)?;
    Ok(Found::Sampled { outputs: estimates.outputs, worlds: estimates.worlds, reached: estimates.reached })
}

fn text(arguments: &Probability, names: &[String], found: &Found, of: &str) -> String {
    let drop = arguments.drop;
    match found {
        Found::Exact(exact) => {
            let row = |(name, p): (&String, &f64)| [name.clone(), format!("{p:.6}")];
            let rows: Vec<[String; 2]> = names.iter().zip(exact).map(row).collect();
            let mut text = table(&["output", "probability"], &rows);
            let _ = writeln!(text, "{of} dropped with probability {drop}; exact, by decision diagrams");
            text
        }
        Found::Sampled { outputs, worlds, .. } => {
            let row = |(name, estimate): (&String, &Estimate)| {
                let Estimate { probability, standard_error, low, high } = estimate;
                [
                    name.clone(),
                    format!("{probability:.4}"),
                    format!("{standard_error:.4}"),
                    format!("{low:.4} to {high:.4}"),
                ]
            };
            let rows: Vec<[String; 4]> = names.iter().zip(outputs).map(row).collect();
            let mut text = table(&["output", "probability", "standard error", "95 % interval"], &rows);
            let (worlds, seed) = (grouped(*worlds), arguments.seed);
            let _ = writeln!(text, "{of} dropped with probability {drop}; {worlds} random worlds, seed {seed}");
            text
        }
    }
}
