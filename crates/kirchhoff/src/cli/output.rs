//! Output files: all of them, whole, or none.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

use super::failure::Failure;

/// A set of files that appear in a folder together, when all of them are written.
pub struct Outputs {
    folder: PathBuf,
    /// Folders that were not there before, the innermost first.
    made: Vec<PathBuf>,
    files: Vec<(NamedTempFile, PathBuf)>,
}

impl Outputs {
    /// Makes the folder where it is not there, and makes sure that files can be written to it.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let missing = folder.ancestors().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let made: Vec<_> = missing.map(Path::to_path_buf).collect();
        let open = || -> anyhow::Result<()> {
            fs::create_dir_all(folder)?;
            NamedTempFile::new_in(folder)?;
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
        let write = || -> anyhow::Result<NamedTempFile> {
            let mut file = NamedTempFile::new_in(&self.folder)?;
            file.write_all(bytes)?;
            Ok(file)
        };
        let file = write().with_context(|| format!("cannot write {}", path.display())).map_err(Failure::Work)?;
        self.files.push((file, path));
        Ok(())
    }

    /// Gives every file its name.
    pub fn commit(mut self) -> Result<(), Failure> {
        for (file, path) in std::mem::take(&mut self.files) {
            // Temporary files are private; results are for whoever may read the folder.
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let _ = fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644));
            }
            let named = file.persist(&path).map_err(|error| error.error);
            named.with_context(|| format!("cannot write {}", path.display())).map_err(Failure::Work)?;
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
