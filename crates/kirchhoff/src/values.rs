//! Numbers for the variables of circuits, from files.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use kirchhoff_circuit::neuron_name;
use kirchhoff_file::{ByteOrder, NumberType, TensorFile, read_text};
use thiserror::Error;

/// Why a file gives no numbers for variables.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{path}: {reason}")]
pub struct ValuesError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// A name of a variable without blanks, with arrows as circuits have them: `w2[17->4]` is `w2[17→4]`.
pub fn plain_name(name: &str) -> String {
    name.trim().replace("->", "→").replace(' ', "")
}

/// Kinds of files with numbers for variables.
const KINDS: [&str; 4] = ["json", "csv", "txt", "safetensors"];

fn kind(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    KINDS.into_iter().find(|kind| *kind == extension)
}

/// Whether a file's extension is one of those that [`read_values`] reads: `.json`, `.csv`, `.txt`, `.safetensors`.
pub fn is_values(path: &Path) -> bool {
    kind(path).is_some()
}

/// The numbers of a file, by the names of variables. JSON files hold an object of names and numbers, `.csv` and `.txt` a name and a
/// number a line, safetensors a tensor a layer, whose neurons are meant. Takes time and memory in the size of the file.
///
/// # Errors
/// A file that cannot be read, holds something else, or a number that is not finite.
pub fn read_values(path: &Path) -> Result<HashMap<String, f64>, ValuesError> {
    let wrong = |reason: String| ValuesError { path: path.to_path_buf(), reason };
    if kind(path) == Some("safetensors") {
        return tensors(path).map_err(wrong);
    }
    let text = read_text(path).map_err(|error| wrong(format!("cannot read it: {error}")))?;
    let values = if kind(path) == Some("json") { json(&text) } else { lines(&text) };
    values.map_err(wrong)
}

/// An object of names and numbers.
fn json(text: &str) -> Result<HashMap<String, f64>, String> {
    let values: HashMap<String, f64> = serde_json::from_str(text)
        .map_err(|error| format!("it is no JSON object of names and numbers, such as {{\"h1[3]\": 0.5}}: {error}"))?;
    Ok(values.into_iter().map(|(name, value)| (plain_name(&name), value)).collect())
}

/// A name and a number a line, with a comma, tab, `=` or `;` between them; the first line may be a heading.
fn lines(text: &str) -> Result<HashMap<String, f64>, String> {
    let mut values = HashMap::new();
    for (line, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        let parts = text.rsplit_once([',', '\t', '=', ';']);
        let read = parts.and_then(|(name, value)| Some((name, value.trim().parse::<f64>().ok()?)));
        match read.filter(|(_, value)| value.is_finite()) {
            Some((name, value)) => drop(values.insert(plain_name(name.trim().trim_matches('"')), value)),
            None if line == 0 => {}
            None => return Err(format!("line {}: write a name and a number, such as h1[3],0.5", line + 1)),
        }
    }
    Ok(values)
}

/// A tensor a layer, under its name, as relevance files have them too, for one input: `real/1` is of layer `1`.
fn tensors(path: &Path) -> Result<HashMap<String, f64>, String> {
    let file = TensorFile::open(path).map_err(|error| error.to_string())?;
    let (mut values, mut layers) = (HashMap::new(), HashSet::new());
    for name in file.tensor_names() {
        let (Some(dtype), Some(shape), Some(bytes)) = (file.dtype(name), file.shape(name), file.bytes(name)) else {
            continue;
        };
        let layer = name.rsplit('/').next().unwrap_or(name);
        let kind =
            NumberType::of_tensor(dtype).ok_or_else(|| format!("tensor `{name}` holds no numbers: {dtype:?}"))?;
        if !layers.insert(layer) {
            return Err(format!("several tensors are of layer `{layer}`: keep one of them"));
        }
        let numbers: Vec<f32> = kind.to_floats(ByteOrder::Little, bytes);
        if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
            return Err(format!("tensor `{name}` has {} at {at}, which is no number to go by", numbers[at]));
        }
        // Layers may be named by their shape, or as vectors.
        for shape in [shape, &[numbers.len()]] {
            let named =
                numbers.iter().enumerate().map(|(at, &value)| (neuron_name(layer, shape, at), f64::from(value)));
            values.extend(named);
        }
    }
    Ok(values)
}
