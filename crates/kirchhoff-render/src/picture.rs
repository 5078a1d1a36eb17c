//! A heat map as an image, with its legend.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use crate::{Error, Fitted, HeatMap, Palette, Style};

/// The size at which single pictures are readable: 28 × 28 digits come out at 448 pixels, as do 224 × 224 photographs.
pub const READABLE_SIZE: u32 = 448;

/// No picture is larger than this; a larger map is drawn in blocks.
const LONGEST_SIDE: usize = 8192;

/// Draws a map, every cell a square of the same whole number of pixels, so that the longer side is at least `size`.
///
/// A map of more than 8192 cells a side is drawn in blocks, joined as the style says.
pub fn render(map: &HeatMap, style: &Style, size: u32) -> RgbImage {
    let longest = map.height().max(map.width());
    let size = (size as usize).clamp(1, LONGEST_SIDE);
    if longest > LONGEST_SIDE {
        let block = longest.div_ceil(LONGEST_SIDE);
        return render(&map.pooled([block, block], style.pool()), style, 1);
    }
    let factor = size.div_ceil(longest).min(LONGEST_SIDE / longest).max(1);
    paint(map, &style.fit(map), factor as u32)
}

/// Draws a map as large as fits a square of `side` pixels, in blocks if it has more cells than that; also gives the
/// scale it was drawn with.
///
/// Cells are whole squares where that fills most of the square; else they are drawn larger and reduced smoothly, so
/// that a mosaic of 127 cells does not leave half of its 224 pixels white.
pub(crate) fn render_within(map: &HeatMap, style: &Style, side: u32) -> (RgbImage, Fitted) {
    let longest = map.height().max(map.width());
    let block = longest.div_ceil(side as usize);
    if block > 1 {
        return render_within(&map.pooled([block, block], style.pool()), style, side);
    }
    let fitted = style.fit(map);
    let factor = side / longest as u32;
    let filled = f64::from(factor * longest as u32) / f64::from(side);
    if filled >= 0.85 {
        return (paint(map, &fitted, factor), fitted);
    }
    let large = paint(map, &fitted, 4 * (factor + 1));
    (fit_picture(&large, side), fitted)
}

fn paint(map: &HeatMap, fitted: &Fitted, factor: u32) -> RgbImage {
    let colours: Vec<Rgb<u8>> = (0..map.height())
        .flat_map(|row| (0..map.width()).map(move |column| map.cell(row, column)))
        .map(|cell| cell.map_or(Palette::EMPTY, |value| fitted.colour(value)))
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
    use crate::{Join, Kind, Scale};

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
        let (picture, fitted) = render_within(&map, &style, 28);
        assert_eq!(picture.dimensions(), (13, 25));
        assert_eq!(*picture.get_pixel(0, 0), fitted.colour(3.0));
        assert_eq!(*picture.get_pixel(1, 0), Rgb([255; 3]));
    }

    #[test]
    fn awkward_sizes_still_fill_their_square() {
        let map = HeatMap::plane(&vec![1.0; 127 * 127], [127, 127]).unwrap();
        let style = Style::for_values(Kind::Truth);
        let (picture, _) = render_within(&map, &style, 224);
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
