//! Targets of outputs of any shape, and of models with several.

use kirchhoff::explain::Target;
use kirchhoff::network::Network;

use crate::failure::Failure;
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
pub fn settled(rules: &RuleOptions, network: &Network) -> Result<RuleOptions, Failure> {
    let shape = &network.node(network.output()).shape;
    let target = rules.target.iter().map(|text| numbered(text, shape)).collect::<Result<_, _>>()?;
    Ok(RuleOptions { target, ..rules.clone() })
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
