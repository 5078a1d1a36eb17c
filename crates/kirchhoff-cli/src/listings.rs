//! `kirchhoff semirings` and `kirchhoff rules`: the registry.

use std::fmt::Write;

use clap::Args;
use kirchhoff::compile::{composites, rules as rule_registry};
use kirchhoff::evaluate::Coverage;
use kirchhoff::explain::{AnySemiring, theta_presets};
use kirchhoff::semiring::{Annotation, DefaultStart, SemiringInfo, symbolic_semirings};
use serde_json::json;

use crate::failure::Failure;
use crate::options::Common;
use crate::semirings::{registry, semiring};

/// `kirchhoff semirings` and `kirchhoff rules`.
#[derive(Args, Debug)]
pub struct Listing {
    #[command(flatten)]
    pub common: Common,
}

/// `kirchhoff semirings`.
#[derive(Args, Debug)]
pub struct SemiringListing {
    /// Semirings to describe one by one: names, files of definitions, or `define(...)` [default: a table of all]
    pub semirings: Vec<String>,
    /// Take semirings that are defined without a check of their laws
    #[arg(long)]
    pub unchecked: bool,
    #[command(flatten)]
    pub common: Common,
}

/// Everything that is known of single semirings, with the laws that were found to hold.
fn described(arguments: &SemiringListing) -> Result<(), Failure> {
    let found = arguments.semirings.iter().map(|text| semiring(text, arguments.unchecked));
    let found: Vec<AnySemiring> = found.collect::<Result<_, _>>()?;
    if arguments.common.json {
        let infos: Vec<&SemiringInfo> = found.iter().map(|semiring| &**semiring).collect();
        return crate::print_json(&infos);
    }
    for (number, semiring) in found.iter().enumerate() {
        let start = match semiring.start {
            DefaultStart::One => "1",
            DefaultStart::Logit => "the logit",
        };
        let theta = semiring.own_theta.as_deref().map_or(semiring.annotation.to_string(), str::to_string);
        let report = semiring.check_laws();
        let found: Vec<&str> = report.hints.iter().map(|law| law.name()).collect();
        let hints = if found.is_empty() { String::new() } else { format!("; hold as well: {}", found.join(", ")) };
        let rows = [
            ("a neuron's value", semiring.description.to_string()),
            ("carrier", semiring.carrier.to_string()),
            ("a ⊕ b", semiring.plus.to_string()),
            ("a ⊗ b", semiring.times.to_string()),
            ("a ⊖ b", if semiring.monus { "the least c with a ≤ b ⊕ c" } else { "none" }.to_string()),
            ("0, 1", format!("{}, {}", semiring.zero, semiring.one)),
            ("default rule", semiring.rule.to_string()),
            ("default Θ(d)", theta),
            ("default start", start.to_string()),
            ("laws", format!("{}{hints}", semiring.laws)),
        ];
        let rows: Vec<[String; 2]> = rows.map(|(name, text)| [name.to_string(), text]).into();
        let gap = if number > 0 { "\n" } else { "" };
        crate::print(&format!("{gap}{}", table(&["semiring", &semiring.name], &rows)))?;
        if let Some(failure) = report.failures().next() {
            crate::say(format_args!("warning: {failure}"));
        }
    }
    Ok(())
}

/// Lists the semirings: those that `explain` runs in, and in text the symbolic ones of `formula` as well.
pub fn semirings(arguments: &SemiringListing) -> Result<(), Failure> {
    if !arguments.semirings.is_empty() {
        return described(arguments);
    }
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

/// Characters of a cell that are shown: names and values from files may be of any length.
const CELL: usize = 200;

/// A table in aligned columns, two spaces apart. What would move a terminal's cursor is escaped, and long cells are cut.
pub fn table<const N: usize>(headings: &[&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> =
        rows.iter().map(|row| std::array::from_fn(|column| shown(&row[column], CELL))).collect();
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
    for row in &rows {
        text += &line(std::array::from_fn(|column| row[column].as_str()));
    }
    text
}

/// A text that a file may have brought along, as it is shown: without control characters, and its first characters where it is long.
pub fn shown(text: &str, most: usize) -> String {
    let text = printable(text);
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A text without characters that a terminal would act upon.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

/// A shape in words.
pub fn sizes(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

/// So many things: `1 input`, `2 inputs`.
pub fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number as u64), if number == 1 { "" } else { "s" })
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

/// A number to six digits.
pub fn number(number: f64) -> String {
    let rounded: f64 = format!("{number:.5e}").parse().unwrap_or(number);
    let long = rounded != 0.0 && rounded.is_finite() && !(1e-4..1e9).contains(&rounded.abs());
    if long { format!("{rounded:e}") } else { rounded.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_any_length_and_content_are_shown() {
        let text = table(&["a", "b"], &[["x".repeat(100_000), "\u{1b}[2J\nerror: none".to_string()]]);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("…  \\u{1b}[2J\\nerror: none"), "{text}");
        assert!(text.chars().count() < 1000);
    }
}
