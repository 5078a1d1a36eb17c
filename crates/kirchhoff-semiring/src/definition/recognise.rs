//! Definitions that say in their own words what the built-in semirings and annotations do.

use super::DefinedTheta;
use super::column::{ColumnType, Constant};
use super::compile::Compiled;
use super::expression::{Binary, Unary};
use super::graph::{Formula, Graph, Id, Value};
use super::operation::Operation;
use super::range::range;
use crate::{Annotation, Image, Interval};

/// A form of `⊕` and `⊗` over one f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    PlusTimes,
    MaxTimes,
    MinPlus,
    MaxPlus,
    MaxMin,
}

/// The form of a definition, and the numbers that its elements are, where its Θ stays among them.
pub(super) fn form(compiled: &Compiled, theta: &DefinedTheta, contributions: Interval) -> Option<(Form, Interval)> {
    if !compiled.single || compiled.columns[0].kind != ColumnType::F32 {
        return None;
    }
    let number = |bits: u64| f64::from(f32::from_bits(bits as u32));
    let (zero, one) = (number(compiled.zero[0]), number(compiled.one[0]));
    let (form, elements) = match (operation(&compiled.plus)?, operation(&compiled.times)?) {
        (Binary::Add, Binary::Multiply) if (zero, one) == (0.0, 1.0) => (Form::PlusTimes, Interval::REALS),
        (Binary::Max, Binary::Multiply) if (zero, one) == (0.0, 1.0) => (Form::MaxTimes, Interval::UNIT),
        (Binary::Min, Binary::Add) if (zero, one) == (f64::INFINITY, 0.0) => {
            (Form::MinPlus, Interval::closed(0.0, f64::INFINITY))
        }
        (Binary::Max, Binary::Add) if (zero, one) == (f64::NEG_INFINITY, 0.0) => {
            (Form::MaxPlus, Interval::closed(f64::NEG_INFINITY, 0.0))
        }
        (Binary::Max, Binary::Min) if zero < one => (Form::MaxMin, Interval::closed(zero, one)),
        _ => return None,
    };
    let image = match theta {
        DefinedTheta::Annotation(annotation) => match annotation.image(contributions) {
            Image::Truth => return Some((form, elements)),
            Image::Reals(interval) => interval,
            Image::Elements => return None,
        },
        DefinedTheta::Expression(_) => {
            let Formula { graph, results } = compiled.theta.as_ref()?;
            // An expression that is no number at infinite contributions is one at all others.
            let (low, high) = range(graph, results[0], contributions)?;
            if form == Form::PlusTimes { Interval::open(low, high) } else { Interval::closed(low, high) }
        }
    };
    elements.includes(&image).then_some((form, elements))
}

/// The operation of both inputs that a formula is, in either order: all of these commute.
fn operation(formula: &Formula) -> Option<Binary> {
    let Value::Apply { operation: Operation::Binary(operation), operands: [a, b, _], .. } =
        formula.graph.value(formula.results[0])
    else {
        return None;
    };
    let inputs = [formula.graph.value(a), formula.graph.value(b)];
    let both = matches!(inputs, [Value::Input(0), Value::Input(1)] | [Value::Input(1), Value::Input(0)]);
    both.then_some(operation)
}

/// The annotation that Θ is, where it is one: by name, or an expression that means the same in every contribution.
///
/// `contributions` in `[−1, 1]` need no bound, so that `abs(d)` is `min(abs(d), 1)` there.
pub(super) fn annotation(compiled: &Compiled, theta: &DefinedTheta) -> Option<Annotation> {
    if let DefinedTheta::Annotation(annotation) = theta {
        return Some(*annotation);
    }
    if compiled.theta_of_neurons {
        return None;
    }
    let Formula { graph, results } = compiled.theta.as_ref()?;
    threshold(compiled, graph, results).or_else(|| {
        let real = compiled.single && compiled.columns[0].kind == ColumnType::F32;
        if real { number(graph, results[0]) } else { None }
    })
}

/// An annotation with numbers as values.
fn number(graph: &Graph, id: Id) -> Option<Annotation> {
    if let Value::Input(_) = graph.value(id) {
        return Some(Annotation::Identity);
    }
    if is_clamped(graph, id) {
        return Some(Annotation::AbsClamp);
    }
    match graph.value(id) {
        Value::Apply { operation: Operation::Unary(Unary::Log), operands: [a, ..], .. } if is_clamped(graph, a) => {
            Some(Annotation::MinusNegLog)
        }
        Value::Apply { operation: Operation::Unary(Unary::Negate), operands: [a, ..], .. } => {
            (number(graph, a) == Some(Annotation::MinusNegLog)).then_some(Annotation::NegLog)
        }
        Value::Apply { operation: Operation::Binary(Binary::Subtract), operands: [a, b, _], .. } => {
            let zero = graph.constant(a).is_some_and(|constant| constant.to_f64() == 0.0);
            (zero && number(graph, b) == Some(Annotation::MinusNegLog)).then_some(Annotation::NegLog)
        }
        Value::Apply { operation: Operation::Binary(Binary::Divide), operands: [a, b, _], .. } => {
            let scale = graph.constant(b)?.to_f64() as f32;
            let fits = scale.is_finite() && scale > 0.0 && matches!(graph.value(a), Value::Input(_));
            fits.then_some(Annotation::Scale(scale))
        }
        _ => None,
    }
}

/// Whether a value is `min(abs(d), 1)`.
fn is_clamped(graph: &Graph, id: Id) -> bool {
    let Value::Apply { operation: Operation::Binary(Binary::Min), operands: [a, b, _], .. } = graph.value(id) else {
        return false;
    };
    let is_one = |id| graph.constant(id) == Some(Constant::f32(1.0));
    (is_magnitude(graph, a) && is_one(b)) || (is_one(a) && is_magnitude(graph, b))
}

fn is_magnitude(graph: &Graph, id: Id) -> bool {
    let Value::Apply { operation: Operation::Unary(Unary::Abs), operands: [a, ..], .. } = graph.value(id) else {
        return false;
    };
    matches!(graph.value(a), Value::Input(_))
}

/// The threshold that Θ is, if each of its columns is that of 1 above one and the same bound, and that of 0 elsewhere.
fn threshold(compiled: &Compiled, graph: &Graph, results: &[Id]) -> Option<Annotation> {
    let mut found = None;
    for ((&result, column), (&zero, &one)) in
        results.iter().zip(&compiled.columns).zip(compiled.zero.iter().zip(&compiled.one))
    {
        let [zero, one] = [zero, one].map(|bits| Constant { kind: column.kind, bits });
        if graph.constant(result).is_some_and(|constant| constant == zero && zero == one) {
            continue;
        }
        let here = column_threshold(graph, result, zero, one)?;
        if *found.get_or_insert(here) != here {
            return None;
        }
    }
    found
}

fn column_threshold(graph: &Graph, id: Id, zero: Constant, one: Constant) -> Option<Annotation> {
    let condition = match graph.value(id) {
        Value::Apply { operation: Operation::Select, operands: [condition, a, b], .. } => {
            (graph.constant(a) == Some(one) && graph.constant(b) == Some(zero)).then_some(condition)?
        }
        Value::Apply { operation: Operation::Convert(_), operands: [a, ..], .. }
            if graph.kind(a) == ColumnType::Bool && (zero.to_f64(), one.to_f64()) == (0.0, 1.0) =>
        {
            a
        }
        Value::Apply { .. } if zero == Constant::bool(false) && one == Constant::bool(true) => id,
        _ => return None,
    };
    let Value::Apply { operation: Operation::Binary(comparison), operands: [a, b, _], .. } = graph.value(condition)
    else {
        return None;
    };
    match comparison {
        // d ≥ θ stands as θ ≤ d.
        Binary::LessEqual if matches!(graph.value(b), Value::Input(_)) => bound(graph, a).map(Annotation::Threshold),
        Binary::Less if is_magnitude(graph, b) => bound(graph, a).map(Annotation::ThresholdAbs),
        // d > θ is d ≥ the next number; not where that is subnormal, which bounds of sums underflow to.
        Binary::Less if matches!(graph.value(b), Value::Input(_)) => {
            bound(graph, a).map(f32::next_up).filter(|theta| theta.is_normal()).map(Annotation::Threshold)
        }
        _ => None,
    }
}

/// A finite f32.
fn bound(graph: &Graph, id: Id) -> Option<f32> {
    let constant = graph.constant(id).filter(|constant| constant.kind == ColumnType::F32)?;
    Some(constant.to_f64() as f32).filter(|bound| bound.is_finite())
}
