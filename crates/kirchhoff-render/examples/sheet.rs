//! Draws sheets to look at: one of synthetic relevance of every kind, and, given an IDX file of digits, one of digits
//! with make-believe relevance. No network is involved.
//!
//!     cargo run -p kirchhoff-render --example sheet -- OUT_FOLDER [t10k-images-idx3-ubyte.gz]

use std::error::Error;
use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::Path;

use kirchhoff_render::{
    Figure, HeatMap, Kind, Panel, PreviewPanel, PreviewSize, Sheet, SheetRow, SheetSize, Style, input_picture,
    preview_row, write_png,
};

const COLUMNS: [(&str, Kind); 6] = [
    ("real\nLRP-ε", Kind::Signed),
    ("boolean\nθ = 1e−9", Kind::Truth),
    ("counting\npaths", Kind::Count),
    ("viterbi\nbest path", Kind::Magnitude),
    ("tropical\n−ln of the best path", Kind::Cost),
    ("bottleneck\ncritical θ", Kind::Score),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: sheet OUT_FOLDER [IDX_FILE]")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    save(&synthetic()?, folder, "synthetic")?;
    save(&hidden()?, folder, "hidden")?;
    if let Some(path) = arguments.next() {
        let colour = std::io::stdout().is_terminal();
        let (sheet, terminal) = digits(&read_digits(&path, 100)?, colour)?;
        save(&sheet, folder, "digits")?;
        print!("{terminal}");
    }
    Ok(())
}

fn save(sheet: &Sheet, folder: &Path, name: &str) -> Result<(), Box<dyn Error>> {
    let pages = sheet.pages(SheetSize::default())?;
    let count = pages.len();
    for (page, image) in pages.enumerate() {
        let file = if count == 1 { format!("{name}.png") } else { format!("{name}-{}.png", page + 1) };
        let path = folder.join(file);
        write_png(&path, &image)?;
        eprintln!("{}: {} × {}", path.display(), image.width(), image.height());
    }
    Ok(())
}

/// Waves and rings that reach every end of every scale.
fn synthetic() -> Result<Sheet, Box<dyn Error>> {
    let mut sheet = Sheet::new(COLUMNS.map(|(heading, _)| heading))
        .with_title("Synthetic relevance")
        .with_footer("Waves: every scale from end to end. Photograph: a few extreme pixels among many small ones.");
    for (name, side, roughness) in [("waves\n28 × 28", 28, 0.0), ("photograph\n224 × 224", 224, 1.0)] {
        let field: Vec<f64> = (0..side * side)
            .map(|index| {
                let x = (index % side) as f64 / side as f64 * 2.0 - 1.0;
                let y = (index / side) as f64 / side as f64 * 2.0 - 1.0;
                // A cheap, repeatable noise.
                let noise = ((index as f64 * 12.9898).sin() * 43_758.545_3).fract();
                let blob = (-6.0 * ((x - 0.2).powi(2) + (y + 0.1).powi(2))).exp()
                    - 0.7 * (-9.0 * ((x + 0.5).powi(2) + (y - 0.4).powi(2))).exp();
                blob * (1.0 + roughness * noise.powi(9) * 8.0) + 0.2 * roughness * noise * blob.abs()
            })
            .collect();
        let picture: Vec<f64> = field.iter().map(|value| value * 0.4 + 0.4).collect();
        sheet.push(SheetRow {
            label: name.to_owned(),
            picture: Some(input_picture(&picture, [1, side, side], &[0.0], &[1.0])?),
            panels: panels(&field, side)?,
        })?;
    }
    Ok(sheet)
}

/// Layers that are no pictures: a vector, and the channels of a convolution.
fn hidden() -> Result<Sheet, Box<dyn Error>> {
    let mut sheet = Sheet::new(["dense\n300", "convolution\n32 × 14 × 14", "convolution\n256 × 7 × 7"]);
    let wave = |length: usize, pace: f64| -> Vec<f64> {
        (0..length).map(|index| (index as f64 * pace).sin() * (index as f64 * 0.0137).cos().max(0.0).powi(2)).collect()
    };
    for (label, kind) in
        [("real", Kind::Signed), ("viterbi", Kind::Magnitude), ("tropical", Kind::Cost), ("boolean", Kind::Truth)]
    {
        let values = |length: usize, pace: f64| -> Vec<f64> {
            let signed = wave(length, pace);
            match kind {
                Kind::Magnitude => signed.iter().map(|value| value.abs()).collect(),
                Kind::Cost => {
                    signed.iter().map(|value| if *value > 0.01 { -value.ln() } else { f64::INFINITY }).collect()
                }
                _ => signed,
            }
        };
        let panel = |map: HeatMap| Panel::new(map, Style::for_values(kind));
        sheet.push(SheetRow {
            label: label.to_owned(),
            picture: None,
            panels: vec![
                panel(HeatMap::hidden(&values(300, 0.7), &[300])?),
                panel(HeatMap::hidden(&values(32 * 196, 0.05), &[1, 32, 14, 14])?),
                panel(HeatMap::hidden(&values(256 * 49, 0.3), &[1, 256, 7, 7])?),
            ],
        })?;
    }
    Ok(sheet)
}

fn digits(digits: &[Vec<f64>], colour: bool) -> Result<(Sheet, String), Box<dyn Error>> {
    let mut sheet = Sheet::new(COLUMNS.map(|(heading, _)| heading)).with_title("Digits, with make-believe relevance");
    let mut terminal = String::new();
    for (number, digit) in digits.iter().enumerate() {
        // Edges count for the digit, the ground around it against.
        let at = |row: usize, column: usize| digit.get(row * 28 + column).copied().unwrap_or(0.0);
        let relevance: Vec<f64> = (0..784_usize)
            .map(|index| {
                let (row, column) = (index / 28, index % 28);
                let around = at(row.saturating_sub(1), column)
                    + at(row + 1, column)
                    + at(row, column.saturating_sub(1))
                    + at(row, (column + 1).min(27));
                at(row, column) * (0.4 + (row as f64 * 0.45).sin()) - 0.12 * (1.0 - at(row, column)) * around
            })
            .collect();
        let panels = panels(&relevance, 28)?;
        if number < 2 {
            let input = HeatMap::plane(digit, [28, 28])?;
            let grey = Style::picture();
            let mut row = vec![PreviewPanel { heading: "input", map: &input, style: &grey, figure: &Figure::Squares }];
            row.extend(panels.iter().zip(COLUMNS).map(|(panel, (heading, _))| PreviewPanel {
                heading: heading.lines().next().unwrap_or_default(),
                map: &panel.map,
                style: &panel.style,
                figure: &panel.figure,
            }));
            terminal += &preview_row(&row, PreviewSize { columns: 28, line: 120, colour });
            terminal += "\n";
        }
        sheet.push(SheetRow {
            label: format!("digit {number}\ntarget {} (0.98)", number % 10),
            picture: Some(input_picture(digit, [1, 28, 28], &[0.0], &[1.0])?),
            panels,
        })?;
    }
    Ok((sheet, terminal))
}

/// The same field as seen by every kind of semiring.
fn panels(field: &[f64], side: usize) -> Result<Vec<Panel>, Box<dyn Error>> {
    let strongest = field.iter().fold(0.0_f64, |strongest, value| strongest.max(value.abs()));
    COLUMNS
        .iter()
        .map(|&(_, kind)| {
            let values: Vec<f64> = field
                .iter()
                .map(|&value| {
                    let share = (value.abs() / strongest).min(1.0);
                    match kind {
                        Kind::Signed => value,
                        Kind::Truth => f64::from(u8::from(value > 0.02)),
                        Kind::Count if share < 0.02 => 0.0,
                        Kind::Count => 10_f64.powf(38.0 * share).round(),
                        Kind::Magnitude => share,
                        Kind::Cost => -share.ln(),
                        Kind::Score if share < 0.02 => f64::NEG_INFINITY,
                        Kind::Score => value,
                    }
                })
                .collect();
            Ok(Panel::new(HeatMap::plane(&values, [side, side])?, Style::for_values(kind)))
        })
        .collect()
}

fn read_digits(path: &str, count: usize) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(File::open(path)?).read_to_end(&mut bytes)?;
    let pixels = bytes.get(16..).ok_or("not an IDX file")?;
    Ok(pixels
        .chunks_exact(784)
        .take(count)
        .map(|digit| digit.iter().map(|&pixel| f64::from(pixel) / 255.0).collect())
        .collect())
}
