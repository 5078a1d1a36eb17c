//! Pruning (Groudiev & Maniu, section 4.2): how a network fares without the neurons that matter least, by several
//! measures of what matters.

mod curves;
mod files;
mod rank;

use std::sync::Arc;

use kirchhoff_data::{DataSet, Skipped};
use kirchhoff_explain::{Question, top};
use kirchhoff_network::{Network, NodeId, Prunable, PruneError};
use serde::{Deserialize, Serialize};

use crate::{Identity, Run, StudyError};

/// How neurons are ranked; those of the lowest rank are removed first.
#[derive(Clone, Debug)]
pub enum Method {
    /// The mean of |R| over inputs, added up over the positions of a filter. Costs count negated, and scores with their
    /// sign, so that the least relevant neurons come first in every semiring.
    Relevance(Box<Question>),
    /// The sum of the magnitudes of the weights that lead to the neuron.
    L1,
    /// The root of the sum of their squares.
    L2,
    /// The mean magnitude of the neuron's activation, behind the activation functions right after the layer.
    Activation,
    /// At random.
    Random,
    /// Scores from elsewhere.
    Scores {
        /// What they are called.
        name: String,
        /// One a neuron or filter of the layer; those of the lowest are removed first.
        scores: Vec<f64>,
    },
}

impl Method {
    /// The names of the methods beside semirings.
    pub const NAMES: [&'static str; 4] = ["l1", "l2", "activation", "random"];

    /// The question whose relevance it takes, if it does.
    fn question(&self) -> Option<&Question> {
        match self {
            Method::Relevance(question) => Some(question),
            Method::L1 | Method::L2 | Method::Activation | Method::Random | Method::Scores { .. } => None,
        }
    }

    /// Its name: that of its semiring, for relevance.
    pub fn name(&self) -> &str {
        match self {
            Method::Relevance(question) => &question.semiring.name,
            Method::L1 => "l1",
            Method::L2 => "l2",
            Method::Activation => "activation",
            Method::Random => "random",
            Method::Scores { name, .. } => name,
        }
    }
}

/// What is pruned, and how.
#[derive(Clone, Debug)]
pub struct PruneSettings {
    /// The layer.
    pub layer: NodeId,
    /// The methods.
    pub methods: Vec<Method>,
    /// Whether relevance starts from the output of each input's label, instead of the questions' targets.
    pub by_label: bool,
    /// Seeds: each draws inputs for the ranking of its own, and a random order.
    pub seeds: Vec<u64>,
    /// Inputs that a seed draws for the ranking.
    pub inputs: usize,
    /// Neurons that are removed at a step.
    pub step: usize,
}

/// What pruning did to a network.
#[derive(Clone, Debug)]
pub struct Pruning {
    /// The layer's name.
    pub layer: String,
    /// The number of its neurons or filters.
    pub neurons: usize,
    /// The number of neurons that were removed at each point.
    pub removed: Vec<usize>,
    /// One a method and seed, in their order.
    pub curves: Vec<Curve>,
    /// The number of inputs that accuracy and loss were taken over.
    pub inputs: u64,
    /// The number of inputs that could not be taken, in the ranking and after, and the first of them.
    pub skipped: (u64, Vec<Skipped>),
    prunable: Prunable,
}

/// How the network fares when one method of one seed chooses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// The method.
    pub method: String,
    /// The seed.
    pub seed: u64,
    /// The layer's neurons in the order in which they are removed.
    pub order: Vec<usize>,
    /// The score of each neuron; none for the random order.
    pub scores: Vec<f64>,
    /// The share of inputs that are answered by their label, at each point.
    pub accuracy: Vec<f64>,
    /// The mean cross-entropy, at each point.
    pub loss: Vec<f64>,
}

impl From<PruneError> for StudyError {
    fn from(error: PruneError) -> Self {
        StudyError::Settings(error.to_string())
    }
}

impl PruneSettings {
    /// Adds the settings to the identity of a run.
    pub fn identify(&self, identity: &mut Identity) {
        let names: Vec<_> = self.methods.iter().map(Method::name).collect();
        identity.set("--method", names.join(","));
        let questions = self.methods.iter().filter_map(Method::question);
        identity.set_hash("rules, annotations or targets", &questions.map(Question::identity).collect::<String>());
        for method in &self.methods {
            if let Method::Scores { name, scores } = method {
                let bits: String = scores.iter().map(|score| format!("{:x} ", score.to_bits())).collect();
                identity.set_hash(&format!("scores `{name}`"), &bits);
            }
        }
        identity.set("--layer", self.layer.index());
        identity.set("--target label", self.by_label);
        identity.set("seeds", format!("{:?}", self.seeds));
        identity.set("--inputs", self.inputs);
        identity.set("--step", self.step);
    }
}

/// Ranks the neurons of a layer on one data set, and removes them step by step on another.
///
/// Removing a neuron sets its value to 0 behind the activation functions right after the layer; only what depends on it
/// is run again. All methods and seeds see all inputs of `data`.
///
/// # Errors
/// A layer that cannot be pruned; settings that do not fit; inputs that cannot be read or run; a run that is stopped.
///
/// # Complexity
/// Time of the explanations of the ranking, and for each method, seed, step and input that of the layers behind the one
/// that is pruned. Memory for a batch of inputs, whatever their number.
pub fn prune(
    run: &mut Run<'_>,
    network: &Arc<Network>,
    ranking: &mut DataSet,
    data: &mut DataSet,
    settings: &PruneSettings,
) -> Result<Pruning, StudyError> {
    let prunable = Prunable::new(network, settings.layer)?;
    if settings.step == 0 || settings.inputs == 0 || settings.seeds.is_empty() || settings.methods.is_empty() {
        let message = "pruning takes at least one method, seed, input to rank by, and neuron at a step";
        return Err(StudyError::Settings(message.to_string()));
    }
    for method in &settings.methods {
        if let Method::Scores { name, scores } = method {
            check_scores(name, scores, prunable.neurons)?;
        }
    }
    let ranked = rank::rank(run, network, ranking, settings, &prunable)?;
    let removed: Vec<usize> = (0..prunable.neurons).step_by(settings.step).chain([prunable.neurons]).collect();
    let measured = curves::measure(run, network, data, &prunable, &ranked.state, &removed)?;
    let inputs = measured.state.inputs;
    let layer = network.node(settings.layer).name.clone();
    let curve = |(mut curve, (correct, loss)): (Curve, (Vec<u64>, Vec<f64>))| {
        curve.accuracy = correct.iter().map(|&correct| correct as f64 / inputs.max(1) as f64).collect();
        curve.loss = loss.iter().map(|&loss| loss / inputs.max(1) as f64).collect();
        curve
    };
    let measures = measured.state.of_curves();
    let mut listed = ranked.listed;
    listed.extend(measured.listed);
    Ok(Pruning {
        layer,
        neurons: prunable.neurons,
        removed,
        curves: ranked.state.into_iter().zip(measures).map(curve).collect(),
        inputs,
        skipped: (ranked.skipped + measured.skipped, listed),
        prunable,
    })
}

/// Refuses scores that are not one finite number a neuron.
fn check_scores(name: &str, scores: &[f64], neurons: usize) -> Result<(), StudyError> {
    let wrong = match scores.iter().position(|score| !score.is_finite()) {
        _ if scores.len() != neurons => format!("{} scores for {neurons} neurons", scores.len()),
        Some(neuron) => format!("{} for neuron {neuron}", scores[neuron]),
        None => return Ok(()),
    };
    Err(StudyError::Settings(format!("method `{name}` has {wrong}: give one finite number a neuron of the layer")))
}

impl Pruning {
    /// The network without as many of the neurons as come next to a share of them, in the order of a method's first seed,
    /// and the curve's point for it: the number of neurons removed, accuracy and loss.
    ///
    /// # Errors
    /// A method that was not among the study's; all neurons.
    pub fn pruned(
        &self,
        network: &Network,
        method: &str,
        share: f64,
    ) -> Result<(Network, usize, f64, f64), StudyError> {
        let curve = self.curves.iter().find(|curve| curve.method == method).ok_or_else(|| {
            StudyError::Settings(format!("no curve is that of method `{method}`: name one of --method"))
        })?;
        let distance = |removed: usize| (removed as f64 / self.neurons as f64 - share).abs();
        let points = 0..self.removed.len();
        let point = points.min_by(|&a, &b| distance(self.removed[a]).total_cmp(&distance(self.removed[b])));
        let point = point.unwrap_or(0);
        let removed = self.removed[point];
        let smaller = self.prunable.without(network, &curve.order[..removed])?;
        Ok((smaller, removed, curve.accuracy[point], curve.loss[point]))
    }
}

/// The cross-entropy of outputs with a label, and whether the label is the network's answer.
fn judged(outputs: &[f32], label: usize) -> (f64, bool) {
    let largest = outputs.iter().fold(f64::NEG_INFINITY, |largest, &output| largest.max(f64::from(output)));
    let sum: f64 = outputs.iter().map(|&output| (f64::from(output) - largest).exp()).sum();
    (largest + sum.ln() - f64::from(outputs[label]), top(outputs) == label)
}
