//! Circuit files: checked, evaluated, rewritten and written as formulas.

use std::path::Path;

use kirchhoff::circuit::{CircuitFile, CircuitKind, GateCircuit, simplify};
use kirchhoff::explain::{GateNotes, LayeredNotes, Question, evaluate_gates, explain_circuit};
use kirchhoff::formula::{self, Cut, FormulaOptions, cut, find_outputs};
use kirchhoff::semiring::SemiringClass;
use serde_json::Value;

use super::seeds;

/// Circuits of more are looked at and not evaluated.
const MOST: u64 = 200_000;

pub fn gate_seeds() -> Vec<Vec<u8>> {
    let mut files = seeds(&["crates/kirchhoff-circuit/tests/golden", "tests/hostile"], &["safetensors"]);
    files.retain(|file| has(file, b"gates"));
    files
}

pub fn layered_seeds() -> Vec<Vec<u8>> {
    let mut files = seeds(&["crates/kirchhoff-circuit/tests/golden", "tests/hostile"], &["safetensors"]);
    files.retain(|file| has(file, b"layered"));
    files
}

fn has(file: &[u8], word: &[u8]) -> bool {
    file.windows(word.len()).any(|window| window == word)
}

/// Reads a circuit of either form.
pub fn read(path: &Path) {
    let Ok(file) = CircuitFile::open(path) else { return };
    let notes = file.notes();
    if file.verify().is_err() {
        return;
    }
    match (file.kind(), notes) {
        (CircuitKind::Gates, Ok(notes)) => {
            let Ok(circuit) = file.gates() else { return };
            let notes = serde_json::from_value(Value::Object(notes)).unwrap_or_default();
            if (circuit.gates() as u64) < MOST {
                evaluated(&circuit, &notes);
            }
        }
        (CircuitKind::Layered, Ok(notes)) => {
            let Ok(circuit) = file.layered() else { return };
            let notes: LayeredNotes = serde_json::from_value(Value::Object(notes)).unwrap_or_default();
            if circuit.edges().saturating_mul(circuit.batch() as u64) > MOST {
                return;
            }
            for semiring in ["real", "boolean", "counting", "viterbi"] {
                let Ok(question) = Question::new(semiring) else { continue };
                let question = notes.annotate(&circuit, question);
                let _ = explain_circuit(&circuit, &question, &());
            }
        }
        (_, Err(_)) => {}
    }
}

/// Does with a circuit what the tool does with one.
pub fn evaluated(circuit: &GateCircuit, notes: &GateNotes) {
    for semiring in ["real", "boolean", "counting", "viterbi"] {
        let Ok(question) = Question::new(semiring) else { continue };
        let Ok(question) = notes.annotate(circuit, question) else { continue };
        let _ = evaluate_gates(circuit, notes, &question, &());
    }
    for class in SemiringClass::all() {
        let _ = simplify(circuit, class.laws);
    }
    let options = FormulaOptions { max_gates: 10_000, ..FormulaOptions::default() };
    for write in [formula::text, formula::latex, formula::json, formula::dot, formula::sexpr] {
        let _ = write(circuit, &options);
    }
    let _ = (formula::cnf(circuit), formula::nnf(circuit));
    if let Ok(outputs) = find_outputs(circuit, "x[0]") {
        let _ = cut(circuit, &Cut { outputs, ..Cut::default() });
    }
}
