//! Names by number: of classes, of a table's columns, of the words of a vocabulary.

use std::path::Path;

use kirchhoff_file::read_text;
use serde_json::Value;

use crate::InputError;

const FORMAT: &str = "list of names";
/// Vocabularies have up to a few hundred thousand words.
const MOST: usize = 1 << 22;

/// Reads names by number, from 0:
///
/// - a text, a name a line; or, in one line, names between tabs or commas, as the first line of a table;
/// - a JSON list of names, or an object of names by number, as `{"0": "tench"}` or `{"0": ["n01440764", "tench"]}`, of which the
///   last word is the name;
/// - an object of numbers by name, as the vocabularies of tokenizers are (`vocab.json`), or a `tokenizer.json` of Hugging Face's
///   tokenizers, whose pieces are written as the text that they stand for.
///
/// Numbers without a name have an empty one.
///
/// # Errors
/// A file that cannot be read, or is none of these; more than 2²² names.
pub fn read_names(path: &Path) -> Result<Vec<String>, InputError> {
    let text = read_text(path).map_err(|error| InputError::io(path, error))?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let names = match is_json {
        false => of_text(&text),
        true => {
            let value = serde_json::from_str(&text);
            of_json(value.map_err(|error| InputError::malformed(path, FORMAT, error.to_string()))?)
        }
    };
    let names = names.map_err(|reason| InputError::malformed(path, FORMAT, reason))?;
    match names.is_empty() {
        true => Err(InputError::malformed(path, FORMAT, "it holds no names")),
        false => Ok(names),
    }
}

fn of_text(text: &str) -> Result<Vec<String>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.lines().map(|line| line.trim_end_matches('\r')).collect();
    if let [line] = lines[..]
        && let Some(separator) = ['\t', ','].into_iter().find(|&separator| line.contains(separator))
    {
        return Ok(line.split(separator).map(|name| name.trim().trim_matches('"').to_string()).collect());
    }
    match lines.len() > MOST {
        true => Err(format!("it has {} lines, more than {MOST}", lines.len())),
        false => Ok(lines.into_iter().map(str::to_string).collect()),
    }
}

fn of_json(value: Value) -> Result<Vec<String>, String> {
    match value {
        Value::Array(values) => values.iter().map(last_word).collect(),
        Value::Object(object) => match object.get("model") {
            Some(model @ Value::Object(_)) => tokenizer(model, object.get("added_tokens"), is_byte_level(&object)),
            _ if object.values().all(Value::is_number) => by_name(object.iter(), false),
            _ => {
                let number = |text: &str| text.trim().parse::<u64>().map_err(|_| format!("'{text}' is no number"));
                let pairs = object.iter().map(|(text, name)| Ok((number(text)?, last_word(name)?)));
                by_number(pairs.collect::<Result<_, String>>()?)
            }
        },
        _ => Err("it is neither a list nor an object".to_string()),
    }
}

/// A name, or the last of a list of them, as in ImageNet's index of classes.
fn last_word(value: &Value) -> Result<String, String> {
    match value {
        Value::String(name) => Ok(name.clone()),
        Value::Array(words) => words.last().map_or(Err("a name is an empty list".to_string()), last_word),
        other => Err(format!("{other} is no name")),
    }
}

/// The vocabulary of a tokenizer: pieces with their numbers, or in their order with a score each.
fn tokenizer(model: &Value, added: Option<&Value>, byte_level: bool) -> Result<Vec<String>, String> {
    let mut names = match model.get("vocab") {
        Some(Value::Object(pieces)) => by_name(pieces.iter(), byte_level)?,
        Some(Value::Array(pieces)) => {
            let piece = |value: &Value| match value {
                Value::Array(pair) => pair.first().map_or(Err("a piece is empty".to_string()), last_word),
                other => Err(format!("{other} is no piece")),
            };
            pieces.iter().map(|value| Ok(shown(&piece(value)?, byte_level))).collect::<Result<_, String>>()?
        }
        _ => return Err("its model has no vocabulary".to_string()),
    };
    for token in added.and_then(Value::as_array).into_iter().flatten() {
        if let (Some(number), Some(content)) = (token["id"].as_u64(), token["content"].as_str()) {
            place(&mut names, number, content.to_string())?;
        }
    }
    Ok(names)
}

/// Whether pieces are written in the letters that stand for bytes.
fn is_byte_level(tokenizer: &serde_json::Map<String, Value>) -> bool {
    let parts = ["pre_tokenizer", "decoder"].into_iter().filter_map(|part| tokenizer.get(part));
    parts.map(Value::to_string).any(|part| part.contains("\"ByteLevel\""))
}

fn by_name<'a>(pairs: impl Iterator<Item = (&'a String, &'a Value)>, byte_level: bool) -> Result<Vec<String>, String> {
    let pair = |(name, value): (&String, &Value)| {
        let number = value.as_u64().ok_or_else(|| format!("the number of '{name}' is {value}"))?;
        Ok((number, shown(name, byte_level)))
    };
    by_number(pairs.map(pair).collect::<Result<_, String>>()?)
}

fn by_number(pairs: Vec<(u64, String)>) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    pairs.into_iter().try_for_each(|(number, name)| place(&mut names, number, name))?;
    Ok(names)
}

fn place(names: &mut Vec<String>, number: u64, name: String) -> Result<(), String> {
    let at = usize::try_from(number).ok().filter(|&at| at < MOST);
    let at = at.ok_or_else(|| format!("'{name}' has number {number}; there are up to {MOST}"))?;
    names.resize(names.len().max(at + 1), String::new());
    names[at] = name;
    Ok(())
}

/// A piece as the text that it stands for. Letters beyond those of ASCII stand for bytes where the tokenizer has a byte level (as
/// GPT-2's, whose table this is: printable ones for themselves, the others in order from U+0100); "▁" is a space.
fn shown(piece: &str, byte_level: bool) -> String {
    if !byte_level {
        return piece.replace('▁', " ");
    }
    let byte = |letter: char| -> Option<u8> {
        let code = u32::from(letter);
        match code {
            0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => u8::try_from(code).ok(),
            0x100..=0x143 => (0..=0xff_u8)
                .filter(|byte| !matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff))
                .nth(code as usize - 0x100),
            _ => None,
        }
    };
    match piece.chars().map(byte).collect::<Option<Vec<u8>>>() {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None => piece.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, content: &str) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        read_names(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn texts_have_a_name_a_line_or_one_line_of_them() {
        assert_eq!(read("names.txt", "[PAD]\r\nthe\n##ing\n").unwrap(), ["[PAD]", "the", "##ing"]);
        assert_eq!(read("table.csv", "age,\"hours a week\", sex\n").unwrap(), ["age", "hours a week", "sex"]);
        assert_eq!(read("one.txt", "alone\n").unwrap(), ["alone"]);
        assert!(read("none.txt", "").unwrap_err().contains("no names"));
    }

    #[test]
    fn json_has_lists_indices_and_vocabularies() {
        assert_eq!(read("a.json", r#"["cat", "dog"]"#).unwrap(), ["cat", "dog"]);
        assert_eq!(
            read("a.json", r#"{"1": ["n01", "goldfish"], "0": ["n00", "tench"]}"#).unwrap(),
            ["tench", "goldfish"]
        );
        assert_eq!(read("vocab.json", r#"{"b": 2, "a": 0}"#).unwrap(), ["a", "", "b"]);
        for (wrong, what) in
            [("[1]", "no name"), ("3", "neither"), ("{\"x\": \"y\"}", "'x' is no number"), ("{", "EOF")]
        {
            assert!(read("a.json", wrong).unwrap_err().contains(what), "{wrong}");
        }
        assert!(read("a.json", r#"{"a": 99999999999}"#).unwrap_err().contains("there are up to"));
    }

    #[test]
    fn tokenizers_say_what_their_pieces_stand_for() {
        let bytes = r#"{"model": {"type": "BPE", "vocab": {"Ġthe": 1, "Ã©": 0}}, "decoder": {"type": "ByteLevel"},
                        "added_tokens": [{"id": 3, "content": "<|end|>"}]}"#;
        assert_eq!(read("tokenizer.json", bytes).unwrap(), ["é", " the", "", "<|end|>"]);
        let pieces = r#"{"model": {"type": "Unigram", "vocab": [["<unk>", 0.0], ["▁the", -3.1]]}, "decoder": null}"#;
        assert_eq!(read("tokenizer.json", pieces).unwrap(), ["<unk>", " the"]);
        let words = r###"{"model": {"type": "WordPiece", "vocab": {"[CLS]": 0, "##ing": 1}}}"###;
        assert_eq!(read("tokenizer.json", words).unwrap(), ["[CLS]", "##ing"]);
        assert!(read("tokenizer.json", r#"{"model": {}}"#).unwrap_err().contains("no vocabulary"));
    }
}
