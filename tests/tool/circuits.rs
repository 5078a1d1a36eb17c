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
        let is_picture = |name: &String| name.starts_with(&format!("{semiring}-")) && name.ends_with(".png");
        assert!(crate::harness::names(&place.path("evaluated")).iter().any(is_picture));
    }
}

#[test]
fn one_input_is_named_in_the_same_way_by_every_verb() {
    let place = Workplace::new();
    let all = place.relevance(&["--semiring", "real,counting", "--pictures", "0", "--target", "3"]);
    let one = place.relevance(&["--semiring", "real,counting", "--pictures", "0", "--target", "3", "--input", "7"]);
    for name in ["real/input", "counting/input"] {
        assert_eq!(one.tensor(name).values, all.tensor(name).values[7 * 784..8 * 784], "{name}");
    }
    let run = place.json(&["run", "--input", "7", "--json"]);
    assert_eq!(run["inputs"].as_array().unwrap().len(), 1);
    assert_eq!(run["inputs"][0], place.json(&["run", "--json"])["inputs"][7]);
    for verb in ["explain", "run", "bench"] {
        place.refuses_whole(&[verb, "--input", "10"], &["--input 10 is out of range: there are 10"]);
    }
    // What `compile` and `evaluate` give is what `explain` gives, or they say why not.
    for (semiring, word) in
        [("real", ""), ("counting", "takes `zero` by default"), ("boolean", "takes `zero` by default")]
    {
        place.succeed(&["compile", "--input", "7", "--target", "3", "--quiet", "--force", "--out", "c.safetensors"]);
        let evaluate =
            ["evaluate", "c.safetensors", "--semiring", semiring, "--pictures", "0", "--out", "e", "--force"];
        let run = place.run(&evaluate);
        assert_eq!(run.code, Some(0));
        assert_eq!(run.stderr.contains("note: c.safetensors has rule"), !word.is_empty(), "{}", run.stderr);
        assert!(run.stderr.contains(word), "{}", run.stderr);
        let own = [
            "compile",
            "--input",
            "7",
            "--target",
            "3",
            "--semiring",
            semiring,
            "--quiet",
            "--force",
            "--out",
            "c.safetensors",
        ];
        place.succeed(&own);
        let run = place.run(&evaluate);
        assert!(!run.stderr.contains("note:"), "{}", run.stderr);
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
    // It knows the Θ that it was pruned for, and holds under no other.
    let noted = place.json(&evaluate(&["--json"]))["semirings"]["boolean"]["outputs"].clone();
    assert_eq!(noted, relevant("small.safetensors")[0]);
    let other = ["--theta", "threshold(1e-9)", "--out", "results"];
    place.refuses_whole(&evaluate(&other), &["pruned", "threshold(0.05)", "threshold(1e-9)"]);
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
    place.refuses_whole(
        &compile(&["--input", "0", "--max-gates", "1000"]),
        &["takes up to", "no more than 1000", "raise --max-gates", "--layered"],
    );
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

#[test]
fn formulas_of_stored_circuits_are_those_of_the_model() {
    let place = Workplace::new();
    let question = ["--input", "7", "--quiet"];
    let pixel = ["--output", "x[9,14]"];
    let theta = ["--theta", "threshold(0.08)"];
    place.succeed(&[&["compile", "--out", "c.safetensors", "--rule", "zero"][..], &question].concat());
    place.succeed(
        &[&["compile", "--out", "w.safetensors", "--rule", "zero", "--symbolic", "edges"][..], &question].concat(),
    );
    place.succeed(&[&["compile", "--out", "why.safetensors", "--semiring", "why"][..], &theta, &question].concat());
    for options in [&["--semiring", "boolean"][..], &["--semiring", "real", "--start", "one"]] {
        let options = [&["formula"][..], options, &theta, &pixel].concat();
        let made = place.succeed(&[&options[..], &["--rule", "zero"], &question].concat());
        assert_eq!(place.succeed(&[&options[..], &["c.safetensors"]].concat()), made);
        let symbolic = ["--rule", "zero", "--symbolic", "edges"];
        let made = place.succeed(&[&options[..], &symbolic, &question].concat());
        assert_eq!(place.succeed(&[&options[..], &["w.safetensors"]].concat()), made);
    }
    // Variables beside contributions, whatever Θ, and in place of them, for one.
    let ask = |file: &str, more: &[&str]| place.succeed(&[&["formula", file][..], &pixel, more].concat());
    let why = "R(x[9,14]) = {{w4[70→7], w2[102→70], w0[9,14→102]}}\n";
    assert_eq!(ask("w.safetensors", &["--semiring", "why", "--theta", "threshold(0.08)"]), why);
    assert_eq!(ask("why.safetensors", &["--semiring", "why", "--theta", "threshold(0.08)"]), why);
    assert_eq!(ask("why.safetensors", &["--semiring", "why"]), why, "under the Θ that is noted");
    let other = ["formula", "why.safetensors", "--semiring", "why", "--theta", "threshold(1e-9)"];
    place.refuses_whole(&other, &["was pruned", "threshold(0.08)", "threshold(1e-9)"]);
    place.refuses_whole(&["formula", "why.safetensors", "--semiring", "real"], &["was pruned", "identity"]);
    let drawn = ["draw", "why.safetensors", "--quiet", "--out", "why.svg", "--semiring", "boolean"];
    place.succeed(&[&drawn[..], &theta].concat());
    let picture = std::fs::read_to_string(place.path("why.svg")).unwrap();
    assert!(picture.contains("w2[102→70]") && picture.contains(">R(x[9,14])<"), "{picture}");
    // The relevance of a symbolic circuit is that of the network, its variables being 1; simplified or not.
    let relevant = |file: &str| {
        let options = ["--json", "--semiring", "counting", "--theta", "threshold(0.08)"];
        let report = place.json(&[&["evaluate", file][..], &options].concat());
        report["semirings"]["counting"]["outputs"].clone()
    };
    place.succeed(&["simplify", "why.safetensors", "--quiet", "--for", "commutative", "--out", "s.safetensors"]);
    assert_eq!(relevant("w.safetensors"), relevant("c.safetensors"));
    assert_eq!(relevant("why.safetensors"), relevant("c.safetensors"));
    assert_eq!(relevant("s.safetensors"), relevant("c.safetensors"));
    place.succeed(&["simplify", "c.safetensors", "--quiet", "--for", "boolean", "--linear", "--out", "b.safetensors"]);
    let boolean = ["b.safetensors", "--semiring", "real"];
    for verb in ["formula", "evaluate"] {
        place.refuses_whole(&[&[verb][..], &boolean].concat(), &["was simplified for semirings with"]);
    }
}

#[test]
fn an_executed_network_is_evaluated_later() {
    let place = Workplace::new();
    let same = |circuit: &str, semirings: &str, explained: &[&str], options: &[&str]| {
        place
            .succeed(&[&["evaluate", circuit, "--quiet", "--semiring", semirings, "--out", "e"][..], options].concat());
        let evaluated = Relevance::read(place.path("e/relevance.safetensors"));
        let direct = place.relevance(&[explained, &["--semiring", semirings]].concat());
        // To the bit.
        assert!(evaluated == direct, "{semirings} {options:?}");
    };
    // The embedded network, all digits; then a model in a file of its own.
    let layered = ["compile", "--layered", "--quiet", "--out", "c.safetensors"];
    place.succeed(&[&layered[..], &["--semiring", "boolean", "--theta", "0.02", "--target", "7"]].concat());
    same("c.safetensors", "boolean", &["--theta", "0.02", "--target", "7"], &[]);
    same("c.safetensors", "counting,bottleneck", &["--target", "7"], &[]);
    let more = ["--target", "3", "--layers", "all", "--theta", "rank"];
    same("c.safetensors", "bottleneck", &more, &more);

    place.write(
        "m.safetensors",
        crate::files::perceptron(&[784, 12, 10], |layer, at| ((at * 7 + layer) % 13) as f32 - 6.0),
    );
    let rules = ["m.safetensors", "--rule", "max-abs"];
    place.succeed(&[&layered[..], &rules].concat());
    same("c.safetensors", "viterbi,tropical,fuzzy", &rules, &[]);
    place.refuses_whole(&["evaluate", "c.safetensors", "--target", "12"], &["target 12 is out of range"]);
    let view = place.json(&["inspect", "c.safetensors", "--json", "--verify"]);
    assert_eq!((&view["kind"], &view["inputs"]), (&json!("layered"), &json!(10)));
    assert_eq!(view["layers"][0]["range"], "[0, 1]");
    assert!(place.succeed(&["inspect", "c.safetensors"]).contains("max-abs"));
    let gates: [&[&str]; 4] = [
        &["formula", "c.safetensors"],
        &["ask", "removed", "c.safetensors", "--remove", "h1[0]"],
        &["simplify", "c.safetensors", "--out", "s.safetensors"],
        &["draw", "c.safetensors", "--out", "c.svg"],
    ];
    for about in gates {
        place.refuses_whole(about, &["c.safetensors is a layered circuit", "without --layered"]);
    }
    let model = golden("mnist-cnn/model.onnx");
    let values: Vec<f32> = (0..784).map(|pixel| if pixel % 7 < 3 { 0.5 } else { 0.0 }).collect();
    let input = place.write("x.npy", npy_floats(&[1, 28, 28], &values));
    for (rule, semirings) in [("zero", "boolean,counting"), ("max-abs", "viterbi"), ("epsilon", "real")] {
        let rules = [&model[..], input, "--rule", rule];
        place.succeed(&[&layered[..], &rules].concat());
        same("c.safetensors", semirings, &rules, &[]);
    }
    // Rules are those that it was compiled by.
    let zero = ["--rule", "zero", "m.safetensors"];
    place.succeed(&[&layered[..], &["--self-contained"], &zero].concat());
    place.refuses_whole(&["evaluate", "c.safetensors", "--semiring", "viterbi"], &["viterbi", "zero"]);
    std::fs::remove_file(place.path("m.safetensors")).unwrap();
    place.succeed(&["evaluate", "c.safetensors", "--semiring", "boolean"]);
    place.misuses(&["compile", "--layered", "--prune", "--out", "c.safetensors"], &["--prune"]);
    place.misuses(&["compile", "--self-contained", "--out", "c.safetensors"], &["--layered"]);
}

#[test]
fn a_model_that_was_changed_is_not_evaluated() {
    let place = Workplace::new();
    let perceptron = |scale: f32| crate::files::perceptron(&[784, 4, 3], move |_, at| (at % 5) as f32 * scale - 1.0);
    place.write("m.safetensors", perceptron(1.0));
    place.succeed(&["compile", "--layered", "--quiet", "--out", "c.safetensors", "m.safetensors"]);
    let view = place.json(&["inspect", "c.safetensors", "--json"]);
    let elsewhere = view["layers"].as_array().unwrap().iter().any(|layer| layer["weights_elsewhere"] == true);
    assert!(elsewhere, "{view}");
    place.write("m.safetensors", perceptron(2.0));
    place.refuses_whole(&["evaluate", "c.safetensors"], &["m.safetensors", "has checksum", "--self-contained"]);
    std::fs::remove_file(place.path("m.safetensors")).unwrap();
    place.refuses_whole(&["evaluate", "c.safetensors"], &["m.safetensors", "cannot be read"]);
}

#[test]
fn one_circuit_serves_all_inputs_of_its_network() {
    let place = Workplace::new();
    let compile = ["compile", "--quiet", "--leaves", "edges", "--semiring", "boolean", "--out", "network.safetensors"];
    place.succeed(&compile);
    let semirings = "boolean,counting,bottleneck";
    for target in ["top", "3,8"] {
        let evaluate = ["evaluate", "network.safetensors", "--quiet", "--semiring", semirings, "--target", target];
        place.succeed(&[&evaluate[..], &["--out", "evaluated", "--inputs"]].concat());
        let folded = Relevance::read(place.path("evaluated/relevance.safetensors"));
        let streamed = place.relevance(&["--semiring", semirings, "--rule", "zero", "--target", target]);
        for semiring in semirings.split(',') {
            let name = format!("{semiring}/input");
            let (got, expected) = (folded.tensor(&name), streamed.tensor(&name));
            assert_eq!((&got.shape, &got.values), (&expected.shape, &expected.values), "{semiring}");
            assert_eq!(got.shape[0], 10);
        }
    }
    // In little memory, input by input.
    let evaluate = ["evaluate", "network.safetensors", "--quiet", "--target", "3,8", "--memory", "3MiB"];
    place.succeed(&[&evaluate[..], &["--out", "little", "--inputs"]].concat());
    let [folded, little] =
        ["evaluated", "little"].map(|folder| Relevance::read(place.path(&format!("{folder}/relevance.safetensors"))));
    assert_eq!(little.tensor("boolean/input").values, folded.tensor("boolean/input").values);
    for option in [["--memory", "3MiB"], ["--mean", "0.5"]] {
        place.misuses(&[&["evaluate", "network.safetensors"], &option[..]].concat(), &["--inputs"]);
    }

    // On its own, it is the circuit of the first input.
    place.succeed(&["evaluate", "network.safetensors", "--quiet", "--semiring", "boolean", "--out", "own"]);
    let own = Relevance::read(place.path("own/relevance.safetensors"));
    let first = place.relevance(&["--semiring", "boolean"]);
    assert_eq!(own.tensor("boolean/input").values[..], first.tensor("boolean/input").values[..784]);

    place.succeed(&["new", "mlp-784-20-10", "--quiet", "--out", "other.safetensors"]);
    let input = place.write("x.npy", npy_floats(&[784], &[0.5; 784])).to_string();
    let other = ["evaluate", "network.safetensors", "--model", "other.safetensors", "--inputs", &input];
    place.refuses_whole(&other, &["another network"]);
    place.succeed(&["compile", "--quiet", "--input", "0", "--out", "one.safetensors"]);
    place.refuses_whole(&["evaluate", "one.safetensors", "--inputs"], &["--leaves edges"]);
    place.misuses(&["compile", "--leaves", "edges", "--prune", "--out", "two.safetensors"], &["--prune"]);
}
