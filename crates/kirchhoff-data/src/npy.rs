//! NumPy's `.npy` files.
//!
//! The header is read here and not by a library: those there are evaluate it as a Python literal, recursively, and a
//! hostile header overflows their stack. A plain array's header is one flat dictionary.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use kirchhoff_file::{ByteOrder, MappedFile, NumberType};

use crate::InputError;
use crate::array::{Array, Bytes, byte_count};

const FORMAT: &str = ".npy";

/// What a header says.
#[derive(Debug, PartialEq)]
pub(crate) struct Header {
    /// The type of values, as NumPy writes it: `<f4`.
    kind: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

/// Opens a `.npy` file.
pub(crate) fn open(path: &Path) -> Result<Array, InputError> {
    let file = MappedFile::open(path).map_err(|error| InputError::io(path, error))?;
    if file.is_empty() {
        return Err(InputError::malformed(path, FORMAT, "it is empty"));
    }
    let all = 0..file.len();
    mapped(path, FORMAT, Arc::new(file), all)
}

/// The array in a part of a mapped file that is of this format.
pub(crate) fn mapped(
    path: &Path,
    format: &'static str,
    file: Arc<MappedFile>,
    part: Range<usize>,
) -> Result<Array, InputError> {
    let (header, start) = split(&file[part.clone()]).map_err(|reason| InputError::malformed(path, format, reason))?;
    header.array(path, format, part.len() - start, Bytes::Mapped(file, part.start + start))
}

impl Header {
    /// The array that the header describes, whose values take `length` bytes.
    pub(crate) fn array(
        self,
        path: &Path,
        format: &'static str,
        length: usize,
        bytes: Bytes,
    ) -> Result<Array, InputError> {
        let Header { kind, fortran_order, shape } = self;
        let (kind, order) = number_type(&kind).ok_or_else(|| {
            let hint = "integers, truth values, and floats of 16 to 64 bits can be read";
            InputError::unsupported(path, format!("its values are of type '{kind}': {hint}"))
        })?;
        let expected = byte_count(kind, &shape);
        if expected != Some(length) {
            let expected =
                expected.map_or("more bytes than there can be".to_string(), |bytes| format!("{bytes} bytes"));
            let reason = format!("values of shape {shape:?} take {expected}, but {length} follow the header");
            return Err(InputError::malformed(path, format, reason));
        }
        Ok(Array { path: path.to_path_buf(), shape, kind, order, column_major: fortran_order, bytes })
    }
}

/// The type of numbers that NumPy writes so, and their order.
fn number_type(text: &str) -> Option<(NumberType, ByteOrder)> {
    let (order, kind) = text.split_at_checked(1)?;
    let kind = match kind {
        "b1" => NumberType::Bool,
        "u1" => NumberType::U8,
        "u2" => NumberType::U16,
        "u4" => NumberType::U32,
        "u8" => NumberType::U64,
        "i1" => NumberType::I8,
        "i2" => NumberType::I16,
        "i4" => NumberType::I32,
        "i8" => NumberType::I64,
        "f2" => NumberType::F16,
        "f4" => NumberType::F32,
        "f8" => NumberType::F64,
        _ => return None,
    };
    let order = match order {
        "<" => ByteOrder::Little,
        ">" => ByteOrder::Big,
        "|" if kind.size() == 1 => ByteOrder::Little,
        _ => return None,
    };
    Some((kind, order))
}

/// The header of a file, and where its values start.
pub(crate) fn split(bytes: &[u8]) -> Result<(Header, usize), String> {
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
    Ok((header, bytes.len() - rest.len() + start + length))
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
