//! `kirchhoff ask probability`.

use std::fmt::Write;

use kirchhoff::evaluate::{
    Conditional, ConditionalEstimates, Estimate, Estimates, MeanEstimate, ProbabilityError, conditional_probability,
    estimate_conditional_probability, estimate_expected_outputs, estimate_probability, exact_probability,
    expected_outputs, joint_probability,
};
use kirchhoff::formula::output_names;
use kirchhoff_kernel::Monitor;
use serde_json::{Value, json};

use super::arguments::{MethodOption, Probability};
use super::boolean::{Drops, formulas, truths};
use crate::circuits::Part;
use crate::failure::Failure;
use crate::listings::{grouped, table};
use crate::progress::{Progress, stop_at_interrupt};

/// What was found, and how.
enum Found {
    Exact(Vec<f64>),
    Sampled {
        outputs: Vec<Estimate>,
        worlds: u64,
        reached: bool,
    },
    /// The mean of a number, sampled.
    Mean(MeanEstimate),
}

/// Which probabilities are asked for, by the positions of outputs.
enum Event {
    /// That of each output.
    Each,
    /// That all outputs are relevant together.
    Together,
    /// The mean number of relevant outputs.
    Expected,
    /// That of some outputs, in the cases in which others are relevant.
    Given { outputs: Vec<usize>, given: Vec<usize> },
}

impl Event {
    fn new(arguments: &Probability, part: &Part, names: &[String]) -> Self {
        if arguments.given.is_empty() {
            return match (arguments.together, arguments.expected) {
                (true, _) => Event::Together,
                (_, true) => Event::Expected,
                (false, false) => Event::Each,
            };
        }
        // Outputs that are given come behind those that are asked for, unless they are among these.
        let given: Vec<usize> =
            names.iter().enumerate().filter(|(_, name)| part.given.contains(name)).map(|(at, _)| at).collect();
        let outputs = (0..part.asked).collect();
        Event::Given { outputs, given }
    }
}

/// Prints the probability that outputs stay relevant.
pub fn run(arguments: &Probability) -> Result<(), Failure> {
    let drops = Drops::read(&arguments.drop.drop)?;
    let part = formulas(&arguments.options, &arguments.subjects, &arguments.given)?;
    let kept = drops.kept(part.circuit.variables())?;
    stop_at_interrupt();
    let names = output_names(&part.circuit);
    let event = Event::new(arguments, &part, &names);
    let found = find(arguments, &part, &event, &kept)?;
    let names = match &event {
        Event::Each => names,
        Event::Together => vec![names.join(", ")],
        Event::Expected => vec![format!("{} outputs", names.len())],
        Event::Given { outputs, .. } => outputs.iter().map(|&output| names[output].clone()).collect(),
    };
    let subjects = arguments.subjects.name(&part);
    let unknown = match &found {
        Found::Sampled { worlds, reached: false, .. } => Some(worlds),
        Found::Mean(mean) => (!mean.reached).then_some(&mean.worlds),
        Found::Exact(_) | Found::Sampled { .. } => None,
    };
    if let (Some(worlds), false) = (unknown, arguments.options.common.quiet) {
        crate::say(format_args!(
            "warning: after {} worlds some probability is not known up to {}: raise --max-worlds or --error",
            grouped(*worlds),
            arguments.method.error
        ));
    }
    if arguments.options.common.json {
        let value = if arguments.expected { "expected" } else { "probability" };
        let outputs: Vec<Value> = match &found {
            Found::Mean(MeanEstimate { mean, standard_error, low, high, .. }) => vec![json!({
                "name": names[0], "expected": mean, "standard_error": standard_error, "low": low, "high": high,
            })],
            Found::Exact(exact) => {
                let output = |(name, p): (&String, &f64)| json!({ "name": name, value: p });
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
            Found::Sampled { worlds, reached, .. } | Found::Mean(MeanEstimate { worlds, reached, .. }) => {
                json!({ "name": "sample", "worlds": worlds, "seed": arguments.method.seed, "reached": reached })
            }
        };
        let variables = part.circuit.variables().len();
        return crate::print_json(&json!({
            "drop": drops.json(), "of": subjects, "variables": variables, "together": arguments.together,
            "given": part.given, "method": method, "outputs": outputs,
        }));
    }
    let mut text = text(arguments, &names, &found, &format!("{subjects} dropped with {}", drops.text()));
    if !part.given.is_empty() {
        let _ = writeln!(text, "given that {} stay relevant", part.given.join(", "));
    }
    crate::print(&text)
}

fn find(arguments: &Probability, part: &Part, event: &Event, probabilities: &[f64]) -> Result<Found, Failure> {
    let circuit = &part.circuit;
    let progress = Progress::new(circuit.wires() as u64, arguments.options.common.quiet);
    let method = arguments.method.method;
    if method != MethodOption::Sample {
        progress.say("diagrams");
        match exact(arguments, part, event, probabilities, &progress) {
            Ok(Some(exact)) => return Ok(Found::Exact(exact)),
            Ok(None) => return Err(impossible(part)),
            Err(ProbabilityError::Nodes { .. } | ProbabilityError::Variables { .. })
                if method == MethodOption::Auto => {}
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
    sampled(arguments, part, event, probabilities, &progress)
}

/// What is given never happens.
fn impossible(part: &Part) -> Failure {
    Failure::usage(format!(
        "--given: there is no case in which {} stay relevant, so that nothing has a probability in it",
        part.given.join(", ")
    ))
}

/// The probabilities by decision diagrams; none where what is given is impossible.
fn exact(
    arguments: &Probability,
    part: &Part,
    event: &Event,
    probabilities: &[f64],
    monitor: &dyn Monitor,
) -> Result<Option<Vec<f64>>, ProbabilityError> {
    let (circuit, max_nodes) = (&part.circuit, arguments.method.max_nodes);
    match event {
        Event::Each => exact_probability(circuit, &truths(), probabilities, max_nodes, monitor).map(Some),
        Event::Expected => {
            expected_outputs(circuit, &truths(), probabilities, max_nodes, monitor).map(|mean| Some(vec![mean]))
        }
        Event::Together => {
            let all: Vec<usize> = (0..circuit.outputs().len()).collect();
            let joint = joint_probability(circuit, &truths(), probabilities, &all, max_nodes, monitor)?;
            Ok(Some(vec![joint]))
        }
        Event::Given { outputs, given } => {
            let Conditional { outputs: found, .. } =
                conditional_probability(circuit, &truths(), probabilities, given, max_nodes, monitor)?;
            Ok(found.map(|found| outputs.iter().map(|&output| found[output]).collect()))
        }
    }
}

/// The probabilities from random worlds.
fn sampled(
    arguments: &Probability,
    part: &Part,
    event: &Event,
    probabilities: &[f64],
    monitor: &dyn Monitor,
) -> Result<Found, Failure> {
    let (circuit, sampling) = (&part.circuit, arguments.method.sampling());
    let given = match event {
        Event::Each => {
            let Estimates { outputs, worlds, reached } =
                estimate_probability(circuit, &truths(), probabilities, sampling, monitor)?;
            return Ok(Found::Sampled { outputs, worlds, reached });
        }
        Event::Expected => {
            let mean = estimate_expected_outputs(circuit, &truths(), probabilities, sampling, monitor)?;
            return Ok(Found::Mean(mean));
        }
        Event::Together => (0..circuit.outputs().len()).collect(),
        Event::Given { given, .. } => given.clone(),
    };
    let ConditionalEstimates { given, outputs: found, worlds, reached } =
        estimate_conditional_probability(circuit, &truths(), probabilities, &given, sampling, monitor)?;
    let outputs = match event {
        Event::Given { outputs, .. } => {
            if given.probability == 0.0 {
                return Err(Failure::usage(format!(
                    "--given: in none of {} random worlds {} stay relevant: raise --max-worlds or --max-nodes",
                    grouped(worlds),
                    part.given.join(", ")
                )));
            }
            outputs.iter().map(|&output| found[output]).collect()
        }
        // Of all outputs together nothing else is asked.
        Event::Each | Event::Together | Event::Expected => {
            let reached = (given.high - given.low) / 2.0 <= sampling.error;
            return Ok(Found::Sampled { outputs: vec![given], worlds, reached });
        }
    };
    Ok(Found::Sampled { outputs, worlds, reached })
}

fn text(arguments: &Probability, names: &[String], found: &Found, dropped: &str) -> String {
    let value = if arguments.expected { "relevant on average" } else { "probability" };
    match found {
        Found::Exact(exact) => {
            let row = |(name, p): (&String, &f64)| [name.clone(), format!("{p:.6}")];
            let rows: Vec<[String; 2]> = names.iter().zip(exact).map(row).collect();
            let mut text = table(&["output", value], &rows);
            let _ = writeln!(text, "{dropped}; exact, by decision diagrams");
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
            let (worlds, seed) = (grouped(*worlds), arguments.method.seed);
            let _ = writeln!(text, "{dropped}; {worlds} random worlds, seed {seed}");
            text
        }
        Found::Mean(MeanEstimate { mean, standard_error, low, high, worlds, .. }) => {
            let row = [
                names[0].clone(),
                format!("{mean:.4}"),
                format!("{standard_error:.4}"),
                format!("{low:.4} to {high:.4}"),
            ];
            let mut text = table(&["output", value, "standard error", "95 % interval"], &[row]);
            let (worlds, seed) = (grouped(*worlds), arguments.method.seed);
            let _ = writeln!(text, "{dropped}; {worlds} random worlds, seed {seed}");
            text
        }
    }
}
