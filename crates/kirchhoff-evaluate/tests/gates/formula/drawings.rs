//! DOT and SVG hold every gate and every wire once.

use kirchhoff_formula::{FormulaError, FormulaOptions, dot, page, parse, svg, text};
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

/// Every equation of the text is on the page, with names that lead to equations that are there.
#[test]
fn pages_hold_the_equations_of_the_text() {
    let parts: Vec<String> = (0..40).map(|number| format!("(* \"a<{number}>\" s)")).collect();
    let source = format!(
        r#"(circuit (let s (+ "b" "c" (* "d" "e") (* "f" "g1"))) (output "x" (2) (+ {}) (* s s)))"#,
        parts.join(" ")
    );
    let circuit = parse(&source, 1000).unwrap();
    let options = FormulaOptions { expand: 1, ..FormulaOptions::default() };
    let html = page(&circuit, &options).unwrap();
    let plain = |html: &str| -> String {
        let mut text = String::new();
        for part in html.split('<') {
            text.push_str(part.split_once('>').map_or(part, |(_, rest)| rest));
        }
        text.replace("&lt;", "<").replace("&gt;", ">").split_whitespace().collect::<String>()
    };
    let shown = plain(&html).replace("and28more", "");
    for equation in text(&circuit, &options).unwrap().replace("\n    ", "").lines() {
        let equation: String = equation.trim_start_matches("let ").split_whitespace().collect();
        assert!(shown.contains(&equation), "{equation} is not in {shown}");
    }
    for link in html.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(html.contains(&format!("id=\"{link}\"")), "{link}");
    }
    assert!(html.contains("and 28 more") && html.contains("40 operands") && !html.contains("<0>"), "{html}");
    let few = FormulaOptions { max_gates: 3, ..options };
    assert!(matches!(page(&circuit, &few), Err(FormulaError::TooLong { .. })));
}
