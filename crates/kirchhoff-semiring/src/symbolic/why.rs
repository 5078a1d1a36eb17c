//! Why: the sets of variables that suffice.

use super::overflow::{add, add_product, larger_first, multiply, subtract};
use super::{Bounded, DEFAULT_LIMIT, Expression, Symbolic, Variable, VariableSet, Witnesses};
use crate::{Law, Laws, Semiring};

/// `(sets of sets of variables, ∪, pairwise ∪, ∅, {∅})`, *why-provenance*: the sets of edges that carry relevance to
/// the target together, one for each path or combination of paths (Cheney, Chiticariu & Tan 2009).
///
/// `⊗` is commutative and `⊕` idempotent. `⊗` is not: `{{x}, {y}} ⊗ {{x}, {y}} = {{x}, {y}, {x, y}}`.
///
/// Where a value overflows may depend on the order of evaluation, since products may have fewer witnesses than their
/// factors: `{{x}, {y}} ⊗ {{x, y}} = {{x, y}}`. What does not overflow is exact.
///
/// # Complexity
/// A sum merges the smaller operand into the larger; a product looks at every pair of witnesses and keeps no more than
/// the limit of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Why {
    limit: usize,
}

impl Why {
    /// With the default limit of 10,000 witnesses.
    pub const fn new() -> Self {
        Why::with_limit(DEFAULT_LIMIT)
    }

    /// With values of at most `limit` witnesses, and at least 1: the element 1 has one.
    pub const fn with_limit(limit: usize) -> Self {
        Why { limit: if limit == 0 { 1 } else { limit } }
    }
}

impl Default for Why {
    fn default() -> Self {
        Why::new()
    }
}

impl Semiring for Why {
    type Value = Bounded<Witnesses>;

    fn zero(&self) -> Self::Value {
        Ok(Witnesses::default())
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
        add(sum, a, |sum, a| sum.extend(a.iter().cloned(), self.limit));
    }

    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        multiply(a, b, |a, b| {
            let mut product = Witnesses::default();
            for left in a.iter() {
                product.extend(b.iter().map(|right| left.union(right)), self.limit)?;
            }
            Ok(product)
        })
    }

    // A sum has all witnesses of its parts: it passes the limit wherever the product alone does.
    fn add_product(&self, sum: &mut Self::Value, a: &Self::Value, b: &Self::Value) {
        add_product(sum, a, b, |sum, a, b| {
            a.iter().try_for_each(|left| sum.extend(b.iter().map(|right| left.union(right)), self.limit))
        });
    }

    fn is_zero(&self, a: &Self::Value) -> bool {
        a.as_ref().is_ok_and(Expression::is_zero)
    }

    /// The witnesses of `a` that `b` does not have.
    fn minus(&self, a: &Self::Value, b: &Self::Value) -> Option<Self::Value> {
        subtract(a, b, Witnesses::without)
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes, Law::IdempotentPlus])
    }

    fn elements(&self) -> Vec<Self::Value> {
        let [x, y, z] = [1, 2, 3].map(|number| self.variable(Variable(number)));
        let both = self.times(&x, &y);
        let either = self.plus(&x, &y);
        let optional = self.plus(&self.one(), &x);
        let mixed = self.plus(&both, &z);
        vec![self.zero(), self.one(), x, y, both, either, optional, mixed]
    }
}

impl Symbolic for Why {
    type Expression = Witnesses;

    fn variable(&self, variable: Variable) -> Self::Value {
        Ok([[variable].into_iter().collect::<VariableSet>()].into_iter().collect())
    }

    fn limit(&self) -> usize {
        self.limit
    }
}
