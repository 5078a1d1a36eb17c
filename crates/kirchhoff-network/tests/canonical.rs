//! The canonical form computes what the original does, and is what it says it is.

mod oracle;

use kirchhoff_kernel::Window;
use kirchhoff_network::{
    Activation, Affine, Concatenate, Convolution, Dense, Network, NetworkBuilder, NodeId, Operator, Pad, Pool,
    PoolKind, Reshape, Softmax, Transpose, canonical,
};
use proptest::prelude::*;

/// Small numbers that look random, and are the same on every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn values<C: FromIterator<f32>>(&mut self, count: usize) -> C {
        (0..count).map(|_| self.next() as f32 / (1u64 << 30) as f32 - 1.0).collect()
    }

    fn dense(&mut self, inputs: usize, outputs: usize) -> Operator {
        let bias = (self.below(2) == 0).then(|| self.values(outputs));
        Operator::Dense(Dense { inputs, outputs, weights: self.values(inputs * outputs), bias })
    }

    fn convolution(&mut self, inputs: usize, outputs: usize, groups: usize, window: Window) -> Operator {
        let bias = (self.below(2) == 0).then(|| self.values(outputs));
        let weights = self.values(outputs * inputs / groups * window.taps());
        Operator::Convolution(Convolution { inputs, outputs, groups, window, weights, bias })
    }

    fn affine(&mut self, channels: usize) -> Operator {
        let (scale, mut shift) = (self.values(channels), self.values(channels));
        if self.below(3) == 0 {
            shift = std::iter::repeat_n(0.0, channels).collect();
        }
        Operator::Affine(Affine { scale, shift })
    }
}

fn chain(shape: &[usize], operators: Vec<(&str, Operator)>) -> Network {
    let mut builder = NetworkBuilder::new();
    let mut last = builder.input("input", shape).unwrap();
    for (name, operator) in operators {
        last = builder.add(name, operator, &[last]).unwrap();
    }
    builder.finish(last).unwrap()
}

fn names(network: &Network) -> Vec<&str> {
    network.nodes().map(|(_, node)| node.name.as_str()).collect()
}

/// A random network: each code adds one layer, whatever fits the shape at that point.
fn random_network(codes: &[u8], seed: u64) -> Network {
    let mut numbers = Numbers(seed);
    let mut builder = NetworkBuilder::new();
    let mut last = builder.input("input", &[2, 5, 4]).unwrap();
    let mut earlier: Vec<NodeId> = vec![last];
    for (position, code) in codes.iter().enumerate() {
        let shape = builder.shape(last).to_vec();
        let channels = shape[0];
        let count: usize = shape.iter().product();
        let image = shape.len() == 3;
        let operator = match code % 16 {
            0..=4 => numbers.affine(channels),
            5 | 6 if image => {
                let groups = if channels.is_multiple_of(2) { 1 + numbers.below(2) } else { 1 };
                let mut window = Window::new([1 + numbers.below(3), 1 + numbers.below(2)]);
                window.padding = [[numbers.below(2), numbers.below(2)], [0, numbers.below(2)]];
                let outputs = groups * (1 + numbers.below(2));
                numbers.convolution(channels, outputs, groups, window)
            }
            5 | 6 if shape.len() == 1 => {
                let outputs = 1 + numbers.below(8);
                numbers.dense(channels, outputs)
            }
            7 | 8 => Operator::Reshape(Reshape { shape: vec![count] }),
            9 if count.is_multiple_of(2) => Operator::Reshape(Reshape { shape: vec![2, 1, count / 2] }),
            9 => Operator::Reshape(Reshape { shape: vec![1, 1, count] }),
            10 => Operator::Dropout,
            11 => {
                let side = numbers.below(2);
                let border = shape.iter().enumerate().map(|(axis, _)| if axis > 0 { [side, 1] } else { [0, 0] });
                Operator::Pad(Pad { border: border.collect(), value: if numbers.below(3) == 0 { 0.5 } else { 0.0 } })
            }
            12 if image => Operator::Pool(Pool { kind: PoolKind::Maximum, window: Some(Window::new([1, 1])) }),
            13 => Operator::Concatenate(Concatenate { axis: 0 }),
            14 | 15 => {
                let same: Vec<NodeId> = earlier.iter().copied().filter(|&node| builder.shape(node) == shape).collect();
                let other = same[numbers.below(same.len())];
                last = builder.add(format!("layer{position}"), Operator::Add, &[last, other]).unwrap();
                earlier.push(last);
                continue;
            }
            _ => Operator::Activation(Activation::Relu),
        };
        if let Ok(node) = builder.add(format!("layer{position}"), operator, &[last]) {
            last = node;
            earlier.push(last);
        }
    }
    builder.finish(last).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn random_networks_keep_their_output(codes in prop::collection::vec(0u8..16, 1..14), seed in any::<u64>()) {
        let network = random_network(&codes, seed);
        let once = canonical(&network).unwrap();
        let input: Vec<f32> = Numbers(seed ^ 1).values(40);
        let values = oracle::run(&network, &input);
        let (expected, got) = (&values[&network.output()], oracle::output(&once, &input));
        prop_assert_eq!(&network.node(network.output()).shape, &once.node(once.output()).shape);
        // Terms may cancel: the scale of rounding errors is that of the largest value on the way.
        let largest = values.values().flatten().fold(1.0, |largest: f64, value| largest.max(value.abs()));
        for (a, b) in expected.iter().zip(&got) {
            prop_assert!((a - b).abs() <= 1e-5 * largest, "{} {} in {:?} -> {:?}", a, b, names(&network), names(&once));
        }
        let twice = canonical(&once).unwrap();
        prop_assert_eq!(names(&once), names(&twice));
        for ((_, a), (_, b)) in once.nodes().zip(twice.nodes()) {
            for ((_, a), (_, b)) in a.operator.parameters().into_iter().zip(b.operator.parameters()) {
                prop_assert_eq!(&a[..], &b[..]);
            }
        }
    }
}

#[test]
fn batch_norm_folds_into_the_convolution_before_it() {
    let mut numbers = Numbers(1);
    let network = chain(
        &[2, 5, 5],
        vec![
            ("0", numbers.convolution(2, 3, 1, Window::new([3, 3]).with_padding([1, 1]))),
            ("1", numbers.affine(3)),
            ("2", Operator::Activation(Activation::Relu)),
        ],
    );
    assert_eq!(names(&canonical(&network).unwrap()), ["input", "0", "2"]);
}

#[test]
fn a_shift_stays_before_a_zero_padded_convolution_and_a_scale_does_not() {
    let mut numbers = Numbers(2);
    let padded = numbers.convolution(2, 3, 1, Window::new([3, 3]).with_padding([1, 1]));
    let affine = |shift: f32| Operator::Affine(Affine { scale: vec![2.0, 3.0].into(), shift: vec![0.0, shift].into() });
    let shifted = chain(&[2, 5, 5], vec![("0", affine(1.0)), ("1", padded.clone())]);
    assert_eq!(names(&canonical(&shifted).unwrap()), ["input", "0", "1"]);
    let scaled = chain(&[2, 5, 5], vec![("0", affine(0.0)), ("1", padded)]);
    assert_eq!(names(&canonical(&scaled).unwrap()), ["input", "1"]);
    let plain = numbers.convolution(2, 3, 1, Window::new([3, 3]));
    let shifted = chain(&[2, 5, 5], vec![("0", affine(1.0)), ("1", plain)]);
    assert_eq!(names(&canonical(&shifted).unwrap()), ["input", "1"]);
}

#[test]
fn an_affine_passes_a_flattening_in_both_directions() {
    let mut numbers = Numbers(3);
    let flatten = || Operator::Reshape(Reshape { shape: vec![8] });
    let before = chain(
        &[2, 2, 2],
        vec![
            ("relu", Operator::Activation(Activation::Relu)),
            ("affine", numbers.affine(2)),
            ("flatten", flatten()),
            ("dense", numbers.dense(8, 3)),
        ],
    );
    assert_eq!(names(&canonical(&before).unwrap()), ["input", "relu", "flatten", "dense"]);
    let after = chain(
        &[4],
        vec![
            ("dense", numbers.dense(4, 8)),
            ("unflatten", Operator::Reshape(Reshape { shape: vec![2, 2, 2] })),
            ("affine", numbers.affine(2)),
            ("relu", Operator::Activation(Activation::Relu)),
        ],
    );
    assert_eq!(names(&canonical(&after).unwrap()), ["input", "dense", "unflatten", "relu"]);
    // One factor a feature is none a channel.
    let features = chain(
        &[1, 2, 2],
        vec![
            ("convolution", numbers.convolution(1, 2, 1, Window::new([1, 1]))),
            ("flatten", flatten()),
            ("affine", numbers.affine(8)),
        ],
    );
    assert_eq!(names(&canonical(&features).unwrap()), ["input", "convolution", "flatten", "affine"]);
}

#[test]
fn an_affine_stays_where_another_layer_sees_what_it_would_change() {
    let mut numbers = Numbers(4);
    let mut builder = NetworkBuilder::new();
    let input = builder.input("input", &[3]).unwrap();
    let dense = builder.add("dense", numbers.dense(3, 3), &[input]).unwrap();
    let affine = builder.add("affine", numbers.affine(3), &[dense]).unwrap();
    let sum = builder.add("sum", Operator::Add, &[dense, affine]).unwrap();
    let network = builder.finish(sum).unwrap();
    assert_eq!(names(&canonical(&network).unwrap()), ["input", "dense", "affine", "sum"]);
    // Through an activation nothing passes.
    let network = chain(
        &[3],
        vec![
            ("a", numbers.affine(3)),
            ("relu", Operator::Activation(Activation::Relu)),
            ("b", numbers.affine(3)),
            ("c", numbers.affine(3)),
            ("relu2", Operator::Activation(Activation::Relu)),
        ],
    );
    assert_eq!(names(&canonical(&network).unwrap()), ["input", "a", "relu", "b", "relu2"]);
}

#[test]
fn a_final_softmax_goes_and_an_inner_one_stays() {
    let mut numbers = Numbers(5);
    for logarithm in [false, true] {
        let network = chain(
            &[3],
            vec![
                ("dense", numbers.dense(3, 4)),
                ("softmax", Operator::Softmax(Softmax { logarithm, axis: 0 })),
                ("dropout", Operator::Dropout),
                ("reshape", Operator::Reshape(Reshape { shape: vec![1, 4] })),
            ],
        );
        let form = canonical(&network).unwrap();
        assert_eq!(names(&form), ["input", "dense", "reshape"]);
    }
    let network = chain(
        &[3],
        vec![("attention", Operator::Softmax(Softmax { logarithm: false, axis: 0 })), ("dense", numbers.dense(3, 4))],
    );
    assert_eq!(names(&canonical(&network).unwrap()), ["input", "attention", "dense"]);
    // What a final sigmoid makes of a logit is no more than its probability.
    let sigmoid = Operator::Activation(Activation::Sigmoid);
    let network = chain(&[3], vec![("gate", sigmoid.clone()), ("dense", numbers.dense(3, 1)), ("sigmoid", sigmoid)]);
    assert_eq!(names(&canonical(&network).unwrap()), ["input", "gate", "dense"]);
}

#[test]
fn what_forwards_its_argument_disappears() {
    let mut numbers = Numbers(6);
    let network = chain(
        &[2, 3, 4],
        vec![
            ("one", Operator::Concatenate(Concatenate { axis: 0 })),
            ("a", Operator::Reshape(Reshape { shape: vec![6, 4] })),
            ("b", Operator::Reshape(Reshape { shape: vec![24] })),
            ("c", Operator::Reshape(Reshape { shape: vec![2, 3, 4] })),
            ("pad", Operator::Pad(Pad { border: vec![[0, 0]; 3], value: 1.0 })),
            ("transpose", Operator::Transpose(Transpose { axes: vec![0, 1, 2] })),
            ("identity", Operator::Affine(Affine { scale: vec![1.0; 2].into(), shift: vec![0.0; 2].into() })),
            ("convolution", numbers.convolution(2, 1, 1, Window::new([2, 2]))),
            ("dropout", Operator::Dropout),
        ],
    );
    assert_eq!(names(&canonical(&network).unwrap()), ["input", "convolution"]);
    let nothing = chain(&[2], vec![("dropout", Operator::Dropout)]);
    assert_eq!(names(&canonical(&nothing).unwrap()), ["input"]);
}

#[test]
fn unchanged_weights_are_shared() {
    let mut numbers = Numbers(7);
    let network = chain(&[3], vec![("dense", numbers.dense(3, 4))]);
    let form = canonical(&network).unwrap();
    let weights = |network: &Network| network.node(network.output()).operator.parameters()[0].1.as_ptr();
    assert_eq!(weights(&network), weights(&form));
}
