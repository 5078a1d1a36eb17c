//! The widest path of shares.

use super::{clamp, maximum, minimum};
use crate::{Array, Carrier, Embed, Fused, Interval, Law, Laws, Project, Semiring, View};

/// `([0, 1], max, min, 0, 1)`, also known as access control: the weakest edge of the path whose weakest edge is
/// strongest.
///
/// A distributive lattice bounded by its 0 and 1, so that every law holds: `⊗` commutative and idempotent,
/// `max(a, min(a, b)) = a`, and `max(a, b)` one of the two. No operation rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fuzzy;

impl Semiring for Fuzzy {
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
        minimum(*a, *b)
    }

    #[inline]
    fn is_element(&self, a: &f32) -> bool {
        a.is_finite()
    }

    fn laws(&self) -> Laws {
        Laws::of(&Law::ALL)
    }

    fn elements(&self) -> Vec<f32> {
        vec![0.0, 1.0, 0.5, 0.25, 0.75, 0.1, 0.9, 0.001]
    }

    fn fused(&self) -> Option<Fused<f32>> {
        Some(Fused::MaxMin(View::SAME))
    }
}

impl Project for Fuzzy {
    fn project(&self, a: &f32) -> f64 {
        f64::from(*a)
    }

    fn array(&self, values: Vec<f32>) -> Array {
        Array::F32(values)
    }
}

impl Embed for Fuzzy {
    fn carrier(&self) -> Carrier {
        Carrier::real(Interval::UNIT)
    }

    #[inline(always)]
    fn embed(&self, x: f32) -> f32 {
        clamp(x, 0.0, 1.0)
    }
}
