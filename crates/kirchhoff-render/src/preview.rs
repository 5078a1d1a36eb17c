//! A heat map in a terminal.

use std::fmt::Write as _;

use image::Rgb;

use crate::{Figure, Fitted, HeatMap, Palette, Style, figure};

/// One map of a [`preview_row`].
#[derive(Clone, Copy, Debug)]
pub struct PreviewPanel<'a> {
    /// The name above it.
    pub heading: &'a str,
    /// What it shows.
    pub map: &'a HeatMap,
    /// How.
    pub style: &'a Style,
    /// On what.
    pub figure: &'a Figure,
}

/// How previews are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviewSize {
    /// Characters a map may be wide; 28 to 56 suit digits and photographs.
    pub columns: usize,
    /// Characters a line may be long; maps that do not fit go below.
    pub line: usize,
    /// 24-bit colour, else shades.
    pub colour: bool,
}

/// Draws a map in a terminal, at most `columns` characters wide, every line ended.
///
/// With colour, each character is two cells, one above the other. Without, shades from `░` to `█` show how relevant a
/// cell is, `·` that it is not at all; values on both sides of 0 show as `+ * #` and `- = ≡`. Maps that are wider than
/// `columns` are drawn in blocks, joined as the style says.
pub fn preview(map: &HeatMap, style: &Style, columns: usize, colour: bool) -> String {
    let mut text = String::new();
    for line in Block::new(map, style, &Figure::Squares, columns, colour).lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Draws several maps side by side, each below its heading and above the range of its values: those of the map, also
/// where it is drawn in blocks.
pub fn preview_row(panels: &[PreviewPanel<'_>], size: PreviewSize) -> String {
    const SPACE: usize = 2;
    let blocks: Vec<Block> = panels
        .iter()
        .map(|panel| Block::new(panel.map, panel.style, panel.figure, size.columns, size.colour))
        .collect();
    let captions: Vec<String> = panels.iter().map(|panel| panel.style.fit(panel.map).legend().line()).collect();
    let width = |index: usize| {
        let words = panels[index].heading.chars().count().max(captions[index].chars().count());
        // A long heading widens its own map a little rather than being cut; a very long one is cut.
        blocks[index].width.max(words.min(size.columns))
    };
    let mut text = String::new();
    let mut first = 0;
    while first < panels.len() {
        let mut end = first + 1;
        let mut used = width(first);
        while end < panels.len() && used + SPACE + width(end) <= size.line {
            used += SPACE + width(end);
            end += 1;
        }
        if first > 0 {
            text.push('\n');
        }
        let mut line = |part: &dyn Fn(usize) -> (String, usize)| {
            let mut written = String::new();
            for index in first..end {
                let (piece, piece_width) = part(index);
                written.push_str(&piece);
                let space = if index + 1 < end { SPACE } else { 0 };
                written.extend(std::iter::repeat_n(' ', width(index).saturating_sub(piece_width) + space));
            }
            text.push_str(written.trim_end());
            text.push('\n');
        };
        let words = |word: &str, index: usize| {
            let cut: String = word.chars().take(width(index)).collect();
            let length = cut.chars().count();
            (cut, length)
        };
        line(&|index| words(panels[index].heading, index));
        let height = blocks[first..end].iter().map(|block| block.lines.len()).max().unwrap_or(0);
        for row in 0..height {
            line(&|index| {
                blocks[index].lines.get(row).map_or((String::new(), 0), |line| (line.clone(), blocks[index].width))
            });
        }
        line(&|index| words(&captions[index], index));
        first = end;
    }
    text
}

/// A map as lines of text of one visible width.
struct Block {
    lines: Vec<String>,
    width: usize,
}

impl Block {
    fn new(map: &HeatMap, style: &Style, figure: &Figure, columns: usize, colour: bool) -> Self {
        let columns = columns.max(1);
        if let Some(lines) = figure::lines(map, style, figure, columns, colour) {
            return Self { lines, width: columns };
        }
        let side = map.width().div_ceil(columns);
        let pooled = if side > 1 { map.pooled([side, side], style.pool()) } else { map.clone() };
        let times = columns / pooled.width();
        if colour {
            let fitted = style.fit(&pooled);
            let lines = coloured(&pooled, &fitted, times);
            return Self { lines, width: pooled.width() * times };
        }
        // A character is about twice as high as wide: a cell takes two characters of a line, or half of one.
        if times >= 2 {
            let wide = times / 2 * 2;
            let fitted = style.fit(&pooled);
            let lines = shaded(&pooled, &fitted, wide, wide / 2);
            Self { lines, width: pooled.width() * wide }
        } else {
            let halved = pooled.pooled([2, 1], style.pool());
            let fitted = style.fit(&halved);
            Self { lines: shaded(&halved, &fitted, 1, 1), width: halved.width() }
        }
    }
}

fn shaded(map: &HeatMap, fitted: &Fitted, wide: usize, high: usize) -> Vec<String> {
    let mut lines = Vec::with_capacity(map.height() * high);
    for row in 0..map.height() {
        let mut line = String::new();
        for column in 0..map.width() {
            let shade = map.cell(row, column).map_or(' ', |value| shade(fitted, value));
            line.extend(std::iter::repeat_n(shade, wide));
        }
        lines.extend(std::iter::repeat_n(line, high));
    }
    lines
}

/// The character that stands for how relevant a cell is, where there is no colour.
pub(crate) fn shade(fitted: &Fitted, value: f64) -> char {
    let position = fitted.position(value);
    let step = |levels: usize| ((position.abs() * levels as f64).ceil() as usize).clamp(1, levels) - 1;
    match fitted.style().palette() {
        Palette::Truth => {
            if position > 0.0 {
                '█'
            } else {
                '·'
            }
        }
        // A twentieth of the largest is as good as nothing: else noise would hide the picture.
        Palette::Diverging | Palette::PurpleGreen | Palette::BrownTeal => match position {
            _ if position.abs() < 0.05 => '·',
            _ if position < 0.0 => ['-', '=', '≡'][step(3)],
            _ => ['+', '*', '#'][step(3)],
        },
        Palette::Sequential | Palette::Grey | Palette::Greys | Palette::Viridis | Palette::Cividis => match position {
            _ if position <= 0.0 => '·',
            _ => ['░', '▒', '▓', '█'][step(4)],
        },
    }
}

/// Half-block characters: the colour of the character is the upper cell, the background the lower.
fn coloured(map: &HeatMap, fitted: &Fitted, times: usize) -> Vec<String> {
    let height = map.height() * times;
    let colour = |y: usize, column: usize| {
        (y < height)
            .then(|| map.cell(y / times, column).map_or(fitted.style().palette().empty(), |value| fitted.colour(value)))
    };
    (0..height)
        .step_by(2)
        .map(|y| {
            let mut line = String::new();
            let mut current = None;
            for column in 0..map.width() {
                let pair = (colour(y, column), colour(y + 1, column));
                if current != Some(pair) {
                    if let (Some(Rgb([red, green, blue])), below) = pair {
                        // Below the last row there is the terminal's own background.
                        let background = below
                            .map_or("49".to_owned(), |Rgb([red, green, blue])| format!("48;2;{red};{green};{blue}"));
                        write!(line, "\x1b[38;2;{red};{green};{blue};{background}m").expect("a string takes all text");
                    }
                    current = Some(pair);
                }
                line.extend(std::iter::repeat_n('▀', times));
            }
            line.push_str("\x1b[0m");
            line
        })
        .collect()
}

/// Text on a background, with the codes of a terminal around it.
pub(crate) fn coloured_text(text: &str, Rgb([red, green, blue]): Rgb<u8>, background: Rgb<u8>) -> String {
    let Rgb([below_red, below_green, below_blue]) = background;
    format!("\x1b[38;2;{red};{green};{blue};48;2;{below_red};{below_green};{below_blue}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn map(values: &[f64], shape: [usize; 2]) -> HeatMap {
        HeatMap::plane(values, shape).unwrap()
    }

    #[test]
    fn signs_show_without_colour() {
        let map = map(&[3.0, 2.0, 1.0, 0.0, -1.0, -2.0, -3.0, 0.1], [2, 4]);
        let style = Style::for_values(Kind::Signed);
        assert_eq!(preview(&map, &style, 8, false), "##**++··\n--==≡≡··\n");
        assert_eq!(
            preview(&map, &style, 16, false),
            "####****++++····\n####****++++····\n----====≡≡≡≡····\n----====≡≡≡≡····\n"
        );
    }

    #[test]
    fn two_rows_share_a_line_where_space_is_short() {
        let map = map(&[0.0, 0.0, 5.0, 0.0, 100.0, 0.0, 1e38, 0.0, 0.0], [3, 3]);
        assert_eq!(preview(&map, &Style::for_values(Kind::Count), 3, false), "·░░\n█··\n");
    }

    #[test]
    fn truth_and_empty_cells_show() {
        let map = HeatMap::grid(&[1.0, 0.0, 1.0]).unwrap();
        assert_eq!(preview(&map, &Style::for_values(Kind::Truth), 4, false), "██··\n██  \n");
    }

    #[test]
    fn colours_are_half_blocks() {
        let map = map(&[1.0, 0.0, 0.0], [3, 1]);
        let style = Style::for_values(Kind::Truth);
        let expected = "\x1b[38;2;24;72;140;48;2;233;238;244m▀\x1b[0m\n\x1b[38;2;233;238;244;49m▀\x1b[0m\n";
        assert_eq!(preview(&map, &style, 1, true), expected);
    }

    #[test]
    fn wide_maps_are_drawn_in_blocks() {
        let mut values = vec![0.0; 224 * 224];
        values[0] = 1.0;
        let text = preview(&map(&values, [224, 224]), &Style::for_values(Kind::Truth), 56, false);
        assert_eq!(text.lines().count(), 28);
        assert!(text.lines().all(|line| line.chars().count() == 56));
        assert_eq!(text.matches('█').count(), 1);
        let text = preview(&map(&values, [224, 224]), &Style::for_values(Kind::Truth), 56, true);
        assert_eq!((text.lines().count(), text.matches('▀').count()), (28, 28 * 56));
    }

    #[test]
    fn maps_stand_side_by_side_below_their_headings() {
        let (real, tropical) = (map(&[1.0, -1.0], [1, 2]), map(&[0.0, f64::INFINITY], [2, 1]));
        let (signed, cost) = (Style::for_values(Kind::Signed), Style::for_values(Kind::Cost));
        let panels = [
            PreviewPanel { heading: "real", map: &real, style: &signed, figure: &Figure::Squares },
            PreviewPanel { heading: "tropical", map: &tropical, style: &cost, figure: &Figure::Squares },
        ];
        let wide = preview_row(&panels, PreviewSize { columns: 12, line: 80, colour: false });
        let expected = "\
real          tropical
######≡≡≡≡≡≡  ████████████
######≡≡≡≡≡≡  ████████████
######≡≡≡≡≡≡  ████████████
              ████████████
              ████████████
              ████████████
              ············
              ············
              ············
              ············
              ············
              ············
−1 … 1        ∞ | 0 … 0
";
        assert_eq!(wide, expected);
        let narrow = preview_row(&panels, PreviewSize { columns: 4, line: 9, colour: false });
        assert_eq!(narrow, "real\n##≡≡\n−1 …\n\ntrop\n████\n████\n····\n····\n∞ | \n".replace("| \n", "|\n"));
    }
}
