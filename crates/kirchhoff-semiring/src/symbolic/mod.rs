//! Symbolic semirings: values that keep which edges or neurons they come from.
//!
//! A symbolic annotation puts a [`Variable`] on an edge in place of a number. What remains of the variables is the
//! semiring's choice: all of `N[X]` for [`How`], of which the others are coarser views (Green, Karvounarakis & Tannen,
//! "Provenance semirings", 2007; Cheney, Chiticariu & Tan, "Provenance in databases: why, how, and where", 2009).
//!
//! Such values may grow exponentially with the depth of a circuit, so each semiring has a limit; [`Bounded`] says what
//! becomes of a value that outgrows it. No operation holds more than a few times the limit at any moment.

mod antichain;
mod how;
mod lineage;
mod minimal_witnesses;
mod monomial;
mod overflow;
mod paths;
mod polynomial;
mod posbool;
mod subset_index;
mod substitution;
mod top_k;
mod variable;
mod variable_set;
mod which;
mod why;
mod witnesses;

pub use how::How;
pub use lineage::Lineage;
pub use minimal_witnesses::MinimalWitnesses;
pub use monomial::Monomial;
pub use overflow::{Bounded, Exceeded, Operation, Overflow};
pub use paths::{Path, Paths};
pub use polynomial::Polynomial;
pub use posbool::PosBool;
pub use top_k::TopK;
pub use variable::{Names, Variable};
pub use variable_set::VariableSet;
pub use which::Which;
pub use why::Why;
pub use witnesses::Witnesses;

use std::fmt;
use std::hash::Hash;

use crate::Semiring;

/// A semiring of expressions over variables, under a limit on their terms.
///
/// ```
/// use kirchhoff_semiring::{Expression, How, Overflow, Semiring, Symbolic, Variable};
///
/// let how = How::new();
/// let [x, y] = [1, 2].map(|number| how.variable(Variable(number)));
/// let square = how.times(&how.plus(&x, &y), &how.plus(&x, &y))?;
/// assert_eq!(square.to_string(), "x₁² + 2·x₁·x₂ + x₂²");
/// assert_eq!(square.named(&|Variable(number)| format!("h[{number}]")).to_string(), "h[1]² + 2·h[1]·h[2] + h[2]²");
///
/// let overflow = How::with_limit(2).times(&how.plus(&x, &y), &how.plus(&x, &y)).unwrap_err();
/// assert!(overflow.to_string().starts_with("the product of values with 2 and 2 terms takes more than the limit"));
/// # Ok::<(), Overflow>(())
/// ```
pub trait Symbolic: Semiring<Value = Bounded<<Self as Symbolic>::Expression>> {
    /// An element of the carrier.
    type Expression: Expression;

    /// The element that is `variable` and nothing else.
    fn variable(&self, variable: Variable) -> Self::Value;

    /// The element of an edge without a variable, on which Θ left `weight`: 0 if it is 0, else 1, where the semiring
    /// keeps no weights.
    fn scalar(&self, weight: f32) -> Self::Value {
        if weight == 0.0 { self.zero() } else { self.one() }
    }

    /// The element of an edge with a variable, on which Θ left `weight`: their product.
    fn weighted(&self, variable: Variable, weight: f32) -> Self::Value {
        self.times(&self.scalar(weight), &self.variable(variable))
    }

    /// The largest number of terms of a value.
    fn limit(&self) -> usize;
}

/// An element of a [`Symbolic`] semiring.
///
/// Its `Display` form writes variables as `x₁`, `x₂`, ..., that of [`named`](Expression::named) by their names; `Debug`
/// is `Display`.
pub trait Expression: Clone + Eq + Hash + fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// The number of terms, which the limit bounds: of monomials, witnesses or paths, and for a lineage of variables.
    fn terms(&self) -> usize;

    /// Whether this is 0.
    fn is_zero(&self) -> bool {
        self.terms() == 0
    }

    /// The variables that occur: the lineage.
    fn variables(&self) -> VariableSet;

    /// Writes the expression, with the variables under these names.
    ///
    /// # Errors
    /// Those of the formatter.
    fn write(&self, f: &mut fmt::Formatter<'_>, names: &Names<'_>) -> fmt::Result;

    /// The expression for `format!`, with the variables under these names.
    fn named<'a>(&'a self, names: &'a Names<'a>) -> Named<'a, Self> {
        Named { expression: self, names }
    }
}

/// An expression with the names of its variables, to be displayed.
pub struct Named<'a, E> {
    expression: &'a E,
    names: &'a Names<'a>,
}

impl<E: Expression> fmt::Display for Named<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.write(f, self.names)
    }
}

macro_rules! shown_with_numbered_variables {
    ($($expression:ty),*) => {$(
        impl fmt::Display for $expression {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.write(f, &|variable| variable.to_string())
            }
        }

        /// As [`Display`](fmt::Display).
        impl fmt::Debug for $expression {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

shown_with_numbered_variables!(Lineage, Witnesses, MinimalWitnesses, Polynomial, Paths);

/// The limit of a semiring that is given none: some seconds of work for the largest product, and formulas that are
/// longer than anyone reads.
pub(crate) const DEFAULT_LIMIT: usize = 10_000;
