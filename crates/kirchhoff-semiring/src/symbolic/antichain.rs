//! Sets of which none is a part of another.

use super::overflow::within;
use super::subset_index::SubsetIndex;
use super::{Exceeded, VariableSet};

/// Of `sets`, those with no other for a subset, ascending, each once; and an index of them.
pub(super) fn minimal(mut sets: Vec<VariableSet>) -> (Vec<VariableSet>, SubsetIndex) {
    // No set comes before its subsets, so none that is kept is ever dropped again.
    sets.sort_unstable();
    let mut index = SubsetIndex::new();
    sets.retain(|set| {
        let minimal = !index.has_subset_of(set);
        if minimal {
            index.insert(set);
        }
        minimal
    });
    (sets, index)
}

/// The minimal ones among sets that come one by one, in memory of a few times the limit.
pub(super) struct Antichain {
    /// Minimal among the sets so far, except for the pending ones.
    kept: Vec<VariableSet>,
    /// An index of the kept sets.
    index: SubsetIndex,
    /// Sets that have no subset among the kept ones, but perhaps among each other.
    pending: Vec<VariableSet>,
    limit: usize,
}

impl Antichain {
    /// Sets that come later may absorb many of the present ones: in between there may be so many times the limit.
    const SLACK: usize = 4;
    /// Fewer pending sets than this are not worth the work of settling which are minimal.
    const PENDING: usize = 1024;

    pub(super) fn new(limit: usize) -> Self {
        Antichain { kept: Vec::new(), index: SubsetIndex::new(), pending: Vec::new(), limit }
    }

    /// Takes in one more set.
    pub(super) fn offer(&mut self, set: VariableSet) -> Result<(), Exceeded> {
        if self.index.has_subset_of(&set) {
            return Ok(());
        }
        self.pending.push(set);
        // As many as are kept already, so that to settle them costs no more than to have collected them.
        if self.pending.len() > self.kept.len().max(Self::PENDING) {
            self.settle();
            if self.kept.len() > self.limit.saturating_mul(Self::SLACK) {
                return Err(Exceeded::Terms { limit: self.limit });
            }
        }
        Ok(())
    }

    /// The minimal ones, ascending.
    pub(super) fn finish(mut self) -> Result<Vec<VariableSet>, Exceeded> {
        self.settle();
        within(self.kept.len(), self.limit)?;
        Ok(self.kept)
    }

    fn settle(&mut self) {
        let mut all = std::mem::take(&mut self.kept);
        all.append(&mut self.pending);
        (self.kept, self.index) = minimal(all);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Variable;

    fn set() -> impl Strategy<Value = VariableSet> {
        prop::collection::vec(0..20u32, 2..8).prop_map(|numbers| numbers.into_iter().map(Variable).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        /// More sets than may be pending, in any order.
        #[test]
        fn keeps_what_a_comparison_of_all_pairs_keeps(sets in prop::collection::vec(set(), 0..3000)) {
            let mut antichain = Antichain::new(usize::MAX);
            for set in &sets {
                antichain.offer(set.clone()).unwrap();
            }
            let mut naive: Vec<_> = sets.clone();
            naive.retain(|set| !sets.iter().any(|other| other != set && other.is_subset(set)));
            naive.sort();
            naive.dedup();
            prop_assert_eq!(antichain.finish().unwrap(), naive);
        }
    }
}
