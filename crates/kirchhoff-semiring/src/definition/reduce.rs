//! Sums over several edges at a time: where `⊕` is one operation of a column, a sum is loaded and stored once for all of them.

use super::expression::Binary;
use super::lanes::{Block, Lanes, Operand, Shape, Typed};
use super::number::{Real, maximum, minimum};

/// Edges between loading and storing a sum.
pub(super) const EDGES: usize = 4;

/// `sum ← plus(sum, …)` of every edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reduction {
    plus: Binary,
    within: Within,
}

/// What is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// `x`.
    Nothing,
    /// An operation of `x` and `y`.
    One(Binary),
    /// `x · y + z`, rounded twice.
    ProductAndSum,
}

impl Reduction {
    /// Of numbers or truth values, if there are loops for it.
    pub(super) fn new(plus: Binary, within: Within, truth: bool) -> Option<Self> {
        let fits = match (plus, truth) {
            (Binary::Or | Binary::Max, true) => {
                matches!(within, Within::Nothing | Within::One(Binary::And | Binary::Min))
            }
            (Binary::Add, false) => {
                matches!(within, Within::Nothing | Within::One(Binary::Add | Binary::Multiply) | Within::ProductAndSum)
            }
            (Binary::Min | Binary::Max, false) => {
                matches!(within, Within::Nothing | Within::One(Binary::Add | Binary::Multiply))
            }
            _ => false,
        };
        fits.then_some(Reduction { plus, within })
    }

    /// Adds all edges to sums.
    #[inline(always)]
    pub(super) fn run(self, [x, y, z]: [Operand<'_>; 3], sums: &mut Block, shape: Shape) {
        macro_rules! typed {
            ($x:ident, $y:ident, $z:ident) => {
                [
                    Typed { values: $x, starts: x.starts },
                    Typed { values: $y, starts: y.starts },
                    Typed { values: $z, starts: z.starts },
                ]
            };
        }
        match (x.lanes, y.lanes, z.lanes, sums) {
            (Lanes::F32(a), Lanes::F32(b), Lanes::F32(c), Block::F32(sums)) => self.real(typed!(a, b, c), sums, shape),
            (Lanes::F64(a), Lanes::F64(b), Lanes::F64(c), Block::F64(sums)) => self.real(typed!(a, b, c), sums, shape),
            (Lanes::Bool(a), Lanes::Bool(b), Lanes::Bool(c), Block::Bool(sums)) => match self.within {
                Within::Nothing => fold(typed!(a, b, c), sums, shape, |sum, x, _, _| sum | x),
                _ => fold(typed!(a, b, c), sums, shape, |sum, x, y, _| sum | (x & y)),
            },
            (x, y, ..) => unreachable!("types are checked before code is made: sums of {x:?} and {y:?}"),
        }
    }

    #[inline(always)]
    fn real<F: Real>(self, operands: [Typed<'_, F>; 3], sums: &mut [F], shape: Shape) {
        match (self.plus, self.within) {
            (Binary::Add, Within::ProductAndSum) => {
                fold(operands, sums, shape, |sum, x, y, z| sum + (x * y + z));
            }
            (Binary::Add, _) => self.within(operands, sums, shape, |sum, x| sum + x),
            (Binary::Min, _) => self.within(operands, sums, shape, minimum),
            _ => self.within(operands, sums, shape, maximum),
        }
    }

    #[inline(always)]
    fn within<F: Real>(self, operands: [Typed<'_, F>; 3], sums: &mut [F], shape: Shape, plus: impl Fn(F, F) -> F) {
        match self.within {
            Within::Nothing => fold(operands, sums, shape, |sum, x, _, _| plus(sum, x)),
            Within::One(Binary::Add) => fold(operands, sums, shape, |sum, x, y, _| plus(sum, x + y)),
            _ => fold(operands, sums, shape, |sum, x, y, _| plus(sum, x * y)),
        }
    }
}

#[inline(always)]
fn fold<T: Copy>([x, y, z]: [Typed<'_, T>; 3], sums: &mut [T], shape: Shape, join: impl Fn(T, T, T, T) -> T) {
    let lanes = shape.lanes;
    let sums = &mut sums[..lanes];
    let mut edge = 0;
    while edge + EDGES <= shape.edges {
        let [p, q, r, s] = [edge, edge + 1, edge + 2, edge + 3];
        let [a, b, c, d] = [x.edge(p, lanes), x.edge(q, lanes), x.edge(r, lanes), x.edge(s, lanes)];
        let [e, f, g, h] = [y.edge(p, lanes), y.edge(q, lanes), y.edge(r, lanes), y.edge(s, lanes)];
        let [k, l, m, n] = [z.edge(p, lanes), z.edge(q, lanes), z.edge(r, lanes), z.edge(s, lanes)];
        // All of one length that is known, so that no index is checked.
        for i in 0..lanes {
            let first = join(join(sums[i], a[i], e[i], k[i]), b[i], f[i], l[i]);
            sums[i] = join(join(first, c[i], g[i], m[i]), d[i], h[i], n[i]);
        }
        edge += EDGES;
    }
    while edge < shape.edges {
        let operands = x.edge(edge, lanes).iter().zip(y.edge(edge, lanes)).zip(z.edge(edge, lanes));
        for (sum, ((x, y), z)) in sums.iter_mut().zip(operands) {
            *sum = join(*sum, *x, *y, *z);
        }
        edge += 1;
    }
}
