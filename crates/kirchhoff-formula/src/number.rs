//! Numbers as they are written.

/// A number in decimal: with `digits` significant digits, or as short as it can be and read back as the same `f32`.
///
/// Very small and very large ones have an exponent.
pub(super) fn number(d: f32, digits: Option<usize>) -> String {
    match digits {
        None if has_exponent(d.into()) => format!("{d:e}"),
        None => text(d),
        Some(digits) => {
            let rounded: f64 = format!("{:.*e}", digits.clamp(1, 17) - 1, d).parse().unwrap_or(f64::from(d));
            if has_exponent(rounded) { format!("{rounded:e}") } else { text(rounded) }
        }
    }
}

fn has_exponent(d: f64) -> bool {
    d.is_finite() && d != 0.0 && !(1e-4..1e7).contains(&d.abs())
}

/// As Rust, Python and C read them: `NaN` is written by Rust alone.
fn text(d: impl std::fmt::Display) -> String {
    d.to_string().replace("NaN", "nan")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_read_back_exactly(bits in any::<u32>()) {
            let d = f32::from_bits(bits);
            let read: f32 = number(d, None).parse().unwrap();
            prop_assert!(read.to_bits() == d.to_bits() || read.is_nan() && d.is_nan());
            prop_assert!(number(d, None).len() < 20);
        }
    }

    #[test]
    fn digits_are_significant() {
        assert_eq!(number(0.123_456, Some(3)), "0.123");
        assert_eq!(number(-99.96, Some(3)), "-100");
        assert_eq!(number(1.25e-7, Some(2)), "1.2e-7");
        assert_eq!(number(9.99e-5, Some(1)), "0.0001");
        assert_eq!([number(0.1, None), number(1e-7, None), number(-0.0, None)], ["0.1", "1e-7", "-0"]);
        assert_eq!([number(f32::INFINITY, None), number(f32::NAN, None)], ["inf", "nan"]);
    }
}
