//! The law checker catches broken semirings, and blames them with the shortest counterexample.

use std::collections::BTreeSet;

use kirchhoff_semiring::{Condition, Fused, Law, LawChecker, LawReport, Laws, Sampled, Semiring, View, Viterbi};

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
        // These add by `plus_assign`.
        (Condition::AddProduct, "a = 0, b = 0, c = 0: left 1, right 0".to_string()),
        (Condition::Accumulate, "a = 0, b = 0, c = 0: left 1, right 0".to_string()),
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
    assert!(few.passed() && few.elements == 2 && few.is_thin() && few.hints.is_empty(), "{few}");
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
            "held as well, though not declared: ⊗ commutative\n15 of 17 conditions hold on 4 sample elements"
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

/// Natural numbers under methods that may be wrong.
#[derive(Clone, Copy)]
struct Methods {
    add_product: fn(&mut u64, u64, u64),
    accumulate: fn(&mut [u64], &[u64], &[u64]),
    sum_rows: fn(&mut [u64], &[u64]),
}

fn sound() -> Methods {
    Methods {
        add_product: |sum, a, b| *sum += a * b,
        accumulate: |sums, theta, relevance| {
            sums.iter_mut().zip(theta.iter().zip(relevance)).for_each(|(sum, (a, b))| *sum += a * b);
        },
        sum_rows: |sums, rows| {
            let size = sums.len();
            sums.iter_mut().enumerate().for_each(|(i, sum)| *sum = rows.iter().skip(i).step_by(size.max(1)).sum());
        },
    }
}

impl Semiring for Methods {
    type Value = u64;
    const BLOCKWISE: bool = true;
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
    fn add_product(&self, sum: &mut u64, a: &u64, b: &u64) {
        (self.add_product)(sum, *a, *b);
    }
    fn accumulate(&self, sums: &mut [u64], theta: &[u64], relevance: &[u64]) {
        (self.accumulate)(sums, theta, relevance);
    }
    fn sum_rows(&self, sums: &mut [u64], rows: &[u64]) -> bool {
        (self.sum_rows)(sums, rows);
        true
    }
    fn elements(&self) -> Vec<u64> {
        vec![0, 1, 2, 3]
    }
}

#[test]
fn methods_that_save_work_are_held_to_the_operations() {
    let report = check(&sound());
    assert!(report.passed(), "{report}");
    assert!(report.checks.iter().any(|check| check.condition == Condition::SumRows));
    assert!(check(&naturals()).checks.iter().all(|check| check.condition != Condition::SumRows));

    let forgets = Methods { add_product: |sum, a, b| *sum = a * b, ..sound() };
    assert_only_failure(&forgets, Condition::AddProduct, "a = 1, b = 0, c = 0: left 0, right 1");
    let sums = Methods {
        accumulate: |sums, theta, relevance| {
            sums.iter_mut().zip(theta.iter().zip(relevance)).for_each(|(sum, (a, b))| *sum += a + b);
        },
        ..sound()
    };
    assert_only_failure(&sums, Condition::Accumulate, "a = 0, b = 0, c = 1: left 1, right 0");
    let keeps = Methods {
        sum_rows: |sums, rows| {
            let size = sums.len();
            sums.iter_mut()
                .enumerate()
                .for_each(|(i, sum)| *sum += rows.iter().skip(i).step_by(size.max(1)).sum::<u64>());
        },
        ..sound()
    };
    assert_only_failure(&keeps, Condition::SumRows, "a = 0, b = 1, c = 0: left 2, right 1");
}

/// Wrong in lanes that a block of one does not have.
#[test]
fn blocks_are_checked_in_every_lane() {
    let whole_vectors = Methods {
        accumulate: |sums, theta, relevance| {
            let whole = if sums.len() < 8 { sums.len() } else { sums.len() / 8 * 8 };
            sums.iter_mut().zip(theta.iter().zip(relevance)).take(whole).for_each(|(sum, (a, b))| *sum += a * b);
        },
        ..sound()
    };
    let report = check(&whole_vectors);
    let [(Condition::Accumulate, text)] = &failures(&report)[..] else { panic!("{report}") };
    assert!(text.contains(" of a block of 13, right "), "{text}");
    let first_lane = Methods {
        sum_rows: |sums, rows| {
            let size = sums.len();
            sums.iter_mut().for_each(|sum| *sum = rows.iter().step_by(size.max(1)).sum());
        },
        ..sound()
    };
    let report = check(&first_lane);
    let [(Condition::SumRows, text)] = &failures(&report)[..] else { panic!("{report}") };
    assert!(text.contains(" in lane ") && text.contains(" of a block of 13, right "), "{text}");
}

/// Numbers in [0, 1] that name a form.
struct Formed(fn() -> Fused<f32>, fn(f32, f32) -> f32);

impl Semiring for Formed {
    type Value = f32;
    fn zero(&self) -> f32 {
        0.0
    }
    fn one(&self) -> f32 {
        1.0
    }
    fn plus(&self, a: &f32, b: &f32) -> f32 {
        a.max(*b)
    }
    fn times(&self, a: &f32, b: &f32) -> f32 {
        (self.1)(*a, *b)
    }
    fn fused(&self) -> Option<Fused<f32>> {
        Some((self.0)())
    }
    fn elements(&self) -> Vec<f32> {
        vec![0.0, 1.0, 0.5, 0.25]
    }
}

#[test]
fn a_form_that_is_not_the_semirings() {
    let times = |a: f32, b: f32| a * b;
    let report = check(&Formed(|| Fused::MaxTimes(View::SAME), times));
    assert!(report.passed() && report.checks.iter().any(|check| check.condition == Condition::Fused), "{report}");
    assert_only_failure(
        &Formed(|| Fused::PlusTimes(View::SAME), times),
        Condition::Fused,
        "a = 1.0, b = 1.0: left a ⊕ b = 2.0, right a ⊕ b = 1.0",
    );
    assert_only_failure(
        &Formed(|| Fused::MaxMin(View::SAME), times),
        Condition::Fused,
        "a = 0.5, b = 0.5: left a ⊗ b = 0.5, right a ⊗ b = 0.25",
    );
    assert_only_failure(
        &Formed(|| Fused::MinPlus(View::SAME), times),
        Condition::Fused,
        "a = 0.0, b = 0.0: left inf as 0, right 0.0 as 0",
    );
    assert_only_failure(
        &Formed(|| Fused::MaxTimes(EMPTY), times),
        Condition::Fused,
        "a = 0.0, b = 0.0: left a view of another length, right one value for each",
    );
}

/// A view that shows nothing.
const EMPTY: View<f32, f32> = View { read: |_| &[], write: |values| values };

#[test]
fn few_elements_are_no_praise() {
    let longest = Parts::<Option<u32>> {
        zero: None,
        one: Some(0),
        plus: |a, b| *a.max(b),
        times: |a, b| Some((*a)? + (*b)?),
        laws: &[],
        elements: vec![None, Some(0)],
    };
    let report = check(&longest);
    assert!(report.is_thin() && report.passed() && report.hints.is_empty(), "{report}");
    let told = "on 2 sample elements, which is too few to tell: only 0, 1 and what they generate were tested; \
                override `elements`";
    assert!(report.to_string().ends_with(told), "{report}");
    let report = check(&Parts { elements: vec![None, Some(0), Some(1)], ..longest });
    assert!(!report.is_thin() && report.sampled == Sampled::Samples && !report.hints.is_empty(), "{report}");
    // 0 and 1 generate the others.
    assert!(!check(&Parts { elements: vec![], ..naturals() }).is_thin());
    let report = check(&kirchhoff_semiring::Boolean);
    assert!(report.sampled == Sampled::Everything && report.to_string().ends_with("on all 2 elements"), "{report}");
}

#[test]
fn values_that_occur_are_checked() {
    let many = |count: u64| (0..count).map(|i| i % 1000).collect::<Vec<_>>();
    let checker = LawChecker::new();
    assert!(checker.check_values(&naturals(), many(100_000)).passed());
    assert!(checker.check_values(&naturals(), vec![]).passed());
    // Wrong for large values only, of which there is one in five hundred.
    let wrong = Parts::<u64> { plus: |a, b| if *a == 998 && *b != 0 { 0 } else { a + b }, ..naturals() };
    assert!(checker.check(&wrong).passed());
    let mut values = vec![1; 499];
    values.extend([998, 1, 3]);
    assert!(!checker.check_values(&wrong, values.repeat(100)).passed());
    assert!(checker.check_values(&Viterbi, (0..5000).map(|i| i as f32 / 5000.0).collect()).passed());
}
