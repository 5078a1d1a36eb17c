//! Equations by which values become simpler, each of which keeps the bits of every number, NaN included, but for which NaN.

use super::column::{ColumnType, Constant};
use super::expression::{Binary, Unary};
use super::graph::{Graph, Id, Value};
use super::operation::Operation;

/// What an operation may be replaced by.
pub(super) enum Simpler {
    /// One of the values that it is made of.
    Same(Id),
    /// Another operation.
    Apply(Operation, [Id; 2]),
}

impl Graph {
    /// What an equation makes of an operation with a result of type `kind`, if there is one.
    pub(super) fn simpler(&self, operation: Operation, [a, b, c]: [Id; 3], kind: ColumnType) -> Option<Simpler> {
        match operation {
            Operation::Select => self.chosen(a, [b, c], kind),
            Operation::Unary(Unary::Abs) => self.is_magnitude(a).then_some(Simpler::Same(a)),
            Operation::Binary(Binary::Min | Binary::Max | Binary::And | Binary::Or) if a == b => Some(Simpler::Same(a)),
            Operation::Binary(Binary::Multiply) if self.is_number(b, 1.0) => Some(Simpler::Same(a)),
            Operation::Binary(Binary::Multiply) if self.is_number(a, 1.0) => Some(Simpler::Same(b)),
            Operation::Binary(Binary::Divide) if self.is_number(b, 1.0) => Some(Simpler::Same(a)),
            Operation::Binary(Binary::Subtract) if self.is_number(b, 0.0) => Some(Simpler::Same(a)),
            Operation::Binary(Binary::Add) => self.added(a, b, kind).or_else(|| self.added(b, a, kind)),
            _ => None,
        }
    }

    /// `if(a < b, a, b)` is `min(a, b)`, and `if(a < b, b, a)` is `max(b, a)`: so these are defined.
    fn chosen(&self, condition: Id, [yes, no]: [Id; 2], kind: ColumnType) -> Option<Simpler> {
        if self.constant(yes) == Some(Constant::bool(true)) && self.constant(no) == Some(Constant::bool(false)) {
            return Some(Simpler::Same(condition));
        }
        let Value::Apply { operation: Operation::Binary(Binary::Less), operands: [a, b, _], .. } =
            self.value(condition)
        else {
            return None;
        };
        // Of truth values, `and` and `or` are what is written.
        match kind != ColumnType::Bool && self.kind(a) == kind {
            true if [yes, no] == [a, b] => Some(Simpler::Apply(Operation::Binary(Binary::Min), [a, b])),
            true if [yes, no] == [b, a] => Some(Simpler::Apply(Operation::Binary(Binary::Max), [b, a])),
            _ => None,
        }
    }

    /// `a + (b + 0)` is `a + b` where `a` is not −0: only then `b` may be −0 and make a difference.
    fn added(&self, a: Id, b: Id, kind: ColumnType) -> Option<Simpler> {
        if !kind.is_float() {
            return self.is_number(b, 0.0).then_some(Simpler::Same(a));
        }
        let Value::Apply { operation: Operation::Binary(Binary::Add), operands: [x, y, _], .. } = self.value(b) else {
            return None;
        };
        let fits = self.is_number(y, 0.0) && !self.may_be_negative_zero(a);
        fits.then_some(Simpler::Apply(Operation::Binary(Binary::Add), [a, x]))
    }

    fn is_magnitude(&self, id: Id) -> bool {
        matches!(self.value(id), Value::Apply { operation: Operation::Unary(Unary::Abs), .. })
    }

    /// Whether a value is a number, where 0 is not −0.
    fn is_number(&self, id: Id, number: f64) -> bool {
        self.constant(id).is_some_and(|constant| {
            constant.kind != ColumnType::Bool && constant.to_f64().to_bits() == number.to_bits()
        })
    }
}
