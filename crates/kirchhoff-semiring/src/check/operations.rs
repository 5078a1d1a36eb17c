//! A semiring behind a pointer, its values held by number: the checker is then compiled once, not once a semiring.

use std::cell::RefCell;
use std::ops::Range;

use super::form;
use crate::{Laws, Semiring};

/// The number of a value that is held.
pub(super) type Id = usize;

/// A semiring on values that are held by number. Operations hold what they make, under the next number.
pub(super) trait Operations {
    fn laws(&self) -> Laws;
    fn is_exhaustive(&self) -> bool;
    /// Whether there is a [`Semiring::sum_rows`].
    fn sums_rows(&self) -> bool;
    fn has_form(&self) -> bool;
    /// Whether there is a [`Semiring::minus`].
    fn has_difference(&self) -> bool;

    /// How many values are held.
    fn held(&self) -> usize;
    /// Forgets all values but the first so many.
    fn keep(&self, held: usize);

    fn zero(&self) -> Id;
    fn one(&self) -> Id;
    fn plus(&self, a: Id, b: Id) -> Id;
    fn times(&self, a: Id, b: Id) -> Id;
    /// [`Semiring::minus`], and `a` where there is none.
    fn minus(&self, a: Id, b: Id) -> Id;
    fn plus_assign(&self, a: Id, b: Id) -> Id;
    fn add_product(&self, a: Id, b: Id, c: Id) -> Id;
    /// [`Semiring::accumulate`] in a block of as many lanes as there are sums, which are held under neighbouring numbers.
    fn accumulate(&self, sums: &[Id], theta: &[Id], relevance: &[Id]) -> Range<Id>;
    /// [`Semiring::sum_rows`] likewise, with what is in the sums before.
    fn sum_rows(&self, before: &[Id], rows: [&[Id]; 3]) -> Range<Id>;

    fn is_zero(&self, a: Id) -> bool;
    /// `a == b`.
    fn equal(&self, a: Id, b: Id) -> bool;
    fn close(&self, a: Id, b: Id) -> bool;
    /// The `Debug` form of a value.
    fn text(&self, a: Id) -> String;
    /// Both sides as text, if the semiring's form gives others of two values than its operations.
    fn form_violation(&self, a: Id, b: Id) -> Option<[String; 2]>;
}

/// A semiring with the values that are held.
pub(super) struct Held<'a, S: Semiring> {
    semiring: &'a S,
    values: RefCell<Vec<S::Value>>,
}

impl<'a, S: Semiring> Held<'a, S> {
    pub fn new(semiring: &'a S, values: Vec<S::Value>) -> Self {
        Held { semiring, values: RefCell::new(values) }
    }

    /// Holds what a function makes of the values.
    fn hold(&self, make: impl FnOnce(&[S::Value]) -> S::Value) -> Id {
        let value = make(&self.values.borrow());
        let mut values = self.values.borrow_mut();
        values.push(value);
        values.len() - 1
    }

    fn hold_all(&self, made: Vec<S::Value>) -> Range<Id> {
        let mut values = self.values.borrow_mut();
        let first = values.len();
        values.extend(made);
        first..values.len()
    }

    fn copies(&self, ids: &[Id]) -> Vec<S::Value> {
        let values = self.values.borrow();
        ids.iter().map(|&id| values[id].clone()).collect()
    }
}

impl<S: Semiring> Operations for Held<'_, S> {
    fn laws(&self) -> Laws {
        self.semiring.laws()
    }

    fn is_exhaustive(&self) -> bool {
        self.semiring.exhaustive()
    }

    fn sums_rows(&self) -> bool {
        self.semiring.sum_rows(&mut [], &[])
    }

    fn has_form(&self) -> bool {
        self.semiring.fused().is_some()
    }

    fn has_difference(&self) -> bool {
        self.semiring.minus(&self.semiring.zero(), &self.semiring.zero()).is_some()
    }

    fn held(&self) -> usize {
        self.values.borrow().len()
    }

    fn keep(&self, held: usize) {
        self.values.borrow_mut().truncate(held);
    }

    fn zero(&self) -> Id {
        self.hold(|_| self.semiring.zero())
    }

    fn one(&self) -> Id {
        self.hold(|_| self.semiring.one())
    }

    fn plus(&self, a: Id, b: Id) -> Id {
        self.hold(|values| self.semiring.plus(&values[a], &values[b]))
    }

    fn times(&self, a: Id, b: Id) -> Id {
        self.hold(|values| self.semiring.times(&values[a], &values[b]))
    }

    fn minus(&self, a: Id, b: Id) -> Id {
        self.hold(|values| self.semiring.minus(&values[a], &values[b]).unwrap_or_else(|| values[a].clone()))
    }

    fn plus_assign(&self, a: Id, b: Id) -> Id {
        self.hold(|values| {
            let mut sum = values[a].clone();
            self.semiring.plus_assign(&mut sum, &values[b]);
            sum
        })
    }

    fn add_product(&self, a: Id, b: Id, c: Id) -> Id {
        self.hold(|values| {
            let mut sum = values[a].clone();
            self.semiring.add_product(&mut sum, &values[b], &values[c]);
            sum
        })
    }

    fn accumulate(&self, sums: &[Id], theta: &[Id], relevance: &[Id]) -> Range<Id> {
        let mut sums = self.copies(sums);
        self.semiring.accumulate(&mut sums, &self.copies(theta), &self.copies(relevance));
        self.hold_all(sums)
    }

    fn sum_rows(&self, before: &[Id], rows: [&[Id]; 3]) -> Range<Id> {
        let mut sums = self.copies(before);
        self.semiring.sum_rows(&mut sums, &self.copies(&rows.concat()));
        self.hold_all(sums)
    }

    fn is_zero(&self, a: Id) -> bool {
        self.semiring.is_zero(&self.values.borrow()[a])
    }

    fn equal(&self, a: Id, b: Id) -> bool {
        let values = self.values.borrow();
        values[a] == values[b]
    }

    fn close(&self, a: Id, b: Id) -> bool {
        let values = self.values.borrow();
        self.semiring.close(&values[a], &values[b])
    }

    fn text(&self, a: Id) -> String {
        format!("{:?}", self.values.borrow()[a])
    }

    fn form_violation(&self, a: Id, b: Id) -> Option<[String; 2]> {
        let values = self.values.borrow();
        form::violation(self.semiring, &values[a], &values[b])
    }
}
