use super::*;
use crate::{Figure, HeatMap, Kind, Panel, Style, encode_png, plate};
use base64::Engine as _;

fn words() -> Drawing {
    let map = HeatMap::plane(&[1.0, -1.0], [1, 2]).unwrap();
    let figure = Figure::Words(vec!["a<b & \u{7}c".to_owned(), "θ ≤ ∞".to_owned()]);
    plate(&Panel::new(map, Style::for_values(Kind::Signed)).with_figure(figure), "Grüße\nline", 200).unwrap()
}

fn squares() -> Drawing {
    let map = HeatMap::plane(&[1.0, 0.0, -1.0, 0.5], [2, 2]).unwrap();
    plate(&Panel::new(map, Style::for_values(Kind::Signed)), "", 64).unwrap()
}

#[test]
fn svg_has_text_as_text_and_pictures_inside() {
    let svg = words().svg().unwrap();
    for text in ["a&lt;b &amp; c", "θ ≤ ∞", "Grüße"] {
        assert!(svg.contains(&format!(">{text}</text>")), "{text} in {svg}");
    }
    let svg = squares().svg().unwrap();
    let (_, rest) = svg.split_once("base64,").unwrap();
    let png = base64::engine::general_purpose::STANDARD.decode(rest.split('"').next().unwrap()).unwrap();
    assert_eq!(image::load_from_memory(&png).unwrap().to_rgb8().dimensions(), (64, 64));
}

#[test]
fn what_is_placed_is_drawn_as_it_was_where_it_is_placed() {
    let small = squares();
    let mut page = Drawing::new(200, 200);
    page.place([30, 40], small.clone());
    page.curve(0, vec![3; 5]);
    let (small, page) = (small.image(), page.image());
    for (x, y, pixel) in small.enumerate_pixels() {
        assert_eq!(page.get_pixel(x + 30, y + 40), pixel);
    }
    assert!((0..5).all(|x| *page.get_pixel(x, 3) == INK));
}

/// The objects of a file by their numbers: each is where the table of references says.
fn objects(pdf: &[u8]) -> Vec<&[u8]> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let tail = text(&pdf[pdf.len() - 60..]);
    let start: usize = tail.split("startxref").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    let table = text(&pdf[start..]);
    let lines = table.lines().skip(3).take_while(|line| line.ends_with("n") || line.ends_with("n "));
    let places = lines.map(|line| line.split(' ').next().unwrap().parse::<usize>().unwrap());
    places.map(|place| &pdf[place..]).collect()
}

#[test]
fn pdf_has_a_page_a_drawing_with_the_glyphs_of_its_text() {
    let bytes = pdf(&[words(), squares()]).unwrap();
    let head = String::from_utf8_lossy(&bytes[..200]);
    assert!(head.starts_with("%PDF-") && head.contains(kirchhoff_file::PDF_MARK), "{head}");
    let objects = objects(&bytes);
    assert!(objects.len() > 10);
    for (number, object) in objects.iter().enumerate() {
        assert!(object.starts_with(format!("{} 0 obj", number + 1).as_bytes()), "object {}", number + 1);
    }
    let holds = |wanted: &str| bytes.windows(wanted.len()).filter(|part| *part == wanted.as_bytes()).count();
    assert_eq!(holds("/Type /Page\n"), 2);
    assert_eq!(holds("/Count 2"), 1);
    // The letter ü stands for itself where text is searched.
    assert!(holds("<00FC>") > 0, "{}", String::from_utf8_lossy(&bytes));
    assert!(bytes.len() < 60_000, "{}: fonts are embedded in part", bytes.len());
}

#[test]
fn the_same_drawings_are_the_same_bytes() {
    let drawings = || [words(), squares()];
    assert_eq!(pdf(&drawings()).unwrap(), pdf(&drawings()).unwrap());
    assert_eq!(words().svg().unwrap(), words().svg().unwrap());
    assert_eq!(encode_png(&words().image()).unwrap(), encode_png(&words().image()).unwrap());
}

#[test]
fn a_file_of_no_page_is_made() {
    assert!(pdf(&[]).unwrap().starts_with(b"%PDF-"));
}
