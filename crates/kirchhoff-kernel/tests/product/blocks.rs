//! Semirings that take blocks: the bits of the walk, and few calls.

use std::sync::atomic::{AtomicUsize, Ordering};

use kirchhoff_kernel::{
    Arithmetic, Backward, Contributions, EdgeBlock, Edges, Sliding, Slopes, SourceFactor, Term, View, WeightFactor,
    Weights, Window, Wiring, propagate, propagate_blocks, propagate_neurons,
};
use kirchhoff_semiring::{Annotation, Cells, Defined, DefinedVisitor, Definition, Embed, Semiring};
use proptest::prelude::*;

use crate::layer::{Layer, integers, sliding, under_all_instructions, wiring};

/// Real numbers in double precision, edge by edge.
struct Scalar;

impl Semiring for Scalar {
    type Value = f64;

    fn zero(&self) -> f64 {
        0.0
    }

    fn one(&self) -> f64 {
        1.0
    }

    fn plus(&self, a: &f64, b: &f64) -> f64 {
        a + b
    }

    fn times(&self, a: &f64, b: &f64) -> f64 {
        a * b
    }
}

/// The same numbers in blocks, whose calls and lanes are counted. An operation on two numbers is an error.
#[derive(Default)]
struct Blocked {
    calls: AtomicUsize,
    lanes: AtomicUsize,
}

impl Blocked {
    /// How many calls there were, and the lanes of one on average.
    fn counted(&self) -> (usize, usize) {
        let calls = self.calls.load(Ordering::Relaxed);
        (calls, self.lanes.load(Ordering::Relaxed) / calls.max(1))
    }
}

impl Semiring for Blocked {
    type Value = f64;

    const BLOCKWISE: bool = true;

    fn zero(&self) -> f64 {
        0.0
    }

    fn one(&self) -> f64 {
        1.0
    }

    fn plus(&self, _: &f64, _: &f64) -> f64 {
        panic!("a sum of two numbers")
    }

    fn times(&self, _: &f64, _: &f64) -> f64 {
        panic!("a product of two numbers")
    }

    fn accumulate(&self, sums: &mut [f64], theta: &[f64], relevance: &[f64]) {
        assert!(sums.len() == theta.len() && sums.len() == relevance.len());
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.lanes.fetch_add(sums.len(), Ordering::Relaxed);
        sums.iter_mut()
            .zip(theta.iter().zip(relevance))
            .for_each(|(sum, (theta, relevance))| *sum += theta * relevance);
    }
}

/// A Θ that rounds, in the order of which sums are then told apart by their bits.
fn theta(d: f32) -> f64 {
    (f64::from(d) / 7.0).sin()
}

fn annotate(d: &[f32], values: &mut [f64]) {
    assert_eq!(d.len(), values.len());
    values.iter_mut().zip(d).for_each(|(value, &d)| *value = theta(d));
}

fn thirds(x: f32) -> f64 {
    f64::from(x) / 3.0
}

/// The product in blocks and the walk in blocks, against the walk.
fn check(layer: &Layer, seed: u64) -> Result<(), TestCaseError> {
    let [relevance, before] = layer.values(&Scalar, thirds, seed);
    let expected = layer.walked(&Scalar, theta, &relevance, &before);
    under_all_instructions(|| {
        let (semiring, mut sources) = (Blocked::default(), before.clone());
        let edges = layer.edges();
        Backward::new(&edges).unwrap().blocks(&semiring, &annotate, &relevance, &mut sources, &()).unwrap();
        prop_assert_eq!(&sources, &expected);
        let walked = layer.walked(&Blocked::default(), theta, &relevance, &before);
        prop_assert_eq!(&walked, &expected);
        Ok(())
    })
}

/// A definition's operations edge by edge.
struct OneByOne<V>(Defined<V>);

impl<V: Cells> Semiring for OneByOne<V> {
    type Value = V;

    fn zero(&self) -> V {
        self.0.zero()
    }

    fn one(&self) -> V {
        self.0.one()
    }

    fn plus(&self, a: &V, b: &V) -> V {
        self.0.plus(a, b)
    }

    fn times(&self, a: &V, b: &V) -> V {
        self.0.times(a, b)
    }
}

/// Edges that are joined in one operation, against the walk.
struct Joined<'a> {
    layer: &'a Layer,
    seed: u64,
}

impl Joined<'_> {
    fn check<V: Cells>(&self, semiring: &Defined<V>) -> Result<(), TestCaseError> {
        let Joined { layer, seed } = *self;
        let scalar = OneByOne(semiring.clone());
        let [relevance, before] = layer.values(&scalar, |x| semiring.theta(x / 8.0), seed);
        let expected = layer.walked(&scalar, |d| semiring.theta(d), &relevance, &before);
        let join = semiring.edges(Annotation::Own).unwrap();
        under_all_instructions(|| {
            let mut sources = before.clone();
            let edges = layer.edges();
            Backward::new(&edges).unwrap().joined(semiring, &*join, &relevance, &mut sources, &()).unwrap();
            prop_assert_eq!(&sources, &expected);
            prop_assert!(semiring.take_fault().is_ok());
            Ok(())
        })
    }
}

impl DefinedVisitor for Joined<'_> {
    type Output = Result<(), TestCaseError>;

    fn number<V: Cells>(self, semiring: &Defined<V>) -> Self::Output
    where
        Defined<V>: Embed<Value = V>,
    {
        self.check(semiring)
    }

    fn record<V: Cells>(self, semiring: &Defined<V>) -> Self::Output {
        self.check(semiring)
    }
}

const DEFINITIONS: [&str; 4] = [
    r#"define(plus="max(a, b)", times="a * b + 0", zero=0, one=1, theta="min(abs(d), 1)")"#,
    r#"define(value="f64", plus="a + b", times="a * b", zero=0, one=1, theta="d / 7")"#,
    r#"define(value="u64", plus="max(a + 1, b) - 1", times="a * b", zero=0, one=1, theta="u64(abs(d))")"#,
    r#"define(value={p="f32", r="f64"}, plus={p="a.p + b.p", r="if(a.p > b.p, a.r, b.r)"},
        times={p="a.p * b.p", r="a.p * b.r + a.r * b.p"}, zero={p=0, r=0}, one={p=1, r=0},
        theta={p="abs(d)", r="d / 3"}, show="a.p", order="share")"#,
];

proptest! {
    #[test]
    fn joined_edges_are_the_walk(
        which in 0..DEFINITIONS.len(), wiring in wiring(), batch in 1usize..4, seed in 0u64..1000,
    ) {
        let layer = Layer::new(wiring, batch, false, 3.0, seed);
        let definition = Definition::from_call(DEFINITIONS[which]).unwrap();
        definition.semiring().visit(Joined { layer: &layer, seed })?;
    }

    #[test]
    fn products_in_blocks_are_the_walk(wiring in wiring(), batch in 1usize..11, seed in 0u64..1000) {
        check(&Layer::new(wiring, batch, false, 3.0, seed), seed)?;
    }

    /// Terms that are apart, of numbers whose sums are exact in any order.
    #[test]
    fn terms_in_blocks_are_the_walk(wiring in wiring(), batch in 1usize..4, seed in 0u64..1000) {
        let layer = Layer::new(wiring, batch, true, 1.0, seed);
        let [relevance, before] = layer.values(&Scalar, f64::from, seed);
        let expected = layer.walked(&Scalar, f64::from, &relevance, &before);
        let edges = layer.edges();
        let plain = |d: &[f32], values: &mut [f64]| values.iter_mut().zip(d).for_each(|(value, &d)| *value = f64::from(d));
        let mut sources = before;
        Backward::new(&edges).unwrap().blocks(&Blocked::default(), &plain, &relevance, &mut sources, &()).unwrap();
        prop_assert_eq!(sources, expected);
    }

    #[test]
    fn walks_in_blocks_are_walks(sliding in sliding(), kind in 0usize..6, seed in 0u64..1000) {
        let (wiring, contributions) = layer_of(sliding, kind, seed);
        walks(&wiring, &contributions, seed)?;
    }
}

/// A layer that no product takes: pools, factors a channel, what passes relevance on.
fn layer_of(sliding: Sliding, kind: usize, seed: u64) -> (Wiring, Contributions) {
    let channelwise = Sliding { outputs: sliding.inputs, groups: sliding.inputs, ..sliding };
    let terms = |wiring: &Wiring| {
        Contributions::Terms(vec![Term {
            source: SourceFactor::Activation(Slopes::IDENTITY),
            weight: WeightFactor::IDENTITY,
            destination: integers(wiring.destinations(), seed + 3).into(),
        }])
    };
    match kind {
        0 => (Wiring::Convolution(channelwise), terms(&Wiring::Convolution(channelwise))),
        1 => (Wiring::Pool(channelwise), terms(&Wiring::Pool(channelwise))),
        2 => {
            let wiring = Wiring::Pool(channelwise);
            let mut winners = vec![u32::MAX; wiring.destinations()];
            for start in (0..wiring.sources()).step_by(wiring.source_block()) {
                wiring.leaving(start..start + wiring.source_block(), |run| {
                    for i in 0..run.length {
                        let winner = &mut winners[run.destination_at(i)];
                        if *winner == u32::MAX || (run.source_at(i) as u64 + seed).is_multiple_of(3) {
                            *winner = run.source_at(i) as u32;
                        }
                    }
                });
            }
            (wiring, Contributions::Winner(winners.into()))
        }
        3 => (Wiring::Pool(channelwise), Contributions::Pass),
        4 => (Wiring::Identity { size: 3000 }, Contributions::Pass),
        _ => {
            let [height, width] = sliding.source.map(|length| length as isize);
            let view = View {
                shape: vec![width as usize, height as usize],
                source_start: 0,
                source_strides: vec![1, width],
                source_size: (height * width) as usize,
                destination_start: (height * width - 1) as usize,
                destination_strides: vec![-height, -1],
                destination_size: (height * width) as usize,
            };
            (Wiring::View(view), Contributions::Pass)
        }
    }
}

fn walks(wiring: &Wiring, contributions: &Contributions, seed: u64) -> Result<(), TestCaseError> {
    let weights = integers(wiring.weights(), seed);
    let activations = integers(wiring.sources(), seed + 1);
    let edges = Edges {
        wiring,
        weights: (!weights.is_empty()).then_some(&weights),
        activations: &activations,
        contributions,
        execution: 0,
    };
    let relevance: Vec<f64> =
        integers(wiring.destinations(), seed + 2).into_iter().map(|x| thirds(x.max(0.0))).collect();
    let before: Vec<f64> = integers(wiring.sources(), seed + 4).into_iter().map(thirds).collect();
    let mut expected = before.clone();
    propagate(&edges, &Scalar, theta, &relevance, &mut expected, &()).unwrap();
    let mut sources = before.clone();
    propagate(&edges, &Blocked::default(), theta, &relevance, &mut sources, &()).unwrap();
    prop_assert_eq!(&sources, &expected);
    let by_block = |block: &EdgeBlock<'_>, values: &mut [f64]| annotate(block.contributions, values);
    let mut sources = before.clone();
    propagate_blocks(&edges, &Blocked::default(), &by_block, &relevance, &mut sources, &()).unwrap();
    prop_assert_eq!(&sources, &expected);

    // A Θ that sees the neurons of an edge, against the edges one by one.
    let seeing = |j: usize, k: usize, d: f32| theta(d) + (j as f64).sqrt() * (k as f64).cbrt();
    let mut expected = before.clone();
    let mut scratch = kirchhoff_kernel::Scratch::default();
    for start in (0..wiring.sources()).step_by(wiring.source_block()) {
        let block = start..(start + wiring.source_block()).min(wiring.sources());
        edges.leaving(block, &mut scratch, |run, contributions| {
            for (i, &d) in contributions.iter().enumerate() {
                let (j, k) = (run.source_at(i), run.destination_at(i));
                let value = if edges.pass() { 1.0 } else { seeing(j, k, d) };
                expected[j] += value * relevance[k];
            }
        });
    }
    let mut sources = before.clone();
    propagate_neurons(&edges, &Scalar, seeing, &relevance, &mut sources, &()).unwrap();
    prop_assert_eq!(&sources, &expected);
    let mut sources = before;
    propagate_neurons(&edges, &Blocked::default(), seeing, &relevance, &mut sources, &()).unwrap();
    prop_assert_eq!(&sources, &expected);
    Ok(())
}

fn convolution(channels: usize, size: usize) -> Wiring {
    let window = Window::new([3, 3]).with_padding([1, 1]);
    let image = [size, size];
    Wiring::Convolution(Sliding {
        window,
        inputs: channels,
        outputs: channels,
        groups: 1,
        source: image,
        destination: image,
    })
}

#[test]
fn blocks_are_long_and_calls_are_few() {
    let layers = [
        (convolution(8, 40), 1),
        (convolution(8, 14), 2),
        (convolution(16, 7), 1),
        (Wiring::Dense { inputs: 3000, outputs: 7 }, 3),
        (Wiring::Dense { inputs: 200, outputs: 30 }, 10),
    ];
    for (wiring, batch) in layers {
        let layer = Layer::new(wiring.clone(), batch, false, 3.0, 5);
        let ([relevance, mut sources], semiring) = (layer.values(&Scalar, |_| 1.0, 5), Blocked::default());
        Backward::new(&layer.edges()).unwrap().blocks(&semiring, &annotate, &relevance, &mut sources, &()).unwrap();
        let (calls, lanes) = semiring.counted();
        assert!(lanes >= 128, "{wiring:?}: {calls} calls of {lanes} lanes");
        let edges = wiring.edges() as usize * batch;
        assert!(calls <= edges / 90, "{wiring:?}: {calls} calls for {edges} edges");
    }
    // Nothing is done where relevance is 0.
    let layer = Layer::new(convolution(8, 40), 1, false, 3.0, 5);
    let (semiring, size) = (Blocked::default(), layer.wiring.sources());
    let edges = layer.edges();
    let mut relevance = vec![0.0; layer.wiring.destinations()];
    Backward::new(&edges).unwrap().blocks(&semiring, &annotate, &relevance, &mut vec![0.0; size], &()).unwrap();
    assert_eq!(semiring.counted().0, 0);
    relevance[100] = 1.0;
    Backward::new(&edges).unwrap().blocks(&semiring, &annotate, &relevance, &mut vec![0.0; size], &()).unwrap();
    let (calls, _) = semiring.counted();
    assert!((1..=9 * 8).contains(&calls), "{calls}");

    // A pool of 2 × 2 over 64 × 64 has four edges a window.
    let window = Window::new([2, 2]).with_stride([2, 2]);
    let pool = Sliding { window, inputs: 4, outputs: 4, groups: 4, source: [64, 64], destination: [32, 32] };
    let (wiring, contributions) = layer_of(pool, 1, 3);
    let activations = integers(wiring.sources(), 1);
    let edges = Edges {
        wiring: &wiring,
        weights: None,
        activations: &activations,
        contributions: &contributions,
        execution: 0,
    };
    let semiring = Blocked::default();
    let relevance = vec![1.0; wiring.destinations()];
    propagate(&edges, &semiring, theta, &relevance, &mut vec![0.0; wiring.sources()], &()).unwrap();
    assert_eq!(semiring.counted(), (16, 1024));
}

#[test]
fn blocks_are_the_same_bits_on_any_number_of_threads() {
    let layer = Layer::new(convolution(40, 21), 2, false, 7.0, 3);
    let [relevance, before] = layer.values(&Scalar, thirds, 3);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut sources = before.clone();
        let edges = layer.edges();
        let backward = Backward::new(&edges).unwrap();
        pool.install(|| backward.blocks(&Blocked::default(), &annotate, &relevance, &mut sources, &())).unwrap();
        sources
    };
    let one = run(1);
    assert!(run(2) == one && run(3) == one);
}

#[test]
fn weights_are_packed_for_blocks() {
    // ρ(w) = w², under a source factor of 1.
    let wiring = Wiring::Dense { inputs: 300, outputs: 5 };
    let term = Term {
        source: SourceFactor::One,
        weight: WeightFactor::Square,
        destination: integers(wiring.destinations(), 1).into(),
    };
    let layer = Layer {
        weights: Weights::from(integers(wiring.weights(), 2)),
        activations: integers(wiring.sources(), 3),
        contributions: Contributions::Terms(vec![term]),
        wiring,
        batch: 1,
        arithmetic: Arithmetic::Direct,
    };
    check(&layer, 4).unwrap();
}
