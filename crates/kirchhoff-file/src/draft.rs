//! Files that appear when they are complete.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

/// A file that is being written under another name in the folder that it will be in.
///
/// [`commit`](Draft::commit) gives it its name, over an older file: whoever has that one open or mapped keeps it, and no
/// half-written file is ever seen. A draft that is dropped leaves nothing.
#[derive(Debug)]
pub struct Draft {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
}

/// Bytes collected before they go to the file.
const BUFFER: usize = 1 << 18;

impl Draft {
    /// Begins the file at `path`, in a folder that is there.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn new(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let mut builder = tempfile::Builder::new();
        builder.prefix(".").suffix(".part");
        // Like any file that a program makes, not private to its owner as temporary files are.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = BufWriter::with_capacity(BUFFER, builder.tempfile_in(folder)?);
        Ok(Draft { file, path })
    }

    /// Waits until what has been written would outlive a power cut.
    ///
    /// # Errors
    /// What the system says.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().as_file().sync_all()
    }

    /// Ends the writing: the file is closed, and waits for its name.
    ///
    /// # Errors
    /// What the system says; then nothing is left.
    pub fn finish(self) -> io::Result<FinishedDraft> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(FinishedDraft { file: file.into_temp_path(), path: self.path })
    }

    /// Ends the writing and gives the file its name.
    ///
    /// # Errors
    /// What the system says; then nothing is left.
    pub fn commit(self) -> io::Result<()> {
        self.finish()?.commit()
    }
}

/// A [`Draft`] that has been written and closed. Dropped without its name, it leaves nothing.
#[derive(Debug)]
pub struct FinishedDraft {
    file: TempPath,
    path: PathBuf,
}

impl FinishedDraft {
    /// The path that the file will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// What the system says; then nothing is left.
    pub fn commit(self) -> io::Result<()> {
        self.file.persist(self.path).map_err(|error| error.error)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut draft = Draft::new(path)?;
        draft.write_all(bytes)?;
        draft.commit()
    }

    fn names(folder: &Path) -> Vec<std::ffi::OsString> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn a_file_is_replaced_and_nothing_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "old").unwrap();
        let draft = Draft::new(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        drop(draft);
        write(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_as_readable_as_any_other() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        let (path, other) = (folder.path().join("a"), folder.path().join("other"));
        write(&path, b"a").unwrap();
        std::fs::write(&other, "").unwrap();
        assert_eq!(mode(&path), mode(&other));
    }

    #[test]
    fn failure_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write(&folder.path().join("missing/a"), b"a").is_err());
        // The rename fails last of all, when the temporary file has been written.
        let occupied = folder.path().join("occupied");
        std::fs::create_dir(&occupied).unwrap();
        assert!(write(&occupied, b"a").is_err());
        assert_eq!(names(folder.path()), ["occupied"]);
    }

    #[cfg(unix)]
    #[test]
    fn an_unwritable_folder_stays_empty() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
        let written = write(&folder.path().join("a"), b"a");
        // The superuser may write anywhere: then the file is there, whole. Else nothing is.
        match written {
            Ok(()) => assert_eq!(names(folder.path()), ["a"]),
            Err(_) => assert!(names(folder.path()).is_empty()),
        }
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}
