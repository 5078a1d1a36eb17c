//! Studies as a user runs them: their files, and what is left when they are stopped.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::files::npy_floats;
use crate::harness::{Relevance, Workplace, golden, repository};

/// A folder in MNIST's format: images of noise, which no network knows, for test and training.
pub fn noise(place: &Workplace, count: usize) {
    let mut state = 1u32;
    let mut byte = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::fs::create_dir_all(place.path("data")).unwrap();
    for prefix in ["t10k", "train"] {
        let pixels: Vec<u8> =
            (0..count * 784).map(|_| byte()).map(|value| if value > 200 { value } else { 0 }).collect();
        let labels: Vec<u8> = (0..count).map(|_| byte() % 10).collect();
        let write = |name: &str, bytes: Vec<u8>| std::fs::write(place.path("data").join(name), bytes).unwrap();
        write(&format!("{prefix}-images-idx3-ubyte"), idx(&[count, 28, 28], pixels));
        write(&format!("{prefix}-labels-idx1-ubyte"), idx(&[count], labels));
    }
}

/// An IDX file of bytes.
fn idx(axes: &[usize], bytes: Vec<u8>) -> Vec<u8> {
    let lengths = axes.iter().flat_map(|&axis| (axis as u32).to_be_bytes());
    [0, 0, 8, axes.len() as u8].into_iter().chain(lengths).chain(bytes).collect()
}

/// Name and content of every file in a folder, hidden ones too.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())).collect()
}

/// Runs a study to its end; then kills it at several moments and has it go on; then on other numbers of threads. The
/// files are the same.
pub fn check_resumption(place: &Workplace, study: &[&str]) {
    let with = |out: &str, more: &[&str]| -> Vec<String> {
        ["study"].iter().chain(study).chain(&["--out", out, "--quiet"]).chain(more).map(ToString::to_string).collect()
    };
    let clock = Instant::now();
    place.succeed(&with("whole", &[]));
    let time = clock.elapsed();
    let whole = files(&place.path("whole"));
    let mut kills = 0;
    for percent in [8, 45, 23, 71, 12, 90, 37, 55, 30, 64] {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("kirchhoff"))
            .args(with("killed", &[]))
            .current_dir(place.path(""))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::max(time * percent / 100, Duration::from_millis(5)));
        // SIGKILL: nothing of the process runs any more.
        child.kill().unwrap();
        kills += usize::from(!child.wait().unwrap().success());
    }
    assert!(kills > 0, "the runs were too short to be killed");
    place.succeed(&with("killed", &[]));
    assert!(whole == files(&place.path("killed")), "{study:?}");
    place.succeed(&with("threads", &["--threads", "1"]));
    assert!(whole == files(&place.path("threads")), "{study:?}");
}

#[test]
fn a_killed_mask_study_goes_on_and_ends_with_the_same_files() {
    let place = Workplace::new();
    noise(&place, 1500);
    check_resumption(&place, &["mask", "data", "--quantile", "0.5", "--classes", "0,3"]);
}

#[test]
fn masks_of_the_embedded_digits_are_their_relevance() {
    let place = Workplace::new();
    place.succeed(&["study", "mask", "--out", "out", "--semiring", "real,counting-float", "--layers", "1"]);
    let mut explain = vec!["explain", "--out", "explained", "--semiring", "real,counting-float", "--layers", "1"];
    // From its label, whatever the network answers.
    for label in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        explain.extend(["--target", label]);
    }
    place.succeed(&explain);
    let masks = place.path("out/masks.safetensors");
    let values = |path: &Path, name: &str| Relevance::read(path).tensor(name).values;
    for name in ["real/input", "real/1", "counting-float/1"] {
        let relevance = values(&place.path("explained/relevance.safetensors"), name);
        let size = relevance.len() / 10;
        let third = relevance[3 * size..4 * size].to_vec();
        // There is one digit a class.
        for join in ["sum", "all", "any", "mean"] {
            assert_eq!(values(&masks, &format!("{name}/class 3/{join}")), third, "{name} {join}");
        }
        for neuron in 0..size {
            let of_all: Vec<f64> = (0..10).map(|digit| relevance[digit * size + neuron]).collect();
            let mask = |join: &str| values(&masks, &format!("{name}/all classes/{join}"))[neuron];
            if neuron % 97 == 0 {
                let sum = of_all.iter().fold(0.0, |sum, value| sum + value);
                assert_eq!([mask("sum"), mask("mean")], [sum, sum / 10.0]);
                assert_eq!(mask("all"), of_all.iter().copied().fold(f64::INFINITY, f64::min));
                assert_eq!(mask("any"), of_all.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            }
        }
    }
    // The share of neurons that are relevant in some input, and in all, which is not known of signed relevance.
    let table = std::fs::read_to_string(place.path("out/masks.csv")).unwrap();
    for (semiring, signed) in [("real", true), ("counting-float", false)] {
        let relevance = values(&place.path("explained/relevance.safetensors"), &format!("{semiring}/input"));
        let of = |neuron: usize| (0..10).filter(|digit| relevance[digit * 784 + neuron] != 0.0).count();
        let share = |wanted: &dyn Fn(usize) -> bool| {
            format!("{:.4}", (0..784).filter(|&neuron| wanted(of(neuron))).count() as f64 / 784.0)
        };
        let row = table.lines().find(|row| row.starts_with(&format!("input,{semiring},all classes,"))).unwrap();
        let cells: Vec<&str> = row.split(',').collect();
        assert_eq!(cells[5], share(&|inputs| inputs > 0), "{row}");
        assert_eq!(cells[6], if signed { String::new() } else { share(&|inputs| inputs == 10) }, "{row}");
    }
    let report = std::fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(report.contains("data:image/png;base64,") && !report.contains("src=\"http"));
    assert!(!place.names().iter().any(|name| name.ends_with(".state")));
}

/// The network was trained on two digits, one above the other, of which only the upper one is labelled:
/// examples/two_digits.
#[test]
fn the_mask_of_two_digits_finds_the_upper_one() {
    let place = Workplace::new();
    let digits = std::fs::read(repository("crates/kirchhoff/assets/digits.idx")).unwrap();
    let digits: Vec<&[u8]> = digits[16..].chunks(784).collect();
    let pairs: Vec<u8> = (0..100).flat_map(|pair| [digits[pair / 10], digits[pair % 10]].concat()).collect();
    place.write("pairs-images-idx3-ubyte", idx(&[100, 56, 28], pairs));
    place.write("pairs-labels-idx1-ubyte", idx(&[100], (0..100).map(|pair| pair / 10).collect()));
    let model = repository("examples/two_digits/model.safetensors").display().to_string();
    let study = ["study", "mask", &model, "pairs-images-idx3-ubyte", "--correct", "--semiring", "boolean,real"];
    let study = place.json(&[&study[..], &["--out", "out", "--json"]].concat());
    let answered = study["inputs"].as_array().unwrap().iter().find(|group| group["group"] == "all classes").unwrap();
    assert!(answered["inputs"].as_u64().unwrap() >= 80, "{answered}");
    let masks = Relevance::read(place.path("out/masks.safetensors")).tensors();
    for (name, mask) in &masks {
        assert_eq!(mask.shape, [1568], "{name}");
        assert!(mask.values[784..].iter().all(|&value| value == 0.0), "{name} has something below");
    }
    let above = |name: &str| masks[name].values[..784].iter().filter(|&&value| value != 0.0).count();
    for class in ["class 0", "class 2", "class 9"] {
        assert!(above(&format!("boolean/input/{class}/any")) > 30, "{class}");
    }
    assert!(above("boolean/input/all classes/any") > 200 && above("real/input/all classes/mean") > 200);
}

/// A limit on the size of files stands for a disk that fills: writing fails halfway.
#[cfg(unix)]
#[test]
fn a_study_goes_on_when_there_is_room_again() {
    let place = Workplace::new();
    noise(&place, 300);
    let study = ["study", "mask", "data", "--semiring", "boolean", "--classes", "0,1", "--quiet", "--out"];
    place.succeed(&[&study[..], &["whole"]].concat());
    let size = |name: &str| std::fs::metadata(place.path("whole").join(name)).unwrap().len();
    // Too little for the state of the study at first, then enough for it, but not for its results.
    for (blocks, file) in [(4, ".mask-masks.state"), (size("report.html") / 512 - 4, "report.html")] {
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let tool = assert_cmd::cargo::cargo_bin!("kirchhoff");
        let run = Command::new("sh")
            .arg("-c")
            .arg(limited)
            .arg(tool)
            .args(study)
            .arg("out")
            .current_dir(place.path(""))
            .output()
            .unwrap();
        let said = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(1), "{said}");
        let words = format!("error: cannot write out/{file}: ");
        assert!(said.starts_with(&words) && said.contains("File too large") && said.lines().count() == 1, "{said}");
        if file != "report.html" {
            assert!(!place.path("out").exists(), "nothing was stored");
            continue;
        }
        let left: Vec<String> = files(&place.path("out")).into_keys().collect();
        assert_eq!(left, [".mask-masks.state", ".study.lock"], "only what the study goes on from stays");
    }
    place.succeed(&[&study[..], &["out"]].concat());
    assert!(files(&place.path("whole")) == files(&place.path("out")));
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let place = Workplace::new();
    place.write("file", "");
    for (out, words) in [("file", "file"), ("file/below", "file/below"), ("/dev/null/below", "/dev/null/below")] {
        let run = place.run(&["study", "mask", "--semiring", "boolean", "--out", out]);
        assert_eq!(run.code, Some(2), "{out}: {}", run.stderr);
        assert!(run.stderr.starts_with("error: cannot write") && run.stderr.contains(words), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
    assert_eq!(place.names(), ["file"]);
}

#[test]
fn studies_that_cannot_be_made_are_refused() {
    let place = Workplace::new();
    noise(&place, 20);
    let refused = |arguments: &[&str]| {
        let run = place.run(&[&["study", "mask", "--out", "out"], arguments].concat());
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
        run.stderr
    };
    assert!(refused(&["nothing"]).contains("nothing"));
    assert!(refused(&["data", "--classes", "10"]).contains("class 10 is out of range: the network has 10 outputs"));
    assert!(refused(&["data", "--quantile", "1.5"]).contains("a quantile lies between 0 and 1"));
    assert!(refused(&["data", "--quantile", "0.5", "-s", "tropical"]).contains("quantiles need finite values"));
    assert!(refused(&["data", "--memory", "100KiB"]).contains("--memory"));
    assert!(refused(&["data", "--target", "12"]).contains("target 12 is out of range"));
    std::fs::write(place.path("labels.txt"), "11\n".repeat(20)).unwrap();
    let images = "data/t10k-images-idx3-ubyte";
    assert!(refused(&[images, "--labels", "labels.txt"]).contains("is 11, but the network has 10 outputs"));
    let skipped = ["study", "mask", images, "--labels", "labels.txt", "--skip-bad", "--out", "bad", "--json"];
    let study: serde_json::Value = serde_json::from_str(&place.succeed(&skipped)).unwrap();
    assert_eq!(study["skipped"]["count"], 20);
    assert_eq!(study["skipped"]["listed"][3]["name"], "input 3");
}

#[test]
fn a_killed_prune_study_goes_on_and_ends_with_the_same_files() {
    let place = Workplace::new();
    noise(&place, 700);
    let study = ["prune", "data", "--seeds", "2", "--inputs", "300", "--method", "real,boolean,l2,activation,random"];
    check_resumption(&place, &[&study[..], &["--step", "10", "--write", "boolean=0.4"]].concat());
}

/// Prunes a layer of so many neurons by two methods, and finds the accuracy and loss of the curve in the networks that
/// are written.
fn check_pruned(model: &[&str], layer: &str, neurons: usize, step: usize, written: [(&str, usize); 2]) {
    let place = Workplace::new();
    noise(&place, 300);
    let step = step.to_string();
    let mut arguments = ["study", "prune"].iter().chain(model).copied().collect::<Vec<_>>();
    arguments.extend(["data", "--layer", layer, "--step", &step, "--seeds", "1", "--inputs", "60"]);
    let shares = written.map(|(method, removed)| format!("{method}={}", removed as f64 / neurons as f64));
    shares.iter().for_each(|share| arguments.extend(["--write", share]));
    arguments.extend(["--methods", "viterbi,l1", "--out", "out", "--json"]);
    let parameters = |model: &str| place.json(&["inspect", model, "--json"])["parameters"].as_u64().unwrap();
    let whole = parameters(model.first().unwrap_or(&"digits"));
    let study: serde_json::Value = serde_json::from_str(&place.succeed(&arguments)).unwrap();
    let convolutions = !model.is_empty();
    let mut compared = 0;
    assert_eq!(study["written"].as_array().unwrap().len(), 2);
    for (written, (method, removed)) in study["written"].as_array().unwrap().iter().zip(written) {
        assert_eq!((written["method"].as_str(), written["removed"].as_u64()), (Some(method), Some(removed as u64)));
        assert!(written["parameters"].as_u64().unwrap() < whole);
        for file in written["files"].as_array().unwrap() {
            let model = format!("out/{}", file.as_str().unwrap());
            // Safetensors of convolutions say nothing of how they are joined: ONNX does.
            if convolutions && model.ends_with(".safetensors") {
                continue;
            }
            assert_eq!(Some(parameters(&model)), written["parameters"].as_u64());
            // Without a further neuron, the curve begins with the network itself.
            let again = ["study", "prune", &model, "data", "--layer", layer, "--seeds", "1", "--method", "l1"];
            let again = [&again[..], &["--out", "again", "--json"]].concat();
            let again: serde_json::Value = serde_json::from_str(&place.succeed(&again)).unwrap();
            assert_eq!(again["neurons"], neurons - removed);
            let curves = std::fs::read_to_string(place.path("again/curves.csv")).unwrap();
            let cells: Vec<f64> =
                curves.lines().nth(1).unwrap().split(',').skip(1).map(|cell| cell.parse().unwrap()).collect();
            assert_eq!(cells[3], written["accuracy"].as_f64().unwrap(), "{model}");
            assert!((cells[4] - written["loss"].as_f64().unwrap()).abs() < 1e-5);
            compared += 1;
        }
    }
    assert_eq!(compared, if convolutions { 2 } else { 4 });
}

#[test]
fn a_pruned_network_gives_the_accuracy_that_was_promised() {
    check_pruned(&[], "0", 300, 30, [("viterbi", 90), ("l1", 210)]);
}

#[test]
fn a_network_without_filters_gives_the_accuracy_that_was_promised() {
    check_pruned(&[&golden("mnist-cnn/model.onnx")], "3", 16, 1, [("viterbi", 4), ("l1", 8)]);
}

#[test]
fn neurons_are_removed_by_scores_from_elsewhere() {
    let place = Workplace::new();
    noise(&place, 20);
    // 7 and 300 have no factor in common: every score is there once.
    let scores: Vec<f32> = (0..300).map(|neuron| (7 * neuron % 300) as f32).collect();
    place.write("s.npy", npy_floats(&[300], &scores));
    let study = ["study", "prune", "data", "--method", "own=s.npy,l1", "--seeds", "1", "--step", "100", "--quiet"];
    place.succeed(&[&study[..], &["--out", "out", "--write", "own=0.3"]].concat());
    let ranking = std::fs::read_to_string(place.path("out/ranking.csv")).unwrap();
    let own = ranking.lines().filter(|row| row.starts_with("own,"));
    let neurons: Vec<usize> = own.map(|row| row.split(',').nth(3).unwrap().parse().unwrap()).collect();
    assert_eq!(neurons.len(), 300);
    for (rank, neuron) in neurons.into_iter().enumerate() {
        assert_eq!(7 * neuron % 300, rank);
    }
    // The scores are a part of what a run is known by.
    place.write("s.npy", npy_floats(&[300], &scores.iter().map(|score| -score).collect::<Vec<_>>()));
    place.succeed(&[&study[..], &["--out", "other"]].concat());
    let other = std::fs::read_to_string(place.path("other/ranking.csv")).unwrap();
    assert!(other.lines().any(|row| row.starts_with("own,0,0,257,")), "{other}");
}

#[test]
fn pruning_that_cannot_be_done_is_refused() {
    let place = Workplace::new();
    noise(&place, 20);
    let refused = |arguments: &[&str]| {
        let run = place.run(&[&["study", "prune", "data", "--out", "out"], arguments].concat());
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
        run.stderr
    };
    assert!(refused(&["--layer", "4"]).contains("layer '4' computes the output"));
    assert!(refused(&["--layer", "1"]).contains("has no neurons that can be removed"));
    assert!(refused(&["--layer", "x"]).contains("those that can be pruned are: 0, 2"));
    assert!(refused(&["--method", "l1,l1"]).contains("`l1` twice"));
    assert!(refused(&["--method", "l3"]).contains("l3"));
    assert!(refused(&["--method", "l1=s.npy"]).contains("`l1` is a method already"));
    assert!(refused(&["--method", "own=s.npy"]).contains("s.npy"));
    place.write("s.npy", npy_floats(&[7], &[0.5; 7]));
    assert!(refused(&["--method", "own=s.npy"]).contains("s.npy"));
    assert!(refused(&["--write", "l9=0.5"]).contains("`l9`"));
    assert!(refused(&["--write", "l1=1"]).contains("a share from 0 to below 1"));
}
