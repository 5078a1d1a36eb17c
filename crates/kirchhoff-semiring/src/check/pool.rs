//! Sample elements, and the search for the shortest counterexample among them.

use super::{Assignment, Check, Condition, Counterexample};
use crate::Semiring;

/// Expressions have at most so many leaves: longer ones tell no more, and hide which element is to blame.
const LONGEST: usize = 4;

/// A sample element.
struct Element<V> {
    value: V,
    /// The operation that made it, as text; none for a given element.
    expression: Option<String>,
    /// The number of given elements in its expression.
    size: usize,
    /// The length of its `Debug` form.
    length: usize,
}

/// Sample elements, the simplest first, all equal to themselves and different from each other.
pub(super) struct Pool<V> {
    elements: Vec<Element<V>>,
    /// The simplest values found that are not equal to themselves.
    irreflexive: Option<Element<V>>,
}

impl<V: Clone + PartialEq + std::fmt::Debug> Pool<V> {
    /// The given elements, 0 and 1, and expressions over them until there are `budget`.
    pub(super) fn new<S: Semiring<Value = V>>(semiring: &S, given: Vec<V>, budget: usize) -> Self {
        let mut pool = Pool { elements: Vec::new(), irreflexive: None };
        let leaves = given.into_iter().chain([semiring.zero(), semiring.one()]);
        pool.extend(leaves.map(|value| Element::new(value, None, 1)).collect(), usize::MAX);
        for size in 2..=LONGEST {
            if pool.len() < budget {
                let expressions = pool.expressions(semiring, size);
                pool.extend(expressions, budget);
            }
        }
        pool
    }

    pub(super) fn len(&self) -> usize {
        self.elements.len()
    }

    /// The value of the element of a number.
    pub(super) fn value(&self, number: usize) -> V {
        self.elements[number].value.clone()
    }

    /// All combinations of three elements, by number.
    pub(super) fn triples(&self) -> Vec<[usize; 3]> {
        let numbers = 0..self.len();
        let pairs = numbers.clone().flat_map(|a| numbers.clone().map(move |b| (a, b)));
        pairs.flat_map(|(a, b)| numbers.clone().map(move |c| [a, b, c])).collect()
    }

    /// Elements by number for which two sides differ.
    pub(super) fn counterexample(&self, elements: [usize; 3], [left, right]: [String; 2]) -> Counterexample {
        let assign = |(number, name): (usize, &'static str)| self.elements[number].assign(name);
        Counterexample { assignments: elements.into_iter().zip(["a", "b", "c"]).map(assign).collect(), left, right }
    }

    /// Every sum and product with `size` leaves of the elements so far.
    fn expressions<S: Semiring<Value = V>>(&self, semiring: &S, size: usize) -> Vec<Element<V>> {
        let mut expressions = Vec::new();
        for a in &self.elements {
            for b in self.elements.iter().filter(|b| a.size + b.size == size) {
                let sum = semiring.plus(&a.value, &b.value);
                expressions.push(Element::new(sum, Some(format!("{} ⊕ {}", a.operand(), b.operand())), size));
                let product = semiring.times(&a.value, &b.value);
                expressions.push(Element::new(product, Some(format!("{} ⊗ {}", a.operand(), b.operand())), size));
            }
        }
        expressions
    }

    /// Adds those of `candidates` that are new, the shortest first, up to `budget` elements in all.
    fn extend(&mut self, mut candidates: Vec<Element<V>>, budget: usize) {
        candidates.sort_by_key(|candidate| candidate.length);
        for candidate in candidates {
            if candidate.is_irreflexive() {
                self.irreflexive.get_or_insert(candidate);
            } else if self.len() < budget && self.elements.iter().all(|element| element.value != candidate.value) {
                self.elements.push(candidate);
            }
        }
    }

    /// Whether every value met was equal to itself. Those that are not join no other check, which would fail for them
    /// whatever the semiring.
    pub(super) fn reflexivity(&self) -> Check {
        let counterexample = self.irreflexive.as_ref().map(|element| Counterexample {
            assignments: vec![element.assign("a")],
            left: format!("{:?}", element.value),
            right: format!("{:?}, which is not equal to itself", element.value),
        });
        Check::new(Condition::Reflexive, counterexample)
    }

    /// Tries `condition` on every combination of elements, and keeps the simplest that violates it: by the sizes of
    /// their expressions, then by the lengths of their `Debug` forms, then by their order.
    pub(super) fn check<S: Semiring<Value = V>>(&self, semiring: &S, condition: Condition) -> Check {
        // A variable that the equation does not have takes the first element only.
        let range = |variable: usize| {
            let all = &self.elements[..];
            if variable < condition.variables() { all } else { all.get(..1).unwrap_or(all) }
        };
        let mut best: Option<((usize, usize), Counterexample)> = None;
        for a in range(0) {
            for b in range(1) {
                for c in range(2) {
                    let used = &[a, b, c][..condition.variables()];
                    let cost = (used.iter().map(|e| e.size).sum(), used.iter().map(|e| e.length).sum());
                    if best.as_ref().is_some_and(|(least, _)| *least <= cost) {
                        continue;
                    }
                    if let Some([left, right]) = condition.violation(semiring, [&a.value, &b.value, &c.value]) {
                        let assignments = used.iter().zip(["a", "b", "c"]).map(|(e, name)| e.assign(name)).collect();
                        best = Some((cost, Counterexample { assignments, left, right }));
                    }
                }
            }
        }
        Check::new(condition, best.map(|(_, counterexample)| counterexample))
    }
}

impl<V: Clone + PartialEq + std::fmt::Debug> Element<V> {
    fn new(value: V, expression: Option<String>, size: usize) -> Self {
        let length = format!("{value:?}").chars().count();
        Element { value, expression, size, length }
    }

    #[expect(clippy::eq_op, reason = "NaN differs from itself")]
    fn is_irreflexive(&self) -> bool {
        self.value != self.value
    }

    /// The element within a longer expression.
    fn operand(&self) -> String {
        match &self.expression {
            None => format!("{:?}", self.value),
            Some(expression) => format!("({expression})"),
        }
    }

    fn assign(&self, variable: &'static str) -> Assignment {
        Assignment { variable, value: format!("{:?}", self.value), expression: self.expression.clone() }
    }
}
