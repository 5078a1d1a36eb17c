//! What a value becomes that outgrows its limit.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::Expression;
use crate::Count;

/// A symbolic value, or the news that it outgrew its limit.
///
/// `Err` is no element of the carrier but stands for one that nobody knows. An operation on it gives what the laws
/// promise for every element, which is `0 ⊗ a = 0` and in an absorptive semiring `1 ⊕ a = 1`, and is unknown
/// otherwise. So what comes out as `Ok` is exact, whatever happened on the way.
pub type Bounded<E> = Result<E, Overflow>;

/// Why a value is unknown: the first operation whose result would have passed a limit.
///
/// Every overflow equals every other: which operation was the first depends on the order of evaluation, and an unknown
/// element has no other property than that it is unknown.
#[derive(Clone, Copy, Debug)]
pub struct Overflow {
    /// The operation.
    pub operation: Operation,
    /// The number of terms of its operands.
    pub terms: [usize; 2],
    /// What its result would have passed.
    pub exceeded: Exceeded,
}

/// An operation of a semiring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `⊕`.
    Sum,
    /// `⊗`.
    Product,
}

/// A bound on symbolic values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exceeded {
    /// The semiring's limit on the number of terms.
    Terms {
        /// The limit.
        limit: usize,
    },
    /// The largest degree that a monomial can have, `u32::MAX`.
    Degree,
    /// The most digits of a coefficient, [`Count::MOST_BITS`].
    Coefficient,
}

impl PartialEq for Overflow {
    fn eq(&self, _: &Overflow) -> bool {
        true
    }
}

impl Eq for Overflow {}

impl Hash for Overflow {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = match self.operation {
            Operation::Sum => "sum",
            Operation::Product => "product",
        };
        let [left, right] = self.terms;
        write!(f, "the {operation} of values with {left} and {right} terms ")?;
        match self.exceeded {
            Exceeded::Terms { limit } => write!(
                f,
                "takes more than the limit of {limit} terms: ask for `top-k`, ask a smaller question, or raise the limit"
            ),
            Exceeded::Coefficient => {
                write!(f, "has a coefficient of more than 2^{}: ask a smaller question", Count::MOST_BITS)
            }
            Exceeded::Degree => write!(f, "has a degree above {}: ask a smaller question", u32::MAX),
        }
    }
}

impl std::error::Error for Overflow {}

/// `Ok` while `terms` are within `limit`.
pub(super) fn within(terms: usize, limit: usize) -> Result<(), Exceeded> {
    if terms > limit { Err(Exceeded::Terms { limit }) } else { Ok(()) }
}

/// `sum ← sum ⊕ a`, where `grow` does it for known values.
pub(super) fn add<E: Expression>(
    sum: &mut Bounded<E>,
    a: &Bounded<E>,
    grow: impl FnOnce(&mut E, &E) -> Result<(), Exceeded>,
) {
    let outcome = match (sum.as_mut(), a) {
        (Err(_), _) => return,
        (Ok(_), Err(overflow)) => Err(*overflow),
        (Ok(value), Ok(a)) => {
            let terms = [value.terms(), a.terms()];
            grow(value, a).map_err(|exceeded| Overflow { operation: Operation::Sum, terms, exceeded })
        }
    };
    if let Err(overflow) = outcome {
        *sum = Err(overflow);
    }
}

/// `a ⊗ b`, where `product` does it for known values other than 0.
pub(super) fn multiply<E: Expression>(
    a: &Bounded<E>,
    b: &Bounded<E>,
    product: impl FnOnce(&E, &E) -> Result<E, Exceeded>,
) -> Bounded<E> {
    for factor in [a, b].into_iter().flatten() {
        if factor.is_zero() {
            return Ok(factor.clone());
        }
    }
    let (a, b) = (a.as_ref().map_err(|overflow| *overflow)?, b.as_ref().map_err(|overflow| *overflow)?);
    product(a, b).map_err(|exceeded| Overflow {
        operation: Operation::Product,
        terms: [a.terms(), b.terms()],
        exceeded,
    })
}

/// `sum ← sum ⊕ (a ⊗ b)`, where `grow` does it for known values, of which neither factor is 0.
pub(super) fn add_product<E: Expression>(
    sum: &mut Bounded<E>,
    a: &Bounded<E>,
    b: &Bounded<E>,
    grow: impl FnOnce(&mut E, &E, &E) -> Result<(), Exceeded>,
) {
    if [a, b].into_iter().flatten().any(Expression::is_zero) {
        return;
    }
    let outcome = match (sum.as_mut(), a, b) {
        (Err(_), _, _) => return,
        (Ok(_), Err(overflow), _) | (Ok(_), _, Err(overflow)) => Err(*overflow),
        (Ok(value), Ok(a), Ok(b)) => grow(value, a, b).map_err(|exceeded| Overflow {
            operation: Operation::Product,
            terms: [a.terms(), b.terms()],
            exceeded,
        }),
    };
    if let Err(overflow) = outcome {
        *sum = Err(overflow);
    }
}

/// `a ⊖ b`, where `difference` does it for known values: none has more terms than `a`. `0 ⊖ b` is 0 for every `b`.
pub(super) fn subtract<E: Expression>(
    a: &Bounded<E>,
    b: &Bounded<E>,
    difference: impl FnOnce(&E, &E) -> E,
) -> Option<Bounded<E>> {
    Some(match (a, b) {
        (Err(overflow), _) => Err(*overflow),
        (Ok(a), _) if a.is_zero() => Ok(a.clone()),
        (Ok(_), Err(overflow)) => Err(*overflow),
        (Ok(a), Ok(b)) => Ok(difference(a, b)),
    })
}

/// Both values, the one with more terms first: growing it copies less.
pub(super) fn larger_first<'a, E: Expression>(a: &'a Bounded<E>, b: &'a Bounded<E>) -> [&'a Bounded<E>; 2] {
    let terms = |value: &Bounded<E>| value.as_ref().map_or(0, Expression::terms);
    if terms(a) < terms(b) { [b, a] } else { [a, b] }
}
