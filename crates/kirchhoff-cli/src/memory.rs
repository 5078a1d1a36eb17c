//! Amounts of memory, as users write them.

/// A number of bytes as users write it: `300MiB`, `1.5GiB`, `250MB`, `1048576`.
pub fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1024.0 * 1024.0,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(format!("`{unit}` is no unit of memory: write 300MiB, 1.5GiB or a number of bytes")),
    };
    match number.trim().parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok((number * factor) as u64),
        _ => Err("write a positive number and a unit, such as 300MiB".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(size("300MiB"), Ok(300 << 20));
        assert_eq!(size("1.5gib"), Ok(3 << 29));
        assert_eq!([size("250MB"), size("1048576"), size("2k")], [Ok(250_000_000), Ok(1 << 20), Ok(2048)]);
        for wrong in ["", "MiB", "-1MiB", "1 furlong", "1e999", "nanGiB", "0"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
