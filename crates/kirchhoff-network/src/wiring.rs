//! The wiring of a network's layers: from operators and shapes to edges between flat tensors.

use kirchhoff_kernel::{Sliding, View, Window, Wiring};

use crate::network::{Network, NodeId};
use crate::operator::{Operator, as_image};

impl Network {
    /// The number of edges into a node, from all its arguments.
    pub fn edges(&self, node: NodeId) -> u64 {
        (0..self.arguments(node).len()).map(|argument| self.wiring(node, argument).edges()).sum()
    }

    /// The edges from argument number `argument` of a node to the node.
    ///
    /// # Panics
    /// If the node has no such argument.
    pub fn wiring(&self, node: NodeId, argument: usize) -> Wiring {
        let arguments = self.arguments(node);
        let source = &self.node(arguments[argument]).shape[..];
        let destination = &self.node(node).shape[..];
        let size = source.iter().product();
        match &self.node(node).operator {
            Operator::Dense(dense) => Wiring::Dense { inputs: dense.inputs, outputs: dense.outputs },
            Operator::Convolution(convolution) => {
                Wiring::Convolution(sliding(convolution.window, convolution.groups, source, destination))
            }
            Operator::Pool(pool) => {
                let [channels, height, width] = image(source);
                let window = pool.window.unwrap_or(Window::new([height, width]));
                Wiring::Pool(sliding(window, channels, source, destination))
            }
            Operator::Affine(affine) => {
                let channels = affine.scale.len();
                let shape = [channels, 1, size / channels.max(1)];
                Wiring::Convolution(sliding(Window::new([1, 1]), channels, &shape, &shape))
            }
            Operator::Concatenate { axis } => {
                let before: usize = arguments[..argument].iter().map(|&node| self.node(node).shape[*axis]).sum();
                let mut offset = vec![0; source.len()];
                offset[*axis] = before;
                placed(source, destination, &offset)
            }
            Operator::Pad { border, .. } => {
                let offset: Vec<_> = border.iter().map(|&[before, _]| before).collect();
                placed(source, destination, &offset)
            }
            Operator::Slice(slice) => {
                let strides = strides(source);
                let starts = slice.axes.iter().zip(&strides);
                Wiring::View(View {
                    shape: destination.to_vec(),
                    source_start: starts.map(|(axis, &stride)| axis.start * stride as usize).sum(),
                    source_strides: slice.axes.iter().zip(&strides).map(|(axis, stride)| axis.step * stride).collect(),
                    source_size: size,
                    destination_start: 0,
                    destination_strides: self::strides(destination),
                    destination_size: destination.iter().product(),
                })
            }
            Operator::Transpose { axes } => {
                let strides = strides(source);
                Wiring::View(View {
                    shape: destination.to_vec(),
                    source_start: 0,
                    source_strides: axes.iter().map(|&axis| strides[axis]).collect(),
                    source_size: size,
                    destination_start: 0,
                    destination_strides: self::strides(destination),
                    destination_size: size,
                })
            }
            Operator::Input
            | Operator::Activation(_)
            | Operator::Add
            | Operator::Reshape { .. }
            | Operator::Dropout
            | Operator::Softmax { .. } => Wiring::Identity { size },
        }
    }
}

/// A shape that the builder has checked, as `[channels, height, width]`.
fn image(shape: &[usize]) -> [usize; 3] {
    as_image(shape).expect("the builder checked the shape")
}

fn sliding(window: Window, groups: usize, source: &[usize], destination: &[usize]) -> Sliding {
    let ([inputs, sh, sw], [outputs, dh, dw]) = (image(source), image(destination));
    Sliding { window, inputs, outputs, groups, source: [sh, sw], destination: [dh, dw] }
}

/// Row-major strides of a shape.
fn strides(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis] as isize;
    }
    strides
}

/// The whole source at an offset inside the destination.
fn placed(source: &[usize], destination: &[usize], offset: &[usize]) -> Wiring {
    let destination_strides = strides(destination);
    Wiring::View(View {
        shape: source.to_vec(),
        source_start: 0,
        source_strides: strides(source),
        source_size: source.iter().product(),
        destination_start: offset.iter().zip(&destination_strides).map(|(&at, &stride)| at * stride as usize).sum(),
        destination_strides,
        destination_size: destination.iter().product(),
    })
}
