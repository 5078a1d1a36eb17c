//! Variables, and how they are written.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A variable: what a symbolic value says of one edge or one neuron.
///
/// Its name is the caller's ([`Names`]); without one it is written `x₁`, `x₂`, ... Where edges are numbered from the
/// input to the output, sorted variables read as a path does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Variable(
    /// The number of the variable.
    pub u32,
);

/// The names of variables, for [`Expression::named`](crate::Expression::named).
pub type Names<'a> = dyn Fn(Variable) -> String + 'a;

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "x{}", digits(self.0, ['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇', '₈', '₉']))
    }
}

/// As [`Display`](fmt::Display).
impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `number` as an exponent.
pub(super) fn superscript(number: u32) -> String {
    digits(number, ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'])
}

/// The decimal form of `number` in other digits.
fn digits(number: u32, of: [char; 10]) -> String {
    number.to_string().bytes().map(|digit| of[usize::from(digit - b'0')]).collect()
}

/// The names in order, with `separator` between them.
pub(super) fn joined(variables: &[Variable], separator: &str, names: &Names<'_>) -> String {
    variables.iter().map(|&variable| names(variable)).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_subscripts_and_exponents_superscripts() {
        assert_eq!(Variable(1_234_567_890).to_string(), "x₁₂₃₄₅₆₇₈₉₀");
        assert_eq!(format!("{:?}", Variable(0)), "x₀");
        assert_eq!(superscript(1_234_567_890), "¹²³⁴⁵⁶⁷⁸⁹⁰");
    }
}
