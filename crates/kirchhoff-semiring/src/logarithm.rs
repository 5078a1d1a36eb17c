//! The natural logarithm of `f32`, without branches: in a loop the compiler makes it a vector operation.

/// `ln x` of a number that is not negative; `−∞` for 0 and `∞` for `∞`. Off by less than one unit in the last place,
/// and the same bits on every platform.
///
/// With `x = 2ᵏ (1 + f)` and `s = f / (2 + f)`, `ln (1 + f) = f − s (f − R)` where `R` is a polynomial in `s²`; the
/// reduction and the coefficients, good for `|R − exact| < 2⁻³⁴·²`, are those of `logf` in FreeBSD's msun.
///
/// ```
/// use kirchhoff_semiring::logarithm;
///
/// assert_eq!(logarithm(1.0), 0.0);
/// assert_eq!(logarithm(0.0), f32::NEG_INFINITY);
/// assert!((logarithm(10.0) - 10f32.ln()).abs() < 1e-6);
/// ```
#[inline(always)]
pub fn logarithm(x: f32) -> f32 {
    const LN2_HIGH: f32 = 6.931_381e-1;
    const LN2_LOW: f32 = 9.058_001e-6;
    const COEFFICIENTS: [f32; 4] = [0.666_666_6, 0.400_009_72, 0.284_987_87, 0.242_790_79];
    /// `√½` in bits, so that `1 + f` lies around 1.
    const ROOT: u32 = 0x3f35_04f3;
    const ONE: u32 = 0x3f80_0000;

    // Subnormal numbers get the exponent of normal ones.
    let tiny = x < f32::MIN_POSITIVE;
    let scaled = if tiny { x * 33_554_432.0 } else { x };
    let bits = scaled.to_bits().wrapping_add(ONE - ROOT);
    let exponent = (bits >> 23) as i32 - 127 - if tiny { 25 } else { 0 };
    let f = f32::from_bits((bits & 0x007f_ffff) + ROOT) - 1.0;
    let k = exponent as f32;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let remainder = z * (COEFFICIENTS[0] + w * COEFFICIENTS[2]) + w * (COEFFICIENTS[1] + w * COEFFICIENTS[3]);
    let half_square = 0.5 * f * f;
    let logarithm = s * (half_square + remainder) + k * LN2_LOW - half_square + f + k * LN2_HIGH;
    let finite = if x == 0.0 { f32::NEG_INFINITY } else { logarithm };
    if x == f32::INFINITY { f32::INFINITY } else { finite }
}

#[cfg(test)]
mod tests {
    use super::logarithm;

    /// Every 997th number, and all around 1 and 0, against `f64`.
    #[test]
    fn the_logarithm_is_right_to_the_last_place() {
        let around = |centre: f32| centre.to_bits().saturating_sub(5000)..centre.to_bits() + 5000;
        let numbers = (1..f32::INFINITY.to_bits()).step_by(997);
        let mut worst = 0.0f64;
        for bits in numbers.chain(around(1.0)).chain(1..5000).chain(around(f32::MIN_POSITIVE)) {
            let x = f32::from_bits(bits);
            let exact = f64::from(x).ln();
            if exact == 0.0 {
                assert_eq!(logarithm(x), 0.0);
                continue;
            }
            let magnitude = (exact as f32).abs();
            let last_place = f64::from(magnitude.next_up() - magnitude);
            worst = worst.max((f64::from(logarithm(x)) - exact).abs() / last_place);
        }
        assert!(worst < 1.0, "off by {worst} units in the last place");
        assert_eq!(logarithm(0.0), f32::NEG_INFINITY);
        assert_eq!(logarithm(f32::INFINITY), f32::INFINITY);
    }
}
