//! The formats that are read: one row each.

use std::io::Read;
use std::path::Path;

use kirchhoff_file::open_input;

use crate::array::Array;
use crate::{InputError, idx, npy, npz, tensors, text};

/// A format of files.
pub(crate) struct Format {
    /// What the names of its files end with, behind a dot, in lower case.
    extensions: &'static [&'static str],
    /// Whether a file without a known extension that starts with these bytes is one.
    starts: fn([u8; 4]) -> bool,
    pub(crate) open: Open,
}

/// How a file is opened, by what it holds.
pub(crate) enum Open {
    /// One array.
    Array(fn(&Path) -> Result<Array, InputError>),
    /// Arrays by name.
    Archive(fn(&Path) -> Result<Archive, InputError>),
    /// Labels alone.
    Labels(fn(&Path) -> Result<Array, InputError>),
    /// A picture.
    Picture,
}

/// Gives an array of an archive by its name.
pub(crate) type ByName = dyn Fn(&str) -> Result<Array, InputError>;

/// Arrays by name.
pub(crate) struct Archive {
    pub(crate) names: Vec<String>,
    pub(crate) array: Box<ByName>,
}

static FORMATS: [Format; 6] = [
    Format {
        extensions: &["png", "jpg", "jpeg"],
        starts: |bytes| bytes == *b"\x89PNG" || bytes[..3] == [0xff, 0xd8, 0xff],
        open: Open::Picture,
    },
    Format { extensions: &["npy"], starts: |bytes| bytes == *b"\x93NUM", open: Open::Array(npy::open) },
    Format { extensions: &["npz"], starts: |bytes| bytes == *b"PK\x03\x04", open: Open::Archive(npz::open) },
    Format { extensions: &["safetensors"], starts: |_| false, open: Open::Archive(tensors::open) },
    Format {
        extensions: &["idx", "gz", "idx1-ubyte", "idx3-ubyte", "idx1-int", "idx2-int"],
        starts: |bytes| bytes[..2] == [0, 0] || bytes[..2] == [0x1f, 0x8b],
        open: Open::Array(idx::open),
    },
    Format { extensions: &["txt", "csv"], starts: |_| false, open: Open::Labels(text::open) },
];

/// The formats that are read, in words.
pub(crate) const KNOWN: &str = "there are .png, .jpg, .npy, .npz, .safetensors and IDX files, which may be gzipped";

/// Whether a file has the extension of a format that inputs are read from. Its content may be one without.
pub fn is_input(path: &Path) -> bool {
    by_extension(path).is_some_and(|format| !matches!(format.open, Open::Labels(_)))
}

/// Whether a file has the extension of pictures.
pub(crate) fn is_picture(path: &Path) -> bool {
    by_extension(path).is_some_and(|format| matches!(format.open, Open::Picture))
}

fn by_extension(path: &Path) -> Option<&'static Format> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    FORMATS.iter().find(|format| format.extensions.contains(&&extension[..]))
}

/// The format of a file, by its extension or else by its content.
///
/// # Errors
/// A file that cannot be read, or is none: a folder, pipe or device.
pub(crate) fn format(path: &Path) -> Result<Option<&'static Format>, InputError> {
    let io = |error| InputError::io(path, error);
    let file = open_input(path).map_err(io)?;
    if let Some(format) = by_extension(path) {
        return Ok(Some(format));
    }
    let mut bytes = Vec::new();
    file.take(4).read_to_end(&mut bytes).map_err(io)?;
    // What is shorter starts like no format.
    let bytes = bytes.try_into().unwrap_or([b'?'; 4]);
    Ok(FORMATS.iter().find(|format| (format.starts)(bytes)))
}

/// The name of a file without the extension of its format, and without that of compression.
pub(crate) fn stem(name: &str) -> &str {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let mut extensions = FORMATS.iter().flat_map(|format| format.extensions);
    let stripped = extensions.find_map(|extension| {
        let end = name.len().checked_sub(extension.len() + 1)?;
        let (stem, rest) = name.split_at_checked(end)?;
        rest.strip_prefix('.').filter(|rest| rest.eq_ignore_ascii_case(extension)).map(|_| stem)
    });
    stripped.unwrap_or(name)
}

impl Archive {
    /// The only array, or the first of the `wanted` ones that is there.
    pub(crate) fn choose(&self, path: &Path, wanted: &[&str]) -> Result<Array, InputError> {
        let name = match &self.names[..] {
            [name] => Some(name),
            names => wanted.iter().find_map(|wanted| names.iter().find(|name| name == wanted)),
        };
        let Some(name) = name else {
            let shown = self.names.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ");
            let wanted = wanted.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
            let count = self.names.len();
            let reason = format!("of its {count} arrays ({shown}), none is named as one of {wanted}");
            return Err(InputError::unsupported(path, reason));
        };
        (self.array)(name)
    }
}
