//! Small files that ask for much, and files that are not what they say: each is answered or refused with its reason, soon, in
//! little memory, without a panic.

use std::fs;
use std::time::{Duration, Instant};

use ::safetensors::Dtype;

use crate::files::{little_endian, npy_floats, onnx_chain, safetensors};
use crate::harness::{Run, Workplace, repository};

/// A folder with the files of `tests/hostile`.
fn workplace() -> Workplace {
    let place = Workplace::new();
    for entry in fs::read_dir(repository("tests/hostile")).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), place.path(entry.file_name().to_str().unwrap())).unwrap();
        }
    }
    place
}

/// Runs the tool under a limit of memory, which has to end within a minute and neither by a signal nor by a panic.
fn run(place: &Workplace, arguments: &[&str]) -> Run {
    let quoted: Vec<String> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
    let tool = assert_cmd::cargo::cargo_bin!("kirchhoff").display().to_string();
    let limit = if cfg!(target_os = "linux") { "ulimit -v 3000000; " } else { "" };
    let began = Instant::now();
    let output = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!("{limit}exec {tool} {}", quoted.join(" ")))
        .current_dir(place.path(""))
        .output()
        .unwrap();
    assert!(began.elapsed() < Duration::from_secs(60), "{arguments:?} took {:?}", began.elapsed());
    let run = Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(matches!(run.code, Some(0..=2)), "{arguments:?}: {:?} {}", run.code, run.stderr);
    run
}

/// Runs the tool, which has to refuse in one line with all the words, and to leave nothing.
fn refused(place: &Workplace, arguments: &[&str], words: &[&str]) {
    let before = place.names();
    let run = run(place, arguments);
    assert!(matches!(run.code, Some(1 | 2)), "{arguments:?}: {}", run.stdout);
    assert!(run.stderr.starts_with("error: ") && run.stderr.lines().count() == 1, "{arguments:?}: {}", run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "{arguments:?}: no '{word}' in: {}", run.stderr);
    }
    assert_eq!(place.names(), before, "{arguments:?} left something behind");
}

/// A relevance that is not a finite number is an error that names the layer, in files as in pictures.
#[test]
fn relevance_is_never_infinite_or_no_number() {
    let place = workplace();
    let overflow = ["explain", "nan-overflow.safetensors", "x2.npy", "--semiring", "real", "--rule", "zero"];
    for more in [&[][..], &["--pictures", "0"], &["--out", "out"], &["--layers", "all", "--json"]] {
        refused(&place, &[&overflow, more].concat(), &["layer `", "no element of the semiring", "epsilon"]);
    }
    refused(&place, &["explain", "--semiring", "real", "--theta", "scale(1e-45)"], &["layer `", "no element"]);
    // With ε = 0 a sum of 0 gives nothing.
    place.succeed(&["explain", "nan-epsilon0.safetensors", "x2.npy", "--semiring", "real", "--rule", "epsilon(0)"]);
    // Gate by gate, and in a semiring of somebody's.
    let gates = [
        "compile",
        "nan-overflow.safetensors",
        "x2.npy",
        "--semiring",
        "real",
        "--rule",
        "zero",
        "--out",
        "c.safetensors",
    ];
    place.succeed(&gates);
    refused(&place, &["evaluate", "c.safetensors", "--semiring", "real"], &["output 0", "no element"]);
    place.write("sum.toml", "name = \"sum\"\nvalue = \"f32\"\nzero = \"0\"\none = \"1\"\nplus = \"a + b\"\ntimes = \"a * b\"\ntheta = \"d\"\n");
    let own =
        ["explain", "nan-overflow.safetensors", "x2.npy", "--semiring", "sum.toml", "--rule", "zero", "--unchecked"];
    refused(&place, &own, &["layer `", "no element"]);
    // Where infinity is an element it stays one: no path costs infinitely much.
    place.succeed(&[
        "explain",
        "nan-overflow.safetensors",
        "x2.npy",
        "--semiring",
        "tropical,log,bottleneck,max-plus,viterbi",
    ]);
}

#[test]
fn circuits_of_scalars_and_wide_tables_are_read() {
    let place = workplace();
    for verb in ["inspect", "evaluate"] {
        refused(&place, &[verb, "scalar_bias.safetensors"], &["number of biases"]);
    }
    let run = run(&place, &["inspect", "wide-table.onnx"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.lines().all(|line| line.chars().count() < 1000));
}

#[test]
fn networks_that_take_all_memory_are_refused_with_the_number() {
    let place = workplace();
    for (model, input) in [("concat-doubling.onnx", "x4.npy"), ("pad-2-30.onnx", "img8.npy")] {
        place.write("img8.npy", npy_floats(&[1, 8, 8], &[0.5; 64]));
        for verb in [&["explain"][..], &["compile", "--layered", "--out", "c.safetensors", "--semiring", "real"]] {
            let arguments = [&verb[..1], &[model, input], &verb[1..]].concat();
            refused(&place, &arguments, &["MiB", "--memory"]);
        }
        assert_eq!(run(&place, &["inspect", model]).code, Some(0), "a look takes none");
    }
    let toml = |architecture: &'static str| {
        ["explain", "toml-model.safetensors", "toml-img.npy", "--architecture", architecture, "--semiring", "real"]
    };
    refused(&place, &toml("pad1M.toml"), &["layer 'c'", "2000004"]);
    refused(&place, &toml("pool4G.toml"), &["layer 'p'", "4000000000"]);
    // Pads of 30,000, below what a tensor may hold: the memory is what they lack.
    let text = fs::read_to_string(place.path("pad1M.toml")).unwrap().replace("1000000", "15000");
    place.write("pad30k.toml", text);
    refused(&place, &toml("pad30k.toml"), &["MiB", "--memory"]);
    refused(
        &place,
        &["study", "mask", "toml-model.safetensors", "toml-img.npy", "--architecture", "pad30k.toml", "--out", "s"],
        &["--memory"],
    );
}

/// Squares of squares: 2^(2^n) paths.
#[test]
fn counts_and_polynomials_beyond_all_need_are_refused() {
    let place = workplace();
    refused(&place, &["evaluate", "sq34.safetensors", "--semiring", "counting"], &["more than 2^131072"]);
    for name in ["sq_aa30.sexpr", "sq_aa60.sexpr"] {
        refused(&place, &["formula", name, "--semiring", "polynomial"], &["2^131072"]);
    }
    // As many gates with one term each are no matter, nor is the number's size where it is rounded.
    let run = run(&place, &["evaluate", "sq34.safetensors", "--semiring", "boolean,viterbi"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn endless_files_are_not_read() {
    let place = workplace();
    if cfg!(unix) {
        place.write("digit.npy", npy_floats(&[1, 784], &[0.5; 784]));
        let words = ["/dev/zero", "not a regular file"];
        refused(&place, &["explain", "toml-model.safetensors", "toml-img.npy", "--architecture", "/dev/zero"], &words);
        refused(
            &place,
            &["study", "mask", "digits", "digit.npy", "--labels", "/dev/zero", "--out", "s"],
            &["/dev/zero"],
        );
        std::os::unix::fs::symlink("/dev/zero", place.path("endless.sexpr")).unwrap();
        refused(&place, &["formula", "endless.sexpr"], &["endless.sexpr", "not a regular file"]);
        std::os::unix::fs::symlink("/dev/zero", place.path("endless.toml")).unwrap();
        refused(&place, &["explain", "--semiring", "endless.toml"], &["endless.toml", "not a regular file"]);
        // A pipe that nobody writes to is not waited for.
        assert!(std::process::Command::new("mkfifo").arg(place.path("pipe.png")).status().unwrap().success());
        refused(&place, &["explain", "digits", "pipe.png"], &["pipe.png", "not a regular file"]);
    }
}

#[test]
fn damaged_and_boastful_pictures_are_refused() {
    let place = workplace();
    for name in ["truncated.jpg", "bomb.jpg"] {
        refused(&place, &["explain", "rgb.onnx", name, "--semiring", "real", "--out", "out"], &[name, "truncated"]);
    }
}

/// States whose hash was made anew over nonsense, of an older version and of this one.
#[test]
fn states_of_studies_are_not_trusted() {
    let place = workplace();
    fs::create_dir(place.path("s")).unwrap();
    for name in [".thresholds-critical.state", ".thresholds-judge.state"] {
        fs::copy(repository("tests/hostile/study-state").join(name), place.path("s").join(name)).unwrap();
    }
    let study =
        ["study", "thresholds", "--steps", "2", "--at", "0.1", "--share", "0.1", "--constant", "0.1", "--out", "s"];
    refused(&place, &study, &[".state", "--restart"]);
    assert_eq!(run(&place, &[&study[..], &["--restart"]].concat()).code, Some(0));
}

/// Text of a file that would clear the screen, or look like a line of the tool's, is shown as what it is.
#[test]
fn names_do_not_reach_the_terminal_raw() {
    let place = workplace();
    let name = "a\u{1b}[2Jb.npy";
    place.write(name, "no array");
    let refused = place.run(&["explain", name]);
    assert!(refused.code == Some(2) && !refused.stderr.contains('\u{1b}'), "{}", refused.stderr);
    assert!(refused.stderr.contains("a\\u{1b}[2Jb.npy"), "{}", refused.stderr);
    let tensor = "0\u{1b}]0;x\nerror: no.weight";
    let weights = safetensors(Dtype::F32, &[(tensor, &[1, 2], little_endian(&[1.0, 2.0]))]);
    place.write("m.safetensors", weights);
    let shown = place.run(&["inspect", "m.safetensors"]);
    assert!(![&shown.stdout, &shown.stderr].iter().any(|text| text.contains('\u{1b}')), "{}", shown.stdout);
}

/// Long chains and wide nodes take time in their number: seconds for a hundred thousand.
#[test]
fn long_files_are_read_in_linear_time() {
    let place = Workplace::new();
    let nodes = 100_000;
    place.write("x.npy", npy_floats(&[4], &[0.5, -1.0, 2.0, 1.0]));
    for operator in ["Relu", "Dropout", "Sub"] {
        let constant = if operator == "Sub" { Some((1, vec![1e-4; 1])) } else { None };
        place.write("chain.onnx", onnx_chain(operator, nodes, 4, constant));
        let inspected = run(&place, &["inspect", "chain.onnx"]);
        assert_eq!(inspected.code, Some(0), "{operator}: {}", inspected.stderr);
        if operator != "Relu" {
            let explained = run(&place, &["explain", "chain.onnx", "x.npy", "--semiring", "real", "--json"]);
            assert_eq!(explained.code, Some(0), "{operator}: {}", explained.stderr);
        }
    }
    // One matrix, which ten thousand products share.
    place.write("shared.onnx", onnx_chain("MatMul", 10_000, 100, Some((100, vec![0.01; 10_000]))));
    let shared = run(&place, &["inspect", "shared.onnx"]);
    assert_eq!(shared.code, Some(0), "{}", shared.stderr);
    let layers = "[[layers]]\ntype = \"relu\"\n".repeat(nodes);
    place.write("chain.toml", format!("[input]\nshape = [4]\n{layers}[[layers]]\nname = \"d\"\ntype = \"dense\"\n"));
    place.write("d.safetensors", safetensors(Dtype::F32, &[("d.weight", &[1, 4], little_endian(&[1.0; 4]))]));
    let described = run(&place, &["inspect", "d.safetensors", "--architecture", "chain.toml"]);
    assert_eq!(described.code, Some(0), "{}", described.stderr);
}
