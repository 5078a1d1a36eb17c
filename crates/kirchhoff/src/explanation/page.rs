//! Explanations as one page of HTML that one can touch: `explanation.html`.

use std::ops::Range;

use kirchhoff_evaluate::Ledger;
use kirchhoff_explain::{Answer, LayerSetting, TensorSummary};
use kirchhoff_kernel::{Cancelled, Monitor};
use kirchhoff_network::{Network, Node, NodeId};
use kirchhoff_page::{ArrayRef, Page};
use kirchhoff_render::Palette;
use kirchhoff_semiring::{Array, DefaultStart, Join, Meaning};
use serde::Serialize;

use super::shown::{Subject, labels};
use super::{ElementPath, ElementPaths, ElementStep, Explanation, ExplanationError, PathOptions, Summary};

/// What a page holds, and how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOptions {
    /// At most so many inputs, the first ones.
    pub most: usize,
    /// No further inputs once the arrays of the page take so many bytes, one input aside.
    pub bytes: usize,
    /// The command that made the explanation, for a reader who wants more of it.
    pub command: Option<String>,
    /// Which elements the strongest paths are found to.
    pub paths: PathOptions,
}

impl Default for PageOptions {
    /// A hundred inputs and 48 MB, and paths to the eight most relevant elements.
    fn default() -> Self {
        PageOptions {
            most: 100,
            bytes: 48_000_000,
            command: None,
            paths: PathOptions { most: 8, elements: Vec::new() },
        }
    }
}

/// A layer of the network, as a page draws it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct LayerView {
    name: String,
    operator: &'static str,
    shape: Vec<usize>,
    /// The positions of its arguments among the layers.
    arguments: Vec<usize>,
    edges: u64,
    parameters: usize,
    /// Layers that are part of it.
    folded: Vec<String>,
}

/// The layers of a network, arguments first.
pub(super) fn layer_views(network: &Network) -> Vec<LayerView> {
    let view = |(id, node): (NodeId, &Node)| LayerView {
        name: node.name.clone(),
        operator: node.operator.name(),
        shape: node.shape.clone(),
        arguments: network.arguments(id).iter().map(|argument| argument.index()).collect(),
        edges: network.edges(id),
        parameters: node.operator.parameters().iter().map(|(_, values)| values.len()).sum(),
        folded: node.folded.clone(),
    };
    network.nodes().map(view).collect()
}

/// All that the page's program knows.
#[derive(Serialize)]
struct PageData<'a> {
    kind: &'static str,
    version: &'static str,
    model: &'a str,
    classes: Option<&'a [String]>,
    command: Option<&'a str>,
    /// How many inputs were explained; the page may hold fewer.
    explained: usize,
    palettes: Palettes,
    /// What each input consists of: one part, for a network of one input.
    parts: Vec<PartData<'a>>,
    inputs: Vec<InputData<'a>>,
    semirings: Vec<SemiringData<'a>>,
    layers: &'a [LayerView],
}

/// Colours, three bytes each, of positions at equal distances: from −1 to 1 of the diverging palette, from 0 to 1 of others.
#[derive(Serialize)]
struct Palettes {
    diverging: ArrayRef,
    sequential: ArrayRef,
    truth: ArrayRef,
    grey: ArrayRef,
}

#[derive(Serialize)]
struct PartData<'a> {
    name: &'a str,
    shape: &'a [usize],
    /// `[channels, height, width]`, where it can be drawn.
    picture: Option<[usize; 3]>,
    /// The values that are black and white, a channel each.
    ranges: Vec<(f32, f32)>,
}

#[derive(Serialize)]
struct InputData<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    heading: String,
    /// The values of each part.
    values: Vec<ArrayRef>,
    /// The labels of the elements of each part.
    labels: Vec<Option<Vec<String>>>,
    paths: Vec<PathsData>,
}

/// The paths to an element.
#[derive(Serialize)]
struct PathsData {
    part: usize,
    element: usize,
    paths: Vec<PathData>,
}

#[derive(Serialize)]
struct PathData {
    weight: f64,
    steps: Vec<StepData>,
}

/// An edge in few letters, since a deep network has many on each path: the position of its layer, its neuron, its weight, and its
/// contribution where that is another number.
#[derive(Serialize)]
#[serde(untagged)]
enum StepData {
    Weight(usize, usize, f32),
    Both(usize, usize, f32, f32),
}

/// What the relevance of a tensor comes to: how many of the numbers of [`SemiringData::channels`] and
/// [`SemiringData::quantiles`] are about it.
#[derive(Serialize)]
struct SummaryData<'a> {
    layer: &'a str,
    channels: usize,
    quantiles: usize,
    neurons: usize,
}

#[derive(Serialize)]
struct SemiringData<'a> {
    name: &'a str,
    description: &'a str,
    plus: &'a str,
    times: &'a str,
    meaning: Meaning,
    join: Option<Join>,
    start: DefaultStart,
    maximum_pooling: &'static str,
    settings: &'a [LayerSetting],
    ledgers: &'a [Ledger],
    seconds: f64,
    /// The relevance of each input, part by part; given parts have none.
    relevance: Vec<Vec<Option<ArrayRef>>>,
    summaries: Vec<SummaryData<'a>>,
    /// Of each input, the relevance of the channels of all tensors that are summed up.
    channels: Vec<ArrayRef>,
    /// Of each input, values of all these tensors, sorted.
    quantiles: Vec<ArrayRef>,
}

impl Explanation {
    /// The page of the explanation: relevance of the first inputs in every semiring, layers, ledgers, as one HTML file that loads
    /// nothing. Numbers in it are those of `relevance.safetensors`, to the last bit.
    ///
    /// # Errors
    /// Cancellation.
    ///
    /// # Complexity
    /// Time and memory in the number of values of the inputs that it holds, times the semirings: see [`PageOptions`].
    pub fn page(&self, options: &PageOptions, monitor: &dyn Monitor) -> Result<String, ExplanationError> {
        let model = &self.options.model;
        let mut page =
            Page::new(if model.is_empty() { "Explanation".to_string() } else { format!("{model}: explanation") });
        let parts = self.parts();
        let mut semirings: Vec<SemiringData<'_>> = self.answers.iter().zip(&self.questions).map(semiring).collect();
        let palettes = palettes(&mut page);
        let mut inputs = Vec::new();
        for (number, summary) in self.summaries.iter().enumerate().take(options.most.max(1)) {
            if monitor.cancelled() {
                return Err(Cancelled.into());
            }
            let before = page.bytes();
            inputs.push(InputData {
                summary,
                heading: summary.heading(self.options.classes.as_deref()),
                values: self.subjects.iter().map(|subject| page.array(subject.values(&self.inputs, number))).collect(),
                paths: self.path_data(number),
                labels: self.labels(number),
            });
            for (data, answer) in semirings.iter_mut().zip(&self.answers) {
                data.relevance.push(self.part_relevance(&mut page, answer, number, &parts));
                let (channels, quantiles) = summed(&answer.summaries, number, self.summaries.len());
                data.channels.push(array(&mut page, &channels));
                data.quantiles.push(page.array(&quantiles));
            }
            let one = page.bytes() - before;
            if page.bytes() + one > options.bytes {
                break;
            }
        }
        for (data, answer) in semirings.iter_mut().zip(&self.answers) {
            data.summaries = summary_data(&answer.summaries, self.summaries.len());
            data.ledgers = &answer.ledgers[..inputs.len().min(answer.ledgers.len())];
        }
        let data = PageData {
            kind: "explanation",
            version: env!("CARGO_PKG_VERSION"),
            model,
            classes: self.options.classes.as_deref(),
            command: options.command.as_deref(),
            explained: self.summaries.len(),
            palettes,
            parts,
            inputs,
            semirings,
            layers: &self.layers,
        };
        Ok(page.html(&data)?)
    }

    /// What the elements of each part of an input are called.
    fn labels(&self, input: usize) -> Vec<Option<Vec<String>>> {
        match self.answers.first() {
            Some(answer) => labels(answer, &self.subjects, &self.inputs, input, &self.options.names),
            None => Vec::new(),
        }
    }

    /// The paths to elements of an input.
    fn path_data(&self, input: usize) -> Vec<PathsData> {
        let step = |step: &ElementStep| {
            let layer = self.layers.iter().position(|layer| layer.name == step.layer).unwrap_or_default();
            match step.weight == step.contribution {
                true => StepData::Weight(layer, step.neuron, step.weight),
                false => StepData::Both(layer, step.neuron, step.weight, step.contribution),
            }
        };
        let path = |path: &ElementPath| PathData { weight: path.weight, steps: path.steps.iter().map(step).collect() };
        let of = |found: &ElementPaths| PathsData {
            part: found.part,
            element: found.element,
            paths: found.paths.iter().map(path).collect(),
        };
        self.paths.get(input).map_or_else(Vec::new, |found| found.iter().map(of).collect())
    }

    /// What the inputs consist of.
    fn parts(&self) -> Vec<PartData<'_>> {
        let ranges = |picture: Option<[usize; 3]>| {
            let channels = picture.map_or(0, |[channels, ..]| channels);
            (0..channels).map(|channel| self.options.preprocessing.range(channel)).collect()
        };
        let subjects = self.subjects.iter();
        subjects
            .map(|Subject { name, shape, picture, .. }| PartData {
                name,
                shape,
                picture: *picture,
                ranges: ranges(*picture),
            })
            .collect()
    }

    /// The relevance of an input in one semiring, part by part.
    fn part_relevance(
        &self,
        page: &mut Page,
        answer: &Answer,
        input: usize,
        parts: &[PartData<'_>],
    ) -> Vec<Option<ArrayRef>> {
        let several = !self.inputs.parts.is_empty();
        let mut part = |part: &PartData<'_>| {
            let mut tensors = answer.tensors.iter();
            let tensor = if several { tensors.find(|tensor| tensor.name == part.name) } else { tensors.next() }?;
            let size = elements(part.shape);
            let range = input * size..(input + 1) * size;
            Some(array(page, &part_of(&tensor.values, range)))
        };
        parts.iter().map(&mut part).collect()
    }
}

/// The numbers of an array in their own type.
fn array(page: &mut Page, values: &Array) -> ArrayRef {
    match values {
        Array::Bool(values) => page.array(&values.iter().map(|&value| u8::from(value)).collect::<Vec<_>>()),
        Array::F32(values) => page.array(values),
        Array::F64(values) => page.array(values),
    }
}

/// What the relevance of all tensors comes to for one of so many inputs: channels, and quantiles.
fn summed(summaries: &[TensorSummary], input: usize, inputs: usize) -> (Array, Vec<f32>) {
    let mut channels: Option<Array> = None;
    let mut quantiles = Vec::new();
    for summary in summaries {
        let count = summary.channels.len() / inputs;
        let own = part_of(&summary.channels, input * count..(input + 1) * count);
        match &mut channels {
            Some(channels) => channels.append(own),
            None => channels = Some(own),
        }
        let count = summary.quantiles.len() / inputs;
        quantiles.extend_from_slice(&summary.quantiles[input * count..(input + 1) * count]);
    }
    (channels.unwrap_or(Array::F32(Vec::new())), quantiles)
}

fn part_of(values: &Array, part: Range<usize>) -> Array {
    match values {
        Array::Bool(values) => Array::Bool(values[part].to_vec()),
        Array::F32(values) => Array::F32(values[part].to_vec()),
        Array::F64(values) => Array::F64(values[part].to_vec()),
    }
}

fn elements(shape: &[usize]) -> usize {
    shape.iter().product()
}

fn summary_data(summaries: &[TensorSummary], inputs: usize) -> Vec<SummaryData<'_>> {
    fn data(summary: &TensorSummary, inputs: usize) -> SummaryData<'_> {
        let (channels, quantiles) = (summary.channels.len() / inputs, summary.quantiles.len() / inputs);
        SummaryData { layer: &summary.name, channels, quantiles, neurons: elements(&summary.shape) }
    }
    summaries.iter().map(|summary| data(summary, inputs)).collect()
}

fn semiring<'a>((answer, question): (&'a Answer, &'a kirchhoff_explain::Question)) -> SemiringData<'a> {
    let info = &answer.semiring;
    SemiringData {
        name: &info.name,
        description: &info.description,
        plus: &info.plus,
        times: &info.times,
        meaning: info.meaning,
        join: info.join,
        start: question.start,
        maximum_pooling: question.assignment.maximum_pooling.name(),
        settings: &answer.settings,
        ledgers: &answer.ledgers,
        seconds: answer.time.as_secs_f64(),
        relevance: Vec::new(),
        summaries: Vec::new(),
        channels: Vec::new(),
        quantiles: Vec::new(),
    }
}

fn palettes(page: &mut Page) -> Palettes {
    const STEPS: i32 = 256;
    let mut colours = |palette: Palette, first: i32| {
        let positions = (first..=STEPS).map(|step| f64::from(step) / f64::from(STEPS));
        page.array(&positions.flat_map(|position| palette.colour(position).0).collect::<Vec<u8>>())
    };
    Palettes {
        diverging: colours(Palette::Diverging, -STEPS),
        sequential: colours(Palette::Sequential, 0),
        truth: colours(Palette::Truth, 0),
        grey: colours(Palette::Grey, 0),
    }
}
