//! Which variables matter.

use super::overflow::{add, larger_first, multiply, subtract, within};
use super::{Bounded, DEFAULT_LIMIT, Exceeded, Lineage, Symbolic, Variable, VariableSet};
use crate::{Law, Laws, Semiring};

/// `(sets of variables or ⊥, ∪, ∪, ⊥, ∅)`, *lineage*: which variables lie on a path to the target (Cheney, Chiticariu
/// & Tan 2009).
///
/// `⊥` is neutral for `⊕` and absorbs in `⊗`; elsewhere both are the union, so `⊗` is commutative and both are
/// idempotent. Not absorptive: `a ⊕ (a ⊗ b) = a ∪ b`.
///
/// The limit counts variables. Unions never shrink, so to overflow or not does not depend on the order of evaluation:
/// with all larger sets taken for one, every law still holds.
///
/// # Complexity
/// Linear in the number of variables; nothing is copied where one operand includes the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Which {
    limit: usize,
}

impl Which {
    /// With the default limit of 10,000 variables.
    pub const fn new() -> Self {
        Which::with_limit(DEFAULT_LIMIT)
    }

    /// With values of at most `limit` variables, and at least 1.
    pub const fn with_limit(limit: usize) -> Self {
        Which { limit: if limit == 0 { 1 } else { limit } }
    }

    fn union(&self, a: &VariableSet, b: &VariableSet) -> Result<Lineage, Exceeded> {
        let union = a.union(b);
        within(union.len(), self.limit)?;
        Ok(Lineage::from(union))
    }
}

impl Default for Which {
    fn default() -> Self {
        Which::new()
    }
}

impl Semiring for Which {
    type Value = Bounded<Lineage>;

    fn zero(&self) -> Self::Value {
        Ok(Lineage::BOTTOM)
    }

    fn one(&self) -> Self::Value {
        Ok(Lineage::from(VariableSet::default()))
    }

    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        let [large, small] = larger_first(a, b);
        let mut sum = large.clone();
        self.plus_assign(&mut sum, small);
        sum
    }

    fn plus_assign(&self, sum: &mut Self::Value, a: &Self::Value) {
        add(sum, a, |sum, a| {
            match (sum.get(), a.get()) {
                (_, None) => {}
                (None, Some(_)) => *sum = a.clone(),
                (Some(variables), Some(more)) => *sum = self.union(variables, more)?,
            }
            Ok(())
        });
    }

    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        multiply(a, b, |a, b| match (a.get(), b.get()) {
            (Some(a), Some(b)) => self.union(a, b),
            _ => Ok(Lineage::BOTTOM),
        })
    }

    /// The variables of `a` that `b` does not have; `⊥` where there are none, and `b` is not `⊥`.
    fn minus(&self, a: &Self::Value, b: &Self::Value) -> Option<Self::Value> {
        subtract(a, b, Lineage::without)
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes, Law::IdempotentPlus, Law::IdempotentTimes])
    }

    fn elements(&self) -> Vec<Self::Value> {
        let sets = [&[][..], &[1], &[2], &[1, 2], &[2, 3], &[1, 4, 5]];
        let lineages = sets.map(|set| Ok(Lineage::from(set.iter().copied().map(Variable).collect::<VariableSet>())));
        [self.zero()].into_iter().chain(lineages).collect()
    }
}

impl Symbolic for Which {
    type Expression = Lineage;

    fn variable(&self, variable: Variable) -> Self::Value {
        Ok(Lineage::from([variable].into_iter().collect::<VariableSet>()))
    }

    fn limit(&self) -> usize {
        self.limit
    }
}
