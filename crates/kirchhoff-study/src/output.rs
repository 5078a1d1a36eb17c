//! What a study finds, as files.

use std::fmt::Write;

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
