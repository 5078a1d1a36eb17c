//! The orders in which neurons are removed.

use std::sync::Arc;

use kirchhoff_compile::LayerPattern;
use kirchhoff_data::{Batch, DataSet};
use kirchhoff_explain::{Layers, Question, Target};
use kirchhoff_network::{Network, Prunable};
use kirchhoff_render::Kind;
use serde::{Deserialize, Serialize};

use super::{Curve, Method, PruneSettings};
use crate::draw::Draw;
use crate::meaning::kind;
use crate::{Folded, Pass, Run, State, StudyError, batch_size, edges, relevance};

/// The stream of a seed that inputs are drawn from, and that of random orders.
const INPUTS: u64 = 0;
const ORDERS: u64 = 1;

/// Sums over the inputs that each seed has drawn.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sums {
    /// One a seed.
    inputs: Vec<u64>,
    /// One a seed, data-driven method and neuron.
    scores: Vec<f64>,
}

impl State for Sums {
    fn follows(&self, start: &Self) -> bool {
        self.inputs.follows(&start.inputs) && self.scores.follows(&start.scores)
    }
}

/// One curve a method and seed, without its measures.
pub(super) fn rank(
    run: &mut Run<'_>,
    network: &Arc<Network>,
    data: &mut DataSet,
    settings: &PruneSettings,
    prunable: &Prunable,
) -> Result<Folded<Vec<Curve>>, StudyError> {
    let drawn: Vec<Vec<usize>> =
        settings.seeds.iter().map(|&seed| Draw::new(seed, INPUTS).choose(settings.inputs, data.count())).collect();
    let mut all: Vec<usize> = drawn.concat();
    all.sort_unstable();
    all.dedup();
    data.choose(all.iter().copied());
    let seen: Vec<&Method> = settings.methods.iter().filter(|method| is_seen(method)).collect();
    let sums = fold(run, network, data, settings, prunable, &seen, |position| {
        let wanted = |drawn: &&Vec<usize>| drawn.binary_search(&all[position]).is_ok();
        drawn.iter().enumerate().filter(|(_, drawn)| wanted(drawn)).map(|(seed, _)| seed).collect()
    })?;
    let neurons = prunable.neurons;
    let mut curves = Vec::new();
    for method in &settings.methods {
        for (number, &seed) in settings.seeds.iter().enumerate() {
            let place = seen.iter().position(|seen| seen.name() == method.name());
            let scores: Vec<f64> = match place {
                Some(place) => {
                    let first = (number * seen.len() + place) * neurons;
                    let inputs = sums.state.inputs[number].max(1) as f64;
                    sums.state.scores[first..first + neurons].iter().map(|sum| sum / inputs).collect()
                }
                None => given(network, prunable, method),
            };
            let order = match method {
                Method::Random => Draw::new(seed, ORDERS).order(neurons),
                _ => {
                    let mut order: Vec<usize> = (0..neurons).collect();
                    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
                    order
                }
            };
            let (accuracy, loss) = (Vec::new(), Vec::new());
            curves.push(Curve { method: method.name().to_string(), seed, order, scores, accuracy, loss });
        }
    }
    Ok(Folded { state: curves, skipped: sums.skipped, listed: sums.listed })
}

/// Whether a method looks at inputs.
fn is_seen(method: &Method) -> bool {
    matches!(method, Method::Relevance(_) | Method::Activation)
}

fn fold(
    run: &mut Run<'_>,
    network: &Arc<Network>,
    data: &mut DataSet,
    settings: &PruneSettings,
    prunable: &Prunable,
    methods: &[&Method],
    seeds_of: impl Fn(usize) -> Vec<usize>,
) -> Result<Folded<Sums>, StudyError> {
    let neurons = prunable.neurons;
    let empty = Sums {
        inputs: vec![0; settings.seeds.len()],
        scores: vec![0.0; settings.seeds.len() * methods.len() * neurons],
    };
    if methods.is_empty() {
        return Ok(Folded { state: empty, skipped: 0, listed: Vec::new() });
    }
    let name = &network.node(prunable.layer).name;
    let pattern = LayerPattern::new(name).map_err(kirchhoff_explain::ExplainError::from)?;
    let questions: Vec<Question> = methods
        .iter()
        .filter_map(|method| match method {
            Method::Relevance(question) => {
                Some(Question { layers: Layers::Matching(vec![pattern.clone()]), ..(**question).clone() })
            }
            _ => None,
        })
        .collect();
    let watch = run.watch();
    let pass =
        Pass { name: "ranking", batch: batch_size(network), edges: edges(network) * (1 + questions.len() as u64) };
    let compute = |batch: &Batch| {
        let mut questions = questions.clone();
        if settings.by_label {
            for question in &mut questions {
                question.targets = batch.labels.iter().map(|&label| Target::output(label)).collect();
            }
        }
        let (execution, answers) = relevance(network, batch, &questions, watch)?;
        let mut answers = answers.iter();
        let mut scores = Vec::with_capacity(methods.len());
        for method in methods {
            let (values, kind) = match method {
                Method::Relevance(question) => {
                    let answer = answers.next();
                    let tensor = answer.and_then(|answer| answer.tensors.iter().find(|tensor| tensor.name == *name));
                    let values = tensor.map(|tensor| tensor.values.to_f64());
                    (values.unwrap_or_default(), kind(&question.semiring))
                }
                _ => {
                    let activations = execution.activations(prunable.silenced);
                    (activations.iter().copied().map(f64::from).collect(), Kind::Signed)
                }
            };
            scores.push(of_neurons(&values, batch.labels.len() * neurons, kind));
        }
        Ok((scores, batch.positions.clone()))
    };
    run.pass(pass, data, empty, compute, |sums, (scores, positions)| {
        for (input, &position) in positions.iter().enumerate() {
            for seed in seeds_of(position) {
                sums.inputs[seed] += 1;
                for (method, scores) in scores.iter().enumerate() {
                    let first = (seed * methods.len() + method) * neurons;
                    let values = &scores[input * neurons..(input + 1) * neurons];
                    sums.scores[first..first + neurons].iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                }
            }
        }
    })
}

/// The scores of every input's neurons, added up over their positions.
fn of_neurons(values: &[f64], count: usize, kind: Kind) -> Vec<f64> {
    let score = |value: &f64| match kind {
        Kind::Cost => -value,
        Kind::Score => *value,
        Kind::Signed | Kind::Magnitude | Kind::Count | Kind::Truth => value.abs(),
    };
    values.chunks((values.len() / count).max(1)).map(|positions| positions.iter().map(score).sum()).collect()
}

/// The scores that are given without a look at inputs: norms of the weights that lead to each neuron, or what somebody
/// else says; none for other methods.
fn given(network: &Network, prunable: &Prunable, method: &Method) -> Vec<f64> {
    if let Method::Scores { scores, .. } = method {
        return scores.clone();
    }
    let parameters = network.node(prunable.layer).operator.parameters();
    let Some((_, weights)) = parameters.iter().find(|(name, _)| *name == "weights") else {
        return Vec::new();
    };
    let rows = weights.chunks(weights.len() / prunable.neurons);
    let wide = |row: &'_ [f32]| row.iter().copied().map(f64::from).collect::<Vec<_>>();
    match method {
        Method::L1 => rows.map(|row| wide(row).iter().map(|weight| weight.abs()).sum()).collect(),
        Method::L2 => rows.map(|row| wide(row).iter().map(|weight| weight * weight).sum::<f64>().sqrt()).collect(),
        Method::Relevance(_) | Method::Activation | Method::Random | Method::Scores { .. } => Vec::new(),
    }
}
