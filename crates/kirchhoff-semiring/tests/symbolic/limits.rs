//! What outgrows its limit is unknown, and nothing else is.

use kirchhoff_semiring::{
    Bounded, Exceeded, Expression, How, Operation, PosBool, Semiring, Symbolic, TopK, Variable, Which, Why,
};
use proptest::prelude::*;

use crate::strategies::{minimal_witnesses, polynomial, witnesses};

/// `x_from ⊕ ... ⊕ x_to`.
fn sum<S: Symbolic>(semiring: &S, numbers: std::ops::Range<u32>) -> S::Value {
    let mut sum = semiring.zero();
    for number in numbers {
        semiring.plus_assign(&mut sum, &semiring.variable(Variable(number)));
    }
    sum
}

fn overflows<S: Symbolic>(semiring: &S, value: &Bounded<S::Expression>) {
    let overflow = value.as_ref().unwrap_err();
    assert_eq!(overflow.exceeded, Exceeded::Terms { limit: semiring.limit() });
}

fn stops_at_the_limit<S: Symbolic>(semiring: &S) {
    assert_eq!(sum(semiring, 0..100).unwrap().terms(), 100);
    overflows(semiring, &sum(semiring, 0..101));
    let unknown = sum(semiring, 0..200);
    let x = semiring.variable(Variable(1));
    for value in [
        semiring.plus(&unknown, &x),
        semiring.plus(&x, &unknown),
        semiring.times(&unknown, &x),
        semiring.times(&x, &unknown),
        semiring.times(&sum(semiring, 0..60), &sum(semiring, 100..160)),
    ] {
        overflows(semiring, &value);
    }
    for zero in [semiring.times(&unknown, &semiring.zero()), semiring.times(&semiring.zero(), &unknown)] {
        assert_eq!(zero, semiring.zero(), "0 absorbs whatever the other is");
    }
    assert!(!semiring.is_zero(&unknown));
}

#[test]
fn limits_are_kept() {
    stops_at_the_limit(&Which::with_limit(100));
    stops_at_the_limit(&Why::with_limit(100));
    stops_at_the_limit(&PosBool::with_limit(100));
    stops_at_the_limit(&How::with_limit(100));
}

#[test]
fn an_overflow_says_how_far_it_got_and_what_to_do() {
    let how = How::with_limit(100);
    let overflow = how.times(&sum(&how, 0..20), &sum(&how, 20..50)).unwrap_err();
    assert_eq!((overflow.operation, overflow.terms), (Operation::Product, [20, 30]));
    assert_eq!(
        overflow.to_string(),
        "the product of values with 20 and 30 terms takes more than the limit of 100 terms: \
         ask for `top-k`, ask a smaller question, or raise the limit"
    );
    let later = how.plus(&Err(overflow), &sum(&how, 0..3)).unwrap_err();
    assert_eq!(later.terms, overflow.terms, "the first operation is told");
    assert_eq!(later, how.plus(&sum(&how, 0..60), &sum(&how, 60..120)).unwrap_err(), "all overflows are one");
}

#[test]
fn one_absorbs_what_is_unknown_where_it_absorbs_everything() {
    let posbool = PosBool::with_limit(2);
    let unknown = sum(&posbool, 0..3);
    assert_eq!(posbool.plus(&unknown, &posbool.one()), posbool.one());
    assert_eq!(posbool.plus(&posbool.one(), &unknown), posbool.one());
    assert!(Why::with_limit(2).plus(&sum(&Why::with_limit(2), 0..3), &Why::new().one()).is_err());
}

#[test]
fn degrees_do_not_wrap() {
    fn squared<S: Symbolic>(semiring: &S, times: u32) -> Bounded<S::Expression> {
        (0..times).fold(semiring.variable(Variable(7)), |power, _| semiring.times(&power, &power))
    }
    assert_eq!(squared(&How::new(), 31).unwrap().to_string(), "x₇²¹⁴⁷⁴⁸³⁶⁴⁸");
    assert_eq!(squared(&How::new(), 32).unwrap_err().exceeded, Exceeded::Degree);
    assert_eq!(squared(&TopK::new(2), 31).unwrap().to_string(), "{1: x₇²¹⁴⁷⁴⁸³⁶⁴⁸}");
    let overflow = squared(&TopK::new(2), 40).unwrap_err();
    assert!(overflow.to_string().ends_with("has a degree above 4294967295: ask a smaller question"));
    assert_eq!(squared(&Why::new(), 100), Why::new().variable(Variable(7)));
}

/// Products that absorb most of what they make: a limit on what is kept, not on what is looked at.
#[test]
fn absorption_keeps_large_products_within_the_limit() {
    let posbool = PosBool::with_limit(200);
    let a = sum(&posbool, 0..150);
    assert_eq!(posbool.times(&a, &a), a);
    let shifted = sum(&posbool, 1..151);
    let expected = posbool
        .plus(&sum(&posbool, 1..150), &posbool.times(&posbool.variable(Variable(0)), &posbool.variable(Variable(150))));
    assert_eq!(posbool.times(&a, &shifted), expected);
}

proptest! {
    /// A limit changes nothing but what is unknown, and more terms than the limit are unknown.
    #[test]
    fn known_values_are_exact(
        limit in 1..6usize,
        polynomials in [polynomial(), polynomial()],
        sets in [witnesses(), witnesses()],
        minimal in [minimal_witnesses(), minimal_witnesses()],
    ) {
        agree(&How::with_limit(limit), &How::new(), polynomials)?;
        agree(&Why::with_limit(limit), &Why::new(), sets)?;
        agree(&PosBool::with_limit(limit), &PosBool::new(), minimal)?;
    }
}

fn agree<S: Symbolic>(limited: &S, free: &S, values: [S::Expression; 2]) -> Result<(), TestCaseError> {
    let [a, b] = values.map(Ok);
    let limit = limited.limit();
    for (small, large) in [(limited.plus(&a, &b), free.plus(&a, &b)), (limited.times(&a, &b), free.times(&a, &b))] {
        let large = large.unwrap();
        if large.terms() <= limit {
            prop_assert!(small.is_ok() && small == Ok(large));
        } else if a.as_ref().unwrap().terms() <= limit && b.as_ref().unwrap().terms() <= limit {
            prop_assert!(small.is_err());
        }
    }
    Ok(())
}
