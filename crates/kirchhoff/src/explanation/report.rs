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
    /// The five largest outputs, the largest first; all where there are fewer.
    pub best: Vec<Best>,
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

/// One of the largest outputs.
#[derive(Clone, Debug, Serialize)]
pub struct Best {
    /// Its number.
    pub output: usize,
    /// Its logit.
    pub logit: f32,
    /// Its softmax probability; none of a network of one output.
    pub probability: Option<f64>,
}

/// How many of the largest outputs are told.
const BEST: usize = 5;
/// Networks of more outputs have their largest shown: of fewer, the target tells enough.
const MANY: usize = 10;

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
        let share = |output: usize| (outputs.len() > 1).then(|| f64::from(outputs[output] - largest).exp() / sum);
        let explained = |&(output, sign): &(usize, f32)| Explained {
            output,
            sign,
            logit: outputs[output],
            probability: share(output),
        };
        let mut order: Vec<usize> = (0..outputs.len()).collect();
        let larger = |a: &usize, b: &usize| outputs[*b].total_cmp(&outputs[*a]).then(a.cmp(b));
        if order.len() > BEST {
            order.select_nth_unstable_by(BEST, larger);
            order.truncate(BEST);
        }
        order.sort_unstable_by(larger);
        let best = |output: usize| Best { output, logit: outputs[output], probability: share(output) };
        Summary {
            input: input.to_string(),
            top: kirchhoff_explain::top(outputs),
            targets: targets.iter().map(explained).collect(),
            best: order.into_iter().map(best).collect(),
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

    /// One line of the largest outputs of a network of so many, where they are more than a few.
    pub fn best(&self, outputs: usize, classes: Option<&[String]>) -> Option<String> {
        let words = |best: &Best| {
            let percent = best.probability.map_or(String::new(), |share| format!(", {:.1} %", 100.0 * share));
            format!("{} ({:.2}{percent})", named(best.output, classes), best.logit)
        };
        let listed: Vec<String> = self.best.iter().map(words).collect();
        (outputs > MANY).then(|| format!("  answers: {}", listed.join(", ")))
    }

    /// The first few targets in words, and how many more there are: a region of an image has many.
    fn listed(&self, words: impl Fn(&Explained) -> String) -> Vec<String> {
        const FEW: usize = 4;
        // Those that count by a part of a sign are all the others.
        let whole = || self.targets.iter().filter(|target| target.sign.abs() == 1.0);
        let mut listed: Vec<String> = whole().take(FEW).map(words).collect();
        match (whole().count(), self.targets.len() - whole().count()) {
            (whole, _) if whole > FEW => listed.push(format!("and {} more", whole - FEW)),
            (_, 0) => {}
            (_, others) => listed.push(format!("against the mean of the {others} others")),
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
    /// How sums of products were computed.
    arithmetic: &'static str,
    /// What the model's file calls each tensor of its input.
    #[serde(serialize_with = "as_map")]
    input_names: Vec<(&'a str, &'a str)>,
    inputs: &'a [Summary],
    /// What [`Explanation::warnings`] says.
    warnings: Vec<String>,
    /// In the order in which they were asked for.
    #[serde(serialize_with = "as_map")]
    semirings: Vec<(&'a str, SemiringReport<'a>)>,
    seconds: f64,
    peak_memory_bytes: Option<u64>,
    /// The files that were written with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
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
            arithmetic: explanation.arithmetic.name(),
            input_names: explanation.subjects.iter().map(|subject| (&*subject.name, &*subject.known_as)).collect(),
            inputs: &explanation.summaries,
            warnings: explanation.warnings(),
            semirings: explanation.questions.iter().zip(&explanation.answers).map(semiring).collect(),
            seconds: explanation.time.as_secs_f64(),
            peak_memory_bytes: peak_memory(),
            files: Vec::new(),
        }
    }

    /// The same with the names of the files that are written with it.
    pub(super) fn with_files(self, files: Vec<String>) -> Self {
        Report { files, ..self }
    }
}
