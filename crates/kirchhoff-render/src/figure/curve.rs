//! Signals before the colours of their relevance.

use image::RgbImage;

use super::{PAPER, fill};
use crate::drawing::Drawing;
use crate::{Fitted, HeatMap};

/// Between two channels.
const GAP: u32 = 6;

/// How high each channel is: all together no higher than two thirds of a square, where that leaves them twenty pixels.
fn lane(channels: u32, side: u32) -> u32 {
    let within = |height: u32| height.saturating_sub((channels - 1) * GAP) / channels;
    within(side * 2 / 3).clamp(20, 120).min(within(side).max(4))
}

/// How high the channels are in a square of `side` pixels.
pub(super) fn height(map: &HeatMap, side: u32) -> u32 {
    let channels = map.height() as u32;
    channels * lane(channels, side) + (channels - 1) * GAP
}

/// Draws the channels of a signal one below the other, each within its own range, over its relevance.
pub(super) fn draw(map: &HeatMap, fitted: &Fitted, signal: &[f64], side: u32) -> Drawing {
    let (channels, length) = (map.height() as u32, map.width());
    let lane = lane(channels, side);
    let mut drawing = Drawing::new(side, height(map, side));
    for channel in 0..channels {
        let top = channel * (lane + GAP);
        let values = &signal[channel as usize * length..][..length];
        let column = |x: u32| (x as usize * length / side as usize).min(length - 1);
        let mut image = RgbImage::from_pixel(side, lane, PAPER);
        for x in 0..side {
            // Where several values share a pixel, the one whose colour is strongest.
            let range = column(x)..(column(x + 1)).max(column(x) + 1);
            let cells = range.filter_map(|at| map.cell(channel as usize, at));
            let strongest = cells.max_by(|a, b| fitted.position(*a).abs().total_cmp(&fitted.position(*b).abs()));
            if let Some(value) = strongest {
                fill(&mut image, [x, 0], [1, lane], fitted.colour(value));
            }
        }
        drawing.picture([0, top], image);
        let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &v| (a.min(v), b.max(v)));
        let way = if high > low { high - low } else { 1.0 };
        let level = |value: f64| {
            let share = if high > low { (value - low) / way } else { 0.5 };
            top + 2 + ((1.0 - share) * f64::from(lane.saturating_sub(5))).round() as u32
        };
        let levels = (0..side).map(|x| {
            // Values lie in the middle of their cells, and the curve between them is straight.
            let at = (f64::from(x) + 0.5) * length as f64 / f64::from(side) - 0.5;
            let at = at.clamp(0.0, (length - 1) as f64);
            let (left, share) = (at.floor() as usize, at.fract());
            level(values[left] * (1.0 - share) + values[(left + 1).min(length - 1)] * share)
        });
        drawing.curve(0, levels.collect());
    }
    drawing
}
