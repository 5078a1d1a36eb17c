//! Random ONNX graphs over all operators: outputs are those of onnxruntime, and relevance is the oracle's.
//!
//! `tests/graphs/make_graphs.py` makes the graphs.

use std::path::Path;
use std::sync::Arc;

use kirchhoff_compile::Rule;
use kirchhoff_file::TensorFile;
use kirchhoff_network::import::{ImportOptions, read};
use kirchhoff_network::{Execution, Network, canonical};

use crate::agreement::{Compared, check_ranges, compare_all};
use crate::harness::Case;
use crate::network::{Description, Layer};
use crate::random::Random;
use crate::rules::Request;

/// A network that was read, its input, and onnxruntime's output.
struct Graph {
    number: usize,
    network: Arc<Network>,
    input: Vec<f32>,
    output: Vec<f32>,
}

/// The graphs, as their files are read.
fn graphs() -> Vec<Graph> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/graphs/graphs.safetensors");
    let file = TensorFile::open(&path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("graph.onnx");
    let floats = |name: &str| -> Vec<f32> {
        file.bytes(name).unwrap().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
    };
    let count = file.tensor_names().filter(|name| name.ends_with("/model")).count();
    (0..count)
        .map(|number| {
            std::fs::write(&model, file.bytes(&format!("{number:03}/model")).unwrap()).unwrap();
            let read =
                read(&model, &ImportOptions::default()).unwrap_or_else(|error| panic!("graph {number}: {error}"));
            Graph {
                number,
                network: Arc::new(canonical(&read.network).unwrap()),
                input: floats(&format!("{number:03}/input")),
                output: floats(&format!("{number:03}/output")),
            }
        })
        .collect()
}

/// The network in the oracle's terms.
fn described(network: &Network) -> Description {
    let ids: Vec<_> = network.nodes().map(|(id, _)| id).collect();
    let place = |id| ids.iter().position(|other| *other == id).expect("a node of the network");
    let layer = |(id, node): (_, &kirchhoff_network::Node)| Layer {
        name: node.name.clone(),
        operator: node.operator.clone(),
        arguments: network.arguments(id).into_iter().map(place).collect(),
        shape: node.shape.clone(),
    };
    Description { layers: network.nodes().map(layer).collect() }
}

#[test]
fn outputs_are_those_of_onnxruntime() {
    let graphs = graphs();
    assert_eq!(graphs.len(), 500);
    for Graph { number, network, input, output } in graphs {
        let execution = Execution::run(network, &input, 1, &()).unwrap();
        let largest = output.iter().fold(1e-3_f32, |largest, value| largest.max(value.abs()));
        for (got, expected) in execution.output(0).iter().zip(&output) {
            assert!((got - expected).abs() <= 2e-5 * largest, "graph {number}: {got}, expected {expected}");
        }
    }
}

#[test]
fn relevance_is_that_of_the_oracle_in_every_semiring() {
    let rules = [
        Rule::epsilon(0.01),
        Rule::ZERO,
        Rule::MAX_ABS,
        Rule::gamma(0.25),
        Rule::Z_PLUS,
        Rule::alpha_beta(2.0, 1.0),
        Rule::epsilon_rms(0.25),
        Rule::W_SQUARE,
        Rule::FLAT,
    ];
    let (mut certain, mut all) = (0, Compared::default());
    for Graph { number, network, input, .. } in graphs() {
        let rule = rules[number % rules.len()].clone();
        let description = described(&network);
        let twice = [input.clone(), input].concat();
        let case = Case::new(description, &Request::from(rule.clone()), &twice, 2)
            .unwrap_or_else(|error| panic!("graph {number} under {rule}: {error}"));
        if !case.is_certain() {
            continue;
        }
        certain += 1;
        let mut random = Random::new(number as u64);
        let count = |_: &str, _: &str, compared: Compared| {
            all = Compared { narrow: all.narrow + compared.narrow, wide: all.wide + compared.wide };
        };
        check_ranges(&case)
            .and_then(|()| compare_all(&rule.to_string(), number as u64, &case, &mut random, count))
            .unwrap_or_else(|error| panic!("graph {number} under {rule}: {error}"));
    }
    println!("{certain} graphs, {all:?}");
    assert!(certain > 400, "only {certain} graphs say anything");
    assert!(2 * all.narrow > all.wide, "the graphs are ill-conditioned: {all:?}");
}
