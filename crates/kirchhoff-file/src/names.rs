//! The order of names, and names as parts of those of files.

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

/// Characters of a name that become part of a file's.
const LONGEST: usize = 100;

/// A name, such as a layer's or an input's, as part of a file's: letters, digits, dots, lines and hyphens stay, everything else
/// becomes `_`, and no more than a hundred characters are kept.
pub fn file_name(name: &str) -> String {
    let kept = |letter: char| if letter.is_alphanumeric() || "._-".contains(letter) { letter } else { '_' };
    name.chars().take(LONGEST).map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_parts_of_file_names() {
        assert_eq!(file_name("/layer1/conv1 Conv_é.0"), "_layer1_conv1_Conv_é.0");
        assert_eq!(file_name("../\u{0}\n*?"), ".._____");
        assert_eq!(file_name(&"字".repeat(500)).chars().count(), 100);
    }

    #[test]
    fn names_sort_by_the_value_of_their_numbers() {
        let mut names = ["fc10", "features.10.weight", "features.2.weight", "fc2", "10", "9"];
        names.sort_by_key(|name| natural_order(name));
        assert_eq!(names, ["9", "10", "fc2", "fc10", "features.2.weight", "features.10.weight"]);
    }
}
