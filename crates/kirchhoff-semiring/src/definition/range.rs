//! The range of an expression in `d`: what its values may be.

use super::column::{ColumnType, Constant};
use super::expression::{Binary, Unary};
use super::graph::{Graph, Id, Value};
use super::operation::{Operation, computed};
use crate::Interval;

/// The least and the greatest value, neither of which need be taken; `None` where a value may be no number.
pub(super) type Range = Option<(f64, f64)>;

/// The range of a value where `d` lies in `contributions`.
///
/// Operations are monotone in each operand, and stay so when they round, so that the ends of a range are the operation's own
/// results at ends of its operands' ranges.
pub(super) fn range(graph: &Graph, id: Id, contributions: Interval) -> Range {
    let mut ranges: Vec<Range> = Vec::with_capacity(id + 1);
    for at in 0..=id {
        let kind = graph.kind(at);
        ranges.push(match graph.value(at) {
            // The number of a neuron, beside `d`.
            Value::Input(_) if kind == ColumnType::U64 => Some((0.0, u64::MAX as f64)),
            Value::Input(_) => Some((contributions.low, contributions.high)),
            Value::Constant(constant) => Some((constant.to_f64(), constant.to_f64())),
            Value::Apply { operation, operands, .. } => {
                let known = operands.map(|operand| ranges[operand]);
                match known {
                    [Some(a), Some(b), Some(c)] => {
                        applied(operation, [a, b, c], operands.map(|operand| graph.kind(operand)), kind)
                    }
                    _ if kind == ColumnType::Bool => Some((0.0, 1.0)),
                    _ => None,
                }
            }
        });
    }
    ranges[id]
}

fn applied(operation: Operation, [a, b, c]: [(f64, f64); 3], kinds: [ColumnType; 3], kind: ColumnType) -> Range {
    if kind == ColumnType::Bool {
        return Some((0.0, 1.0));
    }
    let ends = |pairs: &[(f64, f64)]| {
        let results = pairs.iter().map(|&(x, y)| result(operation, [x, y, y], kinds, kind));
        let mut range = (f64::INFINITY, f64::NEG_INFINITY);
        for x in results {
            if x.is_nan() {
                return None;
            }
            range = (range.0.min(x), range.1.max(x));
        }
        Some(range)
    };
    let single = || ends(&[(a.0, a.0), (a.1, a.1)]);
    let corners = || ends(&[(a.0, b.0), (a.0, b.1), (a.1, b.0), (a.1, b.1)]);
    match operation {
        Operation::Copy | Operation::Convert(_) => single(),
        Operation::Select => Some((b.0.min(c.0), b.1.max(c.1))),
        Operation::Unary(Unary::Abs) => {
            let (low, high) = single()?;
            Some((if a.0 <= 0.0 && a.1 >= 0.0 { 0.0 } else { low }, high))
        }
        Operation::Unary(Unary::Log | Unary::Log2 | Unary::Sqrt) if a.0 < 0.0 => None,
        // Computed to the last places: monotone up to those, which matter at no end that is 0, 1 or infinite.
        Operation::Unary(Unary::Exp | Unary::Log | Unary::Log2) => {
            single().map(|(low, high)| (wider(low, -1.0), wider(high, 1.0)))
        }
        Operation::Unary(_) => single(),
        Operation::Binary(Binary::Multiply) if unbounded(a) && holds_zero(b) || unbounded(b) && holds_zero(a) => None,
        Operation::Binary(Binary::Divide) if holds_zero(b) || (unbounded(a) && unbounded(b)) => None,
        Operation::Binary(Binary::Remainder | Binary::Power) => None,
        Operation::Binary(_) => corners(),
    }
}

/// Whether an end is infinite, so that a product with 0 may be no number.
fn unbounded((low, high): (f64, f64)) -> bool {
    low.is_infinite() || high.is_infinite()
}

fn holds_zero((low, high): (f64, f64)) -> bool {
    low <= 0.0 && high >= 0.0
}

/// The end moved outwards by what two last places of f32 are, unless it is exact.
fn wider(end: f64, direction: f64) -> f64 {
    if end == 0.0 || end == 1.0 || end.is_infinite() { end } else { end + direction * end.abs() * 3e-7 }
}

/// The operation on numbers of its operands' types.
fn result(operation: Operation, numbers: [f64; 3], kinds: [ColumnType; 3], kind: ColumnType) -> f64 {
    let constants = [0, 1, 2].map(|at| {
        let x = numbers[at];
        match kinds[at] {
            ColumnType::F32 => Constant::f32(x as f32),
            ColumnType::F64 => Constant::f64(x),
            ColumnType::U64 => Constant::u64(x as u64),
            ColumnType::Bool => Constant::bool(x != 0.0),
        }
    });
    computed(operation, constants, kind).0.to_f64()
}
