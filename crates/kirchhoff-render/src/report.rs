//! A report of several heat maps as one HTML file.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kirchhoff_file::HTML_MARK;
use kirchhoff_page::{REPORT_SCRIPT, escaped};

use crate::{Error, Plot};

/// A page of HTML in one file: pictures are part of it, and nothing is loaded from elsewhere. Where scripts may run, its tables
/// sort and its curves tell their values.
///
/// ```
/// use kirchhoff_render::Report;
///
/// let mut report = Report::new("Masks");
/// report.heading("Settings");
/// report.table(&["layer", "neurons"], &[vec!["0".to_string(), "< 300".to_string()]]);
/// assert!(report.html().contains("<td>&lt; 300</td>"));
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    title: String,
    body: String,
}

const STYLE: &str = "\
:root{color-scheme:light}\
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
h1{font-size:1.7rem}h2{font-size:1.25rem;margin-top:2.2rem}\
table{border-collapse:collapse;font-size:.9rem;margin:1rem 0}\
th,td{padding:.25rem .7rem;border-bottom:1px solid #ddd;text-align:right}\
th:first-child,td:first-child{text-align:left}th{border-bottom:2px solid #888}\
.wide{overflow-x:auto}\
figure{margin:1.2rem 0}figcaption{color:#555;font-size:.9rem}\
th button{font:inherit;color:inherit;background:none;border:0;padding:.2rem 0;cursor:pointer}\
th[aria-sort=ascending] button::after{content:\" ▲\" / \"\"}th[aria-sort=descending] button::after{content:\" ▼\" / \"\"}\
.told{display:flex;flex-wrap:wrap;gap:.1rem 1rem;font-size:.9rem;min-height:1.5em}img,svg{max-width:100%;height:auto}";

impl Report {
    /// A page with a title.
    pub fn new(title: impl Into<String>) -> Self {
        Report { title: title.into(), body: String::new() }
    }

    /// Begins a section.
    pub fn heading(&mut self, text: &str) {
        let _ = writeln!(self.body, "<h2>{}</h2>", escaped(text));
    }

    /// Adds a paragraph.
    pub fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.body, "<p>{}</p>", escaped(text));
    }

    /// Adds a table.
    pub fn table(&mut self, columns: &[impl AsRef<str>], rows: &[Vec<String>]) {
        let cells = |cells: &mut dyn Iterator<Item = &str>, tag: &str| -> String {
            cells.map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect()
        };
        let head = cells(&mut columns.iter().map(AsRef::as_ref), "th");
        let _ = writeln!(self.body, "<div class=\"wide\"><table><tr>{head}</tr>");
        for row in rows {
            let _ = writeln!(self.body, "<tr>{}</tr>", cells(&mut row.iter().map(String::as_str), "td"));
        }
        self.body.push_str("</table></div>\n");
    }

    /// Adds a PNG picture.
    pub fn picture(&mut self, caption: &str, png: &[u8]) {
        let (data, caption) = (STANDARD.encode(png), escaped(caption));
        let image = format!("<img alt=\"{caption}\" src=\"data:image/png;base64,{data}\">");
        self.figure(&image, &caption);
    }

    /// Adds curves, and gives their picture, as [`Plot::svg`] draws it.
    ///
    /// # Errors
    /// A picture that cannot be drawn.
    pub fn plot(&mut self, caption: &str, plot: &Plot) -> Result<String, Error> {
        let (svg, caption, data) = (plot.svg()?, escaped(caption), plot.data().json());
        let script = format!("<script type=\"application/json\">{data}</script>");
        let _ =
            writeln!(self.body, "<figure class=\"curves\">{svg}{script}<figcaption>{caption}</figcaption></figure>");
        Ok(svg)
    }

    fn figure(&mut self, content: &str, caption: &str) {
        let _ = writeln!(self.body, "<figure>{content}<figcaption>{caption}</figcaption></figure>");
    }

    /// The page.
    pub fn html(&self) -> String {
        let (title, body) = (escaped(&self.title), &self.body);
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
             {HTML_MARK}\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<style>{STYLE}</style></head>\n\
             <body><main><h1>{title}</h1>\n{body}</main>\n<script>{REPORT_SCRIPT}</script></body></html>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let hostile = "<script>\"x\" & 'y'</script>";
        let mut report = Report::new(hostile);
        report.heading(hostile);
        report.paragraph(hostile);
        report.table(&[hostile], &[vec![hostile.to_string()]]);
        report.picture(hostile, b"\x89PNG");
        let curve = crate::Curve { name: hostile.to_string(), points: vec![[0.0, 1.0]], band: Vec::new() };
        report.plot(hostile, &Plot::new(hostile, hostile, hostile).with_curve(curve)).unwrap();
        let html = report.html();
        let own = Report::new("").html().matches("<script").count();
        assert_eq!(html.matches("<script").count(), own + 1, "one more, that of the data: {html}");
        assert_eq!(html.matches("</script").count(), own + 1);
        let loads = |html: &str| html.replace("http://www.w3.org/", "").contains("http");
        assert!(!loads(&html), "nothing is loaded");
        assert!(html.contains("base64,iVBORw=="));
    }
}
