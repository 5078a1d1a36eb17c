//! Counts are exact at any size; rounded counts are near them.

use std::collections::HashSet;

use kirchhoff_semiring::{Array, Boolean, Count, Counting, CountingFloat, Project, RoundedCount, Semiring, Viterbi};
use num_bigint::BigUint;
use proptest::prelude::*;

fn number() -> impl Strategy<Value = BigUint> {
    prop::collection::vec(any::<u32>(), 0..9).prop_map(BigUint::new)
}

/// A sum, if true, or a product with the number.
fn steps() -> impl Strategy<Value = Vec<(bool, u64)>> {
    prop::collection::vec((any::<bool>(), any::<u64>()), 0..80)
}

proptest! {
    #[test]
    fn counts_agree_with_big_integers(a in number(), b in number()) {
        let (x, y) = (Count::from(a.clone()), Count::from(b.clone()));
        prop_assert_eq!(x.plus(&y).to_biguint(), &a + &b);
        prop_assert_eq!(x.times(&y).to_biguint(), &a * &b);
        let mut sum = x.clone();
        sum.plus_assign(&y);
        prop_assert_eq!(sum, x.plus(&y));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        prop_assert_eq!(x.to_string(), a.to_string());
        prop_assert_eq!(x.limbs().collect::<Vec<_>>(), a.to_u64_digits());
        prop_assert_eq!(x.limb_count(), x.limbs().count());
        prop_assert_eq!(Count::from_limbs(&a.to_u64_digits()), x);
    }

    #[test]
    fn a_count_has_one_representation(a in any::<u64>(), limbs in prop::collection::vec(any::<u64>(), 0..3)) {
        let padded = [&[a][..], &[0, 0]].concat();
        prop_assert_eq!(Count::from_limbs(&padded), Count::from(a));
        prop_assert_eq!(Count::from_limbs(&padded).to_u64(), Some(a));
        let number = Count::from_limbs(&limbs);
        let same = [number.clone(), number.plus(&Count::ZERO), number.times(&Count::ONE), Count::from(number.to_biguint())];
        prop_assert_eq!(same.into_iter().collect::<HashSet<_>>().len(), 1);
    }

    #[test]
    fn rounded_counts_follow_exact_ones(steps in steps()) {
        let (mut exact, mut rounded) = (Count::ONE, RoundedCount::ONE);
        for (add, number) in steps {
            let (a, b) = (Count::from(number), RoundedCount::from(number));
            (exact, rounded) =
                if add { (exact.plus(&a), rounded.plus(b)) } else { (exact.times(&a), rounded.times(b)) };
        }
        prop_assert!(rounded.is_within(nearest(&exact), 1e-12), "{exact} and {rounded:?}");
        prop_assert!((rounded.log10() - nearest(&exact).log10()).abs() < 1e-9 || exact.is_zero());
    }
}

/// The rounded count nearest to an exact one, from its leading 64 bits.
fn nearest(exact: &Count) -> RoundedCount {
    let number = exact.to_biguint();
    let shift = number.bits().saturating_sub(64);
    let leading = Count::from(number >> shift).to_f64();
    (0..shift).fold(RoundedCount::nearest(leading), |value, _| value.plus(value))
}

#[test]
fn counting_passes_2_to_the_64_and_2_to_the_128_without_rounding() {
    let paths =
        |layers: u32, width: u64| (0..layers).fold(Count::ONE, |count, _| Counting.times(&count, &Count::from(width)));
    assert_eq!(paths(64, 2).to_string(), "18446744073709551616");
    assert_eq!(paths(128, 2).to_string(), "340282366920938463463374607431768211456");
    let mut sum = paths(128, 2);
    Counting.plus_assign(&mut sum, &Count::ONE);
    assert_eq!(sum.limbs().collect::<Vec<_>>(), [1, 0, 1]);
    assert_eq!(paths(39, 10).plus(&Count::from(7)).to_string(), format!("1{}7", "0".repeat(38)));
    assert_eq!(Counting.times(&sum, &Count::ZERO), Count::ZERO);
}

#[test]
fn counts_become_the_nearest_float() {
    assert_eq!(Count::from(3).to_f64(), 3.0);
    // Halfway between two floats: to the even one, below and above the machine word alike.
    assert_eq!(Count::from((1 << 53) + 1).to_f64(), 2f64.powi(53));
    assert_eq!(Count::from_limbs(&[1 << 11, 1]).to_f64(), 2f64.powi(64));
    assert_eq!(Count::from_limbs(&[(1 << 11) + 1, 1]).to_f64(), 2f64.powi(64) + 4096.0);
    assert_eq!(Count::from_limbs(&[0; 20]).to_f64(), 0.0);
    assert_eq!(Count::from_limbs(&[1; 20]).to_f64(), f64::INFINITY);
}

#[test]
fn floats_become_the_nearest_count() {
    assert_eq!([-1.0, f64::NAN, 0.4, 2.5].map(Count::nearest), [0, 0, 0, 3].map(Count::from));
    assert_eq!(Count::nearest(2f64.powi(63)), Count::from(1 << 63));
    assert_eq!(Count::nearest(2f64.powi(64)), Count::from_limbs(&[0, 1]));
    assert_eq!(Count::nearest(f64::INFINITY).to_f64(), f64::MAX);
    assert_eq!([-1.0, f64::NAN, 0.4, 2.5].map(RoundedCount::nearest), [0, 0, 0, 3].map(RoundedCount::from));
    assert_eq!(RoundedCount::nearest(f64::INFINITY).to_f64(), f64::MAX);
}

#[test]
fn rounded_counts_cross_the_radix() {
    let power = |exponent: i32| RoundedCount::nearest(2f64.powi(exponent));
    let beyond = power(1000).times(power(1000));
    assert_eq!(format!("{beyond:?}"), format!("{:?}·2^1536", 2f64.powi(464)));
    assert_eq!(beyond.to_string(), "1.148e602");
    assert_eq!(beyond.to_f64(), f64::INFINITY);
    assert_eq!(power(1023).to_f64(), 2f64.powi(1023));
    // Neighbours on both sides of 2⁵¹² have different exponents and are added as one.
    assert_eq!(power(511).plus(power(511)), power(512));
    assert_eq!(power(512).plus(power(511)).to_f64(), 2f64.powi(512) + 2f64.powi(511));
    assert_eq!(power(511).plus(power(512)), power(512).plus(power(511)));
    assert_eq!(beyond.plus(RoundedCount::ONE), beyond);
    assert!(power(512).is_within(power(511).plus(power(511).plus(RoundedCount::ONE)), 1e-12));
    assert!(!beyond.is_within(RoundedCount::ZERO, 0.5) && !power(512).is_within(power(511), 0.1));
    assert!(!power(0).is_within(power(1023), 0.1) && !power(1023).is_within(power(0), 0.1));
    assert_eq!(RoundedCount::from(99_999).to_string(), "99999");
    assert_eq!(RoundedCount::nearest(9.9999e20).to_string(), "1.000e21");
    assert_eq!(RoundedCount::ZERO.log10(), f64::NEG_INFINITY);
}

#[test]
fn a_rounded_count_of_astronomical_size_is_still_right() {
    // 3^100000 by squaring and by steps.
    let steps = (0..100_000).fold(RoundedCount::ONE, |count, _| count.times(RoundedCount::from(3)));
    assert!((steps.log10() - 100_000.0 * 3f64.log10()).abs() < 1e-6);
    assert!(CountingFloat.close(&steps.plus(steps).plus(steps), &steps.times(RoundedCount::from(3))));
}

#[test]
fn arrays_keep_the_type_of_the_values() {
    assert_eq!(Boolean.array(vec![true, false]), Array::Bool(vec![true, false]));
    assert_eq!(Viterbi.array(vec![0.1, 1.0]), Array::F32(vec![0.1, 1.0]));
    let counts = [Count::from(3), Count::from_limbs(&[0, 1])];
    assert_eq!(Counting.array(counts.to_vec()), Array::F64(vec![3.0, 2f64.powi(64)]));
    assert_eq!(CountingFloat.array(vec![RoundedCount::from(7)]), Array::F64(vec![7.0]));
    assert_eq!(Boolean.array(vec![true, false]).to_f64(), [1.0, 0.0]);
    assert_eq!((Viterbi.array(vec![0.5]).len(), Viterbi.array(vec![]).is_empty()), (1, true));
}

#[test]
fn limbs_accompany_counts_that_no_float_holds() {
    assert_eq!(Counting.limbs(&[Count::ZERO, Count::from(1 << 53)]), None);
    assert_eq!(Counting.limbs(&[]), None);
    let limbs = Counting.limbs(&[Count::from((1 << 53) + 1), Count::ZERO]).unwrap();
    assert_eq!((limbs.width, limbs.limbs), (1, vec![(1 << 53) + 1, 0]));
    let limbs = Counting.limbs(&[Count::from(5), Count::from_limbs(&[1, 2, 3]), Count::ZERO]).unwrap();
    assert_eq!((limbs.width, limbs.limbs), (3, vec![5, 0, 0, 1, 2, 3, 0, 0, 0]));
    assert_eq!(Viterbi.limbs(&[0.5]), None);
}
