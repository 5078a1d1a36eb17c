//! Maps between semirings that keep 0, 1, ⊕ and ⊗: relevance commutes with every one of them.

use kirchhoff_semiring::{
    Boolean, Bottleneck, Count, Counting, CountingFloat, Log, MaxPlus, Product, RoundedCount, Semiring, Tropical,
    Viterbi,
};
use proptest::prelude::*;

/// Whether `map` keeps the constants, and the operations on `a` and `b`.
fn preserves<A: Semiring, B: Semiring>(
    (from, to): (&A, &B),
    map: impl Fn(&A::Value) -> B::Value,
    [a, b]: [A::Value; 2],
) -> Result<(), TestCaseError> {
    prop_assert_eq!(map(&from.zero()), to.zero());
    prop_assert_eq!(map(&from.one()), to.one());
    let (sum, mapped_sum) = (map(&from.plus(&a, &b)), to.plus(&map(&a), &map(&b)));
    prop_assert!(to.close(&sum, &mapped_sum), "{:?} ⊕ {:?}: {:?} and {:?}", a, b, sum, mapped_sum);
    let (product, mapped_product) = (map(&from.times(&a, &b)), to.times(&map(&a), &map(&b)));
    prop_assert!(to.close(&product, &mapped_product), "{:?} ⊗ {:?}: {:?} and {:?}", a, b, product, mapped_product);
    Ok(())
}

fn count() -> impl Strategy<Value = Count> {
    prop_oneof![
        (0..3u64).prop_map(Count::from),
        prop::collection::vec(any::<u64>(), 0..4).prop_map(|limbs| Count::from_limbs(&limbs)),
    ]
}

fn share() -> impl Strategy<Value = f32> {
    prop_oneof![4 => 1e-9f32..=1.0, 1 => Just(0.0), 1 => Just(1.0)]
}

fn extended() -> impl Strategy<Value = f32> {
    prop_oneof![-1.0f32..1.0, Just(f32::INFINITY), Just(f32::NEG_INFINITY), Just(0.0), Just(0.05)]
}

fn rounded(count: &Count) -> RoundedCount {
    let radix = RoundedCount::nearest(2f64.powi(64));
    let limbs: Vec<_> = count.limbs().collect();
    limbs.iter().rev().fold(RoundedCount::ZERO, |high, &limb| high.times(radix).plus(RoundedCount::from(limb)))
}

proptest! {
    #[test]
    fn counting_to_boolean(a in count(), b in count()) {
        preserves((&Counting, &Boolean), |n| !n.is_zero(), [a, b])?;
    }

    #[test]
    fn counting_to_counting_float(a in count(), b in count()) {
        preserves((&Counting, &CountingFloat), rounded, [a, b])?;
    }

    #[test]
    fn viterbi_to_tropical_and_back(a in share(), b in share()) {
        preserves((&Viterbi, &Tropical), |x| 0.0 - x.ln(), [a, b])?;
        preserves((&Tropical, &Viterbi), |x| (-x).exp(), [a, b])?;
    }

    #[test]
    fn viterbi_to_max_plus_and_back(a in share(), b in share()) {
        preserves((&Viterbi, &MaxPlus), |x| x.ln(), [a, b])?;
        preserves((&MaxPlus, &Viterbi), |x| x.exp(), [-a, -b])?;
    }

    #[test]
    fn viterbi_to_boolean(a in share(), b in share()) {
        preserves((&Viterbi, &Boolean), |x| *x > 0.0, [a, b])?;
    }

    #[test]
    fn bottleneck_to_boolean_at_every_threshold(a in extended(), b in extended(), theta in -1.0f32..1.0) {
        preserves((&Bottleneck, &Boolean), |x| *x >= theta, [a, b])?;
        preserves((&Bottleneck, &Boolean), |x| *x >= a && a > f32::NEG_INFINITY || *x == f32::INFINITY, [a, b])?;
    }

    #[test]
    fn log_to_boolean(a in extended(), b in extended()) {
        let [a, b] = [a, b].map(|x| x.min(1.0));
        preserves((&Log, &Boolean), |x| *x > f32::NEG_INFINITY, [a, b])?;
    }

    #[test]
    fn products_to_their_sides(a in (share(), count()), b in (share(), count())) {
        let both = Product(Viterbi, Counting);
        preserves((&both, &Viterbi), |pair| pair.0, [a.clone(), b.clone()])?;
        preserves((&both, &Counting), |pair| pair.1.clone(), [a, b])?;
    }
}
