//! The registry on the command line: what is listed runs.

use crate::harness::{Workplace, golden};

fn names(list: &serde_json::Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_string()).collect()
}

#[test]
fn semirings_are_listed() {
    let place = Workplace::new();
    let listed = names(&place.json(&["semirings", "--json"]));
    let text = place.succeed(&["semirings"]);
    let (numeric, symbolic) = text.split_once("\n\n").unwrap();
    let first: Vec<_> = numeric.lines().skip(1).map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(first, listed);
    for name in ["which(limit)", "why(limit)", "posbool(limit)", "polynomial(limit)", "top-k(k)"] {
        assert!(symbolic.lines().any(|line| line.starts_with(name)), "{symbolic}");
    }
    for name in ["real", "boolean", "counting", "counting-float", "viterbi", "tropical", "max-plus", "fuzzy"] {
        assert!(listed.iter().any(|listed| listed == name), "{name}");
    }
}

#[test]
fn rules_composites_and_annotations_are_listed() {
    let place = Workplace::new();
    let listed = place.json(&["rules", "--json"]);
    let text = place.succeed(&["rules"]);
    for kind in ["rules", "composites", "annotations", "thresholds"] {
        for name in names(&listed[kind]) {
            assert!(text.lines().any(|line| line.starts_with(&name)), "{kind}: {name}");
        }
    }
    let model = golden("mnist-cnn/model.onnx");
    let explain = ["explain", &model, "--semiring", "real", "--pictures", "0"];
    for composite in names(&listed["composites"]) {
        let run = place.run(&[&explain[..], &["--composite", &composite]].concat());
        match &composite[..] {
            // It speaks of the numbers of VGG's layers.
            "paper-vgg" => assert!(run.code == Some(2) && run.stderr.contains("features.0"), "{}", run.stderr),
            _ => assert_eq!(run.code, Some(0), "{composite}: {}", run.stderr),
        }
    }
    for rule in names(&listed["rules"]) {
        let run = place.run(&[&explain[..], &["--rule", &rule]].concat());
        match &rule[..] {
            // Rules for layers that no network consists of alone.
            "norm" | "pass" | "winner" => assert!(run.code == Some(2) && run.stderr.contains(&rule), "{}", run.stderr),
            _ => assert_eq!(run.code, Some(0), "{rule}: {}", run.stderr),
        }
    }
    for annotation in names(&listed["annotations"]) {
        // Costs and scores are elements of the semirings that add them up.
        let semiring = match &annotation[..] {
            "neg-log" => "tropical",
            "-neg-log" => "max-plus",
            _ => "real",
        };
        let arguments = ["explain", &model, "--semiring", semiring, "--pictures", "0", "--theta", &annotation];
        place.succeed(&arguments);
    }
}

#[test]
fn laws_hold() {
    let place = Workplace::new();
    let reports = place.json(&["laws", "--json"]);
    let listed = names(&place.json(&["semirings", "--json"]));
    assert_eq!(reports.as_object().unwrap().len(), listed.len(), "without a name, all");
    for semiring in &listed {
        let checks = reports[semiring]["checks"].as_array().unwrap();
        assert!(checks.len() >= 13, "{semiring}");
        assert!(checks.iter().all(|check| check["counterexample"].is_null()), "{semiring}");
    }
    let text = place.succeed(&["laws", "viterbi", "boolean"]);
    assert!(text.contains("(a ⊕ b) ⊕ c = a ⊕ (b ⊕ c) holds") && text.contains("24 of 24"), "{text}");
    assert!(text.contains("a ⊖ (b ⊕ c) = (a ⊖ b) ⊖ c holds"), "{text}");
    assert!(text.find("viterbi") < text.find("boolean"));
}

#[test]
fn rewrites_are_listed_with_their_laws() {
    let place = Workplace::new();
    let rewrites = place.json(&["laws", "--rewrites", "--json"]);
    let absorb = rewrites.as_array().unwrap().iter().find(|rewrite| rewrite["name"] == "absorb").unwrap();
    assert_eq!(absorb["equation"], "a ⊕ (b ⊗ a ⊗ c) = a");
    assert!(absorb["needs"].as_array().unwrap().iter().any(|law| law == "absorptive"), "{absorb}");
    let text = place.succeed(&["laws", "--rewrites"]);
    assert!(text.contains("sort-times: a ⊗ b = b ⊗ a\n    by ⊗ commutative"), "{text}");
    place.misuses(&["laws", "real", "--rewrites"], &["--rewrites"]);
}

#[test]
fn help_and_version() {
    let place = Workplace::new();
    let version = place.succeed(&["--version"]);
    assert!(version.starts_with(concat!("kirchhoff ", env!("CARGO_PKG_VERSION"))), "{version}");
    for part in ["built for ", "instructions: ", "portable", "features: saturate"] {
        assert!(version.contains(part), "{part} in {version}");
    }
    assert_eq!(place.succeed(&["-V"]).lines().count(), 1);
    let help = place.succeed(&["--help"]);
    for verb in ["explain", "inspect", "semirings", "rules", "laws", "new"] {
        assert!(help.contains(&format!("  {verb} ")), "{verb}");
        assert!(place.succeed(&[verb, "--help"]).contains("Usage: kirchhoff"), "{verb}");
    }
}
