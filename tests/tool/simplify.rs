//! Circuit files become smaller, for the semirings that are asked for.

use kirchhoff::circuit::{CircuitFile, GateBuilder, GateCircuit, Notes, save_gates};
use kirchhoff::evaluate::{FoldError, PerLeaf, fold};
use kirchhoff::semiring::{Boolean, Count, Counting, Law, Laws};

use crate::harness::Workplace;

/// `a ⊗ b ⊕ a ⊗ c ⊕ a ⊗ b ⊗ c`, in a file with a note.
fn stored(place: &Workplace) -> GateCircuit {
    let mut builder = GateBuilder::new(Vec::new(), 100);
    let names = ["a", "b", "c"].map(|name| builder.declare(name));
    let [a, b, c] = names.map(|name| builder.variable(name).unwrap());
    let products =
        [builder.times(&[a, b]).unwrap(), builder.times(&[a, c]).unwrap(), builder.times(&[a, b, c]).unwrap()];
    let sum = builder.plus(&products).unwrap();
    builder.output("value", &[1], &[sum]).unwrap();
    let circuit = builder.finish().unwrap();
    let notes = Notes::from_iter([("model".to_string(), "by hand".into())]);
    save_gates(place.path("circuit.safetensors"), &circuit, &notes).unwrap();
    circuit
}

fn load(place: &Workplace, name: &str) -> (GateCircuit, Notes) {
    let file = CircuitFile::open(&place.path(name)).unwrap();
    file.verify().unwrap();
    (file.gates().unwrap(), file.notes().unwrap())
}

fn count(circuit: &GateCircuit) -> Result<Vec<Count>, FoldError> {
    let values = [2u64, 3, 5].map(|number| Count::from_limbs(&[number]));
    fold(circuit, &Counting, &PerLeaf(|_, _| Count::ONE), &values, &())
}

#[test]
fn each_class_gets_what_its_laws_allow() {
    let place = Workplace::new();
    let circuit = stored(&place);
    let mut sizes = Vec::new();
    for class in ["any", "commutative", "idempotent", "absorptive", "boolean", "counting", "top-k(3)"] {
        let report =
            place.json(&["simplify", "circuit.safetensors", "--for", class, "--out", "small.safetensors", "--json"]);
        let (small, notes) = load(&place, "small.safetensors");
        assert_eq!(report["after"]["gates"], small.gates());
        assert_eq!(report["before"]["wires"], circuit.wires());
        assert_eq!(report["saturation"]["stop"], "saturated", "{report}");
        assert!(Laws::named(class).unwrap().include(small.laws()));
        assert_eq!((notes["model"].as_str(), notes["simplified"]["for"].as_str()), (Some("by hand"), Some(class)));
        if Laws::of(&[Law::CommutativeTimes]).include(small.laws()) {
            assert_eq!(count(&small), count(&circuit), "{class}");
        } else {
            assert!(matches!(count(&small), Err(FoldError::Law { .. })), "{class}");
        }
        let truths = [true, true, false];
        assert_eq!(fold(&small, &Boolean, &PerLeaf(|_, _| true), &truths, &()), Ok(vec![true]));
        sizes.push(small.size().total());
    }
    assert_eq!(sizes[4], sizes[3]);
    assert!(sizes[3] < sizes[0] && sizes[0] < circuit.size().total(), "{sizes:?}");
}

#[test]
fn the_report_tells_what_was_done() {
    let place = Workplace::new();
    stored(&place);
    let simplify = ["simplify", "circuit.safetensors", "--out", "small.safetensors"];
    let text = place.succeed(&simplify);
    for part in ["before", "equality saturation", "factor-left", "saturated", "sharing alone", "every semiring"] {
        assert!(text.contains(part), "no '{part}' in:\n{text}");
    }
    let text = place.succeed(&[&simplify[..], &["--linear", "--for", "absorptive"]].concat());
    assert!(text.contains("left out") && !text.contains("factor-left"), "{text}");
    let text = place.succeed(&[&simplify[..], &["--max-iterations", "1"]].concat());
    assert!(text.contains("the limit on iterations"), "{text}");
    assert_eq!(place.succeed(&[&simplify[..], &["--quiet"]].concat()), "");
}

#[test]
fn what_cannot_be_simplified_is_refused() {
    let place = Workplace::new();
    stored(&place);
    let out = ["--out", "small.safetensors"];
    let simplify = |rest: &[&'static str]| [&["simplify"], rest, &out].concat();
    place.refuses_whole(&simplify(&["circuit.safetensors", "--for", "absorbtive"]), &["did you mean `absorptive`?"]);
    place.refuses_whole(&simplify(&["none.safetensors"]), &["none.safetensors"]);
    place.misuses(&simplify(&["circuit.safetensors", "--linear", "--saturate"]), &["cannot be used with"]);
    // One bit of the gates, which the checksum knows.
    let mut bytes = std::fs::read(place.path("circuit.safetensors")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    place.write("damaged.safetensors", &bytes);
    place.refuses_whole(&simplify(&["damaged.safetensors"]), &["damaged.safetensors", "checksum"]);
}

#[test]
fn a_simplified_circuit_is_refused_outside_its_class() {
    let place = Workplace::new();
    stored(&place);
    let simplify = |class| ["simplify", "circuit.safetensors", "--quiet", "--for", class, "--out", "small.safetensors"];
    let evaluate = ["evaluate", "small.safetensors", "--json", "--semiring"];
    // a ⊗ (b ⊕ c): absorption has taken the third summand, which counts.
    place.succeed(&simplify("boolean"));
    for inside in ["boolean", "fuzzy", "bottleneck"] {
        place.succeed(&[&evaluate[..], &[inside]].concat());
    }
    for outside in ["counting", "real", "log"] {
        place.refuses_whole(
            &[&evaluate[..], &[outside]].concat(),
            &["the circuit was simplified for semirings with", "--for"],
        );
    }
    place.refuses_whole(&[&evaluate[..], &["boolean,counting"]].concat(), &["simplified for semirings with"]);
    let value = |semiring: &str, circuit: &str| {
        let report = place.json(&["evaluate", circuit, "--json", "--semiring", semiring]);
        report["semirings"][semiring]["outputs"][0]["values"].clone()
    };
    place.succeed(&simplify("commutative"));
    assert_eq!(value("counting", "small.safetensors"), value("counting", "circuit.safetensors"));
    assert_eq!(value("counting", "small.safetensors"), serde_json::json!([3.0]));
}

/// The greatest product of magnitudes: absorptive only where none is above 1.
const GREATEST: &str = r#"define(name="greatest", plus="max(a, b)", times="a * b", zero=0, one=1, theta="abs(d)", rule="zero", laws=["commutative", "absorptive"])"#;

#[test]
fn laws_are_checked_on_the_values_that_occur() {
    let place = Workplace::new();
    for (name, rule) in [("within.safetensors", "max-abs"), ("beyond.safetensors", "epsilon(1e-6)")] {
        let compile = ["compile", "--input", "7", "--rule", rule, "--symbolic", "hidden", "--quiet", "--out", name];
        place.succeed(&compile);
    }
    let simplify = |circuit: &'static str, class: &'static str| {
        [
            "simplify",
            circuit,
            "--for",
            class,
            "--linear",
            "--check-laws",
            "--quiet",
            "--force",
            "--out",
            "small.safetensors",
        ]
    };
    place.succeed(&simplify("within.safetensors", GREATEST));
    let run = place.run(&simplify("beyond.safetensors", GREATEST));
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    for word in ["breaks its laws on values that occur in beyond.safetensors", "absorptive", "fails for"] {
        assert!(run.stderr.contains(word), "{}", run.stderr);
    }
    for (circuit, semiring) in [("within.safetensors", "viterbi"), ("beyond.safetensors", "real")] {
        place.succeed(&simplify(circuit, semiring));
    }
    place.refuses_whole(&simplify("within.safetensors", "boolean-like"), &["boolean-like"]);
    place.refuses_whole(&simplify("within.safetensors", "absorptive"), &["--check-laws checks a semiring", "--for"]);
}
