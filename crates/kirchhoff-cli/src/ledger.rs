//! `kirchhoff explain --ledger`: what each layer did with relevance, as a table.

use std::fmt::Write;

use kirchhoff::evaluate::{Ledger, LedgerEntry};
use kirchhoff::explanation::Explanation;

use crate::listings::{grouped, number, table};

/// The ledgers of the first inputs in all semirings.
pub fn ledgers(explanation: &Explanation, inputs: usize) -> String {
    let mut text = String::new();
    for (input, summary) in explanation.summaries().iter().enumerate().take(inputs) {
        for answer in explanation.answers() {
            let Some(ledger) = answer.ledgers.get(input) else { continue };
            let _ = writeln!(text, "{}, {}", summary.input, answer.semiring.name);
            let _ = writeln!(text, "{}", rows(ledger));
        }
    }
    text
}

fn rows(ledger: &Ledger) -> String {
    let kept = |entry: &LedgerEntry| entry.kept.map_or(String::new(), |kept| format!(" ({} kept)", grouped(kept)));
    let row = |entry: &LedgerEntry| {
        let sums =
            entry.conservation.map(|sums| [sums.entered, sums.left, sums.bias, sums.stabiliser + sums.uncovered]);
        let [entered, left, bias, other] = sums.map_or([const { String::new() }; 4], |sums| sums.map(number));
        let relevant = format!("{} of {}", grouped(entry.relevant), grouped(entry.neurons));
        let edges = format!("{}{}", grouped(entry.edges), kept(entry));
        [
            entry.layer.to_string(),
            entry.operator.to_string(),
            entry.rule.to_string(),
            edges,
            relevant,
            entered,
            left,
            bias,
            other,
        ]
    };
    let rows: Vec<[String; 9]> = ledger.layers.iter().map(row).collect();
    let has_sums = ledger.layers.iter().any(|entry| entry.conservation.is_some());
    let headings = ["layer", "operator", "rule", "edges", "relevant"];
    match has_sums {
        true => {
            let [layer, operator, rule, edges, relevant] = headings;
            table(&[layer, operator, rule, edges, relevant, "entered", "left", "to bias", "to stabiliser"], &rows)
        }
        false => {
            let short =
                |[layer, operator, rule, edges, relevant, ..]: [String; 9]| [layer, operator, rule, edges, relevant];
            table(&headings, &rows.into_iter().map(short).collect::<Vec<_>>())
        }
    }
}
