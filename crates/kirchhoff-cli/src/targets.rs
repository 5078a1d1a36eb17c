//! Targets of outputs of any shape, and of models with several.

use std::path::Path;

use kirchhoff::data::{Preprocessing, is_input, read_inputs};
use kirchhoff::explain::Target;

use crate::failure::Failure;
use crate::load::Loaded;
use crate::options::{ModelOutput, RuleOptions};

/// The name of the output that targets are of, if they or the option name one: `scores[3]` is the value 3 of `scores`.
pub fn output(of: &ModelOutput, targets: &[String]) -> Result<Option<String>, Failure> {
    let mut found = of.output.clone();
    for name in targets.iter().filter_map(|target| named(target)) {
        match &found {
            Some(other) if other != name => {
                return Err(Failure::usage(format!(
                    "targets are of the outputs '{other}' and '{name}': an explanation starts from one output"
                )));
            }
            _ => found = Some(name.to_string()),
        }
    }
    Ok(found)
}

/// The rules with targets by number, of the output of a network that is to be explained.
pub fn settled(rules: &RuleOptions, loaded: &Loaded) -> Result<RuleOptions, Failure> {
    let shape = &loaded.network.node(loaded.network.output()).shape;
    let classes = loaded.classes.as_deref().unwrap_or_default();
    let target = rules.target.iter().map(|text| match class(text, classes) {
        Some(number) => Ok(number.to_string()),
        None => numbered(text, shape),
    });
    let target = target.collect::<Result<_, _>>()?;
    Ok(RuleOptions { target, ..rules.clone() })
}

/// The number of the class of a name, or of one of the names that it lists, as "tabby" of "tabby, tabby cat".
fn class(text: &str, classes: &[String]) -> Option<usize> {
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
        true => Ok(Target::read(places, shape).map_err(Failure::input)?.to_string()),
        false => Ok(text.to_string()),
    }
}

/// The name in front of a place.
fn named(target: &str) -> Option<&str> {
    let (name, _) = target.split_once('[')?;
    let is_number = |character: char| character.is_ascii_digit() || ",- ".contains(character);
    Some(name.trim()).filter(|name| !name.chars().all(is_number))
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
