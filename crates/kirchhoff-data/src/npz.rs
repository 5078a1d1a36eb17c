//! NumPy's `.npz` files: zip archives of `.npy` files, stored or deflated.

use std::io::{self, Cursor, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use kirchhoff_file::MappedFile;
use zip::{CompressionMethod, ZipArchive};

use crate::InputError;
use crate::array::{Array, Bytes, Stream, failed};
use crate::formats::Archive;
use crate::npy;

const FORMAT: &str = ".npz";

/// How much of a deflated member is looked at for its header.
const HEADER: u64 = 1 << 16;

/// A file in the archive.
#[derive(Clone)]
struct Member {
    name: String,
    method: CompressionMethod,
    /// Where its bytes are in the archive.
    range: Range<usize>,
    /// How many bytes they expand to.
    length: usize,
    checksum: u32,
}

/// A part of a mapped file.
struct Part(Arc<MappedFile>, Range<usize>);

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.0[self.1.clone()]
    }
}

/// Opens an archive.
pub(crate) fn open(path: &Path) -> Result<Archive, InputError> {
    let file = Arc::new(MappedFile::open(path).map_err(|error| InputError::io(path, error))?);
    let members = members(&file).map_err(|reason| InputError::malformed(path, FORMAT, reason))?;
    let names = members.iter().map(|member| member.name.clone()).collect();
    let path = path.to_path_buf();
    let array = move |name: &str| match members.iter().find(|member| member.name == name) {
        Some(member) => array(&path, &file, member),
        None => Err(InputError::unsupported(&path, format!("there is no array '{name}'"))),
    };
    Ok(Archive { names, array: Box::new(array) })
}

fn members(file: &Arc<MappedFile>) -> Result<Vec<Member>, String> {
    let damaged = |error| format!("it is damaged: {error}");
    let mut archive = ZipArchive::new(Cursor::new(Part(file.clone(), 0..file.len()))).map_err(damaged)?;
    let mut members = Vec::new();
    for number in 0..archive.len() {
        let entry = archive.by_index_raw(number).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?;
        let Some(name) = name.strip_suffix(".npy").map(str::to_string) else { continue };
        if entry.encrypted() {
            return Err(format!("its array '{name}' is encrypted"));
        }
        let range = entry.data_start().and_then(|start| {
            let start = usize::try_from(start).ok()?;
            let end = start.checked_add(usize::try_from(entry.compressed_size()).ok()?)?;
            (end <= file.len()).then_some(start..end)
        });
        let (Some(range), Ok(length)) = (range, usize::try_from(entry.size())) else {
            return Err(format!("it ends within its array '{name}'"));
        };
        members.push(Member { name, method: entry.compression(), range, length, checksum: entry.crc32() });
    }
    Ok(members)
}

fn array(path: &Path, file: &Arc<MappedFile>, member: &Member) -> Result<Array, InputError> {
    let damaged = |reason: &str| {
        let reason = format!("its array '{}' is damaged: {reason}", member.name);
        InputError::malformed(path, FORMAT, reason)
    };
    match member.method {
        CompressionMethod::Stored => {
            let mut sum = Crc::new();
            sum.update(&file[member.range.clone()]);
            if sum.sum() != member.checksum || member.range.len() != member.length {
                return Err(damaged("it has another checksum or length"));
            }
            npy::mapped(path, FORMAT, file.clone(), member.range.clone())
        }
        CompressionMethod::DEFLATE => {
            let mut start = Vec::new();
            let read = inflated(file, member).take(HEADER).read_to_end(&mut start);
            read.map_err(|error| failed(path, FORMAT, error))?;
            let (header, start) = npy::split(&start).map_err(|reason| damaged(&reason))?;
            let Some(length) = member.length.checked_sub(start) else {
                return Err(damaged("it is shorter than its header"));
            };
            let (again, file, member) = (path.to_path_buf(), file.clone(), member.clone());
            let open = move || {
                let mut reader = inflated(&file, &member);
                let skipped = io::copy(&mut reader.by_ref().take(start as u64), &mut io::sink());
                skipped.map_err(|error| failed(&again, FORMAT, error))?;
                Ok(Box::new(reader) as Box<dyn Read + Send>)
            };
            let stream = Stream::new(path, FORMAT, length, Box::new(open))?;
            header.array(path, FORMAT, length, Bytes::Stream(stream))
        }
        _ => {
            let hint = "np.savez and np.savez_compressed write what is read";
            let reason = format!("its array '{}' is compressed in a way that is not read: {hint}", member.name);
            Err(InputError::unsupported(path, reason))
        }
    }
}

/// A deflated member, whose checksum is held to its bytes where they end.
struct Inflated {
    reader: DeflateDecoder<Cursor<Part>>,
    sum: Crc,
    expected: u32,
}

fn inflated(file: &Arc<MappedFile>, member: &Member) -> Inflated {
    let part = Part(file.clone(), member.range.clone());
    Inflated { reader: DeflateDecoder::new(Cursor::new(part)), sum: Crc::new(), expected: member.checksum }
}

impl Read for Inflated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.sum.update(&buffer[..count]);
        if count == 0 && !buffer.is_empty() && self.sum.sum() != self.expected {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it has another checksum"));
        }
        Ok(count)
    }
}
