//! Sample elements, and the search for the shortest counterexample among them.

use super::operations::{Id, Operations};
use super::{Assignment, Check, Condition, Counterexample};

/// Expressions have at most so many leaves: longer ones tell no more, and hide which element is to blame.
const LONGEST: usize = 4;

/// A sample element.
struct Element {
    value: Id,
    /// The operation that made it, as text; none for a given element.
    expression: Option<String>,
    /// The number of given elements in its expression.
    size: usize,
    /// The length of its `Debug` form.
    length: usize,
}

/// Sample elements, the simplest first, all equal to themselves and different from each other.
pub(super) struct Pool<'a> {
    pub(super) semiring: &'a dyn Operations,
    elements: Vec<Element>,
    /// The simplest values found that are not equal to themselves.
    irreflexive: Option<Element>,
}

impl<'a> Pool<'a> {
    /// The values that are held, 0 and 1, and expressions over them until there are `budget`.
    pub(super) fn new(semiring: &'a dyn Operations, budget: usize) -> Self {
        let mut pool = Pool { semiring, elements: Vec::new(), irreflexive: None };
        let leaves = (0..semiring.held()).chain([semiring.zero(), semiring.one()]);
        pool.extend(leaves.map(|value| pool.element(value, None, 1)).collect(), usize::MAX);
        for size in 2..=LONGEST {
            if pool.len() < budget {
                pool.extend(pool.expressions(size), budget);
            }
        }
        pool
    }

    fn element(&self, value: Id, expression: Option<String>, size: usize) -> Element {
        Element { value, expression, size, length: self.semiring.text(value).chars().count() }
    }

    pub(super) fn len(&self) -> usize {
        self.elements.len()
    }

    /// The value of the element of a number.
    pub(super) fn value(&self, number: usize) -> Id {
        self.elements[number].value
    }

    /// All combinations of three elements, by number.
    pub(super) fn triples(&self) -> Vec<[usize; 3]> {
        let numbers = 0..self.len();
        let pairs = numbers.clone().flat_map(|a| numbers.clone().map(move |b| (a, b)));
        pairs.flat_map(|(a, b)| numbers.clone().map(move |c| [a, b, c])).collect()
    }

    /// Elements by number for which two sides differ.
    pub(super) fn counterexample(&self, elements: [usize; 3], [left, right]: [String; 2]) -> Counterexample {
        let assign = |(number, name): (usize, &'static str)| self.assign(&self.elements[number], name);
        Counterexample { assignments: elements.into_iter().zip(["a", "b", "c"]).map(assign).collect(), left, right }
    }

    /// Every sum and product with `size` leaves of the elements so far.
    fn expressions(&self, size: usize) -> Vec<Element> {
        let mut expressions = Vec::new();
        for a in &self.elements {
            for b in self.elements.iter().filter(|b| a.size + b.size == size) {
                let [left, right] = [a, b].map(|element| self.operand(element));
                let sum = self.semiring.plus(a.value, b.value);
                expressions.push(self.element(sum, Some(format!("{left} ⊕ {right}")), size));
                let product = self.semiring.times(a.value, b.value);
                expressions.push(self.element(product, Some(format!("{left} ⊗ {right}")), size));
            }
        }
        expressions
    }

    /// Adds those of `candidates` that are new, the shortest first, up to `budget` elements in all.
    fn extend(&mut self, mut candidates: Vec<Element>, budget: usize) {
        candidates.sort_by_key(|candidate| candidate.length);
        for candidate in candidates {
            let is_new = || self.elements.iter().all(|element| !self.semiring.equal(element.value, candidate.value));
            if !self.semiring.equal(candidate.value, candidate.value) {
                self.irreflexive.get_or_insert(candidate);
            } else if self.len() < budget && is_new() {
                self.elements.push(candidate);
            }
        }
    }

    /// Whether every value met was equal to itself. Those that are not join no other check, which would fail for them
    /// whatever the semiring.
    pub(super) fn reflexivity(&self) -> Check {
        let counterexample = self.irreflexive.as_ref().map(|element| Counterexample {
            assignments: vec![self.assign(element, "a")],
            left: self.semiring.text(element.value),
            right: format!("{}, which is not equal to itself", self.semiring.text(element.value)),
        });
        Check::new(Condition::Reflexive, counterexample)
    }

    /// Tries `condition` on every combination of elements, and keeps the simplest that violates it: by the sizes of
    /// their expressions, then by the lengths of their `Debug` forms, then by their order.
    pub(super) fn check(&self, condition: Condition) -> Check {
        // A variable that the equation does not have takes the first element only.
        let range = |variable: usize| {
            let all = &self.elements[..];
            if variable < condition.variables() { all } else { all.get(..1).unwrap_or(all) }
        };
        let held = self.semiring.held();
        let mut best: Option<((usize, usize), Counterexample)> = None;
        for a in range(0) {
            for b in range(1) {
                for c in range(2) {
                    let used = &[a, b, c][..condition.variables()];
                    let cost = (used.iter().map(|e| e.size).sum(), used.iter().map(|e| e.length).sum());
                    if best.as_ref().is_some_and(|(least, _)| *least <= cost) {
                        continue;
                    }
                    let violation = condition.violation(self.semiring, [a.value, b.value, c.value]);
                    self.semiring.keep(held);
                    if let Some([left, right]) = violation {
                        let assignments =
                            used.iter().zip(["a", "b", "c"]).map(|(e, name)| self.assign(e, name)).collect();
                        best = Some((cost, Counterexample { assignments, left, right }));
                    }
                }
            }
        }
        Check::new(condition, best.map(|(_, counterexample)| counterexample))
    }

    /// An element within a longer expression.
    fn operand(&self, element: &Element) -> String {
        match &element.expression {
            None => self.semiring.text(element.value),
            Some(expression) => format!("({expression})"),
        }
    }

    fn assign(&self, element: &Element, variable: &'static str) -> Assignment {
        Assignment { variable, value: self.semiring.text(element.value), expression: element.expression.clone() }
    }
}
