//! Products over planes: cutting planes, packing weights, running strips in parallel, and storing results.

use rayon::prelude::*;

use super::lanes::{EDGES, Panel, Place, WIDTH};
use super::packing::Packing;
use super::plan::Plan;
use super::strip::{Operation, ROWS, Strip, width};
use crate::{Cancelled, Monitor, Sliding, Weights};

/// Panels of rows that one task takes: enough to keep the planes of its strip in cache, few enough to share work out.
const PANELS: usize = 8;
/// Packed weights that are held at a time: 32 MiB.
const PACKED: usize = 8 << 20;
/// Columns whose values are found to be all 0 together.
const SEGMENT: usize = 32;

/// Where a channel's value at a position of its image is, in a flat tensor.
#[derive(Clone, Copy)]
struct Layout {
    channel: usize,
    position: usize,
}

/// One side of a layer: the tensors of one or several images.
#[derive(Clone, Copy)]
struct Side {
    /// Channels of one group.
    channels: usize,
    /// Height and width of an image.
    size: [usize; 2],
    layout: Layout,
}

impl Side {
    fn image(channels: usize, size: [usize; 2]) -> Self {
        Side { channels, size, layout: Layout { channel: size[0] * size[1], position: 1 } }
    }

    /// Neurons of a dense layer, whose images are their values in a batch of executions.
    fn matrix(neurons: usize, executions: usize) -> Self {
        Side { channels: neurons, size: [1, executions], layout: Layout { channel: 1, position: neurons } }
    }

    /// Neurons of one image, of all groups.
    fn neurons(&self, groups: usize) -> usize {
        groups * self.channels * self.size[0] * self.size[1]
    }
}

/// One direction of a layer as products over planes.
pub(crate) struct Planes<'a> {
    plans: Vec<Plan>,
    weights: &'a Weights,
    groups: usize,
    data: Side,
    result: Side,
    /// Distance in the weights of neighbouring data channels and of neighbouring result channels of a group.
    strides: [usize; 2],
}

/// What the kernel of any semiring needs to know beside the geometry.
pub(crate) struct Lanes<'a, V> {
    /// `v(k)`, for all images.
    pub values: &'a [f32],
    /// The relevance of destination neurons, for all images.
    pub relevance: &'a [V],
    /// What belongs to the source neurons, for all images.
    pub own: &'a [f32],
    /// The semiring's 0.
    pub zero: V,
    /// Whether all are 0.
    pub dead: &'a (dyn Fn(&[V]) -> bool + Sync),
    /// Computes a panel.
    pub panel: &'a (dyn Fn(Panel<'_, V>) + Sync),
    /// Adds to a source neuron.
    pub plus: &'a (dyn Fn(&mut V, &V) + Sync),
}

impl<'a> Planes<'a> {
    /// The destination of a convolution from its source.
    pub fn forward(sliding: &Sliding, weights: &'a Weights) -> Self {
        let taps = sliding.window.taps();
        let data = Side::image(sliding.inputs / sliding.groups, sliding.source);
        let result = Side::image(sliding.outputs / sliding.groups, sliding.destination);
        let strides = [taps, data.channels * taps];
        Planes { plans: vec![Plan::forward(sliding)], weights, groups: sliding.groups, data, result, strides }
    }

    /// The source of a convolution from its destination.
    pub fn backward(sliding: &Sliding, weights: &'a Weights) -> Self {
        let taps = sliding.window.taps();
        let data = Side::image(sliding.outputs / sliding.groups, sliding.destination);
        let result = Side::image(sliding.inputs / sliding.groups, sliding.source);
        let strides = [result.channels * taps, taps];
        Planes { plans: Plan::backward(sliding), weights, groups: sliding.groups, data, result, strides }
    }

    /// The source of a dense layer from its destination, in a batch of executions.
    pub fn matrix(inputs: usize, outputs: usize, executions: usize, weights: &'a Weights) -> Self {
        Planes {
            plans: vec![Plan::matrix(executions)],
            weights,
            groups: 1,
            data: Side::matrix(outputs, executions),
            result: Side::matrix(inputs, executions),
            strides: [inputs, 1],
        }
    }

    /// The product under an operation with instructions of its own: `load` gives the value of a data neuron, `store`
    /// takes the sum of a result neuron that has edges. Neurons count through all images.
    pub fn fused<O: Operation, T: Send>(
        &self,
        operation: O,
        packing: Packing,
        load: impl Fn(usize) -> f32 + Sync,
        store: impl Fn(&mut T, usize, f32) + Sync,
        target: &mut [T],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let width = width();
        self.blocks(packing, target, &|block, image, target| {
            let plan = block.plan;
            let planes =
                self.cut(block, width, |neuron| load(image * self.data.neurons(self.groups) + neuron), &O::ZERO);
            let dead = |values: &[f32]| values.iter().all(|&value| value == O::ZERO);
            let live = Live::new(&planes, plan, self.data.channels, &dead);
            let shifts = plan.shifts();
            let mut out = vec![O::ZERO; plan.length().div_ceil(width) * block.panels * ROWS * width];
            block.tasks(width, &mut out, monitor, |task, out| {
                let channels = live.channels(task.first, task.columns, &shifts);
                Strip {
                    planes: &planes[task.first..],
                    channel: plan.channel(),
                    channels: &channels,
                    shifts: &shifts,
                    weights: task.weights,
                    panel: self.data.channels * shifts.len() * ROWS,
                    columns: task.columns,
                    out,
                }
                .run(operation);
            })?;
            let first = image * self.result.neurons(self.groups);
            self.store(block, width, &out, target, |place, neuron, &sum| store(place, first + neuron, sum));
            Ok(())
        })
    }

    /// The product over any semiring, edge by edge.
    pub fn lanes<V: Clone + Send + Sync>(
        &self,
        packing: Packing,
        lanes: &Lanes<'_, V>,
        target: &mut [V],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        self.blocks(packing, target, &|block, image, target| {
            let plan = block.plan;
            let first = image * self.data.neurons(self.groups);
            let values = self.cut(block, WIDTH, |neuron| lanes.values[first + neuron], &0.0);
            let relevance = self.cut(block, WIDTH, |neuron| lanes.relevance[first + neuron].clone(), &lanes.zero);
            let live = Live::new(&relevance, plan, self.data.channels, lanes.dead);
            let shifts = plan.shifts();
            let first = image * self.result.neurons(self.groups);
            let mut sums = vec![lanes.zero.clone(); plan.length().div_ceil(WIDTH) * block.panels * ROWS * WIDTH];
            block.tasks(WIDTH, &mut sums, monitor, |task, sums| {
                let place = |channel: usize| {
                    let (plane, weight) = (channel * plan.channel(), channel * shifts.len() * ROWS);
                    let taps = shifts.iter().enumerate();
                    taps.map(move |(tap, shift)| Place { plane: plane + shift, weight: weight + tap * ROWS })
                };
                let channels = live.channels(task.first, task.columns, &shifts);
                let mut edges: Vec<Place> = channels.into_iter().flat_map(place).collect();
                // Behind the last plane all is 0, which makes no difference to any sum.
                let nothing = Place { plane: self.data.channels * plan.channel() - task.first, weight: 0 };
                edges.resize(edges.len().next_multiple_of(EDGES), nothing);
                let mut own = [0.0; ROWS * WIDTH];
                let panels = task.weights.chunks_exact(self.data.channels * shifts.len() * ROWS);
                for (number, (weights, sums)) in panels.zip(sums.chunks_exact_mut(ROWS * WIDTH)).enumerate() {
                    let row = (task.panel + number) * ROWS;
                    self.own(block, row, &task, &lanes.own[first..], &mut own);
                    (lanes.panel)(Panel {
                        edges: &edges,
                        weights,
                        values: &values[task.first..],
                        relevance: &relevance[task.first..],
                        own: &own,
                        columns: task.columns,
                        zero: &lanes.zero,
                        sums,
                    });
                }
            })?;
            self.store(block, WIDTH, &sums, target, |place, _, sum| (lanes.plus)(place, sum));
            Ok(())
        })
    }

    /// Runs over plans, groups, blocks of panels whose packed weights fit into memory, and images.
    fn blocks<T: Send>(&self, packing: Packing, target: &mut [T], run: &Run<'_, T>) -> Result<(), Cancelled> {
        for plan in &self.plans {
            let panel = self.data.channels * plan.taps.len() * ROWS;
            let panels = self.result.channels.div_ceil(ROWS);
            let step = (PACKED / panel / PANELS).max(1) * PANELS;
            for group in 0..self.groups {
                for first in (0..panels).step_by(step) {
                    let panels = step.min(panels - first);
                    let packed = self.pack(plan, group, first, panels, packing);
                    self.weights.release(0..self.weights.len());
                    let block = Block { plan, group, first, panels, weights: &packed, panel };
                    let images = target.par_chunks_mut(self.result.neurons(self.groups)).enumerate();
                    images.try_for_each(|(image, target)| run(&block, image, target))?;
                }
            }
        }
        Ok(())
    }

    /// Weights by panels of [`ROWS`] result channels: `[panel, data channel, tap, ROWS]`, 0 beyond the last channel.
    fn pack(&self, plan: &Plan, group: usize, first: usize, panels: usize, packing: Packing) -> Vec<f32> {
        let taps = plan.taps.len();
        let panel = self.data.channels * taps * ROWS;
        let weights = &self.weights[group * self.weights.len() / self.groups..];
        let mut packed = vec![0.0; panels * panel];
        packed.par_chunks_mut(panel).enumerate().for_each(|(number, packed)| {
            let row = (first + number) * ROWS;
            let rows = ROWS.min(self.result.channels - row);
            for (channel, packed) in packed.chunks_exact_mut(taps * ROWS).enumerate() {
                for own in 0..rows {
                    let weights = &weights[channel * self.strides[0] + (row + own) * self.strides[1]..];
                    for (tap, packed) in plan.taps.iter().zip(packed.chunks_exact_mut(ROWS)) {
                        packed[own] = weights[tap.weight];
                    }
                }
            }
            packing.apply(packed);
        });
        packed
    }

    /// The planes of all data channels of a group, with slack for one strip behind the last one.
    fn cut<T: Clone + Send + Sync>(
        &self,
        block: &Block<'_>,
        slack: usize,
        load: impl Fn(usize) -> T + Sync,
        outside: &T,
    ) -> Vec<T> {
        let (plan, side) = (block.plan, &self.data);
        let mut planes = vec![outside.clone(); side.channels * plan.channel() + slack];
        planes[..side.channels * plan.channel()].par_chunks_mut(plan.channel()).enumerate().for_each(
            |(channel, planes)| {
                let first = (block.group * side.channels + channel) * side.layout.channel;
                plan.cut(side.size, |position| load(first + position * side.layout.position), outside, planes);
            },
        );
        planes
    }

    /// What belongs to the result neurons of one panel's part of a strip, `[ROWS, WIDTH]`.
    fn own(&self, block: &Block<'_>, row: usize, task: &Task<'_>, own: &[f32], out: &mut [f32]) {
        for (row, out) in (row..self.result.channels).zip(out.chunks_exact_mut(WIDTH)) {
            let channel = (block.group * self.result.channels + row) * self.result.layout.channel;
            self.spans(block.plan, task.first..task.first + task.columns, |span| {
                for (i, out) in out[span.flat - task.first..][..span.length].iter_mut().enumerate() {
                    *out = own[channel + (span.position + i * span.step) * self.result.layout.position];
                }
            });
        }
    }

    /// The parts of a range of the flattened result that are columns of the image.
    fn spans(&self, plan: &Plan, flat: std::ops::Range<usize>, mut visit: impl FnMut(Span)) {
        let mut next = flat.start;
        while next < flat.end {
            let (y, x) = (next / plan.pitch, next % plan.pitch);
            let length = plan.size[1].saturating_sub(x).min(flat.end - next);
            if length > 0 {
                let row = (plan.target.start[0] + y * plan.target.step[0]) * self.result.size[1];
                let position = row + plan.target.start[1] + x * plan.target.step[1];
                visit(Span { flat: next, position, step: plan.target.step[1], length });
            }
            next = (y + 1) * plan.pitch;
        }
    }

    /// Gives the sums of one block, `[strip, panel, ROWS, width]`, to their places.
    fn store<T: Send, A: Sync>(
        &self,
        block: &Block<'_>,
        width: usize,
        sums: &[A],
        target: &mut [T],
        store: impl Fn(&mut T, usize, &A) + Sync,
    ) {
        let Layout { channel: stride, position: distance } = self.result.layout;
        let rows = block.first * ROWS..((block.first + block.panels) * ROWS).min(self.result.channels);
        let row =
            |strip: usize, row: usize| &sums[((strip * block.panels * ROWS) + row - rows.start) * width..][..width];
        if distance == 1 {
            // Images lie one after the other: one task a channel.
            let first = block.group * self.result.channels + rows.start;
            let images = target[first * stride..][..rows.len() * stride].par_chunks_mut(stride);
            images.enumerate().for_each(|(number, image)| {
                let channel = first + number;
                for strip in 0..block.plan.length().div_ceil(width) {
                    let sums = row(strip, rows.start + number);
                    let flat = strip * width..((strip + 1) * width).min(block.plan.length());
                    self.spans(block.plan, flat.clone(), |span| {
                        let sums = &sums[span.flat - flat.start..][..span.length];
                        let places = image[span.position..].iter_mut().step_by(span.step);
                        for (i, (place, sum)) in places.zip(sums).enumerate() {
                            store(place, channel * stride + span.position + i * span.step, sum);
                        }
                    });
                }
            });
        } else {
            // The channels of a position lie one after the other: one task a position, which is a column.
            target.par_chunks_mut(distance).enumerate().for_each(|(position, neurons)| {
                for (channel, place) in neurons[rows.clone()].iter_mut().enumerate() {
                    let sums = row(position / width, rows.start + channel);
                    store(place, position * distance + rows.start + channel, &sums[position % width]);
                }
            });
        }
    }
}

/// Runs a block on an image of a number, whose result it is given.
type Run<'a, T> = dyn Fn(&Block<'_>, usize, &mut [T]) -> Result<(), Cancelled> + Sync + 'a;

/// Neighbouring columns of the flattened result.
struct Span {
    /// The first one.
    flat: usize,
    /// Its position in the image, and the distance of the others.
    position: usize,
    step: usize,
    length: usize,
}

/// Panels of one group whose weights are packed.
struct Block<'a> {
    plan: &'a Plan,
    group: usize,
    first: usize,
    panels: usize,
    weights: &'a [f32],
    /// Packed weights of a panel.
    panel: usize,
}

/// Some columns of some panels.
struct Task<'a> {
    first: usize,
    columns: usize,
    panel: usize,
    weights: &'a [f32],
}

impl Block<'_> {
    /// Runs `run` for every strip and every few panels, each with its part of `out`, `[strip, panel, ROWS, width]`.
    fn tasks<A: Send>(
        &self,
        width: usize,
        out: &mut [A],
        monitor: &dyn Monitor,
        run: impl Fn(Task<'_>, &mut [A]) + Sync,
    ) -> Result<(), Cancelled> {
        let strips = out.par_chunks_mut(self.panels * ROWS * width).enumerate();
        let tasks = strips.flat_map(|(strip, out)| {
            out.par_chunks_mut(PANELS * ROWS * width).enumerate().map(move |(part, out)| (strip, part, out))
        });
        tasks.try_for_each(|(strip, part, out)| {
            if monitor.cancelled() {
                return Err(Cancelled);
            }
            let first = strip * width;
            let columns = (self.plan.length() - first).min(width);
            let panels = out.len() / (ROWS * width);
            let weights = &self.weights[part * PANELS * self.panel..][..panels * self.panel];
            run(Task { first, columns, panel: self.first + part * PANELS, weights }, out);
            monitor.advance((columns * panels * self.panel) as u64);
            Ok(())
        })
    }
}

/// Where planes are not all 0: a strip passes over channels that are 0 wherever it looks.
struct Live {
    /// One flag a segment, channel after channel.
    segments: Vec<bool>,
    /// Segments of one channel.
    channel: usize,
    channels: usize,
}

impl Live {
    fn new<T: Sync>(planes: &[T], plan: &Plan, channels: usize, dead: &(dyn Fn(&[T]) -> bool + Sync)) -> Self {
        let channel = plan.channel().div_ceil(SEGMENT);
        let mut segments = vec![false; channels * channel];
        let planes = planes.par_chunks(plan.channel());
        segments.par_chunks_mut(channel).zip(planes).for_each(|(segments, plane)| {
            segments.iter_mut().zip(plane.chunks(SEGMENT)).for_each(|(live, values)| *live = !dead(values));
        });
        Live { segments, channel, channels }
    }

    /// The channels that have a value other than 0 in the columns that the taps of a strip see.
    fn channels(&self, first: usize, columns: usize, shifts: &[usize]) -> Vec<usize> {
        let (Some(low), Some(high)) = (shifts.iter().min(), shifts.iter().max()) else { return Vec::new() };
        let segments = (first + low) / SEGMENT..((first + high + columns).div_ceil(SEGMENT)).min(self.channel);
        let live = |&channel: &usize| self.segments[channel * self.channel..][segments.clone()].contains(&true);
        (0..self.channels).filter(live).collect()
    }
}
