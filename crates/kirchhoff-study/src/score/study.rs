//! The study of scores over a data set.

use std::sync::Arc;

use kirchhoff_data::{Batch, DataSet};
use kirchhoff_explain::{Answer, Question};
use kirchhoff_network::{Execution, Network};
use kirchhoff_semiring::{Array, Meaning};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Metric, complexity, pearson, pointing_game, sparseness};
use crate::moments::Mean;
use crate::perturb::{Baseline, Layout, Perturbed, importance, questions_of};
use crate::{Folded, Identity, Outside, Pass, Run, State, StudyError, Watch, batch_size, edges, relevance_with};

/// What a study of scores does.
#[derive(Clone, Debug)]
pub struct Settings {
    /// One question a semiring, each from a single output where subsets are asked for.
    pub questions: Vec<Question>,
    /// Relevance from elsewhere, which some of the questions stand for.
    pub outside: Vec<Outside>,
    /// Whether the target is each input's label, whatever the questions say.
    pub by_label: bool,
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// How many subsets are drawn of each input, for `faithfulness-correlation`.
    pub runs: usize,
    /// How many values of the input a subset has.
    pub subset: usize,
    /// What takes their place.
    pub baseline: Baseline,
    /// The mask of the object in each input, for `pointing-game`: a value a pixel, not 0 where it is; one input after the other.
    pub masks: Option<Vec<f32>>,
    /// The range of inputs: one pair, or one a channel.
    pub range: Vec<(f32, f32)>,
    /// The scores and subsets of so many inputs are kept one by one.
    pub keep: usize,
    /// The seed of all that is drawn.
    pub seed: u64,
}

/// The scores of a metric over all inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub mean: Mean,
    /// Inputs that have no score.
    pub without: u64,
}

impl State for Tally {
    fn follows(&self, start: &Self) -> bool {
        self.mean.follows(&start.mean) && self.without.follows(&start.without)
    }
}

/// The scores of an input that are kept: one a question and metric, question by question; and its subsets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub position: u64,
    pub scores: Vec<Option<f64>>,
    pub subsets: Vec<Vec<u32>>,
}

/// What the pass finds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Scores {
    /// One a question and metric, question by question.
    pub tallies: Vec<Tally>,
    pub kept: Vec<Kept>,
    pub inputs: u64,
}

impl State for Scores {
    fn follows(&self, start: &Self) -> bool {
        let whole = |kept: &Kept| kept.scores.len() == self.tallies.len();
        self.tallies.follows(&start.tallies) && self.inputs.follows(&start.inputs) && self.kept.iter().all(whole)
    }
}

/// What a study of scores finds.
#[derive(Clone, Debug)]
pub struct Found {
    pub(super) settings: Settings,
    pub(super) scores: Folded<Scores>,
}

impl Settings {
    /// Adds the settings to what the results depend on: network and data are there already.
    pub fn describe(&self, identity: &mut Identity) {
        for question in &self.questions {
            identity.set_hash(&format!("question of {}", question.semiring.name), &question.identity());
        }
        Outside::identify(&self.outside, identity);
        identity.set("targets are labels", self.by_label);
        identity.set("metrics", self.metrics.iter().map(Metric::to_string).collect::<Vec<_>>().join(", "));
        identity.set("subsets", format!("{} of {} values", self.runs, self.subset));
        identity.set("baseline", self.baseline);
        identity.set("range of inputs", format!("{:?}", self.range));
        identity.set("inputs kept", self.keep);
        if let Some(masks) = &self.masks {
            let bits: String = masks.iter().map(|value| if *value != 0.0 { '1' } else { '0' }).collect();
            identity.set_hash("masks", &bits);
        }
    }

    /// Does the study.
    ///
    /// Takes the network's time for one input a question, and for `runs` inputs more where subsets are asked for; memory that does
    /// not depend on the number of inputs.
    ///
    /// # Errors
    /// Settings that do not fit the network or the data, inputs that cannot be taken, or an interruption.
    pub fn run(&self, network: &Arc<Network>, data: &mut DataSet, run: &mut Run<'_>) -> Result<Found, StudyError> {
        let size: usize = data.shape().iter().product();
        let layout = Layout { size, image: data.picture(), range: self.range.clone() };
        let pixels = layout.image.map_or(size, |[_, height, width]| height * width);
        self.check(network, data, &layout, pixels)?;
        let drawn = self.metrics.contains(&Metric::FaithfulnessCorrelation);
        let copies = if drawn { self.runs as u64 } else { 0 };
        let pass = Pass {
            name: "scores",
            batch: batch_size(network).min(64),
            edges: edges(network) * (1 + self.questions.len() as u64 + copies),
        };
        let watch = run.watch();
        let start =
            Scores { tallies: vec![Tally::default(); self.questions.len() * self.metrics.len()], ..Scores::default() };
        let scoring = Scoring { settings: self, network, layout: &layout, pixels, watch };
        let compute = |batch: &Batch| -> Result<Vec<Kept>, StudyError> {
            let questions = questions_of(&self.questions, self.by_label, batch)?;
            let (execution, answers) = relevance_with(network, batch, &questions, &self.outside, watch)?;
            (0..batch.labels.len()).map(|input| scoring.input(batch, &execution, &answers, input)).collect()
        };
        let scores = run.pass(pass, data, start, compute, |state, inputs| {
            for mut kept in inputs {
                state.inputs += 1;
                for (tally, score) in state.tallies.iter_mut().zip(&kept.scores) {
                    match score {
                        Some(score) => tally.mean.add(*score),
                        None => tally.without += 1,
                    }
                }
                if state.kept.len() < self.keep {
                    kept.subsets.truncate(if drawn { self.runs } else { 0 });
                    state.kept.push(kept);
                }
            }
        })?;
        Ok(Found { settings: self.clone(), scores })
    }

    fn check(&self, network: &Arc<Network>, data: &DataSet, layout: &Layout, pixels: usize) -> Result<(), StudyError> {
        let refuse = |reason: String| Err(StudyError::Settings(reason));
        for question in &self.questions {
            question.check(network)?;
            let is_cost = matches!(question.semiring.meaning, Meaning::Cost | Meaning::Score);
            if let Some(metric) = self.metrics.iter().find(|metric| is_cost && metric.needs_magnitudes()) {
                return refuse(format!(
                    "`{metric}` is of how much relevance pixels have, and `{}` gives costs or logarithms: choose another semiring",
                    question.semiring.name
                ));
            }
        }
        if self.metrics.is_empty() || self.questions.is_empty() {
            return refuse("there has to be a metric, and a semiring".to_string());
        }
        if self.metrics.contains(&Metric::FaithfulnessCorrelation) {
            let size = layout.size;
            if self.subset == 0 || self.subset >= size || self.runs < 2 {
                return refuse(format!(
                    "subsets are drawn twice at least, of 1 to {} of the {size} values that inputs have: set --subset and --runs",
                    size.saturating_sub(1)
                ));
            }
            if self.baseline.needs_image() && layout.image.is_none() {
                let (baseline, shape) = (self.baseline, data.shape());
                return refuse(format!("baseline `{baseline}` is for images, but inputs have the shape {shape:?}"));
            }
        }
        match &self.masks {
            None if self.metrics.contains(&Metric::PointingGame) => {
                refuse("`pointing-game` needs the mask of the object in each input: give them with --masks".to_string())
            }
            Some(masks) if masks.len() != data.count() * pixels => refuse(format!(
                "there are masks of {} pixels in all, and {} inputs of {pixels} pixels each",
                masks.len(),
                data.count()
            )),
            _ => Ok(()),
        }
    }
}

/// What the score of an input takes.
struct Scoring<'a> {
    settings: &'a Settings,
    network: &'a Arc<Network>,
    layout: &'a Layout,
    pixels: usize,
    watch: &'a dyn Watch,
}

impl Scoring<'_> {
    fn input(
        &self,
        batch: &Batch,
        execution: &Execution,
        answers: &[Answer],
        input: usize,
    ) -> Result<Kept, StudyError> {
        let settings = self.settings;
        let position = batch.positions[input];
        let drawn = settings.metrics.contains(&Metric::FaithfulnessCorrelation);
        let subsets = if drawn { self.subsets(position) } else { Vec::new() };
        let values = &batch.values[input * self.layout.size..(input + 1) * self.layout.size];
        let outputs = if drawn { self.without(values, &subsets, position)? } else { Vec::new() };
        let mut scores = Vec::with_capacity(answers.len() * settings.metrics.len());
        for answer in answers {
            let of = |values: &Array, size: usize| {
                self.relevance(answer, values.part_to_f64(input * size..(input + 1) * size))
            };
            let relevance = of(&answer.tensors[0].values, self.layout.size);
            for metric in &settings.metrics {
                scores.push(match metric {
                    Metric::Sparseness => sparseness(&relevance),
                    Metric::Complexity => complexity(&relevance),
                    Metric::PointingGame => {
                        let masks = settings.masks.as_deref().unwrap_or_default();
                        let mask = masks[position * self.pixels..(position + 1) * self.pixels].iter();
                        let mask: Vec<bool> = mask.map(|&value| value != 0.0).collect();
                        match &answer.joined {
                            Some(joined) => pointing_game(&of(joined, self.pixels), &mask),
                            None => pointing_game(&relevance, &mask),
                        }
                    }
                    Metric::FaithfulnessCorrelation => {
                        let target = single_target(&answer.targets[input])?;
                        let logit = f64::from(execution.output(input)[target]);
                        let falls: Vec<f64> = outputs.iter().map(|output| logit - f64::from(output[target])).collect();
                        let sum = |subset: &Vec<u32>| subset.iter().map(|&value| relevance[value as usize]).sum();
                        pearson(&subsets.iter().map(sum).collect::<Vec<f64>>(), &falls)
                    }
                });
            }
        }
        Ok(Kept { position: position as u64, scores, subsets })
    }

    /// Relevance as numbers of which larger ones mean more; 0 where nothing says that there is any.
    fn relevance(&self, answer: &Answer, values: Vec<f64>) -> Vec<f64> {
        let values = importance(&answer.semiring, values);
        // What no path leads to is −∞ as a cost or a threshold.
        match answer.semiring.meaning {
            Meaning::Cost | Meaning::Score => values,
            Meaning::Signed | Meaning::Share | Meaning::Count | Meaning::Truth | Meaning::Threshold => {
                values.into_iter().map(|value| if value.is_finite() { value } else { 0.0 }).collect()
            }
        }
    }

    /// The subsets of an input's values: the same for all questions.
    fn subsets(&self, position: usize) -> Vec<Vec<u32>> {
        let mut random = ChaCha8Rng::seed_from_u64(self.settings.seed);
        random.set_stream(position as u64);
        let mut values: Vec<u32> = (0..self.layout.size as u32).collect();
        let subset = |_| values.partial_shuffle(&mut random, self.settings.subset).0.to_vec();
        (0..self.settings.runs).map(subset).collect()
    }

    /// The network's outputs without each of the subsets.
    fn without(&self, values: &[f32], subsets: &[Vec<u32>], position: usize) -> Result<Vec<Vec<f32>>, StudyError> {
        let mut outputs = Vec::with_capacity(subsets.len());
        for some in subsets.chunks(batch_size(self.network)) {
            let mut copies = Vec::with_capacity(some.len() * self.layout.size);
            for (number, subset) in some.iter().enumerate() {
                let mut random = ChaCha8Rng::seed_from_u64(self.settings.seed ^ 1);
                random.set_stream((position * self.settings.runs + outputs.len() + number) as u64);
                let mut perturbed = Perturbed::new(self.layout, self.settings.baseline, values, random);
                perturbed.step(subset.iter().map(|&value| value as usize));
                copies.extend_from_slice(&perturbed.values);
            }
            let execution = Execution::run(self.network.clone(), &copies, some.len(), self.watch)?;
            outputs.extend((0..some.len()).map(|copy| execution.output(copy).to_vec()));
        }
        Ok(outputs)
    }
}

/// The output that is explained, if it is one.
fn single_target(targets: &[(usize, f32)]) -> Result<usize, StudyError> {
    match *targets {
        [(target, sign)] if sign > 0.0 => Ok(target),
        _ => Err(StudyError::Settings(
            "`faithfulness-correlation` follows the logit of one output: name a single target, without a contrast"
                .to_string(),
        )),
    }
}
