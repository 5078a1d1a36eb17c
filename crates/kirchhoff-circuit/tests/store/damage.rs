//! Damaged and hostile files: an error or a circuit, never a panic, and never another circuit under a checksum.

use std::path::Path;

use kirchhoff_circuit::{CircuitFile, Gate, GateCircuit, Notes, StoreError, save_gates, simplify};
use kirchhoff_evaluate::{FoldError, PerLeaf, fold};
use kirchhoff_semiring::{Boolean, Law, Laws, Real, Semiring};
use serde_json::{Value, json};

use crate::random::{Random, circuit};

/// Bytes that were flipped, cut, doubled or moved.
pub fn damaged(random: &mut Random, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let (from, to) = (random.below(bytes.len()), random.below(bytes.len()));
    let length = random.below(40).min(bytes.len() - from.max(to));
    match random.below(6) {
        0 | 1 => {
            for _ in 0..1 + random.below(3) {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
        }
        2 => bytes.truncate(from),
        3 => bytes.copy_within(from..from + length, to),
        4 => {
            let part = bytes[from..from + length].to_vec();
            bytes.splice(to..to, part);
        }
        _ => {
            bytes.drain(from..from + length);
        }
    }
    bytes
}

/// The header's JSON, the circuit's JSON in it, and the data.
fn parts(bytes: &[u8], key: &str) -> (Value, Value, Vec<u8>) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let circuit = serde_json::from_str(header["__metadata__"][key].as_str().unwrap()).unwrap();
    (header, circuit, bytes[8 + length..].to_vec())
}

/// A file of these parts, with the checksum that it should have.
fn sealed(mut header: Value, key: &str, circuit: &Value, data: &[u8]) -> Vec<u8> {
    if let Some(metadata) = header.get_mut("__metadata__").and_then(Value::as_object_mut) {
        metadata.insert(key.to_string(), json!(circuit.to_string()));
    }
    let mut text = header.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text);
    bytes.extend(data);
    let content = bytes.len() - 32;
    let checksum = blake3::hash(&bytes[..content]);
    bytes[content..].copy_from_slice(checksum.as_bytes());
    bytes
}

/// Some part of a JSON value, at any depth.
fn any_part<'a>(random: &mut Random, value: &'a mut Value) -> &'a mut Value {
    let inner = match value {
        Value::Array(values) => values.len(),
        Value::Object(values) => values.len(),
        _ => 0,
    };
    if inner == 0 || random.below(4) == 0 {
        return value;
    }
    let at = random.below(inner);
    match value {
        Value::Array(values) => any_part(random, &mut values[at]),
        Value::Object(values) => any_part(random, values.iter_mut().nth(at).unwrap().1),
        _ => unreachable!("it has parts"),
    }
}

/// Changes something in a JSON value: replaces it, or doubles, takes or adds a part.
fn edit(random: &mut Random, value: &mut Value) {
    let part = any_part(random, value);
    let strange = [
        json!(null),
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(-1),
        json!(1u64 << 40),
        json!(u64::MAX),
        json!(1e300),
        json!(0.5),
        json!(""),
        json!("\u{0}é"),
        json!([]),
        json!({}),
        json!([1, 1]),
        json!(true),
    ];
    let new = random.of(&strange).clone();
    match (part, random.below(3)) {
        (Value::Array(values), 0) if !values.is_empty() => {
            let at = random.below(values.len());
            values.remove(at);
        }
        (Value::Array(values), 1) => {
            let more = if values.is_empty() { new } else { random.of(values).clone() };
            values.push(more);
        }
        (Value::Object(values), 0) if !values.is_empty() => {
            let key = values.keys().nth(random.below(values.len())).cloned().unwrap();
            values.remove(&key);
        }
        (Value::Object(values), 1) => {
            values.insert(["x", "name", "shape", "low"][random.below(4)].to_string(), new);
        }
        (part, _) => *part = new,
    }
}

/// What someone would write who knows the format: another header or other values, under a checksum that fits.
pub fn forged(random: &mut Random, bytes: &[u8], key: &str) -> Vec<u8> {
    let (mut header, mut circuit, mut data) = parts(bytes, key);
    for _ in 0..1 + random.below(2) {
        match random.below(4) {
            0 => edit(random, &mut header),
            1 => edit(random, &mut circuit),
            _ => {
                let words = (data.len() - 32) / 4;
                let at = 4 * random.below(words);
                let word = match random.below(4) {
                    0 => random.next() as u32,
                    1 => f32::NAN.to_bits(),
                    _ => random.below(40) as u32,
                };
                data[at..at + 4].copy_from_slice(&word.to_le_bytes());
            }
        }
    }
    sealed(header, key, &circuit, &data)
}

/// Everything that can be done with a circuit whose structure is sound.
fn walk(circuit: &GateCircuit) {
    assert_eq!(circuit.iter().count(), circuit.gates());
    assert_eq!(circuit.levels().last().map_or(0, |level| level.end), circuit.gates());
    circuit.outputs().iter().for_each(|&output| assert_eq!(circuit.kind(output), circuit.kind(output)));
    circuit.output_tensors().iter().for_each(|tensor| assert!(circuit.output_range(&tensor.name).is_some()));
    let (simplified, _) = simplify(circuit, Laws::of(&Law::ALL)).unwrap();
    for circuit in [circuit, &simplified] {
        evaluate(circuit);
    }
}

/// Evaluates the circuit as its gates say, one after the other; or it asks for laws that the semiring lacks.
fn evaluate(circuit: &GateCircuit) {
    let theta = PerLeaf(|layer: usize, d: f32| d > layer as f32 / 4.0);
    let variables: Vec<bool> = (0..circuit.variables().len()).map(|number| number % 3 != 2).collect();
    let folded = fold(circuit, &Boolean, &theta, &variables, &());
    if !circuit.laws().iter().all(|law| Boolean.laws().has(law)) {
        return assert!(matches!(folded, Err(FoldError::Law { .. })));
    }
    let mut values: Vec<bool> = Vec::new();
    for (_, gate) in circuit.iter() {
        let value = match gate {
            Gate::Zero => false,
            Gate::One => true,
            Gate::Contribution { layer, d } => d > layer as f32 / 4.0,
            Gate::Variable(number) => variables[number as usize],
            Gate::Plus(children) => children.iter().any(|child| values[child.index()]),
            Gate::Times(children) => children.iter().all(|child| values[child.index()]),
        };
        values.push(value);
    }
    let outputs: Vec<bool> = circuit.outputs().iter().map(|output| values[output.index()]).collect();
    assert_eq!(folded.unwrap(), outputs);
    // Numbers may overflow, no more.
    let theta = PerLeaf(|_: usize, d: f32| d);
    let real = fold(circuit, &Real, &theta, &vec![1.0; variables.len()], &());
    assert!(real.is_ok() || circuit.laws() != Laws::NONE);
}

fn load(path: &Path) -> Result<GateCircuit, StoreError> {
    let file = CircuitFile::open(path)?;
    file.notes()?;
    file.gates()
}

#[test]
fn gate_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("circuit.safetensors");
    let (mut random, mut loaded, mut refused) = (Random(17), [0; 2], [0; 2]);
    for _ in 0..100 {
        let original = circuit(&mut random);
        save_gates(&path, &original, &Notes::new()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for number in 0..100 {
            let forge = number % 2;
            let changed = match forge {
                0 => damaged(&mut random, &bytes),
                _ => forged(&mut random, &bytes, "kirchhoff-circuit"),
            };
            // A file of its own: some file systems write one that is overwritten to the disk at once.
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, &changed).unwrap();
            match load(&path) {
                Ok(circuit) => {
                    loaded[forge] += 1;
                    walk(&circuit);
                    let verified = CircuitFile::open(&path).unwrap().verify();
                    assert_eq!(verified.is_ok(), forge == 1 || changed == bytes);
                    assert!(verified.is_err() || forge == 1 || circuit == original);
                }
                Err(error) => {
                    refused[forge] += 1;
                    let message = error.to_string();
                    assert!(!message.contains('\n') && message.len() < 1000, "{message}");
                }
            }
        }
    }
    // Neither of both is the rule without exception: the mutations reach beyond the first check.
    println!("damaged and forged files: {loaded:?} loaded, {refused:?} refused");
    assert!(loaded.iter().chain(&refused).all(|&count| count > 100));
}

/// Files that end too soon are refused, wherever they end.
pub fn refuses_every_beginning<T>(path: &Path, load: impl Fn(&Path) -> Result<T, StoreError>) {
    let bytes = std::fs::read(path).unwrap();
    // Every end in the header, and some in the data.
    let ends = (0..bytes.len()).filter(|end| *end < 600 || end % 17 == 0 || bytes.len() - end < 100);
    for end in ends {
        std::fs::remove_file(path).unwrap();
        std::fs::write(path, &bytes[..end]).unwrap();
        assert!(load(path).is_err(), "{end} of {} bytes", bytes.len());
    }
}

#[test]
fn beginnings_of_gate_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("circuit.safetensors");
    save_gates(&path, &circuit(&mut Random(5)), &Notes::new()).unwrap();
    refuses_every_beginning(&path, load);
}

#[test]
fn each_fault_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("circuit.safetensors");
    let deep = |circuit: &GateCircuit| circuit.depth() > 1 && circuit.arrays().contributions.len() > 3;
    let original = (0..).map(|seed| circuit(&mut Random(seed))).find(deep).unwrap();
    save_gates(&path, &original, &Notes::new()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let key = "kirchhoff-circuit";
    let error = |bytes: Vec<u8>| {
        std::fs::write(&path, bytes).unwrap();
        load(&path).unwrap_err().to_string()
    };
    let circuit_with = |name: &str, value: Value| {
        let (header, mut circuit, data) = parts(&bytes, key);
        circuit[name] = value;
        sealed(header, key, &circuit, &data)
    };
    let array_with = |name: &str, at: usize, value: u32| {
        let (header, circuit, mut data) = parts(&bytes, key);
        let start = header[name]["data_offsets"][0].as_u64().unwrap() as usize + 4 * at;
        data[start..start + 4].copy_from_slice(&value.to_le_bytes());
        sealed(header, key, &circuit, &data)
    };
    let header_with = |name: &str, part: &str, value: Value| {
        let (mut header, circuit, data) = parts(&bytes, key);
        header[name][part] = value;
        sealed(header, key, &circuit, &data)
    };
    let gates = original.gates() as u32;
    let first_child = original.arrays().offsets[original.levels().nth(1).unwrap().start] as usize;
    for (bytes, words) in [
        (circuit_with("version", json!(3)), "version 3 of the format, not 2: a newer Kirchhoff"),
        (circuit_with("version", json!(1)), "stand in the header of version 1, and there alone"),
        (circuit_with("kind", json!("other")), "unknown variant `other`"),
        (circuit_with("more", json!(1)), "unknown field `more`"),
        (circuit_with("laws", json!(["strange"])), "unknown variant `strange`"),
        (circuit_with("variables", json!(["a", "b"])), "a gate circuit has no tensor 'variable_ends'"),
        (array_with("variable_ends", 1, 13), "the names of the variables end at byte 13 of 14"),
        (array_with("variable_ends", 0, 99), "the name of variable 0 is no text"),
        (circuit_with("outputs", json!([])), "number of outputs: 3, should be 0"),
        (circuit_with("outputs", json!([{ "name": "a", "shape": [u64::MAX, 2] }])), "number of outputs"),
        (array_with("outputs", 0, gates), "refers to output gate"),
        (array_with("operands", first_child, gates), "which must be below"),
        (array_with("offsets", 1, 7), "operands"),
        (array_with("contributions", 0, f32::NAN.to_bits()), "contribution 0, of layer '0', is NaN"),
        (array_with("contribution_layers", 0, 9), "refers to layer 9, which must be below 3"),
        (header_with("operands", "dtype", json!("F32")), "tensor 'operands' is of type F32"),
        (header_with("operands", "shape", json!([1, 1])), "tensor 'operands'"),
    ] {
        let message = error(bytes);
        assert!(message.contains(words), "no '{words}' in: {message}");
    }
    let old = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/gates-1.safetensors")).unwrap();
    for (names, words) in [
        (vec!["a", "a", "b", "c"], "two variables are called 'a'"),
        (vec!["a"], "refers to variable 1, which must be below 1"),
    ] {
        let (header, mut circuit, data) = parts(&old, key);
        circuit["variables"] = json!(names);
        let message = error(sealed(header, key, &circuit, &data));
        assert!(message.contains(words), "no '{words}' in: {message}");
    }
    let mut cut = bytes.clone();
    cut.truncate(bytes.len() - 1);
    assert!(error(cut).contains("the header describes a file of"));
    assert!(error(Vec::new()).contains("it is empty"));
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kirchhoff/assets/digits.safetensors");
    assert!(load(&other).unwrap_err().to_string().contains("it holds other tensors"));
    assert!(!CircuitFile::is_marked(&other));
    assert!(load(folder.path()).unwrap_err().to_string().contains("it is a folder"));
}
