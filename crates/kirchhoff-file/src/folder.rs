//! Output files: all of them, whole, or none.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::{Draft, FinishedDraft};

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
    path: PathBuf,
    /// Folders that were not there before, the innermost first.
    made: Vec<PathBuf>,
    files: Vec<FinishedDraft>,
}

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
    /// A folder has the name of a file that is to be written.
    #[error("cannot write {}: it is a folder", path.display())]
    IsFolder {
        /// The folder of that name.
        path: PathBuf,
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
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FolderError> {
        let path = path.into();
        let missing = path.ancestors().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let made: Vec<_> = missing.map(Path::to_path_buf).collect();
        match fs::create_dir_all(&path).and_then(|()| Draft::new(path.join("probe")).map(drop)) {
            Ok(()) => Ok(Folder { path, made, files: Vec::new() }),
            Err(error) => {
                remove(&made);
                Err(FolderError::Open { path, error })
            }
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file aside.
    ///
    /// # Errors
    /// A name that a folder has, or what the system says.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        let path = self.path.join(name);
        if path.is_dir() {
            // Found at the end, it would leave half of the files.
            return Err(FolderError::IsFolder { path });
        }
        let written = Draft::new(&path).and_then(|mut draft| {
            draft.write_all(bytes)?;
            draft.finish()
        });
        self.files.push(written.map_err(|error| FolderError::Write { path, error })?);
        Ok(())
    }

    /// Gives every file its name, in the order in which they were written, over older ones.
    ///
    /// # Errors
    /// What the system says of the first file that it refuses.
    pub fn commit(mut self) -> Result<(), FolderError> {
        for file in std::mem::take(&mut self.files) {
            let path = file.path().to_path_buf();
            file.commit().map_err(|error| FolderError::Write { path, error })?;
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
    fn names_that_cannot_be_written_are_refused() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("taken")).unwrap();
        let mut folder = Folder::open(place.path()).unwrap();
        assert!(matches!(folder.write("taken", b""), Err(FolderError::IsFolder { .. })));
        assert!(matches!(folder.write("none/file", b""), Err(FolderError::Write { .. })));
        fs::write(place.path().join("file"), b"").unwrap();
        let error = Folder::open(place.path().join("file/folder")).unwrap_err();
        assert!(error.to_string().starts_with("cannot write to the output folder"), "{error}");
    }
}
