//! Methods on blocks of values, lane by lane against the operations.

use super::pool::Pool;
use super::{Condition, Counterexample};
use crate::Semiring;

/// Lengths of blocks, beside that of all combinations: one that no vector divides, and one of several vectors.
const LENGTHS: [usize; 2] = [13, 64];

impl<V: Clone + PartialEq + std::fmt::Debug> Pool<V> {
    /// The first lane in which a method on blocks gives another value than the operations; `None` if there is none, and for
    /// conditions on single values.
    pub(super) fn in_blocks<S: Semiring<Value = V>>(
        &self,
        semiring: &S,
        condition: Condition,
    ) -> Option<Counterexample> {
        if !matches!(condition, Condition::Accumulate | Condition::SumRows) {
            return None;
        }
        let triples = self.triples();
        let operands: [Vec<V>; 3] =
            std::array::from_fn(|side| triples.iter().map(|triple| self.value(triple[side])).collect());
        let [a, b, c] = &operands;
        let expected: Vec<V> = (0..triples.len())
            .map(|i| match condition {
                Condition::Accumulate => semiring.plus(&a[i], &semiring.times(&b[i], &c[i])),
                _ => semiring.plus(&semiring.plus(&a[i], &b[i]), &c[i]),
            })
            .collect();
        for length in LENGTHS.into_iter().chain([triples.len()]) {
            let found = (0..triples.len()).step_by(length.max(1)).flat_map(|first| {
                let lanes = first..(first + length).min(triples.len());
                let [a, b, c] = [a, b, c].map(|operand| &operand[lanes.clone()]);
                if condition == Condition::Accumulate {
                    let mut sums = a.to_vec();
                    semiring.accumulate(&mut sums, b, c);
                    sums
                } else {
                    // What is there before must not matter.
                    let mut sums = b.to_vec();
                    semiring.sum_rows(&mut sums, &[a, b, c].concat());
                    sums
                }
            });
            let lanes = found.zip(&expected).enumerate();
            for (i, (found, expected)) in lanes {
                if !semiring.close(&found, expected) {
                    let lane = format!("{found:?} in lane {} of a block of {length}", i % length);
                    return Some(self.counterexample(triples[i], [lane, format!("{expected:?}")]));
                }
            }
        }
        None
    }
}
