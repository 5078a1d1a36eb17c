//! The elements of `which`.

use std::fmt;

use super::{Expression, Names, VariableSet};

/// Which variables a value depends on, or `⊥` where nothing derives it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Lineage(Option<VariableSet>);

impl Lineage {
    /// `⊥`: not derived.
    pub const BOTTOM: Lineage = Lineage(None);

    /// The variables; none for `⊥`.
    pub fn get(&self) -> Option<&VariableSet> {
        self.0.as_ref()
    }

    /// The variables that `other` does not have; `⊥` where all of them are there.
    pub(super) fn without(&self, other: &Lineage) -> Lineage {
        match (&self.0, &other.0) {
            (None, _) | (_, None) => self.clone(),
            (Some(own), Some(known)) if own.is_subset(known) => Lineage::BOTTOM,
            (Some(own), Some(known)) => {
                Lineage(Some(own.iter().filter(|variable| !known.contains(*variable)).collect()))
            }
        }
    }
}

impl From<VariableSet> for Lineage {
    fn from(variables: VariableSet) -> Self {
        Lineage(Some(variables))
    }
}

impl Expression for Lineage {
    fn terms(&self) -> usize {
        self.0.as_ref().map_or(0, VariableSet::len)
    }

    fn is_zero(&self) -> bool {
        self.0.is_none()
    }

    fn variables(&self) -> VariableSet {
        self.0.clone().unwrap_or_default()
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, names: &Names<'_>) -> fmt::Result {
        match &self.0 {
            None => write!(f, "⊥"),
            Some(variables) => variables.write(f, names),
        }
    }
}
