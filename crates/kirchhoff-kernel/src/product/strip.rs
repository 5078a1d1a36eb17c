//! The kernel of fused operations: four rows of weights against a strip of shifted vectors, accumulated in registers.

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use kirchhoff_semiring::dispatch;

/// Rows of the result that a kernel makes at a time.
pub(super) const ROWS: usize = 4;

/// Vectors of the result that it makes at a time, at most: with AVX-512, 4 × 6 accumulators fill 24 of 32 registers; with 16
/// registers, 4 × 3 leave room for three vectors of data and a weight.
pub(super) const VECTORS: Vectors = Vectors { of_32: 6, of_16: 3 };

/// Vectors of a strip up to which 32 registers hold the sums of two panels: eight rows of three load half as much an edge as
/// four of six, which counts where the planes lie in the second-level cache.
pub(super) const WIDE_VECTORS: usize = 3;

/// Edges whose products make a partial sum of their own: rounding grows with the length of a sum, and so with this number
/// and with the number of partial sums, not with their product.
pub(super) const PARTIAL: usize = 128;

/// A `⊕` and a `⊗` on `f32` that have instructions of their own.
pub(crate) trait Operation: Copy + Send + Sync {
    /// Neutral for `⊕`, and what `⊗` with the value outside of an image gives.
    const ZERO: f32;

    /// Whether these are sums of products of real numbers, which other sums may stand in for.
    const LINEAR: bool = false;

    /// `sum ⊕ (weight ⊗ value)` of vectors; `one` is [`one`].
    fn join<S: Simd>(simd: S, one: S::f32s, sum: S::f32s, weight: S::f32s, value: S::f32s) -> S::f32s;

    /// `a ⊕ b` of vectors.
    fn plus_vectors<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s;

    /// `sum ⊕ (weight ⊗ value)`.
    fn join_one(sum: f32, weight: f32, value: f32) -> f32;

    /// `a ⊕ b`.
    fn plus(a: f32, b: f32) -> f32;
}

/// `sum + weight · value`.
#[derive(Clone, Copy)]
pub(crate) struct PlusTimes;

/// `max(sum, weight · value)`, of products that are compared with 0.
#[derive(Clone, Copy)]
pub(crate) struct MaxTimes;

/// `min(sum, weight + value)`.
#[derive(Clone, Copy)]
pub(crate) struct MinPlus;

/// `max(sum, weight + value)`.
#[derive(Clone, Copy)]
pub(crate) struct MaxPlus;

impl Operation for PlusTimes {
    const ZERO: f32 = 0.0;
    const LINEAR: bool = true;

    #[inline(always)]
    fn join<S: Simd>(simd: S, _: S::f32s, sum: S::f32s, weight: S::f32s, value: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(weight, value, sum)
    }

    #[inline(always)]
    fn plus_vectors<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
        simd.add_f32s(a, b)
    }

    #[inline(always)]
    fn join_one(sum: f32, weight: f32, value: f32) -> f32 {
        sum + weight * value
    }

    #[inline(always)]
    fn plus(a: f32, b: f32) -> f32 {
        a + b
    }
}

impl Operation for MaxTimes {
    const ZERO: f32 = 0.0;

    #[inline(always)]
    fn join<S: Simd>(simd: S, _: S::f32s, sum: S::f32s, weight: S::f32s, value: S::f32s) -> S::f32s {
        simd.max_f32s(sum, simd.mul_f32s(weight, value))
    }

    #[inline(always)]
    fn plus_vectors<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
        simd.max_f32s(a, b)
    }

    #[inline(always)]
    fn join_one(sum: f32, weight: f32, value: f32) -> f32 {
        Self::plus(sum, weight * value)
    }

    #[inline(always)]
    fn plus(a: f32, b: f32) -> f32 {
        if b > a { b } else { a }
    }
}

impl Operation for MinPlus {
    const ZERO: f32 = f32::INFINITY;

    #[inline(always)]
    fn join<S: Simd>(simd: S, one: S::f32s, sum: S::f32s, weight: S::f32s, value: S::f32s) -> S::f32s {
        simd.min_f32s(sum, simd.mul_add_e_f32s(weight, one, value))
    }

    #[inline(always)]
    fn plus_vectors<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
        simd.min_f32s(a, b)
    }

    #[inline(always)]
    fn join_one(sum: f32, weight: f32, value: f32) -> f32 {
        Self::plus(sum, weight + value)
    }

    #[inline(always)]
    fn plus(a: f32, b: f32) -> f32 {
        if b < a { b } else { a }
    }
}

impl Operation for MaxPlus {
    const ZERO: f32 = f32::NEG_INFINITY;

    #[inline(always)]
    fn join<S: Simd>(simd: S, one: S::f32s, sum: S::f32s, weight: S::f32s, value: S::f32s) -> S::f32s {
        simd.max_f32s(sum, simd.mul_add_e_f32s(weight, one, value))
    }

    #[inline(always)]
    fn plus_vectors<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
        simd.max_f32s(a, b)
    }

    #[inline(always)]
    fn join_one(sum: f32, weight: f32, value: f32) -> f32 {
        Self::plus(sum, weight + value)
    }

    #[inline(always)]
    fn plus(a: f32, b: f32) -> f32 {
        if b > a { b } else { a }
    }
}

/// 1 in every lane, which the compiler does not know to be 1: additions written as `weight · 1 + value` run on the units
/// that multiply, while the others take minima and maxima.
#[inline(always)]
pub(super) fn opaque_one<S: Simd>(simd: S) -> S::f32s {
    simd.splat_f32s(std::hint::black_box(1.0))
}

/// Vectors of the result that a kernel makes at a time, at most, with 32 registers and with 16.
#[derive(Clone, Copy)]
pub(super) struct Vectors {
    pub of_32: usize,
    pub of_16: usize,
}

impl Vectors {
    /// Their number under an instruction set.
    #[inline(always)]
    pub fn number<S: Simd>(self) -> usize {
        if S::REGISTER_COUNT >= 32 { self.of_32 } else { self.of_16 }
    }

    /// Columns of the result that the kernel makes at a time on this machine, at most, and columns of one vector.
    pub fn width(self) -> [usize; 2] {
        struct Width(Vectors);
        impl WithSimd for Width {
            type Output = [usize; 2];
            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) -> [usize; 2] {
                [self.0.number::<S>() * S::F32_LANES, S::F32_LANES]
            }
        }
        dispatch(Width(self))
    }
}

/// A strip of the result: some columns of several panels of [`ROWS`] rows.
pub(super) struct Strip<'a> {
    /// The planes of all channels, from the strip's first column on, with slack for one strip behind the last plane.
    pub planes: &'a [f32],
    /// Distance of channels in `planes`.
    pub channel: usize,
    /// The channels that are not 0 everywhere.
    pub channels: &'a [usize],
    /// The shift of each tap within a channel's planes.
    pub shifts: &'a [usize],
    /// Weights of the panels, one after the other: `[channel, tap, ROWS]`.
    pub weights: &'a [f32],
    /// Weights of one panel.
    pub panel: usize,
    /// Columns of the strip that are wanted.
    pub columns: usize,
    /// Columns between rows of the result: as many as a strip has at most, or more.
    pub width: usize,
    /// What the sums are added to, `[panel, ROWS, width]`; columns beyond those wanted may be written too.
    pub out: &'a mut [f32],
}

impl Strip<'_> {
    /// Computes the strip.
    pub fn run<O: Operation>(self, _: O) {
        dispatch(Kernel::<O> { strip: self, operation: PhantomData });
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
        let Strip { planes, channel, channels, shifts, weights, panel, columns, width, out } = self.strip;
        let tile = Tile { planes, channel, channels, shifts, width };
        // The fewest vectors that cover the columns: ragged strips of small images are common.
        let vectors = columns.div_ceil(S::F32_LANES);
        let (mut weights, mut out) = (weights, out);
        // Where registers are many and vectors few, two panels share what is loaded of the planes.
        while S::REGISTER_COUNT >= 32 && vectors <= WIDE_VECTORS && weights.len() >= 2 * panel {
            let (these, others) = weights.split_at(2 * panel);
            let (sums, rest) = std::mem::take(&mut out).split_at_mut(2 * ROWS * width);
            (weights, out) = (others, rest);
            let these = these.split_at(panel).into();
            match vectors {
                1 => tile.run::<S, O, 2, 1>(simd, these, sums),
                2 => tile.run::<S, O, 2, 2>(simd, these, sums),
                _ => tile.run::<S, O, 2, 3>(simd, these, sums),
            }
        }
        for (weights, out) in weights.chunks_exact(panel).zip(out.chunks_exact_mut(ROWS * width)) {
            match vectors {
                1 => tile.run::<S, O, 1, 1>(simd, [weights], out),
                2 => tile.run::<S, O, 1, 2>(simd, [weights], out),
                3 => tile.run::<S, O, 1, 3>(simd, [weights], out),
                4 => tile.run::<S, O, 1, 4>(simd, [weights], out),
                5 => tile.run::<S, O, 1, 5>(simd, [weights], out),
                _ => tile.run::<S, O, 1, 6>(simd, [weights], out),
            }
        }
    }
}

/// What all tiles of a strip share.
#[derive(Clone, Copy)]
struct Tile<'a> {
    planes: &'a [f32],
    channel: usize,
    channels: &'a [usize],
    shifts: &'a [usize],
    width: usize,
}

impl Tile<'_> {
    /// `P` panels of rows over `N` vectors of columns.
    #[inline(always)]
    fn run<S: Simd, O: Operation, const P: usize, const N: usize>(
        self,
        simd: S,
        weights: [&[f32]; P],
        out: &mut [f32],
    ) {
        let one = opaque_one(simd);
        let taps = self.shifts.len();
        let weights: [&[[f32; ROWS]]; P] = weights.map(|weights| weights.as_chunks().0);
        let together = (PARTIAL / taps).max(1);
        let mut channels = self.channels;
        while let Some(first) = channels.first() {
            // Channels whose edges make one partial sum, whichever of them are left out.
            let beyond = (first / together + 1) * together;
            let (these, others) = channels.split_at(channels.partition_point(|channel| *channel < beyond));
            channels = others;
            let mut sums = [[[simd.splat_f32s(O::ZERO); N]; ROWS]; P];
            if let &[shift] = self.shifts {
                for &channel in these {
                    let values = &self.planes[channel * self.channel + shift..][..N * S::F32_LANES];
                    let mut own = [&[0.0; ROWS]; P];
                    for p in 0..P {
                        own[p] = &weights[p][channel];
                    }
                    join_edges::<S, O, P, N>(simd, one, &mut sums, values, own);
                }
            } else {
                for &channel in these {
                    let planes = &self.planes[channel * self.channel..];
                    let mut of_channel = [&[][..]; P];
                    for p in 0..P {
                        of_channel[p] = &weights[p][channel * taps..][..taps];
                    }
                    // Of the first panel without an index, which would be checked an edge.
                    for (tap, (&shift, first)) in self.shifts.iter().zip(of_channel[0]).enumerate() {
                        let mut own = [first; P];
                        for p in 1..P {
                            own[p] = &of_channel[p][tap];
                        }
                        let values = &planes[shift..shift + N * S::F32_LANES];
                        join_edges::<S, O, P, N>(simd, one, &mut sums, values, own);
                    }
                }
            }
            for (sums, out) in sums.as_flattened().iter().zip(out.chunks_exact_mut(self.width)) {
                let (out, _) = S::as_mut_simd_f32s(&mut out[..N * S::F32_LANES]);
                for (out, sum) in out.iter_mut().zip(sums) {
                    *out = O::plus_vectors(simd, *out, *sum);
                }
            }
        }
    }
}

/// One tap of one channel: an edge in each lane of each row.
#[inline(always)]
fn join_edges<S: Simd, O: Operation, const P: usize, const N: usize>(
    simd: S,
    one: S::f32s,
    sums: &mut [[[S::f32s; N]; ROWS]; P],
    values: &[f32],
    weights: [&[f32; ROWS]; P],
) {
    let (values, _) = S::as_simd_f32s(values);
    let values: [S::f32s; N] = std::array::from_fn(|n| values[n]);
    for (sums, weights) in sums.iter_mut().zip(weights) {
        for (sums, &weight) in sums.iter_mut().zip(weights) {
            let weight = simd.splat_f32s(weight);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = O::join(simd, one, *sum, weight, value);
            }
        }
    }
}
