//! What an explanation says in words and numbers: `explanation.json`.

use kirchhoff_data::Preprocessing;
use kirchhoff_evaluate::Ledger;
use kirchhoff_explain::{LayerSetting, Target};
use kirchhoff_semiring::DefaultStart;
use serde::{Serialize, Serializer};

use super::shown::words;
use super::{Explanation, peak_memory};

/// What the network answered on one input.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Name of the input.
    pub input: String,
    /// The largest output.
    pub top: usize,
    /// The outputs explained, with their signs; none where the explanation starts at a hidden layer.
    pub targets: Vec<Explained>,
    /// The neurons of a hidden layer that the explanation starts from, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neurons: Option<ExplainedNeurons>,
}

/// The neurons of a hidden layer that an explanation starts from.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainedNeurons {
    /// The target, as users write it.
    pub target: String,
    /// How many of them are active: relevance starts there.
    pub active: usize,
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
    /// Its softmax probability; none of a network of one output, which is no distribution.
    pub probability: Option<f64>,
}

impl Summary {
    /// The summary of an input of the given name, with the network's outputs and those that are explained, with their signs.
    ///
    /// # Panics
    /// If a target is none of the outputs.
    pub fn new(input: &str, outputs: &[f32], targets: &[(usize, f32)]) -> Self {
        let largest = outputs.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        let sum: f64 = outputs.iter().map(|&output| f64::from(output - largest).exp()).sum();
        let explained = |&(output, sign): &(usize, f32)| Explained {
            output,
            sign,
            logit: outputs[output],
            probability: (outputs.len() > 1).then(|| f64::from(outputs[output] - largest).exp() / sum),
        };
        Summary {
            input: input.to_string(),
            top: kirchhoff_explain::top(outputs),
            targets: targets.iter().map(explained).collect(),
            neurons: None,
        }
    }

    /// The summary of an input of the given name, with the network's outputs, where neurons of a hidden layer are explained of which
    /// some are active.
    pub fn of_neurons(input: &str, outputs: &[f32], target: &Target, active: usize) -> Self {
        let neurons = ExplainedNeurons { target: target.to_string(), active };
        Summary { neurons: Some(neurons), ..Summary::new(input, outputs, &[]) }
    }

    /// One line: the input, what is explained and how sure the network is of it, and what its answer is. Outputs have the
    /// names of classes where there are some.
    pub fn heading(&self, classes: Option<&[String]>) -> String {
        let class = |output: usize| named(output, classes);
        if let Some(ExplainedNeurons { target, active }) = &self.neurons {
            let neurons = if *active == 1 { "neuron" } else { "neurons" };
            return format!(
                "{}: target {target} ({active} active {neurons}); the network's answer is {}",
                self.input,
                class(self.top)
            );
        }
        let targets = self.listed(|target| {
            let against = if target.sign < 0.0 { "against " } else { "" };
            let percent = target.probability.map(|share| format!(", {:.1} %", 100.0 * share)).unwrap_or_default();
            format!("{against}{} (logit {:.2}{percent})", class(target.output), target.logit)
        });
        let top = match self.targets.iter().any(|target| target.output == self.top) {
            true => String::new(),
            false => format!("; the network's answer is {}", class(self.top)),
        };
        format!("{}: target {}{top}", self.input, targets.join(", "))
    }

    /// The first few targets in words, and how many more there are: a region of an image has many.
    fn listed(&self, words: impl Fn(&Explained) -> String) -> Vec<String> {
        const FEW: usize = 4;
        let mut listed: Vec<String> = self.targets.iter().take(FEW).map(words).collect();
        if self.targets.len() > FEW {
            listed.push(format!("and {} more", self.targets.len() - FEW));
        }
        listed
    }

    /// The label of a row of the sheet: the input, and below it what is explained.
    pub fn label(&self, classes: Option<&[String]>) -> String {
        if let Some(ExplainedNeurons { target, .. }) = &self.neurons {
            return format!("{}\ntarget {target}", self.input);
        }
        let targets = self.listed(|target| {
            let against = if target.sign < 0.0 { "against" } else { "target" };
            let percent = target.probability.map(|share| format!("{:.1} %", 100.0 * share));
            match (named(target.output, classes), percent) {
                (name, None) => format!("{against} {name}"),
                (name, Some(percent)) if classes.is_none() => format!("{against} {name} ({percent})"),
                // Names of classes are long.
                (name, Some(percent)) => format!("{against} {name}\n{percent}"),
            }
        });
        format!("{}\n{}", self.input, targets.join("\n"))
    }
}

/// An output by its number, and the name of its class where it has one.
fn named(output: usize, classes: Option<&[String]>) -> String {
    match classes.and_then(|classes| classes.get(output)).filter(|name| !name.is_empty()) {
        Some(name) => format!("{output} {name}"),
        None => output.to_string(),
    }
}

/// `explanation.json`: serialises to all that an explanation says beside relevance itself.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    /// First of all: by it the file is known as this tool's.
    kirchhoff: &'static str,
    version: &'static str,
    model: &'a str,
    classes: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<&'a [String]>,
    /// The words of each input, where their vocabulary is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<Vec<Vec<String>>>,
    preprocessing: &'a Preprocessing,
    inputs: &'a [Summary],
    /// In the order in which they were asked for.
    #[serde(serialize_with = "as_map")]
    semirings: Vec<(&'a str, SemiringReport<'a>)>,
    seconds: f64,
    peak_memory_bytes: Option<u64>,
}

/// Serialises named parts as a map in their order.
///
/// # Errors
/// What the serializer fails with.
pub fn as_map<S: Serializer, T: Serialize>(parts: &[(&str, T)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(parts.iter().map(|(name, part)| (name, part)))
}

/// The part of `explanation.json` about one semiring.
#[derive(Debug, Serialize)]
struct SemiringReport<'a> {
    start: DefaultStart,
    maximum_pooling: &'static str,
    /// The neurons that relevance has to go through.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    through: Vec<String>,
    /// The neurons that it does not go through.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    removed: Vec<String>,
    layers: &'a [LayerSetting],
    ledgers: &'a [Ledger],
    seconds: f64,
}

impl<'a> Report<'a> {
    pub(super) fn new(explanation: &'a Explanation) -> Self {
        let semiring = |(question, answer): (&kirchhoff_explain::Question, &'a kirchhoff_explain::Answer)| {
            let report = SemiringReport {
                start: question.start,
                maximum_pooling: question.assignment.maximum_pooling.name(),
                through: question.through.iter().map(ToString::to_string).collect(),
                removed: question.removed.iter().map(ToString::to_string).collect(),
                layers: &answer.settings,
                ledgers: &answer.ledgers,
                seconds: answer.time.as_secs_f64(),
            };
            (&*answer.semiring.name, report)
        };
        Report {
            kirchhoff: env!("CARGO_PKG_VERSION"),
            version: env!("CARGO_PKG_VERSION"),
            model: &explanation.options.model,
            classes: explanation.options.classes.as_deref(),
            columns: explanation.options.names.columns.as_deref(),
            words: explanation.answers.first().and_then(|answer| {
                words(answer, &explanation.subjects, &explanation.inputs, &explanation.options.names)
            }),
            preprocessing: &explanation.options.preprocessing,
            inputs: &explanation.summaries,
            semirings: explanation.questions.iter().zip(&explanation.answers).map(semiring).collect(),
            seconds: explanation.time.as_secs_f64(),
            peak_memory_bytes: peak_memory(),
        }
    }
}
