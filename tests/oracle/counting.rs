//! Counts beyond every machine word, and semirings that only a user knows.

use std::sync::Arc;

use kirchhoff_circuit::{Layer, LayeredCircuit};
use kirchhoff_compile::{MaximumPooling, Rule, compile};
use kirchhoff_evaluate::{Annotations, Bookkeeping, Keep, PerEdge, stream};
use kirchhoff_network::{Activation, Dense, Execution, NetworkBuilder, Operator};
use kirchhoff_semiring::{Annotation, Count, Counting, CountingFloat, Project, Semiring};
use num_bigint::BigUint;

use crate::harness::{Case, Own};
use crate::network::{Sort, network};
use crate::random::{Random, Verdict, cases};
use crate::rules::Request;

/// The number of neurons of every layer.
const WIDTH: usize = 16;

/// How many positive weights each neuron of a layer has, in both directions: the others are 0.
fn degree(layer: usize) -> usize {
    [16, 15, 13, 11, 7][layer % 5]
}

/// The number of dense layers of [`chain`].
const LAYERS: usize = 60;

/// The circuit of dense layers whose weights are positive or 0, as many positive ones as [`degree`] says.
fn chain() -> LayeredCircuit {
    let mut random = Random::new(1);
    let mut builder = NetworkBuilder::new();
    let mut node = builder.input("input", &[WIDTH]).unwrap();
    for layer in 0..LAYERS {
        // Neuron k sees the neurons k, k + 1, …: as many edges leave each neuron as enter it.
        let joined = |k: usize, j: usize| (j + WIDTH - k) % WIDTH < degree(layer);
        let mut weight = |index: usize| {
            let value = (0.5 + random.unit() as f32) / degree(layer) as f32;
            if joined(index / WIDTH, index % WIDTH) { value } else { 0.0 }
        };
        let weights = (0..WIDTH * WIDTH).map(&mut weight).collect();
        let dense = Operator::Dense(Dense { inputs: WIDTH, outputs: WIDTH, weights, bias: None });
        node = builder.add(format!("dense.{layer}"), dense, &[node]).unwrap();
        let relu = Operator::Activation(Activation::Relu);
        node = builder.add(format!("relu.{layer}"), relu, &[node]).unwrap();
    }
    let inputs: Vec<f32> = (0..WIDTH).map(|_| 0.5 + random.unit() as f32).collect();
    let execution = Execution::run(Arc::new(builder.finish(node).unwrap()), &inputs, 1, &()).unwrap();
    compile(&execution, &Rule::ZERO.into()).unwrap()
}

#[test]
fn counts_are_exact_far_beyond_128_bits() {
    let circuit = chain();
    let annotations = Annotations::uniform(&circuit, Annotation::Threshold(1e-9));
    let mut keep = Keep::all(&circuit);
    let start = vec![Counting.one(); WIDTH];
    stream(&circuit, &Counting, &annotations, &start, Bookkeeping::default(), &mut keep, &()).unwrap();
    let mut rounded = Keep::all(&circuit);
    let start = vec![CountingFloat.one(); WIDTH];
    stream(&circuit, &CountingFloat, &annotations, &start, Bookkeeping::default(), &mut rounded, &()).unwrap();

    let mut paths = BigUint::from(1u32);
    for layer in (0..LAYERS).rev() {
        paths *= degree(layer);
        let source = if layer == 0 { "input".to_string() } else { format!("relu.{}", layer - 1) };
        let tensor = circuit.find(&source).unwrap();
        let digits = paths.to_string();
        for count in keep.relevance(tensor).unwrap() {
            assert_eq!(count.to_string(), digits, "{source}");
            assert_eq!(count.to_biguint(), paths, "{source}");
        }
        // The leading digits and their number, as the rounded count has them.
        let leading: f64 = digits[..digits.len().min(15)].parse().unwrap();
        let expected = leading.log10() + digits.len().saturating_sub(15) as f64;
        for count in rounded.relevance(tensor).unwrap() {
            assert!((count.log10() - expected).abs() < 1e-10, "{source}: {count:?}, expected {digits}");
        }
    }
    assert!(paths.bits() > 192, "{} bits", paths.bits());
    let limbs = Counting.limbs(keep.relevance(circuit.input()).unwrap()).unwrap();
    let words: Vec<u64> = paths.iter_u64_digits().collect();
    assert_eq!((limbs.width, limbs.limbs), (words.len(), words.repeat(WIDTH)));
}

#[test]
fn edges_may_count_more_than_once() {
    // Every edge stands for so many parallel ones: products outgrow a word too, not only sums.
    const PARALLEL: u64 = 0xdead_beef_cafe;
    let circuit = chain();
    let annotation = PerEdge(|_: &Layer, d: f32| Count::from(if d >= 1e-9 { PARALLEL } else { 0 }));
    let mut keep = Keep::input(&circuit);
    stream(&circuit, &Counting, &annotation, &vec![Counting.one(); WIDTH], Bookkeeping::default(), &mut keep, &())
        .unwrap();
    let expected: BigUint = (0..LAYERS).map(|layer| BigUint::from(degree(layer)) * PARALLEL).product();
    for count in keep.relevance(circuit.input()).unwrap() {
        assert_eq!(count.to_biguint(), expected);
    }
}

#[test]
fn one_target_has_a_path_from_every_neuron_of_a_full_layer() {
    // All weights positive: from an input to one of the outputs there are 16³⁹ paths, 2¹⁵⁶.
    let mut builder = NetworkBuilder::new();
    let mut node = builder.input("input", &[WIDTH]).unwrap();
    for layer in 0..40 {
        let weights = vec![1.0 / WIDTH as f32; WIDTH * WIDTH].into();
        let dense = Operator::Dense(Dense { inputs: WIDTH, outputs: WIDTH, weights, bias: None });
        node = builder.add(format!("dense.{layer}"), dense, &[node]).unwrap();
    }
    let execution = Execution::run(Arc::new(builder.finish(node).unwrap()), &[1.0; WIDTH], 1, &()).unwrap();
    let circuit = compile(&execution, &Rule::ZERO.into()).unwrap();
    let annotations = Annotations::uniform(&circuit, Annotation::Threshold(1e-9));
    let mut start = vec![Counting.zero(); WIDTH];
    start[3] = Counting.one();
    let mut keep = Keep::input(&circuit);
    stream(&circuit, &Counting, &annotations, &start, Bookkeeping::default(), &mut keep, &()).unwrap();
    let expected = "91343852333181432387730302044767688728495783936";
    for count in keep.relevance(circuit.input()).unwrap() {
        assert_eq!(count.to_string(), expected);
    }
}

/// `(ℤ ∪ {−∞}, max, +, −∞, 0)`: the length of the longest path.
#[derive(Clone, Copy, Debug)]
struct Longest;

impl Semiring for Longest {
    type Value = Option<i64>;

    fn zero(&self) -> Option<i64> {
        None
    }

    fn one(&self) -> Option<i64> {
        Some(0)
    }

    fn plus(&self, a: &Option<i64>, b: &Option<i64>) -> Option<i64> {
        *a.max(b)
    }

    fn times(&self, a: &Option<i64>, b: &Option<i64>) -> Option<i64> {
        Some((*a)? + (*b)?)
    }
}

/// `(ℕ, gcd, ×, 0, 1)`: what the lengths of all paths, as products, have in common.
#[derive(Clone, Copy, Debug)]
struct Divisibility;

impl Semiring for Divisibility {
    type Value = u64;

    fn zero(&self) -> u64 {
        0
    }

    fn one(&self) -> u64 {
        1
    }

    fn plus(&self, a: &u64, b: &u64) -> u64 {
        if *b == 0 { *a } else { self.plus(b, &(a % b)) }
    }

    fn times(&self, a: &u64, b: &u64) -> u64 {
        a * b
    }
}

/// Compares a user's semiring on random networks. `theta` gets the name of the edge's layer and the sign of its
/// contribution, which rounding leaves alone.
fn agree<S: Semiring + Copy>(name: &str, semiring: S, theta: impl Fn(&str, i8) -> S::Value + Sync + Copy) {
    cases(name, 100, 10, &|seed, size| {
        let mut random = Random::new(seed);
        let description = network(&mut random, size, Sort::default());
        let rule = random.pick(&[Rule::ZERO, Rule::gamma(0.25), Rule::z_box(-1.0, 1.0)]).clone();
        let request = Request { maximum_pooling: MaximumPooling::Average, ..Request::from(rule) };
        let inputs = description.inputs(&mut random, 1);
        let case = Case::new(description, &request, &inputs, 1)?;
        let signs = case.contributions[0].iter().flat_map(|layer| &layer.edges);
        if !case.is_certain() || !signs.clone().all(|d| d.has_sign()) {
            return Ok(Verdict::Unsuitable);
        }
        let start = vec![semiring.one(); case.size(case.last())];
        let sign = |d: f64| if d == 0.0 { 0 } else { d.signum() as i8 };
        let annotation = PerEdge(|layer: &Layer, d: f32| theta(&layer.name, sign(f64::from(d))));
        let got = case.evaluate(&semiring, &annotation, &start, None).relevance;
        let of = |index: usize| {
            let (name, passes) = (&case.description.layers[index].name, case.rules[index] == Rule::PASS);
            let edges = case.contributions[0][index].edges.iter();
            edges.map(|d| if passes { semiring.one() } else { theta(name, sign(d.value)) }).collect()
        };
        let expected = case.relevance(&Own(semiring), (0..=case.last()).map(of).collect(), start);
        if got == expected { Ok(Verdict::Compared) } else { Err(format!("{got:?}, expected {expected:?}")) }
    });
}

#[test]
fn the_longest_path_is_a_semiring_of_the_users() {
    // Longer names cost more; negative contributions cost, none cut the path.
    agree("longest path", Longest, |layer, sign| match sign {
        0 => None,
        1 => Some(layer.len() as i64),
        _ => Some(-3),
    });
}

#[test]
fn divisibility_is_a_semiring_of_the_users() {
    agree("divisibility", Divisibility, |layer, sign| match sign {
        0 => 0,
        1 => 1 + layer.len() as u64 % 3,
        _ => 6,
    });
}
