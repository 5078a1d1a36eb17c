//! Gate circuits come back as they were, and the file is what its documentation says.

use std::path::PathBuf;

use kirchhoff_circuit::{
    CircuitFile, CircuitKind, FlatArray, Gate, GateBuilder, GateCircuit, Notes, StoreError, save_gates,
};
use kirchhoff_semiring::Interval;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::random::{Random, circuit};

struct Stored {
    _folder: TempDir,
    path: PathBuf,
}

fn store(circuit: &GateCircuit, notes: &Notes) -> Stored {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("circuit.safetensors");
    save_gates(&path, circuit, notes).unwrap();
    Stored { _folder: folder, path }
}

#[test]
fn circuits_come_back() {
    let notes: Notes = serde_json::from_value(json!({ "model": "digits", "θ": [0.1, null] })).unwrap();
    for seed in 0..200 {
        let circuit = circuit(&mut Random(seed));
        let stored = store(&circuit, &notes);
        let file = CircuitFile::open(&stored.path).unwrap();
        file.verify().unwrap();
        assert_eq!(file.kind(), CircuitKind::Gates);
        assert_eq!(file.notes().unwrap(), notes);
        let loaded = file.gates().unwrap();
        assert_eq!(loaded, circuit);
        assert_eq!(loaded.laws(), circuit.laws());
        // What is mapped may be written over the file that it is mapped from, and the bytes are the same.
        let before = std::fs::read(&stored.path).unwrap();
        save_gates(&stored.path, &loaded, &notes).unwrap();
        assert!(before == std::fs::read(&stored.path).unwrap());
        assert_eq!(loaded, circuit);
    }
}

#[test]
fn arrays_stay_in_the_file() {
    let circuit = circuit(&mut Random(1));
    let stored = store(&circuit, &Notes::new());
    let loaded = CircuitFile::open(&stored.path).unwrap().gates().unwrap();
    let arrays = loaded.arrays();
    let first = arrays.offsets.as_ptr() as usize;
    // They stand in the order of the file, one behind the other.
    assert_eq!(arrays.operands.as_ptr() as usize, first + 4 * arrays.offsets.len());
    assert_eq!(arrays.contributions.as_ptr() as usize, first + 4 * (arrays.offsets.len() + arrays.operands.len()));
    let kinds = first
        + 4 * (arrays.offsets.len() + arrays.operands.len() + arrays.outputs.len() + loaded.variables().len())
        + 8 * arrays.contributions.len();
    assert_eq!(arrays.kinds.as_ptr() as usize, kinds);
}

#[test]
fn an_empty_circuit_comes_back() {
    let circuit = GateBuilder::new(Vec::new(), 0).finish().unwrap();
    let stored = store(&circuit, &Notes::new());
    assert_eq!(CircuitFile::open(&stored.path).unwrap().gates().unwrap(), circuit);
}

#[test]
fn contributions_that_cannot_be_are_refused() {
    let whole = (0..).map(|seed| circuit(&mut Random(seed))).find(|c| c.arrays().contributions.len() > 3).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("circuit.safetensors");
    let layer = |index: usize| whole.arrays().contribution_layers[index];
    let unit = (0..whole.arrays().contributions.len()).find(|&index| layer(index) == 1).unwrap();
    for (d, fits) in [(1.00001, true), (-0.00001, true), (1.1, false), (-0.5, false), (f32::NAN, false)] {
        let mut contributions = whole.arrays().contributions.to_vec();
        contributions[unit] = d;
        let circuit = whole.with_contributions(FlatArray::from(contributions)).unwrap();
        match save_gates(&path, &circuit, &Notes::new()) {
            Ok(()) => assert!(fits, "{d}"),
            Err(StoreError::Contribution { error, .. }) => {
                assert!(!fits && error.index == unit && error.range == Interval::UNIT, "{d}: {error}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Reads a file by the rules of `docs/file-formats.md` alone, and computes its outputs over the real numbers.
fn evaluate(bytes: &[u8], start: f64) -> Vec<f64> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let circuit: Value = serde_json::from_str(header["__metadata__"]["kirchhoff-circuit"].as_str().unwrap()).unwrap();
    assert_eq!((&circuit["version"], &circuit["kind"]), (&json!(2), &json!("gates")));
    let tensor = |name: &str, dtype: &str| {
        assert_eq!(header[name]["dtype"], dtype);
        let offset = |end: usize| 8 + length + header[name]["data_offsets"][end].as_u64().unwrap() as usize;
        &bytes[offset(0)..offset(1)]
    };
    let words = |name| -> Vec<usize> {
        tensor(name, "U32").chunks(4).map(|b| u32::from_le_bytes(b.try_into().unwrap()) as usize).collect()
    };
    let (offsets, operands, outputs) = (words("offsets"), words("operands"), words("outputs"));
    let contributions: Vec<f64> = tensor("contributions", "F32")
        .chunks(4)
        .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
        .collect();
    let mut values: Vec<f64> = Vec::new();
    for (gate, kind) in tensor("kinds", "U8").iter().enumerate() {
        let own = &operands[offsets[gate]..offsets[gate + 1]];
        values.push(match kind {
            0 => 0.0,
            1 => 1.0,
            2 => contributions[own[0]],
            3 => start + own[0] as f64,
            4 => own.iter().map(|&child| values[child]).sum(),
            5 => own.iter().map(|&child| values[child]).product(),
            other => panic!("kind {other}"),
        });
    }
    let names = tensor("variable_names", "U8");
    let mut start = 0;
    for (number, end) in words("variable_ends").into_iter().enumerate() {
        assert_eq!(std::str::from_utf8(&names[start..end]).unwrap(), ["start[0]", "h1[17]"][number]);
        start = end;
    }
    assert_eq!(start, names.len());
    assert_eq!(blake3::hash(&bytes[..bytes.len() - 32]).as_bytes(), &bytes[bytes.len() - 32..]);
    outputs.into_iter().map(|gate| values[gate]).collect()
}

#[test]
fn the_format_is_what_its_documentation_says() {
    for seed in 0..100 {
        let circuit = circuit(&mut Random(seed));
        let stored = store(&circuit, &Notes::new());
        let mut values: Vec<f64> = Vec::new();
        for (_, gate) in circuit.iter() {
            values.push(match gate {
                Gate::Zero => 0.0,
                Gate::One => 1.0,
                Gate::Contribution { d, .. } => f64::from(d),
                Gate::Variable(number) => 3.0 + f64::from(number),
                Gate::Plus(children) => children.iter().map(|child| values[child.index()]).sum(),
                Gate::Times(children) => children.iter().map(|child| values[child.index()]).product(),
            });
        }
        let expected: Vec<f64> = circuit.outputs().iter().map(|output| values[output.index()]).collect();
        assert_eq!(evaluate(&std::fs::read(&stored.path).unwrap(), 3.0), expected);
    }
}

#[test]
fn the_header_is_pinned() {
    let mut builder = GateBuilder::new(Vec::new(), 10);
    let variable = builder.declare("start[0]");
    let gate = builder.variable(variable).unwrap();
    builder.output("input", &[1, 1], &[gate]).unwrap();
    let stored = store(&builder.finish().unwrap(), &Notes::new());
    let bytes = std::fs::read(&stored.path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let text = std::str::from_utf8(&bytes[8..8 + length]).unwrap().trim_end();
    let metadata = r#"{\"version\":2,\"kind\":\"gates\",\"laws\":[],\"layers\":[],\"outputs\":[{\"name\":\"input\",\"shape\":[1,1]}],\"notes\":{}}"#;
    let tensors = concat!(
        r#""offsets":{"dtype":"U32","shape":[2],"data_offsets":[0,8]},"#,
        r#""operands":{"dtype":"U32","shape":[1],"data_offsets":[8,12]},"#,
        r#""contributions":{"dtype":"F32","shape":[0],"data_offsets":[12,12]},"#,
        r#""contribution_layers":{"dtype":"U32","shape":[0],"data_offsets":[12,12]},"#,
        r#""outputs":{"dtype":"U32","shape":[1],"data_offsets":[12,16]},"#,
        r#""variable_ends":{"dtype":"U32","shape":[1],"data_offsets":[16,20]},"#,
        r#""kinds":{"dtype":"U8","shape":[1],"data_offsets":[20,21]},"#,
        r#""variable_names":{"dtype":"U8","shape":[8],"data_offsets":[21,29]},"#,
        r#""checksum":{"dtype":"U8","shape":[32],"data_offsets":[29,61]}"#,
    );
    assert_eq!(text, format!("{{\"__metadata__\":{{\"kirchhoff-circuit\":\"{metadata}\"}},{tensors}}}"));
    assert_eq!(bytes.len(), 8 + length + 61);
}
