//! Products over planes: cutting planes, packing weights, running strips in parallel, and storing results.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::BEYOND;
use super::lanes::{EDGES, LANES, Panel, Place, WIDTH};
use super::live::Live;
use super::packing::Packing;
use super::pairs::{PAIR_VECTORS, PairOperation, PairStrip};
use super::parts::{Block, Layout, Part};
use super::plan::Plan;
use super::strip::{Operation, ROWS, Strip, VECTORS};
use super::winograd::Winograd;
use super::words::{StripWords, has_words};
use crate::memory::{filled, zeros};
use crate::{Arithmetic, Cancelled, Monitor, Sliding, Weights, parallel};
use kirchhoff_semiring::dispatch;

/// Packed weights that are held at a time: 32 MiB.
const PACKED: usize = 8 << 20;

/// Panels whose weights one task packs: a line of the cache on the way back.
const PACKED_TOGETHER: usize = 4;

/// One side of a layer: the tensors of one or several images.
#[derive(Clone, Copy)]
pub(super) struct Side {
    /// Channels of one group.
    pub channels: usize,
    /// Height and width of an image.
    pub size: [usize; 2],
    pub layout: Layout,
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
    pub fn neurons(&self, groups: usize) -> usize {
        groups * self.channels * self.size[0] * self.size[1]
    }
}

/// One direction of a layer as products over planes.
pub(crate) struct Planes<'a> {
    pub(super) plans: Vec<Plan>,
    pub(super) weights: &'a Weights,
    pub(super) groups: usize,
    pub(super) data: Side,
    pub(super) result: Side,
    /// Distance in the weights of neighbouring data channels and of neighbouring result channels of a group.
    pub(super) strides: [usize; 2],
    arithmetic: Arithmetic,
}

/// The first of neighbouring result neurons.
#[derive(Clone, Copy)]
pub(crate) struct Neuron {
    /// The channel of all of them; of a dense layer, the neuron in its own image.
    pub channel: usize,
    /// Its number through all images.
    pub number: usize,
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

/// What a kernel of pairs takes, for all images.
pub(crate) struct Pairs<'a> {
    /// `v(k)`.
    pub values: &'a [f32],
    /// The relevance of destination neurons.
    pub relevance: &'a [f32],
    /// What belongs to the source neurons.
    pub own: &'a [f32],
}

impl<'a> Planes<'a> {
    /// The destination of a convolution from its source.
    pub fn forward(sliding: &Sliding, weights: &'a Weights) -> Self {
        let taps = sliding.window.taps();
        let data = Side::image(sliding.inputs / sliding.groups, sliding.source);
        let result = Side::image(sliding.outputs / sliding.groups, sliding.destination);
        let strides = [taps, data.channels * taps];
        Self::convolution(sliding, vec![Plan::forward(sliding)], weights, [data, result], strides)
    }

    /// The source of a convolution from its destination.
    pub fn backward(sliding: &Sliding, weights: &'a Weights) -> Self {
        let taps = sliding.window.taps();
        let data = Side::image(sliding.outputs / sliding.groups, sliding.destination);
        let result = Side::image(sliding.inputs / sliding.groups, sliding.source);
        let strides = [result.channels * taps, taps];
        Self::convolution(sliding, Plan::backward(sliding), weights, [data, result], strides)
    }

    fn convolution(
        sliding: &Sliding,
        plans: Vec<Plan>,
        weights: &'a Weights,
        [data, result]: [Side; 2],
        strides: [usize; 2],
    ) -> Self {
        let arithmetic = Arithmetic::Direct;
        Planes { plans, weights, groups: sliding.groups, data, result, strides, arithmetic }
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
            arithmetic: Arithmetic::Direct,
        }
    }

    /// The same with sums computed otherwise than directly, where that can be.
    pub fn with(self, arithmetic: Arithmetic) -> Self {
        Planes { arithmetic, ..self }
    }

    /// The product under an operation with instructions of its own: `fill` gives the values of neighbouring data neurons from
    /// the one of a number on, `store` takes the sums of neighbouring result neurons that have edges. Data neurons count
    /// through all images.
    pub fn fused<O: Operation, T: Send>(
        &self,
        operation: O,
        packing: Packing,
        fill: impl Fn(usize, &mut [f32]) + Sync,
        store: impl Fn(&mut [T], Neuron, &[f32]) + Sync,
        target: &mut [T],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        if const { O::LINEAR }
            && self.arithmetic == Arithmetic::Winograd
            && let Some(winograd) = Winograd::new(self)
        {
            return self.winograd(&winograd, packing, &fill, &store, target, monitor);
        }
        let [width, grain] = VECTORS.width();
        self.blocks(packing, BEYOND, target, &|block, image, target| {
            let plan = block.plan;
            let planes = self.cut(
                block,
                zeros(self.length(block, width)),
                |neuron, values: &mut [f32]| fill(image * self.data.neurons(self.groups) + neuron, values),
                [&O::ZERO, &BEYOND],
            );
            let dead = |values: &[f32]| values.iter().all(|&value| value == O::ZERO);
            let live = Live::new(&planes, plan, self.data.channels, &dead);
            let shifts = plan.shifts();
            let first = image * self.result.neurons(self.groups);
            self.tasks(block, [width, grain, 1], target, monitor, Vec::new, |part, strip, out: &mut Vec<f32>| {
                out.clear();
                out.resize(part.panels(block) * ROWS * width, O::ZERO);
                let columns = strip.len();
                Strip {
                    planes: &planes[strip.start..],
                    channel: plan.channel(),
                    channels: &live.channels(&strip, &shifts),
                    shifts: &shifts,
                    weights: part.weights(block),
                    panel: block.panel,
                    columns,
                    width,
                    out,
                }
                .run(operation);
                let number = |neuron: Neuron| Neuron { number: first + neuron.number, ..neuron };
                self.store(block, part, strip, width, out, |places: &mut [T], neuron, sums| {
                    store(places, number(neuron), sums);
                });
            })
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
        self.blocks(packing, 0.0, target, &|block, image, target| {
            let plan = block.plan;
            let first = image * self.data.neurons(self.groups);
            let values = self.cut(block, zeros(self.length(block, WIDTH)), copied(&lanes.values[first..]), [&0.0; 2]);
            let planes = filled(&lanes.zero, self.length(block, WIDTH));
            let relevance = self.cut(block, planes, copied(&lanes.relevance[first..]), [&lanes.zero; 2]);
            let live = Live::new(&relevance, plan, self.data.channels, lanes.dead);
            let shifts = plan.shifts();
            let first = image * self.result.neurons(self.groups);
            self.tasks(block, [WIDTH, LANES, 1], target, monitor, Scratch::default, |part, strip, scratch| {
                let edges = &mut scratch.edges;
                edges.clear();
                let channels = live.channels(&strip, &shifts);
                // What a channel's taps see of its planes, if it is copied.
                let low = shifts.iter().min().copied().unwrap_or(0);
                let window = shifts.iter().max().map_or(0, |high| high - low) + WIDTH;
                for (number, channel) in channels.iter().enumerate() {
                    let (plane, weight) = (channel * plan.channel(), channel * shifts.len() * ROWS);
                    edges.extend(shifts.iter().enumerate().map(|(tap, shift)| {
                        let (plane, copy) = (plane + shift, number * window + shift - low);
                        let relevance = if const { has_words::<V>() } { copy } else { plane };
                        Place { plane, relevance, weight: weight + tap * ROWS }
                    }));
                }
                // Behind the last plane all is 0, which makes no difference to any sum.
                let end = self.data.channels * plan.channel();
                let (plane, copy) = (end - strip.start, channels.len() * window);
                let relevance_of = if const { has_words::<V>() } { copy } else { plane };
                let nothing = Place { plane, relevance: relevance_of, weight: 0 };
                edges.resize(edges.len().next_multiple_of(EDGES), nothing);
                if const { has_words::<V>() } {
                    let piece = |channel: &usize| &relevance[channel * plan.channel() + low + strip.start..][..window];
                    let pieces = channels.iter().map(piece).chain([&relevance[end..][..WIDTH]]);
                    scratch.words.fill(pieces, copy + WIDTH);
                }
                let words = &scratch.words;
                let sums = &mut scratch.sums;
                sums.resize(part.panels(block) * ROWS * WIDTH, lanes.zero.clone());
                let panels = part.weights(block).chunks_exact(block.panel);
                for (number, (weights, sums)) in panels.zip(sums.chunks_exact_mut(ROWS * WIDTH)).enumerate() {
                    let row = part.row(block) + number * ROWS;
                    self.gather(block, row, &strip, WIDTH, &lanes.own[first..], &mut scratch.own);
                    (lanes.panel)(Panel {
                        edges,
                        weights,
                        values: &values[strip.start..],
                        relevance: words.relevance(&relevance[strip.start..]),
                        own: &scratch.own,
                        columns: strip.len(),
                        zero: &lanes.zero,
                        sums,
                    });
                }
                self.store(block, part, strip, WIDTH, &scratch.sums, |places: &mut [V], _, sums| {
                    places.iter_mut().zip(sums).for_each(|(place, sum)| (lanes.plus)(place, sum));
                });
            })
        })
    }

    /// The product under an operation on pairs, which has instructions of its own.
    pub fn pairs<O: PairOperation, T: Send>(
        &self,
        operation: O,
        packing: Packing,
        pairs: &Pairs<'_>,
        store: impl Fn(&mut T, &O::Sum) + Sync,
        target: &mut [T],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let [width, grain] = PAIR_VECTORS.width();
        self.blocks(packing, BEYOND, target, &|block, image, target| {
            let plan = block.plan;
            let first = image * self.data.neurons(self.groups);
            let values =
                self.cut(block, zeros(self.length(block, width)), copied(&pairs.values[first..]), [&0.0, &BEYOND]);
            let planes = zeros(self.length(block, width));
            let relevance = self.cut(block, planes, copied(&pairs.relevance[first..]), [&O::ZERO, &BEYOND]);
            let dead = |values: &[f32]| values.iter().all(|&value| value.to_bits() == O::ZERO.to_bits());
            let live = Live::new(&relevance, plan, self.data.channels, &dead);
            let shifts = plan.shifts();
            let first = image * self.result.neurons(self.groups);
            let workspace = || (Vec::new(), vec![0.0; ROWS * width]);
            self.tasks(block, [width, grain, 1], target, monitor, workspace, |part, strip, (sums, own)| {
                sums.resize(part.panels(block) * ROWS * width, O::EMPTY);
                let channels = live.channels(&strip, &shifts);
                let panels = part.weights(block).chunks_exact(block.panel);
                for (number, (weights, out)) in panels.zip(sums.chunks_exact_mut(ROWS * width)).enumerate() {
                    let row = part.row(block) + number * ROWS;
                    self.gather(block, row, &strip, width, &pairs.own[first..], own);
                    PairStrip {
                        values: &values[strip.start..],
                        relevance: &relevance[strip.start..],
                        channel: plan.channel(),
                        channels: &channels,
                        shifts: &shifts,
                        weights,
                        own,
                        columns: strip.len(),
                        out,
                    }
                    .run(operation);
                }
                self.store(block, part, strip, width, sums, |places: &mut [T], _, sums| {
                    places.iter_mut().zip(sums).for_each(|(place, sum)| store(place, sum));
                });
            })
        })
    }

    /// Runs over plans, groups, blocks of panels whose packed weights fit into memory, and images. Weights beyond the last
    /// row are `beyond`.
    pub(super) fn blocks<T: Send>(
        &self,
        packing: Packing,
        beyond: f32,
        target: &mut [T],
        run: &Run<'_, T>,
    ) -> Result<(), Cancelled> {
        for plan in &self.plans {
            let panel = self.data.channels * plan.taps.len() * ROWS;
            let panels = self.result.channels.div_ceil(ROWS);
            let step = (PACKED / panel / Block::together()).max(1) * Block::together();
            for group in 0..self.groups {
                for first in (0..panels).step_by(step) {
                    let panels = step.min(panels - first);
                    let packed = self.pack(plan, group, first, panels, packing, beyond);
                    self.weights.release(0..self.weights.len());
                    let block = Block { plan, group, first, panels, weights: &packed, panel };
                    let image = self.result.neurons(self.groups);
                    parallel::try_chunks(target, image, &|number, target| run(&block, number, target))?;
                }
            }
        }
        Ok(())
    }

    /// Weights by panels of [`ROWS`] result channels: `[panel, data channel, tap, ROWS]`.
    fn pack(&self, plan: &Plan, group: usize, first: usize, panels: usize, packing: Packing, beyond: f32) -> Vec<f32> {
        let taps = plan.taps.len();
        let panel = self.data.channels * taps * ROWS;
        let extent = plan.taps.iter().map(|tap| tap.weight + 1).max().unwrap_or(0);
        let weights = &self.weights[group * self.weights.len() / self.groups..];
        self.weights.fetch(0..self.weights.len());
        let mut packed = zeros(panels * panel);
        parallel::chunks(&mut packed, PACKED_TOGETHER * panel, &|set, packed| {
            // Channel by channel, as weights lie on the way back: neighbouring panels take neighbouring weights.
            for channel in 0..self.data.channels {
                for (number, packed) in packed.chunks_exact_mut(panel).enumerate() {
                    let row = (first + set * PACKED_TOGETHER + number) * ROWS;
                    let rows = ROWS.min(self.result.channels - row);
                    let own =
                        |own: usize| &weights[channel * self.strides[0] + (row + own) * self.strides[1]..][..extent];
                    let (packed, _) = packed[channel * taps * ROWS..][..taps * ROWS].as_chunks_mut::<ROWS>();
                    if rows == ROWS {
                        let rows: [&[f32]; ROWS] = std::array::from_fn(own);
                        for (packed, tap) in packed.iter_mut().zip(&plan.taps) {
                            *packed = rows.map(|weights| weights[tap.weight]);
                        }
                    } else {
                        for (packed, tap) in packed.iter_mut().zip(&plan.taps) {
                            (0..rows).for_each(|row| packed[row] = own(row)[tap.weight]);
                            packed[rows..].fill(beyond);
                        }
                    }
                }
            }
            packing.apply(packed);
        });
        packed
    }

    /// The length of the planes of all data channels of a group, with slack for one strip.
    pub(super) fn length(&self, block: &Block<'_>, slack: usize) -> usize {
        self.data.channels * block.plan.channel() + slack
    }

    /// Writes the planes of all data channels of a group into memory of their [length](Planes::length), with a value `outside` of
    /// the image and one `beyond` the last plane.
    pub(super) fn cut<T: Clone + Send + Sync>(
        &self,
        block: &Block<'_>,
        mut planes: Vec<T>,
        fill: impl Fn(usize, &mut [T]) + Sync,
        [outside, beyond]: [&T; 2],
    ) -> Vec<T> {
        let (plan, side) = (block.plan, &self.data);
        let (inside, behind) = planes.split_at_mut(side.channels * plan.channel());
        parallel::chunks(inside, plan.channel(), &|channel, planes| {
            let first = (block.group * side.channels + channel) * side.layout.channel;
            dispatch(Cut {
                plan,
                size: side.size,
                fill: |position: usize, values: &mut [T]| match side.layout.position {
                    1 => fill(first + position, values),
                    distance => {
                        let values = values.chunks_mut(1).enumerate();
                        values.for_each(|(i, value)| fill(first + (position + i) * distance, value));
                    }
                },
                outside,
                planes,
            });
        });
        behind.fill(beyond.clone());
        planes
    }

    /// Runs a task for every strip of every part of a block, with something of its own for each part. Strips have `width`
    /// columns at most, which are a multiple of `grain` but for the last; a part has `fewest` of them at least, if there are
    /// so many.
    pub(super) fn tasks<T: Send, W>(
        &self,
        block: &Block<'_>,
        [width, grain, fewest]: [usize; 3],
        target: &mut [T],
        monitor: &dyn Monitor,
        workspace: impl Fn() -> W + Sync,
        task: impl Fn(&mut Part<'_, T>, Range<usize>, &mut W) + Sync,
    ) -> Result<(), Cancelled> {
        let Side { channels, size, layout } = self.result;
        let mut parts = block.parts(target, channels, layout, size[1], [width, fewest]);
        parallel::try_chunks(&mut parts, 1, &|_, parts| {
            let (part, mut workspace) = (&mut parts[0], workspace());
            for strip in part.strips(width, grain) {
                if monitor.cancelled() {
                    return Err(Cancelled);
                }
                let edges = strip.len() * part.panels(block) * block.panel;
                task(part, strip, &mut workspace);
                monitor.advance(edges as u64);
            }
            Ok(())
        })
    }

    /// What belongs to the result neurons of one panel's part of a strip, `[ROWS, width]`.
    pub(super) fn gather(
        &self,
        block: &Block<'_>,
        row: usize,
        strip: &Range<usize>,
        width: usize,
        own: &[f32],
        out: &mut [f32],
    ) {
        for (row, out) in (row..self.result.channels).zip(out.chunks_exact_mut(width)) {
            let channel = (block.group * self.result.channels + row) * self.result.layout.channel;
            for span in self.spans(block.plan, strip.clone()) {
                for (i, out) in out[span.flat - strip.start..][..span.length].iter_mut().enumerate() {
                    *out = own[channel + (span.position + i * span.step) * self.result.layout.position];
                }
            }
        }
    }

    /// The parts of a range of the flattened result that are columns of the image.
    #[inline(always)]
    pub(super) fn spans(&self, plan: &Plan, flat: Range<usize>) -> impl Iterator<Item = Span> {
        let (size, start, step) = (plan.size[1], plan.target.start, plan.target.step);
        let (pitch, row) = (plan.pitch, self.result.size[1]);
        (flat.start / pitch..flat.end.div_ceil(pitch)).filter_map(move |y| {
            let columns = flat.start.max(y * pitch)..flat.end.min(y * pitch + size);
            let x = columns.start - y * pitch;
            let position = (start[0] + y * step[0]) * row + start[1] + x * step[1];
            (!columns.is_empty()).then(|| Span { flat: columns.start, position, step: step[1], length: columns.len() })
        })
    }

    /// Gives the sums of a strip, `[panel, ROWS, width]`, to their places.
    fn store<T, A>(
        &self,
        block: &Block<'_>,
        part: &mut Part<'_, T>,
        strip: Range<usize>,
        width: usize,
        sums: &[A],
        store: impl Fn(&mut [T], Neuron, &[A]),
    ) {
        dispatch(Store { planes: self, block, part, strip, width, sums, store });
    }

    /// [`store`](Planes::store), for any instructions.
    #[inline(always)]
    fn store_inlined<T, A>(
        &self,
        block: &Block<'_>,
        part: &mut Part<'_, T>,
        strip: Range<usize>,
        width: usize,
        sums: &[A],
        store: impl Fn(&mut [T], Neuron, &[A]),
    ) {
        let Layout { channel: stride, position: distance } = self.result.layout;
        let first = block.group * self.result.channels + part.row(block);
        let origin = part.origin;
        if distance == 1 {
            for (number, (piece, sums)) in part.places.iter_mut().zip(sums.chunks_exact(width)).enumerate() {
                let channel = first + number;
                for span in self.spans(block.plan, strip.clone()) {
                    let sums = &sums[span.flat - strip.start..][..span.length];
                    let places = &mut piece[span.position - origin..];
                    let neuron = |i: usize| Neuron { channel, number: channel * stride + span.position + i };
                    if span.step == 1 {
                        store(&mut places[..span.length], neuron(0), sums);
                    } else {
                        let places = places.chunks_mut(span.step).zip(sums.chunks(1)).enumerate();
                        places.for_each(|(i, (places, sum))| store(&mut places[..1], neuron(i * span.step), sum));
                    }
                }
            }
        } else {
            for (i, position) in strip.enumerate() {
                for (row, place) in part.places[position - origin].chunks_mut(1).enumerate() {
                    let channel = first + row;
                    let neuron = Neuron { channel, number: position * distance + channel };
                    store(place, neuron, &sums[row * width + i..][..1]);
                }
            }
        }
    }
}

/// Copies neighbouring values from the one of a number on.
pub(super) fn copied<T: Clone>(values: &[T]) -> impl Fn(usize, &mut [T]) {
    |first, copy| copy.clone_from_slice(&values[first..first + copy.len()])
}

/// [`Plan::cut`], waiting for instructions.
struct Cut<'a, T, F> {
    plan: &'a Plan,
    size: [usize; 2],
    fill: F,
    outside: &'a T,
    planes: &'a mut [T],
}

impl<T: Clone, F: Fn(usize, &mut [T])> WithSimd for Cut<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.plan.cut(self.size, &self.fill, self.outside, self.planes);
    }
}

/// [`Planes::store`], waiting for instructions.
struct Store<'s, 'a, 'p, 't, T, A, F> {
    planes: &'s Planes<'a>,
    block: &'s Block<'s>,
    part: &'p mut Part<'t, T>,
    strip: Range<usize>,
    width: usize,
    sums: &'s [A],
    store: F,
}

impl<T, A, F: Fn(&mut [T], Neuron, &[A])> WithSimd for Store<'_, '_, '_, '_, T, A, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Store { planes, block, part, strip, width, sums, store } = self;
        planes.store_inlined(block, part, strip, width, sums, store);
    }
}

/// What a task of the kernel of any semiring works in.
struct Scratch<V> {
    edges: Vec<Place>,
    words: StripWords<V>,
    sums: Vec<V>,
    own: [f32; ROWS * WIDTH],
}

impl<V: Clone> Default for Scratch<V> {
    fn default() -> Self {
        Scratch { edges: Vec::new(), words: StripWords::empty(), sums: Vec::new(), own: [0.0; ROWS * WIDTH] }
    }
}

/// Runs a block on an image of a number, whose result it is given.
pub(super) type Run<'a, T> = dyn Fn(&Block<'_>, usize, &mut [T]) -> Result<(), Cancelled> + Sync + 'a;

/// Neighbouring columns of the flattened result.
pub(super) struct Span {
    /// The first one.
    pub flat: usize,
    /// Its position in the image, and the distance of the others.
    pub position: usize,
    pub step: usize,
    pub length: usize,
}
