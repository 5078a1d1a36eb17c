//! Numbers as legends write them.

/// Writes a number as a legend does: at most three significant digits, `1.2e5` for the large and the small, `∞`, and
/// a true minus sign.
///
/// ```
/// use kirchhoff_render::format_value;
///
/// let written = [0.98, 124_000.0, -0.5, 3e-7, f64::INFINITY].map(format_value);
/// assert_eq!(written, ["0.98", "1.2e5", "−0.5", "3e−7", "∞"]);
/// ```
pub fn format_value(value: f64) -> String {
    if value.is_nan() {
        return "not a number".to_owned();
    }
    let sign = if value < 0.0 { "−" } else { "" };
    let magnitude = value.abs();
    let digits = if magnitude == 0.0 {
        "0".to_owned()
    } else if magnitude.is_infinite() {
        "∞".to_owned()
    } else if (1e-3..9999.5).contains(&magnitude) {
        let decimals = (1..4).filter(|&power| magnitude < 10_f64.powi(3 - power)).count();
        // Below one, the leading zeros after the point are not significant digits.
        let leading = (1..4).filter(|&power| magnitude < 10_f64.powi(-power)).count();
        without_trailing_zeros(&format!("{magnitude:.*}", (decimals + leading).min(5)))
    } else {
        let scientific = format!("{magnitude:.1e}");
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        format!("{}e{}", without_trailing_zeros(mantissa), exponent.replace('-', "−"))
    };
    format!("{sign}{digits}")
}

fn without_trailing_zeros(digits: &str) -> String {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.').to_owned() } else { digits.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_significant_digits() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (0.123456, "0.123"),
            (0.0123456, "0.0123"),
            (0.00123456, "0.00123"),
            (0.000123456, "1.2e−4"),
            (12.3456, "12.3"),
            (123.456, "123"),
            (1234.5, "1234"),
            (9999.0, "9999"),
            (10_000.0, "1e4"),
            (5e38, "5e38"),
            (-1.26e5, "−1.3e5"),
            (f64::NEG_INFINITY, "−∞"),
            (f64::MAX, "1.8e308"),
            (f64::MIN_POSITIVE, "2.2e−308"),
        ];
        for (value, written) in cases {
            assert_eq!(format_value(value), written, "{value:e}");
        }
    }
}
