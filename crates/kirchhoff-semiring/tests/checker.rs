//! The law checker catches broken semirings, and blames them with the shortest counterexample.

use std::collections::BTreeSet;

use kirchhoff_semiring::{Condition, Law, LawChecker, LawReport, Laws, Semiring};

/// A semiring over `V` made of parts, to break one at a time.
#[derive(Clone)]
struct Parts<V> {
    zero: V,
    one: V,
    plus: fn(&V, &V) -> V,
    times: fn(&V, &V) -> V,
    laws: &'static [Law],
    elements: Vec<V>,
}

impl<V: Clone + PartialEq + std::fmt::Debug + Send + Sync> Semiring for Parts<V> {
    type Value = V;

    fn zero(&self) -> V {
        self.zero.clone()
    }

    fn one(&self) -> V {
        self.one.clone()
    }

    fn plus(&self, a: &V, b: &V) -> V {
        (self.plus)(a, b)
    }

    fn times(&self, a: &V, b: &V) -> V {
        (self.times)(a, b)
    }

    fn laws(&self) -> Laws {
        Laws::of(self.laws)
    }

    fn elements(&self) -> Vec<V> {
        self.elements.clone()
    }
}

fn naturals() -> Parts<u64> {
    Parts { zero: 0, one: 1, plus: |a, b| a + b, times: |a, b| a * b, laws: &[], elements: vec![0, 1, 2, 3] }
}

fn check<S: Semiring>(semiring: &S) -> LawReport {
    LawChecker::new().check(semiring)
}

/// The failures, as text without the condition's name.
fn failures(report: &LawReport) -> Vec<(Condition, String)> {
    report.failures().map(|check| (check.condition, check.counterexample.as_ref().unwrap().to_string())).collect()
}

#[track_caller]
fn assert_only_failure<S: Semiring>(semiring: &S, condition: Condition, counterexample: &str) {
    assert_eq!(failures(&check(semiring)), [(condition, counterexample.to_string())]);
}

#[test]
fn a_sound_semiring_passes() {
    let report = check(&Parts { laws: &[Law::CommutativeTimes], ..naturals() });
    assert!(report.passed(), "{report}");
    assert_eq!(report.hints, []);
}

#[test]
fn a_product_that_does_not_distribute_over_noisy_or() {
    let noisy_or = Parts::<f64> {
        zero: 0.0,
        one: 1.0,
        plus: |a, b| a + b - a * b,
        times: |a, b| a * b,
        laws: &[],
        elements: vec![0.0, 1.0, 0.5],
    };
    let counterexample = "a = 0.5, b = 1.0, c = 1.0: left 0.5, right 0.75";
    let mirrored = "a = 1.0, b = 1.0, c = 0.5: left 0.5, right 0.75";
    let expected =
        [(Condition::DistributiveLeft, counterexample.into()), (Condition::DistributiveRight, mirrored.into())];
    assert_eq!(failures(&check(&noisy_or)), expected);
}

#[test]
fn a_zero_that_is_neutral_but_does_not_absorb() {
    // Max-plus over the naturals needs −∞, not 0.
    let semiring = Parts::<u64> { zero: 0, one: 0, plus: |a, b| *a.max(b), times: |a, b| a + b, ..naturals() };
    let expected = [Condition::AbsorbingLeft, Condition::AbsorbingRight];
    assert_eq!(failures(&check(&semiring)), expected.map(|side| (side, "a = 1: left 1, right 0".to_string())));
}

#[test]
fn a_zero_that_is_not_neutral() {
    let semiring = Parts::<u64> { zero: 0, one: 0, plus: |a, b| *a.min(b), times: |a, b| a + b, ..naturals() };
    let report = check(&semiring);
    let neutral = (Condition::PlusNeutral, "a = 1: left 0, right 1".to_string());
    assert!(failures(&report).contains(&neutral), "{report}");
}

#[test]
fn false_idempotence() {
    let plus = Parts { laws: &[Law::IdempotentPlus], ..naturals() };
    assert_only_failure(&plus, Condition::Law(Law::IdempotentPlus), "a = 1: left 2, right 1");
    let times = Parts { laws: &[Law::IdempotentTimes], ..naturals() };
    assert_only_failure(&times, Condition::Law(Law::IdempotentTimes), "a = 2: left 4, right 2");
}

#[test]
fn a_sum_that_is_not_associative() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Hand {
        Nothing,
        Rock,
        Paper,
        Scissors,
    }
    use Hand::{Nothing, Paper, Rock, Scissors};
    let game = Parts {
        zero: Nothing,
        one: Rock,
        plus: |a, b| match (a, b) {
            (Nothing, hand) | (hand, Nothing) => *hand,
            (Rock, Paper) | (Paper, Rock) => Paper,
            (Paper, Scissors) | (Scissors, Paper) => Scissors,
            (Scissors, Rock) | (Rock, Scissors) => Rock,
            (same, _) => *same,
        },
        times: |a, b| match (a, b) {
            (Nothing, _) | (_, Nothing) => Nothing,
            (Rock, hand) | (hand, Rock) => *hand,
            _ => Nothing,
        },
        laws: &[Law::Selective],
        elements: vec![Nothing, Rock, Paper, Scissors],
    };
    let failures = failures(&check(&game));
    let counterexample = "a = Rock, b = Paper, c = Scissors: left Scissors, right Rock";
    assert!(failures.contains(&(Condition::PlusAssociative, counterexample.to_string())), "{failures:?}");
    assert!(!failures.iter().any(|(condition, _)| *condition == Condition::Law(Law::Selective)));
}

#[test]
fn a_product_that_is_not_associative() {
    let semiring = Parts::<u64> { times: |a, b| a.abs_diff(*b), one: 0, ..naturals() };
    let failures = failures(&check(&semiring));
    let counterexample = "a = 1, b = 1, c = 2: left 2, right 0".to_string();
    assert!(failures.contains(&(Condition::TimesAssociative, counterexample)), "{failures:?}");
}

#[test]
fn false_absorption() {
    // Max-plus with elements above its 1.
    let semiring = Parts::<f64> {
        zero: f64::NEG_INFINITY,
        one: 0.0,
        plus: |a, b| a.max(*b),
        times: |a, b| a + b,
        laws: &[Law::CommutativeTimes, Law::Selective, Law::Absorptive],
        elements: vec![f64::NEG_INFINITY, 0.0, 1.0],
    };
    assert_only_failure(&semiring, Condition::Law(Law::Absorptive), "a = 0.0, b = 1.0: left 1.0, right 0.0");
}

#[test]
fn false_selection() {
    let sets = Parts::<u8> {
        zero: 0b000,
        one: 0b111,
        plus: |a, b| a | b,
        times: |a, b| a & b,
        laws: &[Law::Absorptive, Law::Selective],
        elements: vec![0b000, 0b001, 0b010],
    };
    assert_only_failure(&sets, Condition::Law(Law::Selective), "a = 1, b = 2: left 3, right 1 or 2");
    assert_eq!(check(&sets).hints, [Law::CommutativeTimes, Law::IdempotentTimes]);
}

/// Finite languages: union and concatenation.
fn languages(laws: &'static [Law]) -> Parts<BTreeSet<String>> {
    let language = |words: &[&str]| words.iter().map(|word| word.to_string()).collect();
    Parts {
        zero: language(&[]),
        one: language(&[""]),
        plus: |a, b| a | b,
        times: |a, b| a.iter().flat_map(|head| b.iter().map(move |tail| format!("{head}{tail}"))).collect(),
        laws,
        elements: vec![language(&[]), language(&[""]), language(&["x"]), language(&["y"])],
    }
}

#[test]
fn false_commutativity() {
    let languages = languages(&[Law::CommutativeTimes]);
    let counterexample = r#"a = {"x"}, b = {"y"}: left {"xy"}, right {"yx"}"#;
    assert_only_failure(&languages, Condition::Law(Law::CommutativeTimes), counterexample);
}

#[test]
fn a_product_that_does_not_commute_is_no_fault() {
    let report = check(&languages(&[Law::IdempotentPlus]));
    assert!(report.passed() && report.hints.is_empty(), "{report}");
}

#[test]
fn a_given_element_that_is_not_a_number() {
    let report = LawChecker::new().check_elements(&kirchhoff_semiring::Real, vec![1.0, f32::NAN, 2.0]);
    let counterexample = "a = NaN: left NaN, right NaN, which is not equal to itself".to_string();
    assert_eq!(failures(&report), [(Condition::Reflexive, counterexample)]);
}

#[test]
fn an_operation_that_yields_what_is_not_a_number() {
    // Min-plus with −∞, which +∞ does not absorb.
    let semiring = Parts::<f64> {
        zero: f64::INFINITY,
        one: 0.0,
        plus: |a, b| a.min(*b),
        times: |a, b| a + b,
        laws: &[],
        elements: vec![f64::INFINITY, 0.0, f64::NEG_INFINITY],
    };
    let report = check(&semiring);
    let counterexample = "a = inf ⊗ -inf = NaN: left NaN, right NaN, which is not equal to itself".to_string();
    assert_eq!(failures(&report)[0], (Condition::Reflexive, counterexample));
    let absorbing = (Condition::AbsorbingLeft, "a = -inf: left NaN, right inf".to_string());
    assert!(failures(&report).contains(&absorbing), "{report}");
}

#[test]
fn methods_that_do_not_agree() {
    struct Overridden;
    impl Semiring for Overridden {
        type Value = u64;
        fn zero(&self) -> u64 {
            0
        }
        fn one(&self) -> u64 {
            1
        }
        fn plus(&self, a: &u64, b: &u64) -> u64 {
            a + b
        }
        fn times(&self, a: &u64, b: &u64) -> u64 {
            a * b
        }
        fn plus_assign(&self, sum: &mut u64, a: &u64) {
            *sum = a + 1;
        }
        fn is_zero(&self, _: &u64) -> bool {
            false
        }
    }
    let expected = [
        (Condition::ZeroTest, "a = 0: left false, right true".to_string()),
        (Condition::PlusAssign, "a = 0, b = 0: left 1, right 0".to_string()),
    ];
    assert_eq!(failures(&check(&Overridden)), expected);
}

#[test]
fn counterexamples_are_found_among_expressions() {
    // Nothing but 0 and 1 is given; the sum saturates and the product does not.
    let saturating = Parts::<u64> { plus: |a, b| (a + b).min(3), elements: vec![], ..naturals() };
    let report = check(&saturating);
    let left = "a = 1 ⊕ 1 = 2, b = 1, c = 1: left 4, right 3".to_string();
    assert!(failures(&report).contains(&(Condition::DistributiveLeft, left)), "{report}");
    let few = LawChecker::new().with_budget(2).check(&saturating);
    assert!(few.passed() && few.elements == 2, "{few}");
}

#[test]
fn a_simpler_counterexample_wins_over_an_earlier_one() {
    let semiring = Parts { laws: &[Law::IdempotentPlus], elements: vec![1000, 20, 3], ..naturals() };
    assert_only_failure(&semiring, Condition::Law(Law::IdempotentPlus), "a = 3: left 6, right 3");
}

#[test]
fn reports_are_read_by_people_and_programs() {
    let report = LawChecker::new().with_budget(4).check(&Parts { laws: &[Law::Absorptive], ..naturals() });
    let text = report.to_string();
    assert!(text.contains("⊕ associative: (a ⊕ b) ⊕ c = a ⊕ (b ⊕ c) holds\n"), "{text}");
    assert!(text.contains("absorptive: a ⊕ (a ⊗ b) = a fails for a = 1, b = 1: left 2, right 1\n"), "{text}");
    assert!(
        text.ends_with(
            "held as well, though not declared: ⊗ commutative\n13 of 15 conditions hold on 4 sample elements"
        )
    );
    let json = serde_json::to_value(&report).unwrap();
    let failed = json["checks"].as_array().unwrap().iter().find(|check| check["condition"] == "absorptive").unwrap();
    assert_eq!(failed["counterexample"]["assignments"][1]["value"], "1");
    assert_eq!(json["checks"][0]["condition"], "reflexive");
    assert_eq!(json["hints"], serde_json::json!(["commutative-times"]));
    for check in &report.checks {
        let name = serde_json::to_string(&check.condition).unwrap();
        assert_eq!(serde_json::from_str::<Condition>(&name).unwrap(), check.condition);
    }
}
