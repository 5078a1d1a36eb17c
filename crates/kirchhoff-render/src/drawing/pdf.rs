//! Drawings as the pages of a PDF file, with the glyphs that they use embedded.

use std::collections::BTreeMap;
use std::io::Write;

use ab_glyph::Font;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::{Rgb, RgbImage};
use kirchhoff_file::GENERATOR;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, TextRenderingMode, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;

use super::{Drawing, Shape};
use crate::Error;
use crate::figure::INK;
use crate::text::{Anchor, FONT_BYTES, FONTS, Run, Type};

/// A pixel in points: ninety-six of them are an inch.
const POINTS: f32 = 0.75;
const RESOURCES: [&str; 2] = ["F0", "F1"];
const IDENTITY: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// A PDF file of drawings, one a page, each as large as its drawing at ninety-six pixels an inch. Text can be searched and
/// copied, and the same drawings are the same bytes, always.
///
/// # Errors
/// A font that cannot be embedded.
pub fn pdf(pages: &[Drawing]) -> Result<Vec<u8>, Error> {
    let mut file = File::new();
    // First of all: by it the file is known as this tool's.
    let information = file.next();
    file.pdf.document_info(information).producer(TextStr(GENERATOR));
    let (catalog, tree) = (file.next(), file.next());
    let fonts = RESOURCES.map(|_| file.next());
    let ids: Vec<Ref> = pages.iter().map(|_| file.next()).collect();
    file.pdf.catalog(catalog).pages(tree);
    file.pdf.pages(tree).kids(ids.iter().copied()).count(i32::try_from(ids.len()).unwrap_or(i32::MAX));
    for (page, id) in pages.iter().zip(ids) {
        file.page(page, id, tree, fonts);
    }
    for (font, id) in fonts.into_iter().enumerate() {
        file.font(font, id)?;
    }
    Ok(file.pdf.finish())
}

struct File {
    pdf: Pdf,
    last: i32,
    /// Of each font, the glyphs that are used, and the letter that each stands for.
    used: [(GlyphRemapper, BTreeMap<u16, char>); 2],
}

impl File {
    fn new() -> Self {
        let used = RESOURCES.map(|_| (GlyphRemapper::new(), BTreeMap::new()));
        File { pdf: Pdf::new(), last: 0, used }
    }

    fn next(&mut self) -> Ref {
        self.last += 1;
        Ref::new(self.last)
    }

    fn page(&mut self, drawing: &Drawing, id: Ref, tree: Ref, fonts: [Ref; 2]) {
        let mut content = Content::new();
        // From here on as drawings count: pixels, from the top down.
        content.transform([POINTS, 0.0, 0.0, -POINTS, 0.0, drawing.height as f32 * POINTS]);
        let mut pictures = Vec::new();
        for shape in &drawing.shapes {
            match shape {
                Shape::Rectangle { place: [x, y], size: [width, height], colour } => {
                    fill_colour(&mut content, *colour);
                    content.rect(*x as f32, *y as f32, *width as f32, *height as f32).fill_nonzero();
                }
                Shape::Picture { place: [x, y], picture } => {
                    let name = format!("P{}", pictures.len());
                    let (width, height) = picture.dimensions();
                    content.save_state();
                    content.transform([width as f32, 0.0, 0.0, -(height as f32), *x as f32, (y + height) as f32]);
                    content.x_object(Name(name.as_bytes())).restore_state();
                    pictures.push((name, self.picture(picture)));
                }
                Shape::Curve { left, levels } => {
                    let [red, green, blue] = INK.0.map(|channel| f32::from(channel) / 255.0);
                    content.set_stroke_rgb(red, green, blue).set_line_width(1.6);
                    for (x, &level) in (*left..).zip(levels) {
                        let point = [x as f32 + 0.5, level as f32 + 1.0];
                        match x == *left {
                            true => content.move_to(point[0], point[1]),
                            false => content.line_to(point[0], point[1]),
                        };
                    }
                    content.stroke();
                }
                Shape::Text { place, anchor, lettering, text } => {
                    self.text(&mut content, lettering, text, *place, *anchor);
                }
            }
        }
        let stream = self.next();
        self.pdf.stream(stream, &compressed(&content.finish())).filter(Filter::FlateDecode);
        let mut page = self.pdf.page(id);
        let size = [drawing.width, drawing.height].map(|side| side as f32 * POINTS);
        page.media_box(Rect::new(0.0, 0.0, size[0], size[1])).parent(tree).contents(stream);
        let mut resources = page.resources();
        let mut found = resources.fonts();
        for (name, font) in RESOURCES.into_iter().zip(fonts) {
            found.pair(Name(name.as_bytes()), font);
        }
        found.finish();
        let mut objects = resources.x_objects();
        for (name, picture) in &pictures {
            objects.pair(Name(name.as_bytes()), *picture);
        }
    }

    fn picture(&mut self, picture: &RgbImage) -> Ref {
        let id = self.next();
        let pixels = compressed(picture.as_raw());
        let mut object = self.pdf.image_xobject(id, &pixels);
        object.filter(Filter::FlateDecode);
        object.width(picture.width() as i32).height(picture.height() as i32);
        object.color_space().device_rgb();
        object.bits_per_component(8);
        id
    }

    fn text(&mut self, content: &mut Content, lettering: &Type, text: &str, [x, y]: [i64; 2], anchor: Anchor) {
        let (runs, width) = lettering.runs(text);
        let left = anchor.left(x, width);
        let baseline = (y as f32 + lettering.size).round();
        fill_colour(content, lettering.colour);
        for Run { font, em, at, glyphs } in runs {
            let (remapper, letters) = &mut self.used[font];
            let mut codes = Vec::with_capacity(2 * glyphs.len());
            for (letter, glyph) in glyphs {
                let code = remapper.remap(glyph);
                letters.entry(code).or_insert(letter);
                codes.extend(code.to_be_bytes());
            }
            content.begin_text().set_font(Name(RESOURCES[font].as_bytes()), em);
            if lettering.bold {
                // There is no bold face in the program: letters with a line around them, as wide as pictures strike them.
                let [red, green, blue] = lettering.colour.0.map(|channel| f32::from(channel) / 255.0);
                content.set_stroke_rgb(red, green, blue).set_line_width(lettering.size / 32.0);
                content.set_text_rendering_mode(TextRenderingMode::FillStroke);
            } else {
                content.set_text_rendering_mode(TextRenderingMode::Fill);
            }
            content.set_text_matrix([1.0, 0.0, 0.0, -1.0, left + at, baseline]).show(Str(&codes)).end_text();
        }
    }

    /// The font of a number under its id, with no more than the glyphs that are used.
    fn font(&mut self, font: usize, id: Ref) -> Result<(), Error> {
        let [descendant, descriptor, unicode, program] = [(); 4].map(|()| self.next());
        let (remapper, letters) = &self.used[font];
        let subset = subsetter::subset(FONT_BYTES[font], 0, remapper);
        let subset = subset.map_err(|error| Error::Pdf(error.to_string()))?;
        let face = &FONTS[font];
        let units = face.units_per_em().unwrap_or(1000.0);
        let scaled = |value: f32| value * 1000.0 / units;
        // Six letters and a plus say that a font is a part of one.
        let name = format!("{}+Kirchhoff{}", ["LIGHTA", "SIGNSA"][font], ["Light", "Signs"][font]);
        let name = Name(name.as_bytes());
        let pdf = &mut self.pdf;
        pdf.type0_font(id)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(descendant)
            .to_unicode(unicode);
        let mut cid = pdf.cid_font(descendant);
        cid.subtype(CidFontType::Type2).base_font(name).system_info(IDENTITY).font_descriptor(descriptor);
        cid.default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
        let widths = remapper.remapped_gids().map(|glyph| scaled(face.h_advance_unscaled(ab_glyph::GlyphId(glyph))));
        cid.widths().consecutive(0, widths);
        cid.finish();
        let (ascent, descent) = (scaled(face.ascent_unscaled()), scaled(face.descent_unscaled()));
        pdf.font_descriptor(descriptor)
            .name(name)
            .flags(FontFlags::NON_SYMBOLIC)
            .bbox(Rect::new(-500.0, descent, 2000.0, ascent))
            .italic_angle(0.0)
            .ascent(ascent)
            .descent(descent)
            .cap_height(700.0)
            .stem_v(60.0)
            .font_file2(program);
        let mut table = UnicodeCmap::new(Name(b"Custom"), IDENTITY);
        letters.iter().for_each(|(&code, &letter)| table.pair(code, letter));
        pdf.cmap(unicode, &table.finish());
        let length = i32::try_from(subset.len()).unwrap_or(i32::MAX);
        pdf.stream(program, &compressed(&subset)).filter(Filter::FlateDecode).pair(Name(b"Length1"), length);
        Ok(())
    }
}

fn fill_colour(content: &mut Content, colour: Rgb<u8>) {
    let [red, green, blue] = colour.0.map(|channel| f32::from(channel) / 255.0);
    content.set_fill_rgb(red, green, blue);
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes what is written")
}
