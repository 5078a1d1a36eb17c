//! Output files: all of them, whole, or none.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::{Draft, FinishedDraft, Output};

/// A set of files that appear in a folder together, when all of them are written.
///
/// Dropped without [`commit`](Folder::commit), it leaves nothing: neither files nor the folders that were made for them.
///
/// ```
/// use kirchhoff_file::Folder;
///
/// let place = tempfile::tempdir()?;
/// let results = place.path().join("deep/results");
/// let mut folder = Folder::open(&results)?;
/// folder.write("answer.txt", b"42")?;
/// assert!(!results.join("answer.txt").exists(), "it waits for the others");
/// folder.commit()?;
/// assert_eq!(std::fs::read(results.join("answer.txt"))?, b"42");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Folder {
    output: Output,
    /// Folders that were not there before, the innermost first.
    made: Vec<PathBuf>,
    files: Vec<FinishedDraft>,
}

/// A file that is begun and dropped, to see whether the folder takes any: of a name that nothing else has.
const PROBE: &str = ".kirchhoff-probe";

/// Why files cannot be written to a folder.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The folder cannot be made or written to.
    #[error("cannot write to the output folder {}: {error}", path.display())]
    Open {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl Folder {
    /// Makes the folder where it is not there, and makes sure that files can be written to it.
    ///
    /// # Errors
    /// A folder that cannot be made or written to; then none is left that was made for it.
    pub fn open(output: impl Into<Output>) -> Result<Self, FolderError> {
        let output = output.into();
        let path = output.path();
        let missing = path.ancestors().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let made: Vec<_> = missing.map(Path::to_path_buf).collect();
        match fs::create_dir_all(path).and_then(|()| Draft::new(output.join(PROBE)).map(drop)) {
            Ok(()) => Ok(Folder { output, made, files: Vec::new() }),
            Err(error) => {
                remove(&made);
                Err(FolderError::Open { path: output.path().to_path_buf(), error })
            }
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.output.path()
    }

    /// Whether files of these names may be written, as [`Output::check`] says: before the work that they are to hold.
    ///
    /// # Errors
    /// The first that may not.
    pub fn check(&self, names: &[&str]) -> Result<(), FolderError> {
        let check = |name: &&str| {
            let output = self.output.join(name);
            output.check().map_err(|error| FolderError::Write { path: output.path().to_path_buf(), error })
        };
        names.iter().try_for_each(check)
    }

    /// Writes a file aside.
    ///
    /// # Errors
    /// A name that a folder has, or a device; what the system says.
    pub fn write(&mut self, name: impl AsRef<Path>, bytes: &[u8]) -> Result<(), FolderError> {
        let output = self.output.join(name);
        let path = output.path().to_path_buf();
        let written = Draft::new(output).and_then(|mut draft| {
            draft.write_all(bytes)?;
            draft.finish()
        });
        self.files.push(written.map_err(|error| FolderError::Write { path, error })?);
        Ok(())
    }

    /// Gives every file its name, in the order in which they were written, over older ones that may be
    /// [replaced](Output): none if one may not.
    ///
    /// # Errors
    /// The first that may not be written; what the system says of the first file that it refuses.
    pub fn commit(mut self) -> Result<(), FolderError> {
        let failed = |path: &Path, error| FolderError::Write { path: path.to_path_buf(), error };
        self.files.iter().try_for_each(|file| file.admit().map_err(|error| failed(file.path(), error)))?;
        for file in std::mem::take(&mut self.files) {
            let path = file.path().to_path_buf();
            file.commit().map_err(|error| failed(&path, error))?;
        }
        self.made.clear();
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Without a commit nothing stays: temporary files first, then the folders that were made for them.
        self.files.clear();
        remove(&self.made);
    }
}

fn remove(folders: &[PathBuf]) {
    for folder in folders {
        let _ = fs::remove_dir(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_committed_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(place.path().join("a/b")).unwrap();
        folder.write("c", b"d").unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn one_file_that_may_not_be_replaced_keeps_all_back() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("b.png"), "a user's").unwrap();
        let mut folder = Folder::open(place.path()).unwrap();
        assert!(folder.check(&["a", "b.png"]).is_err());
        folder.write("a", b"new").unwrap();
        folder.write("b.png", b"new").unwrap();
        let error = folder.commit().unwrap_err();
        assert!(error.to_string().contains("b.png: there is a file of that name"), "{error}");
        let names: Vec<_> = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["b.png"]);
    }

    #[test]
    fn names_that_cannot_be_written_are_refused() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("taken")).unwrap();
        let mut folder = Folder::open(place.path()).unwrap();
        assert!(folder.write("taken", b"").unwrap_err().to_string().ends_with("taken: it is a folder"));
        assert!(matches!(folder.write("none/file", b""), Err(FolderError::Write { .. })));
        fs::write(place.path().join("file"), b"").unwrap();
        let error = Folder::open(place.path().join("file/folder")).unwrap_err();
        assert!(error.to_string().starts_with("cannot write to the output folder"), "{error}");
    }
}
