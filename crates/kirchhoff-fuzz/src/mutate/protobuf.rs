//! Messages of protobuf, field by field, whose lengths are right again afterwards.

use rand::Rng;

use super::{Random, bytes, number, place};

/// Messages nest in what is changed up to here.
const DEPTH: usize = 12;

#[derive(Clone)]
enum Value {
    Number(u64),
    Four([u8; 4]),
    Eight([u8; 8]),
    Bytes(Vec<u8>),
}

#[derive(Clone)]
struct Field {
    number: u64,
    value: Value,
}

/// One to three changes to the fields of a message or of those within: lost, doubled, moved, taken from the other file, or of
/// another value.
pub fn protobuf(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..random.random_range(1..4) {
        file = match read(&file) {
            Some(fields) => written(&changed(fields, read(other).unwrap_or_default(), DEPTH, random)),
            None => return bytes(&file, other, random),
        };
    }
    file
}

fn changed(mut fields: Vec<Field>, other: Vec<Field>, depth: usize, random: &mut Random) -> Vec<Field> {
    if fields.is_empty() {
        return other;
    }
    let at = place(fields.len(), random);
    // Mostly the change is further inside.
    if depth > 0
        && random.random_range(0..5) > 0
        && let Value::Bytes(inner) = &fields[at].value
        && let Some(message) = read(inner).filter(|message| !message.is_empty())
    {
        let alike: Vec<&Field> = other.iter().filter(|field| field.number == fields[at].number).collect();
        let other = match alike.get(place(alike.len(), random)).map(|field| &field.value) {
            Some(Value::Bytes(inner)) => read(inner).unwrap_or_default(),
            _ => Vec::new(),
        };
        fields[at].value = Value::Bytes(written(&changed(message, other, depth - 1, random)));
        return fields;
    }
    match random.random_range(0..8) {
        0 => drop(fields.remove(at)),
        1 => {
            let times = [1, 1, 1, 2, 300][random.random_range(0..5)];
            let field = fields[at].clone();
            drop(fields.splice(at..at, std::iter::repeat_n(field, times)));
        }
        2 => {
            let with = place(fields.len(), random);
            fields.swap(at, with);
        }
        3 if !other.is_empty() => fields.insert(at, other[place(other.len(), random)].clone()),
        4 => fields[at].number = random.random_range(1..25),
        _ => fields[at].value = changed_value(&fields[at].value, random),
    }
    fields
}

fn changed_value(value: &Value, random: &mut Random) -> Value {
    match value {
        Value::Number(old) => Value::Number(match random.random_range(0..4) {
            0 => old.wrapping_add(1),
            1 => old.wrapping_sub(1),
            _ => number(random),
        }),
        Value::Four(_) => {
            let floats = [0.0, -1.0, f32::NAN, f32::INFINITY, 1e-45, f32::MAX, 0.5, -0.0];
            Value::Four(floats[random.random_range(0..8)].to_le_bytes())
        }
        Value::Eight(_) => Value::Eight(number(random).to_le_bytes()),
        Value::Bytes(old) => match random.random_range(0..4) {
            // Packed numbers, of one or of four bytes or more.
            0 => Value::Bytes(variable(number(random))),
            1 => Value::Bytes([&old[..], &variable(number(random))].concat()),
            2 => Value::Bytes(old[..place(old.len() + 1, random)].to_vec()),
            _ => Value::Bytes(bytes(old, old, random)),
        },
    }
}

fn read(mut file: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !file.is_empty() {
        let tag = take_variable(&mut file)?;
        let value = match tag & 7 {
            0 => Value::Number(take_variable(&mut file)?),
            1 => Value::Eight(take(&mut file, 8)?.try_into().ok()?),
            2 => {
                let length = usize::try_from(take_variable(&mut file)?).ok()?;
                Value::Bytes(take(&mut file, length)?.to_vec())
            }
            5 => Value::Four(take(&mut file, 4)?.try_into().ok()?),
            _ => return None,
        };
        fields.push(Field { number: (tag >> 3 > 0).then_some(tag >> 3)?, value });
    }
    Some(fields)
}

fn take<'a>(file: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = file.split_at_checked(length)?;
    *file = rest;
    Some(taken)
}

fn take_variable(file: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = take(file, 1)?[0];
        value |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some(value);
        }
    }
    None
}

fn written(fields: &[Field]) -> Vec<u8> {
    let mut file = Vec::new();
    for Field { number, value } in fields {
        let (kind, content) = match value {
            Value::Number(value) => (0, variable(*value)),
            Value::Eight(value) => (1, value.to_vec()),
            Value::Bytes(value) => (2, [variable(value.len() as u64), value.clone()].concat()),
            Value::Four(value) => (5, value.to_vec()),
        };
        file.extend(variable(number << 3 | kind));
        file.extend(content);
    }
    file
}

fn variable(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 127 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_written_as_they_were_read() {
        for number in [0, 1, 127, 128, 300, u64::MAX] {
            assert_eq!(take_variable(&mut &variable(number)[..]), Some(number));
        }
        let inner = written(&[Field { number: 3, value: Value::Four([1, 2, 3, 4]) }]);
        let fields = [
            Field { number: 1, value: Value::Number(1 << 40) },
            Field { number: 7, value: Value::Bytes(inner) },
            Field { number: 2, value: Value::Eight([7; 8]) },
        ];
        let file = written(&fields);
        assert_eq!(written(&read(&file).unwrap()), file);
        assert!(read(&file[..file.len() - 1]).is_none());
    }
}
