//! The law checker: axioms and declared laws of any semiring, tested on sample elements.

mod condition;
mod pool;
mod report;

pub use condition::Condition;
pub use report::{Assignment, Check, Counterexample, LawReport};

use pool::Pool;

use crate::{Law, Semiring};

/// Tests whether a semiring keeps the axioms and the laws that it declares, and finds the shortest counterexamples.
///
/// Every condition is tried with every combination of sample elements: the given ones, `0`, `1`, and expressions made
/// of them by `⊕` and `⊗`. Passing is no proof, failing is one. Values are compared with [`Semiring::close`].
///
/// ```
/// use kirchhoff_semiring::{Law, LawChecker, Laws, Semiring};
///
/// /// Declares that `a + a = a`.
/// struct Wrong;
///
/// impl Semiring for Wrong {
///     type Value = u64;
///     fn zero(&self) -> u64 { 0 }
///     fn one(&self) -> u64 { 1 }
///     fn plus(&self, a: &u64, b: &u64) -> u64 { a + b }
///     fn times(&self, a: &u64, b: &u64) -> u64 { a * b }
///     fn laws(&self) -> Laws { Laws::of(&[Law::IdempotentPlus]) }
/// }
///
/// let report = LawChecker::new().check(&Wrong);
/// let failure = report.failures().next().unwrap();
/// assert_eq!(failure.to_string(), "⊕ idempotent: a ⊕ a = a fails for a = 1: left 2, right 1");
/// assert_eq!(report.hints, [Law::CommutativeTimes]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LawChecker {
    budget: usize,
}

impl LawChecker {
    /// Up to 32 elements: less than a million operations.
    pub const fn new() -> Self {
        LawChecker { budget: 32 }
    }

    /// Adds expressions as long as there are fewer than `budget` elements. The elements given are all used, however
    /// many they are.
    pub const fn with_budget(self, budget: usize) -> Self {
        LawChecker { budget }
    }

    /// Checks `semiring` on its own [`elements`](Semiring::elements).
    ///
    /// # Complexity
    /// `O(n³)` operations of the semiring for `n` elements.
    pub fn check<S: Semiring>(&self, semiring: &S) -> LawReport {
        self.check_elements(semiring, semiring.elements())
    }

    /// Checks `semiring` on `elements`, the simplest first.
    ///
    /// # Complexity
    /// `O(n³)` operations of the semiring for `n` elements.
    pub fn check_elements<S: Semiring>(&self, semiring: &S, elements: Vec<S::Value>) -> LawReport {
        let pool = Pool::new(semiring, elements, self.budget);
        let declared = semiring.laws();
        let mut checks = vec![pool.reflexivity()];
        checks.extend(Condition::AXIOMS.into_iter().map(|condition| pool.check(semiring, condition)));
        checks.extend(declared.iter().map(|law| pool.check(semiring, Condition::Law(law))));
        let undeclared = Law::ALL.into_iter().filter(|law| !declared.has(*law));
        let held = undeclared.filter(|law| pool.check(semiring, Condition::Law(*law)).holds());
        LawReport { elements: pool.len(), hints: held.collect(), checks }
    }
}

impl Default for LawChecker {
    fn default() -> Self {
        LawChecker::new()
    }
}
