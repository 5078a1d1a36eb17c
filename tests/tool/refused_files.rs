//! Models and inputs that cannot be used are refused in one line, and leave nothing behind.

use crate::files::{digit_values, little_endian, npy, npy_floats, perceptron, safetensors};
use crate::harness::{Workplace, golden, onnx};

#[test]
fn missing_files() {
    let place = Workplace::new();
    for name in ["nowhere.onnx", "nowhere.safetensors", "nowhere.png", "nowhere.npy", "nowhere.idx", "nowhere"] {
        place.refuses(&[name], &["cannot read", name]);
    }
    place.refuses(&["digits", "nowhere.safetensors"], &["cannot read", "nowhere.safetensors"]);
    place.refuses(&[&golden("mnist-mlp/model.onnx"), "nowhere.png"], &["nowhere.png"]);
    let description = ["--architecture", "nowhere.toml"];
    place.refuses(&[&golden("mnist-cnn/model.safetensors"), description[0], description[1]], &["nowhere.toml"]);
}

#[test]
fn safetensors_cut_off_anywhere() {
    let place = Workplace::new();
    let whole = perceptron(&[784, 3, 2], |_, position| position as f32);
    for length in [0, 1, 7, 8, 9, 100, whole.len() / 2, whole.len() - 1] {
        place.write("model.safetensors", &whole[..length]);
        place.refuses(&["model.safetensors"], &["model.safetensors is not a readable safetensors file"]);
        place.refuses(&["digits", "model.safetensors"], &["model.safetensors is not a readable"]);
    }
}

#[test]
fn a_safetensors_header_beyond_all_measure() {
    let place = Workplace::new();
    for length in [1u64 << 60, u64::MAX, 1 << 27] {
        let file = [&length.to_le_bytes()[..], br#"{"0.weight":{}}"#].concat();
        place.write("model.safetensors", file);
        place.refuses(&["model.safetensors"], &["model.safetensors", "header", &length.to_string()]);
    }
}

#[test]
fn onnx_cut_off_anywhere() {
    let place = Workplace::new();
    let whole = std::fs::read(golden("mnist-cnn/model.onnx")).unwrap();
    for length in [0, 1, 20, whole.len() / 2, whole.len() - 1] {
        place.write("model.onnx", &whole[..length]);
        place.refuses(&["model.onnx"], &["model.onnx is not a readable ONNX file"]);
    }
}

#[test]
fn empty_files() {
    let place = Workplace::new();
    for name in ["empty.onnx", "empty.safetensors", "empty.npy", "empty.png", "empty.jpg", "empty.gz", "empty"] {
        place.write(name, "");
        place.refuses(&[name], &[name]);
    }
    place.write("input.safetensors", "");
    place.refuses(&["digits", "input.safetensors"], &["input.safetensors", "empty"]);
}

#[test]
fn files_of_other_formats() {
    let place = Workplace::new();
    for name in ["words.onnx", "words.safetensors", "words.npy", "words.png", "words.idx3-ubyte", "words.txt"] {
        place.write(name, "The quick brown fox jumps over the lazy dog.");
        place.refuses(&[name], &[name]);
    }
    place.write("weights.pth", "PK");
    place.refuses(&["weights.pth"], &["weights.pth", "safetensors.torch.save_file", "ONNX"]);
    place.write("weights.h5", "HDF");
    place.refuses(&["weights.h5"], &["weights.h5", "no format of models", ".onnx", ".safetensors"]);
}

#[test]
fn folders_are_no_models_and_some_hold_no_inputs() {
    let place = Workplace::new();
    for (name, is_model) in
        [("folder.onnx", true), ("folder.safetensors", true), ("folder.npy", false), ("folder", false)]
    {
        std::fs::create_dir(place.path(name)).unwrap();
        let said =
            if is_model { "is a folder: name the file of the model in it" } else { "the folder holds no inputs" };
        place.refuses(&[name], &[name, said]);
        let said = if name == "folder.onnx" { "is named as a model" } else { "the folder holds no inputs" };
        place.refuses(&["digits", name], &[name, said]);
    }
}

#[test]
fn a_model_among_the_inputs() {
    let place = Workplace::new();
    place.write("input.npy", npy_floats(&[784], &digit_values(3)));
    let model = golden("mnist-cnn/model.onnx");
    place.refuses(&["input.npy", &model], &[&model, "before all inputs"]);
    place.refuses(&["input.npy", "digits"], &["digits is named as a model"]);
}

#[test]
fn inputs_of_another_shape() {
    let place = Workplace::new();
    place.write("input.npy", npy_floats(&[27, 28], &[0.5; 27 * 28]));
    place.refuses(&["input.npy"], &["input.npy", "[27, 28]", "[784]"]);
    place.refuses(&[&golden("mnist-cnn/model.onnx"), "input.npy"], &["input.npy", "[27, 28]", "[1, 28, 28]"]);
    place.write("none.npy", npy_floats(&[0, 784], &[]));
    place.refuses(&["none.npy"], &["none.npy", "no inputs"]);
    place.write("model.safetensors", perceptron(&[5, 3, 2], |_, _| 1.0));
    place.refuses(&["model.safetensors"], &["model.safetensors", "[5]", "embedded digits do not have"]);
}

#[test]
fn inputs_of_values_that_are_no_numbers() {
    let place = Workplace::new();
    for (value, text) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        let mut values = digit_values(0);
        values[88] = value;
        place.write("input.npy", npy_floats(&[28, 28], &values));
        place.refuses(&["input.npy"], &["input.npy", text, "position 88", "finite"]);
    }
    place.write("input.npy", npy("<c8", &[784], &[0; 784 * 8]));
    place.refuses(&["input.npy"], &["input.npy", "<c8", "floats of 16 to 64 bits"]);
    place.write("short.npy", &npy_floats(&[784], &digit_values(0))[..500]);
    place.refuses(&["short.npy"], &["short.npy", "[784]"]);
}

#[test]
fn weights_that_are_no_numbers() {
    let place = Workplace::new();
    for value in [f32::NAN, f32::INFINITY] {
        let weights = |layer, position| if (layer, position) == (1, 4) { value } else { 0.5 };
        place.write("model.safetensors", perceptron(&[784, 3, 2], weights));
        place.refuses(&["model.safetensors"], &["model.safetensors", "layer '2'", &value.to_string(), "position 4"]);
    }
    place.refuses(&[onnx("refused/not-finite.onnx")], &["not-finite.onnx"]);
}

#[test]
fn activations_that_overflow_fail() {
    let place = Workplace::new();
    // Sound input and sound weights, but their products are beyond f32: the work fails, nobody did anything wrong.
    place.write("model.safetensors", perceptron(&[784, 3, 2], |_, _| 1e30));
    let run = place.run(&["explain", "model.safetensors", "--out", "results"]);
    assert_eq!((run.code, &run.stdout[..]), (Some(1), ""));
    assert!(run.stderr.starts_with("error: digit 0: "), "{}", run.stderr);
    assert_eq!(place.names(), ["model.safetensors"]);
}

#[test]
fn operators_and_graphs_that_are_not_supported() {
    let place = Workplace::new();
    place.refuses(&[onnx("refused/unknown-operator.onnx")], &["unknown-operator.onnx", "'winner'", "Hardmax"]);
    place.refuses(&[onnx("refused/two-inputs.onnx")], &["two-inputs.onnx"]);
    place.refuses(&[onnx("refused/control-flow.onnx")], &["control-flow.onnx"]);
    place.write("model.onnx", std::fs::read(onnx("external.onnx")).unwrap());
    place.refuses(
        &["model.onnx"],
        &["model.onnx", "tensor '", "external.bin", "cannot be read", "exported with the model"],
    );
}

#[test]
fn tensors_of_no_known_architecture() {
    let place = Workplace::new();
    let model = golden("mnist-cnn/model.safetensors");
    place.refuses(&[&model], &[&model, "0.weight [8, 1, 3, 3]", "--architecture"]);
    let tensor = ("first.weight", &[2, 3][..], little_endian(&[0.5; 6]));
    let other = ("other.weight", &[2, 3][..], little_endian(&[0.5; 6]));
    place.write("odd.safetensors", safetensors(safetensors::Dtype::F32, &[tensor, other]));
    place.refuses(&["odd.safetensors"], &["odd.safetensors"]);
}

#[test]
fn descriptions_that_are_wrong() {
    let place = Workplace::new();
    let model = golden("mnist-cnn/model.safetensors");
    let sound = std::fs::read_to_string(golden("mnist-cnn/architecture.toml")).unwrap();
    for (wrong, words) in [
        ("[input", &["architecture.toml:1: "][..]),
        (&sound.replace("\"max-pool\"", "\"maxpool\""), &["architecture.toml:", "maxpool", "max-pool"]),
        (&sound.replace("[1, 28, 28]", "[1, 26, 26]"), &["architecture.toml"]),
    ] {
        place.write("architecture.toml", wrong);
        place.refuses(&[&model, "--architecture", "architecture.toml"], words);
    }
    place.write("architecture.toml", &sound);
    let own = golden("mnist-cnn/model.onnx");
    place.refuses(&[&own, "--architecture", "architecture.toml"], &["architecture of its own", "architecture.toml"]);
    place.refuses(&["--architecture", "architecture.toml"], &["architecture.toml", "none is given"]);
}
