//! One operation over the lanes of columns: plain loops over slices, which the compiler makes vector operations of.

use pulp::Arch;

use super::column::{ColumnType, Constant};
use super::error::Faults;
use super::expression::{Binary, Unary};
use super::lanes::{Block, Lanes, Operand, Shape, Typed};
use super::number::{Real, maximum, minimum, power, truncate};
use crate::instructions::{chosen, vectorised_by};

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    Copy,
    Unary(Unary),
    Binary(Binary),
    /// The second operand where the first holds, else the third.
    Select,
    Convert(ColumnType),
}

#[inline(always)]
fn map<A: Copy, O>(a: Typed<'_, A>, out: &mut [O], shape: Shape, operation: impl Fn(A) -> O) {
    for (edge, out) in shape.split(out) {
        for (out, a) in out.iter_mut().zip(a.edge(edge, shape.lanes)) {
            *out = operation(*a);
        }
    }
}

#[inline(always)]
fn zip<A: Copy, O>([a, b]: [Typed<'_, A>; 2], out: &mut [O], shape: Shape, operation: impl Fn(A, A) -> O) {
    for (edge, out) in shape.split(out) {
        for ((out, a), b) in out.iter_mut().zip(a.edge(edge, shape.lanes)).zip(b.edge(edge, shape.lanes)) {
            *out = operation(*a, *b);
        }
    }
}

#[inline(always)]
fn select<T: Copy>(condition: Typed<'_, bool>, [a, b]: [Typed<'_, T>; 2], out: &mut [T], shape: Shape) {
    let lanes = shape.lanes;
    for (edge, out) in shape.split(out) {
        let choices = condition.edge(edge, lanes).iter().zip(a.edge(edge, lanes)).zip(b.edge(edge, lanes));
        for (out, ((condition, a), b)) in out.iter_mut().zip(choices) {
            // Both are read before one is chosen, so that there is no branch.
            let (a, b) = (*a, *b);
            *out = if *condition { a } else { b };
        }
    }
}

/// A result where the second part tells whether it is a fault, which counts only where the guard holds.
#[inline(always)]
fn checked<A: Copy>(
    [a, b]: [Typed<'_, A>; 2],
    guard: Option<Typed<'_, bool>>,
    out: &mut [u64],
    shape: Shape,
    operation: impl Fn(A, A) -> (u64, bool),
) -> bool {
    let (lanes, mut fault) = (shape.lanes, false);
    for (edge, out) in shape.split(out) {
        let operands = a.edge(edge, lanes).iter().zip(b.edge(edge, lanes));
        match guard {
            None => {
                for (out, (a, b)) in out.iter_mut().zip(operands) {
                    let (result, wrong) = operation(*a, *b);
                    *out = result;
                    fault |= wrong;
                }
            }
            Some(guard) => {
                for ((out, (a, b)), guard) in out.iter_mut().zip(operands).zip(guard.edge(edge, lanes)) {
                    let (result, wrong) = operation(*a, *b);
                    *out = result;
                    fault |= wrong & *guard;
                }
            }
        }
    }
    fault
}

#[inline(always)]
fn unary<F: Real>(operation: Unary, a: Typed<'_, F>, out: &mut [F], shape: Shape) {
    match operation {
        Unary::Negate => map(a, out, shape, |a| -a),
        Unary::Abs => map(a, out, shape, F::abs),
        Unary::Exp => map(a, out, shape, F::exp),
        Unary::Log => map(a, out, shape, F::log),
        Unary::Log2 => map(a, out, shape, F::log2),
        Unary::Sqrt => map(a, out, shape, F::sqrt),
        Unary::Floor => map(a, out, shape, F::floor),
        Unary::Ceil => map(a, out, shape, F::ceil),
        Unary::Round => map(a, out, shape, F::round),
        Unary::Not => unreachable!("types are checked before code is made: `not` of a number"),
    }
}

#[inline(always)]
fn binary<F: Real>(operation: Binary, operands: [Typed<'_, F>; 2], out: &mut [F], shape: Shape) {
    match operation {
        Binary::Add => zip(operands, out, shape, |a, b| a + b),
        Binary::Subtract => zip(operands, out, shape, |a, b| a - b),
        Binary::Multiply => zip(operands, out, shape, |a, b| a * b),
        Binary::Divide => zip(operands, out, shape, |a, b| a / b),
        Binary::Remainder => zip(operands, out, shape, |a, b| a % b),
        Binary::Power => zip(operands, out, shape, F::pow),
        Binary::Min => zip(operands, out, shape, minimum),
        Binary::Max => zip(operands, out, shape, maximum),
        other => unreachable!("types are checked before code is made: {other:?} of numbers to a number"),
    }
}

#[inline(always)]
fn natural(
    operation: Binary,
    operands: [Typed<'_, u64>; 2],
    guard: Option<Typed<'_, bool>>,
    out: &mut [u64],
    shape: Shape,
) -> Faults {
    /// The result, or the nearest number where it wrapped.
    #[inline(always)]
    fn saturated((result, wrapped): (u64, bool), nearest: u64) -> (u64, bool) {
        (if wrapped { nearest } else { result }, wrapped)
    }
    let (kind, fault) = match operation {
        Binary::Add => {
            (Faults::OVERFLOW, checked(operands, guard, out, shape, |a, b| saturated(a.overflowing_add(b), u64::MAX)))
        }
        Binary::Subtract => {
            (Faults::OVERFLOW, checked(operands, guard, out, shape, |a, b| saturated(a.overflowing_sub(b), 0)))
        }
        Binary::Multiply => {
            (Faults::OVERFLOW, checked(operands, guard, out, shape, |a, b| saturated(a.overflowing_mul(b), u64::MAX)))
        }
        Binary::Power => (Faults::OVERFLOW, checked(operands, guard, out, shape, power)),
        Binary::Divide => {
            (Faults::DIVISION, checked(operands, guard, out, shape, |a, b| (a.checked_div(b).unwrap_or(0), b == 0)))
        }
        Binary::Remainder => {
            (Faults::DIVISION, checked(operands, guard, out, shape, |a, b| (a.checked_rem(b).unwrap_or(0), b == 0)))
        }
        Binary::Min => {
            zip(operands, out, shape, minimum);
            return Faults::NONE;
        }
        Binary::Max => {
            zip(operands, out, shape, maximum);
            return Faults::NONE;
        }
        other => unreachable!("types are checked before code is made: {other:?} of u64 to u64"),
    };
    if fault { kind } else { Faults::NONE }
}

#[inline(always)]
fn compare<T: Copy + PartialOrd>(operation: Binary, operands: [Typed<'_, T>; 2], out: &mut [bool], shape: Shape) {
    match operation {
        Binary::Less => zip(operands, out, shape, |a, b| a < b),
        Binary::LessEqual => zip(operands, out, shape, |a, b| a <= b),
        Binary::Equal => zip(operands, out, shape, |a, b| a == b),
        Binary::NotEqual => zip(operands, out, shape, |a, b| a != b),
        other => unreachable!("types are checked before code is made: {other:?} to bool"),
    }
}

/// `out ← operation` of the operands, lane by lane, by chosen instructions. A fault counts in the lanes where the guard holds.
pub(super) fn apply(
    arch: Arch,
    operation: Operation,
    operands: [Operand<'_>; 3],
    guard: Option<Operand<'_>>,
    out: &mut Block,
    shape: Shape,
) -> Faults {
    vectorised_by(
        arch,
        #[inline(always)]
        || apply_inlined(operation, operands, guard, out, shape),
    )
}

#[inline(always)]
fn apply_inlined(
    operation: Operation,
    operands: [Operand<'_>; 3],
    guard: Option<Operand<'_>>,
    out: &mut Block,
    shape: Shape,
) -> Faults {
    use Lanes::{Bool, F32, F64, U64};
    let [
        Operand { lanes: a, starts: first },
        Operand { lanes: b, starts: second },
        Operand { lanes: c, starts: third },
    ] = operands;
    macro_rules! typed {
        ($a:ident) => {
            Typed { values: $a, starts: first }
        };
        ($a:ident, $b:ident) => {
            [Typed { values: $a, starts: first }, Typed { values: $b, starts: second }]
        };
    }
    let guard = match guard {
        Some(Operand { lanes: Bool(values), starts }) => Some(Typed { values, starts }),
        _ => None,
    };
    match (operation, a, b, out) {
        (Operation::Copy, F32(a), _, Block::F32(out)) => map(typed!(a), out, shape, |a| a),
        (Operation::Copy, F64(a), _, Block::F64(out)) => map(typed!(a), out, shape, |a| a),
        (Operation::Copy, U64(a), _, Block::U64(out)) => map(typed!(a), out, shape, |a| a),
        (Operation::Copy, Bool(a), _, Block::Bool(out)) => map(typed!(a), out, shape, |a| a),

        (Operation::Unary(operation), F32(a), _, Block::F32(out)) => unary(operation, typed!(a), out, shape),
        (Operation::Unary(operation), F64(a), _, Block::F64(out)) => unary(operation, typed!(a), out, shape),
        (Operation::Unary(Unary::Not), Bool(a), _, Block::Bool(out)) => map(typed!(a), out, shape, |a| !a),

        (Operation::Binary(operation), F32(a), F32(b), Block::F32(out)) => binary(operation, typed!(a, b), out, shape),
        (Operation::Binary(operation), F64(a), F64(b), Block::F64(out)) => binary(operation, typed!(a, b), out, shape),
        (Operation::Binary(operation), U64(a), U64(b), Block::U64(out)) => {
            return natural(operation, typed!(a, b), guard, out, shape);
        }
        (Operation::Binary(Binary::And | Binary::Min), Bool(a), Bool(b), Block::Bool(out)) => {
            zip(typed!(a, b), out, shape, |a, b| a & b);
        }
        (Operation::Binary(Binary::Or | Binary::Max), Bool(a), Bool(b), Block::Bool(out)) => {
            zip(typed!(a, b), out, shape, |a, b| a | b);
        }
        (Operation::Binary(operation), F32(a), F32(b), Block::Bool(out)) => {
            compare(operation, typed!(a, b), out, shape);
        }
        (Operation::Binary(operation), F64(a), F64(b), Block::Bool(out)) => {
            compare(operation, typed!(a, b), out, shape);
        }
        (Operation::Binary(operation), U64(a), U64(b), Block::Bool(out)) => {
            compare(operation, typed!(a, b), out, shape);
        }
        (Operation::Binary(operation), Bool(a), Bool(b), Block::Bool(out)) => {
            compare(operation, typed!(a, b), out, shape);
        }

        (Operation::Select, Bool(condition), b, out) => {
            let condition = typed!(condition);
            macro_rules! chosen {
                ($a:ident, $b:ident, $out:ident) => {
                    select(
                        condition,
                        [Typed { values: $a, starts: second }, Typed { values: $b, starts: third }],
                        $out,
                        shape,
                    )
                };
            }
            match (b, c, out) {
                (F32(a), F32(b), Block::F32(out)) => chosen!(a, b, out),
                (F64(a), F64(b), Block::F64(out)) => chosen!(a, b, out),
                (U64(a), U64(b), Block::U64(out)) => chosen!(a, b, out),
                (Bool(a), Bool(b), Block::Bool(out)) => chosen!(a, b, out),
                _ => unreachable!("types are checked before code is made: `if` of two types"),
            }
        }

        (Operation::Convert(_), _, _, out) => return convert(operands[0], guard, out, shape),
        (operation, a, ..) => unreachable!("types are checked before code is made: {operation:?} of {a:?}"),
    }
    Faults::NONE
}

/// The operation on constants, and whether it is no fault.
pub(super) fn computed(operation: Operation, operands: [Constant; 3], kind: ColumnType) -> (Constant, bool) {
    let blocks = operands.map(|constant| Block::filled(constant, 1));
    let mut out = Block::new(kind, 1);
    let operands = [&blocks[0], &blocks[1], &blocks[2]].map(|block| Operand::same(block.lanes()));
    let faults = apply(chosen(), operation, operands, None, &mut out, Shape::of(1));
    (out.lanes().get(0), faults.is_none())
}

#[inline(always)]
fn convert(a: Operand<'_>, guard: Option<Typed<'_, bool>>, out: &mut Block, shape: Shape) -> Faults {
    use Lanes::{Bool, F32, F64, U64};
    let starts = a.starts;
    macro_rules! map {
        ($a:ident, $out:ident, $operation:expr) => {
            map(Typed { values: $a, starts }, $out, shape, $operation)
        };
    }
    let mut fault = false;
    match (a.lanes, out) {
        (F64(a), Block::F32(out)) => map!(a, out, |a| a as f32),
        (U64(a), Block::F32(out)) => map!(a, out, |a| a as f32),
        (Bool(a), Block::F32(out)) => map!(a, out, |a| f32::from(u8::from(a))),
        (F32(a), Block::F64(out)) => map!(a, out, f64::from),
        (U64(a), Block::F64(out)) => map!(a, out, |a| a as f64),
        (Bool(a), Block::F64(out)) => map!(a, out, |a| f64::from(u8::from(a))),
        (F32(a), Block::U64(out)) => {
            let a = Typed { values: a, starts };
            fault = checked([a, a], guard, out, shape, |a, _| truncate(f64::from(a)));
        }
        (F64(a), Block::U64(out)) => {
            let a = Typed { values: a, starts };
            fault = checked([a, a], guard, out, shape, |a, _| truncate(a));
        }
        (Bool(a), Block::U64(out)) => map!(a, out, u64::from),
        (F32(a), Block::Bool(out)) => map!(a, out, |a| a != 0.0),
        (F64(a), Block::Bool(out)) => map!(a, out, |a| a != 0.0),
        (U64(a), Block::Bool(out)) => map!(a, out, |a| a != 0),
        (a, out) => unreachable!("types are checked before code is made: conversion of {a:?} to {out:?}"),
    }
    if fault { Faults::CONVERSION } else { Faults::NONE }
}
