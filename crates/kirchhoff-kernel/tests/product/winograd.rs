//! Convolutions in fewer multiplications against the walk along every edge.

use kirchhoff_kernel::{Arithmetic, Backward, Reduction, Sliding, Slopes, WeightFactor, Window, Wiring};
use kirchhoff_semiring::Real;
use proptest::prelude::*;

use crate::layer::{Layer, under_all_instructions, walked};

/// Convolutions of 3 × 3 and stride 1 that are large enough, of odd and even images, below and beyond one band of tiles.
fn convolution() -> impl Strategy<Value = Sliding> {
    let axis = (14usize..44, 0usize..4, 0usize..4);
    let channels = prop::sample::select(vec![16usize, 17, 33, 36, 70]);
    (axis.clone(), axis, 1usize..3, channels.clone(), channels).prop_filter_map(
        "an image of enough tiles",
        |(y, x, groups, inputs, outputs)| {
            let padding = [[y.1, y.2], [x.1, x.2]];
            let window = Window { padding, ..Window::new([3, 3]) };
            let source = [y.0, x.0];
            let destination = window.output(source).ok()?;
            let sliding =
                Sliding { window, inputs: inputs * groups, outputs: outputs * groups, groups, source, destination };
            (destination[0] * destination[1] >= 400).then_some(sliding)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Of integers whose quarters are exact: to the bit.
    #[test]
    fn tiles_are_the_walk(sliding in convolution(), batch in 1usize..4, two in any::<bool>(), seed in 0u64..1000) {
        let mut layer = Layer::new(Wiring::Convolution(sliding), batch, two, 1.0, seed);
        layer.arithmetic = Arithmetic::Winograd;
        let weights: Vec<f32> = layer.weights.iter().map(|w| w.abs()).collect();
        let images = layer.activations.chunks(layer.wiring.sources());
        let forwards: Vec<f32> =
            images.flat_map(|image| walked(&layer.wiring, &weights, image, Reduction::Sum)).collect();
        let [relevance, before] = layer.values(&Real, |x| x, seed);
        let expected = layer.walked(&Real, |d| d, &relevance, &before);
        under_all_instructions(|| {
            let mut out = vec![f32::NAN; forwards.len()];
            layer.forward(WeightFactor::Weight(Slopes::ABSOLUTE), &mut out);
            prop_assert_eq!(&out, &forwards);
            let mut sources = before.clone();
            Backward::new(&layer.edges()).unwrap().plus_times(&relevance, &mut sources, &()).unwrap();
            prop_assert_eq!(&sources, &expected);
            Ok(())
        })?;
    }
}

/// Numbers of either sign, small and large.
fn reals(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next() * next() * 3.0).collect()
}

/// A batch of two images of 40 × 37 (two bands of tiles) or of 23 × 22 (one), 20 channels to 70.
fn layers() -> [Layer; 2] {
    [[40, 37], [23, 22]].map(|source| {
        let window = Window::new([3, 3]).with_padding([1, 1]);
        let sliding = Sliding { window, inputs: 20, outputs: 70, groups: 1, source, destination: source };
        let mut layer = Layer::new(Wiring::Convolution(sliding), 2, false, 1.0, 5);
        layer.arithmetic = Arithmetic::Winograd;
        layer.activations = reals(layer.activations.len(), 7);
        layer.weights = reals(layer.weights.len(), 8).into();
        layer
    })
}

#[test]
fn tiles_have_the_same_bits_in_any_batch_and_on_any_number_of_threads() {
    for layer in layers() {
        let size = layer.wiring.sources();
        let forward = |layer: &Layer, threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut out = vec![f32::NAN; layer.batch * layer.wiring.destinations()];
            pool.install(|| layer.forward(WeightFactor::IDENTITY, &mut out));
            out
        };
        let alone = |execution: usize| {
            let mut alone = Layer::new(layer.wiring.clone(), 1, false, 1.0, 5);
            alone.arithmetic = Arithmetic::Winograd;
            alone.activations = layer.activations[execution * size..][..size].to_vec();
            alone.weights = layer.weights.clone();
            forward(&alone, 2)
        };
        under_all_instructions(|| {
            let expected = forward(&layer, 1);
            prop_assert_eq!(forward(&layer, 3), expected.clone());
            prop_assert_eq!([alone(0), alone(1)].concat(), expected);
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn tiles_are_rounded_little_more_than_edges() {
    for mut layer in layers() {
        let of = |layer: &Layer| {
            let mut out = vec![f32::NAN; layer.batch * layer.wiring.destinations()];
            layer.forward(WeightFactor::IDENTITY, &mut out);
            out
        };
        let Wiring::Convolution(sliding) = &layer.wiring else { unreachable!("a convolution") };
        let [height, width] = sliding.source;
        let exact = |number: usize| -> f64 {
            let (execution, k) = (number / layer.wiring.destinations(), number % layer.wiring.destinations());
            let (channel, y, x) = (k / (height * width), k / width % height, k % width);
            let image = &layer.activations[execution * layer.wiring.sources()..];
            let taps = (0..sliding.inputs * 9).map(|tap| (tap / 9, tap / 3 % 3, tap % 3));
            let inside = taps
                .filter(|&(_, down, right)| (1..=height).contains(&(y + down)) && (1..=width).contains(&(x + right)));
            inside
                .map(|(input, down, right)| {
                    let value = image[(input * height + y + down - 1) * width + x + right - 1];
                    let weight = layer.weights[(channel * sliding.inputs + input) * 9 + down * 3 + right];
                    f64::from(value) * f64::from(weight)
                })
                .sum()
        };
        let exact: Vec<f64> = (0..layer.batch * layer.wiring.destinations()).map(exact).collect();
        let largest = exact.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let error = |found: &[f32]| {
            let errors = found.iter().zip(&exact).map(|(found, exact)| (f64::from(*found) - exact).abs());
            errors.fold(0.0, f64::max) / largest
        };
        under_all_instructions(|| {
            layer.arithmetic = Arithmetic::Winograd;
            let tiles = of(&layer);
            layer.arithmetic = Arithmetic::Direct;
            let edges = of(&layer);
            prop_assert_ne!(&tiles, &edges, "both ways are the same one");
            let [tiles, edges] = [error(&tiles), error(&edges)];
            prop_assert!(tiles < 6e-7 && tiles < 4.0 * edges, "{} of the largest, by edges {}", tiles, edges);
            Ok(())
        })
        .unwrap();
    }
}
