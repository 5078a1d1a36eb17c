//! Texts, word by word.

use rand::Rng;

use super::{Random, number, place};

/// One to three changes to the words of a text: numbers at which programs go wrong, words and lines lost, doubled, moved, or taken from
/// the other text, and brackets that open and do not close.
pub fn text(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let (file, other) = (String::from_utf8_lossy(file), String::from_utf8_lossy(other));
    let mut words = words(&file);
    let others = self::words(&other);
    for _ in 0..random.random_range(1..4) {
        let at = place(words.len(), random);
        let end = (at + random.random_range(1..12)).min(words.len());
        match random.random_range(0..8) {
            0 | 1 => {
                let numbers: Vec<usize> = (0..words.len()).filter(|&word| is_number(&words[word])).collect();
                if !numbers.is_empty() {
                    words[numbers[place(numbers.len(), random)]] = numeral(random);
                }
            }
            2 => drop(words.drain(at..end)),
            3 => {
                let piece = words[at..end].to_vec();
                drop(words.splice(at..at, piece));
            }
            4 if !others.is_empty() => {
                let from = place(others.len(), random);
                let to = (from + random.random_range(1..12)).min(others.len());
                drop(words.splice(at..end, others[from..to].iter().cloned()));
            }
            5 if !words.is_empty() => {
                let with = place(words.len(), random);
                words.swap(at, with);
            }
            6 => {
                let open = ["(", "[", "{", "\"", "-", "(+ ", "(* ", "not "][random.random_range(0..8)];
                words.insert(at, open.repeat([1, 2, 40, 5000][random.random_range(0..4)]));
            }
            _ => {
                let new = ["\u{0}", "ü", "\n", " ", ",", "=", "e", ".", "nan", "inf", "-1"][random.random_range(0..11)];
                words.insert(at, new.to_string());
            }
        }
    }
    words.concat().into_bytes()
}

/// The words of a text and what stands between them: together they are the text.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut inside = false;
    for character in text.chars() {
        let is_word = character.is_alphanumeric() || "._-".contains(character);
        match words.last_mut() {
            Some(word) if inside && is_word => word.push(character),
            _ => words.push(character.to_string()),
        }
        inside = is_word;
    }
    words
}

fn is_number(word: &str) -> bool {
    word.parse::<f64>().is_ok()
}

/// A number as a text has it.
pub fn numeral(random: &mut Random) -> String {
    match random.random_range(0..6) {
        0 => format!("-{}", number(random)),
        1 => ["1e400", "-1e400", "1e-400", "nan", "inf", "-0", "0.1", "1.5e38"][random.random_range(0..8)].to_string(),
        2 => "9".repeat(random.random_range(1..400)),
        _ => number(random).to_string(),
    }
}
