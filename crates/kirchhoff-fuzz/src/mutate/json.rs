//! Safetensors files, whose headers are JSON, in which strings may be JSON again.

use rand::Rng;
use serde_json::{Map, Value, json};

use super::{Random, bytes, number, place, text::numeral};

/// Changes the header, of which the length is right again afterwards, or the data behind it.
pub fn tensors(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let (Some((mut header, data)), Some((other, _))) = (parts(file), parts(other)) else {
        return bytes(file, other, random);
    };
    let data = if random.random_range(0..3) == 0 { bytes(data, data, random) } else { data.to_vec() };
    for _ in 0..random.random_range(1..4) {
        change(&mut header, &other, random);
    }
    let mut text = header.to_string().into_bytes();
    if random.random() {
        text.resize(text.len().next_multiple_of(8), b' ');
    }
    [&(text.len() as u64).to_le_bytes()[..], &text, &data].concat()
}

fn parts(file: &[u8]) -> Option<(Value, &[u8])> {
    let (length, rest) = file.split_first_chunk()?;
    let (header, data) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    Some((serde_json::from_slice(header).ok()?, data))
}

/// One change somewhere in a value; the other gives parts.
fn change(value: &mut Value, other: &Value, random: &mut Random) {
    match value {
        Value::Array(values) if !values.is_empty() && random.random_range(0..4) > 0 => {
            let at = place(values.len(), random);
            let other = other.get(at).cloned().unwrap_or_default();
            change(&mut values[at], &other, random);
        }
        Value::Array(values) => {
            let at = place(values.len(), random);
            match random.random_range(0..4) {
                0 if !values.is_empty() => drop(values.remove(at)),
                1 if !values.is_empty() => {
                    let times = [1, 1, 3, 200][random.random_range(0..4)];
                    let value = values[at].clone();
                    drop(values.splice(at..at, std::iter::repeat_n(value, times)));
                }
                2 if !values.is_empty() => {
                    let with = place(values.len(), random);
                    values.swap(at, with);
                }
                _ => values.push(json!(number(random))),
            }
        }
        Value::Object(fields) if !fields.is_empty() && random.random_range(0..5) > 0 => {
            let name = key(fields, random);
            let other = other.get(&name).cloned().unwrap_or_default();
            fields.entry(name).and_modify(|value| change(value, &other, random));
        }
        Value::Object(fields) => match (random.random_range(0..3), other) {
            (0, _) if !fields.is_empty() => {
                let name = key(fields, random);
                fields.remove(&name);
            }
            (1, Value::Object(others)) if !others.is_empty() => {
                let name = key(others, random);
                fields.insert(name.clone(), others[&name].clone());
            }
            _ => {
                let from = if fields.is_empty() { String::new() } else { key(fields, random) };
                let value = fields.get(&from).cloned().unwrap_or_default();
                fields.insert(format!("{from}{}", random.random_range(0..10)), value);
            }
        },
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(mut inner @ (Value::Object(_) | Value::Array(_))) => {
                let other = other.as_str().and_then(|other| serde_json::from_str(other).ok()).unwrap_or_default();
                change(&mut inner, &other, random);
                *text = inner.to_string();
            }
            _ => match random.random_range(0..4) {
                0 => *value = json!(number(random)),
                1 => *text = other.as_str().unwrap_or_default().to_string(),
                2 => *text = numeral(random),
                _ => *text = String::from_utf8_lossy(&super::text(text.as_bytes(), b"", random)).into_owned(),
            },
        },
        Value::Number(_) | Value::Bool(_) | Value::Null => {
            *value = match random.random_range(0..8) {
                0 => Value::Null,
                1 => json!(!random.random::<bool>()),
                2 => json!(-1),
                3 => json!(0.5),
                4 => json!("1"),
                5 => other.clone(),
                _ => json!(number(random)),
            }
        }
    }
}

/// The name of one of the fields.
fn key(fields: &Map<String, Value>, random: &mut Random) -> String {
    fields.keys().nth(place(fields.len(), random)).cloned().unwrap_or_default()
}
