//! Windows over images: convolutions and pools.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Run;
use crate::Window;

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

impl Sliding {
    pub(super) fn sources(&self) -> usize {
        self.inputs * self.source[0] * self.source[1]
    }

    pub(super) fn destinations(&self) -> usize {
        self.outputs * self.destination[0] * self.destination[1]
    }

    pub(super) fn weights(&self) -> usize {
        self.outputs * self.group_inputs() * self.window.taps()
    }

    pub(super) fn edges(&self) -> u64 {
        let seen = |axis: usize| -> u64 {
            (0..self.window.kernel[axis]).map(|tap| self.positions(axis, tap).len() as u64).sum()
        };
        self.outputs as u64 * self.group_inputs() as u64 * seen(0) * seen(1)
    }

    pub(super) fn group_inputs(&self) -> usize {
        self.inputs / self.groups
    }

    pub(super) fn group_outputs(&self) -> usize {
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
    pub(super) fn leaving(&self, block: Range<usize>, weighted: bool, visit: &mut dyn FnMut(&Run)) {
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
    pub(super) fn entering(&self, block: Range<usize>, weighted: bool, mut visit: impl FnMut(&Run)) {
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
    pub(super) fn seen(&self, axis: usize) -> Vec<u32> {
        let mut seen = vec![0; self.destination[axis]];
        for tap in 0..self.window.kernel[axis] {
            self.positions(axis, tap).for_each(|position| seen[position] += 1);
        }
        seen
    }

    pub(super) fn fan_in(&self) -> Vec<u32> {
        let (rows, columns) = (self.seen(0), self.seen(1));
        let channel: Vec<u32> =
            rows.iter().flat_map(|y| columns.iter().map(move |x| x * y * self.group_inputs() as u32)).collect();
        channel.repeat(self.outputs)
    }
}
