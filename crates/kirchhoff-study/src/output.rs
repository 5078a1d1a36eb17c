//! What a study finds, as files.

use std::fmt::Write;

use kirchhoff_data::Skipped;
use kirchhoff_file::{Folder, FolderError, GENERATOR, Output};
use kirchhoff_render::Report;
use serde_json::{Map, Value, json};

/// The files of a study, in memory until all of them can be written together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    /// Name and content of each, in the order in which they were added.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Outputs {
    /// Adds a file.
    pub fn add(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.files.push((name.into(), bytes.into()));
    }

    /// Adds `study.json`, which says first that it is this tool's.
    pub(crate) fn study(&mut self, study: &Value) {
        let mut text = format!("{study:#}");
        text.insert_str(1, &format!("\n  \"{GENERATOR}\": \"{}\",", env!("CARGO_PKG_VERSION")));
        self.add(STUDY, text);
    }

    /// Writes all of them to a folder, which is made where it is not there: whole, or none.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub fn write(&self, folder: impl Into<Output>) -> Result<(), FolderError> {
        let mut folder = Folder::open(folder)?;
        folder.replace_run(STUDY);
        let names: Vec<&str> = self.files.iter().map(|(name, _)| &name[..]).collect();
        for (name, bytes) in &self.files {
            match name == STUDY {
                true => folder.write(name, &listing(bytes, &names))?,
                false => folder.write(name, bytes)?,
            }
        }
        folder.commit()
    }
}

/// What a study says of itself.
const STUDY: &str = "study.json";

/// The text of `study.json` with the names of all files behind its first line, for the next run into the folder.
fn listing(study: &[u8], names: &[&str]) -> Vec<u8> {
    let line = format!("\n  \"files\": {},", json!(names));
    let first = study.iter().position(|&byte| byte == b',').map_or(study.len(), |comma| comma + 1);
    [&study[..first], line.as_bytes(), &study[first..]].concat()
}

/// A table, for CSV files and reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with a cell a column.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: &[&str]) -> Self {
        Table { columns: columns.iter().map(|column| column.to_string()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// If it has another number of cells than the table has columns.
    pub fn push(&mut self, row: Vec<String>) {
        assert_eq!(row.len(), self.columns.len(), "a cell a column");
        self.rows.push(row);
    }

    /// The rows as objects by the names of the columns; cells that are finite numbers are numbers.
    pub fn json(&self) -> Value {
        let cell = |cell: &String| match cell.parse::<f64>() {
            Ok(number) if number.is_finite() => json!(number),
            _ => json!(cell),
        };
        let row = |row: &Vec<String>| self.columns.iter().cloned().zip(row.iter().map(cell)).collect::<Map<_, _>>();
        self.rows.iter().map(|cells| Value::Object(row(cells))).collect()
    }

    /// The table as CSV (RFC 4180): cells with commas, quotes or line breaks are quoted.
    pub fn csv(&self) -> String {
        let mut text = String::new();
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
            let _ = writeln!(text, "{}", cells.join(","));
        }
        text
    }
}

fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_string(),
    }
}

/// The rows of a table with its numbers as readers want them.
pub(crate) fn rounded(table: &Table) -> Vec<Vec<String>> {
    let cell = |cell: &String| match (cell.contains('.'), cell.parse::<f64>()) {
        (true, Ok(number)) => format!("{number:.4}"),
        _ => cell.clone(),
    };
    table.rows.iter().map(|row| row.iter().map(cell).collect()).collect()
}

/// Adds the settings to a report, and `study.json` with them and with what was found.
pub(crate) fn described(
    study: &str,
    settings: &Value,
    found: &Value,
    skipped: (u64, &[Skipped]),
    report: &mut Report,
    outputs: &mut Outputs,
) {
    report.heading("Settings");
    for (name, value) in settings.as_object().into_iter().flatten() {
        report.paragraph(&format!("{name}: {}", value.as_str().map_or(value.to_string(), str::to_string)));
    }
    let study = json!({
        "study": study,
        "settings": settings,
        "found": found,
        "skipped": {"count": skipped.0, "listed": skipped.1},
    });
    outputs.study(&study);
}

/// Lists the inputs that were passed over, if there are any: the first ones of so many.
pub(crate) fn skipped((count, listed): (u64, &[Skipped]), report: &mut Report, outputs: &mut Outputs) {
    if count == 0 {
        return;
    }
    let mut table = Table::new(&["position", "input", "reason"]);
    for skipped in listed {
        table.push(vec![skipped.position.to_string(), skipped.name.clone(), skipped.reason.clone()]);
    }
    report.heading("Inputs passed over");
    report.paragraph(&format!("{count} inputs could not be taken."));
    report.table(&table.columns, &table.rows);
    outputs.add("skipped.csv", table.csv());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_would_break_a_line_are_quoted() {
        let mut table = Table::new(&["class", "name"]);
        table.push(vec!["0".to_string(), "a, \"b\"".to_string()]);
        assert_eq!(table.csv(), "class,name\n0,\"a, \"\"b\"\"\"\n");
    }
}
