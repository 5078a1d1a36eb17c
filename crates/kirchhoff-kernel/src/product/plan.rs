//! How a convolution becomes products over shifted planes.
//!
//! Cut from a padded image, each tap of a window sees the same plane, shifted by a constant: over the flattened plane,
//! a convolution is a sum over channels and taps of a weight times a shifted vector. A stride divides the image into
//! planes of every second (third, …) row and column; going backwards, it divides the result.

use crate::{Sliding, Window};

/// One convolution over planes, forwards or backwards.
pub(super) struct Plan {
    /// The planes to cut from each channel of the data, all of one size.
    pub cuts: Vec<Cut>,
    /// Rows of each plane.
    pub rows: usize,
    /// Columns of each plane; also the distance of rows in the flattened result.
    pub pitch: usize,
    /// The taps.
    pub taps: Vec<Tap>,
    /// Rows and columns of the result.
    pub size: [usize; 2],
    /// Where in the target image the result's first element goes, and the distance of the others.
    pub target: Place,
}

/// A plane: every `step`th row and column of an image from `start` on; 0 outside of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub start: [isize; 2],
    pub step: [usize; 2],
}

/// One tap: the plane that it sees, shifted, and its place in the kernel.
pub(super) struct Tap {
    pub cut: usize,
    pub shift: usize,
    pub weight: usize,
}

/// Positions at regular distances.
pub(super) struct Place {
    pub start: [usize; 2],
    pub step: [usize; 2],
}

impl Plan {
    /// The number of values of one channel's planes.
    pub fn channel(&self) -> usize {
        self.cuts.len() * self.rows * self.pitch
    }

    /// The length of the flattened result, its last row without the columns that padding added.
    pub fn length(&self) -> usize {
        (self.size[0] - 1) * self.pitch + self.size[1]
    }

    /// The forward pass: destination from source.
    pub fn forward(sliding: &Sliding) -> Plan {
        let Window { kernel, stride, padding, dilation, .. } = sliding.window;
        let reach = |axis: usize| (kernel[axis] - 1) * dilation[axis] / stride[axis];
        let (rows, pitch) = (sliding.destination[0] + reach(0), sliding.destination[1] + reach(1));
        let mut plan = Plan {
            cuts: Vec::new(),
            rows,
            pitch,
            taps: Vec::new(),
            size: sliding.destination,
            target: Place { start: [0, 0], step: [1, 1] },
        };
        for y in 0..kernel[0] {
            for x in 0..kernel[1] {
                let (down, right) = (y * dilation[0], x * dilation[1]);
                let phase = [(down % stride[0]) as isize, (right % stride[1]) as isize];
                let start = [phase[0] - padding[0][0] as isize, phase[1] - padding[1][0] as isize];
                let shift = down / stride[0] * pitch + right / stride[1];
                plan.tap(Cut { start, step: stride }, shift, y * kernel[1] + x);
            }
        }
        plan
    }

    /// The passes of the transposed convolution: source from destination, one for each phase of the stride that a
    /// source position can have.
    pub fn backward(sliding: &Sliding) -> Vec<Plan> {
        let [rows, columns] = [0, 1].map(|axis| (0..sliding.window.stride[axis]).collect::<Vec<_>>());
        let phases = rows.into_iter().flat_map(|y| columns.iter().map(move |&x| [y, x]));
        phases.filter_map(|phase| Plan::backward_phase(sliding, phase)).collect()
    }

    fn backward_phase(sliding: &Sliding, phase: [usize; 2]) -> Option<Plan> {
        let Window { kernel, stride, padding, dilation, .. } = sliding.window;
        // Source positions y with (y + padding) mod stride = phase; their quotients run from `first` on.
        let mut first = [0; 2];
        let mut size = [0; 2];
        let mut start = [0; 2];
        for axis in 0..2 {
            let before = padding[axis][0];
            first[axis] = before.saturating_sub(phase[axis]).div_ceil(stride[axis]);
            let end = (sliding.source[axis] + before).saturating_sub(phase[axis]).div_ceil(stride[axis]);
            size[axis] = end.checked_sub(first[axis]).filter(|&size| size > 0)?;
            start[axis] = first[axis] * stride[axis] + phase[axis] - before;
        }
        // The taps that join them to destinations, with how many destinations each goes back.
        let back = |axis: usize| -> Vec<(usize, usize)> {
            let steps = (0..kernel[axis]).map(|tap| (tap, tap * dilation[axis]));
            let fitting = steps.filter(|(_, offset)| offset % stride[axis] == phase[axis]);
            fitting.map(|(tap, offset)| (tap, offset / stride[axis])).collect()
        };
        let (down, right) = (back(0), back(1));
        let (farthest_down, farthest_right) = (down.last()?.1, right.last()?.1);
        let pitch = size[1] + farthest_right;
        let cut = Cut {
            start: [first[0] as isize - farthest_down as isize, first[1] as isize - farthest_right as isize],
            step: [1, 1],
        };
        let mut plan = Plan {
            cuts: Vec::new(),
            rows: size[0] + farthest_down,
            pitch,
            taps: Vec::new(),
            size,
            target: Place { start, step: stride },
        };
        for &(y, up) in &down {
            for &(x, left) in &right {
                let shift = (farthest_down - up) * pitch + (farthest_right - left);
                plan.tap(cut, shift, y * kernel[1] + x);
            }
        }
        Some(plan)
    }

    fn tap(&mut self, cut: Cut, shift: usize, weight: usize) {
        let known = self.cuts.iter().position(|known| *known == cut);
        let cut = known.unwrap_or_else(|| {
            self.cuts.push(cut);
            self.cuts.len() - 1
        });
        self.taps.push(Tap { cut, shift, weight });
    }

    /// A product of matrices as a convolution of one tap: the image of a channel is its value in each of so many
    /// executions.
    pub fn matrix(executions: usize) -> Plan {
        let mut plan = Plan {
            cuts: Vec::new(),
            rows: 1,
            pitch: executions,
            taps: Vec::new(),
            size: [1, executions],
            target: Place { start: [0, 0], step: [1, 1] },
        };
        plan.tap(Cut { start: [0, 0], step: [1, 1] }, 0, 0);
        plan
    }

    /// Where each tap's plane begins within the planes of a channel, shift included.
    pub fn shifts(&self) -> Vec<usize> {
        self.taps.iter().map(|tap| tap.cut * self.rows * self.pitch + tap.shift).collect()
    }

    /// Writes the planes of one channel, of whose image `fill` gives the values from a position on; `outside` lies around it.
    #[inline(always)]
    pub fn cut<T: Clone>(
        &self,
        [height, width]: [usize; 2],
        fill: &impl Fn(usize, &mut [T]),
        outside: &T,
        planes: &mut [T],
    ) {
        for (cut, plane) in self.cuts.iter().zip(planes.chunks_mut(self.rows * self.pitch)) {
            let [down, right] = cut.step;
            // Columns of the plane that lie inside the image.
            let inside = |start: isize, step: usize, count: usize, length: usize| {
                let first = if start < 0 { start.unsigned_abs().div_ceil(step) } else { 0 };
                let end = (length as isize - start).max(0).unsigned_abs().div_ceil(step).min(count);
                first.min(end)..end
            };
            let columns = inside(cut.start[1], right, self.pitch, width);
            let rows = inside(cut.start[0], down, self.rows, height);
            for row in 0..self.rows {
                let line = &mut plane[row * self.pitch..][..self.pitch];
                if columns.is_empty() || !rows.contains(&row) {
                    line.fill(outside.clone());
                    continue;
                }
                line[..columns.start].fill(outside.clone());
                line[columns.end..].fill(outside.clone());
                let y = (cut.start[0] + (row * down) as isize) as usize;
                let x = (cut.start[1] + (columns.start * right) as isize).max(0) as usize;
                let (line, first) = (&mut line[columns.clone()], y * width + x);
                if right == 1 {
                    fill(first, line);
                } else {
                    line.chunks_mut(1).enumerate().for_each(|(i, value)| fill(first + i * right, value));
                }
            }
        }
    }
}
