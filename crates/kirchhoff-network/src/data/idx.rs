//! IDX files, the format of MNIST, plain or gzipped.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::InputError;
use super::read::Source;
use crate::operators::elements;

const FORMAT: &str = "IDX";

/// How many labels are read at once.
const LABELS_LIMIT: usize = 1 << 28;

/// An open file, behind its header.
pub(crate) struct IdxFile {
    path: PathBuf,
    reader: Box<dyn Read + Send>,
    kind: Kind,
    shape: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Byte,
    Float,
    Double,
}

/// Reads an IDX file of unsigned bytes, which are divided by 255, or of floats or doubles.
pub(crate) fn read(path: &Path, source: &mut Source) -> Result<(), InputError> {
    let file = IdxFile::open(path)?;
    let (kind, shape) = (file.kind, file.shape.clone());
    source.array(path, &shape, || Ok(kind.values(&file.data()?)))
}

impl Kind {
    /// Bytes of a value.
    fn size(self) -> usize {
        match self {
            Kind::Byte => 1,
            Kind::Float => 4,
            Kind::Double => 8,
        }
    }

    fn values(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Kind::Byte => bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect(),
            Kind::Float => bytes.as_chunks().0.iter().map(|&chunk| f32::from_be_bytes(chunk)).collect(),
            Kind::Double => bytes.as_chunks().0.iter().map(|&chunk| f64::from_be_bytes(chunk) as f32).collect(),
        }
    }
}

/// Reads the labels of a data set: an IDX file of unsigned bytes with one axis, plain or gzipped.
///
/// # Errors
/// A file that cannot be read, is damaged, or is not one of labels.
pub fn read_labels(path: &Path) -> Result<Vec<usize>, InputError> {
    let file = IdxFile::open(path)?;
    let (Kind::Byte, &[count]) = (file.kind, &file.shape[..]) else {
        let reason = format!("it holds values of shape {:?}, not one byte for each label", file.shape);
        return Err(InputError::unsupported(path, reason));
    };
    if count > LABELS_LIMIT {
        let values = count as u128;
        return Err(InputError::TooLarge { path: path.to_path_buf(), values, limit: LABELS_LIMIT });
    }
    Ok(file.data()?.into_iter().map(usize::from).collect())
}

impl IdxFile {
    pub(crate) fn open(path: &Path) -> Result<Self, InputError> {
        let io = |error| InputError::io(path, error);
        let mut start = Vec::new();
        File::open(path).map_err(io)?.take(2).read_to_end(&mut start).map_err(io)?;
        let file = BufReader::new(File::open(path).map_err(io)?);
        let reader: Box<dyn Read + Send> =
            if start == [0x1f, 0x8b] { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut file = IdxFile { path: path.to_path_buf(), reader, kind: Kind::Byte, shape: Vec::new() };

        let [zero, also_zero, kind, axes] = file.header_bytes()?;
        if [zero, also_zero] != [0, 0] {
            return Err(file.malformed("it does not start with two zero bytes"));
        }
        file.kind = match kind {
            0x08 => Kind::Byte,
            0x0d => Kind::Float,
            0x0e => Kind::Double,
            0x09 | 0x0b | 0x0c => {
                let reason = "it holds signed integers: only unsigned bytes, floats and doubles can be read";
                return Err(InputError::unsupported(path, reason));
            }
            other => return Err(file.malformed(&format!("its byte 2 is {other}, which stands for no type of values"))),
        };
        for _ in 0..axes {
            let length = u32::from_be_bytes(file.header_bytes()?) as usize;
            file.shape.push(length);
        }
        Ok(file)
    }

    fn malformed(&self, reason: &str) -> InputError {
        InputError::malformed(&self.path, FORMAT, reason)
    }

    /// What a reader's error says about the file.
    fn failed(&self, error: std::io::Error) -> InputError {
        match error.kind() {
            ErrorKind::UnexpectedEof => self.malformed("it is truncated"),
            // Decompressors say so of damage, not of disks.
            ErrorKind::InvalidInput | ErrorKind::InvalidData => self.malformed(&format!("it is damaged: {error}")),
            _ => InputError::io(&self.path, error),
        }
    }

    fn header_bytes(&mut self) -> Result<[u8; 4], InputError> {
        let mut bytes = [0; 4];
        match self.reader.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(self.malformed("it ends within its header")),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// The shape of all values.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The next `count` values.
    pub(crate) fn next(&mut self, count: usize) -> Result<Vec<f32>, InputError> {
        let mut bytes = vec![0; count * self.kind.size()];
        match self.reader.read_exact(&mut bytes) {
            Ok(()) => Ok(self.kind.values(&bytes)),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Passes over the next `count` values.
    pub(crate) fn skip(&mut self, count: usize) -> Result<(), InputError> {
        let bytes = (count * self.kind.size()) as u64;
        let passed = std::io::copy(&mut self.reader.by_ref().take(bytes), &mut std::io::sink());
        match passed {
            Ok(passed) if passed == bytes => Ok(()),
            Ok(_) => Err(self.malformed("it is truncated")),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// The bytes of all values. A compressed file is expanded as far as its header says, and one byte further.
    fn data(mut self) -> Result<Vec<u8>, InputError> {
        let shape = &self.shape;
        let expected = elements(shape)
            .and_then(|count| count.checked_mul(self.kind.size()))
            .ok_or_else(|| self.malformed(&format!("the shape {shape:?} is too large")))?;
        let mut bytes = Vec::new();
        let result = self.reader.by_ref().take(expected as u64).read_to_end(&mut bytes);
        result.map_err(|error| self.failed(error))?;
        if bytes.len() < expected {
            let (shape, got) = (&self.shape, bytes.len());
            let reason = format!("it is truncated: values of shape {shape:?} take {expected} bytes, {got} are there");
            return Err(self.malformed(&reason));
        }
        let mut more = Vec::new();
        // This also makes the decompressor check its checksum.
        let result = self.reader.by_ref().take(1).read_to_end(&mut more);
        result.map_err(|error| self.failed(error))?;
        if !more.is_empty() {
            return Err(self.malformed(&format!("more follows the {expected} bytes of its values")));
        }
        Ok(bytes)
    }
}
