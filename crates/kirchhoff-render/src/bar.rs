//! The colour bar of a legend.

use image::{Rgb, RgbImage};

use crate::drawing::Drawing;
use crate::text::{Anchor, Type};
use crate::{Fitted, Scale};

pub(crate) const OUTLINE: Rgb<u8> = Rgb([150, 150, 150]);
const BAR_HEIGHT: u32 = 12;
/// Between the bar and its numbers.
const SPACE: u32 = 3;
/// Of the boxes of the values that a scale sets apart, and of the room beside them.
const BOX_WIDTH: u32 = 30;
const BOX_SPACE: u32 = 8;

/// Height of a colour bar with its numbers.
pub(crate) fn bar_height(lettering: &Type) -> u32 {
    BAR_HEIGHT + SPACE + lettering.line()
}

/// Draws a colour bar with its numbers: from the least relevant on the left to the most relevant on the right.
pub(crate) fn draw_bar(drawing: &mut Drawing, fitted: &Fitted, lettering: &Type, x: u32, y: u32, width: u32) {
    let legend = fitted.legend();
    let palette = fitted.style().palette();
    let text_y = i64::from(y + BAR_HEIGHT + SPACE);
    let (mut left, mut right) = (x, x + width);
    if let Some(none) = &legend.none {
        swatch(drawing, left, y, BOX_WIDTH, |_| palette.colour(0.0));
        drawing.text(lettering, none, [i64::from(left + BOX_WIDTH / 2), text_y], Anchor::Centre);
        left += BOX_WIDTH + BOX_SPACE;
    }
    if let Some(top) = &legend.top {
        right -= BOX_WIDTH;
        swatch(drawing, right, y, BOX_WIDTH, |_| palette.colour(1.0));
        drawing.text(lettering, top, [i64::from(right + BOX_WIDTH / 2), text_y], Anchor::Centre);
        right -= BOX_SPACE;
    }
    let length = right.saturating_sub(left);
    if fitted.style().scale() == Scale::Truth {
        let half = length.saturating_sub(BOX_SPACE) / 2;
        swatch(drawing, left, y, half, |_| palette.colour(0.0));
        swatch(drawing, right - half, y, half, |_| palette.colour(1.0));
    } else {
        let [from, to] = fitted.bar();
        swatch(drawing, left, y, length, |share| palette.colour(from + (to - from) * share));
    }
    let (low_width, high_width) = (lettering.width(&legend.low), lettering.width(&legend.high));
    let apart = lettering.width("  ");
    // A bar too short for both numbers keeps the one that matters more.
    let both = low_width + high_width + apart <= length && legend.low != legend.high;
    if both {
        drawing.text(lettering, &legend.low, [i64::from(left), text_y], Anchor::Left);
    }
    drawing.text(lettering, &legend.high, [i64::from(right), text_y], Anchor::Right);
    let centre_room = length / 2 > low_width.max(high_width) + apart;
    if both && centre_room && fitted.style().scale() == Scale::Symmetric {
        drawing.text(lettering, "0", [i64::from(left + length / 2), text_y], Anchor::Centre);
    }
}

fn swatch(drawing: &mut Drawing, x: u32, y: u32, width: u32, colour: impl Fn(f64) -> Rgb<u8>) {
    let picture = RgbImage::from_fn(width, BAR_HEIGHT, |column, row| {
        let share = f64::from(column) / f64::from(width.saturating_sub(1).max(1));
        let edge = column == 0 || row == 0 || column + 1 == width || row + 1 == BAR_HEIGHT;
        if edge { OUTLINE } else { colour(share) }
    });
    drawing.picture([x, y], picture);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HeatMap, Kind, Palette, Style};

    const LETTERING: Type = Type { size: 16.0, colour: Rgb([60; 3]), bold: false };

    fn bar(kind: Kind, values: &[f64], width: u32) -> RgbImage {
        let mut drawing = Drawing::new(300, 50);
        let fitted = Style::for_values(kind).fit(&HeatMap::grid(values).unwrap());
        draw_bar(&mut drawing, &fitted, &LETTERING, 10, 5, width);
        drawing.image()
    }

    fn ink_below(image: &RgbImage, from: u32, to: u32) -> usize {
        (from..to)
            .flat_map(|x| (20..50).map(move |y| (x, y)))
            .filter(|&(x, y)| image.get_pixel(x, y).0[0] < 200)
            .count()
    }

    #[test]
    fn the_bar_runs_through_the_palette() {
        let image = bar(Kind::Signed, &[-1.0, 1.0], 201);
        assert_eq!(*image.get_pixel(110, 10), Rgb([255; 3]));
        assert_eq!(*image.get_pixel(60, 10), Palette::Diverging.colour(-0.5));
        assert_eq!(*image.get_pixel(160, 10), Palette::Diverging.colour(0.5));
        assert_eq!(*image.get_pixel(10, 10), OUTLINE);
        assert!(ink_below(&image, 10, 40) > 5 && ink_below(&image, 100, 120) > 5 && ink_below(&image, 195, 211) > 3);
    }

    #[test]
    fn values_apart_have_boxes_of_their_own() {
        let image = bar(Kind::Score, &[f64::NEG_INFINITY, 0.0, 1.0, f64::INFINITY], 220);
        assert_eq!(*image.get_pixel(10 + BOX_WIDTH + 2, 10), Rgb([255; 3]), "room beside the box");
        assert_eq!(*image.get_pixel(10 + 220 - BOX_WIDTH / 2, 10), Palette::Sequential.colour(1.0));
        assert!(ink_below(&image, 10, 36) > 5, "the sign of the box");
    }

    #[test]
    fn narrow_bars_do_not_overflow() {
        for kind in [Kind::Signed, Kind::Truth, Kind::Count, Kind::Cost] {
            bar(kind, &[0.0, 123_456.0, f64::INFINITY], 56);
        }
    }
}
