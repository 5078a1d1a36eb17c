//! Convolutions of 3 × 3 and stride 1 in four ninths of the multiplications.
//!
//! Two neighbouring results of a filter of three share products: `F(2 × 2, 3 × 3)` of Winograd's minimal filtering makes the
//! four results of a tile of 2 × 2 from the sixteen values of a patch of 4 × 4, in sixteen multiplications a channel instead
//! of 36 (Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural Networks", section 4.1). Patches, filters and
//! tiles are transformed by additions; in between stand sixteen products of matrices, filters by tiles, which the kernel of
//! [fused operations](super::strip) computes.
//!
//! Results are rounded otherwise than those of the edges: a product takes part in sums of neighbouring results, in which it
//! cancels. That needs differences and halves, so that only real sums of products come this way.

mod transforms;

use std::ops::Range;

use kirchhoff_semiring::dispatch;

use crate::memory::zeros;
use crate::product::BEYOND;
use crate::product::packing::Packing;
use crate::product::plan::Plan;
use crate::product::planes::{Neuron, Planes};
use crate::product::strip::{PlusTimes, ROWS, Strip, Vectors, WIDE_VECTORS};
use crate::{Cancelled, Monitor, parallel, vectorised};
use transforms::{Images, LANES, Lines, PRODUCTS, Tiles, Transform, Workspace, transformed_filter};

/// Channels on a side from which on the products outweigh the transforms.
const FEWEST_CHANNELS: usize = 16;
/// Vectors that the tiles of an image fill, from which on products outweigh the transform of filters.
const FEWEST_VECTORS: usize = 6;
/// Panels of rows whose products stay in cache until tiles are made of them.
const PANELS: usize = 16;
/// Packed filters that are held at a time: 32 MiB.
const PACKED: usize = 8 << 20;
/// Tiles of an image up to which its patches are transformed once, for all tasks.
const WHOLE: usize = 256;
/// Tiles that a task takes of a larger image, at most.
const BAND: usize = 256;
/// Vectors of tiles that are multiplied at a time.
const COLUMNS: Vectors = Vectors { of_32: WIDE_VECTORS, of_16: WIDE_VECTORS };
/// Channels whose patches one task transforms, and whose filters are transformed before they are written.
const CHANNELS: usize = 16;
/// Numbers between the products of arrays that hold all of them: at distances that are powers of two, the sixteen values of a
/// patch would compete for one set of the first-level cache.
const APART: usize = 5 * LANES;

/// A convolution that suits.
pub(super) struct Winograd<'a> {
    plan: &'a Plan,
    /// The place in the kernel of each tap, row by row as the plan sees them: all are below 9.
    taps: [usize; 9],
    /// Rows and columns of tiles.
    tiles: [usize; 2],
}

impl<'a> Winograd<'a> {
    /// `None` for convolutions of another kind, and for small ones, which are faster edge by edge.
    pub fn new(planes: &'a Planes<'_>) -> Option<Self> {
        let [plan] = &planes.plans[..] else { return None };
        let [cut] = &plan.cuts[..] else { return None };
        let unit = |step: [usize; 2]| step == [1, 1];
        let images = planes.data.layout.position == 1 && planes.result.layout.position == 1;
        let tiles = plan.size.map(|size| size.div_ceil(2));
        let channels = planes.data.channels.min(planes.result.channels);
        let large = channels >= FEWEST_CHANNELS && tiles[0] * tiles[1] >= FEWEST_VECTORS * COLUMNS.width()[1];
        if !(large && images && unit(cut.step) && unit(plan.target.step) && plan.taps.len() == 9) {
            return None;
        }
        let mut taps = [None; 9];
        for tap in &plan.taps {
            let (row, column) = (tap.shift / plan.pitch, tap.shift % plan.pitch);
            *taps.get_mut(row * 3 + column).filter(|_| column < 3)? = Some(tap.weight);
        }
        let [a, b, c, d, e, f, g, h, i] = taps;
        Some(Winograd { plan, taps: [a?, b?, c?, d?, e?, f?, g?, h?, i?], tiles })
    }
}

/// Result channels of a group whose transformed filters are held: `[set of panels, product, panel, data channel, ROWS]`.
struct Filters<'a> {
    group: usize,
    /// Its result channels in the group.
    rows: Range<usize>,
    packed: &'a [f32],
}

/// Transformed patches of some rows of tiles, `[product, channel, pitch]` with something between products.
struct Patches {
    values: Vec<f32>,
    /// Distance of channels.
    pitch: usize,
    /// Distance of products.
    distance: usize,
    /// The channels that are not 0 everywhere.
    live: Vec<usize>,
}

/// Where sums go: the image whose channels they are, and its first neuron.
struct Target<'a, F> {
    store: &'a F,
    first: usize,
}

impl Planes<'_> {
    /// [`fused`](Planes::fused) of sums of products.
    pub(super) fn winograd<T: Send>(
        &self,
        winograd: &Winograd<'_>,
        packing: Packing,
        fill: &(impl Fn(usize, &mut [f32]) + Sync),
        store: &(impl Fn(&mut [T], Neuron, &[f32]) + Sync),
        target: &mut [T],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let set = PRODUCTS * PANELS * ROWS * self.data.channels;
        let step = (PACKED / set).max(1) * PANELS * ROWS;
        let image = self.result.neurons(self.groups);
        for group in 0..self.groups {
            for first in (0..self.result.channels).step_by(step) {
                let rows = first..(first + step).min(self.result.channels);
                let packed = self.filters(winograd, group, &rows, packing);
                self.weights.release(0..self.weights.len());
                let filters = Filters { group, rows, packed: &packed };
                parallel::try_chunks(target, image, &|number, target| {
                    let fill = |neuron: usize, values: &mut [f32]| {
                        fill(number * self.data.neurons(self.groups) + neuron, values);
                    };
                    let goal = Target { store, first: number * image };
                    self.image(winograd, &filters, &fill, &goal, target, monitor)
                })?;
            }
        }
        Ok(())
    }

    /// Transforms the filters of some result channels: `G g Gᵀ` of each.
    fn filters(&self, winograd: &Winograd<'_>, group: usize, rows: &Range<usize>, packing: Packing) -> Vec<f32> {
        let channels = self.data.channels;
        let weights = &self.weights[group * self.weights.len() / self.groups..];
        self.weights.fetch(0..self.weights.len());
        let mut packed = zeros(rows.len().div_ceil(ROWS) * PRODUCTS * channels * ROWS);
        parallel::chunks(&mut packed, PANELS * PRODUCTS * channels * ROWS, &|set, packed| {
            let panels = packed.len() / (PRODUCTS * channels * ROWS);
            let (packed, _) = packed.as_chunks_mut::<ROWS>();
            let mut filters = vec![[BEYOND; 9 * ROWS]; channels];
            for panel in 0..panels {
                let row = rows.start + (set * PANELS + panel) * ROWS;
                let count = ROWS.min(rows.end - row);
                for (channel, filters) in filters.iter_mut().enumerate() {
                    for (own, filter) in filters.chunks_exact_mut(9).take(count).enumerate() {
                        let start = channel * self.strides[0] + (row + own) * self.strides[1];
                        filter.copy_from_slice(&weights[start..start + 9]);
                    }
                }
                packing.apply(filters.as_flattened_mut());
                vectorised(
                    #[inline(always)]
                    || {
                        let mut products = [[[0.0; ROWS]; CHANNELS]; PRODUCTS];
                        for (number, filters) in filters.chunks(CHANNELS).enumerate() {
                            for (channel, filters) in filters.iter().enumerate() {
                                let mut taps = [[0.0; ROWS]; 9];
                                for (taps, &place) in taps.iter_mut().zip(&winograd.taps) {
                                    for (own, tap) in taps.iter_mut().enumerate() {
                                        *tap = filters[own * 9 + place];
                                    }
                                }
                                for (products, values) in products.iter_mut().zip(transformed_filter(&taps)) {
                                    products[channel] = values;
                                }
                            }
                            for (product, values) in products.iter().enumerate() {
                                let place = (product * panels + panel) * channels + number * CHANNELS;
                                packed[place..place + filters.len()].copy_from_slice(&values[..filters.len()]);
                            }
                        }
                    },
                );
            }
        });
        packed
    }

    /// One image.
    fn image<T: Send>(
        &self,
        winograd: &Winograd<'_>,
        filters: &Filters<'_>,
        fill: &(impl Fn(usize, &mut [f32]) + Sync),
        goal: &Target<'_, impl Fn(&mut [T], Neuron, &[f32]) + Sync>,
        target: &mut [T],
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let [rows, columns] = winograd.tiles;
        let channel = winograd.plan.size[0] * winograd.plan.size[1];
        let first = filters.group * self.result.channels + filters.rows.start;
        let target = &mut target[first * channel..][..filters.rows.len() * channel];
        if rows * columns <= WHOLE {
            let patches = self.patches(winograd, filters.group, 0..rows, fill, true);
            return parallel::try_chunks(target, PANELS * ROWS * channel, &|set, target| {
                let mut places: Vec<&mut [T]> = target.chunks_mut(channel).collect();
                let mut workspace = Workspace::default();
                self.products(winograd, filters, [set, 0], &patches, goal, &mut places, &mut workspace, monitor)
            });
        }
        let band = (BAND / columns).clamp(1, rows);
        let band = rows.div_ceil(rows.div_ceil(band).next_multiple_of(rayon::current_num_threads()).min(rows));
        // The places of each band, channel by channel.
        let mut bands: Vec<Vec<&mut [T]>> = (0..rows.div_ceil(band)).map(|_| Vec::new()).collect();
        for channel in target.chunks_mut(channel) {
            let pieces = channel.chunks_mut(2 * band * winograd.plan.size[1]);
            bands.iter_mut().zip(pieces).for_each(|(band, piece)| band.push(piece));
        }
        parallel::try_chunks(&mut bands, 1, &|number, places| {
            let first = number * band;
            let patches = self.patches(winograd, filters.group, first..(first + band).min(rows), fill, false);
            let mut workspace = Workspace::default();
            for (set, places) in places[0].chunks_mut(PANELS * ROWS).enumerate() {
                self.products(winograd, filters, [set, first], &patches, goal, places, &mut workspace, monitor)?;
            }
            Ok(())
        })
    }

    /// Transforms the patches of some rows of tiles: `Bᵀ d B` of each.
    fn patches(
        &self,
        winograd: &Winograd<'_>,
        group: usize,
        rows: Range<usize>,
        fill: &(impl Fn(usize, &mut [f32]) + Sync),
        divided: bool,
    ) -> Patches {
        let channels = self.data.channels;
        // A vector that begins at the last row of tiles may end so far behind it.
        let pitch = (rows.len() * winograd.tiles[1] + LANES - 1).next_multiple_of(LANES);
        let slack = COLUMNS.width()[0];
        let distance = channels * pitch + APART;
        let mut values = zeros(PRODUCTS * distance + slack);
        let mut live = vec![false; channels];
        let together = if divided { CHANNELS } else { channels };
        let mut parts: Vec<(Vec<&mut [f32]>, &mut [bool])> =
            live.chunks_mut(together).map(|live| (Vec::with_capacity(PRODUCTS), live)).collect();
        for product in values[..PRODUCTS * distance].chunks_mut(distance) {
            let pieces = product[..channels * pitch].chunks_mut(together * pitch);
            parts.iter_mut().zip(pieces).for_each(|((part, _), piece)| part.push(piece));
        }
        parallel::chunks(&mut parts, 1, &|number, parts| {
            let (products, live) = &mut parts[0];
            let mut lines = Lines::new(winograd, rows.clone());
            for (i, live) in live.iter_mut().enumerate() {
                let channel = group * channels + number * together + i;
                let first = channel * self.data.layout.channel;
                vectorised(
                    #[inline(always)]
                    || {
                        *live = lines.read(self.data.size, |position, values| fill(first + position, values));
                    },
                );
                if *live {
                    dispatch(Transform { lines: &lines, products, start: i * pitch });
                }
            }
        });
        let live = live.iter().enumerate().filter(|(_, live)| **live).map(|(channel, _)| channel).collect();
        Patches { values, pitch, distance, live }
    }

    /// The products of a set of panels with patches, made tiles of and given to their places, which are pieces of each channel
    /// from a row of tiles on.
    #[allow(clippy::too_many_arguments)] // Private: what `image` divides.
    fn products<T>(
        &self,
        winograd: &Winograd<'_>,
        filters: &Filters<'_>,
        [set, first]: [usize; 2],
        patches: &Patches,
        goal: &Target<'_, impl Fn(&mut [T], Neuron, &[f32])>,
        places: &mut [&mut [T]],
        workspace: &mut Workspace,
        monitor: &dyn Monitor,
    ) -> Result<(), Cancelled> {
        let channels = self.data.channels;
        let [width, grain] = COLUMNS.width();
        let panels = places.len().div_ceil(ROWS);
        let panel = channels * ROWS;
        let packed = &filters.packed[set * PANELS * PRODUCTS * panel..][..panels * PRODUCTS * panel];
        let [height, row] = winograd.plan.size;
        let rows = places.first().map_or(0, |piece| piece.len() / row);
        let tiles = rows.div_ceil(2) * winograd.tiles[1];
        let own = panels * ROWS * width;
        let Workspace { sums, images } = workspace;
        sums.resize(PRODUCTS * (own + APART), 0.0);
        let mut images = Images::new(winograd.tiles[1], rows.div_ceil(2), places.len(), images);
        for strip in crate::product::parts::strips(0..tiles, width, grain) {
            if monitor.cancelled() {
                return Err(Cancelled);
            }
            sums.fill(0.0);
            let products = packed.chunks_exact(panels * panel).zip(sums.chunks_exact_mut(own + APART));
            for (product, (weights, out)) in products.enumerate() {
                Strip {
                    planes: &patches.values[product * patches.distance + strip.start..],
                    channel: patches.pitch,
                    channels: &patches.live,
                    shifts: &[0],
                    weights,
                    panel,
                    columns: strip.len(),
                    width,
                    out: &mut out[..own],
                }
                .run(PlusTimes);
            }
            dispatch(Tiles { images: &mut images, sums, distance: own + APART, width, strip: strip.clone() });
            // What the edges would have been.
            monitor.advance((strip.len() * 4 * 9 * panels * panel) as u64);
        }
        debug_assert!(2 * first + rows <= height);
        let layout = self.result.layout;
        vectorised(
            #[inline(always)]
            || {
                for (own, piece) in places.iter_mut().enumerate() {
                    let channel = filters.group * self.result.channels + filters.rows.start + set * PANELS * ROWS + own;
                    let number = |line: usize| goal.first + channel * layout.channel + (2 * first + line) * row;
                    let image = images.channel(own);
                    if row == 2 * winograd.tiles[1] {
                        (goal.store)(piece, Neuron { channel, number: number(0) }, &image[..piece.len()]);
                        continue;
                    }
                    let lines = piece.chunks_exact_mut(row).zip(image.chunks_exact(2 * winograd.tiles[1]));
                    for (line, (piece, image)) in lines.enumerate() {
                        (goal.store)(piece, Neuron { channel, number: number(line) }, &image[..row]);
                    }
                }
            },
        );
        Ok(())
    }
}
