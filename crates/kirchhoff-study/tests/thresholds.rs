//! The study of thresholds against boolean relevance at each of them.

use std::sync::Arc;

use kirchhoff_compile::LayerPattern;
use kirchhoff_data::DataSet;
use kirchhoff_evaluate::Coverage;
use kirchhoff_explain::{Layers, Question, ThetaChoice, explain};
use kirchhoff_network::{Activation, Dense, Execution, Network, NetworkBuilder, Operator};
use kirchhoff_semiring::Annotation;
use kirchhoff_study::perturb::Baseline;
use kirchhoff_study::thresholds::{Candidate, Settings};
use kirchhoff_study::{Identity, Outputs, Run};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const INPUTS: usize = 12;
const COUNT: usize = 140;

fn network(random: &mut ChaCha8Rng) -> Arc<Network> {
    let mut builder = NetworkBuilder::new();
    let mut node = builder.input("input", &[INPUTS]).unwrap();
    for (name, [inputs, outputs]) in [("0", [INPUTS, 9]), ("2", [9, 6]), ("4", [6, 3])] {
        let weights: Vec<f32> = (0..inputs * outputs).map(|_| random.random_range(-1.0..1.0)).collect();
        let dense = Dense { inputs, outputs, weights: weights.into(), bias: None };
        node = builder.add(name, Operator::Dense(dense), &[node]).unwrap();
        if name != "4" {
            let relu = Operator::Activation(Activation::Relu);
            node = builder.add(format!("{name}.relu"), relu, &[node]).unwrap();
        }
    }
    Arc::new(builder.finish(node).unwrap())
}

fn settings(thetas: Vec<f32>) -> Settings {
    Settings {
        critical: Question::new("bottleneck").unwrap(),
        judged: Question::new("boolean").unwrap(),
        by_label: false,
        thetas,
        shares: [0.25, 0.5].map(|share| Coverage::new(share).unwrap()).to_vec(),
        constants: vec![1e-9, 0.1],
        baseline: Baseline::Value(0.0),
        values_a_step: 1,
        steps: 4,
        range: vec![(0.0, 1.0)],
        keep: 3,
        seed: 7,
    }
}

/// Does the study in a folder of its own.
fn study(
    settings: &Settings,
    network: &Arc<Network>,
    data: &mut DataSet,
) -> (kirchhoff_study::thresholds::Found, Outputs) {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Run::open(folder.path(), Identity::new("thresholds"), false, &()).unwrap();
    let found = settings.run(network, data, &mut run).unwrap();
    let outputs = found.outputs(&serde_json::json!({})).unwrap();
    run.finish().unwrap();
    (found, outputs)
}

fn rows(outputs: &Outputs, name: &str) -> Vec<Vec<String>> {
    let (_, bytes) = outputs.files.iter().find(|(file, _)| file == name).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_string).collect()).collect()
}

#[test]
fn coverage_is_that_of_boolean_runs_at_each_threshold() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let network = network(&mut random);
    let values: Vec<f32> = (0..COUNT * INPUTS).map(|_| random.random()).collect();
    let mut data = DataSet::in_memory("numbers", values.clone(), &[INPUTS], &vec![0; COUNT], 3).unwrap();
    let thetas = vec![-0.5, 1e-9, 0.01, 0.1, 0.3, 1.0];
    let (_, outputs) = study(&settings(thetas.clone()), &network, &mut data);
    let coverage = rows(&outputs, "coverage.csv");

    let execution = Execution::run(network, &values, COUNT, &()).unwrap();
    let mut compared = 0;
    for theta in thetas {
        let question = Question::new("boolean").unwrap().with_annotation(Annotation::Threshold(theta));
        let answer = explain(&execution, &Question { layers: Layers::All, ..question }, &()).unwrap();
        for tensor in &answer.tensors {
            let truths = tensor.values.to_f64();
            let row = coverage.iter().find(|row| row[0] == tensor.name && row[1] == theta.to_string()).unwrap();
            let mean = truths.iter().sum::<f64>() / truths.len() as f64;
            assert!((row[2].parse::<f64>().unwrap() - mean).abs() < 1e-12, "{} at {theta}", tensor.name);
            compared += 1;
        }
        let input = answer.tensors[0].values.to_f64();
        for row in rows(&outputs, "inputs.csv").iter().filter(|row| row[1] == theta.to_string()) {
            let number: usize = row[0].parse().unwrap();
            let mean = input[number * INPUTS..(number + 1) * INPUTS].iter().sum::<f64>() / INPUTS as f64;
            assert!((row[2].parse::<f64>().unwrap() - mean).abs() < 1e-12);
        }
    }
    assert_eq!(compared, 6 * 6);
}

#[test]
fn scales_of_layers_give_the_coverage_at_scaled_thresholds() {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let network = network(&mut random);
    let values: Vec<f32> = (0..COUNT * INPUTS).map(|_| random.random()).collect();
    let mut data = DataSet::in_memory("numbers", values.clone(), &[INPUTS], &vec![0; COUNT], 3).unwrap();
    let thetas = vec![-0.5, 1e-9, 0.02, 0.1, 0.4];
    let choices = |of: &dyn Fn(f32) -> Annotation| {
        let scales = [("0", 0.25), ("2", 1.0), ("4", 2.0)];
        scales.map(|(layer, scale)| (LayerPattern::new(layer).unwrap(), ThetaChoice::Annotation(of(scale)))).to_vec()
    };
    let mut settings = settings(thetas.clone());
    settings.critical.choices = choices(&Annotation::Scale);
    let (_, outputs) = study(&settings, &network, &mut data);
    let coverage = rows(&outputs, "coverage.csv");

    let execution = Execution::run(network, &values, COUNT, &()).unwrap();
    for theta in thetas {
        let choices = choices(&|scale| Annotation::Threshold(theta * scale));
        let question = Question { layers: Layers::All, choices, ..Question::new("boolean").unwrap() };
        for tensor in &explain(&execution, &question, &()).unwrap().tensors {
            let truths = tensor.values.to_f64();
            let row = coverage.iter().find(|row| row[0] == tensor.name && row[1] == theta.to_string()).unwrap();
            let mean = truths.iter().sum::<f64>() / truths.len() as f64;
            assert!((row[2].parse::<f64>().unwrap() - mean).abs() < 1e-12, "{} at {theta}", tensor.name);
        }
    }
}

#[test]
fn candidates_are_judged_by_inputs_that_did_not_choose() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let network = network(&mut random);
    let values: Vec<f32> = (0..COUNT * INPUTS).map(|_| random.random()).collect();
    let mut data = DataSet::in_memory("numbers", values.clone(), &[INPUTS], &vec![0; COUNT], 3).unwrap();
    let (found, outputs) = study(&settings(vec![0.1]), &network, &mut data);
    assert_eq!(found.scores().count(), 2 + 2 * 2);
    for (candidate, halves) in found.scores() {
        assert!(halves.iter().all(|half| half.over.count() == COUNT as u64 / 2), "{candidate}");
        if let Candidate::Chosen(coverage) = candidate {
            let kept = halves[1].coverage.mean();
            assert!((kept - coverage.share()).abs() < 0.03, "{candidate} keeps {kept}");
        }
    }

    // The half that chooses has the medians all by itself.
    let even: Vec<f32> = values.chunks(INPUTS).step_by(2).flatten().copied().collect();
    let execution = Execution::run(network.clone(), &even, COUNT / 2, &()).unwrap();
    let question = Question::new("boolean").unwrap().with_coverage(Coverage::new(0.5).unwrap());
    let answer = explain(&execution, &question, &()).unwrap();
    let thresholds = rows(&outputs, "thresholds.csv");
    for setting in answer.settings.iter().filter(|setting| setting.thresholds.is_some()) {
        let mut thetas = setting.thresholds.clone().unwrap();
        thetas.sort_by(f32::total_cmp);
        let median = thetas[thetas.len().div_ceil(2) - 1];
        let row = thresholds.iter().find(|row| row[0] == "0.5" && row[1] == setting.layer).unwrap();
        let got: f32 = row[3].parse().unwrap();
        assert!(got <= median && got >= median * 0.998, "{}: {got}, should be {median}", setting.layer);
    }
}
