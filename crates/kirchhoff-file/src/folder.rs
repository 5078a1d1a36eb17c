//! Output files: all of them, whole, or none.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::ours::says_so;
use crate::{Draft, FinishedDraft, Output, Refusal};

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
    /// What an earlier run wrote, which goes when this one's files are there.
    earlier: Vec<String>,
}

/// What says which files a run wrote is not read beyond this size.
const LONGEST_MANIFEST: u64 = 1 << 28;

/// The part of a run's JSON that lists its files.
#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    files: Vec<String>,
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
            Ok(()) => Ok(Folder { output, made, files: Vec::new(), earlier: Vec::new() }),
            Err(error) => {
                remove(&made);
                let error = if path.is_file() { Refusal::File.into() } else { error };
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

    /// Lets the files of an earlier run go when those of this one are there: those that the list `files` of the JSON object in
    /// `manifest` names, if this tool wrote that and them. A folder without it loses nothing.
    pub fn replace_run(&mut self, manifest: &str) {
        let path = self.path().join(manifest);
        let is_small =
            fs::metadata(&path).is_ok_and(|metadata| metadata.is_file() && metadata.len() < LONGEST_MANIFEST);
        if !is_small || !says_so(&path).unwrap_or(false) {
            return;
        }
        let listed = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Listed>(&bytes).ok());
        self.earlier = listed.map_or_else(Vec::new, |listed| listed.files);
    }

    /// The names of the files that are written so far, in their order.
    pub fn names(&self) -> Vec<String> {
        let name = |file: &FinishedDraft| Some(file.path().strip_prefix(self.path()).ok()?.to_str()?.to_string());
        self.files.iter().filter_map(name).collect()
    }

    /// Removes what an earlier run wrote and this one did not; what cannot be removed stays.
    fn remove_earlier(&self, written: &[String]) {
        for name in self.earlier.iter().filter(|name| !written.contains(name)) {
            // A list may have been edited: nothing beside the folder is meant, and nothing of anybody else's.
            let is_plain = Path::new(name).components().count() == 1 && Path::new(name).file_name().is_some();
            let path = self.path().join(name);
            let is_file = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
            if is_plain && is_file && says_so(&path).unwrap_or(false) {
                let _ = fs::remove_file(&path);
            }
        }
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
        let written = self.names();
        for file in std::mem::take(&mut self.files) {
            let path = file.path().to_path_buf();
            file.commit().map_err(|error| failed(&path, error))?;
        }
        self.made.clear();
        self.remove_earlier(&written);
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
    fn what_an_earlier_run_wrote_goes_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("out");
        let ours = |text: &str| format!("{}{text}</svg>", crate::SVG_MARK);
        let run = |names: &[&str]| {
            let mut folder = Folder::open(&out).unwrap();
            folder.replace_run("run.json");
            names.iter().for_each(|name| folder.write(name, ours(name).as_bytes()).unwrap());
            let files = [folder.names(), vec!["run.json".to_string()]].concat();
            // In this order: by its first name the file is known.
            let files = serde_json::to_string(&files).unwrap();
            let json = format!(r#"{{"{}":"1","files":{files}}}"#, crate::GENERATOR);
            folder.write("run.json", json.as_bytes()).unwrap();
            folder.commit().unwrap();
        };
        let there = || {
            let entries = fs::read_dir(&out).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        run(&["a.svg", "b.svg", "c.svg"]);
        fs::write(out.join("c.svg"), "a user's now").unwrap();
        fs::write(out.join("d.svg"), ours("of another run")).unwrap();
        run(&["a.svg"]);
        assert_eq!(there(), ["a.svg", "c.svg", "d.svg", "run.json"]);
        // A list that names what lies elsewhere, and one that somebody else wrote.
        fs::write(place.path().join("x.svg"), ours("x")).unwrap();
        let json = format!(r#"{{"{}":"1","files":["../x.svg",".","","/"]}}"#, crate::GENERATOR);
        fs::write(out.join("run.json"), json).unwrap();
        run(&["a.svg"]);
        assert!(place.path().join("x.svg").exists());
        fs::write(out.join("run.json"), r#"{"files": ["a.svg"]}"#).unwrap();
        let mut folder = Folder::open(&out).unwrap();
        folder.replace_run("run.json");
        folder.commit().unwrap();
        assert_eq!(there(), ["a.svg", "c.svg", "d.svg", "run.json"]);
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
