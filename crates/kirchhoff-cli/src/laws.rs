//! `kirchhoff laws`.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::Args;
use kirchhoff::circuit::rewrites;
use kirchhoff::semiring::LawReport;

use crate::failure::Failure;
use crate::options::Common;
use crate::semirings::{registry, semiring};

/// `kirchhoff laws`.
#[derive(Args, Debug)]
pub struct Laws {
    /// Semirings to check, by name, by the file of a definition or as `define(...)` [default: all built-in ones]
    #[arg(conflicts_with = "rewrites")]
    pub semirings: Vec<String>,
    /// List the rewrites of `simplify` instead: their equations, and the laws that each needs beyond the axioms
    #[arg(long)]
    pub rewrites: bool,
    #[command(flatten)]
    pub common: Common,
}

/// Checks the axioms and declared laws of semirings, or lists what is derived from them.
pub fn run(arguments: &Laws) -> Result<(), Failure> {
    if arguments.rewrites {
        return list_rewrites(arguments.common.json);
    }
    let names: Vec<String> = match arguments.semirings.is_empty() {
        true => registry().semirings().iter().map(|semiring| semiring.name.to_string()).collect(),
        false => arguments.semirings.clone(),
    };
    let reports: BTreeMap<&str, LawReport> =
        names.iter().map(|name| Ok((&name[..], semiring(name, true)?.check_laws()))).collect::<Result<_, Failure>>()?;
    if arguments.common.json {
        crate::print_json(&reports)?;
    } else {
        for name in &names {
            crate::print(&format!("{name}\n{}\n", reports[&name[..]]))?;
        }
    }
    match reports.iter().find(|(_, report)| !report.passed()) {
        Some((name, _)) => Err(Failure::work(anyhow::anyhow!("semiring `{name}` breaks its laws"))),
        None => Ok(()),
    }
}

/// Prints every rewrite of gate circuits.
fn list_rewrites(json: bool) -> Result<(), Failure> {
    let rewrites = rewrites();
    if json {
        return crate::print_json(&rewrites);
    }
    let mut text = String::new();
    for rewrite in rewrites {
        let laws: Vec<&str> = rewrite.needs.iter().map(|law| law.name()).collect();
        let needs = if laws.is_empty() { "the axioms".to_string() } else { laws.join(", ") };
        let _ = writeln!(text, "{}: {}\n    by {needs}", rewrite.name, rewrite.equation);
    }
    crate::print(&text)
}
