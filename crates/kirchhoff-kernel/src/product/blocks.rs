//! The kernel of semirings that take blocks. Those that join edges get all edges of a row over a strip in one call; others a
//! call for each edge of a panel, with all columns and as many rows as fill a block.

use std::ops::Range;

use kirchhoff_semiring::{Columns, EdgeLanes, JoinEdges};

use super::dense::Dense;
use super::live::Live;
use super::packing::Packing;
use super::parts::{Block, Part};
use super::planes::{Planes, copied};
use super::strip::ROWS;
use crate::memory::{filled, zeros};
use crate::{Cancelled, Monitor, vectorised};

/// Lanes of a block over planes, at most: columns of a strip, times rows where these are shorter. A task has 32 rows at
/// most, so that blocks over images of a few pixels are as many times as long.
const WIDTH: usize = 256;
/// Columns of a strip whose edges are joined in one call.
const JOINED: usize = 512;
/// Edges of a row that are joined in one call, times the columns that they read: few enough that these are in the cache for
/// the next row, and many enough that a call does not count.
const TOGETHER: usize = 128;
/// Edges of a dense layer that are joined in one call.
const EDGES: usize = 8;

/// Writes Θ of contributions, as many at a time as there are places.
pub type LaneTheta<'a, V> = dyn Fn(&[f32], &mut [V]) + Sync + 'a;

/// Adds products to sums, lane by lane.
pub(crate) type Accumulate<'a, V> = dyn Fn(&mut [V], &[V], &[V]) + Sync + 'a;

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
    /// What becomes of an edge.
    pub joining: &'a Joining<'a, V>,
}

/// How edges are added to sums.
pub(crate) enum Joining<'a, V> {
    /// By a call for Θ, and one that adds products to sums: `sums ⊕ (theta ⊗ relevance)`.
    Calls { theta: &'a LaneTheta<'a, V>, accumulate: &'a Accumulate<'a, V> },
    /// All in one.
    Edges(&'a dyn JoinEdges<V>),
}

impl<V> Joining<'_, V> {
    /// Columns of a strip at most, and what they are a multiple of but for the last ones.
    fn strip(&self) -> [usize; 2] {
        match self {
            Joining::Calls { .. } => [WIDTH, 1],
            Joining::Edges(join) => [JOINED, join.grain()],
        }
    }
}

/// One edge of every column: where its relevance is in the planes, and its weights within a panel.
struct Place {
    plane: usize,
    weight: usize,
}

/// What a task works in.
struct Scratch<V> {
    places: Vec<Place>,
    /// Of edges that are joined in one call: where they are in the planes, and the weights of one row.
    starts: Vec<usize>,
    weights: Vec<f32>,
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
            starts: Vec::new(),
            weights: Vec::new(),
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
            let [width, grain] = blocks.joining.strip();
            // Joined edges are filled up, so that they reach beyond the last plane.
            let length = self.length(block, width);
            let values = self.cut(block, zeros(length), copied(&blocks.values[first..]), [&0.0; 2]);
            let planes = filled(blocks.zero, length);
            let relevance = self.cut(block, planes, copied(&blocks.relevance[first..]), [blocks.zero; 2]);
            let planes = vec![false; self.length(block, 0)];
            let live = self.cut(block, planes, copied(&blocks.live[first..]), [&false; 2]);
            let segments = Live::new(&live, plan, self.data.channels, &|live: &[bool]| live.iter().all(|live| !live));
            let shifts = plan.shifts();
            let own = &blocks.own[image * self.result.neurons(self.groups)..];
            let columns = match blocks.joining {
                Joining::Calls { .. } => None,
                &Joining::Edges(join) => Some((join, join.columns(&relevance))),
            };
            self.tasks(block, [width, grain, width], target, monitor, Scratch::default, |part, strip, scratch| {
                scratch.places.clear();
                for channel in segments.channels(&strip, &shifts) {
                    for (tap, shift) in shifts.iter().enumerate() {
                        let plane = channel * plan.channel() + shift + strip.start;
                        if live[plane..plane + strip.len()].contains(&true) {
                            scratch.places.push(Place { plane, weight: (channel * shifts.len() + tap) * ROWS });
                        }
                    }
                }
                if scratch.places.is_empty() {
                    return;
                }
                let rows = (part.panels(block) * ROWS).min(self.result.channels - part.row(block));
                let lanes = filled_up(strip.len(), grain);
                // Columns that padding added have no source: 0 stands in for it.
                scratch.own.clear();
                scratch.own.resize(rows * lanes, 0.0);
                self.gather(block, part.row(block), &strip, lanes, own, &mut scratch.own);
                scratch.sums.clear();
                scratch.sums.resize(rows * strip.len(), blocks.zero.clone());
                let sums = &mut scratch.sums;
                self.each_place(block, part, &strip, |place, i| sums[i].clone_from(place));
                let weights = part.weights(block);
                match &columns {
                    &Some((join, ref columns)) => {
                        scratch.join_rows(join, lanes, strip.len(), [&values, weights], block.panel, columns);
                    }
                    None => {
                        let together = (WIDTH / strip.len()).max(1);
                        for number in 0..rows.div_ceil(together) {
                            let rows = number * together..((number + 1) * together).min(rows);
                            scratch.join(blocks, rows, strip.len(), [&values, weights], block.panel, &relevance);
                        }
                    }
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

/// Columns filled up to a multiple, or of a few to one that vectors divide.
fn filled_up(columns: usize, grain: usize) -> usize {
    columns.next_multiple_of(if columns < grain { grain.min(16) } else { grain })
}

impl<V: Clone> Scratch<V> {
    /// Adds all edges to all sums, a row at a time.
    fn join_rows(
        &mut self,
        join: &dyn JoinEdges<V>,
        lanes: usize,
        columns: usize,
        [values, weights]: [&[f32]; 2],
        panel: usize,
        relevance: &Columns,
    ) {
        // Some edges for all rows, then others: what they read stays in the cache.
        let together = TOGETHER / (1 + relevance.number());
        for places in self.places.chunks(together) {
            self.starts.clear();
            self.starts.extend(places.iter().map(|place| place.plane));
            let rows = self.own.chunks_exact(lanes).zip(self.sums.chunks_exact_mut(columns));
            for (row, (own, sums)) in rows.enumerate() {
                let weights = &weights[row / ROWS * panel + row % ROWS..];
                self.weights.clear();
                self.weights.extend(places.iter().map(|place| weights[place.weight]));
                let (starts, weights) = (&self.starts, &self.weights);
                join.join(&EdgeLanes { own, values, relevance, starts, weights }, sums);
            }
        }
    }

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
        let &Joining::Calls { theta, accumulate } = blocks.joining else { unreachable!("joined row by row") };
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
            theta(&self.contributions, &mut self.theta);
            let relevance = &relevance[place.plane..][..columns];
            if rows.len() == 1 {
                accumulate(sums, &self.theta, relevance);
            } else {
                self.copies.clear();
                rows.clone().for_each(|_| self.copies.extend_from_slice(relevance));
                accumulate(sums, &self.theta, &self.copies);
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
            match *blocks.joining {
                Joining::Calls { theta, accumulate } => {
                    self.call_rows(blocks, rows, first, own, sums, theta, accumulate);
                }
                Joining::Edges(join) => self.join_rows(blocks, join, rows, first, own, sums),
            }
        })
    }

    /// Adds some rows to the sums from one on.
    fn join_rows<V: Clone>(
        &self,
        blocks: &Blocks<'_, V>,
        join: &dyn JoinEdges<V>,
        rows: &[usize],
        first: usize,
        own: &[f32],
        sums: &mut [V],
    ) {
        let lanes = sums.len();
        let (mut values, mut relevance) = (Vec::new(), Vec::new());
        let starts: [usize; EDGES] = std::array::from_fn(|edge| edge * lanes);
        for rows in rows.chunks(EDGES) {
            // Weights take the part of values, and what belongs to a destination that of weights.
            values.clear();
            relevance.clear();
            for &k in rows {
                let start = k * self.inputs + first;
                values.extend_from_slice(&self.packing.applied(&self.weights[start..start + lanes]));
                relevance.resize(relevance.len() + lanes, blocks.relevance[k].clone());
            }
            let relevance = join.columns(&relevance);
            let weights: Vec<f32> = rows.iter().map(|&k| blocks.values[k]).collect();
            let starts = &starts[..rows.len()];
            join.join(&EdgeLanes { own, values: &values, relevance: &relevance, starts, weights: &weights }, sums);
        }
    }

    /// Adds some rows to the sums from one on, with two calls a row.
    #[allow(clippy::too_many_arguments)] // Private: a block, and what is called for it.
    fn call_rows<V: Clone>(
        &self,
        blocks: &Blocks<'_, V>,
        rows: &[usize],
        first: usize,
        own: &[f32],
        sums: &mut [V],
        annotate: &LaneTheta<'_, V>,
        accumulate: &Accumulate<'_, V>,
    ) {
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
            annotate(&contributions, &mut theta);
            relevance.fill(blocks.relevance[k].clone());
            accumulate(sums, &theta, &relevance);
        }
    }
}
