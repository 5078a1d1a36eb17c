//! Words on the colour of their relevance.

use super::{INK, MOST_WORDS, ink_on};
use crate::drawing::Drawing;
use crate::preview::{coloured_text, shade};
use crate::text::{Anchor, Type};
use crate::{Fitted, HeatMap};

/// Sizes of letters, of which the largest is taken whose lines fit.
const SIZES: [f32; 7] = [24.0, 21.0, 18.0, 16.0, 14.0, 12.0, 10.0];

/// The words, and how many are left out.
fn shown(words: &[String]) -> (&[String], String) {
    match words.len() > MOST_WORDS {
        true => (&words[..MOST_WORDS], format!("… and {} more", words.len() - MOST_WORDS)),
        false => (words, String::new()),
    }
}

/// The largest letters in which words fit a square, or the smallest.
fn lettering(words: &[String], side: u32) -> Type {
    let lettering = |size: f32| Type { size, colour: INK, bold: false };
    let fits = |&size: &f32| layout(words, &lettering(size), side).1 <= side;
    lettering(SIZES.into_iter().find(fits).unwrap_or(SIZES[SIZES.len() - 1]))
}

/// How high the words are, in lines of the width of a square.
pub(super) fn height(words: &[String], side: u32) -> u32 {
    let (words, more) = shown(words);
    let plain = lettering(words, side);
    layout(words, &plain, side).1 + if more.is_empty() { 0 } else { plain.line() }
}

/// Draws words in lines of the width of a square, as high as they take.
pub(super) fn draw(map: &HeatMap, fitted: &Fitted, words: &[String], side: u32) -> Drawing {
    let mut drawing = Drawing::new(side, height(words, side));
    let (words, more) = shown(words);
    let plain = lettering(words, side);
    let (places, height) = layout(words, &plain, side);
    for (([left, top, width], word), value) in places.into_iter().zip(words).zip(map.values()) {
        let colour = fitted.colour(value);
        drawing.rectangle([left, top], [width, plain.line()], colour);
        let word = plain.shorten(word, width.saturating_sub(2 * padding(&plain)));
        let lettering = Type { colour: ink_on(colour), ..plain };
        drawing.text(&lettering, &word, [i64::from(left + padding(&plain)), i64::from(top)], Anchor::Left);
    }
    drawing.text(&plain, &more, [0, i64::from(height)], Anchor::Left);
    drawing
}

/// Room on both sides of a word.
fn padding(lettering: &Type) -> u32 {
    (lettering.size / 6.0).ceil() as u32
}

/// The left end, top and width of each word, and the height of all.
fn layout(words: &[String], lettering: &Type, side: u32) -> (Vec<[u32; 3]>, u32) {
    let pitch = lettering.line() + 3;
    let (mut left, mut top) = (0, 0);
    let mut places = Vec::with_capacity(words.len());
    for word in words {
        let width = (lettering.width(word) + 2 * padding(lettering)).min(side);
        if left > 0 && left + width > side {
            (left, top) = (0, top + pitch);
        }
        places.push([left, top, width]);
        left += width + 2;
    }
    (places, top + lettering.line())
}

/// Words in lines of text: on their colour, or behind a character that says how relevant they are.
pub(super) fn lines(map: &HeatMap, fitted: &Fitted, words: &[String], columns: usize, colour: bool) -> Vec<String> {
    let (words, more) = shown(words);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for (word, value) in words.iter().zip(map.values()) {
        let clean: String =
            word.chars().filter(|letter| !letter.is_control()).take(columns.saturating_sub(1)).collect();
        let width = clean.chars().count() + usize::from(!colour);
        if used > 0 && used + 1 + width > columns {
            lines.push(String::new());
            used = 0;
        }
        let line = lines.last_mut().expect("there is one");
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        match colour {
            true => line.push_str(&coloured_text(&clean, ink_on(fitted.colour(value)), fitted.colour(value))),
            false => line.extend([shade(fitted, value)].into_iter().chain(clean.chars())),
        }
        used += width;
    }
    lines.extend((!more.is_empty()).then_some(more));
    lines
}
