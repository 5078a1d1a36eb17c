//! Sets of real numbers: what a rule may yield, what an annotation makes of it, and what a semiring takes.

use std::fmt;

use serde::{Serialize, Serializer};

/// An interval of the extended reals. A finite end belongs to it; an infinite one only where it is closed there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Whether a lower end of −∞ belongs to the interval.
    pub closed_below: bool,
    /// Whether an upper end of ∞ belongs to the interval.
    pub closed_above: bool,
}

impl Interval {
    /// All real numbers, without the infinities.
    pub const REALS: Interval = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
    /// `[0, 1]`.
    pub const UNIT: Interval = Interval::open(0.0, 1.0);

    /// From `low` to `high`; infinite ends do not belong to it.
    pub const fn open(low: f64, high: f64) -> Self {
        Interval { low, high, closed_below: false, closed_above: false }
    }

    /// From `low` to `high`; infinite ends belong to it.
    pub const fn closed(low: f64, high: f64) -> Self {
        Interval { low, high, closed_below: true, closed_above: true }
    }

    /// From `low` to `high`; a lower end of −∞ belongs to it, an upper end of ∞ does not.
    pub const fn closed_below(low: f64, high: f64) -> Self {
        Interval { low, high, closed_below: true, closed_above: false }
    }

    /// Whether every number of `other` lies in this interval.
    pub fn includes(&self, other: &Interval) -> bool {
        let below = self.low <= other.low && (other.low.is_finite() || self.closed_below || !other.closed_below);
        let above = other.high <= self.high && (other.high.is_finite() || self.closed_above || !other.closed_above);
        below && above
    }

    /// Whether `x` lies in this interval. NaN lies in none.
    pub fn contains(&self, x: f64) -> bool {
        let below = self.low <= x && (x > f64::NEG_INFINITY || self.closed_below);
        let above = x <= self.high && (x < f64::INFINITY || self.closed_above);
        below && above
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |x: f64| {
            if x == f64::INFINITY {
                "∞".to_string()
            } else if x == f64::NEG_INFINITY {
                "−∞".to_string()
            } else {
                x.to_string().replace('-', "−")
            }
        };
        let left = if self.low.is_finite() || self.closed_below { '[' } else { '(' };
        let right = if self.high.is_finite() || self.closed_above { ']' } else { ')' };
        write!(f, "{left}{}, {}{right}", end(self.low), end(self.high))
    }
}

/// The real numbers that stand for elements of a semiring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Carrier {
    /// The interval that they fill, or lie in when they are integers.
    pub interval: Interval,
    /// Whether only integers are elements.
    pub integral: bool,
    /// Whether the semiring has a Θ of its own, whose values are elements whatever the contribution.
    pub own: bool,
}

impl Carrier {
    /// No number: those of a semiring whose elements are none.
    pub const NONE: Carrier = Carrier::real(Interval::open(f64::INFINITY, f64::NEG_INFINITY));

    /// Every number of `interval`.
    pub const fn real(interval: Interval) -> Self {
        Carrier { interval, integral: false, own: false }
    }

    /// The integers of `interval`.
    pub const fn integers(interval: Interval) -> Self {
        Carrier { interval, integral: true, own: false }
    }

    /// Whether `x` stands for an element.
    pub fn contains(&self, x: f64) -> bool {
        self.interval.contains(x) && (!self.integral || x.fract() == 0.0)
    }

    /// Whether every value of `image` stands for an element.
    pub fn includes(&self, image: &Image) -> bool {
        match image {
            Image::Truth => true,
            Image::Elements => self.own,
            Image::Reals(interval) => !self.integral && self.interval.includes(interval),
        }
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.integral, *self == Carrier { own: self.own, ..Carrier::NONE }) {
            (_, true) => f.write_str("no numbers"),
            (true, false) => write!(f, "the integers of {}", self.interval),
            (false, false) => self.interval.fmt(f),
        }
    }
}

/// As [`Display`](fmt::Display) writes it: JSON has no infinities.
impl Serialize for Carrier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The values that an annotation can take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Image {
    /// The semiring's own `0` and `1`, which every carrier has.
    Truth,
    /// Real numbers of an interval.
    Reals(Interval),
    /// Elements of a semiring, by a Θ of its own.
    Elements,
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Image::Truth => write!(f, "{{0, 1}}"),
            Image::Reals(interval) => interval.fmt(f),
            Image::Elements => f.write_str("elements of the semiring"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_infinite_end_belongs_only_where_it_is_closed() {
        let logarithms = Interval::closed_below(f64::NEG_INFINITY, f64::INFINITY);
        assert!(logarithms.contains(f64::NEG_INFINITY) && !logarithms.contains(f64::INFINITY));
        assert!(logarithms.includes(&Interval::REALS) && !Interval::REALS.includes(&logarithms));
        assert!(logarithms.includes(&Interval::closed(f64::NEG_INFINITY, 0.0)));
        assert!(!logarithms.includes(&Interval::closed(0.0, f64::INFINITY)));
        assert!(!Interval::closed(f64::NEG_INFINITY, f64::INFINITY).contains(f64::NAN));
    }

    #[test]
    fn carriers_tell_integers_and_truth_from_reals() {
        let naturals = Carrier::integers(Interval::open(0.0, f64::INFINITY));
        assert!(naturals.contains(3.0) && !naturals.contains(0.5) && !naturals.contains(-1.0));
        assert!(naturals.includes(&Image::Truth) && !naturals.includes(&Image::Reals(Interval::UNIT)));
    }

    #[test]
    fn intervals_print_as_in_mathematics() {
        assert_eq!(Interval::REALS.to_string(), "(−∞, ∞)");
        assert_eq!(Interval::closed(0.0, f64::INFINITY).to_string(), "[0, ∞]");
        assert_eq!(Interval::closed_below(f64::NEG_INFINITY, f64::INFINITY).to_string(), "[−∞, ∞)");
        assert_eq!(Interval::open(-0.5, 1.0).to_string(), "[−0.5, 1]");
        assert_eq!(Carrier::integers(Interval::open(0.0, f64::INFINITY)).to_string(), "the integers of [0, ∞)");
    }
}
