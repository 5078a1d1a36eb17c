//! The law checker: axioms and declared laws of any semiring, tested on sample elements.

mod blocks;
mod condition;
mod form;
mod operations;
mod pool;
mod report;

pub use condition::Condition;
pub use report::{Assignment, Check, Counterexample, LawReport, Sampled};

use operations::{Held, Operations};
use pool::Pool;

use crate::{Law, Semiring};

/// Tests whether a semiring keeps the axioms and the laws that it declares, and finds the shortest counterexamples.
///
/// Every condition is tried with every combination of sample elements: the given ones, `0`, `1`, and expressions made
/// of them by `⊕` and `⊗`. Passing is no proof, failing is one, and [`LawReport::sampled`] says how much it tells. Values
/// are compared with [`Semiring::close`]. Methods that a semiring may have beside its operations are held to these:
/// [`add_product`](Semiring::add_product), [`accumulate`](Semiring::accumulate), [`sum_rows`](Semiring::sum_rows) and
/// the form that [`fused`](Semiring::fused) names. A difference, where [`minus`](Semiring::minus) gives one, has to satisfy the axioms
/// of a monus.
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

    /// Checks `semiring` on values that occur somewhere, in any order and any number: on up to half as many of them as the
    /// checker's budget, spread evenly, and on expressions over them.
    ///
    /// # Complexity
    ///
    /// `O(v b + b³)` operations and comparisons for `v` values and a budget of `b`.
    pub fn check_values<S: Semiring>(&self, semiring: &S, values: Vec<S::Value>) -> LawReport {
        let wanted = (self.budget / 2).max(FEWEST);
        let mut distinct: Vec<S::Value> = Vec::new();
        // Twice the wanted number spread over all, and then whatever else differs.
        let step = (values.len() / (2 * wanted)).max(1);
        for value in (0..step).flat_map(|first| values.iter().skip(first).step_by(step)) {
            if distinct.len() == wanted {
                break;
            }
            if !distinct.contains(value) {
                distinct.push(value.clone());
            }
        }
        self.check_elements(semiring, distinct)
    }

    /// Checks `semiring` on `elements`, the simplest first.
    ///
    /// # Complexity
    /// `O(n³)` operations of the semiring for `n` elements.
    pub fn check_elements<S: Semiring>(&self, semiring: &S, elements: Vec<S::Value>) -> LawReport {
        self.check_held(&Held::new(semiring, elements))
    }

    /// Checks a semiring on the values that it holds.
    fn check_held(&self, semiring: &dyn Operations) -> LawReport {
        let pool = Pool::new(semiring, self.budget);
        let declared = semiring.laws();
        let mut checks = vec![pool.reflexivity()];
        let offered = [(Condition::SumRows, semiring.sums_rows()), (Condition::Fused, semiring.has_form())];
        let offered = offered.into_iter().filter_map(|(condition, offered)| offered.then_some(condition));
        for condition in Condition::AXIOMS.into_iter().chain(offered) {
            let check = pool.check(condition);
            checks.push(match check.holds() {
                true => Check::new(condition, pool.in_blocks(condition)),
                false => check,
            });
        }
        checks.extend(declared.iter().map(|law| pool.check(Condition::Law(law))));
        // A difference may rest on a law: where one fails, that is what there is to say.
        if semiring.has_difference() && checks.iter().all(Check::holds) {
            checks.extend(Condition::MONUS.map(|condition| pool.check(condition)));
        }
        let sampled = match pool.len() {
            _ if semiring.is_exhaustive() => Sampled::Everything,
            0..FEWEST => Sampled::Thinly,
            _ => Sampled::Samples,
        };
        let undeclared = Law::ALL.into_iter().filter(|law| !declared.has(*law));
        let tells = |law: &Law| sampled != Sampled::Thinly && pool.check(Condition::Law(*law)).holds();
        LawReport { elements: pool.len(), sampled, hints: undeclared.filter(tells).collect(), checks }
    }
}

/// Elements from which on the findings say something.
const FEWEST: usize = 4;

impl Default for LawChecker {
    fn default() -> Self {
        LawChecker::new()
    }
}
