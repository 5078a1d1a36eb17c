//! Positive Boolean formulas: the minimal sets of variables that suffice.

use super::overflow::{add, larger_first, multiply, subtract};
use super::{Bounded, DEFAULT_LIMIT, Expression, MinimalWitnesses, Symbolic, Variable, VariableSet};
use crate::{Law, Laws, Semiring};

/// `PosBool(X)`, absorptive *why*: the minimal sets of edges that carry relevance to the target together. Positive
/// Boolean formulas up to equivalence, with `∨` and `∧` (Green, Karvounarakis & Tannen 2007).
///
/// The free distributive lattice over the variables: `⊗` is commutative, both operations are idempotent, and
/// `a ⊕ (a ⊗ b) = a`. Not selective.
///
/// Where a value overflows may depend on the order of evaluation, since absorption makes values smaller. What does
/// not overflow is exact, and `1 ⊕ a = 1` whatever `a` would have been.
///
/// # Complexity
/// A sum with few witnesses tries each pair; larger sums and products find subsets through an index. A product looks
/// at every pair of witnesses and holds a few times the limit of them at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PosBool {
    limit: usize,
}

impl PosBool {
    /// With the default limit of 10,000 witnesses.
    pub const fn new() -> Self {
        PosBool::with_limit(DEFAULT_LIMIT)
    }

    /// With values of at most `limit` witnesses, and at least 1: the element 1 has one.
    pub const fn with_limit(limit: usize) -> Self {
        PosBool { limit: if limit == 0 { 1 } else { limit } }
    }
}

impl Default for PosBool {
    fn default() -> Self {
        PosBool::new()
    }
}

impl Semiring for PosBool {
    type Value = Bounded<MinimalWitnesses>;

    fn zero(&self) -> Self::Value {
        Ok(MinimalWitnesses::default())
    }

    fn one(&self) -> Self::Value {
        Ok([VariableSet::default()].into_iter().collect())
    }

    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        let [large, small] = larger_first(a, b);
        let mut sum = large.clone();
        self.plus_assign(&mut sum, small);
        sum
    }

    fn plus_assign(&self, sum: &mut Self::Value, a: &Self::Value) {
        // 1 ⊕ a = 1 for every a, known or not.
        let is_one = |value: &Self::Value| value.as_ref().is_ok_and(MinimalWitnesses::is_one);
        if is_one(a) || is_one(sum) {
            *sum = self.one();
        } else {
            add(sum, a, |sum, a| sum.or(a, self.limit));
        }
    }

    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        multiply(a, b, |a, b| a.and(b, self.limit))
    }

    fn is_zero(&self, a: &Self::Value) -> bool {
        a.as_ref().is_ok_and(Expression::is_zero)
    }

    /// The minimal witnesses of `a` that do not suffice for `b`.
    fn minus(&self, a: &Self::Value, b: &Self::Value) -> Option<Self::Value> {
        subtract(a, b, MinimalWitnesses::without)
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes, Law::IdempotentTimes, Law::Absorptive])
    }

    fn elements(&self) -> Vec<Self::Value> {
        let [x, y, z] = [1, 2, 3].map(|number| self.variable(Variable(number)));
        let both = self.times(&x, &y);
        let either = self.plus(&x, &y);
        let mixed = self.plus(&both, &z);
        let majority = self.plus(&both, &self.times(&either, &z));
        vec![self.zero(), self.one(), x, y, both, either, mixed, majority]
    }
}

impl Symbolic for PosBool {
    type Expression = MinimalWitnesses;

    fn variable(&self, variable: Variable) -> Self::Value {
        Ok([[variable].into_iter().collect::<VariableSet>()].into_iter().collect())
    }

    fn limit(&self) -> usize {
        self.limit
    }
}
