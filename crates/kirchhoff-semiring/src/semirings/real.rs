//! The real numbers: classical layer-wise relevance.

use super::near;
use crate::{Array, Carrier, Embed, Fused, Interval, Law, Laws, Project, Semiring, View};

/// `(ℝ, +, ×, 0, 1)`, rounded to `f32`: with [identity](crate::Annotation::Identity) it is classical LRP
/// (Groudiev & Maniu 2024, below 2.1.3).
///
/// A field, whose `⊕` is not idempotent: `⊗` is commutative and nothing else holds beyond the axioms. Addition is
/// associative up to rounding; see [`close`](Semiring::close).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Real;

impl Semiring for Real {
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
        a + b
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
        Laws::of(&[Law::CommutativeTimes])
    }

    fn elements(&self) -> Vec<f32> {
        vec![0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 0.25, 10.0]
    }

    fn close(&self, a: &f32, b: &f32) -> bool {
        // Terms may cancel, so the error of a sum is measured against 1 where the sum itself is smaller.
        near(*a, *b, 1e-5, 1e-5)
    }

    fn fused(&self) -> Option<Fused<f32>> {
        Some(Fused::PlusTimes(View::SAME))
    }
}

impl Project for Real {
    fn project(&self, a: &f32) -> f64 {
        f64::from(*a)
    }

    fn array(&self, values: Vec<f32>) -> Array {
        Array::F32(values)
    }
}

impl Embed for Real {
    fn carrier(&self) -> Carrier {
        Carrier::real(Interval::REALS)
    }

    #[inline(always)]
    fn embed(&self, x: f32) -> f32 {
        x
    }
}
