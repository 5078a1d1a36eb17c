//! The inner kernel: four rows of weights against a strip of shifted vectors, accumulated in registers.

use std::marker::PhantomData;

use pulp::{Arch, Simd, WithSimd};

/// Rows of the result that the kernel makes at a time.
pub(super) const ROWS: usize = 4;

/// Vectors of the result that it makes at a time, at most: with AVX-512, 4 × 6 accumulators fill 24 of 32 registers.
const VECTORS_OF_32: usize = 6;
/// With 16 registers, 4 × 3 accumulators leave room for three vectors of data and a weight.
const VECTORS_OF_16: usize = 3;

/// The operation that joins a weight and a value to what was accumulated.
pub(super) trait Operation: Copy + Send + Sync {
    /// `sum ⊕ (weight ⊗ value)`, starting from 0.
    fn join<S: Simd>(simd: S, sum: S::f32s, weight: S::f32s, value: S::f32s) -> S::f32s;
}

/// `sum + weight · value`.
#[derive(Clone, Copy)]
pub(super) struct PlusTimes;

/// `max(sum, weight · value)`.
#[derive(Clone, Copy)]
pub(super) struct MaxTimes;

impl Operation for PlusTimes {
    #[inline(always)]
    fn join<S: Simd>(simd: S, sum: S::f32s, weight: S::f32s, value: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(weight, value, sum)
    }
}

impl Operation for MaxTimes {
    #[inline(always)]
    fn join<S: Simd>(simd: S, sum: S::f32s, weight: S::f32s, value: S::f32s) -> S::f32s {
        simd.max_f32s(sum, simd.mul_f32s(weight, value))
    }
}

/// Columns of the result that the kernel makes at a time on this machine, at most.
pub(super) fn strip() -> usize {
    struct Strip;
    impl WithSimd for Strip {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            vectors::<S>() * S::F32_LANES
        }
    }
    Arch::new().dispatch(Strip)
}

#[inline(always)]
fn vectors<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { VECTORS_OF_32 } else { VECTORS_OF_16 }
}

/// A strip of the result: some columns of several panels of [`ROWS`] rows.
pub(super) struct Strip<'a> {
    /// The planes of all channels, from the strip's first column on, with slack for one strip behind the last plane.
    pub planes: &'a [f32],
    /// Distance of channels in `planes`.
    pub channel: usize,
    /// Number of channels.
    pub channels: usize,
    /// The shift of each tap within a channel's planes.
    pub shifts: &'a [usize],
    /// Weights of the panels, one after the other: `[channel, tap, ROWS]`.
    pub weights: &'a [f32],
    /// Columns of the strip that are wanted.
    pub columns: usize,
    /// The result, `[panel, ROWS, strip()]`; columns beyond those wanted may be written too.
    pub out: &'a mut [f32],
}

impl Strip<'_> {
    /// Computes the strip.
    pub fn run<O: Operation>(self, _: O) {
        Arch::new().dispatch(Kernel::<O> { strip: self, operation: PhantomData });
    }
}

struct Kernel<'a, O> {
    strip: Strip<'a>,
    operation: PhantomData<O>,
}

impl<O: Operation> WithSimd for Kernel<'_, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Strip { planes, channel, channels, shifts, weights, columns, out } = self.strip;
        let width = vectors::<S>() * S::F32_LANES;
        let panel = channels * shifts.len() * ROWS;
        let tile = Tile { planes, channel, shifts, width };
        for (weights, out) in weights.chunks_exact(panel).zip(out.chunks_exact_mut(ROWS * width)) {
            // The fewest vectors that cover the columns: ragged strips of small images are common.
            match columns.div_ceil(S::F32_LANES) {
                1 => tile.run::<S, O, 1>(simd, weights, out),
                2 => tile.run::<S, O, 2>(simd, weights, out),
                3 => tile.run::<S, O, 3>(simd, weights, out),
                4 => tile.run::<S, O, 4>(simd, weights, out),
                5 => tile.run::<S, O, 5>(simd, weights, out),
                _ => tile.run::<S, O, 6>(simd, weights, out),
            }
        }
    }
}

/// What all tiles of a strip share.
#[derive(Clone, Copy)]
struct Tile<'a> {
    planes: &'a [f32],
    channel: usize,
    shifts: &'a [usize],
    width: usize,
}

impl Tile<'_> {
    /// One panel of rows over `N` vectors of columns.
    #[inline(always)]
    fn run<S: Simd, O: Operation, const N: usize>(self, simd: S, weights: &[f32], out: &mut [f32]) {
        let mut sums = [[simd.splat_f32s(0.0); N]; ROWS];
        let mut first = 0;
        for weights in weights.chunks_exact(self.shifts.len() * ROWS) {
            let planes = &self.planes[first..];
            for (&shift, weights) in self.shifts.iter().zip(weights.chunks_exact(ROWS)) {
                let (values, _) = S::as_simd_f32s(&planes[shift..shift + N * S::F32_LANES]);
                let values: [S::f32s; N] = std::array::from_fn(|n| values[n]);
                for (sums, &weight) in sums.iter_mut().zip(weights) {
                    let weight = simd.splat_f32s(weight);
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum = O::join(simd, *sum, weight, value);
                    }
                }
            }
            first += self.channel;
        }
        for (sums, out) in sums.iter().zip(out.chunks_exact_mut(self.width)) {
            let (out, _) = S::as_mut_simd_f32s(&mut out[..N * S::F32_LANES]);
            out.copy_from_slice(sums);
        }
    }
}
