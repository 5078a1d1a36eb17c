//! Small networks and inputs after public reports of other tools, with values from onnxruntime, from gradients in float64, or by
//! hand: each stands for its kind.

use std::fs;

use crate::files::{npy_floats, onnx_chain};
use crate::harness::{Relevance, Workplace, repository};

/// A folder with the files of a case of `tests/cases`.
fn case(name: &str) -> Workplace {
    let place = Workplace::new();
    for entry in fs::read_dir(repository("tests/cases").join(name)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), place.path(entry.file_name().to_str().unwrap())).unwrap();
    }
    place
}

/// The values of an array of a case, of f32 or f64.
fn array(place: &Workplace, name: &str) -> Vec<f64> {
    let bytes = fs::read(place.path(name)).unwrap();
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..start]).to_string();
    let data = &bytes[start..];
    match header.contains("<f8") {
        true => data.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect(),
        false => data.as_chunks().0.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes))).collect(),
    }
}

fn explained(place: &Workplace, model: &str, options: &[&str]) -> Relevance {
    place.relevance(&[&[model, "x.npy", "--pictures", "0", "--target", "0"], options].concat())
}

/// The largest difference, as a share of the largest value.
fn difference(got: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let largest = expected.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    got.iter().zip(expected).fold(0.0f64, |most, (got, expected)| most.max((got - expected).abs())) / largest
}

/// Operators whose details decide values: windows that padding cuts, dilation under SAME, clamps and signs as operators, inputs
/// of either sign, a sum of 0 under ε = 0.
#[test]
fn relevance_is_that_of_the_reference() {
    for (name, rule) in [
        ("average-pool-ceil-and-padding", "zero"),
        ("conv-same-dilated", "zero"),
        ("onnx-max-with-constant", "zero"),
        ("onnx-negated", "zero"),
        ("z-plus-negative-inputs", "z-plus"),
        ("epsilon-0-not-a-number", "epsilon(0)"),
    ] {
        let place = case(name);
        let relevance = explained(&place, "model.onnx", &["--semiring", "real", "--rule", rule]);
        let far = difference(&relevance.tensor("real/input").values, &array(&place, "expected.npy"));
        assert!(far < 1e-4, "{name}: {far}");
    }
}

/// Values that begin at odd addresses, behind a header that is not padded.
#[test]
fn tensors_need_not_be_aligned() {
    let place = case("safetensors-unaligned");
    let report =
        place.json(&["explain", "model.safetensors", "x.npy", "--semiring", "real", "--target", "0", "--json"]);
    let logit = report["inputs"][0]["targets"][0]["logit"].as_f64().unwrap();
    assert!((logit - array(&place, "logits.npy")[0]).abs() < 1e-5, "{logit}");
}

/// Batch normalisation that normalises by the batch is no function of one input. Before version 14 of the operators the number
/// of outputs says so.
#[test]
fn training_mode_is_refused() {
    let place = case("batch-norm-training-opset9");
    place.refuses(&["model.onnx", "x.npy", "--semiring", "real"], &["training mode", "evaluation mode"]);
}

#[test]
fn relevance_beyond_its_numbers_is_an_error_that_names_the_layer() {
    let place = case("real-relevance-overflow");
    for rule in ["zero", "alpha-beta(1000, 999)"] {
        let run = place.run(&["explain", "model.onnx", "x.npy", "--semiring", "real", "--rule", rule, "--out", "out"]);
        assert_eq!(run.code, Some(1), "{rule}: {}", run.stderr);
        assert!(run.stderr.contains("layer `l"), "{rule}: {}", run.stderr);
        assert!(!place.path("out").exists());
    }
}

/// Sixty edges of 1e-20 have a product that only a logarithm holds.
#[test]
fn logarithms_go_on_where_products_end() {
    let place = case("log-deep");
    let relevance = explained(&place, "model.onnx", &["--semiring", "log,tropical,max-plus"]);
    for (semiring, expected) in [("log", -2763.102), ("tropical", 2763.102), ("max-plus", -2763.102)] {
        let got = relevance.tensor(&format!("{semiring}/input")).values[1];
        assert!((got / expected - 1.0).abs() < 1e-5, "{semiring}: {got}");
    }
    // What docs/semantics.md says of viterbi: below the smallest f32 a product is 0, and its logarithms go on.
    let place = case("viterbi-underflow");
    let relevance = explained(&place, "model.onnx", &["--semiring", "viterbi,tropical,log"]);
    let of = |semiring: &str| relevance.tensor(&format!("{semiring}/input")).values;
    assert_eq!(of("viterbi"), [1.0, 0.0]);
    assert!((of("tropical")[1] - 138.1551).abs() < 1e-3 && (of("log")[1] + 138.1551).abs() < 1e-3);
}

/// 8³⁹⁹ paths: exact beside the number, which is beyond those of files.
#[test]
fn counts_beyond_floating_point_are_exact() {
    let place = Workplace::new();
    place.write("model.onnx", onnx_chain("MatMul", 400, 8, Some((8, [0.125; 64].to_vec()))));
    place.write("x.npy", npy_floats(&[8], &[1.0; 8]));
    let relevance = explained(&place, "model.onnx", &["--semiring", "counting,counting-float"]);
    let limbs = relevance.tensor("counting/input/limbs").shape;
    assert_eq!(limbs, [1, 8, 19]);
    // 2^1197 is the fourteenth bit of the nineteenth limb.
    let exact = relevance.integers("counting/input/limbs");
    assert!(
        exact.chunks(19).all(|limbs| limbs[..18].iter().all(|&limb| limb == 0) && limbs[18] == 1 << (1197 - 18 * 64))
    );
    assert!(relevance.tensor("counting-float/input").values.iter().all(|&value| value == f64::INFINITY));
}

/// Where summands cancel, the error grows as docs/semantics.md says.
#[test]
fn cancellation_keeps_to_the_stated_bound() {
    let place = case("cancellation");
    let relevance = explained(&place, "model.onnx", &["--semiring", "real", "--rule", "epsilon(1e-6)"]);
    let far = difference(&relevance.tensor("real/input").values, &array(&place, "expected.npy"));
    // A thousand summands of about 1 make 3.1e-5.
    assert!(far < 1e-7 * 1000.0 / 3.1e-5, "{far}");
}

#[test]
fn formulas_may_be_true_or_false() {
    let place = case("nnf-constants");
    let formula = |format: &str, output: &str| {
        let arguments = ["formula", "--quiet", "--semiring", "boolean", "--target", "0", "--format", format];
        place.succeed(&[&arguments[..], &["--output", output, "model.onnx", "x.npy"]].concat())
    };
    assert!(formula("nnf", "x[1]").ends_with("nnf 1 0 0\nO 0 0\n"));
    assert!(formula("nnf", "x[0]").ends_with("nnf 1 0 0\nA 0\n"));
    assert_eq!(formula("text", "x[1]") + &formula("text", "x[0]"), "R(x[1]) = ⊥\nR(x[0]) = ⊤\n");
    // A formula without a model, and one with.
    assert!(formula("cnf", "x[1]").ends_with("p cnf 1 2\n-1 0\n1 0\n"));
    assert!(formula("cnf", "x[0]").ends_with("p cnf 1 2\n1 0\n1 0\n"));
}
