//! Colour scales.

use std::sync::LazyLock;

use image::Rgb;

/// The colours of a heat map, as a function of a *position*: 0 is not relevant, 1 the most relevant, −1 the most
/// contrary.
///
/// The two scales are drawn in OKLab (Björn Ottosson, "A perceptual color space for image processing", 2020), where
/// equal steps of lightness look equal: lightness falls linearly with the distance from 0, so they also read in grey
/// and to the colour-blind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Palette {
    /// Blue for −1, white for 0, red for 1; the two arms are equally light and equally strong at equal distance.
    Diverging,
    /// White for 0, through yellow, orange and magenta, to a deep purple for 1. Negative positions are white.
    Sequential,
    /// Two colours: a pale grey-blue up to 0, a deep blue above.
    Truth,
    /// Black for 0 to white for 1: input pictures of one channel.
    Grey,
}

impl Palette {
    /// Empty cells: a grey between the pale and the deep colours of every palette.
    pub const EMPTY: Rgb<u8> = Rgb([206, 206, 206]);

    /// The colour at a position; positions beyond the ends take the colour of the end.
    pub fn colour(self, position: f64) -> Rgb<u8> {
        let step = |table: &[Rgb<u8>], distance: f64| {
            // `as` saturates, and takes a position that is not a number to the first colour.
            table[((distance * STEPS as f64).round() as usize).min(STEPS)]
        };
        match self {
            Self::Diverging if position < 0.0 => step(&TABLES.blue, -position),
            Self::Diverging => step(&TABLES.red, position),
            Self::Sequential => step(&TABLES.sequential, position),
            Self::Truth if position > 0.0 => Rgb([24, 72, 140]),
            Self::Truth => Rgb([233, 238, 244]),
            Self::Grey => Rgb([(position.clamp(0.0, 1.0) * 255.0).round() as u8; 3]),
        }
    }
}

/// Finer than eight bits can show, so that the table is as good as the formula.
const STEPS: usize = 512;

struct Tables {
    red: Vec<Rgb<u8>>,
    blue: Vec<Rgb<u8>>,
    sequential: Vec<Rgb<u8>>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let table = |formula: fn(f64) -> Oklch| {
        (0..=STEPS).map(|step| formula(step as f64 / STEPS as f64).to_srgb()).collect::<Vec<_>>()
    };
    Tables { red: table(|at| arm(at, 25.0)), blue: table(|at| arm(at, 260.0)), sequential: table(sequential) }
});

/// Lightness, chroma and hue (in degrees): OKLab in polar form.
struct Oklch {
    lightness: f64,
    chroma: f64,
    hue: f64,
}

/// One arm of the diverging palette. The chroma stays just inside what sRGB can show in both hues.
fn arm(at: f64, hue: f64) -> Oklch {
    Oklch { lightness: 1.0 - 0.6 * at, chroma: at * (0.28 - 0.12 * at), hue }
}

fn sequential(at: f64) -> Oklch {
    Oklch { lightness: 1.0 - 0.75 * at, chroma: at * (0.62 - 0.51 * at), hue: 95.0 - 145.0 * at }
}

impl Oklch {
    /// Linear sRGB, by the matrices of Ottosson's article.
    fn to_linear(&self) -> [f64; 3] {
        let hue = self.hue.to_radians();
        // libm, not the platform's functions: the same bytes on every machine.
        let a = self.chroma * libm::cos(hue);
        let b = self.chroma * libm::sin(hue);
        let cube = |root: f64| root * root * root;
        let long = cube(self.lightness + 0.3963377774 * a + 0.2158037573 * b);
        let medium = cube(self.lightness - 0.1055613458 * a - 0.0638541728 * b);
        let short = cube(self.lightness - 0.0894841775 * a - 1.2914855480 * b);
        [
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        ]
    }

    fn to_srgb(&self) -> Rgb<u8> {
        Rgb(self.to_linear().map(|linear| {
            let linear = linear.clamp(0.0, 1.0);
            let encoded =
                if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * libm::pow(linear, 1.0 / 2.4) - 0.055 };
            (encoded * 255.0).round() as u8
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Relative luminance after the sRGB standard, from 0 to 1.
    fn luminance(Rgb(channels): Rgb<u8>) -> f64 {
        let [red, green, blue] = channels.map(|channel| {
            let encoded = f64::from(channel) / 255.0;
            if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn white_at_zero_and_strong_at_the_ends() {
        let white = Rgb([255, 255, 255]);
        assert_eq!(Palette::Diverging.colour(0.0), white);
        assert_eq!(Palette::Diverging.colour(-0.0), white);
        assert_eq!(Palette::Sequential.colour(0.0), white);
        let Rgb([red, green, blue]) = Palette::Diverging.colour(1.0);
        assert!(red > 130 && green < 40 && blue < 40, "{red} {green} {blue}");
        let Rgb([red, green, blue]) = Palette::Diverging.colour(-1.0);
        assert!(red < 40 && green < 90 && blue > 130, "{red} {green} {blue}");
        assert!(luminance(Palette::Sequential.colour(1.0)) < 0.03);
        assert_eq!(Palette::Grey.colour(0.0), Rgb([0; 3]));
        assert_eq!(Palette::Grey.colour(1.0), white);
    }

    #[test]
    fn truth_has_two_colours_far_apart() {
        let falsehood = Palette::Truth.colour(0.0);
        let truth = Palette::Truth.colour(1.0);
        assert!(luminance(falsehood) - luminance(truth) > 0.6);
        assert_eq!(Palette::Truth.colour(1e-300), truth);
        assert_eq!(Palette::Truth.colour(-1.0), falsehood);
    }

    #[test]
    fn every_formula_stays_inside_srgb() {
        for step in 0..=STEPS {
            let at = step as f64 / STEPS as f64;
            for colour in [arm(at, 25.0), arm(at, 260.0), sequential(at)] {
                for channel in colour.to_linear() {
                    assert!((-0.002..=1.002).contains(&channel), "{channel} at {at}, hue {}", colour.hue);
                }
            }
        }
    }

    #[test]
    fn the_arms_are_equally_light() {
        for step in 0..=100 {
            let position = f64::from(step) / 100.0;
            let positive = luminance(Palette::Diverging.colour(position));
            let negative = luminance(Palette::Diverging.colour(-position));
            assert!((positive - negative).abs() < 0.06, "{positive} and {negative} at {position}");
        }
    }

    #[test]
    fn empty_is_no_colour_of_a_scale() {
        for palette in [Palette::Diverging, Palette::Sequential, Palette::Truth] {
            assert!((-512..=512).all(|step| palette.colour(f64::from(step) / 512.0) != Palette::EMPTY));
        }
    }

    proptest! {
        #[test]
        fn larger_is_never_lighter(lower in 0.0..1.0_f64, step in 0.0..1.0_f64) {
            let higher = (lower + step).min(1.0);
            for (palette, sign) in [(Palette::Sequential, 1.0), (Palette::Diverging, 1.0), (Palette::Diverging, -1.0)] {
                let pale = luminance(palette.colour(sign * lower));
                let deep = luminance(palette.colour(sign * higher));
                // Rounding to eight bits may turn neighbours of the table by less than a visible step.
                prop_assert!(deep <= pale + 0.002, "{:?}: {} then {}", palette, pale, deep);
            }
        }

        #[test]
        fn every_position_has_a_colour(position in prop::num::f64::ANY) {
            for palette in [Palette::Diverging, Palette::Sequential, Palette::Truth, Palette::Grey] {
                let inside = if position.is_nan() { 0.0 } else { position.clamp(-1.0, 1.0) };
                prop_assert_eq!(palette.colour(position), palette.colour(inside));
            }
        }
    }
}
