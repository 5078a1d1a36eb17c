//! What `explain` answers: on stdout, in files, and in numbers that are known.

use std::collections::BTreeMap;

use safetensors::Dtype;

use crate::files::{decode_png, digit_values, npy_floats, perceptron};
use crate::harness::{Relevance, Tensor, Workplace, golden, names};

/// One target an input, as the reference cases have it: the labels 0 to 9.
fn labels() -> Vec<&'static str> {
    ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"].iter().flat_map(|label| ["--target", label]).collect()
}

fn expected(folder: &str, name: &str) -> Tensor {
    Relevance::read(golden(folder) + "/expected.safetensors").tensor(name)
}

/// The largest difference, relative to the largest magnitude.
fn worst_error(got: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(got.shape, expected.shape);
    let largest = expected.values.iter().fold(f64::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
    let difference = |(got, expected): (&f64, &f64)| (got - expected).abs();
    got.values.iter().zip(&expected.values).map(difference).fold(0.0, f64::max) / largest
}

#[test]
fn without_arguments_ten_digits_are_explained() {
    let place = Workplace::new();
    let run = place.run(&["explain"]);
    assert_eq!((run.code, &run.stderr[..]), (Some(0), ""));
    for digit in 0..10 {
        assert!(run.stdout.contains(&format!("digit {digit}: target ")), "{}", run.stdout);
    }
    // The network errs on one of them.
    assert!(run.stdout.contains("digit 5: target 6 (logit "), "{}", run.stdout);
    assert_eq!(run.stdout.matches("bottleneck").count(), 11, "a heading a digit, and the time");
    assert!(run.stdout.trim_end().lines().last().unwrap().starts_with("10 inputs in "));
    assert!(!run.stdout.contains('\x1b'), "colour is for terminals");
    assert!(place.names().is_empty(), "without --out nothing is written");
}

#[test]
fn json_holds_settings_and_ledgers() {
    let place = Workplace::new();
    let report = place.json(&["explain", "--json", "--semiring", "boolean,real", "--theta", "boolean:4=0.25"]);
    assert_eq!((&report["model"], &report["inputs"][7]["input"]), (&"digits".into(), &"digit 7".into()));
    assert_eq!(report["inputs"][5]["top"], 6);
    assert_eq!(report["preprocessing"]["mean"][0], 0.0);
    let settings = &report["semirings"]["boolean"]["layers"];
    let annotations: Vec<_> = (0..5).map(|layer| settings[layer]["annotation"].as_str()).collect();
    let threshold = Some("threshold(1e-9)");
    assert_eq!(annotations, [threshold, None, threshold, None, Some("threshold(0.25)")]);
    assert_eq!(settings[0]["rule"], "zero");
    let ledgers = report["semirings"]["real"]["ledgers"].as_array().unwrap();
    assert_eq!(ledgers.len(), 10);
    for ledger in ledgers {
        let layers = ledger["layers"].as_array().unwrap();
        assert_eq!(layers.iter().map(|layer| layer["layer"].as_str().unwrap()).collect::<String>(), "43210");
        for layer in layers {
            let part = |name: &str| layer["conservation"][name].as_f64().unwrap();
            let rest = part("entered") - part("left") - part("bias") - part("stabiliser") - part("uncovered");
            assert!(rest.abs() < 1e-3 * part("entered").abs(), "{layer}");
        }
    }
    assert!(report["semirings"]["boolean"]["ledgers"][0]["layers"][0]["conservation"].is_null());
    let order = place.succeed(&["explain", "--json", "--semiring", "viterbi,boolean"]);
    assert!(order.find("\"viterbi\"") < order.find("\"boolean\""), "in the order in which they are asked for");
}

#[test]
fn a_folder_receives_relevance_report_and_pictures() {
    let place = Workplace::new();
    let run = place.run(&["explain", "--out", "deep/results", "--quiet"]);
    assert_eq!((run.code, &run.stderr[..]), (Some(0), ""));
    let semirings = ["boolean", "bottleneck", "counting", "real", "viterbi"];
    let pictures = semirings.iter().flat_map(|name| (0..10).map(move |input| format!("{name}-digit_{input}.png")));
    let others = ["explanation.html", "explanation.json", "relevance.safetensors", "sheet.png"].map(String::from);
    let mut files: Vec<_> = pictures.chain(others).collect();
    files.sort();
    let folder = place.path("deep/results");
    assert_eq!(names(&folder), files);

    let tensors = Relevance::read(folder.join("relevance.safetensors")).tensors();
    let dtypes: Vec<_> = tensors.iter().map(|(name, tensor)| (&name[..], tensor.dtype)).collect();
    assert_eq!(
        dtypes,
        [
            ("boolean/input", Dtype::BOOL),
            ("bottleneck/input", Dtype::F32),
            ("counting/input", Dtype::F64),
            ("real/input", Dtype::F32),
            ("viterbi/input", Dtype::F32),
        ]
    );
    assert!(tensors.values().all(|tensor| tensor.shape == [10, 784]));

    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("explanation.json")).unwrap()).unwrap();
    assert_eq!(report["semirings"].as_object().unwrap().len(), 5);
    let read = |name: &str| decode_png(&std::fs::read(folder.join(name)).unwrap()).into_rgb8();
    let sheet = read("sheet.png");
    assert!(sheet.width() > 1000 && sheet.height() > sheet.width());
    // A picture shows its relevance: every pixel of a digit is a square of one colour, blue where it is relevant.
    let picture = read("boolean-digit_3.png");
    let scale = picture.width() / 28;
    assert_eq!((picture.width(), picture.height()), (28 * scale, 28 * scale));
    let background = *picture.get_pixel(0, 0);
    for (position, &value) in tensors["boolean/input"].values[3 * 784..4 * 784].iter().enumerate() {
        let (x, y) = (position as u32 % 28 * scale, position as u32 / 28 * scale);
        assert_eq!(*picture.get_pixel(x, y) != background, value == 1.0, "pixel {position}");
    }
}

#[test]
fn pictures_and_previews_are_limited() {
    let place = Workplace::new();
    let run = place.run(&["explain", "--semiring", "real", "--pictures", "2", "--out", "two"]);
    assert_eq!(
        names(&place.path("two")),
        [
            "explanation.html",
            "explanation.json",
            "real-digit_0.png",
            "real-digit_1.png",
            "relevance.safetensors",
            "sheet.png"
        ]
    );
    assert!(run.stdout.contains("digit 1: ") && !run.stdout.contains("digit 2: "));
    assert!(run.stdout.contains("… and 8 more inputs"), "{}", run.stdout);
    assert_eq!(
        run.stderr,
        "wrote relevance.safetensors, explanation.json, pictures, and explanation.html, which shows them all, to two\n"
    );
    let run = place.run(&["explain", "--semiring", "real", "--page", "none", "--pictures", "1", "--out", "pageless"]);
    assert_eq!(
        names(&place.path("pageless")),
        ["explanation.json", "real-digit_0.png", "relevance.safetensors", "sheet.png"]
    );
    assert_eq!(run.stderr, "wrote relevance.safetensors, explanation.json and pictures to pageless\n");
    let run = place.run(&["explain", "--semiring", "real", "--pictures", "0", "--out", "none"]);
    assert_eq!(names(&place.path("none")), ["explanation.json", "relevance.safetensors"]);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    assert_eq!(run.stderr, "wrote relevance.safetensors and explanation.json to none\n");
}

#[test]
fn defaults_give_the_reference_relevance() {
    let place = Workplace::new();
    for model in ["digits", &golden("mnist-mlp/model.safetensors"), &golden("mnist-mlp/model.onnx")] {
        let arguments = [&[model, "--semiring", "boolean,counting,viterbi,tropical"][..], &labels()].concat();
        let tensors = place.relevance(&arguments).tensors();
        let input = |semiring: &str| {
            let tensor = tensors.iter().find(|(name, _)| name.split_once('/').unwrap().0 == semiring);
            tensor.unwrap().1
        };
        for semiring in ["boolean", "counting"] {
            let expected = expected("mnist-mlp", &format!("{semiring}/zero-1e-9/before_module_0"));
            assert_eq!(input(semiring).values, expected.values, "{model} {semiring}");
        }
        let viterbi = expected("mnist-mlp", "viterbi/max-abs/before_module_0");
        assert!(worst_error(input("viterbi"), &viterbi) < 1e-4);
        let tropical = expected("mnist-mlp", "tropical/max-abs-neg-log/before_module_0");
        let infinite = |tensor: &Tensor| tensor.values.iter().map(|value| value.is_infinite()).collect::<Vec<_>>();
        assert_eq!(infinite(input("tropical")), infinite(&tropical), "no path at all costs infinity");
    }
}

#[test]
fn rules_composites_and_annotations_reach_their_layers() {
    let place = Workplace::new();
    let arguments = [
        &["--semiring", "boolean,real,viterbi", "--composite", "real:epsilon-gamma-box"][..],
        &["--theta", "boolean:threshold-abs(0.01)", "--theta", "boolean:2=0.03", "--theta", "boolean:4=0.05"],
        &["--rule", "viterbi:zero", "--theta", "viterbi:abs-clamp"],
        &labels(),
    ]
    .concat();
    let relevance = place.relevance(&arguments);
    let real = expected("mnist-mlp", "zennit/epsilon-gamma-box");
    assert!(worst_error(&relevance.tensor("real/input"), &real) < 1e-4);
    let viterbi = expected("mnist-mlp", "viterbi/zero-abs-clamp/before_module_0");
    assert!(worst_error(&relevance.tensor("viterbi/input"), &viterbi) < 1e-4);
    let boolean = expected("mnist-mlp", "boolean/abs-per-layer/before_module_0").values;
    let got = relevance.tensor("boolean/input").values;
    let differing = got.iter().zip(&boolean).filter(|(got, expected)| got != expected).count();
    assert!(differing <= boolean.len() / 500, "{differing} of {} differ", boolean.len());

    // The rule of one layer over that of all of them; patterns name several layers.
    let one = [&["--semiring", "real", "--rule", "epsilon(1e-6)", "--rule", "0=z-box"][..], &labels()].concat();
    let several = [&["--semiring", "real", "--rule", "z-box", "--rule", "[24]=epsilon(1e-6)"][..], &labels()].concat();
    let z_box = expected("mnist-mlp", "real/z-box-first/before_module_0");
    for arguments in [one, several] {
        assert!(worst_error(&place.relevance(&arguments).tensor("real/input"), &z_box) < 1e-4);
    }
    let wide = [&["--semiring", "real", "--rule", "z-box", "--low", "-1", "--high", "2"][..], &labels()].concat();
    assert!(worst_error(&place.relevance(&wide).tensor("real/input"), &z_box) > 1e-3, "bounds make a difference");
    let run = place.run(&["explain", "--semiring", "real", "--rule", "z-box", "--high", "0.5"]);
    assert!(run.code == Some(0) && run.stderr.starts_with("warning: inputs range from 0 to 1"), "{}", run.stderr);
}

#[test]
fn targets_are_single_several_or_contrasts() {
    let place = Workplace::new();
    let real = |target: &str| {
        let arguments = ["--semiring", "real", "--rule", "zero", "--start", "one", "--target", target];
        place.relevance(&arguments).tensor("real/input").values
    };
    let (three, eight) = (real("3"), real("8"));
    for (target, sign) in [("3,8", 1.0), ("3-8", -1.0)] {
        for ((both, three), eight) in real(target).iter().zip(&three).zip(&eight) {
            assert!((both - three - sign * eight).abs() < 1e-4 * (1.0 + three.abs() + eight.abs()), "{target}");
        }
    }
    let top = place.relevance(&["--semiring", "counting"]).tensor("counting/input").values;
    let six = place.relevance(&["--semiring", "counting", "--target", "6"]).tensor("counting/input").values;
    assert_eq!(top[5 * 784..7 * 784], six[5 * 784..7 * 784], "the network's answer to digits 5 and 6");
    assert_ne!(top[..784], six[..784]);
    let shown = place.succeed(&["explain", "--semiring", "real", "--target", "3-8"]);
    assert!(shown.contains("digit 0: target 3 (logit "), "{shown}");
    assert!(shown.contains("against 8 (logit ") && shown.contains("; the network's answer is 0"), "{shown}");
}

#[test]
fn every_layer_can_be_kept() {
    let place = Workplace::new();
    let arguments = ["--semiring", "boolean", "--layers", "all"];
    let all = place.relevance(&[&arguments[..], &labels()].concat());
    let shapes: Vec<_> = all.tensors().iter().map(|(name, tensor)| (name.clone(), tensor.shape[1])).collect();
    let wanted = [("0", 300), ("1", 300), ("2", 100), ("3", 100), ("4", 10), ("input", 784)];
    assert_eq!(shapes, wanted.map(|(name, size)| (format!("boolean/{name}"), size)));
    for (module, name) in [(1, "0"), (3, "2")] {
        let hidden = expected("mnist-mlp", &format!("boolean/zero-1e-9/before_module_{module}")).values;
        assert_eq!(all.tensor(&format!("boolean/{name}")).values, hidden);
    }
    let some = place.relevance(&[&["--semiring", "boolean", "--layers", "[13]"][..], &labels()].concat());
    assert_eq!(some.tensors().keys().collect::<Vec<_>>(), ["boolean/1", "boolean/3", "boolean/input"]);
}

#[test]
fn every_semiring_of_the_registry_runs() {
    let place = Workplace::new();
    place.succeed(&["new", "mlp-4-3-2", "--seed", "3", "--out", "model.safetensors"]);
    place.write("input.npy", npy_floats(&[4], &[0.5, 1.0, 0.25, 2.0]));
    let registry = place.json(&["semirings", "--json"]);
    let listed: Vec<_> = registry.as_array().unwrap().iter().map(|info| info["name"].as_str().unwrap()).collect();
    assert!(listed.len() >= 11, "{listed:?}");
    for semiring in &listed {
        let relevance = place.relevance(&["model.safetensors", "input.npy", "--semiring", semiring]);
        assert_eq!(relevance.tensor(&format!("{semiring}/input")).shape, [1, 4], "{semiring}");
    }
    let relevance = place.relevance(&["model.safetensors", "input.npy", "--semiring", &listed.join(",")]);
    for semiring in listed {
        assert!(relevance.tensors().contains_key(&format!("{semiring}/input")));
    }
}

#[test]
fn counts_beyond_floating_point_are_exact() {
    let place = Workplace::new();
    // Twelve layers of 65 neurons, every edge relevant: 65¹¹ paths lead from each input to the target, an odd number
    // of 67 bits.
    place.write("model.safetensors", perceptron(&[65; 13], |_, _| 1.0));
    place.write("input.npy", npy_floats(&[65], &[1.0; 65]));
    let relevance = place.relevance(&["model.safetensors", "input.npy", "--semiring", "counting", "--layers", "all"]);
    let count = 65u128.pow(11);
    let input = relevance.tensor("counting/input");
    assert_eq!((input.dtype, &input.shape[..]), (Dtype::F64, &[1, 65][..]));
    assert!(input.values.iter().all(|&value| value == count as f64));
    assert_eq!(relevance.tensor("counting/input/limbs").shape, [1, 65, 2]);
    assert_eq!(relevance.integers("counting/input/limbs"), [count as u64, (count >> 64) as u64].repeat(65));
    // Where numbers hold the counts, nothing is beside them.
    assert!(!relevance.tensors().contains_key("counting/18/limbs"));
    assert_eq!(relevance.tensor("counting/18").values, [65.0; 65]);
}

#[test]
fn preprocessing_is_done_to_the_embedded_digits_too() {
    let place = Workplace::new();
    let values: Vec<f32> = (0..10).flat_map(digit_values).map(|value| (value * 2.0 - 0.25) / 0.5).collect();
    place.write("digits.npy", npy_floats(&[10, 784], &values));
    let preprocessed = place.relevance(&["--scale", "2", "--mean", "0.25", "--std", "0.5"]);
    assert!(preprocessed == place.relevance(&["digits", "digits.npy"]));
    assert!(preprocessed != place.relevance::<&str>(&[]));
}

#[test]
fn thresholds_are_chosen_for_each_input_alone() {
    let place = Workplace::new();
    let options = ["--semiring", "boolean,counting", "--theta", "auto(0.05)", "--layers", "all"];
    let all = place.relevance(&options);
    let relevance = all.tensor("boolean/input");
    // A twentieth of 784 pixels is 40, unless a threshold has several neurons.
    for digit in relevance.values.chunks(784) {
        assert!((40.0..44.0).contains(&digit.iter().sum::<f64>()), "{}", digit.iter().sum::<f64>());
    }
    let counts = all.tensor("counting/input");
    let agree = |(count, truth): (&f64, &f64)| (*count > 0.0) == (*truth > 0.0);
    assert!(counts.values.iter().zip(&relevance.values).all(agree), "counting has the same thresholds");

    // Alone or among others, an input has the same thresholds, and the same answer as with these given.
    place.write("digit.npy", npy_floats(&[784], &digit_values(3)));
    place.succeed(&[
        "explain",
        "digits",
        "digit.npy",
        "--semiring",
        "boolean",
        "--theta",
        "auto(0.05)",
        "--out",
        "alone",
    ]);
    let report = std::fs::read(place.path("alone/explanation.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    let mut given = vec!["digits".to_string(), "digit.npy".into(), "--semiring".into(), "boolean".into()];
    for layer in report["semirings"]["boolean"]["layers"].as_array().unwrap() {
        if let Some(thresholds) = layer["thresholds"].as_array() {
            assert_eq!((layer["annotation"].as_str(), thresholds.len()), (Some("auto(0.05)"), 1));
            let theta = thresholds[0].as_f64().unwrap() as f32;
            given.extend(["--theta".to_string(), format!("{}=threshold({theta})", layer["layer"].as_str().unwrap())]);
        }
    }
    assert_eq!(given.len(), 4 + 2 * 3, "three dense layers");
    let alone = Relevance::read(place.path("alone/relevance.safetensors")).tensor("boolean/input");
    assert_eq!(alone.values, relevance.values[3 * 784..4 * 784]);
    assert_eq!(place.relevance(&given).tensor("boolean/input").values, alone.values);
}

#[test]
fn the_thresholds_of_a_paper_have_a_name() {
    let place = Workplace::new();
    let refused = |arguments: &[&str], words: &[&str]| {
        let mut all = vec!["--semiring", "viterbi"];
        all.extend(arguments);
        place.refuses(&all, words);
    };
    refused(&["--theta", "paper-vgg"], &["`paper-vgg`", "`viterbi`", "boolean, counting, counting-float"]);
    // Beside a threshold to be chosen, another layer's annotation has to be one.
    refused(&["--theta", "4=auto(0.2)"], &["annotation `identity`", "`0`", "threshold"]);
    refused(&["--theta", "auto(1.5)"], &["`auto` takes a share above 0 and at most 1, not 1.5"]);
    refused(&["--theta", "auto"], &["`auto` takes one argument"]);
    // The layers of the embedded network are not those of VGG-16.
    place.refuses(&["--semiring", "boolean", "--theta", "paper-vgg"], &["features.{0,2,5,7,10,12}"]);
}

#[test]
fn pictures_for_papers_are_drawn_on_demand() {
    let place = Workplace::new();
    let explain = ["explain", "--input", "7", "--semiring", "real,viterbi", "--layers", "1,3", "--page", "none"];
    let look = ["--titled", "--overlay=0.7", "--formats", "svg,pdf", "--colours", "brown-teal,greys", "--clip", "0.99"];
    let rest = ["--same-scale", "input", "--layer-pictures", "3", "--out", "papers"];
    let run = place.run(&[&explain[..], &look, &rest].concat());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("drew 3 of 4 pictures of hidden layers"), "{}", run.stderr);
    let folder = place.path("papers");
    let pictures = ["real-digit_7", "viterbi-digit_7", "layer-1-real-digit_7", "layer-3-real-digit_7", "sheet"];
    for name in pictures {
        let pdf = std::fs::read(folder.join(format!("{name}.pdf"))).unwrap();
        assert!(pdf.starts_with(b"%PDF-1."), "{name}");
        let svg = std::fs::read_to_string(folder.join(format!("{name}.svg"))).unwrap();
        assert!(svg.contains("</text>") && svg.ends_with("</svg>\n"), "{name}");
    }
    assert_eq!(names(&folder).len(), 2 + 2 * (pictures.len() + 1), "{:?}", names(&folder));
    // What was written is known as the tool's, and replaced.
    place.succeed(&[&explain[..], &look, &rest].concat());
    place.write("papers/sheet.pdf", "%PDF-1.7 a user's");
    place.refuses_whole(&[&explain[..], &look, &rest].concat(), &["sheet.pdf"]);
}

#[test]
fn the_arithmetic_is_chosen_and_told() {
    let place = Workplace::new();
    let explain = ["explain", "--json", "--input", "7", "--semiring", "real"];
    assert_eq!(place.json(&explain)["arithmetic"], "winograd");
    assert_eq!(place.json(&[&explain[..], &["--arithmetic", "direct"]].concat())["arithmetic"], "direct");
    place.misuses(&["explain", "--arithmetic", "exact"], &["no arithmetic is named `exact`", "direct"]);
}

#[test]
fn looks_that_cannot_be_are_refused_before_anything_runs() {
    let place = Workplace::new();
    place.refuses_whole(&["explain", "--overlay=2"], &["opacity", "from 0 to 1", "2"]);
    place.refuses_whole(&["explain", "--clip", "0.3"], &["quantile", "0.3"]);
    place.misuses(&["explain", "--colours", "jet"], &["jet", "viridis"]);
    place.misuses(&["explain", "--formats", "gif"], &["gif", "pdf"]);
}

#[test]
fn explanations_start_at_hidden_layers_and_keep_to_conditions() {
    let place = Workplace::new();
    let seven = ["--input", "7", "--pictures", "0", "--semiring", "real,boolean,counting"];
    let relevance = |options: &[&'static str]| place.relevance(&[&seven[..], options].concat()).tensors();
    let whole = relevance(&[]);
    let (through, left) = (relevance(&["--through", "h1[102]"]), relevance(&["--remove", "h1[102]"]));
    let values = |all: &BTreeMap<String, Tensor>, semiring: &str| all[&format!("{semiring}/input")].values.clone();
    for semiring in ["real", "counting"] {
        let [whole, through, left] = [&whole, &through, &left].map(|all| values(all, semiring));
        assert!(through.iter().any(|value| *value != 0.0), "{semiring}");
        let largest = whole.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        for (whole, parts) in whole.iter().zip(through.iter().zip(&left).map(|(a, b)| a + b)) {
            assert!((whole - parts).abs() <= 1e-5 * largest, "{semiring}: {whole} {parts}");
        }
    }
    let json = place.json(&[&["explain", "--json", "--target", "1[*]", "--through", "h1[102]"][..], &seven].concat());
    assert_eq!(json["inputs"][0]["neurons"]["target"], "1[*]");
    assert_eq!(json["semirings"]["real"]["through"][0], "1[102]");
    // The neuron alone, or all of its layer and then it alone: the same.
    let alone = relevance(&["--target", "h1[102]"]);
    assert_eq!(alone, relevance(&["--target", "1[*]", "--through", "1[102]"]));
    assert!(values(&alone, "boolean").iter().sum::<f64>() > 0.0);
    let said = place.succeed(&[&["explain", "--target", "1[102]", "--input", "7", "--semiring", "real"][..]].concat());
    assert!(said.contains("target 1[102] (1 active neuron); the network's answer is 7"), "{said}");

    let explain = |options: &[&'static str]| [&["explain"][..], options].concat();
    place.refuses_whole(&explain(&["--target", "nowhere[3]"]), &["no output and no layer `nowhere`", "4"]);
    place.refuses_whole(&explain(&["--target", "1[300]"]), &["there are no neurons 1[300]", "[300]"]);
    place.refuses_whole(&explain(&["--target", "1[3]", "--through", "3[3]"]), &["`1`", "`3`", "in front of it"]);
    place.refuses_whole(&explain(&["--remove", "h1"]), &["`h1` names no neurons"]);
    place.refuses_whole(&["study", "perturb", "--target", "1[102]", "--out", "s"], &["1[102]", "name an output"]);
}
