//! `kirchhoff semirings` and `kirchhoff rules`: the registry.

use std::fmt::Write;

use clap::Args;
use kirchhoff::compile::{composites, rules as rule_registry};
use kirchhoff::evaluate::Coverage;
use kirchhoff::explain::theta_presets;
use kirchhoff::semiring::{Annotation, DefaultStart, SemiringInfo, symbolic_semirings};
use serde_json::json;

use crate::failure::Failure;
use crate::options::Common;
use crate::semirings::registry;

/// `kirchhoff semirings` and `kirchhoff rules`.
#[derive(Args, Debug)]
pub struct Listing {
    #[command(flatten)]
    pub common: Common,
}

/// Lists the semirings: those that `explain` runs in, and in text the symbolic ones of `formula` as well.
pub fn semirings(arguments: &Listing) -> Result<(), Failure> {
    if arguments.common.json {
        let infos: Vec<&SemiringInfo> = registry().semirings().iter().map(|semiring| &**semiring).collect();
        return crate::print_json(&infos);
    }
    let rows: Vec<[String; 7]> = registry()
        .semirings()
        .iter()
        .map(|info| {
            let start = match info.start {
                DefaultStart::One => "1",
                DefaultStart::Logit => "logit",
            };
            [
                info.name.to_string(),
                info.carrier.to_string(),
                format!("{}, {}", info.plus, info.times),
                format!("{}, {}", info.zero, info.one),
                format!("{}, {}, {start}", info.rule, info.annotation),
                info.laws.to_string(),
                info.description.to_string(),
            ]
        })
        .collect();
    let headings = ["semiring", "carrier", "⊕, ⊗", "0, 1", "default rule, Θ, start", "laws", "a neuron's value"];
    let mut text = table(&headings, &rows);
    let headings =
        ["for `formula`", headings[1], headings[2], headings[3], "default rule, Θ, start", headings[5], headings[6]];
    let rows: Vec<[String; 7]> = symbolic_semirings()
        .iter()
        .map(|info| {
            [
                format!("{}({})", info.name, info.limit.map_or("", |limit| limit.name)),
                info.carrier.to_string(),
                format!("{}, {}", info.plus, info.times),
                format!("{}, {}", info.zero, info.one),
                format!("{}, {}, 1", info.rule, info.annotation),
                info.laws.to_string(),
                info.description.to_string(),
            ]
        })
        .collect();
    let _ = write!(text, "\n{}", table(&headings, &rows));
    crate::print(&text)
}

/// What `auto(SHARE)` means, in a line.
const COVERAGE: &str = "the largest that this share of the layer's source neurons reach, chosen for each input";

/// Lists the rules, composites and annotations.
fn rules_text() -> String {
    let rows: Vec<[String; 4]> = rule_registry()
        .iter()
        .map(|info| [info.name.to_string(), info.signature(), info.fits.to_string(), info.formula.to_string()])
        .collect();
    let mut text = table(&["rule", "parameters", "for", "contribution d of an edge"], &rows);
    let rows: Vec<[String; 2]> =
        composites().iter().map(|info| [info.name.to_string(), info.description.to_string()]).collect();
    let _ = write!(text, "\n{}", table(&["composite", "rules"], &rows));
    let rows: Vec<[String; 2]> =
        Annotation::ALL.iter().map(|annotation| [annotation.to_string(), annotation.formula().to_string()]).collect();
    let _ = write!(text, "\n{}", table(&["annotation", "Θ(d)"], &rows));
    let choice = [format!("{}(SHARE)", Coverage::NAME), COVERAGE.to_string()];
    let presets = theta_presets().iter().map(|preset| [preset.name.to_string(), preset.description.to_string()]);
    let rows: Vec<[String; 2]> = std::iter::once(choice).chain(presets).collect();
    let _ = write!(text, "\n{}", table(&["thresholds", "θ of each layer"], &rows));
    text
}

/// Lists the rules, composites and annotations.
pub fn rules(arguments: &Listing) -> Result<(), Failure> {
    if !arguments.common.json {
        return crate::print(&rules_text());
    }
    let rules: Vec<_> = rule_registry()
        .iter()
        .map(|info| {
            json!({
                "name": info.name, "parameters": info.signature(), "formula": info.formula, "fits": info.fits.to_string(),
            })
        })
        .collect();
    let composites: Vec<_> =
        composites().iter().map(|info| json!({ "name": info.name, "description": info.description })).collect();
    let annotations: Vec<_> = Annotation::ALL
        .iter()
        .map(|annotation| json!({ "name": annotation.name(), "default": annotation, "formula": annotation.formula() }))
        .collect();
    let thresholds: Vec<_> = theta_presets()
        .iter()
        .map(
            |preset| json!({ "name": preset.name, "description": preset.description, "semirings": preset.semirings() }),
        )
        .collect();
    crate::print_json(&json!({
        "rules": rules, "composites": composites, "annotations": annotations, "thresholds": thresholds,
    }))
}

/// A table in aligned columns, two spaces apart.
pub fn table<const N: usize>(headings: &[&str; N], rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
    });
    let line = |cells: [&str; N]| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        line.trim_end().to_string() + "\n"
    };
    let mut text = line(*headings);
    for row in rows {
        text += &line(std::array::from_fn(|column| row[column].as_str()));
    }
    text
}

/// A number with its digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
