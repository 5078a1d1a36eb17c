//! Which files this process has read.

use std::collections::HashSet;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Mutex;

/// A file, whatever it is called: its device and its number there, or where there are none its whole path.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = std::path::PathBuf;

static READ: Mutex<Option<HashSet<Identity>>> = Mutex::new(None);

/// Opens a regular file and keeps in mind that this process reads it: [outputs](crate::Output::sparing_inputs) can be kept from
/// replacing it.
///
/// # Errors
/// What the system says, or a folder, pipe or device: opening a pipe would wait for whoever writes to it, and a device may
/// never end.
pub fn open_input(path: &Path) -> io::Result<File> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let file = File::open(path)?;
    if let Some(identity) = identity(&metadata, path) {
        let mut read = READ.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        read.get_or_insert_default().insert(identity);
    }
    Ok(file)
}

/// Texts are read whole; what is longer is none that anybody wrote, and would take the memory of its circuit or network some
/// hundred times over.
pub const LONGEST_TEXT: u64 = 1 << 28;

/// Reads a text of up to [`LONGEST_TEXT`] bytes into memory, through [`open_input`].
///
/// # Errors
/// What the system says; no regular file; no UTF-8; one that is longer, before any of it is read.
pub fn read_text(path: &Path) -> io::Result<String> {
    let bytes = read_up_to(open_input(path)?, LONGEST_TEXT)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

fn read_up_to(file: File, most: u64) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    let too_long = |length: u64| {
        let message = format!("a text of {length} bytes or more: no more than {most} are read");
        io::Error::new(io::ErrorKind::FileTooLarge, message)
    };
    if length > most {
        return Err(too_long(length));
    }
    // Files of /proc say that they are empty, and others may grow meanwhile.
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_long(bytes.len() as u64)) } else { Ok(bytes) }
}

/// Whether this process has read the file that is at a path.
pub(crate) fn was_read(metadata: &Metadata, path: &Path) -> bool {
    let read = READ.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    identity(metadata, path).is_some_and(|identity| read.as_ref().is_some_and(|read| read.contains(&identity)))
}

#[cfg(unix)]
fn identity(metadata: &Metadata, _: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata, path: &Path) -> Option<Identity> {
    path.canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_told_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "text").unwrap();
        assert_eq!(read_text(&path).unwrap(), "text");
        let error = read_up_to(open_input(&path).unwrap(), 3).unwrap_err();
        assert!(error.to_string().contains("4 bytes or more"), "{error}");
        std::fs::write(&path, [0xff]).unwrap();
        assert!(read_text(&path).unwrap_err().to_string().contains("utf-8"));
        // Longer than any machine's memory, and taking none of it.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(read_text(&path).unwrap_err().to_string().contains(&(1u64 << 40).to_string()));
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_folders_are_no_inputs() {
        for path in ["/dev/zero", "/"] {
            let error = open_input(Path::new(path)).unwrap_err();
            assert_eq!(error.to_string(), "not a regular file", "{path}");
        }
    }
}
