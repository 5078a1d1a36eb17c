//! The best path by log-share.

use super::{clamp, maximum, near};
use crate::{Array, Carrier, Embed, Fused, Interval, Law, Laws, Project, Semiring, View};

/// `([−∞, 0], max, +, −∞, 0)`: the logarithm of the most relevant path's share, `−∞` where there is none.
///
/// `max(a, b)` is one of the two, and `b ≤ 0` makes `max(a, a + b) = a`: selective and absorptive, with `⊗`
/// commutative. No element is ∞, so `a + b` is always a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MaxPlus;

impl Semiring for MaxPlus {
    type Value = f32;

    #[inline(always)]
    fn zero(&self) -> f32 {
        f32::NEG_INFINITY
    }

    #[inline(always)]
    fn one(&self) -> f32 {
        0.0
    }

    #[inline(always)]
    fn plus(&self, a: &f32, b: &f32) -> f32 {
        maximum(*a, *b)
    }

    #[inline(always)]
    fn times(&self, a: &f32, b: &f32) -> f32 {
        a + b
    }

    #[inline]
    fn is_element(&self, a: &f32) -> bool {
        *a < f32::INFINITY
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes, Law::Absorptive, Law::Selective])
    }

    fn elements(&self) -> Vec<f32> {
        vec![f32::NEG_INFINITY, 0.0, -1.0, -2.0, -0.5, -3.0, -0.1, -10.0]
    }

    fn close(&self, a: &f32, b: &f32) -> bool {
        // Logarithms: what is relative in the share is absolute here.
        near(*a, *b, 1e-5, 1e-6)
    }

    fn fused(&self) -> Option<Fused<f32>> {
        Some(Fused::MaxPlus(View::SAME))
    }
}

impl Project for MaxPlus {
    fn project(&self, a: &f32) -> f64 {
        f64::from(*a)
    }

    fn array(&self, values: Vec<f32>) -> Array {
        Array::F32(values)
    }
}

impl Embed for MaxPlus {
    fn carrier(&self) -> Carrier {
        Carrier::real(Interval::closed(f64::NEG_INFINITY, 0.0))
    }

    #[inline(always)]
    fn embed(&self, x: f32) -> f32 {
        clamp(x, f32::NEG_INFINITY, 0.0)
    }
}
