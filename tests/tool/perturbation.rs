//! `study perturb` and `study thresholds` as a user runs them.

use crate::files::npy_floats;
use crate::harness::{Relevance, Workplace};
use crate::studies::{check_resumption, files, noise};

/// The rows of a table without its head.
fn rows(place: &Workplace, path: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(place.path(path)).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_string).collect()).collect()
}

#[test]
fn a_killed_perturbation_study_goes_on_and_ends_with_the_same_files() {
    let place = Workplace::new();
    noise(&place, 200);
    let study = ["perturb", "data", "-s", "real,boolean", "--steps", "20", "--baseline", "black,random", "--attack"];
    check_resumption(&place, &[&study[..], &["--windows", "4", "--stride", "6", "--keep", "3"]].concat());
}

#[test]
fn a_killed_threshold_study_goes_on_and_ends_with_the_same_files() {
    let place = Workplace::new();
    noise(&place, 200);
    check_resumption(&place, &["thresholds", "data", "--share", "0.05,0.2", "--constant", "1e-9", "--steps", "20"]);
}

#[test]
fn relevance_finds_what_the_answer_rests_on() {
    let place = Workplace::new();
    let shown = place.succeed(&[
        "study",
        "perturb",
        "--square",
        "4",
        "-s",
        "real,viterbi",
        "--target",
        "top",
        "--out",
        "out",
        "-q",
    ]);
    let scores = rows(&place, "out/scores.csv");
    // A line a semiring: its AOPC, and the area between the curves of the two orders.
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines.len() == 3 && lines[0].ends_with("ABPC"), "{shown}");
    for (semiring, line) in ["real", "viterbi"].iter().zip(&lines[1..]) {
        let row = scores.iter().find(|row| row[0] == *semiring && row[1] == "most").unwrap();
        let between: f64 = row[8].parse().unwrap();
        assert!(between > 0.2 && line.starts_with(semiring) && line.ends_with(&format!("{between:.4}")), "{shown}");
    }
    let aopc = |semiring: &str, order: &str| -> f64 {
        let row = scores.iter().find(|row| row[0] == semiring && row[1] == order).unwrap();
        assert_eq!((&row[2][..], &row[3][..]), ("black", "10"));
        row[4].parse().unwrap()
    };
    for semiring in ["real", "viterbi"] {
        assert!(aopc(semiring, "most") > aopc("", "random") + 0.1, "{semiring}");
        assert!(aopc(semiring, "least") < aopc("", "random") - 0.1, "{semiring}");
    }
    // 49 squares, one a step, and the input as it is; every digit but one is named rightly.
    let curves = rows(&place, "out/curves.csv");
    assert_eq!(curves.len(), 5 * 50);
    assert!(curves.iter().filter(|row| row[3] == "0").all(|row| row[6] == "0.9"));
    let report = std::fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(report.contains("<svg") && !report.contains("src=\"http"));
}

#[test]
fn scales_set_the_thresholds_of_layers_beside_each_other() {
    let place = Workplace::new();
    // θ = 0.5 of scales 0.05, 0.02 and, where there is none, 1; each rounds to the product.
    let scales = ["--theta", "0=scale(0.05)", "--theta", "2=scale(0.02)", "--target", "top"];
    let few = ["--at", "0.5", "--share", "0.1", "--constant", "1e-9", "--steps", "1", "--out", "out", "-q"];
    place.succeed(&[&["study", "thresholds"], &scales[..], &few].concat());
    let boolean = ["-s", "boolean", "--theta", "0=0.025", "--theta", "2=0.01", "--theta", "4=0.5", "--layers", "all"];
    let relevance = place.relevance(&boolean);
    for row in rows(&place, "out/coverage.csv") {
        let relevant = relevance.tensor(&format!("boolean/{}", row[0])).values;
        let share = relevant.iter().sum::<f64>() / relevant.len() as f64;
        assert!((row[2].parse::<f64>().unwrap() - share).abs() < 1e-12, "{row:?} instead of {share}");
    }
}

#[test]
fn a_bad_input_is_passed_over_and_listed() {
    let place = Workplace::new();
    noise(&place, 20);
    let labels: String = (0..20).map(|input| if input == 7 { "11\n" } else { "3\n" }).collect();
    std::fs::write(place.path("labels.txt"), labels).unwrap();
    let data = ["data/t10k-images-idx3-ubyte", "--labels", "labels.txt", "--steps", "2", "--out", "out", "-q"];
    for study in ["perturb", "thresholds"] {
        let refused = place.run(&[&["study", study], &data[..]].concat());
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        place.succeed(&[&["study", study, "--skip-bad"], &data[..]].concat());
        let skipped = rows(&place, "out/skipped.csv");
        assert_eq!((skipped.len(), &skipped[0][0][..]), (1, "7"), "{study}");
        std::fs::remove_dir_all(place.path("out")).unwrap();
    }
}

#[test]
fn perturbations_that_cannot_be_made_are_refused() {
    let place = Workplace::new();
    let refused = |arguments: &[&str], words: &[&str]| {
        let run = place.run(&[&["study"], arguments, &["--out", "out"]].concat());
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
        for word in words {
            assert!(run.stderr.contains(word), "{arguments:?}: {}", run.stderr);
        }
        assert!(!place.path("out").exists() || files(&place.path("out")).keys().all(|name| name.starts_with('.')));
    };
    refused(&["perturb", "--baseline", "gray"], &["gray", "black"]);
    refused(&["perturb", "--order", "best"], &["best", "most"]);
    refused(&["perturb", "--attack", "--eta", "1,2", "-s", "real"], &["--eta has 2 numbers for 1 semirings"]);
    refused(&["perturb", "--windows", "29"], &["29", "28 × 28"]);
    refused(&["perturb", "--target", "3,8", "-s", "real"], &["one output"]);
    refused(&["perturb", "--attack", "-s", "tropical"], &["mean |R|", "tropical"]);
    refused(&["thresholds", "--share", "0"], &["--share", "not 0"]);
    refused(&["thresholds", "--constant", "inf"], &["finite"]);
    refused(&["thresholds", "-s", "boolean,counting"], &["one semiring"]);
}

#[test]
fn relevance_from_elsewhere_is_studied_as_that_of_a_semiring() {
    let place = Workplace::new();
    place.succeed(&["explain", "--semiring", "real", "--pictures", "0", "--quiet", "--out", "e"]);
    let relevance = "own=e/relevance.safetensors";
    let study = [
        "study",
        "perturb",
        "-s",
        "real",
        "--relevance",
        relevance,
        "--square",
        "7",
        "--target",
        "top",
        "--attack",
        "--eta",
        "1,1",
    ];
    place.succeed(&[&study[..], &["--quiet", "--out", "out"]].concat());
    for table in ["scores.csv", "curves.csv"] {
        let of = |name: &str| -> Vec<Vec<String>> {
            rows(&place, &format!("out/{table}"))
                .into_iter()
                .filter(|row| row[0] == name)
                .map(|row| row[1..].to_vec())
                .collect()
        };
        assert!(of("own") == of("real") && !of("own").is_empty(), "{table}");
    }
    let masks =
        ["study", "mask", "-s", "real", "--relevance", relevance, "--target", "top", "--quiet", "--out", "masks"];
    place.succeed(&masks);
    let tensors = Relevance::read(place.path("masks/masks.safetensors")).tensors();
    let mut compared = 0;
    for (name, tensor) in &tensors {
        if let Some(rest) = name.strip_prefix("own/") {
            assert_eq!(tensor, &tensors[&format!("real/{rest}")], "{name}");
            compared += 1;
        }
    }
    assert!(compared > 10, "{:?}", tensors.keys());

    // Values of the wrong number, too few inputs, names that mean something else, and numbers that are none.
    place.write("short.npy", npy_floats(&[3, 784], &vec![0.5; 3 * 784]));
    place.write("odd.npy", npy_floats(&[10, 3], &[0.5; 30]));
    place.write("nan.npy", npy_floats(&[10, 784], &[0.5; 7839].into_iter().chain([f32::NAN]).collect::<Vec<_>>()));
    for (relevance, words) in [
        ("own=short.npy", &["`own` is of 3 inputs", "input 3"][..]),
        ("own=odd.npy", &["odd.npy"]),
        ("own=nan.npy", &["NaN", "nan.npy"]),
        ("own=none.npy", &["none.npy"]),
        ("real=short.npy", &["`real` is named twice"]),
        ("boolean=short.npy", &["`boolean`"]),
    ] {
        let run =
            place.run(&["study", "perturb", "-s", "real", "--relevance", relevance, "--quiet", "--out", "refused"]);
        assert_eq!(run.code, Some(2), "{relevance}: {}", run.stderr);
        assert!(words.iter().any(|word| run.stderr.contains(word)), "{relevance}: {}", run.stderr);
        assert!(!place.path("refused/scores.csv").exists());
    }
}
