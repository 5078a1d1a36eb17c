//! The edges of every operator, listed one by one from its definition: which source neuron is joined to which
//! destination neuron, and with what weight.

use kirchhoff_kernel::Window;
use kirchhoff_network::{
    Concatenate, Expand, Interpolate, Linear, Operator, Pad, Pool, PoolKind, Reduction, ReductionKind, Reshape, Select,
    Transpose, VolumeAxis,
};

/// An edge from a neuron of one of a layer's arguments to a neuron of its result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Which argument of the layer.
    pub argument: usize,
    /// The neuron of the argument, in row-major order.
    pub source: usize,
    /// The neuron of the result, in row-major order.
    pub destination: usize,
    /// The weight; 1 where the operator has none.
    pub weight: f64,
}

/// The shape of an operator's result.
pub fn shape(operator: &Operator, arguments: &[&[usize]]) -> Vec<usize> {
    let source = arguments[0].to_vec();
    match operator {
        Operator::Dense(dense) => vec![dense.outputs],
        Operator::DenseSum(sum) => vec![sum.dense.outputs],
        Operator::Convolution(convolution) => windowed(&source, convolution.outputs, &convolution.window),
        Operator::Pool(pool) => windowed(&source, source[0], &pool_window(pool, &source)),
        Operator::Concatenate(Concatenate { axis }) => {
            let mut shape = source;
            shape[*axis] = arguments.iter().map(|argument| argument[*axis]).sum();
            shape
        }
        Operator::Slice(slice) => slice.axes.iter().map(|axis| axis.length).collect(),
        Operator::Transpose(Transpose { axes }) => axes.iter().map(|&axis| source[axis]).collect(),
        Operator::Reshape(Reshape { shape }) => shape.clone(),
        Operator::Pad(Pad { border, .. }) => {
            source.iter().zip(border).map(|(length, [before, after])| length + before + after).collect()
        }
        Operator::Linear(linear) => source[..source.len() - 1].iter().copied().chain([linear.dense.outputs]).collect(),
        Operator::Add | Operator::Subtract | Operator::Product | Operator::Quotient | Operator::Extreme(_) => {
            broadcast(arguments)
        }
        Operator::Reduction(Reduction { axes, .. }) => {
            source.iter().enumerate().map(|(axis, &length)| if axes.contains(&axis) { 1 } else { length }).collect()
        }
        Operator::Expand(Expand { shape }) => shape.clone(),
        Operator::Select(Select { axes }) => {
            source.iter().zip(axes).map(|(&length, list)| list.as_ref().map_or(length, Vec::len)).collect()
        }
        Operator::Interpolate(Interpolate { axes }) => {
            source.iter().zip(axes).map(|(&length, sums)| sums.as_ref().map_or(length, Vec::len)).collect()
        }
        Operator::Volume(volume) => {
            let length = |(axis, &length): (&VolumeAxis, &usize)| {
                let extent = (axis.kernel - 1) * axis.dilation + 1;
                let padding = axis.padding[0] + axis.padding[1];
                match volume.transposed {
                    true => (length - 1) * axis.stride + extent + axis.output_padding - padding,
                    false => (length + padding - extent) / axis.stride + 1,
                }
            };
            [volume.outputs].into_iter().chain(volume.axes.iter().zip(&source[1..]).map(length)).collect()
        }
        _ => source,
    }
}

/// The bias of every destination neuron, 0 where there is none.
pub fn biases(operator: &Operator, shape: &[usize]) -> Vec<f64> {
    let bias = match operator {
        Operator::Dense(dense) => dense.bias.as_deref(),
        Operator::DenseSum(sum) => sum.dense.bias.as_deref(),
        Operator::Convolution(convolution) => convolution.bias.as_deref(),
        Operator::Affine(affine) => Some(&affine.shift[..]),
        Operator::Volume(volume) => volume.bias.as_deref(),
        Operator::Offset(offset) => return offset.values.iter().map(|&value| f64::from(value)).collect(),
        Operator::Linear(Linear { dense }) => {
            let rows = shape[..shape.len() - 1].iter().product();
            let of = |output: usize| dense.bias.as_ref().map_or(0.0, |bias| f64::from(bias[output]));
            return (0..rows).flat_map(|_: usize| (0..dense.outputs).map(of)).collect();
        }
        _ => None,
    };
    let size: usize = shape.iter().product();
    let of_channel = |neuron: usize| bias.map_or(0.0, |bias| f64::from(bias[neuron / (size / shape[0])]));
    (0..size).map(of_channel).collect()
}

/// The edges of an operator, those into one destination in row-major order of their sources.
pub fn edges(operator: &Operator, arguments: &[&[usize]]) -> Vec<Edge> {
    let result = shape(operator, arguments);
    let source = arguments[0];
    let mut edges = Vec::new();
    let mut join = |argument, source, destination, weight| {
        edges.push(Edge { argument, source, destination, weight });
    };
    match operator {
        Operator::Input(_) => {}
        Operator::Dense(dense) => {
            for k in 0..dense.outputs {
                for j in 0..dense.inputs {
                    join(0, j, k, f64::from(dense.weights[k * dense.inputs + j]));
                }
            }
        }
        Operator::Convolution(layer) => {
            let ([_, height, width], [_, rows, columns]) = (image(source), image(&result));
            let (inputs, outputs) = (layer.inputs / layer.groups, layer.outputs / layer.groups);
            let [kernel_height, kernel_width] = layer.window.kernel;
            for to in 0..layer.outputs {
                let group = to / outputs;
                for (row, column) in pairs(rows, columns) {
                    for from in 0..inputs {
                        for (tap_row, tap_column) in pairs(kernel_height, kernel_width) {
                            let seen = seen(&layer.window, [row, column], [tap_row, tap_column], [height, width]);
                            let Some([y, x]) = seen else { continue };
                            let weight = ((to * inputs + from) * kernel_height + tap_row) * kernel_width + tap_column;
                            let j = ((group * inputs + from) * height + y) * width + x;
                            join(0, j, (to * rows + row) * columns + column, f64::from(layer.weights[weight]));
                        }
                    }
                }
            }
        }
        Operator::Pool(pool) => {
            let ([channels, height, width], [_, rows, columns]) = (image(source), image(&result));
            let window = pool_window(pool, source);
            for channel in 0..channels {
                for (row, column) in pairs(rows, columns) {
                    let taps = pairs(window.kernel[0], window.kernel[1]);
                    let seen = |(y, x)| seen(&window, [row, column], [y, x], [height, width]);
                    let members: Vec<[usize; 2]> = taps.into_iter().filter_map(seen).collect();
                    let divisor = match pool.kind {
                        PoolKind::Average { count_padding: true } => {
                            members_with_padding(&window, [row, column], [height, width])
                        }
                        _ => members.len(),
                    };
                    for [y, x] in members {
                        let j = (channel * height + y) * width + x;
                        join(0, j, (channel * rows + row) * columns + column, 1.0 / divisor as f64);
                    }
                }
            }
        }
        Operator::Affine(affine) => {
            let size: usize = source.iter().product();
            for j in 0..size {
                join(0, j, j, f64::from(affine.scale[j / (size / source[0])]));
            }
        }
        Operator::Activation(_) | Operator::Dropout | Operator::Reshape(_) | Operator::Softmax(_) => {
            (0..source.iter().product()).for_each(|j| join(0, j, j, 1.0));
        }
        Operator::Add | Operator::Subtract | Operator::Product | Operator::Extreme(_) => {
            for (argument, shape) in arguments.iter().enumerate() {
                let sign = if argument == 1 && matches!(operator, Operator::Subtract) { -1.0 } else { 1.0 };
                for (k, position) in positions(&result).into_iter().enumerate() {
                    join(argument, under(shape, &position), k, sign);
                }
            }
        }
        Operator::Expand(_) | Operator::Quotient => {
            for (k, position) in positions(&result).into_iter().enumerate() {
                join(0, under(source, &position), k, 1.0);
            }
        }
        Operator::Offset(offset) => {
            let sign = if offset.negative { -1.0 } else { 1.0 };
            (0..source.iter().product()).for_each(|j| join(0, j, j, sign));
        }
        Operator::Multiple(multiple) => {
            multiple.values.iter().enumerate().for_each(|(j, &value)| join(0, j, j, f64::from(value)));
        }
        Operator::Linear(Linear { dense }) => {
            for row in 0..source.iter().product::<usize>() / dense.inputs {
                for k in 0..dense.outputs {
                    for j in 0..dense.inputs {
                        let weight = f64::from(dense.weights[k * dense.inputs + j]);
                        join(0, row * dense.inputs + j, row * dense.outputs + k, weight);
                    }
                }
            }
        }
        Operator::Reduction(Reduction { kind, axes }) => {
            let members: usize = axes.iter().map(|&axis| source[axis]).product();
            let weight = if *kind == ReductionKind::Mean { 1.0 / members as f64 } else { 1.0 };
            for (j, mut position) in positions(source).into_iter().enumerate() {
                axes.iter().for_each(|&axis| position[axis] = 0);
                join(0, j, flat(&result, &position), weight);
            }
        }
        Operator::Select(Select { axes }) => {
            for (k, position) in positions(&result).into_iter().enumerate() {
                let taken = position.iter().zip(axes).map(|(&i, list)| list.as_ref().map_or(i, |list| list[i]));
                join(0, flat(source, &taken.collect::<Vec<_>>()), k, 1.0);
            }
        }
        Operator::Interpolate(Interpolate { axes }) => {
            for (k, position) in positions(&result).into_iter().enumerate() {
                let mut ways = vec![(Vec::new(), 1.0f32)];
                for (&i, sums) in position.iter().zip(axes) {
                    let own = sums.as_ref().map_or(vec![(i, 1.0)], |sums| sums[i].clone());
                    let extended = |(taken, weight): &(Vec<usize>, f32)| {
                        let (taken, weight) = (taken.clone(), *weight);
                        let further = own.iter().map(move |&(i, w)| ([&taken[..], &[i]].concat(), weight * w));
                        further.collect::<Vec<_>>()
                    };
                    ways = ways.iter().flat_map(extended).collect();
                }
                for (taken, weight) in ways {
                    join(0, flat(source, &taken), k, f64::from(weight));
                }
            }
        }
        Operator::Volume(volume) => {
            let (inputs, outputs) = (volume.inputs / volume.groups, volume.outputs / volume.groups);
            let kernel: Vec<usize> = volume.axes.iter().map(|axis| axis.kernel).collect();
            let taps: usize = kernel.iter().product();
            for (j, from) in positions(source).into_iter().enumerate() {
                for (k, to) in positions(&result).into_iter().enumerate() {
                    if from[0] / inputs != to[0] / outputs {
                        continue;
                    }
                    let (seen, window) = if volume.transposed { (&to, &from) } else { (&from, &to) };
                    for (number, tap) in positions(&kernel).into_iter().enumerate() {
                        let meets = |axis: usize| {
                            let VolumeAxis { stride, dilation, padding, .. } = volume.axes[axis];
                            window[axis + 1] * stride + tap[axis] * dilation == seen[axis + 1] + padding[0]
                        };
                        if (0..kernel.len()).all(meets) {
                            let channels = match volume.transposed {
                                true => from[0] * outputs + to[0] % outputs,
                                false => to[0] * inputs + from[0] % inputs,
                            };
                            join(0, j, k, f64::from(volume.weights[channels * taps + number]));
                        }
                    }
                }
            }
        }
        Operator::DenseSum(sum) => {
            edges.extend(self::edges(&Operator::Dense(sum.dense.clone()), &arguments[..1]));
            let own = (0..sum.dense.outputs).map(|k| Edge { argument: 1, source: k, destination: k, weight: 1.0 });
            edges.extend(own);
        }
        Operator::Choice(choice) => {
            for (k, &first) in choice.first.iter().enumerate() {
                join(usize::from(!first), k, k, 1.0);
            }
        }
        Operator::Constant(_) => {}
        // Their weights depend on the execution: reference cases hold them.
        Operator::MatrixProduct
        | Operator::Normalisation(_)
        | Operator::Embedding(_)
        | Operator::Comparison(_)
        | Operator::Conditional => {
            panic!("no edges of {} are listed", operator.name());
        }
        Operator::Concatenate(Concatenate { axis }) => {
            let mut before = 0;
            for (argument, shape) in arguments.iter().enumerate() {
                for (j, mut position) in positions(shape).into_iter().enumerate() {
                    position[*axis] += before;
                    join(argument, j, flat(&result, &position), 1.0);
                }
                before += shape[*axis];
            }
        }
        Operator::Slice(slice) => {
            for (k, position) in positions(&result).into_iter().enumerate() {
                let taken = position.iter().zip(&slice.axes);
                let taken: Vec<usize> =
                    taken.map(|(&i, axis)| (axis.start as isize + axis.step * i as isize) as usize).collect();
                join(0, flat(source, &taken), k, 1.0);
            }
        }
        Operator::Transpose(Transpose { axes }) => {
            for (k, position) in positions(&result).into_iter().enumerate() {
                let mut taken = vec![0; position.len()];
                axes.iter().zip(&position).for_each(|(&axis, &i)| taken[axis] = i);
                join(0, flat(source, &taken), k, 1.0);
            }
        }
        Operator::Pad(Pad { border, .. }) => {
            for (j, position) in positions(source).into_iter().enumerate() {
                let moved: Vec<usize> = position.iter().zip(border).map(|(i, [before, _])| i + before).collect();
                join(0, j, flat(&result, &moved), 1.0);
            }
        }
    }
    edges
}

/// The shape that several make together, aligned from the last axis.
fn broadcast(shapes: &[&[usize]]) -> Vec<usize> {
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap();
    let length = |axis: usize| {
        let own = |shape: &&[usize]| (axis + shape.len()).checked_sub(rank).map_or(1, |own| shape[own]);
        shapes.iter().map(own).max().unwrap()
    };
    (0..rank).map(length).collect()
}

/// The number of the neuron of a repeated tensor that lies under a position.
fn under(shape: &[usize], position: &[usize]) -> usize {
    let own = &position[position.len() - shape.len()..];
    let own: Vec<usize> = own.iter().zip(shape).map(|(&i, &length)| if length == 1 { 0 } else { i }).collect();
    flat(shape, &own)
}

/// A shape as channels, height and width; a signal has height 1.
fn image(shape: &[usize]) -> [usize; 3] {
    if let [channels, length] = *shape { [channels, 1, length] } else { [shape[0], shape[1], shape[2]] }
}

/// The window of a pool; a global one is as large as the image.
fn pool_window(pool: &Pool, source: &[usize]) -> Window {
    let [_, height, width] = image(source);
    pool.window.unwrap_or(Window::new([height, width]))
}

fn windowed(source: &[usize], channels: usize, window: &Window) -> Vec<usize> {
    let [_, height, width] = image(source);
    let (rows, columns) = (steps(window, 0, height), steps(window, 1, width));
    if source.len() == 2 { vec![channels, columns] } else { vec![channels, rows, columns] }
}

/// How many positions a window takes on an axis: all where it lies inside the padded image, and with `ceil` also
/// those that stick out of it, as long as they start before the padding at the end (PyTorch).
fn steps(window: &Window, axis: usize, length: usize) -> usize {
    let [before, after] = window.padding[axis];
    let extent = (window.kernel[axis] - 1) * window.dilation[axis] + 1;
    let fits = |start: usize| {
        start + extent <= before + length + after
            || (window.ceil && start < before + length && {
                // Sticks out, but not beyond the position that the padded image has room for in part.
                let previous = start.checked_sub(window.stride[axis]);
                previous.is_some_and(|previous| previous + extent < before + length + after)
            })
    };
    (0..).take_while(|step| fits(step * window.stride[axis])).count()
}

/// The position of the image that a tap of a window sees, unless it sees padding.
fn seen(window: &Window, position: [usize; 2], tap: [usize; 2], image: [usize; 2]) -> Option<[usize; 2]> {
    let on_axis = |axis: usize| {
        let padded = position[axis] * window.stride[axis] + tap[axis] * window.dilation[axis];
        let inside = padded as isize - window.padding[axis][0] as isize;
        (inside >= 0 && (inside as usize) < image[axis]).then_some(inside as usize)
    };
    Some([on_axis(0)?, on_axis(1)?])
}

/// The members of a window that lie in the image or in the padding around it, but not beyond that.
fn members_with_padding(window: &Window, position: [usize; 2], image: [usize; 2]) -> usize {
    let inside = |axis: usize, tap: usize| {
        let padded = window.padding[axis][0] + image[axis] + window.padding[axis][1];
        position[axis] * window.stride[axis] + tap * window.dilation[axis] < padded
    };
    pairs(window.kernel[0], window.kernel[1]).into_iter().filter(|&(y, x)| inside(0, y) && inside(1, x)).count()
}

/// All pairs below the given numbers, in row-major order.
fn pairs(rows: usize, columns: usize) -> Vec<(usize, usize)> {
    (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))).collect()
}

/// All positions in a tensor of this shape, in row-major order.
pub fn positions(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut positions = vec![Vec::new()];
    for &length in shape {
        let extended = |position: Vec<usize>| {
            (0..length).map(move |i| position.iter().copied().chain([i]).collect::<Vec<usize>>())
        };
        positions = positions.into_iter().flat_map(extended).collect();
    }
    positions
}

/// The number of a position in row-major order.
fn flat(shape: &[usize], position: &[usize]) -> usize {
    position.iter().zip(shape).fold(0, |number, (&i, &length)| number * length + i)
}
