//! `kirchhoff simplify`.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use kirchhoff::circuit::{
    GateCircuit, GateSize, SaturateError, SaturateOptions, SaturateReport, SimplifyReport, saturate, save_gates,
    simplify,
};
use kirchhoff::explain::{GateNotes, Question, check_laws_of_gates};
use kirchhoff::semiring::Laws;
use serde::Serialize;
use serde_json::json;

use crate::failure::Failure;
use crate::listings::grouped;
use crate::load;
use crate::options::{Common, WriteOptions};
use crate::progress::{Interrupt, stop_at_interrupt};
use crate::semirings::semiring;

/// `kirchhoff simplify`.
#[derive(Args, Debug)]
pub struct Simplify {
    /// The circuit file
    pub circuit: PathBuf,
    /// Class of semirings that the result is for: any, commutative, idempotent, absorptive, boolean, or a semiring: its
    /// name, the file of its definition (.toml), or `define(...)`
    #[arg(long = "for", value_name = "CLASS", default_value = "any")]
    pub class: String,
    /// Check that the semiring that --for names keeps its laws on the values that occur in the circuit, before anything is
    /// rewritten by them
    #[arg(long)]
    pub check_laws: bool,
    /// Saturate, however large the circuit is [default: up to 20 000 gates]
    #[arg(long, conflicts_with = "linear")]
    pub saturate: bool,
    /// The linear-time pass alone
    #[arg(long)]
    pub linear: bool,
    /// Largest number of nodes of the e-graph [default: 100 000; with --saturate four for each gate, if that is more]
    #[arg(long, value_name = "N", conflicts_with = "linear")]
    pub max_nodes: Option<usize>,
    /// Equal gates that are kept side by side [default: 64]
    #[arg(long, value_name = "N", conflicts_with = "linear")]
    pub max_alternatives: Option<usize>,
    /// How often rewrites are tried on everything [default: 100]
    #[arg(long, value_name = "N", conflicts_with = "linear")]
    pub max_iterations: Option<usize>,
    /// Products that a gate is multiplied out to, at most [default: 64]
    #[arg(long, value_name = "N", conflicts_with = "linear")]
    pub max_terms: Option<usize>,
    /// Steps of the search for the smallest circuit [default: 1 000 000]
    #[arg(long, value_name = "N", conflicts_with = "linear")]
    pub max_steps: Option<usize>,
    /// Stop rewriting after so many seconds; the result then depends on the machine [default: no limit]
    #[arg(long, value_name = "SECONDS", conflicts_with = "linear")]
    pub max_seconds: Option<u64>,
    /// File to write, a .safetensors
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub write: WriteOptions,
    #[command(flatten)]
    pub common: Common,
}

/// Circuits with more gates are saturated only where the user asks for it.
const SATURATED_GATES: usize = 20_000;

/// What was done.
#[derive(Serialize)]
struct View {
    circuit: String,
    /// What it was simplified for.
    class: String,
    /// The laws of the class.
    laws: Laws,
    /// The laws that the result requires.
    required: Laws,
    before: GateSize,
    /// The size with equal gates shared, and what else holds in every semiring.
    shared: GateSize,
    after: GateSize,
    /// Gates less than with sharing alone.
    gates_saved: i64,
    linear: SimplifyReport,
    /// Nothing where the linear-time pass was all.
    #[serde(skip_serializing_if = "Option::is_none")]
    saturation: Option<SaturateReport>,
}

/// Simplifies a stored circuit.
pub fn run(arguments: &Simplify) -> Result<(), Failure> {
    let class = &arguments.class;
    let laws = match class.ends_with(".toml") || class.starts_with("define(") {
        // What is to be checked on the circuit's values need not be checked before.
        true => semiring(class, arguments.check_laws)?.laws,
        false => Laws::named(class).map_err(Failure::input)?,
    };
    let output = load::output(&arguments.out, "circuits", &arguments.write)?;
    let file = load::circuit(&arguments.circuit, true)?;
    let circuit = load::gates(&file)?;
    let mut notes = file.notes().map_err(Failure::input)?;
    stop_at_interrupt();
    if arguments.check_laws {
        check_laws(arguments, &circuit, &load::gate_notes(&file)?)?;
    }
    let (simplified, view) = simplified(arguments, &circuit, laws)?;
    notes.insert("simplified".to_string(), json!({ "for": view.class, "laws": laws, "before": view.before }));
    save_gates(output, &simplified, &notes)?;
    if arguments.common.json {
        return crate::print_json(&view);
    }
    if !arguments.common.quiet {
        crate::print(&view.text())?;
    }
    Ok(())
}

/// Refuses a semiring that breaks its laws on the values of a circuit's gates.
fn check_laws(arguments: &Simplify, circuit: &GateCircuit, notes: &GateNotes) -> Result<(), Failure> {
    let semiring = semiring(&arguments.class, true).map_err(|_| {
        let class = &arguments.class;
        Failure::usage(format!("--check-laws checks a semiring, which `{class}` is not: name one by --for"))
    })?;
    let question = notes.annotate(circuit, Question::of(semiring))?;
    let report = check_laws_of_gates(circuit, notes, &question, &Interrupt)?;
    match report.failures().next() {
        Some(failure) => Err(Failure::work(anyhow::anyhow!(
            "semiring `{}` breaks its laws on values that occur in {}: {failure}; nothing was written",
            arguments.class,
            arguments.circuit.display()
        ))),
        None => Ok(()),
    }
}

fn simplified(arguments: &Simplify, circuit: &GateCircuit, laws: Laws) -> Result<(GateCircuit, View), Failure> {
    let (simplified, linear) = simplify(circuit, laws).map_err(Failure::work)?;
    let saturates = arguments.saturate || !arguments.linear && simplified.gates() <= SATURATED_GATES;
    let (simplified, shared, saturation) = if saturates {
        let (saturated, report) =
            saturate(circuit, laws, &options(arguments, circuit.gates()), &Interrupt).map_err(|error| match error {
                SaturateError::Cancelled(_) => Failure::Cancelled,
                SaturateError::Gates(error) => Failure::work(error),
            })?;
        (saturated, report.shared, Some(report))
    } else {
        let (shared, _) = simplify(circuit, Laws::NONE).map_err(Failure::work)?;
        (simplified, shared.size(), None)
    };
    let view = View {
        circuit: arguments.circuit.display().to_string(),
        class: arguments.class.clone(),
        laws,
        required: simplified.laws(),
        before: circuit.size(),
        shared,
        after: simplified.size(),
        gates_saved: shared.gates as i64 - simplified.gates() as i64,
        linear,
        saturation,
    };
    Ok((simplified, view))
}

fn options(arguments: &Simplify, gates: usize) -> SaturateOptions {
    let default = SaturateOptions::default();
    SaturateOptions {
        // Whoever saturates a large circuit wants room for rewrites beside the gates that there are.
        max_nodes: arguments.max_nodes.unwrap_or(match arguments.saturate {
            true => default.max_nodes.max(gates.saturating_mul(4)),
            false => default.max_nodes,
        }),
        max_alternatives: arguments.max_alternatives.unwrap_or(default.max_alternatives),
        max_iterations: arguments.max_iterations.unwrap_or(default.max_iterations),
        max_terms: arguments.max_terms.unwrap_or(default.max_terms),
        max_steps: arguments.max_steps.unwrap_or(default.max_steps),
        max_time: arguments.max_seconds.map(Duration::from_secs),
    }
}

impl View {
    fn text(&self) -> String {
        let size = |pass: &str, size: GateSize| {
            let counts = [size.gates, size.wires, size.depth].map(|count| grouped(count as u64));
            let [gates, wires, depth] = counts;
            [pass.to_string(), gates, wires, depth]
        };
        let mut sizes = vec![
            size("before", self.before),
            size("equal gates shared", self.shared),
            size("linear-time pass", self.linear.after),
        ];
        if let Some(saturation) = &self.saturation {
            sizes.push(size("equality saturation", saturation.after));
        }
        let mut text = crate::listings::table(&["", "gates", "wires", "depth"], &sizes);
        let passes = [&self.linear.rewrites[..], self.saturation.as_ref().map_or(&[], |report| &report.rewrites[..])];
        let rows = passes.iter().zip(["linear-time", "saturation"]).flat_map(|(rewrites, pass)| {
            let fired = rewrites.iter().filter(|firings| firings.count > 0);
            fired.map(move |firings| {
                let laws = if firings.needs == Laws::NONE { String::new() } else { firings.needs.to_string() };
                let count = grouped(firings.count);
                [pass.to_string(), firings.rewrite.to_string(), count, laws, firings.equation.to_string()]
            })
        });
        let rows: Vec<[String; 5]> = rows.collect();
        if !rows.is_empty() {
            let _ =
                write!(text, "\n{}", crate::listings::table(&["pass", "rewrite", "fired", "laws", "equation"], &rows));
        }
        text.push('\n');
        let _ = match &self.saturation {
            None => writeln!(text, "Equality saturation was left out."),
            Some(report) => {
                let exact = if report.exact { "; no smaller circuit can be chosen from these" } else { "" };
                let [nodes, classes] = [report.nodes, report.classes].map(|count| grouped(count as u64));
                writeln!(
                    text,
                    "Stopped after {} iterations, with {nodes} nodes in {classes} classes{exact}: {}.",
                    report.iterations, report.stop
                )
            }
        };
        let _ = writeln!(text, "Gates saved over sharing alone: {}.", self.gates_saved);
        let _ = match self.required {
            Laws::NONE => writeln!(text, "The result is for every semiring."),
            laws => writeln!(text, "The result is for semirings with: {laws}."),
        };
        text
    }
}
