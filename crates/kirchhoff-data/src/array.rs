//! Arrays in files: where their numbers lie, and how to get at them.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kirchhoff_file::{ByteOrder, MappedFile, NumberType, elements};

use crate::InputError;

/// An array whose header has been read.
pub(crate) struct Array {
    pub(crate) path: PathBuf,
    pub(crate) shape: Vec<usize>,
    pub(crate) kind: NumberType,
    pub(crate) order: ByteOrder,
    /// Whether the first axis is the one that changes fastest.
    pub(crate) column_major: bool,
    /// As many as type and shape ask for.
    pub(crate) bytes: Bytes,
}

/// Where the bytes of an array are.
pub(crate) enum Bytes {
    /// In a mapped file, from this byte on.
    Mapped(Arc<MappedFile>, usize),
    /// In memory.
    Held(Vec<u8>),
    /// In a compressed file.
    Stream(Stream),
}

/// Bytes that can only be read one after the other.
pub(crate) struct Stream {
    path: PathBuf,
    format: &'static str,
    open: Opener,
    reader: Box<dyn Read + Send>,
    /// Where the reader stands.
    position: usize,
    /// How many bytes there should be.
    length: usize,
}

/// Opens a compressed file at its first value.
type Opener = Box<dyn Fn() -> Result<Box<dyn Read + Send>, InputError> + Send>;

/// The bytes that values of a type and shape take, unless they are more than there can be.
pub(crate) fn byte_count(kind: NumberType, shape: &[usize]) -> Option<usize> {
    elements(shape)?.checked_mul(kind.size())
}

impl Array {
    /// Whether any part of it is read as quickly as any other.
    pub(crate) fn is_seekable(&self) -> bool {
        !(self.column_major && self.shape.len() > 1 && matches!(self.bytes, Bytes::Stream(_)))
    }

    /// Some of its values, by their positions in row-major order. Unsigned bytes are divided by 255.
    ///
    /// # Panics
    /// If the range leaves the array.
    pub(crate) fn floats(&mut self, range: Range<usize>) -> Result<Vec<f32>, InputError> {
        let (kind, order) = (self.kind, self.order);
        let mut values: Vec<f32> = kind.to_floats(order, &self.stored(range)?);
        if kind == NumberType::U8 {
            values.iter_mut().for_each(|value| *value /= 255.0);
        }
        Ok(values)
    }

    /// Some of its values, which are integers.
    ///
    /// # Panics
    /// If the range leaves the array.
    pub(crate) fn integers(&mut self, range: Range<usize>) -> Result<Vec<i64>, InputError> {
        let (kind, order) = (self.kind, self.order);
        let integers = kind.to_integers(order, &self.stored(range)?);
        integers.ok_or_else(|| InputError::unsupported(&self.path, format!("it holds {kind:?} values, not integers")))
    }

    /// The bytes of some values, in row-major order.
    fn stored(&mut self, range: Range<usize>) -> Result<Cow<'_, [u8]>, InputError> {
        let size = self.kind.size();
        if !self.column_major || self.shape.len() < 2 {
            return self.bytes.read(range.start * size..range.end * size);
        }
        let all = self.bytes.read(0..byte_count(self.kind, &self.shape).unwrap_or_default())?;
        Ok(row_major(&all, size, &self.shape, range).into())
    }
}

/// The bytes of some values, by their positions in row-major order, of an array whose first axis changes fastest.
fn row_major(bytes: &[u8], size: usize, shape: &[usize], range: Range<usize>) -> Vec<u8> {
    let mut steps = Vec::with_capacity(shape.len());
    let mut step = 1;
    for &length in shape {
        steps.push(step);
        step *= length;
    }
    let mut index = vec![0; shape.len()];
    let mut rest = range.start;
    for axis in (0..shape.len()).rev() {
        index[axis] = rest % shape[axis].max(1);
        rest /= shape[axis].max(1);
    }
    let mut place: usize = index.iter().zip(&steps).map(|(index, step)| index * step).sum();
    let mut gathered = Vec::with_capacity(range.len() * size);
    for _ in range {
        gathered.extend(&bytes[place * size..(place + 1) * size]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            place += steps[axis];
            if index[axis] < shape[axis] {
                break;
            }
            place -= index[axis] * steps[axis];
            index[axis] = 0;
        }
    }
    gathered
}

impl Bytes {
    fn read(&mut self, range: Range<usize>) -> Result<Cow<'_, [u8]>, InputError> {
        match self {
            Bytes::Mapped(file, start) => Ok((&file[*start + range.start..*start + range.end]).into()),
            Bytes::Held(bytes) => Ok((&bytes[range]).into()),
            Bytes::Stream(stream) => stream.read(range).map(Cow::from),
        }
    }
}

impl Stream {
    /// The `length` bytes that `open` comes to.
    pub(crate) fn new(path: &Path, format: &'static str, length: usize, open: Opener) -> Result<Self, InputError> {
        let reader = open()?;
        Ok(Stream { path: path.to_path_buf(), format, open, reader, position: 0, length })
    }

    fn read(&mut self, range: Range<usize>) -> Result<Vec<u8>, InputError> {
        if range.start < self.position {
            self.reader = (self.open)()?;
            self.position = 0;
        }
        let skipped = (range.start - self.position) as u64;
        // What fails leaves the reader anywhere: the next one starts again.
        self.position = usize::MAX;
        let failed = |error| failed(&self.path, self.format, error);
        let truncated = || InputError::malformed(&self.path, self.format, "it is truncated");
        if io::copy(&mut self.reader.by_ref().take(skipped), &mut io::sink()).map_err(failed)? < skipped {
            return Err(truncated());
        }
        // The bytes come as they are there: what a header promises takes no memory.
        let mut bytes = Vec::new();
        self.reader.by_ref().take(range.len() as u64).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() < range.len() {
            return Err(truncated());
        }
        if range.end == self.length {
            // This also makes decompressors check their checksums.
            let mut more = Vec::new();
            self.reader.by_ref().take(1).read_to_end(&mut more).map_err(failed)?;
            if !more.is_empty() {
                let reason = format!("more follows the {} bytes of its values", self.length);
                return Err(InputError::malformed(&self.path, self.format, reason));
            }
        }
        self.position = range.end;
        Ok(bytes)
    }
}

/// What an error of a decompressor says about a file.
pub(crate) fn failed(path: &Path, format: &'static str, error: io::Error) -> InputError {
    match error.kind() {
        ErrorKind::UnexpectedEof => InputError::malformed(path, format, "it is truncated"),
        // Decompressors say so of damage, not of disks.
        ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            InputError::malformed(path, format, format!("it is damaged: {error}"))
        }
        _ => InputError::io(path, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_of_a_column_major_array_comes_in_row_major_order() {
        let shape = [2, 3, 4];
        // Each value is its own place in row-major order.
        let mut bytes = Vec::new();
        for c in 0..4u8 {
            for b in 0..3 {
                for a in 0..2 {
                    bytes.extend([12 * a + 4 * b + c, 0]);
                }
            }
        }
        for start in 0..24 {
            for end in start..=24 {
                let expected: Vec<u8> = (start..end).flat_map(|place| [place as u8, 0]).collect();
                assert_eq!(row_major(&bytes, 2, &shape, start..end), expected);
            }
        }
    }
}
