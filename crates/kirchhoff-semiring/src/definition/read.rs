//! Reads definitions: TOML, and the same on one line.

use toml::{Table, Value};

use super::column::{Column, ColumnType};
use super::compile::Sources;
use super::error::DefinitionError;
use super::{DefinedTheta, Order};
use crate::{Annotation, DefaultStart, Law, Laws, UnknownName};

/// The most columns of a value.
const COLUMNS: usize = 8;
/// The longest name, in characters.
const NAME: usize = 32;

const FIELDS: [&str; 14] = [
    "name",
    "description",
    "value",
    "zero",
    "one",
    "plus",
    "times",
    "minus",
    "theta",
    "show",
    "order",
    "laws",
    "rule",
    "start",
];

/// The laws by the names that definitions have for them.
const LAWS: [(&str, Law); 7] = [
    ("commutative", Law::CommutativeTimes),
    ("idempotent", Law::IdempotentPlus),
    ("idempotent-times", Law::IdempotentTimes),
    ("absorptive", Law::Absorptive),
    ("selective", Law::Selective),
    ("commutative-times", Law::CommutativeTimes),
    ("idempotent-plus", Law::IdempotentPlus),
];

/// What a definition says, before its expressions are read.
pub(super) struct Fields {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) columns: Vec<Column>,
    pub(super) single: bool,
    pub(super) sources: Sources,
    pub(super) theta: DefinedTheta,
    pub(super) order: Order,
    pub(super) laws: Laws,
    pub(super) rule: String,
    pub(super) start: DefaultStart,
}

/// Reads the TOML of a definition.
pub(super) fn toml(text: &str, origin: &str) -> Result<Fields, DefinitionError> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let place = error.span().map_or(String::new(), |span| {
            let before = text.get(..span.start).unwrap_or("");
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
            format!("line {line}, column {column}: ")
        });
        DefinitionError::Syntax { origin: origin.to_string(), problem: format!("{place}{}", error.message()) }
    })?;
    Reader { origin, table: &table, nameless: false }.fields()
}

/// The origin that messages about the one-line form name.
const CALL: &str = "define(...)";

/// Reads `define(...)`, which holds the fields of the TOML form, separated by commas: an inline table.
pub(super) fn call(text: &str) -> Result<Fields, DefinitionError> {
    let malformed = |problem: String| DefinitionError::Syntax { origin: CALL.to_string(), problem };
    let inner = text.trim().strip_prefix("define").map(str::trim_start).and_then(|rest| rest.strip_prefix('('));
    let inner = inner.ok_or_else(|| malformed("expected `define(plus=\"…\", times=\"…\", …)`".to_string()))?;
    let inner =
        inner.strip_suffix(')').ok_or_else(|| malformed("the bracket does not close at the end".to_string()))?;
    const BEFORE: &str = "definition = {";
    let whole = format!("{BEFORE}{inner}}}");
    let table: Table = whole.parse().map_err(|error: toml::de::Error| {
        let place = error.span().and_then(|span| whole.get(BEFORE.len()..span.start)).map_or(String::new(), |before| {
            let opened = text.find('(').map_or(0, |at| text[..=at].chars().count());
            format!("column {}: ", opened + before.chars().count() + 1)
        });
        malformed(format!(
            "{place}{}; a field is written name=\"expression\", and commas stand between fields",
            error.message().trim()
        ))
    })?;
    match (table.get("definition"), table.len()) {
        (Some(Value::Table(table)), 1) => Reader { origin: CALL, table, nameless: true }.fields(),
        _ => Err(malformed("something stands after the definition".to_string())),
    }
}

struct Reader<'a> {
    origin: &'a str,
    table: &'a Table,
    /// Whether the name may be left out.
    nameless: bool,
}

impl Reader<'_> {
    fn wrong<T>(&self, field: &str, problem: impl Into<String>) -> Result<T, DefinitionError> {
        let (origin, field) = (self.origin.to_string(), field.to_string());
        Err(DefinitionError::Field { origin, field, problem: problem.into() })
    }

    fn fields(&self) -> Result<Fields, DefinitionError> {
        for key in self.table.keys() {
            self.known("", key, &FIELDS)?;
        }
        let (columns, single) = self.columns()?;
        let name = match self.table.get("name") {
            None if self.nameless => "defined".to_string(),
            None => return self.wrong("name", "it is missing; expected a text such as `name = \"cheapest\"`"),
            Some(_) => self.text("name")?.unwrap_or_default(),
        };
        let mut letters = name.chars();
        let first = letters.next().is_some_and(|c| c.is_ascii_lowercase());
        if !first || name.len() > NAME || !letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            let rule = "a lower-case letter comes first, then such letters, digits and `-`";
            return self.wrong("name", format!("`{name}` is no name: {rule}, {NAME} in all"));
        }
        let (theta, theta_sources) = self.theta(&columns, single)?;
        let (show, show_order, show_laws) = self.show(single)?;
        let order = match (self.table.get("order"), show_order) {
            (Some(_), Some(_)) => return self.wrong("order", "it is given twice, here and in `show`"),
            (Some(order), None) => self.order("order", order)?,
            (None, Some(order)) => order,
            (None, None) if single => Order::Share,
            (None, None) => {
                return self.wrong(
                    "show.order",
                    "it is missing; expected \"share\" (larger is more), \"cost\" (smaller is more) or \"signed\"",
                );
            }
        };
        let laws = match (self.table.get("laws"), show_laws) {
            (Some(_), Some(_)) => return self.wrong("laws", "it is given twice, here and in `show`"),
            (Some(laws), None) => self.laws(laws)?,
            (None, laws) => laws.unwrap_or(Laws::NONE),
        };
        Ok(Fields {
            description: self.text("description")?.unwrap_or_default(),
            sources: Sources {
                zero: self.expressions("zero", &columns, single)?,
                one: self.expressions("one", &columns, single)?,
                plus: self.expressions("plus", &columns, single)?,
                times: self.expressions("times", &columns, single)?,
                minus: match self.table.contains_key("minus") {
                    true => Some(self.expressions("minus", &columns, single)?),
                    false => None,
                },
                theta: theta_sources,
                show,
            },
            rule: self.text("rule")?.unwrap_or_else(|| "zero".to_string()),
            start: match self.text("start")?.as_deref() {
                None | Some("one") => DefaultStart::One,
                Some("logit") if single => DefaultStart::Logit,
                Some("logit") => return self.wrong("start", "a record has no place for the logit; use \"one\""),
                Some(other) => return self.wrong("start", format!("expected \"one\" or \"logit\", not \"{other}\"")),
            },
            name,
            columns,
            single,
            theta,
            order,
            laws,
        })
    }

    /// Refuses fields that there are not.
    fn known(&self, within: &str, key: &str, known: &[&'static str]) -> Result<(), DefinitionError> {
        if known.contains(&key) {
            return Ok(());
        }
        self.wrong(&format!("{within}{key}"), UnknownName::new("field", key, known).to_string())
    }

    fn text(&self, field: &str) -> Result<Option<String>, DefinitionError> {
        match self.table.get(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => self.wrong(field, format!("expected a text in quotes, not {}", kind(other))),
        }
    }

    fn columns(&self) -> Result<(Vec<Column>, bool), DefinitionError> {
        match self.table.get("value") {
            None if self.nameless => Ok((vec![Column { name: "value".to_string(), kind: ColumnType::F32 }], true)),
            None => {
                self.wrong("value", "it is missing; expected `value = \"f32\"`, or a table with a type for each column")
            }
            Some(value @ Value::String(_)) => {
                let column = Column { name: "value".to_string(), kind: self.column_type("value", value)? };
                Ok((vec![column], true))
            }
            Some(Value::Table(table)) => {
                if table.is_empty() || table.len() > COLUMNS {
                    return self.wrong("value", format!("a value has 1 to {COLUMNS} columns, not {}", table.len()));
                }
                let mut columns = Vec::new();
                for (name, value) in table {
                    let field = format!("value.{name}");
                    let mut letters = name.chars();
                    let first = letters.next().is_some_and(|c| c.is_ascii_lowercase());
                    if !first || name.len() > NAME || !letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
                        let rule = "a lower-case letter comes first, then such letters and digits";
                        return self.wrong(&field, format!("`{name}` is no column: {rule}, {NAME} in all"));
                    }
                    columns.push(Column { name: name.clone(), kind: self.column_type(&field, value)? });
                }
                Ok((columns, false))
            }
            Some(other) => self.wrong("value", format!("expected a type or a table of types, not {}", kind(other))),
        }
    }

    fn column_type(&self, field: &str, value: &Value) -> Result<ColumnType, DefinitionError> {
        let names = ColumnType::ALL.map(ColumnType::name);
        match value {
            Value::String(name) => match ColumnType::named(name) {
                Some(kind) => Ok(kind),
                None => self.wrong(field, UnknownName::new("type", name, &names).to_string()),
            },
            other => {
                self.wrong(field, format!("expected one of \"f32\", \"f64\", \"u64\", \"bool\", not {}", kind(other)))
            }
        }
    }

    /// An expression for each column, with its field.
    fn expressions(
        &self,
        field: &'static str,
        columns: &[Column],
        single: bool,
    ) -> Result<Vec<(String, String)>, DefinitionError> {
        let Some(value) = self.table.get(field) else {
            let example = if single {
                format!("`{field} = \"…\"`")
            } else {
                format!("a table `[{field}]` with an expression for each column")
            };
            return self.wrong(field, format!("it is missing; expected {example}"));
        };
        match (value, single) {
            (Value::Table(_), true) => self.wrong(field, "expected one expression, since a value is one number"),
            (_, true) => Ok(vec![(field.to_string(), self.expression(field, value)?)]),
            (Value::Table(table), false) => {
                for key in table.keys() {
                    if !columns.iter().any(|column| column.name == *key) {
                        let names: Vec<_> = columns.iter().map(|column| format!("`{}`", column.name)).collect();
                        return self.wrong(
                            &format!("{field}.{key}"),
                            format!("a value has no column `{key}`; it has {}", names.join(", ")),
                        );
                    }
                }
                let of = |column: &Column| {
                    let name = format!("{field}.{}", column.name);
                    match table.get(&column.name) {
                        None => self.wrong(&name, "it is missing; every column needs an expression"),
                        Some(value) => Ok((name.clone(), self.expression(&name, value)?)),
                    }
                };
                columns.iter().map(of).collect()
            }
            (_, false) => {
                self.wrong(field, format!("expected a table with an expression for each column, not {}", kind(value)))
            }
        }
    }

    /// An expression, as text, a number or a truth value.
    fn expression(&self, field: &str, value: &Value) -> Result<String, DefinitionError> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Boolean(truth) => Ok(truth.to_string()),
            Value::Float(number) if number.is_nan() => {
                self.wrong(field, "`nan` is no element: it is not equal to itself")
            }
            Value::Float(number) => Ok(format!("{number:?}")),
            other => self.wrong(field, format!("expected an expression in quotes, not {}", kind(other))),
        }
    }

    #[expect(clippy::type_complexity, reason = "Θ and its expressions")]
    fn theta(
        &self,
        columns: &[Column],
        single: bool,
    ) -> Result<(DefinedTheta, Option<Vec<(String, String)>>), DefinitionError> {
        if let Some(Value::String(text)) = self.table.get("theta") {
            let name = text.split('(').next().unwrap_or("").trim();
            let known = Annotation::ALL.iter().any(|annotation| annotation.name() == name);
            if known || !single {
                let annotation: Annotation = match text.parse() {
                    Ok(annotation) => annotation,
                    Err(error) => return self.wrong("theta", error.to_string()),
                };
                let is_threshold = annotation.is_threshold();
                if annotation == Annotation::Rank {
                    let reason = "`rank` depends on the other contributions of the layer";
                    return self.wrong("theta", format!("{reason}; use another annotation or an expression in `d`"));
                }
                if !is_threshold && (!single || !columns[0].kind.is_float()) {
                    let fits = "`threshold(θ)`, `threshold-abs(θ)` or expressions in `d`";
                    let problem = format!("`{annotation}` yields real numbers; values of this definition take {fits}");
                    return self.wrong("theta", problem);
                }
                return Ok((DefinedTheta::Annotation(annotation), None));
            }
        }
        let fields = self.expressions("theta", columns, single)?;
        let texts = fields.iter().map(|(_, text)| text.clone()).collect();
        Ok((DefinedTheta::Expression(texts), Some(fields)))
    }

    #[expect(clippy::type_complexity, reason = "the parts of one table")]
    fn show(&self, single: bool) -> Result<((String, String), Option<Order>, Option<Laws>), DefinitionError> {
        match self.table.get("show") {
            None if single => Ok((("show.value".to_string(), "a".to_string()), None, None)),
            None => self.wrong(
                "show",
                "it is missing; expected a table `[show]` with `value`, a number for pictures, and `order`",
            ),
            Some(Value::Table(table)) => {
                for key in table.keys() {
                    self.known("show.", key, &["value", "order", "laws"])?;
                }
                let value = match table.get("value") {
                    None if single => "a".to_string(),
                    None => return self.wrong("show.value", "it is missing; expected an expression in `a`"),
                    Some(value) => self.expression("show.value", value)?,
                };
                let order = table.get("order").map(|order| self.order("show.order", order)).transpose()?;
                // In TOML, a key that follows the last table belongs to it, as `laws` at the end of a file.
                let laws = table.get("laws").map(|laws| self.laws(laws)).transpose()?;
                Ok((("show.value".to_string(), value), order, laws))
            }
            Some(value) => Ok((("show".to_string(), self.expression("show", value)?), None, None)),
        }
    }

    fn order(&self, field: &str, value: &Value) -> Result<Order, DefinitionError> {
        match value {
            Value::String(text) if text == "share" => Ok(Order::Share),
            Value::String(text) if text == "cost" => Ok(Order::Cost),
            Value::String(text) if text == "signed" => Ok(Order::Signed),
            _ => self.wrong(
                field,
                format!("expected \"share\" (larger is more), \"cost\" (smaller is more) or \"signed\", not {value}"),
            ),
        }
    }

    fn laws(&self, value: &Value) -> Result<Laws, DefinitionError> {
        let Value::Array(names) = value else {
            return self.wrong("laws", format!("expected a list of names, not {}", kind(value)));
        };
        let mut laws = Vec::new();
        for name in names {
            let Value::String(name) = name else {
                return self.wrong("laws", format!("expected names of laws in quotes, not {}", kind(name)));
            };
            match LAWS.iter().find(|(known, _)| known == name) {
                Some((_, law)) => laws.push(*law),
                None => {
                    let known = LAWS.map(|(known, _)| known);
                    return self.wrong("laws", UnknownName::new("law", name, &known[..5]).to_string());
                }
            }
        }
        Ok(Laws::of(&laws))
    }
}

/// What stands in a file, in words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "a truth value",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}
