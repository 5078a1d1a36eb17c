//! Given inputs, and conditions: what they stand for is a constant of the execution, so that relevance is that of a network
//! which has their values as constants.

use std::sync::Arc;

use kirchhoff_circuit::{CircuitFile, Notes, UnrollOptions, WeightStorage, save_layered, unroll};
use kirchhoff_compile::{Assignment, Rule, compile};
use kirchhoff_evaluate::{Annotations, fold};
use kirchhoff_explain::{Question, Target, explain, explain_circuit};
use kirchhoff_network::{
    Choice, Comparison, Constant, Dense, Embedding, Execution, Extreme, Input, Linear, Multiple, Network,
    NetworkBuilder, NodeId, Offset, Operator, Relation,
};
use kirchhoff_semiring::{Annotation, Real, Semiring};

use crate::random::Random;

const SIZE: usize = 6;

/// What is computed of a measured tensor and a given one.
#[derive(Clone, Copy, Debug)]
enum Join {
    Add,
    Subtract,
    SubtractFrom,
    Product,
    Choice,
    ChoiceElse,
    Maximum,
    MatrixProduct,
    Concatenate,
}

const ALL: [Join; 9] = [
    Join::Add,
    Join::Subtract,
    Join::SubtractFrom,
    Join::Product,
    Join::Choice,
    Join::ChoiceElse,
    Join::Maximum,
    Join::MatrixProduct,
    Join::Concatenate,
];

struct Parts {
    first: Dense,
    last: Dense,
}

impl Parts {
    fn new(random: &mut Random, width: usize) -> Self {
        let mut dense = |inputs: usize, outputs: usize| {
            let mut values = |count: usize| (0..count).map(|_| random.unit() as f32 * 2.0 - 1.0).collect();
            Dense { inputs, outputs, weights: values(inputs * outputs), bias: Some(values(outputs)) }
        };
        Parts { first: dense(SIZE, SIZE), last: dense(width, 3) }
    }

    /// The network with an input for the given tensor, or with its values.
    fn network(&self, join: Join, values: Option<&[f32]>) -> Network {
        let mut builder = NetworkBuilder::new();
        let x = builder.input("x", &[SIZE]).unwrap();
        let given = values.is_none().then(|| builder.input_of(Input { is_given: true }, "given", &[SIZE]).unwrap());
        let h = builder.add("first", Operator::Dense(self.first.clone()), &[x]).unwrap();
        let mut add = |operator: Operator, arguments: &[NodeId]| builder.add("join", operator, arguments).unwrap();
        let joined = match (given, values) {
            (Some(given), _) => match join {
                Join::Add => add(Operator::Add, &[given, h]),
                Join::Subtract => add(Operator::Subtract, &[h, given]),
                Join::SubtractFrom => add(Operator::Subtract, &[given, h]),
                Join::Product => add(Operator::Product, &[h, given]),
                Join::Choice => add(Operator::Conditional, &[given, h, x]),
                Join::ChoiceElse => add(Operator::Conditional, &[given, x, h]),
                Join::Maximum => add(Operator::Extreme(Extreme { maximum: true }), &[h, given]),
                Join::MatrixProduct => {
                    let column = kirchhoff_network::Reshape { shape: vec![SIZE, 1] };
                    let row = kirchhoff_network::Reshape { shape: vec![1, SIZE] };
                    let h = builder.add("column", Operator::Reshape(column), &[h]).unwrap();
                    let given = builder.add("row", Operator::Reshape(row), &[given]).unwrap();
                    let product = builder.add("join", Operator::MatrixProduct, &[h, given]).unwrap();
                    let flat = kirchhoff_network::Reshape { shape: vec![SIZE * SIZE] };
                    builder.add("flat", Operator::Reshape(flat), &[product]).unwrap()
                }
                Join::Concatenate => {
                    add(Operator::Concatenate(kirchhoff_network::Concatenate { axis: 0 }), &[given, h])
                }
            },
            (None, Some(values)) => {
                let values: Vec<f32> = values.to_vec();
                let negated: Vec<f32> = values.iter().map(|value| -value).collect();
                let chosen = values.iter().map(|&value| value != 0.0).collect();
                match join {
                    Join::Add => add(Operator::Offset(Offset { values: values.into(), negative: false }), &[h]),
                    Join::Subtract => add(Operator::Offset(Offset { values: negated.into(), negative: false }), &[h]),
                    Join::SubtractFrom => add(Operator::Offset(Offset { values: values.into(), negative: true }), &[h]),
                    Join::Product => add(Operator::Multiple(Multiple { values: values.into() }), &[h]),
                    Join::Choice => add(Operator::Choice(Choice { first: chosen }), &[h, x]),
                    Join::ChoiceElse => add(Operator::Choice(Choice { first: chosen }), &[x, h]),
                    Join::Maximum | Join::Concatenate => {
                        let constant = Operator::Constant(Constant { shape: vec![SIZE], values: values.into() });
                        let constant = builder.add("constant", constant, &[]).unwrap();
                        let (operator, arguments) = match join {
                            Join::Maximum => (Operator::Extreme(Extreme { maximum: true }), [h, constant]),
                            _ => {
                                let operator = kirchhoff_network::Concatenate { axis: 0 };
                                (Operator::Concatenate(operator), [constant, h])
                            }
                        };
                        builder.add("join", operator, &arguments).unwrap()
                    }
                    // A column times a row: each of its values is a layer of one weight an output.
                    Join::MatrixProduct => {
                        let column = kirchhoff_network::Reshape { shape: vec![SIZE, 1] };
                        let h = builder.add("column", Operator::Reshape(column), &[h]).unwrap();
                        let dense = Dense { inputs: 1, outputs: SIZE, weights: values.into(), bias: None };
                        let product = builder.add("join", Operator::Linear(Linear { dense }), &[h]).unwrap();
                        let flat = kirchhoff_network::Reshape { shape: vec![SIZE * SIZE] };
                        builder.add("flat", Operator::Reshape(flat), &[product]).unwrap()
                    }
                }
            }
            (None, None) => unreachable!(),
        };
        let last = builder.add("last", Operator::Dense(self.last.clone()), &[joined]).unwrap();
        builder.finish(last).unwrap()
    }
}

fn relevance(execution: &Execution, semiring: &str, assignment: Option<&Assignment>) -> Vec<f64> {
    let mut question = Question::new(semiring).unwrap().with_targets(vec![Target::output(1)]);
    if let Some(assignment) = assignment {
        question.assignment = assignment.clone();
    }
    let answer = explain(execution, &question, &()).unwrap();
    assert_eq!((answer.tensors.len(), &*answer.tensors[0].name), (1, "x"));
    answer.tensors[0].values.to_f64()
}

/// Real relevance of the first execution by gates.
fn by_gates(execution: &Execution, assignment: &Assignment) -> Vec<f64> {
    let circuit = compile(execution, assignment).unwrap();
    let gates = unroll(&circuit, &UnrollOptions::default(), &()).unwrap();
    let annotations = Annotations::new(vec![Annotation::Identity; circuit.layers().len()]);
    let start = [Real.zero(), execution.output(0)[1], Real.zero()];
    let values = fold(&gates, &Real, &annotations, &start, &()).unwrap();
    values.into_iter().map(f64::from).collect()
}

#[test]
fn given_inputs_are_constants_of_the_execution() {
    let mut random = Random::new(3);
    let batch = 3;
    for join in ALL {
        let width = match join {
            Join::MatrixProduct => SIZE * SIZE,
            Join::Concatenate => 2 * SIZE,
            _ => SIZE,
        };
        let parts = Parts::new(&mut random, width);
        let network = Arc::new(parts.network(join, None));
        let x: Vec<f32> = (0..batch * SIZE).map(|_| random.unit() as f32 * 2.0 - 1.0).collect();
        let given: Vec<f32> = (0..batch * SIZE).map(|_| random.below(4) as f32 - 1.0).collect();
        let inputs: Vec<f32> =
            x.chunks(SIZE).zip(given.chunks(SIZE)).flat_map(|(x, given)| [x, given].concat()).collect();
        let together = Execution::run(network, &inputs, batch, &()).unwrap();
        for number in 0..batch {
            let part = number * SIZE..(number + 1) * SIZE;
            let alone = Arc::new(parts.network(join, Some(&given[part.clone()])));
            let alone = Execution::run(alone, &x[part.clone()], 1, &()).unwrap();
            let close = |a: &[f64], b: &[f64], what: &str| {
                assert_eq!(a.len(), b.len());
                let largest = b.iter().fold(1e-30, |largest: f64, value| largest.max(value.abs()));
                for (a, b) in a.iter().zip(b) {
                    assert!(a == b || (a - b).abs() <= 1e-5 * largest, "{join:?} {what}: {a} is not {b}");
                }
            };
            let outputs = |execution: &Execution, number: usize| -> Vec<f64> {
                execution.output(number).iter().map(|&value| f64::from(value)).collect()
            };
            close(&outputs(&together, number), &outputs(&alone, 0), "outputs");
            for rule in ["epsilon", "zero", "gamma(0.25)", "alpha-beta(2, 1)", "max-abs", "z-plus", "w-square", "flat"]
            {
                // A factor that is given is a gate, to which rules of weights have nothing to say.
                if matches!(join, Join::Product | Join::MatrixProduct)
                    && !["epsilon", "zero", "max-abs"].contains(&rule)
                {
                    continue;
                }
                let assignment: Assignment = rule.parse::<Rule>().unwrap().into();
                let found = relevance(&together, "real", Some(&assignment));
                close(&found[part.clone()], &relevance(&alone, "real", Some(&assignment)), rule);
                let gates = by_gates(&together.part(number..number + 1), &assignment);
                close(&gates, &relevance(&alone, "real", Some(&assignment)), &format!("{rule} by gates"));
            }
            // Under rules of their own the two may read one edge more: a factor's.
            for semiring in ["boolean", "counting", "viterbi", "tropical", "bottleneck"] {
                let found = relevance(&together, semiring, None);
                if !matches!(join, Join::Product | Join::MatrixProduct) {
                    close(&found[part.clone()], &relevance(&alone, semiring, None), semiring);
                }
            }
        }
    }
}

/// Circuits with biases of each execution, choices, several inputs and layers that nothing enters come back from a file.
#[test]
fn circuits_with_given_inputs_are_stored_whole() {
    let mut random = Random::new(4);
    let folder = tempfile::tempdir().unwrap();
    for join in ALL {
        let width = match join {
            Join::MatrixProduct => SIZE * SIZE,
            Join::Concatenate => 2 * SIZE,
            _ => SIZE,
        };
        let network = Arc::new(Parts::new(&mut random, width).network(join, None));
        let inputs: Vec<f32> = (0..2 * 2 * SIZE).map(|_| random.below(5) as f32 - 2.0).collect();
        let execution = Execution::run(network, &inputs, 2, &()).unwrap();
        let question = Question::new("real").unwrap().with_targets(vec![Target::output(1)]);
        let circuit = compile(&execution, &question.assignment).unwrap();
        let path = folder.path().join(format!("{join:?}.safetensors"));
        save_layered(path.as_path(), &circuit, WeightStorage::Embedded, &Notes::new()).unwrap();
        let loaded = CircuitFile::open(&path).unwrap().layered().unwrap();
        let [stored, direct] = [&loaded, &circuit]
            .map(|circuit| explain_circuit(circuit, &question, &()).unwrap().tensors[0].values.to_f64());
        assert_eq!(stored, direct, "{join:?}");
        // Each execution alone, too: its biases go along.
        let alone = explain_circuit(&loaded.part(1..2), &question, &()).unwrap().tensors[0].values.to_f64();
        assert_eq!(alone, direct[SIZE..], "{join:?}");
    }
}

/// A mask that is made of the tokens leaves the relevance of these to the embedding.
#[test]
fn tokens_get_relevance_by_their_rows_alone() {
    let mut builder = NetworkBuilder::new();
    let tokens = builder.input_of(Input { is_given: true }, "tokens", &[3]).unwrap();
    let moved =
        builder.add("moved", Operator::Reshape(kirchhoff_network::Reshape { shape: vec![3, 1] }), &[tokens]).unwrap();
    let back = builder.add("back", Operator::Reshape(kirchhoff_network::Reshape { shape: vec![3] }), &[moved]).unwrap();
    let table = Embedding { rows: 4, width: 2, table: vec![1.0, 2.0, 3.0, -1.0, 0.5, 0.5, 2.0, 2.0].into() };
    let rows = builder.add("rows", Operator::Embedding(table), &[back]).unwrap();
    let zero =
        builder.add("zero", Operator::Constant(Constant { shape: vec![1], values: vec![0.0].into() }), &[]).unwrap();
    let mask = Operator::Comparison(Comparison { relation: Relation::Less });
    let mask = builder.add("mask", mask, &[zero, tokens]).unwrap();
    let column =
        builder.add("column", Operator::Reshape(kirchhoff_network::Reshape { shape: vec![3, 1] }), &[mask]).unwrap();
    let kept = builder.add("kept", Operator::Product, &[rows, column]).unwrap();
    let flat = builder.add("flat", Operator::Reshape(kirchhoff_network::Reshape { shape: vec![6] }), &[kept]).unwrap();
    let dense = Dense { inputs: 6, outputs: 1, weights: vec![1.0; 6].into(), bias: None };
    let last = builder.add("last", Operator::Dense(dense), &[flat]).unwrap();
    let network = Arc::new(builder.finish(last).unwrap());
    let execution = Execution::run(network, &[1.0, 0.0, 3.0], 1, &()).unwrap();
    let question = Question::new("real").unwrap();
    let answer = explain(&execution, &question, &()).unwrap();
    assert_eq!(answer.tensors[0].name, "tokens");
    let relevance = answer.tensors[0].values.to_f64();
    for (found, expected) in relevance.iter().zip([2.0, 0.0, 4.0]) {
        assert!((found - expected).abs() < 1e-4, "{relevance:?}");
    }
    // The mask has no layer: nothing of it is on the way of relevance.
    let circuit = compile(&execution, &question.assignment).unwrap();
    let layers: Vec<&str> = circuit.layers().iter().map(|layer| &layer.name[..]).collect();
    assert_eq!(layers, ["moved", "back", "rows", "kept", "flat", "last"]);
}
