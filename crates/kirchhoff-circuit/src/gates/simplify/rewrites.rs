//! The rewrites of a single `⊕` or `⊗` gate, each with the laws it needs beyond the axioms of a semiring.

use kirchhoff_semiring::{Law, Laws};

use super::super::{GateBuilder, GateId, GateKind};

/// An equation, used from left to right.
pub(in super::super) struct Rewrite {
    /// Its name in reports.
    pub name: &'static str,
    /// The equation.
    pub equation: &'static str,
    /// The laws that it needs.
    pub needs: Laws,
    /// Changes a gate; returns how often the equation was used.
    pub apply: fn(&mut Draft, &mut Workbench<dyn Gates + '_>) -> u64,
}

/// A gate about to be made: a `⊕` or `⊗`, or the constant that a rewrite made of it.
pub(in super::super) struct Draft {
    /// The kind.
    pub kind: GateKind,
    /// The children, among the gates that there are.
    pub children: Vec<GateId>,
}

/// What rewrites see of the gates that there are: those of a builder, or the classes of equal gates of an e-graph.
pub(in super::super) trait Gates {
    /// Whether a gate is of a kind.
    fn is(&self, gate: GateId, kind: GateKind) -> bool;

    /// Whether a gate is of a kind and one of its children passes a test, unless it has more than `most` of them. Of a
    /// class of equal gates: whether this holds of one of them.
    fn any_child(&self, gate: GateId, kind: GateKind, most: usize, test: &dyn Fn(GateId) -> bool) -> bool;
}

impl Gates for GateBuilder {
    fn is(&self, gate: GateId, kind: GateKind) -> bool {
        self.kind(gate) == kind
    }

    fn any_child(&self, gate: GateId, kind: GateKind, most: usize, test: &dyn Fn(GateId) -> bool) -> bool {
        let children = self.children(gate);
        self.kind(gate) == kind && children.len() <= most && children.iter().any(|&child| test(child))
    }
}

/// Gates, and marks on them.
pub(in super::super) struct Workbench<G: ?Sized> {
    /// The number of the draft that marked a gate last.
    marks: Vec<u32>,
    draft: u32,
    /// The gates.
    pub gates: G,
}

impl<G> Workbench<G> {
    pub fn new(gates: G) -> Self {
        Workbench { marks: Vec::new(), draft: 0, gates }
    }
}

impl Workbench<dyn Gates + '_> {
    /// Marks these gates and no others.
    fn mark(&mut self, gates: &[GateId]) {
        let end = gates.iter().map(|gate| gate.index() + 1).max().unwrap_or(0);
        self.marks.resize(self.marks.len().max(end), 0);
        self.draft += 1;
        gates.iter().for_each(|gate| self.marks[gate.index()] = self.draft);
    }

    fn unmark(&mut self, gate: GateId) {
        self.marks[gate.index()] = 0;
    }

    fn is_marked(&self, gate: GateId) -> bool {
        self.marks.get(gate.index()) == Some(&self.draft)
    }

    fn is(&self, gate: GateId, kind: GateKind) -> bool {
        self.gates.is(gate, kind)
    }
}

/// Every rewrite, in the order in which they are tried on each gate.
pub(in super::super) static REWRITES: [Rewrite; 10] = [
    Rewrite { name: "drop-zero", equation: "0 ⊕ a = a", needs: Laws::NONE, apply: drop_zero },
    Rewrite { name: "annihilate", equation: "0 ⊗ a = a ⊗ 0 = 0", needs: Laws::NONE, apply: annihilate },
    Rewrite { name: "drop-one", equation: "1 ⊗ a = a ⊗ 1 = a", needs: Laws::NONE, apply: drop_one },
    Rewrite { name: "one-absorbs", equation: "1 ⊕ a = 1", needs: Laws::of(&[Law::Absorptive]), apply: one_absorbs },
    Rewrite { name: "sort-plus", equation: "a ⊕ b = b ⊕ a", needs: Laws::NONE, apply: sort_plus },
    Rewrite {
        name: "sort-times",
        equation: "a ⊗ b = b ⊗ a",
        needs: Laws::of(&[Law::CommutativeTimes]),
        apply: sort_times,
    },
    Rewrite {
        name: "merge-summands",
        equation: "a ⊕ a = a",
        needs: Laws::of(&[Law::IdempotentPlus]),
        apply: merge_summands,
    },
    Rewrite {
        name: "merge-factors",
        equation: "a ⊗ a = a",
        needs: Laws::of(&[Law::IdempotentTimes]),
        apply: merge_factors,
    },
    Rewrite {
        name: "absorb", equation: "a ⊕ (b ⊗ a ⊗ c) = a", needs: Laws::of(&[Law::Absorptive]), apply: absorb
    },
    Rewrite {
        name: "absorb-sums",
        equation: "a ⊗ c ⊗ (a ⊕ b) = a ⊗ c",
        needs: Laws::of(&[Law::CommutativeTimes, Law::IdempotentTimes, Law::Absorptive]),
        apply: absorb_sums,
    },
];

/// Keeps the children for which `keep` is true; returns how many went.
fn retain(draft: &mut Draft, keep: impl FnMut(&GateId) -> bool) -> u64 {
    let before = draft.children.len();
    draft.children.retain(keep);
    (before - draft.children.len()) as u64
}

/// Makes the draft a constant.
fn constant(draft: &mut Draft, kind: GateKind) -> u64 {
    draft.kind = kind;
    draft.children.clear();
    1
}

/// `0 ⊕ a = a`: an axiom.
fn drop_zero(draft: &mut Draft, bench: &mut Workbench<dyn Gates + '_>) -> u64 {
    if draft.kind != GateKind::Plus {
        return 0;
    }
    retain(draft, |&child| !bench.is(child, GateKind::Zero))
}

/// `0 ⊗ a = a ⊗ 0 = 0`: an axiom.
fn annihilate(draft: &mut Draft, bench: &mut Workbench<dyn Gates + '_>) -> u64 {
    let zero = |&child: &GateId| bench.is(child, GateKind::Zero);
    if draft.kind != GateKind::Times || !draft.children.iter().any(zero) {
        return 0;
    }
    constant(draft, GateKind::Zero)
}

/// `1 ⊗ a = a ⊗ 1 = a`: an axiom.
fn drop_one(draft: &mut Draft, bench: &mut Workbench<dyn Gates + '_>) -> u64 {
    if draft.kind != GateKind::Times {
        return 0;
    }
    retain(draft, |&child| !bench.is(child, GateKind::One))
}

/// `1 ⊕ a = 1`: absorption `a ⊕ (a ⊗ b) = a` with `a = 1`. A sum of 1 alone is not a case of it.
fn one_absorbs(draft: &mut Draft, bench: &mut Workbench<dyn Gates + '_>) -> u64 {
    let one = |&child: &GateId| bench.is(child, GateKind::One);
    if draft.kind != GateKind::Plus || draft.children.len() < 2 || !draft.children.iter().any(one) {
        return 0;
    }
    constant(draft, GateKind::One)
}

/// Sorts children, so that gates that differ in their order are found equal.
fn sort(draft: &mut Draft, kind: GateKind) -> u64 {
    if draft.kind != kind || draft.children.is_sorted() {
        return 0;
    }
    draft.children.sort_unstable();
    1
}

/// `a ⊕ b = b ⊕ a`: an axiom.
fn sort_plus(draft: &mut Draft, _: &mut Workbench<dyn Gates + '_>) -> u64 {
    sort(draft, GateKind::Plus)
}

/// `a ⊗ b = b ⊗ a`: ⊗ commutative.
fn sort_times(draft: &mut Draft, _: &mut Workbench<dyn Gates + '_>) -> u64 {
    sort(draft, GateKind::Times)
}

/// Removes children that are equal to the one before.
fn merge(draft: &mut Draft, kind: GateKind) -> u64 {
    if draft.kind != kind {
        return 0;
    }
    let before = draft.children.len();
    draft.children.dedup();
    (before - draft.children.len()) as u64
}

/// `a ⊕ a = a`: ⊕ idempotent. Children of `⊕` are sorted, so that equal ones are neighbours.
fn merge_summands(draft: &mut Draft, _: &mut Workbench<dyn Gates + '_>) -> u64 {
    merge(draft, GateKind::Plus)
}

/// `a ⊗ a = a`: ⊗ idempotent. Equal children are neighbours where ⊗ commutes, since they are sorted then; elsewhere
/// the law says something of neighbours only.
fn merge_factors(draft: &mut Draft, _: &mut Workbench<dyn Gates + '_>) -> u64 {
    merge(draft, GateKind::Times)
}

/// Gates of more children are not searched, so that the pass stays linear: a large product may have many users.
const ABSORBED_CHILDREN: usize = 8;

/// `a ⊕ (b ⊗ a ⊗ c) = a`: absorption, on either side. From `a ⊕ (a ⊗ b) = a` follows `1 ⊕ b = 1`, hence
/// `a ⊕ (b ⊗ a) = (1 ⊕ b) ⊗ a = a` without ⊗ commuting; and `b ⊗ a ⊗ c = (b ⊗ a) ⊗ c` is absorbed by `b ⊗ a`, which is
/// absorbed by `a`. The product goes however its factors are ordered.
fn absorb(draft: &mut Draft, bench: &mut Workbench<dyn Gates + '_>) -> u64 {
    absorb_into(draft, bench, GateKind::Plus, GateKind::Times)
}

/// `a ⊗ (a ⊕ b) = a ⊗ a ⊕ a ⊗ b = a ⊕ a ⊗ b = a`, and wherever in a product the two stand, where ⊗ commutes.
fn absorb_sums(draft: &mut Draft, bench: &mut Workbench<dyn Gates + '_>) -> u64 {
    absorb_into(draft, bench, GateKind::Times, GateKind::Plus)
}

/// Removes from a gate of kind `outer` the children of kind `inner` that have another child of it among theirs.
///
/// Where several gates may be equal, two children could each absorb the other: what is gone absorbs nothing. From the
/// last one on, since users come after what they use: what absorbs a child may be absorbed in its turn.
fn absorb_into(draft: &mut Draft, bench: &mut Workbench<dyn Gates + '_>, outer: GateKind, inner: GateKind) -> u64 {
    if draft.kind != outer || draft.children.len() < 2 {
        return 0;
    }
    bench.mark(&draft.children);
    let before = draft.children.len();
    let mut kept = Vec::with_capacity(before);
    for &child in draft.children.iter().rev() {
        let absorbs = |other: GateId| other != child && bench.is_marked(other);
        if bench.gates.any_child(child, inner, ABSORBED_CHILDREN, &absorbs) {
            bench.unmark(child);
        } else {
            kept.push(child);
        }
    }
    kept.reverse();
    draft.children = kept;
    (before - draft.children.len()) as u64
}
