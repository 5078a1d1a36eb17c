//! What an explanation says in words and numbers: `explanation.json`, and the lines on stdout.

use std::fmt::Write;
use std::time::Duration;

use kirchhoff::data::Preprocessing;
use kirchhoff::evaluate::Ledger;
use kirchhoff::explain::{Answer, LayerSetting, Question};
use kirchhoff::semiring::DefaultStart;
use serde::{Serialize, Serializer};

use crate::load::Loaded;
use crate::memory;

/// What the network answered on one input.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Name of the input.
    pub input: String,
    /// The largest output.
    pub top: usize,
    /// The outputs explained, with their signs.
    pub targets: Vec<Explained>,
}

/// An output that an explanation starts from.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// Its number.
    pub output: usize,
    /// Whether it counts for (1) or against (−1) the explanation.
    pub sign: f32,
    /// Its logit.
    pub logit: f32,
    /// Its softmax probability.
    pub probability: f64,
}

impl Summary {
    /// The summary of an input with the given outputs.
    pub fn new(input: &str, outputs: &[f32], targets: &[(usize, f32)]) -> Self {
        let largest = outputs.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        let sum: f64 = outputs.iter().map(|&output| f64::from(output - largest).exp()).sum();
        let explained = |&(output, sign): &(usize, f32)| Explained {
            output,
            sign,
            logit: outputs[output],
            probability: f64::from(outputs[output] - largest).exp() / sum,
        };
        Summary {
            input: input.to_string(),
            top: kirchhoff::explain::top(outputs),
            targets: targets.iter().map(explained).collect(),
        }
    }

    /// The line above a terminal preview.
    pub fn heading(&self, loaded: &Loaded) -> String {
        let targets: Vec<_> = self
            .targets
            .iter()
            .map(|target| {
                let against = if target.sign < 0.0 { "against " } else { "" };
                let (logit, percent) = (target.logit, 100.0 * target.probability);
                format!("{against}{} (logit {logit:.2}, {percent:.1} %)", loaded.class(target.output))
            })
            .collect();
        let top = match self.targets.iter().any(|target| target.output == self.top) {
            true => String::new(),
            false => format!("; the network's answer is {}", loaded.class(self.top)),
        };
        format!("{}: target {}{top}", self.input, targets.join(", "))
    }

    /// The label of a row of the sheet.
    pub fn label(&self) -> String {
        let targets: Vec<_> = self
            .targets
            .iter()
            .map(|target| {
                let against = if target.sign < 0.0 { "against" } else { "target" };
                format!("{against} {} ({:.1} %)", target.output, 100.0 * target.probability)
            })
            .collect();
        format!("{}\n{}", self.input, targets.join("\n"))
    }
}

/// `explanation.json`.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    version: &'static str,
    model: &'a str,
    classes: Option<&'a [String]>,
    preprocessing: &'a Preprocessing,
    inputs: &'a [Summary],
    /// In the order in which they were asked for.
    #[serde(serialize_with = "as_map")]
    semirings: Vec<(&'a str, SemiringReport<'a>)>,
    seconds: f64,
    peak_memory_bytes: Option<u64>,
}

/// Serialises named parts as a map in their order.
pub fn as_map<S: Serializer, T: Serialize>(parts: &[(&str, T)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(parts.iter().map(|(name, part)| (name, part)))
}

/// The part of `explanation.json` about one semiring.
#[derive(Debug, Serialize)]
struct SemiringReport<'a> {
    start: DefaultStart,
    maximum_pooling: &'static str,
    layers: &'a [LayerSetting],
    ledgers: &'a [Ledger],
    seconds: f64,
}

impl<'a> Report<'a> {
    /// The report of a whole run.
    pub fn new(
        loaded: &'a Loaded,
        preprocessing: &'a Preprocessing,
        questions: &[Question],
        answers: &'a [Answer],
        inputs: &'a [Summary],
        time: Duration,
    ) -> Self {
        let semiring = |(question, answer): (&Question, &'a Answer)| {
            let report = SemiringReport {
                start: question.start,
                maximum_pooling: question.assignment.maximum_pooling.name(),
                layers: &answer.settings,
                ledgers: &answer.ledgers,
                seconds: answer.time.as_secs_f64(),
            };
            (&*answer.semiring.name, report)
        };
        Report {
            version: env!("CARGO_PKG_VERSION"),
            model: &loaded.name,
            classes: loaded.classes.as_deref(),
            preprocessing,
            inputs,
            semirings: questions.iter().zip(answers).map(semiring).collect(),
            seconds: time.as_secs_f64(),
            peak_memory_bytes: memory::peak(),
        }
    }

    /// The lines below the previews: time and memory, and what was not shown.
    pub fn closing(&self, shown: usize) -> String {
        let mut text = String::new();
        if shown > 0 && self.inputs.len() > shown {
            let _ = writeln!(text, "… and {} more inputs", self.inputs.len() - shown);
        }
        let memory =
            self.peak_memory_bytes.map_or(String::new(), |bytes| format!(", {} MB", bytes.div_ceil(1_000_000)));
        let times: Vec<_> = self.semirings.iter().map(|(name, part)| format!("{name} {:.2} s", part.seconds)).collect();
        let inputs = if self.inputs.len() == 1 { "input" } else { "inputs" };
        let _ =
            writeln!(text, "{} {inputs} in {:.2} s{memory} ({})", self.inputs.len(), self.seconds, times.join(", "));
        text
    }
}
