//! What is asked of circuits, against enumeration: of all sets of neurons, of all paths.

use std::collections::BTreeSet;
use std::sync::Arc;

use kirchhoff::ask::{AskError, TOTAL, minimal_witnesses, removal, strongest_paths};
use kirchhoff::circuit::GateCircuit;
use kirchhoff::explain::{GateNotes, GateOptions, Question, Symbolic, Target, compile_gates};
use kirchhoff::network::{Activation, Dense, Execution, NetworkBuilder, Operator};
use kirchhoff::semiring::DefaultStart;

const WIDTHS: [usize; 4] = [3, 4, 4, 2];

/// A perceptron and an input, as plain numbers.
struct Perceptron {
    /// Of each layer, one row an output.
    weights: Vec<Vec<f32>>,
    input: Vec<f32>,
}

impl Perceptron {
    fn random(random: &mut Random) -> Self {
        let weights = WIDTHS.windows(2).map(|pair| random.numbers(pair[0] * pair[1])).collect();
        Perceptron { weights, input: random.numbers(WIDTHS[0]) }
    }

    /// Layers are named as in an `nn.Sequential`.
    fn execution(&self) -> Execution {
        let mut builder = NetworkBuilder::new();
        let mut node = builder.input("input", &[WIDTHS[0]]).unwrap();
        for (number, weights) in self.weights.iter().enumerate() {
            if number > 0 {
                let name = (2 * number - 1).to_string();
                node = builder.add(name, Operator::Activation(Activation::Relu), &[node]).unwrap();
            }
            let [inputs, outputs] = [WIDTHS[number], WIDTHS[number + 1]];
            let dense = Dense { inputs, outputs, weights: weights.clone().into(), bias: None };
            node = builder.add((2 * number).to_string(), Operator::Dense(dense), &[node]).unwrap();
        }
        Execution::run(Arc::new(builder.finish(node).unwrap()), &self.input, 1, &()).unwrap()
    }

    /// `a·w` of every edge of every layer, from its definition.
    fn products(&self) -> Vec<Vec<f32>> {
        let mut activations = self.input.clone();
        let mut all = Vec::new();
        for (number, weights) in self.weights.iter().enumerate() {
            let edges: Vec<f32> =
                weights.iter().enumerate().map(|(edge, w)| activations[edge % WIDTHS[number]] * w).collect();
            activations = edges.chunks(WIDTHS[number]).map(|row| row.iter().sum::<f32>().max(0.0)).collect();
            all.push(edges);
        }
        all
    }

    /// The relevance of the input under `epsilon` from 1 at a target, of which only some hidden neurons pass any on.
    fn relevance(&self, products: &[Vec<f32>], target: usize, there: u32) -> Vec<f64> {
        let mut relevance = vec![0.0; WIDTHS[3]];
        relevance[target] = 1.0;
        for layer in (0..3).rev() {
            let mut below = vec![0.0; WIDTHS[layer]];
            for (row, above) in products[layer].chunks(WIDTHS[layer]).zip(&relevance) {
                let sum: f64 = row.iter().copied().map(f64::from).sum();
                let stabilised = sum + if sum < 0.0 { -1e-6 } else { 1e-6 };
                below.iter_mut().zip(row).for_each(|(below, n)| *below += f64::from(*n) / stabilised * above);
            }
            if layer > 0 {
                let stays = |neuron: usize| there >> (4 * (layer - 1) + neuron) & 1 == 1;
                below.iter_mut().enumerate().filter(|(neuron, _)| !stays(*neuron)).for_each(|(_, r)| *r = 0.0);
            }
            relevance = below;
        }
        relevance
    }

    /// The weight of an edge under `max-abs` (2.2.5).
    fn share(&self, products: &[Vec<f32>], layer: usize, source: usize, destination: usize) -> f64 {
        let inputs = WIDTHS[layer];
        let row = &products[layer][destination * inputs..][..inputs];
        let largest = row.iter().fold(0.0f32, |a, b| a.max(b.abs()));
        f64::from(row[source].abs()) / (f64::from(largest) + 1e-9)
    }
}

/// Numbers that look random (SplitMix64).
struct Random(u64);

impl Random {
    fn numbers(&mut self, count: usize) -> Vec<f32> {
        let number = |()| {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        std::iter::repeat_n((), count).map(number).collect()
    }
}

fn gates(execution: &Execution, question: &Question, symbolic: Symbolic) -> (GateCircuit, GateNotes) {
    let options = GateOptions { prune: true, symbolic, ..GateOptions::default() };
    compile_gates(execution, question, &options, &()).unwrap()
}

/// The layer, source and destination of an edge's name, `w2[0→1]`.
fn edge(name: &str) -> [usize; 3] {
    let (layer, ends) = name.trim_start_matches('w').trim_end_matches(']').split_once('[').unwrap();
    let (source, destination) = ends.split_once('→').unwrap();
    [layer, source, destination].map(|number| number.parse().unwrap())
}

/// Whether an input is relevant with some of the hidden neurons, of which the bits say which are there.
fn relevant(edges: &[[usize; 3]], target: usize, input: usize, there: u32) -> bool {
    let mut reached: BTreeSet<usize> = [target].into();
    for layer in [4, 2, 0] {
        let own = edges.iter().filter(|[of, _, destination]| *of == layer && reached.contains(destination));
        let sources: BTreeSet<usize> = own.map(|[_, source, _]| *source).collect();
        let stays = |source: &usize| layer == 0 || there >> (2 * (layer - 2) + source) & 1 == 1;
        reached = sources.into_iter().filter(stays).collect();
    }
    reached.contains(&input)
}

fn names(there: u32) -> BTreeSet<String> {
    let name = |bit: u32| format!("h{}[{}]", if bit < 4 { 1 } else { 3 }, bit % 4);
    (0..8).filter(|bit| there >> bit & 1 == 1).map(name).collect()
}

#[test]
fn minimal_witnesses_are_those_of_all_sets_that_suffice() {
    let mut random = Random(1);
    let (mut several, mut together) = (0, 0);
    for number in 0..60 {
        let execution = Perceptron::random(&mut random).execution();
        let target = number % 2;
        let question = Question::new("boolean").unwrap().with_targets(vec![Target::output(target)]);
        let (by_edge, _) = gates(&execution, &question, Symbolic::Edges);
        let edges: Vec<[usize; 3]> =
            by_edge.variables().iter().filter(|name| name.starts_with('w')).map(|name| edge(name)).collect();
        let minimal = |suffices: &dyn Fn(u32) -> bool| -> BTreeSet<BTreeSet<String>> {
            let fewer = |there: u32| (0..8).map(move |bit| there & !(1 << bit)).filter(move |&less| less != there);
            let is_minimal = |there: &u32| suffices(*there) && !fewer(*there).any(suffices);
            (0..1 << 8).filter(is_minimal).map(names).collect()
        };
        let (by_neuron, notes) = gates(&execution, &question, Symbolic::Hidden);
        let asked = |together| minimal_witnesses(&by_neuron, &notes, &question, 1000, together, &()).unwrap();
        let sets = |sets: &[Vec<String>]| -> BTreeSet<BTreeSet<String>> {
            assert!(sets.is_sorted_by_key(|set| set.len()), "the smallest come first");
            sets.iter().map(|set| set.iter().cloned().collect()).collect()
        };
        for (input, output) in asked(false).iter().enumerate() {
            assert_eq!(output.name, format!("x[{input}]"));
            let expected = minimal(&|there| relevant(&edges, target, input, there));
            assert_eq!(sets(&output.sets), expected);
            several += usize::from(expected.len() > 1);
        }
        let all = asked(true);
        assert_eq!((all.len(), &all[0].name[..]), (1, "x[0], x[1], x[2]"));
        let expected = minimal(&|there| (0..3).all(|input| relevant(&edges, target, input, there)));
        assert_eq!(sets(&all[0].sets), expected);
        together += usize::from(expected.iter().any(|set| set.len() > 2));
    }
    assert!(several > 30 && together > 5, "{several} {together}");
}

#[test]
fn too_many_witnesses_are_an_error_that_says_what_to_do() {
    let execution = Perceptron::random(&mut Random(3)).execution();
    let question = Question::new("boolean").unwrap().with_annotation("threshold-abs(1e-9)".parse().unwrap());
    let (circuit, notes) = gates(&execution, &question, Symbolic::Hidden);
    let error = minimal_witnesses(&circuit, &notes, &question, 1, false, &()).unwrap_err();
    assert!(matches!(error, AskError::Overflow { .. }));
    let text = error.to_string();
    assert!(text.starts_with("x[") && text.contains("`top-k`") && text.contains("limit of 1 term"), "{text}");
}

#[test]
fn the_strongest_paths_are_those_of_all_paths() {
    let mut random = Random(2);
    let mut found = 0;
    for number in 0..60 {
        let perceptron = Perceptron::random(&mut random);
        let (execution, products) = (perceptron.execution(), perceptron.products());
        let target = number % 2;
        let question = Question::new("viterbi").unwrap().with_targets(vec![Target::output(target)]);
        let (circuit, notes) = gates(&execution, &question, Symbolic::Edges);
        for (input, output) in strongest_paths(&circuit, &notes, &question, 5, &()).unwrap().iter().enumerate() {
            let share = |layer, source, destination| perceptron.share(&products, layer, source, destination);
            let mut all: Vec<f64> = (0..16)
                .map(|path| share(2, path / 4, target) * share(1, path % 4, path / 4) * share(0, input, path % 4))
                .filter(|&weight| weight > 0.0)
                .collect();
            all.sort_by(|a, b| b.total_cmp(a));
            assert_eq!(output.paths.len(), all.len().min(5));
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-5 * a.max(b);
            for (path, expected) in output.paths.iter().zip(all) {
                assert!(close(path.weight, expected), "{} {expected}", path.weight);
                let product: f64 = path.edges.iter().map(|edge| edge.weight).product();
                assert!(close(path.weight, product), "{} {product}", path.weight);
                // From target to input, each edge begins where the one before it ends.
                let edges: Vec<[usize; 3]> = path.edges.iter().map(|named| edge(&named.name)).collect();
                assert_eq!((edges.len(), edges[0][2], edges[2][1]), (3, target, input));
                assert!(edges.windows(2).all(|pair| pair[0][1] == pair[1][2] && pair[0][0] == pair[1][0] + 2));
                for ([layer, source, destination], named) in edges.iter().zip(&path.edges) {
                    assert!(close(named.weight, share(layer / 2, *source, *destination)), "{}", named.name);
                }
                found += 1;
            }
        }
    }
    assert!(found > 200, "{found}");
}

#[test]
fn what_is_left_without_neurons_is_what_finds_a_way_around_them() {
    let mut random = Random(4);
    let mut lost = 0;
    for number in 0..40u32 {
        let perceptron = Perceptron::random(&mut random);
        let (execution, products) = (perceptron.execution(), perceptron.products());
        let target = number as usize % 2;
        let boolean = Question::new("boolean").unwrap().with_targets(vec![Target::output(target)]);
        let mut real = Question::new("real").unwrap().with_targets(vec![Target::output(target)]);
        real.start = DefaultStart::One;
        let (by_edge, _) = gates(&execution, &boolean, Symbolic::Edges);
        let edges: Vec<[usize; 3]> =
            by_edge.variables().iter().filter(|name| name.starts_with('w')).map(|name| edge(name)).collect();
        let circuits = [&boolean, &real].map(|question| gates(&execution, question, Symbolic::Hidden));
        for there in [0xFF, 0, 0b1101_0110, (number * 37) & 0xFF] {
            let kept = names(there);
            let gone = |name: &str| name.starts_with('h') && !kept.contains(name);
            let ask = |(circuit, notes): &(GateCircuit, GateNotes), question: &Question| {
                let answers = removal(circuit, notes, question, &gone, &()).unwrap();
                answers.map(|answer| {
                    assert_eq!((&answer.tensors[0].name[..], &answer.tensors[1].name[..]), ("input", TOTAL));
                    [0, 1].map(|tensor| answer.tensors[tensor].values.to_f64())
                })
            };
            let [before, after] = ask(&circuits[0], &boolean);
            for (values, there) in [(before, 0xFF), (after, there)] {
                let expected = [0, 1, 2].map(|input| f64::from(relevant(&edges, target, input, there)));
                assert_eq!(values[0], expected);
                assert_eq!(values[1], [expected.into_iter().fold(0.0, f64::max)]);
            }
            let [before, after] = ask(&circuits[1], &real);
            lost += usize::from(before[0] != after[0]);
            for (values, there) in [(before, 0xFF), (after, there)] {
                let expected = perceptron.relevance(&products, target, there);
                let largest = perceptron.relevance(&products, target, 0xFF).iter().fold(1.0f64, |a, b| a.max(b.abs()));
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-3 * largest;
                assert!(values[0].iter().zip(&expected).all(|(a, b)| close(*a, *b)), "{values:?} {expected:?}");
                assert!(close(values[1][0], expected.iter().sum()));
            }
        }
    }
    assert!(lost > 50, "{lost}");
}
