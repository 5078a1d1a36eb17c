//! Drawings as SVG: pictures as PNG inside of it, text as text.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::Rgb;
use kirchhoff_file::SVG_MARK;

use super::{Drawing, Shape};
use crate::figure::INK;
use crate::text::Anchor;
use crate::{Error, encode_png};

/// The fonts that stand for the program's own where a text is not embedded; widths are kept whichever is there.
const FONTS: &str = "Ubuntu, 'Helvetica Neue', Arial, sans-serif";

impl Drawing {
    /// The drawing as an SVG picture that needs no other file. A text stays text, as wide as it was laid out whatever font its
    /// reader has.
    ///
    /// # Errors
    /// A picture that cannot be encoded.
    pub fn svg(&self) -> Result<String, Error> {
        let Drawing { width, height, shapes } = self;
        let mut svg = format!(
            "{SVG_MARK}xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
             width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"{FONTS}\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
        );
        for shape in shapes {
            shape.write(&mut svg)?;
        }
        svg.push_str("</svg>\n");
        Ok(svg)
    }
}

impl Shape {
    fn write(&self, svg: &mut String) -> Result<(), Error> {
        // Writing to a string cannot fail.
        let _ = match self {
            Shape::Rectangle { place: [x, y], size: [width, height], colour } => {
                let colour = hexadecimal(*colour);
                writeln!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{colour}\"/>")
            }
            Shape::Picture { place: [x, y], picture } => {
                let (width, height) = picture.dimensions();
                let png = STANDARD.encode(encode_png(picture)?);
                writeln!(
                    svg,
                    "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" style=\"image-rendering:pixelated\" \
                     xlink:href=\"data:image/png;base64,{png}\"/>"
                )
            }
            Shape::Curve { left, levels } => {
                let point = |(x, level): (u32, &u32)| format!("{x}.5,{}", level + 1);
                let points: Vec<String> = (*left..).zip(levels).map(point).collect();
                let (points, ink) = (points.join(" "), hexadecimal(INK));
                writeln!(svg, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{ink}\" stroke-width=\"1.6\"/>")
            }
            Shape::Text { place: [x, y], anchor, lettering, text } => {
                let anchor = match anchor {
                    Anchor::Left => "start",
                    Anchor::Centre => "middle",
                    Anchor::Right => "end",
                };
                let weight = if lettering.bold { " font-weight=\"bold\"" } else { "" };
                let size = lettering.em();
                let (width, colour) = (lettering.width(text), hexadecimal(lettering.colour));
                let baseline = (*y as f32 + lettering.size).round();
                writeln!(
                    svg,
                    "<text x=\"{x}\" y=\"{baseline}\" font-size=\"{size:.2}\"{weight} fill=\"{colour}\" \
                     text-anchor=\"{anchor}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                    escaped(text)
                )
            }
        };
        Ok(())
    }
}

fn hexadecimal(Rgb([red, green, blue]): Rgb<u8>) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A text as XML has it: control characters, which it may not hold at all, are left out as pictures leave them out.
fn escaped(text: &str) -> String {
    let allowed = |letter: &char| !letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}');
    kirchhoff_page::escaped(&text.chars().filter(allowed).collect::<String>())
}
