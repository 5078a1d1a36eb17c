//! The table of the readers.

mod circuits;
mod formulas;
mod inputs;
mod networks;
mod studies;

use std::path::{Path, PathBuf};

use crate::mutate::{self, Mutate};

/// One of the readers of files.
pub struct Reader {
    /// What it is called.
    pub name: &'static str,
    /// What the names of its files end with.
    pub extension: &'static str,
    /// Sound files, and some that made trouble.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// How they are changed.
    pub mutate: Mutate,
    /// Reads a file and does with it what the tool does. Errors are as good as results.
    pub read: fn(&Path),
}

/// All of them.
pub static READERS: [Reader; 20] = [
    Reader {
        name: "onnx",
        extension: "onnx",
        seeds: networks::onnx_seeds,
        mutate: mutate::protobuf,
        read: networks::read,
    },
    Reader {
        name: "safetensors",
        extension: "safetensors",
        seeds: networks::safetensors_seeds,
        mutate: mutate::tensors,
        read: networks::read,
    },
    Reader {
        name: "toml",
        extension: "toml",
        seeds: networks::toml_seeds,
        mutate: mutate::text,
        read: networks::read_described,
    },
    Reader { name: "npy", extension: "npy", seeds: inputs::npy_seeds, mutate: mutate::npy, read: inputs::read },
    Reader { name: "npz", extension: "npz", seeds: inputs::npz_seeds, mutate: mutate::npz, read: inputs::read },
    Reader { name: "idx", extension: "idx", seeds: inputs::idx_seeds, mutate: mutate::bytes, read: inputs::read },
    Reader { name: "idx-gz", extension: "gz", seeds: inputs::gzip_seeds, mutate: mutate::gzip, read: inputs::read },
    Reader { name: "png", extension: "png", seeds: inputs::png_seeds, mutate: mutate::png, read: inputs::read },
    Reader { name: "jpeg", extension: "jpg", seeds: inputs::jpeg_seeds, mutate: mutate::jpeg, read: inputs::read },
    Reader { name: "labels", extension: "txt", seeds: inputs::label_seeds, mutate: mutate::text, read: inputs::read },
    Reader {
        name: "tensors",
        extension: "safetensors",
        seeds: inputs::tensor_seeds,
        mutate: mutate::tensors,
        read: inputs::read,
    },
    Reader {
        name: "gates",
        extension: "safetensors",
        seeds: circuits::gate_seeds,
        mutate: mutate::circuit,
        read: circuits::read,
    },
    Reader {
        name: "layered",
        extension: "safetensors",
        seeds: circuits::layered_seeds,
        mutate: mutate::circuit,
        read: circuits::read,
    },
    Reader {
        name: "sexpr",
        extension: "sexpr",
        seeds: formulas::sexpr_seeds,
        mutate: mutate::text,
        read: formulas::read_sexpr,
    },
    Reader {
        name: "nnf",
        extension: "nnf",
        seeds: formulas::nnf_seeds,
        mutate: mutate::text,
        read: formulas::read_nnf,
    },
    Reader {
        name: "definition",
        extension: "toml",
        seeds: formulas::definition_seeds,
        mutate: mutate::text,
        read: formulas::read_definition,
    },
    Reader {
        name: "values-json",
        extension: "json",
        seeds: formulas::json_seeds,
        mutate: mutate::text,
        read: formulas::read_values,
    },
    Reader {
        name: "values-csv",
        extension: "csv",
        seeds: formulas::csv_seeds,
        mutate: mutate::text,
        read: formulas::read_values,
    },
    Reader {
        name: "values-tensors",
        extension: "safetensors",
        seeds: inputs::tensor_seeds,
        mutate: mutate::tensors,
        read: formulas::read_values,
    },
    Reader {
        name: "study-state",
        extension: "state",
        seeds: studies::seeds,
        mutate: mutate::state,
        read: studies::read,
    },
];

/// The reader of a name.
pub fn reader(name: &str) -> Option<&'static Reader> {
    READERS.iter().find(|reader| reader.name == name)
}

impl Reader {
    /// Files that once made trouble, by their names.
    pub fn corpus(&self) -> Vec<(String, Vec<u8>)> {
        let folder = repository("crates/kirchhoff-fuzz/corpus").join(self.name);
        files(&folder, &[self.extension], LARGEST)
    }

    /// Seeds and what once made trouble.
    pub fn all_seeds(&self) -> Vec<Vec<u8>> {
        (self.seeds)().into_iter().chain(self.corpus().into_iter().map(|(_, file)| file)).collect()
    }
}

/// Seeds are small, so that many mutants of them are read in a second.
const LARGEST: u64 = 32 << 10;

/// A file or folder of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The files of a folder with some extensions and no more than so many bytes, by their names in order; none of a folder that is not
/// there.
fn files(folder: &Path, extensions: &[&str], largest: u64) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let is_meant = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        extensions.contains(&extension) && path.metadata().is_ok_and(|found| found.is_file() && found.len() <= largest)
    };
    paths.retain(is_meant);
    let named = |path: PathBuf| Some((path.file_name()?.to_str()?.to_string(), std::fs::read(&path).ok()?));
    paths.into_iter().filter_map(named).collect()
}

/// The contents of such files in several folders of the repository.
fn seeds(folders: &[&str], extensions: &[&str]) -> Vec<Vec<u8>> {
    folders.iter().flat_map(|folder| files(&repository(folder), extensions, LARGEST)).map(|(_, file)| file).collect()
}
