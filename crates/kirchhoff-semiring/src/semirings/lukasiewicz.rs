//! Shares that lose what they lack.

use super::{clamp, maximum, minimum, near};
use crate::{Array, Carrier, Embed, Interval, Law, Laws, Project, Semiring};

/// `([0, 1], max, max(0, a + b − 1), 0, 1)`: 1 less the summed shortfalls of a path's edges, never below 0; the best
/// path counts.
///
/// `max(a, b)` is one of the two, and `b ≤ 1` makes `max(a, a ⊗ b) = a`: selective and absorptive, with `⊗`
/// commutative (Łukasiewicz's strong conjunction).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lukasiewicz;

impl Semiring for Lukasiewicz {
    type Value = f32;

    #[inline(always)]
    fn zero(&self) -> f32 {
        0.0
    }

    #[inline(always)]
    fn one(&self) -> f32 {
        1.0
    }

    #[inline(always)]
    fn plus(&self, a: &f32, b: &f32) -> f32 {
        maximum(*a, *b)
    }

    #[inline(always)]
    fn times(&self, a: &f32, b: &f32) -> f32 {
        // Not `a + b − 1`, which loses the low bits of a small `a` even where `b` is 1. Here `1 − high` is exact where
        // `high ≥ ½`, and elsewhere the result is 0: one rounding, and 1 is neutral to the last bit.
        let (low, high) = (minimum(*a, *b), maximum(*a, *b));
        maximum(low - (1.0 - high), 0.0)
    }

    #[inline]
    fn is_element(&self, a: &f32) -> bool {
        a.is_finite()
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes, Law::Absorptive, Law::Selective])
    }

    fn elements(&self) -> Vec<f32> {
        vec![0.0, 1.0, 0.5, 0.25, 0.75, 0.875, 0.1, 0.9]
    }

    fn close(&self, a: &f32, b: &f32) -> bool {
        // Sums of shares round by a part in 2²⁴ of 1, however small the result.
        near(*a, *b, 0.0, 1e-6)
    }
}

impl Project for Lukasiewicz {
    fn project(&self, a: &f32) -> f64 {
        f64::from(*a)
    }

    fn array(&self, values: Vec<f32>) -> Array {
        Array::F32(values)
    }
}

impl Embed for Lukasiewicz {
    fn carrier(&self) -> Carrier {
        Carrier::real(Interval::UNIT)
    }

    #[inline(always)]
    fn embed(&self, x: f32) -> f32 {
        clamp(x, 0.0, 1.0)
    }
}
