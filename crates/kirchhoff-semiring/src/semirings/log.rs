//! Sums of products, as logarithms.

use super::{maximum, minimum, near};
use crate::{Array, Carrier, Embed, Interval, Law, Laws, Semiring};

/// `([−∞, ∞), log(eᵃ + eᵇ), +, −∞, 0)`: the logarithm of the non-negative reals, where the sum over all paths neither
/// underflows nor overflows.
///
/// `⊗` is commutative and nothing else holds beyond the axioms. `⊕` is computed as `h + ln(1 + eˡ⁻ʰ)` with `h` the
/// greater of the two, so that no exponential overflows. No element is ∞, so `a + b` is always a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Log;

impl Semiring for Log {
    type Value = f32;

    #[inline]
    fn zero(&self) -> f32 {
        f32::NEG_INFINITY
    }

    #[inline]
    fn one(&self) -> f32 {
        0.0
    }

    #[inline]
    fn plus(&self, a: &f32, b: &f32) -> f32 {
        let (low, high) = (minimum(*a, *b), maximum(*a, *b));
        // The neutral element: without this −∞ ⊕ −∞ would be −∞ + ln(1 + e^NaN).
        if low == f32::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
    }

    #[inline]
    fn times(&self, a: &f32, b: &f32) -> f32 {
        a + b
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes])
    }

    fn elements(&self) -> Vec<f32> {
        vec![f32::NEG_INFINITY, 0.0, 1.0, -1.0, 0.5, -2.0, -10.0, 20.0]
    }

    fn close(&self, a: &f32, b: &f32) -> bool {
        // A relative error of the number is an absolute one of its logarithm.
        near(*a, *b, 1e-5, 1e-5)
    }
}

impl Embed for Log {
    fn carrier(&self) -> Carrier {
        Carrier::real(Interval::closed_below(f64::NEG_INFINITY, f64::INFINITY))
    }

    #[inline(always)]
    fn embed(&self, x: f32) -> f32 {
        // The nearest element to ∞ is the largest one.
        minimum(x, f32::MAX) + 0.0
    }

    fn project(&self, a: &f32) -> f64 {
        f64::from(*a)
    }

    fn array(&self, values: &[f32]) -> Array {
        Array::F32(values.to_vec())
    }
}
