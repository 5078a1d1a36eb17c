//! DOT and SVG hold every gate and every wire once.

use kirchhoff_formula::{FormulaError, FormulaOptions, dot, parse, svg};
use proptest::prelude::*;

use super::numbers;

/// Whether every tag of an XML text is closed, in order, and nothing else has a `<` or a loose `&`.
fn well_formed(text: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    for part in text.split('<').skip(1) {
        let Some((tag, between)) = part.split_once('>') else { return false };
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or("");
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        let references = ["amp;", "lt;", "gt;"];
        if between.contains('>')
            || between.split('&').skip(1).any(|rest| !references.iter().any(|r| rest.starts_with(r)))
        {
            return false;
        }
    }
    open.is_empty()
}

proptest! {
    #[test]
    fn drawings_hold_every_gate(circuit in numbers()) {
        let circuit = circuit.without_dead_gates().unwrap();
        let outputs = circuit.outputs().len();
        let text = dot(&circuit, &FormulaOptions::default()).unwrap();
        prop_assert_eq!(text.matches("[label=").count(), circuit.gates() + outputs);
        prop_assert_eq!(text.matches(" -> ").count(), circuit.wires() + outputs);
        let text = svg(&circuit, &FormulaOptions::default()).unwrap();
        prop_assert!(well_formed(&text), "{}", text);
        prop_assert_eq!(text.matches("<path ").count(), circuit.wires() + outputs);
        prop_assert_eq!(text.matches("<text ").count(), circuit.gates() + outputs);
        prop_assert!(!text.contains("NaN") && !text.contains("inf"));
    }
}

#[test]
fn names_are_quoted() {
    let circuit = parse(r#"(circuit (output "a<b" () (+ "x & \"y\" > \\" "line\u{a}")))"#, 10).unwrap();
    let picture = svg(&circuit, &FormulaOptions::default()).unwrap();
    assert!(well_formed(&picture) && picture.contains("x &amp; \"y\" &gt; \\") && picture.contains("R(a&lt;b)"));
    let graph = dot(&circuit, &FormulaOptions::default()).unwrap();
    assert!(graph.contains(r#"[label="x & \"y\" > \\", "#) && graph.contains("\"line\u{fffd}\""), "{graph}");
}

#[test]
fn what_is_no_picture_is_refused() {
    let sums: Vec<String> = (0..1500).map(|number| format!("(+ \"x{number}\" \"y\")")).collect();
    let text = format!("(circuit (output \"input\" (1500) {}))", sums.join(" "));
    let circuit = parse(&text, 10_000).unwrap();
    let error = svg(&circuit, &FormulaOptions::default()).unwrap_err();
    assert_eq!(error, FormulaError::TooLarge { what: "gates", got: 3001, limit: 2000 });
    let few = FormulaOptions { max_gates: 3000, ..FormulaOptions::default() };
    assert_eq!(dot(&circuit, &few), Err(FormulaError::TooLong { gates: 3001, limit: 3000 }));
}
