//! The elements of `why`.

use std::collections::BTreeSet;
use std::fmt;

use super::overflow::within;
use super::{Exceeded, Expression, Lineage, MinimalWitnesses, Names, VariableSet};

/// Sets of variables, each of which suffices to derive a value: its witnesses.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Witnesses(BTreeSet<VariableSet>);

impl Witnesses {
    /// The witnesses, the smallest first.
    pub fn iter(&self) -> impl Iterator<Item = &VariableSet> {
        self.0.iter()
    }

    /// The homomorphism to [`Which`](crate::Which): the variables of all witnesses, `⊥` where there is no witness.
    pub fn lineage(&self) -> Lineage {
        if self.0.is_empty() { Lineage::BOTTOM } else { self.variables().into() }
    }

    /// The homomorphism to [`PosBool`](crate::PosBool): the witnesses of which no other is a part.
    pub fn minimal(&self) -> MinimalWitnesses {
        self.0.iter().cloned().collect()
    }

    /// Those that `other` does not have.
    pub(super) fn without(&self, other: &Witnesses) -> Witnesses {
        Witnesses(self.0.difference(&other.0).cloned().collect())
    }

    /// Adds `others` while there are at most `limit` witnesses.
    pub(super) fn extend(
        &mut self,
        others: impl IntoIterator<Item = VariableSet>,
        limit: usize,
    ) -> Result<(), Exceeded> {
        for witness in others {
            self.0.insert(witness);
            within(self.0.len(), limit)?;
        }
        Ok(())
    }
}

impl FromIterator<VariableSet> for Witnesses {
    fn from_iter<I: IntoIterator<Item = VariableSet>>(witnesses: I) -> Self {
        Witnesses(witnesses.into_iter().collect())
    }
}

impl Expression for Witnesses {
    fn terms(&self) -> usize {
        self.0.len()
    }

    fn variables(&self) -> VariableSet {
        self.0.iter().flat_map(VariableSet::iter).collect()
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, names: &Names<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return write!(f, "∅");
        }
        for (i, witness) in self.0.iter().enumerate() {
            write!(f, "{}", if i == 0 { "{" } else { ", " })?;
            witness.write(f, names)?;
        }
        write!(f, "}}")
    }
}
