//! Semirings that are defined by a file or on one line, as a user gives them to the tool.

use crate::harness::{Relevance, Workplace, repository};
use crate::studies::noise;

/// The definitions that ship as examples.
const EXAMPLES: [&str; 9] = [
    "cheapest",
    "dual",
    "expected-length",
    "goedel",
    "interval",
    "largest",
    "log-probability",
    "security",
    "two-cheapest",
];

fn example(name: &str) -> String {
    repository(&format!("examples/semirings/{name}.toml")).display().to_string()
}

const VITERBI: &str = r#"define(name="best", plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(abs(d), 1)", rule="max-abs", laws=["commutative-times", "absorptive", "selective"])"#;

#[test]
fn every_example_is_described_and_goes_through_the_verbs() {
    let place = Workplace::new();
    place.succeed(&["new", "mlp-784-12-10", "--quiet"]);
    noise(&place, 4);
    let model = "mlp-784-12-10.safetensors";
    for name in EXAMPLES {
        let file = example(name);
        let described = place.succeed(&["semirings", &file]);
        for row in ["carrier", "a ⊕ b", "a ⊗ b", "default Θ(d)", "laws"] {
            assert!(described.contains(row), "{name}: {described}");
        }
        let info = place.json(&["semirings", &file, "--json"]);
        let own = info[0]["name"].as_str().unwrap().to_string();
        let both = format!("{file},viterbi");
        let streamed = place.relevance(&[model, "--semiring", &both]).tensor(&format!("{own}/input"));
        assert_eq!(streamed.shape, [10, 784], "{name}");
        assert!(streamed.values.iter().any(|value| *value != streamed.values[0]), "{name}: values that say nothing");

        place.succeed(&[
            "compile",
            model,
            "--input",
            "2",
            "--semiring",
            &file,
            "--out",
            "gates.safetensors",
            "--quiet",
        ]);
        place.succeed(&["evaluate", "gates.safetensors", "--semiring", &file, "--out", "folded", "--quiet"]);
        let folded = Relevance::read(place.path("folded/relevance.safetensors")).tensor(&format!("{own}/input"));
        for (pixel, (a, b)) in folded.values.iter().zip(&streamed.values[2 * 784..]).enumerate() {
            let close = a == b || (a - b).abs() <= 1e-4 * a.abs().max(b.abs()).max(1e-3);
            assert!(close, "{name}: pixel {pixel} is {a} folded and {b} streamed");
        }
        place.succeed(&[
            "study",
            "mask",
            model,
            "data",
            "--semiring",
            &file,
            "--out",
            &format!("{name}-masks"),
            "--quiet",
        ]);
        place.succeed(&["laws", &file]);
    }
}

#[test]
fn the_best_path_as_a_definition_is_that_of_the_built_in_semiring() {
    let place = Workplace::new();
    let relevance = place.relevance(&["--semiring", &format!("viterbi,{VITERBI}")]);
    assert_eq!(relevance.tensor("best/input").values, relevance.tensor("viterbi/input").values);
    // An option may be meant for it by its name.
    let relevance = place.relevance(&["--semiring", VITERBI, "--theta", "best:threshold(0.01)", "--rule", "best:zero"]);
    let boolean = place.relevance(&["--semiring", "boolean", "--theta", "0.01"]);
    assert_eq!(relevance.tensor("best/input").values, boolean.tensor("boolean/input").values);
}

#[test]
fn a_theta_of_neurons_chooses_edges() {
    let place = Workplace::new();
    // Of the first hidden layer, what neurons 100 to 119 tell; below a threshold elsewhere.
    let chosen = r#"define(name="chosen", value="u64", plus="a + b", times="a * b", zero=0, one=1,
        theta="u64(d >= 0.02 and source >= 100 and source < 120)", minus="if(a > b, a - b, 0)", laws=["commutative"])"#;
    let about = ["--input", "7", "--theta", "threshold(0.02)", "--target", "7"];
    let theta = [&about[..], &["--semiring", chosen, "--theta", "2=own"]].concat();
    let found = place.relevance(&theta).tensor("chosen/input").values;
    // The other neurons may as well be gone.
    let gone: Vec<String> = (0..300).filter(|n| !(100..120).contains(n)).map(|n| format!("h1[{n}]")).collect();
    let question = ["ask", "removed", "--semiring", "counting", "--json", "--remove", &gone.join(",")];
    let left = place.json(&[&question[..], &about].concat());
    let expected: Vec<f64> = left["semirings"]["counting"]["outputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|output| output["after"].as_f64().unwrap())
        .collect();
    assert_eq!(found, expected);
    assert!(found.iter().filter(|count| **count > 0.0).count() > 20);

    place.refuses_whole(
        &["formula", "--input", "7", "--semiring", chosen, "--output", "x[9,14]"],
        &["asks for the neurons of an edge", "--leaves edges"],
    );
    // A contrast of counts, by the difference of the definition.
    let contrast = |semiring: &str| {
        let options = ["--semiring", semiring, "--input", "7", "--theta", "threshold(0.02)", "--target", "7-3"];
        place.relevance(&options)
    };
    let own = contrast(chosen).tensor("chosen/input").values;
    assert_eq!(own, contrast("counting").tensor("counting/input").values);
}

#[test]
fn what_is_no_definition_is_refused_with_its_place() {
    let place = Workplace::new();
    let refuses = |definition: &str, words: &[&str]| {
        let run = place.run(&["explain", "--semiring", definition]);
        assert_eq!(run.code, Some(2), "{definition}: {}", run.stderr);
        words.iter().for_each(|word| assert!(run.stderr.contains(word), "{definition}: no '{word}' in {}", run.stderr));
    };
    refuses(r#"define(plus="max(a, c)", times="a * b", zero=0, one=1, theta="d")"#, &["`plus`", "column 8", "`c`"]);
    refuses(r#"define(plus="max(a, b)", zero=0, one=1, theta="d")"#, &["times"]);
    refuses(r#"define(plus="a - b", times="a * b", zero=0, one=1, theta="d")"#, &["a ⊕ b = b ⊕ a", "a = "]);
    refuses("none.toml", &["none.toml", "cannot read"]);
    refuses(
        r#"define(name="real", plus="a + b", times="a * b", zero=0, one=1, theta="d")"#,
        &["`real`", "another name"],
    );
    refuses("nearest", &["unknown semiring", ".toml"]);

    // Unchecked, what is no semiring answers all the same.
    let unlawful = r#"define(plus="a - b", times="a * b", zero=0, one=1, theta="d")"#;
    place.succeed(&["explain", "--semiring", unlawful, "--unchecked", "--quiet", "--pictures", "0"]);

    // A count that outgrows its type is an error, and not a wrong number.
    let counts =
        r#"define(value="u64", plus="a + b", times="a * b", zero=0, one=4000000000, theta="u64(d > 0) * 4000000000")"#;
    let run = place.run(&["explain", "--semiring", counts, "--unchecked", "--quiet", "--pictures", "0"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("defined") && run.stderr.contains("2⁶⁴"), "{}", run.stderr);
}
