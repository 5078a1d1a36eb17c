//! Text in pictures.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use image::{Rgb, RgbImage};

/// Ubuntu Light for its even, open letters; Hack for the signs that it lacks. Both travel inside the program, so that a
/// sheet looks the same on every machine.
pub(crate) static FONTS: LazyLock<[FontRef<'static>; 2]> =
    LazyLock::new(|| FONT_BYTES.map(|bytes| FontRef::try_from_slice(bytes).expect("a font of the program")));

/// The files of the fonts.
pub(crate) const FONT_BYTES: [&[u8]; 2] = [epaint_default_fonts::UBUNTU_LIGHT, epaint_default_fonts::HACK_REGULAR];

/// A way of writing: size in pixels, colour and weight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Type {
    pub size: f32,
    pub colour: Rgb<u8>,
    pub bold: bool,
}

/// Where a text is fixed horizontally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Left,
    Centre,
    Right,
}

impl Anchor {
    /// Where a text of a width begins.
    pub fn left(self, x: i64, width: f32) -> f32 {
        match self {
            Anchor::Left => x as f32,
            Anchor::Centre => (x as f32 - width / 2.0).round(),
            Anchor::Right => (x as f32 - width).round(),
        }
    }
}

/// Letters of a line that follow one another in one font and size.
pub(crate) struct Run {
    /// The number of the font.
    pub font: usize,
    /// The size of its em square in pixels.
    pub em: f32,
    /// Where they begin, from the beginning of the line.
    pub at: f32,
    /// The letters and the numbers of their glyphs.
    pub glyphs: Vec<(char, u16)>,
}

impl Type {
    /// Height of a line with its descent.
    pub fn line(&self) -> u32 {
        (self.size * 1.25).ceil() as u32
    }

    /// Width of a text in whole pixels.
    pub fn width(&self, text: &str) -> u32 {
        self.glyphs(text).1.ceil() as u32
    }

    /// The text, or as much of its beginning as fits the width with an ellipsis.
    pub fn shorten(&self, text: &str, width: u32) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut kept: Vec<char> = text.chars().collect();
        while kept.pop().is_some() {
            let shortened = format!("{}…", kept.iter().collect::<String>().trim_end());
            if self.width(&shortened) <= width {
                return shortened;
            }
        }
        String::new()
    }

    /// Writes a line whose top is at `y`.
    pub fn write(&self, image: &mut RgbImage, text: &str, x: i64, y: i64, anchor: Anchor) {
        let (glyphs, width) = self.glyphs(text);
        let left = anchor.left(x, width);
        let baseline = (y as f32 + self.size).round();
        for (_, font, mut glyph) in glyphs {
            let font = &FONTS[font];
            glyph.position = point(left + glyph.position.x, baseline);
            self.stamp(image, font, glyph.clone());
            if self.bold {
                // Struck twice, a little apart, as typewriters did: there is no bold face in the program.
                glyph.position.x += self.size / 32.0;
                self.stamp(image, font, glyph);
            }
        }
    }

    fn stamp(&self, image: &mut RgbImage, font: &FontRef<'_>, glyph: Glyph) {
        let Some(outline) = font.outline_glyph(glyph) else { return };
        let bounds = outline.px_bounds();
        outline.draw(|x, y, coverage| {
            let x = bounds.min.x as i64 + i64::from(x);
            let y = bounds.min.y as i64 + i64::from(y);
            let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
            if let Some(pixel) = image.get_pixel_mut_checked(x, y) {
                // A light face at this size is thinner than a pixel: strengthened, its stems come out dark.
                let ink = (coverage * 1.35).min(1.0);
                for (channel, colour) in pixel.0.iter_mut().zip(self.colour.0) {
                    *channel = (f32::from(*channel) * (1.0 - ink) + f32::from(colour) * ink).round() as u8;
                }
            }
        });
    }

    /// The size of the em square of the letters, which is what other programs call the size of a font.
    pub fn em(&self) -> f32 {
        em(0, PxScale::from(self.size * 1.15))
    }

    /// The letters of a line in runs of one font and size, and the width of all.
    pub fn runs(&self, text: &str) -> (Vec<Run>, f32) {
        let (glyphs, width) = self.glyphs(text);
        let mut runs: Vec<Run> = Vec::new();
        for (letter, font, glyph) in glyphs {
            let em = em(font, glyph.scale);
            match runs.last_mut().filter(|run| run.font == font && run.em == em) {
                Some(run) => run.glyphs.push((letter, glyph.id.0)),
                None => runs.push(Run { font, em, at: glyph.position.x, glyphs: vec![(letter, glyph.id.0)] }),
            }
        }
        (runs, width)
    }

    /// The letters with the numbers of their fonts and their glyphs on a baseline that starts at zero, and the width of all.
    fn glyphs(&self, text: &str) -> (Vec<(char, usize, Glyph)>, f32) {
        let scale = PxScale::from(self.size * 1.15);
        let mut at = 0.0;
        let mut glyphs = Vec::new();
        for letter in text.chars().filter(|letter| !letter.is_control()) {
            let found = FONTS.iter().position(|font| font.glyph_id(letter).0 != 0);
            let (number, letter) = found.map_or((0, '?'), |number| (number, letter));
            let font = &FONTS[number];
            // The fonts draw infinity as small as an "o", too small to be read in a legend.
            let scale = if letter == '∞' { PxScale::from(scale.x * 1.5) } else { scale };
            let glyph = font.glyph_id(letter);
            glyphs.push((letter, number, glyph.with_scale_and_position(scale, point(at, 0.0))));
            at += font.as_scaled(scale).h_advance(glyph);
        }
        (glyphs, at)
    }
}

/// The size of the em square of a font at a scale, which is the height of its lines.
fn em(font: usize, scale: PxScale) -> f32 {
    let font = &FONTS[font];
    scale.y * font.units_per_em().unwrap_or(1000.0) / font.height_unscaled()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Type = Type { size: 20.0, colour: Rgb([0; 3]), bold: false };

    fn ink(image: &RgbImage) -> usize {
        image.pixels().filter(|pixel| pixel.0[0] < 128).count()
    }

    fn written(text: &str, x: i64, anchor: Anchor) -> RgbImage {
        let mut image = RgbImage::from_pixel(200, 30, Rgb([255; 3]));
        PLAIN.write(&mut image, text, x, 0, anchor);
        image
    }

    #[test]
    fn signs_of_the_trade_have_glyphs() {
        for sign in "∞θ−≤≥…⊕⊗ΣÜé⊤αβγε×²Θ".chars() {
            let found = FONTS.iter().any(|font| font.glyph_id(sign).0 != 0);
            assert!(found, "no glyph for {sign}");
            assert!(ink(&written(&sign.to_string(), 5, Anchor::Left)) > 3, "no ink for {sign}");
        }
        assert!(ink(&written("字", 5, Anchor::Left)) > 3, "no substitute for a missing glyph");
    }

    #[test]
    fn anchors_place_the_text() {
        let width = i64::from(PLAIN.width("counting"));
        let left = written("counting", 10, Anchor::Left);
        assert_eq!(left, written("counting", 10 + width, Anchor::Right));
        assert!(ink(&left) > 50);
        assert!((0..10).all(|x| (0..30).all(|y| left.get_pixel(x, y).0[0] == 255)));
    }

    #[test]
    fn long_texts_end_in_an_ellipsis() {
        let shortened = PLAIN.shorten("a very long name of a file.png", 100);
        assert!(shortened.ends_with('…') && PLAIN.width(&shortened) <= 100, "{shortened}");
        assert_eq!(PLAIN.shorten("short", 100), "short");
        assert_eq!(PLAIN.shorten("short", 1), "");
    }

    #[test]
    fn writing_over_the_edge_is_cut() {
        written("far out", -30, Anchor::Left);
        written("far out", 190, Anchor::Left);
        written("\n\t", 0, Anchor::Left);
    }
}
