//! Products over planes against the walk along every edge, on random geometries.

use kirchhoff_kernel::{
    Contributions, Edges, Forward, Reduction, Sliding, Slopes, SourceFactor, Term, WeightFactor, Window, Wiring,
    propagate, propagate_linear,
};
use kirchhoff_semiring::Real;
use proptest::prelude::*;

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

proptest! {
    #[test]
    fn forward_products_are_walks(sliding in sliding(), seed in 0u64..1000) {
        let wiring = Wiring::Convolution(sliding);
        let (activations, weights) = (integers(wiring.sources(), seed), integers(wiring.weights(), seed + 1));
        for reduction in [Reduction::Sum, Reduction::Maximum] {
            let forward = Forward {
                wiring: &wiring,
                weights: Some(&weights),
                source: &SourceFactor::Activation(Slopes::IDENTITY),
                weight: WeightFactor::Weight(Slopes::ABSOLUTE),
                reduction,
            };
            let mut out = vec![f32::NAN; wiring.destinations()];
            forward.run(&activations, &mut out, &()).unwrap();
            let absolute: Vec<f32> = weights.iter().map(|w| w.abs()).collect();
            prop_assert_eq!(out, walked(&wiring, &absolute, &activations, reduction));
        }
    }

    #[test]
    fn real_relevance_is_the_walk(sliding in sliding(), dense in any::<bool>(), seed in 0u64..1000) {
        let wiring = if dense {
            Wiring::Dense { inputs: sliding.inputs * sliding.source[0] * sliding.source[1], outputs: sliding.outputs }
        } else {
            Wiring::Convolution(sliding)
        };
        let (activations, weights) = (integers(wiring.sources(), seed), integers(wiring.weights(), seed + 1));
        // Two executions: the second one is explained.
        let term = |source: Slopes, weight: Slopes, seed: u64| Term {
            source: SourceFactor::Activation(source),
            weight: WeightFactor::Weight(weight),
            destination: integers(2 * wiring.destinations(), seed).into(),
        };
        let terms = vec![
            term(Slopes::POSITIVE, Slopes::IDENTITY, seed + 2),
            term(Slopes::NEGATIVE, Slopes { positive: 2.0, negative: 1.0 }, seed + 3),
        ];
        let edges = Edges {
            wiring: &wiring,
            weights: Some(&weights),
            activations: &activations,
            contributions: &Contributions::Terms(terms),
            execution: 1,
        };
        let relevance = integers(wiring.destinations(), seed + 4);
        let mut expected = integers(wiring.sources(), seed + 5);
        let mut sources = expected.clone();
        propagate(&edges, &Real, |d| d, &relevance, &mut expected, &()).unwrap();
        propagate_linear(&edges, &relevance, &mut sources, &()).unwrap();
        prop_assert_eq!(sources, expected);
    }
}

#[test]
fn products_are_the_same_bits_on_any_number_of_threads() {
    let window = Window::new([3, 3]).with_padding([1, 1]);
    let sliding = Sliding { window, inputs: 40, outputs: 50, groups: 1, source: [20, 21], destination: [20, 21] };
    let wiring = Wiring::Convolution(sliding);
    let fractions = |count: usize, seed: u64| integers(count, seed).into_iter().map(|x| x / 7.0).collect::<Vec<f32>>();
    let (activations, weights) = (fractions(wiring.sources(), 1), fractions(wiring.weights(), 2));
    let forward = Forward {
        wiring: &wiring,
        weights: Some(&weights),
        source: &SourceFactor::Activation(Slopes::IDENTITY),
        weight: WeightFactor::IDENTITY,
        reduction: Reduction::Sum,
    };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut out = vec![0.0; wiring.destinations()];
        pool.install(|| forward.run(&activations, &mut out, &())).unwrap();
        out
    };
    let one = run(1);
    assert!(one.iter().any(|&value| value != 0.0));
    assert_eq!(run(2), one);
    assert_eq!(run(3), one);
}
