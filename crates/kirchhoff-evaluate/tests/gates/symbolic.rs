//! Variables on edges and neurons.

use std::sync::Arc;

use kirchhoff_circuit::{GateCircuit, LayeredCircuit, Start, TensorId, UnrollOptions, Variables, unroll};
use kirchhoff_compile::{Rule, compile};
use kirchhoff_evaluate::{PerLeaf, fold};
use kirchhoff_network::{Activation, Dense, Execution, NetworkBuilder, Operator, Reshape};
use kirchhoff_semiring::{Boolean, Count, Counting, Expression, How, Real, Semiring, Symbolic, TopK, Variable, Why};

use crate::network::{Random, circuit};

const UNSEEN: fn(usize, f32) -> Count = |_, _| unreachable!("no contributions are left");

/// A perceptron with the given widths, run on one input; layers are named as in an `nn.Sequential`.
fn perceptron(random: &mut Random, widths: &[usize]) -> LayeredCircuit {
    let mut builder = NetworkBuilder::new();
    let mut node = builder.input("input", &[1, 1, widths[0]]).unwrap();
    node = builder.add("flat", Operator::Reshape(Reshape { shape: vec![widths[0]] }), &[node]).unwrap();
    for (number, pair) in widths.windows(2).enumerate() {
        if number > 0 {
            node = builder.add((2 * number - 1).to_string(), Operator::Activation(Activation::Relu), &[node]).unwrap();
        }
        let weights = random.weights(pair[0] * pair[1]);
        let dense = Dense { inputs: pair[0], outputs: pair[1], weights, bias: None };
        node = builder.add((2 * number).to_string(), Operator::Dense(dense), &[node]).unwrap();
    }
    let input = random.weights(widths[0]);
    let execution = Execution::run(Arc::new(builder.finish(node).unwrap()), &input, 1, &()).unwrap();
    compile(&execution, &Rule::ZERO.into()).unwrap()
}

fn symbolic(layered: &LayeredCircuit, variables: Variables, contributions: bool, theta: f32) -> GateCircuit {
    let keep = |_: usize, d: f32| d > theta;
    let start = Start::OnesAt(vec![0]);
    let options = UnrollOptions { start, keep: Some(&keep), variables, contributions, ..UnrollOptions::default() };
    unroll(layered, &options, &()).unwrap()
}

fn variables<S: Symbolic>(gates: &GateCircuit, semiring: &S) -> Vec<S::Value> {
    (0..gates.variables().len()).map(|number| semiring.variable(Variable(number as u32))).collect()
}

/// With 1 for every variable, a symbolic circuit counts what the circuit of contributions counts.
#[test]
fn variables_stand_in_place_of_theta() {
    let mut random = Random(11);
    let mut paths = 0u64;
    for _ in 0..60 {
        let layered = circuit(&mut random, "zero");
        let plain = symbolic(&layered, Variables::None, true, 0.05);
        let theta = PerLeaf(|_: usize, d: f32| Count::from(u64::from(d > 0.05)));
        let expected = fold(&plain, &Counting, &theta, &[], &()).unwrap();
        let tensors: Vec<TensorId> = (0..layered.tensors().len() as u32).map(TensorId).collect();
        for chosen in [Variables::Edges, Variables::Neurons(tensors), Variables::None] {
            for contributions in [false, true] {
                let gates = symbolic(&layered, chosen.clone(), contributions, 0.05);
                let ones = vec![Count::ONE; gates.variables().len()];
                let counts = fold(&gates, &Counting, &theta, &ones, &()).unwrap();
                assert_eq!(counts, expected);
                if !contributions {
                    assert!(gates.arrays().contributions.is_empty());
                    assert_eq!(fold(&gates, &Counting, &PerLeaf(UNSEEN), &ones, &()).unwrap(), expected);
                    // The polynomial has one monomial a set of paths, and each path once.
                    let how = How::new();
                    let polynomials = fold(&gates, &how, &PerLeaf(|_, _| how.zero()), &variables(&gates, &how), &());
                    for (polynomial, count) in polynomials.unwrap().into_iter().zip(&expected) {
                        if let Ok(polynomial) = polynomial {
                            assert_eq!(polynomial.count(), *count);
                            paths += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(paths > 1000, "{paths}");
}

/// Beside their variables, contributions keep their value.
#[test]
fn contributions_stay_where_they_are_asked_for() {
    let mut random = Random(12);
    for _ in 0..20 {
        let layered = circuit(&mut random, "epsilon");
        let real = |gates: &GateCircuit| {
            let ones = vec![1.0; gates.variables().len()];
            fold(gates, &Real, &PerLeaf(|_: usize, d: f32| d), &ones, &()).unwrap()
        };
        let plain = real(&symbolic(&layered, Variables::None, true, f32::NEG_INFINITY));
        let beside = real(&symbolic(&layered, Variables::Edges, true, f32::NEG_INFINITY));
        let largest = plain.iter().fold(1e-6f32, |a, b| a.max(b.abs()));
        assert!(plain.iter().zip(&beside).all(|(a, b)| (a - b).abs() <= 1e-4 * largest), "{plain:?} {beside:?}");
    }
}

/// Without a neuron nothing is left of what goes through the edges that leave it.
#[test]
fn a_neuron_is_the_edges_that_leave_it() {
    let mut random = Random(13);
    for _ in 0..50 {
        let layered = perceptron(&mut random, &[3, 4, 4, 2]);
        let hidden = ["1", "3"].map(|name| layered.find(name).unwrap());
        let by_neuron = symbolic(&layered, Variables::Neurons(hidden.to_vec()), false, 1e-9);
        let by_edge = symbolic(&layered, Variables::Edges, false, 1e-9);
        for world in 0..1u32 << 8 {
            let there = |name: &str| {
                let at = |layer: usize, neuron: &str| world >> (4 * layer + neuron.parse::<usize>().unwrap()) & 1 == 1;
                let (start, place) = name.trim_end_matches(']').split_once('[').unwrap();
                match start {
                    "h1" => at(0, place),
                    "h3" => at(1, place),
                    "w0" => true,
                    "w2" => at(0, place.split_once('→').unwrap().0),
                    "w4" => at(1, place.split_once('→').unwrap().0),
                    other => panic!("{other}"),
                }
            };
            let relevant = |gates: &GateCircuit| {
                let world: Vec<bool> = gates.variables().iter().map(|name| there(name)).collect();
                fold(gates, &Boolean, &PerLeaf(|_, _| unreachable!("no contributions")), &world, &()).unwrap()
            };
            assert_eq!(relevant(&by_neuron), relevant(&by_edge), "{world:b}");
        }
    }
}

#[test]
fn names_read_as_paths_from_target_to_input() {
    let mut random = Random(5);
    let layered = perceptron(&mut random, &[2, 2, 1]);
    let gates = symbolic(&layered, Variables::Edges, false, f32::NEG_INFINITY);
    assert_eq!(gates.variables(), ["w2[0→0]", "w2[1→0]", "w0[0→0]", "w0[1→0]", "w0[0→1]", "w0[1→1]"]);
    let why = Why::new();
    let relevance = fold(&gates, &why, &PerLeaf(|_, _| why.zero()), &variables(&gates, &why), &()).unwrap();
    let names = |variable: Variable| gates.variables()[variable.0 as usize].clone();
    let first = relevance[0].as_ref().unwrap();
    assert_eq!(first.named(&names).to_string(), "{{w2[0→0], w0[0→0]}, {w2[1→0], w0[0→1]}}");

    let all: Vec<TensorId> = (0..layered.tensors().len() as u32).map(TensorId).collect();
    let gates = symbolic(&layered, Variables::Neurons(all), false, f32::NEG_INFINITY);
    let expected = ["h2[0]", "h1[0]", "h1[1]", "h0[0]", "h0[1]", "flat[0]", "flat[1]", "x[0]", "x[1]"];
    assert_eq!(gates.variables(), expected);
}

/// The best paths carry the products of their contributions.
#[test]
fn top_k_finds_the_best_paths() {
    let mut random = Random(14);
    for _ in 0..30 {
        let layered = perceptron(&mut random, &[2, 3, 3, 2]);
        let gates = symbolic(&layered, Variables::Edges, true, 0.0);
        let top = TopK::new(4);
        let theta = PerLeaf(|_: usize, d: f32| top.scalar(d.min(1.0)));
        let best = fold(&gates, &top, &theta, &variables(&gates, &top), &()).unwrap();
        // All paths: with a limit that nothing reaches.
        let all = TopK::new(1000);
        let theta = PerLeaf(|_: usize, d: f32| all.scalar(d.min(1.0)));
        let every = fold(&gates, &all, &theta, &variables(&gates, &all), &()).unwrap();
        for (best, every) in best.into_iter().zip(every) {
            let (best, every) = (best.unwrap(), every.unwrap());
            assert!(best.iter().eq(every.iter().take(4)));
            assert!(every.iter().all(|path| path.monomial().degree() == 3));
        }
    }
}

/// Edges of one name, as two branches with the same source make them, stay different variables.
#[test]
fn equal_names_stay_apart() {
    let mut builder = NetworkBuilder::new();
    let input = builder.input("input", &[2]).unwrap();
    let sum = builder.add("sum", Operator::Add, &[input, input]).unwrap();
    let execution = Execution::run(Arc::new(builder.finish(sum).unwrap()), &[1.0, 3.0], 1, &()).unwrap();
    let layered = compile(&execution, &Rule::epsilon(1e-6).into()).unwrap();
    let gates = symbolic(&layered, Variables::Edges, false, 0.0);
    let relevance = fold(&gates, &Counting, &PerLeaf(UNSEEN), &[2, 3].map(Count::from), &()).unwrap();
    assert_eq!(gates.variables(), ["sum[input:0→0]", "sum[input:0→0]#2"]);
    assert_eq!(relevance, [5, 0].map(Count::from));
}
