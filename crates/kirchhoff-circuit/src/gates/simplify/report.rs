//! What a simplification did.

use kirchhoff_semiring::Laws;
use serde::Serialize;

use super::super::GateSize;
use super::rewrites::REWRITES;

/// What [`simplify`](super::simplify) did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SimplifyReport {
    /// The laws that it could use.
    pub laws: Laws,
    /// The laws that the result requires.
    pub required: Laws,
    /// How often it went over the circuit.
    pub passes: usize,
    /// The size before.
    pub before: GateSize,
    /// The size after.
    pub after: GateSize,
    /// Every rewrite, in the order in which they are tried, with the number of its firings.
    pub rewrites: Vec<Firings>,
}

/// A rewrite, of either pass.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RewriteInfo {
    /// Its name.
    pub name: &'static str,
    /// What it makes of what; used on any number of summands and factors.
    pub equation: &'static str,
    /// The laws that it needs beyond the axioms.
    pub needs: Laws,
    /// Whether `saturate` alone has it, not [`simplify`](super::simplify()).
    pub saturates: bool,
}

/// How often a rewrite found something to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Firings {
    /// Name of the rewrite.
    pub rewrite: &'static str,
    /// What it makes of what.
    pub equation: &'static str,
    /// The laws that it needs beyond the axioms.
    pub needs: Laws,
    /// How often it fired: gates or children that went, and gates whose children were sorted.
    pub count: u64,
}

/// What concerns whole gates and holds in every semiring: how often each was done in a pass.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Structural {
    /// Dead gates left out.
    pub dead: u64,
    /// Gates taken into their only user.
    pub flatten: u64,
    /// Gates of no or one child that became the constant or the child.
    pub unwrap: u64,
    /// Gates found equal to another.
    pub share: u64,
}

impl Structural {
    const NAMES: [(&'static str, &'static str); 4] = [
        ("dead", "gates that no output depends on"),
        ("flatten", "(a ⊕ b) ⊕ c = a ⊕ b ⊕ c, (a ⊗ b) ⊗ c = a ⊗ b ⊗ c"),
        ("unwrap", "⊕() = 0, ⊗() = 1, ⊕(a) = ⊗(a) = a"),
        ("share", "equal gates are one"),
    ];

    pub fn report(self, report: &mut SimplifyReport) {
        let counts = [self.dead, self.flatten, self.unwrap, self.share];
        Structural::NAMES.iter().zip(counts).for_each(|((name, _), count)| report.add(name, count));
    }
}

/// Every rewrite of the linear-time pass, in the order in which they are tried.
pub(in super::super) fn linear_rewrites() -> impl Iterator<Item = RewriteInfo> {
    let structural = Structural::NAMES.into_iter().map(|(name, equation)| (name, equation, Laws::NONE));
    let algebraic = REWRITES.iter().map(|rewrite| (rewrite.name, rewrite.equation, rewrite.needs));
    structural.chain(algebraic).map(|(name, equation, needs)| RewriteInfo { name, equation, needs, saturates: false })
}

impl Firings {
    pub(in super::super) fn none(rewrite: RewriteInfo) -> Self {
        Firings { rewrite: rewrite.name, equation: rewrite.equation, needs: rewrite.needs, count: 0 }
    }
}

impl SimplifyReport {
    pub(super) fn new(laws: Laws, before: GateSize) -> Self {
        let rewrites = linear_rewrites().map(Firings::none).collect();
        SimplifyReport { laws, required: Laws::NONE, passes: 0, before, after: before, rewrites }
    }

    pub(super) fn add(&mut self, rewrite: &'static str, count: u64) {
        if let Some(firings) = self.rewrites.iter_mut().find(|firings| firings.rewrite == rewrite) {
            firings.count += count;
        }
    }

    /// How often the rewrite of a name fired; 0 if there is none.
    pub fn count(&self, rewrite: &str) -> u64 {
        self.rewrites.iter().find(|firings| firings.rewrite == rewrite).map_or(0, |firings| firings.count)
    }
}
