//! A network's values, computed as slowly and plainly as the definitions read, in f64.

use std::collections::HashMap;

use kirchhoff_network::{Concatenate, Network, NodeId, Operator, Pad, PoolKind, Softmax, Transpose, as_image};

/// Values of every node, row-major.
pub fn run(network: &Network, input: &[f32]) -> HashMap<NodeId, Vec<f64>> {
    let mut values: HashMap<NodeId, Vec<f64>> = HashMap::new();
    for (id, node) in network.nodes() {
        let arguments = network.arguments(id);
        let shapes: Vec<&[usize]> = arguments.iter().map(|&argument| &network.node(argument).shape[..]).collect();
        let taken: Vec<&[f64]> = arguments.iter().map(|argument| &values[argument][..]).collect();
        let result = match &node.operator {
            Operator::Input => input.iter().copied().map(f64::from).collect(),
            operator => apply(operator, &shapes, &taken, &node.shape),
        };
        assert_eq!(result.len(), node.shape.iter().product::<usize>(), "{}", node.name);
        values.insert(id, result);
    }
    values
}

/// The output of a network.
pub fn output(network: &Network, input: &[f32]) -> Vec<f64> {
    run(network, input).remove(&network.output()).unwrap()
}

fn apply(operator: &Operator, shapes: &[&[usize]], taken: &[&[f64]], shape: &[usize]) -> Vec<f64> {
    let first = taken[0];
    match operator {
        Operator::Input => unreachable!(),
        Operator::Dense(dense) => (0..dense.outputs)
            .map(|k| {
                let sum: f64 =
                    (0..dense.inputs).map(|j| f64::from(dense.weights[k * dense.inputs + j]) * first[j]).sum();
                sum + dense.bias.as_ref().map_or(0.0, |bias| f64::from(bias[k]))
            })
            .collect(),
        Operator::Convolution(convolution) => {
            let [_, height, width] = as_image(shapes[0]).unwrap();
            let [_, rows, columns] = as_image(shape).unwrap();
            let window = convolution.window;
            let [kernel_rows, kernel_columns] = window.kernel;
            let (group_inputs, group_outputs) =
                (convolution.inputs / convolution.groups, convolution.outputs / convolution.groups);
            let mut result = Vec::new();
            for k in 0..convolution.outputs {
                for (row, column) in grid(rows, columns) {
                    let mut sum = convolution.bias.as_ref().map_or(0.0, |bias| f64::from(bias[k]));
                    for channel in 0..group_inputs {
                        for (i, j) in grid(kernel_rows, kernel_columns) {
                            let (Some(y), Some(x)) =
                                (window.source(0, row, i, height), window.source(1, column, j, width))
                            else {
                                continue;
                            };
                            let weight = ((k * group_inputs + channel) * kernel_rows + i) * kernel_columns + j;
                            let source = k / group_outputs * group_inputs + channel;
                            sum += f64::from(convolution.weights[weight]) * first[(source * height + y) * width + x];
                        }
                    }
                    result.push(sum);
                }
            }
            result
        }
        Operator::Pool(pool) => {
            let [channels, height, width] = as_image(shapes[0]).unwrap();
            let [_, rows, columns] = as_image(shape).unwrap();
            let window = pool.window.unwrap_or(kirchhoff_kernel::Window::new([height, width]));
            let mut result = Vec::new();
            for channel in 0..channels {
                for (row, column) in grid(rows, columns) {
                    let mut members = Vec::new();
                    let mut padded = 0;
                    for (i, j) in grid(window.kernel[0], window.kernel[1]) {
                        let (y, x) = (row * window.stride[0] + i, column * window.stride[1] + j);
                        // A window that sticks out beyond the padding (ceil) has no members there.
                        padded += usize::from(
                            y < height + window.padding[0][0] + window.padding[0][1]
                                && x < width + window.padding[1][0] + window.padding[1][1],
                        );
                        if let (Some(y), Some(x)) =
                            (window.source(0, row, i, height), window.source(1, column, j, width))
                        {
                            members.push(first[(channel * height + y) * width + x]);
                        }
                    }
                    result.push(match pool.kind {
                        PoolKind::Maximum => members.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                        PoolKind::Average { count_padding: true } => members.iter().sum::<f64>() / padded as f64,
                        PoolKind::Average { count_padding: false } => {
                            members.iter().sum::<f64>() / members.len() as f64
                        }
                    });
                }
            }
            result
        }
        Operator::Affine(affine) => {
            let run = first.len() / affine.scale.len();
            let channel = |i: usize| (f64::from(affine.scale[i / run]), f64::from(affine.shift[i / run]));
            first.iter().enumerate().map(|(i, value)| channel(i).0 * value + channel(i).1).collect()
        }
        Operator::Activation(activation) => {
            first.iter().map(|&value| f64::from(activation.apply(value as f32))).collect()
        }
        Operator::Add => (0..first.len()).map(|i| taken.iter().map(|argument| argument[i]).sum()).collect(),
        Operator::Concatenate(Concatenate { axis }) => {
            let outer: usize = shape[..*axis].iter().product();
            let mut result = Vec::new();
            for block in 0..outer {
                for argument in taken {
                    let length = argument.len() / outer;
                    result.extend(&argument[block * length..(block + 1) * length]);
                }
            }
            result
        }
        Operator::Slice(slice) => indices(shape)
            .map(|index| {
                let source = index.iter().zip(&slice.axes);
                let source: Vec<usize> =
                    source.map(|(&i, axis)| axis.start.checked_add_signed(axis.step * i as isize).unwrap()).collect();
                first[position(&source, shapes[0])]
            })
            .collect(),
        Operator::Transpose(Transpose { axes }) => indices(shape)
            .map(|index| {
                let mut source = vec![0; index.len()];
                for (&i, &axis) in index.iter().zip(axes) {
                    source[axis] = i;
                }
                first[position(&source, shapes[0])]
            })
            .collect(),
        Operator::Pad(Pad { border, value }) => indices(shape)
            .map(|index| {
                let source: Option<Vec<usize>> = index
                    .iter()
                    .zip(border)
                    .zip(shapes[0])
                    .map(|((&i, sides), &length)| i.checked_sub(sides[0]).filter(|&i| i < length))
                    .collect();
                source.map_or(f64::from(*value), |source| first[position(&source, shapes[0])])
            })
            .collect(),
        Operator::Reshape(_) | Operator::Dropout => first.to_vec(),
        Operator::Softmax(Softmax { logarithm }) => {
            let total: f64 = first.iter().map(|value| value.exp()).sum();
            let probability = first.iter().map(|value| value.exp() / total);
            if *logarithm { probability.map(f64::ln).collect() } else { probability.collect() }
        }
    }
}

fn grid(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
}

fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    (0..shape.iter().product::<usize>()).map(|mut rest| {
        let mut index: Vec<usize> = shape
            .iter()
            .rev()
            .map(|&length| {
                let i = rest % length;
                rest /= length;
                i
            })
            .collect();
        index.reverse();
        index
    })
}

fn position(index: &[usize], shape: &[usize]) -> usize {
    index.iter().zip(shape).fold(0, |position, (&i, &length)| position * length + i)
}
