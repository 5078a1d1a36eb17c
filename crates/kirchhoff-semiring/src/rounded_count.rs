//! Natural numbers of any size, rounded.

use std::fmt;

/// 2⁵¹², the radix of the exponent.
const RADIX: f64 = f64::from_bits((1023 + 512) << 52);
/// 2⁻⁵¹².
const INVERSE_RADIX: f64 = f64::from_bits((1023 - 512) << 52);

/// A natural number of any size, rounded to 53 bits by each operation: a floating-point number that cannot overflow.
///
/// All terms are non-negative, so errors do not grow by cancellation: a chain of `n` operations is off by at most
/// `n · 2⁻⁵³` of the result, below 1e-4 for any circuit that ends within a lifetime.
///
/// The value is `mantissa · 2⁵¹²ᵉ` with `1 ≤ mantissa < 2⁵¹²`. With so large a radix an operation on counts of the same
/// magnitude is that of `f64` and one comparison, and a product of two mantissas never overflows.
#[derive(Clone, Copy, PartialEq)]
pub struct RoundedCount {
    /// 0, with exponent 0, or in `[1, 2⁵¹²)`: each value has one representation.
    mantissa: f64,
    exponent: i64,
}

impl RoundedCount {
    /// 0.
    pub const ZERO: RoundedCount = RoundedCount { mantissa: 0.0, exponent: 0 };
    /// 1.
    pub const ONE: RoundedCount = RoundedCount { mantissa: 1.0, exponent: 0 };

    /// The natural number nearest to `x`, with halves rounded up: 0 for a negative `x` and for NaN. An infinite `x`
    /// stands for no number and gives that of `f64::MAX`.
    pub fn nearest(x: f64) -> RoundedCount {
        let rounded = x.clamp(0.0, f64::MAX).round();
        if rounded >= 1.0 { RoundedCount { mantissa: rounded, exponent: 0 }.carried() } else { RoundedCount::ZERO }
    }

    /// The sum of two counts.
    #[inline]
    pub fn plus(self, other: RoundedCount) -> RoundedCount {
        if self.exponent == other.exponent {
            // Two mantissas below 2⁵¹²: the sum is far from overflow.
            return RoundedCount { mantissa: self.mantissa + other.mantissa, exponent: self.exponent }.carried();
        }
        let (large, small) = if self.exponent > other.exponent { (self, other) } else { (other, self) };
        if large.exponent - small.exponent > 1 {
            // The smaller is below 2⁻⁵¹² of the larger.
            return large;
        }
        RoundedCount { mantissa: large.mantissa + small.mantissa * INVERSE_RADIX, exponent: large.exponent }.carried()
    }

    /// The product of two counts.
    #[inline]
    pub fn times(self, other: RoundedCount) -> RoundedCount {
        if self.mantissa == 0.0 || other.mantissa == 0.0 {
            return RoundedCount::ZERO;
        }
        // At most (2⁵¹² − 2⁴⁵⁹)², which is below the largest f64.
        RoundedCount { mantissa: self.mantissa * other.mantissa, exponent: self.exponent + other.exponent }.carried()
    }

    /// With a mantissa of `2⁵¹²` or more brought back into range. Division by a power of two is exact.
    #[inline]
    fn carried(self) -> RoundedCount {
        if self.mantissa < RADIX {
            self
        } else {
            RoundedCount { mantissa: self.mantissa * INVERSE_RADIX, exponent: self.exponent + 1 }
        }
    }

    /// The power of 2⁵¹² in which the number is kept: two numbers of the same one are less than 2⁵¹² apart.
    #[inline]
    pub fn exponent(self) -> i64 {
        self.exponent
    }

    /// The number divided by `2⁵¹²ᵉ`: for an exponent that is the number's own or one above it. Exact.
    #[inline]
    pub fn relative_to(self, exponent: i64) -> f64 {
        if self.exponent == exponent { self.mantissa } else { self.mantissa * INVERSE_RADIX }
    }

    /// `number · 2⁵¹²ᵉ`, for a number of `2⁻⁵¹²` to `2¹⁰²³`, or 0.
    #[inline]
    pub fn from_relative(number: f64, exponent: i64) -> RoundedCount {
        if number == 0.0 {
            RoundedCount::ZERO
        } else if number < 1.0 {
            RoundedCount { mantissa: number * RADIX, exponent: exponent - 1 }
        } else {
            RoundedCount { mantissa: number, exponent }.carried()
        }
    }

    /// The nearest `f64`; `∞` above the largest one.
    pub fn to_f64(self) -> f64 {
        match self.exponent {
            0 => self.mantissa,
            1 => self.mantissa * RADIX,
            _ => f64::INFINITY,
        }
    }

    /// The base-10 logarithm, which is finite at any size; `−∞` for 0.
    pub fn log10(self) -> f64 {
        self.mantissa.log10() + self.exponent as f64 * (512.0 * std::f64::consts::LOG10_2)
    }

    /// Whether the two differ by at most `tolerance`, relative to the larger.
    pub fn is_within(self, other: RoundedCount, tolerance: f64) -> bool {
        let scale = match self.exponent - other.exponent {
            0 => 1.0,
            1 => INVERSE_RADIX,
            -1 => RADIX,
            _ => return false,
        };
        // Scaled into one exponent `other` is below 2¹⁰²⁴, so that it stays finite.
        let (a, b) = (self.mantissa, other.mantissa * scale);
        (a - b).abs() <= tolerance * a.max(b)
    }
}

impl From<u64> for RoundedCount {
    fn from(number: u64) -> Self {
        RoundedCount::nearest(number as f64)
    }
}

/// As a decimal number below 10¹⁵, with four digits and an exponent from there on.
impl fmt::Display for RoundedCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.to_f64();
        if plain < 1e15 {
            return write!(f, "{plain}");
        }
        let logarithm = self.log10();
        let mut exponent = logarithm.floor();
        let mut thousandths = (1000.0 * 10f64.powf(logarithm - exponent)).round();
        if thousandths >= 10_000.0 {
            (thousandths, exponent) = (1000.0, exponent + 1.0);
        }
        write!(f, "{:.3}e{exponent}", thousandths / 1000.0)
    }
}

/// To the last bit: `1e100`, `3.0·2^1024`.
impl fmt::Debug for RoundedCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exponent {
            0 => write!(f, "{:?}", self.mantissa),
            exponent => write!(f, "{:?}·2^{}", self.mantissa, 512 * i128::from(exponent)),
        }
    }
}
