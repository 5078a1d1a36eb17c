//! Models of several inputs and outputs, as a user runs them.

use crate::files::{npy, npy_floats};
use crate::harness::{Relevance, Workplace, golden, onnx};

/// The reference network of two inputs and two outputs, and files of its inputs.
fn mixed(place: &Workplace) -> (String, Relevance) {
    let expected = Relevance::read(golden("op-mixed/expected.safetensors"));
    for name in ["vector", "image"] {
        let tensor = expected.tensor(&format!("input/{name}"));
        let values: Vec<f32> = tensor.values.iter().map(|&value| value as f32).collect();
        // One axis stands for the two samples, and one of length 1 for the batch.
        let shape = [&tensor.shape[..1], &tensor.shape[2..]].concat();
        place.write(&format!("{name}.npy"), npy_floats(&shape, &values));
    }
    (golden("op-mixed/model.onnx"), expected)
}

#[test]
fn every_input_has_a_file_and_every_output_an_explanation() {
    let place = Workplace::new();
    let (model, expected) = mixed(&place);
    let files = ["vector=vector.npy", "image=image.npy"];
    let near = |got: &[f64], wanted: &[f64]| {
        let largest = wanted.iter().fold(f64::MIN_POSITIVE, |largest: f64, value| largest.max(value.abs()));
        got.len() == wanted.len() && got.iter().zip(wanted).all(|(got, wanted)| (got - wanted).abs() < 1e-4 * largest)
    };

    let run = place.json(&[&["run", "--json", &model][..], &files].concat());
    for output in run["outputs"].as_array().unwrap() {
        let wanted = expected.tensor(&format!("output/{}", output["output"].as_str().unwrap()));
        let got: Vec<f64> = output["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|input| input["values"].as_array().unwrap())
            .map(|value| value.as_f64().unwrap())
            .collect();
        assert!(near(&got, &wanted.values), "{}", output["output"]);
    }

    // The first output without a word, the other by its name or by that of a place in it.
    let asked = |case: &str, options: &[&str]| {
        let relevance = place.relevance(&[&[&model[..]], &files[..], &["--semiring", "real"], options].concat());
        for name in ["vector", "image"] {
            let (got, wanted) = (relevance.tensor(&format!("real/{name}")), expected.tensor(&format!("{case}/{name}")));
            assert!(near(&got.values, &wanted.values), "{case} {name} {options:?}");
        }
    };
    asked("real/epsilon", &["--target", "0"]);
    asked("real/epsilon", &["--output", "scores", "--target", "[0]"]);
    asked("real/epsilon-map", &["--output", "map", "--target", "[1,0,1]", "--target", "[1,0,0]"]);
    asked("real/epsilon-map", &["--target", "map[1,0,1]", "--target", "map[1,0,0]"]);
    // Files are named with `--input` as well, in which a number is still that of an input.
    let by_option =
        ["--input", "vector=vector.npy", "--input", "image=image.npy", "--semiring", "real", "--target", "0"];
    let both = place.relevance(&[&[&model[..]], &by_option[..]].concat()).tensor("real/vector");
    let second = place.relevance(&[&[&model[..]], &by_option[..], &["--input", "1"]].concat()).tensor("real/vector");
    assert_eq!(second.values, both.values[both.values.len() / 2..]);
    let formula = ["formula", &model, "--input", "vector=vector.npy", "--input", "image=image.npy", "--output", "0"];
    assert!(place.succeed(&formula).contains("R(vector[0]) = "));

    let text = place.succeed(&["inspect", &model]);
    for line in ["input vector", "input image", "output scores", "output map"] {
        assert!(text.contains(line), "{text}");
    }
    // A picture is drawn of the input that is one.
    place.succeed(&[&["explain", &model[..]], &files[..], &["--semiring", "real,boolean", "--out", "drawn"]].concat());
    assert!(place.names().iter().any(|name| name == "drawn"));
}

#[test]
fn a_box_of_an_image_is_the_sum_of_its_values() {
    let place = Workplace::new();
    let (model, _) = mixed(&place);
    let of = |target: &str| {
        let arguments = [&model, "vector=vector.npy", "image=image.npy", "--semiring", "real", "--target", target];
        place.relevance(&arguments).tensor("real/image").values
    };
    let both = of("map[1,0,0:2]");
    let (first, second) = (of("map[1,0,0]"), of("map[1,0,1]"));
    for ((both, first), second) in both.iter().zip(first).zip(second) {
        assert!((both - first - second).abs() < 1e-5, "{both} is not {first} + {second}");
    }
}

#[test]
fn tokens_and_masks_are_files_of_integers() {
    let place = Workplace::new();
    let integers = |values: &[i64]| {
        npy("<i8", &[1, values.len()], &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
    };
    place.write("tokens.npy", integers(&[3, 1, 4, 0, 0]));
    place.write("mask.npy", integers(&[1, 1, 1, 0, 0]));
    let model = onnx("tokens-and-mask.onnx");
    let arguments =
        [&model[..], "tokens=tokens.npy", "mask=mask.npy", "--target", "[0,1]", "--semiring", "real,boolean"];
    let relevance = place.relevance(&arguments);
    let tensors = relevance.tensors();
    // A model that leaves lengths open has those of its inputs.
    let open = onnx("refused/open-tokens.onnx");
    let opened = place.relevance(&[&[&open[..]], &arguments[1..]].concat());
    assert_eq!(opened.tensors(), relevance.tensors());
    // A stored circuit says the same, though nothing enters its softmax.
    let stored = [
        &["compile", "--layered", "--quiet", "--out", "circuit.safetensors"][..],
        &arguments[..5],
        &["--semiring", "real"],
    ];
    place.succeed(&stored.concat());
    place.succeed(&["evaluate", "circuit.safetensors", "--semiring", "real,boolean", "--quiet", "--out", "evaluated"]);
    let evaluated = Relevance::read(place.path("evaluated/relevance.safetensors"));
    for (name, tensor) in relevance.tensors() {
        assert_eq!(evaluated.tensor(&name).values, tensor.values, "{name}");
    }
    // The mask gets none, and what it hides has none.
    assert_eq!(tensors.keys().collect::<Vec<_>>(), ["boolean/tokens", "real/tokens"]);
    let real = &tensors["real/tokens"].values;
    assert!(
        real[..3].iter().all(|value| *value != 0.0) && real[3..].iter().all(|value| value.abs() < 1e-6),
        "{real:?}"
    );
}

#[test]
fn what_does_not_fit_is_refused_in_a_word() {
    let place = Workplace::new();
    let (model, _) = mixed(&place);
    place.write("three.npy", npy_floats(&[3, 5], &[0.5; 15]));
    let files = ["vector=vector.npy", "image=image.npy"];
    let with =
        |rest: &[&'static str]| [&[&model[..]], rest].concat().iter().map(|word| word.to_string()).collect::<Vec<_>>();
    place.refuses(&with(&["vector=vector.npy"]), &["no file is named for the input image", "image=FILE"]);
    place.refuses(&with(&["vector.npy", "image.npy"]), &["takes several inputs", "NAME=FILE", "vector of shape"]);
    place.refuses(&with(&[files[0], files[1], "--output", "none"]), &["no output 'none'", "'scores', 'map'"]);
    place.refuses(&with(&[files[0], files[1], "--target", "map[9,0,0]"]), &["[9,0,0]", "no place"]);
    place.refuses(&with(&[files[0], files[1], "--target", "map[0,0,0]", "--target", "scores[0]"]), &["one output"]);
    place.refuses(&with(&["vector=three.npy", files[1]]), &["input 'image' has 2 entries", "another has 3"]);
    place.misuses(&["study", "mask", &model, "--out", "masks"], &["one input"]);
}

#[test]
fn tokens_are_shown_as_words_and_columns_by_their_names() {
    let place = Workplace::new();
    let integers = |values: &[i64]| {
        npy("<i8", &[1, values.len()], &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
    };
    place.write("tokens.npy", integers(&[3, 1, 4, 0, 0]));
    place.write("mask.npy", integers(&[1, 1, 1, 0, 0]));
    place.write("vocab.txt", "[PAD]\ngood\nbad\nvery\nfilm\n");
    let model = onnx("tokens-and-mask.onnx");
    let files = [&model[..], "tokens=tokens.npy", "mask=mask.npy", "--target", "[0,1]", "--semiring", "real,boolean"];
    let words = ["--vocabulary", "vocab.txt", "--out", "words"];
    let text = place.succeed(&[&["explain"], &files[..], &words].concat());
    for word in ["very", "good", "film", "·[PAD]"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(place.path("words/explanation.json")).unwrap()).unwrap();
    assert_eq!(report["words"], serde_json::json!([["very", "good", "film", "[PAD]", "[PAD]"]]));
    // Without a vocabulary, tokens are numbers.
    assert!(place.succeed(&[&["explain"], &files[..]].concat()).contains('4'));

    place.write("columns.csv", "age,income,hours,years\n");
    place.write("table.npy", npy_floats(&[1, 4], &[1.0, 0.5, -1.0, 2.0]));
    let table = onnx("learnt-mlp-regressor.onnx");
    let text = place.succeed(&["explain", &table, "table.npy", "--names", "columns.csv", "--semiring", "real"]);
    assert!(text.contains("  age ") && text.contains("hours "), "{text}");
    place.write("few.txt", "age\nincome\n");
    place.refuses(
        &[&table, "table.npy", "--names", "few.txt"],
        &["gives 2 names, but the inputs that get relevance have 4"],
    );
    place.refuses(&["--vocabulary", "none.json"], &["none.json"]);
}

#[test]
fn classes_have_the_names_that_a_file_gives() {
    let place = Workplace::new();
    place.write("classes.json", r#"{"7": ["n07", "seven, lucky one"], "3": ["n03", "three"]}"#);
    let named = ["--class-names", "classes.json", "--semiring", "real"];
    let text = place.succeed(&[&["explain", "--input", "7", "--target", "Lucky one"], &named[..]].concat());
    assert!(text.contains("target 7 seven, lucky one"), "{text}");
    let by_name = place.relevance(&[&["--target", "three"], &named[..]].concat());
    assert_eq!(by_name.tensors(), place.relevance(&["--target", "3", "--semiring", "real"]).tensors());
    place.write("classes.json", r#"["a","b","c","d","e","f","g","h","i","j","k"]"#);
    place.refuses(&named, &["names 11 classes, but the network has 10 outputs"]);
}

#[test]
fn a_region_is_named_by_the_file_of_a_mask() {
    let place = Workplace::new();
    let (model, _) = mixed(&place);
    let files = ["vector=vector.npy", "image=image.npy"];
    let arguments =
        |target: &'static str| [&[&model[..]], &files[..], &["--semiring", "real", "--target", target]].concat();
    let of = |target| place.relevance(&arguments(target)).tensor("real/image").values;
    let shape: Vec<usize> = place.json(&[&["run", "--json", &model][..], &files].concat())["outputs"][1]["shape"]
        .as_array()
        .unwrap()
        .iter()
        .map(|length| length.as_u64().unwrap() as usize)
        .collect();
    let [channels, height, width] = shape[..] else { panic!("a map of {shape:?}") };
    let mut mask = vec![0.0; height * width];
    mask[..2].fill(1.0);
    place.write("mask.npy", npy_floats(&[height, width], &mask));
    let mut whole = vec![0.0; channels * height * width];
    whole[height * width..height * width + 2].fill(-3.0);
    place.write("whole.npy", npy_floats(&shape, &whole));
    let both = of("map[1,0,0:2]");
    assert_eq!(of("map[1,mask.npy]"), both);
    assert_eq!(of("map[whole.npy]"), both);
    place.write("none.npy", npy_floats(&[height, width], &vec![0.0; height * width]));
    place.refuses(&arguments("map[1,none.npy]"), &["none.npy masks nothing"]);
    place.refuses(&arguments("map[9,mask.npy]"), &["`9` is no index below"]);
    place.refuses(&arguments("map[mask.npy]"), &["mask.npy"]);
}

#[test]
fn inspect_says_by_which_rules_and_draws_the_network() {
    let place = Workplace::new();
    let shown =
        |options: &[&str]| place.json(&[&["inspect", "--json", &golden("mnist-cnn/model.onnx")], options].concat());
    let rules = |view: &serde_json::Value| -> Vec<String> {
        view["layers"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|layer| Some(layer["rule"].as_str()?.to_string()))
            .collect()
    };
    assert!(rules(&shown(&[])).iter().any(|rule| rule == "epsilon(1e-6)"));
    let gamma = rules(&shown(&["--rule", "gamma(0.5)", "--max-pool", "average"]));
    assert!(gamma.iter().any(|rule| rule == "gamma(0.5)") && gamma.iter().any(|rule| rule == "norm"), "{gamma:?}");
    assert!(rules(&shown(&["--semiring", "viterbi"])).iter().any(|rule| rule == "max-abs"));

    // What batch normalisation was folded into says so, in the table and in the picture.
    let folded = onnx("batch-norm.onnx");
    let view = place.json(&["inspect", "--json", &folded]);
    let layers = view["layers"].as_array().unwrap();
    let taker = layers.iter().find(|layer| !layer["folded"].as_array().unwrap().is_empty()).expect("one is folded");
    assert_eq!(taker["operator"], "convolution");
    assert!(place.succeed(&["inspect", &folded, "--draw", "network.svg"]).contains("takes in"));
    let svg = std::fs::read_to_string(place.path("network.svg")).unwrap();
    assert_eq!(svg.matches("<rect").count(), layers.len());
    assert!(svg.contains(&format!("with {}", taker["folded"][0].as_str().unwrap())), "{svg}");
    place.refuses_whole(&["inspect", &folded, "--draw", "network.png"], &["must end in .svg"]);
    place.refuses_whole(&["inspect", &folded, "--semiring", "real,boolean"], &["one semiring"]);
    place.refuses_whole(&["inspect", &folded, "--target", "3"], &["no target"]);
    place.succeed(&["compile", "--layered", "--quiet", "--input", "3", "--out", "circuit.safetensors"]);
    place.refuses_whole(&["inspect", "circuit.safetensors", "--draw", "circuit.svg"], &["`kirchhoff draw`"]);
    place.refuses_whole(&["inspect", "circuit.safetensors", "--rule", "gamma"], &["has its rules"]);
}
