//! Sums of products, as logarithms.

use super::{maximum, minimum, near};
use crate::{Array, Carrier, Embed, Interval, Law, Laws, Project, Semiring, exponential, logarithm};

/// `([−∞, ∞), log(eᵃ + eᵇ), +, −∞, 0)`: the logarithm of the non-negative reals, where the sum over all paths neither
/// underflows nor overflows.
///
/// `⊗` is commutative and nothing else holds beyond the axioms. `⊕` is computed as `h + ln(1 + eˡ⁻ʰ)` with `h` the
/// greater of the two, and of several as
/// `h + ln Σ eᵃ⁻ʰ`, so that no exponential overflows. No element is ∞, so `a + b` is always a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Log;

/// Sums that are computed side by side.
const LANES: usize = 16;

/// `h + ln Σ eᵃ⁻ʰ` of each lane, with `h` the greatest of its values.
#[inline(always)]
fn sum_rows(sums: &mut [f32], rows: &[f32]) {
    let width = sums.len();
    for (first, sums) in (0..width).step_by(LANES).zip(sums.chunks_mut(LANES)) {
        let lanes = sums.len();
        let (mut greatest, mut total) = ([f32::NEG_INFINITY; LANES], [0.0f32; LANES]);
        for row in rows.chunks_exact(width) {
            let pairs = greatest[..lanes].iter_mut().zip(&row[first..first + lanes]);
            pairs.for_each(|(greatest, &x)| *greatest = maximum(*greatest, x));
        }
        greatest.iter_mut().for_each(|greatest| *greatest = finite(*greatest));
        for row in rows.chunks_exact(width) {
            let triples = total[..lanes].iter_mut().zip(&greatest).zip(&row[first..first + lanes]);
            triples.for_each(|((total, greatest), x)| *total += exponential(x - greatest));
        }
        let pairs = sums.iter_mut().zip(greatest.iter().zip(&total));
        pairs.for_each(|(sum, (greatest, &total))| *sum = greatest + logarithm(total));
    }
}

/// The offset of a sum: 0 in place of −∞, from which the difference to −∞ would be no number.
#[inline(always)]
fn finite(greatest: f32) -> f32 {
    maximum(greatest, f32::MIN)
}

impl Semiring for Log {
    type Value = f32;

    #[inline]
    fn zero(&self) -> f32 {
        f32::NEG_INFINITY
    }

    #[inline]
    fn one(&self) -> f32 {
        0.0
    }

    #[inline]
    fn plus(&self, a: &f32, b: &f32) -> f32 {
        let (low, high) = (minimum(*a, *b), maximum(*a, *b));
        // The neutral element: without this −∞ ⊕ −∞ would be −∞ + ln(1 + e^NaN).
        if low == f32::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
    }

    #[inline(always)]
    fn sum_rows(&self, sums: &mut [f32], rows: &[f32]) -> bool {
        match sums {
            [] => {}
            // A single sum is that of the sums of its lanes.
            [sum] => {
                let (lanes, rest) = rows.split_at(rows.len() - rows.len() % LANES);
                let mut last = [f32::NEG_INFINITY; LANES];
                last[..rest.len()].copy_from_slice(rest);
                let mut partial = [f32::NEG_INFINITY; 2 * LANES];
                sum_rows(&mut partial[..LANES], lanes);
                partial[LANES..].copy_from_slice(&last);
                let greatest = partial.iter().fold(f32::NEG_INFINITY, |a, &b| maximum(a, b));
                let offset = finite(greatest);
                *sum = offset + logarithm(partial.iter().map(|x| exponential(x - offset)).sum());
            }
            _ => sum_rows(sums, rows),
        }
        true
    }

    #[inline]
    fn times(&self, a: &f32, b: &f32) -> f32 {
        a + b
    }

    #[inline]
    fn is_element(&self, a: &f32) -> bool {
        *a < f32::INFINITY
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes])
    }

    fn elements(&self) -> Vec<f32> {
        vec![f32::NEG_INFINITY, 0.0, 1.0, -1.0, 0.5, -2.0, -10.0, 20.0]
    }

    fn close(&self, a: &f32, b: &f32) -> bool {
        // A relative error of the number is an absolute one of its logarithm.
        near(*a, *b, 1e-5, 1e-5)
    }
}

impl Project for Log {
    fn project(&self, a: &f32) -> f64 {
        f64::from(*a)
    }

    fn array(&self, values: Vec<f32>) -> Array {
        Array::F32(values)
    }
}

impl Embed for Log {
    fn carrier(&self) -> Carrier {
        Carrier::real(Interval::closed_below(f64::NEG_INFINITY, f64::INFINITY))
    }

    #[inline(always)]
    fn embed(&self, x: f32) -> f32 {
        // The nearest element to ∞ is the largest one.
        minimum(x, f32::MAX) + 0.0
    }
}
