//! What comes of evaluated circuits: printed, and written with pictures.

use std::fmt::Write;

use kirchhoff::data::{Inputs, Preprocessing};
use kirchhoff::explain::Answer;
use kirchhoff::explanation::{Names, PictureOptions, Pictures};
use kirchhoff::semiring::Meaning;
use kirchhoff_file::Folder;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::listings::{sizes, table};
use crate::progress::Interrupt;

/// Outputs of circuits up to this number are printed.
const PRINTED: usize = 16;

/// What comes of circuits.
pub struct Evaluated {
    /// The names of the circuits, or of the inputs of one.
    pub names: Vec<String>,
    /// What is named.
    pub what: &'static str,
    /// Channels, height and width, where inputs are pictures.
    pub picture: Option<[usize; 3]>,
    /// What the report says of each circuit.
    pub circuits: Vec<Value>,
    /// One answer a semiring.
    pub answers: Vec<Answer>,
}

impl Evaluated {
    /// Writes one picture a semiring and circuit, where the first output is a picture.
    pub fn draw(&self, folder: &mut Folder, most: usize) -> Result<(), Failure> {
        let Evaluated { names, answers, .. } = self;
        let Some(tensor) = answers.first().and_then(|answer| answer.tensors.first()) else { return Ok(()) };
        let size: usize = tensor.shape.iter().product();
        let picture = self.picture.filter(|picture| picture.iter().product::<usize>() == size);
        if picture.is_none() && tensor.shape.len() != 3 {
            return Ok(());
        }
        let inputs = Inputs {
            values: Vec::new(),
            count: names.len(),
            shape: tensor.shape.clone(),
            picture,
            parts: Vec::new(),
            names: names.clone(),
        };
        let (preprocessing, nothing) = (Preprocessing::default(), Names::default());
        let options = PictureOptions::default();
        let pictures = Pictures {
            inputs: &inputs,
            preprocessing: &preprocessing,
            options: &options,
            subjects: &[],
            names: &nothing,
        };
        Ok(pictures.draw(folder, answers, &names[..names.len().min(most)], &Interrupt)?)
    }

    /// What was found, as JSON.
    pub fn report(&self) -> Value {
        let semiring = |answer: &Answer| {
            let report = json!({
                "seconds": answer.time.as_secs_f64(),
                "layers": answer.settings,
                "outputs": TensorReport::all(answer),
            });
            (answer.semiring.name.to_string(), report)
        };
        json!({ "circuits": self.circuits, "semirings": self.answers.iter().map(semiring).collect::<Map<_, _>>() })
    }

    /// What was found, as the JSON of a folder with these files: it says first who wrote it.
    pub fn written(&self, files: Vec<String>) -> impl Serialize {
        #[derive(Serialize)]
        struct Written {
            kirchhoff: &'static str,
            #[serde(flatten)]
            report: Value,
            files: Vec<String>,
        }
        Written { kirchhoff: env!("CARGO_PKG_VERSION"), report: self.report(), files }
    }

    /// What was found, as a table.
    pub fn text(&self) -> String {
        let rows: Vec<[String; 5]> = self
            .answers
            .iter()
            .flat_map(|answer| {
                let time = format!("{:.3} s", answer.time.as_secs_f64());
                TensorReport::all(answer).into_iter().map(move |tensor| {
                    let values = tensor.values.unwrap_or_default();
                    let values: Vec<String> =
                        values.iter().map(|value| value.as_str().map_or(value.to_string(), str::to_string)).collect();
                    let relevant = tensor.relevant.to_string();
                    let output = format!("{} ({})", tensor.name, sizes(tensor.shape));
                    [answer.semiring.name.to_string(), output, relevant, time.clone(), values.join(" ")]
                })
            })
            .collect();
        let mut text = table(&["semiring", "output", "relevant", "time", "values"], &rows);
        if self.names.len() > 1 {
            let _ = writeln!(text, "{} {}", self.names.len(), self.what);
        }
        text
    }
}

/// A tensor of an answer in numbers.
#[derive(Serialize)]
struct TensorReport<'a> {
    name: &'a str,
    shape: &'a [usize],
    /// How many values are not the semiring's 0, or critical thresholds above 0, over all circuits.
    relevant: usize,
    /// The values, where they are few. Infinities are text.
    values: Option<Vec<Value>>,
}

impl<'a> TensorReport<'a> {
    fn all(answer: &'a Answer) -> Vec<Self> {
        let zero = answer.semiring.zero_number;
        let is_threshold = answer.semiring.meaning == Meaning::Threshold;
        answer
            .tensors
            .iter()
            .map(|tensor| {
                let values = tensor.values.to_f64();
                let number = |&value: &f64| match value.is_finite() {
                    true => json!(value),
                    false => json!(value.to_string()),
                };
                TensorReport {
                    name: &tensor.name,
                    shape: &tensor.shape,
                    // A critical threshold of 0 says that no θ above it keeps the neuron.
                    relevant: values
                        .iter()
                        .filter(|&&value| if is_threshold { value > 0.0 } else { value != zero })
                        .count(),
                    values: (values.len() <= PRINTED).then(|| values.iter().map(number).collect()),
                }
            })
            .collect()
    }
}
