//! Numbers for the variables of a circuit, as options give them: on the command line, or in files.

use std::collections::HashMap;
use std::path::Path;

use kirchhoff::circuit::tensor_label;
use kirchhoff::compile::LayerPattern;
use kirchhoff::explain::is_start;
use kirchhoff::values::{is_values, plain_name, read_values};

use crate::failure::Failure;
use crate::questions::split;

/// Numbers for variables: one for all of them, for those of layers, and for single ones, each before what is more special.
#[derive(Debug, Default)]
pub struct Values {
    /// For all but what targets start with.
    all: Option<f64>,
    /// For the neurons of layers, which later ones win.
    layers: Vec<(String, f64)>,
    /// By name, as the command line has them: each has to mean a variable.
    named: HashMap<String, f64>,
    /// By name, from each file, of which some have to mean a variable.
    files: Vec<(String, HashMap<String, f64>)>,
}

impl Values {
    /// What an option says, separated by commas or repeated: a number for all variables, `h1=0.3` or `h1[*]=0.3` for the
    /// neurons of a layer, `h1[3]=0.3` or `w2[17->4]=0.3` for one, or a file of these.
    pub fn read(texts: &[String]) -> Result<Self, Failure> {
        let mut values = Values::default();
        for part in texts.iter().flat_map(|text| split(text)) {
            match part.rsplit_once('=') {
                _ if is_values(Path::new(part)) => {
                    let read = read_values(Path::new(part)).map_err(Failure::input)?;
                    values.files.push((part.to_string(), read));
                }
                None => values.all = Some(number(part, part)?),
                Some((name, value)) => {
                    let (name, value) = (plain_name(name), number(part, value)?);
                    match name.strip_suffix("[*]") {
                        Some(layer) => values.layers.push((layer.to_string(), value)),
                        None if !name.contains('[') => values.layers.push((name, value)),
                        None => drop(values.named.insert(name, value)),
                    }
                }
            }
        }
        Ok(values)
    }

    /// The number of each variable that has one. What targets start with is meant by its own name alone.
    pub fn of(&self, variables: &[String], option: &str) -> Result<Vec<Option<f64>>, Failure> {
        let mut found: Vec<Option<f64>> = vec![None; variables.len()];
        let inner = || variables.iter().enumerate().filter(|(_, name)| !is_start(name));
        if let Some(all) = self.all {
            inner().for_each(|(at, _)| found[at] = Some(all));
        }
        for (layer, value) in &self.layers {
            let (label, pattern) = (tensor_label(layer), LayerPattern::new(layer).map_err(Failure::input)?);
            let is_meant = |name: &str| {
                let own = name.split_once('[').map_or(name, |(own, _)| own);
                name == layer || !name.contains('→') && (own == label || pattern.matches(own))
            };
            let meant: Vec<usize> = inner().filter(|(_, name)| is_meant(name)).map(|(at, _)| at).collect();
            if meant.is_empty() {
                return Err(unknown(option, layer, variables));
            }
            meant.into_iter().for_each(|at| found[at] = Some(*value));
        }
        for (file, values) in &self.files {
            let mut any = false;
            for (at, value) in variables.iter().enumerate().filter_map(|(at, name)| Some((at, values.get(name)?))) {
                (found[at], any) = (Some(*value), true);
            }
            if !any {
                return Err(unknown(option, file, variables));
            }
        }
        let places: HashMap<&str, usize> = variables.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        for (name, value) in &self.named {
            let &at = places.get(name.as_str()).ok_or_else(|| unknown(option, name, variables))?;
            found[at] = Some(*value);
        }
        Ok(found)
    }

    /// The one number that all variables have, where nothing else is said.
    pub fn single(&self) -> Option<f64> {
        self.all.filter(|_| self.layers.is_empty() && self.named.is_empty() && self.files.is_empty())
    }
}

/// Variables of which names are printed.
const FEW: usize = 8;

fn unknown(option: &str, meant: &str, variables: &[String]) -> Failure {
    let own: Vec<&str> = variables.iter().map(String::as_str).filter(|name| !is_start(name)).collect();
    let few = own[..own.len().min(FEW)].join(", ");
    let more = if own.len() > FEW { format!(", and {} more", own.len() - FEW) } else { String::new() };
    let there = if own.is_empty() { "none".to_string() } else { few + &more };
    Failure::usage(format!(
        "{option}: `{meant}` means no variable of the circuit: what relevance does not reach from the target has none; there \
         are {there}"
    ))
}

fn number(text: &str, number: &str) -> Result<f64, Failure> {
    number.trim().parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| {
        Failure::usage(format!(
            "`{text}` is neither a number, nor NAME=NUMBER such as h1[3]=0.5 or h1=0.5, nor a file (.json, .csv, .txt, \
             .safetensors) that is there"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(texts: &[&str]) -> Values {
        Values::read(&texts.iter().map(|text| text.to_string()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn what_is_more_special_wins() {
        let names = ["start[3]", "h3[0]", "h1[0]", "h1[1]", "w0[9,14→1]"].map(str::to_string);
        let of = |texts: &[&str]| values(texts).of(&names, "--drop").unwrap();
        let half = Some(0.5);
        assert_eq!(of(&["0.5"]), [None, half, half, half, half]);
        assert_eq!(of(&["h1[1]=0.25,h1=0.125,0.5"]), [None, half, Some(0.125), Some(0.25), half]);
        assert_eq!(of(&["1=0.5", "w0[9,14->1]=1,start[3]=2"]), [Some(2.0), None, half, half, Some(1.0)]);
        assert_eq!(of(&["h*=1"]), [None, Some(1.0), Some(1.0), Some(1.0), None]);
        assert_eq!(values(&["0.5"]).single(), half);
        assert_eq!(values(&["0.5,h1=0.1"]).single(), None);
        for wrong in ["h7=1", "h1[9]=1"] {
            assert!(values(&[wrong]).of(&names, "--drop").unwrap_err().to_string().contains("h3[0], h1[0]"));
        }
        for wrong in ["h1=x", "x", "nan", "nothing.json"] {
            assert!(Values::read(&[wrong.to_string()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn files_name_variables() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let names = ["h1[0]", "w0[9,14→1]"].map(str::to_string);
        let json = write("a.json", r#"{"h1[0]": 0.5, "w0[9,14->1]": 1, "h9[0]": 3}"#);
        let csv = write("a.csv", "name,value\nh1[0],0.5\n\"w0[9,14→1]\",1\nh9[0],3\n");
        for file in [json, csv] {
            assert_eq!(values(&[&file]).of(&names, "--variables").unwrap(), [Some(0.5), Some(1.0)]);
        }
        assert!(Values::read(&[write("b.csv", "h1[0],0.5\nh1[0]\n")]).unwrap_err().to_string().contains("line 2"));
        let other = values(&[&write("c.csv", "h9[0],0.5\n")]);
        assert!(other.of(&names, "--variables").unwrap_err().to_string().contains("c.csv"));
    }
}
