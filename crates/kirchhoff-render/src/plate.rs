//! One map with all that it takes to be read alone: its title and its colour bar.

use crate::bar::{bar_height, draw_bar};
use crate::drawing::Drawing;
use crate::figure::figure_within;
use crate::sheet::{BAR_GAP, CLIPPED, FADED, HEADING, LABEL, NUMBER, framed};
use crate::text::{Anchor, Type};
use crate::{Error, Panel};

/// Room around everything: a page of text has margins of its own.
const MARGIN: u32 = 10;
const SIDES: std::ops::RangeInclusive<u32> = 56..=8192;

/// A map with its title above and its colour bar below, its longer side `side` pixels long (56 to 8192), for a page where it
/// stands alone. The first line of the title is its heading; lines that are too long are shortened.
///
/// # Errors
/// A figure for another number of cells.
pub fn plate(panel: &Panel, title: &str, side: u32) -> Result<Drawing, Error> {
    panel.figure.check(&panel.map)?;
    let side = side.clamp(*SIDES.start(), *SIDES.end());
    let (picture, fitted) = figure_within(&panel.map, &panel.style, &panel.figure, side);
    let width = picture.width().max(*SIDES.start());
    let lines: Vec<&str> = title.lines().collect();
    let lettering = |line: usize| if line == 0 { Type { size: 20.0, ..HEADING } } else { LABEL };
    let title_height: u32 =
        (0..lines.len()).map(|line| lettering(line).line()).sum::<u32>() + u32::from(!lines.is_empty()) * 6;
    let clip = fitted.legend().clip.map_or(0, |_| NUMBER.line());
    let bar = MARGIN + title_height + picture.height() + BAR_GAP;
    let mut drawing = Drawing::new(width + 2 * MARGIN, bar + bar_height(&NUMBER) + clip + MARGIN);
    let mut top = i64::from(MARGIN);
    for (number, line) in lines.iter().enumerate() {
        let lettering = lettering(number);
        drawing.text(&lettering, &lettering.shorten(line, width), [i64::from(MARGIN), top], Anchor::Left);
        top += i64::from(lettering.line());
    }
    let left = MARGIN + (width - picture.width()) / 2;
    framed(&mut drawing, picture, [left, MARGIN + title_height]);
    draw_bar(&mut drawing, &fitted, &NUMBER, MARGIN, bar, width);
    if clip > 0 {
        let small = Type { size: 14.0, colour: FADED, bold: false };
        let below = i64::from(bar + bar_height(&NUMBER));
        drawing.text(&small, &small.shorten(CLIPPED, width), [i64::from(MARGIN), below], Anchor::Left);
    }
    Ok(drawing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Figure, HeatMap, Kind, Style};

    fn panel(values: &[f64], shape: [usize; 2]) -> Panel {
        Panel::new(HeatMap::plane(values, shape).unwrap(), Style::for_values(Kind::Signed))
    }

    #[test]
    fn a_plate_has_its_title_its_map_and_its_scale() {
        let drawing = plate(&panel(&[1.0, -0.5, 0.0, 0.0], [2, 2]), "a cat\ntarget 281", 200).unwrap();
        let svg = drawing.svg().unwrap();
        for text in ["a cat", "target 281", "−1", "1"] {
            assert!(svg.contains(&format!(">{text}</text>")), "{text}");
        }
        assert_eq!(drawing.width(), 220);
        let image = drawing.image();
        let red = Style::for_values(Kind::Signed).palette().colour(1.0);
        assert!(image.pixels().filter(|&&pixel| pixel == red).count() >= 100 * 100);
    }

    #[test]
    fn plates_of_any_size_and_title_are_drawn() {
        for (shape, side) in [([1, 6], 0), ([6, 1], 100), ([2, 3], 5000)] {
            let long = "word ".repeat(300);
            let drawing = plate(&panel(&[0.0; 6], shape), &long, side).unwrap();
            assert!(drawing.width() <= 5020 && drawing.image().width() == drawing.width());
        }
        let words = panel(&[1.0, 2.0], [1, 2]).with_figure(Figure::Words(vec!["one".to_owned()]));
        assert!(matches!(plate(&words, "", 100), Err(Error::Shape { found: 1, .. })));
    }
}
