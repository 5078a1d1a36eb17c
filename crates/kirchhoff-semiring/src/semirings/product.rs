//! Two semirings at once.

use crate::{Law, Laws, Semiring};

/// The product of two semirings: pairs, with the operations of each side. One pass computes both relevances.
///
/// Laws that are equations hold where they hold on both sides. *Selective* is not one: `(1, 0) ⊕ (0, 1)` is `(1, 1)`
/// even where both sides select, so no product declares it.
///
/// ```
/// use kirchhoff_semiring::{Boolean, Product, Semiring, Viterbi};
///
/// let both = Product(Boolean, Viterbi);
/// assert_eq!(both.plus(&(false, 0.5), &(true, 0.25)), (true, 0.5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Product<A, B>(
    /// The semiring of the first components.
    pub A,
    /// The semiring of the second components.
    pub B,
);

impl<A: Semiring, B: Semiring> Semiring for Product<A, B> {
    type Value = (A::Value, B::Value);

    const BLOCKWISE: bool = A::BLOCKWISE || B::BLOCKWISE;

    #[inline]
    fn zero(&self) -> Self::Value {
        (self.0.zero(), self.1.zero())
    }

    #[inline]
    fn one(&self) -> Self::Value {
        (self.0.one(), self.1.one())
    }

    #[inline]
    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        (self.0.plus(&a.0, &b.0), self.1.plus(&a.1, &b.1))
    }

    #[inline]
    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        (self.0.times(&a.0, &b.0), self.1.times(&a.1, &b.1))
    }

    #[inline]
    fn plus_assign(&self, sum: &mut Self::Value, a: &Self::Value) {
        self.0.plus_assign(&mut sum.0, &a.0);
        self.1.plus_assign(&mut sum.1, &a.1);
    }

    #[inline]
    fn add_product(&self, sum: &mut Self::Value, a: &Self::Value, b: &Self::Value) {
        self.0.add_product(&mut sum.0, &a.0, &b.0);
        self.1.add_product(&mut sum.1, &a.1, &b.1);
    }

    /// By the block on either side, where one of them asks for it.
    #[inline(always)]
    fn accumulate(&self, sums: &mut [Self::Value], theta: &[Self::Value], relevance: &[Self::Value]) {
        if const { Self::BLOCKWISE } {
            let split = |pairs: &[Self::Value]| -> (Vec<A::Value>, Vec<B::Value>) { pairs.iter().cloned().unzip() };
            let (mut left, mut right) = split(sums);
            let (theta, relevance) = (split(theta), split(relevance));
            self.0.accumulate(&mut left, &theta.0, &relevance.0);
            self.1.accumulate(&mut right, &theta.1, &relevance.1);
            sums.iter_mut().zip(left.into_iter().zip(right)).for_each(|(sum, pair)| *sum = pair);
        } else {
            for ((sum, theta), relevance) in sums.iter_mut().zip(theta).zip(relevance) {
                self.add_product(sum, theta, relevance);
            }
        }
    }

    #[inline]
    fn is_zero(&self, a: &Self::Value) -> bool {
        self.0.is_zero(&a.0) && self.1.is_zero(&a.1)
    }

    fn is_element(&self, (a, b): &Self::Value) -> bool {
        self.0.is_element(a) && self.1.is_element(b)
    }

    fn laws(&self) -> Laws {
        self.0.laws().and(self.1.laws()).without(Law::Selective)
    }

    /// Pairs of the simplest elements of both sides, and the others side by side.
    fn elements(&self) -> Vec<Self::Value> {
        const SIMPLEST: usize = 2;
        let (left, right) = (self.0.elements(), self.1.elements());
        let mut pairs = Vec::new();
        for a in left.iter().take(SIMPLEST) {
            pairs.extend(right.iter().take(SIMPLEST).map(|b| (a.clone(), b.clone())));
        }
        pairs.extend(left.into_iter().zip(right).skip(SIMPLEST));
        pairs
    }

    fn close(&self, a: &Self::Value, b: &Self::Value) -> bool {
        self.0.close(&a.0, &b.0) && self.1.close(&a.1, &b.1)
    }
}
