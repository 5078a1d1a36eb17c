//! The fold in blocks of gates, for semirings whose operations are cheaper by the block.

use std::ops::Range;

use kirchhoff_circuit::GateKind;
use kirchhoff_semiring::Semiring;

use crate::fold::{Arrays, Fold};

impl<S: Semiring> Fold<'_, S> {
    /// The values of gates with children, which have theirs: sums first, then products, each kind in as many calls of the
    /// semiring as its longest gate has children but one.
    pub(crate) fn blocks(&self, arrays: Arrays<'_>, gates: Range<usize>, known: &[S::Value], new: &mut [S::Value]) {
        let lanes = self.lanes;
        let (zero, one) = (self.semiring.zero(), self.semiring.one());
        let (mut children, mut neutral) = (Vec::new(), Vec::new());
        for kind in [GateKind::Plus, GateKind::Times] {
            // The longest first, so that those which have a child left always stand together.
            let mut own: Vec<usize> = gates.clone().filter(|&gate| arrays.kinds[gate] == kind as u8).collect();
            own.sort_by_key(|&gate| std::cmp::Reverse(arrays.own(gate).len()));
            let longest = own.first().map_or(0, |&gate| arrays.own(gate).len());
            let mut values = Vec::with_capacity(own.len() * lanes);
            gather(arrays, &own, 0, lanes, known, &mut values);
            for child in 1..longest {
                let left = own.partition_point(|&gate| arrays.own(gate).len() > child);
                gather(arrays, &own[..left], child, lanes, known, &mut children);
                let values = &mut values[..left * lanes];
                neutral.clear();
                if kind == GateKind::Plus {
                    neutral.resize(values.len(), one.clone());
                    self.semiring.accumulate(values, &neutral, &children);
                } else {
                    neutral.resize(values.len(), zero.clone());
                    self.semiring.accumulate(&mut neutral, values, &children);
                    values.swap_with_slice(&mut neutral);
                }
            }
            for (gate, values) in own.into_iter().zip(values.chunks_exact_mut(lanes)) {
                new[(gate - gates.start) * lanes..][..lanes].swap_with_slice(values);
            }
        }
    }
}

/// The values of a child of each gate.
fn gather<V: Clone>(arrays: Arrays<'_>, gates: &[usize], child: usize, lanes: usize, known: &[V], values: &mut Vec<V>) {
    values.clear();
    for &gate in gates {
        let child = arrays.own(gate)[child] as usize * lanes;
        values.extend_from_slice(&known[child..child + lanes]);
    }
}
