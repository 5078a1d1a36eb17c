//! Files that appear when they are complete.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::Output;

/// How the names of drafts end.
const SUFFIX: &str = ".part";

/// A file that is being written under another name in the folder that it will be in.
///
/// [`commit`](Draft::commit) gives it its name, over an older file that its [`Output`] may replace: whoever has that one open or
/// mapped keeps it, and no half-written file is ever seen. It takes over the older file's permissions. A draft that is dropped
/// leaves nothing.
#[derive(Debug)]
pub struct Draft {
    file: BufWriter<NamedTempFile>,
    output: Output,
    /// The path of the file itself, where the output's leads to it.
    target: PathBuf,
}

/// Bytes collected before they go to the file.
const BUFFER: usize = 1 << 18;
/// Bytes of the file's name that stand in the name of its draft: names end at 255.
const NAME: usize = 200;

impl Draft {
    /// Begins a file, in a folder that is there.
    ///
    /// # Errors
    /// A folder that cannot be written to; what may never be replaced, as a device, or a file that this run reads.
    pub fn new(output: impl Into<Output>) -> io::Result<Self> {
        let output = output.into();
        let target = output.target()?;
        output.replaced(&target)?;
        let mut builder = tempfile::Builder::new();
        let prefix = Draft::prefix(target.file_name().unwrap_or_default());
        builder.prefix(&prefix).suffix(SUFFIX);
        // Like any file that a program makes, not private to its owner as temporary files are.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = BufWriter::with_capacity(BUFFER, builder.tempfile_in(folder)?);
        Ok(Draft { file, output, target })
    }

    /// How the names of drafts of a file begin.
    fn prefix(name: &OsStr) -> OsString {
        let mut text = name.to_string_lossy().into_owned();
        text.truncate(text.floor_char_boundary(NAME));
        format!(".{text}.").into()
    }

    /// Whether a file is a draft of the file of a name, as a process leaves it that is killed while it writes.
    pub fn is_of(draft: &OsStr, name: &OsStr) -> bool {
        let (draft, prefix) = (draft.as_encoded_bytes(), Draft::prefix(name));
        let rest = draft.strip_prefix(prefix.as_encoded_bytes()).and_then(|rest| rest.strip_suffix(SUFFIX.as_bytes()));
        rest.is_some_and(|random| random.len() == 6 && random.iter().all(u8::is_ascii_alphanumeric))
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
        Ok(FinishedDraft { file: file.into_temp_path(), output: self.output, target: self.target })
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
    output: Output,
    target: PathBuf,
}

impl FinishedDraft {
    /// The path that the file will have.
    pub fn path(&self) -> &Path {
        self.output.path()
    }

    /// Whether the file may have its name. [`commit`](FinishedDraft::commit) asks, too: this is for several files of which none
    /// is to be there if one may not.
    ///
    /// # Errors
    /// A [`Refusal`](crate::Refusal), or what the system says.
    pub fn admit(&self) -> io::Result<()> {
        self.output.admit(&self.target, &self.file).map(drop)
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// A [`Refusal`](crate::Refusal), or what the system says; then nothing is left.
    pub fn commit(self) -> io::Result<()> {
        if self.output.admit(&self.target, &self.file)? {
            std::fs::set_permissions(&self.file, std::fs::metadata(&self.target)?.permissions())?;
            self.file.persist(self.target).map_err(|error| error.error)
        } else {
            // A file that somebody makes in this moment is not replaced either.
            self.file.persist_noclobber(self.target).map_err(|error| match error.error.kind() {
                io::ErrorKind::AlreadyExists => crate::Refusal::Foreign.into(),
                _ => error.error,
            })
        }
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

/// Writes a file of some bytes, which appears when it is complete.
///
/// # Errors
/// What [`Draft::new`] and [`Draft::commit`] refuse; what the system says.
pub fn write_file(output: impl Into<Output>, bytes: &[u8]) -> io::Result<()> {
    let mut draft = Draft::new(output)?;
    draft.write_all(bytes)?;
    draft.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let name = names(folder.path()).into_iter().find(|name| name != "a").unwrap();
        assert!(Draft::is_of(&name, "a".as_ref()) && !Draft::is_of(&name, "b".as_ref()), "{name:?}");
        drop(draft);
        write_file(Output::new(&path).forced(true), b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn drafts_are_told_from_the_files_of_others() {
        for other in [".a.part", ".a.download.part", ".a.Ab3de.part", ".b.Ab3def.part", "a.Ab3def.part"] {
            assert!(!Draft::is_of(other.as_ref(), "a".as_ref()), "{other}");
        }
        let long = "a".repeat(250);
        let folder = tempfile::tempdir().unwrap();
        write_file(folder.path().join(&long), b"a").unwrap();
        assert_eq!(names(folder.path()), [&*long]);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_as_readable_as_any_other() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        let (path, other) = (folder.path().join("a"), folder.path().join("other"));
        write_file(&path, b"a").unwrap();
        std::fs::write(&other, "").unwrap();
        assert_eq!(mode(&path), mode(&other));
        // A file that is replaced hands its own on.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        write_file(Output::new(&path).forced(true), b"b").unwrap();
        assert_eq!(mode(&path) & 0o777, 0o600);
    }

    #[test]
    fn failure_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write_file(folder.path().join("missing/a"), b"a").is_err());
        let occupied = folder.path().join("occupied");
        std::fs::create_dir(&occupied).unwrap();
        assert!(write_file(&occupied, b"a").is_err());
        // Refused last of all, when the temporary file has been written.
        let late = Draft::new(folder.path().join("late")).unwrap();
        std::fs::create_dir(folder.path().join("late")).unwrap();
        assert!(late.commit().is_err());
        std::fs::remove_dir(folder.path().join("late")).unwrap();
        assert_eq!(names(folder.path()), ["occupied"]);
    }

    #[cfg(unix)]
    #[test]
    fn an_unwritable_folder_stays_empty() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
        let written = write_file(folder.path().join("a"), b"a");
        // The superuser may write anywhere: then the file is there, whole. Else nothing is.
        match written {
            Ok(()) => assert_eq!(names(folder.path()), ["a"]),
            Err(_) => assert!(names(folder.path()).is_empty()),
        }
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}
