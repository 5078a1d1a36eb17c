//! Functions as Θ: by the kernels as edge by edge, on networks of every kind of layer; of edges, and of blocks.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kirchhoff_circuit::{
    EdgeMap, GateBuilder, GateLayer, Layer, LayeredCircuit, Leaves, Start, UnrollOptions, Variables, unroll,
};
use kirchhoff_compile::{Rule, compile};
use kirchhoff_evaluate::{
    Annotate, AnnotatedLayer, Annotations, BlockAnnotations, Bookkeeping, Edge, FoldError, Keep, LeafVectors, Ledger,
    PerBlock, PerEdge, PerLeaf, PerNeurons, fold, fold_batch, fold_gates, stream,
};
use kirchhoff_kernel::{Cancelled, EdgeBlock, Edges, LayerEdges, Window, propagate};
use kirchhoff_network::{Activation, Convolution, Dense, Execution, NetworkBuilder, Operator, Reshape};
use kirchhoff_semiring::{Annotation, Count, Counting, How, Product, Semiring, Symbolic, Variable};

use crate::network::{Random, circuit};

/// A function of contributions as Θ, walked edge by edge whatever the layer.
struct Walked<F>(F);

impl<S: Semiring, F: Fn(f32) -> S::Value + Sync> Annotate<S> for Walked<F> {
    fn propagate(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        _: usize,
        edges: &LayerEdges<'_>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Result<(), Cancelled> {
        let (from, to) = (edges.wiring.destinations(), edges.wiring.sources());
        let executions = destinations.chunks(from).zip(sources.chunks_mut(to)).enumerate();
        for (execution, (destinations, sources)) in executions {
            propagate(&edges.execution(execution), semiring, &self.0, destinations, sources, layer.monitor)?;
        }
        Ok(())
    }

    fn kept(&self, semiring: &S, layer: &AnnotatedLayer<'_>, _: usize, edges: &Edges<'_>) -> Result<u64, Cancelled> {
        let add = |kept: &mut u64, d: &[f32]| {
            *kept += d.iter().filter(|d| !semiring.is_zero(&(self.0)(**d))).count() as u64;
        };
        edges.fold(|| 0, add, |a, b| a + b, layer.monitor)
    }
}

/// The number of paths modulo a prime, and the longest one: a semiring that someone wrote, of 16 bytes.
#[derive(Default)]
struct Own {
    calls: AtomicUsize,
}

const PRIME: u64 = 1_000_003;

impl Semiring for Own {
    type Value = (u64, Option<u32>);

    fn zero(&self) -> Self::Value {
        (0, None)
    }

    fn one(&self) -> Self::Value {
        (1, Some(0))
    }

    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        ((a.0 + b.0) % PRIME, a.1.max(b.1))
    }

    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        (a.0 * b.0 % PRIME, a.1.zip(b.1).map(|(a, b)| a + b))
    }

    fn elements(&self) -> Vec<Self::Value> {
        vec![self.zero(), self.one(), (7, Some(2)), (PRIME - 1, Some(5)), (0, Some(1))]
    }
}

/// The same in blocks, whose calls are counted; an operation on two values is an error.
#[derive(Default)]
struct OwnBlocks(Own);

impl Semiring for OwnBlocks {
    type Value = (u64, Option<u32>);

    const BLOCKWISE: bool = true;

    fn zero(&self) -> Self::Value {
        self.0.zero()
    }

    fn one(&self) -> Self::Value {
        self.0.one()
    }

    fn plus(&self, _: &Self::Value, _: &Self::Value) -> Self::Value {
        panic!("a sum of two values")
    }

    fn times(&self, _: &Self::Value, _: &Self::Value) -> Self::Value {
        panic!("a product of two values")
    }

    fn accumulate(&self, sums: &mut [Self::Value], theta: &[Self::Value], relevance: &[Self::Value]) {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        self.0.accumulate(sums, theta, relevance);
    }
}

/// A Θ that sends small contributions to 0.
fn theta(d: f32) -> (u64, Option<u32>) {
    if d.abs() < 0.05 { (0, None) } else { ((d.abs() * 100.0) as u64 + 1, Some(1 + u32::from(d > 0.3))) }
}

fn in_blocks(_: usize, d: &[f32], values: &mut [(u64, Option<u32>)]) {
    assert_eq!(d.len(), values.len());
    values.iter_mut().zip(d).for_each(|(value, &d)| *value = theta(d));
}

/// The relevance of every tensor, and the ledgers.
fn streamed<S: Semiring>(
    circuit: &LayeredCircuit,
    semiring: &S,
    annotations: &impl Annotate<S>,
) -> (Vec<Vec<S::Value>>, Vec<Ledger>) {
    let outputs = circuit.batch() * circuit.tensor(circuit.output()).size();
    let start: Vec<_> = (0..outputs).map(|i| if i % 3 == 1 { semiring.zero() } else { semiring.one() }).collect();
    let mut keep = Keep::all(circuit);
    let books = Bookkeeping { amount: None, kept: true };
    let ledgers = stream(circuit, semiring, annotations, &start, books, &mut keep, &()).unwrap();
    (keep.into_relevance().map(|(_, relevance)| relevance).collect(), ledgers)
}

/// Convolutions that products take, with a branch, and dense layers.
fn convolutional(batch: usize) -> LayeredCircuit {
    let mut random = Random(21);
    let mut builder = NetworkBuilder::new();
    let input = builder.input("input", &[3, 12, 12]).unwrap();
    let mut convolution = |inputs, outputs, stride| {
        let window = Window::new([3, 3]).with_padding([1, 1]).with_stride([stride, stride]);
        let weights = random.weights(inputs * outputs * 9);
        Operator::Convolution(Convolution { inputs, outputs, groups: 1, window, weights, bias: None })
    };
    let first = builder.add("0", convolution(3, 8, 1), &[input]).unwrap();
    let relu = builder.add("1", Operator::Activation(Activation::Relu), &[first]).unwrap();
    let branch = builder.add("2", convolution(8, 8, 1), &[relu]).unwrap();
    let sum = builder.add("3", Operator::Add, &[branch, relu]).unwrap();
    let half = builder.add("4", convolution(8, 4, 2), &[sum]).unwrap();
    let flat = builder.add("5", Operator::Reshape(Reshape { shape: vec![4 * 36] }), &[half]).unwrap();
    let dense = Dense { inputs: 4 * 36, outputs: 5, weights: random.weights(4 * 36 * 5), bias: None };
    let output = builder.add("6", Operator::Dense(dense), &[flat]).unwrap();
    let inputs: Vec<f32> = random.weights(batch * 3 * 144).to_vec();
    let execution = Execution::run(Arc::new(builder.finish(output).unwrap()), &inputs, batch, &()).unwrap();
    compile(&execution, &Rule::ZERO.into()).unwrap()
}

#[test]
fn functions_by_the_kernels_are_the_walk() {
    let mut random = Random(22);
    let mut circuits: Vec<LayeredCircuit> =
        (0..60).map(|i| circuit(&mut random, ["zero", "epsilon", "alpha-beta"][i % 3])).collect();
    circuits.extend([1, 3, 9].map(convolutional));
    for circuit in &circuits {
        let expected = streamed(circuit, &Own::default(), &Walked(theta));
        assert!(streamed(circuit, &Own::default(), &PerEdge(|_: &Layer, d: f32| theta(d))) == expected);
        assert!(streamed(circuit, &Own::default(), &PerNeurons(|edge: Edge<'_>| theta(edge.d))) == expected);
        assert!(streamed(circuit, &Own::default(), &PerBlock(in_blocks)) == expected);
        assert!(streamed(circuit, &OwnBlocks::default(), &PerEdge(|_: &Layer, d: f32| theta(d))) == expected);
        assert!(streamed(circuit, &OwnBlocks::default(), &PerNeurons(|edge: Edge<'_>| theta(edge.d))) == expected);
        assert!(streamed(circuit, &OwnBlocks::default(), &PerBlock(in_blocks)) == expected);
    }
}

/// A Θ that does not send 0 to 0, under which an edge counts once, whatever its terms.
#[test]
fn functions_that_keep_zero_are_the_walk() {
    let theta = |d: f32| (1 + (10.0 * d.abs()) as u64, Some(1));
    let blocks = |_: usize, d: &[f32], values: &mut [(u64, Option<u32>)]| {
        values.iter_mut().zip(d).for_each(|(value, &d)| *value = theta(d));
    };
    let mut random = Random(23);
    let mut circuits: Vec<LayeredCircuit> =
        (0..30).map(|i| circuit(&mut random, ["zero", "alpha-beta"][i % 2])).collect();
    circuits.push(convolutional(2));
    for circuit in &circuits {
        let expected = streamed(circuit, &Own::default(), &Walked(theta));
        assert!(streamed(circuit, &Own::default(), &PerEdge(|_: &Layer, d: f32| theta(d))) == expected);
        assert!(streamed(circuit, &OwnBlocks::default(), &PerBlock(blocks)) == expected);
    }
}

#[test]
fn a_stream_makes_few_calls() {
    let circuit = convolutional(1);
    let edges: u64 = circuit.layers().iter().map(Layer::edges).sum();
    let semiring = OwnBlocks::default();
    streamed(&circuit, &semiring, &PerBlock(in_blocks));
    let calls = semiring.0.calls.load(Ordering::Relaxed) as u64;
    assert!(calls > 0 && calls < edges / 100, "{calls} calls for {edges} edges");
}

/// Two semirings at once take blocks if one of them does.
#[test]
fn a_product_takes_the_blocks_of_its_sides() {
    let circuit = convolutional(1);
    let counts = |d: f32| Count::from(theta(d).0);
    let expected = streamed(&circuit, &Product(Own::default(), Counting), &Walked(|d| (theta(d), counts(d))));
    let both = Product(OwnBlocks::default(), Counting);
    assert!(streamed(&circuit, &both, &PerEdge(|_: &Layer, d: f32| (theta(d), counts(d)))) == expected);
    assert!(both.0.0.calls.load(Ordering::Relaxed) > 0);
}

/// A perceptron without bias, whose layers are named as in an `nn.Sequential`.
fn perceptron(random: &mut Random, widths: &[usize]) -> LayeredCircuit {
    let mut builder = NetworkBuilder::new();
    let mut node = builder.input("input", &[widths[0]]).unwrap();
    for (number, pair) in widths.windows(2).enumerate() {
        let weights = random.weights(pair[0] * pair[1]);
        let dense = Dense { inputs: pair[0], outputs: pair[1], weights, bias: None };
        node = builder.add(number.to_string(), Operator::Dense(dense), &[node]).unwrap();
    }
    let input = random.weights(widths[0]);
    let execution = Execution::run(Arc::new(builder.finish(node).unwrap()), &input, 1, &()).unwrap();
    compile(&execution, &Rule::ZERO.into()).unwrap()
}

/// Variables on edges, without gates: the polynomials of the unrolled circuit.
#[test]
fn variables_on_edges_are_those_of_gates() {
    let mut random = Random(24);
    let mut terms = 0;
    for _ in 0..20 {
        let layered = perceptron(&mut random, &[3, 4, 3, 2]);
        let keep = |_: usize, d: f32| d > 0.05;
        let options = UnrollOptions {
            start: Start::OnesAt(vec![0]),
            keep: Some(&keep),
            variables: Variables::Edges,
            contributions: false,
            ..UnrollOptions::default()
        };
        let gates = unroll(&layered, &options, &()).unwrap();
        let how = How::new();
        let variables: Vec<_> = (0..gates.variables().len()).map(|i| how.variable(Variable(i as u32))).collect();
        let unseen = PerLeaf(|_: usize, _: f32| unreachable!("no contributions are left"));
        let expected = fold(&gates, &how, &unseen, &variables, &()).unwrap();

        let names = gates.variables().iter().enumerate();
        let numbers: HashMap<String, usize> = names.map(|(number, name)| (name.to_string(), number)).collect();
        let theta = PerNeurons(|edge: Edge<'_>| {
            let name = format!("w{}[{}→{}]", edge.layer.name, edge.source, edge.destination);
            // Edges that reach no target have no variable there.
            match numbers.get(&name) {
                Some(&number) if edge.d > 0.05 => variables[number].clone(),
                _ => how.zero(),
            }
        });
        let mut relevance = Keep::input(&layered);
        let start = [how.one(), how.zero()];
        stream(&layered, &how, &theta, &start, Bookkeeping::default(), &mut relevance, &()).unwrap();
        let found = relevance.relevance(layered.input()).unwrap();
        assert_eq!(found, expected);
        terms += found.iter().filter_map(|value| value.as_ref().ok()).map(|value| value.iter().count()).sum::<usize>();
    }
    assert!(terms > 100, "{terms}");
}

/// Where the sources of a link begin, of those of all links one after the other.
fn first_source(layer: &Layer, link: usize) -> usize {
    layer.links[..link].iter().map(|link| link.wiring.sources()).sum()
}

/// A Θ of the neurons, the link and the execution, against gates with a leaf for each edge.
#[test]
fn edges_are_those_of_gates() {
    let mut random = Random(25);
    let value = |layer: usize, link: usize, execution: usize, source: usize, destination: usize, d: f32| {
        (if d == 0.0 { 0 } else { (3 * layer + 5 * link + 7 * execution + 11 * source + 13 * destination) % 17 }) as f32
    };
    for _ in 0..30 {
        let layered = circuit(&mut random, "zero");
        let options = UnrollOptions { leaves: Leaves::Edges, ..UnrollOptions::default() };
        let gates = unroll(&layered, &options, &()).unwrap();
        let contributions = EdgeMap::new(&gates, &layered).unwrap().contributions(&layered, &()).unwrap();
        let (layers, edges) = (&*gates.arrays().contribution_layers, gates.arrays().edges.as_ref().unwrap());
        let values: Vec<f32> = (0..contributions.len())
            .map(|i| {
                let (execution, leaf) = (i / layers.len(), i % layers.len());
                let layer = &layered.layers()[layers[leaf] as usize];
                // A winner takes all, whatever Θ.
                if layer.chooses() {
                    return contributions[i];
                }
                let source = edges.sources[leaf] as usize;
                let link = (0..layer.links.len()).rfind(|&link| first_source(layer, link) <= source).unwrap();
                let (source, destination) = (source - first_source(layer, link), edges.destinations[leaf] as usize);
                value(layers[leaf] as usize, link, execution, source, destination, contributions[i])
            })
            .collect();
        let outputs = layered.tensor(layered.output()).size();
        let ones = vec![Count::ONE; 2 * outputs];
        let vectors = LeafVectors { count: 2, contributions: &values, variables: &ones };
        let leaves = PerLeaf(|_: usize, value: f32| Count::from(value as u64));
        let expected = fold_batch(&gates, &Counting, &leaves, vectors, 2, &()).unwrap();

        let theta = PerNeurons(|edge: Edge<'_>| {
            let layer = layered.layers().iter().position(|layer| std::ptr::eq(layer, edge.layer)).unwrap();
            let value = value(layer, edge.link, edge.execution, edge.source, edge.destination, edge.d);
            Count::from(value as u64)
        });
        let mut keep = Keep::input(&layered);
        stream(&layered, &Counting, &theta, &ones, Bookkeeping::default(), &mut keep, &()).unwrap();
        assert_eq!(keep.relevance(layered.input()).unwrap(), expected);
    }
}

/// A Θ of neurons in blocks, by annotation, is that of every edge: streamed, counted, and on gates with a leaf for each edge.
#[test]
fn annotations_of_neurons_are_asked_edge_by_edge() {
    let mut random = Random(27);
    let value = |source: usize, destination: usize, d: f32| match (3 * source + 5 * destination) % 4 {
        0 => (0, None),
        rest => (rest as u64, theta(d).1),
    };
    for round in 0..40 {
        let layered = circuit(&mut random, "zero");
        // Every third layer keeps a threshold.
        let layers = (0..layered.layers().len()).map(|layer| match (layer + round) % 3 {
            0 => Annotation::Threshold(0.05),
            _ => Annotation::Own,
        });
        let annotations = Annotations::new(layers.collect());
        let of = annotations.clone();
        let edgewise = PerNeurons(|edge: Edge<'_>| {
            let layer = layered.layers().iter().position(|layer| std::ptr::eq(layer, edge.layer)).unwrap();
            let first = first_source(edge.layer, edge.link);
            match of.of(layer) {
                Annotation::Own => value(first + edge.source, edge.destination, edge.d),
                _ => {
                    if edge.d >= 0.05 {
                        Own::default().one()
                    } else {
                        Own::default().zero()
                    }
                }
            }
        });
        let expected = streamed(&layered, &Own::default(), &edgewise);
        let neurons = move |edges: &EdgeBlock<'_>, values: &mut [(u64, Option<u32>)]| {
            let ends = edges.sources.iter().zip(edges.destinations).zip(edges.contributions);
            assert_eq!(values.len(), edges.sources.len());
            values
                .iter_mut()
                .zip(ends)
                .for_each(|(place, ((source, destination), d))| *place = value(*source, *destination, *d));
        };
        let threshold = |annotation: Annotation, d: &[f32], values: &mut [(u64, Option<u32>)]| {
            assert_eq!(annotation, Annotation::Threshold(0.05));
            let own = Own::default();
            values.iter_mut().zip(d).for_each(|(value, d)| *value = if *d >= 0.05 { own.one() } else { own.zero() });
        };
        let bound = BlockAnnotations {
            annotations,
            theta: Arc::new(threshold),
            fused: None,
            edges: None,
            neurons: Some(Arc::new(neurons)),
        };
        assert!(streamed(&layered, &OwnBlocks::default(), &bound) == expected);

        let options = UnrollOptions { leaves: Leaves::Edges, ..UnrollOptions::default() };
        let gates = unroll(&layered, &options, &()).unwrap();
        let contributions = EdgeMap::new(&gates, &layered).unwrap().contributions(&layered, &()).unwrap();
        let outputs = layered.tensor(layered.output()).size();
        let start: Vec<_> =
            (0..2 * outputs).map(|i| if i % 3 == 1 { Own::default().zero() } else { Own::default().one() }).collect();
        let vectors = LeafVectors { count: 2, contributions: &contributions, variables: &start };
        let folded = fold_batch(&gates, &Own::default(), &bound, vectors, 2, &()).unwrap();
        let mut keep = Keep::input(&layered);
        stream(&layered, &Own::default(), &edgewise, &start, Bookkeeping::default(), &mut keep, &()).unwrap();
        assert_eq!(keep.relevance(layered.input()).unwrap(), folded);

        // Edges of equal contributions share a leaf: which neurons, nobody knows.
        let shared = unroll(&layered, &UnrollOptions::default(), &()).unwrap();
        let ones = vec![Own::default().one(); shared.variables().len()];
        let result = fold_gates(&shared, &Own::default(), &bound, &ones, &());
        assert!(matches!(result, Err(FoldError::Neurons { .. }) | Ok(_)));
        let asked = shared
            .arrays()
            .contribution_layers
            .iter()
            .any(|&layer| !layered.layers()[layer as usize].chooses() && of.of(layer as usize) == Annotation::Own);
        assert_eq!(result.is_err(), asked);
    }
}

/// Gates in blocks: sums and products of any number of children, for one vector and several.
#[test]
fn a_fold_in_blocks_is_the_fold() {
    let mut random = Random(26);
    for _ in 0..8 {
        let layers = ["0", "1"].map(|name| GateLayer { name: name.to_string(), rule: String::new(), range: None });
        let mut builder = GateBuilder::new(layers.to_vec(), 1 << 20);
        let mut gates = vec![builder.zero().unwrap(), builder.one().unwrap()];
        let variable = builder.declare("x");
        gates.push(builder.variable(variable).unwrap());
        for i in 0..500 {
            gates.push(builder.contribution(i % 2, (random.below(100) as f32 - 50.0) / 50.0).unwrap());
        }
        for _ in 0..4 {
            let below = gates.clone();
            for _ in 0..3000 {
                let arity = 2 + if random.below(200) == 0 { random.below(300) } else { random.below(4) };
                let children: Vec<_> = (0..arity).map(|_| below[random.below(below.len())]).collect();
                let gate = if random.below(2) == 0 { builder.plus(&children) } else { builder.times(&children) };
                gates.push(gate.unwrap());
            }
        }
        builder.output("value", &[gates.len()], &gates).unwrap();
        let circuit = builder.finish().unwrap();
        let scalar = PerLeaf(|layer: usize, d: f32| theta(d + layer as f32));
        let blocks = PerBlock(|layer: usize, d: &[f32], values: &mut [(u64, Option<u32>)]| {
            values.iter_mut().zip(d).for_each(|(value, &d)| *value = theta(d + layer as f32));
        });
        let (own, semiring) = (Own::default(), OwnBlocks::default());
        let expected = fold_gates(&circuit, &own, &scalar, &[(3, Some(1))], &()).unwrap();
        assert!(fold_gates(&circuit, &own, &blocks, &[(3, Some(1))], &()).unwrap() == expected);
        assert!(fold_gates(&circuit, &semiring, &scalar, &[(3, Some(1))], &()).unwrap() == expected);
        semiring.0.calls.store(0, Ordering::Relaxed);
        assert!(fold_gates(&circuit, &semiring, &blocks, &[(3, Some(1))], &()).unwrap() == expected);
        let calls = semiring.0.calls.load(Ordering::Relaxed);
        assert!(calls > 0 && calls < circuit.wires() / 8, "{calls} calls for {} wires", circuit.wires());

        let leaves = circuit.arrays().contributions.len();
        let contributions: Vec<f32> = (0..3 * leaves).map(|_| random.below(100) as f32 / 100.0).collect();
        let variables = [(1, Some(0)), (5, Some(2)), (0, None)];
        let vectors = LeafVectors { count: 3, contributions: &contributions, variables: &variables };
        let expected = fold_batch(&circuit, &own, &scalar, vectors, 3, &()).unwrap();
        assert!(fold_batch(&circuit, &semiring, &blocks, vectors, 2, &()).unwrap() == expected);
    }
}
