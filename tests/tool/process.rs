//! The tool as a process among others: threads, interrupts, readers that go away.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use safetensors::Dtype;

use crate::files::{little_endian, npy_floats, safetensors};
use crate::harness::{Workplace, golden};

/// Far beyond what any machine takes for what is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

fn spawn(place: &Workplace, arguments: &[&str]) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin!("kirchhoff"))
        .args(arguments)
        .current_dir(place.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The exit code of a process, which has to end.
fn ended(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("the tool did not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until the tool handles SIGTERM, the fifteenth bit of the caught signals. SIGINT is ignored in what shells put into the
/// background, and then by the tool as well.
#[cfg(target_os = "linux")]
fn wait_for_handler(child: &Child) {
    let start = Instant::now();
    let catches = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() >> 14 & 1 != 0
    };
    while !catches() {
        assert!(start.elapsed() < PATIENCE, "it did not begin");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(target_os = "linux")]
fn terminate(child: &Child) {
    assert!(Command::new("sh").arg("-c").arg(format!("kill -TERM {}", child.id())).status().unwrap().success());
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let place = Workplace::new();
    let semirings = place.json(&["semirings", "--json"]);
    let names: Vec<_> = semirings.as_array().unwrap().iter().map(|info| info["name"].as_str().unwrap()).collect();
    let names = names.join(",");
    for model in ["digits", &golden("mnist-cnn/model.onnx")] {
        let relevance = |threads: &str| {
            place.relevance(&[model, "--semiring", &names, "--layers", "all", "--pictures", "0", "--threads", threads])
        };
        assert!(relevance("1") == relevance("3"), "{model}");
    }
}

/// A run of many seconds from files of a few hundred kilobytes: convolutions of 64 channels at 224 × 224.
fn long_run(place: &Workplace) -> [&'static str; 9] {
    let mut architecture = String::from("[input]\nshape = [3, 224, 224]\n");
    let mut tensors: Vec<(String, [usize; 4], Vec<u8>)> = Vec::new();
    for layer in 0..6 {
        architecture += &format!("[[layers]]\nname = \"c{layer}\"\ntype = \"convolution\"\npadding = 1\n");
        let channels = if layer == 0 { 3 } else { 64 };
        let values: Vec<f32> =
            (0..64 * channels * 9).map(|position| (position * 29 % 17) as f32 * 0.01 - 0.05).collect();
        tensors.push((format!("c{layer}.weight"), [64, channels, 3, 3], little_endian(&values)));
    }
    architecture += "[[layers]]\ntype = \"global-average-pool\"\n[[layers]]\ntype = \"flatten\"\n";
    let tensors: Vec<_> = tensors.iter().map(|(name, shape, data)| (&name[..], &shape[..], data.clone())).collect();
    place.write("model.safetensors", safetensors(Dtype::F32, &tensors));
    place.write("architecture.toml", architecture);
    place.write("input.npy", npy_floats(&[3, 224, 224], &vec![0.5; 3 * 224 * 224]));
    let model = ["explain", "model.safetensors", "input.npy", "--architecture", "architecture.toml"];
    let options = ["--semiring", "counting,real,viterbi", "--out", "a/b"];
    std::array::from_fn(|word| if word < model.len() { model[word] } else { options[word - model.len()] })
}

/// Starts a long run, and waits until it is at work: then it makes the folder of its results.
fn at_work(place: &Workplace, arguments: &[&str]) -> Child {
    let mut child = spawn(place, arguments);
    let start = Instant::now();
    while !place.path("a/b").exists() {
        assert!(child.try_wait().unwrap().is_none() && start.elapsed() < PATIENCE, "it did not begin");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

/// What a process that has ended said on stdout and stderr.
fn said(child: Child) -> [String; 2] {
    let mut said = [String::new(), String::new()];
    child.stdout.unwrap().read_to_string(&mut said[0]).unwrap();
    child.stderr.unwrap().read_to_string(&mut said[1]).unwrap();
    said
}

#[test]
fn an_interrupted_run_leaves_nothing() {
    let place = Workplace::new();
    let arguments = long_run(&place);
    let before = place.names();
    let mut child = at_work(&place, &arguments);
    assert!(Command::new("sh").arg("-c").arg(format!("kill -TERM {}", child.id())).status().unwrap().success());
    assert_eq!(ended(&mut child), Some(130));
    assert_eq!(said(child), ["", "error: cancelled; nothing was written\n"]);
    assert_eq!(place.names(), before);
}

/// A model that is cut off, or overwritten in place, while a run has it mapped: neither a signal nor a result.
#[test]
#[cfg(unix)]
fn a_model_that_changes_meanwhile_gives_no_result() {
    for length in [Some(100_000), None] {
        let place = Workplace::new();
        let arguments = long_run(&place);
        let before = place.names();
        let mut child = at_work(&place, &arguments);
        let mut model = std::fs::File::options().write(true).open(place.path("model.safetensors")).unwrap();
        match length {
            Some(length) => model.set_len(length).unwrap(),
            None => std::io::Write::write_all(&mut model, &[0; 8]).unwrap(),
        }
        assert_eq!(ended(&mut child), Some(1));
        let [stdout, stderr] = said(child);
        assert_eq!(stdout, "");
        assert!(
            stderr.contains("model.safetensors was changed while it was read") && stderr.lines().count() == 1,
            "{stderr}"
        );
        assert_eq!(place.names(), before);
    }
}

/// What `nohup` does: a run whose starter ignores the end of the terminal goes on to its own, and others stop at it.
#[test]
#[cfg(target_os = "linux")]
fn ignored_signals_stay_ignored() {
    for (ignored, code) in [(true, 0), (false, 130)] {
        let place = Workplace::new();
        let trap = if ignored { "trap '' HUP INT TERM; " } else { "" };
        let tool = assert_cmd::cargo::cargo_bin!("kirchhoff").display().to_string();
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(format!("{trap}exec {tool} bench --quiet --repeat 300 --semiring real,counting,viterbi"))
            .current_dir(place.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let start = Instant::now();
        // Signals that the tool handles in every case show that it has come so far.
        let status = || std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let mask = |name: &str| {
            let status = status();
            let mask = status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_string();
            u64::from_str_radix(&mask, 16).unwrap()
        };
        // SIGXFSZ is 25, SIGHUP 1; the handlers are there once the digits are read.
        while mask("SigCgt:") >> 24 & 1 == 0 || (!ignored && mask("SigCgt:") & 1 == 0) {
            assert!(start.elapsed() < PATIENCE, "it did not begin");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(mask("SigIgn:") & 1 != 0, ignored);
        for signal in ["HUP", "HUP"] {
            let kill = format!("kill -{signal} {}", child.id());
            let _ = Command::new("sh").arg("-c").arg(kill).status().unwrap();
            if !ignored {
                break;
            }
        }
        assert_eq!(ended(&mut child), Some(code));
    }
}

/// A limit on the size of files is like a full disk, and no end in the midst of a file.
#[test]
#[cfg(target_os = "linux")]
fn a_limit_on_file_sizes_is_an_error() {
    let place = Workplace::new();
    let tool = assert_cmd::cargo::cargo_bin!("kirchhoff").display().to_string();
    for arguments in [
        "new mlp-784-300-100-10 --out w.safetensors",
        "explain --out out",
        "compile --layered --self-contained --out c.safetensors --semiring real",
    ] {
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("ulimit -f 8; exec {tool} {arguments}"))
            .current_dir(place.path(""))
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments}: {stderr}");
        assert!(stderr.starts_with("error: cannot write ") && stderr.lines().count() == 1, "{arguments}: {stderr}");
        assert_eq!(place.names(), [""; 0], "{arguments}");
    }
}

/// Rounds of hours, which would end long after the test's patience.
#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_measurement_ends_at_once() {
    let place = Workplace::new();
    let mut child = spawn(&place, &["bench", "--repeat", "100000"]);
    wait_for_handler(&child);
    terminate(&child);
    assert_eq!(ended(&mut child), Some(130));
    let mut stdout = String::new();
    child.stdout.unwrap().read_to_string(&mut stdout).unwrap();
    assert_eq!(stdout, "");
}

/// Sums of lists of 100,000 paths each, which take long one by one.
#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_question_ends_soon() {
    let place = Workplace::new();
    let mut child = spawn(&place, &["formula", "--input", "7", "--top", "100000"]);
    wait_for_handler(&child);
    std::thread::sleep(Duration::from_millis(500));
    terminate(&child);
    assert_eq!(ended(&mut child), Some(130));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Workplace::new();
    for arguments in [
        &["explain"][..],
        &["explain", "--json", "--semiring", "real,boolean,viterbi"],
        &["explain", "--out", "results"],
        &["bench", "--repeat", "1", "--semiring", "real"],
        &["semirings"],
        &["rules"],
        &["laws"],
        &["inspect"],
        &["--help"],
    ] {
        let mut child = spawn(&place, arguments);
        let mut line = String::new();
        let mut reader = BufReader::with_capacity(16, child.stdout.take().unwrap());
        reader.read_line(&mut line).unwrap();
        drop(reader);
        assert!(!line.is_empty(), "{arguments:?}");
        assert_eq!(ended(&mut child), Some(0), "{arguments:?}");
        let mut stderr = String::new();
        child.stderr.unwrap().read_to_string(&mut stderr).unwrap();
        assert!(!stderr.contains("panicked") && !stderr.contains("error"), "{arguments:?}: {stderr}");
    }
    assert!(place.path("results/relevance.safetensors").exists(), "files do not depend on who reads stdout");
}

#[test]
fn nobody_needs_to_read_messages() {
    let place = Workplace::new();
    for (arguments, code) in [(&["explain", "--out", "results"][..], 0), (&["explain", "nowhere.png"], 2)] {
        let mut child = spawn(&place, arguments);
        drop(child.stderr.take());
        let mut stdout = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut stdout).unwrap();
        assert_eq!(ended(&mut child), Some(code), "{arguments:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_under_stdout_is_a_failure() {
    let place = Workplace::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = Command::new(assert_cmd::cargo::cargo_bin!("kirchhoff"))
        .arg("semirings")
        .current_dir(place.path(""))
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("error: "));
}
