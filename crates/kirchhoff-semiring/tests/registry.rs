//! The registry lists every semiring once, with defaults that fit together.

use std::collections::HashSet;

use kirchhoff_semiring::{
    Annotation, Call, DefaultStart, Embed, Interval, LookupError, SemiringInfo, SemiringVisitor, find, semirings, visit,
};

struct Consistent;

impl SemiringVisitor for Consistent {
    type Output = &'static str;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> &'static str {
        assert_eq!(info.laws, semiring.laws(), "{}", info.name);
        assert_eq!(info.embeds, semiring.carrier(), "{}", info.name);
        for (text, value) in [(&*info.zero, semiring.zero()), (&*info.one, semiring.one())] {
            let projected = semiring.project(&value);
            let expected = match text {
                "⊥" | "0" => 0.0,
                "⊤" | "1" => 1.0,
                "∞" => f64::INFINITY,
                "−∞" => f64::NEG_INFINITY,
                other => panic!("{}: the constant {other}", info.name),
            };
            assert_eq!(projected, expected, "{}", info.name);
            assert!(semiring.carrier().contains(projected), "{}", info.name);
        }
        for value in semiring.elements() {
            let projected = semiring.project(&value);
            assert!(projected.is_infinite() || semiring.carrier().contains(projected), "{}: {value:?}", info.name);
        }
        assert_eq!(semiring.project(&semiring.zero()), info.zero_number, "{}", info.name);
        let join = info.join.expect("built-in semirings join as numbers do");
        for a in semiring.elements() {
            for b in semiring.elements() {
                let expected = semiring.project(&semiring.plus(&a, &b));
                let got = join.join(semiring.project(&a), semiring.project(&b));
                let close = got == expected || (got - expected).abs() <= 1e-4 * expected.abs().max(1.0);
                assert!(close, "{}: {a:?} ⊕ {b:?} is {expected}, not {got}", info.name);
            }
        }
        &info.name
    }
}

#[test]
fn entries_describe_their_semirings() {
    for info in semirings() {
        assert_eq!(visit(&info.name, Consistent), Ok(&*info.name));
        assert_eq!(find(&info.name), Ok(info));
    }
}

#[test]
fn names_are_unique_and_readable() {
    let names: HashSet<_> = semirings().iter().map(|info| &*info.name).collect();
    assert_eq!(names.len(), semirings().len());
    for name in names {
        assert_eq!(name.parse(), Ok(Call::named(name)));
    }
}

#[test]
fn the_table_of_the_semantics_is_complete() {
    let rows: Vec<_> = semirings().iter().map(|info| (&*info.name, &*info.rule, info.annotation.to_string())).collect();
    let threshold = "threshold(1e-9)";
    let expected = [
        ("real", "epsilon", "identity"),
        ("boolean", "zero", threshold),
        ("counting", "zero", threshold),
        ("counting-float", "zero", threshold),
        ("viterbi", "max-abs", "identity"),
        ("tropical", "max-abs", "neg-log"),
        ("max-plus", "max-abs", "-neg-log"),
        ("fuzzy", "max-abs", "identity"),
        ("bottleneck", "zero", "identity"),
        ("lukasiewicz", "max-abs", "identity"),
        ("log", "max-abs", "-neg-log"),
    ];
    assert_eq!(rows, expected.map(|(name, rule, annotation)| (name, rule, annotation.to_string())));
    let logit: Vec<_> = semirings().iter().filter(|info| info.start == DefaultStart::Logit).collect();
    assert_eq!(logit, [find("real").unwrap()]);
}

#[test]
fn defaults_fit_together() {
    for info in semirings() {
        assert_eq!(info.annotation.to_string().parse::<Annotation>(), Ok(info.annotation));
        let range = if info.rule == "max-abs" { Interval::UNIT } else { Interval::REALS };
        assert_eq!(info.annotation.check(&info.name, info.embeds, range), Ok(()));
    }
}

#[test]
fn wrong_names_and_arguments_are_explained() {
    let error = find("tropicl").unwrap_err();
    assert_eq!(error.to_string(), "unknown semiring `tropicl`: did you mean `tropical`?");
    let LookupError::Unknown(unknown) = &error else { panic!("{error}") };
    assert_eq!(unknown.known.len(), semirings().len());
    let message = |text| visit(text, Consistent).unwrap_err().to_string();
    assert_eq!(message("Viterbi"), "unknown semiring `Viterbi`: did you mean `viterbi`?");
    assert_eq!(message("viterbi(3)"), "`viterbi` takes no argument, not 1");
    assert!(message("viterbi(").starts_with("cannot read `viterbi(`"));
    assert!(message("zzz").contains("known: real, boolean, counting"));
}

#[test]
fn entries_are_machine_readable() {
    let json = serde_json::to_value(find("tropical").unwrap()).unwrap();
    assert_eq!(json["embeds"], "[0, ∞]");
    assert_eq!(json["annotation"], "neg-log");
    assert_eq!(json["start"], "one");
    assert_eq!(json["laws"], serde_json::json!(["commutative-times", "idempotent-plus", "absorptive", "selective"]));
}
