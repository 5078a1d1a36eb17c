//! `kirchhoff new`: models to try things out on.

use crate::files::npy_floats;
use crate::harness::Workplace;

#[test]
fn a_new_model_is_inspected_and_explained() {
    let place = Workplace::new();
    let run = place.run(&["new", "mlp-4-3-2"]);
    assert_eq!((run.code, &run.stdout[..]), (Some(0), ""));
    assert_eq!(run.stderr, "wrote mlp-4-3-2.safetensors (23 parameters)\n");
    let view = place.json(&["inspect", "--json", "mlp-4-3-2.safetensors"]);
    assert_eq!((&view["edges"], &view["parameters"]), (&21.into(), &23.into()));
    assert_eq!(view["input_shape"], serde_json::json!([4]));
    place.write("input.npy", npy_floats(&[3, 4], &[0.5; 12]));
    let relevance = place.relevance(&["mlp-4-3-2.safetensors", "input.npy"]);
    assert_eq!(relevance.tensor("real/input").shape, [3, 4]);
}

#[test]
fn the_seed_decides_the_weights() {
    let place = Workplace::new();
    let model = |arguments: &[&str]| {
        place.succeed(&[&["new", "mlp-20-10-5", "--quiet", "--out", "model.safetensors"][..], arguments].concat());
        std::fs::read(place.path("model.safetensors")).unwrap()
    };
    assert!(model(&["--seed", "7"]) == model(&["--seed", "7"]));
    assert!(model(&["--seed", "7"]) != model(&["--seed", "8"]));
    assert!(model(&[]) == model(&["--seed", "0"]), "the default");
}

#[test]
fn json_says_what_was_written() {
    let place = Workplace::new();
    let written = place.json(&["new", "mlp-4-3-2", "--json", "--seed", "5", "--out", "a.safetensors"]);
    assert_eq!(written["file"], "a.safetensors");
    assert_eq!((&written["seed"], &written["parameters"]), (&5.into(), &23.into()));
}

#[test]
fn models_that_cannot_be_written() {
    let place = Workplace::new();
    place.refuses_whole(&["new", "mlp-4-3-2", "--out", "model.onnx"], &["model.onnx", ".safetensors"]);
    place.refuses_whole(&["new", "mlp-4-3-2", "--out", "no/model.safetensors"], &["no/model.safetensors", "folder no"]);
    place.write("file", "");
    place.refuses_whole(&["new", "mlp-4-3-2", "--out", "file/a.safetensors"], &["file/a.safetensors"]);
    std::fs::create_dir(place.path("a.safetensors")).unwrap();
    place.refuses_whole(&["new", "mlp-4-3-2", "--out", "a.safetensors"], &["a.safetensors"]);
    place.refuses_whole(&["new", "mlp-4-0-2"], &["4, 0, 2"]);
    place.refuses_whole(&["new", "mlp-4"], &["two sizes"]);
    place.refuses_whole(&["new", "mlp-4-3-2", "--classes", "10"], &["mlp-4-3-2", "--classes"]);
    // No machine has room for these.
    place.refuses_whole(&["new", "mlp-4294967296-4294967296-2"], &["4294967296"]);
}
