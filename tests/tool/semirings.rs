//! Every semiring goes through every verb: those of the table, and three of `examples/own_tool.rs`, which is a `main` of three
//! lines around the tool.

use std::path::PathBuf;
use std::process::Command;

use kirchhoff::semiring::{SemiringInfo, semirings, symbolic_semirings};

use crate::harness::{Relevance, Workplace, names};
use crate::studies::noise;

/// The semirings that the example adds.
const OWN: [&str; 3] = ["longest", "labels", "capped-sum"];

/// The tool with three semirings more, which cargo builds beside the tests.
fn own_tool() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push(format!("examples/own_tool{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is not there: cargo builds it with the tests of the package", path.display());
    path
}

/// Runs the example's tool; what it prints, and what it says.
fn run(place: &Workplace, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(own_tool()).current_dir(place.path("")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn succeed(place: &Workplace, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = run(place, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
    stdout
}

/// All names, those of the table first.
fn all() -> Vec<String> {
    let own = OWN.iter().map(ToString::to_string);
    semirings().iter().map(|info| info.name.to_string()).chain(own).collect()
}

#[test]
fn every_semiring_goes_through_every_verb() {
    let place = Workplace::new();
    let listed: Vec<serde_json::Value> = serde_json::from_str(&succeed(&place, &["semirings", "--json"])).unwrap();
    let listed: Vec<&str> = listed.iter().map(|info| info["name"].as_str().unwrap()).collect();
    assert_eq!(listed, all(), "the listing has them all");

    place.succeed(&["new", "mlp-784-12-10", "--quiet"]);
    noise(&place, 6);
    let model = "mlp-784-12-10.safetensors";
    let mut commands = 0;
    for name in all() {
        // Side by side with a built-in one: they share contributions, where they share rules.
        let both = format!("{name},{}", if name == "viterbi" { "real" } else { "viterbi" });
        let explained = format!("{name}-explained");
        succeed(&place, &["explain", model, "--semiring", &both, "--layers", "all", "--out", &explained, "--quiet"]);
        let files = names(&place.path(&explained));
        for wanted in ["explanation.json", "relevance.safetensors", "sheet.png", &format!("{name}-digit_0.png")] {
            assert!(files.iter().any(|file| file == wanted), "{name}: {wanted} among {files:?}");
        }
        let streamed = Relevance::read(place.path(&format!("{explained}/relevance.safetensors")));
        let input = streamed.tensor(&format!("{name}/input"));
        assert_eq!(input.shape, [10, 784], "{name}");

        // A gate circuit that is stored and folded gives what the stream gives.
        let circuit = format!("{name}.safetensors");
        succeed(&place, &["compile", model, "--input", "3", "--semiring", &name, "--out", &circuit, "--quiet"]);
        let folded = format!("{name}-folded");
        succeed(&place, &["evaluate", &circuit, "--semiring", &name, "--out", &folded, "--quiet"]);
        let folded = Relevance::read(place.path(&format!("{folded}/relevance.safetensors")));
        let folded = folded.tensor(&format!("{name}/input")).values;
        for (pixel, (a, b)) in folded.iter().zip(&input.values[3 * 784..]).enumerate() {
            let close = a == b || (a - b).abs() <= 1e-4 * a.abs().max(b.abs()).max(1e-3);
            assert!(close, "{name}: pixel {pixel} is {a} folded and {b} streamed");
        }
        let layered = format!("{name}-layered.safetensors");
        succeed(
            &place,
            &["compile", model, "--layered", "--semiring", &name, "--out", &layered, "--quiet", "--self-contained"],
        );
        succeed(&place, &["evaluate", &layered, "--semiring", &name, "--quiet"]);

        let formula = ["formula", model, "--input", "3", "--semiring", &name, "--output", "x[400]", "--theta", "4e-1"];
        let thresholded = ["boolean", "counting", "counting-float"].contains(&&*name);
        succeed(&place, &formula[..if thresholded { 10 } else { 8 }]);
        succeed(&place, &["ask", "removed", model, "--input", "3", "--semiring", &name, "--remove", "h1[2]"]);
        succeed(&place, &["bench", model, "--semiring", &name, "--repeat", "1", "--quiet"]);
        let (code, laws, _) = run(&place, &["laws", &name]);
        assert_eq!(code, Some(i32::from(name == "capped-sum")), "{name}: {laws}");

        let study = |verb: &str, more: &[&str]| {
            let out = format!("{name}-{verb}");
            let common = ["study", verb, model, "data", "--quiet", "--out", &out];
            succeed(&place, &[&common[..], more].concat());
            assert!(names(&place.path(&out)).iter().any(|file| file == "report.html"), "{name}, {verb}");
        };
        study("mask", &["--semiring", &both]);
        study("perturb", &["--semiring", &both, "--square", "14", "--steps", "2"]);
        study("prune", &["--method", &format!("{name},l1"), "--inputs", "4", "--step", "6"]);
        commands += 12;
    }
    assert_eq!(commands, 12 * (11 + OWN.len()));
}

#[test]
fn symbolic_semirings_are_written_and_elsewhere_refused_with_what_takes_them() {
    let place = Workplace::new();
    place.succeed(&["new", "mlp-784-12-10", "--quiet"]);
    let model = "mlp-784-12-10.safetensors";
    for SemiringInfo { name, .. } in symbolic_semirings() {
        succeed(&place, &["formula", model, "--input", "3", "--semiring", name, "--output", "x[400]"]);
        for verb in ["explain", "bench"] {
            place.refuses_whole(&[verb, model, "--semiring", name], &["symbolic", "formula"]);
        }
        place.refuses_whole(&["laws", name], &["symbolic"]);
    }
}

#[test]
fn a_name_that_is_taken_is_refused() {
    use kirchhoff::explain::{Described, Question, Registry, explain};
    use kirchhoff::network::Execution;
    use kirchhoff::semiring::Viterbi;

    for name in ["viterbi", "why"] {
        let error = Registry::built_in().with(Described::embedding(name, Viterbi)).unwrap_err();
        assert!(error.to_string().contains("there is a semiring"), "{error}");
    }
    assert!(Registry::built_in().with(Described::embedding("Best Path", Viterbi)).is_err());

    // Nor does the built-in one answer in its stead.
    let (network, digits) = kirchhoff::embedded::digits().unwrap();
    let execution = Execution::run(std::sync::Arc::new(network), &digits.values[..784], 1, &()).unwrap();
    let impostor = Question::of(Described::embedding("boolean", Viterbi).with_rule("max-abs"));
    let error = explain(&execution, &impostor, &()).unwrap_err();
    assert!(error.to_string().contains("`boolean`"), "{error}");
}
