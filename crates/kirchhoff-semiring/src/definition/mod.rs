//! Semirings as texts: expressions for `⊕`, `⊗`, 0, 1 and Θ, checked where they are read and run in blocks.

mod aligned;
mod cells;
mod check;
mod column;
mod compile;
mod defined;
mod edge_program;
mod edges;
mod error;
mod expression;
mod graph;
mod identities;
mod lanes;
mod layouts;
mod made;
mod number;
mod operation;
mod parse;
mod program;
mod range;
mod read;
mod recognise;
mod reduce;
mod run;
mod token;
mod types;

pub use cells::Cells;
pub use column::{Column, ColumnType};
pub use defined::Defined;
pub use edges::{Columns, EdgeLanes, JoinEdges};
pub use error::{DefinitionError, DefinitionFault, Faults};
pub use layouts::{DefinedSemiring, DefinedVisitor};

use std::sync::Arc;

use check::CheckLaws;
use compile::{Compiled, Sources};
use defined::Shared;
use serde::Serialize;

use crate::{Annotation, DefaultStart, LawReport, Laws, Meaning, SemiringInfo};

/// A semiring that its user wrote as expressions, in a TOML file or on one line.
///
/// ```
/// use kirchhoff_semiring::{Definition, DefinedSemiring, Law, Semiring};
///
/// let definition = Definition::from_toml(
///     r#"
///     name = "cheapest"
///     description = "cost of the cheapest path, and how many are that cheap"
///     value = { cost = "f32", number = "u64" }
///     zero = { cost = inf, number = 0 }
///     one = { cost = 0, number = 1 }
///     order = "cost"
///     show = "a.cost"
///     laws = ["commutative"]
///     [plus]
///     cost = "min(a.cost, b.cost)"
///     number = "a.number * (a.cost <= b.cost) + b.number * (b.cost <= a.cost)"
///     [times]
///     cost = "a.cost + b.cost"
///     number = "a.number * b.number"
///     [theta]
///     cost = "if(d > 0, -log2(d), inf)"
///     number = "u64(d > 0)"
///     "#,
///     "cheapest.toml",
/// )?;
/// assert!(definition.check()?.passed());
///
/// let viterbi = Definition::from_call(
///     r#"define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(abs(d), 1)", laws=["selective"])"#,
/// )?;
/// let DefinedSemiring::F32(semiring) = viterbi.semiring() else { panic!("one f32") };
/// let path = semiring.times(&semiring.theta(0.5), &semiring.theta(-0.5));
/// assert_eq!(semiring.plus(&path, &0.1), 0.25);
/// assert!(semiring.fused().is_some(), "it runs in the kernel of the built-in one");
///
/// let error = Definition::from_call(r#"define(plus="max(a, c)", times="a * b", zero=0, one=1, theta="d")"#).unwrap_err();
/// assert!(error.to_string().starts_with("define(...): field `plus`, column 8: unknown name `c`"), "{error}");
/// # Ok::<(), kirchhoff_semiring::DefinitionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Definition {
    name: String,
    description: String,
    order: Order,
    rule: String,
    start: DefaultStart,
    sources: Sources,
    shared: Arc<Shared>,
}

/// Which of two values of a definition says more, as pictures and rankings need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The larger one.
    Share,
    /// The smaller one.
    Cost,
    /// The one of larger magnitude; its sign says for or against.
    Signed,
}

/// Θ of a definition.
#[derive(Clone, Debug, PartialEq)]
pub enum DefinedTheta {
    /// Expressions in `d` and the numbers of an edge's neurons, `source` and `destination`, one a column.
    Expression(Vec<String>),
    /// A built-in annotation by name. Where values are not one f32 or f64, it is a threshold.
    Annotation(Annotation),
}

impl Definition {
    /// Reads a definition in TOML; `origin`, such as the file's name, stands at the beginning of messages. Its laws are not
    /// checked: see [`check`](Definition::check).
    ///
    /// # Errors
    ///
    /// [`DefinitionError`] with the field and the column, if the text is no TOML, a field is missing or unknown, or an
    /// expression cannot be read or has parts of types that do not fit.
    pub fn from_toml(text: &str, origin: &str) -> Result<Definition, DefinitionError> {
        Definition::new(read::toml(text, origin)?, origin)
    }

    /// Reads a definition on one line: `define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(abs(d), 1)")`. It
    /// has the fields of the TOML form with commas between them; `name` is `defined` and `value` is `f32` where they are
    /// left out.
    ///
    /// # Errors
    ///
    /// As [`from_toml`](Definition::from_toml).
    pub fn from_call(text: &str) -> Result<Definition, DefinitionError> {
        Definition::new(read::call(text)?, "define(...)")
    }

    /// Reads a definition in either form: on one line if the text [is a call](Definition::is_call), else in TOML.
    ///
    /// # Errors
    ///
    /// As [`from_toml`](Definition::from_toml).
    pub fn parse(text: &str, origin: &str) -> Result<Definition, DefinitionError> {
        if Definition::is_call(text) { Definition::from_call(text) } else { Definition::from_toml(text, origin) }
    }

    /// Whether a text begins as `define(...)` does.
    pub fn is_call(text: &str) -> bool {
        text.trim_start().strip_prefix("define").is_some_and(|rest| rest.trim_start().starts_with('('))
    }

    fn new(fields: read::Fields, origin: &str) -> Result<Definition, DefinitionError> {
        let read::Fields { name, description, columns, single, sources, theta, order, laws, rule, start } = fields;
        let compiled = Compiled::new(origin, &columns, single, &sources)?;
        let shared = Arc::new(Shared { name: name.clone(), laws, theta, compiled });
        Ok(Definition { name, description, order, rule, start, sources, shared })
    }

    /// Tests the axioms and the declared laws on values that Θ, `⊕` and `⊗` make of a few contributions. The report names the
    /// laws that hold as well without being declared.
    ///
    /// # Errors
    ///
    /// [`DefinitionError::Laws`] with the shortest counterexample of each condition that fails.
    ///
    /// # Complexity
    ///
    /// Some 10⁵ operations: a few hundredths of a second.
    pub fn check(&self) -> Result<LawReport, DefinitionError> {
        let report = self.semiring().visit(CheckLaws);
        // Of a fault, the counterexample says what is to be said.
        self.shared.compiled.take_faults();
        if report.passed() {
            Ok(report)
        } else {
            Err(DefinitionError::Laws { name: self.name.clone(), report: Box::new(report) })
        }
    }

    /// The semiring. All that a definition gives share what [`take_fault`](Definition::take_fault) tells.
    pub fn semiring(&self) -> DefinedSemiring {
        DefinedSemiring::new(self.shared.clone())
    }

    /// What went wrong in an operation on u64 of its semirings since the last call; see [`Defined::take_fault`].
    ///
    /// # Errors
    ///
    /// [`DefinitionFault`] if something did.
    pub fn take_fault(&self) -> Result<(), DefinitionFault> {
        let faults = self.shared.compiled.take_faults();
        if faults.is_none() { Ok(()) } else { Err(DefinitionFault { name: self.name.clone(), faults }) }
    }

    /// Sets what it says in the facts about its semiring: texts, meaning, rule, start, and the annotation if Θ is one. The
    /// carrier, the laws and the join of values as numbers are the semiring's to tell.
    pub fn describe(&self, info: &mut SemiringInfo) {
        info.name = self.name.clone().into();
        info.description = self.description.clone().into();
        info.carrier = self.carrier_text().into();
        info.plus = self.plus_text().into();
        info.times = self.times_text().into();
        info.zero = self.zero_text().into();
        info.one = self.one_text().into();
        info.rule = self.rule.clone().into();
        info.start = self.start;
        let bool = self.is_single() && self.columns()[0].kind == ColumnType::Bool;
        info.meaning = match self.order {
            Order::Share if bool => Meaning::Truth,
            Order::Share if info.zero_number == f64::NEG_INFINITY => Meaning::Score,
            Order::Share => Meaning::Share,
            Order::Cost => Meaning::Cost,
            Order::Signed => Meaning::Signed,
        };
        if let Some(annotation) = self.semiring().annotation() {
            info.annotation = annotation;
        }
    }

    /// The name: lower-case letters, digits and `-`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a neuron's value says; empty if the definition does not tell.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The columns of a value; one named `value` where a value is one number.
    pub fn columns(&self) -> &[Column] {
        &self.shared.compiled.columns
    }

    /// Whether a value is one number, rather than a record.
    pub fn is_single(&self) -> bool {
        self.shared.compiled.single
    }

    /// The laws that it declares.
    pub fn laws(&self) -> Laws {
        self.shared.laws
    }

    /// Which values say more.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The rule or composite that it asks for, by name; `zero` if it asks for none. Whether there is such a rule is for those
    /// to check who know the rules.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The relevance that a target starts with; 1 if the definition does not tell.
    pub fn start(&self) -> DefaultStart {
        self.start
    }

    /// Θ.
    pub fn theta(&self) -> &DefinedTheta {
        &self.shared.theta
    }

    /// The set of the elements as text: `f32`, or `(cost: f32, number: u64)`.
    pub fn carrier_text(&self) -> String {
        if self.is_single() {
            return self.columns()[0].kind.to_string();
        }
        let columns: Vec<_> = self.columns().iter().map(|column| format!("{}: {}", column.name, column.kind)).collect();
        format!("({})", columns.join(", "))
    }

    /// `a ⊕ b` as it is written; of records `cost: min(a.cost, b.cost), number: …`.
    pub fn plus_text(&self) -> String {
        self.joined(&self.sources.plus)
    }

    /// `a ⊗ b` as it is written.
    pub fn times_text(&self) -> String {
        self.joined(&self.sources.times)
    }

    /// `a ⊖ b` as it is written, where the definition says it.
    pub fn minus_text(&self) -> Option<String> {
        self.sources.minus.as_ref().map(|minus| self.joined(minus))
    }

    /// The neutral element of `⊕` as it is written.
    pub fn zero_text(&self) -> String {
        self.joined(&self.sources.zero)
    }

    /// The neutral element of `⊗` as it is written.
    pub fn one_text(&self) -> String {
        self.joined(&self.sources.one)
    }

    /// `Θ(d)` as it is written: expressions, or the annotation's name.
    pub fn theta_text(&self) -> String {
        match (&self.shared.theta, &self.sources.theta) {
            (DefinedTheta::Annotation(annotation), _) => annotation.to_string(),
            (DefinedTheta::Expression(_), Some(sources)) => self.joined(sources),
            (DefinedTheta::Expression(texts), None) => texts.join(", "),
        }
    }

    /// The number that a value is shown as, as it is written.
    pub fn show_text(&self) -> &str {
        &self.sources.show.1
    }

    fn joined(&self, fields: &[(String, String)]) -> String {
        if self.is_single() {
            return fields.iter().map(|(_, text)| text.as_str()).collect();
        }
        let columns = self.columns().iter().zip(fields);
        columns.map(|(column, (_, text))| format!("{}: {text}", column.name)).collect::<Vec<_>>().join(", ")
    }
}
