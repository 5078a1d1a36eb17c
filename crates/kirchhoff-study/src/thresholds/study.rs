//! The study of thresholds over a data set.

use std::fmt;
use std::sync::Arc;

use kirchhoff_compile::{LayerPattern, compile, compile_shape};
use kirchhoff_data::{Batch, DataSet};
use kirchhoff_evaluate::Coverage;
use kirchhoff_explain::{Answer, Layers, Question, ThetaChoice};
use kirchhoff_network::Network;
use kirchhoff_semiring::{Annotation, Array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::choice::Chosen;
use super::coverages::Coverages;
use super::formula::{LayerTheta, layer_thetas};
use crate::moments::Mean;
use crate::perturb::{
    Baseline, Layout, Order, Perturbation, Regions, Subject, area_over_curve, importance, questions_of,
};
use crate::{Folded, Identity, Pass, Run, State, StudyError, batch_size, edges, relevance};

/// Inputs of a batch, whose copies are many more.
const BATCH: usize = 64;

/// What a study of thresholds does.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The question in the bottleneck semiring whose critical thresholds are counted.
    pub critical: Question,
    /// The question that chosen thresholds are judged by, in the boolean semiring or another in which thresholds matter.
    pub judged: Question,
    /// Whether the target is each input's label, whatever the questions say.
    pub by_label: bool,
    /// The thresholds to give the coverage at.
    pub thetas: Vec<f32>,
    /// The shares to choose thresholds for.
    pub shares: Vec<Coverage>,
    /// Constant thresholds to compare the choices with.
    pub constants: Vec<f32>,
    /// What takes the place of the values that are flipped, the most relevant first.
    pub baseline: Baseline,
    /// How many values a step flips.
    pub values_a_step: usize,
    /// How many steps are made.
    pub steps: usize,
    /// The range of inputs: one pair, or one a channel.
    pub range: Vec<(f32, f32)>,
    /// The coverages of so many inputs are kept one by one.
    pub keep: usize,
    /// The seed of all that is drawn.
    pub seed: u64,
}

/// Thresholds to be judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Candidate {
    /// One for all layers.
    Constant(f32),
    /// Chosen for each input, so that each layer keeps a share.
    Chosen(Coverage),
    /// Of each layer, the median of those that were so chosen for other inputs.
    Median(Coverage),
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Candidate::Constant(theta) => Annotation::Threshold(*theta).fmt(f),
            Candidate::Chosen(coverage) => coverage.fmt(f),
            Candidate::Median(coverage) => write!(f, "medians of {coverage}"),
        }
    }
}

/// How a candidate does on one half of the inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The area over the curve of flipping the most relevant values first.
    pub over: Mean,
    /// The share of input values that are relevant.
    pub coverage: Mean,
}

/// What the pass over critical thresholds finds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Critical {
    /// Of each tensor, from input to output.
    pub coverages: Vec<(String, Coverages)>,
    /// Of the first inputs, the coverage of the input at each threshold.
    pub kept: Vec<(u64, Vec<f64>)>,
    /// By share and layer, the thresholds that were chosen for inputs of the first half.
    pub chosen: Vec<Vec<Chosen>>,
    pub inputs: u64,
}

/// What the pass over candidates finds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Judged {
    /// By candidate: on the half that choices are made by, and on the other.
    pub scores: Vec<[Score; 2]>,
    /// On the other half, by two candidates: how far the area over the curve of the first is above that of the second.
    pub differences: Vec<Vec<Mean>>,
}

/// What a study of thresholds finds.
#[derive(Clone, Debug)]
pub struct Found {
    pub(crate) settings: Settings,
    /// The names of the layers that take an annotation, from input to output.
    pub(crate) layers: Vec<String>,
    pub(crate) critical: Folded<Critical>,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) judged: Judged,
    pub(crate) formula: Vec<LayerTheta>,
}

impl Found {
    /// The candidates, with their scores on the half of the inputs that choices are made by and on the other.
    pub fn scores(&self) -> impl Iterator<Item = (&Candidate, &[Score; 2])> {
        self.candidates.iter().zip(&self.judged.scores)
    }

    /// The candidate with the largest area over the curve on the half that choices are made by, among those that `wanted`
    /// takes; the first of equals.
    pub fn best(&self, wanted: impl Fn(&Candidate) -> bool) -> Option<usize> {
        let of = |&index: &usize| self.judged.scores[index][0].over.mean();
        let wanted = (0..self.candidates.len()).filter(|&index| wanted(&self.candidates[index]));
        wanted.reduce(|best, other| if of(&other) > of(&best) { other } else { best })
    }
}

impl Settings {
    /// Adds the settings to what the results depend on: network and data are there already.
    pub fn describe(&self, identity: &mut Identity) {
        identity.set_hash("question about critical thresholds", &self.critical.identity());
        identity.set_hash("question that is judged", &self.judged.identity());
        identity.set("targets are labels", self.by_label);
        identity.set("thresholds", format!("{:?}", self.thetas));
        let shares: Vec<_> = self.shares.iter().map(Coverage::to_string).collect();
        identity.set("shares", shares.join(", "));
        identity.set("constants", format!("{:?}", self.constants));
        identity.set("baseline", self.baseline);
        identity.set("values a step", self.values_a_step);
        identity.set("steps", self.steps);
        identity.set("range of inputs", format!("{:?}", self.range));
        identity.set("inputs kept", self.keep);
        identity.set("seed", self.seed);
    }

    /// Does the study, in two passes over the data set: inputs at even positions choose, the others judge.
    ///
    /// # Errors
    /// Settings that do not fit the network, inputs that cannot be taken, or an interruption.
    pub fn run(&self, network: &Arc<Network>, data: &mut DataSet, run: &mut Run<'_>) -> Result<Found, StudyError> {
        let critical_question = Question { layers: Layers::All, ..self.critical.clone() };
        critical_question.check(network)?;
        self.judged.check(network)?;
        if self.values_a_step == 0 {
            return Err(StudyError::Settings("a step flips one value at least".to_string()));
        }
        let size = data.shape().iter().product();
        let layout = Layout { size, image: data.picture(), range: self.range.clone() };
        if self.baseline.needs_image() && layout.image.is_none() {
            let (baseline, shape) = (self.baseline, data.shape());
            let reason = format!("baseline `{baseline}` is for images, but inputs have the shape {shape:?}");
            return Err(StudyError::Settings(reason));
        }
        let layers = annotated(network, &self.judged)?;
        let study = Study { settings: self, network, layout, layers: &layers, edges: edges(network) };
        let critical = study.critical(&critical_question, data, run)?;
        let candidates = self.candidates();
        let judged = study.judge(&candidates, &critical.state, data, run)?;
        let formula = layer_thetas(network);
        Ok(Found { settings: self.clone(), layers, critical, candidates, judged, formula })
    }

    fn candidates(&self) -> Vec<Candidate> {
        let constants = self.constants.iter().copied().map(Candidate::Constant);
        let chosen = self.shares.iter().copied().map(Candidate::Chosen);
        let medians = self.shares.iter().copied().map(Candidate::Median);
        constants.chain(chosen).chain(medians).collect()
    }
}

/// The names of the layers that take an annotation under a question's rules.
fn annotated(network: &Network, question: &Question) -> Result<Vec<String>, StudyError> {
    let circuit = compile_shape(network, &question.assignment).map_err(kirchhoff_explain::ExplainError::from)?;
    let layers = circuit.layers().iter().filter(|layer| layer.is_annotated());
    Ok(layers.map(|layer| layer.name.clone()).collect())
}

/// A study under way.
struct Study<'a> {
    settings: &'a Settings,
    network: &'a Arc<Network>,
    layout: Layout,
    layers: &'a [String],
    edges: u64,
}

impl Study<'_> {
    fn batch(&self) -> usize {
        batch_size(self.network).min(BATCH)
    }

    fn critical(
        &self,
        question: &Question,
        data: &mut DataSet,
        run: &mut Run<'_>,
    ) -> Result<Folded<Critical>, StudyError> {
        let settings = self.settings;
        let passes = 2 + settings.shares.len() as u64;
        let pass = Pass { name: "critical", batch: self.batch(), edges: self.edges * passes };
        let watch = run.watch();
        let start = Critical {
            chosen: vec![vec![Chosen::default(); self.layers.len()]; settings.shares.len()],
            ..Critical::default()
        };
        let compute = |batch: &Batch| -> Result<_, StudyError> {
            let one = std::slice::from_ref(question);
            let questions = questions_of(one, settings.by_label, batch)?;
            let (execution, mut answers) = relevance(self.network, batch, &questions, watch)?;
            let answer = answers.swap_remove(0);
            let judged = questions_of(std::slice::from_ref(&settings.judged), settings.by_label, batch)?.swap_remove(0);
            let circuit = compile(&execution, &judged.assignment).map_err(kirchhoff_explain::ExplainError::from)?;
            let mut chosen: Vec<Vec<Vec<f32>>> = Vec::with_capacity(settings.shares.len());
            for &share in &settings.shares {
                let open = Question { coverage: Some(share), choices: Vec::new(), ..judged.clone() };
                let settled = open.settle(&circuit, watch)?;
                let of = |question: &Question| -> Vec<f32> {
                    let annotations = question.settled.as_ref().expect("thresholds were left open");
                    let layers = circuit.layers().iter().enumerate().filter(|(_, layer)| layer.is_annotated());
                    layers.filter_map(|(index, _)| annotations.of(index).theta()).collect()
                };
                chosen.push(settled.iter().map(of).collect());
            }
            Ok((answer, chosen, batch.positions.clone()))
        };
        run.pass(pass, data, start, compute, |state, (answer, chosen, positions)| {
            state.add(&answer, settings, &positions);
            for (layers, inputs) in state.chosen.iter_mut().zip(chosen) {
                for (thetas, _) in inputs.into_iter().zip(&positions).filter(|(_, position)| chooses(**position)) {
                    layers.iter_mut().zip(thetas).for_each(|(layer, theta)| layer.add(theta));
                }
            }
        })
    }

    fn judge(
        &self,
        candidates: &[Candidate],
        critical: &Critical,
        data: &mut DataSet,
        run: &mut Run<'_>,
    ) -> Result<Judged, StudyError> {
        let settings = self.settings;
        let regions = Regions::values(self.layout.size);
        let perturbation = Perturbation {
            network: self.network,
            layout: &self.layout,
            regions: &regions,
            baseline: settings.baseline,
            regions_a_step: settings.values_a_step,
            steps: settings.steps,
            batch: batch_size(self.network),
            seed: settings.seed,
        };
        let questions = candidates.iter().map(|&candidate| self.question(candidate, critical));
        let questions: Vec<Question> = questions.collect::<Result<_, _>>()?;
        let copies = 2 + perturbation.steps() as u64;
        let edges = self.edges * (1 + candidates.len() as u64 * copies);
        let pass = Pass { name: "judge", batch: self.batch(), edges };
        let watch = run.watch();
        let compute = |batch: &Batch| -> Result<_, StudyError> {
            let questions = questions_of(&questions, settings.by_label, batch)?;
            let (_, answers) = relevance(self.network, batch, &questions, watch)?;
            let mut found: Vec<Vec<(f64, f64)>> = Vec::with_capacity(candidates.len());
            for answer in &answers {
                found.push(self.flipped(answer, batch, &perturbation, watch)?);
            }
            Ok((found, batch.positions.clone()))
        };
        let count = candidates.len();
        let start = Judged {
            scores: vec![[Score::default(); 2]; count],
            differences: vec![vec![Mean::default(); count]; count],
        };
        let folded = run.pass(pass, data, start, compute, |state, (found, positions)| {
            for (input, &position) in positions.iter().enumerate() {
                let half = usize::from(!chooses(position));
                for (score, found) in state.scores.iter_mut().zip(&found) {
                    score[half].over.add(found[input].0);
                    score[half].coverage.add(found[input].1);
                }
                if half == 1 {
                    for (row, first) in state.differences.iter_mut().zip(&found) {
                        row.iter_mut()
                            .zip(&found)
                            .for_each(|(mean, second)| mean.add(first[input].0 - second[input].0));
                    }
                }
            }
        })?;
        Ok(folded.state)
    }

    /// Of each input, the area over the curve of flipping what an answer makes most relevant first, and the share of
    /// values that are relevant at all.
    fn flipped(
        &self,
        answer: &Answer,
        batch: &Batch,
        perturbation: &Perturbation<'_>,
        watch: &dyn crate::Watch,
    ) -> Result<Vec<(f64, f64)>, StudyError> {
        let size = self.layout.size;
        let values = importance(&answer.semiring, answer.tensors[0].values.to_f64());
        let orders: Vec<Vec<u32>> = values
            .chunks(size)
            .zip(&batch.positions)
            .map(|(values, &position)| {
                let mut random = ChaCha8Rng::seed_from_u64(self.settings.seed);
                random.set_stream(2 * position as u64 + 1);
                Order::MostRelevantFirst.of(values, &mut random)
            })
            .collect();
        let mut subjects = Vec::with_capacity(orders.len());
        for (input, order) in orders.iter().enumerate() {
            let [(target, sign)] = answer.targets[input][..] else { return Err(several_targets()) };
            if sign < 0.0 {
                return Err(several_targets());
            }
            let values = &batch.values[input * size..(input + 1) * size];
            subjects.push(Subject { number: 2 * batch.positions[input] as u64, values, target, order });
        }
        let curves = perturbation.curves(&subjects, watch)?;
        let least = values.iter().copied().fold(f64::INFINITY, f64::min).min(0.0);
        let covered = |values: &[f64]| values.iter().filter(|&&value| value > least).count() as f64 / size as f64;
        let of =
            |(curve, values): (&crate::perturb::Curve, &[f64])| (area_over_curve(&curve.probability), covered(values));
        Ok(curves.iter().zip(values.chunks(size)).map(of).collect())
    }

    /// The question that is judged, under a candidate's thresholds.
    fn question(&self, candidate: Candidate, critical: &Critical) -> Result<Question, StudyError> {
        let plain = Question { choices: Vec::new(), coverage: None, ..self.settings.judged.clone() };
        match candidate {
            Candidate::Constant(theta) => Ok(plain.with_annotation(Annotation::Threshold(theta))),
            Candidate::Chosen(coverage) => Ok(plain.with_coverage(coverage)),
            Candidate::Median(coverage) => {
                let share = self.settings.shares.iter().position(|&share| share == coverage);
                let chosen = &critical.chosen[share.expect("medians are of the shares")];
                let mut question = plain.with_annotation(Annotation::Threshold(Annotation::DEFAULT_THETA));
                for (layer, chosen) in self.layers.iter().zip(chosen) {
                    let pattern = LayerPattern::new(layer).map_err(kirchhoff_explain::ExplainError::from)?;
                    let theta = chosen.quantile(0.5).unwrap_or(Annotation::DEFAULT_THETA);
                    question.choices.push((pattern, ThetaChoice::Theta(theta)));
                }
                Ok(question)
            }
        }
    }
}

impl State for Critical {
    /// The first inputs say which tensors there are.
    fn follows(&self, start: &Self) -> bool {
        let sound =
            |(_, coverages): &(String, Coverages)| coverages.follows(&Coverages::new(coverages.thetas().to_vec()));
        self.coverages.iter().all(sound) && self.chosen.follows(&start.chosen) && self.inputs.follows(&start.inputs)
    }
}

impl State for Judged {
    fn follows(&self, start: &Self) -> bool {
        let means = |score: &Score| [score.over, score.coverage].iter().all(|mean| mean.follows(&Mean::default()));
        self.scores.len() == start.scores.len()
            && self.scores.iter().flatten().all(means)
            && self.differences.follows(&start.differences)
    }
}

fn several_targets() -> StudyError {
    let reason = "curves follow the probability of one output: name a single target, without a contrast";
    StudyError::Settings(reason.to_string())
}

/// Whether thresholds are chosen by the input at a position: by every second one.
fn chooses(position: usize) -> bool {
    position.is_multiple_of(2)
}

impl Critical {
    fn add(&mut self, answer: &Answer, settings: &Settings, positions: &[usize]) {
        if self.coverages.is_empty() {
            let of = |name: &String| (name.clone(), Coverages::new(settings.thetas.clone()));
            self.coverages = answer.tensors.iter().map(|tensor| of(&tensor.name)).collect();
        }
        self.inputs += positions.len() as u64;
        for (number, ((_, coverages), tensor)) in self.coverages.iter_mut().zip(&answer.tensors).enumerate() {
            let Array::F32(values) = &tensor.values else { unreachable!("critical thresholds are f32") };
            let size = tensor.shape.iter().product();
            for (critical, &position) in values.chunks(size).zip(positions) {
                coverages.add(critical);
                if number == 0 && self.kept.len() < settings.keep {
                    let mut own = Coverages::new(settings.thetas.clone());
                    own.add(critical);
                    self.kept.push((position as u64, own.mean()));
                }
            }
        }
    }
}
