//! `⊖` of definitions: as an expression, by the law of a selective `⊕`, or none.

use kirchhoff_semiring::{Condition, DefinedSemiring, Definition, DefinitionError, Law, Semiring};

use crate::defined;

const COUNTS: &str = r#"define(value="u64", plus="a + b", times="a * b", zero=0, one=1, theta="threshold(0.01)",
    minus="if(a > b, a - b, 0)", laws=["commutative"])"#;

#[test]
fn a_definition_says_what_its_difference_is() {
    let definition = defined(COUNTS);
    assert_eq!(definition.minus_text().as_deref(), Some("if(a > b, a - b, 0)"));
    let report = definition.check().unwrap();
    for condition in [Condition::MonusSelf, Condition::MonusZero, Condition::MonusExchange, Condition::MonusSum] {
        assert!(report.checks.iter().any(|check| check.condition == condition && check.holds()), "{report}");
    }
    let DefinedSemiring::U64(semiring) = definition.semiring() else { panic!("one u64") };
    assert_eq!((semiring.minus(&7, &3), semiring.minus(&3, &7)), (Some(4), Some(0)));
    // What `if` leaves out is no fault.
    definition.take_fault().unwrap();
}

#[test]
fn records_have_a_difference_by_columns() {
    let definition = Definition::from_toml(
        r#"
        name = "pairs"
        value = { number = "u64", reached = "bool" }
        zero = { number = 0, reached = false }
        one = { number = 1, reached = true }
        order = "share"
        show = "a.number"
        laws = ["commutative"]
        [plus]
        number = "a.number + b.number"
        reached = "a.reached or b.reached"
        [times]
        number = "a.number * b.number"
        reached = "a.reached and b.reached"
        [minus]
        number = "if(a.number > b.number, a.number - b.number, 0)"
        reached = "a.reached and not b.reached"
        [theta]
        number = "u64(d > 0)"
        reached = "d > 0"
        "#,
        "pairs.toml",
    )
    .unwrap();
    definition.check().unwrap_or_else(|error| panic!("{error}"));
    let DefinedSemiring::Wide2(semiring) = definition.semiring() else { panic!("two words") };
    assert_eq!(semiring.minus(&[7, 1], &[3, 1]), Some([4, 0]));
    assert_eq!(
        definition.minus_text().unwrap(),
        "number: if(a.number > b.number, a.number - b.number, 0), reached: a.reached and not b.reached"
    );
}

#[test]
fn without_one_a_selective_sum_decides() {
    let best = defined(
        r#"define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(abs(d), 1)", laws=["selective"])"#,
    );
    let DefinedSemiring::F32(semiring) = best.semiring() else { panic!("one f32") };
    assert!(semiring.laws().has(Law::Selective));
    assert_eq!((semiring.minus(&0.5, &0.25), semiring.minus(&0.25, &0.5)), (Some(0.5), Some(0.0)));
    let sums = defined(r#"define(plus="a + b", times="a * b", zero=0, one=1, theta="d")"#);
    let DefinedSemiring::F32(semiring) = sums.semiring() else { panic!("one f32") };
    assert_eq!(semiring.minus(&0.5, &0.25), None);
}

#[test]
fn what_is_no_difference_has_a_counterexample() {
    for (minus, condition) in [
        ("a", Condition::MonusSelf),
        ("b - b", Condition::MonusExchange),
        ("if(a > b, a - b, b - a)", Condition::MonusZero),
        ("if(a > b, a, 0)", Condition::MonusExchange),
    ] {
        let text = COUNTS.replace("if(a > b, a - b, 0)", minus);
        let Err(DefinitionError::Laws { report, .. }) = defined(&text).check() else { panic!("{minus} passes") };
        assert!(report.failures().any(|check| check.condition == condition), "{minus}: {report}");
        assert!(report.to_string().contains('⊖'), "{report}");
    }
    let error = Definition::from_call(&COUNTS.replace("if(a > b, a - b, 0)", "a - c")).unwrap_err().to_string();
    assert!(error.contains("field `minus`, column 5: unknown name `c`"), "{error}");
}
