//! Targets of outputs of any shape, and of models with several.

use std::path::{Path, PathBuf};

use kirchhoff::data::{Preprocessing, is_input, read_inputs};
use kirchhoff::explain::{Neurons, Target, target_layer as named};
use kirchhoff::network::Network;
use kirchhoff::semiring::UnknownName;

use crate::circuits::find_layer;
use crate::failure::Failure;
use crate::inputs::Chosen;
use crate::load::{self, Loaded};
use crate::options::{ModelOutput, ReadingOptions, RuleOptions};

/// Reads the model that files begin with, with the output alone that targets are of: `scores[3]` is the value 3 of the output
/// `scores`. A name that no output has is that of a layer, of which targets are neurons.
pub fn model_of<'a>(
    files: &'a [PathBuf],
    reading: &ReadingOptions,
    of: &ModelOutput,
    targets: &[String],
) -> Result<(Loaded, Preprocessing, &'a [PathBuf]), Failure> {
    let named: Vec<&str> = targets.iter().filter_map(|target| named(target)).collect();
    if let Some(pair) = named.windows(2).find(|pair| pair[0] != pair[1]) {
        return Err(Failure::usage(format!(
            "targets are of '{}' and of '{}': an explanation starts from one output, or from one layer",
            pair[0], pair[1]
        )));
    }
    let output = of.output.as_deref().or(named.first().copied());
    let (loaded, preprocessing, rest) = match (load::model_of(files, reading, output), named.first()) {
        (Ok(read), _) => read,
        (Err(failure), Some(&layer)) if of.output.is_none() => match load::model_of(files, reading, None) {
            Ok(read) if find_layer(&read.0.network, layer).is_some() => read,
            Ok((loaded, ..)) => return Err(no_layer(&loaded, layer)),
            Err(_) => return Err(failure),
        },
        (Err(failure), _) => return Err(failure),
    };
    let loaded = loaded.explained()?;
    let network = &loaded.network;
    let is_there = |name: &str| network.find(name) == Some(network.output()) || find_layer(network, name).is_some();
    match named.first().filter(|name| !is_there(name)) {
        Some(name) => Err(no_layer(&loaded, name)),
        None => Ok((loaded, preprocessing, rest)),
    }
}

/// The failure of a target of an output or layer that is not there.
fn no_layer(loaded: &Loaded, name: &str) -> Failure {
    let network = &loaded.network;
    let names: Vec<&str> = network.nodes().map(|(_, node)| &*node.name).collect();
    Failure::usage(format!("{} has no output and no layer `{name}`; it has: {}", loaded.name, names.join(", ")))
}

/// The target that stands for each input's label.
pub const LABEL: &str = "label";

/// The targets with each input's label in place of [`LABEL`].
pub fn labelled(targets: &[String], chosen: &Chosen) -> Result<Vec<String>, Failure> {
    let labels = chosen.labelled()?;
    match targets {
        [_] => Ok(labels.iter().map(usize::to_string).collect()),
        _ => Err(Failure::usage("--target label is given alone: it is a target for each input")),
    }
}

/// The rules with targets by number, of the output of a network that is to be explained.
pub fn settled(rules: &RuleOptions, loaded: &Loaded) -> Result<RuleOptions, Failure> {
    let shape = &loaded.network.node(loaded.network.output()).shape;
    let classes = loaded.classes.as_deref().unwrap_or_default();
    let network = &loaded.network;
    let is_output = |name: &str| network.find(name) == Some(network.output());
    let target = rules.target.iter().map(|text| match (classed(text, classes), named(text)) {
        (Some(numbered), _) => Ok(numbered),
        (None, _) if text == LABEL => Ok(text.clone()),
        (None, Some(name)) if !is_output(name) => of_layer(text, network),
        (None, _) => unnamed(text, classes).map_or_else(|| numbered(text, shape), Err),
    });
    let target = target.collect::<Result<_, _>>()?;
    Ok(RuleOptions { target, ..rules.clone() })
}

/// A target with the numbers of classes that it names: a name, or a contrast such as `tabby-tiger cat` or `tabby-rest`.
fn classed(text: &str, classes: &[String]) -> Option<String> {
    if let Some(number) = class(text, classes) {
        return Some(number.to_string());
    }
    // Names may have dashes of their own.
    let side = |text: &str| class(text, classes).map(|number| number.to_string());
    let known = |text: &str| ["top", "second", "rest"].contains(&text.trim()) || text.trim().parse::<usize>().is_ok();
    let contrast = |(at, _): (usize, &str)| {
        let (left, right) = (&text[..at], &text[at + 1..]);
        let (own, other) = (side(left), side(right));
        let both =
            (own.is_some() || known(left)) && (other.is_some() || known(right)) && (own.is_some() || other.is_some());
        both.then(|| format!("{}-{}", own.unwrap_or(left.trim().into()), other.unwrap_or(right.trim().into())))
    };
    text.match_indices('-').find_map(contrast)
}

/// The refusal of a text that is no target by its form, where classes have names: with those that come nearest.
pub fn unnamed(text: &str, classes: &[String]) -> Option<Failure> {
    let is_word = text.parse::<Target>().is_err() && !text.contains(['[', '.']) && text.contains(char::is_alphabetic);
    if !is_word || classes.is_empty() {
        return None;
    }
    let words: Vec<&str> = classes.iter().flat_map(|class| class.split(',')).map(str::trim).collect();
    let nearest = UnknownName::new("class", text, &words).nearest;
    let nearest = match nearest.is_empty() {
        true => format!("{} has {} named classes", "the model", classes.len()),
        false => format!("did you mean `{}`?", nearest.join("`, `")),
    };
    Some(Failure::usage(format!("no class is named `{text}`: {nearest}")))
}

/// A target of a layer under the name that the network has for it.
fn of_layer(text: &str, network: &Network) -> Result<String, Failure> {
    let target: Target = text.parse().map_err(Failure::input)?;
    let known = |one: &Neurons| {
        let layer = find_layer(network, &one.layer).map_or(&one.layer, |node| &node.name).clone();
        Neurons { layer, ..one.clone() }
    };
    Ok(match target {
        Target::Neurons { plus, minus } => {
            let known = |side: Vec<Neurons>| side.iter().map(known).collect();
            Target::Neurons { plus: known(plus), minus: known(minus) }.to_string()
        }
        target @ (Target::Top | Target::Outputs { .. } | Target::Relative(_)) => target.to_string(),
    })
}

/// The number of the class of a name, or of one of the names that it lists, as "tabby" of "tabby, tabby cat".
pub fn class(text: &str, classes: &[String]) -> Option<usize> {
    let is = |name: &str| name.trim().eq_ignore_ascii_case(text.trim()) && !text.trim().is_empty();
    let whole = classes.iter().position(|name| is(name));
    whole.or_else(|| classes.iter().position(|name| name.split(',').any(is)))
}

/// A target by number, of an output of a shape.
pub fn numbered(text: &str, shape: &[usize]) -> Result<String, Failure> {
    let own;
    let places = match named(text) {
        Some(name) => {
            own = text.replace(&format!("{name}["), "[");
            &own
        }
        None => text,
    };
    if let Some(numbers) = masked(places, shape)? {
        return Ok(numbers);
    }
    match places.contains('[') {
        true if named(places).is_some() => Ok(text.to_string()),
        true => Ok(Target::read(places, shape).map_err(Failure::input)?.to_string()),
        false => Ok(text.to_string()),
    }
}

/// The values of an output that a file names, by number: `mask.npy` those that are not 0 in an array or picture of the output's
/// shape, `[3,mask.npy]` in one of the shape of the axes behind the first.
fn masked(text: &str, shape: &[usize]) -> Result<Option<String>, Failure> {
    let inner = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let (indices, file) = match inner {
        None => (Vec::new(), text.trim()),
        Some(inner) => {
            let mut parts: Vec<&str> = inner.split(',').map(str::trim).collect();
            let file = parts.pop().unwrap_or_default();
            (parts, file)
        }
    };
    let path = Path::new(file);
    if !is_input(path) {
        return Ok(None);
    }
    let (own, rest) = shape.split_at(indices.len().min(shape.len()));
    let mut first = 0;
    for (index, &length) in indices.iter().zip(own) {
        let index: usize = index.parse().ok().filter(|&index| index < length).ok_or_else(|| {
            Failure::usage(format!("target {text}: `{index}` is no index below {length}, before the file of a mask"))
        })?;
        first = first * length + index;
    }
    let rest = if rest.is_empty() { &[1] } else { rest };
    let mask = read_inputs(&[path.to_path_buf()], rest, &Preprocessing::default()).map_err(Failure::input)?;
    let size: usize = rest.iter().product();
    if mask.count != 1 {
        return Err(Failure::usage(format!("{file} holds {} masks, but a target is one", mask.count)));
    }
    let kept = mask.values.iter().enumerate().filter(|&(_, &value)| value != 0.0);
    let numbers: Vec<String> = kept.map(|(at, _)| (first * size + at).to_string()).collect();
    match numbers.is_empty() {
        true => Err(Failure::usage(format!("{file} masks nothing: a target is where it is not 0"))),
        false => Ok(Some(numbers.join(","))),
    }
}
