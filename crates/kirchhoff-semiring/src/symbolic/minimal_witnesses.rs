//! The elements of `posbool`.

use std::fmt;

use super::antichain::{Antichain, minimal};
use super::overflow::within;
use super::variable::joined;
use super::{Exceeded, Expression, Names, Variable, VariableSet};
use crate::{Law, Laws, MissingLaws, Semiring};

/// Minimal witnesses: a positive Boolean formula in its only irredundant disjunctive form, `x₁ ∨ (x₂ ∧ x₃)`.
///
/// The elements of the free distributive lattice over the variables: two formulas are equal when they agree under
/// every assignment.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct MinimalWitnesses(
    /// Ascending.
    Vec<VariableSet>,
);

impl MinimalWitnesses {
    /// The witnesses, the smallest first.
    pub fn iter(&self) -> impl Iterator<Item = &VariableSet> {
        self.0.iter()
    }

    /// Whether this is 1, true under every assignment.
    pub fn is_one(&self) -> bool {
        self.0.first().is_some_and(VariableSet::is_empty)
    }

    /// The homomorphism to [`Boolean`](crate::Boolean) that gives each variable a truth value: whether some witness
    /// has only true variables.
    pub fn holds(&self, truth: impl Fn(Variable) -> bool) -> bool {
        self.0.iter().any(|witness| witness.iter().all(&truth))
    }

    /// The value under a substitution: `⊕` over the witnesses of the `⊗` of their variables' values.
    ///
    /// A homomorphism into any distributive lattice (`boolean`, `fuzzy`, `bottleneck`), which is the universal
    /// property of `PosBool(X)`.
    ///
    /// # Errors
    /// [`MissingLaws`] unless the semiring has a commutative and idempotent `⊗` and is absorptive.
    pub fn evaluate<S: Semiring>(
        &self,
        semiring: &S,
        value: impl Fn(Variable) -> S::Value,
    ) -> Result<S::Value, MissingLaws> {
        const LATTICE: Laws = Laws::of(&[Law::CommutativeTimes, Law::IdempotentTimes, Law::Absorptive]);
        semiring.laws().require("substitution into minimal witnesses", LATTICE)?;
        let mut sum = semiring.zero();
        for witness in &self.0 {
            let product = witness.iter().fold(semiring.one(), |product, x| semiring.times(&product, &value(x)));
            semiring.plus_assign(&mut sum, &product);
        }
        Ok(sum)
    }

    /// The least formula that makes one of `other` by `∨` that follows from `self`: the witnesses that do not suffice for `other`.
    /// A witness suffices for `a ∨ b` only if it does so for one of them.
    ///
    /// Takes each pair of witnesses.
    pub(super) fn without(&self, other: &MinimalWitnesses) -> MinimalWitnesses {
        let suffices = |witness: &VariableSet| other.0.iter().any(|known| known.is_subset(witness));
        MinimalWitnesses(self.0.iter().filter(|witness| !suffices(witness)).cloned().collect())
    }

    /// `self ← self ∨ other`, with at most `limit` witnesses.
    pub(super) fn or(&mut self, other: &MinimalWitnesses, limit: usize) -> Result<(), Exceeded> {
        /// Up to here it is faster to try each witness than to index them.
        const FEW: usize = 32;
        if self.0.len().min(other.0.len()) > FEW {
            let both: Vec<_> = self.0.iter().chain(&other.0).cloned().collect();
            *self = both.into_iter().collect();
        } else {
            let (mut many, few) = if self.0.len() < other.0.len() {
                (other.0.clone(), std::mem::take(&mut self.0))
            } else {
                (std::mem::take(&mut self.0), other.0.clone())
            };
            for witness in few {
                if !many.iter().any(|known| known.is_subset(&witness)) {
                    many.retain(|known| !witness.is_subset(known));
                    let place = many.partition_point(|known| *known < witness);
                    many.insert(place, witness);
                }
            }
            self.0 = many;
        }
        within(self.0.len(), limit)
    }

    /// `self ∧ other`, with at most `limit` witnesses.
    pub(super) fn and(&self, other: &MinimalWitnesses, limit: usize) -> Result<MinimalWitnesses, Exceeded> {
        // In an order that does not depend on which is which, so that overflow does not either.
        let (few, many) =
            if (self.0.len(), &self.0) < (other.0.len(), &other.0) { (self, other) } else { (other, self) };
        if let [witness] = &few.0[..]
            && many.0.iter().all(|known| known.is_disjoint(witness))
        {
            // One and the same new part leaves each witness as minimal as it was: the case of an edge.
            let mut product: Vec<_> = many.0.iter().map(|known| known.union(witness)).collect();
            product.sort_unstable();
            within(product.len(), limit)?;
            return Ok(MinimalWitnesses(product));
        }
        let mut antichain = Antichain::new(limit);
        for left in &few.0 {
            for right in &many.0 {
                antichain.offer(left.union(right))?;
            }
        }
        Ok(MinimalWitnesses(antichain.finish()?))
    }
}

impl FromIterator<VariableSet> for MinimalWitnesses {
    /// Drops every set of which another is a part.
    fn from_iter<I: IntoIterator<Item = VariableSet>>(witnesses: I) -> Self {
        MinimalWitnesses(minimal(witnesses.into_iter().collect()).0)
    }
}

impl Expression for MinimalWitnesses {
    fn terms(&self) -> usize {
        self.0.len()
    }

    fn variables(&self) -> VariableSet {
        self.0.iter().flat_map(VariableSet::iter).collect()
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, names: &Names<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return write!(f, "⊥");
        }
        for (i, witness) in self.0.iter().enumerate() {
            if i > 0 {
                write!(f, " ∨ ")?;
            }
            let conjunction = joined(witness.as_slice(), " ∧ ", names);
            match witness.len() {
                0 => write!(f, "⊤")?,
                2.. if self.0.len() > 1 => write!(f, "({conjunction})")?,
                _ => write!(f, "{conjunction}")?,
            }
        }
        Ok(())
    }
}
