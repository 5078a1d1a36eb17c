//! Which neurons of a source tensor are connected to which of a destination tensor, without storing the edges.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::Window;

/// The edges of one layer, as geometry.
///
/// Tensors are flat and row-major; images are `[channels, height, width]`. Edges are visited as [`Run`]s, always in
/// the same order, so that results do not depend on how the work is divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wiring {
    /// Every source neuron to every destination neuron; weight `[k, j]` for the edge `j → k`.
    Dense {
        /// Number of source neurons.
        inputs: usize,
        /// Number of destination neurons.
        outputs: usize,
    },
    /// Windows over an image; weight `[k, c, y, x]` for tap `(y, x)` of source channel `c` of destination channel
    /// `k`, with `c` counted inside the group. A factor per channel is one of `1 × 1` windows, a group a channel.
    Convolution(Sliding),
    /// Windows over each channel on its own, all weights 1.
    Pool(Sliding),
    /// Each neuron to the one at the same position, weight 1.
    Identity {
        /// Number of neurons on either side.
        size: usize,
    },
    /// A regular selection of neurons to regular places, weight 1: slices, transpositions, padding, concatenation.
    View(View),
}

/// Windows sliding over the channels of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sliding {
    /// The window.
    pub window: Window,
    /// Source channels.
    pub inputs: usize,
    /// Destination channels.
    pub outputs: usize,
    /// Number of groups; a destination channel sees the source channels of its own group.
    pub groups: usize,
    /// Height and width of the source.
    pub source: [usize; 2],
    /// Height and width of the destination.
    pub destination: [usize; 2],
}

/// `destination[destination_start + i · destination_strides] = source[source_start + i · source_strides]` for every
/// index `i` within `shape`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// How many positions along each axis.
    pub shape: Vec<usize>,
    /// Flat position of the first source neuron.
    pub source_start: usize,
    /// Flat distance of neighbouring source neurons along each axis.
    pub source_strides: Vec<isize>,
    /// Number of source neurons.
    pub source_size: usize,
    /// Flat position of the first destination neuron.
    pub destination_start: usize,
    /// Flat distance of neighbouring destination neurons along each axis.
    pub destination_strides: Vec<isize>,
    /// Number of destination neurons.
    pub destination_size: usize,
}

/// Edges at regular distances: edge `i < length` joins source `source + i · source_step` to destination
/// `destination + i · destination_step` with weight `weight + i · weight_step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Flat position of the first source neuron.
    pub source: usize,
    /// Distance of the source neurons.
    pub source_step: isize,
    /// Flat position of the first destination neuron.
    pub destination: usize,
    /// Distance of the destination neurons.
    pub destination_step: isize,
    /// Flat position of the first weight; 0 where the wiring has no weights.
    pub weight: usize,
    /// Distance of the weights, 0 or 1.
    pub weight_step: usize,
    /// Number of edges.
    pub length: usize,
}

/// Neurons that a dense layer handles at a time: few enough for the first-level cache, enough to amortise a run.
const DENSE_BLOCK: usize = 512;

impl Wiring {
    /// Number of source neurons.
    pub fn sources(&self) -> usize {
        match self {
            Wiring::Dense { inputs, .. } => *inputs,
            Wiring::Convolution(sliding) | Wiring::Pool(sliding) => sliding.inputs * area(sliding.source),
            Wiring::Identity { size } => *size,
            Wiring::View(view) => view.source_size,
        }
    }

    /// Number of destination neurons.
    pub fn destinations(&self) -> usize {
        match self {
            Wiring::Dense { outputs, .. } => *outputs,
            Wiring::Convolution(sliding) | Wiring::Pool(sliding) => sliding.outputs * area(sliding.destination),
            Wiring::Identity { size } => *size,
            Wiring::View(view) => view.destination_size,
        }
    }

    /// Number of weights; 0 where all are 1.
    pub fn weights(&self) -> usize {
        match self {
            Wiring::Dense { inputs, outputs } => inputs * outputs,
            Wiring::Convolution(sliding) => sliding.outputs * sliding.group_inputs() * sliding.window.taps(),
            _ => 0,
        }
    }

    /// Number of edges, in closed form.
    pub fn edges(&self) -> u64 {
        match self {
            Wiring::Dense { inputs, outputs } => *inputs as u64 * *outputs as u64,
            Wiring::Convolution(sliding) | Wiring::Pool(sliding) => {
                let seen = |axis: usize| -> u64 {
                    (0..sliding.window.kernel[axis]).map(|tap| sliding.positions(axis, tap).len() as u64).sum()
                };
                sliding.outputs as u64 * sliding.group_inputs() as u64 * seen(0) * seen(1)
            }
            Wiring::Identity { size } => *size as u64,
            Wiring::View(view) => view.shape.iter().map(|&length| length as u64).product(),
        }
    }

    /// Source neurons that are worth handling together; the last block may be shorter.
    ///
    /// Ranges given to [`leaving`](Wiring::leaving) are such blocks.
    pub fn source_block(&self) -> usize {
        match self {
            Wiring::Dense { .. } | Wiring::Identity { .. } => DENSE_BLOCK,
            Wiring::Convolution(sliding) | Wiring::Pool(sliding) => sliding.source[1],
            Wiring::View(view) => view.source_size,
        }
        .max(1)
    }

    /// Destination neurons that are worth handling together; the last block may be shorter.
    ///
    /// Ranges given to [`entering`](Wiring::entering) are such blocks.
    pub fn destination_block(&self) -> usize {
        match self {
            Wiring::Dense { .. } => 1,
            Wiring::Identity { .. } => DENSE_BLOCK,
            Wiring::Convolution(sliding) | Wiring::Pool(sliding) => sliding.destination[1],
            Wiring::View(view) => view.destination_size,
        }
        .max(1)
    }

    /// Visits every edge that leaves a block of sources; for each source, by ascending channel of the destination.
    pub fn leaving(&self, block: Range<usize>, mut visit: impl FnMut(&Run)) {
        self.runs_leaving(block, &mut visit);
    }

    /// [`leaving`](Wiring::leaving) through a pointer: compiled once, not once a visit.
    fn runs_leaving(&self, block: Range<usize>, visit: &mut dyn FnMut(&Run)) {
        match self {
            Wiring::Dense { inputs, outputs } => {
                for k in 0..*outputs {
                    visit(&Run {
                        source: block.start,
                        source_step: 1,
                        destination: k,
                        destination_step: 0,
                        weight: k * inputs + block.start,
                        weight_step: 1,
                        length: block.len(),
                    });
                }
            }
            Wiring::Convolution(sliding) => sliding.leaving(block, true, visit),
            Wiring::Pool(sliding) => sliding.leaving(block, false, visit),
            Wiring::Identity { .. } => visit(&identity(block)),
            Wiring::View(view) => view.runs(visit),
        }
    }

    /// Visits every edge that enters a block of destinations; for each destination, by ascending source.
    pub fn entering(&self, block: Range<usize>, mut visit: impl FnMut(&Run)) {
        match self {
            Wiring::Dense { inputs, .. } => {
                for k in block {
                    visit(&Run {
                        source: 0,
                        source_step: 1,
                        destination: k,
                        destination_step: 0,
                        weight: k * inputs,
                        weight_step: 1,
                        length: *inputs,
                    });
                }
            }
            Wiring::Convolution(sliding) => sliding.entering(block, true, visit),
            Wiring::Pool(sliding) => sliding.entering(block, false, visit),
            Wiring::Identity { .. } => visit(&identity(block)),
            Wiring::View(view) => view.runs(&mut visit),
        }
    }

    /// The fewest edges that enter a destination neuron, and the most; 0 without neurons. Takes no pass over neurons, but
    /// for views.
    pub fn fan_in_bounds(&self) -> [u32; 2] {
        let bounds = |fan_in: &[u32]| [fan_in.iter().min(), fan_in.iter().max()].map(|bound| bound.map_or(0, |n| *n));
        match self {
            Wiring::Dense { outputs: 0, .. } | Wiring::Identity { size: 0 } => [0; 2],
            Wiring::Dense { inputs, .. } => [u32::try_from(*inputs).unwrap_or(u32::MAX); 2],
            Wiring::Convolution(sliding) | Wiring::Pool(sliding) => {
                let [rows, columns] = [0, 1].map(|axis| bounds(&sliding.seen(axis)));
                [0, 1].map(|bound| rows[bound] * columns[bound] * sliding.group_inputs() as u32)
            }
            Wiring::Identity { .. } => [1; 2],
            Wiring::View(_) => bounds(&self.fan_in()),
        }
    }

    /// The number of edges that enter each destination neuron.
    pub fn fan_in(&self) -> Vec<u32> {
        match self {
            Wiring::Dense { inputs, outputs } => vec![u32::try_from(*inputs).unwrap_or(u32::MAX); *outputs],
            Wiring::Convolution(sliding) | Wiring::Pool(sliding) => sliding.fan_in(),
            Wiring::Identity { size } => vec![1; *size],
            Wiring::View(view) => {
                let mut fan_in = vec![0; view.destination_size];
                view.runs(&mut |run| {
                    for i in 0..run.length {
                        fan_in[run.destination_at(i)] += 1;
                    }
                });
                fan_in
            }
        }
    }
}

impl Run {
    /// The source neuron of edge `i`.
    #[inline]
    pub fn source_at(&self, i: usize) -> usize {
        self.source.wrapping_add_signed(self.source_step * i as isize)
    }

    /// The destination neuron of edge `i`.
    #[inline]
    pub fn destination_at(&self, i: usize) -> usize {
        self.destination.wrapping_add_signed(self.destination_step * i as isize)
    }

    /// The weight of edge `i`.
    #[inline]
    pub fn weight_at(&self, i: usize) -> usize {
        self.weight + self.weight_step * i
    }
}

fn area(image: [usize; 2]) -> usize {
    image[0] * image[1]
}

fn identity(block: Range<usize>) -> Run {
    Run {
        source: block.start,
        source_step: 1,
        destination: block.start,
        destination_step: 1,
        weight: 0,
        weight_step: 0,
        length: block.len(),
    }
}

impl Sliding {
    fn group_inputs(&self) -> usize {
        self.inputs / self.groups
    }

    fn group_outputs(&self) -> usize {
        self.outputs / self.groups
    }

    /// The windows whose tap `tap` lies inside the image, along `axis`.
    fn positions(&self, axis: usize, tap: usize) -> Range<usize> {
        let (stride, before) = (self.window.stride[axis], self.window.padding[axis][0]);
        let offset = tap * self.window.dilation[axis];
        // The tap of window `p` is at `p · stride + offset − before`, which must lie in `0..length`.
        let first = before.saturating_sub(offset).div_ceil(stride);
        let end = (self.source[axis] + before).saturating_sub(offset).div_ceil(stride);
        let end = end.min(self.destination[axis]);
        first.min(end)..end
    }

    /// The run of one tap over one row of windows.
    fn run(&self, weighted: bool, [c, k]: [usize; 2], row: [usize; 2], tap: [usize; 2], columns: Range<usize>) -> Run {
        let [stride, before] = [self.window.stride[1], self.window.padding[1][0]];
        let x = columns.start * stride + tap[1] * self.window.dilation[1] - before;
        let weight = if weighted {
            let channel = k * self.group_inputs() + c % self.group_inputs();
            (channel * self.window.kernel[0] + tap[0]) * self.window.kernel[1] + tap[1]
        } else {
            0
        };
        Run {
            source: (c * self.source[0] + row[0]) * self.source[1] + x,
            source_step: stride as isize,
            destination: (k * self.destination[0] + row[1]) * self.destination[1] + columns.start,
            destination_step: 1,
            weight,
            weight_step: 0,
            length: columns.len(),
        }
    }

    /// Visits the edges that leave one row of one source channel.
    fn leaving(&self, block: Range<usize>, weighted: bool, visit: &mut dyn FnMut(&Run)) {
        let row = block.start / self.source[1];
        debug_assert_eq!(block, row * self.source[1]..(row + 1) * self.source[1]);
        let (c, y) = (row / self.source[0], row % self.source[0]);
        let group = c / self.group_inputs();
        let window = &self.window;
        for k in group * self.group_outputs()..(group + 1) * self.group_outputs() {
            for tap_y in 0..window.kernel[0] {
                let Some(shifted) = (y + window.padding[0][0]).checked_sub(tap_y * window.dilation[0]) else { break };
                let position = shifted / window.stride[0];
                if shifted % window.stride[0] != 0 || position >= self.destination[0] {
                    continue;
                }
                for tap_x in 0..window.kernel[1] {
                    let columns = self.positions(1, tap_x);
                    if !columns.is_empty() {
                        visit(&self.run(weighted, [c, k], [y, position], [tap_y, tap_x], columns));
                    }
                }
            }
        }
    }

    /// Visits the edges that enter one row of one destination channel.
    fn entering(&self, block: Range<usize>, weighted: bool, mut visit: impl FnMut(&Run)) {
        let row = block.start / self.destination[1];
        debug_assert_eq!(block, row * self.destination[1]..(row + 1) * self.destination[1]);
        let (k, position) = (row / self.destination[0], row % self.destination[0]);
        let group = k / self.group_outputs();
        for c in group * self.group_inputs()..(group + 1) * self.group_inputs() {
            for tap_y in 0..self.window.kernel[0] {
                let Some(y) = self.window.source(0, position, tap_y, self.source[0]) else { continue };
                for tap_x in 0..self.window.kernel[1] {
                    let columns = self.positions(1, tap_x);
                    if !columns.is_empty() {
                        visit(&self.run(weighted, [c, k], [y, position], [tap_y, tap_x], columns));
                    }
                }
            }
        }
    }

    /// How many taps of each window lie inside the image, along `axis`.
    fn seen(&self, axis: usize) -> Vec<u32> {
        let mut seen = vec![0; self.destination[axis]];
        for tap in 0..self.window.kernel[axis] {
            self.positions(axis, tap).for_each(|position| seen[position] += 1);
        }
        seen
    }

    fn fan_in(&self) -> Vec<u32> {
        let (rows, columns) = (self.seen(0), self.seen(1));
        let channel: Vec<u32> =
            rows.iter().flat_map(|y| columns.iter().map(move |x| x * y * self.group_inputs() as u32)).collect();
        channel.repeat(self.outputs)
    }
}

impl View {
    fn runs(&self, visit: &mut dyn FnMut(&Run)) {
        self.axis_runs(0, self.source_start as isize, self.destination_start as isize, visit);
    }

    fn axis_runs(&self, axis: usize, source: isize, destination: isize, visit: &mut dyn FnMut(&Run)) {
        let (length, source_step, destination_step) = match self.shape.get(axis) {
            Some(&length) => (length, self.source_strides[axis], self.destination_strides[axis]),
            None => (1, 0, 0),
        };
        if axis + 1 >= self.shape.len() {
            visit(&Run {
                source: source as usize,
                source_step,
                destination: destination as usize,
                destination_step,
                weight: 0,
                weight_step: 0,
                length,
            });
            return;
        }
        for i in 0..length as isize {
            self.axis_runs(axis + 1, source + i * source_step, destination + i * destination_step, visit);
        }
    }
}
