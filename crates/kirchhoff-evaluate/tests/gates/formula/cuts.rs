//! Parts of circuits.

use std::sync::Arc;

use kirchhoff_circuit::{Start, UnrollOptions, unroll};
use kirchhoff_compile::{Rule, compile};
use kirchhoff_evaluate::{PerLeaf, fold_gates};
use kirchhoff_formula::{Cut, FormulaError, FormulaOptions, cut, find_outputs, output_names, parse, sexpr};
use kirchhoff_network::Execution;
use kirchhoff_semiring::Real;
use proptest::prelude::*;

use super::{POINT, numbers, real, same};
use crate::network::{Random, network};

const THETA: PerLeaf<fn(usize, f32) -> f32> = PerLeaf(|_, d| d);

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// With the values of the gates that were cut off for their variables, a cut has the values of the whole.
    #[test]
    fn a_cut_is_a_part(circuit in numbers(), depth in prop::option::of(0usize..6), chosen in prop::collection::vec(0usize..3, 0..3)) {
        let values = fold_gates(&circuit, &Real, &THETA, &POINT, &()).unwrap();
        let count = circuit.outputs().len();
        let outputs: Vec<usize> = chosen.into_iter().map(|output| output % count).collect();
        let part = cut(&circuit, &Cut { outputs: outputs.clone(), layer: None, depth }).unwrap();
        let variables: Vec<f32> = part.variables().iter().map(|name| match name.strip_prefix("gate[") {
            Some(number) => values[number.strip_suffix(']').unwrap().parse::<usize>().unwrap()],
            None => POINT[["x", "y", "z"].iter().position(|known| known == name).unwrap()],
        }).collect();
        let mut distinct: Vec<usize> = Vec::new();
        let asked = if outputs.is_empty() { (0..count).collect() } else { outputs };
        asked.into_iter().for_each(|output| if !distinct.contains(&output) { distinct.push(output) });
        let expected: Vec<f32> = distinct.iter().map(|&output| values[circuit.outputs()[output].index()]).collect();
        prop_assert!(same(&real(&part, &variables), &expected));
        prop_assert!(part.gates() <= circuit.gates());
        // Nothing is left that no output depends on, leaves included.
        prop_assert_eq!(part.without_dead_gates().unwrap().gates(), part.gates());
        if let Some(0) = depth {
            prop_assert_eq!(part.wires(), 0);
        }
    }
}

/// Whatever the order in which gates use them, and with those for what was cut off behind them.
#[test]
fn variables_keep_their_order() {
    let text = r#"(circuit (variables "a" "unused" "b" "c") (output "x" (1) (+ (* "c" "b") "a")) (output "y" () "b"))"#;
    let circuit = parse(text, 100).unwrap();
    let whole = cut(&circuit, &Cut::default()).unwrap();
    assert_eq!(whole.variables(), ["a", "b", "c"]);
    let written = sexpr(&whole, &FormulaOptions::default()).unwrap();
    assert!(written.contains(r#"(variables "a" "b" "c")"#), "{written}");
    assert_eq!(parse(&written, 100).unwrap().variables(), whole.variables());
    let part = cut(&circuit, &Cut { depth: Some(1), outputs: vec![0, 1], ..Cut::default() }).unwrap();
    assert_eq!(part.variables().len(), 3, "{:?}", part.variables());
    assert_eq!(part.variables()[..2], ["a", "b"]);
    assert!(part.variables()[2].starts_with("gate["));
}

#[test]
fn a_cut_at_a_layer_says_what_its_relevance_becomes() {
    let mut random = Random(21);
    for _ in 0..30 {
        let inputs = random.weights(32);
        let execution = Execution::run(Arc::new(network(&mut random)), &inputs, 1, &()).unwrap();
        let layered = compile(&execution, &Rule::epsilon(1e-6).into()).unwrap();
        let tensors = vec![layered.input(), layered.find("flat").unwrap()];
        let options = UnrollOptions { tensors, start: Start::OnesAt(vec![1]), ..UnrollOptions::default() };
        let circuit = unroll(&layered, &options, &()).unwrap();
        let whole = real(&circuit, &[]);
        let at = Cut { layer: Some("flat".to_string()), ..Cut::default() };
        let part = cut(&circuit, &at).unwrap();
        assert_eq!(part.output_tensors().len(), 1);
        let names: Vec<String> = output_names(&circuit).into_iter().map(|name| format!("R({name})")).collect();
        let value = |name: &String| whole[names.iter().position(|known| known == name).unwrap()];
        let variables: Vec<f32> = part.variables().iter().map(value).collect();
        assert!(same(&real(&part, &variables), &whole[circuit.output_range("input").unwrap()]));
        // Asked for itself, the layer is not cut off from itself.
        let own = Cut { outputs: find_outputs(&circuit, "flat").unwrap(), ..at };
        assert!(same(&real(&cut(&circuit, &own).unwrap(), &[]), &whole[circuit.output_range("flat").unwrap()]));
    }
}

#[test]
fn outputs_are_found_by_their_names() {
    let circuit = parse(
        r#"(circuit (output "input" (1 2 2) "a" "b" "c" "d") (output "1" (3) "a" "b" "c") (output "one" () "d"))"#,
        100,
    )
    .unwrap();
    let found = |text| find_outputs(&circuit, text).unwrap();
    assert_eq!(found("2"), [2]);
    assert_eq!([found("x[1,0]"), found("input[1, 0]"), found("input[2]")], [[2], [2], [2]]);
    assert_eq!([found("h1[2]"), found("1[2]")], [[6], [6]]);
    assert_eq!([found("h1"), found("1[*]"), found("h1[*]")], [[4, 5, 6], [4, 5, 6], [4, 5, 6]]);
    assert_eq!(found("one"), [7]);
    for wrong in ["8", "x[2,0]", "x[4]", "x[", "y", "", "h1[3]", "[0]", "x[-1]"] {
        let Err(FormulaError::NoOutput { asked, there }) = find_outputs(&circuit, wrong) else { panic!("{wrong}") };
        assert_eq!((&asked[..], &there[..]), (wrong, "8 outputs: `input` (1 × 2 × 2), `1` (3), `one` (1)"));
    }
    let missing = Cut { outputs: vec![8], ..Cut::default() };
    assert!(matches!(cut(&circuit, &missing), Err(FormulaError::NoOutput { .. })));
    let missing = Cut { layer: Some("7".to_string()), ..Cut::default() };
    assert!(matches!(cut(&circuit, &missing), Err(FormulaError::NoOutput { .. })));
    let part = cut(&circuit, &Cut { outputs: vec![1, 7, 1], ..Cut::default() }).unwrap();
    assert_eq!(output_names(&part), ["x[0,1]", "one"]);
}
