//! One circuit for a network, folded on the contributions of many executions; and the fold against plain recursion, on any
//! number of threads.

use kirchhoff_circuit::{
    CircuitFile, EdgeError, EdgeMap, Gate, GateArrays, GateBuilder, GateCircuit, GateId, GateLayer, LayeredCircuit,
    Leaves, Notes, UnrollOptions, save_gates, unroll,
};
use kirchhoff_evaluate::{
    Annotations, Bookkeeping, FoldError, Keep, LeafVectors, PerLeaf, fold, fold_batch, fold_gates, fold_lanes, stream,
};
use kirchhoff_semiring::{
    Counting, Embed, Log, Real, Semiring, SemiringInfo, SemiringVisitor, Viterbi, semirings, visit,
};

use crate::network::{Random, circuit};

/// The circuit of the first execution, with a leaf for each edge.
fn edges(layered: &LayeredCircuit) -> GateCircuit {
    unroll(layered, &UnrollOptions { leaves: Leaves::Edges, ..UnrollOptions::default() }, &()).unwrap()
}

/// Folds a circuit of the first execution for both, and compares the input's relevance with the stream.
struct Compare<'a> {
    layered: &'a LayeredCircuit,
    random: &'a mut Random,
}

impl SemiringVisitor for Compare<'_> {
    type Output = ();

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) {
        let Compare { layered, random } = self;
        let annotations = Annotations::uniform(layered, info.annotation);
        if annotations.check(layered, &info.name, semiring.carrier()).is_err() {
            return;
        }
        let gates = edges(layered);
        let contributions = EdgeMap::new(&gates, layered).unwrap().contributions(layered, &()).unwrap();
        let own = gates.arrays().contributions.len();
        assert_eq!(contributions[..own], *gates.arrays().contributions);
        // Several vectors a lane group, and a last group that is smaller.
        let copies = 1 + random.below(4);
        let outputs = layered.tensor(layered.output()).size();
        let start: Vec<S::Value> =
            (0..2 * outputs).map(|_| if random.below(2) > 0 { semiring.one() } else { semiring.zero() }).collect();
        let vectors = LeafVectors {
            count: 2 * copies,
            contributions: &contributions.repeat(copies),
            variables: &(0..copies).flat_map(|_| start.clone()).collect::<Vec<_>>(),
        };
        let folded = fold_batch(&gates, &semiring, &annotations, vectors, 1 + random.below(5), &()).unwrap();
        let mut keep = Keep::input(layered);
        stream(layered, &semiring, &annotations, &start, Bookkeeping::default(), &mut keep, &()).unwrap();
        let streamed = keep.relevance(layered.input()).unwrap();
        assert_eq!(folded.len(), copies * streamed.len());
        for (i, value) in folded.iter().enumerate() {
            let streamed = &streamed[i % streamed.len()];
            let near = info.name == "real"
                && (semiring.project(value) - semiring.project(streamed)).abs()
                    <= 1e-3 * semiring.project(value).abs().max(1.0);
            assert!(near || semiring.close(value, streamed), "{}: {value:?}, streamed {streamed:?}", info.name);
        }
        // Side by side is one by one, to the bit where sums are taken in the same order.
        let one = fold(&gates, &semiring, &annotations, &start[..outputs], &()).unwrap();
        let same = |(a, b): (&S::Value, &S::Value)| a == b || semiring.close(a, b);
        assert!(folded[..one.len()].iter().zip(&one).all(same), "{}", info.name);
    }
}

#[test]
fn one_circuit_serves_every_execution() {
    let mut random = Random(11);
    for info in semirings() {
        for _ in 0..4 {
            let layered = circuit(&mut random, &info.rule);
            visit(&info.name, Compare { layered: &layered, random: &mut random }).unwrap();
        }
    }
}

#[test]
fn edges_survive_a_file_and_other_networks_are_refused() {
    let mut random = Random(12);
    let layered = circuit(&mut random, "zero");
    let gates = edges(&layered);
    let folder = std::env::temp_dir().join(format!("kirchhoff-edges-{}.safetensors", std::process::id()));
    save_gates(&folder, &gates, &Notes::new()).unwrap();
    let loaded = CircuitFile::open(&folder).unwrap().gates().unwrap();
    std::fs::remove_file(&folder).unwrap();
    assert_eq!(loaded, gates);
    assert!(EdgeMap::new(&loaded, &layered).is_ok());

    let other = circuit(&mut random, "zero");
    assert!(matches!(EdgeMap::new(&gates, &other), Err(EdgeError::Layer { .. } | EdgeError::Edge { .. })));
    let shared = unroll(&layered, &UnrollOptions::default(), &()).unwrap();
    assert_eq!(EdgeMap::new(&shared, &layered).unwrap_err(), EdgeError::Shared);
    // A leaf for an edge that is not there.
    let mut arrays: GateArrays = gates.arrays().clone();
    let mut own = arrays.edges.take().unwrap();
    let mut sources = own.sources.to_vec();
    sources[0] = 1 << 20;
    own.sources = sources.into();
    arrays.edges = Some(own.clone());
    let wrong = GateCircuit::new(arrays.clone()).unwrap();
    assert!(matches!(EdgeMap::new(&wrong, &layered), Err(EdgeError::Edge { from, leaf: 0, .. }) if from == 1 << 20));
    own.destinations = vec![0].into();
    arrays.edges = Some(own);
    assert!(GateCircuit::new(arrays).is_err());
}

#[test]
fn vectors_of_another_size_are_refused() {
    let gates = edges(&circuit(&mut Random(13), "zero"));
    let theta = PerLeaf(|_: usize, d: f32| d);
    let leaves = gates.arrays().contributions.len();
    let vectors = LeafVectors { count: 2, contributions: &vec![0.0; 2 * leaves - 1], variables: &[1.0; 6] };
    let error = fold_batch(&gates, &Real, &theta, vectors, 2, &()).unwrap_err();
    assert!(matches!(error, FoldError::Vectors { what: "contributions", vectors: 2, .. }), "{error}");
    let contributions = vec![0.0; 2 * leaves];
    let vectors = LeafVectors { count: 2, contributions: &contributions, variables: &[1.0; 5] };
    let error = fold_batch(&gates, &Real, &theta, vectors, 2, &()).unwrap_err();
    assert!(matches!(error, FoldError::Vectors { what: "variables", .. }), "{error}");
    assert_eq!((fold_lanes::<f32>(&gates, 0), fold_lanes::<f32>(&gates, u64::MAX)), (1, 16));
}

/// A circuit of some thousand gates, with levels of every kind: of gates that are alike, of mixed ones, of long sums.
fn random_circuit(random: &mut Random) -> GateCircuit {
    let layer = GateLayer { name: "0".to_string(), rule: String::new(), range: None };
    let mut builder = GateBuilder::new(vec![layer], 1 << 20);
    let mut gates: Vec<GateId> = vec![builder.zero().unwrap(), builder.one().unwrap()];
    let variable = builder.declare("x");
    gates.push(builder.variable(variable).unwrap());
    for i in 0..2000 {
        gates.push(builder.contribution(0, (i + 1) as f32 / 2000.0).unwrap());
    }
    for level in 0..4 {
        let below = gates.clone();
        let alike = random.below(2) == 0;
        let (kind, arity) = (random.below(2), 2 + random.below(3));
        for _ in 0..3000 {
            let (kind, arity) = match (alike, random.below(1500)) {
                (true, _) => (kind, arity),
                (false, 0) => (0, 40 + random.below(900)),
                (false, _) => (random.below(2), 2 + random.below(4)),
            };
            let children: Vec<GateId> = (0..arity).map(|_| below[random.below(below.len())]).collect();
            // Products of sums grow: few factors above the second level.
            let times = kind == 1 && level < 2;
            gates.push(if times { builder.times(&children) } else { builder.plus(&children) }.unwrap());
        }
    }
    builder.output("value", &[gates.len()], &gates).unwrap();
    builder.finish().unwrap()
}

/// The value of every gate, written from the definition.
fn plainly<S: Semiring>(circuit: &GateCircuit, semiring: &S, theta: impl Fn(f32) -> S::Value) -> Vec<S::Value> {
    let mut values: Vec<S::Value> = Vec::new();
    for (_, gate) in circuit.iter() {
        let value = |id: &GateId| values[id.index()].clone();
        values.push(match gate {
            Gate::Zero => semiring.zero(),
            Gate::One | Gate::Variable(_) => semiring.one(),
            Gate::Contribution { d, .. } => theta(d),
            Gate::Plus(children) => children.iter().map(value).reduce(|a, b| semiring.plus(&a, &b)).unwrap(),
            Gate::Times(children) => children.iter().map(value).reduce(|a, b| semiring.times(&a, &b)).unwrap(),
        });
    }
    values
}

fn agree<S: Semiring>(circuit: &GateCircuit, semiring: &S, theta: impl Fn(f32) -> S::Value + Sync, exact: bool) {
    let expected = plainly(circuit, semiring, &theta);
    let by = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let theta = PerLeaf(|_: usize, d: f32| theta(d));
        pool.install(|| fold_gates(circuit, semiring, &theta, &[semiring.one()], &()).unwrap())
    };
    let folded = by(1);
    for (gate, (value, expected)) in folded.iter().zip(&expected).enumerate() {
        assert!(
            value == expected || !exact && semiring.close(value, expected),
            "gate {gate}: {value:?}, not {expected:?}"
        );
    }
    assert!(by(2) == folded && by(3) == folded);
}

#[test]
fn the_fold_is_plain_recursion_on_any_number_of_threads() {
    let mut random = Random(14);
    for _ in 0..6 {
        let circuit = random_circuit(&mut random);
        agree(&circuit, &Real, |d| d / 64.0, true);
        agree(&circuit, &Viterbi, |d| d, true);
        agree(&circuit, &Counting, |d| kirchhoff_semiring::Count::from((100.0 * d) as u64), true);
        agree(&circuit, &Log, |d| if d < 0.1 { f32::NEG_INFINITY } else { d.ln() }, false);
    }
}
