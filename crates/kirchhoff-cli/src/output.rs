//! Output files: all of them, whole, or none.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use kirchhoff_file::{Draft, FinishedDraft};

use crate::failure::Failure;

/// A set of files that appear in a folder together, when all of them are written.
pub struct Outputs {
    folder: PathBuf,
    /// Folders that were not there before, the innermost first.
    made: Vec<PathBuf>,
    files: Vec<FinishedDraft>,
}

impl Outputs {
    /// Makes the folder where it is not there, and makes sure that files can be written to it.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let missing = folder.ancestors().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let made: Vec<_> = missing.map(Path::to_path_buf).collect();
        let open = || -> anyhow::Result<()> {
            fs::create_dir_all(folder)?;
            Draft::new(folder.join("probe"))?;
            Ok(())
        };
        open().with_context(|| format!("cannot write to the output folder {}", folder.display())).map_err(|error| {
            remove(&made);
            Failure::Input(error)
        })?;
        Ok(Outputs { folder: folder.to_path_buf(), made, files: Vec::new() })
    }

    /// Writes a file aside.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.folder.join(name);
        if path.is_dir() {
            // Found at the end, it would leave half of the files.
            return Err(Failure::usage(format!("cannot write {}: it is a folder", path.display())));
        }
        let write = || {
            let mut draft = Draft::new(&path)?;
            draft.write_all(bytes)?;
            draft.finish()
        };
        self.files.push(write().with_context(|| format!("cannot write {}", path.display())).map_err(Failure::Work)?);
        Ok(())
    }

    /// Gives every file its name.
    pub fn commit(mut self) -> Result<(), Failure> {
        for file in std::mem::take(&mut self.files) {
            let path = file.path().display().to_string();
            file.commit().with_context(|| format!("cannot write {path}")).map_err(Failure::Work)?;
        }
        self.made.clear();
        Ok(())
    }
}

impl Drop for Outputs {
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
