//! Random ONNX graphs over all operators: outputs are those of onnxruntime, and relevance is the oracle's.
//!
//! `tests/graphs/make_graphs.py` makes the graphs.

use std::path::Path;
use std::sync::Arc;

use kirchhoff_circuit::{UnrollOptions, unroll};
use kirchhoff_compile::{Rule, compile};
use kirchhoff_evaluate::{Annotations, fold};
use kirchhoff_explain::{Question, Target, explain};
use kirchhoff_file::TensorFile;
use kirchhoff_network::import::{ImportOptions, read};
use kirchhoff_network::{Execution, Network, Operator, ReductionKind, canonical};
use kirchhoff_semiring::{Boolean, DefaultStart, Embed, Real, Tropical, Viterbi};

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
    let floats = |name: &str| -> Vec<f32> {
        file.bytes(name).unwrap().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
    };
    let count = file.tensor_names().filter(|name| name.ends_with("/model")).count();
    let (mut graphs, mut refused) = (Vec::new(), Vec::new());
    for number in 0..count {
        // Each in a file of its own: weights stay in it.
        let model = folder.path().join(format!("{number}.onnx"));
        std::fs::write(&model, file.bytes(&format!("{number:03}/model")).unwrap()).unwrap();
        match read(&model, &ImportOptions::default()) {
            Err(error) => refused.push(format!("graph {number}: {error}")),
            Ok(read) => graphs.push(Graph {
                number,
                network: Arc::new(canonical(&read.network).unwrap()),
                input: floats(&format!("{number:03}/input")),
                output: floats(&format!("{number:03}/output")),
            }),
        }
    }
    assert!(refused.is_empty(), "{} graphs are refused:\n{}", refused.len(), refused.join("\n"));
    graphs
}

/// Whether the oracle knows the rules of an operator: those of sums of weights, views and functions of one value. Of the others
/// reference cases hold the values (`tests/operators.rs`), and gates their edges.
fn is_for_the_oracle(operator: &Operator) -> bool {
    let is_extreme = |kind| matches!(kind, ReductionKind::Maximum | ReductionKind::Minimum);
    match operator {
        Operator::Reduction(reduction) => !is_extreme(reduction.kind),
        Operator::Product
        | Operator::Quotient
        | Operator::Extreme(_)
        | Operator::Softmax(_)
        | Operator::Constant(_)
        | Operator::MatrixProduct
        | Operator::Normalisation(_)
        | Operator::Embedding(_)
        | Operator::Comparison(_)
        | Operator::Conditional => false,
        _ => true,
    }
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
    let mut wrong = Vec::new();
    for Graph { number, network, input, output } in graphs {
        let execution = Execution::run(network, &input, 1, &()).unwrap();
        let largest = output.iter().fold(1e-3_f32, |largest, value| largest.max(value.abs()));
        let differs = |(got, expected): (&f32, &f32)| (got - expected).abs() > 2e-5 * largest;
        if execution.output(0).iter().zip(&output).any(differs) {
            wrong.push(format!("graph {number}: {:?}, expected {output:?}", execution.output(0)));
        }
    }
    assert!(wrong.is_empty(), "{} graphs are wrong:\n{}", wrong.len(), wrong.join("\n"));
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
    let (mut certain, mut all, mut wrong) = (0, Compared::default(), Vec::new());
    for Graph { number, network, input, .. } in graphs() {
        if !network.nodes().all(|(_, node)| is_for_the_oracle(&node.operator)) {
            continue;
        }
        let rule = rules[number % rules.len()].clone();
        let description = described(&network);
        let twice = [input.clone(), input].concat();
        let case = match Case::new(description, &Request::from(rule.clone()), &twice, 2) {
            Ok(case) if !case.is_certain() => continue,
            Ok(case) => case,
            Err(error) => {
                wrong.push(format!("graph {number} under {rule}: {error}"));
                continue;
            }
        };
        certain += 1;
        let mut random = Random::new(number as u64);
        let count = |_: &str, _: &str, compared: Compared| {
            all = Compared { narrow: all.narrow + compared.narrow, wide: all.wide + compared.wide };
        };
        check_ranges(&case)
            .and_then(|()| compare_all(&rule.to_string(), number as u64, &case, &mut random, count))
            .unwrap_or_else(|error| wrong.push(format!("graph {number} under {rule}: {error}")));
    }
    assert!(wrong.is_empty(), "{} graphs are wrong:\n{}", wrong.len(), wrong.join("\n"));
    println!("{certain} graphs, {all:?}");
    assert!(certain > 120, "only {certain} graphs say anything");
    assert!(2 * all.narrow > all.wide, "the graphs are ill-conditioned: {all:?}");
}

/// The relevance of the input by the stream and by the gates of the same circuit.
fn both<S: Embed>(
    semiring: &S,
    name: &str,
    execution: &Execution,
    number: impl Fn(S::Value) -> f64,
) -> Result<[Vec<f64>; 2], String> {
    let question = Question::new(name).unwrap().with_targets(vec![Target::output(1)]);
    let answer = explain(execution, &question, &()).map_err(|error| error.to_string())?;
    let circuit = compile(execution, &question.assignment).map_err(|error| error.to_string())?;
    let gates = unroll(&circuit, &UnrollOptions::default(), &()).map_err(|error| error.to_string())?;
    let annotations = Annotations::new(vec![question.annotation; circuit.layers().len()]);
    let one = match question.start {
        DefaultStart::Logit => semiring.embed(execution.output(0)[1]),
        DefaultStart::One => semiring.one(),
    };
    let start = [semiring.zero(), one, semiring.zero()];
    let values = fold(&gates, semiring, &annotations, &start, &()).map_err(|error| error.to_string())?;
    Ok([answer.tensors[0].values.to_f64(), values.into_iter().map(number).collect()])
}

/// Gates write out every edge of every operator, those too whose weights depend on the execution.
#[test]
fn relevance_by_the_stream_is_that_by_gates() {
    let mut wrong = Vec::new();
    for Graph { number, network, input, .. } in graphs() {
        let execution = Execution::run(network, &input, 1, &()).unwrap();
        let found = [
            ("real", both(&Real, "real", &execution, f64::from)),
            ("boolean", both(&Boolean, "boolean", &execution, |value| f64::from(u8::from(value)))),
            ("viterbi", both(&Viterbi, "viterbi", &execution, f64::from)),
            ("tropical", both(&Tropical, "tropical", &execution, f64::from)),
        ];
        for (semiring, found) in found {
            let [stream, gates] = found.unwrap_or_else(|error| panic!("graph {number}, {semiring}: {error}"));
            // Costs are logarithms of shares: what is nearly 1 costs nearly nothing.
            let least = if semiring == "tropical" { 1.0 } else { 1e-9 };
            let largest = gates.iter().filter(|value| value.is_finite()).fold(least, |a: f64, b| a.max(b.abs()));
            let differs = |(a, b): (&f64, &f64)| a.is_nan() || (a != b && (a - b).abs() > 1e-4 * largest);
            if stream.len() != gates.len() || stream.iter().zip(&gates).any(differs) {
                wrong.push(format!("graph {number}, {semiring}: {stream:?}, by gates {gates:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
