//! The channels of a hidden layer side by side, numbered.

use crate::bar::{bar_height, draw_bar};
use crate::drawing::Drawing;
use crate::map::mosaic_shape;
use crate::picture::render_fitted;
use crate::sheet::{BAR_GAP, CLIPPED, FADED, HEADING, LABEL, NUMBER, framed};
use crate::text::{Anchor, Type};
use crate::{Error, Fitted, HeatMap, Join, Style, format_value};

/// One channel of a hidden layer.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its number in the layer, from 0.
    pub number: usize,
    /// The join of its values.
    pub value: f64,
    /// Its values.
    pub map: HeatMap,
}

/// The strongest channels of a hidden layer, drawn with one scale.
#[derive(Clone, Debug)]
pub struct ChannelGrid {
    title: String,
    /// The scale of all channels that are drawn.
    fitted: Fitted,
    channels: Vec<Channel>,
    left_out: usize,
}

/// The side of a channel's picture, in pixels.
const TILE: u32 = 96;
const GAP: u32 = 10;
const MARGIN: u32 = 12;
const CAPTION: Type = Type { size: 13.0, colour: FADED, bold: false };

impl ChannelGrid {
    /// The channels of a layer of the shape `[channels, height, width]` whose values join to what lies furthest from not
    /// relevant, the strongest first, at most so many; of equal ones the first. The first line of the title is its heading.
    ///
    /// # Errors
    /// Values that do not fill the shape or are not numbers; a number of channels of 0; a channel whose values have no join.
    pub fn new(
        title: &str,
        values: &[f64],
        shape: [usize; 3],
        style: Style,
        join: Join,
        most: usize,
    ) -> Result<Self, Error> {
        let [count, height, width] = shape;
        HeatMap::plane(values, [count.saturating_mul(height), width])?;
        let joined: Vec<f64> =
            values.chunks_exact(height * width).map(|channel| join.over(channel.iter().copied())).collect();
        if let Some(index) = joined.iter().position(|value| value.is_nan()) {
            return Err(Error::NotANumber { index: index * height * width });
        }
        let strengths = style.with_clip(1.0)?.fit(&HeatMap::grid(&joined)?);
        let strength = |channel: usize| strengths.position(joined[channel]).abs();
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&a, &b| strength(b).total_cmp(&strength(a)));
        order.truncate(most);
        if order.is_empty() {
            return Err(Error::Empty { shape: vec![0, height, width] });
        }
        let channel = |number: usize| {
            let values = &values[number * height * width..][..height * width];
            Ok(Channel { number, value: joined[number], map: HeatMap::plane(values, [height, width])? })
        };
        let channels = order.into_iter().map(channel).collect::<Result<Vec<_>, Error>>()?;
        let shown: Vec<f64> = channels.iter().flat_map(|channel| channel.map.values()).collect();
        let fitted = style.fit(&HeatMap::grid(&shown)?);
        Ok(ChannelGrid { title: title.to_owned(), fitted, left_out: count - channels.len(), channels })
    }

    /// The channels that are drawn, the strongest first.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Draws the grid: each channel under its number and the join of its values, one colour bar below all.
    pub fn drawing(&self) -> Drawing {
        let [rows, columns] = mosaic_shape(self.channels.len(), 10, 8).map(|side| side as u32);
        let size = |number: u32, side: u32| number * side + (number - 1) * GAP;
        let (tile_height, grid) = (CAPTION.line() + TILE, [size(columns, TILE), size(rows, CAPTION.line() + TILE)]);
        let width = grid[0].max(3 * TILE + 2 * GAP);
        let lettering =
            |line: usize| if line == 0 { Type { size: 18.0, ..HEADING } } else { Type { size: 15.0, ..LABEL } };
        let lines: Vec<&str> = self.title.lines().collect();
        let title: u32 = (0..lines.len()).map(|line| lettering(line).line()).sum::<u32>() + 8;
        let rest = (self.left_out > 0).then(|| format!("… and {} channels less relevant", self.left_out));
        let clipped = self.fitted.legend().clip.is_some();
        let notes: Vec<String> = rest.into_iter().chain(clipped.then(|| CLIPPED.to_owned())).collect();
        let bar = MARGIN + title + grid[1] + BAR_GAP;
        let below = bar + bar_height(&NUMBER);
        let height = below + notes.len() as u32 * CAPTION.line() + MARGIN;
        let mut drawing = Drawing::new(width + 2 * MARGIN, height);
        let mut top = i64::from(MARGIN);
        for (number, line) in lines.iter().enumerate() {
            let lettering = lettering(number);
            drawing.text(&lettering, &lettering.shorten(line, width), [i64::from(MARGIN), top], Anchor::Left);
            top += i64::from(lettering.line());
        }
        for (place, channel) in (0..).zip(&self.channels) {
            let left = MARGIN + place % columns * (TILE + GAP);
            let top = MARGIN + title + place / columns * (tile_height + GAP);
            let caption = format!("{}: {}", channel.number, format_value(channel.value));
            let picture = Drawing::of(render_fitted(&channel.map, &self.fitted, TILE));
            let [x, y] = [picture.width(), picture.height()].map(|side| (TILE - side) / 2);
            let caption = CAPTION.shorten(&caption, TILE);
            drawing.text(&CAPTION, &caption, [i64::from(left + x), i64::from(top)], Anchor::Left);
            framed(&mut drawing, picture, [left + x, top + CAPTION.line() + y]);
        }
        draw_bar(&mut drawing, &self.fitted, &NUMBER, MARGIN, bar, width);
        for (number, note) in notes.iter().enumerate() {
            let top = i64::from(below + number as u32 * CAPTION.line());
            drawing.text(&CAPTION, &CAPTION.shorten(note, width), [i64::from(MARGIN), top], Anchor::Left);
        }
        drawing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn the_strongest_channels_come_first_under_their_numbers() {
        // Sums of channels: 3, −8, 0, 3.
        let values = [1.0, 2.0, -4.0, -4.0, 5.0, -5.0, 3.0, 0.0];
        let style = Style::for_values(Kind::Signed);
        let grid = ChannelGrid::new("layer", &values, [4, 1, 2], style, Join::Sum, 3).unwrap();
        let order: Vec<(usize, f64)> = grid.channels().iter().map(|channel| (channel.number, channel.value)).collect();
        assert_eq!(order, [(1, -8.0), (0, 3.0), (3, 3.0)]);
        let svg = grid.drawing().svg().unwrap();
        for text in ["layer", "1: −8", "0: 3", "3: 3", "… and 1 channels less relevant", "−4", "4"] {
            assert!(svg.contains(&format!(">{text}</text>")), "{text} in {svg}");
        }
    }

    #[test]
    fn the_least_cost_is_the_strongest() {
        let values = [7.0, f64::INFINITY, 2.0, 3.0];
        let style = Style::for_values(Kind::Cost);
        let grid = ChannelGrid::new("", &values, [4, 1, 1], style, Join::Min, 9).unwrap();
        let order: Vec<usize> = grid.channels().iter().map(|channel| channel.number).collect();
        assert_eq!(order, [2, 3, 0, 1]);
    }

    #[test]
    fn grids_of_any_size_are_drawn_and_none_is_refused() {
        let style = Style::for_values(Kind::Magnitude);
        for shape in [[1, 1, 1], [2, 300, 2], [700, 1, 3]] {
            let values = vec![0.5; shape.iter().product()];
            let drawing = ChannelGrid::new("name", &values, shape, style, Join::Max, 36).unwrap().drawing();
            let image = drawing.image();
            assert!(image.width() < 1500 && image.height() < 1500, "{:?}", image.dimensions());
        }
        assert!(matches!(ChannelGrid::new("", &[1.0], [1, 1, 1], style, Join::Max, 0), Err(Error::Empty { .. })));
        assert!(matches!(ChannelGrid::new("", &[1.0], [2, 1, 1], style, Join::Max, 1), Err(Error::Shape { .. })));
    }
}
