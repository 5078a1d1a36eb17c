//! Convolutions as products: cutting planes, packing weights, and running strips in parallel.

use rayon::prelude::*;

use super::micro::{Operation, ROWS, Strip, strip};
use super::plan::Plan;
use crate::{Cancelled, Monitor, Sliding, WeightFactor};

/// Panels of rows that one task takes: enough to keep the planes of its strip in cache, few enough to share work out.
const PANELS: usize = 8;

/// What a product is made of.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a> {
    /// The prepared values of the neurons that the pass comes from, `[channels, height, width]`.
    pub data: &'a [f32],
    /// The weights of the convolution.
    pub weights: &'a [f32],
    /// What is taken of each weight.
    pub factor: WeightFactor,
}

/// One direction of a convolution: which channels are data, which are results, and where weights are.
pub(super) struct Channels {
    /// Data channels of one group.
    pub data: usize,
    /// Result channels of one group.
    pub results: usize,
    /// Groups.
    pub groups: usize,
    /// Distance in the weights of neighbouring data channels and of neighbouring result channels of a group.
    pub strides: [usize; 2],
    /// Distance in the weights of groups.
    pub group: usize,
    /// Height and width of the data and of the result.
    pub sizes: [[usize; 2]; 2],
}

impl Channels {
    /// The destination from the source.
    pub fn forward(sliding: &Sliding) -> Self {
        let (data, results) = (sliding.inputs / sliding.groups, sliding.outputs / sliding.groups);
        let taps = sliding.window.taps();
        Channels {
            data,
            results,
            groups: sliding.groups,
            strides: [taps, data * taps],
            group: results * data * taps,
            sizes: [sliding.source, sliding.destination],
        }
    }

    /// The source from the destination.
    pub fn backward(sliding: &Sliding) -> Self {
        let (data, results) = (sliding.outputs / sliding.groups, sliding.inputs / sliding.groups);
        let taps = sliding.window.taps();
        Channels {
            data,
            results,
            groups: sliding.groups,
            strides: [results * taps, taps],
            group: results * data * taps,
            sizes: [sliding.destination, sliding.source],
        }
    }

    /// Runs one plan over all groups and writes the result to its places in `target`, `[channels, height, width]`;
    /// other places stay as they are.
    pub fn run<O: Operation>(
        &self,
        plan: &Plan,
        operation: O,
        operands: Operands<'_>,
        target: &mut [f32],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let Operands { data, weights, factor } = operands;
        let width = strip();
        let strips = plan.length().div_ceil(width);
        let panels = self.results.div_ceil(ROWS);
        let area = |size: [usize; 2]| size[0] * size[1];
        let (data_area, target_area) = (area(self.sizes[0]), area(self.sizes[1]));
        let shifts: Vec<usize> = plan.taps.iter().map(|tap| tap.cut * plan.rows * plan.pitch + tap.shift).collect();
        for group in 0..self.groups {
            let data = &data[group * self.data * data_area..(group + 1) * self.data * data_area];
            // Slack, so that the last strip may read beyond the columns that are wanted.
            let mut planes = vec![0.0; self.data * plan.channel() + width];
            planes.par_chunks_mut(plan.channel()).zip(data.par_chunks(data_area)).for_each(|(planes, image)| {
                plan.cut(image, self.sizes[0], planes);
            });
            let packed = self.pack(plan, &weights[group * self.group..], factor, panels);
            // The result by strips, so that each task has a part of its own: [strip, panel, ROWS, width].
            let mut out = vec![0.0; strips * panels * ROWS * width];
            let tasks = out.par_chunks_mut(panels * ROWS * width).enumerate().flat_map(|(number, out)| {
                let parts = out.par_chunks_mut(PANELS * ROWS * width).enumerate();
                parts.map(move |(part, out)| (number, part, out))
            });
            let panel = self.data * shifts.len() * ROWS;
            tasks.try_for_each(|(number, part, out)| {
                if monitor.cancelled() {
                    return Err(Cancelled);
                }
                let first = number * width;
                let columns = (plan.length() - first).min(width);
                let count = out.len() / (ROWS * width);
                let weights = &packed[part * PANELS * panel..][..count * panel];
                let (planes, channel, shifts) = (&planes[first..], plan.channel(), &shifts[..]);
                Strip { planes, channel, channels: self.data, shifts, weights, columns, out }.run(operation);
                monitor.advance((columns * count * panel) as u64);
                Ok(())
            })?;
            let target = &mut target[group * self.results * target_area..(group + 1) * self.results * target_area];
            target.par_chunks_mut(target_area).enumerate().for_each(|(channel, image)| {
                self.unpack(plan, &out, [panels, width], channel, image);
            });
        }
        Ok(())
    }

    /// Weights by panels of [`ROWS`] result channels: `[panel, data channel, tap, ROWS]`, 0 beyond the last channel.
    fn pack(&self, plan: &Plan, weights: &[f32], factor: WeightFactor, panels: usize) -> Vec<f32> {
        let taps = plan.taps.len();
        let mut packed = vec![0.0; panels * self.data * taps * ROWS];
        packed.par_chunks_mut(self.data * taps * ROWS).enumerate().for_each(|(panel, packed)| {
            for row in 0..ROWS.min(self.results - panel * ROWS) {
                let of_row = &weights[(panel * ROWS + row) * self.strides[1]..];
                for channel in 0..self.data {
                    for (number, tap) in plan.taps.iter().enumerate() {
                        let weight = of_row[channel * self.strides[0] + tap.weight];
                        packed[(channel * taps + number) * ROWS + row] = factor.apply(weight);
                    }
                }
            }
        });
        packed
    }

    /// Gives the values of one result channel to their places.
    fn unpack(&self, plan: &Plan, out: &[f32], [panels, width]: [usize; 2], channel: usize, image: &mut [f32]) {
        let row = |number: usize| &out[(number * panels * ROWS + channel) * width..][..width];
        let columns = self.sizes[1][1];
        for y in 0..plan.size[0] {
            let start = (plan.target.start[0] + y * plan.target.step[0]) * columns + plan.target.start[1];
            let mut x = 0;
            while x < plan.size[1] {
                // The part of the row that lies in one strip.
                let flat = y * plan.pitch + x;
                let (number, offset) = (flat / width, flat % width);
                let count = (width - offset).min(plan.size[1] - x);
                let values = &row(number)[offset..offset + count];
                let places = image[start + x * plan.target.step[1]..].iter_mut().step_by(plan.target.step[1]);
                places.zip(values).for_each(|(place, &value)| *place = value);
                x += count;
            }
        }
    }
}
