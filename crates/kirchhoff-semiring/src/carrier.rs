//! Sets of real numbers: what a rule may yield, what an annotation makes of it, and what a semiring takes.

use std::fmt;

/// An interval of the extended reals. A finite end belongs to it; an infinite one only where it is closed there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Whether infinite ends belong to the interval.
    pub infinite: bool,
}

impl Interval {
    /// All real numbers, without the infinities.
    pub const REALS: Interval = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
    /// `[0, 1]`.
    pub const UNIT: Interval = Interval::open(0.0, 1.0);

    /// From `low` to `high`; infinite ends do not belong to it.
    pub const fn open(low: f64, high: f64) -> Self {
        Interval { low, high, infinite: false }
    }

    /// From `low` to `high`; infinite ends belong to it.
    pub const fn closed(low: f64, high: f64) -> Self {
        Interval { low, high, infinite: true }
    }

    /// Whether every number of `other` lies in this interval.
    pub fn includes(&self, other: &Interval) -> bool {
        let reaches_infinity = other.infinite && (other.low.is_infinite() || other.high.is_infinite());
        self.low <= other.low && other.high <= self.high && (self.infinite || !reaches_infinity)
    }

    /// Whether `x` lies in this interval. NaN lies in none.
    pub fn contains(&self, x: f64) -> bool {
        self.low <= x && x <= self.high && (self.infinite || x.is_finite())
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
        let bracket = |x: f64, closed: char, open: char| if x.is_finite() || self.infinite { closed } else { open };
        let (left, right) = (bracket(self.low, '[', '('), bracket(self.high, ']', ')'));
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
}

impl Carrier {
    /// Every number of `interval`.
    pub const fn real(interval: Interval) -> Self {
        Carrier { interval, integral: false }
    }

    /// The integers of `interval`.
    pub const fn integers(interval: Interval) -> Self {
        Carrier { interval, integral: true }
    }

    /// Whether `x` stands for an element.
    pub fn contains(&self, x: f64) -> bool {
        self.interval.contains(x) && (!self.integral || x.fract() == 0.0)
    }

    /// Whether every value of `image` stands for an element.
    pub fn includes(&self, image: &Image) -> bool {
        match image {
            Image::Truth => true,
            Image::Reals(interval) => !self.integral && self.interval.includes(interval),
        }
    }
}

/// The values that an annotation can take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Image {
    /// The semiring's own `0` and `1`, which every carrier has.
    Truth,
    /// Real numbers of an interval.
    Reals(Interval),
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Image::Truth => write!(f, "{{0, 1}}"),
            Image::Reals(interval) => interval.fmt(f),
        }
    }
}
