//! Models of every kind that files can hold.

use half::{bf16, f16};
use safetensors::Dtype;

use crate::files::{digit_values, little_endian, npy_floats, safetensors};
use crate::harness::{Relevance, Workplace, golden, onnx};

#[test]
fn the_reference_network_from_onnx_and_from_a_description() {
    let place = Workplace::new();
    let labels = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let targets: Vec<_> = labels.iter().flat_map(|label| ["--target", label]).collect();
    let options = ["--semiring", "boolean,counting,real", "--max-pool", "average"];
    let expected = Relevance::read(golden("mnist-cnn/expected.safetensors"));
    let (onnx, tensors) = (golden("mnist-cnn/model.onnx"), golden("mnist-cnn/model.safetensors"));
    let architecture = golden("mnist-cnn/architecture.toml");
    let from_onnx = place.relevance(&[&[&onnx[..]], &options[..], &targets].concat());
    let described = [&tensors[..], "--architecture", &architecture];
    assert!(place.relevance(&[&described, &options[..], &targets].concat()) == from_onnx);
    for semiring in ["boolean", "counting"] {
        let expected = expected.tensor(&format!("{semiring}/zero-1e-9/before_module_0"));
        let got = from_onnx.tensor(&format!("{semiring}/input"));
        assert_eq!((got.shape, got.values), (expected.shape, expected.values), "{semiring}");
    }
    // The winner takes all by default, and the file says what was done.
    let winner = place.relevance(&[&[&onnx[..]], &options[..2], &targets].concat());
    assert!(winner != from_onnx);
    let report = place.json(&["explain", "--json", &onnx, "--semiring", "real", "--max-pool", "average"]);
    assert_eq!(report["semirings"]["real"]["maximum_pooling"], "average");
}

/// A residual network in which every edge is relevant, so that paths can be counted on paper.
#[test]
fn a_residual_network_from_a_description() {
    let place = Workplace::new();
    let tensor = |name: &'static str, shape: &'static [usize], value: f32| {
        (name, shape, little_endian(&vec![value; shape.iter().product()]))
    };
    let tensors = [
        tensor("stem.weight", &[3, 2, 3, 3], 0.5),
        tensor("stem_norm.weight", &[3], 1.0),
        tensor("stem_norm.bias", &[3], 0.0),
        tensor("stem_norm.running_mean", &[3], 0.0),
        tensor("stem_norm.running_var", &[3], 1.0),
        tensor("branch.weight", &[3, 3, 3, 3], 0.25),
        tensor("head.weight", &[2, 5], 1.0),
    ];
    place.write("model.safetensors", safetensors(Dtype::F32, &tensors));
    place.write("input.npy", npy_floats(&[2, 6, 6], &[1.0; 72]));
    let architecture = golden("residual.toml");
    let model = ["model.safetensors", "input.npy", "--architecture", &architecture, "--target", "1"];
    let relevance = place.relevance(&[&model[..], &["--semiring", "counting,boolean"]].concat());

    let neighbours = |y: usize, x: usize| {
        let around = |at: usize| at.saturating_sub(1)..=(at + 1).min(5);
        around(y).flat_map(move |y| around(x).map(move |x| (y, x)))
    };
    // A stem neuron leads to the target directly, and by each of 3 channels at each position around it.
    let from_stem = |(y, x)| 1 + 3 * neighbours(y, x).count();
    // A pixel leads to it by the concatenation, and by each of 3 stem channels at each position around it.
    let from_pixel = |position: usize| {
        let (y, x) = (position % 36 / 6, position % 6);
        (1 + 3 * neighbours(y, x).map(from_stem).sum::<usize>()) as f64
    };
    let counts = relevance.tensor("counting/input");
    assert_eq!(counts.shape, [1, 2, 6, 6]);
    assert_eq!(counts.values, (0..72).map(from_pixel).collect::<Vec<_>>());
    assert_eq!(relevance.tensor("boolean/input").values, [1.0; 72]);

    let shown = place.succeed(&[&["explain", "--semiring", "boolean"][..], &model].concat());
    assert!(shown.contains("target 1 even (logit "), "classes have names: {shown}");
    let view = place.succeed(&["inspect", "model.safetensors", "--architecture", &architecture]);
    assert!(view.contains(" of branch, stem_relu"), "{view}");
}

#[test]
fn onnx_with_external_data() {
    let place = Workplace::new();
    place.write("input.npy", npy_floats(&[8], &[0.5, -1.0, 2.0, 0.25, -0.75, 1.5, 1.0, -2.0]));
    for file in ["external.onnx", "external.bin"] {
        place.write(file, std::fs::read(onnx(file)).unwrap());
    }
    let relevance = place.relevance(&["external.onnx", "input.npy"]);
    assert!(relevance == place.relevance(&[&onnx("external.onnx"), "input.npy"]));
    assert_eq!(relevance.tensor("real/input").shape, [1, 8]);
}

#[test]
fn weights_of_half_and_double_precision() {
    let place = Workplace::new();
    // Few enough digits for the shortest of the types.
    let values: Vec<f32> = (0..784 * 2).map(|position| (position * 37 % 15) as f32 / 8.0 - 0.75).collect();
    let relevance = |dtype: Dtype, bytes: Vec<u8>| {
        place.write("model.safetensors", safetensors(dtype, &[("0.weight", &[2, 784], bytes)]));
        place.relevance(&["model.safetensors"])
    };
    let single = relevance(Dtype::F32, little_endian(&values));
    let bytes = values.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect();
    assert!(relevance(Dtype::F16, bytes) == single);
    let bytes = values.iter().flat_map(|&value| bf16::from_f32(value).to_le_bytes()).collect();
    assert!(relevance(Dtype::BF16, bytes) == single);
    let bytes = values.iter().flat_map(|&value| f64::from(value).to_le_bytes()).collect();
    assert!(relevance(Dtype::F64, bytes) == single);
    place.write("input.npy", npy_floats(&[4], &[1.0, 2.0, -0.5, 0.25]));
    assert_eq!(place.relevance(&[&onnx("half.onnx"), "input.npy"]).tensor("real/input").shape, [1, 4]);
}

#[test]
fn models_are_inspected() {
    let place = Workplace::new();
    let text = place.succeed(&["inspect"]);
    assert!(text.starts_with("digits: input 784, 10 outputs, 266 600 edges, 266 610 parameters\n"), "{text}");
    assert_eq!(text.lines().count(), 9, "{text}");
    let view = place.json(&["inspect", "--json", &golden("mnist-cnn/model.onnx")]);
    assert_eq!((&view["outputs"], &view["parameters"]), (&10.into(), &5018.into()));
    let layers = view["layers"].as_array().unwrap();
    let edges: u64 = layers.iter().map(|layer| layer["edges"].as_u64().unwrap()).sum();
    assert_eq!(view["edges"], edges);
    assert_eq!(layers.last().unwrap()["shape"], serde_json::json!([10]));
    assert_eq!(layers[1]["shape"], serde_json::json!([8, 28, 28]));
    let named = place.json(&["inspect", "--json", "digits"]);
    assert_eq!(named, place.json(&["inspect", "--json"]));
    place.refuses_whole(&["inspect", "nowhere.onnx"], &["nowhere.onnx"]);
    place.write("input.npy", npy_floats(&[784], &digit_values(0)));
    place.refuses_whole(&["inspect", "input.npy"], &["input.npy", "no format of models"]);
}
