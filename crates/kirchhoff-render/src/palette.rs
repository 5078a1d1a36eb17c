//! Colour scales.

use std::str::FromStr;
use std::sync::LazyLock;

use image::Rgb;

use crate::Error;

/// The colours of a heat map, as a function of a *position*: 0 is not relevant, 1 the most relevant, −1 the most
/// contrary.
///
/// The scales of our own are drawn in OKLab (Björn Ottosson, "A perceptual color space for image processing", 2020), where
/// equal steps of lightness look equal: lightness falls linearly with the distance from 0, so they also read in grey
/// and to the colour-blind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Palette {
    /// Blue for −1, white for 0, red for 1; the two arms are equally light and equally strong at equal distance.
    Diverging,
    /// White for 0, through yellow, orange and magenta, to a deep purple for 1. Negative positions are white.
    Sequential,
    /// Purple for −1, white for 0, green for 1: as safe for the colour-blind as blue and red.
    PurpleGreen,
    /// Brown for −1, white for 0, teal for 1: the same.
    BrownTeal,
    /// Viridis of matplotlib: from a deep purple through green to yellow.
    Viridis,
    /// Cividis (Nuñez, Anderton & Renslow, 2018): from deep blue to yellow, seen alike with and without colour blindness.
    Cividis,
    /// White for 0 to black for 1: for print.
    Greys,
    /// Two colours: a pale grey-blue up to 0, a deep blue above.
    Truth,
    /// Black for 0 to white for 1: input pictures of one channel.
    Grey,
}

impl Palette {
    /// Empty cells: a grey between the pale and the deep colours of every palette.
    pub const EMPTY: Rgb<u8> = Rgb([206, 206, 206]);

    /// The palettes to choose from, by their names; the first of those that have two arms and of the others are the defaults.
    pub const CHOICES: [(&'static str, Self); 7] = [
        ("blue-red", Self::Diverging),
        ("purple-green", Self::PurpleGreen),
        ("brown-teal", Self::BrownTeal),
        ("heat", Self::Sequential),
        ("viridis", Self::Viridis),
        ("cividis", Self::Cividis),
        ("greys", Self::Greys),
    ];

    /// Whether it has an arm for what is contrary.
    pub fn is_diverging(self) -> bool {
        match self {
            Self::Diverging | Self::PurpleGreen | Self::BrownTeal => true,
            Self::Sequential | Self::Viridis | Self::Cividis | Self::Greys | Self::Truth | Self::Grey => false,
        }
    }

    /// The colour of empty cells: one that the palette does not have.
    pub fn empty(self) -> Rgb<u8> {
        match self {
            Self::Greys | Self::Grey => Rgb([196, 214, 232]),
            Self::Diverging | Self::PurpleGreen | Self::BrownTeal => Self::EMPTY,
            Self::Sequential | Self::Viridis | Self::Cividis | Self::Truth => Self::EMPTY,
        }
    }

    /// The colour at a position; positions beyond the ends take the colour of the end.
    pub fn colour(self, position: f64) -> Rgb<u8> {
        let step = |table: &[Rgb<u8>], distance: f64| {
            // `as` saturates, and takes a position that is not a number to the first colour.
            table[((distance * STEPS as f64).round() as usize).min(STEPS)]
        };
        match self {
            Self::Diverging if position < 0.0 => step(&TABLES.blue, -position),
            Self::Diverging => step(&TABLES.red, position),
            Self::PurpleGreen if position < 0.0 => step(&TABLES.purple, -position),
            Self::PurpleGreen => step(&TABLES.green, position),
            Self::BrownTeal if position < 0.0 => step(&TABLES.brown, -position),
            Self::BrownTeal => step(&TABLES.teal, position),
            Self::Viridis => step(&TABLES.viridis, position),
            Self::Cividis => step(&TABLES.cividis, position),
            Self::Greys => Rgb([255 - (position.clamp(0.0, 1.0) * 255.0).round() as u8; 3]),
            Self::Sequential => step(&TABLES.sequential, position),
            Self::Truth if position > 0.0 => Rgb([24, 72, 140]),
            Self::Truth => Rgb([233, 238, 244]),
            Self::Grey => Rgb([(position.clamp(0.0, 1.0) * 255.0).round() as u8; 3]),
        }
    }
}

/// Finer than eight bits can show, so that the table is as good as the formula.
const STEPS: usize = 512;

impl FromStr for Palette {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let found = Self::CHOICES.into_iter().find(|(name, _)| *name == word);
        let known = || Self::CHOICES.map(|(name, _)| name).join(", ");
        found.map(|(_, palette)| palette).ok_or_else(|| Error::UnknownPalette { word: word.to_owned(), known: known() })
    }
}

struct Tables {
    red: Vec<Rgb<u8>>,
    blue: Vec<Rgb<u8>>,
    purple: Vec<Rgb<u8>>,
    green: Vec<Rgb<u8>>,
    brown: Vec<Rgb<u8>>,
    teal: Vec<Rgb<u8>>,
    sequential: Vec<Rgb<u8>>,
    viridis: Vec<Rgb<u8>>,
    cividis: Vec<Rgb<u8>>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let table = |formula: fn(f64) -> Oklch| {
        (0..=STEPS).map(|step| formula(step as f64 / STEPS as f64).to_srgb()).collect::<Vec<_>>()
    };
    let known = |gradient: colorous::Gradient| {
        let colour = |step: usize| Rgb(gradient.eval_rational(step, STEPS + 1).as_array());
        (0..=STEPS).map(colour).collect::<Vec<_>>()
    };
    Tables {
        red: table(|at| arm(at, 25.0)),
        blue: table(|at| arm(at, 260.0)),
        purple: table(|at| pale_arm(at, 315.0)),
        green: table(|at| pale_arm(at, 147.0)),
        brown: table(|at| paler_arm(at, 62.0)),
        teal: table(|at| paler_arm(at, 190.0)),
        sequential: table(sequential),
        viridis: known(colorous::VIRIDIS),
        cividis: known(colorous::CIVIDIS),
    }
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

/// An arm of a hue that sRGB shows less strongly.
fn pale_arm(at: f64, hue: f64) -> Oklch {
    Oklch { lightness: 1.0 - 0.6 * at, chroma: at * (0.24 - 0.12 * at), hue }
}

/// An arm of hues that it shows less strongly still.
fn paler_arm(at: f64, hue: f64) -> Oklch {
    Oklch { lightness: 1.0 - 0.6 * at, chroma: at * (0.18 - 0.11 * at), hue }
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
            let green = [pale_arm(at, 315.0), pale_arm(at, 147.0)];
            let teal = [paler_arm(at, 62.0), paler_arm(at, 190.0)];
            for colour in [arm(at, 25.0), arm(at, 260.0), sequential(at)].into_iter().chain(green).chain(teal) {
                for channel in colour.to_linear() {
                    assert!((-0.002..=1.002).contains(&channel), "{channel} at {at}, hue {}", colour.hue);
                }
            }
        }
    }

    #[test]
    fn the_arms_are_equally_light() {
        for palette in [Palette::Diverging, Palette::PurpleGreen, Palette::BrownTeal] {
            assert!(palette.is_diverging());
            for step in 0..=100 {
                let position = f64::from(step) / 100.0;
                let positive = luminance(palette.colour(position));
                let negative = luminance(palette.colour(-position));
                assert!((positive - negative).abs() < 0.06, "{palette:?}: {positive} and {negative} at {position}");
            }
        }
    }

    #[test]
    fn palettes_have_names_and_the_known_ones_their_colours() {
        for (name, palette) in Palette::CHOICES {
            assert_eq!(name.parse::<Palette>().unwrap(), palette);
        }
        let message = "jet".parse::<Palette>().unwrap_err().to_string();
        assert!(message.starts_with("unknown colours \"jet\": there are blue-red, purple-green"), "{message}");
        // matplotlib's viridis(0.0), viridis(0.5) and viridis(1.0).
        for (position, wanted) in [(0.0, [68, 1, 84]), (0.5, [33, 145, 140]), (1.0, [253, 231, 37])] {
            let Rgb(found) = Palette::Viridis.colour(position);
            let near = found.into_iter().zip(wanted).all(|(found, wanted): (u8, u8)| found.abs_diff(wanted) <= 2);
            assert!(near, "{found:?} at {position}, not {wanted:?}");
        }
        assert!(luminance(Palette::Cividis.colour(0.0)) < 0.03 && luminance(Palette::Cividis.colour(1.0)) > 0.6);
    }

    #[test]
    fn empty_is_no_colour_of_a_scale() {
        for palette in Palette::CHOICES.map(|(_, palette)| palette).into_iter().chain([Palette::Truth]) {
            assert!((-512..=512).all(|step| palette.colour(f64::from(step) / 512.0) != palette.empty()), "{palette:?}");
        }
    }

    proptest! {
        #[test]
        fn larger_is_never_lighter(lower in 0.0..1.0_f64, step in 0.0..1.0_f64) {
            let higher = (lower + step).min(1.0);
            let arms = [Palette::Diverging, Palette::PurpleGreen, Palette::BrownTeal].map(|palette| [(palette, 1.0), (palette, -1.0)]);
            for (palette, sign) in arms.into_iter().flatten().chain([(Palette::Sequential, 1.0), (Palette::Greys, 1.0)]) {
                let pale = luminance(palette.colour(sign * lower));
                let deep = luminance(palette.colour(sign * higher));
                // Rounding to eight bits may turn neighbours of the table by less than a visible step.
                prop_assert!(deep <= pale + 0.002, "{:?}: {} then {}", palette, pale, deep);
            }
        }

        #[test]
        fn every_position_has_a_colour(position in prop::num::f64::ANY) {
            for palette in Palette::CHOICES.map(|(_, palette)| palette).into_iter().chain([Palette::Truth, Palette::Grey]) {
                let inside = if position.is_nan() { 0.0 } else { position.clamp(-1.0, 1.0) };
                prop_assert_eq!(palette.colour(position), palette.colour(inside));
            }
        }
    }
}
