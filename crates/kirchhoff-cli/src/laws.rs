//! `kirchhoff laws`.

use std::collections::BTreeMap;

use clap::Args;
use kirchhoff::semiring::LawReport;

use crate::failure::Failure;
use crate::options::Common;
use crate::semirings::{registry, semiring};

/// `kirchhoff laws`.
#[derive(Args, Debug)]
pub struct Laws {
    /// Semirings to check, by name, by the file of a definition or as `define(...)` [default: all built-in ones]
    pub semirings: Vec<String>,
    #[command(flatten)]
    pub common: Common,
}

/// Checks the axioms and declared laws of semirings.
pub fn run(arguments: &Laws) -> Result<(), Failure> {
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
