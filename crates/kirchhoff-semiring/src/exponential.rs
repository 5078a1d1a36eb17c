//! The exponential of `f32`, without branches: in a loop the compiler makes it a vector operation.

/// `eˣ` of a number up to 88; `0` below −87.3, where the result would be subnormal. Off by less than one and a half units
/// in the last place, and the same bits on every platform.
///
/// With `x = k ln 2 + r` and `|r| ≤ ½ ln 2` it is `2ᵏ eʳ`, with the polynomial for `eʳ` of Cephes' `expf`.
///
/// ```
/// use kirchhoff_semiring::exponential;
///
/// assert_eq!(exponential(0.0), 1.0);
/// assert_eq!(exponential(f32::NEG_INFINITY), 0.0);
/// assert!((exponential(-1.0) - (-1f32).exp()).abs() < 1e-7);
/// ```
#[inline(always)]
pub fn exponential(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    const COEFFICIENTS: [f32; 6] = [1.987_569_2e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5];
    /// `1.5 · 2²³`: added and taken away again, it rounds to an integer, which stands in the last bits meanwhile.
    const ROUND: f32 = 12_582_912.0;
    /// The least `x` whose exponential is a normal number.
    const LEAST: f32 = -87.336_54;

    let bounded = if x > LEAST { x } else { LEAST };
    let shifted = bounded * std::f32::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (bounded - k * LN2_HIGH) - k * LN2_LOW;
    let mut polynomial = COEFFICIENTS[0];
    for coefficient in &COEFFICIENTS[1..] {
        polynomial = polynomial * r + coefficient;
    }
    let fraction = polynomial * (r * r) + r + 1.0;
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    let scaled = fraction * f32::from_bits(exponent);
    if x > LEAST { scaled } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::exponential;

    /// Every 997th number from −100 to 88, against `f64`.
    #[test]
    fn the_exponential_is_right_to_the_last_place() {
        let below = (0..100f32.to_bits()).step_by(997).map(|bits| -f32::from_bits(bits));
        let above = (0..88f32.to_bits()).step_by(997).map(f32::from_bits);
        let mut worst = 0.0f64;
        for x in below.chain(above) {
            let exact = f64::from(x).exp();
            if exact < f64::from(f32::MIN_POSITIVE) {
                assert!(exponential(x) <= f32::MIN_POSITIVE, "{x}");
                continue;
            }
            let magnitude = exact as f32;
            let last_place = f64::from(magnitude.next_up() - magnitude);
            worst = worst.max((f64::from(exponential(x)) - exact).abs() / last_place);
        }
        assert!(worst < 1.5, "off by {worst} units in the last place");
    }
}
