//! Which neurons of a source tensor are connected to which of a destination tensor, without storing the edges.

mod axes;
mod axis;
mod sliding;
mod view;

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use axes::{Axes, Axis};
pub use axis::{AxisEdges, AxisWindows};
pub use sliding::Sliding;
pub use view::View;

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
    /// One wiring several times, each on the next part of either side, all over the same weights: a dense layer on the last
    /// axis of a tensor.
    Repeated {
        /// How many times.
        count: usize,
        /// The wiring of one part.
        wiring: Box<Wiring>,
    },
    /// Edges axis by axis: products of activations, sums along axes, interpolation, windows in any number of dimensions.
    Axes(Axes),
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
    /// Distance of the weights.
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
            Wiring::Convolution(sliding) | Wiring::Pool(sliding) => sliding.sources(),
            Wiring::Identity { size } => *size,
            Wiring::View(view) => view.source_size,
            Wiring::Repeated { count, wiring } => count * wiring.sources(),
            Wiring::Axes(axes) => axes.sources(),
        }
    }

    /// Number of destination neurons.
    pub fn destinations(&self) -> usize {
        match self {
            Wiring::Dense { outputs, .. } => *outputs,
            Wiring::Convolution(sliding) | Wiring::Pool(sliding) => sliding.destinations(),
            Wiring::Identity { size } => *size,
            Wiring::View(view) => view.destination_size,
            Wiring::Repeated { count, wiring } => count * wiring.destinations(),
            Wiring::Axes(axes) => axes.destinations(),
        }
    }

    /// Number of weights; 0 where all are 1.
    pub fn weights(&self) -> usize {
        match self {
            Wiring::Dense { inputs, outputs } => inputs * outputs,
            Wiring::Convolution(sliding) => sliding.weights(),
            Wiring::Pool(_) | Wiring::Identity { .. } | Wiring::View(_) => 0,
            Wiring::Repeated { wiring, .. } => wiring.weights(),
            Wiring::Axes(axes) => axes.weights(),
        }
    }

    /// Number of edges, in closed form.
    pub fn edges(&self) -> u64 {
        match self {
            Wiring::Dense { inputs, outputs } => *inputs as u64 * *outputs as u64,
            Wiring::Convolution(sliding) | Wiring::Pool(sliding) => sliding.edges(),
            Wiring::Identity { size } => *size as u64,
            Wiring::View(view) => view.shape.iter().map(|&length| length as u64).product(),
            Wiring::Repeated { count, wiring } => *count as u64 * wiring.edges(),
            Wiring::Axes(axes) => axes.edges(),
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
            Wiring::Repeated { wiring, .. } => shorter(wiring.source_block(), wiring.sources()),
            Wiring::Axes(axes) => axes.source_block(),
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
            Wiring::Repeated { wiring, .. } => shorter(wiring.destination_block(), wiring.destinations()),
            Wiring::Axes(axes) => axes.destination_block(),
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
            Wiring::Repeated { wiring, .. } => {
                let (part, block) = part(block, wiring.sources());
                wiring.runs_leaving(block, &mut |run| visit(&wiring.in_part(part, run)));
            }
            Wiring::Axes(axes) => axes.leaving(block, visit),
        }
    }

    /// Visits every edge that enters a block of destinations; for each destination, by ascending source.
    pub fn entering(&self, block: Range<usize>, mut visit: impl FnMut(&Run)) {
        self.runs_entering(block, &mut visit);
    }

    /// [`entering`](Wiring::entering) through a pointer, likewise.
    fn runs_entering(&self, block: Range<usize>, visit: &mut dyn FnMut(&Run)) {
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
            Wiring::View(view) => view.runs(visit),
            Wiring::Repeated { wiring, .. } => {
                let (part, block) = part(block, wiring.destinations());
                wiring.runs_entering(block, &mut |run| visit(&wiring.in_part(part, run)));
            }
            Wiring::Axes(axes) => axes.entering(block, visit),
        }
    }

    /// A run of the wiring where it stands for one part of several.
    fn in_part(&self, part: usize, run: &Run) -> Run {
        Run {
            source: part * self.sources() + run.source,
            destination: part * self.destinations() + run.destination,
            ..*run
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
            Wiring::Repeated { wiring, .. } => wiring.fan_in_bounds(),
            Wiring::Axes(axes) => axes.fan_in_bounds(),
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
            Wiring::Repeated { count, wiring } => wiring.fan_in().repeat(*count),
            Wiring::Axes(axes) => axes.fan_in(),
        }
    }
}

/// Blocks of a part, which end where the part does: where they do not divide it, the part is one block.
fn shorter(block: usize, part: usize) -> usize {
    if part.is_multiple_of(block) { block } else { part }
}

/// The part that a block lies in, and the block within it.
fn part(block: Range<usize>, size: usize) -> (usize, Range<usize>) {
    let part = block.start / size;
    (part, block.start - part * size..block.end - part * size)
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
