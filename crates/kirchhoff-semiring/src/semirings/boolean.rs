//! Whether there is a path.

use crate::{Array, Carrier, Embed, Interval, Law, Laws, Project, Semiring};

/// `({⊥, ⊤}, ∨, ∧, ⊥, ⊤)`: whether a path of relevant edges leads to the target (Groudiev & Maniu 2024, 2.2.1).
///
/// The smallest distributive lattice: every law holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Boolean;

impl Semiring for Boolean {
    type Value = bool;

    #[inline(always)]
    fn zero(&self) -> bool {
        false
    }

    #[inline(always)]
    fn one(&self) -> bool {
        true
    }

    // Without a branch: `||` and `&&` would keep loops from vectorising.
    #[inline(always)]
    fn plus(&self, a: &bool, b: &bool) -> bool {
        a | b
    }

    #[inline(always)]
    fn times(&self, a: &bool, b: &bool) -> bool {
        a & b
    }

    fn laws(&self) -> Laws {
        Laws::of(&Law::ALL)
    }

    fn exhaustive(&self) -> bool {
        true
    }
}

impl Project for Boolean {
    fn project(&self, a: &bool) -> f64 {
        f64::from(*a)
    }

    fn array(&self, values: Vec<bool>) -> Array {
        Array::Bool(values)
    }
}

impl Embed for Boolean {
    fn carrier(&self) -> Carrier {
        Carrier::integers(Interval::UNIT)
    }

    #[inline(always)]
    fn embed(&self, x: f32) -> bool {
        x >= 0.5
    }
}
