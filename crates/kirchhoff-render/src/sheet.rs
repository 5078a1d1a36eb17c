//! Several pictures on one sheet.

use image::{Rgb, RgbImage};

use crate::bar::{OUTLINE, bar_height, draw_bar};
use crate::drawing::Drawing;
use crate::figure::{INK, PAPER, figure_within, side_of};
use crate::picture::fit_picture;
use crate::text::{Anchor, Type};
use crate::{Error, Figure, HeatMap, Style};

/// One heat map of a sheet.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it shows.
    pub map: HeatMap,
    /// How.
    pub style: Style,
    /// On what.
    pub figure: Figure,
}

impl Panel {
    /// A map as squares.
    pub fn new(map: HeatMap, style: Style) -> Self {
        Panel { map, style, figure: Figure::Squares }
    }

    /// The map as another figure.
    pub fn with_figure(self, figure: Figure) -> Self {
        Panel { figure, ..self }
    }
}

/// One input of a sheet: its picture beside its heat maps.
#[derive(Clone, Debug)]
pub struct SheetRow {
    /// The name of the input and what the network answered; line breaks are kept, the first line is the heading.
    pub label: String,
    /// The input itself, where it is a picture; it is fitted to its cell.
    pub picture: Option<RgbImage>,
    /// A heat map a column.
    pub panels: Vec<Panel>,
}

/// How large a sheet is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SheetSize {
    /// Side of a cell in pixels. It grows, up to 512, where a map has more cells than that a side, and shrinks, down to
    /// 56, where the columns would not fit.
    pub cell: u32,
    /// Neither side of a page is longer than this, as long as one row fits; at most 16384.
    pub longest: u32,
}

impl Default for SheetSize {
    fn default() -> Self {
        Self { cell: 224, longest: 4096 }
    }
}

/// Several inputs (rows) under several semirings (columns), on as many pages as their number takes.
///
/// A page is at most [`SheetSize::longest`] pixels wide and high: wide sheets shrink their cells, long ones continue on
/// further pages of the same layout. Pages are drawn one at a time, so a hundred inputs need the memory of one page.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    title: String,
    columns: Vec<String>,
    footer: String,
    rows: Vec<SheetRow>,
}

/// What ≤ and ≥ at the end of a scale say.
pub(crate) const CLIPPED: &str = "≤ and ≥: the few values beyond take the colour of the end";
const MARGIN: u32 = 32;
pub(crate) const COLUMN_GAP: u32 = 24;
const ROW_GAP: u32 = 26;
/// Between a heat map and its colour bar.
pub(crate) const BAR_GAP: u32 = 8;
const LARGEST_CELL: u32 = 512;
const SMALLEST_CELL: u32 = 56;
/// Of rows: labels and bars need room.
const LEAST_HEIGHT: u32 = 56;
const LONGEST_PAGE: u32 = 16_384;
/// Row labels are shortened to this.
const WIDEST_LABEL: u32 = 260;

pub(crate) const FADED: Rgb<u8> = Rgb([95, 95, 95]);

const TITLE: Type = Type { size: 30.0, colour: INK, bold: true };
pub(crate) const HEADING: Type = Type { size: 22.0, colour: INK, bold: true };
pub(crate) const LABEL: Type = Type { size: 19.0, colour: FADED, bold: false };
pub(crate) const NUMBER: Type = Type { size: 17.0, colour: FADED, bold: false };

/// The places of everything on every page.
struct Layout {
    cell: u32,
    /// How high cells are: less than they are wide where nothing takes all of it.
    cell_height: u32,
    label_width: u32,
    /// Left edges of the picture, if there is one, and of the panels.
    lefts: Vec<u32>,
    has_pictures: bool,
    width: u32,
    header: u32,
    row_pitch: u32,
    rows_a_page: usize,
    footer: Vec<String>,
}

impl Sheet {
    /// An empty sheet with its column headings; a line break in a heading begins a second, fainter line.
    pub fn new(columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Gives the sheet a title.
    pub fn with_title(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    /// Adds lines below the rows, such as the settings; long ones are shortened.
    pub fn with_footer(self, footer: impl Into<String>) -> Self {
        Self { footer: footer.into(), ..self }
    }

    /// Adds an input, which must have a heat map for each column.
    ///
    /// # Errors
    /// Another number of maps; a figure for another number of cells.
    pub fn push(&mut self, row: SheetRow) -> Result<(), Error> {
        if row.panels.len() != self.columns.len() {
            return Err(Error::Row { columns: self.columns.len(), found: row.panels.len() });
        }
        row.panels.iter().try_for_each(|panel| panel.figure.check(&panel.map))?;
        self.rows.push(row);
        Ok(())
    }

    /// The number of pages, at least one.
    pub fn page_count(&self, size: SheetSize) -> Result<usize, Error> {
        Ok(self.rows.len().div_ceil(self.layout(size)?.rows_a_page).max(1))
    }

    /// Draws the pages one after the other.
    pub fn pages(&self, size: SheetSize) -> Result<impl ExactSizeIterator<Item = RgbImage> + '_, Error> {
        Ok(self.drawings(size)?.map(|drawing| drawing.image()))
    }

    /// The pages as drawings, one after the other.
    ///
    /// # Errors
    /// More columns than fit on a page.
    pub fn drawings(&self, size: SheetSize) -> Result<impl ExactSizeIterator<Item = Drawing> + '_, Error> {
        let layout = self.layout(size)?;
        let count = self.rows.len().div_ceil(layout.rows_a_page).max(1);
        Ok((0..count).map(move |page| self.draw(&layout, page, count)))
    }

    fn layout(&self, size: SheetSize) -> Result<Layout, Error> {
        let size = SheetSize { longest: size.longest.min(LONGEST_PAGE), ..size };
        let label_width = self.rows.iter().map(|row| label_width(&row.label)).max().unwrap_or(0).min(WIDEST_LABEL);
        let has_pictures = self.rows.iter().any(|row| row.picture.is_some());
        let columns = (self.columns.len() + usize::from(has_pictures)) as u32;
        let label_gap = if label_width > 0 { COLUMN_GAP } else { 0 };
        let fixed = 2 * MARGIN + label_width + label_gap + columns.saturating_sub(1).saturating_mul(COLUMN_GAP);
        let room = size.longest.saturating_sub(fixed) / columns.max(1);
        if room < SMALLEST_CELL {
            return Err(Error::SheetTooWide { columns: self.columns.len(), longest: size.longest });
        }
        let panels = self.rows.iter().flat_map(|row| &row.panels);
        let readable = panels.map(|panel| panel.figure.readable(&panel.map)).max().unwrap_or(1);
        let wanted = size.cell.max(readable.min(LARGEST_CELL));
        let cell = wanted.clamp(SMALLEST_CELL, room);

        let first = MARGIN + label_width + label_gap;
        let lefts: Vec<u32> = (0..columns).map(|column| first + column * (cell + COLUMN_GAP)).collect();
        let content = lefts.last().map_or(first, |left| left + cell) + MARGIN;
        let title_width = if self.title.is_empty() { 0 } else { TITLE.width(&self.title) + 2 * MARGIN };
        let clipped = |panel: &Panel| panel.style.fit(&panel.map).legend().clip.is_some();
        let clip = self.rows.iter().flat_map(|row| &row.panels).any(clipped).then_some(CLIPPED);
        let clip_width = clip.map_or(0, |text| NUMBER.width(text) + 2 * MARGIN);
        let width = content.max(title_width.max(clip_width).min(size.longest));

        let heading_lines = self.columns.iter().map(|heading| heading.lines().count()).max().unwrap_or(0) as u32;
        let title_height = if self.title.is_empty() { 0 } else { TITLE.line() + 14 };
        let headings_height = HEADING.line() + heading_lines.saturating_sub(1) * LABEL.line() + 10;
        let header = MARGIN + title_height + headings_height;
        let panels = self.rows.iter().flat_map(|row| &row.panels).map(|panel| panel.figure.height(&panel.map, cell));
        let pictures = self.rows.iter().filter_map(|row| row.picture.as_ref());
        let pictures = pictures.map(|picture| side_of([picture.height() as usize, picture.width() as usize], cell));
        let cell_height = panels.chain(pictures).max().unwrap_or(cell).max(LEAST_HEIGHT).min(cell);
        let row_pitch = cell_height + BAR_GAP + bar_height(&NUMBER) + ROW_GAP;
        let mut footer: Vec<String> = self.footer.lines().map(str::to_owned).collect();
        footer.extend(clip.map(str::to_owned));
        // One line more, for the number of the page.
        let footer_height = (footer.len() as u32 + 1) * NUMBER.line();
        let rows_room = size.longest.saturating_sub(header + footer_height + MARGIN) / row_pitch;
        // The pages are filled evenly, rather than leaving a last one with a single row.
        let pages = self.rows.len().div_ceil(rows_room.max(1) as usize).max(1);
        let rows_a_page = self.rows.len().div_ceil(pages).max(1);
        Ok(Layout {
            cell,
            cell_height,
            label_width,
            lefts,
            has_pictures,
            width,
            header,
            row_pitch,
            rows_a_page,
            footer,
        })
    }

    fn draw(&self, layout: &Layout, page: usize, count: usize) -> Drawing {
        let rows = self.rows.iter().skip(page * layout.rows_a_page).take(layout.rows_a_page);
        let mut footer = layout.footer.clone();
        if count > 1 {
            footer.push(format!("page {} of {count}", page + 1));
        }
        let below = if footer.is_empty() { 0 } else { footer.len() as u32 * NUMBER.line() };
        let rows_height = rows.len() as u32 * layout.row_pitch;
        let height =
            layout.header + rows_height + below + MARGIN - if footer.is_empty() { ROW_GAP.min(MARGIN) } else { 0 };
        let mut drawing = Drawing::new(layout.width, height);
        self.draw_header(&mut drawing, layout);
        let mut top = layout.header;
        for row in rows {
            draw_row(&mut drawing, layout, row, top);
            top += layout.row_pitch;
        }
        for line in footer {
            let line = NUMBER.shorten(&line, layout.width - 2 * MARGIN);
            drawing.text(&NUMBER, &line, [i64::from(MARGIN), i64::from(top)], Anchor::Left);
            top += NUMBER.line();
        }
        drawing
    }

    fn draw_header(&self, drawing: &mut Drawing, layout: &Layout) {
        if !self.title.is_empty() {
            let title = TITLE.shorten(&self.title, layout.width - 2 * MARGIN);
            drawing.text(&TITLE, &title, [i64::from(MARGIN), i64::from(MARGIN)], Anchor::Left);
        }
        let input = layout.has_pictures.then_some("input");
        for (heading, left) in input.into_iter().chain(self.columns.iter().map(String::as_str)).zip(&layout.lefts) {
            let centre = i64::from(left + layout.cell / 2);
            let lines: Vec<&str> = heading.lines().collect();
            // Headings stand on the rows: one of a single line stands beside the last line of the others.
            let height = HEADING.line() + (lines.len().max(1) as u32 - 1) * LABEL.line() + 10;
            let mut y = i64::from(layout.header - height);
            for (index, line) in lines.iter().enumerate() {
                let lettering = if index == 0 { HEADING } else { LABEL };
                let line = lettering.shorten(line, layout.cell + COLUMN_GAP / 2);
                drawing.text(&lettering, &line, [centre, y], Anchor::Centre);
                y += i64::from(lettering.line());
            }
        }
    }
}

fn draw_row(drawing: &mut Drawing, layout: &Layout, row: &SheetRow, top: u32) {
    let lines: Vec<&str> = row.label.lines().collect();
    let label_height: u32 = (0..lines.len()).map(|line| label_type(line).line()).sum();
    let mut y = i64::from(top) + (i64::from(layout.cell_height) - i64::from(label_height)).max(0) / 2;
    for (index, line) in lines.iter().enumerate() {
        let lettering = label_type(index);
        let line = lettering.shorten(line, layout.label_width);
        let right = i64::from(MARGIN + layout.label_width);
        drawing.text(&lettering, &line, [right, y], Anchor::Right);
        y += i64::from(lettering.line());
    }
    let (first, lefts) = layout.lefts.split_at(usize::from(layout.has_pictures));
    if let (Some(picture), Some(&left)) = (&row.picture, first.first()) {
        place(drawing, Drawing::of(fit_picture(picture, layout.cell)), [left, top], [layout.cell, layout.cell_height]);
    }
    for (panel, &left) in row.panels.iter().zip(lefts) {
        let (picture, fitted) = figure_within(&panel.map, &panel.style, &panel.figure, layout.cell);
        place(drawing, picture, [left, top], [layout.cell, layout.cell_height]);
        draw_bar(drawing, &fitted, &NUMBER, left, top + layout.cell_height + BAR_GAP, layout.cell);
    }
}

/// Puts a picture into the middle of its cell, with a line around it: white maps would else have no edge on white.
fn place(drawing: &mut Drawing, picture: Drawing, [left, top]: [u32; 2], [cell, cell_height]: [u32; 2]) {
    let (width, height) = (picture.width(), picture.height());
    let x = left + (cell - width) / 2;
    let y = top + cell_height.saturating_sub(height) / 2;
    framed(drawing, picture, [x, y]);
}

/// Puts a picture to a place, with a line around it.
pub(crate) fn framed(drawing: &mut Drawing, picture: Drawing, [x, y]: [u32; 2]) {
    let size = [picture.width(), picture.height()];
    drawing.rectangle([x - 1, y - 1], [size[0] + 2, size[1] + 2], OUTLINE);
    drawing.rectangle([x, y], size, PAPER);
    drawing.place([x, y], picture);
}

fn label_type(line: usize) -> Type {
    if line == 0 { Type { size: LABEL.size, ..HEADING } } else { LABEL }
}

fn label_width(label: &str) -> u32 {
    label.lines().enumerate().map(|(index, line)| label_type(index).width(line)).max().unwrap_or(0)
}
