//! NumPy's `.npy` files.
//!
//! The header is read here and not by a library: those there are evaluate it as a Python literal, recursively, and a
//! hostile header overflows their stack. A plain array's header is one flat dictionary.

use std::path::Path;

use half::f16;
use kirchhoff_file::MappedFile;
use ndarray::{ArrayViewD, IxDyn, ShapeBuilder};

use super::InputError;
use super::read::Source;
use crate::operator::elements;

const FORMAT: &str = ".npy";

/// What a header says.
#[derive(Debug, PartialEq)]
struct Header {
    /// The type of values, as NumPy writes it: `<f4`.
    kind: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

/// Reads a `.npy` file of float16, float32, float64, or 8-bit values, which are divided by 255.
pub(crate) fn read(path: &Path, source: &mut Source) -> Result<(), InputError> {
    let io = |error| InputError::io(path, error);
    let malformed = |reason: String| InputError::malformed(path, FORMAT, reason);
    let file = MappedFile::open(path).map_err(io)?;
    if file.is_empty() {
        return Err(malformed("it is empty".to_string()));
    }
    let (header, data) = split(&file).map_err(malformed)?;
    let convert = conversion(&header.kind).ok_or_else(|| {
        let kind = &header.kind;
        let reason = format!("its values are of type '{kind}': only float16, float32, float64 and uint8 can be read");
        InputError::unsupported(path, reason)
    })?;
    let expected = elements(&header.shape).and_then(|count| count.checked_mul(convert.size));
    if expected != Some(data.len()) {
        let (shape, got) = (&header.shape, data.len());
        let expected = expected.map_or("more bytes than there can be".to_string(), |bytes| format!("{bytes} bytes"));
        return Err(malformed(format!("values of shape {shape:?} take {expected}, but {got} follow the header")));
    }
    source.array(path, &header.shape, || {
        let values: Vec<f32> = data.chunks_exact(convert.size).map(convert.value).collect();
        if !header.fortran_order {
            return Ok(values);
        }
        let array = ArrayViewD::from_shape(IxDyn(&header.shape).f(), &values)
            .map_err(|error| malformed(format!("its shape cannot be taken: {error}")))?;
        Ok(array.iter().copied().collect())
    })
}

struct Conversion {
    /// Bytes of a value.
    size: usize,
    value: fn(&[u8]) -> f32,
}

/// How to read values of a type; `None` for types that are not read.
fn conversion(kind: &str) -> Option<Conversion> {
    // Slices of `size` bytes convert; others do not occur.
    fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
        bytes.try_into().unwrap_or([0; N])
    }
    let (size, value): (usize, fn(&[u8]) -> f32) = match kind {
        "<f4" => (4, |bytes| f32::from_le_bytes(array(bytes))),
        ">f4" => (4, |bytes| f32::from_be_bytes(array(bytes))),
        "<f8" => (8, |bytes| f64::from_le_bytes(array(bytes)) as f32),
        ">f8" => (8, |bytes| f64::from_be_bytes(array(bytes)) as f32),
        "<f2" => (2, |bytes| f16::from_le_bytes(array(bytes)).to_f32()),
        ">f2" => (2, |bytes| f16::from_be_bytes(array(bytes)).to_f32()),
        "|u1" | "<u1" | ">u1" => (1, |bytes| f32::from(bytes[0]) / 255.0),
        _ => return None,
    };
    Some(Conversion { size, value })
}

/// The header of a file, and its data.
fn split(bytes: &[u8]) -> Result<(Header, &[u8]), String> {
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or("it does not start as one")?;
    let cut_off = || "it ends within its header".to_string();
    let (start, length) = match rest {
        [1, _, a, b, ..] => (4, usize::from(u16::from_le_bytes([*a, *b]))),
        [2 | 3, _, a, b, c, d, ..] => (6, u32::from_le_bytes([*a, *b, *c, *d]) as usize),
        [version, _, ..] if !(1..=3).contains(version) => {
            return Err(format!("it is of the unknown version {version}"));
        }
        _ => return Err(cut_off()),
    };
    let text = rest.get(start..).and_then(|rest| rest.get(..length)).ok_or_else(cut_off)?;
    let text = std::str::from_utf8(text).map_err(|error| format!("its header is not text: {error}"))?;
    let header = parse(text).ok_or_else(|| {
        let shown: String = text.trim().chars().take(100).collect();
        format!("its header is not that of a plain array: {shown:?}")
    })?;
    Ok((header, &rest[start + length..]))
}

/// A dictionary `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, its keys in any order.
fn parse(text: &str) -> Option<Header> {
    let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    let (mut kind, mut fortran_order, mut shape) = (None, None, None);
    while !rest.is_empty() {
        let (key, after) = quoted(rest)?;
        let value = after.trim_start().strip_prefix(':')?.trim_start();
        rest = match key {
            "descr" => {
                let (text, after) = quoted(value)?;
                kind = Some(text.to_string());
                after
            }
            "fortran_order" => {
                let (flag, after) =
                    ["True", "False"].iter().find_map(|name| Some((*name, value.strip_prefix(name)?)))?;
                fortran_order = Some(flag == "True");
                after
            }
            "shape" => {
                let (lengths, after) = value.strip_prefix('(')?.split_once(')')?;
                let mut lengths: Vec<&str> = lengths.split(',').map(str::trim).collect();
                // A tuple of one is written with a comma after it, and longer ones may be.
                lengths.pop_if(|last| last.is_empty());
                shape = Some(lengths.into_iter().map(|length| length.parse().ok()).collect::<Option<_>>()?);
                after
            }
            _ => return None,
        };
        rest = rest.trim_start();
        rest = rest.strip_prefix(',').or(rest.is_empty().then_some(rest))?.trim_start();
    }
    Some(Header { kind: kind?, fortran_order: fortran_order?, shape: shape? })
}

/// A quoted string without escapes, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|character| ['\'', '"'].contains(character))?;
    let (inside, after) = text[1..].split_once(quote)?;
    (!inside.contains('\\')).then_some((inside, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_plain_arrays_are_read() {
        let header = |shape: &[usize]| Header { kind: "<f4".to_string(), fortran_order: false, shape: shape.to_vec() };
        let written = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }          \n";
        assert_eq!(parse(written), Some(header(&[3, 4])));
        assert_eq!(parse("{\"shape\":(5,),\"descr\":\"<f4\",\"fortran_order\":False}"), Some(header(&[5])));
        assert_eq!(parse("{'descr': '<f4', 'fortran_order': False, 'shape': ()}"), Some(header(&[])));
        for wrong in [
            "",
            "{",
            "{}",
            "{'descr': '<f4', 'fortran_order': False}",
            "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3,,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3)} 1",
            "{'descr': '<f4' 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'more': 1}",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
