//! Classes of semirings, by the laws that they have in common.

use std::collections::HashSet;

use serde::Serialize;

use crate::{Call, Law, Laws, LookupError, UnknownName, semirings, symbolic_semirings};

/// A class of semirings: those that have certain laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SemiringClass {
    /// The name that users type.
    pub name: &'static str,
    /// The laws beyond the axioms.
    pub laws: Laws,
    /// The free semiring of the class: what is equal in it, is equal in all of them.
    pub free: &'static str,
    /// What the class is for.
    pub description: &'static str,
}

/// The classes as the literature on provenance has them, where ⊗ commutes in all but the first: Green, "Containment of
/// conjunctive queries on annotated relations" (2011); Dannert, Grädel, Naaf & Tannen, "Semiring provenance for
/// fixed-point logic" (2021).
static CLASSES: [SemiringClass; 5] = [
    SemiringClass { name: "any", laws: Laws::NONE, free: "N⟨X⟩", description: "every semiring" },
    SemiringClass {
        name: "commutative",
        laws: Laws::of(&[Law::CommutativeTimes]),
        free: "N[X]",
        description: "where the order of factors does not matter",
    },
    SemiringClass {
        name: "idempotent",
        laws: Laws::of(&[Law::CommutativeTimes, Law::IdempotentPlus]),
        free: "B[X]",
        description: "where, besides, it does not matter how many paths there are",
    },
    SemiringClass {
        name: "absorptive",
        laws: Laws::of(&[Law::CommutativeTimes, Law::Absorptive]),
        free: "Sorp(X)",
        description: "where, besides, a path tells nothing beside a part of it: best paths",
    },
    // Every law of the semiring of truth values that is an equation follows from these; that one of two values is their
    // sum is none, and no rewrite could use it.
    SemiringClass {
        name: "boolean",
        laws: Laws::of(&[Law::CommutativeTimes, Law::IdempotentTimes, Law::Absorptive]),
        free: "PosBool(X)",
        description: "where, besides, it does not matter how often a path uses an edge: distributive lattices",
    },
];

impl SemiringClass {
    /// Every class, each within the one before.
    pub fn all() -> &'static [SemiringClass] {
        &CLASSES
    }
}

impl Laws {
    /// The laws of what `text` names: a [class](SemiringClass) of semirings, or a semiring of either registry.
    ///
    /// ```
    /// use kirchhoff_semiring::{Law, Laws};
    ///
    /// assert_eq!(Laws::named("any")?, Laws::NONE);
    /// assert_eq!(Laws::named("idempotent")?, Laws::of(&[Law::CommutativeTimes, Law::IdempotentPlus]));
    /// assert!(Laws::named("viterbi")?.has(Law::Absorptive));
    /// assert!(Laws::named("idempotnt").unwrap_err().to_string().contains("did you mean `idempotent`?"));
    /// # Ok::<(), kirchhoff_semiring::LookupError>(())
    /// ```
    ///
    /// # Errors
    /// [`LookupError`] if nothing has the name.
    pub fn named(text: &str) -> Result<Laws, LookupError> {
        let name = text.parse::<Call>()?.name;
        let named: Vec<(&'static str, Laws)> = CLASSES
            .iter()
            .map(|class| (class.name, class.laws))
            .chain(semirings().iter().map(|info| (&*info.name, info.laws)))
            .chain(symbolic_semirings().iter().map(|info| (&*info.name, info.laws)))
            .collect();
        if let Some((_, laws)) = named.iter().find(|(known, _)| *known == name) {
            return Ok(*laws);
        }
        let mut known: Vec<&'static str> = named.into_iter().map(|(known, _)| known).collect();
        // A semiring may have the name of its class.
        let mut seen = HashSet::new();
        known.retain(|name| seen.insert(*name));
        Err(UnknownName::new("class of semirings or semiring", &name, &known).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_lies_within_the_one_before() {
        for classes in SemiringClass::all().windows(2) {
            assert!(classes[1].laws.include(classes[0].laws) && classes[1].laws != classes[0].laws);
        }
    }

    #[test]
    fn the_free_semirings_of_the_registry_are_in_their_classes() {
        for (semiring, class) in [("polynomial", "commutative"), ("why", "idempotent"), ("posbool", "boolean")] {
            let [semiring, class] = [semiring, class].map(|name| Laws::named(name).unwrap());
            assert!(semiring.include(class), "{semiring}, {class}");
        }
        assert_eq!(Laws::named("top-k(3)"), Laws::named("top-k"));
        let listed = Laws::named("none-of-them").unwrap_err().to_string();
        assert_eq!(listed.matches("boolean").count(), 1, "{listed}");
        // A class is found before the semiring of its name, which is in it.
        assert!(crate::find("boolean").unwrap().laws.include(Laws::named("boolean").unwrap()));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        assert!(matches!(Laws::named("("), Err(LookupError::Call(_))));
        let error = Laws::named("xyz").unwrap_err().to_string();
        assert!(error.starts_with("unknown class of semirings or semiring `xyz`; known: any, commutative"), "{error}");
    }
}
