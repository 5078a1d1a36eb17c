//! Tables of a TOML document, read key by key, with the line of everything that is wrong.

use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a document, and in which line, from 1.
#[derive(Debug, PartialEq)]
pub(crate) struct Complaint {
    pub(crate) line: usize,
    pub(crate) reason: String,
}

/// A document and where its lines are.
#[derive(Clone, Copy)]
pub(crate) struct Document<'a> {
    text: &'a str,
    /// Where lines end, from the first on.
    ends: &'a [usize],
}

impl<'a> Document<'a> {
    /// A text, whose lines end [here](Document::ends).
    pub(crate) fn new(text: &'a str, ends: &'a [usize]) -> Self {
        Document { text, ends }
    }

    /// Where the lines of a text end: found once, since every table and value asks for its line.
    pub(crate) fn ends(text: &str) -> Vec<usize> {
        text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at).collect()
    }

    pub(crate) fn parse(self) -> Result<Table<'a>, Complaint> {
        let parsed = DeTable::parse(self.text).map_err(|error| {
            let line = self.line(error.span().unwrap_or_default());
            Complaint { line, reason: error.message().to_string() }
        })?;
        Ok(Table { document: self, line: 1, entries: parsed.into_inner(), what: "the description".to_string() })
    }

    fn line(self, span: Range<usize>) -> usize {
        1 + self.ends.partition_point(|&end| end < span.start)
    }
}

/// A table whose keys are taken out one after the other; [`Table::finish`] complains about those left over.
pub(crate) struct Table<'a> {
    document: Document<'a>,
    /// Where it starts.
    pub(crate) line: usize,
    entries: DeTable<'a>,
    /// How messages speak of it.
    pub(crate) what: String,
}

/// A value and its key.
pub(crate) struct Entry<'a> {
    document: Document<'a>,
    key: String,
    value: Spanned<DeValue<'a>>,
}

impl<'a> Table<'a> {
    pub(crate) fn complaint(&self, reason: String) -> Complaint {
        Complaint { line: self.line, reason }
    }

    /// Takes a key out.
    pub(crate) fn take(&mut self, key: &str) -> Option<Entry<'a>> {
        let value = self.entries.remove(key)?;
        Some(Entry { document: self.document, key: key.to_string(), value })
    }

    /// Takes out a key that has to be there.
    pub(crate) fn require(&mut self, key: &str) -> Result<Entry<'a>, Complaint> {
        self.take(key).ok_or_else(|| self.complaint(format!("{} needs '{key}'", self.what)))
    }

    /// Checks that no key is left. `known` are all keys that the table may have.
    pub(crate) fn finish(self, known: &[&str]) -> Result<(), Complaint> {
        let unknown = self.entries.keys().min_by_key(|key| key.span().start);
        let Some(key) = unknown else { return Ok(()) };
        let known = if known.is_empty() { "no keys".to_string() } else { known.join(", ") };
        let line = self.document.line(key.span());
        Err(Complaint { line, reason: format!("unknown key '{}': {} takes {known}", key.get_ref(), self.what) })
    }
}

impl<'a> Entry<'a> {
    pub(crate) fn line(&self) -> usize {
        self.document.line(self.value.span())
    }

    /// A complaint that the value is not what it should be.
    pub(crate) fn expected(&self, what: &str) -> Complaint {
        Complaint { line: self.line(), reason: format!("'{}' is {}", self.key, what) }
    }

    fn refuse<T>(&self, what: &str) -> Result<T, Complaint> {
        Err(self.expected(what))
    }

    pub(crate) fn string(self) -> Result<String, Complaint> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            _ => self.refuse("a string"),
        }
    }

    pub(crate) fn is_text(&self) -> bool {
        self.value.get_ref().is_str()
    }

    pub(crate) fn boolean(self) -> Result<bool, Complaint> {
        self.value.get_ref().as_bool().map_or_else(|| self.refuse("true or false"), Ok)
    }

    pub(crate) fn number(self) -> Result<f64, Complaint> {
        let number = match self.value.get_ref() {
            DeValue::Float(text) => f64::from_str(text.as_str()).ok(),
            DeValue::Integer(text) => i64::from_str_radix(text.as_str(), text.radix()).ok().map(|value| value as f64),
            _ => None,
        };
        number.filter(|value| value.is_finite()).map_or_else(|| self.refuse("a finite number"), Ok)
    }

    pub(crate) fn integer(self) -> Result<i64, Complaint> {
        let integer = match self.value.get_ref() {
            DeValue::Integer(text) => i64::from_str_radix(text.as_str(), text.radix()).ok(),
            _ => None,
        };
        integer.map_or_else(|| self.refuse("an integer"), Ok)
    }

    /// A count or size. None needs more than 32 bits, and products of two then fit 64.
    pub(crate) fn size(self) -> Result<usize, Complaint> {
        let refused = self.expected("an integer from 0 to 4294967295");
        self.integer().ok().and_then(|value| u32::try_from(value).ok()).map(|value| value as usize).ok_or(refused)
    }

    pub(crate) fn table(self, what: &str) -> Result<Table<'a>, Complaint> {
        let line = self.line();
        match self.value.into_inner() {
            DeValue::Table(entries) => Ok(Table { document: self.document, line, entries, what: what.to_string() }),
            _ => Err(Complaint { line, reason: format!("'{}' is a table", self.key) }),
        }
    }

    pub(crate) fn is_list(&self) -> bool {
        self.value.get_ref().is_array()
    }

    /// The members of a list.
    pub(crate) fn list(self) -> Result<Vec<Entry<'a>>, Complaint> {
        let line = self.line();
        match self.value.into_inner() {
            DeValue::Array(members) => {
                let entry = |value| Entry { document: self.document, key: self.key.clone(), value };
                Ok(members.into_iter().map(entry).collect())
            }
            _ => Err(Complaint { line, reason: format!("'{}' is a list", self.key) }),
        }
    }

    pub(crate) fn sizes(self) -> Result<Vec<usize>, Complaint> {
        self.list()?.into_iter().map(Entry::size).collect()
    }

    pub(crate) fn strings(self) -> Result<Vec<String>, Complaint> {
        self.list()?.into_iter().map(Entry::string).collect()
    }

    /// One number, or a list of them.
    pub(crate) fn numbers(self) -> Result<Vec<f32>, Complaint> {
        let number = |entry: Entry| entry.number().map(|value| value as f32);
        if self.is_list() { self.list()?.into_iter().map(number).collect() } else { Ok(vec![number(self)?]) }
    }

    /// One size for both axes, or `[vertical, horizontal]`.
    pub(crate) fn pair(self) -> Result<[usize; 2], Complaint> {
        if !self.is_list() {
            return self.size().map(|size| [size; 2]);
        }
        let refused = self.expected("one number, or [vertical, horizontal]");
        self.sizes()?.try_into().map_err(|_| refused)
    }
}
