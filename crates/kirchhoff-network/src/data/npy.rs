//! NumPy's `.npy` files.
//!
//! The header is read here and not by a library: those there are evaluate it as a Python literal, recursively, and a
//! hostile header overflows their stack. A plain array's header is one flat dictionary.

use std::ops::Range;
use std::path::{Path, PathBuf};

use half::f16;
use kirchhoff_file::MappedFile;
use ndarray::{ArrayViewD, IxDyn, ShapeBuilder};

use super::InputError;
use super::read::Source;
use crate::operators::elements;

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
    let file = NpyFile::open(path)?;
    let header = &file.header;
    // Before the shape: values that cannot be read fit nowhere.
    file.values(0..0)?;
    source.array(path, &header.shape, || {
        let values = file.values(0..elements(&header.shape).unwrap_or_default())?;
        if !header.fortran_order {
            return Ok(values);
        }
        let array = ArrayViewD::from_shape(IxDyn(&header.shape).f(), &values)
            .map_err(|error| InputError::malformed(path, FORMAT, format!("its shape cannot be taken: {error}")))?;
        Ok(array.iter().copied().collect())
    })
}

/// A mapped file whose header is sound and followed by as many bytes as it says.
pub(crate) struct NpyFile {
    path: PathBuf,
    file: MappedFile,
    header: Header,
    /// Where the values start.
    start: usize,
}

impl NpyFile {
    pub(crate) fn open(path: &Path) -> Result<Self, InputError> {
        let malformed = |reason: String| InputError::malformed(path, FORMAT, reason);
        let file = MappedFile::open(path).map_err(|error| InputError::io(path, error))?;
        if file.is_empty() {
            return Err(malformed("it is empty".to_string()));
        }
        let (header, data) = split(&file).map_err(malformed)?;
        // A type that is none of these is refused when its values are asked for.
        let size = conversion(&header.kind).map(|convert| convert.size);
        let size = size.or_else(|| integer(&header.kind).map(|(size, ..)| size));
        if let Some(size) = size {
            let expected = elements(&header.shape).and_then(|count| count.checked_mul(size));
            if expected != Some(data.len()) {
                let (shape, got) = (&header.shape, data.len());
                let expected =
                    expected.map_or("more bytes than there can be".to_string(), |bytes| format!("{bytes} bytes"));
                let reason = format!("values of shape {shape:?} take {expected}, but {got} follow the header");
                return Err(malformed(reason));
            }
        }
        let start = file.len() - data.len();
        Ok(NpyFile { path: path.to_path_buf(), start, header, file })
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    /// Whether the first axis is the one that changes fastest.
    pub(crate) fn is_fortran_order(&self) -> bool {
        self.header.fortran_order && self.header.shape.len() > 1
    }

    /// Some of the values, in the order of the file.
    pub(crate) fn values(&self, range: Range<usize>) -> Result<Vec<f32>, InputError> {
        let convert = conversion(&self.header.kind)
            .ok_or_else(|| self.unsupported("only float16, float32, float64 and uint8 can be read"))?;
        let bytes = &self.file[self.start + range.start * convert.size..self.start + range.end * convert.size];
        Ok(bytes.chunks_exact(convert.size).map(convert.value).collect())
    }

    /// All values as integers.
    pub(crate) fn integers(&self) -> Result<Vec<i64>, InputError> {
        let (size, big_endian, signed) =
            integer(&self.header.kind).ok_or_else(|| self.unsupported("labels are integers"))?;
        Ok(self.file[self.start..].chunks_exact(size).map(|bytes| whole(bytes, big_endian, signed)).collect())
    }

    fn unsupported(&self, hint: &str) -> InputError {
        InputError::unsupported(&self.path, format!("its values are of type '{}': {hint}", self.header.kind))
    }
}

/// Size, order and signedness of integers of a type; `None` for other types.
fn integer(kind: &str) -> Option<(usize, bool, bool)> {
    let (order, rest) = kind.split_at_checked(1)?;
    let (sign, size) = rest.split_at_checked(1)?;
    let size = size.parse().ok().filter(|size| [1, 2, 4, 8].contains(size))?;
    let known = ["<", ">", "|"].contains(&order) && ["i", "u"].contains(&sign);
    known.then_some((size, order == ">", sign == "i"))
}

/// An integer of 1 to 8 bytes; one beyond i64 becomes the largest.
pub(crate) fn whole(bytes: &[u8], big_endian: bool, signed: bool) -> i64 {
    let mut wide = [0; 8];
    for (position, &byte) in bytes.iter().enumerate() {
        wide[if big_endian { bytes.len() - 1 - position } else { position }] = byte;
    }
    let unused = 64 - 8 * bytes.len() as u32;
    let value = u64::from_le_bytes(wide);
    if signed { (value << unused) as i64 >> unused } else { i64::try_from(value).unwrap_or(i64::MAX) }
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
