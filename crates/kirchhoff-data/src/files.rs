//! Files of inputs: found and counted, and read as far as they are wanted.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use kirchhoff_file::{elements, natural_order};
use kirchhoff_network::Preprocessing;

use crate::find::{For, Found, entries, find, is_data_set, own_labels};
use crate::fit::picture;
use crate::formats::{KNOWN, Open, format, is_input, stem};
use crate::inputs::{LIMIT, NAMES};
use crate::reader::{ArrayReader, PictureReader, Reader, preprocess};
use crate::set::DataSetOptions;
use crate::{InputError, Inputs, labels};

/// Files that a pattern may mean.
const MOST_FILES: usize = 1 << 20;

/// Inputs in files, folders and what patterns such as `photos/*.jpg` mean: counted, nothing read.
///
/// ```
/// use kirchhoff_data::{DataSetOptions, InputFiles, Preprocessing};
///
/// let folder = tempfile::tempdir()?;
/// for name in ["a", "b", "c"] {
///     std::fs::write(folder.path().join(name).with_extension("idx"), [0, 0, 8, 1, 0, 0, 0, 1, 51])?;
/// }
/// let files = [folder.path().join("[ac].idx")];
/// let mut found = InputFiles::find(&files, &[1], &Preprocessing::default(), &DataSetOptions::default())?;
/// assert_eq!(found.count(), 2);
/// assert_eq!(found.read(&[1..2])?.names, ["c"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct InputFiles {
    sources: Vec<Source>,
    network: Vec<usize>,
    preprocessing: Preprocessing,
    labels: Option<PathBuf>,
}

/// The inputs at one path.
struct Source {
    path: PathBuf,
    reader: Box<dyn Reader>,
    /// Their labels, where they belong to a folder.
    labels: Option<Vec<u32>>,
    /// Whether they lie in a folder a class, after which they are named.
    by_class: bool,
}

impl InputFiles {
    /// Finds the inputs at these paths, in order, for a network that takes the given shape.
    ///
    /// A folder is a [data set](crate::DataSet::open) in MNIST's format or with a folder a class, or else all files of inputs
    /// in it, in natural order. A path that is not there and has one of `*?[` is a pattern.
    ///
    /// # Errors
    /// A path that is not there, or that holds no inputs in a format that is read; arrays that do not fit the network;
    /// preprocessing for another number of channels; no paths.
    pub fn find(
        paths: &[PathBuf],
        network: &[usize],
        preprocessing: &Preprocessing,
        options: &DataSetOptions<'_>,
    ) -> Result<Self, InputError> {
        let channels = network.first().copied().unwrap_or(1);
        preprocessing.check(channels).map_err(InputError::Preprocessing)?;
        if paths.is_empty() {
            return Err(InputError::Nothing);
        }
        let mut sources = Vec::new();
        for path in paths.iter().map(|path| meant(path)).collect::<Result<Vec<_>, _>>()?.concat() {
            if !path.is_dir() {
                sources.push(Source::file(&path, network, preprocessing)?);
            } else if is_data_set(&path) {
                // Inputs are scaled as pictures named one by one are.
                let options = DataSetOptions { labels: None, resize: true, ..options.clone() };
                let Found { reader, labels, .. } = find(&path, For { network, preprocessing, options: &options })?;
                let by_class = reader.have_files_of_their_own();
                sources.push(Source { path, reader, labels, by_class });
            } else {
                let files: Vec<PathBuf> = entries(&path)?.into_iter().filter(|file| is_input(file)).collect();
                if files.is_empty() {
                    return Err(InputError::unsupported(&path, format!("the folder holds no inputs: {KNOWN}")));
                }
                for file in files {
                    sources.push(Source::file(&file, network, preprocessing)?);
                }
            }
        }
        Ok(InputFiles {
            sources,
            network: network.to_vec(),
            preprocessing: preprocessing.clone(),
            labels: options.labels.map(Path::to_path_buf),
        })
    }

    /// The number of inputs.
    pub fn count(&self) -> usize {
        self.sources.iter().fold(0, |sum, source| sum.saturating_add(source.reader.count()))
    }

    /// The pictures among the inputs, one a file.
    pub fn pictures(&self) -> Vec<&Path> {
        let own = self.sources.iter().filter(|source| source.reader.have_files_of_their_own());
        own.flat_map(|source| source.reader.files()).collect()
    }

    /// The labels of all inputs: from the file that was [given](DataSetOptions::labels), else from the names of folders, from
    /// archives, or from what MNIST's names put beside files. None where some inputs have none.
    ///
    /// # Errors
    /// Labels that cannot be read, or are not as many as the inputs.
    pub fn labels(&self) -> Result<Option<Vec<usize>>, InputError> {
        let usable = |labels: Vec<u32>| labels.into_iter().map(|label| label as usize).collect::<Vec<_>>();
        if let Some(given) = &self.labels {
            return Ok(Some(usable(labels::read(given, Some(self.count()), &labels::NAMES)?)));
        }
        let mut all = Vec::new();
        for source in &self.sources {
            let own = match &source.labels {
                Some(labels) => Some(labels.clone()),
                None if source.reader.have_files_of_their_own() => None,
                None => own_labels(source.reader.path(0), source.reader.count())?,
            };
            match own {
                Some(labels) => all.extend(usable(labels)),
                None => return Ok(None),
            }
        }
        Ok(Some(all))
    }

    /// Reads the inputs of some numbers, counted from 0 through all files, in this order.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged or too large; values that are not finite, before preprocessing or after it.
    ///
    /// # Panics
    /// If a number is none of an input.
    pub fn read(&mut self, numbers: &[Range<usize>]) -> Result<Inputs, InputError> {
        let length = elements(&self.network).unwrap_or(usize::MAX);
        let mut inputs = Inputs {
            values: Vec::new(),
            count: 0,
            shape: self.network.clone(),
            picture: None,
            parts: Vec::new(),
            names: Vec::new(),
        };
        let mut names = HashSet::new();
        let mut wanted = numbers.iter().cloned();
        let mut rest = 0..0;
        loop {
            if rest.is_empty() {
                let Some(next) = wanted.next() else { break };
                rest = next;
                continue;
            }
            let mut number = rest.start;
            let source = self.sources.iter_mut().find(|source| {
                let is_here = number < source.reader.count();
                number -= if is_here { 0 } else { source.reader.count() };
                is_here
            });
            let source = source.expect("the number is that of an input");
            let run = rest.len().min(source.reader.count() - number);
            rest.start += run;
            let total = (inputs.count as u128 + run as u128) * length as u128;
            if total > LIMIT as u128 {
                return Err(InputError::TooLarge { path: source.path.clone(), values: total, limit: LIMIT });
            }
            let values = source.read(number, run, &self.network, &self.preprocessing)?;
            let picture_here = source.reader.picture();
            if inputs.count == 0 {
                inputs.picture = picture_here;
            } else if inputs.picture != picture_here {
                inputs.picture = picture(&[], &self.network);
            }
            inputs.names.extend((number..number + run).map(|number| source.name(number, &mut names)));
            inputs.count += run;
            match inputs.values.is_empty() {
                true => inputs.values = values,
                false => inputs.values.extend(values),
            }
        }
        match inputs.count {
            0 => Err(InputError::Nothing),
            _ => Ok(inputs),
        }
    }
}

impl Source {
    fn file(path: &Path, network: &[usize], preprocessing: &Preprocessing) -> Result<Self, InputError> {
        let array = match format(path)?.map(|format| &format.open) {
            Some(Open::Picture) => {
                let reader = Box::new(PictureReader::new(vec![path.to_path_buf()], network, preprocessing, false)?);
                return Ok(Source { path: path.to_path_buf(), reader, labels: None, by_class: false });
            }
            Some(Open::Array(open)) => open(path)?,
            Some(Open::Archive(open)) => open(path)?.choose(path, &NAMES)?,
            Some(Open::Labels(_)) | None => {
                return Err(InputError::unsupported(path, format!("it is of no format that is read: {KNOWN}")));
            }
        };
        let reader = Box::new(ArrayReader::new(array, network, preprocessing)?);
        if reader.count() == 0 {
            return Err(InputError::unsupported(path, "it holds no inputs"));
        }
        Ok(Source { path: path.to_path_buf(), reader, labels: None, by_class: false })
    }

    /// The values of `count` inputs from `first` on, preprocessed.
    fn read(
        &mut self,
        first: usize,
        count: usize,
        network: &[usize],
        preprocessing: &Preprocessing,
    ) -> Result<Vec<f32>, InputError> {
        let mut values = if self.reader.is_seekable() || count == self.reader.count() {
            self.reader.read(first..first + count)?
        } else {
            let all = self.reader.read(0..self.reader.count())?;
            let length = all.len() / self.reader.count();
            all[first * length..(first + count) * length].to_vec()
        };
        let place = if self.reader.have_files_of_their_own() { 0 } else { first };
        preprocess(&mut values, network, preprocessing, self.reader.path(first), place)?;
        Ok(values)
    }

    /// A name for an input that none has yet.
    fn name(&self, number: usize, names: &mut HashSet<String>) -> String {
        let path = self.reader.path(number);
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let own = stem(&file);
        let folder = path.parent().and_then(Path::file_name).filter(|_| self.by_class);
        let wanted = match folder {
            Some(folder) => format!("{}/{own}", folder.to_string_lossy()),
            None if self.reader.have_files_of_their_own() || self.reader.count() == 1 => own.to_string(),
            None => format!("{own}-{number}"),
        };
        let mut name = wanted.clone();
        let mut copy = 2;
        while !names.insert(name.clone()) {
            name = format!("{wanted}-{copy}");
            copy += 1;
        }
        name
    }
}

/// The paths that a pattern means, in natural order; a path that is there means itself.
fn meant(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    let pattern = path.to_str().filter(|text| text.contains(['*', '?', '[']) && !path.exists());
    let Some(pattern) = pattern else { return Ok(vec![path.to_path_buf()]) };
    let wrong = |reason: String| InputError::unsupported(path, reason);
    let found = glob::glob(pattern).map_err(|error| wrong(format!("it is no pattern of files: {}", error.msg)))?;
    let mut paths = Vec::new();
    for found in found {
        paths.push(found.map_err(|error| InputError::io(error.path(), std::io::Error::other(error.to_string())))?);
        if paths.len() > MOST_FILES {
            return Err(wrong(format!("it means more than {MOST_FILES} files")));
        }
    }
    paths.sort_by_cached_key(|path| (natural_order(&path.to_string_lossy()), path.clone()));
    match paths.is_empty() {
        true => Err(wrong("no file is named like that".to_string())),
        false => Ok(paths),
    }
}

/// The numbers that a text such as `7`, `0-9` or `3,8,20-29` means, in its order, none twice.
///
/// # Errors
/// A sentence about another text, or about more than 2²⁰ numbers.
pub fn numbered_inputs(text: &str) -> Result<Vec<usize>, String> {
    let wrong = || format!("`{text}` is no input: write a number from 0, a range 0-9, or several of them, 3,8,20-29");
    let mut numbers = Vec::new();
    let mut there = HashSet::new();
    for part in text.split(',') {
        let number = |part: &str| part.trim().parse::<usize>().map_err(|_| wrong());
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(part)?, number(part)?),
        };
        if first > last {
            return Err(wrong());
        }
        if last - first >= MOST_FILES || numbers.len() > MOST_FILES {
            return Err(format!("`{text}` means more than {MOST_FILES} inputs"));
        }
        numbers.extend((first..=last).filter(|&number| there.insert(number)));
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_numbered_singly_and_in_ranges() {
        assert_eq!(numbered_inputs("7"), Ok(vec![7]));
        assert_eq!(numbered_inputs("3,1-2, 2,3"), Ok(vec![3, 1, 2]));
        for wrong in ["", "a", "-1", "3-", "4-2", "1,,2", "1.5", "0-99999999"] {
            assert!(numbered_inputs(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }

    fn written(folder: &Path, name: &str, values: &[u8]) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let header = [0, 0, 8, 2, 0, 0, 0, values.len() as u8, 0, 0, 0, 1];
        std::fs::write(path, [&header[..], values].concat()).unwrap();
    }

    fn found(paths: &[PathBuf]) -> Result<InputFiles, InputError> {
        InputFiles::find(paths, &[1], &Preprocessing::default(), &DataSetOptions::default())
    }

    #[test]
    fn folders_and_patterns_mean_their_files_and_numbers_go_through_all() {
        let place = tempfile::tempdir().unwrap();
        written(place.path(), "in/b10.idx", &[0, 51]);
        written(place.path(), "in/b9.idx", &[102]);
        written(place.path(), "in/notes.md", &[1]);
        written(place.path(), "c.idx", &[153, 204, 255]);
        let mut files = found(&[place.path().join("in"), place.path().join("c.idx")]).unwrap();
        assert_eq!((files.count(), files.labels().unwrap()), (6, None));
        let some = files.read(&[5..6, 0..4]).unwrap();
        assert_eq!(some.values, [1.0, 0.4, 0.0, 0.2, 0.6]);
        assert_eq!(some.names, ["c-2", "b9", "b10-0", "b10-1", "c-0"]);
        assert_eq!(found(&[place.path().join("in/b*.idx")]).unwrap().count(), 3);
        for (path, word) in [("in/x*", "no file is named like that"), ("in/a**b", "no pattern"), ("none", "none")] {
            let error = found(&[place.path().join(path)]).err().unwrap().to_string();
            assert!(error.contains(word), "{error}");
        }
        std::fs::create_dir(place.path().join("empty")).unwrap();
        assert!(found(&[place.path().join("empty")]).err().unwrap().to_string().contains("holds no inputs"));
    }

    #[test]
    fn labels_lie_beside_files_and_are_given() {
        let place = tempfile::tempdir().unwrap();
        written(place.path(), "t10k-images-idx3-ubyte", &[10, 20]);
        std::fs::write(place.path().join("t10k-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 2, 4, 3]).unwrap();
        std::fs::write(place.path().join("labels.txt"), "1\n2\n").unwrap();
        let file = place.path().join("t10k-images-idx3-ubyte");
        let paths = [place.path().to_path_buf()];
        for paths in [&paths[..], std::slice::from_ref(&file)] {
            assert_eq!(found(paths).unwrap().labels().unwrap(), Some(vec![4, 3]));
        }
        let given = place.path().join("labels.txt");
        let options = DataSetOptions { labels: Some(&given), ..DataSetOptions::default() };
        let files = InputFiles::find(std::slice::from_ref(&file), &[1], &Preprocessing::default(), &options).unwrap();
        assert_eq!(files.labels().unwrap(), Some(vec![1, 2]));
        let files = InputFiles::find(&[file.clone(), file], &[1], &Preprocessing::default(), &options).unwrap();
        assert!(files.labels().unwrap_err().to_string().contains("2 labels for 4 inputs"));
    }
}
