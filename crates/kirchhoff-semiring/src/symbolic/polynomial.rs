//! The elements of `N[X]`.

use std::collections::BTreeMap;
use std::fmt;

use super::monomial::check_degree;
use super::overflow::within;
use super::{Exceeded, Expression, MinimalWitnesses, Monomial, Names, Variable, VariableSet, Witnesses};
use crate::{Count, Lineage};

/// A polynomial with natural coefficients, exact and sparse: `2·x₁²·x₃ + x₂`.
///
/// A monomial is a way to derive a value, with the edges that it uses and how often; its coefficient says how many
/// such ways there are. [`evaluate`](Polynomial::evaluate) substitutes values for the variables.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Polynomial(
    /// Coefficients other than 0.
    BTreeMap<Monomial, Count>,
);

impl Polynomial {
    /// The polynomial without variables.
    pub fn constant(number: Count) -> Polynomial {
        [(Monomial::default(), number)].into_iter().collect()
    }

    /// The monomials and their coefficients, those of the highest degree first.
    pub fn iter(&self) -> impl Iterator<Item = (&Monomial, &Count)> {
        self.0.iter()
    }

    /// The highest degree of a monomial; 0 for a constant.
    pub fn degree(&self) -> u32 {
        self.0.keys().next().map_or(0, Monomial::degree)
    }

    /// The sum of the coefficients: the homomorphism to [`Counting`](crate::Counting) that substitutes 1 everywhere.
    pub fn count(&self) -> Count {
        let mut sum = Count::ZERO;
        self.0.values().for_each(|coefficient| sum.plus_assign(coefficient));
        sum
    }

    /// The homomorphism to [`Why`](crate::Why), which forgets coefficients and exponents.
    pub fn witnesses(&self) -> Witnesses {
        self.0.keys().map(Monomial::support).collect()
    }

    /// The homomorphism to [`PosBool`](crate::PosBool): the minimal ones of the [`witnesses`](Polynomial::witnesses).
    pub fn minimal_witnesses(&self) -> MinimalWitnesses {
        self.witnesses().minimal()
    }

    /// The homomorphism to [`Which`](crate::Which): the lineage of the [`witnesses`](Polynomial::witnesses).
    pub fn lineage(&self) -> Lineage {
        self.witnesses().lineage()
    }

    /// `self ← self + other`, with at most `limit` terms.
    pub(super) fn add(&mut self, other: &Polynomial, limit: usize) -> Result<(), Exceeded> {
        for (monomial, coefficient) in &other.0 {
            self.add_known(monomial.clone(), coefficient)?;
            within(self.0.len(), limit)?;
        }
        within(self.0.len(), limit)
    }

    /// What each coefficient exceeds that of `other` by.
    pub(super) fn without(&self, other: &Polynomial) -> Polynomial {
        let zero = Count::ZERO;
        let left = |(monomial, coefficient): (&Monomial, &Count)| {
            (monomial.clone(), coefficient.minus(other.0.get(monomial).unwrap_or(&zero)))
        };
        self.0.iter().map(left).collect()
    }

    /// `self × other`, with at most `limit` terms. Neither is 0.
    pub(super) fn multiply(&self, other: &Polynomial, limit: usize) -> Result<Polynomial, Exceeded> {
        check_degree(self.degree(), other.degree())?;
        let (few, many) = if self.0.len() < other.0.len() { (self, other) } else { (other, self) };
        // The first monomial of the one with all of the other, then the last of the other with all of the one: in a
        // monomial order these are ascending, so there are at least so many.
        within(few.0.len() + many.0.len() - 1, limit)?;
        if few.0.len() == 1 {
            // Ascending still, from which a map is built in linear time: the case of an edge.
            let products =
                few.0.iter().flat_map(|(left, n)| many.0.iter().map(move |(right, m)| (left.times(right), n.times(m))));
            let product = Polynomial(products.collect());
            return if product.0.values().any(Count::is_beyond) { Err(Exceeded::Coefficient) } else { Ok(product) };
        }
        let mut product = Polynomial::default();
        for (left, n) in &few.0 {
            for (right, m) in &many.0 {
                product.add_known(left.times(right), &n.times(m))?;
                within(product.0.len(), limit)?;
            }
        }
        Ok(product)
    }

    /// `self ← self + a × b`, with at most `limit` terms. Neither factor is 0.
    pub(super) fn add_product(&mut self, a: &Polynomial, b: &Polynomial, limit: usize) -> Result<(), Exceeded> {
        check_degree(a.degree(), b.degree())?;
        for (left, n) in &a.0 {
            for (right, m) in &b.0 {
                self.add_known(left.times(right), &n.times(m))?;
                within(self.0.len(), limit)?;
            }
        }
        Ok(())
    }

    /// Adds a term whose coefficient, and its sum with the one that is there, are computed.
    fn add_known(&mut self, monomial: Monomial, coefficient: &Count) -> Result<(), Exceeded> {
        let sum = self.0.entry(monomial).or_default();
        sum.plus_assign(coefficient);
        if sum.is_beyond() { Err(Exceeded::Coefficient) } else { Ok(()) }
    }

    fn add_term(&mut self, monomial: Monomial, coefficient: &Count) {
        self.0.entry(monomial).or_default().plus_assign(coefficient);
    }
}

impl From<Variable> for Polynomial {
    fn from(variable: Variable) -> Self {
        [(variable.into(), Count::ONE)].into_iter().collect()
    }
}

/// The sum of the terms.
impl FromIterator<(Monomial, Count)> for Polynomial {
    fn from_iter<I: IntoIterator<Item = (Monomial, Count)>>(terms: I) -> Self {
        let mut sum = Polynomial::default();
        for (monomial, coefficient) in terms {
            if !coefficient.is_zero() {
                sum.add_term(monomial, &coefficient);
            }
        }
        sum
    }
}

impl Expression for Polynomial {
    fn terms(&self) -> usize {
        self.0.len()
    }

    fn variables(&self) -> VariableSet {
        self.0.keys().flat_map(Monomial::factors).map(|(variable, _)| *variable).collect()
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, names: &Names<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return write!(f, "0");
        }
        for (i, (monomial, coefficient)) in self.0.iter().enumerate() {
            if i > 0 {
                write!(f, " + ")?;
            }
            if monomial.degree() == 0 {
                write!(f, "{coefficient}")?;
                continue;
            }
            if *coefficient != Count::ONE {
                write!(f, "{coefficient}·")?;
            }
            monomial.write(f, names)?;
        }
        Ok(())
    }
}
