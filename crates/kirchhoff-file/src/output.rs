//! Where outputs go, and what they may replace: the one place that decides it.

use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::check_inputs;
use crate::inputs::was_read;
use crate::ours::{may_go, says_so};

/// A place for a file, or for a folder of files.
///
/// A file there is replaced if this tool wrote it, which is known by [what it holds](crate::GENERATOR), or if nothing is lost
/// with it; any other if that is [forced](Output::forced). Devices, pipes and folders are never replaced, and a symbolic link
/// is followed. Every path is an output without force.
///
/// ```
/// use kirchhoff_file::{Output, write_file};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("notes.txt");
/// std::fs::write(&path, "a user's")?;
/// assert!(write_file(&path, b"new").is_err());
/// assert_eq!(std::fs::read(&path)?, b"a user's");
/// write_file(Output::new(&path).forced(true), b"new")?;
/// assert_eq!(std::fs::read(&path)?, b"new");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Output {
    path: PathBuf,
    force: bool,
    spares_inputs: bool,
}

/// Why an output may not be written where it should go. It stands in an [`io::Error`] of the kind
/// [`AlreadyExists`](io::ErrorKind::AlreadyExists).
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// The path ends in none.
    #[error("it names no file")]
    NoName,
    /// A folder is there.
    #[error("it is a folder")]
    Folder,
    /// A file is there, where a folder should be.
    #[error("it is a file")]
    File,
    /// Something is there that is neither a file nor a folder.
    #[error("it is a {0}, not a regular file")]
    Special(&'static str),
    /// A symbolic link is there that leads to no file.
    #[error("it is a symbolic link that leads nowhere")]
    Link,
    /// The file was read to make the output.
    #[error("it is a file that this run reads: choose another name")]
    Input,
    /// The file there is somebody's.
    #[error(
        "there is a file of that name, which kirchhoff did not write: choose another name, or replace it by --force"
    )]
    Foreign,
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        io::Error::new(io::ErrorKind::AlreadyExists, refusal)
    }
}

impl Output {
    /// An output that replaces files of this tool's and no others.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Output { path: path.into(), force: false, spares_inputs: false }
    }

    /// Whether it may replace a file of somebody's.
    pub fn forced(self, force: bool) -> Self {
        Output { force, ..self }
    }

    /// The same output, which never replaces a file that this process has [read](crate::open_input), by force or not: for
    /// programs that end when their outputs are written.
    pub fn sparing_inputs(self) -> Self {
        Output { spares_inputs: true, ..self }
    }

    /// Where it goes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The output of a name in the folder that this one is.
    pub fn join(&self, name: impl AsRef<Path>) -> Output {
        Output { path: self.path.join(name), ..self.clone() }
    }

    /// Looks at what is there before there is anything to be written: whoever calls it first can refuse before the work is done.
    /// What can only be known of the new file, that it holds the bytes of the old one or is a table with the same columns, is
    /// taken to be so where the name allows it.
    ///
    /// # Errors
    /// A [`Refusal`], or what the system says.
    pub fn check(&self) -> io::Result<()> {
        let target = self.target()?;
        let replaced = self.replaced(&target)?;
        // Of other formats than text this tool's own are marked.
        let marked = ["safetensors", "png", "svg", "html", "onnx"];
        let extension = target.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let foreign = replaced && !self.force && marked.contains(&extension) && !says_so(&target)?;
        if foreign { Err(Refusal::Foreign.into()) } else { Ok(()) }
    }

    /// The path of the file itself, behind symbolic links.
    pub(crate) fn target(&self) -> io::Result<PathBuf> {
        if self.path.file_name().is_none() {
            return Err(Refusal::NoName.into());
        }
        match fs::symlink_metadata(&self.path) {
            Ok(metadata) if metadata.is_symlink() => fs::canonicalize(&self.path).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => Refusal::Link.into(),
                _ => error,
            }),
            _ => Ok(self.path.clone()),
        }
    }

    /// Whether there is a file at a target, which is one that can be replaced.
    pub(crate) fn replaced(&self, target: &Path) -> io::Result<bool> {
        let metadata = match fs::symlink_metadata(target) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let kind = metadata.file_type();
        if kind.is_dir() {
            return Err(Refusal::Folder.into());
        }
        if !kind.is_file() {
            return Err(Refusal::Special(name(kind)).into());
        }
        if self.spares_inputs && was_read(&metadata, target) {
            return Err(Refusal::Input.into());
        }
        Ok(true)
    }

    /// Decides, when the new file is written aside, whether it may take the place of what is at the target. Whether something is
    /// there. What was made of a file that changed meanwhile goes nowhere.
    pub(crate) fn admit(&self, target: &Path, new: &Path) -> io::Result<bool> {
        check_inputs(self.spares_inputs)?;
        let replaced = self.replaced(target)?;
        if replaced && !self.force && !may_go(target, new, &self.path)? {
            return Err(Refusal::Foreign.into());
        }
        Ok(replaced)
    }
}

#[cfg(unix)]
fn name(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        kind if kind.is_fifo() => "pipe",
        kind if kind.is_socket() => "socket",
        kind if kind.is_symlink() => "symbolic link",
        _ => "device",
    }
}

#[cfg(not(unix))]
fn name(_: FileType) -> &'static str {
    "device"
}

impl From<PathBuf> for Output {
    fn from(path: PathBuf) -> Self {
        Output::new(path)
    }
}

impl From<&PathBuf> for Output {
    fn from(path: &PathBuf) -> Self {
        Output::new(path)
    }
}

impl From<&Path> for Output {
    fn from(path: &Path) -> Self {
        Output::new(path)
    }
}

impl From<&str> for Output {
    fn from(path: &str) -> Self {
        Output::new(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{open_input, write_file};

    fn refusal(result: io::Result<()>) -> Option<Refusal> {
        result.unwrap_err().get_ref().and_then(|error| error.downcast_ref().copied())
    }

    #[test]
    fn only_files_of_the_tools_are_replaced_without_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_file(&path, b"{\"kirchhoff\": 1}").unwrap();
        write_file(&path, b"{\"kirchhoff\": 2}").unwrap();
        fs::write(&path, "{\"a\": 1}").unwrap();
        assert_eq!(refusal(write_file(&path, b"{\"kirchhoff\": 2}")), Some(Refusal::Foreign));
        assert_eq!(fs::read(&path).unwrap(), b"{\"a\": 1}");
        write_file(&path, b"{\"a\": 1}").unwrap();
        write_file(Output::new(&path).forced(true), b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left aside");
    }

    #[test]
    fn a_table_is_replaced_by_one_with_its_columns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write_file(&path, b"class,count\n0,1\n").unwrap();
        write_file(&path, b"class,count\n0,2\n").unwrap();
        assert_eq!(refusal(write_file(&path, b"class,share\n0,2\n")), Some(Refusal::Foreign));
    }

    #[test]
    fn inputs_are_spared_even_by_force_and_under_other_names() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a.json"), folder.path().join("b.json"));
        fs::write(&path, "{\"kirchhoff\": 1}").unwrap();
        fs::hard_link(&path, &other).unwrap();
        open_input(&path).unwrap();
        let output = Output::new(&other).sparing_inputs().forced(true);
        assert_eq!(refusal(output.check()), Some(Refusal::Input));
        assert_eq!(refusal(write_file(output, b"new")), Some(Refusal::Input));
        assert_eq!(fs::read(&path).unwrap(), b"{\"kirchhoff\": 1}");
        write_file(&path, b"{\"kirchhoff\": 2}").unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("link"));
        std::os::unix::fs::symlink("a", &link).unwrap();
        assert_eq!(refusal(write_file(&link, b"new")), Some(Refusal::Link));
        fs::write(&path, "old").unwrap();
        assert_eq!(refusal(write_file(&link, b"new")), Some(Refusal::Foreign));
        write_file(Output::new(&link).forced(true), b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[cfg(unix)]
    #[test]
    fn pipes_are_refused_even_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let output = Output::new(&path).forced(true);
        assert_eq!(refusal(output.check()), Some(Refusal::Special("pipe")));
        assert_eq!(refusal(write_file(output, b"new")), Some(Refusal::Special("pipe")));
        assert!(open_input(&path).is_err(), "and not waited for");
    }
}
