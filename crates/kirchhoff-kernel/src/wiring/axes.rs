//! Edges axis by axis: two neurons are joined if their indices are, along every axis.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Run;
use super::axis::AxisEdges;
use crate::WiringError;
use crate::check::{LARGEST, size};

/// One axis of an [`Axes`] wiring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Flat distance of neighbouring source indices.
    pub source_step: usize,
    /// Flat distance of neighbouring destination indices.
    pub destination_step: usize,
    /// Which indices are joined.
    pub edges: AxisEdges,
}

/// Edges as a product of axes: source `Σ i·source_step` is joined to destination `Σ j·destination_step` if every axis joins
/// its `i` to its `j`, with the weight at the sum of what the axes say.
///
/// Matrix products of any batch, sums along axes and copies along them, selections, interpolation, windows in any number of
/// dimensions and all pairs within groups are of this form. The indices of either side count its neurons: every neuron
/// has one index along each axis, and every choice of indices is a neuron.
///
/// ```
/// use kirchhoff_kernel::{Axes, Wiring};
///
/// // A product of 2 × 3 and 3 × 4 matrices, seen from the first factor: the second has the weights.
/// let [row, inner, column] = [0, 1, 2];
/// let axes = Axes::contraction(&[2, 3, 4], &[row, inner], &[inner, column], &[row, column])?;
/// let wiring = Wiring::Axes(axes);
/// assert_eq!((wiring.sources(), wiring.weights(), wiring.destinations(), wiring.edges()), (6, 12, 8, 24));
/// # Ok::<(), kirchhoff_kernel::WiringError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Data", into = "Data")]
pub struct Axes {
    axes: Vec<Axis>,
    weights: usize,
    sources: usize,
    destinations: usize,
    /// The axis along which the neighbours of a source lie.
    inner_source: usize,
    /// The axis along which the neighbours of a destination lie.
    inner_destination: usize,
}

/// What makes the axes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    axes: Vec<Axis>,
    weights: usize,
}

impl TryFrom<Data> for Axes {
    type Error = WiringError;

    fn try_from(Data { axes, weights }: Data) -> Result<Self, WiringError> {
        Axes::new(axes, weights)
    }
}

impl From<Axes> for Data {
    fn from(Axes { axes, weights, .. }: Axes) -> Self {
        Data { axes, weights }
    }
}

/// A side of the edges.
#[derive(Clone, Copy)]
enum Side {
    Source,
    Destination,
}

impl Axis {
    /// Its length and distance on a side.
    fn on(&self, side: Side) -> [usize; 2] {
        match side {
            Side::Source => [self.edges.sources(), self.source_step],
            Side::Destination => [self.edges.destinations(), self.destination_step],
        }
    }
}

impl Axes {
    /// The wiring of these axes, over so many weights; 0 where all edges weigh 1.
    ///
    /// # Errors
    /// Lengths that are 0 or too large, indices that do not count the neurons of a side, or weights that are not there.
    pub fn new(axes: Vec<Axis>, weights: usize) -> Result<Self, WiringError> {
        if axes.is_empty() {
            return Err(WiringError::Size { what: "the number of axes", got: 0 });
        }
        let mut edges = 1u64;
        let mut last_weight = 0usize;
        for axis in &axes {
            axis.edges.check()?;
            size("a length of an axis", axis.edges.sources())?;
            size("a length of an axis", axis.edges.destinations())?;
            edges = edges
                .checked_mul(axis.edges.count())
                .filter(|&edges| i64::try_from(edges).is_ok())
                .ok_or(WiringError::Edges)?;
            last_weight =
                axis.edges.last_weight().and_then(|last| last_weight.checked_add(last)).ok_or(WiringError::Edges)?;
        }
        if (weights == 0 && last_weight > 0) || (weights > 0 && last_weight >= weights) || weights > LARGEST {
            return Err(WiringError::Selection { what: "weights", size: weights });
        }
        let [sources, destinations] = [count(&axes, Side::Source)?, count(&axes, Side::Destination)?];
        let inner = |side| axes.iter().position(|axis| axis.on(side)[0] > 1 && axis.on(side)[1] == 1);
        let (inner_source, inner_destination) = (inner(Side::Source), inner(Side::Destination));
        let [inner_source, inner_destination] = [inner_source, inner_destination].map(|inner| inner.unwrap_or(0));
        Ok(Axes { axes, weights, sources, destinations, inner_source, inner_destination })
    }

    /// Edges at every choice of indices of the given `lengths`. `source`, `weights` and `destination` name the indices that
    /// the position in each tensor depends on, from the slowest to the fastest; without any weights, all are 1.
    ///
    /// So are matrix products (as Einstein's sums write them), sums along axes, whose index the destination lacks, and copies
    /// along axes, whose index the source lacks.
    ///
    /// # Errors
    /// An index that neither the source nor the destination depends on, or tensors that are too large.
    pub fn contraction(
        lengths: &[usize],
        source: &[usize],
        weights: &[usize],
        destination: &[usize],
    ) -> Result<Self, WiringError> {
        let step = |order: &[usize], index: usize| -> Option<usize> {
            let place = order.iter().position(|&other| other == index)?;
            Some(order[place + 1..].iter().map(|&later| lengths[later]).product())
        };
        let mut axes = Vec::with_capacity(lengths.len());
        for (index, &length) in lengths.iter().enumerate() {
            let weight = step(weights, index).unwrap_or(0);
            let (source_step, destination_step) = (step(source, index), step(destination, index));
            let edges = match (source_step, destination_step) {
                (Some(_), Some(_)) => AxisEdges::Same { length, weight },
                (Some(_), None) => AxisEdges::All { sources: length, destinations: 1, weights: [weight, 0] },
                (None, Some(_)) => AxisEdges::All { sources: 1, destinations: length, weights: [0, weight] },
                // An axis of one index is one that every tensor depends on.
                (None, None) if length == 1 => continue,
                (None, None) => return Err(WiringError::Selection { what: "axes", size: lengths.len() }),
            };
            let [source_step, destination_step] = [source_step, destination_step].map(|step| step.unwrap_or(1));
            axes.push(Axis { source_step, destination_step, edges });
        }
        if axes.is_empty() {
            axes.push(Axis { source_step: 1, destination_step: 1, edges: AxisEdges::Same { length: 1, weight: 0 } });
        }
        let weights = if weights.is_empty() { 0 } else { weights.iter().map(|&index| lengths[index]).product() };
        Axes::new(axes, weights)
    }

    /// The same edges, of weight 1 so far, all over one weight.
    ///
    /// # Panics
    /// If there are weights already.
    pub fn weighted_alike(self) -> Self {
        assert_eq!(self.weights, 0, "weights of edges that should have none");
        Axes { weights: 1, ..self }
    }

    /// Whether the edges have weights.
    pub fn has_weights(&self) -> bool {
        self.weights > 0
    }

    /// The same edges, all of weight 1; the axes then say nothing of weights.
    pub fn unweighted(self) -> Self {
        let axes = self.axes.into_iter().map(|axis| Axis { edges: axis.edges.unweighted(), ..axis }).collect();
        Axes { axes, weights: 0, ..self }
    }

    /// The axes.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    pub(super) fn sources(&self) -> usize {
        self.sources
    }

    pub(super) fn destinations(&self) -> usize {
        self.destinations
    }

    pub(super) fn weights(&self) -> usize {
        self.weights
    }

    pub(super) fn edges(&self) -> u64 {
        self.axes.iter().map(|axis| axis.edges.count()).product()
    }

    pub(super) fn source_block(&self) -> usize {
        self.axes[self.inner_source].edges.sources()
    }

    pub(super) fn destination_block(&self) -> usize {
        self.axes[self.inner_destination].edges.destinations()
    }

    /// Visits the edges that leave the sources of a block, which differ in the index of one axis only.
    pub(super) fn leaving(&self, block: Range<usize>, visit: &mut dyn FnMut(&Run)) {
        self.visit(Side::Source, self.inner_source, block, visit);
    }

    /// Visits the edges that enter the destinations of a block, likewise.
    pub(super) fn entering(&self, block: Range<usize>, visit: &mut dyn FnMut(&Run)) {
        self.visit(Side::Destination, self.inner_destination, block, visit);
    }

    fn visit(&self, side: Side, inner: usize, block: Range<usize>, visit: &mut dyn FnMut(&Run)) {
        let mut base = Run {
            source: 0,
            source_step: 0,
            destination: 0,
            destination_step: 0,
            weight: 0,
            weight_step: 0,
            length: 1,
        };
        // For each other axis, where its edges at the block's index lead: offsets of source, destination and weight.
        let mut ways: Vec<Vec<[usize; 3]>> = Vec::with_capacity(self.axes.len());
        for (_, axis) in self.axes.iter().enumerate().filter(|(number, _)| *number != inner) {
            let [length, step] = axis.on(side);
            let index = block.start / step % length;
            let mut own = Vec::new();
            let mut add = |i: usize, j: usize, weight: usize| {
                own.push([i * axis.source_step, j * axis.destination_step, weight]);
            };
            match side {
                Side::Source => axis.edges.of_source(index, &mut |j, weight| add(index, j, weight)),
                Side::Destination => axis.edges.of_destination(index, &mut |i, weight| add(i, index, weight)),
            }
            if let [only] = own[..] {
                move_by(&mut base, only);
            } else {
                ways.push(own);
            }
        }
        let axis = &self.axes[inner];
        let mut along = |base: &Run| {
            let mut run = |run: &Run| {
                visit(&Run {
                    source: base.source + run.source * axis.source_step,
                    source_step: run.source_step * axis.source_step as isize,
                    destination: base.destination + run.destination * axis.destination_step,
                    destination_step: run.destination_step * axis.destination_step as isize,
                    weight: base.weight + run.weight,
                    ..*run
                });
            };
            match side {
                Side::Source => axis.edges.runs_by_source(&mut run),
                Side::Destination => axis.edges.runs_by_destination(&mut run),
            }
        };
        each_way(&ways, base, &mut along);
    }

    /// The number of edges that enter each destination neuron.
    pub(super) fn fan_in(&self) -> Vec<u32> {
        let mut fan_in = vec![1u32; self.destinations];
        for axis in &self.axes {
            let [length, step] = axis.on(Side::Destination);
            let own = axis.edges.fan_in();
            for (k, fan_in) in fan_in.iter_mut().enumerate() {
                *fan_in = fan_in.saturating_mul(own[k / step % length]);
            }
        }
        fan_in
    }

    pub(super) fn fan_in_bounds(&self) -> [u32; 2] {
        self.axes.iter().fold([1, 1], |[low, high]: [u32; 2], axis| {
            let own = axis.edges.fan_in();
            let bound = |bound: Option<&u32>| bound.copied().unwrap_or(0);
            [low.saturating_mul(bound(own.iter().min())), high.saturating_mul(bound(own.iter().max()))]
        })
    }
}

fn move_by(run: &mut Run, [source, destination, weight]: [usize; 3]) {
    run.source += source;
    run.destination += destination;
    run.weight += weight;
}

/// Visits every choice of one way an axis.
fn each_way(ways: &[Vec<[usize; 3]>], base: Run, visit: &mut dyn FnMut(&Run)) {
    let Some((first, rest)) = ways.split_first() else {
        visit(&base);
        return;
    };
    for way in first {
        let mut base = base;
        move_by(&mut base, *way);
        each_way(rest, base, visit);
    }
}

/// The number of neurons of a side, which the indices must count.
fn count(axes: &[Axis], side: Side) -> Result<usize, WiringError> {
    let mut steps: Vec<[usize; 2]> = axes.iter().map(|axis| axis.on(side)).filter(|[length, _]| *length > 1).collect();
    // A distance of 0 between indices is none.
    if axes.iter().any(|axis| axis.on(side)[1] == 0) {
        return Err(WiringError::Size { what: "a distance of an axis", got: 0 });
    }
    steps.sort_unstable_by_key(|[_, step]| *step);
    let mut count = 1usize;
    for [length, step] in steps {
        let what = match side {
            Side::Source => "sources",
            Side::Destination => "destinations",
        };
        if step != count {
            return Err(WiringError::Selection { what, size: count });
        }
        count = count.checked_mul(length).filter(|&count| count <= LARGEST).ok_or(WiringError::Edges)?;
    }
    Ok(count)
}
