//! Sums over several edges at a time: where `⊕` is one operation of a column, a sum is loaded and stored once for all of them.

use super::expression::Binary;
use super::lanes::{Block, Lanes, Operand, Shape, Typed};
use super::number::{Real, maximum, minimum};

/// Edges between loading and storing a sum.
const EDGES: usize = 4;

/// `sum ← plus(sum, within(x, y))` of every edge, or `plus(sum, x)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reduction {
    plus: Binary,
    within: Option<Binary>,
}

impl Reduction {
    /// Of numbers or truth values, if there are loops for it.
    pub(super) fn new(plus: Binary, within: Option<Binary>, truth: bool) -> Option<Self> {
        let plus_fits = match truth {
            true => matches!(plus, Binary::Or | Binary::Max),
            false => matches!(plus, Binary::Add | Binary::Min | Binary::Max),
        };
        let within_fits = match (within, truth) {
            (None, _) => true,
            (Some(within), true) => matches!(within, Binary::And | Binary::Min),
            (Some(within), false) => matches!(within, Binary::Add | Binary::Multiply),
        };
        (plus_fits && within_fits).then_some(Reduction { plus, within })
    }

    /// Adds all edges to sums.
    #[inline(always)]
    pub(super) fn run(self, [x, y]: [Operand<'_>; 2], sums: &mut Block, shape: Shape) {
        macro_rules! typed {
            ($x:ident, $y:ident) => {
                [Typed { values: $x, starts: x.starts }, Typed { values: $y, starts: y.starts }]
            };
        }
        match (x.lanes, y.lanes, sums) {
            (Lanes::F32(a), Lanes::F32(b), Block::F32(sums)) => self.real(typed!(a, b), sums, shape),
            (Lanes::F64(a), Lanes::F64(b), Block::F64(sums)) => self.real(typed!(a, b), sums, shape),
            (Lanes::Bool(a), Lanes::Bool(b), Block::Bool(sums)) => match self.within {
                None => fold(typed!(a, b), sums, shape, |sum, x, _| sum | x),
                Some(_) => fold(typed!(a, b), sums, shape, |sum, x, y| sum | (x & y)),
            },
            (x, y, _) => unreachable!("types are checked before code is made: sums of {x:?} and {y:?}"),
        }
    }

    #[inline(always)]
    fn real<F: Real>(self, operands: [Typed<'_, F>; 2], sums: &mut [F], shape: Shape) {
        match self.plus {
            Binary::Add => self.within(operands, sums, shape, |sum, x| sum + x),
            Binary::Min => self.within(operands, sums, shape, minimum),
            _ => self.within(operands, sums, shape, maximum),
        }
    }

    #[inline(always)]
    fn within<F: Real>(self, operands: [Typed<'_, F>; 2], sums: &mut [F], shape: Shape, plus: impl Fn(F, F) -> F) {
        match self.within {
            None => fold(operands, sums, shape, |sum, x, _| plus(sum, x)),
            Some(Binary::Add) => fold(operands, sums, shape, |sum, x, y| plus(sum, x + y)),
            Some(_) => fold(operands, sums, shape, |sum, x, y| plus(sum, x * y)),
        }
    }
}

#[inline(always)]
fn fold<T: Copy>([x, y]: [Typed<'_, T>; 2], sums: &mut [T], shape: Shape, join: impl Fn(T, T, T) -> T) {
    let lanes = shape.lanes;
    let sums = &mut sums[..lanes];
    let mut edge = 0;
    while edge + EDGES <= shape.edges {
        let at = [edge, edge + 1, edge + 2, edge + 3];
        let [a, b, c, d] = [x.edge(at[0], lanes), x.edge(at[1], lanes), x.edge(at[2], lanes), x.edge(at[3], lanes)];
        let [e, f, g, h] = [y.edge(at[0], lanes), y.edge(at[1], lanes), y.edge(at[2], lanes), y.edge(at[3], lanes)];
        // All of one length that is known, so that no index is checked.
        for i in 0..lanes {
            let first = join(join(sums[i], a[i], e[i]), b[i], f[i]);
            sums[i] = join(join(first, c[i], g[i]), d[i], h[i]);
        }
        edge += EDGES;
    }
    while edge < shape.edges {
        for ((sum, x), y) in sums.iter_mut().zip(x.edge(edge, lanes)).zip(y.edge(edge, lanes)) {
            *sum = join(*sum, *x, *y);
        }
        edge += 1;
    }
}
