//! What can be wrong with a definition.

use std::fmt;

use crate::LawReport;

/// Why a text defines no semiring. Every message says where: the origin of the text, the field, the column.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DefinitionError {
    /// The text is not TOML, or not `define(...)`.
    #[error("{origin}: {problem}")]
    Syntax {
        /// Where the text comes from: a file, or the one-line form.
        origin: String,
        /// What is wrong, and where.
        problem: String,
    },
    /// A field is missing, unknown or does not fit.
    #[error("{origin}: field `{field}`: {problem}")]
    Field {
        /// Where the text comes from.
        origin: String,
        /// The field, for example `plus.cost`.
        field: String,
        /// What is wrong with it, and what would fit.
        problem: String,
    },
    /// The expression of a field cannot be read, or its types do not fit.
    #[error("{origin}: field `{field}`, column {column}: {problem}")]
    Expression {
        /// Where the text comes from.
        origin: String,
        /// The field, for example `plus.cost`.
        field: String,
        /// The place within the expression, in characters from 1.
        column: usize,
        /// What is wrong there, and what would fit.
        problem: String,
    },
    /// The operations break an axiom, or a law that the definition declares.
    #[error("`{name}` is no semiring with the laws that it declares:{}", failures(report))]
    Laws {
        /// The name of the definition.
        name: String,
        /// What the law checker found, with the shortest counterexamples.
        report: Box<LawReport>,
    },
}

fn failures(report: &LawReport) -> String {
    report.failures().map(|check| format!("\n  {check}")).collect()
}

/// What is wrong within an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    /// The place, in characters from 1.
    pub(super) column: usize,
    pub(super) text: String,
}

impl Problem {
    pub(super) fn new(column: usize, text: impl Into<String>) -> Self {
        Problem { column, text: text.into() }
    }

    pub(super) fn within(self, origin: &str, field: &str) -> DefinitionError {
        let (origin, field) = (origin.to_string(), field.to_string());
        DefinitionError::Expression { origin, field, column: self.column, problem: self.text }
    }
}

/// Operations that had no exact result while a definition was evaluated: the values from there on are not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("semiring `{name}` left its numbers: {faults}")]
pub struct DefinitionFault {
    /// The name of the definition.
    pub name: String,
    /// What happened.
    pub faults: Faults,
}

/// Kinds of operations without a result, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub(super) u8);

impl Faults {
    /// Nothing happened.
    pub const NONE: Faults = Faults(0);
    /// A sum, difference, product or power left the range of u64; the nearest u64 took its place.
    pub const OVERFLOW: Faults = Faults(1);
    /// A u64 was divided by 0; 0 took the place of the quotient.
    pub const DIVISION: Faults = Faults(2);
    /// A number that u64 does not have was converted to it; the nearest u64 took its place.
    pub const CONVERSION: Faults = Faults(4);

    /// Whether every kind of `other` is in the set.
    pub const fn has(self, other: Faults) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    pub const fn and(self, other: Faults) -> Faults {
        Faults(self.0 | other.0)
    }

    /// Whether nothing happened.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            (
                Faults::OVERFLOW,
                "a result of `+`, `-`, `*` or `pow` is below 0 or above 2⁶⁴ − 1; a column of f64 has no such end",
            ),
            (Faults::DIVISION, "a u64 was divided by 0; `if(b == 0, …, a / b)` decides what that gives"),
            (
                Faults::CONVERSION,
                "`u64(…)` met a number below 0, above 2⁶⁴ − 1 or not a number; `u64(max(x, 0))` cuts it off",
            ),
        ];
        let texts: Vec<_> = kinds.iter().filter(|(kind, _)| self.has(*kind)).map(|(_, text)| *text).collect();
        f.write_str(if texts.is_empty() { "nothing" } else { "" })?;
        f.write_str(&texts.join("; "))
    }
}
