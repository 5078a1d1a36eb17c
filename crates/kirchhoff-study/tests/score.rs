//! Scores against the definitions, one input and one subset at a time.

use std::sync::Arc;

use kirchhoff_data::DataSet;
use kirchhoff_explain::{Question, explain};
use kirchhoff_network::{Activation, Dense, Execution, Network, NetworkBuilder, Operator};
use kirchhoff_study::perturb::Baseline;
use kirchhoff_study::score::{Metric, Settings};
use kirchhoff_study::{Identity, Outputs, Run, StudyError};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const INPUTS: usize = 9;
const COUNT: usize = 5;

fn network(random: &mut ChaCha8Rng) -> Arc<Network> {
    let mut dense = |inputs: usize, outputs: usize| {
        let weights: Vec<f32> = (0..inputs * outputs).map(|_| random.random_range(-1.0..1.0)).collect();
        Operator::Dense(Dense { inputs, outputs, weights: weights.into(), bias: None })
    };
    let mut builder = NetworkBuilder::new();
    let input = builder.input("input", &[INPUTS]).unwrap();
    let hidden = builder.add("0", dense(INPUTS, 7), &[input]).unwrap();
    let hidden = builder.add("1", Operator::Activation(Activation::Relu), &[hidden]).unwrap();
    let output = builder.add("2", dense(7, 3), &[hidden]).unwrap();
    Arc::new(builder.finish(output).unwrap())
}

fn settings(semirings: &[&str], masks: Vec<f32>) -> Settings {
    Settings {
        questions: semirings.iter().map(|name| Question::new(name).unwrap()).collect(),
        outside: Vec::new(),
        by_label: true,
        metrics: Metric::ALL.iter().map(|info| info.metric).collect(),
        runs: 20,
        subset: 3,
        baseline: Baseline::Value(0.25),
        masks: Some(masks),
        range: vec![(0.0, 1.0)],
        keep: COUNT,
        seed: 4,
    }
}

fn scored(settings: &Settings, network: &Arc<Network>, values: &[f32]) -> Result<Outputs, StudyError> {
    let labels: Vec<usize> = (0..COUNT).map(|input| input % 3).collect();
    let mut data = DataSet::in_memory("random", values.to_vec(), &[INPUTS], &labels, 3).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut run = Run::open(folder.path(), Identity::new("score"), false, &()).unwrap();
    settings.run(network, &mut data, &mut run)?.outputs(&serde_json::json!({}))
}

fn rows(outputs: &Outputs, name: &str) -> Vec<Vec<String>> {
    let (_, bytes) = outputs.files.iter().find(|(file, _)| file == name).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_string).collect()).collect()
}

/// The mean difference of all pairs, over twice the mean: what a Gini index is.
fn gini(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let pairs: f64 = values.iter().flat_map(|a| values.iter().map(move |b| (a - b).abs())).sum();
    pairs / (2.0 * count * values.iter().sum::<f64>())
}

#[test]
fn scores_are_those_of_the_definitions() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let network = network(&mut random);
    let values: Vec<f32> = (0..COUNT * INPUTS).map(|_| random.random_range(0.1..1.0)).collect();
    let masks: Vec<f32> = (0..COUNT * INPUTS).map(|at| if at % 2 == 0 { 1.0 } else { 0.0 }).collect();
    let semirings = ["real", "bottleneck"];
    let outputs = scored(&settings(&semirings, masks.clone()), &network, &values).unwrap();
    let (kept, subsets) = (rows(&outputs, "inputs.csv"), rows(&outputs, "subsets.csv"));
    assert_eq!((kept.len(), subsets.len()), (COUNT * semirings.len() * 4, COUNT * 20));
    for input in 0..COUNT {
        let x = &values[input * INPUTS..(input + 1) * INPUTS];
        let run = |x: &[f32]| Execution::run(network.clone(), x, 1, &()).unwrap();
        let execution = run(x);
        let target = input % 3;
        let without = |subset: &[usize]| {
            let mut x = x.to_vec();
            subset.iter().for_each(|&at| x[at] = 0.25);
            f64::from(execution.outputs()[target]) - f64::from(run(&x).outputs()[target])
        };
        let drawn: Vec<Vec<usize>> = subsets
            .iter()
            .filter(|row| row[0] == input.to_string())
            .map(|row| row[2].split(' ').map(|value| value.parse().unwrap()).collect())
            .collect();
        for subset in &drawn {
            let mut sorted = subset.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert!(sorted.len() == 3 && sorted[2] < INPUTS, "{subset:?}");
        }
        for name in semirings {
            let question = Question::new(name).unwrap().with_targets(vec![kirchhoff_explain::Target::output(target)]);
            let relevance = explain(&execution, &question, &()).unwrap().tensors[0].values.to_f64();
            let relevance: Vec<f64> = relevance.iter().map(|r| if r.is_finite() { *r } else { 0.0 }).collect();
            let score = |metric: &str| -> f64 {
                let of = |row: &&Vec<String>| row[..3] == [input.to_string(), name.to_string(), metric.to_string()];
                kept.iter().find(of).unwrap()[3].parse().unwrap()
            };
            let largest = relevance.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            let magnitudes: Vec<f64> = relevance.iter().map(|r| r.abs() / largest).collect();
            assert!((score("sparseness") - gini(&magnitudes)).abs() < 1e-5);
            let sum: f64 = magnitudes.iter().sum();
            let entropy: f64 = magnitudes.iter().filter(|r| **r > 0.0).map(|r| (sum / r).ln() * r / sum).sum();
            assert!((score("complexity") - entropy).abs() < 1e-9);
            let best = (0..INPUTS).max_by(|&a, &b| relevance[a].total_cmp(&relevance[b])).unwrap();
            assert_eq!(score("pointing-game") == 1.0, masks[input * INPUTS + best] == 1.0);
            let a: Vec<f64> = drawn.iter().map(|subset| subset.iter().map(|&at| relevance[at]).sum()).collect();
            let b: Vec<f64> = drawn.iter().map(|subset| without(subset)).collect();
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            let product = |a: &[f64], b: &[f64]| mean(&a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<f64>>());
            let covariance = |a: &[f64], b: &[f64]| product(a, b) - mean(a) * mean(b);
            let correlation = covariance(&a, &b) / (covariance(&a, &a) * covariance(&b, &b)).sqrt();
            assert!((score("faithfulness-correlation") - correlation).abs() < 1e-6, "{correlation}");
        }
    }
}

#[test]
fn what_cannot_be_scored_is_refused() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let network = network(&mut random);
    let values = vec![0.5; COUNT * INPUTS];
    let refused = |settings: &Settings| match scored(settings, &network, &values) {
        Err(StudyError::Settings(reason)) => reason,
        other => panic!("{other:?}"),
    };
    let whole = settings(&["real"], vec![1.0; COUNT * INPUTS]);
    assert!(refused(&Settings { subset: INPUTS, ..whole.clone() }).contains("1 to 8 of the 9 values"));
    assert!(refused(&Settings { masks: None, ..whole.clone() }).contains("--masks"));
    assert!(refused(&Settings { masks: Some(vec![1.0; 3]), ..whole.clone() }).contains("5 inputs of 9 pixels"));
    assert!(refused(&settings(&["tropical"], vec![1.0; COUNT * INPUTS])).contains("costs or logarithms"));
    assert!(refused(&Settings { metrics: Vec::new(), ..whole }).contains("a metric"));
}
