//! The functions that expressions have, on single numbers: without branches where the compiler can make vector
//! operations of them, and the same bits on every platform.

use crate::{exponential, logarithm};

/// A type of real numbers.
pub(super) trait Real:
    Copy
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::Rem<Output = Self>
    + std::ops::Neg<Output = Self>
{
    fn abs(self) -> Self;
    fn exp(self) -> Self;
    fn log(self) -> Self;
    fn log2(self) -> Self;
    fn sqrt(self) -> Self;
    fn pow(self, exponent: Self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    /// To the nearest integer, to the even one of two.
    fn round(self) -> Self;
}

impl Real for f32 {
    #[inline(always)]
    fn abs(self) -> f32 {
        f32::abs(self)
    }

    #[inline(always)]
    fn exp(self) -> f32 {
        // Beyond what the exponential takes, that of the half is squared.
        let large = self > 88.0;
        let half = if self < 176.0 { self * 0.5 } else { 88.0 };
        let power = exponential(if large { half } else { self });
        let power = if large { power * power } else { power };
        if self.is_nan() { self } else { power }
    }

    #[inline(always)]
    fn log(self) -> f32 {
        if self >= 0.0 { logarithm(self) } else { f32::NAN }
    }

    #[inline(always)]
    fn log2(self) -> f32 {
        /// `√½` in bits, so that the significand lies around 1.
        const ROOT: u32 = 0x3f35_04f3;
        const ONE: u32 = 0x3f80_0000;
        let tiny = self < f32::MIN_POSITIVE;
        let scaled = if tiny { self * 33_554_432.0 } else { self };
        let bits = scaled.to_bits().wrapping_add(ONE - ROOT);
        let exponent = (bits >> 23) as i32 - 127 - if tiny { 25 } else { 0 };
        let significand = f32::from_bits((bits & 0x007f_ffff) + ROOT);
        // Exact for powers of two, whose significand is 1.
        let finite = exponent as f32 + logarithm(significand) * std::f32::consts::LOG2_E;
        let finite = if self == f32::INFINITY { f32::INFINITY } else { finite };
        let real = if self == 0.0 { f32::NEG_INFINITY } else { finite };
        if self >= 0.0 { real } else { f32::NAN }
    }

    #[inline(always)]
    fn sqrt(self) -> f32 {
        f32::sqrt(self)
    }

    #[inline(always)]
    fn pow(self, exponent: f32) -> f32 {
        libm::powf(self, exponent)
    }

    #[inline(always)]
    fn floor(self) -> f32 {
        f32::floor(self)
    }

    #[inline(always)]
    fn ceil(self) -> f32 {
        f32::ceil(self)
    }

    #[inline(always)]
    fn round(self) -> f32 {
        self.round_ties_even()
    }
}

impl Real for f64 {
    #[inline(always)]
    fn abs(self) -> f64 {
        f64::abs(self)
    }

    #[inline(always)]
    fn exp(self) -> f64 {
        libm::exp(self)
    }

    #[inline(always)]
    fn log(self) -> f64 {
        libm::log(self)
    }

    #[inline(always)]
    fn log2(self) -> f64 {
        libm::log2(self)
    }

    #[inline(always)]
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }

    #[inline(always)]
    fn pow(self, exponent: f64) -> f64 {
        libm::pow(self, exponent)
    }

    #[inline(always)]
    fn floor(self) -> f64 {
        f64::floor(self)
    }

    #[inline(always)]
    fn ceil(self) -> f64 {
        f64::ceil(self)
    }

    #[inline(always)]
    fn round(self) -> f64 {
        self.round_ties_even()
    }
}

/// The greater of two numbers, the second where one is not a number.
#[inline(always)]
pub(super) fn maximum<T: PartialOrd>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// The lesser of two numbers, the second where one is not a number.
#[inline(always)]
pub(super) fn minimum<T: PartialOrd>(a: T, b: T) -> T {
    if a < b { a } else { b }
}

/// `aᵇ`, and whether it is larger than every u64; then the largest one.
pub(super) fn power(a: u64, b: u64) -> (u64, bool) {
    let exact = u32::try_from(b).ok().map_or(if a <= 1 { Some(a) } else { None }, |b| a.checked_pow(b));
    (exact.unwrap_or(u64::MAX), exact.is_none())
}

/// The integer towards 0 from `x`, and whether u64 has none.
#[inline(always)]
pub(super) fn truncate(x: f64) -> (u64, bool) {
    // 2⁶⁴; what is above −1 is cut to 0.
    (x as u64, !(x > -1.0 && x < 18_446_744_073_709_551_616.0))
}

#[cfg(test)]
mod tests {
    use super::Real;

    #[test]
    fn powers_of_two_have_exact_logarithms() {
        for exponent in -140..128 {
            assert_eq!(Real::log2(2f64.powi(exponent) as f32), exponent as f32);
        }
        assert_eq!(Real::log2(0f32), f32::NEG_INFINITY);
        assert_eq!(Real::log2(f32::INFINITY), f32::INFINITY);
        assert!(Real::log2(-1f32).is_nan() && Real::log2(f32::NAN).is_nan() && Real::log(-1f32).is_nan());
        for step in 1..4000 {
            let x = step as f32 * 0.37;
            assert!((f64::from(Real::log2(x)) - f64::from(x).log2()).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn the_exponential_covers_all_numbers() {
        for step in -900..900 {
            let x = step as f32 * 0.1;
            let exact = f64::from(x).exp();
            if exact > 1.2e-38 && exact < f64::from(f32::MAX) {
                assert!((f64::from(Real::exp(x)) / exact - 1.0).abs() < 1e-6, "{x}");
            }
        }
        assert_eq!([100.0, 1e30, f32::INFINITY].map(Real::exp), [f32::INFINITY; 3]);
        assert!(Real::exp(f32::NAN).is_nan());
    }

    #[test]
    fn powers_and_conversions_know_their_range() {
        assert_eq!(super::power(3, 4), (81, false));
        assert_eq!(super::power(1, u64::MAX), (1, false));
        assert_eq!(super::power(2, 64), (u64::MAX, true));
        assert_eq!(super::truncate(2.9), (2, false));
        assert_eq!(super::truncate(-0.5), (0, false));
        assert!(super::truncate(-1.0).1 && super::truncate(f64::NAN).1 && super::truncate(2f64.powi(64)).1);
    }
}
