//! Circuits: compiled, inspected and evaluated.

use serde_json::json;

use crate::files::npy_floats;
use crate::harness::{Relevance, Workplace, golden};

/// The relevance of all semirings in the tensor `input`, from the circuit and from the stream.
fn compare(place: &Workplace, circuit: &str, semirings: &str, model: &[&str], options: &[&str]) {
    place.succeed(&["evaluate", circuit, "--quiet", "--semiring", semirings, "--out", "evaluated"]);
    let folded = Relevance::read(place.path("evaluated/relevance.safetensors"));
    let streamed = place.relevance(&[model, &["--semiring", semirings], options].concat());
    for semiring in semirings.split(',') {
        let name = format!("{semiring}/input");
        let (got, expected) = (folded.tensor(&name), streamed.tensor(&name));
        assert_eq!((got.dtype, &got.shape), (expected.dtype, &expected.shape), "{semiring}");
        let largest = expected.values.iter().filter(|value| value.is_finite()).fold(0.0f64, |a, b| a.max(b.abs()));
        let close = |(got, expected): (&f64, &f64)| got == expected || (got - expected).abs() <= 1e-5 * largest;
        assert!(got.values.iter().zip(&expected.values).all(close), "{semiring}");
        assert!(place.path(&format!("evaluated/{semiring}-0.png")).exists());
    }
}

#[test]
fn the_reference_network_under_every_semiring() {
    let place = Workplace::new();
    let model = golden("mnist-cnn/model.onnx");
    let values: Vec<f32> = (0..784).map(|pixel| if pixel % 7 < 3 { 0.5 } else { 0.0 }).collect();
    let input = place.write("x.npy", npy_floats(&[1, 28, 28], &values)).to_string();
    for (rule, semirings) in [
        ("zero", "boolean,counting,bottleneck"),
        ("max-abs", "viterbi,tropical,max-plus,fuzzy,lukasiewicz,log,counting-float"),
        ("epsilon", "real"),
    ] {
        let options = ["--rule", rule, "--target", "3"];
        let files = [&model[..], &input[..]];
        place.succeed(&[&["compile", "--quiet", "--out", "c.safetensors"], &files[..], &options].concat());
        compare(&place, "c.safetensors", semirings, &files, &options);
    }
}

#[test]
fn a_pruned_circuit_is_small_and_holds_for_its_theta_alone() {
    let place = Workplace::new();
    let common = ["compile", "--quiet", "--json", "--input", "7", "--semiring", "boolean", "--target", "7"];
    let pruned = ["--theta", "threshold(0.05)", "--prune", "--out", "small.safetensors"];
    let small = place.json(&[&common[..], &pruned].concat());
    let whole = place.json(&[&common[..], &["--out", "whole.safetensors"]].concat());
    let gates = |report: &serde_json::Value| report["size"]["gates"].as_u64().unwrap();
    assert!(20 * gates(&small) < gates(&whole));
    assert_eq!(small["notes"]["targets"][0]["variable"], "start[7]");
    assert_eq!(small["notes"]["input"], "digit 7");

    let relevant = |circuit: &str| {
        let options = ["--semiring", "boolean,counting", "--theta", "threshold(0.05)", "--json"];
        let report = place.json(&[&["evaluate", circuit][..], &options].concat());
        [&report["semirings"]["boolean"], &report["semirings"]["counting"]].map(|report| report["outputs"].clone())
    };
    assert_eq!(relevant("small.safetensors"), relevant("whole.safetensors"));
    let evaluate = |options: &[&'static str]| [&["evaluate", "small.safetensors"][..], options].concat();
    place.refuses_whole(&evaluate(&["--out", "results"]), &["pruned", "threshold(0.05)", "threshold(1e-9)"]);
    place.refuses_whole(&evaluate(&["--semiring", "real"]), &["pruned", "identity"]);
}

#[test]
fn inspection_tells_circuits_from_models_and_finds_damage() {
    let place = Workplace::new();
    let compile = ["compile", "--quiet", "--input", "0", "--out", "c.safetensors"];
    place.succeed(&[&compile[..], &["--theta", "0.02", "--semiring", "counting", "--prune"]].concat());
    let view = place.json(&["inspect", "--json", "--verify", "c.safetensors"]);
    assert_eq!((&view["kind"], &view["verified"]), (&json!("gates"), &json!(true)));
    let levels: u64 = view["levels"].as_array().unwrap().iter().map(|level| level.as_u64().unwrap()).sum();
    assert_eq!(Some(levels), view["gates"].as_u64());
    assert_eq!(view["outputs"], json!([{ "name": "input", "shape": [784] }]));
    assert_eq!(view["notes"]["pruned"]["semiring"], "counting");
    let text = place.succeed(&["inspect", "c.safetensors"]);
    assert!(text.contains("for every semiring") && text.contains("start["), "{text}");

    let mut bytes = std::fs::read(place.path("c.safetensors")).unwrap();
    // A contribution's lowest bit: a circuit like any other, but not the one that was stored.
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let text: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
    bytes[8 + header + text["contributions"]["data_offsets"][0].as_u64().unwrap() as usize] ^= 1;
    place.write("changed.safetensors", &bytes);
    place.succeed(&["inspect", "changed.safetensors"]);
    place.refuses_whole(&["inspect", "--verify", "changed.safetensors"], &["changed.safetensors is damaged"]);
    let theta = ["--semiring", "counting", "--theta", "0.02"];
    place.refuses_whole(&[&["evaluate", "--verify", "changed.safetensors"][..], &theta].concat(), &["checksum"]);
    place.write("cut.safetensors", &bytes[..bytes.len() / 2]);
    place.refuses_whole(&["evaluate", "cut.safetensors"], &["the header describes a file of"]);
    place.refuses_whole(&["inspect", "--verify"], &["--verify is for circuit files"]);
}

#[test]
fn one_structure_serves_many_contributions() {
    let place = Workplace::new();
    // One input, one weight a layer: the share of both is 1.
    place.write("m.safetensors", crate::files::perceptron(&[1, 1, 1], |_, _| 2.0));
    let x = place.write("x.npy", npy_floats(&[1], &[3.0])).to_string();
    let compile = ["compile", "--quiet", "--rule", "max-abs", "--out", "c.safetensors", "m.safetensors", &x];
    place.succeed(&compile);
    place.write("d.npy", npy_floats(&[3, 2], &[0.5, 0.5, 0.25, 1.0, 0.0, 1.0]));
    let evaluate = ["evaluate", "c.safetensors", "--json", "--semiring", "viterbi,tropical"];
    let report = place.json(&[&evaluate[..], &["--contributions", "d.npy"]].concat());
    assert_eq!(report["semirings"]["viterbi"]["outputs"][0]["values"], json!([0.25, 0.25, 0.0]));
    assert_eq!(report["semirings"]["tropical"]["outputs"][0]["values"][2], "inf");
    let both = place.json(&[&evaluate[..], &["c.safetensors"]].concat());
    assert_eq!(both["circuits"].as_array().unwrap().len(), 2);

    place.write("far.npy", npy_floats(&[1, 2], &[0.5, 2.0]));
    let with = |file| ["evaluate", "c.safetensors", "--contributions", file];
    place.refuses_whole(&with("far.npy"), &["far.npy 0", "is 2", "[0, 1]"]);
    place.write("long.npy", npy_floats(&[1, 3], &[0.5; 3]));
    place.refuses_whole(&with("long.npy"), &["long.npy"]);
}

#[test]
fn what_cannot_be_compiled_or_evaluated_is_refused() {
    let place = Workplace::new();
    let compile = |options: &[&'static str]| [&["compile", "--out", "c.safetensors"][..], options].concat();
    place.refuses_whole(&compile(&[]), &["there are 10", "--input"]);
    place.refuses_whole(&compile(&["--input", "10"]), &["--input 10 is out of range"]);
    place.refuses_whole(&compile(&["--input", "0", "--max-gates", "1000"]), &["takes up to", "no more than 1000"]);
    place.refuses_whole(&compile(&["--input", "0", "--semiring", "real,boolean"]), &["rules of one semiring"]);
    place.refuses_whole(&compile(&["--input", "0", "--theta", "rank", "--semiring", "fuzzy", "--prune"]), &["`rank`"]);
    place.refuses_whole(&["compile", "--input", "0", "--out", "c.txt"], &["circuits are written as safetensors"]);
    place.refuses_whole(&["evaluate", "none.safetensors"], &["cannot read none.safetensors"]);
    let model = golden("mnist-cnn/model.safetensors");
    place.refuses_whole(&["evaluate", &model], &["it holds other tensors"]);
    place.succeed(&compile(&["--quiet", "--input", "0", "--theta", "0.2", "--semiring", "boolean", "--prune"]));
    place.refuses_whole(&["evaluate", "c.safetensors", "--semiring", "viterbi"], &["viterbi", "identity"]);
    place.refuses_whole(&["evaluate", "c.safetensors", "--theta", "9=0.2"], &["no annotated layer is named `9`"]);
}
