//! Bars beside the names of what they are of.

use image::Rgb;

use super::{INK, MOST_BARS, PAPER};
use crate::drawing::Drawing;
use crate::preview::coloured_text;
use crate::text::{Anchor, Type};
use crate::{Fitted, HeatMap, format_value};

const FADED: Rgb<u8> = Rgb([95, 95, 95]);

/// The cells that are shown, those of the most relevance, in their own order; and how many are not.
fn shown(map: &HeatMap, fitted: &Fitted) -> (Vec<(usize, f64)>, usize) {
    let mut cells: Vec<(usize, f64)> = map.values().enumerate().collect();
    let count = cells.len();
    let strength = |value: f64| fitted.position(value).abs();
    cells.sort_by(|a, b| strength(b.1).total_cmp(&strength(a.1)).then(a.0.cmp(&b.0)));
    cells.truncate(MOST_BARS);
    cells.sort_unstable_by_key(|&(at, _)| at);
    (cells, count.saturating_sub(MOST_BARS))
}

/// What is left out, in words.
fn rest(more: usize) -> String {
    if more > 0 { format!("… and {more} less relevant ones") } else { String::new() }
}

/// The number of lines, and the height of each, in a square of `side` pixels.
fn lines_of(cells: usize, side: u32) -> [u32; 2] {
    let rows = cells.min(MOST_BARS) as u32 + u32::from(cells > MOST_BARS);
    [rows, (side / rows.max(1)).clamp(11, 26)]
}

/// How high the bars are in a square of `side` pixels.
pub(super) fn height(map: &HeatMap, side: u32) -> u32 {
    let [rows, pitch] = lines_of(map.values().count(), side);
    rows * pitch
}

/// Draws a bar for each cell, from the middle where values have signs.
pub(super) fn draw(map: &HeatMap, fitted: &Fitted, names: &[String], side: u32) -> Drawing {
    let (cells, more) = shown(map, fitted);
    let [rows, pitch] = lines_of(map.values().count(), side);
    let name = Type { size: (pitch as f32 * 0.72).min(17.0), colour: INK, bold: false };
    let number = Type { size: name.size * 0.9, colour: FADED, bold: false };
    let widest = |width: &dyn Fn(&(usize, f64)) -> u32| cells.iter().map(width).max().unwrap_or(0);
    let left = widest(&|(at, _)| name.width(&names[*at])).min(side * 2 / 5) + 6;
    let right = widest(&|(_, value)| number.width(&format_value(*value))) + 6;
    let room = side.saturating_sub(left + right).max(10);
    let has_signs = cells.iter().any(|&(_, value)| fitted.position(value) < 0.0);
    let (middle, reach) = if has_signs { (left + room / 2, room / 2) } else { (left, room) };
    let mut drawing = Drawing::new(side, rows * pitch);
    for (row, &(at, value)) in cells.iter().enumerate() {
        let top = row as u32 * pitch;
        let text = name.shorten(&names[at], left - 6);
        drawing.text(&name, &text, [i64::from(left - 6), i64::from(top)], Anchor::Right);
        let position = fitted.position(value);
        let length = (position.abs() * f64::from(reach)).round() as u32;
        let from = if position < 0.0 { middle - length } else { middle };
        drawing.rectangle([from, top + 2], [length, pitch - 4], fitted.colour(value));
        drawing.text(&number, &format_value(value), [i64::from(side), i64::from(top)], Anchor::Right);
    }
    drawing.rectangle([middle, 0], [1, cells.len() as u32 * pitch], FADED);
    drawing.text(&number, &rest(more), [0, i64::from(cells.len() as u32 * pitch)], Anchor::Left);
    drawing
}

/// A line a cell: name, bar, value.
pub(super) fn lines(map: &HeatMap, fitted: &Fitted, names: &[String], columns: usize, colour: bool) -> Vec<String> {
    let (cells, more) = shown(map, fitted);
    let clean = |at: usize, most: usize| -> String {
        names[at].chars().filter(|letter| !letter.is_control()).take(most).collect()
    };
    let most = columns / 2;
    let left = cells.iter().map(|&(at, _)| clean(at, most).chars().count()).max().unwrap_or(0);
    let right = cells.iter().map(|&(_, value)| format_value(value).chars().count()).max().unwrap_or(0);
    let room = columns.saturating_sub(left + right + 2).max(1);
    let line = |&(at, value): &(usize, f64)| {
        let position = fitted.position(value);
        let length = (position.abs() * room as f64).round() as usize;
        let sign = if position < 0.0 { '░' } else { '█' };
        let (bar, space) = (sign.to_string().repeat(length), " ".repeat(room - length));
        let bar = if colour { coloured_text(&bar, fitted.colour(value), PAPER) } else { bar };
        format!("{:>left$} {bar}{space} {:>right$}", clean(at, most), format_value(value))
    };
    let mut lines: Vec<String> = cells.iter().map(line).collect();
    lines.extend((more > 0).then(|| rest(more)));
    lines
}
