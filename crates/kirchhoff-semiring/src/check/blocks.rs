//! Methods on blocks of values, lane by lane against the operations.

use super::operations::{Id, Operations};
use super::pool::Pool;
use super::{Condition, Counterexample};

/// Lengths of blocks, beside that of all combinations: one that no vector divides, and one of several vectors.
const LENGTHS: [usize; 2] = [13, 64];

impl Pool<'_> {
    /// The first lane in which a method on blocks gives another value than the operations; `None` if there is none, and for
    /// conditions on single values.
    pub(super) fn in_blocks(&self, condition: Condition) -> Option<Counterexample> {
        if !matches!(condition, Condition::Accumulate | Condition::SumRows) {
            return None;
        }
        let held = self.semiring.held();
        let found = self.lane_in_blocks(condition);
        self.semiring.keep(held);
        found
    }

    fn lane_in_blocks(&self, condition: Condition) -> Option<Counterexample> {
        let semiring: &dyn Operations = self.semiring;
        let triples = self.triples();
        let [a, b, c]: [Vec<Id>; 3] =
            std::array::from_fn(|side| triples.iter().map(|triple| self.value(triple[side])).collect());
        let expected: Vec<Id> = (0..triples.len())
            .map(|i| match condition {
                Condition::Accumulate => semiring.plus(a[i], semiring.times(b[i], c[i])),
                _ => semiring.plus(semiring.plus(a[i], b[i]), c[i]),
            })
            .collect();
        let held = semiring.held();
        for length in LENGTHS.into_iter().chain([triples.len()]) {
            for first in (0..triples.len()).step_by(length.max(1)) {
                let lanes = first..(first + length).min(triples.len());
                let [a, b, c] = [&a, &b, &c].map(|operand| &operand[lanes.clone()]);
                let found = match condition {
                    Condition::Accumulate => semiring.accumulate(a, b, c),
                    // What is there before must not matter.
                    _ => semiring.sum_rows(b, [a, b, c]),
                };
                for (i, found) in lanes.zip(found) {
                    if !semiring.close(found, expected[i]) {
                        let lane = format!("{} in lane {} of a block of {length}", semiring.text(found), i % length);
                        return Some(self.counterexample(triples[i], [lane, semiring.text(expected[i])]));
                    }
                }
                semiring.keep(held);
            }
        }
        None
    }
}
