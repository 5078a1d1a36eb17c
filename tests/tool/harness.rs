//! Running the tool, and reading what it leaves.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use tempfile::TempDir;

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A file of the reference cases, as an argument.
pub fn golden(path: &str) -> String {
    repository("tests/golden").join(path).display().to_string()
}

/// A model of the importer's tests, as an argument.
pub fn onnx(name: &str) -> String {
    repository("crates/kirchhoff-network/tests/fixtures/onnx").join(name).display().to_string()
}

/// A folder of its own for each test, in which the tool runs.
pub struct Workplace {
    folder: TempDir,
}

/// What a run leaves: its exit code and its words.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Workplace {
    pub fn new() -> Self {
        Workplace { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and gives its name.
    pub fn write<'a>(&self, name: &'a str, bytes: impl AsRef<[u8]>) -> &'a str {
        std::fs::write(self.path(name), bytes).unwrap();
        name
    }

    /// Everything in the folder.
    pub fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    /// The tool with these arguments, not run yet.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = assert_cmd::cargo::cargo_bin_cmd!("kirchhoff");
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    /// Runs the tool, whatever comes of it.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Run {
        let output = self.command(arguments).output().unwrap();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs the tool, which has to succeed, and gives its stdout.
    pub fn succeed<A: AsRef<OsStr> + std::fmt::Debug>(&self, arguments: &[A]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.stderr);
        run.stdout
    }

    /// Runs the tool, which has to print JSON.
    pub fn json<A: AsRef<OsStr> + std::fmt::Debug>(&self, arguments: &[A]) -> Value {
        serde_json::from_str(&self.succeed(arguments)).unwrap()
    }

    /// Explains into a new folder and reads the relevance from there.
    pub fn relevance<A: AsRef<OsStr> + std::fmt::Debug>(&self, arguments: &[A]) -> Relevance {
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap();
        let mut all: Vec<&OsStr> = vec!["explain".as_ref(), "--quiet".as_ref(), "--out".as_ref()];
        all.push(folder.path().as_os_str());
        all.extend(arguments.iter().map(AsRef::as_ref));
        self.succeed(&all);
        Relevance { bytes: std::fs::read(folder.path().join("relevance.safetensors")).unwrap() }
    }

    /// Explains, which has to be refused: exit code 2, nothing on stdout, one line on stderr that holds all the words,
    /// and no file and no folder that was not there before.
    pub fn refuses<A: AsRef<OsStr> + std::fmt::Debug>(&self, arguments: &[A], words: &[&str]) {
        let mut all: Vec<&OsStr> = vec!["explain".as_ref()];
        all.extend(arguments.iter().map(AsRef::as_ref));
        if !arguments.iter().any(|argument| argument.as_ref() == "--out") {
            all.extend(["--out".as_ref(), "results/of this".as_ref()] as [&OsStr; 2]);
        }
        self.refuses_whole(&all, words);
    }

    /// As `refuses`, for any verb.
    pub fn refuses_whole<A: AsRef<OsStr> + std::fmt::Debug>(&self, arguments: &[A], words: &[&str]) {
        let before = self.names();
        let run = self.run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments:?}");
        assert!(run.stderr.starts_with("error: "), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.ends_with('\n') && run.stderr.lines().count() == 1, "{arguments:?}: {}", run.stderr);
        for word in words {
            assert!(run.stderr.contains(word), "{arguments:?}: no '{word}' in: {}", run.stderr);
        }
        assert_eq!(self.names(), before, "{arguments:?} left something behind");
    }

    /// Runs the tool with arguments that its grammar does not have: exit code 2, and usage instead of one line.
    pub fn misuses(&self, arguments: &[&str], words: &[&str]) {
        let before = self.names();
        let run = self.run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments:?}");
        assert!(run.stderr.starts_with("error: "), "{arguments:?}: {}", run.stderr);
        for word in words {
            assert!(run.stderr.contains(word), "{arguments:?}: no '{word}' in: {}", run.stderr);
        }
        assert_eq!(self.names(), before, "{arguments:?} left something behind");
    }
}

/// The names of all files and folders in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The content of a `relevance.safetensors`.
#[derive(PartialEq)]
pub struct Relevance {
    pub bytes: Vec<u8>,
}

/// One tensor of it, with its values as numbers.
#[derive(Debug, PartialEq)]
pub struct Tensor {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

impl Relevance {
    pub fn read(path: impl AsRef<Path>) -> Self {
        Relevance { bytes: std::fs::read(path).unwrap() }
    }

    /// All tensors by name.
    pub fn tensors(&self) -> BTreeMap<String, Tensor> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        tensors.iter().map(|(name, view)| (name.to_string(), tensor(&view))).collect()
    }

    pub fn tensor(&self, name: &str) -> Tensor {
        tensor(&SafeTensors::deserialize(&self.bytes).unwrap().tensor(name).unwrap())
    }

    /// A tensor of unsigned integers, which numbers would round.
    pub fn integers(&self, name: &str) -> Vec<u64> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let tensor = tensors.tensor(name).unwrap();
        assert_eq!(tensor.dtype(), Dtype::U64);
        tensor.data().as_chunks().0.iter().map(|&bytes| u64::from_le_bytes(bytes)).collect()
    }
}

fn tensor(view: &safetensors::tensor::TensorView<'_>) -> Tensor {
    let data = view.data();
    let values = match view.dtype() {
        Dtype::BOOL => data.iter().map(|&byte| f64::from(byte)).collect(),
        Dtype::F32 => data.as_chunks().0.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes))).collect(),
        Dtype::F64 => data.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect(),
        Dtype::I64 => data.as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes) as f64).collect(),
        Dtype::U8 => data.iter().map(|&byte| f64::from(byte)).collect(),
        Dtype::U32 => data.as_chunks().0.iter().map(|&bytes| f64::from(u32::from_le_bytes(bytes))).collect(),
        Dtype::U64 => data.as_chunks().0.iter().map(|&bytes| u64::from_le_bytes(bytes) as f64).collect(),
        other => panic!("values of type {other:?}"),
    };
    Tensor { dtype: view.dtype(), shape: view.shape().to_vec(), values }
}
