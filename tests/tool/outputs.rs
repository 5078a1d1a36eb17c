//! No file of the user's is lost: what outputs may replace, and what they leave alone.

use std::fs;
use std::path::Path;

use crate::files::{npy_floats, perceptron, png};
use crate::harness::Workplace;

/// Runs the tool, which has to refuse and to leave a file as it was.
fn spares(place: &Workplace, name: &str, arguments: &[&str], words: &[&str]) {
    let before = fs::read(place.path(name)).unwrap();
    place.refuses_whole(arguments, words);
    assert!(fs::read(place.path(name)).unwrap() == before, "{arguments:?} replaced {name}");
}

/// The formula of an output, which takes no time.
const FORMULA: [&str; 8] = ["formula", "--input", "7", "--layer", "2", "--output", "0", "--out"];

#[test]
fn files_that_a_run_reads_are_never_replaced() {
    let place = Workplace::new();
    place.succeed(&["new", "mlp-784-20-10", "--out", "w.safetensors"]);
    let read = ["w.safetensors: it is a file that this run reads", "choose another name"];
    let model = "w.safetensors";
    for force in [&[][..], &["--force"]] {
        let spared = |arguments: &[&str]| spares(&place, model, &[arguments, force].concat(), &read);
        spared(&["compile", model, "--layered", "--out", model]);
        spared(&[
            "compile",
            model,
            "--semiring",
            "boolean",
            "--prune",
            "--theta",
            "0.5",
            "--input",
            "0",
            "--out",
            model,
        ]);
        spared(&["compile", model, "--layered", "--out", "./w.safetensors"]);
        fs::hard_link(place.path(model), place.path("other.safetensors")).unwrap();
        let other = ["other.safetensors: it is a file that this run reads"];
        spares(&place, model, &["compile", model, "--layered", "--out", "other.safetensors"], &["other.safetensors"]);
        spares(
            &place,
            model,
            &[&["compile", model, "--layered", "--out", "other.safetensors"], force].concat(),
            &other,
        );
        fs::remove_file(place.path("other.safetensors")).unwrap();
    }
    // Weights that only a circuit refers to, and that circuit.
    place.succeed(&["compile", model, "--layered", "--out", "c.safetensors"]);
    place.succeed(&["evaluate", "c.safetensors", "--out", "."]);
    fs::rename(place.path("relevance.safetensors"), place.path("kept")).unwrap();
    fs::copy(place.path("c.safetensors"), place.path("relevance.safetensors")).unwrap();
    let evaluate = ["evaluate", "relevance.safetensors", "--out", ".", "--force"];
    spares(&place, "relevance.safetensors", &evaluate, &["it is a file that this run reads"]);
    // An input, an architecture and a definition of a semiring in the folder of the results.
    place.write("input.npy", npy_floats(&[784], &[0.5; 784]));
    fs::create_dir(place.path("out")).unwrap();
    place.write("out/sheet.png", png(28, &[9; 784]));
    let explain = ["explain", "out/sheet.png", "--semiring", "real", "--out", "out", "--force"];
    spares(&place, "out/sheet.png", &explain, &["sheet.png: it is a file that this run reads"]);
    assert_eq!(fs::read_dir(place.path("out")).unwrap().count(), 1, "no other file of the run is there");
    place.write("s.toml", "name = \"best\"\nvalue = \"f32\"\nzero = \"0\"\none = \"1\"\nplus = \"max(a, b)\"\ntimes = \"a * b\"\ntheta = \"min(abs(d), 1)\"\n");
    let definition = [
        "formula",
        "--input",
        "7",
        "--layer",
        "2",
        "--output",
        "0",
        "--semiring",
        "s.toml",
        "--out",
        "s.toml",
        "--force",
    ];
    spares(&place, "s.toml", &definition, &["s.toml: it is a file that this run reads"]);
}

#[test]
fn a_file_of_anybody_else_is_replaced_by_force_alone() {
    let place = Workplace::new();
    place.write("mlp-784-20-10.safetensors", perceptron(&[3, 2], |_, position| position as f32));
    place.write("model.onnx", "a user's");
    let words = ["which kirchhoff did not write", "--force"];
    let own = |arguments: &[&str], name: &str| {
        spares(&place, name, arguments, &[&[name], &words[..]].concat());
        let before = fs::read(place.path(name)).unwrap();
        place.succeed(&[arguments, &["--force"]].concat());
        assert!(fs::read(place.path(name)).unwrap() != before);
        // What this tool wrote gives way, or is the same.
        place.succeed(arguments);
    };
    own(&["new", "mlp-784-20-10"], "mlp-784-20-10.safetensors");
    own(&[&FORMULA[..], &["model.onnx"]].concat(), "model.onnx");
    for (name, arguments) in [
        ("real-digit_0.png", &["explain", "digits", "--semiring", "real", "--out", "."][..]),
        ("explanation.json", &["explain", "digits", "--semiring", "real", "--out", "."]),
        ("study.json", &["study", "mask", "--semiring", "boolean", "--out", "."]),
        ("masks.csv", &["study", "mask", "--semiring", "boolean", "--out", "."]),
        ("report.html", &["study", "mask", "--semiring", "boolean", "--out", "."]),
        ("loss.svg", &["study", "prune", "--out", "."]),
        ("drawn.svg", &["draw", "--input", "7", "--semiring", "boolean", "--theta", "0.065", "--out", "drawn.svg"]),
    ] {
        place.write(name, "a user's");
        let before = place.names();
        let run = place.run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
        assert!(words.iter().all(|word| run.stderr.contains(word)) && run.stderr.contains(name), "{}", run.stderr);
        assert_eq!(fs::read(place.path(name)).unwrap(), b"a user's", "{arguments:?}");
        let kept = |name: &String| name.starts_with(".study") || name.ends_with(".state");
        let after: Vec<String> = place.names().into_iter().filter(|name| !kept(name)).collect();
        assert_eq!(after, before, "{arguments:?}: all or nothing");
        place.succeed(&[arguments, &["--force"]].concat());
        // Other values take the place of the tool's own.
        if !name.ends_with(".svg") {
            place.succeed(&[arguments, &["--target", "3"]].concat());
        } else {
            place.succeed(arguments);
        }
    }
}

#[cfg(unix)]
#[test]
fn devices_pipes_and_links_stay_what_they_are() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    let place = Workplace::new();
    let written = |name: &str| place.run(&[&FORMULA[..], &[name, "--force"]].concat());
    assert!(std::process::Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    let run = written("pipe");
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("pipe: it is a pipe, not a regular file"), "{}", run.stderr);
    assert!(fs::symlink_metadata(place.path("pipe")).unwrap().file_type().is_fifo());
    // A device of the test's own, where it may make one.
    if std::process::Command::new("mknod")
        .arg(place.path("null"))
        .args(["c", "1", "3"])
        .status()
        .is_ok_and(|s| s.success())
    {
        let run = written("null");
        assert!(run.code == Some(2) && run.stderr.contains("null: it is a device"), "{}", run.stderr);
        assert!(fs::symlink_metadata(place.path("null")).unwrap().file_type().is_char_device());
    }
    // A link is followed, and what it leads to is a file like others.
    symlink("real", place.path("link")).unwrap();
    assert!(written("link").stderr.contains("link: it is a symbolic link that leads nowhere"));
    place.write("real", "a user's");
    place.refuses_whole(&[&FORMULA[..], &["link"]].concat(), &["link: there is a file", "--force"]);
    fs::set_permissions(place.path("real"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(written("link").code, Some(0));
    assert!(fs::symlink_metadata(place.path("link")).unwrap().is_symlink());
    let real = fs::metadata(place.path("real")).unwrap();
    assert_eq!(real.permissions().mode() & 0o777, 0o600, "a file keeps its mode");
    assert!(fs::read_to_string(place.path("real")).unwrap().starts_with("R("));
}

#[cfg(target_os = "linux")]
#[test]
fn names_need_not_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Workplace::new();
    let name = OsStr::from_bytes(b"\xff.txt");
    let mut arguments: Vec<&OsStr> = FORMULA.iter().map(OsStr::new).collect();
    arguments.push(name);
    place.succeed(&arguments);
    assert!(place.path("").join(Path::new(name)).exists());
    // Two classes whose names look the same as text are two.
    for (folder, class) in [(b"data/\xfe".as_slice(), 3), (b"data/\xff", 7)] {
        let folder = place.path("").join(OsStr::from_bytes(folder));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.png"), png(28, &crate::files::digit(class))).unwrap();
    }
    place.succeed(&["study", "mask", "digits", "data", "--semiring", "boolean", "--out", "masks"]);
    let masks = fs::read_to_string(place.path("masks/masks.csv")).unwrap();
    assert!(masks.contains("all classes,2"), "{masks}");
}
