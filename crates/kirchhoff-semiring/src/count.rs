//! Natural numbers of any size, exact.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigUint;
use num_traits::{FromPrimitive, ToPrimitive};

/// An exact natural number: a machine word while it fits in one, as long as it must be afterwards.
///
/// The number of paths from a pixel of a deep network outgrows every machine type, and a count that wraps or rounds is
/// wrong without saying so. Arithmetic on counts below 2⁶⁴ allocates nothing. A number has one representation, so that
/// `==` and hashing are exact.
///
/// Numbers of more than [`MOST_BITS`](Count::MOST_BITS) binary digits are not computed: a few dozen gates that square one another
/// would take all memory there is. What stands for them [is told apart](Count::is_beyond), and evaluations refuse it.
///
/// ```
/// use kirchhoff_semiring::Count;
///
/// let large = Count::from(u64::MAX);
/// let sum = large.plus(&Count::from(1));
/// assert_eq!(sum.to_string(), "18446744073709551616");
/// assert_eq!(sum.limbs().collect::<Vec<_>>(), [0, 1]);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Count(Representation);

/// `Large` holds numbers above `u64::MAX` only; boxed, it keeps a count at two words.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Representation {
    Small(u64),
    Large(Box<BigUint>),
    Beyond,
}

use Representation::{Beyond, Large, Small};

impl Count {
    /// 0.
    pub const ZERO: Count = Count(Small(0));
    /// 1.
    pub const ONE: Count = Count(Small(1));

    /// The most binary digits of a number: numbers of 39,456 decimal digits. A network has fewer paths, by far: they multiply by
    /// at most the width of a layer with each of them.
    pub const MOST_BITS: u64 = 1 << 17;

    /// Whether the number has more binary digits than are computed, so that nothing else is known of it.
    #[inline]
    pub fn is_beyond(&self) -> bool {
        matches!(self.0, Beyond)
    }

    /// A number that was computed, unless it has grown too large.
    fn grown(number: BigUint) -> Count {
        if number.bits() > Count::MOST_BITS { Count(Beyond) } else { Count(Large(Box::new(number))) }
    }

    /// A number above `u64::MAX`. Out of line, to keep the common case short where it is inlined.
    #[cold]
    fn large(number: u128) -> Count {
        Count(Large(Box::new(BigUint::from(number))))
    }

    /// The sum of two counts.
    #[inline]
    pub fn plus(&self, other: &Count) -> Count {
        match (&self.0, &other.0) {
            (&Small(a), &Small(b)) => match a.checked_add(b) {
                Some(sum) => Count(Small(sum)),
                None => Count::large(u128::from(a) + u128::from(b)),
            },
            (Large(a), &Small(b)) | (&Small(b), Large(a)) => Count::grown(&**a + b),
            (Large(a), Large(b)) => Count::grown(&**a + &**b),
            (Beyond, _) | (_, Beyond) => Count(Beyond),
        }
    }

    /// Adds `other`; a large sum reuses its memory.
    #[inline]
    pub fn plus_assign(&mut self, other: &Count) {
        match (&mut self.0, &other.0) {
            (Large(sum), &Small(b)) => **sum += b,
            (Large(sum), Large(b)) => **sum += &**b,
            (Small(_) | Beyond, _) | (_, Beyond) => *self = self.plus(other),
        }
        if matches!(&self.0, Large(sum) if sum.bits() > Count::MOST_BITS) {
            *self = Count(Beyond);
        }
    }

    /// The difference of two counts, 0 where the other one is larger. Between two that [are not
    /// known](Count::is_beyond) it is not known either.
    pub fn minus(&self, other: &Count) -> Count {
        match (&self.0, &other.0) {
            (&Small(a), &Small(b)) => Count(Small(a.saturating_sub(b))),
            (Small(_), Large(_)) | (Small(_) | Large(_), Beyond) => Count::ZERO,
            (Large(a), &Small(b)) => Count::from(&**a - b),
            (Large(a), Large(b)) if a < b => Count::ZERO,
            (Large(a), Large(b)) => Count::from(&**a - &**b),
            (Beyond, _) => Count(Beyond),
        }
    }

    /// The product of two counts.
    #[inline]
    pub fn times(&self, other: &Count) -> Count {
        match (&self.0, &other.0) {
            (&Small(a), &Small(b)) => match a.checked_mul(b) {
                Some(product) => Count(Small(product)),
                None => Count::large(u128::from(a) * u128::from(b)),
            },
            (Large(_) | Beyond, &Small(0)) | (&Small(0), Large(_) | Beyond) => Count::ZERO,
            (Large(a), &Small(b)) | (&Small(b), Large(a)) => Count::grown(&**a * b),
            // A product has the digits of both factors, or one less.
            (Large(a), Large(b)) if a.bits() + b.bits() > Count::MOST_BITS + 1 => Count(Beyond),
            (Large(a), Large(b)) => Count::grown(&**a * &**b),
            (Beyond, _) | (_, Beyond) => Count(Beyond),
        }
    }

    /// Adds the product of two counts; a product with 0 or 1 is never made.
    #[inline]
    pub fn add_product(&mut self, a: &Count, b: &Count) {
        match (&a.0, &b.0) {
            (Small(0), _) | (_, Small(0)) => {}
            (Small(1), _) => self.plus_assign(b),
            (_, Small(1)) => self.plus_assign(a),
            _ => self.plus_assign(&a.times(b)),
        }
    }

    /// Whether this is 0.
    #[inline]
    pub fn is_zero(&self) -> bool {
        matches!(self.0, Small(0))
    }

    /// The number as a machine word, if it fits in one.
    #[inline]
    pub fn to_u64(&self) -> Option<u64> {
        match self.0 {
            Small(number) => Some(number),
            Large(_) | Beyond => None,
        }
    }

    /// The nearest `f64`; `∞` above the largest one.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Small(number) => *number as f64,
            Large(number) => number.to_f64().unwrap_or(f64::INFINITY),
            Beyond => f64::INFINITY,
        }
    }

    /// The number as a big integer; 0 where it [is not known](Count::is_beyond), as in all that follows.
    pub fn to_biguint(&self) -> BigUint {
        match &self.0 {
            Small(number) => BigUint::from(*number),
            Large(number) => (**number).clone(),
            Beyond => BigUint::ZERO,
        }
    }

    /// The natural number nearest to `x`, with halves rounded up: 0 for a negative `x` and for NaN. An infinite `x`
    /// stands for no number and gives that of `f64::MAX`.
    pub fn nearest(x: f64) -> Count {
        let rounded = x.clamp(0.0, f64::MAX).round();
        // A whole f64 below 2⁶⁴ is a u64.
        if rounded < 18_446_744_073_709_551_616.0 {
            Count(Small(rounded as u64))
        } else {
            BigUint::from_f64(rounded).map_or(Count::ZERO, Count::from)
        }
    }

    /// The number in 64-bit limbs, the lowest first, without leading zeros: no limb for 0.
    pub fn limbs(&self) -> impl Iterator<Item = u64> {
        let (small, large) = match &self.0 {
            Small(number) => (Some(*number).filter(|&number| number != 0), None),
            Large(number) => (None, Some(number.iter_u64_digits())),
            Beyond => (None, None),
        };
        small.into_iter().chain(large.into_iter().flatten())
    }

    /// The number of limbs: 0 for 0.
    pub fn limb_count(&self) -> usize {
        match &self.0 {
            Small(0) | Beyond => 0,
            Small(_) => 1,
            Large(number) => number.iter_u64_digits().len(),
        }
    }

    /// The number of binary digits: 0 for 0.
    pub fn bits(&self) -> u64 {
        match &self.0 {
            Small(number) => u64::from(u64::BITS - number.leading_zeros()),
            Large(number) => number.bits(),
            Beyond => 0,
        }
    }

    /// The number that `length ≤ 64` binary digits from digit `first` on make.
    pub fn part(&self, first: u64, length: u64) -> u64 {
        let digits = match &self.0 {
            Small(number) => u128::from(*number) >> first.min(64),
            Large(number) => {
                let mut limbs = number.iter_u64_digits().skip((first / 64) as usize);
                let (low, high) = (limbs.next().unwrap_or(0), limbs.next().unwrap_or(0));
                (u128::from(high) << 64 | u128::from(low)) >> (first % 64)
            }
            Beyond => 0,
        };
        digits as u64 & u64::MAX.checked_shl(length as u32).map_or(u64::MAX, |above| !above)
    }

    /// `number · 2ᵉ`.
    pub fn shifted(number: u64, exponent: u64) -> Count {
        if exponent <= u64::from(number.leading_zeros()) {
            Count(Small(number.checked_shl(exponent as u32).unwrap_or(0)))
        } else {
            Count::from(BigUint::from(number) << exponent)
        }
    }

    /// The number whose limbs, the lowest first, these are; leading zeros do not matter.
    pub fn from_limbs(limbs: &[u64]) -> Count {
        let digits = limbs.iter().flat_map(|&limb| [limb as u32, (limb >> 32) as u32]).collect();
        Count::from(BigUint::new(digits))
    }
}

impl Default for Count {
    fn default() -> Self {
        Count::ZERO
    }
}

impl From<u64> for Count {
    #[inline]
    fn from(number: u64) -> Self {
        Count(Small(number))
    }
}

impl From<BigUint> for Count {
    fn from(number: BigUint) -> Self {
        match number.to_u64() {
            Some(small) => Count(Small(small)),
            None => Count::grown(number),
        }
    }
}

impl PartialOrd for Count {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Count {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Small(a), Small(b)) => a.cmp(b),
            (Large(a), Large(b)) => a.cmp(b),
            (Beyond, Beyond) => Ordering::Equal,
            (Small(_), _) | (_, Beyond) => Ordering::Less,
            (_, Small(_)) | (Beyond, _) => Ordering::Greater,
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Small(number) => number.fmt(f),
            Large(number) => number.fmt(f),
            Beyond => write!(f, "more than 2^{}", Count::MOST_BITS),
        }
    }
}

/// The decimal digits: the representation is nobody's business.
impl fmt::Debug for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_all_need_are_not_computed() {
        let mut square = Count::from(2);
        // 2^(2^17 - 1) is the largest power of 2 that is computed.
        let mut largest = Count::ONE;
        for step in 0..17 {
            assert!(!square.is_beyond(), "2^(2^{step})");
            largest = largest.times(&square);
            square = square.times(&square);
        }
        assert!(square.is_beyond() && !largest.is_beyond());
        assert_eq!(largest.bits(), Count::MOST_BITS);
        let mut sum = largest.clone();
        sum.plus_assign(&largest);
        assert!(sum.is_beyond() && largest.plus(&largest).is_beyond() && largest.times(&Count::from(2)).is_beyond());
        assert_eq!(square.times(&Count::ZERO), Count::ZERO);
        assert!(square.plus(&Count::ONE).is_beyond() && square.times(&square).is_beyond());
        assert!(largest < square && Count::ZERO < square);
        assert_eq!(square.to_string(), "more than 2^131072");
    }
}
