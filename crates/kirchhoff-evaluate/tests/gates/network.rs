//! Random small networks of every kind of layer, with branches that meet again.

use std::sync::Arc;

use kirchhoff_circuit::LayeredCircuit;
use kirchhoff_compile::{Assignment, MaximumPooling, compile};
use kirchhoff_kernel::{Weights, Window};
use kirchhoff_network::*;

/// A small generator of random numbers (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    pub fn weights(&mut self, count: usize) -> Weights {
        (0..count).map(|_| (self.below(17) as f32 - 8.0) / 7.0).collect()
    }
}

/// A network over an image of 2 × 4 × 4, one layer of each kind in some order, and a dense layer at the end.
pub fn network(random: &mut Random) -> Network {
    let mut builder = NetworkBuilder::new();
    let mut nodes = vec![builder.input("input", &[2, 4, 4]).unwrap()];
    for number in 0..4 + random.below(7) {
        let source = nodes[nodes.len() - 1];
        let shape = builder.shape(source).to_vec();
        let operator = operator(random, &shape);
        let arguments = match &operator {
            // An earlier tensor of the same shape, or the same once more.
            Operator::Add | Operator::Concatenate(_) => {
                let other = nodes.iter().rev().copied().skip(1).find(|&other| builder.shape(other) == shape);
                vec![source, other.unwrap_or(source)]
            }
            _ => vec![source],
        };
        nodes.push(builder.add(format!("{number}"), operator, &arguments).unwrap());
    }
    let last = nodes[nodes.len() - 1];
    let inputs = builder.shape(last).iter().product();
    let outputs = 3;
    let weights = random.weights(inputs * outputs);
    let dense = Dense { inputs, outputs, weights, bias: Some(random.weights(outputs)) };
    let flat = builder.add("flat", Operator::Reshape(Reshape { shape: vec![inputs] }), &[last]).unwrap();
    let output = builder.add("dense", Operator::Dense(dense), &[flat]).unwrap();
    builder.finish(output).unwrap()
}

fn operator(random: &mut Random, shape: &[usize]) -> Operator {
    let channels = shape[0];
    let image = shape.len() == 3 && shape[1] > 1 && shape[2] > 1;
    let mut window = Window::new([2, 2]);
    window.stride = [1 + random.below(2), 1];
    window.padding = [[0, 1], [random.below(2), 0]];
    match random.below(12) {
        0 | 1 if image => {
            let groups = if channels.is_multiple_of(2) { 1 + random.below(2) } else { 1 };
            let outputs = groups * (1 + random.below(2));
            let weights = random.weights(outputs * channels / groups * window.taps());
            let bias = Some(random.weights(outputs));
            Operator::Convolution(Convolution { inputs: channels, outputs, groups, window, weights, bias })
        }
        2 if image => Operator::Pool(Pool { kind: PoolKind::Maximum, window: Some(window) }),
        3 if image => Operator::Pool(Pool { kind: PoolKind::Average { count_padding: true }, window: Some(window) }),
        4 => Operator::Affine(Affine { scale: random.weights(channels), shift: random.weights(channels) }),
        5 => Operator::Transpose(Transpose { axes: (0..shape.len()).rev().collect() }),
        6 if shape.iter().product::<usize>() < 100 => Operator::Concatenate(Concatenate { axis: 0 }),
        7 | 8 => Operator::Add,
        9 => Operator::Pad(Pad {
            border: shape.iter().enumerate().map(|(axis, _)| [usize::from(axis > 0), 0]).collect(),
            value: 0.5,
        }),
        10 => Operator::Slice(Slice {
            axes: shape
                .iter()
                .map(|&length| SliceAxis { start: length - 1, step: -1, length: length - usize::from(length > 2) })
                .collect(),
        }),
        _ => Operator::Activation(Activation::Relu),
    }
}

/// The circuit of a batch of two random inputs.
pub fn circuit(random: &mut Random, rule: &str) -> LayeredCircuit {
    let network = network(random);
    let inputs: Vec<f32> = random.weights(2 * 32).to_vec();
    let execution = Execution::run(Arc::new(network), &inputs, 2, &()).unwrap();
    let pooling = if random.below(3) > 0 { MaximumPooling::Winner } else { MaximumPooling::Average };
    let assignment = match rule.parse::<kirchhoff_compile::Composite>() {
        Ok(composite) => Assignment::from(composite),
        Err(_) => Assignment::from(rule.parse::<kirchhoff_compile::Rule>().unwrap()),
    };
    compile(&execution, &assignment.with_maximum_pooling(pooling)).unwrap()
}
