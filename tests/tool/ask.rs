//! Questions that need a circuit.

use safetensors::Dtype;
use serde_json::{Value, json};

use crate::files::{little_endian, safetensors};
use crate::harness::{Relevance, Workplace, repository};

fn xor(name: &str) -> [String; 2] {
    ["safetensors", "npy"].map(|kind| repository(&format!("examples/xor/{name}.{kind}")).display().to_string())
}

/// The probability that some of the sets stays whole, over all worlds.
fn probability(sets: &Value, drop: f64) -> f64 {
    let sets: Vec<Vec<&str>> = sets
        .as_array()
        .unwrap()
        .iter()
        .map(|set| set.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect())
        .collect();
    let mut names: Vec<&str> = sets.concat();
    names.sort_unstable();
    names.dedup();
    let chance = |world: u32| {
        let there = |name: &str| world >> names.iter().position(|known| *known == name).unwrap() & 1 == 1;
        let stays = sets.iter().any(|set| set.iter().all(|name| there(name)));
        let ones = world.count_ones() as i32;
        if stays { (1.0 - drop).powi(ones) * drop.powi(names.len() as i32 - ones) } else { 0.0 }
    };
    (0..1u32 << names.len()).map(chance).sum()
}

#[test]
fn the_answers_about_a_pixel_agree_with_one_another() {
    let place = Workplace::new();
    let about = ["--input", "7", "--theta", "0.06", "--output", "x[9,14]", "--json"];
    let witnesses = place.json(&[&["ask", "witnesses"][..], &about].concat());
    let output = &witnesses["outputs"][0];
    assert_eq!((&witnesses["of"], &output["name"]), (&json!("neurons"), &json!("x[9,14]")));
    let sets = output["sets"].as_array().unwrap();
    assert!(sets.len() > 1 && sets.len() < 20, "{output}");
    assert!(sets.iter().all(|set| set[0].as_str().unwrap().starts_with("h3[")), "{output}");

    let ask = |options: &[&str]| place.json(&[&["ask", "probability", "--drop", "0.3"][..], &about, options].concat());
    let exact = ask(&["--method", "exact"]);
    assert_eq!(exact["method"], json!({ "name": "exact" }));
    let expected = probability(&output["sets"], 0.3);
    let found = exact["outputs"][0]["probability"].as_f64().unwrap();
    assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    let sampled = ask(&["--method", "sample", "--error", "0.01", "--seed", "5"]);
    let estimate = &sampled["outputs"][0];
    let number = |key: &str| estimate[key].as_f64().unwrap();
    assert!(number("low") <= expected && expected <= number("high") && number("high") - number("low") <= 0.02);
    assert_eq!((&sampled["method"]["seed"], &sampled["method"]["reached"]), (&json!(5), &json!(true)));

    // What is dropped for sure is gone; what is never dropped stays.
    for (drop, left) in [("0", 1.0), ("1", 0.0)] {
        let whole = place.json(&[&["ask", "probability", "--edges", "--drop", drop][..], &about].concat());
        assert_eq!(whole["outputs"][0]["probability"], json!(left));
    }
}

#[test]
fn paths_are_those_of_the_formula() {
    let place = Workplace::new();
    let about = ["--input", "7", "--output", "x[9,14]"];
    let paths = place.json(&[&["ask", "paths", "-k", "2", "--json"][..], &about].concat());
    let formula = place.json(&[&["formula", "--top", "2", "--format", "json"][..], &about].concat());
    let name = |path: &Value| {
        let edges = path["edges"].as_array().unwrap();
        let names: Vec<&str> = edges.iter().map(|edge| edge["name"].as_str().unwrap()).collect();
        names.join("·")
    };
    let found: Vec<String> = paths["outputs"][0]["paths"].as_array().unwrap().iter().map(name).collect();
    let text = formula["outputs"][0]["value"].as_str().unwrap();
    assert!(found.len() == 2 && found.iter().all(|path| text.contains(path)), "{found:?} {text}");
    let table = place.succeed(&[&["ask", "paths"][..], &about].concat());
    assert!(table.contains("w4[12→7] 1 · w2[102→12] 1 · w0[9,14→102] 1") && table.lines().count() == 4, "{table}");
}

#[test]
fn what_is_beyond_another_target_is_asked_of_sets_and_not_of_paths() {
    let place = Workplace::new();
    let about = ["--input", "7", "--output", "x[9,14]", "--theta", "0.06"];
    let refused = [&["ask", "paths", "--target", "7-3"][..], &about[..4]].concat();
    place.refuses_whole(&refused, &["`start[3]` counts against the target", "each target alone"]);
    place.refuses_whole(&[&refused[..], &["-k", "1"]].concat(), &["no difference of best paths"]);
    let formula = |target: &str, semiring: &str| -> String {
        let own = ["formula", "--symbolic", "hidden", "--semiring", semiring, "--target", target];
        place.succeed(&[&own[..], &about].concat())
    };
    let sets = |text: &str| -> std::collections::BTreeSet<String> {
        let list = text.trim().trim_start_matches("R(x[9,14]) = ").trim_matches(|c| c == '{' || c == '}');
        list.split("}, {").filter(|set| !set.is_empty() && *set != "∅").map(str::to_string).collect()
    };
    let [contrast, own, other] = ["7-4", "7", "4"].map(|target| sets(&formula(target, "why")));
    assert_eq!(contrast, own.difference(&other).cloned().collect());
    assert!(!contrast.is_empty(), "{own:?} {other:?}");
}

#[test]
fn small_networks_are_answered_in_words() {
    let place = Workplace::new();
    let [model, inputs] = xor("useless");
    let about = [&model, &inputs, "--input", "4", "--theta", "threshold-abs(1e-9)"];
    let ask = |options: &[&'static str]| place.succeed(&[&["ask"][..], options, &about].concat());
    assert_eq!(
        ask(&["witnesses"]),
        "x[0]: 2 minimal sets of neurons\n  h1[0]\n  h1[2]\n\
         x[1]: 2 minimal sets of neurons\n  h1[0]\n  h1[2]\nx[2]: not relevant\n"
    );
    assert_eq!(
        ask(&["witnesses", "--together", "--output", "x[0]", "--output", "x[1]", "--most", "1"]),
        "x[0], x[1]: 2 minimal sets of neurons\n  h1[0]\n  and 1 more\n"
    );
    for layer in ["2", "h2"] {
        let witnesses = ask(&["witnesses", "--neurons", layer, "--output", "0"]);
        assert_eq!(witnesses, "x[0]: 1 minimal set of neurons\n  h2[1]\n");
    }
    let text = ask(&["probability", "--drop", "0.5", "--quiet"]);
    assert!(text.contains("x[0]    0.750000") && text.contains("x[2]    0.000000"), "{text}");
    assert!(text.contains("exact, by decision diagrams"), "{text}");
    // A circuit with variables of its own.
    place.write("c.sexpr", r#"(circuit (output "x" (2) (* "a" (+ "b" "c")) 1))"#);
    assert_eq!(
        place.succeed(&["ask", "witnesses", "c.sexpr", "--edges"]),
        "x[0]: 2 minimal sets of edges\n  a b\n  a c\nx[1]: relevant without any of the edges\n"
    );
    let sampled = place.succeed(&["ask", "probability", "c.sexpr", "--drop", "0.5", "--method", "sample"]);
    assert!(sampled.contains("random worlds, seed 0") && sampled.contains("95 % interval"), "{sampled}");
}

#[test]
fn what_is_left_without_neurons_or_edges() {
    let place = Workplace::new();
    let [model, inputs] = xor("xor");
    let ask = |options: &[&'static str]| {
        let about = ["ask", "removed", &model, &inputs, "--input", "1", "--json"];
        place.json(&[&about[..], options].concat())
    };
    // One of the two ways of the tutorial's formula.
    let report = ask(&["--remove", "h1[0]", "--semiring", "real,boolean"]);
    assert_eq!(report["removed"], json!(["h1[0]"]));
    let real = &report["semirings"]["real"];
    let close = |value: &Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-5;
    assert!(close(&real["outputs"][0]["before"], 3.28125) && close(&real["outputs"][1]["before"], 1.875), "{real}");
    let by_hand = [-3.4999857, 3.9999838].map(|d| d * 3.4375 * -0.05454544);
    assert!(close(&real["outputs"][0]["after"], by_hand[0]) && close(&real["outputs"][1]["after"], by_hand[1]));
    assert!(close(&real["together"]["after"], by_hand[0] + by_hand[1]), "{real}");
    // No positive contributions lead around it.
    let boolean = &report["semirings"]["boolean"];
    assert_eq!(boolean["relevant"], json!({ "before": 2, "after": 0 }));
    assert_eq!(boolean["no_longer_relevant"], json!(["x[0]", "x[1]"]));
    assert_eq!(ask(&["--remove", "1[*]", "--semiring", "real"])["semirings"]["real"]["together"]["after"], 0.0);

    // Without the edge, in either way of writing it, one input is left.
    for name in ["w0[0→0]", "w0[0->0]"] {
        let boolean = &ask(&["--remove", name, "--semiring", "boolean"])["semirings"]["boolean"];
        assert_eq!(boolean["no_longer_relevant"], json!(["x[0]"]));
    }
    let text = place.succeed(&["ask", "removed", &model, &inputs, "--input", "1", "--remove", "h1[0]"]);
    assert!(text.lines().count() == 6 && text.contains("no longer relevant"), "{text}");
    assert!(text.contains("boolean     2         0     1         0           x[0] x[1]"), "{text}");
    // Whoever removes nothing that matters loses nothing, whatever 0 is.
    let same = ask(&["--remove", "h1[1]", "--semiring", "tropical,counting"]);
    assert_eq!(same["semirings"]["counting"]["no_longer_relevant"], json!([]));
    let tropical = &ask(&["--remove", "h1[*]", "--semiring", "tropical"])["semirings"]["tropical"];
    assert_eq!((&tropical["together"]["after"], &tropical["relevant"]["after"]), (&json!("inf"), &json!(0)));
}

#[test]
fn stored_circuits_lose_what_models_lose() {
    let place = Workplace::new();
    let [model, inputs] = xor("useless");
    let digits: [&[&str]; 3] =
        [&["digits", "--input", "7"], &["--theta", "0.02"], &["--output", "x[9,14]", "--output", "0"]];
    let xor: [&[&str]; 3] = [&[&model, &inputs, "--input", "4"], &[], &[]];
    let cases = [
        (&xor, "neurons=1", "h1[0],h1[2]", "real"),
        (&xor, "neurons", "h1[*]", "tropical"),
        (&xor, "edges", "w0[0→0],w2[0->1]", "boolean"),
        (&xor, "hidden", "1[*]", "counting"),
        (&digits, "neurons=h1,3", "h1[102]", "boolean"),
        (&digits, "edges", "w2[102→12]", "counting"),
    ];
    let ask = |made: &[&str], options: &[&[&str]], names: &str, semiring: &str| {
        let about = ["ask", "removed", "--remove", names, "--semiring", semiring, "--json"];
        place.json(&[&about, made, &options.concat()].concat())
    };
    for ([made, theta, outputs], symbolic, names, semiring) in cases {
        let options = ["--semiring", semiring, "--symbolic", symbolic, "--out", "c.safetensors"];
        let expected = ask(made, &[theta, outputs], names, semiring);
        for prune in [&[][..], &["--prune"]] {
            place.succeed(&[&["compile"], *made, theta, &options, prune].concat());
            let found = ask(&["c.safetensors"], &[theta, outputs], names, semiring);
            assert_eq!(found["semirings"], expected["semirings"], "{symbolic} {names} {prune:?}");
            // Neurons that relevance does not reach are not there.
            let gone = |report: &Value| report["removed"].as_array().unwrap().len();
            assert!(gone(&found) == gone(&expected) || names.contains('*') && !prune.is_empty(), "{found}");
        }
    }
    let unreached = ["ask", "removed", "c.safetensors", "--remove", "w2[3→12]"];
    place.refuses_whole(&unreached, &["no variable `w2[3→12]`", "does not reach", "it has w2["]);
    // What is dropped are its variables.
    let dropped = ["ask", "probability", "c.safetensors", "--theta", "0.02", "--output", "x[9,14]", "--drop", "0.5"];
    assert!(place.succeed(&dropped).contains("edges dropped with probability 0.5"));
    // What the circuit's rule and pruning do not admit is not asked by default.
    let default = ["ask", "removed", "c.safetensors", "--remove", "w2[102→12]", "--output", "x[9,14]", "--json"];
    let report = place.json(&[&default[..], &["--theta", "0.02"]].concat());
    let asked: Vec<&String> = report["semirings"].as_object().unwrap().keys().collect();
    assert_eq!(asked, ["boolean", "counting"]);
    // Without another, Θ is the one that the circuit was pruned for, in that semiring.
    let report = place.json(&default);
    let noted: Vec<&String> = report["semirings"].as_object().unwrap().keys().collect();
    assert_eq!(noted, ["counting"]);
    // One circuit, several semirings; and a formula by hand.
    place.write("c.sexpr", r#"(circuit (output "x" (2) (* "a" (+ "b" "c")) "d"))"#);
    let report = ask(&["c.sexpr"], &[], "b,d", "counting,boolean");
    let values = |semiring: &str| report["semirings"][semiring]["outputs"].clone();
    let output = |name: &str, before: f64, after: f64| json!({ "name": name, "before": before, "after": after });
    assert_eq!(values("counting"), json!([output("x[0]", 2.0, 1.0), output("x[1]", 1.0, 0.0)]));
    assert_eq!(values("boolean"), json!([output("x[0]", 1.0, 1.0), output("x[1]", 1.0, 0.0)]));
}

#[test]
fn what_cannot_be_answered_is_refused() {
    let place = Workplace::new();
    let remove = |name: &'static str| ["ask", "removed", "--input", "7", "--remove", name];
    place.refuses_whole(&remove("h1[300]"), &["no neuron `h1[300]`", "h1[299]"]);
    place.refuses_whole(&remove("h7[1]"), &["`h7[1]`", "h0, h1, h2, h3, h4"]);
    place.refuses_whole(&remove("h1"), &["write `h1[17]`"]);
    place.refuses_whole(&remove("h1[3],w2[17→4]"), &["either in one go"]);
    place.refuses_whole(&remove("w9[17→4]"), &["`w9[17→4]`"]);
    place.refuses_whole(&["ask", "removed", "--input", "11", "--remove", "h1[3]"], &["--input 11 is out of range"]);
    place.refuses_whole(&["ask", "removed", "c.sexpr", "--remove", "h1[3]"], &["cannot read c.sexpr"]);
    place.write("c.sexpr", r#"(circuit (output "x" (1) (* "a" (+ "b" "c"))))"#);
    place
        .refuses_whole(&["ask", "removed", "c.sexpr", "--remove", "h1[3]"], &["no variable `h1[3]`", "it has a, b, c"]);
    place.refuses_whole(&["ask", "removed", "c.sexpr", "--remove", "a", "--rule", "zero"], &["--composite, --rule"]);
    place.refuses_whole(&["ask", "removed", "c.sexpr", "--remove", "a", "--semiring", "mini"], &["`mini`"]);
    place.write("none.sexpr", r#"(circuit (output "x" (1) (+ 1 1)))"#);
    place.refuses_whole(&["ask", "removed", "none.sexpr", "--remove", "a"], &["has no variables", "--symbolic"]);
    place.misuses(&["ask", "removed"], &["--remove"]);
    let about = |question: &'static str, options: &[&'static str]| {
        [&["ask", question, "--input", "7", "--output", "x[9,14]"][..], options].concat()
    };
    place.refuses_whole(&about("witnesses", &["--limit", "100"]), &["x[9,14]", "limit of 100 terms", "`top-k`"]);
    place.refuses_whole(&about("witnesses", &["--neurons", "9"]), &["no layer is named `9`"]);
    place.refuses_whole(&about("witnesses", &["--target", "3-8"]), &["`start[8]`", "from 1"]);
    let exact = ["--drop", "0.1", "--method", "exact", "--max-nodes", "1000"];
    place.refuses_whole(&about("probability", &exact), &["more than 1000 nodes", "--method sample", "--theta"]);
    for question in [&["models"][..], &["world", "--drop", "0.1"]] {
        let options = [&question[1..], &["--theta", "0.001", "--max-nodes", "1000"]].concat();
        place.refuses_whole(&about(question[0], &options), &["more than 1000 nodes", "--theta", "--max-nodes"]);
    }
    place.refuses_whole(&about("paths", &["--rule", "zero"]), &["identity"]);
    place.refuses_whole(&["ask", "paths", "--output", "y[3]"], &["y[3]"]);
    place.misuses(&about("probability", &[]), &["--drop"]);
    for drop in ["1.5", "h1=-1", "h1[102]=nan", "h9=0.5", "h1[400]=0.5", "start[7]=0.5", "x", "nothing.json"] {
        place.refuses_whole(
            &about("probability", &["--theta", "0.06", "--drop", drop]),
            &[drop.split('=').next().unwrap()],
        );
    }
    place.refuses_whole(&about("probability", &["--drop", "1.5"]), &["a probability between 0 and 1"]);
    place.misuses(&about("probability", &["--drop", "0.1", "--expected", "--together"]), &["cannot be used with"]);
    place.misuses(&about("probability", &["--drop", "0.1", "--error", "0"]), &["between 0 and 1"]);
    place.misuses(&about("witnesses", &["--edges", "--neurons", "1"]), &["cannot be used with"]);
    let run = place.run(&about("probability", &["--drop", "0.5", "--max-worlds", "512", "--error", "1e-3"]));
    assert!(run.code == Some(0) && run.stderr.contains("raise --max-worlds or --error"), "{}", run.stderr);
}

/// A circuit of the embedded seven.
fn seven(place: &Workplace, name: &str, options: &[&str]) {
    place.succeed(&[&["compile", "--input", "7", "--quiet", "--out", name][..], options].concat());
}

#[test]
fn a_circuit_with_a_leaf_for_each_edge_is_asked_from_its_target_alone() {
    let place = Workplace::new();
    seven(&place, "one.safetensors", &["--symbolic", "hidden"]);
    seven(&place, "edges.safetensors", &["--symbolic", "hidden", "--leaves", "edges"]);
    let about = ["--output", "x[9,14]", "--json"];
    let ask = |circuit: &'static str, options: &[&'static str]| {
        place.json(&[&["ask", options[0], circuit][..], &options[1..], &about].concat())["outputs"].clone()
    };
    for options in [&["probability", "--theta", "0.06", "--drop", "0.3"][..], &["witnesses", "--theta", "0.08"]] {
        assert_eq!(ask("edges.safetensors", options), ask("one.safetensors", options), "{options:?}");
    }
    // Another target is that of the circuit which was compiled for it.
    seven(&place, "three.safetensors", &["--symbolic", "hidden", "--target", "3"]);
    let three = ["probability", "--theta", "0.02", "--drop", "0.3"];
    let retargeted = ["probability", "--theta", "0.02", "--drop", "0.3", "--target", "3"];
    assert_eq!(ask("edges.safetensors", &retargeted), ask("three.safetensors", &three));
    let other = ["ask", "witnesses", "one.safetensors", "--target", "3", "--output", "x[9,14]"];
    place.refuses_whole(&other, &["--target", "--leaves edges"]);
}

#[test]
fn stored_circuits_are_asked_about_some_of_their_variables() {
    let place = Workplace::new();
    seven(&place, "c.safetensors", &["--symbolic", "hidden"]);
    let about = ["--theta", "0.06", "--neurons", "1", "--output", "x[9,14]", "--json"];
    let model = place.json(&[&["ask", "witnesses", "--input", "7"][..], &about].concat());
    assert_eq!(place.json(&[&["ask", "witnesses", "c.safetensors"][..], &about].concat()), model);
    let ask =
        |options: &[&'static str]| [&["ask", "witnesses", "c.safetensors", "--theta", "0.06"][..], options].concat();
    place.refuses_whole(&ask(&["--edges"]), &["--edges means no variable of c.safetensors"]);
    place.refuses_whole(&ask(&["--neurons", "9"]), &["--neurons means no variable", "h3[0]"]);
    seven(&place, "plain.safetensors", &["--rule", "max-abs"]);
    for question in [&["witnesses"][..], &["paths"], &["probability", "--drop", "0.5"], &["importance"]] {
        let options = [&["ask"], question, &["plain.safetensors"]].concat();
        place.refuses_whole(&options, &["has no variables", "--symbolic"]);
    }
}

#[test]
fn a_pruned_circuit_knows_its_annotation() {
    let place = Workplace::new();
    seven(&place, "c.safetensors", &["--semiring", "boolean", "--theta", "0.08", "--prune", "--symbolic", "hidden"]);
    assert!(place.succeed(&["inspect", "c.safetensors"]).contains("pruned for boolean, Θ = threshold(0.08)\n"));
    let outputs = |options: &[&'static str]| {
        let report = place.json(&[&["evaluate", "c.safetensors", "--json"][..], options].concat());
        report["semirings"]["boolean"]["outputs"].clone()
    };
    assert_eq!(outputs(&[]), outputs(&["--theta", "0.08"]));
    place.refuses_whole(
        &["evaluate", "c.safetensors", "--semiring", "counting"],
        &["was pruned for semiring `boolean`"],
    );
    assert_eq!(
        place.succeed(&["ask", "witnesses", "c.safetensors", "--output", "x[9,14]"]),
        "x[9,14]: 1 minimal set of neurons\n  h3[70] h1[102]\n"
    );
}

#[test]
fn importance_and_joint_probabilities_are_those_of_small_formulas() {
    let place = Workplace::new();
    place.write("c.sexpr", r#"(circuit (output "x" (2) (* "a" (+ "b" "c")) "b"))"#);
    let importance = |options: &[&'static str]| {
        let about = ["ask", "importance", "c.sexpr", "--output", "x[0]", "--json"];
        let report = place.json(&[&about[..], options].concat());
        let variables = report["outputs"][0]["variables"].as_array().unwrap().clone();
        variables.iter().map(|variable| variable["importance"].as_f64().unwrap()).collect::<Vec<f64>>()
    };
    let close = |found: &[f64], expected: &[f64], error: f64| {
        let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() <= error);
        assert!(found.len() == expected.len() && near, "{found:?} {expected:?}");
    };
    close(&importance(&[]), &[4.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0], 1e-12);
    close(&importance(&["--measure", "banzhaf"]), &[0.75, 0.25, 0.25], 1e-12);
    // Of a: b ∨ c; of b: a without c.
    close(&importance(&["--measure", "birnbaum", "--drop", "0.1"]), &[0.99, 0.09, 0.09], 1e-12);
    close(&importance(&["--method", "sample", "--error", "0.01"]), &[4.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0], 0.03);
    let drop = ["ask", "importance", "c.sexpr", "--drop", "0.1"];
    place.refuses_whole(&drop, &["--drop is for --measure birnbaum"]);

    let probability = |options: &[&'static str]| {
        let about = ["ask", "probability", "c.sexpr", "--drop", "0.5", "--json"];
        let report = place.json(&[&about[..], options].concat());
        let outputs = report["outputs"].as_array().unwrap().clone();
        outputs.iter().map(|output| output["probability"].as_f64().unwrap()).collect::<Vec<f64>>()
    };
    close(&probability(&[]), &[0.375, 0.5], 1e-12);
    close(&probability(&["--together"]), &[0.25], 1e-12);
    close(&probability(&["--output", "x[0]", "--given", "x[1]"]), &[0.5], 1e-12);
    close(&probability(&["--output", "x[1]", "--given", "x[0]"]), &[0.25 / 0.375], 1e-12);
    close(&probability(&["--together", "--method", "sample", "--error", "0.01"]), &[0.25], 0.03);
    let sampled = ["--output", "x[0]", "--given", "x[1]", "--method", "sample", "--error", "0.01"];
    close(&probability(&sampled), &[0.5], 0.03);
    place.misuses(&["ask", "probability", "c.sexpr", "--drop", "0.5", "--given", "x[1]"], &["--output"]);
}

#[test]
fn what_is_known_of_variables_comes_from_elsewhere() {
    let place = Workplace::new();
    place.write("c.sexpr", r#"(circuit (output "x" (2) (* "h1[0]" (+ "h3[0]" "h3[1]")) "h3[0]"))"#);
    let kept = [0.5, 0.75, 0.875];
    let both = kept[0] * (1.0 - (1.0 - kept[1]) * (1.0 - kept[2]));
    place.write("drop.json", r#"{"h1[0]": 0.5, "h3[0]": 0.25, "h3[1]": 0.125}"#);
    place.write("drop.csv", "name,drop\nh1[0],0.5\n\"h3[0]\",0.25\nh3[1],0.125\nh7[3],1\n");
    let tensors = [("1", &[1usize, 1][..], little_endian(&[0.5])), ("real/h3", &[2], little_endian(&[0.25, 0.125]))];
    place.write("drop.safetensors", safetensors(Dtype::F32, &tensors));
    for drop in
        ["h1=0.5,h3[0]=0.25,h3[1]=0.125", "0.125,h1[*]=0.5,h3[0]=0.25", "drop.json", "drop.csv", "drop.safetensors"]
    {
        let report = place.json(&["ask", "probability", "c.sexpr", "--drop", drop, "--json"]);
        let found: Vec<f64> = report["outputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|output| output["probability"].as_f64().unwrap())
            .collect();
        assert!((found[0] - both).abs() < 1e-9 && (found[1] - kept[1]).abs() < 1e-9, "{drop}: {found:?}");
        assert_eq!(report["drop"], json!(drop));
        let expected = ["ask", "probability", "c.sexpr", "--drop", drop, "--expected", "--json"];
        let mean = place.json(&expected)["outputs"][0]["expected"].as_f64().unwrap();
        assert!((mean - both - kept[1]).abs() < 1e-9, "{drop}: {mean}");
        let birnbaum =
            ["ask", "importance", "c.sexpr", "--measure", "birnbaum", "--drop", drop, "--output", "x[0]", "--json"];
        let first = &place.json(&birnbaum)["outputs"][0]["variables"][0];
        assert!((first["importance"].as_f64().unwrap() - both / kept[0]).abs() < 1e-9, "{first}");
    }
    // What a file does not name stays; another file's variables are not taken for these.
    let report = place.json(&["ask", "probability", "c.sexpr", "--drop", "h3[1]=1,h3[0]=1", "--json"]);
    assert_eq!(report["outputs"][0]["probability"], json!(0.0));
    place.write("other.csv", "h9[0],0.5\n");
    place.refuses_whole(
        &["ask", "probability", "c.sexpr", "--drop", "other.csv"],
        &["other.csv", "h1[0], h3[0], h3[1]"],
    );
    place.write("wrong.csv", "h1[0],0.5\nh3[0]\n");
    place.refuses_whole(&["ask", "probability", "c.sexpr", "--drop", "wrong.csv"], &["wrong.csv", "line 2"]);
}

#[test]
fn models_of_formulas_are_counted_wherever_they_come_from() {
    let place = Workplace::new();
    place.write("c.sexpr", r#"(circuit (variables "a" "b" "c") (output "x" () (* "a" (+ "b" "c"))))"#);
    let count = |options: &[&'static str]| {
        let report = place.json(&[&["ask", "models"][..], options, &["--json"]].concat());
        (report["outputs"][0]["models"].clone(), report["outputs"][0]["variables"].clone())
    };
    assert_eq!(count(&["c.sexpr"]), (json!("3"), json!(3)));
    let written = ["formula", "c.sexpr", "--semiring", "boolean", "--format", "ddnnf", "--out", "c.nnf", "--quiet"];
    place.succeed(&written);
    assert_eq!(count(&["c.nnf"]), (json!("3"), json!(3)));
    place.succeed(&["formula", "c.sexpr", "--semiring", "boolean", "--format", "d4", "--out", "c.d4", "--quiet"]);
    assert_eq!(count(&["c.d4"]), (json!("3"), json!(3)));
    // An SDD's disjuncts exclude each other by their primes, which are no literals: a ∧ b, and a ∧ b ∧ … negated.
    place.write("sdd.nnf", "nnf 9 9 2\nL 1\nL 2\nL -1\nL -2\nA 2 0 1\nA 2 0 3\nO 0 2 2 5\nO 0 2 4 6\nA 1 7\n");
    place.refuses_whole(&["ask", "models", "sdd.nnf"], &["sdd.nnf", "nothing shows", "trust"]);
    assert_eq!(count(&["sdd.nnf", "--trusted"]), (json!("4"), json!(2)));
    place.write("wrong.nnf", "nnf 1 0 1\nL 2\n");
    place.refuses_whole(&["ask", "models", "wrong.nnf"], &["wrong.nnf", "line 2"]);
}

#[test]
fn derivatives_are_written_in_the_order_of_leaves() {
    let place = Workplace::new();
    seven(&place, "c.safetensors", &["--symbolic", "hidden"]);
    let whole = place.json(&["ask", "gradient", "c.safetensors", "--out", "g.safetensors", "--json"]);
    let tensors = Relevance::read(place.path("g.safetensors")).tensors();
    let circuit = Relevance::read(place.path("c.safetensors")).tensors();
    let d = &circuit["contributions"].values;
    let (by_d, by_variable) = (&tensors["contributions"].values, &tensors["variables"].values);
    assert_eq!((by_d.len(), by_variable.len()), (d.len(), circuit["variable_ends"].values.len()));
    // Every path takes one contribution of each of the three layers: by Euler's theorem they add up to three times the sum.
    let sum = whole["sum"].as_f64().unwrap();
    let through: f64 = d.iter().zip(by_d).map(|(d, by)| d * by).sum();
    assert!((through - 3.0 * sum).abs() < 1e-2 * sum.abs(), "{through} {sum}");
    let outputs: f64 = tensors["outputs"].values.iter().sum();
    assert!((outputs - sum).abs() < 1e-4 * sum.abs());
    // What goes through a neuron is what is lost without it.
    let first = &whole["variables"][0];
    let name = first["by"].as_str().unwrap();
    let left = place.json(&["ask", "removed", "c.safetensors", "--remove", name, "--semiring", "real", "--json"]);
    let together = &left["semirings"]["real"]["together"];
    let lost = together["before"].as_f64().unwrap() - together["after"].as_f64().unwrap();
    assert!((lost - first["derivative"].as_f64().unwrap()).abs() < 1e-3 * lost.abs(), "{lost} {first}");
    let model = place.succeed(&["ask", "gradient", "--input", "7", "--output", "x[9,14]", "--symbolic", "edges"]);
    assert!(model.starts_with("the relevance of 1 output is") && model.contains("w0[9,14→102]"), "{model}");
}

#[test]
fn many_outputs_are_listed_by_their_strongest_paths() {
    let place = Workplace::new();
    for (semiring, ascending) in [("viterbi", false), ("tropical", true)] {
        let listed = place.succeed(&["ask", "paths", "--input", "7", "-k", "1", "--semiring", semiring]);
        let weight = |line: &str| line.split_whitespace().nth(1)?.parse::<f64>().ok();
        let weights: Vec<f64> = listed.lines().filter(|line| line.starts_with("x[")).filter_map(weight).collect();
        assert!(weights.len() > 100, "{semiring}: {listed}");
        let ordered = |pair: &[f64]| if ascending { pair[0] <= pair[1] } else { pair[0] >= pair[1] };
        assert!(weights.windows(2).all(ordered), "{semiring}: {weights:?}");
    }
}

#[test]
fn the_strongest_paths_of_all_are_found_and_drawn() {
    let place = Workplace::new();
    let seven = ["--input", "7", "--quiet"];
    let overall = |options: &[&'static str]| {
        place.json(&[&["ask", "paths", "--overall", "--json"][..], &seven, options].concat())["outputs"][0].clone()
    };
    let found = overall(&["-k", "5", "--draw", "paths.svg"]);
    assert_eq!(found["name"], "x[*]");
    let paths = found["paths"].as_array().unwrap();
    let weights: Vec<f64> = paths.iter().map(|path| path["weight"].as_f64().unwrap()).collect();
    assert!(weights.len() == 5 && weights.is_sorted_by(|a, b| a >= b), "{weights:?}");
    let svg = std::fs::read_to_string(place.path("paths.svg")).unwrap();
    let begins = paths[0]["neurons"][0]["name"].as_str().unwrap();
    assert!(svg.contains(&format!("<title>{begins}: ")) && svg.matches("<circle").count() == 5 * 4 + 5, "{svg}");

    // The best of all is the best of where it begins, and the best of all relevance.
    let of = place.json(&[&["ask", "paths", "-k", "1", "--json", "--output", begins][..], &seven].concat());
    assert_eq!(of["outputs"][0]["paths"][0], paths[0]);
    // Costs are −ln of weights, and the best in the weakest edge is no weaker than any.
    let costs = overall(&["-k", "5", "--semiring", "tropical"]);
    let cost = costs["paths"][4]["weight"].as_f64().unwrap();
    assert!((weights[4] - (-cost).exp()).abs() < 1e-5, "{cost} {}", weights[4]);
    let widest = overall(&["-k", "1", "--semiring", "bottleneck"]);
    assert!(widest["paths"][0]["weight"].as_f64().unwrap() > 0.0);

    // Conditions hold for paths, too.
    let through = overall(&["-k", "3", "--through", "h1[234]"]);
    let through = through["paths"].as_array().unwrap();
    assert!(!through.is_empty() && through.iter().all(|path| path["neurons"].to_string().contains("h1[234]")));
    let start = place.json(&[&["ask", "paths", "--overall", "--json", "--target", "1[102]"][..], &seven].concat());
    assert!(start["outputs"][0]["paths"][0]["edges"].as_array().unwrap().len() == 1, "{start}");

    let ask = |options: &[&'static str]| [&["ask", "paths"][..], &seven[..2], options].concat();
    place.refuses_whole(&ask(&["--semiring", "counting"]), &["⊕ is one of its operands"]);
    place.refuses_whole(&ask(&["-k", "1000"]), &["784000 paths", "100000"]);
    place.refuses_whole(&ask(&["--draw", "paths.png"]), &["must end in .svg"]);
    place.refuses_whole(&ask(&["--through", "h1[300]"]), &["no neurons 1[300]", "shape [300]"]);
    place.misuses(&ask(&["--overall", "--output", "x[1,1]"]), &["--overall"]);
}
