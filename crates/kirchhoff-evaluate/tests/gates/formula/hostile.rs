//! Texts that are no circuits.

use kirchhoff_formula::{FormulaOptions, parse, sexpr};
use proptest::prelude::*;

const SOUND: &str = r#"(circuit
  (requires commutative-times)
  (layer "0" "epsilon" (range -inf inf closed-above))
  (variables "start[0]" "\u{3b1}")
  (let g1 (+ (* (d 0 0.5) "start[0]") 1 0))
  (output "input" (2) g1 (* (d 0 -2.5e-7) g1 "\"")))
"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    /// Whatever is done to a text, it is refused with a place in it, or read and written again.
    #[test]
    fn damaged_texts_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4, r#"[()"; \\u{}\n+*d01xg.e-]{1,3}|[a-z]{2,8}|α|\PC"#), 1..5),
    ) {
        let mut text: Vec<char> = SOUND.chars().collect();
        for (place, cut, insert) in edits {
            let at = place.index(text.len());
            let end = (at + cut).min(text.len());
            text.splice(at..end, insert.chars());
        }
        let text: String = text.into_iter().collect();
        match parse(&text, 20) {
            Ok(circuit) => {
                let written = sexpr(&circuit, &FormulaOptions::default()).unwrap();
                prop_assert!(parse(&written, 20).is_ok(), "{}", written);
            }
            Err(error) => {
                prop_assert!(error.line >= 1 && error.line <= text.lines().count() + 1 && error.column >= 1);
                prop_assert!(!error.problem.is_empty() && error.problem.len() < 500);
            }
        }
    }

    #[test]
    fn any_text_is_refused(text in "\\PC{0,40}") {
        prop_assert!(parse(&text, 20).is_err());
    }
}

#[test]
fn errors_name_the_place_and_the_problem() {
    assert!(parse(SOUND, 20).is_ok());
    let cases = [
        ("", "line 1, column 1: `(` should stand here, not the end of the text"),
        ("(circuit", "line 1, column 9: `)` should stand here, not the end of the text"),
        ("(circuit) 1", "line 1, column 11: the end of the text should stand here, not `1`"),
        ("(circuit\n  (outputs))", "line 2, column 4: a circuit has no `outputs`"),
        ("(circuit (requires fast))", "column 20: no law is called `fast`; there are commutative-times, "),
        ("(circuit (let a b))", "column 17: no subformula is called `b` here; variables have quotation marks"),
        ("(circuit (let 1 \"x\"))", "`1` cannot be the name of a subformula"),
        ("(circuit (let a 1) (let a 0))", "column 25: two subformulas are called `a`"),
        ("(circuit (output \"y\" (2) 1))", "output \"y\" has 1 expressions, its shape another number"),
        ("(circuit (output \"y\" (99999999999 99999999999) 1))", "its shape another number"),
        ("(circuit (output \"y\" () (d 0 0.5)))", "column 25: gate 0 refers to layer 0, which must be below 0"),
        ("(circuit (output \"y\" () (- 1 1)))", "`+`, `*` or `d` should stand here, not `-`"),
        ("(circuit (output \"y\" () (+ \"a", "column 28: the string has no end"),
        ("(circuit (output \"y\\n\" () 1))", "after a backslash comes"),
        ("(circuit (output \"\\u{d800}\" () 1))", "`\\u{d800}` is no character"),
        ("(circuit (layer \"0\" \"zero\" (range 0 x)))", "a number should stand here, not `x`"),
        ("(circuit (output \"y\" () 1) (output \"y\" () 1))", "two outputs are called 'y'"),
    ];
    for (text, expected) in cases {
        let error = parse(text, 20).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn limits_hold() {
    let deep = format!("(circuit (output \"y\" () {}", "(+ ".repeat(1_000_000));
    assert!(parse(&deep, 20).unwrap_err().problem.contains("name subformulas with `let`"));
    let many: String = (0..100).map(|number| format!(" \"x{number}\"")).collect();
    let error = parse(&format!("(circuit (output \"y\" () (+{many})))"), 20).unwrap_err();
    assert!(error.problem.contains("more than 20 gates"), "{error}");
}
