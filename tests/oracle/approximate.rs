//! Real numbers that know how far single precision may miss them.
//!
//! The evaluator computes contributions in `f32`, the oracle in `f64`. How far the two may differ depends on the
//! network: `1 / (1.000 − 0.999)` loses three digits more than `1 / 2`. Instead of one tolerance that is too loose for
//! most edges and too strict for some, every number of the oracle carries a bound of the error that `f32` arithmetic
//! makes at most, in whatever order it adds.

use std::iter::Sum;
use std::ops::{Add, Div, Mul, Sub};

/// Twice the error of one rounding to `f32`, relative: the evaluator may arrange a product or quotient with one
/// rounding more than the formula has operations.
pub const ROUNDING: f64 = 1.2e-7;

/// Below this the numbers of `f32` lie apart by a fixed distance.
const SMALLEST: f64 = 1.2e-38;

/// A real number, and by how much `f32` arithmetic may miss it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Approximate {
    /// The number.
    pub value: f64,
    /// The bound of the error; infinite where rounding decides a sign that everything depends on.
    pub error: f64,
}

impl Approximate {
    /// 0, exactly.
    pub const ZERO: Approximate = Approximate { value: 0.0, error: 0.0 };
    /// 1, exactly.
    pub const ONE: Approximate = Approximate { value: 1.0, error: 0.0 };

    /// A number that `f32` rounds, if it has to.
    pub fn new(value: f64) -> Self {
        Approximate { value, error: 0.0 }.rounded()
    }

    /// The smallest number that it may be.
    pub fn low(self) -> f64 {
        self.value - self.error
    }

    /// The largest number that it may be.
    pub fn high(self) -> f64 {
        self.value + self.error
    }

    /// Whether it is 0 beyond doubt: a product with 0, not a difference that happens to vanish.
    pub fn is_zero(self) -> bool {
        self == Approximate::ZERO
    }

    /// Whether its sign is beyond doubt, that of 0 included.
    pub fn has_sign(self) -> bool {
        self.error == 0.0 || self.value.abs() > self.error
    }

    /// `max(0, x)`.
    pub fn positive(self) -> Self {
        Approximate { value: self.value.max(0.0), error: if self.high() > 0.0 { self.error } else { 0.0 } }
    }

    /// `min(0, x)`.
    pub fn negative(self) -> Self {
        Approximate { value: self.value.min(0.0), error: if self.low() < 0.0 { self.error } else { 0.0 } }
    }

    /// `|x|`.
    pub fn abs(self) -> Self {
        Approximate { value: self.value.abs(), error: self.error }
    }

    /// `√x`, for a mean of squares.
    pub fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        let error = if self.error == 0.0 { 0.0 } else { self.error / root };
        Approximate { value: root, error }.rounded()
    }

    /// The largest of the numbers, 0 if there are none.
    pub fn maximum(numbers: impl Iterator<Item = Self>) -> Self {
        let larger = |a: Self, b: Self| Approximate { value: a.value.max(b.value), error: a.error.max(b.error) };
        numbers.fold(Approximate::ZERO, larger)
    }

    /// With the error of rounding to `f32`: none for exact operands with a result that `f32` has.
    fn rounded(self) -> Self {
        let kept = f64::from(self.value as f32) == self.value;
        let rounding = if kept && self.error == 0.0 { 0.0 } else { ROUNDING * self.value.abs() + SMALLEST };
        Approximate { value: self.value, error: self.error + rounding }
    }
}

impl Add for Approximate {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        [self, other].into_iter().sum()
    }
}

impl Sub for Approximate {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + Approximate { value: -other.value, error: other.error }
    }
}

impl Mul for Approximate {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        if self.is_zero() || other.is_zero() {
            return Approximate::ZERO;
        }
        let error = self.value.abs() * other.error + other.value.abs() * self.error + self.error * other.error;
        Approximate { value: self.value * other.value, error }.rounded()
    }
}

impl Div for Approximate {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        if self.is_zero() {
            return Approximate::ZERO;
        }
        let value = self.value / other.value;
        let least = other.value.abs() - other.error;
        let error = if least > 0.0 { (self.error + value.abs() * other.error) / least } else { f64::INFINITY };
        Approximate { value, error }.rounded()
    }
}

/// In any order: each of the additions may round a partial sum as large as all terms together. Terms that are
/// multiples of one power of two, and few enough, add up exactly.
impl Sum for Approximate {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        let terms: Vec<Self> = terms.filter(|term| !term.is_zero()).collect();
        let value = terms.iter().map(|term| term.value).sum();
        let total: f64 = terms.iter().map(|term| term.value.abs()).sum();
        let error: f64 = terms.iter().map(|term| term.error).sum();
        let quantum = terms.iter().map(|term| quantum(term.value)).fold(f64::INFINITY, f64::min);
        if error == 0.0 && (terms.len() < 2 || total < quantum * f64::from(1u32 << 24)) {
            return Approximate { value, error };
        }
        Approximate { value, error: error + terms.len() as f64 * ROUNDING / 2.0 * total + SMALLEST }
    }
}

/// The largest power of two that `x` is a multiple of.
fn quantum(x: f64) -> f64 {
    let exponent = (x.to_bits() >> 52 & 0x7ff) as i32 - 1075;
    let fraction = x.to_bits() & ((1 << 52) - 1) | 1 << 52;
    2f64.powi(exponent + fraction.trailing_zeros() as i32)
}
