//! What the values of a semiring mean when they are taken as numbers.

use kirchhoff_render::Kind;
use kirchhoff_semiring::{Embed, Law, LookupError, SemiringInfo, SemiringVisitor, visit};

/// What the numbers of a semiring mean to a reader, from its carrier.
pub fn kind(semiring: &SemiringInfo) -> Kind {
    let interval = semiring.embeds.interval;
    match (semiring.embeds.integral, interval.low, interval.high) {
        (true, _, high) if high <= 1.0 => Kind::Truth,
        (true, ..) => Kind::Count,
        (false, 0.0, 1.0) => Kind::Magnitude,
        (false, 0.0, f64::INFINITY) => Kind::Cost,
        (false, f64::NEG_INFINITY, f64::INFINITY) if !interval.closed_below => Kind::Signed,
        (false, f64::NEG_INFINITY, f64::INFINITY) if interval.closed_above => Kind::Magnitude,
        _ => Kind::Score,
    }
}

/// A semiring's ⊕ on values as numbers of f64, which counts of paths are rounded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plus {
    Add,
    Maximum,
    Minimum,
    /// `log(eᵃ + eᵇ)`.
    LogAdd,
}

/// A semiring's ⊕ as numbers, and its 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Numbers {
    pub plus: Plus,
    pub zero: f64,
}

impl Numbers {
    /// Those of a built-in semiring.
    pub fn of(info: &SemiringInfo) -> Result<Self, LookupError> {
        visit(info.name, Probe)
    }

    /// `a ⊕ b`.
    pub fn add(self, a: f64, b: f64) -> f64 {
        match self.plus {
            Plus::Add => a + b,
            Plus::Maximum => a.max(b),
            Plus::Minimum => a.min(b),
            Plus::LogAdd => {
                let (low, high) = (a.min(b), a.max(b));
                if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
            }
        }
    }
}

struct Probe;

impl SemiringVisitor for Probe {
    type Output = Numbers;

    /// An idempotent ⊕ of numbers is the maximum where 0 is the least of them, else the minimum; others add, or add
    /// below the logarithm, of which 0 is −∞.
    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> Numbers {
        let (zero, one) = (semiring.project(&semiring.zero()), semiring.project(&semiring.one()));
        let plus = match (info.laws.has(Law::IdempotentPlus), zero < one, zero == f64::NEG_INFINITY) {
            (true, true, _) => Plus::Maximum,
            (true, false, _) => Plus::Minimum,
            (false, _, true) => Plus::LogAdd,
            (false, _, false) => Plus::Add,
        };
        Numbers { plus, zero }
    }
}

#[cfg(test)]
mod tests {
    use kirchhoff_semiring::semirings;

    use super::*;

    struct Compare(Numbers);

    impl SemiringVisitor for Compare {
        type Output = ();

        fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) {
            for a in semiring.elements() {
                for b in semiring.elements() {
                    let expected = semiring.project(&semiring.plus(&a, &b));
                    let got = self.0.add(semiring.project(&a), semiring.project(&b));
                    let close = got == expected || (got - expected).abs() <= 1e-4 * expected.abs().max(1.0);
                    assert!(close, "{}: {a:?} ⊕ {b:?} is {expected}, not {got}", info.name);
                }
            }
        }
    }

    #[test]
    fn numbers_add_as_their_semirings_do() {
        for info in semirings() {
            visit(info.name, Compare(Numbers::of(info).unwrap())).unwrap();
        }
    }
}
