//! Inputs, as the command line names them: files, folders and patterns, of which some are meant.

use std::ops::Range;
use std::path::{Path, PathBuf};

use kirchhoff::data::{
    DataSetOptions, Fitting, InputFiles, Inputs, Preprocessing, array_shape, is_input, picture_fitting,
};
use kirchhoff::embedded;
use kirchhoff::network::{Network, NodeId};

use crate::failure::Failure;
use crate::input_options::InputOptions;
use crate::load::{Loaded, is_model};

/// The inputs that are meant of those that there are.
pub struct Chosen {
    pub inputs: Inputs,
    /// The number of each among all of them.
    pub numbers: Vec<Range<usize>>,
    /// How many there are.
    pub of: usize,
    /// Their labels, where there are some.
    pub labels: Option<Vec<usize>>,
    /// How the first picture is fitted to the network, where it has another size, and its name; and how many more have.
    pub fitting: Option<(Fitting, String, usize)>,
}

impl Chosen {
    /// Says how pictures of other sizes are fitted to the network.
    pub fn remark(&self) {
        if let Some((fitting, name, others)) = &self.fitting {
            crate::say(fitted(fitting, name, *others));
        }
    }

    /// The labels; an error says where to give them.
    pub fn labelled(&self) -> Result<&[usize], Failure> {
        self.labels.as_deref().ok_or_else(|| {
            Failure::usage("`label` is the label of an input, but there are none: give a file of them with --labels")
        })
    }

    /// What is given once for all inputs, for each of all of them or for each of the chosen ones, of the chosen ones.
    pub fn of_chosen<T: Clone>(&self, given: Vec<T>) -> Vec<T> {
        match given.len() == self.of && given.len() > 1 {
            true => self.numbers.iter().flat_map(|run| given[run.clone()].to_vec()).collect(),
            false => given,
        }
    }
}

/// Reads inputs, and their labels if they are given or explained `by_label`; no files are the embedded digits, where the network
/// takes them.
pub fn inputs(
    paths: &[PathBuf],
    loaded: &Loaded,
    preprocessing: &Preprocessing,
    options: &InputOptions,
    by_label: bool,
) -> Result<Chosen, Failure> {
    let network = &loaded.network;
    let shape = &network.node(network.input()).shape;
    let named: Vec<(&str, &Path)> = paths.iter().filter_map(|path| named(network, path)).collect();
    if !named.is_empty() || network.inputs().len() > 1 {
        return several(loaded, paths, &named, preprocessing, options);
    }
    if paths.is_empty() {
        return digits(loaded, shape, preprocessing, options);
    }
    check_inputs(paths)?;
    let outputs = network.size(network.output());
    let settings = DataSetOptions {
        labels: options.choice.labels.as_deref(),
        split: options.choice.split.into(),
        outputs,
        classes: loaded.classes.as_deref(),
        skip_bad: false,
        resize: true,
    };
    let mut files = InputFiles::find(paths, shape, preprocessing, &settings).map_err(Failure::input)?;
    let of = files.count();
    let numbers = options.chosen(of)?;
    // Labels that nobody asks for may be damaged.
    let wanted = by_label || options.choice.labels.is_some();
    let labels = if wanted { files.labels().map_err(Failure::input)? } else { None };
    let fitting = fitting(&files, shape, preprocessing);
    let inputs = files.read(&numbers).map_err(Failure::input)?;
    let labels = labels.map(|labels| numbers.iter().flat_map(|run| labels[run.clone()].to_vec()).collect());
    Ok(Chosen { inputs, numbers, of, labels, fitting })
}

/// How the first picture of another size than the network's is fitted to it, and how many more there are of the first hundred.
fn fitting(files: &InputFiles, shape: &[usize], preprocessing: &Preprocessing) -> Option<(Fitting, String, usize)> {
    let pictures = files.pictures();
    let mut found = pictures.iter().take(100).filter_map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Some((picture_fitting(path, shape, preprocessing)?, name))
    });
    let (fitting, name) = found.next()?;
    Some((fitting, name, found.count()))
}

/// In how many pixels across a network sees pictures that are no photographs.
const SMALL: usize = 64;

/// How a picture is fitted to the network, in words, with a warning where next to nothing is left of a photograph.
pub fn fitted(fitting: &Fitting, name: &str, others: usize) -> String {
    let written = |[height, width]: [usize; 2]| format!("{width}×{height}");
    let Fitting { size, scaled, seen, is_grey } = *fitting;
    let (shorter, longest) = (size[0].min(size[1]), seen[0].max(seen[1]));
    let warning = if longest <= SMALL && shorter >= 4 * longest { "warning: " } else { "" };
    let middle =
        if scaled == seen { String::new() } else { format!(", of which the middle {} is seen", written(seen)) };
    let grey = if is_grey { ", in grey" } else { "" };
    let others = match others {
        0 => String::new(),
        1 => "; another picture likewise".to_string(),
        others => format!("; {others} more pictures likewise"),
    };
    format!("{warning}{name} of {} is scaled to {}{middle}{grey}{others}", written(size), written(scaled))
}

/// The shape of the array in a file, with the name of the input that it is for, where it is given as `NAME=FILE`.
pub fn shape_of(path: &Path) -> Option<(Option<String>, Vec<usize>)> {
    match path.to_str().and_then(|text| text.split_once('=')).filter(|_| !path.exists()) {
        Some((name, file)) => Some((Some(name.to_string()), array_shape(Path::new(file))?)),
        None => Some((None, array_shape(path)?)),
    }
}

/// The name of an input and a file for it, of `NAME=FILE`.
fn named<'a>(network: &Network, path: &'a Path) -> Option<(&'a str, &'a Path)> {
    let (name, file) = path.to_str()?.split_once('=')?;
    let is_input = network.find(name).is_some_and(|node| network.inputs().contains(&node));
    (is_input && !path.exists()).then(|| (name, Path::new(file)))
}

/// The inputs of a network of several, from a file for each by its name.
fn several(
    loaded: &Loaded,
    paths: &[PathBuf],
    named: &[(&str, &Path)],
    preprocessing: &Preprocessing,
    options: &InputOptions,
) -> Result<Chosen, Failure> {
    let network = &loaded.network;
    let described = |&input: &NodeId| format!("{} of shape {:?}", network.known_as(input), network.node(input).shape);
    if named.len() < paths.len() {
        let inputs: Vec<String> = network.inputs().iter().map(described).collect();
        let other = paths.iter().find(|path| !named.iter().any(|(name, _)| path.to_string_lossy().starts_with(name)));
        let other = other.map_or(String::new(), |path| format!("{}: ", path.display()));
        return Err(Failure::usage(format!(
            "{other}{} takes several inputs, so a file is named for each, as NAME=FILE: {}",
            loaded.name,
            inputs.join(", ")
        )));
    }
    let mut found = Vec::new();
    for &input in network.inputs() {
        let files: Vec<PathBuf> = named
            .iter()
            .filter(|(name, _)| network.find(name) == Some(input))
            .map(|(_, file)| file.to_path_buf())
            .collect();
        if files.is_empty() {
            return Err(Failure::usage(format!(
                "no file is named for the input {}: write {}=FILE",
                described(&input),
                network.known_as(input)
            )));
        }
        check_inputs(&files)?;
        let node = network.node(input);
        // Tokens and columns of tables are taken as they are; mean and deviation are those of pictures.
        let is_picture = node.shape.len() == 3;
        let own = if is_picture { preprocessing.clone() } else { Preprocessing::default() };
        let settings = DataSetOptions { outputs: usize::MAX, ..DataSetOptions::default() };
        let files = InputFiles::find(&files, &node.shape, &own, &settings).map_err(Failure::input)?;
        found.push((node.name.clone(), files));
    }
    let of = found.iter().map(|(_, files)| files.count()).max().unwrap_or(0);
    let numbers = options.chosen(of)?;
    let labels = match &options.choice.labels {
        None => None,
        Some(path) => {
            let all = kirchhoff::data::read_labels(path).map_err(Failure::input)?;
            if all.len() != of {
                return Err(Failure::usage(format!(
                    "{}: there are {} labels for {of} inputs",
                    path.display(),
                    all.len()
                )));
            }
            Some(numbers.iter().flat_map(|run| all[run.clone()].to_vec()).collect())
        }
    };
    let mut parts = Vec::new();
    for (name, mut files) in found {
        // One that is the same for all is read once; where numbers do not agree, all are read, and refused together.
        let all = 0..files.count();
        let read = if files.count() == of { files.read(&numbers) } else { files.read(&[all]) };
        parts.push((name, read.map_err(Failure::input)?));
    }
    let inputs = match &mut parts[..] {
        [_] => parts.remove(0).1,
        _ => Inputs::together(parts).map_err(Failure::input)?,
    };
    Ok(Chosen { inputs, numbers, of, labels, fitting: None })
}

/// Files that are not named as models.
fn check_inputs(paths: &[PathBuf]) -> Result<(), Failure> {
    if let Some(number) = paths.iter().find(|path| !path.exists() && path.to_string_lossy().parse::<f64>().is_ok()) {
        return Err(Failure::usage(format!(
            "there is no file {}: several numbers of an option are separated by commas, as in --mean 0.485,0.456,0.406",
            number.display()
        )));
    }
    // Inputs may be .safetensors files too.
    match paths.iter().find(|path| is_model(path) && !is_input(path)) {
        None => Ok(()),
        Some(path) => Err(Failure::usage(format!(
            "{} is named as a model, not as an input: a single model is given, before all inputs",
            path.display()
        ))),
    }
}

/// The embedded digits, preprocessed like any other images; each is labelled by the digit that it is.
fn digits(
    loaded: &Loaded,
    shape: &[usize],
    preprocessing: &Preprocessing,
    options: &InputOptions,
) -> Result<Chosen, Failure> {
    let mut inputs = embedded::inputs(shape).ok_or_else(|| {
        Failure::usage(format!(
            "{} takes inputs of shape {shape:?}, which the embedded digits do not have: name an image, .npy, \
             .safetensors or IDX file after the model",
            loaded.name
        ))
    })?;
    let wrong = |reason| Failure::usage(format!("the preprocessing cannot be done: {reason}"));
    preprocessing.check(shape[0]).map_err(wrong)?;
    if options.choice.labels.is_some() {
        return Err(Failure::usage(
            "--labels are those of the inputs that are named: the embedded digits have their own",
        ));
    }
    let length: usize = shape.iter().product();
    for (position, value) in inputs.values.iter_mut().enumerate() {
        *value = preprocessing.apply(*value, position % length / (length / shape[0]));
    }
    let of = inputs.count;
    let numbers = options.chosen(of)?;
    let labels: Vec<usize> = numbers.iter().cloned().flatten().collect();
    inputs.values =
        numbers.iter().flat_map(|run| inputs.values[run.start * length..run.end * length].to_vec()).collect();
    inputs.names = labels.iter().map(|&number| inputs.names[number].clone()).collect();
    inputs.count = labels.len();
    Ok(Chosen { inputs, numbers, of, labels: Some(labels), fitting: None })
}
