//! Sets of variables.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::variable::joined;
use super::{Names, Variable};

/// A set of variables, cheap to clone: shared, and shared by unions that add nothing.
///
/// Sets are ordered by size, then lexicographically: small witnesses, which say most, come first, and no set comes
/// before one of its proper subsets.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct VariableSet(Arc<[Variable]>);

impl VariableSet {
    /// The variables, ascending.
    pub fn as_slice(&self) -> &[Variable] {
        &self.0
    }

    /// The variables, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Variable> {
        self.0.iter().copied()
    }

    /// The number of variables.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `variable` belongs to the set.
    pub fn contains(&self, variable: Variable) -> bool {
        self.0.binary_search(&variable).is_ok()
    }

    /// Whether every variable of this set belongs to `other`, in `O(n log m)` for `n` variables among `m`.
    pub fn is_subset(&self, other: &VariableSet) -> bool {
        if Arc::ptr_eq(&self.0, &other.0) {
            return true;
        }
        if self.len() > other.len() {
            return false;
        }
        let mut rest = other.as_slice();
        self.iter().all(|variable| match rest.binary_search(&variable) {
            Ok(place) => {
                rest = &rest[place + 1..];
                true
            }
            Err(_) => false,
        })
    }

    /// Whether the sets have no variable in common.
    pub fn is_disjoint(&self, other: &VariableSet) -> bool {
        let (few, many) = if self.len() < other.len() { (self, other) } else { (other, self) };
        few.iter().all(|variable| !many.contains(variable))
    }

    /// The variables of both sets, in time linear in their numbers.
    pub fn union(&self, other: &VariableSet) -> VariableSet {
        if other.is_subset(self) {
            return self.clone();
        }
        if self.is_subset(other) {
            return other.clone();
        }
        let (mut a, mut b) = (self.as_slice(), other.as_slice());
        let mut union = Vec::with_capacity(a.len() + b.len());
        while let (Some(first), Some(second)) = (a.first(), b.first()) {
            union.push(*first.min(second));
            let order = first.cmp(second);
            if order.is_le() {
                a = &a[1..];
            }
            if order.is_ge() {
                b = &b[1..];
            }
        }
        union.extend_from_slice(a);
        union.extend_from_slice(b);
        VariableSet(union.into())
    }

    /// As a set: `{x₁, x₂}`, `∅`.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, names: &Names<'_>) -> fmt::Result {
        if self.is_empty() { write!(f, "∅") } else { write!(f, "{{{}}}", joined(self.as_slice(), ", ", names)) }
    }
}

impl FromIterator<Variable> for VariableSet {
    fn from_iter<I: IntoIterator<Item = Variable>>(variables: I) -> Self {
        let mut variables: Vec<_> = variables.into_iter().collect();
        variables.sort_unstable();
        variables.dedup();
        VariableSet(variables.into())
    }
}

impl PartialOrd for VariableSet {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for VariableSet {
    fn cmp(&self, other: &Self) -> Ordering {
        self.len().cmp(&other.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl fmt::Display for VariableSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, &|variable| variable.to_string())
    }
}

/// As [`Display`](fmt::Display).
impl fmt::Debug for VariableSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(numbers: &BTreeSet<u32>) -> VariableSet {
        numbers.iter().copied().map(Variable).collect()
    }

    proptest! {
        #[test]
        fn agrees_with_sets_of_the_standard_library(
            a in prop::collection::btree_set(0..12u32, 0..8),
            b in prop::collection::btree_set(0..12u32, 0..8),
        ) {
            let (left, right) = (set(&a), set(&b));
            prop_assert_eq!(left.union(&right), set(&(&a | &b)));
            prop_assert_eq!(left.is_subset(&right), a.is_subset(&b));
            prop_assert_eq!(left.is_disjoint(&right), a.is_disjoint(&b));
            prop_assert_eq!(left == right, a == b);
            prop_assert!((0..12).all(|number| left.contains(Variable(number)) == a.contains(&number)));
            if a.is_subset(&b) {
                prop_assert!(left <= right, "subsets come first");
            }
        }
    }

    #[test]
    fn a_union_that_adds_nothing_is_shared() {
        let large: VariableSet = (0..5).map(Variable).collect();
        let small: VariableSet = [Variable(3)].into_iter().collect();
        assert!(Arc::ptr_eq(&large.union(&small).0, &large.0));
        assert!(Arc::ptr_eq(&small.union(&large).0, &large.0));
        assert_eq!(small.to_string(), "{x₃}");
        assert_eq!(VariableSet::default().to_string(), "∅");
    }
}
