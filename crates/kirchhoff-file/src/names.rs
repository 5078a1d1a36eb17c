//! The order of names.

/// A key by which names sort in natural order: runs of digits by their value, so that `features.2` comes before
/// `features.10`. Names that differ have different keys.
pub fn natural_order(name: &str) -> impl Ord + use<> {
    let mut parts: Vec<(bool, String)> = Vec::new();
    for character in name.chars() {
        let digit = character.is_ascii_digit();
        match parts.last_mut() {
            Some((was_digit, part)) if *was_digit == digit => part.push(character),
            _ => parts.push((digit, character.to_string())),
        }
    }
    let key = |(digit, part): (bool, String)| (!digit, part.parse().unwrap_or(u64::MAX), part);
    parts.into_iter().map(key).collect::<Vec<(bool, u64, String)>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_the_value_of_their_numbers() {
        let mut names = ["fc10", "features.10.weight", "features.2.weight", "fc2", "10", "9"];
        names.sort_by_key(|name| natural_order(name));
        assert_eq!(names, ["9", "10", "fc2", "fc10", "features.2.weight", "features.10.weight"]);
    }
}
