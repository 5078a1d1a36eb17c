//! Dividing a result among tasks: a few panels of rows over a band of columns, with the places that they fill.

use std::ops::Range;

use super::plan::Plan;
use super::strip::ROWS;

/// Panels of rows that one task takes: enough to keep the planes of its strip in cache, few enough to share work out.
const PANELS: usize = 8;
/// Parts that a block is divided into at least, where it has so many rows: some for every thread, and short enough to
/// stop soon.
pub(super) const FEWEST: usize = 16;

/// Where a channel's value at a position of its image is, in a flat tensor.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub channel: usize,
    pub position: usize,
}

/// Result channels of one group whose weights are packed.
pub(super) struct Block<'a> {
    pub plan: &'a Plan,
    pub group: usize,
    /// The first panel, and how many.
    pub first: usize,
    pub panels: usize,
    pub weights: &'a [f32],
    /// Packed weights of a panel.
    pub panel: usize,
}

/// What one task computes: some panels over a band of columns.
pub(super) struct Part<'a, T> {
    /// The first of its panels in the block.
    panel: usize,
    /// Its columns of the flattened result.
    pub columns: Range<usize>,
    /// The places that it fills: of an image, a piece of each channel; of a matrix, a piece of each column.
    pub places: Vec<&'a mut [T]>,
    /// The position in the image where the pieces begin; of a matrix, the column of the first piece.
    pub origin: usize,
}

impl Block<'_> {
    /// The number of panels that a task takes at most.
    pub fn together() -> usize {
        PANELS
    }

    /// The result channels of the group that the block makes, of so many.
    pub fn rows(&self, channels: usize) -> Range<usize> {
        self.first * ROWS..((self.first + self.panels) * ROWS).min(channels)
    }

    /// Divides a target among tasks, given the channels of its group, their layout, the row length of the target's image,
    /// the columns of a strip and the fewest columns that a part is to have.
    pub fn parts<'t, T>(
        &self,
        target: &'t mut [T],
        channels: usize,
        layout: Layout,
        row: usize,
        [width, fewest]: [usize; 2],
    ) -> Vec<Part<'t, T>> {
        let rows = self.rows(channels);
        let sets = rows.len().div_ceil(PANELS * ROWS);
        let bands = FEWEST.div_ceil(sets.max(1)).min((self.plan.length() / fewest).max(1));
        let first = self.group * channels + rows.start;
        if layout.position == 1 {
            let plan = self.plan;
            let step = plan.size[0].div_ceil(bands);
            let bands: Vec<Range<usize>> =
                (0..plan.size[0]).step_by(step).map(|y| y..(y + step).min(plan.size[0])).collect();
            let origin = |y: usize| (plan.target.start[0] + y * plan.target.step[0]) * row;
            let mut parts: Vec<Part<'t, T>> = Vec::with_capacity(sets * bands.len());
            for set in 0..sets {
                parts.extend(bands.iter().map(|band| Part {
                    panel: set * PANELS,
                    columns: band.start * plan.pitch..(band.end - 1) * plan.pitch + plan.size[1],
                    places: Vec::with_capacity(PANELS * ROWS),
                    origin: origin(band.start),
                }));
            }
            let images = target[first * layout.channel..][..rows.len() * layout.channel].chunks_mut(layout.channel);
            for (number, image) in images.enumerate() {
                let mut rest = &mut image[origin(0)..];
                for (band, part) in bands.iter().zip(&mut parts[number / (PANELS * ROWS) * bands.len()..]) {
                    let piece =
                        if band.end == plan.size[0] { rest.len() } else { origin(band.end) - origin(band.start) };
                    let (piece, others) = rest.split_at_mut(piece);
                    part.places.push(piece);
                    rest = others;
                }
            }
            parts
        } else {
            let step = self.plan.length().div_ceil(width).div_ceil(bands) * width;
            let mut parts = Vec::new();
            for (number, band) in target.chunks_mut(step * layout.position).enumerate() {
                let columns = number * step..number * step + band.len() / layout.position;
                let before = parts.len();
                parts.extend((0..sets).map(|set| Part {
                    panel: set * PANELS,
                    columns: columns.clone(),
                    places: Vec::with_capacity(columns.len()),
                    origin: columns.start,
                }));
                for column in band.chunks_mut(layout.position) {
                    let pieces = column[first..first + rows.len()].chunks_mut(PANELS * ROWS);
                    parts[before..].iter_mut().zip(pieces).for_each(|(part, piece)| part.places.push(piece));
                }
            }
            parts
        }
    }
}

impl<T> Part<'_, T> {
    /// Its first result channel in the group.
    pub fn row(&self, block: &Block<'_>) -> usize {
        (block.first + self.panel) * ROWS
    }

    /// The number of its panels.
    pub fn panels(&self, block: &Block<'_>) -> usize {
        PANELS.min(block.panels - self.panel)
    }

    /// The weights of its panels.
    pub fn weights<'a>(&self, block: &Block<'a>) -> &'a [f32] {
        &block.weights[self.panel * block.panel..][..self.panels(block) * block.panel]
    }

    /// Its columns in [`strips`].
    pub fn strips(&self, width: usize, grain: usize) -> impl Iterator<Item = Range<usize>> + use<T> {
        strips(self.columns.clone(), width, grain)
    }
}

/// Columns in strips of about equal length, at most `width`, which `grain` divides, and but for the last a multiple of it.
pub(super) fn strips(columns: Range<usize>, width: usize, grain: usize) -> impl Iterator<Item = Range<usize>> {
    let vectors = columns.len().div_ceil(grain);
    let count = columns.len().div_ceil(width);
    let start = move |strip: usize| (columns.start + strip * vectors / count.max(1) * grain).min(columns.end);
    (0..count).map(move |strip| start(strip)..start(strip + 1))
}
