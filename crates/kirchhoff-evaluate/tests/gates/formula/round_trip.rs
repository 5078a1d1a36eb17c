//! Circuit → S-expression → circuit, and circuit → JSON.

use std::collections::HashMap;

use kirchhoff_circuit::{GateBuilder, GateLayer, simplify};
use kirchhoff_formula::{FormulaError, FormulaOptions, json, parse, sexpr};
use kirchhoff_semiring::{Interval, Law, Laws};
use proptest::prelude::*;
use serde_json::Value;

use super::{POINT, numbers, options, real, same};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn s_expressions_read_back(circuit in numbers(), options in options()) {
        let Ok(text) = sexpr(&circuit, &options) else { return Ok(()) };
        let read = parse(&text, 1000).unwrap();
        prop_assert_eq!(read.variables(), circuit.variables());
        prop_assert_eq!(read.layers(), circuit.layers());
        prop_assert_eq!(read.output_tensors(), circuit.output_tensors());
        prop_assert!(same(&real(&read, &POINT), &real(&circuit, &POINT)), "{}", text);
        // What was read is written the same way, whatever the order of gates was.
        let again = sexpr(&read, &options).unwrap();
        prop_assert_eq!(sexpr(&parse(&again, 1000).unwrap(), &options).unwrap(), again);
    }

    #[test]
    fn json_holds_every_gate(circuit in numbers()) {
        let text = json(&circuit, &FormulaOptions::default()).unwrap();
        let view: Value = serde_json::from_str(&text).unwrap();
        let names: Vec<&str> = view["variables"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let point: HashMap<&str, f32> = names.iter().copied().zip(POINT).collect();
        let mut values: Vec<f32> = Vec::new();
        for gate in view["gates"].as_array().unwrap() {
            let children = || -> Vec<f32> {
                let children = gate["children"].as_array().unwrap();
                children.iter().map(|child| values[child.as_u64().unwrap() as usize]).collect()
            };
            // Without an element to start from, so that the sign of a zero stays.
            let value = match gate["kind"].as_str().unwrap() {
                "zero" => 0.0,
                "one" => 1.0,
                "contribution" => gate["d"].to_string().parse().unwrap(),
                "variable" => point[names[gate["variable"].as_u64().unwrap() as usize]],
                "plus" => children().into_iter().reduce(|a, b| a + b).unwrap_or(0.0),
                "times" => children().into_iter().reduce(|a, b| a * b).unwrap_or(1.0),
                other => panic!("{other}"),
            };
            values.push(value);
        }
        let outputs = view["outputs"][0]["gates"].as_array().unwrap();
        let outputs: Vec<f32> = outputs.iter().map(|gate| values[gate.as_u64().unwrap() as usize]).collect();
        prop_assert!(same(&outputs, &real(&circuit, &POINT)));
    }
}

#[test]
fn everything_about_a_circuit_is_written() {
    let layer = |name: &str, range| GateLayer { name: name.to_string(), rule: "gamma(0.25)".to_string(), range };
    let ranges = [None, Some(Interval::UNIT), Some(Interval::REALS), Some(Interval::closed(-1.5, f64::INFINITY))];
    let names = ["0", "a \"quoted\" \\ name", "line\nbreak", "größe→3"];
    let mut builder = GateBuilder::new(names.iter().zip(ranges).map(|(name, range)| layer(name, range)).collect(), 100);
    for name in names {
        builder.declare(name);
    }
    let d = builder.contribution(3, 0.1).unwrap();
    let x = builder.variable(2).unwrap();
    let product = builder.times(&[d, x]).unwrap();
    builder.output("a \"tensor\"", &[1, 2], &[product, x]).unwrap();
    builder.output("empty", &[0], &[]).unwrap();
    builder.output("single", &[], &[product]).unwrap();
    builder.require(Laws::of(&Law::ALL));
    let circuit = builder.finish().unwrap();
    let text = sexpr(&circuit, &FormulaOptions::default()).unwrap();
    assert_eq!(parse(&text, 100).unwrap(), circuit, "{text}");
    assert!(text.contains("\"line\\u{a}break\""), "{text}");
}

#[test]
fn written_by_hand() {
    let text = "; a comment\n(circuit (output \"y\" ()\n  (⊕ \"a\" (⊗ \"b\" \"a\") \"a\")) ; and another\n)";
    let circuit = parse(text, 10).unwrap();
    assert_eq!(circuit.variables(), ["a", "b"]);
    let (simplified, _) = simplify(&circuit, Laws::of(&[Law::IdempotentPlus])).unwrap();
    let text = sexpr(&simplified, &FormulaOptions::default()).unwrap();
    let expected = "(circuit\n  (requires idempotent-plus)\n  (variables \"a\" \"b\")\n  (output \"y\" () (+ \"a\" (* \"b\" \"a\"))))\n";
    assert_eq!(text, expected);
}

/// A chain of 20,000 gates, each used once, is cut into definitions.
#[test]
fn deep_circuits_do_not_nest_deeply() {
    let mut builder = GateBuilder::new(Vec::new(), 100_000);
    let [x, y] = [builder.declare("x"), builder.declare("y")].map(|number| builder.variable(number).unwrap());
    let mut gate = x;
    for step in 0..20_000 {
        gate = if step % 2 == 0 { builder.plus(&[gate, y]) } else { builder.times(&[y, gate]) }.unwrap();
    }
    builder.output("input", &[1], &[gate]).unwrap();
    let circuit = builder.finish().unwrap();
    let options = FormulaOptions { expand: u64::MAX, ..FormulaOptions::default() };
    let text = sexpr(&circuit, &options).unwrap();
    assert_eq!(parse(&text, 100_000).unwrap().size(), circuit.size());
    assert!(kirchhoff_formula::text(&circuit, &options).unwrap().lines().count() > 300);
}

/// 2⁶⁰ paths through 60 levels: written out, no disk would hold the formula.
#[test]
fn what_would_be_too_long_is_refused() {
    let mut builder = GateBuilder::new(Vec::new(), 1000);
    let mut gate = builder.declare("x");
    let mut pair = [builder.variable(gate).unwrap(); 2];
    gate = builder.declare("y");
    pair[1] = builder.variable(gate).unwrap();
    for _ in 0..55 {
        let [a, b] = pair;
        pair = [builder.plus(&[a, b]).unwrap(), builder.times(&[a, b]).unwrap()];
    }
    builder.output("input", &[2], &pair).unwrap();
    let circuit = builder.finish().unwrap();
    let whole = FormulaOptions { expand: u64::MAX, ..FormulaOptions::default() };
    let Err(FormulaError::TooLong { gates, limit: 1_000_000 }) = sexpr(&circuit, &whole) else { panic!("too long") };
    assert!(gates > 1 << 55);
    let text = sexpr(&circuit, &FormulaOptions::default()).unwrap();
    assert_eq!(parse(&text, 1000).unwrap(), circuit);
}
