//! Every built-in semiring keeps the axioms and its declared laws, on its own elements and on random ones.

use kirchhoff_semiring::{
    Boolean, Bottleneck, Count, Counting, CountingFloat, Embed, Fuzzy, Law, LawChecker, Log, Lukasiewicz, MaxPlus,
    Product, Real, RoundedCount, Semiring, SemiringInfo, SemiringVisitor, Tropical, Viterbi, Worlds, semirings, visit,
};
use proptest::prelude::*;

fn unit() -> impl Strategy<Value = f32> {
    prop_oneof![4 => 0.0f32..=1.0, 2 => (0.0f32..60.0).prop_map(|x| (-x).exp()), 1 => Just(0.0), 1 => Just(1.0)]
}

fn cost() -> impl Strategy<Value = f32> {
    prop_oneof![4 => 0.0f32..100.0, 1 => 0.0f32..1e30, 1 => Just(f32::INFINITY), 1 => Just(0.0)]
}

fn count() -> impl Strategy<Value = Count> {
    prop_oneof![
        (0..20u64).prop_map(Count::from),
        any::<u64>().prop_map(Count::from),
        prop::collection::vec(any::<u64>(), 0..4).prop_map(|limbs| Count::from_limbs(&limbs)),
    ]
}

fn rounded_count() -> impl Strategy<Value = RoundedCount> {
    (0.0f64..300.0, 0..4usize).prop_map(|(exponent, factors)| {
        let start = RoundedCount::nearest(10f64.powf(exponent));
        (0..factors).fold(start, |product, _| product.times(RoundedCount::nearest(1e250)))
    })
}

fn extended() -> impl Strategy<Value = f32> {
    use prop::num::f32::{INFINITE, NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    INFINITE | NEGATIVE | NORMAL | POSITIVE | SUBNORMAL | ZERO
}

fn logarithm() -> impl Strategy<Value = f32> {
    prop_oneof![6 => -100.0f32..100.0, 2 => -1.0f32..1.0, 1 => Just(f32::NEG_INFINITY), 1 => Just(0.0)]
}

/// Three values are enough for any axiom; 0 and 1 join them.
fn check<S: Semiring>(semiring: &S, values: Vec<S::Value>) -> Result<(), TestCaseError> {
    let report = LawChecker::new().with_budget(0).check_elements(semiring, values);
    prop_assert!(report.passed(), "{report}");
    Ok(())
}

macro_rules! random {
    ($($name:ident: $semiring:expr, $value:expr;)*) => {
        proptest! {
            $(#[test]
            fn $name(values in prop::collection::vec($value, 3)) {
                check(&$semiring, values)?;
            })*
        }
    };
}

random! {
    real_on_random_elements: Real, -2.0f32..2.0;
    boolean_on_random_elements: Boolean, any::<bool>();
    counting_on_random_elements: Counting, count();
    counting_float_on_random_elements: CountingFloat, rounded_count();
    viterbi_on_random_elements: Viterbi, unit();
    tropical_on_random_elements: Tropical, cost();
    max_plus_on_random_elements: MaxPlus, cost().prop_map(|x| -x);
    fuzzy_on_random_elements: Fuzzy, unit();
    bottleneck_on_random_elements: Bottleneck, extended();
    lukasiewicz_on_random_elements: Lukasiewicz, unit();
    log_on_random_elements: Log, logarithm();
    worlds_on_random_elements: Worlds::<2>, any::<[u64; 2]>();
    product_on_random_elements: Product(Viterbi, Counting), (unit(), count());
}

struct CheckOwnElements;

impl SemiringVisitor for CheckOwnElements {
    type Output = ();

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) {
        let elements = semiring.elements();
        assert_eq!(elements[..2], [semiring.zero(), semiring.one()], "{}: the simplest come first", info.name);
        let report = LawChecker::new().check(&semiring);
        assert!(report.passed(), "{}:\n{report}", info.name);
        assert!(report.hints.is_empty(), "{} has laws that it does not declare:\n{report}", info.name);
    }
}

#[test]
fn registered_semirings_keep_what_they_declare_and_declare_all_they_keep() {
    for info in semirings() {
        visit(&info.name, CheckOwnElements).unwrap();
    }
}

#[test]
fn products_keep_the_laws_of_both_sides() {
    let report = LawChecker::new().check(&Product(Boolean, Fuzzy));
    assert!(report.passed() && report.hints.is_empty(), "{report}");
    let report = LawChecker::new().check(&Product(Product(Tropical, Counting), Real));
    assert!(report.passed() && report.hints.is_empty(), "{report}");
    let report = LawChecker::new().check(&Worlds::<2>);
    assert!(report.passed() && report.hints.is_empty(), "{report}");
    assert!(!Product(Boolean, Boolean).laws().has(Law::Selective));
    assert!(Product(Boolean, Boolean).laws().has(Law::Absorptive));
}

#[test]
fn infinities_are_neutral_and_absorbing_where_they_are_0_and_1() {
    let infinity = f32::INFINITY;
    assert_eq!(Tropical.times(&infinity, &0.0), infinity);
    assert_eq!(Tropical.plus(&infinity, &infinity), infinity);
    assert_eq!(MaxPlus.times(&-infinity, &0.0), -infinity);
    assert_eq!(Bottleneck.times(&infinity, &-infinity), -infinity);
    assert_eq!(Bottleneck.plus(&infinity, &-infinity), infinity);
    assert_eq!(Log.plus(&-infinity, &-infinity), -infinity);
    assert_eq!(Log.plus(&-infinity, &3.0), 3.0);
}

#[test]
fn logarithms_are_added_without_overflow() {
    assert_eq!(Log.plus(&200.0, &200.0), 200.0 + std::f32::consts::LN_2);
    assert_eq!(Log.plus(&-200.0, &-200.0), -200.0 + std::f32::consts::LN_2);
    assert_eq!(Log.plus(&0.0, &-1000.0), 0.0);
    assert_eq!(Log.plus(&1000.0, &-1000.0), 1000.0);
}

#[test]
fn embedding_takes_what_rounding_left_outside_to_the_nearest_element() {
    assert_eq!([Viterbi.embed(1.000_000_1), Viterbi.embed(-1e-9)], [1.0, 0.0]);
    assert_eq!([Tropical.embed(-1e-9), Tropical.embed(f32::INFINITY)], [0.0, f32::INFINITY]);
    assert_eq!([MaxPlus.embed(1e-9), MaxPlus.embed(f32::NEG_INFINITY)], [0.0, f32::NEG_INFINITY]);
    assert_eq!(Log.embed(f32::INFINITY), f32::MAX);
    assert_eq!(Counting.embed(2.4), Count::from(2));
    assert!(Boolean.embed(0.9) && !Boolean.embed(0.1));
    for embedded in [Viterbi.embed(-0.0), Tropical.embed(-0.0), MaxPlus.embed(-0.0), Bottleneck.embed(-0.0)] {
        assert_eq!(embedded.to_bits(), 0, "one zero, so that maxima have the same bits in any order");
    }
}

proptest! {
    /// The sum, correctly rounded: 1 is neutral and a small factor keeps its low bits.
    #[test]
    fn lukasiewicz_rounds_once(a in unit(), b in unit()) {
        let exact = (f64::from(a) + f64::from(b) - 1.0).max(0.0);
        let difference = (f64::from(Lukasiewicz.times(&a, &b)) - exact).abs();
        prop_assert!(difference <= exact * f64::from(f32::EPSILON) / 2.0 + 1e-15, "{difference:e} of {exact}");
    }
}
