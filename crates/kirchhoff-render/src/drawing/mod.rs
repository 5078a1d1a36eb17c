//! What a page consists of, before it is a picture of pixels, an SVG picture or a page of a PDF file.

mod pdf;
mod svg;
#[cfg(test)]
mod tests;

use image::{Rgb, RgbImage, imageops};

use crate::figure::{INK, PAPER, fill};
use crate::text::{Anchor, Type};

pub use pdf::pdf;

/// Rectangles, pictures, curves and text at their places, in pixels: drawn once, written as PNG, SVG or PDF.
///
/// ```
/// use kirchhoff_render::{HeatMap, Kind, Panel, Style, pdf, plate};
///
/// let map = HeatMap::plane(&[1.0, 0.5, -0.5, 0.0], [2, 2])?;
/// let drawing = plate(&Panel::new(map, Style::for_values(Kind::Signed)), "a picture", 200)?;
/// assert!(drawing.svg()?.contains("a picture"));
/// assert!(pdf(&[drawing])?.starts_with(b"%PDF"));
/// # Ok::<(), kirchhoff_render::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Drawing {
    width: u32,
    height: u32,
    shapes: Vec<Shape>,
}

/// One thing on a drawing; what comes later lies above.
#[derive(Clone, Debug)]
enum Shape {
    Rectangle {
        place: [u32; 2],
        size: [u32; 2],
        colour: Rgb<u8>,
    },
    Picture {
        place: [u32; 2],
        picture: RgbImage,
    },
    /// A curve of two pixels' width: how far below the top of the drawing it is, for each pixel from the left on.
    Curve {
        left: u32,
        levels: Vec<u32>,
    },
    /// A line of text whose top is at the place.
    Text {
        place: [i64; 2],
        anchor: Anchor,
        lettering: Type,
        text: String,
    },
}

impl Drawing {
    /// A white page.
    pub(crate) fn new(width: u32, height: u32) -> Self {
        Drawing { width, height, shapes: Vec::new() }
    }

    /// Nothing but a picture.
    pub(crate) fn of(picture: RgbImage) -> Self {
        let mut drawing = Drawing::new(picture.width(), picture.height());
        drawing.picture([0, 0], picture);
        drawing
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    pub(crate) fn rectangle(&mut self, place: [u32; 2], size: [u32; 2], colour: Rgb<u8>) {
        self.shapes.push(Shape::Rectangle { place, size, colour });
    }

    pub(crate) fn picture(&mut self, place: [u32; 2], picture: RgbImage) {
        self.shapes.push(Shape::Picture { place, picture });
    }

    pub(crate) fn curve(&mut self, left: u32, levels: Vec<u32>) {
        self.shapes.push(Shape::Curve { left, levels });
    }

    pub(crate) fn text(&mut self, lettering: &Type, text: &str, place: [i64; 2], anchor: Anchor) {
        if !text.is_empty() {
            let (lettering, text) = (*lettering, text.to_owned());
            self.shapes.push(Shape::Text { place, anchor, lettering, text });
        }
    }

    /// Puts another drawing onto this one.
    pub(crate) fn place(&mut self, [left, top]: [u32; 2], other: Drawing) {
        for mut shape in other.shapes {
            match &mut shape {
                Shape::Rectangle { place, .. } | Shape::Picture { place, .. } => {
                    *place = [place[0] + left, place[1] + top];
                }
                Shape::Curve { left: from, levels } => {
                    *from += left;
                    levels.iter_mut().for_each(|level| *level += top);
                }
                Shape::Text { place, .. } => *place = [place[0] + i64::from(left), place[1] + i64::from(top)],
            }
            self.shapes.push(shape);
        }
    }

    /// The drawing in pixels.
    pub fn image(&self) -> RgbImage {
        let mut image = RgbImage::from_pixel(self.width, self.height, PAPER);
        for shape in &self.shapes {
            match shape {
                Shape::Rectangle { place, size, colour } => fill(&mut image, *place, *size, *colour),
                Shape::Picture { place, picture } => {
                    imageops::replace(&mut image, picture, i64::from(place[0]), i64::from(place[1]));
                }
                Shape::Curve { left, levels } => {
                    let mut before = None;
                    for (x, &level) in (*left..).zip(levels) {
                        let other = before.unwrap_or(level);
                        let (first, last) = (level.min(other), level.max(other));
                        fill(&mut image, [x, first], [1, last - first + 2], INK);
                        before = Some(level);
                    }
                }
                Shape::Text { place, anchor, lettering, text } => {
                    lettering.write(&mut image, text, place[0], place[1], *anchor);
                }
            }
        }
        image
    }
}
