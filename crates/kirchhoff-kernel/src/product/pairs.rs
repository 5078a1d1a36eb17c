//! The kernel of pairs: four rows of weights against strips of shifted values and relevance, accumulated in registers.
//!
//! Where Θ stands between a contribution and the relevance, an edge asks for both. Twice as many registers hold what
//! belongs to the source neurons, so that a strip is shorter than one of a [fused operation](super::strip).

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::strip::{ROWS, Vectors};
use kirchhoff_semiring::dispatch;

/// Vectors of the result that the kernel makes at a time, at most: sums and what belongs to the sources fill 16 registers of 32.
pub(super) const PAIR_VECTORS: Vectors = Vectors { of_32: 2, of_16: 1 };

/// Edges that are summed in registers before they are added to the sum in memory.
const PARTIAL: usize = 64;

/// `sum ⊕ Θ(own · x) ⊗ relevance`, of `x = ρ(w) · v(k)`, with instructions of its own.
pub(crate) trait PairOperation: Copy + Send + Sync {
    /// What the sums of some edges are added to.
    type Sum: Copy + Send + Sync;
    /// Neutral for `⊕`, and the relevance that makes no difference.
    const ZERO: f32;
    /// The sum of no edges.
    const EMPTY: Self::Sum;

    /// Adds one edge in every lane.
    fn join<S: Simd>(simd: S, sum: S::f32s, own: S::f32s, x: S::f32s, relevance: S::f32s) -> S::f32s;

    /// Adds the sum of some edges.
    fn add(sum: &mut Self::Sum, part: f32);
}

/// Counts as integers, whose bits stand in for those of numbers: the relevance of edges whose `x` reaches the bound `own`.
#[derive(Clone, Copy)]
pub(crate) struct CountExact;

/// Counts as rounded numbers: partial sums of so few edges are off by less than 4e-6.
#[derive(Clone, Copy)]
pub(crate) struct CountRounded;

/// `max(sum, min(own · x, relevance))`.
#[derive(Clone, Copy)]
pub(crate) struct MaxMin;

impl PairOperation for CountExact {
    type Sum = u32;
    const ZERO: f32 = 0.0;
    const EMPTY: u32 = 0;

    #[inline(always)]
    fn join<S: Simd>(simd: S, sum: S::f32s, own: S::f32s, x: S::f32s, relevance: S::f32s) -> S::f32s {
        let passes = simd.greater_than_or_equal_f32s(x, own);
        let counted = simd.select_u32s(passes, simd.transmute_u32s_f32s(relevance), simd.splat_u32s(0));
        simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(sum), counted))
    }

    #[inline(always)]
    fn add(sum: &mut u32, part: f32) {
        *sum += part.to_bits();
    }
}

impl PairOperation for CountRounded {
    type Sum = f64;
    const ZERO: f32 = 0.0;
    const EMPTY: f64 = 0.0;

    #[inline(always)]
    fn join<S: Simd>(simd: S, sum: S::f32s, own: S::f32s, x: S::f32s, relevance: S::f32s) -> S::f32s {
        simd.select_f32s(simd.greater_than_or_equal_f32s(x, own), simd.add_f32s(sum, relevance), sum)
    }

    #[inline(always)]
    fn add(sum: &mut f64, part: f32) {
        *sum += f64::from(part);
    }
}

impl PairOperation for MaxMin {
    type Sum = f32;
    const ZERO: f32 = f32::NEG_INFINITY;
    const EMPTY: f32 = f32::NEG_INFINITY;

    #[inline(always)]
    fn join<S: Simd>(simd: S, sum: S::f32s, own: S::f32s, x: S::f32s, relevance: S::f32s) -> S::f32s {
        simd.max_f32s(sum, simd.min_f32s(simd.mul_f32s(own, x), relevance))
    }

    #[inline(always)]
    fn add(sum: &mut f32, part: f32) {
        *sum = if part > *sum { part } else { *sum };
    }
}

/// Some columns of one panel of [`ROWS`] rows.
pub(super) struct PairStrip<'a, T> {
    /// The planes of `v(k)` of all channels, from the strip's first column on, with slack for one strip behind them.
    pub values: &'a [f32],
    /// The planes of relevance.
    pub relevance: &'a [f32],
    /// Distance of channels in the planes.
    pub channel: usize,
    /// The channels whose relevance is not 0 everywhere.
    pub channels: &'a [usize],
    /// The shift of each tap within a channel's planes.
    pub shifts: &'a [usize],
    /// Weights of the panel: `[channel, tap, ROWS]`.
    pub weights: &'a [f32],
    /// What belongs to the source neurons, `[ROWS, width]`.
    pub own: &'a [f32],
    /// Columns that are wanted.
    pub columns: usize,
    /// The result, `[ROWS, width]`; columns beyond those wanted may be written too.
    pub out: &'a mut [T],
}

impl<T> PairStrip<'_, T> {
    /// Computes the strip.
    pub fn run<O: PairOperation<Sum = T>>(self, _: O) {
        dispatch(Kernel::<O> { strip: self, operation: PhantomData });
    }
}

struct Kernel<'a, O: PairOperation> {
    strip: PairStrip<'a, O::Sum>,
    operation: PhantomData<O>,
}

impl<O: PairOperation> WithSimd for Kernel<'_, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.strip.columns.div_ceil(S::F32_LANES) {
            1 => self.tile::<S, 1>(simd),
            _ => self.tile::<S, 2>(simd),
        }
    }
}

impl<O: PairOperation> Kernel<'_, O> {
    #[inline(always)]
    fn tile<S: Simd, const N: usize>(self, simd: S) {
        let PairStrip { values, relevance, channel, channels, shifts, weights, own, out, .. } = self.strip;
        let width = PAIR_VECTORS.number::<S>() * S::F32_LANES;
        let own: [[S::f32s; N]; ROWS] = std::array::from_fn(|row| load(simd, &own[row * width..]));
        out.fill(O::EMPTY);
        let together = (PARTIAL / shifts.len()).max(1);
        for channels in channels.chunks(together) {
            let mut sums = [[simd.splat_f32s(O::ZERO); N]; ROWS];
            for &number in channels {
                let (values, relevance) = (&values[number * channel..], &relevance[number * channel..]);
                let weights = &weights[number * shifts.len() * ROWS..][..shifts.len() * ROWS];
                for (&shift, weights) in shifts.iter().zip(weights.chunks_exact(ROWS)) {
                    let values: [S::f32s; N] = load(simd, &values[shift..]);
                    let relevance: [S::f32s; N] = load(simd, &relevance[shift..]);
                    for ((sums, own), &weight) in sums.iter_mut().zip(&own).zip(weights) {
                        let weight = simd.splat_f32s(weight);
                        for n in 0..N {
                            let x = simd.mul_f32s(weight, values[n]);
                            sums[n] = O::join(simd, sums[n], own[n], x, relevance[n]);
                        }
                    }
                }
            }
            for (&sums, out) in sums.iter().zip(out.chunks_exact_mut(width)) {
                // A copy: sums whose address is taken would not stay in registers.
                let parts: &[f32] = bytemuck::cast_slice(&sums);
                out.iter_mut().zip(parts).for_each(|(out, &part)| O::add(out, part));
            }
        }
    }
}

#[inline(always)]
fn load<S: Simd, const N: usize>(_: S, values: &[f32]) -> [S::f32s; N] {
    let (vectors, _) = S::as_simd_f32s(&values[..N * S::F32_LANES]);
    std::array::from_fn(|n| vectors[n])
}
