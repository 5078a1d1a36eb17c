//! Dense layers in a batch of executions: rows of weights as vectors over the sources, against one value of each of a few
//! executions. Tensors stay as they lie; weights are packed a strip at a time, for many executions.

use std::ops::Range;

use rayon::prelude::*;

use super::BEYOND;
use super::dense::Dense;
use super::parts::{FEWEST, strips};
use super::strip::{Operation, PARTIAL, ROWS, Strip, VECTORS};
use crate::factors::CHUNK;
use crate::memory::filled;
use crate::{Cancelled, Monitor, vectorised};

/// Executions that one task takes: packed weights serve all of them.
const TOGETHER: usize = 64;
/// Rows of weights that are packed at a time, whole partial sums: with AVX-512, 384 KiB of the second-level cache.
const DEPTH: usize = 8 * PARTIAL;

/// A dense layer, from its destination to its source.
pub(crate) struct Matrix<'a> {
    pub dense: Dense<'a>,
    pub executions: usize,
}

/// What one task computes: some columns of some executions.
struct Part<'a, T> {
    /// Its first execution.
    execution: usize,
    columns: Range<usize>,
    /// A piece of each execution.
    places: Vec<&'a mut [T]>,
}

/// The values of destination neurons of some executions.
struct Values {
    /// `[panel, row of weights, ROWS]`.
    packed: Vec<f32>,
    /// The rows that have a value other than 0, for each panel and [`DEPTH`] rows, counted from the first of these.
    live: Vec<Vec<usize>>,
    /// Whether a row is live in any panel.
    rows: Vec<bool>,
}

impl Matrix<'_> {
    /// The product: `fill` gives the values of destination neurons from the one of a number on, `store` takes the sums of source
    /// neurons from there on; both count through all executions.
    pub fn fused<O: Operation, T: Send>(
        &self,
        operation: O,
        fill: impl Fn(usize, &mut [f32]) + Sync,
        store: impl Fn(&mut [T], usize, &[f32]) + Sync,
        target: &mut [T],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let phases: Vec<Range<usize>> = self.dense.phases().collect();
        if let [phase] = &phases[..] {
            return self.phase(operation, phase, &fill, |_| O::ZERO, store, target, monitor);
        }
        let mut sums = filled(&O::ZERO, target.len());
        for phase in &phases {
            let keep = |places: &mut [f32], _, sums: &[f32]| places.copy_from_slice(sums);
            self.phase(operation, phase, &fill, |&sum| sum, keep, &mut sums, monitor)?;
        }
        let places = target.par_chunks_mut(CHUNK).zip(sums.par_chunks(CHUNK)).enumerate();
        places.for_each(|(number, (places, sums))| vectorised(|| store(places, number * CHUNK, sums)));
        Ok(())
    }

    /// The product with some rows of weights, whose memory is given back afterwards, on top of the sums of `begin`.
    #[allow(clippy::too_many_arguments)] // Private: what `fused` is given, and how sums begin.
    fn phase<O: Operation, T: Send>(
        &self,
        operation: O,
        phase: &Range<usize>,
        fill: &(impl Fn(usize, &mut [f32]) + Sync),
        begin: impl Fn(&T) -> f32 + Sync,
        store: impl Fn(&mut [T], usize, &[f32]) + Sync,
        target: &mut [T],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let Dense { inputs, weights, .. } = self.dense;
        let [width, grain] = VECTORS.width();
        weights.fetch(phase.start * inputs..phase.end * inputs);
        self.parts(width, target).into_par_iter().try_for_each(|mut part| {
            let values = self.values::<O>(phase, part.execution, part.places.len(), fill);
            let (mut packed, mut sums) = (Vec::new(), Vec::new());
            for strip in strips(part.columns.clone(), width, grain) {
                if monitor.cancelled() {
                    return Err(Cancelled);
                }
                let columns = strip.start - part.columns.start..strip.end - part.columns.start;
                sums.clear();
                sums.resize(part.places.len().next_multiple_of(ROWS) * width, O::ZERO);
                for (sums, places) in sums.chunks_exact_mut(width).zip(&part.places) {
                    sums.iter_mut().zip(&places[columns.clone()]).for_each(|(sum, place)| *sum = begin(place));
                }
                for (block, first) in phase.clone().step_by(DEPTH).enumerate() {
                    let rows = first..(first + DEPTH).min(phase.end);
                    let live = &values.rows[first - phase.start..rows.end - phase.start];
                    self.pack(first, live, &strip, width, &mut packed);
                    let panels =
                        values.packed.chunks_exact(phase.len() * ROWS).zip(sums.chunks_exact_mut(ROWS * width));
                    let blocks = values.live.len() / panels.len();
                    for (number, (weights, out)) in panels.enumerate() {
                        Strip {
                            planes: &packed,
                            channel: width,
                            channels: &values.live[number * blocks + block],
                            shifts: &[0],
                            weights: &weights[(first - phase.start) * ROWS..][..rows.len() * ROWS],
                            panel: rows.len() * ROWS,
                            columns: strip.len(),
                            width,
                            out,
                        }
                        .run(operation);
                    }
                }
                let executions = part.places.iter_mut().zip(sums.chunks_exact(width)).enumerate();
                vectorised(|| {
                    for (execution, (places, sums)) in executions {
                        let number = (part.execution + execution) * inputs + strip.start;
                        store(&mut places[columns.clone()], number, &sums[..columns.len()]);
                    }
                });
                monitor.advance((strip.len() * part.places.len() * phase.len()) as u64);
            }
            Ok(())
        })?;
        weights.release(phase.start * inputs..phase.end * inputs);
        Ok(())
    }

    /// Divides the result among tasks, in strips of `width` columns.
    fn parts<'t, T>(&self, width: usize, target: &'t mut [T]) -> Vec<Part<'t, T>> {
        let inputs = self.dense.inputs;
        let bands = FEWEST.div_ceil(self.executions.div_ceil(TOGETHER));
        let band = inputs.div_ceil(width).div_ceil(bands) * width;
        let mut parts: Vec<Part<'t, T>> = Vec::new();
        for (number, target) in target.chunks_mut(TOGETHER * inputs).enumerate() {
            let before = parts.len();
            parts.extend((0..inputs).step_by(band).map(|first| Part {
                execution: number * TOGETHER,
                columns: first..(first + band).min(inputs),
                places: Vec::with_capacity(target.len() / inputs),
            }));
            for execution in target.chunks_mut(inputs) {
                parts[before..]
                    .iter_mut()
                    .zip(execution.chunks_mut(band))
                    .for_each(|(part, piece)| part.places.push(piece));
            }
        }
        parts
    }

    /// The values of `count` executions from `first` on.
    fn values<O: Operation>(
        &self,
        phase: &Range<usize>,
        first: usize,
        count: usize,
        fill: &impl Fn(usize, &mut [f32]),
    ) -> Values {
        let panel = phase.len() * ROWS;
        let mut packed = vec![BEYOND; count.div_ceil(ROWS) * panel];
        let (mut live, mut values) = (Vec::new(), vec![0.0; phase.len()]);
        let mut rows_live = vec![false; phase.len()];
        for (number, packed) in packed.chunks_exact_mut(panel).enumerate() {
            let executions = ROWS.min(count - number * ROWS);
            let packed = packed.as_chunks_mut::<ROWS>().0;
            for execution in 0..executions {
                let start = (first + number * ROWS + execution) * self.dense.outputs + phase.start;
                vectorised(|| fill(start, &mut values));
                packed.iter_mut().zip(&values).for_each(|(packed, value)| packed[execution] = *value);
            }
            for (rows, rows_live) in packed.chunks(DEPTH).zip(rows_live.chunks_mut(DEPTH)) {
                let is_live = |values: &[f32; ROWS]| values[..executions].iter().any(|&value| value != O::ZERO);
                // Without a branch, which would be taken at random.
                let (mut numbers, mut count) = (vec![0; rows.len()], 0);
                for (row, (values, row_live)) in rows.iter().zip(rows_live).enumerate() {
                    let live = is_live(values);
                    numbers[count] = row;
                    count += usize::from(live);
                    *row_live |= live;
                }
                numbers.truncate(count);
                numbers.shrink_to_fit();
                live.push(numbers);
            }
        }
        Values { packed, live, rows: rows_live }
    }

    /// The weights of the live rows from `first` on in the columns of a strip: `[row, width]`.
    fn pack(&self, first: usize, live: &[bool], strip: &Range<usize>, width: usize, packed: &mut Vec<f32>) {
        let Dense { inputs, weights, packing, .. } = self.dense;
        packed.resize(live.len() * width, BEYOND);
        let mut row = 0;
        for run in live.chunk_by(|a, b| a == b) {
            let rows = row..row + run.len();
            row = rows.end;
            if !run[0] {
                continue;
            }
            let packed = &mut packed[rows.start * width..rows.end * width];
            for (row, packed) in rows.zip(packed.chunks_exact_mut(width)) {
                let (packed, beyond) = packed.split_at_mut(strip.len());
                packed.copy_from_slice(&weights[(first + row) * inputs..][strip.clone()]);
                beyond.fill(BEYOND);
            }
            packing.apply(packed);
        }
    }
}
