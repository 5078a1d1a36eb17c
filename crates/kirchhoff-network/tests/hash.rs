//! The hash of networks, pinned: stored circuits and the states of studies depend on it. `fixtures/make_hashes.py` computes
//! the hashes by itself.

use kirchhoff_kernel::Window;
use kirchhoff_network::{
    Activation, Affine, Concatenate, Convolution, Dense, Elementary, Network, NetworkBuilder, Operator, Pad, Pool,
    PoolKind, Reshape, Slice, SliceAxis, Softmax, Transpose, hash_version, network_hash,
};

/// A network of one operator between an input of the given shape and the output.
fn single(shape: &[usize], operator: Operator) -> Network {
    let mut builder = NetworkBuilder::new();
    let input = builder.input("x", shape).unwrap();
    let output = builder.add("layer", operator, &[input]).unwrap();
    builder.finish(output).unwrap()
}

/// A network of one operator that takes the input twice.
fn twice(shape: &[usize], operator: Operator) -> Network {
    let mut builder = NetworkBuilder::new();
    let input = builder.input("x", shape).unwrap();
    let output = builder.add("layer", operator, &[input, input]).unwrap();
    builder.finish(output).unwrap()
}

fn convolution(bias: bool) -> Operator {
    let window = Window { kernel: [2, 1], stride: [1, 2], padding: [[1, 0], [0, 1]], dilation: [2, 1], ceil: false };
    let weights = vec![1.0, -2.0, 0.5, 0.25].into();
    let bias = bias.then(|| vec![0.5, -0.5].into());
    Operator::Convolution(Convolution { inputs: 2, outputs: 2, groups: 2, window, weights, bias })
}

fn dense(bias: bool) -> Operator {
    let bias = bias.then(|| vec![0.125].into());
    Operator::Dense(Dense { inputs: 2, outputs: 1, weights: vec![1.0, -2.0].into(), bias })
}

fn pool(kind: PoolKind, window: Option<Window>) -> Network {
    single(&[1, 4, 4], Operator::Pool(Pool { kind, window }))
}

fn activation(activation: Activation) -> Network {
    single(&[2], Operator::Activation(activation))
}

/// Every operator, and every form of it.
fn networks() -> Vec<(&'static str, Network)> {
    let window = Window::new([2, 2]).with_stride([2, 2]);
    let axis = |start, step, length| SliceAxis { start, step, length };
    vec![
        ("dense", single(&[2], dense(false))),
        ("dense with bias", single(&[2], dense(true))),
        ("convolution", single(&[2, 4, 4], convolution(false))),
        ("convolution with bias", single(&[2, 4, 4], convolution(true))),
        ("maximum pool", pool(PoolKind::Maximum, Some(window))),
        ("global maximum pool", pool(PoolKind::Maximum, None)),
        ("average pool", pool(PoolKind::Average { count_padding: false }, Some(window))),
        ("average pool that counts", pool(PoolKind::Average { count_padding: true }, Some(window))),
        (
            "affine",
            single(&[2], Operator::Affine(Affine { scale: vec![2.0, 0.5].into(), shift: vec![0.0, 1.0].into() })),
        ),
        ("relu", activation(Activation::Relu)),
        ("leaky relu", activation(Activation::LeakyRelu { slope: 0.125 })),
        ("clip", activation(Activation::Clip { low: 0.0, high: 6.0 })),
        ("sigmoid", activation(Activation::Sigmoid)),
        ("tanh", activation(Activation::Tanh)),
        ("elu", activation(Activation::Elu { alpha: 1.0 })),
        ("silu", activation(Activation::Silu)),
        ("gelu", activation(Activation::Gelu { tanh: false })),
        ("gelu by tanh", activation(Activation::Gelu { tanh: true })),
        ("hard sigmoid", activation(Activation::HardSigmoid { slope: 0.25, shift: 0.5 })),
        ("hard swish", activation(Activation::HardSwish)),
        ("mish", activation(Activation::Mish)),
        ("softplus", activation(Activation::Softplus)),
        ("softsign", activation(Activation::Softsign)),
        ("selu", activation(Activation::Selu { alpha: 1.5, scale: 1.25 })),
        ("celu", activation(Activation::Celu { alpha: 0.5 })),
        ("thresholded relu", activation(Activation::ThresholdedRelu { threshold: 1.0 })),
        ("shrink", activation(Activation::Shrink { bias: 0.25, threshold: 0.5 })),
        ("power", activation(Activation::Power { exponent: 3.0 })),
        ("exponential", activation(Activation::Elementary(Elementary::Exponential))),
        ("inverse hyperbolic tangent", activation(Activation::Elementary(Elementary::AreaTangent))),
        ("add", twice(&[2], Operator::Add)),
        ("concatenate", twice(&[2, 3], Operator::Concatenate(Concatenate { axis: 1 }))),
        ("slice", single(&[2, 4], Operator::Slice(Slice { axes: vec![axis(1, 1, 1), axis(3, -2, 2)] }))),
        ("transpose", single(&[2, 3], Operator::Transpose(Transpose { axes: vec![1, 0] }))),
        ("reshape", single(&[2, 3], Operator::Reshape(Reshape { shape: vec![6] }))),
        ("pad", single(&[2, 3], Operator::Pad(Pad { border: vec![[0, 0], [1, 2]], value: 0.5 }))),
        ("dropout", single(&[2], Operator::Dropout)),
        ("softmax", single(&[2], Operator::Softmax(Softmax { logarithm: false, axis: 0 }))),
        ("log-softmax", single(&[2], Operator::Softmax(Softmax { logarithm: true, axis: 0 }))),
    ]
}

#[test]
fn hashes_of_networks_stay_what_they_are() {
    let pinned: Vec<(&str, &str)> = include_str!("fixtures/hashes.txt")
        .lines()
        .map(|line| line.split_once(" = ").expect("a name and a hash"))
        .collect();
    let got: Vec<(&str, String)> = networks().iter().map(|(name, network)| (*name, network_hash(network))).collect();
    let text: String = got.iter().map(|(name, hash)| format!("{name} = {hash}\n")).collect();
    let got: Vec<(&str, &str)> = got.iter().map(|(name, hash)| (*name, &hash[..])).collect();
    assert_eq!(got, pinned, "stored circuits would be refused: raise HASH_VERSION to change these\n{text}");
}

#[test]
fn no_two_networks_share_a_hash() {
    let mut hashes: Vec<String> = networks().iter().map(|(_, network)| network_hash(network)).collect();
    let count = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), count);
}

#[test]
fn names_order_and_weights_enter_the_hash() {
    let network = |name: &str, weights: [f32; 2], swapped: bool| {
        let mut builder = NetworkBuilder::new();
        let input = builder.input("x", &[2]).unwrap();
        let dense = Dense { inputs: 2, outputs: 2, weights: [weights, weights].concat().into(), bias: None };
        let a = builder.add(name, Operator::Dense(dense), &[input]).unwrap();
        let arguments = if swapped { [input, a] } else { [a, input] };
        let sum = builder.add("sum", Operator::Add, &arguments).unwrap();
        network_hash(&builder.finish(sum).unwrap())
    };
    let base = network("a", [1.0, 2.0], false);
    assert_eq!(base, network("a", [1.0, 2.0], false));
    for other in [network("b", [1.0, 2.0], false), network("a", [1.0, 2.5], false), network("a", [1.0, 2.0], true)] {
        assert_ne!(base, other);
    }
}

#[test]
fn a_hash_says_its_version() {
    let network = single(&[2], dense(true));
    assert_eq!(hash_version(&network_hash(&network)), Some(2));
    assert_eq!(hash_version(&"0a".repeat(32)), Some(1));
    assert_eq!(hash_version("2:0a"), None);
    assert_eq!(hash_version("hash"), None);
}
