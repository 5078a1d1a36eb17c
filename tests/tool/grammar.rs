//! One grammar for all verbs: inputs by number, folders, patterns, labels, targets by name, flags that not all semirings suit.

use crate::files::{digit, idx, png};
use crate::harness::{Workplace, golden, names};

/// A folder of digits, one a file, named by their order.
fn folder(place: &Workplace, name: &str, digits: &[usize]) {
    std::fs::create_dir_all(place.path(name)).unwrap();
    for (number, &class) in digits.iter().enumerate() {
        std::fs::write(place.path(name).join(format!("{number}.png")), png(28, &digit(class))).unwrap();
    }
}

/// A folder in MNIST's format.
fn mnist(place: &Workplace, name: &str, digits: &[usize], labels: &[u8]) {
    std::fs::create_dir_all(place.path(name)).unwrap();
    let pixels: Vec<u8> = digits.iter().flat_map(|&class| digit(class)).collect();
    let images = idx(&[digits.len() as u32, 28, 28], &pixels);
    std::fs::write(place.path(name).join("t10k-images-idx3-ubyte"), images).unwrap();
    std::fs::write(place.path(name).join("t10k-labels-idx1-ubyte"), idx(&[labels.len() as u32], labels)).unwrap();
}

fn tops(place: &Workplace, arguments: &[&str]) -> Vec<u64> {
    let report = place.json(&[&["explain", "--json", "-s", "boolean"][..], arguments].concat());
    report["inputs"].as_array().unwrap().iter().map(|input| input["top"].as_u64().unwrap()).collect()
}

#[test]
fn inputs_are_chosen_by_number_from_files_folders_and_patterns() {
    let place = Workplace::new();
    folder(&place, "in", &[7, 1, 4, 0]);
    mnist(&place, "set", &[3, 2, 8, 1], &[3, 2, 8, 7]);
    assert_eq!(tops(&place, &["in"]), [7, 1, 4, 0]);
    assert_eq!(tops(&place, &["in", "--limit", "2"]), [7, 1]);
    assert_eq!(tops(&place, &["in/[13].png"]), [1, 0]);
    assert_eq!(tops(&place, &["in", "set", "--input", "5,2-4"]), [2, 4, 0, 3]);
    assert_eq!(tops(&place, &["--input", "9", "--input", "3-4", "--limit", "2"]), [9, 3]);
    place.refuses(&["in", "--input", "4"], &["--input 4 is out of range: there are 4, from 0"]);
    place.refuses(&["in/*.jpg"], &["no file is named like that"]);
    place.misuses(&["explain", "--input", "4-2"], &["`4-2` is no input"]);
    let best = place.succeed(&["run", "in", "--input", "2", "--best", "1"]);
    assert!(best.lines().nth(1).unwrap().starts_with("2: 4 "), "{best}");
    let bench = place.json(&["bench", "--json", "--repeat", "1", "-s", "boolean", "set", "--limit", "3"]);
    assert_eq!(bench["inputs"], 3);
    // A circuit is of the first, if no other is named.
    let formula = |input: &[&str]| place.succeed(&[&["formula", "--output", "x[14,14]"], input].concat());
    assert_eq!(formula(&["in"]), formula(&["--input", "7"]));
    assert_eq!(formula(&["in", "--input", "2"]), formula(&["--input", "4"]));
}

#[test]
fn labels_are_targets_in_every_verb() {
    let place = Workplace::new();
    mnist(&place, "set", &[3, 2, 8], &[3, 2, 1]);
    let targets = |arguments: &[&str]| -> Vec<u64> {
        let report = place.json(&[&["explain", "--json", "-s", "boolean"][..], arguments].concat());
        let target = |input: &serde_json::Value| input["targets"][0]["output"].as_u64().unwrap();
        report["inputs"].as_array().unwrap().iter().map(target).collect()
    };
    assert_eq!(targets(&["set", "--target", "label"]), [3, 2, 1]);
    assert_eq!(targets(&["set", "--target", "label", "--input", "2,0"]), [1, 3]);
    place.write("labels.txt", "9\n8\n7\n");
    assert_eq!(targets(&["set", "--target", "label", "--labels", "labels.txt"]), [9, 8, 7]);
    assert_eq!(targets(&["--target", "label", "--input", "5-6"]), [5, 6]);
    // Targets for all inputs, or for those that are chosen.
    assert_eq!(targets(&["set", "--target", "4", "--target", "5", "--target", "6", "--input", "1"]), [5]);
    assert_eq!(targets(&["set", "--target", "4", "--target", "5", "--input", "1-2"]), [4, 5]);
    let run = place.succeed(&["run", "set", "--labels", "set/t10k-labels-idx1-ubyte"]);
    assert!(run.ends_with("the largest is the label in 2 of 3 inputs: 66.7 %\n"), "{run}");
    folder(&place, "in", &[7]);
    place.refuses(&["in", "--target", "label"], &["give a file of them with --labels"]);
    place.refuses(&["set", "--labels", "labels.txt", "--input", "0", "set"], &["3 labels for 6 inputs"]);
}

#[test]
fn targets_are_named_and_held_against_others() {
    let place = Workplace::new();
    let classes = ["zero", "one", "two", "three, drei", "four", "five", "six", "seven", "eight", "nine-tailed"];
    place.write("names.txt", classes.join("\n"));
    let named = |target: &str| {
        let all = ["explain", "--json", "-s", "real", "--input", "3", "--class-names", "names.txt", "--target", target];
        let report = place.json(&all);
        let targets = report["inputs"][0]["targets"].as_array().unwrap().clone();
        targets
            .iter()
            .map(|target| (target["output"].as_u64().unwrap(), target["sign"].as_f64().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(named("drei"), [(3, 1.0)]);
    assert_eq!(named("nine-tailed"), [(9, 1.0)]);
    assert_eq!(named("seven-nine-tailed"), [(7, 1.0), (9, -1.0)]);
    assert_eq!(named("top-eight"), [(3, 1.0), (8, -1.0)]);
    assert_eq!(named("top-second"), named("three, drei-second"));
    let rest = named("three, drei-rest");
    assert_eq!((rest.len(), rest[0]), (10, (3, 1.0)));
    assert!(rest[1..].iter().all(|(_, sign)| (sign + 1.0 / 9.0).abs() < 1e-6), "{rest:?}");
    place.refuses(
        &["--class-names", "names.txt", "--target", "thre"],
        &["no class is named `thre`: did you mean `three`?"],
    );
    let text = place.succeed(&["explain", "-q", "--input", "3", "--target", "3-rest"]);
    assert!(text.contains("against the mean of the 9 others"), "{text}");
}

#[test]
fn default_semirings_that_a_flag_does_not_suit_are_left_out() {
    let place = Workplace::new();
    let semirings = |arguments: &[&str]| -> (Vec<String>, String) {
        let run = place.run(&[&["explain", "--json", "--limit", "1"][..], arguments].concat());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        (report["semirings"].as_object().unwrap().keys().cloned().collect(), run.stderr)
    };
    for flag in [&["--composite", "epsilon-gamma-box"], &["--rule", "gamma"]] {
        let (kept, said) = semirings(flag);
        assert_eq!(kept, ["boolean", "bottleneck", "counting", "real"]);
        assert!(said.starts_with("left out viterbi: ") && said.lines().count() == 1, "{said}");
    }
    let (kept, said) = semirings(&["--theta", "0.05"]);
    assert_eq!(kept, ["boolean", "counting"]);
    assert!(said.starts_with("left out real, viterbi, bottleneck: annotation `identity` has no θ"), "{said}");
    let (_, said) = semirings(&["--theta", "0.05", "-q"]);
    assert_eq!(said, "");
    // Semirings that are named are meant, and what no semiring admits is an error.
    place.refuses(&["-s", "real,viterbi", "--rule", "gamma"], &["viterbi", "`--rule real:gamma`"]);
    place.refuses(&["--rule", "gama"], &["did you mean `gamma`"]);
    place.refuses(&["--target", "12"], &["target 12 is out of range"]);
    let perturb = ["study", "perturb", "--rule", "gamma", "--steps", "2", "--out", "study"];
    let score = ["study", "score", "--rule", "gamma", "--limit", "2", "--metric", "sparseness", "--out", "scores"];
    for study in [&perturb[..], &score] {
        let run = place.run(study);
        assert!(run.code == Some(0) && run.stderr.starts_with("left out viterbi: "), "{}", run.stderr);
        assert!(run.stdout.contains("boolean") && !run.stdout.contains("viterbi"), "{}", run.stdout);
    }
}

#[test]
fn quiet_is_one_line_an_input() {
    let place = Workplace::new();
    let run = place.run(&["explain", "-q", "--input", "1-3", "--out", "out"]);
    assert_eq!((run.stdout.lines().count(), &run.stderr[..]), (3, ""));
    assert!(run.stdout.starts_with("digit 1: target 1 (logit "), "{}", run.stdout);
}

#[test]
fn what_an_earlier_run_wrote_is_replaced_and_nothing_else() {
    let place = Workplace::new();
    let explain = |arguments: &[&str]| place.succeed(&[&["explain", "--out", "d"][..], arguments].concat());
    explain(&["-s", "boolean,real"]);
    place.write("d/notes.txt", "mine");
    place.write("d/mine.png", png(28, &digit(3)));
    explain(&["-s", "real", "--input", "3", "--page", "none"]);
    let expected =
        ["explanation.json", "mine.png", "notes.txt", "real-digit_3.png", "relevance.safetensors", "sheet.png"];
    assert_eq!(names(&place.path("d")), expected);

    for (number, name) in ["a.safetensors", "b.safetensors"].iter().enumerate() {
        place.succeed(&["compile", "--input", &number.to_string(), "-s", "boolean", "--out", name]);
    }
    place.succeed(&["evaluate", "a.safetensors", "b.safetensors", "--out", "e"]);
    let both = names(&place.path("e")).len();
    place.succeed(&["evaluate", "a.safetensors", "--out", "e"]);
    assert_eq!(names(&place.path("e")).len(), both - 1);
    assert!(names(&place.path("e")).contains(&"evaluation.json".to_string()));

    let study = |arguments: &[&str]| place.succeed(&[&["study", "mask", "--out", "m"][..], arguments].concat());
    study(&["-s", "boolean", "--quantile", "0.5"]);
    assert!(place.path("m/input-quantile-0.5.png").exists());
    study(&["-s", "boolean"]);
    assert!(!place.path("m/input-quantile-0.5.png").exists() && place.path("m/input-any.png").exists());
    place.write("f", "");
    place.refuses(&["--out", "f"], &["cannot write to the output folder f: it is a file"]);
}

#[test]
fn what_whoever_looks_should_know_is_said_once() {
    let place = Workplace::new();
    let said = |arguments: &[&str]| {
        let run = place.run(&[&["explain", "--pictures", "0"][..], arguments].concat());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stderr
    };
    let cnn = golden("mnist-cnn/model.onnx");
    let composite = ["--composite", "epsilon-gamma-box"];
    let boolean = said(&[&[&cnn[..], "-s", "boolean"][..], &composite].concat());
    assert!(
        boolean.contains("every pixel of 9 of 10 inputs is relevant: try --theta 'boolean:auto(0.05)'"),
        "{boolean}"
    );
    let chosen = ["-s", "boolean", "--theta", "boolean:auto(0.05)"];
    assert_eq!(said(&[&[&cnn[..]][..], &chosen, &composite].concat()), "");
    let none = said(&["-s", "boolean", "--theta", "0.9", "--limit", "1"]);
    assert!(none.contains("warning: boolean: nothing is relevant"), "{none}");
    // A stabiliser that is larger than all else takes everything.
    let lost = said(&["-s", "real", "--rule", "epsilon(1000)", "--limit", "1"]);
    assert!(lost.contains("of what the target starts with arrives at the input: layer `4` takes"), "{lost}");
    assert_eq!(said(&["-s", "real"]), "");
    let ledger = place.succeed(&["explain", "--pictures", "0", "--limit", "1", "-s", "real", "--ledger"]);
    assert!(ledger.contains("to stabiliser") && ledger.lines().count() == 9, "{ledger}");

    let photograph: Vec<u8> = (0..200 * 200).map(|pixel| (pixel % 251) as u8).collect();
    place.write("photograph.png", png(200, &photograph));
    let squeezed = said(&["photograph.png", "-s", "real"]);
    assert_eq!(squeezed, "warning: photograph.png of 200×200 is scaled to 28×28, in grey\n");
}

#[test]
fn preprocessing_has_names() {
    let place = Workplace::new();
    place.succeed(&["new", "alexnet", "--classes", "11", "--out", "alexnet.safetensors"]);
    let photograph: Vec<u8> = (0..300 * 300).map(|pixel| (pixel % 251) as u8).collect();
    place.write("photograph.png", png(300, &photograph));
    let explain = |arguments: &[&str]| {
        place.run(&[&["explain", "alexnet.safetensors", "photograph.png", "-s", "real"][..], arguments].concat())
    };
    let run = explain(&["--preprocess", "imagenet"]);
    assert!(run.stderr.contains("photograph.png of 300×300 is scaled to 256×256, of which the middle 224×224 is seen"));
    // The five largest of more than ten.
    let answers = run.stdout.lines().nth(1).unwrap();
    assert!(answers.starts_with("  answers: ") && answers.matches('%').count() == 5, "{answers}");
    let by_hand =
        explain(&["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225", "--scale-to", "256", "--json"]);
    let named = explain(&["--preprocess", "imagenet", "--json"]);
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let (by_hand, named) = (parsed(&by_hand.stdout), parsed(&named.stdout));
    assert_eq!((&by_hand["inputs"], &by_hand["preprocessing"]), (&named["inputs"], &named["preprocessing"]));
    place.refuses(&["digits", "0.456", "--mean", "0.485"], &["no file 0.456", "separated by commas"]);
}

#[test]
fn tensors_and_layers_have_the_names_of_frameworks() {
    let place = Workplace::new();
    for model in ["mnist-cnn/model.onnx", "mnist-cnn/model.safetensors"] {
        let architecture = golden("mnist-cnn/architecture.toml");
        let own: &[&str] = if model.ends_with("onnx") { &[] } else { &["--architecture", &architecture] };
        let relevance = place.relevance(&[&[&golden(model)[..], "-s", "boolean", "--limit", "1"], own].concat());
        assert!(relevance.tensors().contains_key("boolean/input"), "{model}");
    }
    let report = place.json(&["explain", "--json", "-s", "boolean", "--limit", "1", &golden("mnist-cnn/model.onnx")]);
    assert!(report["input_names"]["input"].is_string(), "{}", report["input_names"]);
    place.refuses(&["-s", "real", "--rule", "features.0=z-box", "--theta", "x"], &["x"]);
    place.refuses(
        &[&golden("mnist-cnn/model.onnx"), "-s", "real", "--rule", "node_max_pool=norm"],
        &["no layer is named `node_max_pool` (did you mean `node_max_pool2d`"],
    );
}

#[test]
fn outputs_of_circuits_have_all_their_indices_or_none_of_their_name() {
    let place = Workplace::new();
    let formula = |output: &str| place.succeed(&["formula", "--input", "7", "--output", output, "-s", "top-k(1)"]);
    let expected = formula("x[9,14]");
    for output in ["x[0,9,14]", "input[9,14]", "9,14", "0, 9, 14", "[9,14]"] {
        assert_eq!(formula(output), expected, "{output}");
    }
    place.refuses_whole(&["formula", "--output", "9,28"], &["no output is named `9,28`"]);
    let paths = place.succeed(&["ask", "paths", "--input", "7", "-k", "1"]);
    assert!(paths.trim_end().ends_with("other outputs are not relevant"), "{paths}");
    let weights: Vec<f64> = paths
        .lines()
        .filter(|line| line.starts_with("x["))
        .map(|line| line.split_whitespace().nth(1).unwrap().parse().unwrap())
        .collect();
    assert!(weights.len() > 50 && weights.is_sorted_by(|a, b| a >= b), "{paths}");
}

#[test]
fn circuits_that_are_none_are_told_from_models_and_texts() {
    let place = Workplace::new();
    place.write("c.sexpr", "(+ 1 2)");
    place.refuses_whole(&["evaluate", "c.sexpr"], &["a circuit as text", "`formula`"]);
    place.refuses_whole(&["evaluate", &golden("mnist-cnn/model.onnx")], &["is a model", "`compile`"]);
    place.refuses_whole(
        &["study", "prune", "--method", "activatoin", "--out", "p"],
        &["unknown method `activatoin`: did you mean `activation`?"],
    );
}

#[test]
fn folders_and_files_name_the_classes_of_masks() {
    let place = Workplace::new();
    for (class, digits) in [("zero", [0, 0]), ("one", [1, 1])] {
        folder(&place, &format!("in/{class}"), &digits);
    }
    let names: Vec<String> =
        ["zero", "one"].into_iter().map(str::to_string).chain((2..10).map(|n| format!("n{n}"))).collect();
    place.write("names.txt", names.join("\n"));
    let study = [
        "study",
        "mask",
        "in",
        "-s",
        "boolean",
        "--class-names",
        "names.txt",
        "--classes",
        "one",
        "--out",
        "m",
        "--json",
    ];
    let report = place.json(&study);
    assert_eq!((&report["inputs"][0]["name"], &report["inputs"][0]["inputs"]), (&"1 one".into(), &2.into()));
    place.refuses_whole(
        &["study", "mask", "in", "--class-names", "names.txt", "--classes", "onne", "--out", "n"],
        &["no class is named `onne`: did you mean `one`?"],
    );
    let run = place.run(&["study", "mask", "in", "-s", "boolean", "--out", "o"]);
    assert!(run.stderr.contains("warning: the folders one, zero are taken as classes 0 to 1"), "{}", run.stderr);
}

#[test]
fn shells_are_completed_and_a_manual_is_written() {
    let place = Workplace::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = place.succeed(&["completions", shell]);
        assert!(text.contains("kirchhoff") && text.contains("perturb"), "{shell}");
    }
    let page = place.succeed(&["man", "study", "mask"]);
    assert!(page.contains(".TH kirchhoff-study-mask 1") && page.contains("quantile"), "{page}");
    place.succeed(&["man", "--out", "man"]);
    let pages = names(&place.path("man"));
    for page in ["kirchhoff.1", "kirchhoff-explain.1", "kirchhoff-study-mask.1", "kirchhoff-ask-paths.1"] {
        assert!(pages.contains(&page.to_string()), "{pages:?}");
    }
    place.refuses_whole(&["man", "explin"], &["there is no `explin`", "explain"]);
    let help = place.succeed(&["help", "explain"]);
    for heading in ["\nInputs:\n", "\nModel:\n", "\nTarget, rules and Θ:\n", "\nGeneral:\n", "\nExamples:\n"] {
        assert!(help.contains(heading), "{help}");
    }
}
