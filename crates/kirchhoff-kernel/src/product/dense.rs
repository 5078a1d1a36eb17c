//! Dense layers over their weights where they lie: forwards, and backwards for one execution.

use std::array::from_fn;
use std::marker::PhantomData;
use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::lanes::{Edge, LANES};
use super::packing::Packing;
use super::strip::{Operation, PARTIAL, opaque_one};
use crate::{Cancelled, Monitor, Weights, parallel};
use kirchhoff_semiring::dispatch;

/// Source neurons that one task takes: sums that stay in the first-level cache.
const BLOCK: usize = 1024;
/// Columns between loading and storing their sums.
const COLUMNS: usize = 64;
/// Rows of weights that share what is loaded of a column.
const ROWS: usize = 4;
/// Executions that share what is loaded of a row.
const EXECUTIONS: usize = 4;
/// Executions from which on they are shared out among tasks, instead of rows.
const MANY: usize = 128;
/// Executions that one task takes at most: their values stay in the second-level cache.
const SHARE: usize = 32;
/// Weights that are read before their memory is given back: 16 MiB.
const PHASE: usize = 4 << 20;

/// Works on some rows over the columns of some sums, from a first column on.
type Task<'a, V> = dyn Fn(&[usize], usize, &mut [V]) + Sync + 'a;

/// A dense layer's weights, `[outputs, inputs]`.
#[derive(Clone, Copy)]
pub(crate) struct Dense<'a> {
    pub inputs: usize,
    pub outputs: usize,
    pub weights: &'a Weights,
    pub packing: Packing,
}

impl Dense<'_> {
    /// `out[k] = ⊕_j ρ(w[k, j]) ⊗ values[j]` for a batch of executions, whose sums do not depend on each other.
    pub fn forward<O: Operation>(
        &self,
        _: O,
        values: &[f32],
        out: &mut [f32],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let batch = out.len() / self.outputs.max(1);
        if batch == 0 || self.inputs == 0 {
            out.fill(O::ZERO);
            return Ok(());
        }
        for phase in self.phases() {
            let rows = phase.start * self.inputs..phase.end * self.inputs;
            if batch >= MANY {
                self.weights.fetch(rows.clone());
                self.forward_by_executions::<O>(&phase, values, out, monitor)?;
            } else {
                self.forward_by_rows::<O>(&phase, values, out, monitor)?;
            }
            self.weights.release(rows);
        }
        Ok(())
    }

    /// Some rows, a few to a task, for all executions.
    fn forward_by_rows<O: Operation>(
        &self,
        phase: &Range<usize>,
        values: &[f32],
        out: &mut [f32],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let (inputs, batch) = (self.inputs, out.len() / self.outputs);
        let mut sums = vec![0.0; phase.len().div_ceil(ROWS) * batch * ROWS];
        sums.par_chunks_mut(batch * ROWS).enumerate().try_for_each(|(number, sums)| {
            if monitor.cancelled() {
                return Err(Cancelled);
            }
            let first = phase.start + number * ROWS;
            let rows = first * inputs..(first + ROWS).min(phase.end) * inputs;
            self.weights.fetch(rows.clone());
            let weights = self.packing.applied(&self.weights[rows]);
            dispatch(Dots::<O> { inputs, weights: &weights, values, sums, operation: PhantomData });
            monitor.advance((weights.len() * batch) as u64);
            Ok(())
        })?;
        for (first, sums) in phase.clone().step_by(ROWS).zip(sums.chunks_exact(batch * ROWS)) {
            self.store(first, phase.end, sums, out);
        }
        Ok(())
    }

    /// All rows, for a few executions to a task.
    fn forward_by_executions<O: Operation>(
        &self,
        phase: &Range<usize>,
        values: &[f32],
        out: &mut [f32],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let (inputs, outputs) = (self.inputs, self.outputs);
        // A few tasks for every thread; sums are the same however executions are grouped.
        let tasks = 2 * rayon::current_num_threads();
        let share = (out.len() / outputs).div_ceil(tasks).next_multiple_of(EXECUTIONS).min(SHARE);
        let tasks = out.par_chunks_mut(outputs * share).zip(values.par_chunks(inputs * share));
        tasks.try_for_each(|(out, values)| {
            let batch = values.len() / inputs;
            let mut sums = [0.0; SHARE * ROWS];
            let sums = &mut sums[..batch * ROWS];
            for first in phase.clone().step_by(ROWS) {
                if monitor.cancelled() {
                    return Err(Cancelled);
                }
                let rows = first * inputs..(first + ROWS).min(phase.end) * inputs;
                let weights = self.packing.applied(&self.weights[rows]);
                dispatch(Dots::<O> { inputs, weights: &weights, values, sums, operation: PhantomData });
                self.store(first, phase.end, sums, out);
            }
            monitor.advance((phase.len() * inputs * batch) as u64);
            Ok(())
        })
    }

    /// Gives the sums of [`ROWS`] rows from `first` on, of which those before `end` are wanted, to their places.
    fn store(&self, first: usize, end: usize, sums: &[f32], out: &mut [f32]) {
        let rows = ROWS.min(end - first);
        for (out, sums) in out.chunks_exact_mut(self.outputs).zip(sums.chunks_exact(ROWS)) {
            out[first..first + rows].copy_from_slice(&sums[..rows]);
        }
    }

    /// `sums[j] ← sums[j] ⊕ ⊕_k ρ(w[k, j]) ⊗ values[k]`, in the order of `k`, for one execution.
    pub fn fused<O: Operation>(
        &self,
        _: O,
        values: &[f32],
        sums: &mut [f32],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        self.blocks(&|k| values[k] == O::ZERO, sums, monitor, &|rows, first, sums| {
            dispatch(Fused::<O> { dense: *self, rows, first, values, sums, operation: PhantomData });
        })
    }

    /// Adds every edge to `sums`, in the order of `k`, for one execution. Destinations that are `dead` are passed over;
    /// `panel` computes some rows over a block of columns.
    pub fn lanes<V: Send>(
        &self,
        dead: &dyn Fn(usize) -> bool,
        panel: &(dyn Fn(Rows<'_, V>) + Sync),
        sums: &mut [V],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        self.blocks(dead, sums, monitor, &|rows, first, sums| panel(Rows { dense: *self, rows, first, sums }))
    }

    /// Rows of weights whose memory is given back together.
    pub fn phases(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        // Whole partial sums, as products of matrices make them.
        let (step, outputs) = ((PHASE / self.inputs.max(1)).next_multiple_of(PARTIAL).max(PARTIAL), self.outputs);
        (0..outputs).step_by(step).map(move |first| first..(first + step).min(outputs))
    }

    /// Runs `task` on the live rows, phase after phase, in parallel over blocks of sums.
    pub(super) fn blocks<V: Send>(
        &self,
        dead: &dyn Fn(usize) -> bool,
        sums: &mut [V],
        monitor: &dyn Monitor,
        task: &Task<'_, V>,
    ) -> Result<(), Cancelled> {
        for phase in self.phases() {
            let rows: Vec<usize> = phase.clone().filter(|&k| !dead(k)).collect();
            self.fetch(&rows);
            parallel::try_chunks(sums, BLOCK, &|number, sums| {
                if monitor.cancelled() {
                    return Err(Cancelled);
                }
                task(&rows, number * BLOCK, sums);
                monitor.advance((phase.len() * sums.len()) as u64);
                Ok(())
            })?;
            self.weights.release(phase.start * self.inputs..phase.end * self.inputs);
        }
        Ok(())
    }

    /// Asks for the weights of some rows.
    fn fetch(&self, rows: &[usize]) {
        rows.par_iter().for_each(|k| self.weights.fetch(k * self.inputs..(k + 1) * self.inputs));
    }

    /// Some weights of one row, ready for the kernel; 0 beyond them.
    #[inline(always)]
    fn packed(&self, row: usize, columns: Range<usize>) -> [f32; COLUMNS] {
        let mut weights = [0.0; COLUMNS];
        let start = row * self.inputs;
        weights[..columns.len()].copy_from_slice(&self.weights[start + columns.start..start + columns.end]);
        self.packing.apply(&mut weights);
        weights
    }
}

/// Some rows over a block of columns.
pub(crate) struct Rows<'a, V> {
    dense: Dense<'a>,
    rows: &'a [usize],
    first: usize,
    sums: &'a mut [V],
}

impl<V: Clone> Rows<'_, V> {
    /// Adds the edges: `values` and `relevance` belong to the destinations, `own` to all sources.
    pub fn run(self, edge: &impl Edge<V>, values: &[f32], relevance: &[V], own: &[f32]) {
        dispatch(EdgeByEdge { rows: self, edge, values, relevance, own });
    }
}

struct EdgeByEdge<'a, E, V> {
    rows: Rows<'a, V>,
    edge: &'a E,
    values: &'a [f32],
    relevance: &'a [V],
    own: &'a [f32],
}

impl<V: Clone, E: Edge<V>> WithSimd for EdgeByEdge<'_, E, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let EdgeByEdge { rows: Rows { dense, rows, first, sums }, edge, values, relevance, own } = self;
        for (number, sums) in sums.chunks_mut(COLUMNS).enumerate() {
            let columns = first + number * COLUMNS..first + number * COLUMNS + sums.len();
            let own = &own[columns.clone()];
            for &k in rows {
                let weights = dense.packed(k, columns.clone());
                if const { E::BLOCKS } {
                    let (mut d, mut theta) = ([0.0; LANES], vec![relevance[k].clone(); LANES]);
                    let lanes = sums.chunks_mut(LANES).zip(own.chunks(LANES)).zip(weights.chunks(LANES));
                    for ((sums, own), weights) in lanes {
                        let (d, theta) = (&mut d[..sums.len()], &mut theta[..sums.len()]);
                        let products = own.iter().zip(weights).map(|(own, weight)| own * (weight * values[k]));
                        d.iter_mut().zip(products).for_each(|(d, product)| *d = product);
                        edge.theta(d, theta);
                        sums.iter_mut()
                            .zip(&*theta)
                            .for_each(|(sum, theta)| edge.join_theta(sum, theta, &relevance[k]));
                    }
                    continue;
                }
                for ((sum, &own), weight) in sums.iter_mut().zip(own).zip(weights) {
                    edge.join(sum, own, weight * values[k], &relevance[k]);
                }
            }
        }
    }
}

struct Fused<'a, O> {
    dense: Dense<'a>,
    rows: &'a [usize],
    first: usize,
    values: &'a [f32],
    sums: &'a mut [f32],
    operation: PhantomData<O>,
}

impl<O: Operation> WithSimd for Fused<'_, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Fused { dense, rows, first, values, sums, .. } = self;
        let one = opaque_one(simd);
        for (number, sums) in sums.chunks_mut(COLUMNS).enumerate() {
            let columns = first + number * COLUMNS..first + number * COLUMNS + sums.len();
            let in_place = sums.len() == COLUMNS && dense.packing.is_identity();
            let mut joined = [O::ZERO; COLUMNS];
            joined[..sums.len()].copy_from_slice(sums);
            let (joined_vectors, _) = S::as_mut_simd_f32s(&mut joined);
            for rows in rows.chunk_by(|a, b| a / PARTIAL == b / PARTIAL) {
                let mut partial = [O::ZERO; COLUMNS];
                let (vectors, _) = S::as_mut_simd_f32s(&mut partial);
                for &k in rows {
                    let packed;
                    let start = k * dense.inputs;
                    let weights = if in_place {
                        &dense.weights[start + columns.start..start + columns.end]
                    } else {
                        packed = dense.packed(k, columns.clone());
                        &packed[..]
                    };
                    let (weights, _) = S::as_simd_f32s(weights);
                    let value = simd.splat_f32s(values[k]);
                    for (sum, weight) in vectors.iter_mut().zip(weights) {
                        *sum = O::join(simd, one, *sum, *weight, value);
                    }
                }
                for (joined, sum) in joined_vectors.iter_mut().zip(vectors) {
                    *joined = O::plus_vectors(simd, *joined, *sum);
                }
            }
            sums.copy_from_slice(&joined[..sums.len()]);
        }
    }
}

/// Products of up to [`ROWS`] rows with the values of all executions.
struct Dots<'a, O> {
    inputs: usize,
    weights: &'a [f32],
    values: &'a [f32],
    /// `[execution, ROWS]`.
    sums: &'a mut [f32],
    operation: PhantomData<O>,
}

impl<O: Operation> WithSimd for Dots<'_, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let rows = self.weights.len() / self.inputs;
        let values = self.values.chunks(self.inputs * EXECUTIONS);
        for (values, sums) in values.zip(self.sums.chunks_mut(ROWS * EXECUTIONS)) {
            let executions = values.len() / self.inputs;
            match (rows, executions) {
                (ROWS, EXECUTIONS) => dots::<S, O, ROWS, EXECUTIONS>(simd, self.inputs, self.weights, values, sums),
                (ROWS, 1) => dots::<S, O, ROWS, 1>(simd, self.inputs, self.weights, values, sums),
                _ => {
                    for execution in 0..executions {
                        for row in 0..rows {
                            let weights = &self.weights[row * self.inputs..][..self.inputs];
                            let values = &values[execution * self.inputs..][..self.inputs];
                            let sum = &mut sums[execution * ROWS + row..][..1];
                            dots::<S, O, 1, 1>(simd, self.inputs, weights, values, sum);
                        }
                    }
                }
            }
        }
    }
}

/// The products of `R` rows with the values of `E` executions, `[E, R]`, each in one vector of partial results: the
/// same bits however rows and executions are grouped.
#[inline(always)]
fn dots<S: Simd, O: Operation, const R: usize, const E: usize>(
    simd: S,
    inputs: usize,
    weights: &[f32],
    values: &[f32],
    sums: &mut [f32],
) {
    let rows: [_; R] = from_fn(|row| S::as_simd_f32s(&weights[row * inputs..][..inputs]));
    let executions: [_; E] = from_fn(|execution| S::as_simd_f32s(&values[execution * inputs..][..inputs]));
    let mut partial = [[simd.splat_f32s(O::ZERO); R]; E];
    let one = opaque_one(simd);
    for i in 0..rows[0].0.len() {
        let weights: [S::f32s; R] = from_fn(|row| rows[row].0[i]);
        for (partial, (values, _)) in partial.iter_mut().zip(&executions) {
            let value = values[i];
            for (partial, &weight) in partial.iter_mut().zip(&weights) {
                *partial = O::join(simd, one, *partial, weight, value);
            }
        }
    }
    for (execution, partial) in partial.into_iter().enumerate() {
        for (row, partial) in partial.into_iter().enumerate() {
            // A copy: sums whose address is taken would not stay in registers.
            let mut sum = joined::<O>(bytemuck::cast_slice(&[partial]));
            for (&weight, &value) in rows[row].1.iter().zip(executions[execution].1) {
                sum = O::join_one(sum, weight, value);
            }
            sums[execution * R + row] = sum;
        }
    }
}

/// The lanes of a vector joined, halves first: fewer operations wait for one another than one lane after the other.
#[inline(always)]
fn joined<O: Operation>(lanes: &[f32]) -> f32 {
    // As long as the longest vector there is, so that the compiler knows where each half ends.
    let mut all = [O::ZERO; 16];
    all[..lanes.len()].copy_from_slice(lanes);
    let eight: [f32; 8] = from_fn(|i| O::plus(all[i], all[i + 8]));
    let four: [f32; 4] = from_fn(|i| O::plus(eight[i], eight[i + 4]));
    O::plus(O::plus(four[0], four[2]), O::plus(four[1], four[3]))
}
