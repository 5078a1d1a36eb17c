//! A heat map as an image, with its legend.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use crate::{Error, Fitted, HeatMap, Style};

/// The size at which single pictures are readable: 28 × 28 digits come out at 448 pixels, as do 224 × 224 photographs.
pub const READABLE_SIZE: u32 = 448;

/// No picture is larger than this; a larger map is drawn in blocks.
const LONGEST_SIDE: usize = 8192;

/// A picture under a map, a pixel a cell.
#[derive(Clone, Copy)]
pub(crate) struct Under<'a> {
    pub picture: &'a RgbImage,
    /// How much of it the most relevant cells cover.
    pub opacity: f64,
}

impl Under<'_> {
    /// What is seen of a cell: the picture in pale grey where it is not relevant.
    fn blend(&self, [row, column]: [usize; 2], position: f64, Rgb(colour): Rgb<u8>) -> Rgb<u8> {
        let Rgb([red, green, blue]) = *self.picture.get_pixel(column as u32, row as u32);
        let grey = 0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue);
        // Neither black nor white, so that colours are seen on both.
        let grey = 60.0 + 0.75 * grey;
        let cover = self.opacity.clamp(0.0, 1.0) * position.abs().sqrt();
        Rgb(colour.map(|channel| (grey + (f64::from(channel) - grey) * cover).round() as u8))
    }
}

/// Draws a map, every cell a square of the same whole number of pixels, so that the longer side is at least `size`.
///
/// A map of more than 8192 cells a side is drawn in blocks, joined as the style says.
pub fn render(map: &HeatMap, style: &Style, size: u32) -> RgbImage {
    render_over(map, style, None, size)
}

/// As [`render`], over a picture.
pub(crate) fn render_over(map: &HeatMap, style: &Style, under: Option<Under<'_>>, size: u32) -> RgbImage {
    let longest = map.height().max(map.width());
    let size = (size as usize).clamp(1, LONGEST_SIDE);
    if longest > LONGEST_SIDE {
        let block = longest.div_ceil(LONGEST_SIDE);
        let map = map.pooled([block, block], style.pool());
        let small = under.map(|under| shrunk_to(under.picture, &map));
        let under = under.zip(small.as_ref()).map(|(under, picture)| Under { picture, ..under });
        return render_over(&map, style, under, 1);
    }
    let factor = size.div_ceil(longest).min(LONGEST_SIDE / longest).max(1);
    paint(map, &style.fit(map), under, factor as u32)
}

/// Draws a map as large as fits a square of `side` pixels, in blocks if it has more cells than that; also gives the
/// scale it was drawn with.
///
/// Cells are whole squares where that fills most of the square; else they are drawn larger and reduced smoothly, so
/// that a mosaic of 127 cells does not leave half of its 224 pixels white.
pub(crate) fn render_within(map: &HeatMap, style: &Style, under: Option<Under<'_>>, side: u32) -> (RgbImage, Fitted) {
    let longest = map.height().max(map.width());
    let block = longest.div_ceil(side as usize);
    if block > 1 {
        let map = map.pooled([block, block], style.pool());
        let small = under.map(|under| shrunk_to(under.picture, &map));
        let under = under.zip(small.as_ref()).map(|(under, picture)| Under { picture, ..under });
        return render_within(&map, style, under, side);
    }
    let fitted = style.fit(map);
    (fill_square(map, &fitted, under, side), fitted)
}

/// As [`render_within`], with a scale that was fitted to more than the map.
pub(crate) fn render_fitted(map: &HeatMap, fitted: &Fitted, side: u32) -> RgbImage {
    let block = map.height().max(map.width()).div_ceil(side as usize);
    match block {
        0 | 1 => fill_square(map, fitted, None, side),
        _ => fill_square(&map.pooled([block, block], fitted.style().pool()), fitted, None, side),
    }
}

/// Draws a map of no more cells than a square has pixels a side.
fn fill_square(map: &HeatMap, fitted: &Fitted, under: Option<Under<'_>>, side: u32) -> RgbImage {
    let longest = map.height().max(map.width());
    let factor = side / longest as u32;
    let filled = f64::from(factor * longest as u32) / f64::from(side);
    if filled >= 0.85 {
        return paint(map, fitted, under, factor);
    }
    fit_picture(&paint(map, fitted, under, 4 * (factor + 1)), side)
}

/// A picture of a pixel for each cell of a map.
fn shrunk_to(picture: &RgbImage, map: &HeatMap) -> RgbImage {
    imageops::resize(picture, map.width() as u32, map.height() as u32, FilterType::Triangle)
}

fn paint(map: &HeatMap, fitted: &Fitted, under: Option<Under<'_>>, factor: u32) -> RgbImage {
    let colour = |place: [usize; 2], value: f64| match under {
        Some(under) => under.blend(place, fitted.position(value), fitted.colour(value)),
        None => fitted.colour(value),
    };
    let empty = fitted.style().palette().empty();
    let colours: Vec<Rgb<u8>> = (0..map.height())
        .flat_map(|row| (0..map.width()).map(move |column| [row, column]))
        .map(|place @ [row, column]| map.cell(row, column).map_or(empty, |value| colour(place, value)))
        .collect();
    RgbImage::from_fn(map.width() as u32 * factor, map.height() as u32 * factor, |x, y| {
        colours[(y / factor) as usize * map.width() + (x / factor) as usize]
    })
}

/// The picture behind a preprocessed input of shape `[1 or 3, height, width]`, at its own size.
///
/// `low` and `high` are what black and white became in preprocessing: one number, or one a channel. With a mean and a
/// standard deviation they are `−mean / deviation` and `(1 − mean) / deviation`.
pub fn input_picture(
    values: &[f64],
    [channels, height, width]: [usize; 3],
    low: &[f64],
    high: &[f64],
) -> Result<RgbImage, Error> {
    if channels != 1 && channels != 3 {
        return Err(Error::Channels { channels });
    }
    let bound = |bounds: &[f64], channel: usize| match bounds {
        [only] => Ok(*only),
        _ if bounds.len() == channels => Ok(bounds[channel]),
        _ => Err(Error::Bounds { channels, found: bounds.len() }),
    };
    // The constructor makes the checks of shape and values.
    HeatMap::plane(values, [channels * height, width])?;
    let mut picture = RgbImage::new(width as u32, height as u32);
    for channel in 0..channels {
        let (low, high) = (bound(low, channel)?, bound(high, channel)?);
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Err(Error::Range { low, high });
        }
        for (pixel, value) in picture.pixels_mut().zip(&values[channel * height * width..]) {
            let level = ((value - low) / (high - low)).clamp(0.0, 1.0);
            let level = (level * 255.0).round() as u8;
            if channels == 1 {
                *pixel = Rgb([level; 3]);
            } else {
                pixel.0[channel] = level;
            }
        }
    }
    Ok(picture)
}

/// Fits a picture into a square of `side` pixels: enlarged by a whole factor, or reduced smoothly.
pub(crate) fn fit_picture(picture: &RgbImage, side: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let longest = width.max(height).max(1);
    if longest <= side {
        let factor = side / longest;
        imageops::resize(picture, width * factor, height * factor, FilterType::Nearest)
    } else {
        let shrunk = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longest)).max(1) as u32;
        imageops::resize(picture, shrunk(width), shrunk(height), FilterType::Triangle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Join, Kind, Palette, Scale};

    #[test]
    fn pictures_are_readable() {
        let style = Style::for_values(Kind::Magnitude);
        let size = |height: usize, width: usize| {
            let map = HeatMap::plane(&vec![0.5; height * width], [height, width]).unwrap();
            render(&map, &style, READABLE_SIZE).dimensions()
        };
        assert_eq!(size(28, 28), (448, 448));
        assert_eq!(size(224, 224), (448, 448));
        assert_eq!(size(1, 10), (450, 45));
        assert_eq!(size(500, 400), (400, 500));
        assert_eq!(size(1, 9000), (4500, 1));
    }

    #[test]
    fn a_cell_is_a_square_of_its_colour() {
        let style = Style::for_values(Kind::Signed);
        let map = HeatMap::grid(&[1.0, -1.0, 0.0]).unwrap();
        let picture = render(&map, &style, 20);
        let ends = [1.0, -1.0].map(|position| Palette::Diverging.colour(position));
        assert_eq!(*picture.get_pixel(0, 0), ends[0]);
        assert_eq!(*picture.get_pixel(9, 9), ends[0]);
        assert_eq!(*picture.get_pixel(10, 0), ends[1]);
        assert_eq!(*picture.get_pixel(0, 10), Rgb([255; 3]));
        assert_eq!(*picture.get_pixel(19, 19), Palette::EMPTY);
    }

    #[test]
    fn constant_and_infinite_maps_are_drawn() {
        for kind in [Kind::Signed, Kind::Magnitude, Kind::Count, Kind::Truth, Kind::Cost, Kind::Score] {
            for value in [0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
                let map = HeatMap::plane(&[value; 4], [2, 2]).unwrap();
                let picture = render(&map, &Style::for_values(kind), 4);
                assert!(picture.pixels().all(|pixel| pixel == picture.get_pixel(0, 0)), "{kind:?} {value}");
            }
        }
    }

    #[test]
    fn a_large_map_is_drawn_in_blocks_inside_its_square() {
        let mut values = vec![0.0; 100 * 50];
        values[0] = 3.0;
        let map = HeatMap::plane(&values, [100, 50]).unwrap();
        let style = Style::new(Palette::Sequential, Scale::Linear, Join::Max);
        let (picture, fitted) = render_within(&map, &style, None, 28);
        assert_eq!(picture.dimensions(), (13, 25));
        assert_eq!(*picture.get_pixel(0, 0), fitted.colour(3.0));
        assert_eq!(*picture.get_pixel(1, 0), Rgb([255; 3]));
    }

    #[test]
    fn awkward_sizes_still_fill_their_square() {
        let map = HeatMap::plane(&vec![1.0; 127 * 127], [127, 127]).unwrap();
        let style = Style::for_values(Kind::Truth);
        let (picture, _) = render_within(&map, &style, None, 224);
        assert_eq!(picture.dimensions(), (224, 224));
        assert!(picture.pixels().all(|pixel| *pixel == Palette::Truth.colour(1.0)));
    }

    #[test]
    fn inputs_are_mapped_back_to_pictures() {
        let grey = input_picture(&[-1.0, 0.0, 1.0, 9.0], [1, 2, 2], &[-1.0], &[1.0]).unwrap();
        let levels: Vec<u8> = grey.pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(levels, [0, 128, 255, 255]);
        let colour = input_picture(&[0.0, 2.0, 6.0], [3, 1, 1], &[0.0, 0.0, 2.0], &[1.0, 2.0, 10.0]).unwrap();
        assert_eq!(*colour.get_pixel(0, 0), Rgb([0, 255, 128]));
    }

    #[test]
    fn inputs_that_are_no_pictures_are_refused() {
        let refused = |values: &[f64], shape, low: &[f64]| input_picture(values, shape, low, &[1.0]).unwrap_err();
        assert!(matches!(refused(&[0.0, 0.0], [2, 1, 1], &[0.0]), Error::Channels { channels: 2 }));
        assert!(matches!(refused(&[0.0; 3], [3, 1, 1], &[0.0, 0.0]), Error::Bounds { channels: 3, found: 2 }));
        assert!(matches!(refused(&[0.0], [1, 1, 1], &[1.0]), Error::Range { .. }));
        assert!(matches!(refused(&[f64::NAN], [1, 1, 1], &[0.0]), Error::NotANumber { index: 0 }));
        assert!(matches!(refused(&[0.0; 2], [1, 1, 1], &[0.0]), Error::Shape { .. }));
    }

    #[test]
    fn input_pictures_fit_their_square() {
        assert_eq!(fit_picture(&RgbImage::new(28, 28), 224).dimensions(), (224, 224));
        assert_eq!(fit_picture(&RgbImage::new(600, 300), 224).dimensions(), (224, 112));
    }
}
