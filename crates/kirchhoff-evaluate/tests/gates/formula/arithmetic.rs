//! Text, read by a calculator that knows nothing of circuits; LaTeX, whose brackets match.

use std::collections::HashMap;

use kirchhoff_formula::{FormulaOptions, Notation, latex, text};
use proptest::prelude::*;

use super::{POINT, numbers, options, real, same};

/// Evaluates lines of `let g1 = …` and `R(…) = …` with `+`, `-` and `·`; returns what stands behind each `R(…)`.
fn calculate(text: &str, variables: &[(&str, f32)]) -> Vec<f32> {
    let mut known: HashMap<String, f32> = variables.iter().map(|(name, value)| (name.to_string(), *value)).collect();
    let mut outputs = Vec::new();
    for line in text.replace("\n    ", " ").lines() {
        let (name, expression) = line.split_once(" = ").unwrap();
        let spaced = expression.replace('·', " · ").replace('(', " ( ").replace(')', " ) ");
        let tokens: Vec<&str> = spaced.split_whitespace().collect();
        let mut calculator = Calculator { tokens: &tokens, known: &known };
        let value = calculator.sum();
        assert!(calculator.tokens.is_empty(), "{line}");
        match name.strip_prefix("let ") {
            Some(name) => assert_eq!(known.insert(name.to_string(), value), None),
            None => outputs.push(value),
        }
    }
    outputs
}

struct Calculator<'a> {
    tokens: &'a [&'a str],
    known: &'a HashMap<String, f32>,
}

impl Calculator<'_> {
    fn take(&mut self) -> String {
        let (first, rest) = self.tokens.split_first().expect("something more");
        self.tokens = rest;
        first.to_string()
    }

    fn sum(&mut self) -> f32 {
        let mut sum = self.product();
        while let Some(&sign @ ("+" | "-")) = self.tokens.first() {
            self.take();
            let next = self.product();
            sum = if sign == "+" { sum + next } else { sum - next };
        }
        sum
    }

    fn product(&mut self) -> f32 {
        let mut product = self.factor();
        while self.tokens.first() == Some(&"·") {
            self.take();
            product *= self.factor();
        }
        product
    }

    fn factor(&mut self) -> f32 {
        let token = self.take();
        if token == "(" {
            let value = self.sum();
            assert_eq!(self.take(), ")");
            return value;
        }
        self.known.get(&token).copied().unwrap_or_else(|| token.parse().unwrap())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn text_is_the_value_of_the_circuit(circuit in numbers(), options in options()) {
        let options = FormulaOptions { notation: Notation::Arithmetic, ..options };
        let Ok(text) = text(&circuit, &options) else { return Ok(()) };
        let point: Vec<(&str, f32)> = ["x", "y", "z"].into_iter().zip(POINT).collect();
        prop_assert!(same(&calculate(&text, &point), &real(&circuit, &POINT)), "{}", text);
    }

    #[test]
    fn brackets_match_in_latex(circuit in numbers(), options in options(), which in 0usize..3) {
        let notation = [Notation::Semiring, Notation::Arithmetic, Notation::Logic][which];
        let Ok(text) = latex(&circuit, &FormulaOptions { notation, ..options }) else { return Ok(()) };
        let body = text.strip_prefix("\\begin{align*}\n").unwrap().strip_suffix("\n\\end{align*}\n").unwrap();
        for line in body.split("\\\\\n") {
            prop_assert_eq!(line.matches("\\left(").count(), line.matches("\\right)").count(), "{}", line);
            prop_assert_eq!(line.matches('{').count(), line.matches('}').count(), "{}", line);
            prop_assert_eq!(line.matches('&').count(), 1);
            let mut open = 0;
            for c in line.chars() {
                open += i32::from(c == '{') - i32::from(c == '}');
                prop_assert!(open >= 0);
            }
        }
    }
}

#[test]
fn signs_are_those_of_the_notation() {
    let circuit = kirchhoff_formula::parse(
        r#"(circuit (layer "0" "zero") (output "input" (3)
            (+ (* (d 0 -0.5) (+ "x" 0)) (d 0 -2) (* "y" (d 0 -1) (* "x" 1)))
            (+ "x" (+ "y" (* "x" "y")))
            (+)))"#,
        100,
    )
    .unwrap();
    let written = |notation| text(&circuit, &FormulaOptions { notation, ..FormulaOptions::default() }).unwrap();
    assert_eq!(
        written(Notation::Semiring),
        "R(x[0]) = (-0.5) ⊗ (x ⊕ 𝟘) ⊕ (-2) ⊕ y ⊗ (-1) ⊗ (x ⊗ 𝟙)\nR(x[1]) = x ⊕ (y ⊕ x ⊗ y)\nR(x[2]) = 𝟘\n"
    );
    assert_eq!(
        written(Notation::Arithmetic),
        "R(x[0]) = -0.5·(x + 0) - 2 + y·(-1)·(x·1)\nR(x[1]) = x + (y + x·y)\nR(x[2]) = 0\n"
    );
    assert!(written(Notation::Logic).contains("R(x[1]) = x ∨ (y ∨ x ∧ y)\nR(x[2]) = ⊥"));
    let rounded = FormulaOptions { digits: Some(1), notation: Notation::Arithmetic, ..FormulaOptions::default() };
    assert!(text(&circuit, &rounded).unwrap().starts_with("R(x[0]) = -0.5·"));
}

/// A variable that is called like a definition keeps its name; definitions take another.
#[test]
fn definitions_have_names_of_their_own() {
    let circuit =
        kirchhoff_formula::parse(r#"(circuit (let s (+ "g1" "g_2")) (output "input" (2) (* s "g1") (* s s)))"#, 100)
            .unwrap();
    let options = FormulaOptions { notation: Notation::Arithmetic, expand: 1, ..FormulaOptions::default() };
    let text = text(&circuit, &options).unwrap();
    assert_eq!(text, "let g__1 = g1 + g_2\nR(x[0]) = g__1·g1\nR(x[1]) = g__1·g__1\n");
    assert_eq!(calculate(&text, &[("g1", 2.0), ("g_2", 1.0)]), [6.0, 9.0]);
}
