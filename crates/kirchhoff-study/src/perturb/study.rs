//! The study of perturbation over a data set, and its curves.

use std::sync::Arc;

use kirchhoff_data::{Batch, DataSet};
use kirchhoff_explain::{Answer, Question, Target};
use kirchhoff_network::Network;
use kirchhoff_semiring::SemiringInfo;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::attack::Attacked;
use super::context::{STREAMS, Study};
use super::windows::Map;
use super::{Baseline, Combination, Curve, Settings, Subject, area_over_curve, area_under_curve};
use crate::moments::Mean;
use crate::{Folded, Pass, Run, State, StudyError, relevance_with};

/// The curves of a combination over all inputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// The probability of the target: of inputs as they are, then after each step.
    pub probability: Vec<Mean>,
    /// How many inputs have their label named, likewise.
    pub correct: Vec<u64>,
    /// The area over each curve ([`area_over_curve`]).
    pub over: Mean,
    /// The area under each curve without its first value ([`area_under_curve`]).
    pub under: Mean,
    /// The curves of the first inputs, with their positions.
    pub kept: Vec<(u64, Vec<f64>, Vec<u32>)>,
}

/// What the pass over curves finds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Curves {
    /// One a combination.
    pub tallies: Vec<Tally>,
    /// The sum of |R| of each input value, of each question.
    pub magnitudes: Vec<Vec<f64>>,
    pub inputs: u64,
}

/// What a study of perturbation finds.
#[derive(Clone, Debug)]
pub struct Found {
    pub(crate) settings: Settings,
    pub(crate) combinations: Vec<Combination>,
    pub(crate) curves: Folded<Curves>,
    pub(crate) attacked: Option<Attacked>,
    pub(crate) map: Option<(Map, [usize; 2])>,
    pub(crate) values: usize,
}

impl Found {
    /// The combinations, with their curves.
    pub fn curves(&self) -> impl Iterator<Item = (&Combination, &Tally)> {
        self.combinations.iter().zip(&self.curves.state.tallies)
    }
}

impl Settings {
    /// Does the study.
    ///
    /// Takes the network's time for `steps + 1` inputs a curve, memory that does not depend on the number of inputs.
    ///
    /// # Errors
    /// Settings that do not fit the network, inputs that cannot be taken, or an interruption.
    pub fn run(&self, network: &Arc<Network>, data: &mut DataSet, run: &mut Run<'_>) -> Result<Found, StudyError> {
        let study = Study::new(self, network, data)?;
        let combinations = self.combinations();
        let curves = study.curves(&combinations, data, run)?;
        let attacked = match &self.attack {
            Some(attack) => Some(study.attack(attack, (&curves.state.magnitudes, curves.state.inputs), data, run)?),
            None => None,
        };
        let map = match self.windows {
            Some(windows) => Some(study.map(windows, data, run)?),
            None => None,
        };
        Ok(Found { settings: self.clone(), combinations, curves, attacked, map, values: study.layout.size })
    }
}

impl Study<'_> {
    /// The curves of all combinations.
    fn curves(
        &self,
        combinations: &[Combination],
        data: &mut DataSet,
        run: &mut Run<'_>,
    ) -> Result<Folded<Curves>, StudyError> {
        let settings = self.settings;
        let steps = self.perturbation(&self.regions, Baseline::Black).steps() as u64;
        let passes = 1 + settings.questions.len() as u64 + combinations.len() as u64 * (steps + 1);
        let pass = Pass { name: "curves", batch: self.batch(), edges: self.edges * passes };
        let watch = run.watch();
        let start = Curves {
            tallies: vec![Tally::default(); combinations.len()],
            magnitudes: vec![vec![0.0; self.layout.size]; settings.questions.len()],
            inputs: 0,
        };
        let compute = |batch: &Batch| -> Result<_, StudyError> {
            let questions = questions_of(&settings.questions, settings.by_label, batch)?;
            let (execution, answers) = relevance_with(self.network, batch, &questions, &settings.outside, watch)?;
            let own = |input: usize| match settings.by_label {
                true => batch.labels[input],
                false => kirchhoff_explain::top(execution.output(input)),
            };
            let of_answers: Vec<(Vec<usize>, Vec<Vec<f64>>)> =
                answers.iter().map(|answer| self.read(answer)).collect::<Result<_, _>>()?;
            let mut curves: Vec<Vec<Curve>> = Vec::with_capacity(combinations.len());
            for combination in combinations {
                let orders: Vec<Vec<u32>> = (0..batch.labels.len())
                    .map(|input| {
                        let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
                        random.set_stream(batch.positions[input] as u64 * STREAMS + 1);
                        let scores = match combination.question {
                            Some(question) => self.regions.relevance(&of_answers[question].1[input]),
                            None => vec![0.0; self.regions.count()],
                        };
                        combination.order.of(&scores, &mut random)
                    })
                    .collect();
                let subject = |input: usize| Subject {
                    number: batch.positions[input] as u64 * STREAMS,
                    values: &batch.values[input * self.layout.size..(input + 1) * self.layout.size],
                    target: combination.question.map_or_else(|| own(input), |question| of_answers[question].0[input]),
                    order: &orders[input],
                };
                let subjects: Vec<Subject<'_>> = (0..batch.labels.len()).map(subject).collect();
                curves.push(self.perturbation(&self.regions, combination.baseline).curves(&subjects, watch)?);
            }
            let magnitudes = of_answers.iter().map(|(_, relevance)| sum_of_magnitudes(relevance, self.layout.size));
            Ok((curves, magnitudes.collect::<Vec<_>>(), batch.labels.clone(), batch.positions.clone()))
        };
        run.pass(pass, data, start, compute, |state, (curves, magnitudes, labels, positions)| {
            state.inputs += labels.len() as u64;
            for (sums, more) in state.magnitudes.iter_mut().zip(magnitudes) {
                sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
            }
            for (tally, curves) in state.tallies.iter_mut().zip(curves) {
                for ((curve, &label), &position) in curves.into_iter().zip(&labels).zip(&positions) {
                    tally.add(curve, label, position as u64, settings.keep);
                }
            }
        })
    }

    /// The target of each input, and the relevance of its values as numbers of which larger ones mean more.
    fn read(&self, answer: &Answer) -> Result<(Vec<usize>, Vec<Vec<f64>>), StudyError> {
        let target = |targets: &Vec<(usize, f32)>| match targets[..] {
            [(output, sign)] if sign > 0.0 => Ok(output),
            _ => Err(StudyError::Settings(
                "curves follow the probability of one output: name a single target, without a contrast".to_string(),
            )),
        };
        let targets = answer.targets.iter().map(target).collect::<Result<_, _>>()?;
        let values = importance(&answer.semiring, answer.tensors[0].values.to_f64());
        Ok((targets, values.chunks(self.layout.size).map(<[f64]>::to_vec).collect()))
    }
}

impl Tally {
    /// Adds the curve of an input, and keeps it if it is among the first.
    fn add(&mut self, curve: Curve, label: usize, position: u64, keep: usize) {
        self.probability.resize(curve.probability.len(), Mean::default());
        self.correct.resize(curve.class.len(), 0);
        self.probability.iter_mut().zip(&curve.probability).for_each(|(mean, &value)| mean.add(value));
        let named = curve.class.iter().map(|&class| u64::from(class as usize == label));
        self.correct.iter_mut().zip(named).for_each(|(correct, named)| *correct += named);
        self.over.add(area_over_curve(&curve.probability));
        self.under.add(area_under_curve(&curve.probability[1..]));
        if self.kept.len() < keep {
            self.kept.push((position, curve.probability, curve.class));
        }
    }
}

impl State for Tally {
    /// The first input says how long the curves are.
    fn follows(&self, start: &Self) -> bool {
        let counts = |counts: &[u64]| counts.iter().all(|count| count.follows(&0));
        self.probability.len() == self.correct.len()
            && self.probability.iter().all(|mean| mean.follows(&Mean::default()))
            && counts(&self.correct)
            && self.over.follows(&start.over)
            && self.under.follows(&start.under)
            && self.kept.iter().all(|(_, probability, class)| probability.len() == class.len())
    }
}

impl State for Curves {
    fn follows(&self, start: &Self) -> bool {
        self.tallies.follows(&start.tallies)
            && self.magnitudes.follows(&start.magnitudes)
            && self.inputs.follows(&start.inputs)
    }
}

/// The questions about a batch: from each input's label, if that is the target.
///
/// # Errors
/// Targets in a hidden layer, which say nothing of any output.
pub(crate) fn questions_of(questions: &[Question], by_label: bool, batch: &Batch) -> Result<Vec<Question>, StudyError> {
    let neurons = questions.iter().flat_map(|question| &question.targets);
    if let Some(target) = neurons.filter(|_| !by_label).find(|target| matches!(target, Target::Neurons { .. })) {
        return Err(StudyError::Settings(format!(
            "curves follow the probability of an output, and target `{target}` is in a hidden layer: name an output"
        )));
    }
    let labels = || batch.labels.iter().map(|&label| Target::output(label)).collect();
    let of = |question: &Question| if by_label { question.clone().with_targets(labels()) } else { question.clone() };
    Ok(questions.iter().map(of).collect())
}

/// Relevance as numbers of which larger ones mean more: costs count the other way round.
pub fn importance(semiring: &SemiringInfo, values: Vec<f64>) -> Vec<f64> {
    values.into_iter().map(|value| semiring.meaning.importance(value)).collect()
}

/// The sum of |R| over inputs, value by value.
fn sum_of_magnitudes(relevance: &[Vec<f64>], size: usize) -> Vec<f64> {
    let mut sums = vec![0.0; size];
    for input in relevance {
        sums.iter_mut().zip(input).for_each(|(sum, value)| *sum += value.abs());
    }
    sums
}
