//! The widest path, whatever the unit.

use super::{maximum, minimum};
use crate::{Array, Carrier, Embed, Fused, Interval, Law, Laws, Project, Semiring, View};

/// `([−∞, ∞], max, min, −∞, ∞)`: the largest threshold at which a neuron is still relevant.
///
/// `x ↦ (x ≥ θ)` is a homomorphism into [`Boolean`](crate::Boolean) for every `θ > −∞` at once: one pass here answers
/// the boolean question for all of them. A distributive lattice, so that every law holds, and no operation rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bottleneck;

impl Semiring for Bottleneck {
    type Value = f32;

    #[inline(always)]
    fn zero(&self) -> f32 {
        f32::NEG_INFINITY
    }

    #[inline(always)]
    fn one(&self) -> f32 {
        f32::INFINITY
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
        !a.is_nan()
    }

    fn laws(&self) -> Laws {
        Laws::of(&Law::ALL)
    }

    fn elements(&self) -> Vec<f32> {
        vec![f32::NEG_INFINITY, f32::INFINITY, 0.0, 1.0, -1.0, 0.5, -2.0, 1e-9]
    }

    fn fused(&self) -> Option<Fused<f32>> {
        Some(Fused::MaxMin(View::SAME))
    }
}

impl Project for Bottleneck {
    fn project(&self, a: &f32) -> f64 {
        f64::from(*a)
    }

    fn array(&self, values: Vec<f32>) -> Array {
        Array::F32(values)
    }
}

impl Embed for Bottleneck {
    fn carrier(&self) -> Carrier {
        Carrier::real(Interval::closed(f64::NEG_INFINITY, f64::INFINITY))
    }

    #[inline(always)]
    fn embed(&self, x: f32) -> f32 {
        // −0 becomes 0, so that the bits of a maximum do not depend on the order of its arguments.
        x + 0.0
    }
}
