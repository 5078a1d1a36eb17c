//! Sheets as their readers see them: everything is there, nothing runs over, and a hundred inputs stay bounded.

use image::Rgb;
use kirchhoff_render::{Error, HeatMap, Kind, Palette, Panel, RgbImage, Sheet, SheetRow, SheetSize, Style, encode_png};

const CELL: u32 = 224;
const MARGIN: u32 = 32;

fn panel(kind: Kind, side: usize) -> Panel {
    let values: Vec<f64> = (0..side * side).map(|index| index as f64 / (side * side) as f64).collect();
    Panel::new(HeatMap::plane(&values, [side, side]).unwrap(), Style::for_values(kind))
}

fn sheet(rows: usize, side: usize) -> Sheet {
    let mut sheet = Sheet::new(["real", "boolean\nθ = 1e−9"]);
    for row in 0..rows {
        sheet
            .push(SheetRow {
                label: format!("digit {row}\ntarget 3 (0.98)"),
                picture: Some(RgbImage::from_pixel(28, 28, Rgb([0, 0, 0]))),
                panels: vec![panel(Kind::Signed, side), panel(Kind::Truth, side)],
            })
            .unwrap();
    }
    sheet
}

fn only_page(sheet: &Sheet) -> RgbImage {
    let pages: Vec<RgbImage> = sheet.pages(SheetSize::default()).unwrap().collect();
    assert_eq!(pages.len(), 1);
    pages.into_iter().next().unwrap()
}

fn ink(image: &RgbImage, [left, right]: [u32; 2], [top, bottom]: [u32; 2]) -> usize {
    let places = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
    places.filter(|&(x, y)| image.get_pixel(x, y).0.iter().all(|&channel| channel < 160)).count()
}

/// The left edges of the cells, found by the black input and counted from there.
fn lefts(image: &RgbImage) -> [u32; 3] {
    let black = |x: u32, y: u32| *image.get_pixel(x, y) == Rgb([0, 0, 0]);
    let (_, left) = (0..image.height())
        .flat_map(|y| (0..image.width()).map(move |x| (y, x)))
        .find(|&(y, x)| (0..CELL).all(|step| x + step < image.width() && black(x + step, y)))
        .expect("the input is drawn as large as its cell");
    [0, 1, 2].map(|column| left + column * (CELL + 24))
}

#[test]
fn headings_labels_and_numbers_are_written() {
    let image = only_page(&sheet(1, 28));
    let [input, real, boolean] = lefts(&image);
    let top = (0..image.height()).find(|&y| *image.get_pixel(input, y) == Rgb([0, 0, 0])).unwrap();
    for left in [input, real, boolean] {
        assert!(ink(&image, [left, left + CELL], [MARGIN, top - 2]) > 60, "a heading above {left}");
    }
    assert!(ink(&image, [MARGIN, input - 4], [top, top + CELL]) > 200, "a label beside the input");
    for left in [real, boolean] {
        let numbers = [top + CELL + 8 + 12 + 2, top + CELL + 8 + 12 + 22];
        assert!(ink(&image, [left, left + 60], numbers) > 10, "the low end below {left}");
        assert!(ink(&image, [left + CELL - 60, left + CELL], numbers) > 10, "the high end below {left}");
    }
}

#[test]
fn margins_stay_white() {
    let titled =
        sheet(3, 28).with_title("Why a three").with_footer("LRP-ε, θ = 1e−9\n".to_owned() + &"long ".repeat(200));
    for image in [only_page(&titled), only_page(&sheet(1, 14))] {
        let (width, height) = image.dimensions();
        let white = |x: u32, y: u32| *image.get_pixel(x, y) == Rgb([255, 255, 255]);
        assert!((0..height).all(|y| (0..MARGIN - 2).all(|x| white(x, y) && white(width - 1 - x, y))));
        assert!((0..width).all(|x| (0..20).all(|y| white(x, y) && white(x, height - 1 - y))));
    }
}

#[test]
fn cells_hold_the_colours_of_their_maps() {
    let image = only_page(&sheet(1, 28));
    let [input, real, boolean] = lefts(&image);
    let top = (0..image.height()).find(|&y| *image.get_pixel(input, y) == Rgb([0, 0, 0])).unwrap();
    assert_eq!(*image.get_pixel(real + 2, top + 2), Rgb([255, 255, 255]));
    assert_eq!(*image.get_pixel(real + CELL - 2, top + CELL - 2), Palette::Diverging.colour(1.0));
    assert_eq!(*image.get_pixel(boolean + 2, top + 2), Palette::Truth.colour(0.0));
    assert_eq!(*image.get_pixel(boolean + CELL - 2, top + 2), Palette::Truth.colour(1.0));
}

#[test]
fn a_hundred_inputs_continue_on_bounded_pages() {
    let sheet = sheet(100, 28);
    let size = SheetSize::default();
    let sizes: Vec<(u32, u32)> = sheet.pages(size).unwrap().map(|page| page.dimensions()).collect();
    assert_eq!(sizes.len(), sheet.page_count(size).unwrap());
    assert!((7..=10).contains(&sizes.len()), "{sizes:?}");
    assert!(sizes.iter().all(|&(width, height)| width == sizes[0].0 && width.max(height) <= size.longest), "{sizes:?}");
}

#[test]
fn wide_sheets_shrink_their_cells_until_they_cannot() {
    let wide = |columns: usize| {
        let mut sheet = Sheet::new(vec!["lukasiewicz"; columns]);
        let panels = (0..columns).map(|_| panel(Kind::Cost, 28)).collect();
        sheet.push(SheetRow { label: "a".repeat(500), picture: None, panels }).unwrap();
        sheet.pages(SheetSize::default()).map(|mut pages| pages.next().unwrap().dimensions())
    };
    let (width, height) = wide(40).unwrap();
    assert!(width <= 4096 && height < 400, "{width} × {height}");
    assert!(matches!(wide(60), Err(Error::SheetTooWide { columns: 60, longest: 4096 })));
}

#[test]
fn large_maps_widen_their_cells_up_to_a_limit() {
    let width = |side: usize| only_page(&sheet(1, side)).width();
    assert_eq!(width(299) - width(224), 3 * 75);
    assert_eq!(width(512), width(2000));
}

#[test]
fn clipping_is_explained_below() {
    let mut values = vec![0.5; 10_000];
    values[0] = 1000.0;
    let rows = |clip: f64| {
        let style = Style::for_values(Kind::Magnitude).with_clip(clip).unwrap();
        let mut sheet = Sheet::new(["viterbi"]);
        let panel = Panel::new(HeatMap::grid(&values).unwrap(), style);
        sheet.push(SheetRow { label: String::new(), picture: None, panels: vec![panel] }).unwrap();
        only_page(&sheet).height()
    };
    assert!(rows(0.999) > rows(1.0));
}

#[test]
fn rows_must_fit_and_empty_sheets_are_drawn() {
    let mut sheet = Sheet::new(["real", "boolean"]);
    let row = SheetRow { label: String::new(), picture: None, panels: vec![panel(Kind::Signed, 2)] };
    let error = sheet.push(row).unwrap_err();
    assert_eq!(error.to_string(), "a row of 1 maps does not fit a sheet of 2 columns");
    assert!(only_page(&sheet).width() > 2 * CELL);
    assert!(only_page(&Sheet::new([""; 0])).width() > 0);
}

#[test]
fn the_same_sheet_has_the_same_bytes() {
    let bytes = || encode_png(&only_page(&sheet(2, 28))).unwrap();
    assert_eq!(bytes(), bytes());
}
