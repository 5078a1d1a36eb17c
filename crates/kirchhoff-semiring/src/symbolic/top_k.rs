//! The k best paths.

use super::overflow::{add, multiply};
use super::paths::Path;
use super::{Bounded, Expression, Paths, Symbolic, Variable};
use crate::{Law, Laws, Semiring};

/// `(the k best products with their paths, merge, combine, {}, {(1, empty)})`: which paths carry the most relevance to
/// the target, and how much.
///
/// Polynomials with the cost of each monomial for its coefficient, cut off behind the `k`-th best: both operations
/// keep the order of paths ([`Path`]), so nothing that was cut off could have come back, and every axiom holds exactly,
/// without rounding. Of several weights for one path the best counts. `⊗` is commutative, since paths do not remember
/// the order of their variables, and `⊕` idempotent. For `k = 1` it is [`Viterbi`](crate::Viterbi) with the path that
/// attains the maximum, hence selective and absorptive; else neither.
///
/// The number of terms cannot overflow; a degree above `u32::MAX` does.
///
/// # Complexity
/// A sum takes `O(k)` steps, and one where the new paths are all worse than the `k` there are. A product joins about `2k` pairs of paths out of `k²`, the best first from a heap; the
/// pairs that yield a path once more come on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TopK {
    k: usize,
}

impl TopK {
    /// The `k` best paths, and at least 1.
    pub const fn new(k: usize) -> Self {
        TopK { k: if k == 0 { 1 } else { k } }
    }
}

impl Semiring for TopK {
    type Value = Bounded<Paths>;

    fn zero(&self) -> Self::Value {
        Ok(Paths::default())
    }

    fn one(&self) -> Self::Value {
        self.scalar(1.0)
    }

    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        let mut sum = a.clone();
        self.plus_assign(&mut sum, b);
        sum
    }

    fn plus_assign(&self, sum: &mut Self::Value, a: &Self::Value) {
        add(sum, a, |sum, a| {
            sum.merge(a, self.k);
            Ok(())
        });
    }

    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        multiply(a, b, |a, b| a.product(b, self.k))
    }

    fn is_zero(&self, a: &Self::Value) -> bool {
        a.as_ref().is_ok_and(Expression::is_zero)
    }

    fn laws(&self) -> Laws {
        let laws = Laws::of(&[Law::CommutativeTimes, Law::IdempotentPlus]);
        if self.k == 1 { laws | Laws::of(&[Law::Absorptive, Law::Selective]) } else { laws }
    }

    fn elements(&self) -> Vec<Self::Value> {
        let edge = |number, weight| self.weighted(Variable(number), weight);
        let [x, y, z] = [edge(1, 0.5), edge(2, 0.5), edge(3, 0.25)];
        let either = self.plus(&x, &y);
        let both = self.times(&y, &z);
        let three = self.plus(&self.plus(&either, &z), &self.scalar(0.1));
        let doubtful = self.plus(&edge(1, 1.0), &self.times(&edge(1, 0.9), &edge(2, 1.0)));
        vec![self.zero(), self.one(), x, y, z, either, both, three, doubtful]
    }
}

impl Symbolic for TopK {
    type Expression = Paths;

    fn variable(&self, variable: Variable) -> Self::Value {
        Ok(Path::of(variable.into()).into())
    }

    /// The empty path of this weight. What is outside of `[0, 1]` counts as the nearer end.
    fn scalar(&self, weight: f32) -> Self::Value {
        Ok(Path::empty(weight).map_or_else(Paths::default, Paths::from))
    }

    /// `k`.
    fn limit(&self) -> usize {
        self.k
    }
}
