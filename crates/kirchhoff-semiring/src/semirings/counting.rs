//! How many paths there are.

use crate::{Carrier, Count, Embed, Fused, Interval, Law, Laws, Limbs, Project, Semiring, View};

/// `(ℕ, +, ×, 0, 1)`, exact at any size: the number of relevant paths to the target (Groudiev & Maniu 2024, 2.2.3).
///
/// `⊗` is commutative and nothing else holds beyond the axioms. See [`Count`] for the arithmetic and
/// [`CountingFloat`](crate::CountingFloat) for counts that are only looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counting;

impl Semiring for Counting {
    type Value = Count;

    #[inline]
    fn zero(&self) -> Count {
        Count::ZERO
    }

    #[inline]
    fn one(&self) -> Count {
        Count::ONE
    }

    #[inline]
    fn plus(&self, a: &Count, b: &Count) -> Count {
        a.plus(b)
    }

    #[inline]
    fn times(&self, a: &Count, b: &Count) -> Count {
        a.times(b)
    }

    #[inline]
    fn plus_assign(&self, sum: &mut Count, a: &Count) {
        sum.plus_assign(a);
    }

    #[inline]
    fn add_product(&self, sum: &mut Count, a: &Count, b: &Count) {
        sum.add_product(a, b);
    }

    #[inline]
    fn is_zero(&self, a: &Count) -> bool {
        a.is_zero()
    }

    #[inline]
    fn is_element(&self, a: &Count) -> bool {
        !a.is_beyond()
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes])
    }

    fn minus(&self, a: &Count, b: &Count) -> Option<Count> {
        Some(a.minus(b))
    }

    fn elements(&self) -> Vec<Count> {
        let small = [0, 1, 2, 3, 10, u64::MAX].map(Count::from);
        // On both sides of the border between one word and several, and far beyond it.
        let large = [&[0, 1][..], &[7, 0, 5]].map(Count::from_limbs);
        small.into_iter().chain(large).collect()
    }

    fn fused(&self) -> Option<Fused<Count>> {
        Some(Fused::Counts(View::SAME))
    }
}

impl Project for Counting {
    fn project(&self, a: &Count) -> f64 {
        a.to_f64()
    }

    fn limbs(&self, values: &[Count]) -> Option<Limbs> {
        /// Up to here every natural number is an `f64`.
        const EXACT: u64 = 1 << 53;
        if values.iter().all(|value| value.to_u64().is_some_and(|number| number <= EXACT)) {
            return None;
        }
        let width = values.iter().map(Count::limb_count).max().unwrap_or(0);
        let mut limbs = Vec::with_capacity(values.len() * width);
        for value in values {
            let end = limbs.len() + width;
            limbs.extend(value.limbs());
            limbs.resize(end, 0);
        }
        Some(Limbs { width, limbs })
    }
}

impl Embed for Counting {
    fn carrier(&self) -> Carrier {
        Carrier::integers(Interval::open(0.0, f64::INFINITY))
    }

    fn embed(&self, x: f32) -> Count {
        Count::nearest(f64::from(x))
    }
}
