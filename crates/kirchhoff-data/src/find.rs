//! What a data set is made of: its files, and where its labels come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kirchhoff_file::natural_order;
use kirchhoff_network::Preprocessing;

use crate::formats::{Open, format, is_picture};
use crate::reader::{ArrayReader, PictureReader, Reader};
use crate::set::{DataSetOptions, Split};
use crate::{InputError, inputs, labels};

/// The inputs of a data set, and their labels where there are some.
pub(crate) struct Found {
    pub(crate) reader: Box<dyn Reader>,
    pub(crate) labels: Option<Vec<u32>>,
    /// The names of folders that are classes by their place alone.
    pub(crate) folders: Option<Vec<String>>,
}

/// For whom a data set is read.
#[derive(Clone, Copy)]
pub(crate) struct For<'a> {
    pub(crate) network: &'a [usize],
    pub(crate) preprocessing: &'a Preprocessing,
    pub(crate) options: &'a DataSetOptions<'a>,
}

/// Finds the inputs and labels at a path.
pub(crate) fn find(path: &Path, for_whom: For<'_>) -> Result<Found, InputError> {
    if path.is_dir() { folder(path, for_whom) } else { file(path, for_whom) }
}

/// The inputs of one file.
fn file(path: &Path, for_whom: For<'_>) -> Result<Found, InputError> {
    let For { network, preprocessing, options } = for_whom;
    // Data sets in one archive call their parts so.
    let (images, of_images) = match options.split {
        Split::Test => (["test_images", "x_test"], ["test_labels", "y_test"]),
        Split::Train => (["train_images", "x_train"], ["train_labels", "y_train"]),
    };
    let label_names = [&labels::NAMES[..], &of_images].concat();
    let (array, own) = match format(path)?.map(|format| &format.open) {
        Some(Open::Array(open)) => (open(path)?, None),
        Some(Open::Archive(open)) => {
            let archive = open(path)?;
            let array = archive.choose(path, &[&inputs::NAMES[..], &images].concat())?;
            let has_labels = archive.names.iter().any(|name| label_names.contains(&&name[..]));
            let own =
                (options.labels.is_none() && has_labels).then(|| archive.choose(path, &label_names)).transpose()?;
            (array, own)
        }
        Some(Open::Picture | Open::Labels(_)) | None => {
            let reason = "it is no data set: there are IDX, .npy, .npz and .safetensors files, and folders of images";
            return Err(InputError::unsupported(path, reason));
        }
    };
    let reader = ArrayReader::new(array, network, preprocessing)?;
    if !reader.is_seekable() {
        let reason =
            "its first axis changes fastest, and it is compressed: store it in C order, so that inputs lie together";
        return Err(InputError::unsupported(path, reason));
    }
    let count = Some(reader.count());
    let labels = match (own, options.labels, beside(path)) {
        (Some(own), ..) => Some(labels::of_array(own, count)?),
        (None, Some(given), _) => Some(labels::read(given, count, &label_names)?),
        (None, None, Some(beside)) => Some(labels::read(&beside, count, &label_names)?),
        (None, None, None) => None,
    };
    Ok(Found { reader: Box::new(reader), labels, folders: None })
}

/// The labels that belong to a file of so many inputs: in the same archive, or beside it by MNIST's names.
pub(crate) fn own_labels(path: &Path, count: usize) -> Result<Option<Vec<u32>>, InputError> {
    if let Some(Open::Archive(open)) = format(path)?.map(|format| &format.open) {
        let archive = open(path)?;
        if archive.names.iter().any(|name| labels::NAMES.contains(&&name[..])) {
            return Ok(Some(labels::of_array(archive.choose(path, &labels::NAMES)?, Some(count))?));
        }
    }
    beside(path).map(|beside| labels::read(&beside, Some(count), &labels::NAMES)).transpose()
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
pub(crate) fn entries(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    let io = |error| InputError::io(path, error);
    let mut entries = std::fs::read_dir(path)
        .map_err(io)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(io)?;
    // Names that are no text are equal where they are shown, but not as they are.
    entries.sort_by_cached_key(|path| (natural_order(&file_name(path)), path.clone()));
    Ok(entries)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The inputs of a folder: of its IDX file for the split, or the images of the folders in it.
fn folder(path: &Path, for_whom: For<'_>) -> Result<Found, InputError> {
    let For { network, preprocessing, options } = for_whom;
    let entries = entries(path)?;
    let prefixes: &[&str] = match options.split {
        Split::Test => &["t10k", "test"],
        Split::Train => &["train"],
    };
    let is_images = |path: &&PathBuf| path.is_file() && file_name(path).contains("images-idx");
    let mnist: Vec<&PathBuf> = entries.iter().filter(is_images).collect();
    let of_split = mnist.iter().find(|path| prefixes.iter().any(|prefix| file_name(path).starts_with(prefix)));
    match of_split {
        Some(images) => return file(images, for_whom),
        None if !mnist.is_empty() => {
            let reason = format!("none of its IDX files of images begins with {}", prefixes.join(" or "));
            return Err(InputError::unsupported(path, reason));
        }
        None => {}
    }
    let folders: Vec<PathBuf> = entries.into_iter().filter(|entry| entry.is_dir()).collect();
    if folders.is_empty() {
        let reason = "the folder holds neither IDX files of images (t10k-images-idx3-ubyte) nor a folder a class";
        return Err(InputError::unsupported(path, reason));
    }
    let names: Vec<String> = folders.iter().map(|folder| file_name(folder)).collect();
    let mut of_class: Vec<(u32, Vec<PathBuf>)> = Vec::new();
    let known = classes(&names, options.classes);
    let by_place = known.is_none();
    for (folder, label) in folders.iter().zip(known.unwrap_or_else(|| (0..names.len() as u32).collect())) {
        let pictures = self::entries(folder)?.into_iter().filter(|path| is_picture(path)).collect();
        of_class.push((label, pictures));
    }
    let mut turns: BTreeMap<(usize, usize), (PathBuf, u32)> = BTreeMap::new();
    for (place, (label, files)) in of_class.into_iter().enumerate() {
        turns.extend(files.into_iter().enumerate().map(|(turn, file)| ((turn, place), (file, label))));
    }
    let (files, labels): (_, Vec<u32>) = turns.into_values().unzip();
    let reader = PictureReader::new(files, network, preprocessing, !options.resize)?;
    Ok(Found { reader: Box::new(reader), labels: Some(labels), folders: by_place.then_some(names) })
}

/// The classes that the names of folders stand for, by number or by name.
fn classes(names: &[String], known: Option<&[String]>) -> Option<Vec<u32>> {
    let numbers: Option<Vec<u32>> = names.iter().map(|name| name.parse().ok()).collect();
    let place = |name: &String| known?.iter().position(|class| class == name).map(|place| place as u32);
    numbers.or_else(|| names.iter().map(place).collect())
}

/// Whether a folder holds a data set: IDX files of images, or folders.
pub(crate) fn is_data_set(path: &Path) -> bool {
    entries(path).is_ok_and(|entries| {
        entries.iter().any(|path| path.is_dir() || (path.is_file() && file_name(path).contains("images-idx")))
    })
}
