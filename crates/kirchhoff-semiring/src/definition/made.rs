//! Contributions, with what Θ makes of them first: as they are made, so that they need not be stored in between.

use super::column::{ColumnType, Constant};
use super::expression::{Binary, Unary};
use super::graph::{Graph, Id, Value};
use super::lanes::{Block, Shape, Starts, Typed};
use super::number::{maximum, minimum};
use super::operation::Operation;
use super::program::Coder;

/// Of each edge `own[i] · (weight · value[i])`.
#[derive(Clone, Copy)]
pub(super) struct Contributions<'a> {
    pub(super) own: &'a [f32],
    /// One an edge.
    pub(super) weights: &'a [f32],
    pub(super) values: Typed<'a, f32>,
}

impl Contributions<'_> {
    pub(super) const NONE: Contributions<'static> =
        Contributions { own: &[], weights: &[], values: Typed { values: &[], starts: Starts::Every(0) } };
}

/// What is made of a contribution `d`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Made {
    Number(Base, Bound),
    /// One of two constants: the first where `d` reaches a bound.
    Chosen(Choice),
}

/// What stands at the beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Base {
    /// `d`.
    Itself,
    /// `|d|`.
    Magnitude,
    /// `d · d`.
    Square,
}

/// What bounds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    None,
    AtMost(f32),
    AtLeast(f32),
}

/// A choice of constants by a bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    bound: f32,
    /// Whether `|d|` is to reach it.
    magnitude: bool,
    chosen: [Constant; 2],
}

impl Made {
    /// The most that can be made of contributions at once: what all that is asked of `d` begins with, and the value that it is.
    pub(super) fn of(coder: &Coder<'_>, d: Id) -> (Made, Id) {
        let mut made = (Made::Number(Base::Itself, Bound::None), d);
        while let Some(id) = coder.only_use(made.1) {
            match made.0.then(coder.graph, made.1, id) {
                Some(more) => made = (more, id),
                // A comparison stands between `d` and what is chosen by it.
                None => match coder.only_use(id).and_then(|choice| made.0.choice(coder.graph, made.1, id, choice)) {
                    Some((more, id)) => return (more, id),
                    None => return made,
                },
            }
        }
        made
    }

    /// What an operation makes of it, whose operand is the value `x`.
    fn then(self, graph: &Graph, x: Id, id: Id) -> Option<Made> {
        let Value::Apply { operation, operands: [a, b, _], .. } = graph.value(id) else { return None };
        let number =
            |id: Id| graph.constant(id).filter(|c| c.kind == ColumnType::F32).map(|c| f32::from_bits(c.bits as u32));
        let Made::Number(base, Bound::None) = self else { return None };
        match operation {
            Operation::Unary(Unary::Abs) if base == Base::Itself => Some(Made::Number(Base::Magnitude, Bound::None)),
            Operation::Binary(Binary::Multiply) if base == Base::Itself && a == x && b == x => {
                Some(Made::Number(Base::Square, Bound::None))
            }
            Operation::Binary(Binary::Min) if a == x => number(b).map(|c| Made::Number(base, Bound::AtMost(c))),
            Operation::Binary(Binary::Max) if a == x => number(b).map(|c| Made::Number(base, Bound::AtLeast(c))),
            _ => None,
        }
    }

    /// What a comparison with it chooses.
    fn choice(self, graph: &Graph, x: Id, comparison: Id, choice: Id) -> Option<(Made, Id)> {
        let magnitude = match self {
            Made::Number(Base::Itself, Bound::None) => false,
            Made::Number(Base::Magnitude, Bound::None) => true,
            _ => return None,
        };
        let Value::Apply { operation: Operation::Binary(operation), operands: [bound, at, _], .. } =
            graph.value(comparison)
        else {
            return None;
        };
        let Value::Apply { operation: Operation::Select, operands: [condition, a, b], .. } = graph.value(choice) else {
            return None;
        };
        let bound = graph.constant(bound).filter(|_| at == x && condition == comparison)?;
        let chosen = [graph.constant(a)?, graph.constant(b)?];
        if graph.kind(choice) == ColumnType::Bool {
            return None;
        }
        let bound = f32::from_bits(bound.bits as u32);
        // What is above a bound reaches the next number.
        let bound = match operation {
            Binary::LessEqual => bound,
            Binary::Less if bound < f32::INFINITY => bound.next_up(),
            _ => return None,
        };
        Some((Made::Chosen(Choice { bound, magnitude, chosen }), choice))
    }

    /// Fills a block.
    #[inline(always)]
    pub(super) fn run(self, from: &Contributions<'_>, out: &mut Block, shape: Shape) {
        match (self, out) {
            (Made::Number(base, bound), Block::F32(out)) => match base {
                Base::Itself => bound.run(from, out, shape, |d| d),
                Base::Magnitude => bound.run(from, out, shape, f32::abs),
                Base::Square => bound.run(from, out, shape, |d| d * d),
            },
            (Made::Chosen(choice), out) => {
                let [one, zero] = choice.chosen.map(|constant| constant.bits);
                match out {
                    Block::F32(out) => {
                        choice.run(from, out, shape, [one, zero].map(|bits| f32::from_bits(bits as u32)));
                    }
                    Block::F64(out) => choice.run(from, out, shape, [one, zero].map(f64::from_bits)),
                    Block::U64(out) => choice.run(from, out, shape, [one, zero]),
                    Block::Bool(_) => unreachable!("a truth value is the comparison itself, or its opposite"),
                }
            }
            (made, _) => unreachable!("{made:?} is of f32"),
        }
    }
}

impl Bound {
    #[inline(always)]
    fn run(self, from: &Contributions<'_>, out: &mut [f32], shape: Shape, base: impl Fn(f32) -> f32) {
        match self {
            Bound::None => fill(from, out, shape, base),
            Bound::AtMost(c) => fill(from, out, shape, |d| minimum(base(d), c)),
            Bound::AtLeast(c) => fill(from, out, shape, |d| maximum(base(d), c)),
        }
    }
}

impl Choice {
    #[inline(always)]
    fn run<T: Copy>(self, from: &Contributions<'_>, out: &mut [T], shape: Shape, [yes, no]: [T; 2]) {
        let bound = self.bound;
        match self.magnitude {
            false => fill(from, out, shape, |d| if bound <= d { yes } else { no }),
            true => fill(from, out, shape, |d| if bound <= d.abs() { yes } else { no }),
        }
    }
}

#[inline(always)]
fn fill<T>(from: &Contributions<'_>, out: &mut [T], shape: Shape, make: impl Fn(f32) -> T) {
    let own = from.own;
    for (edge, out) in shape.split(out) {
        let weight = from.weights[edge];
        for ((out, own), value) in out.iter_mut().zip(own).zip(from.values.edge(edge, shape.lanes)) {
            *out = make(own * (weight * value));
        }
    }
}
