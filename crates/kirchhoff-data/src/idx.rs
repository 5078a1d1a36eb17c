//! IDX files, the format of MNIST, plain or gzipped.

use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use kirchhoff_file::{ByteOrder, MappedFile, NumberType, open_input};

use crate::InputError;
use crate::array::{Array, Bytes, Stream, byte_count, failed};

const FORMAT: &str = "IDX";

/// Opens an IDX file. A plain one is as long as its header says; a gzipped one is held to it as it is read.
pub(crate) fn open(path: &Path) -> Result<Array, InputError> {
    let malformed = |reason: String| InputError::malformed(path, FORMAT, reason);
    let file = MappedFile::open(path).map_err(|error| InputError::io(path, error))?;
    let compressed = file.starts_with(&[0x1f, 0x8b]);
    let (kind, shape) = match compressed {
        true => header(path, &mut MultiGzDecoder::new(&file[..]))?,
        false => header(path, &mut &file[..])?,
    };
    let length = byte_count(kind, &shape).ok_or_else(|| malformed(format!("the shape {shape:?} is too large")))?;
    let bytes = if compressed {
        let again = path.to_path_buf();
        let open = move || {
            let file = open_input(&again).map_err(|error| InputError::io(&again, error))?;
            let mut reader = MultiGzDecoder::new(BufReader::new(file));
            header(&again, &mut reader)?;
            Ok(Box::new(reader) as Box<dyn Read + Send>)
        };
        Bytes::Stream(Stream::new(path, FORMAT, length, Box::new(open))?)
    } else {
        let start = 4 + 4 * shape.len();
        match file.len() - start {
            got if got < length => {
                let needed = format!("values of shape {shape:?} take {length} bytes");
                return Err(malformed(format!("it is truncated: {needed}, {got} are there")));
            }
            got if got > length => return Err(malformed(format!("more follows the {length} bytes of its values"))),
            _ => Bytes::Mapped(Arc::new(file), start),
        }
    };
    Ok(Array { path: path.to_path_buf(), shape, kind, order: ByteOrder::Big, column_major: false, bytes })
}

/// The type and shape of a file's values.
fn header(path: &Path, reader: &mut dyn Read) -> Result<(NumberType, Vec<usize>), InputError> {
    let mut word = || {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).map(|()| bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => InputError::malformed(path, FORMAT, "it ends within its header"),
            _ => failed(path, FORMAT, error),
        })
    };
    let [zero, also_zero, kind, axes] = word()?;
    if [zero, also_zero] != [0, 0] {
        return Err(InputError::malformed(path, FORMAT, "it does not start with two zero bytes"));
    }
    let kind = match kind {
        0x08 => NumberType::U8,
        0x09 => NumberType::I8,
        0x0b => NumberType::I16,
        0x0c => NumberType::I32,
        0x0d => NumberType::F32,
        0x0e => NumberType::F64,
        other => {
            let reason = format!("its byte 2 is {other}, which stands for no type of values");
            return Err(InputError::malformed(path, FORMAT, reason));
        }
    };
    let shape =
        (0..axes).map(|_| word().map(|length| u32::from_be_bytes(length) as usize)).collect::<Result<_, _>>()?;
    Ok((kind, shape))
}
