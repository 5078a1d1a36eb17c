//! The semirings and annotations in `f64`, and relevance by (2.1.3), edge by edge.

use kirchhoff_semiring::Annotation;

use crate::approximate::Approximate;
use crate::edges::Edge;

/// A semiring that the oracle computes in.
pub trait Algebra {
    /// An element.
    type Value: Clone;

    /// 0.
    fn zero(&self) -> Self::Value;
    /// 1.
    fn one(&self) -> Self::Value;
    /// `a ⊕ b`.
    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// `a ⊗ b`.
    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value;
}

/// A row of the table of semirings.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The name.
    pub name: &'static str,
    zero: f64,
    one: f64,
    plus: fn(f64, f64) -> f64,
    times: fn(f64, f64) -> f64,
    /// The error of one operation, relative to the operands.
    relative: f64,
    /// The error of one operation, whatever the operands.
    absolute: f64,
}

/// The error of one operation on `f32`, generously.
const SINGLE: f64 = 2.4e-7;
/// The smallest normal numbers of `f32`: what is below may be lost.
const UNDERFLOW: f64 = 1e-37;

fn sum(a: f64, b: f64) -> f64 {
    a + b
}

fn product(a: f64, b: f64) -> f64 {
    a * b
}

fn bounded_difference(a: f64, b: f64) -> f64 {
    (a + b - 1.0).max(0.0)
}

fn log_sum(a: f64, b: f64) -> f64 {
    let high = a.max(b);
    if high == f64::NEG_INFINITY { high } else { high + ((a - high).exp() + (b - high).exp()).ln() }
}

const INFINITY: f64 = f64::INFINITY;

/// Every numeric semiring. Truth values are 0 and 1 with `max` and `min`.
pub static ROWS: [Row; 11] = [
    row("real", 0.0, 1.0, sum, product, SINGLE, UNDERFLOW),
    row("boolean", 0.0, 1.0, f64::max, f64::min, 0.0, 0.0),
    row("counting", 0.0, 1.0, sum, product, 0.0, 0.0),
    row("counting-float", 0.0, 1.0, sum, product, 1e-15, 0.0),
    row("viterbi", 0.0, 1.0, f64::max, product, SINGLE, UNDERFLOW),
    row("tropical", INFINITY, 0.0, f64::min, sum, SINGLE, 0.0),
    row("max-plus", -INFINITY, 0.0, f64::max, sum, SINGLE, 0.0),
    row("fuzzy", 0.0, 1.0, f64::max, f64::min, 0.0, 0.0),
    row("bottleneck", -INFINITY, INFINITY, f64::max, f64::min, 0.0, 0.0),
    row("lukasiewicz", 0.0, 1.0, f64::max, bounded_difference, SINGLE, SINGLE),
    row("log", -INFINITY, 0.0, log_sum, sum, SINGLE, SINGLE),
];

const fn row(
    name: &'static str,
    zero: f64,
    one: f64,
    plus: fn(f64, f64) -> f64,
    times: fn(f64, f64) -> f64,
    relative: f64,
    absolute: f64,
) -> Row {
    Row { name, zero, one, plus, times, relative, absolute }
}

/// A value of a [`Row`], with the smallest and the largest that `f32` arithmetic may find instead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The smallest.
    pub low: f64,
    /// The value.
    pub value: f64,
    /// The largest.
    pub high: f64,
}

impl Range {
    /// Exactly `x`.
    pub fn exactly(x: f64) -> Self {
        Range { low: x, value: x, high: x }
    }
}

impl Row {
    /// The row of a semiring's name.
    pub fn of(name: &str) -> &'static Row {
        ROWS.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("the oracle has no semiring {name}"))
    }

    /// What errors are relative to at least: sums of logarithms, and of shares less 1, round as 1 does even where the
    /// result is close to 0.
    pub fn smallest_magnitude(&self) -> f64 {
        if self.absolute == SINGLE { 1.0 } else { 0.0 }
    }

    /// An operation on ranges. All but the product of signed reals are monotone; the product has its extremes at the
    /// ends too.
    fn operate(&self, operation: fn(f64, f64) -> f64, a: &Range, b: &Range) -> Range {
        let value = operation(a.value, b.value);
        let ends = [(a.low, b.low), (a.low, b.high), (a.high, b.low), (a.high, b.high)].map(|(a, b)| operation(a, b));
        // The neutral and absorbing elements come out exact: an operation that returns an operand does not round.
        let exact = a.low == a.high && b.low == b.high && [self.zero, self.one, a.low, b.low].contains(&value);
        let size = [a.low, a.high, b.low, b.high, value].map(f64::abs).into_iter();
        let size = size.filter(|size| size.is_finite()).fold(0.0, f64::max);
        let relative = if operation(2.0, 3.0) == 6.0 { value.abs() } else { size };
        let slack = if exact { 0.0 } else { self.relative * relative + self.absolute };
        Range {
            low: ends.into_iter().fold(INFINITY, f64::min) - slack,
            value,
            high: ends.into_iter().fold(-INFINITY, f64::max) + slack,
        }
    }

    /// `Θ(d)`, or nothing where rounding may decide between 0 and 1. `layer` are all contributions of the
    /// layer in one execution.
    pub fn annotate(&self, annotation: Annotation, d: Approximate, layer: &[Approximate]) -> Option<Range> {
        let truth = |holds| Range::exactly(if holds { self.one } else { self.zero });
        let magnitude = d.abs();
        let clamped = Range {
            low: if d.has_sign() { magnitude.low().clamp(0.0, 1.0) } else { 0.0 },
            value: magnitude.value.min(1.0),
            high: magnitude.high().min(1.0),
        };
        // A relative error of the argument is an absolute one of the logarithm; the logarithm itself rounds too.
        let slack = |x: f64| if x == 0.0 || x.is_infinite() { 0.0 } else { SINGLE * (1.0 + x.abs()) };
        let ln = |x: f64, sign: f64| x.ln() + sign * slack(x.ln());
        let logarithm = Range { low: ln(clamped.low, -1.0), value: clamped.value.ln(), high: ln(clamped.high, 1.0) };
        let logarithm = Range { high: logarithm.high.min(0.0), ..logarithm };
        Some(match annotation {
            Annotation::Own => panic!("built-in semirings have no Θ of their own"),
            Annotation::Identity => Range { low: d.low(), value: d.value, high: d.high() },
            Annotation::Scale(scale) => {
                // The quotient rounds once.
                let scaled = |x: f64, sign: f64| (x + sign * SINGLE * x.abs()) / f64::from(scale);
                Range { low: scaled(d.low(), -1.0), value: scaled(d.value, 0.0), high: scaled(d.high(), 1.0) }
            }
            Annotation::Threshold(theta) => truth(above(d, theta)? || d.value == f64::from(theta)),
            Annotation::ThresholdAbs(theta) => truth(above(magnitude, theta)?),
            Annotation::Keep(theta) => match above(d, theta)? || d.value == f64::from(theta) {
                true => Range { low: d.low(), value: d.value, high: d.high() },
                false => Range::exactly(self.zero),
            },
            Annotation::AbsClamp => clamped,
            Annotation::NegLog => Range { low: -logarithm.high, value: -logarithm.value, high: -logarithm.low },
            Annotation::MinusNegLog => logarithm,
            Annotation::Rank => rank(d, layer)?,
        })
    }
}

/// Whether `d > θ`, unless they are too close to tell: by the error of `d`, or by 1e-5, within which thresholds may fall either way.
fn above(d: Approximate, theta: f32) -> Option<bool> {
    let theta = f64::from(theta);
    let margin = if d.error == 0.0 { 0.0 } else { d.error.max(1e-5 * theta.abs()) };
    (margin == 0.0 || (d.value - theta).abs() > margin).then_some(d.value > theta)
}

/// The share of the layer's positive contributions that are at most `d`. The histogram behind it has bins of a relative
/// width of 2⁻⁹, so that contributions up to so much larger may be counted; and neighbours may swap by rounding.
fn rank(d: Approximate, layer: &[Approximate]) -> Option<Range> {
    if !d.has_sign() || layer.iter().any(|other| !other.has_sign()) {
        return None;
    }
    let positive: Vec<&Approximate> = layer.iter().filter(|other| other.value > 0.0).collect();
    if d.value <= 0.0 {
        return Some(Range::exactly(0.0));
    }
    let share = |at_most: &dyn Fn(&Approximate) -> bool| {
        positive.iter().filter(|other| at_most(other)).count() as f64 / positive.len() as f64
    };
    Some(Range {
        low: share(&|other| other.high() <= d.low() || *other == d) - SINGLE,
        value: share(&|other| other.value <= d.value),
        high: share(&|other| other.low() <= d.high() * (1.0 + 1.0 / 512.0)) + SINGLE,
    })
}

impl Algebra for Row {
    type Value = Range;

    fn zero(&self) -> Range {
        Range::exactly(self.zero)
    }

    fn one(&self) -> Range {
        Range::exactly(self.one)
    }

    fn plus(&self, a: &Range, b: &Range) -> Range {
        self.operate(self.plus, a, b)
    }

    fn times(&self, a: &Range, b: &Range) -> Range {
        self.operate(self.times, a, b)
    }
}

/// A layer's edges with what Θ makes of them, for (2.1.3).
pub struct Annotated<'a, V> {
    /// The tensors that its arguments are.
    pub arguments: &'a [usize],
    /// Its edges.
    pub edges: &'a [Edge],
    /// `Θ(d)` of each.
    pub theta: Vec<V>,
}

/// The relevance of every tensor: `R[j] = ⊕_k Θ(d[j,k]) ⊗ R[k]` from `start` at the last one. Layer `i` leads to
/// tensor `i`; the first tensor is the input and has none.
pub fn relevance<A: Algebra>(
    algebra: &A,
    sizes: &[usize],
    layers: &[Annotated<'_, A::Value>],
    start: Vec<A::Value>,
) -> Vec<Vec<A::Value>> {
    let mut relevance: Vec<Vec<A::Value>> = sizes.iter().map(|&size| vec![algebra.zero(); size]).collect();
    *relevance.last_mut().unwrap() = start;
    for (index, layer) in layers.iter().enumerate().rev() {
        for (edge, theta) in layer.edges.iter().zip(&layer.theta) {
            let product = algebra.times(theta, &relevance[index][edge.destination]);
            let source = &mut relevance[layer.arguments[edge.argument]][edge.source];
            *source = algebra.plus(source, &product);
        }
    }
    relevance
}
