//! Products against the walk along every edge, on random geometries, with every instruction set of the machine.

mod blocks;
mod layer;
mod winograd;

use kirchhoff_kernel::{
    Arithmetic, Backward, Contributions, EdgeWeights, Forward, Reduction, Sliding, Slopes, SourceFactor, Term,
    Threshold, WeightFactor, Weights, Window, Wiring,
};
use kirchhoff_semiring::{
    Annotation, Boolean, Bottleneck, Count, Counting, CountingFloat, Embed, Fuzzy, Lukasiewicz, MaxPlus, Real,
    RoundedCount, Semiring, Tropical, Viterbi,
};
use proptest::prelude::*;

use layer::{Layer, integers, sliding, under_all_instructions, walked, wiring};

/// Values of several machine words, added and multiplied word by word.
struct Wide<const WORDS: usize>;

impl<const WORDS: usize> Semiring for Wide<WORDS> {
    type Value = [f64; WORDS];

    fn zero(&self) -> Self::Value {
        [0.0; WORDS]
    }

    fn one(&self) -> Self::Value {
        [1.0; WORDS]
    }

    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        std::array::from_fn(|i| a[i] + b[i])
    }

    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        std::array::from_fn(|i| a[i] * b[i])
    }
}

/// Values of any size by the kernel for any semiring: to the bit.
fn wide<const WORDS: usize>(layer: &Layer, seed: u64) -> Result<(), TestCaseError> {
    let of = |x: f32| std::array::from_fn(|i| f64::from(x) + i as f64);
    let [relevance, before] = layer.values(&Wide::<WORDS>, of, seed);
    let expected = layer.walked(&Wide, of, &relevance, &before);
    let mut sources = before;
    Backward::new(&layer.edges()).unwrap().any(&Wide, of, &relevance, &mut sources, &()).unwrap();
    prop_assert_eq!(sources, expected);
    Ok(())
}

/// Records of numbers of different types, with bytes between them that are none.
struct Mixed;

impl Semiring for Mixed {
    type Value = (f32, u32, bool);

    fn zero(&self) -> Self::Value {
        (0.0, 0, false)
    }

    fn one(&self) -> Self::Value {
        (1.0, 1, true)
    }

    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        (a.0 + b.0, a.1.wrapping_add(b.1), a.2 | b.2)
    }

    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        (a.0 * b.0, a.1.wrapping_mul(b.1), a.2 & b.2)
    }
}

/// Records, whose words the kernel takes apart, by both ways that Θ is asked: to the bit of the walk, which leaves them as
/// they are.
fn records(layer: &Layer, seed: u64) -> Result<(), TestCaseError> {
    let of = |x: f32| (x, x as i32 as u32, x > 0.5);
    let [relevance, before] = layer.values(&Mixed, of, seed);
    let expected = layer.walked(&Mixed, of, &relevance, &before);
    let edges = layer.edges();
    let backward = Backward::new(&edges).unwrap();
    let mut sources = before.clone();
    backward.any(&Mixed, of, &relevance, &mut sources, &()).unwrap();
    prop_assert_eq!(&sources, &expected);
    let theta = |d: &[f32], values: &mut [_]| values.iter_mut().zip(d).for_each(|(value, &d)| *value = of(d));
    let mut sources = before;
    backward.any_theta(&Mixed, &theta, &relevance, &mut sources, &()).unwrap();
    prop_assert_eq!(&sources, &expected);
    Ok(())
}

/// Every semiring of numbers by the kernel for any, under one Θ: to the bit.
fn edge_by_edge<S: Embed>(layer: &Layer, semiring: &S, annotation: Annotation, seed: u64) -> Result<(), TestCaseError> {
    let theta = |d: f32| annotation.apply(semiring, d);
    let of = |x: f32| semiring.embed((x + 2.0) / 8.0);
    let [relevance, before] = layer.values(semiring, of, seed);
    let expected = layer.walked(semiring, theta, &relevance, &before);
    let mut sources = before;
    Backward::new(&layer.edges()).unwrap().any(semiring, theta, &relevance, &mut sources, &()).unwrap();
    prop_assert_eq!(sources, expected);
    Ok(())
}

/// The widest paths by their own kernel: to the bit, or left to another one.
fn widest<S: Embed<Value = f32>>(layer: &Layer, semiring: &S, seed: u64) -> Result<(), TestCaseError> {
    let of = |x: f32| semiring.embed((x + 2.0) / 8.0);
    let [relevance, before] = layer.values(semiring, of, seed);
    let expected = layer.walked(semiring, |d| semiring.embed(d), &relevance, &before);
    let mut sources = before.clone();
    let done = Backward::new(&layer.edges()).unwrap().max_min(semiring.zero(), &relevance, &mut sources, &()).unwrap();
    prop_assert_eq!(&sources, if done { &expected } else { &before });
    prop_assert_eq!(done, layer.batch >= 8 || matches!(layer.wiring, Wiring::Convolution(_)));
    Ok(())
}

fn near(found: &[f32], expected: &[f32]) -> Result<(), TestCaseError> {
    for (found, expected) in found.iter().zip(expected) {
        let close = found == expected || (found - expected).abs() <= 1e-5 * expected.abs().max(1.0);
        prop_assert!(close, "{} is not {}", found, expected);
    }
    Ok(())
}

proptest! {
    #[test]
    fn forward_products_are_walks(sliding in sliding(), seed in 0u64..1000) {
        let wiring = Wiring::Convolution(sliding);
        let activations = integers(wiring.sources(), seed);
        let weights = Weights::from(integers(wiring.weights(), seed + 1));
        let bias = integers(sliding.outputs, seed + 2);
        for (reduction, biased) in [(Reduction::Sum, false), (Reduction::Sum, true), (Reduction::Maximum, true)] {
            let forward = Forward {
                wiring: &wiring,
                weights: EdgeWeights::Shared(&weights),
                source: &SourceFactor::Activation(Slopes::IDENTITY),
                weight: WeightFactor::Weight(Slopes::ABSOLUTE),
                reduction,
                bias: biased.then_some(&bias),
                arithmetic: Arithmetic::default(),
            };
            let absolute: Vec<f32> = weights.iter().map(|w| w.abs()).collect();
            let mut expected = walked(&wiring, &absolute, &activations, reduction);
            if biased {
                let channel = sliding.destination[0] * sliding.destination[1];
                expected.iter_mut().enumerate().for_each(|(k, value)| *value += bias[k / channel]);
            }
            under_all_instructions(|| {
                let mut out = vec![f32::NAN; wiring.destinations()];
                forward.run(&activations, &mut out, &()).unwrap();
                prop_assert_eq!(&out, &expected);
                Ok(())
            })?;
        }
    }

    #[test]
    fn real_relevance_is_the_walk(wiring in wiring(), batch in 1usize..11, two in any::<bool>(), seed in 0u64..1000) {
        let layer = Layer::new(wiring, batch, two, 1.0, seed);
        let [relevance, before] = layer.values(&Real, |x| x, seed);
        let expected = layer.walked(&Real, |d| d, &relevance, &before);
        under_all_instructions(|| {
            let mut sources = before.clone();
            Backward::new(&layer.edges()).unwrap().plus_times(&relevance, &mut sources, &()).unwrap();
            prop_assert_eq!(&sources, &expected);
            Ok(())
        })?;
    }

    /// Contributions of at most 1: |a w v| ≤ 4 · 8 · 4.
    #[test]
    fn best_paths_are_the_walk(wiring in wiring(), batch in 1usize..11, two in any::<bool>(), seed in 0u64..1000) {
        let layer = Layer::new(wiring, batch, two, 128.0, seed);
        let [relevance, before] = layer.values(&Viterbi, |x| (x + 2.0) / 8.0, seed);
        let shares = layer.walked(&Viterbi, f32::abs, &relevance, &before);
        let costs = |values: &[f32]| values.iter().map(|x| Annotation::NegLog.apply(&Tropical, *x)).collect::<Vec<_>>();
        let logarithms = |values: &[f32]| costs(values).iter().map(|cost| 0.0 - cost).collect::<Vec<_>>();
        let cheapest = layer.walked(&Tropical, |d| Annotation::NegLog.apply(&Tropical, d), &costs(&relevance), &costs(&before));
        let theta = |d| Annotation::MinusNegLog.apply(&MaxPlus, d);
        let largest = layer.walked(&MaxPlus, theta, &logarithms(&relevance), &logarithms(&before));
        under_all_instructions(|| {
            let edges = layer.edges();
            let backward = Backward::new(&edges).unwrap();
            prop_assert!(backward.is_separate());
            let mut sources = before.clone();
            backward.max_times(&relevance, &mut sources, &()).unwrap();
            near(&sources, &shares)?;
            let mut sources = costs(&before);
            backward.min_plus(&costs(&relevance), &mut sources, &()).unwrap();
            near(&sources, &cheapest)?;
            let mut sources = logarithms(&before);
            backward.max_plus(&logarithms(&relevance), &mut sources, &()).unwrap();
            near(&sources, &largest)
        })?;
    }

    /// Thresholds that contributions meet exactly: rounding must not tell.
    #[test]
    fn reach_and_counts_are_the_walk(
        wiring in wiring(),
        batch in 1usize..11,
        two in any::<bool>(),
        scale in 1u16..1000,
        step in 1u16..60,
        absolute in any::<bool>(),
        shift in prop::sample::select(vec![0u64, 20, 40, 61, 130]),
        seed in 0u64..1000,
    ) {
        let scale = f32::from(scale);
        let layer = Layer::new(wiring, batch, two, scale, seed);
        let theta = f32::from(step) / scale;
        let annotation = if absolute { Annotation::ThresholdAbs(theta) } else { Annotation::Threshold(theta) };
        let threshold = Threshold { theta, absolute };
        let [relevant, reached] = layer.values(&Boolean, |x| x > 0.0, seed);
        let reachable = layer.walked(&Boolean, |d| annotation.apply(&Boolean, d), &relevant, &reached);
        let [counts, counted] = layer.values(&Counting, |x| Count::shifted((x + 4.0) as u64, shift), seed);
        let exact = layer.walked(&Counting, |d| annotation.apply(&Counting, d), &counts, &counted);
        let rounded = |counts: &[Count]| counts.iter().map(|c| RoundedCount::nearest(c.to_f64())).collect::<Vec<_>>();
        let theta = |d| annotation.apply(&CountingFloat, d);
        let approximate = layer.walked(&CountingFloat, theta, &rounded(&counts), &rounded(&counted));
        under_all_instructions(|| {
            let edges = layer.edges();
            let backward = Backward::new(&edges).unwrap();
            let mut sources = reached.clone();
            backward.reach(threshold, &relevant, &mut sources, &()).unwrap();
            prop_assert_eq!(&sources, &reachable);
            let mut sources = counted.clone();
            backward.count_exactly(threshold, &counts, &mut sources, &()).unwrap();
            prop_assert_eq!(&sources, &exact);
            let mut sources = rounded(&counted);
            prop_assert!(backward.count_rounded(threshold, &rounded(&counts), &mut sources, &()).unwrap());
            for (found, expected) in sources.iter().zip(&approximate) {
                prop_assert!(found.is_within(*expected, 4e-6), "{} is not {}", found, expected);
            }
            Ok(())
        })?;
    }

    #[test]
    fn any_semiring_is_the_walk(wiring in wiring(), batch in 1usize..11, seed in 0u64..1000) {
        let layer = Layer::new(wiring, batch, false, 128.0, seed);
        under_all_instructions(|| {
            widest(&layer, &Bottleneck, seed)?;
            widest(&layer, &Fuzzy, seed)?;
            edge_by_edge(&layer, &Bottleneck, Annotation::Identity, seed)?;
            edge_by_edge(&layer, &Lukasiewicz, Annotation::AbsClamp, seed)?;
            edge_by_edge(&layer, &Tropical, Annotation::NegLog, seed)?;
            edge_by_edge(&layer, &Boolean, Annotation::Threshold(0.1), seed)?;
            records(&layer, seed)?;
            wide::<2>(&layer, seed)?;
            wide::<4>(&layer, seed)
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Dense layers in batches beyond what one task takes, with more rows than are packed at a time.
    #[test]
    fn dense_batches_are_the_walk(
        inputs in 1usize..110,
        outputs in prop_oneof![1usize..40, 1000usize..1300],
        batch in prop::sample::select(vec![2usize, 3, 7, 8, 31, 32, 33, 63, 64, 65, 130]),
        seed in 0u64..1000,
    ) {
        let layer = Layer::new(Wiring::Dense { inputs, outputs }, batch, false, 1.0, seed);
        let [relevance, before] = layer.values(&Real, |x| x, seed);
        let expected = layer.walked(&Real, |d| d, &relevance, &before);
        let [relevant, reached] = layer.values(&Boolean, |x| x > 3.0, seed);
        let reachable = layer.walked(&Boolean, |d| d >= 5.0, &relevant, &reached);
        let weights: Vec<f32> = layer.weights.iter().map(|w| w.abs()).collect();
        let rows = layer.activations.chunks(inputs);
        let forwards: Vec<f32> = rows.flat_map(|row| walked(&layer.wiring, &weights, row, Reduction::Sum)).collect();
        under_all_instructions(|| {
            let edges = layer.edges();
            let backward = Backward::new(&edges).unwrap();
            let mut sources = before.clone();
            backward.plus_times(&relevance, &mut sources, &()).unwrap();
            prop_assert_eq!(&sources, &expected);
            let mut sources = reached.clone();
            let threshold = Threshold { theta: 5.0, absolute: false };
            backward.reach(threshold, &relevant, &mut sources, &()).unwrap();
            prop_assert_eq!(&sources, &reachable);
            let mut out = vec![f32::NAN; batch * outputs];
            layer.forward(WeightFactor::Weight(Slopes::ABSOLUTE), &mut out);
            prop_assert_eq!(&out, &forwards);
            Ok(())
        })?;
    }
}

#[test]
fn dense_batches_have_the_bits_of_their_executions() {
    // Weights within one phase, and beyond.
    for (inputs, outputs, batch) in [(300, 1100, 70), (4099, 1300, 3)] {
        let layer = Layer::new(Wiring::Dense { inputs, outputs }, batch, false, 7.0, 3);
        let [relevance, before] = layer.values(&Real, |x| x / 7.0, 3);
        let alone = |execution: usize| Layer {
            activations: layer.activations[execution * inputs..][..inputs].to_vec(),
            contributions: match &layer.contributions {
                Contributions::Terms(terms) => Contributions::Terms(
                    terms
                        .iter()
                        .map(|term| Term {
                            destination: term.destination[execution * outputs..][..outputs].into(),
                            ..term.clone()
                        })
                        .collect(),
                ),
                _ => unreachable!("a layer of terms"),
            },
            weights: layer.weights.clone(),
            wiring: layer.wiring.clone(),
            batch: 1,
            arithmetic: layer.arithmetic,
        };
        under_all_instructions(|| {
            let mut sources = before.clone();
            Backward::new(&layer.edges()).unwrap().plus_times(&relevance, &mut sources, &()).unwrap();
            let mut out = vec![0.0; batch * outputs];
            layer.forward(WeightFactor::IDENTITY, &mut out);
            for execution in 0..batch {
                let layer = alone(execution);
                let mut expected = before[execution * inputs..][..inputs].to_vec();
                let relevance = &relevance[execution * outputs..][..outputs];
                Backward::new(&layer.edges()).unwrap().plus_times(relevance, &mut expected, &()).unwrap();
                prop_assert_eq!(&sources[execution * inputs..][..inputs], &expected, "backward");
                let mut expected = vec![0.0; outputs];
                layer.forward(WeightFactor::IDENTITY, &mut expected);
                prop_assert_eq!(&out[execution * outputs..][..outputs], &expected, "forward");
            }
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn counts_too_far_apart_are_left_to_the_walk() {
    let layer = Layer::new(Wiring::Dense { inputs: 3, outputs: 2 }, 1, false, 1.0, 7);
    let huge = RoundedCount::nearest(f64::MAX);
    let relevance = [RoundedCount::ONE, huge.times(huge)];
    let mut sources = [RoundedCount::ZERO; 3];
    let edges = layer.edges();
    let threshold = Threshold { theta: 0.5, absolute: false };
    assert_eq!(Backward::new(&edges).unwrap().count_rounded(threshold, &relevance, &mut sources, &()), Ok(false));
    assert_eq!(sources, [RoundedCount::ZERO; 3]);
}

#[test]
fn products_are_the_same_bits_on_any_number_of_threads() {
    let window = Window::new([3, 3]).with_padding([1, 1]);
    let sliding = Sliding { window, inputs: 40, outputs: 50, groups: 1, source: [20, 21], destination: [20, 21] };
    let wiring = Wiring::Convolution(sliding);
    let fractions = |count: usize, seed: u64| integers(count, seed).into_iter().map(|x| x / 7.0).collect::<Vec<f32>>();
    let (activations, weights) = (fractions(wiring.sources(), 1), Weights::from(fractions(wiring.weights(), 2)));
    let forward = Forward {
        wiring: &wiring,
        weights: EdgeWeights::Shared(&weights),
        source: &SourceFactor::Activation(Slopes::IDENTITY),
        weight: WeightFactor::IDENTITY,
        reduction: Reduction::Sum,
        bias: None,
        arithmetic: Arithmetic::default(),
    };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut out = vec![0.0; wiring.destinations()];
        pool.install(|| forward.run(&activations, &mut out, &())).unwrap();
        out
    };
    under_all_instructions(|| {
        let one = run(1);
        assert!(one.iter().any(|&value| value != 0.0));
        assert_eq!(run(2), one);
        assert_eq!(run(3), one);
        Ok(())
    })
    .unwrap();
}
