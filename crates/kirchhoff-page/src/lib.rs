//! Pages of HTML that one can touch: one file with its data and its program, which loads nothing and needs no server.
//!
//! The program is written in TypeScript, in the folder `page` of the repository, and is embedded as one file,
//! `assets/page.html`. This crate puts data into it: a [`Page`] takes arrays of numbers, and then all that the program is to
//! know, as anything that serialises to JSON and refers to the arrays.
//!
//! ```
//! use kirchhoff_page::Page;
//! use serde_json::json;
//!
//! let mut page = Page::new("</script> stays text");
//! let values = page.array(&[0.5_f32, -1.0]);
//! let html = page.html(&json!({ "kind": "example", "name": "</script>", "values": values }))?;
//! assert!(html.contains(r#""name":"\u003c/script>""#));
//! assert!(html.contains("<title>&lt;/script&gt; stays text</title>"));
//! # Ok::<(), serde_json::Error>(())
//! ```

#![forbid(unsafe_code)]

mod encode;

use std::fmt::Write;

use kirchhoff_file::HTML_MARK;
use serde::Serialize;

pub use encode::Number;

/// The page with its program and styles, and marks where title and data go.
const TEMPLATE: &str = include_str!("../assets/page.html");

/// The program of reports, which makes their tables sort and their curves tell values: it stands at the end of a page, whose
/// curves are a `figure` of class `curves` with an SVG picture and JSON in a script.
pub const REPORT_SCRIPT: &str = include_str!("../assets/report.js");

/// Where the head's lines go: who wrote the page, and its title.
const HEAD: &str = "<!-- head -->";
/// Where the data goes.
const DATA: &str = "<!-- data -->";

/// A page of HTML in the making: its title, and the arrays that its data refers to.
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    arrays: Vec<String>,
    bytes: usize,
}

/// A reference to an array of a page: serialises to what the page's program finds it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ArrayRef {
    /// The position among the page's arrays.
    array: usize,
    /// The type of the numbers.
    r#type: &'static str,
    /// How many they are.
    length: usize,
}

impl Page {
    /// A page with a title and no arrays yet.
    pub fn new(title: impl Into<String>) -> Self {
        Page { title: title.into(), arrays: Vec::new(), bytes: 0 }
    }

    /// Adds an array of numbers, which the page shows to the last bit.
    ///
    /// Takes time and memory in the size of the array: it is compressed by gzip, and written in base64.
    pub fn array<T: Number>(&mut self, values: &[T]) -> ArrayRef {
        let array = encode::encoded(values);
        self.bytes += array.len();
        self.arrays.push(array);
        ArrayRef { array: self.arrays.len() - 1, r#type: T::NAME, length: values.len() }
    }

    /// The bytes that the arrays take in the page so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The page with its data. Names and texts in it may hold anything: none of it becomes markup.
    ///
    /// # Errors
    /// Data that cannot be written as JSON.
    pub fn html(&self, data: &impl Serialize) -> Result<String, serde_json::Error> {
        // Of all that JSON may hold, only `<` means something to HTML inside a script, and it stands in texts alone.
        let data = serde_json::to_string(data)?.replace('<', "\\u003c");
        let [before, rest] = halves(TEMPLATE, HEAD);
        let [between, after] = halves(rest, DATA);
        let mut html = String::with_capacity(TEMPLATE.len() + data.len() + self.bytes + 64 * self.arrays.len() + 1024);
        html.push_str(before);
        let _ = write!(html, "{HTML_MARK}\n<title>{}</title>", escaped(&self.title));
        html.push_str(between);
        let _ = writeln!(html, "<script type=\"application/json\" id=\"data\">{data}</script>");
        for (number, array) in self.arrays.iter().enumerate() {
            let _ = writeln!(html, "<script type=\"text/plain\" id=\"array-{number}\">{array}</script>");
        }
        html.push_str(after);
        Ok(html)
    }
}

/// What stands before and behind the first place of a mark.
fn halves<'a>(text: &'a str, mark: &str) -> [&'a str; 2] {
    let (before, after) = text.split_once(mark).expect("the embedded page has its marks");
    [before, after]
}

/// Text as it stands in HTML, between tags and in attributes.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_stay_data() {
        let hostile = "</script><script>alert(1)</script><!-- <script>\u{202e}\u{2028}&amp;";
        let mut page = Page::new(hostile);
        page.array(&[1_u8]);
        let html = page.html(&serde_json::json!({ "name": hostile, hostile: 1 })).unwrap();
        let empty = Page::new("").html(&serde_json::json!({})).unwrap();
        let count = |html: &str, what: &str| html.matches(what).count();
        assert_eq!(count(&html, "<script"), count(&empty, "<script") + 1, "one more: that of the array");
        assert_eq!(count(&html, "<!--"), count(&empty, "<!--"));
        let data = html.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["name"], hostile);
        assert_eq!(data[hostile], 1);
    }

    #[test]
    fn the_page_is_known_as_this_tools_and_may_load_nothing() {
        let html = Page::new("").html(&serde_json::json!({})).unwrap();
        assert!(html.starts_with("<!DOCTYPE html>"));
        assert!(html.find(HTML_MARK).is_some_and(|at| at < 1000), "outputs are told from others' files by it");
        assert!(html.contains("default-src 'none'"));
        assert!(!html.contains(HEAD) && !html.contains(DATA));
    }
}
