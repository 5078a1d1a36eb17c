//! How: polynomials over the naturals.

use super::overflow::{add, add_product, larger_first, multiply, subtract};
use super::{Bounded, DEFAULT_LIMIT, Expression, Polynomial, Symbolic, Variable};
use crate::{Count, Law, Laws, Semiring};

/// `(N[X], +, ×, 0, 1)`, *how-provenance*: all ways in which relevance reaches the target, with the edges that each
/// uses and how often (Green, Karvounarakis & Tannen 2007).
///
/// The free commutative semiring over the variables, which has no further law: one polynomial answers every question
/// that a commutative semiring can ask, by [substitution](Polynomial::evaluate).
///
/// In `N[X]` nothing cancels, so a sum has at least the terms of each part and a product at least those of each
/// factor: to overflow or not does not depend on the order of evaluation. With all larger polynomials taken for one,
/// every law still holds.
///
/// # Complexity
/// A sum merges the smaller operand into the larger, in `O(n log m)` for `n` terms into `m`. A product takes `O(n m)`
/// terms and a logarithmic search for each, is linear where one operand is a monomial, and never holds more terms
/// than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct How {
    limit: usize,
}

impl How {
    /// With the default limit of 10,000 terms.
    pub const fn new() -> Self {
        How::with_limit(DEFAULT_LIMIT)
    }

    /// With values of at most `limit` terms, and at least 1: the element 1 has one.
    pub const fn with_limit(limit: usize) -> Self {
        How { limit: if limit == 0 { 1 } else { limit } }
    }
}

impl Default for How {
    fn default() -> Self {
        How::new()
    }
}

impl Semiring for How {
    type Value = Bounded<Polynomial>;

    fn zero(&self) -> Self::Value {
        Ok(Polynomial::default())
    }

    fn one(&self) -> Self::Value {
        Ok(Polynomial::constant(Count::ONE))
    }

    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        let [large, small] = larger_first(a, b);
        let mut sum = large.clone();
        self.plus_assign(&mut sum, small);
        sum
    }

    fn plus_assign(&self, sum: &mut Self::Value, a: &Self::Value) {
        add(sum, a, |sum, a| sum.add(a, self.limit));
    }

    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        multiply(a, b, |a, b| a.multiply(b, self.limit))
    }

    // Nothing cancels: a sum passes the limit wherever the product alone does.
    fn add_product(&self, sum: &mut Self::Value, a: &Self::Value, b: &Self::Value) {
        add_product(sum, a, b, |sum, a, b| sum.add_product(a, b, self.limit));
    }

    fn is_zero(&self, a: &Self::Value) -> bool {
        a.as_ref().is_ok_and(Expression::is_zero)
    }

    /// The difference of each coefficient, at least 0.
    fn minus(&self, a: &Self::Value, b: &Self::Value) -> Option<Self::Value> {
        subtract(a, b, Polynomial::without)
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes])
    }

    fn elements(&self) -> Vec<Self::Value> {
        let [x, y, z] = [1, 2, 3].map(|number| self.variable(Variable(number)));
        let two = self.plus(&self.one(), &self.one());
        let both = self.times(&x, &y);
        let either = self.plus(&x, &y);
        let square = self.times(&x, &x);
        let mixed = self.plus(&self.times(&two, &self.times(&square, &z)), &self.one());
        let large = Ok(Polynomial::constant(Count::from_limbs(&[7, 1])));
        vec![self.zero(), self.one(), x, y, two, both, either, square, mixed, large]
    }
}

impl Symbolic for How {
    type Expression = Polynomial;

    fn variable(&self, variable: Variable) -> Self::Value {
        Ok(variable.into())
    }

    fn limit(&self) -> usize {
        self.limit
    }
}
