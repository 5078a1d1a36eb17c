//! Many truth values at once, one a bit.

use crate::{Law, Laws, Semiring};

/// Words of 64 Boolean worlds: the product of `64 · WORDS` [`Boolean`](crate::Boolean) semirings, one a bit. One pass tells
/// in which of so many worlds a path of relevant edges leads to the target.
///
/// Every law of the lattice holds bit by bit; *selective*, which is no equation, does not.
///
/// ```
/// use kirchhoff_semiring::{Semiring, Worlds};
///
/// let worlds = Worlds::<1>;
/// assert_eq!(worlds.plus(&[0b0011], &[0b0101]), [0b0111]);
/// assert_eq!(worlds.times(&[0b0011], &[0b0101]), [0b0001]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Worlds<const WORDS: usize>;

impl<const WORDS: usize> Semiring for Worlds<WORDS> {
    type Value = [u64; WORDS];

    #[inline(always)]
    fn zero(&self) -> Self::Value {
        [0; WORDS]
    }

    #[inline(always)]
    fn one(&self) -> Self::Value {
        [u64::MAX; WORDS]
    }

    #[inline(always)]
    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        std::array::from_fn(|word| a[word] | b[word])
    }

    #[inline(always)]
    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        std::array::from_fn(|word| a[word] & b[word])
    }

    fn laws(&self) -> Laws {
        Laws::of(&Law::ALL).without(Law::Selective)
    }

    fn minus(&self, a: &Self::Value, b: &Self::Value) -> Option<Self::Value> {
        Some(std::array::from_fn(|word| a[word] & !b[word]))
    }

    /// 0, 1, and words that differ in some worlds.
    fn elements(&self) -> Vec<Self::Value> {
        let mixed = [0b0011, 0b0101, u64::MAX << 32].map(|bits| [bits; WORDS]);
        [self.zero(), self.one()].into_iter().chain(mixed).collect()
    }
}
