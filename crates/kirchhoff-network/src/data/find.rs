//! What a data set is made of: its files, and where its labels come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::idx::IdxFile;
use super::npy::NpyFile;
use super::read::{extension, first_bytes};
use super::set::{DataSetOptions, Items, Split};
use super::{InputError, array, labels};
use crate::tensor_file::natural;

/// Where the inputs of a data set are, and their labels.
pub(super) struct Found {
    pub(super) items: Items,
    pub(super) labels: Vec<u32>,
}

/// The inputs of one file.
pub(super) fn file(path: &Path, options: &DataSetOptions<'_>) -> Result<Found, InputError> {
    let own = || options.labels.map(labels::labels).transpose();
    let needed = |labels: Option<Vec<u32>>| {
        let reason = "there are no labels for it: give a file of them (--labels)";
        labels.ok_or_else(|| InputError::unsupported(path, reason))
    };
    match extension(path).as_str() {
        "npy" => {
            let file = NpyFile::open(path)?;
            file.values(0..0)?;
            Ok(Found { items: Items::Npy(file), labels: needed(own()?)? })
        }
        "safetensors" => {
            let file = array::open(path)?;
            let name = array::named(path, &file, ["inputs", "input"])?;
            let labels = match own()? {
                Some(labels) => labels,
                None => labels::beside(path, &file)?,
            };
            Ok(Found { items: Items::Tensor { file, name }, labels })
        }
        _ => match first_bytes(path)? {
            [0, 0, ..] | [0x1f, 0x8b, ..] => {
                let labels = match own()? {
                    Some(labels) => labels,
                    None => needed(beside(path).as_deref().map(labels::labels).transpose()?)?,
                };
                let file = IdxFile::open(path)?;
                Ok(Found { items: Items::Idx { path: path.to_path_buf(), file, next: 0, shape: Vec::new() }, labels })
            }
            _ => {
                let reason = "it is no data set: there are IDX, .npy and .safetensors files, and folders of images";
                Err(InputError::unsupported(path, reason))
            }
        },
    }
}

/// The labels that MNIST's names put beside a file of images, with or without compression.
fn beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let name = name.replace("images", "labels").replace("idx3", "idx1");
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    [plain.to_string(), format!("{plain}.gz")]
        .into_iter()
        .map(|name| path.with_file_name(name))
        .find(|labels| labels != path && labels.is_file())
}

/// The entries of a folder, in natural order.
fn entries(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    let io = |error| InputError::io(path, error);
    let mut entries = std::fs::read_dir(path)
        .map_err(io)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(io)?;
    entries.sort_by_cached_key(|path| natural(&file_name(path)));
    Ok(entries)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The inputs of a folder: of its IDX file for the split, or the images of the folders in it.
pub(super) fn folder(path: &Path, options: &DataSetOptions<'_>) -> Result<Found, InputError> {
    let entries = entries(path)?;
    let prefixes: &[&str] = match options.split {
        Split::Test => &["t10k", "test"],
        Split::Train => &["train"],
    };
    let is_images = |path: &&PathBuf| path.is_file() && file_name(path).contains("images-idx");
    let mnist: Vec<&PathBuf> = entries.iter().filter(is_images).collect();
    let of_split = mnist.iter().find(|path| prefixes.iter().any(|prefix| file_name(path).starts_with(prefix)));
    match of_split {
        Some(images) => return file(images, options),
        None if !mnist.is_empty() => {
            let reason = format!("none of its IDX files of images begins with {}", prefixes.join(" or "));
            return Err(InputError::unsupported(path, reason));
        }
        None => {}
    }
    let mut folders: BTreeMap<Vec<(bool, u64, String)>, PathBuf> = BTreeMap::new();
    for entry in entries.into_iter().filter(|entry| entry.is_dir()) {
        folders.insert(natural(&file_name(&entry)), entry);
    }
    if folders.is_empty() {
        let reason = "the folder holds neither IDX files of images (t10k-images-idx3-ubyte) nor a folder a class";
        return Err(InputError::unsupported(path, reason));
    }
    let folders: Vec<PathBuf> = folders.into_values().collect();
    let names: Vec<String> = folders.iter().map(|folder| file_name(folder)).collect();
    let labels = classes(&names, options.classes);
    let mut of_class: Vec<(u32, Vec<PathBuf>)> = Vec::new();
    for (folder, label) in folders.iter().zip(labels) {
        let is_image = |path: &PathBuf| ["png", "jpg", "jpeg"].contains(&extension(path).as_str());
        of_class.push((label, self::entries(folder)?.into_iter().filter(is_image).collect()));
    }
    let longest = of_class.iter().map(|(_, files)| files.len()).max().unwrap_or(0);
    let (mut files, mut labels) = (Vec::new(), Vec::new());
    for turn in 0..longest {
        for (label, of_class) in &of_class {
            if let Some(file) = of_class.get(turn) {
                files.push(file.clone());
                labels.push(*label);
            }
        }
    }
    Ok(Found { items: Items::Images(files), labels })
}

/// The classes that the names of folders stand for.
fn classes(names: &[String], known: Option<&[String]>) -> Vec<u32> {
    let numbers: Option<Vec<u32>> = names.iter().map(|name| name.parse().ok()).collect();
    let place = |name: &String| known?.iter().position(|class| class == name).map(|place| place as u32);
    let named: Option<Vec<u32>> = names.iter().map(place).collect();
    numbers.or(named).unwrap_or_else(|| (0..names.len() as u32).collect())
}
