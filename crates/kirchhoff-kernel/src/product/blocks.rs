//! The kernel of semirings that take blocks: for each edge of a panel, one call for all columns and as many rows as fill a
//! block.

use std::ops::Range;

use super::dense::Dense;
use super::live::Live;
use super::packing::Packing;
use super::parts::{Block, Part};
use super::planes::{Planes, copied};
use super::strip::ROWS;
use crate::{Cancelled, Monitor, vectorised};

/// Lanes of a block over planes, at most: columns of a strip, times rows where these are shorter. A task has 32 rows at
/// most, so that blocks over images of a few pixels are as many times as long.
const WIDTH: usize = 256;

/// Writes Θ of contributions, as many at a time as there are places.
pub type LaneTheta<'a, V> = dyn Fn(&[f32], &mut [V]) + Sync + 'a;

/// Adds products to sums, lane by lane.
type Accumulate<'a, V> = dyn Fn(&mut [V], &[V], &[V]) + Sync + 'a;

/// A product in blocks, beside its geometry.
#[derive(Clone, Copy)]
pub(crate) struct Blocks<'a, V> {
    /// `v(k)`, for all images.
    pub values: &'a [f32],
    /// The relevance of destination neurons, for all images.
    pub relevance: &'a [V],
    /// Whether it differs from 0.
    pub live: &'a [bool],
    /// What belongs to the source neurons, for all images.
    pub own: &'a [f32],
    /// The semiring's 0.
    pub zero: &'a V,
    /// Writes Θ of contributions.
    pub theta: &'a LaneTheta<'a, V>,
    /// Adds products to sums: `sums ⊕ (theta ⊗ relevance)`.
    pub accumulate: &'a Accumulate<'a, V>,
}

/// One edge of every column: where its relevance is in the planes, and its weights within a panel.
struct Place {
    plane: usize,
    weight: usize,
}

/// What a task works in.
struct Scratch<V> {
    places: Vec<Place>,
    own: Vec<f32>,
    sums: Vec<V>,
    contributions: Vec<f32>,
    theta: Vec<V>,
    copies: Vec<V>,
}

impl<V> Default for Scratch<V> {
    fn default() -> Self {
        Scratch {
            places: Vec::new(),
            own: Vec::new(),
            sums: Vec::new(),
            contributions: Vec::new(),
            theta: Vec::new(),
            copies: Vec::new(),
        }
    }
}

impl Planes<'_> {
    /// Adds every edge to the target, source by source in the order of channels and taps. Edges whose relevance is 0 in all
    /// columns of a strip are passed over. Dense layers are for [`Dense::by_blocks`].
    ///
    /// # Panics
    /// If the planes are not images: sums are not gathered from the columns of a matrix.
    pub fn by_blocks<V: Clone + Send + Sync>(
        &self,
        packing: Packing,
        blocks: &Blocks<'_, V>,
        target: &mut [V],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        assert_eq!(self.result.layout.position, 1, "blocks over a matrix");
        self.blocks(packing, 0.0, target, &|block, image, target| {
            let plan = block.plan;
            let first = image * self.data.neurons(self.groups);
            let values = self.cut(block, 0, copied(&blocks.values[first..]), [&0.0; 2]);
            let relevance = self.cut(block, 0, copied(&blocks.relevance[first..]), [blocks.zero; 2]);
            let live = self.cut(block, 0, copied(&blocks.live[first..]), [&false; 2]);
            let segments = Live::new(&live, plan, self.data.channels, &|live: &[bool]| live.iter().all(|live| !live));
            let shifts = plan.shifts();
            let own = &blocks.own[image * self.result.neurons(self.groups)..];
            self.tasks(block, [WIDTH, 1, WIDTH], target, monitor, Scratch::default, |part, strip, scratch| {
                let columns = strip.len();
                scratch.places.clear();
                for channel in segments.channels(&strip, &shifts) {
                    for (tap, shift) in shifts.iter().enumerate() {
                        let plane = channel * plan.channel() + shift + strip.start;
                        if live[plane..plane + columns].contains(&true) {
                            scratch.places.push(Place { plane, weight: (channel * shifts.len() + tap) * ROWS });
                        }
                    }
                }
                if scratch.places.is_empty() {
                    return;
                }
                let rows = (part.panels(block) * ROWS).min(self.result.channels - part.row(block));
                // Columns that padding added have no source: 0 stands in for it.
                scratch.own.clear();
                scratch.own.resize(rows * columns, 0.0);
                self.gather(block, part.row(block), &strip, columns, own, &mut scratch.own);
                scratch.sums.clear();
                scratch.sums.resize(rows * columns, blocks.zero.clone());
                let sums = &mut scratch.sums;
                self.each_place(block, part, &strip, |place, i| sums[i].clone_from(place));
                let weights = part.weights(block);
                let together = (WIDTH / columns).max(1);
                for number in 0..rows.div_ceil(together) {
                    let rows = number * together..((number + 1) * together).min(rows);
                    scratch.join(blocks, rows, columns, [&values, weights], block.panel, &relevance);
                }
                let sums = &mut scratch.sums;
                self.each_place(block, part, &strip, |place, i| std::mem::swap(place, &mut sums[i]));
            })
        })
    }

    /// Visits the place of each sum `[row, column of the strip]` that belongs to a result neuron.
    fn each_place<V>(
        &self,
        block: &Block<'_>,
        part: &mut Part<'_, V>,
        strip: &Range<usize>,
        mut visit: impl FnMut(&mut V, usize),
    ) {
        let origin = part.origin;
        for (row, piece) in part.places.iter_mut().enumerate() {
            for span in self.spans(block.plan, strip.clone()) {
                let first = row * strip.len() + span.flat - strip.start;
                let places = piece[span.position - origin..].iter_mut().step_by(span.step).take(span.length);
                places.enumerate().for_each(|(i, place)| visit(place, first + i));
            }
        }
    }
}

impl<V: Clone> Scratch<V> {
    /// Adds all edges to some rows of sums, in one block each.
    fn join(
        &mut self,
        blocks: &Blocks<'_, V>,
        rows: Range<usize>,
        columns: usize,
        [values, weights]: [&[f32]; 2],
        panel: usize,
        relevance: &[V],
    ) {
        let lanes = rows.start * columns..rows.end * columns;
        let (sums, own) = (&mut self.sums[lanes.clone()], &self.own[lanes.clone()]);
        self.contributions.resize(lanes.len(), 0.0);
        self.theta.resize(lanes.len(), blocks.zero.clone());
        for place in &self.places {
            let values = &values[place.plane..][..columns];
            vectorised(|| {
                let own = own.chunks_exact(columns).zip(self.contributions.chunks_exact_mut(columns));
                for (row, (own, contributions)) in rows.clone().zip(own) {
                    let weight = weights[row / ROWS * panel + place.weight + row % ROWS];
                    let lanes = contributions.iter_mut().zip(own.iter().zip(values));
                    lanes.for_each(|(d, (own, value))| *d = own * (weight * value));
                }
            });
            (blocks.theta)(&self.contributions, &mut self.theta);
            let relevance = &relevance[place.plane..][..columns];
            if rows.len() == 1 {
                (blocks.accumulate)(sums, &self.theta, relevance);
            } else {
                self.copies.clear();
                rows.clone().for_each(|_| self.copies.extend_from_slice(relevance));
                (blocks.accumulate)(sums, &self.theta, &self.copies);
            }
        }
    }
}

impl Dense<'_> {
    /// Adds every edge to `sums`, in the order of `k`, for one execution: a block is a part of a row of weights.
    pub fn by_blocks<V: Clone + Send + Sync>(
        &self,
        blocks: &Blocks<'_, V>,
        sums: &mut [V],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        self.blocks(&|k| !blocks.live[k], sums, monitor, &|rows, first, sums| {
            let own = &blocks.own[first..first + sums.len()];
            let mut contributions = vec![0.0; sums.len()];
            let mut theta = vec![blocks.zero.clone(); sums.len()];
            let mut relevance = theta.clone();
            for &k in rows {
                let start = k * self.inputs + first;
                let weights = self.packing.applied(&self.weights[start..start + sums.len()]);
                let value = blocks.values[k];
                vectorised(|| {
                    let lanes = contributions.iter_mut().zip(own.iter().zip(&*weights));
                    lanes.for_each(|(d, (own, weight))| *d = own * (weight * value));
                });
                (blocks.theta)(&contributions, &mut theta);
                relevance.fill(blocks.relevance[k].clone());
                (blocks.accumulate)(sums, &theta, &relevance);
            }
        })
    }
}
