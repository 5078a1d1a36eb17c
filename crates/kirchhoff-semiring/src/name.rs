//! Names that users type, and what to say when nothing has them.

use std::fmt;

use crate::CallError;

/// A name that nothing has, with the names that come nearest.
///
/// ```
/// use kirchhoff_semiring::UnknownName;
///
/// let error = UnknownName::new("semiring", "viterbbi", &["boolean", "viterbi"]);
/// assert_eq!(error.to_string(), "unknown semiring `viterbbi`: did you mean `viterbi`?");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct UnknownName {
    /// What was looked for, as messages call it: `semiring`, `rule`, `composite`, ...
    pub kind: &'static str,
    /// The name that nothing has.
    pub name: String,
    /// The known names that resemble it, the nearest first; often none.
    pub nearest: Vec<String>,
    /// Every known name, in the order of the registry.
    pub known: Vec<String>,
}

impl UnknownName {
    /// Names are alike from here on (Jaro–Winkler, where 1 is equality): a letter wrong, doubled, lost or swapped.
    const ALIKE: f64 = 0.8;
    /// More suggestions than this help nobody.
    const SUGGESTIONS: usize = 3;

    /// `name` is not among the `known` names of things of this `kind`.
    pub fn new(kind: &'static str, name: &str, known: &[&str]) -> Self {
        let typed = name.to_lowercase();
        let likeness = |candidate: &str| {
            // Whoever types a whole word of a name means it: `plus` for `max-plus`.
            let word = candidate.split('-').any(|part| part == typed);
            if word { 1.0 } else { strsim::jaro_winkler(&typed, candidate) }
        };
        let mut alike: Vec<_> = known.iter().map(|known| (likeness(known), *known)).collect();
        alike.retain(|(likeness, _)| *likeness >= Self::ALIKE);
        // Stable: of names that are equally near, the registry's order decides.
        alike.sort_by(|a, b| b.0.total_cmp(&a.0));
        let nearest = alike.into_iter().take(Self::SUGGESTIONS).map(|(_, known)| known.to_string()).collect();
        UnknownName {
            kind,
            name: name.to_string(),
            nearest,
            known: known.iter().map(|known| known.to_string()).collect(),
        }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} `{}`", self.kind, self.name)?;
        if self.nearest.is_empty() {
            write!(f, "; known: {}", self.known.join(", "))
        } else {
            write!(f, ": did you mean {}?", alternatives(&self.nearest))
        }
    }
}

/// Why a text such as `threshold(1e-9)` names nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LookupError {
    /// Nothing has the name.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// A symbolic semiring, where one of numbers is asked for.
    #[error("semiring `{name}` is symbolic: its values are expressions, which `formula` writes and `ask` answers from")]
    Symbolic {
        /// The semiring.
        name: String,
    },
    /// The text is malformed, or its arguments do not fit the name.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// The names as a choice: `` `a`, `b` or `c` ``.
pub(crate) fn alternatives<T: fmt::Display>(names: &[T]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 5] = ["boolean", "counting", "counting-float", "max-plus", "tropical"];

    #[test]
    fn near_names_are_suggested_nearest_first() {
        let error = UnknownName::new("semiring", "countnig", &KNOWN);
        assert_eq!(error.nearest, ["counting", "counting-float"]);
        assert_eq!(error.to_string(), "unknown semiring `countnig`: did you mean `counting` or `counting-float`?");
    }

    #[test]
    fn case_and_parts_of_names_are_recognised() {
        assert_eq!(UnknownName::new("semiring", "Boolean", &KNOWN).nearest[0], "boolean");
        assert_eq!(UnknownName::new("semiring", "plus", &KNOWN).nearest[0], "max-plus");
    }

    #[test]
    fn names_like_none_list_what_there_is() {
        let error = UnknownName::new("semiring", "xyz", &KNOWN);
        assert!(error.nearest.is_empty());
        assert_eq!(
            error.to_string(),
            "unknown semiring `xyz`; known: boolean, counting, counting-float, max-plus, tropical"
        );
    }
}
