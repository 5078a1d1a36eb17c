//! CNF and NNF against the Boolean fold, over all assignments.

use std::collections::HashMap;

use kirchhoff_circuit::GateCircuit;
use kirchhoff_evaluate::{PerLeaf, fold};
use kirchhoff_formula::{Cut, Decision, FormulaError, FormulaOptions, cnf, cut, decide, nnf, sexpr};
use kirchhoff_semiring::{Boolean, Count, Counting};
use proptest::prelude::*;

use super::numbers;

/// One output of a circuit whose contributions are decided.
fn boolean() -> impl Strategy<Value = GateCircuit> {
    (numbers(), 0usize..3).prop_map(|(circuit, output)| {
        let decided =
            decide(&circuit, &|layer, d| if d > layer as f32 / 4.0 { Decision::One } else { Decision::Zero }, &|_| {
                None
            })
            .unwrap();
        let outputs = vec![output % circuit.outputs().len()];
        cut(&decided, &Cut { outputs, ..Cut::default() }).unwrap()
    })
}

fn value(circuit: &GateCircuit, world: &[bool]) -> bool {
    fold(circuit, &Boolean, &PerLeaf(|_, _| unreachable!("no contributions")), world, &()).unwrap()[0]
}

fn worlds(variables: usize) -> impl Iterator<Item = Vec<bool>> {
    (0..1u32 << variables).map(move |bits| (0..variables).map(|variable| bits >> variable & 1 == 1).collect())
}

#[test]
fn contributions_become_what_theta_makes_of_them() {
    let text = r#"(circuit (layer "0" "zero") (output "y" () (+ (d 0 0.5) (* "x" (d 0 -1)) (d 0 0) (d 0 2))))"#;
    let circuit = kirchhoff_formula::parse(text, 100).unwrap();
    let theta = |_: usize, d: f32| match d {
        0.0 => Decision::Zero,
        0.5 => Decision::One,
        d => Decision::Number(d.abs()),
    };
    let decided = sexpr(&decide(&circuit, &theta, &|_| None).unwrap(), &FormulaOptions::default()).unwrap();
    assert!(decided.contains(r#"(+ 1 (* "x" (d 0 1)) 0 (d 0 2))"#), "{decided}");
}

/// The numbers of a DIMACS file: of variables, and clauses of literals.
fn dimacs(text: &str) -> (usize, Vec<Vec<i64>>) {
    let mut lines = text.lines().filter(|line| !line.starts_with('c'));
    let header: Vec<&str> = lines.next().unwrap().split(' ').collect();
    assert_eq!(header[..2], ["p", "cnf"]);
    let clauses: Vec<Vec<i64>> = lines
        .map(|line| {
            let mut literals: Vec<i64> = line.split(' ').map(|literal| literal.parse().unwrap()).collect();
            assert_eq!(literals.pop(), Some(0));
            assert!(literals.iter().all(|&literal| literal != 0));
            literals
        })
        .collect();
    assert_eq!(header[3].parse::<usize>().unwrap(), clauses.len());
    (header[2].parse().unwrap(), clauses)
}

/// How many assignments satisfy the clauses, given values for the first variables; by branching on unit clauses first.
fn models(clauses: &[Vec<i64>], world: &mut Vec<Option<bool>>) -> u64 {
    let literal = |world: &[Option<bool>], literal: i64| {
        world[literal.unsigned_abs() as usize - 1].map(|value| value == (literal > 0))
    };
    let mut chosen = world.iter().position(Option::is_none);
    for clause in clauses {
        if clause.iter().any(|&one| literal(world, one) == Some(true)) {
            continue;
        }
        let open: Vec<i64> = clause.iter().copied().filter(|&one| literal(world, one).is_none()).collect();
        match open[..] {
            [] => return 0,
            [only] => chosen = Some(only.unsigned_abs() as usize - 1),
            _ => {}
        }
    }
    let Some(variable) = chosen else { return 1 };
    let mut count = 0;
    for value in [false, true] {
        world[variable] = Some(value);
        count += models(clauses, world);
    }
    world[variable] = None;
    count
}

/// The value of an NNF file under an assignment.
fn evaluate_nnf(text: &str, world: &[bool]) -> bool {
    let mut lines = text.lines().filter(|line| !line.starts_with("c "));
    let header: Vec<usize> =
        lines.next().unwrap().strip_prefix("nnf ").unwrap().split(' ').map(|n| n.parse().unwrap()).collect();
    let (mut values, mut edges) = (Vec::new(), 0);
    for line in lines {
        let (kind, numbers) = line.split_once(' ').unwrap();
        let numbers: Vec<usize> = numbers.split(' ').map(|number| number.parse().unwrap()).collect();
        let children = |from: usize| -> Vec<bool> {
            assert_eq!(numbers[from - 1], numbers.len() - from);
            numbers[from..].iter().map(|&child| values[child]).collect()
        };
        let value = match kind {
            "L" => world[numbers[0] - 1],
            "A" => children(1).into_iter().all(|child| child),
            "O" => children(2).into_iter().any(|child| child),
            other => panic!("{other}"),
        };
        edges += match kind {
            "A" => numbers.len() - 1,
            "O" => numbers.len() - 2,
            _ => 0,
        };
        values.push(value);
    }
    assert_eq!(header, [values.len(), edges, world.len()]);
    *values.last().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn a_cnf_has_the_models_of_its_circuit(circuit in boolean()) {
        let text = cnf(&circuit).unwrap();
        let (count, clauses) = dimacs(&text);
        for world in worlds(circuit.variables().len()) {
            let mut all: Vec<Option<bool>> = world.iter().copied().map(Some).collect();
            all.resize(count, None);
            // One extension where the circuit is true, and none where it is false.
            prop_assert_eq!(models(&clauses, &mut all), u64::from(value(&circuit, &world)), "{}", text);
        }
    }

    #[test]
    fn an_nnf_has_the_value_of_its_circuit(circuit in boolean()) {
        let text = nnf(&circuit).unwrap();
        for world in worlds(circuit.variables().len()) {
            prop_assert_eq!(evaluate_nnf(&text, &world), value(&circuit, &world), "{}", text);
        }
    }

    #[test]
    fn what_is_decided_is_what_a_threshold_keeps(circuit in numbers()) {
        let decided = decide(&circuit, &|_, d| if d > 0.1 { Decision::One } else { Decision::Zero }, &|_| None).unwrap();
        prop_assert!(decided.arrays().contributions.is_empty());
        let theta = PerLeaf(|_: usize, d: f32| Count::from(u64::from(d > 0.1)));
        let point = [2u64, 0, 3].map(Count::from);
        // Counts of deep circuits have more digits than there is time for.
        if circuit.depth() < 12 {
            prop_assert_eq!(
                fold(&decided, &Counting, &theta, &point, &()).unwrap(),
                fold(&circuit, &Counting, &theta, &point, &()).unwrap()
            );
        }
    }
}

#[test]
fn comments_name_the_variables() {
    let circuit = kirchhoff_formula::parse(r#"(circuit (output "y" () (+ "h1[0]" (* "h1[1]" "h1[2]"))))"#, 10).unwrap();
    let text = cnf(&circuit).unwrap();
    let names: HashMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("c variable "))
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    assert_eq!(names, HashMap::from([("1", "h1[0]"), ("2", "h1[1]"), ("3", "h1[2]")]));
    assert_eq!(text.lines().skip(3).take(2).collect::<Vec<_>>(), ["c output 5 R(y)", "p cnf 5 7"]);
    let comments = "c negation normal form, neither deterministic nor decomposable\nc variable 1 h1[0]\nc variable 2 h1[1]\n\
                    c variable 3 h1[2]\n";
    assert_eq!(nnf(&circuit).unwrap(), format!("{comments}nnf 5 4 3\nL 1\nL 2\nL 3\nA 2 1 2\nO 0 2 0 3\n"));
}

#[test]
fn what_is_no_boolean_formula_is_refused() {
    let parse = |text| kirchhoff_formula::parse(text, 10).unwrap();
    let two = parse(r#"(circuit (output "y" (2) "a" "b"))"#);
    assert_eq!(cnf(&two), Err(FormulaError::Outputs { format: "DIMACS CNF", got: 2 }));
    let real = parse(r#"(circuit (layer "fc" "zero") (output "y" () (d 0 0.5)))"#);
    let error = nnf(&real).unwrap_err();
    assert_eq!(error, FormulaError::Contribution { layer: "fc".to_string(), d: "0.5".to_string() });
}
