//! Formulas, definitions of semirings and numbers for variables: texts, most of them.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use kirchhoff::explain::{GateNotes, Question, Registry, explain};
use kirchhoff::file::read_text;
use kirchhoff::formula::{Ddnnf, DdnnfOptions, FormulaOptions, parse, sexpr};
use kirchhoff::network::{Activation, Dense, Execution, NetworkBuilder, Operator};
use kirchhoff::values::read_values as read_numbers;

use super::{circuits, seeds};

/// The tool takes up to ten million gates; a hundred thousand have the same code run.
const GATES: u64 = 100_000;

pub fn sexpr_seeds() -> Vec<Vec<u8>> {
    let example = br#"(circuit
  (layer "0" "epsilon")
  (variables "h1[0]" "h1[1]" "start[3]")
  (let sum (+ "h1[0]" (* (d 0 0.25) "h1[1]" 1)))
  (let g2 (+ sum 0 (* sum "start[3]")))
  (output "input" (2) (* (d 0 0.5) sum g2) (* (d 0 -1.5) sum))
  (output "0" (1) g2))"#;
    [vec![example.to_vec()], seeds(&["tests/hostile", "examples/xor"], &["sexpr"])].concat()
}

/// Reads a formula, does with it what is done with circuits, and reads what is written of it.
///
/// # Panics
/// If that is another circuit.
pub fn read_sexpr(path: &Path) {
    let Ok(text) = read_text(path) else { return };
    let Ok(circuit) = parse(&text, GATES) else { return };
    circuits::evaluated(&circuit, &GateNotes::default());
    let options = FormulaOptions { max_gates: GATES, ..FormulaOptions::default() };
    if let Ok(written) = sexpr(&circuit, &options) {
        let again = parse(&written, GATES).unwrap_or_else(|error| panic!("{error} in {written}"));
        // Gates of a level may change places; what they compute may not.
        let written_again = sexpr(&again, &options).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(written_again, written, "another circuit was written");
    }
}

pub fn nnf_seeds() -> Vec<Vec<u8>> {
    let c2d: &[u8] = b"c variable 1 x[3,4]\nnnf 7 6 2\nL 1\nL 2\nA 2 0 1\nL -1\nL -2\nA 2 3 4\nO 1 2 2 5\n";
    let d4: &[u8] = b"o 1 0\nt 2 0\nf 3 0\n1 2 1 2 0\n1 2 -1 0\n";
    let both: &[u8] = b"o 1 0\no 2 0\na 3 0\nt 4 0\n1 2 1 0\n1 3 -1 2 0\n2 4 3 0\n2 4 -3 0\n3 4 4 0\n";
    [c2d, d4, both, b"nnf 1 0 0\nA 0\n", b"nnf 1 0 0\nO 0 0\n"].map(<[u8]>::to_vec).to_vec()
}

/// Reads a compiled formula, counts with it, and reads what is written of it.
pub fn read_nnf(path: &Path) {
    let Ok(text) = read_text(path) else { return };
    let options = DdnnfOptions { max_nodes: 100_000, max_work: 1 << 24, ..DdnnfOptions::default() };
    for trusted in [false, true] {
        let Ok(formula) = Ddnnf::parse(&text, &DdnnfOptions { trusted, ..options }) else { continue };
        let variables = formula.variables().len();
        if variables > 10_000 {
            continue;
        }
        formula.models();
        formula.probability(&vec![0.5; variables]);
        formula.evaluate(&vec![true; variables]);
        let _ = (formula.to_circuit("output", GATES), formula.c2d(true), formula.d4(false));
    }
}

pub fn definition_seeds() -> Vec<Vec<u8>> {
    let call = br#"define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(abs(d), 1)")"#;
    [seeds(&["examples/semirings"], &["toml"]), vec![call.to_vec()]].concat()
}

static EXECUTION: LazyLock<Execution> = LazyLock::new(|| {
    let mut builder = NetworkBuilder::new();
    let mut node = builder.input("input", &[3]).expect("a vector");
    for name in ["0", "2"] {
        let weights: Vec<f32> = (0..9).map(|at| (at * 7 % 5) as f32 * 0.5 - 1.0).collect();
        let dense = Dense { inputs: 3, outputs: 3, weights: weights.into(), bias: None };
        node = builder.add(name, Operator::Dense(dense), &[node]).expect("sizes fit");
        let relu = Operator::Activation(Activation::Relu);
        node = builder.add(format!("{name}.relu"), relu, &[node]).expect("sizes fit");
    }
    let network = builder.finish(node).expect("a chain of layers");
    Execution::run(Arc::new(network), &[0.5, -0.25, 1.0], 1, &()).expect("three numbers")
});

/// Reads the definition of a semiring, checks its laws, and explains in it, whether it keeps them or not.
pub fn read_definition(path: &Path) {
    let (registry, text) = (Registry::built_in(), read_text(path).unwrap_or_default());
    // On one line, or by the name of a file.
    let call = text.trim_start().starts_with("define");
    let Some(text) = (if call { Some(text.trim()) } else { path.to_str() }) else { return };
    let _ = registry.read(text, false);
    if let Ok(semiring) = registry.read(text, true) {
        let _ = explain(&EXECUTION, &Question::of(semiring), &());
    }
}

pub fn json_seeds() -> Vec<Vec<u8>> {
    [&br#"{"h1[0]": 0.5, "w0[9,14->1]": 1, "h9[0]": 3e-2}"#[..], b"{}"].map(<[u8]>::to_vec).to_vec()
}

pub fn csv_seeds() -> Vec<Vec<u8>> {
    [&b"name,value\nh1[0],0.5\n\"w0[9,14\xe2\x86\x921]\",1\nh9[0],3\n"[..], b"a=1\nb\t2\nc;3\n"]
        .map(<[u8]>::to_vec)
        .to_vec()
}

/// Reads numbers for variables.
pub fn read_values(path: &Path) {
    let _ = read_numbers(path);
}
