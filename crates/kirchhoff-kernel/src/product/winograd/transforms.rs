//! The transforms of patches, filters and tiles, and the lines that they read and write.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::Winograd;
use crate::product::strip::{ROWS, WIDE_VECTORS};

/// Products of matrices: values of a transformed patch.
pub(super) const PRODUCTS: usize = 16;
/// Values of the widest vector.
pub(super) const LANES: usize = 16;
/// Tiles that are multiplied at a time, at most.
pub(super) const MOST_COLUMNS: usize = WIDE_VECTORS * LANES;

/// The lines of one channel that some rows of tiles see, their even and their odd columns apart.
pub(super) struct Lines {
    /// The first line in the image, and the first column.
    start: [isize; 2],
    count: usize,
    /// Columns of tiles.
    tiles: usize,
    /// One line as it lies, with zeros around it.
    line: Vec<f32>,
    even: Vec<f32>,
    odd: Vec<f32>,
    /// Distance of lines in `even` and `odd`.
    pitch: usize,
}

impl Lines {
    pub fn new(winograd: &Winograd<'_>, rows: Range<usize>) -> Self {
        let [down, right] = winograd.plan.cuts[0].start;
        let count = 2 * rows.len() + 2;
        let tiles = winograd.tiles[1];
        // Vectors reach a column of tiles beyond the last, and to the end of the last of them.
        let pitch = (tiles + 1).next_multiple_of(LANES) + LANES;
        Lines {
            start: [down + 2 * rows.start as isize, right],
            count,
            tiles,
            line: vec![0.0; 2 * pitch],
            even: vec![0.0; count * pitch],
            odd: vec![0.0; count * pitch],
            pitch,
        }
    }

    /// Reads the lines of an image of a size, and says whether any value differs from 0.
    #[inline(always)]
    pub fn read(&mut self, [height, width]: [usize; 2], fill: impl Fn(usize, &mut [f32])) -> bool {
        let mut live = false;
        // Columns of a line that lie inside of the image.
        let seen = 2 * self.tiles + 2;
        let from = self.start[1].min(0).unsigned_abs().min(seen);
        let column = self.start[1].max(0) as usize;
        let inside = width.saturating_sub(column).min(seen - from);
        for number in 0..self.count {
            let (even, odd) = (&mut self.even[number * self.pitch..], &mut self.odd[number * self.pitch..]);
            let (even, odd) = (&mut even[..self.pitch], &mut odd[..self.pitch]);
            let y = self.start[0] + number as isize;
            if y < 0 || y as usize >= height || inside == 0 {
                even.fill(0.0);
                odd.fill(0.0);
                continue;
            }
            let values = &mut self.line[from..from + inside];
            fill(y as usize * width + column, values);
            live |= values.iter().fold(0, |bits, value| bits | (value.to_bits() << 1)) != 0;
            let (pairs, _) = self.line.as_chunks::<2>();
            for ((even, odd), pair) in even.iter_mut().zip(odd).zip(pairs) {
                (*even, *odd) = (pair[0], pair[1]);
            }
        }
        live
    }
}

/// [`Lines`] whose patches are to be transformed: each product is written from a place on.
pub(super) struct Transform<'a, 'p> {
    pub lines: &'a Lines,
    pub products: &'a mut [&'p mut [f32]],
    pub start: usize,
}

impl WithSimd for Transform<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Transform { lines: Lines { count, tiles, even, odd, pitch, .. }, products, start } = self;
        let products: &mut [&mut [f32]; PRODUCTS] = products.try_into().expect("a piece of each product");
        for row in 0..(count - 2) / 2 {
            for first in (0..*tiles).step_by(S::F32_LANES) {
                let at = 2 * row * pitch + first;
                let even_lines = patch(simd, load_lines::<S>(even, at, *pitch));
                let odd_lines = patch(simd, load_lines::<S>(odd, at, *pitch));
                let even_next = patch(simd, load_lines::<S>(even, at + 1, *pitch));
                let odd_next = patch(simd, load_lines::<S>(odd, at + 1, *pitch));
                let place = start + row * tiles + first;
                for line in 0..4 {
                    let values = patch(simd, [even_lines[line], odd_lines[line], even_next[line], odd_next[line]]);
                    for (column, value) in values.into_iter().enumerate() {
                        save::<S>(&mut *products[line * 4 + column], place, value);
                    }
                }
            }
        }
    }
}

/// `Bᵀ d` of four vectors.
#[inline(always)]
fn patch<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 4] {
    [simd.sub_f32s(a, c), simd.add_f32s(b, c), simd.sub_f32s(c, b), simd.sub_f32s(b, d)]
}

/// `Aᵀ m` of four vectors.
#[inline(always)]
fn tile<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 2] {
    [simd.add_f32s(simd.add_f32s(a, b), c), simd.sub_f32s(simd.sub_f32s(b, c), d)]
}

/// Four vectors at a distance from each other.
#[inline(always)]
fn load_lines<S: Simd>(values: &[f32], start: usize, distance: usize) -> [S::f32s; 4] {
    [
        load::<S>(values, start),
        load::<S>(values, start + distance),
        load::<S>(values, start + 2 * distance),
        load::<S>(values, start + 3 * distance),
    ]
}

#[inline(always)]
fn load<S: Simd>(values: &[f32], start: usize) -> S::f32s {
    S::as_simd_f32s(&values[start..start + S::F32_LANES]).0[0]
}

#[inline(always)]
fn save<S: Simd>(values: &mut [f32], start: usize, vector: S::f32s) {
    S::as_mut_simd_f32s(&mut values[start..start + S::F32_LANES]).0[0] = vector;
}

/// `G g Gᵀ` of a filter, for several rows of results.
#[inline(always)]
pub(super) fn transformed_filter(taps: &[[f32; ROWS]; 9]) -> [[f32; ROWS]; PRODUCTS] {
    let mut lines = [[[0.0; ROWS]; 3]; 4];
    for column in 0..3 {
        for i in 0..ROWS {
            let (outer, half) = (0.5 * (taps[column][i] + taps[6 + column][i]), 0.5 * taps[3 + column][i]);
            lines[0][column][i] = taps[column][i];
            lines[1][column][i] = outer + half;
            lines[2][column][i] = outer - half;
            lines[3][column][i] = taps[6 + column][i];
        }
    }
    let mut products = [[0.0; ROWS]; PRODUCTS];
    for (line, [a, b, c]) in lines.iter().enumerate() {
        for i in 0..ROWS {
            let (outer, half) = (0.5 * (a[i] + c[i]), 0.5 * b[i]);
            products[4 * line][i] = a[i];
            products[4 * line + 1][i] = outer + half;
            products[4 * line + 2][i] = outer - half;
            products[4 * line + 3][i] = c[i];
        }
    }
    products
}

/// What a task works in, for one set of panels after the other.
#[derive(Default)]
pub(super) struct Workspace {
    pub sums: Vec<f32>,
    pub images: Vec<f32>,
}

/// Lines of result channels, made of tiles.
pub(super) struct Images<'a> {
    /// Columns of tiles.
    tiles: usize,
    /// Lines of each channel.
    lines: usize,
    values: &'a mut [f32],
}

impl<'a> Images<'a> {
    pub fn new(tiles: usize, rows: usize, channels: usize, values: &'a mut Vec<f32>) -> Self {
        // Every tile is written.
        values.resize(channels * 2 * rows * 2 * tiles, 0.0);
        Images { tiles, lines: 2 * rows, values }
    }

    /// The lines of one channel.
    pub fn channel(&self, channel: usize) -> &[f32] {
        let length = self.lines * 2 * self.tiles;
        &self.values[channel * length..][..length]
    }
}

/// Products of a strip of tiles, `[product, channel, width]` with something between products, of which tiles are to be made, `Aᵀ m A` of each.
pub(super) struct Tiles<'a, 'i> {
    pub images: &'a mut Images<'i>,
    pub sums: &'a [f32],
    /// Distance of products.
    pub distance: usize,
    pub width: usize,
    pub strip: Range<usize>,
}

impl WithSimd for Tiles<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Tiles { images: Images { tiles, lines, values }, sums, distance, width, strip } = self;
        let row = 2 * *tiles;
        let mut results = [[0.0; MOST_COLUMNS]; 4];
        for (channel, image) in values.chunks_exact_mut(*lines * row).enumerate() {
            for first in (0..strip.len()).step_by(S::F32_LANES) {
                let at = channel * width + first;
                let [a, b, c, d] = [at, at + distance, at + 2 * distance, at + 3 * distance];
                let a = tile(simd, load_lines::<S>(sums, a, 4 * distance));
                let b = tile(simd, load_lines::<S>(sums, b, 4 * distance));
                let c = tile(simd, load_lines::<S>(sums, c, 4 * distance));
                let d = tile(simd, load_lines::<S>(sums, d, 4 * distance));
                for line in 0..2 {
                    let [left, right] = tile(simd, [a[line], b[line], c[line], d[line]]);
                    save::<S>(&mut results[2 * line], first, left);
                    save::<S>(&mut results[2 * line + 1], first, right);
                }
            }
            let mut column = strip.start;
            while column < strip.end {
                // Tiles of one row.
                let (line, x) = (column / *tiles, column % *tiles);
                let count = (*tiles - x).min(strip.end - column);
                let from = column - strip.start;
                let (upper, lower) = image[2 * line * row..][..2 * row].split_at_mut(row);
                let [a, b, c, d] = &results;
                interleave(&a[from..], &b[from..], &mut upper[2 * x..2 * (x + count)]);
                interleave(&c[from..], &d[from..], &mut lower[2 * x..2 * (x + count)]);
                column += count;
            }
        }
    }
}

/// Writes two rows of values in turns.
#[inline(always)]
fn interleave(left: &[f32], right: &[f32], out: &mut [f32]) {
    for (out, (left, right)) in out.as_chunks_mut::<2>().0.iter_mut().zip(left.iter().zip(right)) {
        *out = [*left, *right];
    }
}
