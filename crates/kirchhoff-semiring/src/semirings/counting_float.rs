//! How many paths there are, roughly.

use crate::{Carrier, Embed, Fused, Interval, Law, Laws, Project, RoundedCount, Semiring, View};

/// `(ℕ, +, ×, 0, 1)`, rounded: the number of relevant paths, off by less than 1e-4 of itself at any size.
///
/// As [`Counting`](crate::Counting), for those who only look: values are two words, `Copy`, and allocate nothing. See
/// [`RoundedCount`] for the arithmetic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CountingFloat;

impl Semiring for CountingFloat {
    type Value = RoundedCount;

    #[inline]
    fn zero(&self) -> RoundedCount {
        RoundedCount::ZERO
    }

    #[inline]
    fn one(&self) -> RoundedCount {
        RoundedCount::ONE
    }

    #[inline]
    fn plus(&self, a: &RoundedCount, b: &RoundedCount) -> RoundedCount {
        a.plus(*b)
    }

    #[inline]
    fn times(&self, a: &RoundedCount, b: &RoundedCount) -> RoundedCount {
        a.times(*b)
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes])
    }

    fn elements(&self) -> Vec<RoundedCount> {
        let numbers = [0.0, 1.0, 2.0, 3.0, 10.0, 9_007_199_254_740_993.0, 1e100].map(RoundedCount::nearest);
        // Beyond every f64.
        let large = RoundedCount::nearest(1e200).times(RoundedCount::nearest(1e200));
        numbers.into_iter().chain([large]).collect()
    }

    fn close(&self, a: &RoundedCount, b: &RoundedCount) -> bool {
        a == b || a.is_within(*b, 1e-12)
    }

    fn fused(&self) -> Option<Fused<RoundedCount>> {
        Some(Fused::RoundedCounts(View::SAME))
    }
}

impl Project for CountingFloat {
    /// `∞` above the largest `f64`; [`RoundedCount::log10`] is finite there.
    fn project(&self, a: &RoundedCount) -> f64 {
        a.to_f64()
    }
}

impl Embed for CountingFloat {
    fn carrier(&self) -> Carrier {
        Carrier::integers(Interval::open(0.0, f64::INFINITY))
    }

    #[inline]
    fn embed(&self, x: f32) -> RoundedCount {
        RoundedCount::nearest(f64::from(x))
    }
}
