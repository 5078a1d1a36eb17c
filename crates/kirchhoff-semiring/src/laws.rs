//! The laws that a semiring may declare beyond the axioms.

use std::fmt;
use std::ops::BitOr;

use serde::{Deserialize, Serialize, Serializer};

/// A set of [`Law`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Laws(u8);

/// A law beyond the axioms of a semiring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Law {
    /// `a ⊗ b = b ⊗ a`.
    CommutativeTimes = 1,
    /// `a ⊕ a = a`.
    IdempotentPlus = 2,
    /// `a ⊗ a = a`.
    IdempotentTimes = 4,
    /// `a ⊕ (a ⊗ b) = a`.
    Absorptive = 8,
    /// `a ⊕ b` is `a` or `b`.
    Selective = 16,
}

impl Law {
    /// Every law.
    pub const ALL: [Law; 5] =
        [Law::CommutativeTimes, Law::IdempotentPlus, Law::IdempotentTimes, Law::Absorptive, Law::Selective];

    /// The name of the law, as the command line and the docs write it.
    pub const fn name(self) -> &'static str {
        match self {
            Law::CommutativeTimes => "⊗ commutative",
            Law::IdempotentPlus => "⊕ idempotent",
            Law::IdempotentTimes => "⊗ idempotent",
            Law::Absorptive => "absorptive",
            Law::Selective => "selective",
        }
    }

    /// The law as an equation.
    pub const fn equation(self) -> &'static str {
        match self {
            Law::CommutativeTimes => "a ⊗ b = b ⊗ a",
            Law::IdempotentPlus => "a ⊕ a = a",
            Law::IdempotentTimes => "a ⊗ a = a",
            Law::Absorptive => "a ⊕ (a ⊗ b) = a",
            Law::Selective => "a ⊕ b ∈ {a, b}",
        }
    }
}

impl Laws {
    /// No law beyond the axioms.
    pub const NONE: Laws = Laws(0);

    /// The set of the given laws, with those that follow from them: an absorptive semiring (take `b = 1`) and a
    /// selective one (take `b = a`) have an idempotent `⊕`.
    pub const fn of(laws: &[Law]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < laws.len() {
            bits |= laws[i] as u8;
            i += 1;
        }
        if bits & (Law::Absorptive as u8 | Law::Selective as u8) != 0 {
            bits |= Law::IdempotentPlus as u8;
        }
        Laws(bits)
    }

    /// Whether the set has `law`.
    pub const fn has(self, law: Law) -> bool {
        self.0 & law as u8 != 0
    }

    /// Whether the set has every law of `other`.
    pub const fn include(self, other: Laws) -> bool {
        self.0 & other.0 == other.0
    }

    /// The laws that both sets have.
    pub const fn and(self, other: Laws) -> Laws {
        Laws(self.0 & other.0)
    }

    /// The set without `law`. An idempotent `⊕` stays where a law that implies it does.
    pub const fn without(self, law: Law) -> Laws {
        let bits = self.0 & !(law as u8);
        if bits & (Law::Absorptive as u8 | Law::Selective as u8) != 0 {
            Laws(bits | Law::IdempotentPlus as u8)
        } else {
            Laws(bits)
        }
    }

    /// Refuses an algorithm that needs laws which the set does not have.
    ///
    /// # Errors
    /// [`MissingLaws`] with the laws of `needed` that are missing.
    pub fn require(self, algorithm: &'static str, needed: Laws) -> Result<(), MissingLaws> {
        let missing = Laws(needed.0 & !self.0);
        if missing == Laws::NONE { Ok(()) } else { Err(MissingLaws { algorithm, missing }) }
    }

    /// The laws of the set, in the order of [`Law::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Law> {
        Law::ALL.into_iter().filter(move |&law| self.has(law))
    }
}

/// An algorithm was asked to run over a semiring that does not declare the laws that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{algorithm} needs a semiring with more laws: {missing}")]
pub struct MissingLaws {
    /// What was to be done.
    pub algorithm: &'static str,
    /// The laws that the semiring lacks.
    pub missing: Laws,
}

impl BitOr for Laws {
    type Output = Laws;

    fn bitor(self, other: Laws) -> Laws {
        Laws(self.0 | other.0)
    }
}

impl fmt::Display for Laws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Law::name).collect();
        if names.is_empty() { write!(f, "none") } else { write!(f, "{}", names.join(", ")) }
    }
}

/// The list of the laws, as names.
impl Serialize for Laws {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absorptive_and_selective_imply_an_idempotent_plus() {
        assert!(Laws::of(&[Law::Absorptive]).has(Law::IdempotentPlus));
        assert!(Laws::of(&[Law::Selective]).has(Law::IdempotentPlus));
        assert!(!Laws::of(&[Law::IdempotentTimes]).has(Law::IdempotentPlus));
        assert!(Laws::of(&[Law::Absorptive]).without(Law::IdempotentPlus).has(Law::IdempotentPlus));
    }

    #[test]
    fn missing_laws_are_named() {
        let numbers = Laws::of(&[Law::CommutativeTimes]);
        assert_eq!(numbers.require("sorting", numbers), Ok(()));
        let error = numbers.require("sorting", Laws::of(&[Law::CommutativeTimes, Law::Selective])).unwrap_err();
        assert_eq!(error.to_string(), "sorting needs a semiring with more laws: ⊕ idempotent, selective");
    }

    #[test]
    fn sets_of_laws_combine() {
        let lattice = Laws::of(&Law::ALL);
        let numbers = Laws::of(&[Law::CommutativeTimes]);
        assert!(lattice.include(numbers) && !numbers.include(lattice));
        assert_eq!(lattice.and(numbers), numbers);
        assert_eq!(lattice.without(Law::Selective) | Laws::of(&[Law::Selective]), lattice);
        assert_eq!(Laws::NONE.to_string(), "none");
        assert_eq!(Laws::of(&[Law::Absorptive]).to_string(), "⊕ idempotent, absorptive");
    }
}
