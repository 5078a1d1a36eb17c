//! Expressions as they are written, before types.

use super::column::{Column, ColumnType};

/// Operations of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Unary {
    Negate,
    Abs,
    Exp,
    Log,
    Log2,
    Sqrt,
    Floor,
    Ceil,
    Round,
    Not,
}

/// Operations of two operands. `>` and `≥` are `<` and `≤` of the operands in the other order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Min,
    Max,
    Less,
    LessEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

/// What stands at a place of an expression. Operands are indices of nodes that come before.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    /// A number as it is written: digits alone if `whole`.
    Number {
        text: String,
        whole: bool,
    },
    Infinity,
    Truth(bool),
    /// A column of the variable of this index.
    Variable {
        variable: usize,
        column: usize,
    },
    Unary(Unary, usize),
    Binary(Binary, usize, usize),
    If(usize, usize, usize),
    Convert(ColumnType, usize),
}

/// A term and its place, in characters from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) term: Term,
    pub(super) place: usize,
}

/// An expression: its nodes, operands before what is made of them, the whole at the end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression {
    pub(super) nodes: Vec<Node>,
}

/// What names mean in an expression.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    /// The variables whose columns are those of a value.
    pub(super) variables: &'a [&'static str],
    pub(super) columns: &'a [Column],
    /// Whether a value is one number without a name, as `d` always is.
    pub(super) single: bool,
}
