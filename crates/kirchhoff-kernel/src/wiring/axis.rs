//! Which indices one axis joins.

use serde::{Deserialize, Serialize};

use super::Run;
use crate::WiringError;
use crate::check::{LARGEST, size};

/// Edges of a list, at most: each takes some bytes.
const LISTED: usize = 1 << 24;

/// Which indices of a source axis are joined to which of a destination axis, and what that adds to the position of the
/// weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AxisEdges {
    /// Each index to itself, with weight `i · weight`.
    Same {
        /// The number of indices.
        length: usize,
        /// The distance of the weights.
        weight: usize,
    },
    /// Every source index `i` to every destination index `j`, with weight `i · weights[0] + j · weights[1]`.
    All {
        /// The number of source indices.
        sources: usize,
        /// The number of destination indices.
        destinations: usize,
        /// The distances of the weights.
        weights: [usize; 2],
    },
    /// Every index `i` to every index `j` of as many, with weight `i · weight`, and one more where they differ.
    Pairs {
        /// The number of indices.
        length: usize,
        /// The distance of the weights of source indices.
        weight: usize,
    },
    /// Windows, one a destination index `j`: tap `t` sees source index `j · stride + t · dilation − padding`, with weight
    /// `t · weight`.
    Windows(AxisWindows),
    /// Windows with the sides exchanged, one a source index: those of a transposed convolution.
    Spread(AxisWindows),
    /// The pairs of a list, in the order of sources and then of destinations.
    Listed {
        /// The number of source indices.
        sources: usize,
        /// The number of destination indices.
        destinations: usize,
        /// Source index, destination index, weight.
        edges: Vec<[usize; 3]>,
    },
}

/// Windows along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AxisWindows {
    /// The number of indices that windows see.
    pub seen: usize,
    /// The number of windows.
    pub windows: usize,
    /// Taps of a window.
    pub kernel: usize,
    /// Distance of neighbouring windows.
    pub stride: usize,
    /// Distance of neighbouring taps.
    pub dilation: usize,
    /// How far the first window reaches beyond the first index.
    pub padding: usize,
    /// The distance of the weights of neighbouring taps.
    pub weight: usize,
}

impl AxisWindows {
    fn check(&self) -> Result<(), WiringError> {
        for (what, value) in [
            ("a side of the kernel", self.kernel),
            ("a stride", self.stride),
            ("a dilation", self.dilation),
            ("a padding", self.padding.saturating_add(1)),
            ("a length of an axis", self.seen),
            ("a length of an axis", self.windows),
        ] {
            size(what, value)?;
        }
        if self.kernel > self.seen.max(1024) {
            return Err(WiringError::Kernel { kernel: self.kernel, length: self.seen });
        }
        Ok(())
    }

    /// The windows whose tap sees an index, and what the first of them sees; `None` where there are none.
    fn tap(&self, tap: usize) -> Option<(usize, usize, usize)> {
        let offset = tap * self.dilation;
        let first = self.padding.saturating_sub(offset).div_ceil(self.stride);
        let end = (self.seen + self.padding).saturating_sub(offset).div_ceil(self.stride).min(self.windows);
        (first < end).then(|| (first, first * self.stride + offset - self.padding, end - first))
    }

    /// The taps of a window: what each sees, and its weight.
    fn of_window(&self, window: usize, visit: &mut dyn FnMut(usize, usize)) {
        for tap in 0..self.kernel {
            let seen = (window * self.stride + tap * self.dilation).checked_sub(self.padding);
            if let Some(seen) = seen.filter(|&seen| seen < self.seen) {
                visit(seen, tap * self.weight);
            }
        }
    }

    /// The windows that see an index, and by which weight.
    fn of_seen(&self, seen: usize, visit: &mut dyn FnMut(usize, usize)) {
        for tap in 0..self.kernel {
            let shifted = (seen + self.padding).checked_sub(tap * self.dilation);
            if let Some(shifted) = shifted.filter(|shifted| shifted % self.stride == 0) {
                let window = shifted / self.stride;
                if window < self.windows {
                    visit(window, tap * self.weight);
                }
            }
        }
    }

    /// A run a tap, over its windows.
    fn runs(&self, spread: bool, visit: &mut dyn FnMut(&Run)) {
        for tap in 0..self.kernel {
            let Some((window, seen, length)) = self.tap(tap) else { continue };
            let (weight, weight_step, stride) = (tap * self.weight, 0, self.stride as isize);
            let [(source, source_step), (destination, destination_step)] =
                if spread { [(window, 1), (seen, stride)] } else { [(seen, stride), (window, 1)] };
            visit(&Run { source, source_step, destination, destination_step, weight, weight_step, length });
        }
    }

    fn count(&self) -> u64 {
        (0..self.kernel).filter_map(|tap| self.tap(tap)).map(|(_, _, length)| length as u64).sum()
    }
}

impl AxisEdges {
    /// The number of source indices.
    pub fn sources(&self) -> usize {
        match self {
            AxisEdges::Same { length, .. } | AxisEdges::Pairs { length, .. } => *length,
            AxisEdges::All { sources, .. } | AxisEdges::Listed { sources, .. } => *sources,
            AxisEdges::Windows(windows) => windows.seen,
            AxisEdges::Spread(windows) => windows.windows,
        }
    }

    /// The number of destination indices.
    pub fn destinations(&self) -> usize {
        match self {
            AxisEdges::Same { length, .. } | AxisEdges::Pairs { length, .. } => *length,
            AxisEdges::All { destinations, .. } | AxisEdges::Listed { destinations, .. } => *destinations,
            AxisEdges::Windows(windows) => windows.windows,
            AxisEdges::Spread(windows) => windows.seen,
        }
    }

    /// The same pairs, without weights.
    pub(super) fn unweighted(self) -> Self {
        match self {
            AxisEdges::Same { length, .. } => AxisEdges::Same { length, weight: 0 },
            AxisEdges::All { sources, destinations, .. } => AxisEdges::All { sources, destinations, weights: [0; 2] },
            AxisEdges::Pairs { length, .. } => {
                AxisEdges::All { sources: length, destinations: length, weights: [0; 2] }
            }
            AxisEdges::Windows(windows) => AxisEdges::Windows(AxisWindows { weight: 0, ..windows }),
            AxisEdges::Spread(windows) => AxisEdges::Spread(AxisWindows { weight: 0, ..windows }),
            AxisEdges::Listed { sources, destinations, mut edges } => {
                edges.iter_mut().for_each(|edge| edge[2] = 0);
                AxisEdges::Listed { sources, destinations, edges }
            }
        }
    }

    pub(super) fn check(&self) -> Result<(), WiringError> {
        match self {
            AxisEdges::Same { .. } | AxisEdges::All { .. } | AxisEdges::Pairs { .. } => Ok(()),
            AxisEdges::Windows(windows) | AxisEdges::Spread(windows) => windows.check(),
            AxisEdges::Listed { sources, destinations, edges } => {
                let in_order = edges.windows(2).all(|pair| pair[0][..2] < pair[1][..2]);
                let inside = edges.iter().all(|[i, j, weight]| i < sources && j < destinations && *weight <= LARGEST);
                match edges.len() <= LISTED && in_order && inside {
                    true => Ok(()),
                    false => Err(WiringError::Selection { what: "indices", size: (*sources).min(*destinations) }),
                }
            }
        }
    }

    /// The number of edges. At most 2³¹ indices on either side leave it below 2⁶².
    pub(super) fn count(&self) -> u64 {
        match self {
            AxisEdges::Same { length, .. } => *length as u64,
            AxisEdges::All { sources, destinations, .. } => *sources as u64 * *destinations as u64,
            AxisEdges::Pairs { length, .. } => (*length as u64).pow(2),
            AxisEdges::Windows(windows) | AxisEdges::Spread(windows) => windows.count(),
            AxisEdges::Listed { edges, .. } => edges.len() as u64,
        }
    }

    /// The largest that it adds to the position of a weight; `None` beyond what can be counted.
    pub(super) fn last_weight(&self) -> Option<usize> {
        match self {
            AxisEdges::Same { length, weight } => (length - 1).checked_mul(*weight),
            AxisEdges::All { sources, destinations, weights: [i, j] } => {
                (sources - 1).checked_mul(*i)?.checked_add((destinations - 1).checked_mul(*j)?)
            }
            AxisEdges::Pairs { length, weight } => (length - 1).checked_mul(*weight)?.checked_add((*length > 1).into()),
            AxisEdges::Windows(windows) | AxisEdges::Spread(windows) => {
                (windows.kernel - 1).checked_mul(windows.weight)
            }
            AxisEdges::Listed { edges, .. } => Some(edges.iter().map(|edge| edge[2]).max().unwrap_or(0)),
        }
    }

    /// The destination indices of a source index, ascending, with what they add to the weight.
    pub(super) fn of_source(&self, i: usize, visit: &mut dyn FnMut(usize, usize)) {
        match self {
            AxisEdges::Same { weight, .. } => visit(i, i * weight),
            AxisEdges::All { destinations, weights, .. } => {
                (0..*destinations).for_each(|j| visit(j, i * weights[0] + j * weights[1]));
            }
            AxisEdges::Pairs { length, weight } => {
                (0..*length).for_each(|j| visit(j, i * weight + usize::from(i != j)));
            }
            AxisEdges::Windows(windows) => windows.of_seen(i, visit),
            AxisEdges::Spread(windows) => windows.of_window(i, visit),
            AxisEdges::Listed { edges, .. } => {
                let first = edges.partition_point(|edge| edge[0] < i);
                edges[first..].iter().take_while(|edge| edge[0] == i).for_each(|edge| visit(edge[1], edge[2]));
            }
        }
    }

    /// The source indices of a destination index, with what they add to the weight.
    pub(super) fn of_destination(&self, j: usize, visit: &mut dyn FnMut(usize, usize)) {
        match self {
            AxisEdges::Same { weight, .. } => visit(j, j * weight),
            AxisEdges::All { sources, weights, .. } => {
                (0..*sources).for_each(|i| visit(i, i * weights[0] + j * weights[1]));
            }
            AxisEdges::Pairs { length, weight } => {
                (0..*length).for_each(|i| visit(i, i * weight + usize::from(i != j)));
            }
            AxisEdges::Windows(windows) => windows.of_window(j, visit),
            AxisEdges::Spread(windows) => windows.of_seen(j, visit),
            AxisEdges::Listed { edges, .. } => {
                edges.iter().filter(|edge| edge[1] == j).for_each(|edge| visit(edge[0], edge[2]));
            }
        }
    }

    /// All edges in runs; for each source index, its destinations in one order.
    pub(super) fn runs_by_source(&self, visit: &mut dyn FnMut(&Run)) {
        match self {
            AxisEdges::Same { length, weight } => visit(&run([0, 0, 0], [1, 1, *weight], *length)),
            AxisEdges::All { sources, destinations, weights } => {
                for j in 0..*destinations {
                    visit(&run([0, j, j * weights[1]], [1, 0, weights[0]], *sources));
                }
            }
            AxisEdges::Pairs { length, weight } => {
                for j in 0..*length {
                    pairs(j, *length, *weight, visit);
                }
            }
            AxisEdges::Windows(windows) => windows.runs(false, visit),
            AxisEdges::Spread(windows) => windows.runs(true, visit),
            AxisEdges::Listed { edges, .. } => listed(edges, visit),
        }
    }

    /// All edges in runs; for each destination index, its sources in one order.
    pub(super) fn runs_by_destination(&self, visit: &mut dyn FnMut(&Run)) {
        match self {
            AxisEdges::All { sources, destinations, weights } => {
                for i in 0..*sources {
                    visit(&run([i, 0, i * weights[0]], [0, 1, weights[1]], *destinations));
                }
            }
            _ => self.runs_by_source(visit),
        }
    }

    /// The number of sources of each destination index.
    pub(super) fn fan_in(&self) -> Vec<u32> {
        match self {
            AxisEdges::Same { length, .. } => vec![1; *length],
            AxisEdges::All { sources, destinations, .. } => vec![*sources as u32; *destinations],
            AxisEdges::Pairs { length, .. } => vec![*length as u32; *length],
            AxisEdges::Windows(_) | AxisEdges::Spread(_) | AxisEdges::Listed { .. } => {
                let mut fan_in = vec![0; self.destinations()];
                self.runs_by_source(&mut |run| {
                    (0..run.length).for_each(|i| fan_in[run.destination_at(i)] += 1);
                });
                fan_in
            }
        }
    }
}

fn run(start: [usize; 3], steps: [usize; 3], length: usize) -> Run {
    Run {
        source: start[0],
        source_step: steps[0] as isize,
        destination: start[1],
        destination_step: steps[1] as isize,
        weight: start[2],
        weight_step: steps[2],
        length,
    }
}

/// The edges into one index of all pairs: from those before it, from itself, from those behind it.
fn pairs(j: usize, length: usize, weight: usize, visit: &mut dyn FnMut(&Run)) {
    for (first, end) in [(0, j), (j, j + 1), (j + 1, length)] {
        if first < end {
            let other = usize::from(first != j);
            visit(&run([first, j, first * weight + other], [1, 0, weight], end - first));
        }
    }
}

/// The edges of a list, in runs wherever these are regular.
fn listed(edges: &[[usize; 3]], visit: &mut dyn FnMut(&Run)) {
    let mut rest = edges;
    while let [first, others @ ..] = rest {
        let step = |a: &[usize; 3], b: &[usize; 3]| -> Option<[isize; 3]> {
            let step: [isize; 3] = std::array::from_fn(|part| b[part] as isize - a[part] as isize);
            // Weights are walked upwards only.
            (step[2] >= 0).then_some(step)
        };
        let (mut length, mut steps) = (1, [0; 3]);
        if let Some(own) = others.first().and_then(|second| step(first, second)) {
            steps = own;
            length += rest.windows(2).take_while(|pair| step(&pair[0], &pair[1]) == Some(own)).count();
        }
        visit(&Run {
            source: first[0],
            source_step: steps[0],
            destination: first[1],
            destination_step: steps[1],
            weight: first[2],
            weight_step: steps[2] as usize,
            length,
        });
        rest = &rest[length..];
    }
}
