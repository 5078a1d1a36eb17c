//! Names and numbers in LaTeX's math mode.

/// A name in LaTeX: `x_{3,4}`, `w^{(2)}_{17 \to 4}`, `R_{h^{(1)}_{5}}`, `\mathrm{features.0}_{…}`.
///
/// Braces are balanced and every special character is escaped, whatever the name.
pub fn latex_name(name: &str) -> String {
    if let Some(inner) = name.strip_prefix("R(").and_then(|rest| rest.strip_suffix(')')) {
        return format!("R_{{{}}}", latex_name(inner));
    }
    let (base, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    let digits = base.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = &base[..base.len() - digits.len()];
    let mut text = match (letters.len(), digits) {
        (1, "") => letters.to_string(),
        (1, digits) if digits.bytes().all(|b| b.is_ascii_digit()) => format!("{letters}^{{({digits})}}"),
        _ => format!("\\mathrm{{{}}}", escaped(base)),
    };
    match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((place, "")) => text.push_str(&format!("_{{{}}}", escaped(place))),
        Some((place, more)) => text.push_str(&format!("_{{{}}}{{}}{}", escaped(place), escaped(more))),
        None => text.push_str(&escaped(rest)),
    }
    text
}

/// Text for math mode.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\backslash "),
            '^' => escaped.push_str("\\hat{}"),
            '~' => escaped.push_str("\\sim "),
            '→' => escaped.push_str(" \\to "),
            '…' => escaped.push_str("\\dots "),
            ' ' => escaped.push_str("\\ "),
            '{' | '}' | '_' | '#' | '$' | '%' | '&' => escaped.extend(['\\', c]),
            c if c.is_control() => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A decimal number, with its exponent as a power of ten.
pub(super) fn latex_number(number: &str) -> String {
    match number.split_once('e') {
        Some((mantissa, exponent)) => format!("{mantissa} \\cdot 10^{{{exponent}}}"),
        None => number.replace("inf", "\\infty").replace("nan", "\\mathrm{nan}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_set_as_in_a_paper() {
        assert_eq!(latex_name("w2[17→4]"), r"w^{(2)}_{17 \to 4}");
        assert_eq!(latex_name("R(x[3,4])"), r"R_{x_{3,4}}");
        assert_eq!(latex_name("start[0]"), r"\mathrm{start}_{0}");
        assert_eq!(latex_name("features.0[1→2]#2"), r"\mathrm{features.0}_{1 \to 2}{}\#2");
        assert_eq!(latex_name("a_b"), r"\mathrm{a\_b}");
        assert_eq!(latex_number("-1.5e-7"), r"-1.5 \cdot 10^{-7}");
    }
}
