//! `kirchhoff ask importance`.

use std::fmt::Write;

use kirchhoff::evaluate::{
    Importance as Measure, Importances, ProbabilityError, estimate_importance, exact_importance, importance,
};
use kirchhoff::explain::is_start;
use kirchhoff::formula::{Decision, decide, output_names};
use serde_json::{Value, json};

use super::arguments::{Importance, MeasureOption, MethodOption};
use super::boolean::{Drops, formulas, truths};
use crate::failure::Failure;
use crate::listings::{grouped, table};
use crate::progress::{Progress, stop_at_interrupt};

/// A variable, and how much an output depends on it.
struct Ranked {
    variable: String,
    importance: f64,
    /// The ends of the interval that holds the importance with a confidence of 95 %, where it was sampled.
    interval: Option<[f64; 2]>,
}

/// The variables of an output, the most important first, and the worlds or orders that were sampled for them.
struct Ranking {
    output: String,
    variables: Vec<Ranked>,
    /// With whether the error is as small as was asked for.
    sampled: Option<(u64, bool)>,
}

/// Prints how much each output depends on each neuron or edge.
pub fn run(arguments: &Importance) -> Result<(), Failure> {
    if !arguments.drop.is_empty() && arguments.measure != MeasureOption::Birnbaum {
        return Err(Failure::usage("--drop is for --measure birnbaum; the other measures have no probabilities"));
    }
    let part = formulas(&arguments.options, &arguments.subjects, &[])?;
    let subjects = arguments.subjects.name(&part);
    // What outputs start with is no player.
    let start = |variable: &str| is_start(variable).then_some(true);
    let circuit = decide(&part.circuit, &|_, d| Decision::Number(d), &start).map_err(Failure::work)?;
    let measure = match arguments.measure {
        MeasureOption::Shapley => Measure::Shapley,
        MeasureOption::Banzhaf => Measure::Banzhaf,
        MeasureOption::Birnbaum => {
            let drops = if arguments.drop.is_empty() { &["0.5".to_string()][..] } else { &arguments.drop };
            Measure::Birnbaum(Drops::read(drops)?.kept(circuit.variables())?)
        }
    };
    stop_at_interrupt();
    let names = output_names(&circuit);
    let progress = Progress::new((circuit.wires() * names.len()) as u64, arguments.options.common.quiet);
    progress.say("importance");
    let (method, sampling) = (arguments.method, arguments.method.sampling());
    let rank = |(output, name): (usize, String)| {
        let found = match method.method {
            MethodOption::Auto => {
                importance(&circuit, &truths(), output, &measure, method.max_nodes, sampling, &progress)
            }
            MethodOption::Exact => exact_importance(&circuit, &truths(), output, &measure, method.max_nodes, &progress)
                .map(Importances::Exact),
            MethodOption::Sample => estimate_importance(&circuit, &truths(), output, &measure, sampling, &progress)
                .map(Importances::Estimated),
        };
        Ok(Ranking::new(name, circuit.variables(), found?))
    };
    let rankings = names.into_iter().enumerate().map(rank).collect::<Result<Vec<_>, ProbabilityError>>()?;
    drop(progress);
    if rankings.iter().any(|ranking| matches!(ranking.sampled, Some((_, false)))) && !arguments.options.common.quiet {
        crate::say(format_args!(
            "warning: some importance is not known up to {}: raise --max-worlds or --error",
            method.error
        ));
    }
    if arguments.options.common.json {
        let drop = if arguments.drop.is_empty() { Value::Null } else { Drops::read(&arguments.drop)?.json() };
        let measure = format!("{:?}", arguments.measure).to_lowercase();
        let outputs: Vec<Value> = rankings.iter().map(Ranking::json).collect();
        return crate::print_json(&json!({
            "measure": measure, "drop": drop, "of": subjects, "seed": method.seed, "outputs": outputs,
        }));
    }
    crate::print(&rankings.iter().map(|ranking| ranking.text(subjects, arguments.most)).collect::<String>())
}

impl Ranking {
    fn new(output: String, names: &[String], found: Importances) -> Self {
        let (mut variables, sampled): (Vec<Ranked>, _) = match found {
            Importances::Exact(values) => {
                let ranked = |(name, &importance): (&String, &f64)| Ranked {
                    variable: name.clone(),
                    importance,
                    interval: None,
                };
                (names.iter().zip(&values).map(ranked).collect(), None)
            }
            Importances::Estimated(estimates) => {
                let ranked = |(name, estimate): (&String, &kirchhoff::evaluate::ImportanceEstimate)| Ranked {
                    variable: name.clone(),
                    importance: estimate.importance,
                    interval: Some([estimate.low, estimate.high]),
                };
                let variables = names.iter().zip(&estimates.variables).map(ranked).collect();
                (variables, Some((estimates.worlds, estimates.reached)))
            }
        };
        // A stable sort: equals stay in the order of the circuit.
        variables.sort_by(|a, b| b.importance.total_cmp(&a.importance));
        Ranking { output, variables, sampled }
    }

    fn json(&self) -> Value {
        let variable = |ranked: &Ranked| match ranked.interval {
            None => json!({ "name": ranked.variable, "importance": ranked.importance }),
            Some([low, high]) => {
                json!({ "name": ranked.variable, "importance": ranked.importance, "low": low, "high": high })
            }
        };
        let method = match self.sampled {
            None => json!({ "name": "exact" }),
            Some((worlds, reached)) => json!({ "name": "sample", "worlds": worlds, "reached": reached }),
        };
        let variables: Vec<Value> = self.variables.iter().map(variable).collect();
        json!({ "name": self.output, "method": method, "variables": variables })
    }

    fn text(&self, subjects: &str, most: usize) -> String {
        let relevant = || self.variables.iter().filter(|ranked| ranked.importance != 0.0);
        let mut text = match self.sampled {
            None => format!("{}: exact, by decision diagrams\n", self.output),
            Some((worlds, _)) => format!("{}: {} random worlds or orders\n", self.output, grouped(worlds)),
        };
        let row = |ranked: &Ranked| {
            let interval = ranked.interval.map_or(String::new(), |[low, high]| format!("{low:.4} to {high:.4}"));
            [format!("  {}", ranked.variable), format!("{:.6}", ranked.importance), interval]
        };
        let rows: Vec<[String; 3]> = relevant().take(most).map(row).collect();
        if !rows.is_empty() {
            let interval = if self.sampled.is_some() { "95 % interval" } else { "" };
            text += &table(&[&format!("  {subjects}"), "importance", interval], &rows);
        }
        let count = relevant().count();
        if count > rows.len() {
            let _ = writeln!(text, "  and {} more", grouped((count - rows.len()) as u64));
        }
        if count == 0 {
            let _ = writeln!(text, "  depends on none of the {subjects}");
        }
        text
    }
}
