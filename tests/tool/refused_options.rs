//! Options that cannot be used are refused in one line, and leave nothing behind.

use crate::files::{digit_values, npy_floats};
use crate::harness::{Workplace, golden};

#[test]
fn unknown_names_come_with_the_nearest_known_ones() {
    let place = Workplace::new();
    place.refuses(&["--semiring", "bolean"], &["unknown semiring `bolean`", "`boolean`"]);
    place.refuses(&["--semiring", "real,Viterbi"], &["unknown semiring `Viterbi`", "`viterbi`"]);
    place.refuses(&["--rule", "gama"], &["unknown rule `gama`", "`gamma`"]);
    place.refuses(&["--rule", "real:4=gama"], &["unknown rule `gama`", "`gamma`"]);
    place.refuses(&["--composite", "epsilonplus"], &["unknown composite `epsilonplus`", "`epsilon-plus`"]);
    place.refuses(&["--composite", "gamma"], &["unknown composite `gamma`"]);
    place.refuses(&["--theta", "treshold(0.1)"], &["unknown annotation `treshold`", "`threshold`"]);
    place.refuses(&["--theta", "boolean:4=treshold"], &["unknown annotation `treshold`"]);
    place.refuses_whole(&["laws", "fuzy"], &["unknown semiring `fuzy`", "`fuzzy`"]);
    place.refuses_whole(&["new", "vgg12"], &["VGG-12", "16"]);
    place.refuses_whole(&["new", "resnet50"], &["resnet50", "vgg16", "mlp-"]);
}

#[test]
fn lists_of_nothing_and_of_the_same() {
    let place = Workplace::new();
    place.refuses(&["--semiring", ""], &["names no semiring", "kirchhoff semirings"]);
    place.refuses(&["--semiring", "real,boolean,real"], &["`real` twice"]);
    place.refuses(&["--layers", ","], &["names no layer"]);
    place.refuses(&["--rule", ""], &["name is missing"]);
    place.refuses(&["--theta", "boolean:4="], &["name is missing"]);
}

#[test]
fn parameters_that_are_wrong() {
    let place = Workplace::new();
    let real = ["--semiring", "real", "--rule"];
    place.refuses(&[&real[..], &["gamma("]].concat(), &["`gamma(`", "bracket"]);
    place.refuses(&[&real[..], &["gamma(x)"]].concat(), &["`gamma(x)`", "argument 1", "`x`"]);
    place.refuses(&[&real[..], &["gamma(-1)"]].concat(), &["`gamma`", "γ ≥ 0", "-1"]);
    place.refuses(&[&real[..], &["gamma(1,2)"]].concat(), &["gamma"]);
    place.refuses(&[&real[..], &["alpha-beta(2,2)"]].concat(), &["alpha-beta", "α"]);
    place.refuses(&["--semiring", "boolean", "--theta", "NaN"], &["θ", "finite", "NaN"]);
    place.refuses(&["--semiring", "boolean", "--theta", "threshold(inf)"], &["threshold(inf)", "finite"]);
    let bounds = [&real[..], &["z-box", "--low", "5", "--high", "3"]].concat();
    place.refuses(&bounds, &["z-box", "layer `0`", "low ≤ high"]);
    place.refuses(&[&real[..], &["z-box", "--low", "0,0,0"]].concat(), &["z-box", "layer `0`", "3 low"]);
    place.refuses(&["--mean", "0.1,0.2,0.3"], &["mean has 3 values"]);
    place.refuses(&["--std", "0"], &["std holds 0"]);
    place.refuses(&["--scale", "NaN"], &["scale", "NaN"]);
    place.refuses(&["--input-shape", "1,28,28"], &["--input-shape", "none is given"]);
    place.refuses(&[&golden("mnist-cnn/model.onnx"), "--input-shape", "1,30,30"], &["model.onnx", "28", "30"]);
}

#[test]
fn targets_that_are_none() {
    let place = Workplace::new();
    place.refuses(&["--target", "10"], &["target 10 is out of range", "10 outputs"]);
    place.refuses(&["--target", "0,12"], &["target 12 is out of range"]);
    for text in ["", "x", "-1", "3,", "3-", "3-3", "3,3", "1.5", "top,3", "99999999999999999999999"] {
        place.refuses(&["--target", text], &[&format!("`{text}` is no target"), "`3,8`", "`3-8`"]);
    }
    place.refuses(&["--target", "1", "--target", "2"], &["2 targets", "10 inputs"]);
}

#[test]
fn starts_outside_the_carrier() {
    let place = Workplace::new();
    for semiring in ["boolean", "viterbi", "counting", "max-plus"] {
        let arguments = ["--semiring", semiring, "--start", "logit", "--target", "0"];
        place.refuses(&arguments, &["start", &format!("`{semiring}`"), "start from 1"]);
    }
    // What speaks against an output takes a −1, a number whose product with itself is 1, or a difference.
    let registry = place.json(&["semirings", "--json"]);
    let (mut refused, mut answered) = (0, 0);
    for info in registry.as_array().unwrap() {
        let semiring = info["name"].as_str().unwrap();
        let arguments = ["--semiring", semiring, "--target", "3-8"];
        if semiring == "real" || info["monus"] == true {
            place.relevance(&[&arguments[..], &["--pictures", "0"]].concat());
            answered += 1;
        } else {
            place.refuses(&arguments, &["`3-8`", &format!("`{semiring}`"), "real semiring", "difference"]);
            refused += 1;
        }
    }
    assert!(refused >= 2 && answered >= 8, "{refused} {answered}");
}

#[test]
fn annotations_outside_the_carrier() {
    let place = Workplace::new();
    let arguments = ["--semiring", "viterbi", "--rule", "zero", "--theta", "identity"];
    place.refuses(&arguments, &["layer `0`", "rule `zero`", "`identity`", "`viterbi`", "use rule `max-abs`"]);
    let arguments = ["--semiring", "counting", "--theta", "identity"];
    place.refuses(&arguments, &["layer `0`", "`identity`", "`counting`", "`threshold`"]);
    // A rule for all semirings that only one of them can take: how to say so.
    let both = ["--semiring", "real,viterbi", "--rule", "gamma"];
    place.refuses(&both, &["rule `gamma(0.25)`", "`viterbi`", "`--rule real:gamma`"]);
    let both = ["--semiring", "real,boolean", "--theta", "0.1"];
    place.refuses(&both, &["semiring `real`", "`identity` has no θ", "`--theta boolean:0.1`"]);
    let both = ["--semiring", "real,boolean", "--theta", "4=0.1"];
    place.refuses(&both, &["semiring `real`", "layer `4`", "`identity` has no θ"]);
}

#[test]
fn layers_that_are_not_there() {
    let place = Workplace::new();
    place.refuses(&["--semiring", "boolean", "--theta", "7=0.1"], &["`7`", "0, 2, 4"]);
    place.refuses(&["--theta", "boolean:conv*=0.1"], &["`conv*`", "0, 2, 4"]);
    place.refuses(&["--rule", "real:9=zero"], &["`9`", "0, 2, 4"]);
    place.refuses(&["--layers", "0,middle"], &["no layer is named `middle`", "input, 0, 1, 2, 3, 4"]);
}

#[test]
fn rules_that_do_not_fit_their_layers() {
    let place = Workplace::new();
    place.refuses(&["--rule", "real:1=gamma"], &["`gamma(0.25)`", "layer `1`", "ReLU", "layers with weights"]);
    place.refuses(&["--rule", "real:0=winner"], &["`winner`", "layer `0`", "dense"]);
    place.refuses(&["--rule", "real:4=norm"], &["`norm`", "layer `4`", "dense"]);
    // An activation has no annotation to choose.
    place.refuses(&["--theta", "boolean:1=0.1"], &["`1`", "0, 2, 4"]);
}

#[test]
fn options_for_semirings_that_are_not_asked_for() {
    let place = Workplace::new();
    for option in ["--rule", "--composite", "--theta"] {
        let arguments = ["--semiring", "real", option, "boolean:zero"];
        place.refuses(&arguments, &["`boolean:zero`", "semiring `boolean`", "not asked for"]);
    }
}

#[test]
fn output_folders_that_cannot_be_made_or_written() {
    let place = Workplace::new();
    place.write("file", "not a folder");
    place.refuses(&["--out", "file"], &["cannot write", "file"]);
    place.refuses(&["--out", "file/results"], &["cannot write", "file/results"]);
    place.refuses(&["--out", "file/results/deeper"], &["cannot write", "file/results/deeper"]);
    // A folder in the place of a file is found before anything is written.
    std::fs::create_dir_all(place.path("taken/sheet.png")).unwrap();
    place.refuses(&["--out", "taken"], &["cannot write", "sheet.png", "folder"]);
    assert_eq!(crate::harness::names(&place.path("taken")), ["sheet.png"]);
}

#[test]
fn a_refusal_leaves_earlier_results_alone() {
    let place = Workplace::new();
    place.write("input.npy", npy_floats(&[784], &digit_values(3)));
    let arguments = ["explain", "input.npy", "--semiring", "real", "--out", "results"];
    place.succeed(&arguments);
    let before = std::fs::read(place.path("results/relevance.safetensors")).unwrap();
    let names = crate::harness::names(&place.path("results"));
    place.refuses(&["input.npy", "--semiring", "real", "--target", "11", "--out", "results"], &["target 11"]);
    assert_eq!(std::fs::read(place.path("results/relevance.safetensors")).unwrap(), before);
    assert_eq!(crate::harness::names(&place.path("results")), names);
}

#[test]
fn arguments_outside_the_grammar() {
    let place = Workplace::new();
    place.misuses(&["explian"], &["explian", "'explain'"]);
    place.misuses(&["explain", "--semirings", "real"], &["--semirings", "--semiring"]);
    place.misuses(&["explain", "--threads", "0"], &["--threads", "0"]);
    place.misuses(&["explain", "--threads", "many"], &["--threads", "many"]);
    place.misuses(&["explain", "--max-pool", "median"], &["median", "winner", "average"]);
    place.misuses(&["explain", "--start", "two"], &["two", "one", "logit"]);
    place.misuses(&["explain", "--semiring", "real", "--semiring", "boolean"], &["--semiring", "multiple times"]);
    place.misuses(&["explain", "--mean", "grey"], &["--mean", "grey"]);
    place.misuses(&["explain", "--out"], &["--out"]);
    place.misuses(&["new"], &["ARCHITECTURE"]);
    place.misuses(&["new", "vgg11", "--classes", "0"], &["--classes", "0"]);
    place.misuses(&["inspect", "one.onnx", "two.onnx"], &["two.onnx"]);
    place.refuses_whole(&["semirings", "rael"], &["unknown semiring `rael`", "`real`"]);
    // Nothing at all is a question for help, not an error.
    let run = place.run::<&str>(&[]);
    assert_eq!((run.code, &run.stdout[..]), (Some(2), ""));
    assert!(run.stderr.contains("Usage: ") && run.stderr.contains("explain"));
}
