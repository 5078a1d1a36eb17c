//! One operation over the lanes of columns: plain loops over slices, which the compiler makes vector operations of.

use super::column::{ColumnType, Constant};
use super::error::Faults;
use super::expression::{Binary, Unary};
use super::number::{Real, maximum, minimum, power, truncate};

/// The lanes of a block: a few columns of so many numbers stay in the first-level cache.
pub(super) const LANES: usize = 256;

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

/// Lanes of one column, to be read.
#[derive(Clone, Copy, Debug)]
pub enum Lanes<'a> {
    /// Single-precision numbers.
    F32(&'a [f32]),
    /// Double-precision numbers.
    F64(&'a [f64]),
    /// Natural numbers.
    U64(&'a [u64]),
    /// Truth values.
    Bool(&'a [bool]),
}

impl<'a> Lanes<'a> {
    /// No lanes.
    pub(super) const NONE: Lanes<'static> = Lanes::Bool(&[]);

    #[inline(always)]
    pub(super) fn first(self, lanes: usize) -> Lanes<'a> {
        match self {
            Lanes::F32(values) => Lanes::F32(&values[..lanes]),
            Lanes::F64(values) => Lanes::F64(&values[..lanes]),
            Lanes::U64(values) => Lanes::U64(&values[..lanes]),
            Lanes::Bool(values) => Lanes::Bool(&values[..lanes]),
        }
    }

    /// The number of a lane.
    pub(super) fn get(self, lane: usize) -> Constant {
        match self {
            Lanes::F32(values) => Constant::f32(values[lane]),
            Lanes::F64(values) => Constant::f64(values[lane]),
            Lanes::U64(values) => Constant::u64(values[lane]),
            Lanes::Bool(values) => Constant::bool(values[lane]),
        }
    }
}

/// Lanes of one column, to be written.
#[derive(Clone, Debug)]
pub enum Block {
    /// Single-precision numbers.
    F32(Vec<f32>),
    /// Double-precision numbers.
    F64(Vec<f64>),
    /// Natural numbers.
    U64(Vec<u64>),
    /// Truth values.
    Bool(Vec<bool>),
}

impl Block {
    /// All lanes 0.
    pub(super) fn new(kind: ColumnType) -> Self {
        Block::filled(Constant { kind, bits: 0 })
    }

    /// All lanes the same.
    pub(super) fn filled(constant: Constant) -> Self {
        let bits = constant.bits;
        match constant.kind {
            ColumnType::F32 => Block::F32(vec![f32::from_bits(bits as u32); LANES]),
            ColumnType::F64 => Block::F64(vec![f64::from_bits(bits); LANES]),
            ColumnType::U64 => Block::U64(vec![bits; LANES]),
            ColumnType::Bool => Block::Bool(vec![bits != 0; LANES]),
        }
    }

    /// The type of the lanes.
    #[inline(always)]
    pub(super) fn kind(&self) -> ColumnType {
        match self {
            Block::F32(_) => ColumnType::F32,
            Block::F64(_) => ColumnType::F64,
            Block::U64(_) => ColumnType::U64,
            Block::Bool(_) => ColumnType::Bool,
        }
    }

    #[inline(always)]
    pub(super) fn lanes(&self) -> Lanes<'_> {
        match self {
            Block::F32(values) => Lanes::F32(values),
            Block::F64(values) => Lanes::F64(values),
            Block::U64(values) => Lanes::U64(values),
            Block::Bool(values) => Lanes::Bool(values),
        }
    }
}

#[inline(always)]
fn map<A: Copy, O>(a: &[A], out: &mut [O], operation: impl Fn(A) -> O) {
    for (out, a) in out.iter_mut().zip(a) {
        *out = operation(*a);
    }
}

#[inline(always)]
fn zip<A: Copy, O>(a: &[A], b: &[A], out: &mut [O], operation: impl Fn(A, A) -> O) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = operation(*a, *b);
    }
}

#[inline(always)]
fn select<T: Copy>(condition: &[bool], a: &[T], b: &[T], out: &mut [T]) {
    for (((out, condition), a), b) in out.iter_mut().zip(condition).zip(a).zip(b) {
        // Both are read before one is chosen, so that there is no branch.
        let (a, b) = (*a, *b);
        *out = if *condition { a } else { b };
    }
}

/// A result where the second part tells whether it is a fault, which counts only where the guard holds.
#[inline(always)]
fn checked<A: Copy>(
    [a, b]: [&[A]; 2],
    guard: Option<&[bool]>,
    out: &mut [u64],
    operation: impl Fn(A, A) -> (u64, bool),
) -> bool {
    let mut fault = false;
    match guard {
        None => {
            for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                let (result, wrong) = operation(*a, *b);
                *out = result;
                fault |= wrong;
            }
        }
        Some(guard) => {
            for (((out, a), b), guard) in out.iter_mut().zip(a).zip(b).zip(guard) {
                let (result, wrong) = operation(*a, *b);
                *out = result;
                fault |= wrong & *guard;
            }
        }
    }
    fault
}

#[inline(always)]
fn unary<F: Real>(operation: Unary, a: &[F], out: &mut [F]) {
    match operation {
        Unary::Negate => map(a, out, |a| -a),
        Unary::Abs => map(a, out, F::abs),
        Unary::Exp => map(a, out, F::exp),
        Unary::Log => map(a, out, F::log),
        Unary::Log2 => map(a, out, F::log2),
        Unary::Sqrt => map(a, out, F::sqrt),
        Unary::Floor => map(a, out, F::floor),
        Unary::Ceil => map(a, out, F::ceil),
        Unary::Round => map(a, out, F::round),
        Unary::Not => unreachable!("types are checked before code is made: `not` of a number"),
    }
}

#[inline(always)]
fn binary<F: Real>(operation: Binary, a: &[F], b: &[F], out: &mut [F]) {
    match operation {
        Binary::Add => zip(a, b, out, |a, b| a + b),
        Binary::Subtract => zip(a, b, out, |a, b| a - b),
        Binary::Multiply => zip(a, b, out, |a, b| a * b),
        Binary::Divide => zip(a, b, out, |a, b| a / b),
        Binary::Remainder => zip(a, b, out, |a, b| a % b),
        Binary::Power => zip(a, b, out, F::pow),
        Binary::Min => zip(a, b, out, minimum),
        Binary::Max => zip(a, b, out, maximum),
        other => unreachable!("types are checked before code is made: {other:?} of numbers to a number"),
    }
}

#[inline(always)]
fn natural(operation: Binary, a: &[u64], b: &[u64], guard: Option<&[bool]>, out: &mut [u64]) -> Faults {
    /// The result, or the nearest number where it wrapped.
    #[inline(always)]
    fn saturated((result, wrapped): (u64, bool), nearest: u64) -> (u64, bool) {
        (if wrapped { nearest } else { result }, wrapped)
    }
    let (kind, fault) = match operation {
        Binary::Add => {
            (Faults::OVERFLOW, checked([a, b], guard, out, |a, b| saturated(a.overflowing_add(b), u64::MAX)))
        }
        Binary::Subtract => (Faults::OVERFLOW, checked([a, b], guard, out, |a, b| saturated(a.overflowing_sub(b), 0))),
        Binary::Multiply => {
            (Faults::OVERFLOW, checked([a, b], guard, out, |a, b| saturated(a.overflowing_mul(b), u64::MAX)))
        }
        Binary::Power => (Faults::OVERFLOW, checked([a, b], guard, out, power)),
        Binary::Divide => {
            (Faults::DIVISION, checked([a, b], guard, out, |a, b| (a.checked_div(b).unwrap_or(0), b == 0)))
        }
        Binary::Remainder => {
            (Faults::DIVISION, checked([a, b], guard, out, |a, b| (a.checked_rem(b).unwrap_or(0), b == 0)))
        }
        Binary::Min => {
            zip(a, b, out, minimum);
            return Faults::NONE;
        }
        Binary::Max => {
            zip(a, b, out, maximum);
            return Faults::NONE;
        }
        other => unreachable!("types are checked before code is made: {other:?} of u64 to u64"),
    };
    if fault { kind } else { Faults::NONE }
}

#[inline(always)]
fn compare<T: Copy + PartialOrd>(operation: Binary, a: &[T], b: &[T], out: &mut [bool]) {
    match operation {
        Binary::Less => zip(a, b, out, |a, b| a < b),
        Binary::LessEqual => zip(a, b, out, |a, b| a <= b),
        Binary::Equal => zip(a, b, out, |a, b| a == b),
        Binary::NotEqual => zip(a, b, out, |a, b| a != b),
        other => unreachable!("types are checked before code is made: {other:?} to bool"),
    }
}

/// `out ← operation` of the operands, lane by lane; all have the same number of lanes. A fault counts in the lanes where
/// the guard holds.
#[inline(always)]
pub(super) fn apply(
    operation: Operation,
    [a, b, c]: [Lanes<'_>; 3],
    guard: Option<&[bool]>,
    out: &mut Block,
    lanes: usize,
) -> Faults {
    use Lanes::{Bool, F32, F64, U64};
    match (operation, a, b, out) {
        (Operation::Copy, F32(a), _, Block::F32(out)) => out[..lanes].copy_from_slice(a),
        (Operation::Copy, F64(a), _, Block::F64(out)) => out[..lanes].copy_from_slice(a),
        (Operation::Copy, U64(a), _, Block::U64(out)) => out[..lanes].copy_from_slice(a),
        (Operation::Copy, Bool(a), _, Block::Bool(out)) => out[..lanes].copy_from_slice(a),

        (Operation::Unary(operation), F32(a), _, Block::F32(out)) => unary(operation, a, &mut out[..lanes]),
        (Operation::Unary(operation), F64(a), _, Block::F64(out)) => unary(operation, a, &mut out[..lanes]),
        (Operation::Unary(Unary::Not), Bool(a), _, Block::Bool(out)) => map(a, &mut out[..lanes], |a| !a),

        (Operation::Binary(operation), F32(a), F32(b), Block::F32(out)) => binary(operation, a, b, &mut out[..lanes]),
        (Operation::Binary(operation), F64(a), F64(b), Block::F64(out)) => binary(operation, a, b, &mut out[..lanes]),
        (Operation::Binary(operation), U64(a), U64(b), Block::U64(out)) => {
            return natural(operation, a, b, guard, &mut out[..lanes]);
        }
        (Operation::Binary(Binary::And | Binary::Min), Bool(a), Bool(b), Block::Bool(out)) => {
            zip(a, b, &mut out[..lanes], |a, b| a & b);
        }
        (Operation::Binary(Binary::Or | Binary::Max), Bool(a), Bool(b), Block::Bool(out)) => {
            zip(a, b, &mut out[..lanes], |a, b| a | b);
        }
        (Operation::Binary(operation), F32(a), F32(b), Block::Bool(out)) => compare(operation, a, b, &mut out[..lanes]),
        (Operation::Binary(operation), F64(a), F64(b), Block::Bool(out)) => compare(operation, a, b, &mut out[..lanes]),
        (Operation::Binary(operation), U64(a), U64(b), Block::Bool(out)) => compare(operation, a, b, &mut out[..lanes]),
        (Operation::Binary(operation), Bool(a), Bool(b), Block::Bool(out)) => {
            compare(operation, a, b, &mut out[..lanes]);
        }

        (Operation::Select, Bool(condition), F32(a), Block::F32(out)) => {
            let F32(b) = c else { unreachable!("types are checked before code is made: `if` of two types") };
            select(condition, a, b, &mut out[..lanes]);
        }
        (Operation::Select, Bool(condition), F64(a), Block::F64(out)) => {
            let F64(b) = c else { unreachable!("types are checked before code is made: `if` of two types") };
            select(condition, a, b, &mut out[..lanes]);
        }
        (Operation::Select, Bool(condition), U64(a), Block::U64(out)) => {
            let U64(b) = c else { unreachable!("types are checked before code is made: `if` of two types") };
            select(condition, a, b, &mut out[..lanes]);
        }
        (Operation::Select, Bool(condition), Bool(a), Block::Bool(out)) => {
            let Bool(b) = c else { unreachable!("types are checked before code is made: `if` of two types") };
            select(condition, a, b, &mut out[..lanes]);
        }

        (Operation::Convert(_), a, _, out) => return convert(a, guard, out, lanes),
        (operation, a, ..) => unreachable!("types are checked before code is made: {operation:?} of {a:?}"),
    }
    Faults::NONE
}

#[inline(always)]
fn convert(a: Lanes<'_>, guard: Option<&[bool]>, out: &mut Block, lanes: usize) -> Faults {
    use Lanes::{Bool, F32, F64, U64};
    let mut fault = false;
    match (a, out) {
        (F64(a), Block::F32(out)) => map(a, &mut out[..lanes], |a| a as f32),
        (U64(a), Block::F32(out)) => map(a, &mut out[..lanes], |a| a as f32),
        (Bool(a), Block::F32(out)) => map(a, &mut out[..lanes], |a| f32::from(u8::from(a))),
        (F32(a), Block::F64(out)) => map(a, &mut out[..lanes], f64::from),
        (U64(a), Block::F64(out)) => map(a, &mut out[..lanes], |a| a as f64),
        (Bool(a), Block::F64(out)) => map(a, &mut out[..lanes], |a| f64::from(u8::from(a))),
        (F32(a), Block::U64(out)) => {
            fault = checked([a, a], guard, &mut out[..lanes], |a, _| truncate(f64::from(a)));
        }
        (F64(a), Block::U64(out)) => fault = checked([a, a], guard, &mut out[..lanes], |a, _| truncate(a)),
        (Bool(a), Block::U64(out)) => map(a, &mut out[..lanes], u64::from),
        (F32(a), Block::Bool(out)) => map(a, &mut out[..lanes], |a| a != 0.0),
        (F64(a), Block::Bool(out)) => map(a, &mut out[..lanes], |a| a != 0.0),
        (U64(a), Block::Bool(out)) => map(a, &mut out[..lanes], |a| a != 0),
        (a, out) => unreachable!("types are checked before code is made: conversion of {a:?} to {out:?}"),
    }
    if fault { Faults::CONVERSION } else { Faults::NONE }
}
