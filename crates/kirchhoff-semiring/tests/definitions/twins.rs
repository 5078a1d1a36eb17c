//! Built-in semirings written as definitions: the same values, to the bit where nothing is approximated.

use kirchhoff_semiring::{
    Annotation, Boolean, Bottleneck, Counting, DefinedSemiring, Embed, Fused, Fuzzy, Interval, Log, Lukasiewicz,
    MaxPlus, Project, Real, Semiring, Tropical, Viterbi,
};
use proptest::prelude::*;

use crate::defined;
use crate::examples::example;

const VITERBI: &str = r#"define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(abs(d), 1)",
    laws=["commutative", "absorptive", "selective"])"#;
const TROPICAL: &str = r#"define(plus="min(a, b)", times="a + b", zero=inf, one=0, theta="-log(min(abs(d), 1))",
    order="cost", laws=["commutative", "absorptive", "selective"])"#;
const MAX_PLUS: &str = r#"define(plus="max(b, a)", times="b + a", zero=-inf, one=0, theta="log(min(abs(d), 1))",
    laws=["commutative", "absorptive", "selective"])"#;
const FUZZY: &str = r#"define(plus="max(a, b)", times="min(a, b)", zero=0, one=1, theta="min(abs(d), 1)",
    laws=["commutative", "idempotent-times", "absorptive", "selective"])"#;
const BOTTLENECK: &str = r#"define(plus="max(a, b)", times="min(a, b)", zero=-inf, one=inf, theta="identity",
    laws=["commutative", "idempotent-times", "absorptive", "selective"])"#;
const REAL: &str = r#"define(plus="a + b", times="a * b", zero=0, one=1, theta="d", start="logit", rule="epsilon",
    order="signed", laws=["commutative"])"#;
const LUKASIEWICZ: &str = r#"define(plus="max(a, b)", times="max(min(a, b) - (1 - max(a, b)), 0)", zero=0, one=1,
    theta="min(abs(d), 1)", laws=["commutative", "absorptive", "selective"])"#;
const BOOLEAN: &str = r#"define(value="bool", plus="a or b", times="a and b", zero=false, one=true, theta="d >= 0.01",
    laws=["commutative", "idempotent-times", "absorptive", "selective"])"#;
const COUNTING: &str = r#"define(value="u64", plus="a + b", times="a * b", zero=0, one=1, theta="threshold(0.01)",
    laws=["commutative"])"#;

fn single(text: &str) -> kirchhoff_semiring::Defined<f32> {
    let definition = defined(text);
    definition.check().unwrap_or_else(|error| panic!("{error}"));
    let DefinedSemiring::F32(semiring) = definition.semiring() else { panic!("one f32") };
    semiring
}

fn form<V>(fused: Option<Fused<V>>) -> &'static str {
    match fused {
        None => "none",
        Some(Fused::PlusTimes(_)) => "plus-times",
        Some(Fused::MaxTimes(_)) => "max-times",
        Some(Fused::MinPlus(_)) => "min-plus",
        Some(Fused::MaxPlus(_)) => "max-plus",
        Some(Fused::MaxMin(_)) => "max-min",
        Some(Fused::Counts(_)) => "counts",
        Some(Fused::RoundedCounts(_)) => "rounded-counts",
    }
}

/// The block form against the built-in semiring, on numbers of its carrier and of Θ; to the bit.
fn same<S: Embed<Value = f32>>(text: &str, twin: &S, annotation: Annotation, d: &[f32]) {
    let semiring = single(text);
    assert_eq!(form(semiring.fused()), form(twin.fused()), "{text}");
    assert_eq!(semiring.laws(), twin.laws(), "{text}");
    assert_eq!((semiring.zero(), semiring.one()), (twin.zero(), twin.one()));
    assert!(semiring.carrier().interval.includes(&twin.carrier().interval), "{text}");
    let theta: Vec<f32> = d.iter().map(|d| annotation.apply(twin, *d)).collect();
    let mut block = vec![0.0; d.len()];
    semiring.theta_block(d, &mut block);
    assert_eq!(bits(&block), bits(&theta), "{text}");
    let relevance: Vec<f32> = theta.iter().rev().copied().collect();
    let mut sums: Vec<f32> = theta.iter().cycle().skip(theta.len() / 3).take(theta.len()).copied().collect();
    let mut expected = sums.clone();
    twin.accumulate(&mut expected, &theta, &relevance);
    semiring.accumulate(&mut sums, &theta, &relevance);
    assert_eq!(bits(&sums), bits(&expected), "{text}");
}

/// Bits, with 0 in place of −0.
fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| (value + 0.0).to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn definitions_of_built_in_semirings_give_their_values(
        d in prop::collection::vec(prop_oneof![-2.0f32..2.0, Just(0.0), Just(1.0), Just(-1.0)], 1..700),
    ) {
        same(VITERBI, &Viterbi, Annotation::AbsClamp, &d);
        same(TROPICAL, &Tropical, Annotation::NegLog, &d);
        same(MAX_PLUS, &MaxPlus, Annotation::MinusNegLog, &d);
        same(FUZZY, &Fuzzy, Annotation::AbsClamp, &d);
        same(BOTTLENECK, &Bottleneck, Annotation::Identity, &d);
        same(REAL, &Real, Annotation::Identity, &d);
        same(LUKASIEWICZ, &Lukasiewicz, Annotation::AbsClamp, &d);
    }

    #[test]
    fn sums_of_logarithms_are_close_to_the_built_in_ones(
        a in prop::collection::vec(-60.0f32..5.0, 1..300),
    ) {
        let DefinedSemiring::F32(semiring) = example("log-probability").semiring() else { panic!("one f32") };
        let b: Vec<f32> = a.iter().rev().copied().collect();
        let mut sums = vec![f32::NEG_INFINITY; a.len()];
        let mut expected = sums.clone();
        for shift in [0.0f32, -1.5] {
            let theta: Vec<f32> = a.iter().map(|x| x + shift).collect();
            semiring.accumulate(&mut sums, &theta, &b);
            Log.accumulate(&mut expected, &theta, &b);
        }
        for (sum, expected) in sums.iter().zip(&expected) {
            prop_assert!(Log.close(sum, expected), "{sum} is not {expected}");
        }
        prop_assert_eq!(semiring.plus(&f32::NEG_INFINITY, &f32::NEG_INFINITY), f32::NEG_INFINITY);
    }

    #[test]
    fn truth_and_counts_are_the_built_in_ones(d in prop::collection::vec(-0.1f32..0.1, 3..600)) {
        let DefinedSemiring::Bool(boolean) = defined(BOOLEAN).semiring() else { panic!("one bool") };
        let DefinedSemiring::U64(counting) = defined(COUNTING).semiring() else { panic!("one u64") };
        let annotation = Annotation::Threshold(0.01);
        prop_assert_eq!(boolean.annotation(), Some(annotation));
        prop_assert_eq!(counting.annotation(), Some(annotation));
        let truth: Vec<bool> = d.iter().map(|d| annotation.apply(&Boolean, *d)).collect();
        let counts: Vec<_> = d.iter().map(|d| annotation.apply(&Counting, *d)).collect();
        let mut theta = vec![false; d.len()];
        boolean.theta_block(&d, &mut theta);
        prop_assert_eq!(&theta, &truth);
        let (mut sums, mut expected) = (theta.clone(), truth.clone());
        sums.reverse();
        expected.reverse();
        boolean.accumulate(&mut sums, &theta, &theta);
        Boolean.accumulate(&mut expected, &truth, &truth);
        prop_assert_eq!(sums, expected);

        let mut theta = vec![0u64; d.len()];
        counting.theta_block(&d, &mut theta);
        let (mut sums, mut expected) = (theta.clone(), counts.clone());
        for _ in 0..6 {
            let (before, exact) = (sums.clone(), expected.clone());
            counting.accumulate(&mut sums, &before, &before);
            Counting.accumulate(&mut expected, &exact, &exact);
        }
        prop_assert!(counting.take_fault().is_ok());
        for (sum, expected) in sums.iter().zip(&expected) {
            prop_assert_eq!(sum.to_string(), expected.to_string());
        }
    }
}

#[test]
fn a_form_is_recognised_only_where_it_means_the_same() {
    let forms = |theta: &str, zero: &str| {
        let text = format!(r#"define(plus="max(a, b)", times="a * b", zero={zero}, one=1, theta="{theta}")"#);
        let DefinedSemiring::F32(semiring) = defined(&text).semiring() else { panic!("one f32") };
        let unit = semiring.clone().with_contributions(Interval::UNIT);
        (form(semiring.fused()), form(unit.fused()))
    };
    assert_eq!(forms("min(abs(d), 1)", "0"), ("max-times", "max-times"));
    // Contributions beyond 1 are no elements of [0, 1].
    assert_eq!(forms("d", "0"), ("none", "max-times"));
    assert_eq!(forms("abs(d)", "0"), ("none", "max-times"));
    assert_eq!(forms("d * 2", "0"), ("none", "none"));
    assert_eq!(forms("if(d > 0.5, 1, 0.25)", "0"), ("max-times", "max-times"));
    assert_eq!(forms("exp(-abs(d))", "0"), ("max-times", "max-times"));
    assert_eq!(forms("threshold(0.5)", "0"), ("max-times", "max-times"));
    assert_eq!(forms("1 / d", "0"), ("none", "none"));
    assert_eq!(forms("sqrt(d)", "0"), ("none", "max-times"));
    assert_eq!(forms("min(abs(d), 1)", "-1"), ("none", "none"));
    assert_eq!(form(single(VITERBI).fused()), "max-times");
    let wider = r#"define(plus="max(a, b)", times="a * b + 0", zero=0, one=1, theta="min(abs(d), 1)")"#;
    let DefinedSemiring::F32(wider) = defined(wider).semiring() else { panic!("one f32") };
    assert_eq!(form(wider.fused()), "none");
    assert_eq!(wider.project(&0.5), 0.5);
}

#[test]
fn counts_beyond_64_bits_are_a_fault() {
    let DefinedSemiring::U64(counting) = defined(COUNTING).semiring() else { panic!("one u64") };
    let large = counting.times(&(1 << 40), &(1 << 23));
    assert_eq!(large, 1 << 63);
    assert!(counting.take_fault().is_ok());
    assert_eq!(counting.limbs(&[large]).map(|limbs| limbs.limbs), Some(vec![1 << 63]));
    let mut sums = vec![1; 300];
    let mut theta = vec![1; 300];
    theta[299] = 1 << 40;
    counting.clone().accumulate(&mut sums, &theta.clone(), &theta);
    assert_eq!((sums[0], sums[299]), (2, u64::MAX));
    let message = counting.take_fault().unwrap_err().to_string();
    assert!(message.contains("semiring `defined` left its numbers: a result of `+`, `-`, `*`"), "{message}");
    assert!(counting.take_fault().is_ok(), "it is told once");
}
