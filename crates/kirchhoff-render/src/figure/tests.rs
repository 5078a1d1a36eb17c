use super::*;
use crate::{Kind, Panel, PreviewPanel, PreviewSize, Sheet, SheetRow, SheetSize, preview_row};

fn map(values: &[f64], shape: [usize; 2]) -> HeatMap {
    HeatMap::plane(values, shape).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

fn text(map: &HeatMap, figure: &Figure, columns: usize, colour: bool) -> String {
    let style = Style::for_values(Kind::Signed);
    let panel = PreviewPanel { heading: "real", map, style: &style, figure };
    preview_row(&[panel], PreviewSize { columns, line: 80, colour })
}

#[test]
fn words_stand_on_their_colour() {
    let style = Style::for_values(Kind::Signed);
    let map = map(&[1.0, 0.0, -1.0], [1, 3]);
    let figure = Figure::Words(names(&["very", "good", "not"]));
    let picture = render_figure(&map, &style, &figure, 200).unwrap();
    let fitted = style.fit(&map);
    for (value, word) in [(1.0, "very"), (-1.0, "not")] {
        let colour = fitted.colour(value);
        assert!(picture.pixels().filter(|&&pixel| pixel == colour).count() > 200, "{word}");
    }
    assert!(picture.pixels().any(|&pixel| pixel == ink_on(fitted.colour(0.0))), "letters");
    assert_eq!(text(&map, &figure, 12, false), "real\n#very ·good\n≡not\n−1 … 1\n");
    assert!(text(&map, &figure, 12, true).contains("mvery\u{1b}[0m"));
}

#[test]
fn many_words_keep_within_their_square_and_say_what_is_left_out() {
    let count = MOST_WORDS + 7;
    let words: Vec<String> = (0..count).map(|number| format!("w{number}")).collect();
    let map = map(&vec![0.5; count], [1, count]);
    let style = Style::for_values(Kind::Magnitude);
    let few = Figure::Words(words[..60].to_vec());
    let sixty = HeatMap::plane(&[0.5; 60], [1, 60]).unwrap();
    let picture = render_figure(&sixty, &style, &few, 320).unwrap();
    assert!(picture.width() == 320 && picture.height() <= 320, "{:?}", picture.dimensions());
    let long = "x".repeat(500);
    let shortened = render_figure(&HeatMap::plane(&[1.0], [1, 1]).unwrap(), &style, &Figure::Words(vec![long]), 100);
    assert_eq!(shortened.unwrap().width(), 100);
    assert!(text(&map, &Figure::Words(words), 60, false).contains("… and 7 more"));
}

#[test]
fn signals_are_drawn_over_their_relevance() {
    let style = Style::for_values(Kind::Magnitude);
    let map = map(&[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], [2, 4]);
    let figure = Figure::Curve { signal: vec![0.0, 1.0, 2.0, 3.0, 5.0, 5.0, 5.0, 5.0] };
    let picture = render_figure(&map, &style, &figure, 100).unwrap();
    let strong = style.fit(&map).colour(1.0);
    let columns: Vec<u32> =
        (0..100).filter(|&x| (0..picture.height()).any(|y| *picture.get_pixel(x, y) == strong)).collect();
    assert!(columns.iter().all(|&x| (25..50).contains(&x) || x >= 75), "{columns:?}");
    assert!((0..100).all(|x| (0..picture.height()).any(|y| *picture.get_pixel(x, y) == INK)), "the curve");
    // The first channel rises from below to above.
    let top = |x: u32| (0..picture.height() / 2).find(|&y| *picture.get_pixel(x, y) == INK).unwrap();
    assert!(top(2) > top(98) + 10);
    let short = Figure::Curve { signal: vec![0.0; 3] };
    assert!(matches!(render_figure(&map, &style, &short, 100), Err(Error::Shape { found: 3, .. })));
}

#[test]
fn bars_show_the_most_relevant_with_their_sign() {
    let style = Style::for_values(Kind::Signed);
    let map = map(&[2.0, -1.0, 0.0], [1, 3]);
    let figure = Figure::Bars(names(&["age", "hours", "sex"]));
    assert_eq!(
        text(&map, &figure, 20, false),
        "real\n  age ███████████  2\nhours ░░░░░░      −1\n  sex              0\n−2 … 2\n"
    );
    let picture = render_figure(&map, &style, &figure, 200).unwrap();
    let fitted = style.fit(&map);
    let reach = |colour: Rgb<u8>| {
        (0..200).filter(|&x| (0..picture.height()).any(|y| *picture.get_pixel(x, y) == colour)).collect::<Vec<_>>()
    };
    let (right, left) = (reach(fitted.colour(2.0)), reach(fitted.colour(-1.0)));
    assert!(left.last() < right.first(), "{left:?} {right:?}");
    let ratio = right.len() as f64 / left.len() as f64;
    assert!((1.8..2.2).contains(&ratio), "{ratio}");
    let many = HeatMap::plane(&(0..40).map(f64::from).collect::<Vec<_>>(), [1, 40]).unwrap();
    let figure = Figure::Bars((0..40).map(|number| format!("column {number}")).collect());
    let text = text(&many, &figure, 40, false);
    assert!(
        text.contains("column 39") && !text.contains("column 3 ") && text.contains("… and 24 less relevant ones"),
        "{text}"
    );
}

#[test]
fn figures_stand_on_sheets_in_cells_in_which_they_can_be_read() {
    let mut sheet = Sheet::new(["real"]);
    let panel = |figure| Panel::new(map(&[1.0, 2.0], [1, 2]), Style::for_values(Kind::Signed)).with_figure(figure);
    let row = |figure| SheetRow { label: "one".to_string(), picture: None, panels: vec![panel(figure)] };
    sheet.push(row(Figure::Words(names(&["a", "b"])))).unwrap();
    let width = |sheet: &Sheet| sheet.pages(SheetSize::default()).unwrap().next().unwrap().width();
    assert!(width(&sheet) >= 320);
    assert!(matches!(sheet.push(row(Figure::Words(names(&["a"])))), Err(Error::Shape { .. })));
}
