//! Products of variables.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::variable::superscript;
use super::{Exceeded, Names, Variable, VariableSet};

/// A product of powers of variables, `x₁²·x₃`, without a coefficient; cheap to clone.
///
/// Monomials are ordered by degree, the highest first, then lexicographically with `x₁` before `x₂`: the order in which
/// polynomials are written. It is a monomial order: to multiply both sides by a third monomial changes nothing.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Monomial {
    /// The sum of the exponents.
    degree: u32,
    /// Variables ascending, exponents above 0.
    factors: Arc<[(Variable, u32)]>,
}

impl Monomial {
    /// The sum of the exponents; 0 for the monomial 1.
    pub fn degree(&self) -> u32 {
        self.degree
    }

    /// The variables with their exponents, ascending.
    pub fn factors(&self) -> &[(Variable, u32)] {
        &self.factors
    }

    /// The variables without their exponents.
    pub fn support(&self) -> VariableSet {
        self.factors.iter().map(|(variable, _)| *variable).collect()
    }

    /// The product. The caller has checked that the degree stays in range ([`check_degree`]).
    pub(super) fn times(&self, other: &Monomial) -> Monomial {
        if other.factors.is_empty() {
            return self.clone();
        }
        if self.factors.is_empty() {
            return other.clone();
        }
        let (mut a, mut b) = (&self.factors[..], &other.factors[..]);
        let mut factors = Vec::with_capacity(a.len() + b.len());
        while let ([(first, n), rest_of_a @ ..], [(second, m), rest_of_b @ ..]) = (a, b) {
            let (exponent, order) = match first.cmp(second) {
                Ordering::Less => (*n, Ordering::Less),
                Ordering::Equal => (n + m, Ordering::Equal),
                Ordering::Greater => (*m, Ordering::Greater),
            };
            factors.push((*first.min(second), exponent));
            if order.is_le() {
                a = rest_of_a;
            }
            if order.is_ge() {
                b = rest_of_b;
            }
        }
        factors.extend_from_slice(a);
        factors.extend_from_slice(b);
        Monomial { degree: self.degree + other.degree, factors: factors.into() }
    }

    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, names: &Names<'_>) -> fmt::Result {
        if self.factors.is_empty() {
            return write!(f, "1");
        }
        for (i, &(variable, exponent)) in self.factors.iter().enumerate() {
            write!(f, "{}{}", if i > 0 { "·" } else { "" }, names(variable))?;
            if exponent > 1 {
                write!(f, "{}", superscript(exponent))?;
            }
        }
        Ok(())
    }
}

/// Refuses a product of monomials of these degrees whose degree, and perhaps an exponent, would pass `u32::MAX`.
pub(super) fn check_degree(a: u32, b: u32) -> Result<(), Exceeded> {
    a.checked_add(b).map(|_| ()).ok_or(Exceeded::Degree)
}

impl From<Variable> for Monomial {
    fn from(variable: Variable) -> Self {
        Monomial { degree: 1, factors: [(variable, 1)].into() }
    }
}

/// The product of the variables, each as often as it comes.
///
/// # Panics
/// If there are 2³² of them or more.
impl FromIterator<Variable> for Monomial {
    fn from_iter<I: IntoIterator<Item = Variable>>(variables: I) -> Self {
        let mut variables: Vec<_> = variables.into_iter().collect();
        let degree = u32::try_from(variables.len()).expect("a degree below 2³²");
        variables.sort_unstable();
        let runs = variables.chunk_by(|a, b| a == b);
        Monomial { degree, factors: runs.map(|run| (run[0], run.len() as u32)).collect() }
    }
}

impl PartialOrd for Monomial {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Monomial {
    fn cmp(&self, other: &Self) -> Ordering {
        other.degree.cmp(&self.degree).then_with(|| {
            // At the first difference the smaller variable, or the greater power of the same one, comes first. Of
            // equal degree, neither list is the beginning of the other.
            self.factors
                .iter()
                .zip(other.factors.iter())
                .map(|((a, n), (b, m))| a.cmp(b).then(m.cmp(n)))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        })
    }
}

impl fmt::Display for Monomial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, &|variable| variable.to_string())
    }
}

/// As [`Display`](fmt::Display).
impl fmt::Debug for Monomial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn monomial() -> impl Strategy<Value = (Vec<u32>, Monomial)> {
        prop::collection::vec(0..4u32, 0..6)
            .prop_map(|numbers| (numbers.clone(), numbers.into_iter().map(Variable).collect()))
    }

    proptest! {
        #[test]
        fn products_join_the_variables((a, left) in monomial(), (b, right) in monomial()) {
            let joined: Monomial = a.into_iter().chain(b).map(Variable).collect();
            prop_assert_eq!(left.times(&right), joined);
        }

        #[test]
        fn the_order_is_total_and_survives_multiplication(
            (_, a) in monomial(), (_, b) in monomial(), (_, c) in monomial(),
        ) {
            prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a.cmp(&b), a.times(&c).cmp(&b.times(&c)));
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }
    }

    #[test]
    fn written_as_in_a_book() {
        let monomial: Monomial = [3, 1, 1].map(Variable).into_iter().collect();
        assert_eq!(monomial.to_string(), "x₁²·x₃");
        assert_eq!((monomial.degree(), monomial.support().to_string()), (3, "{x₁, x₃}".to_string()));
        assert_eq!(Monomial::default().to_string(), "1");
    }
}
