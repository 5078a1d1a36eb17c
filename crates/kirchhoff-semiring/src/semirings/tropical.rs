//! The best path by cost.

use super::{clamp, minimum, near};
use crate::{Array, Carrier, Embed, Fused, Interval, Law, Laws, Project, Semiring, View};

/// `([0, ∞], min, +, ∞, 0)`, min-plus: the cost of the cheapest path, `∞` where there is none.
///
/// `min(a, b)` is one of the two, and `b ≥ 0` makes `min(a, a + b) = a`: selective and absorptive, with `⊗`
/// commutative. No element is −∞, so `a + b` is always a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tropical;

impl Semiring for Tropical {
    type Value = f32;

    #[inline(always)]
    fn zero(&self) -> f32 {
        f32::INFINITY
    }

    #[inline(always)]
    fn one(&self) -> f32 {
        0.0
    }

    #[inline(always)]
    fn plus(&self, a: &f32, b: &f32) -> f32 {
        minimum(*a, *b)
    }

    #[inline(always)]
    fn times(&self, a: &f32, b: &f32) -> f32 {
        a + b
    }

    #[inline]
    fn is_element(&self, a: &f32) -> bool {
        *a > f32::NEG_INFINITY
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes, Law::Absorptive, Law::Selective])
    }

    fn elements(&self) -> Vec<f32> {
        vec![f32::INFINITY, 0.0, 1.0, 2.0, 0.5, 3.0, 0.1, 10.0]
    }

    fn close(&self, a: &f32, b: &f32) -> bool {
        // Logarithms: what is relative in the share is absolute here.
        near(*a, *b, 1e-5, 1e-6)
    }

    fn fused(&self) -> Option<Fused<f32>> {
        Some(Fused::MinPlus(View::SAME))
    }
}

impl Project for Tropical {
    fn project(&self, a: &f32) -> f64 {
        f64::from(*a)
    }

    fn array(&self, values: Vec<f32>) -> Array {
        Array::F32(values)
    }
}

impl Embed for Tropical {
    fn carrier(&self) -> Carrier {
        Carrier::real(Interval::closed(0.0, f64::INFINITY))
    }

    #[inline(always)]
    fn embed(&self, x: f32) -> f32 {
        clamp(x, 0.0, f32::INFINITY)
    }
}
