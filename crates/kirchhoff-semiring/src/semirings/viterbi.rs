//! The best path by product.

use super::{clamp, maximum, near};
use crate::{Array, Carrier, Embed, Fused, Interval, Law, Laws, Project, Semiring, View};

/// `([0, 1], max, ×, 0, 1)`: the share of the most relevant path (Groudiev & Maniu 2024, 2.2.5).
///
/// `max(a, b)` is one of the two, and `b ≤ 1` makes `max(a, a b) = a`: selective and absorptive, with `⊗` commutative.
/// Isomorphic to [`Tropical`](crate::Tropical) by `−ln` and to [`MaxPlus`](crate::MaxPlus) by `ln`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Viterbi;

impl Semiring for Viterbi {
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
        a * b
    }

    #[inline]
    fn is_element(&self, a: &f32) -> bool {
        a.is_finite()
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes, Law::Absorptive, Law::Selective])
    }

    fn elements(&self) -> Vec<f32> {
        vec![0.0, 1.0, 0.5, 0.25, 0.75, 0.1, 0.9, 0.001]
    }

    fn close(&self, a: &f32, b: &f32) -> bool {
        // Products round relatively, until they underflow.
        near(*a, *b, 1e-5, f32::MIN_POSITIVE)
    }

    fn fused(&self) -> Option<Fused<f32>> {
        Some(Fused::MaxTimes(View::SAME))
    }
}

impl Project for Viterbi {
    fn project(&self, a: &f32) -> f64 {
        f64::from(*a)
    }

    fn array(&self, values: Vec<f32>) -> Array {
        Array::F32(values)
    }
}

impl Embed for Viterbi {
    fn carrier(&self) -> Carrier {
        Carrier::real(Interval::UNIT)
    }

    #[inline(always)]
    fn embed(&self, x: f32) -> f32 {
        clamp(x, 0.0, 1.0)
    }
}
