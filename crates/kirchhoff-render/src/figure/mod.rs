//! What relevance is drawn on: squares of a picture, words, curves of a signal, bars of a table's columns.

mod bars;
mod curve;
mod words;

use image::{Rgb, RgbImage};

use crate::drawing::Drawing;
use crate::picture::{Under, render_over, render_within};
use crate::{Error, Fitted, HeatMap, Style};

/// How the cells of a map are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Figure {
    /// As squares.
    #[default]
    Squares,
    /// As squares over a picture of as many pixels, in grey, of which the more is seen the less relevant a pixel is.
    Over {
        /// The picture.
        picture: RgbImage,
        /// How much of the picture the most relevant cells cover, from 0 (nothing) to 1.
        opacity: f64,
    },
    /// As words, one a cell, coloured by it.
    Words(Vec<String>),
    /// As signals: a map of `channels × length`, whose values colour what lies behind each channel's curve.
    Curve {
        /// The signals' values, as many as the map has cells.
        signal: Vec<f64>,
    },
    /// As bars, one a cell, beside their names.
    Bars(Vec<String>),
}

/// Channels of a signal that are drawn one below the other; more are drawn as squares.
pub(crate) const MOST_CHANNELS: usize = 12;
/// Cells that are drawn as bars, those of the most relevance.
pub(crate) const MOST_BARS: usize = 16;
/// Words that are drawn; the rest is counted.
pub(crate) const MOST_WORDS: usize = 400;

pub(crate) const INK: Rgb<u8> = Rgb([25, 25, 25]);
pub(crate) const PAPER: Rgb<u8> = Rgb([255, 255, 255]);

impl Figure {
    /// Whether the figure has something for each cell of a map.
    ///
    /// # Errors
    /// Names, a picture or a signal for another number of cells.
    pub fn check(&self, map: &HeatMap) -> Result<(), Error> {
        if let Figure::Over { picture, .. } = self {
            let (width, height) = picture.dimensions();
            let (found, shape) = ([height as usize, width as usize], [map.height(), map.width()]);
            return if found == shape { Ok(()) } else { Err(Error::Under { found, shape }) };
        }
        let cells = map.values().count();
        let found = match self {
            Figure::Squares | Figure::Over { .. } => cells,
            Figure::Words(names) | Figure::Bars(names) => names.len(),
            Figure::Curve { signal } => signal.len(),
        };
        match found == cells {
            true => Ok(()),
            false => Err(Error::Shape { shape: vec![map.height(), map.width()], found }),
        }
    }

    /// Whether a map is drawn as squares: asked for, or the only way for as many channels.
    fn is_squares(&self, map: &HeatMap) -> bool {
        match self {
            Figure::Squares | Figure::Over { .. } => true,
            Figure::Words(_) | Figure::Bars(_) => false,
            Figure::Curve { .. } => map.height() > MOST_CHANNELS,
        }
    }

    /// How high the figure is at most in a square of `side` pixels.
    pub(crate) fn height(&self, map: &HeatMap, side: u32) -> u32 {
        let height = match self {
            Figure::Words(words) => words::height(words, side),
            Figure::Bars(_) => bars::height(map, side),
            Figure::Curve { .. } if !self.is_squares(map) => curve::height(map, side),
            Figure::Squares | Figure::Over { .. } | Figure::Curve { .. } => side_of([map.height(), map.width()], side),
        };
        height.min(side)
    }

    /// What lies under the squares.
    fn under(&self) -> Option<Under<'_>> {
        match self {
            Figure::Over { picture, opacity } => Some(Under { picture, opacity: *opacity }),
            Figure::Squares | Figure::Words(_) | Figure::Curve { .. } | Figure::Bars(_) => None,
        }
    }

    /// The side of a square in which the figure can be read.
    pub(crate) fn readable(&self, map: &HeatMap) -> u32 {
        match self {
            Figure::Words(words) if words.len() > 40 => 448,
            Figure::Words(_) | Figure::Bars(_) | Figure::Curve { .. } if !self.is_squares(map) => 320,
            _ => map.height().max(map.width()).min(512) as u32,
        }
    }
}

/// Draws a map as a figure whose longer side is about `size`, without a legend.
///
/// # Errors
/// A figure for another number of cells.
pub fn render_figure(map: &HeatMap, style: &Style, figure: &Figure, size: u32) -> Result<RgbImage, Error> {
    Ok(draw_figure(map, style, figure, size)?.image())
}

/// As [`render_figure`], as a drawing.
///
/// # Errors
/// A figure for another number of cells.
pub fn draw_figure(map: &HeatMap, style: &Style, figure: &Figure, size: u32) -> Result<Drawing, Error> {
    figure.check(map)?;
    Ok(match figure.is_squares(map) {
        true => Drawing::of(render_over(map, style, figure.under(), size)),
        false => figure_within(map, style, figure, size).0,
    })
}

/// Draws a figure that has something for each cell into a square of `side` pixels; also gives the scale that it was drawn with.
pub(crate) fn figure_within(map: &HeatMap, style: &Style, figure: &Figure, side: u32) -> (Drawing, Fitted) {
    if figure.is_squares(map) {
        let (picture, fitted) = render_within(map, style, figure.under(), side);
        return (Drawing::of(picture), fitted);
    }
    let fitted = style.fit(map);
    let drawing = match figure {
        Figure::Squares | Figure::Over { .. } => unreachable!("drawn above"),
        Figure::Words(words) => words::draw(map, &fitted, words, side),
        Figure::Curve { signal } => curve::draw(map, &fitted, signal, side),
        Figure::Bars(names) => bars::draw(map, &fitted, names, side),
    };
    (drawing, fitted)
}

/// The figure in lines of text of at most `columns` characters, where it is one of words or bars.
pub(crate) fn lines(
    map: &HeatMap,
    style: &Style,
    figure: &Figure,
    columns: usize,
    colour: bool,
) -> Option<Vec<String>> {
    let fitted = style.fit(map);
    match figure {
        Figure::Squares | Figure::Over { .. } | Figure::Curve { .. } => None,
        Figure::Words(words) => Some(words::lines(map, &fitted, words, columns, colour)),
        Figure::Bars(names) => Some(bars::lines(map, &fitted, names, columns, colour)),
    }
}

/// How high something of `[height, width]` is in a square of `side` pixels that it fills.
pub(crate) fn side_of([height, width]: [usize; 2], side: u32) -> u32 {
    let longest = height.max(width).max(1) as u64;
    (height as u64 * u64::from(side)).div_ceil(longest) as u32
}

/// Ink that can be read on a colour.
pub(crate) fn ink_on(colour: Rgb<u8>) -> Rgb<u8> {
    let [red, green, blue] = colour.0.map(f64::from);
    // Relative luminance without gamma is near enough to choose between black and white.
    if 0.299 * red + 0.587 * green + 0.114 * blue > 140.0 { INK } else { PAPER }
}

/// Fills a rectangle, as much of it as lies within the picture.
pub(crate) fn fill(image: &mut RgbImage, [left, top]: [u32; 2], [width, height]: [u32; 2], colour: Rgb<u8>) {
    for y in top..(top + height).min(image.height()) {
        for x in left..(left + width).min(image.width()) {
            image.put_pixel(x, y, colour);
        }
    }
}

#[cfg(test)]
mod tests;
