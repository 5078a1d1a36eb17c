//! Products against the walk along every edge, on random geometries, with every instruction set of the machine.

use std::sync::Mutex;

use kirchhoff_kernel::{
    Backward, Contributions, Forward, Instructions, LayerEdges, Reduction, Sliding, Slopes, SourceFactor, Term,
    Threshold, WeightFactor, Weights, Window, Wiring, propagate,
};
use kirchhoff_semiring::{
    Annotation, Boolean, Bottleneck, Count, Counting, CountingFloat, Embed, Fuzzy, Lukasiewicz, MaxPlus, Real,
    RoundedCount, Semiring, Tropical, Viterbi,
};
use proptest::prelude::*;

/// Runs a test under every instruction set, one test at a time: the choice is the process's.
fn under_all_instructions(mut test: impl FnMut() -> Result<(), TestCaseError>) -> Result<(), TestCaseError> {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let done = Instructions::available().into_iter().try_for_each(|set| {
        Instructions::force(Some(set));
        test()
    });
    Instructions::force(None);
    done
}

fn sliding() -> impl Strategy<Value = Sliding> {
    // Widths beyond one strip of registers, channels beyond one panel of rows.
    let axis = (1usize..40, 1usize..5, 1usize..4, 0usize..4, 0usize..4, 1usize..4);
    (axis.clone(), axis, 1usize..3, 3usize..11, 3usize..11).prop_filter_map(
        "a window that fits",
        |(y, x, groups, inputs, outputs)| {
            let window = Window {
                kernel: [y.1, x.1],
                stride: [y.2, x.2],
                padding: [[y.3, y.4], [x.3, x.4]],
                dilation: [y.5, x.5],
                ceil: false,
            };
            let source = [y.0, x.0];
            let destination = window.output(source).ok()?;
            Some(Sliding { window, inputs: inputs * groups, outputs: outputs * groups, groups, source, destination })
        },
    )
}

/// Small integers: every sum of products is exact in f32, whatever its order.
fn integers(count: usize, seed: u64) -> Vec<f32> {
    let mixed = |i: u64| {
        (i.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed.wrapping_mul(1_442_695_040_888_963_407))) >> 33
    };
    (0..count as u64).map(|i| (mixed(i) % 9) as f32 - 4.0).collect()
}

/// The forward pass, edge by edge.
fn walked(wiring: &Wiring, weights: &[f32], factors: &[f32], reduction: Reduction) -> Vec<f32> {
    let mut out = vec![0.0f32; wiring.destinations()];
    let block = wiring.destination_block();
    for first in (0..out.len()).step_by(block) {
        wiring.entering(first..first + block, |run| {
            for i in 0..run.length {
                let product = factors[run.source_at(i)] * weights[run.weight_at(i)];
                let out = &mut out[run.destination_at(i)];
                *out = if reduction == Reduction::Sum { *out + product } else { out.max(product) };
            }
        });
    }
    out
}

/// A wiring that products are made for: a convolution, or a dense layer of about as many neurons.
fn wiring() -> impl Strategy<Value = Wiring> {
    (sliding(), any::<bool>()).prop_map(|(sliding, dense)| match dense {
        true => {
            Wiring::Dense { inputs: sliding.inputs * sliding.source[0] * sliding.source[1], outputs: sliding.outputs }
        }
        false => Wiring::Convolution(sliding),
    })
}

/// One layer in a batch of executions, of numbers whose products are exact in f32.
struct Layer {
    wiring: Wiring,
    weights: Weights,
    activations: Vec<f32>,
    contributions: Contributions,
    batch: usize,
}

impl Layer {
    /// A layer with one term, or with two that are apart by the sign of the source; `scale` is what contributions are
    /// divided by.
    fn new(wiring: Wiring, batch: usize, two: bool, scale: f32, seed: u64) -> Self {
        let slopes = if two { vec![Slopes::POSITIVE, Slopes::NEGATIVE] } else { vec![Slopes::IDENTITY] };
        let term = |(number, slopes): (usize, Slopes)| {
            let destination = integers(batch * wiring.destinations(), seed + 2 + number as u64);
            Term {
                source: SourceFactor::Activation(slopes),
                weight: WeightFactor::Weight(Slopes { positive: 1.0 + number as f32, negative: 1.0 }),
                destination: destination.into_iter().map(|v| v / scale).collect(),
            }
        };
        Layer {
            weights: integers(wiring.weights(), seed + 1).into(),
            activations: integers(batch * wiring.sources(), seed),
            contributions: Contributions::Terms(slopes.into_iter().enumerate().map(term).collect()),
            wiring,
            batch,
        }
    }

    fn edges(&self) -> LayerEdges<'_> {
        LayerEdges {
            wiring: &self.wiring,
            weights: Some(&self.weights),
            activations: &self.activations,
            contributions: &self.contributions,
            batch: self.batch,
        }
    }

    /// The forward pass, by the product.
    fn forward(&self, weight: WeightFactor, out: &mut [f32]) {
        let forward = Forward {
            wiring: &self.wiring,
            weights: Some(&self.weights),
            source: &SourceFactor::Activation(Slopes::IDENTITY),
            weight,
            reduction: Reduction::Sum,
            bias: None,
        };
        forward.run(&self.activations, out, &()).unwrap();
    }

    /// Relevance along every edge, added to what sources had.
    fn walked<S: Semiring>(
        &self,
        semiring: &S,
        theta: impl Fn(f32) -> S::Value + Sync,
        relevance: &[S::Value],
        before: &[S::Value],
    ) -> Vec<S::Value> {
        let (edges, mut sources) = (self.edges(), before.to_vec());
        let (from, to) = (self.wiring.destinations(), self.wiring.sources());
        for (execution, sources) in sources.chunks_mut(to).enumerate() {
            let relevance = &relevance[execution * from..(execution + 1) * from];
            propagate(&edges.execution(execution), semiring, &theta, relevance, sources, &()).unwrap();
        }
        sources
    }

    /// Values at the destinations, and at the sources before: some of them 0.
    fn values<S: Semiring>(&self, semiring: &S, of: impl Fn(f32) -> S::Value, seed: u64) -> [Vec<S::Value>; 2] {
        let of = |x: &f32| if *x <= -2.0 { semiring.zero() } else { of(*x) };
        [self.wiring.destinations(), self.wiring.sources()]
            .map(|size| integers(self.batch * size, seed + size as u64).iter().map(of).collect())
    }
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
                weights: Some(&weights),
                source: &SourceFactor::Activation(Slopes::IDENTITY),
                weight: WeightFactor::Weight(Slopes::ABSOLUTE),
                reduction,
                bias: biased.then_some(&bias),
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
            backward.reach(threshold, |k| relevant[k], |reached| *reached = true, &mut sources, &()).unwrap();
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
            edge_by_edge(&layer, &Boolean, Annotation::Threshold(0.1), seed)
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
            backward.reach(threshold, |k| relevant[k], |reached| *reached = true, &mut sources, &()).unwrap();
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
        weights: Some(&weights),
        source: &SourceFactor::Activation(Slopes::IDENTITY),
        weight: WeightFactor::IDENTITY,
        reduction: Reduction::Sum,
        bias: None,
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
