//! A network's values, computed as slowly and plainly as the definitions read, in f64.

use std::collections::HashMap;

use kirchhoff_network::{
    Concatenate, Extreme, Interpolate, Multiple, Network, NodeId, Offset, Operator, Pad, PoolKind, Reduction,
    ReductionKind, Relation, Select, Softmax, Transpose, WeightedSum, as_image,
};

/// Values of every node, row-major.
pub fn run(network: &Network, input: &[f32]) -> HashMap<NodeId, Vec<f64>> {
    let mut values: HashMap<NodeId, Vec<f64>> = HashMap::new();
    let mut rest = input;
    for (id, node) in network.nodes() {
        let arguments = network.arguments(id);
        let shapes: Vec<&[usize]> = arguments.iter().map(|&argument| &network.node(argument).shape[..]).collect();
        let taken: Vec<&[f64]> = arguments.iter().map(|argument| &values[argument][..]).collect();
        let result = match &node.operator {
            Operator::Input(_) => {
                let own;
                (own, rest) = rest.split_at(network.size(id));
                own.iter().copied().map(f64::from).collect()
            }
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
    let first = taken.first().copied().unwrap_or(&[]);
    match operator {
        Operator::Input(_) => unreachable!(),
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
        Operator::Add => broadcast(taken, shapes, shape, |values| values.iter().sum()),
        Operator::Subtract => broadcast(taken, shapes, shape, |values| values[0] - values[1]),
        Operator::Product => broadcast(taken, shapes, shape, |values| values[0] * values[1]),
        Operator::Quotient => broadcast(taken, shapes, shape, |values| values[0] / values[1]),
        Operator::Extreme(Extreme { maximum }) => broadcast(taken, shapes, shape, |values| {
            let join = if *maximum { f64::max } else { f64::min };
            values.iter().copied().reduce(join).unwrap()
        }),
        Operator::Expand(_) => broadcast(taken, shapes, shape, |values| values[0]),
        Operator::Offset(Offset { values, negative }) => {
            let sign = if *negative { -1.0 } else { 1.0 };
            first.iter().zip(&values[..]).map(|(x, &constant)| f64::from(constant) + sign * x).collect()
        }
        Operator::Multiple(Multiple { values }) => {
            first.iter().zip(&values[..]).map(|(x, &constant)| f64::from(constant) * x).collect()
        }
        Operator::DenseSum(sum) => {
            let dense = Operator::Dense(sum.dense.clone());
            let first = apply(&dense, &shapes[..1], &taken[..1], shape);
            first.iter().zip(taken[1]).map(|(value, summand)| value + summand).collect()
        }
        Operator::Constant(constant) => constant.values.iter().map(|&value| f64::from(value)).collect(),
        Operator::Comparison(comparison) => broadcast(taken, shapes, shape, |values| {
            let (a, b) = (values[0], values[1]);
            f64::from(u8::from(match comparison.relation {
                Relation::Equal => a == b,
                Relation::Less => a < b,
                Relation::LessOrEqual => a <= b,
                Relation::And => a * b != 0.0,
                Relation::Or => a.abs() + b.abs() != 0.0,
                Relation::Either => (a == 0.0) != (b == 0.0),
            }))
        }),
        Operator::Conditional => {
            (0..first.len()).map(|at| if first[at] != 0.0 { taken[1][at] } else { taken[2][at] }).collect()
        }
        Operator::Choice(choice) => {
            let pairs = first.iter().zip(taken[1]).zip(&choice.first);
            pairs.map(|((first, second), &chosen)| if chosen { *first } else { *second }).collect()
        }
        Operator::Linear(linear) => {
            let dense = Operator::Dense(linear.dense.clone());
            let row = |row| apply(&dense, &[&[linear.dense.inputs]], &[row], &[linear.dense.outputs]);
            first.chunks(linear.dense.inputs).flat_map(row).collect()
        }
        Operator::MatrixProduct => indices(shape)
            .map(|index| {
                let (batch, [row, column]) = index.split_at(index.len() - 2) else { unreachable!() };
                let inner = shapes[0][shapes[0].len() - 1];
                let at = |argument: usize, matrix: [usize; 2]| {
                    let own = shapes[argument];
                    let first = batch.len() - (own.len() - 2);
                    let place = (first..batch.len()).map(|axis| if own[axis - first] == 1 { 0 } else { batch[axis] });
                    let place: Vec<usize> = place.chain(matrix).collect();
                    taken[argument][position(&place, own)]
                };
                (0..inner).map(|i| at(0, [*row, i]) * at(1, [i, *column])).sum()
            })
            .collect(),
        Operator::Reduction(Reduction { kind, axes }) => indices(shape)
            .map(|index| {
                let fits = |other: &Vec<usize>| {
                    (0..index.len()).all(|axis| axes.contains(&axis) || other[axis] == index[axis])
                };
                let members: Vec<f64> =
                    indices(shapes[0]).filter(fits).map(|other| first[position(&other, shapes[0])]).collect();
                match kind {
                    ReductionKind::Sum => members.iter().sum(),
                    ReductionKind::Mean => members.iter().sum::<f64>() / members.len() as f64,
                    ReductionKind::Maximum => members.into_iter().reduce(f64::max).unwrap(),
                    ReductionKind::Minimum => members.into_iter().reduce(f64::min).unwrap(),
                }
            })
            .collect(),
        Operator::Normalisation(normalisation) => {
            let mut result = Vec::new();
            for group in first.chunks(normalisation.group) {
                let count = group.len() as f64;
                let mean = if normalisation.centred { group.iter().sum::<f64>() / count } else { 0.0 };
                let square = group.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
                result.extend(group.iter().map(|x| (x - mean) / (square + f64::from(normalisation.epsilon)).sqrt()));
            }
            let channel = normalisation.part / normalisation.scale.len();
            for (place, value) in result.iter_mut().enumerate() {
                let own = place % normalisation.part / channel;
                *value = *value * f64::from(normalisation.scale[own]) + f64::from(normalisation.shift[own]);
            }
            result
        }
        Operator::Select(Select { axes }) => indices(shape)
            .map(|index| {
                let source = index.iter().zip(axes).map(|(&i, list)| list.as_ref().map_or(i, |list| list[i]));
                first[position(&source.collect::<Vec<_>>(), shapes[0])]
            })
            .collect(),
        Operator::Interpolate(Interpolate { axes }) => indices(shape)
            .map(|index| {
                let mut sum = 0.0;
                for other in indices(shapes[0]) {
                    let weight = |(axis, sums): (usize, &Option<Vec<WeightedSum>>)| match sums {
                        None => f64::from(u8::from(index[axis] == other[axis])),
                        Some(sums) => {
                            let own = sums[index[axis]].iter().filter(|(source, _)| *source == other[axis]);
                            own.map(|&(_, weight)| f64::from(weight)).sum()
                        }
                    };
                    sum += axes.iter().enumerate().map(weight).product::<f64>() * first[position(&other, shapes[0])];
                }
                sum
            })
            .collect(),
        Operator::Embedding(embedding) => first
            .iter()
            .flat_map(|&row| {
                let row = row as usize * embedding.width;
                embedding.table[row..row + embedding.width].iter().map(|&value| f64::from(value))
            })
            .collect(),
        Operator::Volume(volume) => {
            let mut result = vec![0.0; shape.iter().product()];
            let (inputs, outputs) = (volume.inputs / volume.groups, volume.outputs / volume.groups);
            let kernel: Vec<usize> = volume.axes.iter().map(|axis| axis.kernel).collect();
            // Every edge: where a source and a destination meet through a tap.
            for source in indices(shapes[0]) {
                for destination in indices(shape) {
                    if source[0] / inputs != destination[0] / outputs {
                        continue;
                    }
                    for tap in indices(&kernel) {
                        let meets = |axis: usize| {
                            let (window, own) = (&volume.axes[axis], tap[axis] * volume.axes[axis].dilation);
                            let (seen, number) = match volume.transposed {
                                true => (destination[axis + 1], source[axis + 1]),
                                false => (source[axis + 1], destination[axis + 1]),
                            };
                            number * window.stride + own == seen + window.padding[0]
                        };
                        if (0..kernel.len()).all(meets) {
                            let channels = match volume.transposed {
                                true => source[0] * outputs + destination[0] % outputs,
                                false => destination[0] * inputs + source[0] % inputs,
                            };
                            let weight = channels * kernel.iter().product::<usize>() + position(&tap, &kernel);
                            result[position(&destination, shape)] +=
                                first[position(&source, shapes[0])] * f64::from(volume.weights[weight]);
                        }
                    }
                }
            }
            let channel = result.len() / volume.outputs;
            if let Some(bias) = &volume.bias {
                result.iter_mut().enumerate().for_each(|(place, value)| *value += f64::from(bias[place / channel]));
            }
            result
        }
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
        Operator::Softmax(Softmax { logarithm, axis }) => indices(shape)
            .map(|index| {
                let row = (0..shape[*axis]).map(|place| {
                    let mut other = index.clone();
                    other[*axis] = place;
                    first[position(&other, shape)].exp()
                });
                let probability = first[position(&index, shape)].exp() / row.sum::<f64>();
                if *logarithm { probability.ln() } else { probability }
            })
            .collect(),
    }
}

/// A function of the values that lie over each other, axes being aligned from the last.
fn broadcast(taken: &[&[f64]], shapes: &[&[usize]], shape: &[usize], function: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    indices(shape)
        .map(|index| {
            let value = |(values, own): (&&[f64], &&[usize])| {
                let first = index.len() - own.len();
                let place = (0..own.len()).map(|axis| if own[axis] == 1 { 0 } else { index[first + axis] });
                values[position(&place.collect::<Vec<_>>(), own)]
            };
            function(&taken.iter().zip(shapes).map(value).collect::<Vec<_>>())
        })
        .collect()
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
