//! Masks (Groudiev & Maniu, section 4.1): what is relevant in the inputs of a class, or in all inputs.

mod files;
mod histogram;

use std::collections::BTreeSet;
use std::sync::Arc;

use kirchhoff_compile::compile_shape;
use kirchhoff_data::{Batch, DataSet, Skipped};
use kirchhoff_explain::{Answer, AnySemiring, Question, Target, top};
use kirchhoff_network::Network;
use kirchhoff_semiring::{Join, Meaning};
use serde::{Deserialize, Serialize};

use crate::{Folded, Identity, Outside, Pass, Run, State, StudyError, Watch, batch_size, edges, relevance_with};
use histogram::{BINS, Histograms};

/// What masks are made of.
#[derive(Clone, Debug)]
pub struct MaskSettings {
    /// One a semiring; each says which layers' relevance is kept.
    pub questions: Vec<Question>,
    /// Relevance from elsewhere, which some of the questions stand for.
    pub outside: Vec<Outside>,
    /// Whether each input is explained from the output of its label, instead of the questions' targets.
    pub by_label: bool,
    /// The classes that have masks of their own; `None` for all that occur in the data set.
    pub classes: Option<Vec<usize>>,
    /// Whether those inputs only are taken on which the network's answer is their label.
    pub correct: bool,
    /// Quantiles to give beside, between 0 and 1.
    pub quantiles: Vec<f64>,
    /// Bytes that the masks may take.
    pub memory: u64,
}

/// The masks of a data set.
///
/// They are numbers: truth values are 0 and 1, and exact counts are rounded to f64.
#[derive(Clone, Debug)]
pub struct Masks {
    /// One a semiring and layer, in the order of the questions, from input to output.
    pub tensors: Vec<TensorMasks>,
    /// The number of inputs that each group was made of.
    pub images: Vec<(Group, u64)>,
    /// The shape in which an input can be drawn.
    pub picture: Option<[usize; 3]>,
    /// The number of inputs that could not be taken, and the first thousand of them.
    pub skipped: (u64, Vec<Skipped>),
    /// The names of classes by number, for pictures and reports.
    pub class_names: Vec<String>,
}

/// The masks of one layer in one semiring.
#[derive(Clone, Debug)]
pub struct TensorMasks {
    /// The semiring.
    pub semiring: AnySemiring,
    /// The layer.
    pub layer: String,
    /// The shape of its values.
    pub shape: Vec<usize>,
    /// The masks of each group with an input, one an [`MaskJoin`].
    pub groups: Vec<(Group, Vec<Mask>)>,
}

/// One mask: how it was joined, and its values.
pub type Mask = (MaskJoin, Vec<f64>);

/// The inputs that a mask is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Group {
    /// Those of a class.
    Class(usize),
    /// All of them.
    All,
}

impl std::fmt::Display for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Group::Class(class) => write!(f, "class {class}"),
            Group::All => f.write_str("all classes"),
        }
    }
}

/// How the relevance of several inputs becomes one mask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaskJoin {
    /// By the semiring's ⊕, where that is a sum, a maximum or the like of values as numbers.
    Sum,
    /// ∧: as relevant as in the input in which it is least so. The minimum, of costs the maximum.
    All,
    /// ∨: as relevant as in the input in which it is most so. The maximum, of costs the minimum.
    Any,
    /// The mean.
    Mean,
    /// The least value that this share of the inputs does not exceed, too large by at most 1/64 of the distance between
    /// the neuron's least and greatest value in the group. Exact where it is the least value, the semiring's 0, or a truth
    /// value.
    Quantile(f64),
}

impl std::fmt::Display for MaskJoin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MaskJoin::Sum => f.write_str("sum"),
            MaskJoin::All => f.write_str("all"),
            MaskJoin::Any => f.write_str("any"),
            MaskJoin::Mean => f.write_str("mean"),
            MaskJoin::Quantile(quantile) => write!(f, "quantile-{quantile}"),
        }
    }
}

/// What is added up of one layer in one semiring: one value a group and neuron.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Statistics {
    joined: Vec<f64>,
    total: Vec<f64>,
    least: Vec<f64>,
    greatest: Vec<f64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sums {
    /// One a group.
    images: Vec<u64>,
    /// One a question and tensor.
    parts: Vec<Statistics>,
}

/// A layer that a question keeps.
struct Part {
    question: usize,
    layer: String,
    shape: Vec<usize>,
    /// ⊕ on values as numbers, and its neutral element.
    join: Option<Join>,
    zero: f64,
}

impl State for Statistics {
    fn follows(&self, start: &Self) -> bool {
        let pairs = [
            (&self.joined, &start.joined),
            (&self.total, &start.total),
            (&self.least, &start.least),
            (&self.greatest, &start.greatest),
        ];
        pairs.into_iter().all(|(own, start)| own.follows(start))
    }
}

impl State for Sums {
    fn follows(&self, start: &Self) -> bool {
        self.images.follows(&start.images) && self.parts.follows(&start.parts)
    }
}

impl Part {
    fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

impl MaskSettings {
    /// Adds the settings to the identity of a run.
    pub fn identify(&self, identity: &mut Identity) {
        let names: Vec<_> = self.questions.iter().map(|question| &*question.semiring.name).collect();
        identity.set("--semiring", names.join(","));
        identity.set_hash(
            "rules, annotations, targets or layers",
            &self.questions.iter().map(Question::identity).collect::<String>(),
        );
        Outside::identify(&self.outside, identity);
        identity.set("--target label", self.by_label);
        identity.set("--classes", format!("{:?}", self.classes));
        identity.set("--correct", self.correct);
        identity.set("--quantile", format!("{:?}", self.quantiles));
    }

    /// The layers that the questions keep, in the order of answers.
    fn parts(&self, network: &Network) -> Result<Vec<Part>, StudyError> {
        let mut parts = Vec::new();
        for (number, question) in self.questions.iter().enumerate() {
            let circuit =
                compile_shape(network, &question.assignment).map_err(kirchhoff_explain::ExplainError::from)?;
            let (join, zero) = (question.semiring.join, question.semiring.zero_number);
            for id in question.kept(&circuit)? {
                let (layer, shape) = (circuit.tensor(id).name.clone(), circuit.tensor(id).shape.clone());
                parts.push(Part { question: number, layer, shape, join, zero });
            }
        }
        Ok(parts)
    }

    /// The groups of a data set for a network with so many outputs: the classes asked for, or those that occur.
    fn groups(&self, data: &DataSet, outputs: usize) -> Result<Vec<Group>, StudyError> {
        let classes: BTreeSet<usize> = match &self.classes {
            Some(classes) => classes.iter().copied().collect(),
            // A label that is out of range belongs to an input that is passed over.
            None => (0..data.count()).map(|input| data.label(input)).filter(|&class| class < outputs).collect(),
        };
        if let Some(class) = classes.iter().find(|&&class| class >= outputs) {
            let message = format!("class {class} is out of range: the network has {outputs} outputs, numbered from 0");
            return Err(StudyError::Settings(message));
        }
        Ok(classes.into_iter().map(Group::Class).chain([Group::All]).collect())
    }

    fn check(&self, parts: &[Part], groups: usize) -> Result<(), StudyError> {
        if let Some(quantile) = self.quantiles.iter().find(|quantile| !(0.0..=1.0).contains(*quantile)) {
            return Err(StudyError::Settings(format!("a quantile lies between 0 and 1, which {quantile} does not")));
        }
        let infinite = |question: &&Question| {
            let interval = question.semiring.embeds.interval;
            let closed = interval.closed_below && interval.low.is_infinite()
                || interval.closed_above && interval.high.is_infinite();
            closed || question.semiring.zero_number.is_infinite()
        };
        if let (Some(question), false) = (self.questions.iter().find(infinite), self.quantiles.is_empty()) {
            let name = &question.semiring.name;
            return Err(StudyError::Settings(format!(
                "quantiles need finite values, which those of `{name}` may not be"
            )));
        }
        let neurons: u128 = parts.iter().map(|part| part.size() as u128).sum();
        let each = 4 * size_of::<f64>() + if self.quantiles.is_empty() { 0 } else { BINS * size_of::<u32>() };
        let bytes = neurons * groups as u128 * each as u128;
        match bytes > u128::from(self.memory) {
            true => Err(StudyError::Settings(format!(
                "masks of {neurons} neurons for {groups} groups of inputs take {} MiB: choose fewer --layers or --classes, \
                 or allow it by --memory",
                bytes.div_ceil(1 << 20)
            ))),
            false => Ok(()),
        }
    }

    /// The relevance of a batch, with the groups of each input; none where it is not taken.
    fn answers(
        &self,
        network: &Arc<Network>,
        batch: &Batch,
        groups: &[Group],
        watch: &dyn Watch,
    ) -> Result<(Vec<Answer>, Vec<Vec<usize>>), StudyError> {
        let mut questions = self.questions.clone();
        if self.by_label {
            for question in &mut questions {
                question.targets = batch.labels.iter().map(|&label| Target::output(label)).collect();
            }
        }
        let (execution, answers) = relevance_with(network, batch, &questions, &self.outside, watch)?;
        let of = |(input, &label): (usize, &usize)| {
            let taken = !self.correct || top(execution.output(input)) == label;
            let belongs = |group: &Group| taken && (*group == Group::All || *group == Group::Class(label));
            (0..groups.len()).filter(|&number| belongs(&groups[number])).collect()
        };
        let groups = batch.labels.iter().enumerate().map(of).collect();
        Ok((answers, groups))
    }
}

/// Gives every group and input's values, part by part, to `add`.
fn each(parts: &[Part], answers: &[Answer], groups: &[Vec<usize>], mut add: impl FnMut(usize, usize, &[f64])) {
    let mut tensor = 0;
    for (number, part) in parts.iter().enumerate() {
        tensor = if number > 0 && parts[number - 1].question == part.question { tensor + 1 } else { 0 };
        let values = &answers[part.question].tensors[tensor].values;
        let size = part.size();
        for (input, groups) in groups.iter().enumerate().filter(|(_, groups)| !groups.is_empty()) {
            let values = values.part_to_f64(input * size..(input + 1) * size);
            groups.iter().for_each(|&group| add(number, group, &values));
        }
    }
}

/// Makes masks of a data set.
///
/// One pass over the data, and a second one where quantiles are asked for: they come from histograms of 64 bins between
/// each neuron's least and greatest value, beside which the semiring's 0 or the least value is counted by itself.
///
/// # Errors
/// Settings that do not fit the network; inputs that cannot be read or run; a run that is stopped.
///
/// # Complexity
/// Time of the explanations. Memory for a batch of them, and for 32 bytes a neuron, group and semiring (296 with
/// quantiles), whatever the number of inputs.
pub fn mask(
    run: &mut Run<'_>,
    network: &Arc<Network>,
    data: &mut DataSet,
    settings: &MaskSettings,
) -> Result<Masks, StudyError> {
    let outputs = network.node(network.output()).shape.iter().product();
    let (parts, groups) = (settings.parts(network)?, settings.groups(data, outputs)?);
    settings.check(&parts, groups.len())?;
    let state =
        Sums { images: vec![0; groups.len()], parts: parts.iter().map(|part| part.empty(groups.len())).collect() };
    let edges = edges(network) * (1 + settings.questions.len() as u64);
    let pass = Pass { name: "masks", batch: batch_size(network), edges };
    // `compute` and the pass both need the run.
    let watch = run.watch();
    let compute = |batch: &Batch| settings.answers(network, batch, &groups, watch);
    let sums: Folded<Sums> = run.pass(pass, data, state, compute, |sums, (answers, of)| {
        of.iter().flatten().for_each(|&group| sums.images[group] += 1);
        each(&parts, &answers, &of, |part, group, values| sums.parts[part].add(parts[part].join, group, values));
    })?;
    let histograms = match settings.quantiles.is_empty() {
        true => None,
        false => {
            let pass = Pass { name: "quantiles", ..pass };
            let empty: Vec<Histograms> = sums
                .state
                .parts
                .iter()
                .zip(&parts)
                .map(|(sums, part)| Histograms::new(sums.least.len(), part.zero))
                .collect();
            let folded = run.pass(pass, data, empty, compute, |histograms, (answers, of)| {
                each(&parts, &answers, &of, |part, group, values| {
                    let ends = &sums.state.parts[part];
                    histograms[part].add(group * values.len(), values, &ends.least, &ends.greatest);
                });
            })?;
            Some(folded.state)
        }
    };
    let joins = [MaskJoin::Sum, MaskJoin::All, MaskJoin::Any, MaskJoin::Mean];
    let quantiles = || settings.quantiles.iter().map(|&quantile| MaskJoin::Quantile(quantile));
    let images = &sums.state.images;
    let tensor = |(number, part): (usize, &Part)| {
        let statistics = &sums.state.parts[number];
        let semiring = settings.questions[part.question].semiring.clone();
        let joins = || joins.into_iter().filter(|join| *join != MaskJoin::Sum || part.join.is_some());
        let of_group = |group: usize| {
            let range = group * part.size()..(group + 1) * part.size();
            let cost = semiring.meaning == Meaning::Cost;
            let values = |join: MaskJoin| -> Vec<f64> {
                match (join, &histograms) {
                    (MaskJoin::Sum, _) => statistics.joined[range.clone()].to_vec(),
                    (MaskJoin::All, _) if cost => statistics.greatest[range.clone()].to_vec(),
                    (MaskJoin::Any, _) if cost => statistics.least[range.clone()].to_vec(),
                    (MaskJoin::All, _) => statistics.least[range.clone()].to_vec(),
                    (MaskJoin::Any, _) => statistics.greatest[range.clone()].to_vec(),
                    (MaskJoin::Quantile(quantile), Some(histograms)) => {
                        histograms[number].quantile(quantile, range.clone(), &statistics.least, &statistics.greatest)
                    }
                    (MaskJoin::Mean | MaskJoin::Quantile(_), _) => {
                        statistics.total[range.clone()].iter().map(|total| total / images[group] as f64).collect()
                    }
                }
            };
            (groups[group], joins().chain(quantiles()).map(|join| (join, values(join))).collect())
        };
        let present = (0..groups.len()).filter(|&group| images[group] > 0);
        let groups = present.map(of_group).collect();
        TensorMasks { semiring: semiring.clone(), layer: part.layer.clone(), shape: part.shape.clone(), groups }
    };
    Ok(Masks {
        tensors: parts.iter().enumerate().map(tensor).collect(),
        images: groups.iter().copied().zip(images.iter().copied()).collect(),
        picture: data.picture(),
        skipped: (sums.skipped, sums.listed),
        class_names: Vec::new(),
    })
}

impl Part {
    fn empty(&self, groups: usize) -> Statistics {
        let all = |value| vec![value; self.size() * groups];
        Statistics {
            joined: all(self.zero),
            total: all(0.0),
            least: all(f64::INFINITY),
            greatest: all(f64::NEG_INFINITY),
        }
    }
}

impl Statistics {
    fn add(&mut self, join: Option<Join>, group: usize, values: &[f64]) {
        let range = group * values.len()..(group + 1) * values.len();
        let joined = self.joined[range.clone()].iter_mut().zip(&mut self.total[range.clone()]);
        let ends = self.least[range.clone()].iter_mut().zip(&mut self.greatest[range]);
        for ((&value, (joined, total)), (least, greatest)) in values.iter().zip(joined).zip(ends) {
            if let Some(join) = join {
                *joined = join.join(*joined, value);
            }
            *total += value;
            *least = least.min(value);
            *greatest = greatest.max(value);
        }
    }
}
