//! `kirchhoff bench`: what it says of times, not the times.

use serde_json::Value;

use crate::files::npy_floats;
use crate::harness::Workplace;

/// Edges of the embedded network: three dense layers, and the activations between them.
const EDGES: u64 = 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn json_holds_every_round() {
    let place = Workplace::new();
    let report = place.json(&[
        "bench",
        "--json",
        "--repeat",
        "4",
        "--threads",
        "2",
        "--semiring",
        "boolean,real,viterbi",
        "--quiet",
    ]);
    assert_eq!((&report["model"], &report["inputs"]), (&"digits".into(), &10.into()));
    assert_eq!((&report["edges"], &report["threads"], &report["repeat"]), (&EDGES.into(), &2.into(), &4.into()));
    let semirings = report["semirings"].as_object().unwrap();
    let names: Vec<_> = semirings.keys().collect();
    assert_eq!(names.len(), 3, "{names:?}");
    let reference = number(&semirings["boolean"]["median"]);
    for part in semirings.values().chain([&report["forward"]]) {
        let mut rounds: Vec<f64> = part["rounds"].as_array().unwrap().iter().map(number).collect();
        assert_eq!(rounds.len(), 4, "the first round of five warms up");
        rounds.sort_by(f64::total_cmp);
        let median = number(&part["median"]);
        assert!(rounds[0] > 0.0 && number(&part["first"]) > 0.0, "{part}");
        // Numbers are read back to the last place but one.
        let near = |got: &Value, expected: f64| (number(got) / expected - 1.0).abs() < 1e-12;
        assert!(near(&part["min"], rounds[0]) && near(&part["max"], rounds[3]), "{part}");
        assert!(near(&part["median"], (rounds[1] + rounds[2]) / 2.0), "{part}");
        assert!(near(&part["edges_per_second"], (10 * EDGES) as f64 / median), "{part}");
        assert!(near(&part["ratio"], median / reference), "{part}");
        if cfg!(target_os = "linux") {
            assert!(number(&part["peak_memory_bytes"]) <= number(&report["peak_memory_bytes"]));
        }
    }
    assert!(place.names().is_empty(), "nothing is written");
}

#[test]
fn a_table_shows_the_forward_pass_and_the_semirings_in_their_order() {
    let place = Workplace::new();
    place.succeed(&["new", "mlp-40-30-20", "--out", "model.safetensors"]);
    place.write("inputs.npy", npy_floats(&[3, 40], &[0.5; 120]));
    let model = ["bench", "model.safetensors", "inputs.npy", "--repeat", "1", "--threads", "1"];
    let run = place.run(&[&model[..], &["--semiring", "viterbi,real,counting"]].concat());
    assert_eq!((run.code, &run.stderr[..]), (Some(0), ""));
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines[0], "model.safetensors: 3 inputs, 1 830 edges each, 1 thread, 1 round after one to warm up");
    assert!(lines[2].contains("median s") && lines[2].contains("× viterbi"), "{}", run.stdout);
    let rows: Vec<Vec<&str>> = lines[3..].iter().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), ["forward", "viterbi", "real", "counting"]);
    for row in &rows {
        let seconds: Vec<f64> = row[1..5].iter().map(|cell| cell.parse().unwrap()).collect();
        assert!(seconds[0] == seconds[1] && seconds[1] == seconds[2] && seconds[3] > 0.0, "one round: {row:?}");
    }
    assert_eq!(rows[1][6], "1.00", "the first semiring against itself");
}

#[test]
fn questions_are_those_of_explain() {
    let place = Workplace::new();
    let rules = ["--composite", "real:epsilon-gamma-box", "--theta", "boolean:4=0.05", "--target", "3"];
    let bench = ["bench", "--repeat", "1", "--semiring", "real,boolean", "--layers", "all"];
    place.succeed(&[&bench[..], &rules].concat());
    place.refuses_whole(&["bench", "--semiring", "nosuch"], &["nosuch"]);
    place.refuses_whole(&["bench", "--semiring", "real", "--theta", "boolean:0.1"], &["boolean"]);
    place.refuses_whole(&["bench", "nowhere.png"], &["nowhere.png"]);
    place.refuses_whole(&["bench", "--target", "10"], &["10 outputs"]);
    let run = place.run(&["bench", "--repeat", "1", "--semiring", "real", "--rule", "z-box", "--high", "0.5"]);
    assert!(run.code == Some(0) && run.stderr.starts_with("warning: inputs range from 0 to 1"), "{}", run.stderr);
}

#[test]
fn rounds_are_at_least_one_and_bounded() {
    let place = Workplace::new();
    for count in ["0", "100001", "some"] {
        place.misuses(&["bench", "--repeat", count], &["--repeat"]);
    }
    place.misuses(&["bench", "--out", "folder"], &["--out"]);
}
