//! The kernel of any semiring: edge by edge in plain Rust, in loops that the compiler vectorises.

use std::array::from_fn;

use pulp::{Simd, WithSimd};

use super::strip::ROWS;
use super::words::{Relevance, WordLanes, WordPlanes, WordSlices, has_words, words};
use kirchhoff_semiring::dispatch;

/// Columns of the result that the kernel makes at a time: sums that stay in the first-level cache.
pub(super) const WIDTH: usize = 128;
/// Columns of a loop whose length the compiler knows. What lies beyond the last column is computed and not used.
pub(crate) const LANES: usize = 64;
/// Rows that share what is loaded of a column.
const PAIR: usize = 2;
/// Edges of a column between loading and storing its sum. The edges of a panel are filled up to a multiple of it.
pub(super) const EDGES: usize = 2;

/// What happens on an edge: `sum ← sum ⊕ Θ(own · x) ⊗ relevance`, or an equal form of it.
///
/// `own` belongs to the source neuron, `x = ρ(w) · v(k)` to the edge, `relevance` to the destination neuron.
pub(crate) trait Edge<V>: Sync {
    /// Whether Θ is asked for many lanes at a time, by [`theta`](Edge::theta): one kernel then serves every Θ, and a call
    /// through a pointer is paid for by its lanes.
    const BLOCKS: bool = false;

    /// Adds one edge.
    fn join(&self, sum: &mut V, own: f32, x: f32, relevance: &V);

    /// Writes `Θ(d)` of some lanes.
    fn theta(&self, d: &[f32], theta: &mut [V]) {
        let _ = (d, theta);
        unreachable!("asked of edges in blocks only");
    }

    /// Adds one edge whose Θ is known.
    fn join_theta(&self, sum: &mut V, theta: &V, relevance: &V) {
        let _ = (sum, theta, relevance);
        unreachable!("asked of edges in blocks only");
    }
}

/// Edges whose Θ is asked for in blocks, with the sums of the edges of a closure to the bit.
pub(crate) struct BlockEdge<'a, V, J> {
    /// Writes `Θ` of contributions.
    pub theta: &'a (dyn Fn(&[f32], &mut [V]) + Sync),
    /// `sum ← sum ⊕ theta ⊗ relevance`.
    pub join: J,
}

impl<V: Clone + Sync, J: Fn(&mut V, &V, &V) + Sync> Edge<V> for BlockEdge<'_, V, J> {
    const BLOCKS: bool = true;

    fn join(&self, sum: &mut V, own: f32, x: f32, relevance: &V) {
        let mut theta = [relevance.clone()];
        self.theta(&[own * x], &mut theta);
        self.join_theta(sum, &theta[0], relevance);
    }

    #[inline(always)]
    fn theta(&self, d: &[f32], theta: &mut [V]) {
        (self.theta)(d, theta);
    }

    #[inline(always)]
    fn join_theta(&self, sum: &mut V, theta: &V, relevance: &V) {
        (self.join)(sum, theta, relevance);
    }
}

impl<V, F: Fn(&mut V, f32, f32, &V) + Sync> Edge<V> for F {
    #[inline(always)]
    fn join(&self, sum: &mut V, own: f32, x: f32, relevance: &V) {
        self(sum, own, x, relevance);
    }
}

/// One edge of a panel: where its value and its weights are.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Of the value, within the planes of the strip.
    pub plane: usize,
    /// Of the relevance, which is there as well, or where its words are.
    pub relevance: usize,
    /// Of the weights, within the panel.
    pub weight: usize,
}

/// A part of the result: at most [`WIDTH`] columns of [`ROWS`] rows.
pub(crate) struct Panel<'a, V> {
    /// The edges of every row, as many as [`EDGES`] divides.
    pub edges: &'a [Place],
    /// Weights, [`ROWS`] an edge.
    pub weights: &'a [f32],
    /// Values `v(k)`, in planes.
    pub values: &'a [f32],
    /// Relevance, in planes.
    pub relevance: Relevance<'a, V>,
    /// What belongs to the source neurons: `[ROWS, WIDTH]`.
    pub own: &'a [f32],
    /// Columns that are wanted.
    pub columns: usize,
    /// The semiring's 0, which sums start from.
    pub zero: &'a V,
    /// The result, `[ROWS, WIDTH]`.
    pub sums: &'a mut [V],
}

impl<V: Clone> Panel<'_, V> {
    /// Computes the panel.
    pub fn run(self, edge: &impl Edge<V>) {
        dispatch(Kernel { panel: self, edge });
    }
}

struct Kernel<'a, 'e, V, E> {
    panel: Panel<'a, V>,
    edge: &'e E,
}

impl<V: Clone, E: Edge<V>> WithSimd for Kernel<'_, '_, V, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Kernel { panel, edge } = self;
        // Which of them it is is known when this is compiled.
        match panel.relevance {
            Relevance::Narrow(planes) if const { words::<V, u32>() > 0 } => panel.run_words(edge, planes),
            Relevance::Wide(planes) if const { words::<V, u64>() > 0 } => panel.run_words(edge, planes),
            Relevance::Values(relevance) if const { !has_words::<V>() } => panel.run_values(edge, relevance),
            _ => unreachable!("the relevance of a strip is in one form"),
        }
    }
}

impl<V: Clone> Panel<'_, V> {
    #[inline(always)]
    fn run_values<E: Edge<V>>(self, edge: &E, relevance: &[V]) {
        let panel = self;
        for first in (0..ROWS).step_by(PAIR) {
            for start in (0..panel.columns).step_by(LANES) {
                // On the stack the sums are apart from all that is read.
                let mut sums: [[V; LANES]; PAIR] = from_fn(|_| from_fn(|_| panel.zero.clone()));
                let own: [&[f32; LANES]; PAIR] = from_fn(|row| lanes(panel.own, (first + row) * WIDTH + start));
                for places in panel.edges.chunks_exact(EDGES) {
                    let places: &[Place; EDGES] = places.try_into().expect("chunks are exact");
                    group(&panel, edge, relevance, places, [first, start], own, &mut sums);
                }
                for (row, sums) in sums.iter().enumerate() {
                    panel.sums[(first + row) * WIDTH + start..][..LANES].clone_from_slice(sums);
                }
            }
        }
    }

    /// The same with sums and relevance in words.
    #[inline(always)]
    fn run_words<E: Edge<V>, W: Copy>(self, edge: &E, planes: &WordPlanes<V, W>) {
        for first in (0..ROWS).step_by(PAIR) {
            for start in (0..self.columns).step_by(LANES) {
                let mut sums: [WordLanes<V, W>; PAIR] = from_fn(|_| WordLanes::filled(self.zero));
                let own: [&[f32; LANES]; PAIR] = from_fn(|row| lanes(self.own, (first + row) * WIDTH + start));
                for places in self.edges.chunks_exact(EDGES) {
                    let places: &[Place; EDGES] = places.try_into().expect("chunks are exact");
                    group_words(&self, edge, planes, places, [first, start], own, &mut sums);
                }
                for (row, sums) in sums.iter_mut().enumerate() {
                    let places = &mut self.sums[(first + row) * WIDTH + start..][..LANES];
                    places.iter_mut().enumerate().for_each(|(lane, place)| *place = sums.copy(lane));
                }
            }
        }
    }
}

/// Adds some edges of some rows to some columns.
#[inline(always)]
fn group<V: Clone, E: Edge<V>>(
    panel: &Panel<'_, V>,
    edge: &E,
    relevance: &[V],
    places: &[Place; EDGES],
    [first, start]: [usize; 2],
    own: [&[f32; LANES]; PAIR],
    sums: &mut [[V; LANES]; PAIR],
) {
    let values: [&[f32; LANES]; EDGES] = from_fn(|n| lanes(panel.values, places[n].plane + start));
    let relevance: [&[V; LANES]; EDGES] = from_fn(|n| lanes(relevance, places[n].relevance + start));
    let weights: [[f32; EDGES]; PAIR] = from_fn(|row| from_fn(|n| panel.weights[places[n].weight + first + row]));
    if const { E::BLOCKS } {
        let mut theta: [V; LANES] = from_fn(|_| panel.zero.clone());
        for row in 0..PAIR {
            for n in 0..EDGES {
                let d: [f32; LANES] = from_fn(|lane| own[row][lane] * (weights[row][n] * values[n][lane]));
                edge.theta(&d, &mut theta);
                for lane in 0..LANES {
                    edge.join_theta(&mut sums[row][lane], &theta[lane], &relevance[n][lane]);
                }
            }
        }
        return;
    }
    for lane in 0..LANES {
        for row in 0..PAIR {
            let sum = &mut sums[row][lane];
            for n in 0..EDGES {
                edge.join(sum, own[row][lane], weights[row][n] * values[n][lane], &relevance[n][lane]);
            }
        }
    }
}

/// [`group`] with sums and relevance in words.
#[inline(always)]
fn group_words<V: Clone, W: Copy, E: Edge<V>>(
    panel: &Panel<'_, V>,
    edge: &E,
    planes: &WordPlanes<V, W>,
    places: &[Place; EDGES],
    [first, start]: [usize; 2],
    own: [&[f32; LANES]; PAIR],
    sums: &mut [WordLanes<V, W>; PAIR],
) {
    let values: [&[f32; LANES]; EDGES] = from_fn(|n| lanes(panel.values, places[n].plane + start));
    let relevance: [WordSlices<'_, V, W>; EDGES] = from_fn(|n| planes.lanes(places[n].relevance + start));
    let weights: [[f32; EDGES]; PAIR] = from_fn(|row| from_fn(|n| panel.weights[places[n].weight + first + row]));
    if const { E::BLOCKS } {
        let mut theta: [V; LANES] = from_fn(|_| panel.zero.clone());
        for row in 0..PAIR {
            for n in 0..EDGES {
                let d: [f32; LANES] = from_fn(|lane| own[row][lane] * (weights[row][n] * values[n][lane]));
                edge.theta(&d, &mut theta);
                for (lane, theta) in theta.iter().enumerate() {
                    let join =
                        |sum: &mut V| relevance[n].show(lane, |relevance| edge.join_theta(sum, theta, relevance));
                    sums[row].change(lane, join);
                }
            }
        }
        return;
    }
    for lane in 0..LANES {
        for row in 0..PAIR {
            sums[row].change(lane, |sum| {
                for n in 0..EDGES {
                    let x = weights[row][n] * values[n][lane];
                    relevance[n].show(lane, |relevance| edge.join(sum, own[row][lane], x, relevance));
                }
            });
        }
    }
}

#[inline(always)]
fn lanes<T>(values: &[T], start: usize) -> &[T; LANES] {
    values[start..start + LANES].try_into().expect("as many as there are lanes")
}
