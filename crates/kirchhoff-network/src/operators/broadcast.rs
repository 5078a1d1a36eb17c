//! How tensors of different shapes lie over each other: axes are aligned from the last, and one of length 1 is repeated.

use kirchhoff_kernel::{Axes, Wiring};

use super::{Link, ShapeError, Shapes, elements, mismatch};

/// The shape that arguments make together.
///
/// # Errors
/// Axes of different lengths, neither of which is 1.
pub(crate) fn joined(shapes: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let mut joined = vec![1; rank];
    for shape in shapes {
        let places = joined[rank - shape.len()..].iter_mut();
        for (place, &length) in places.zip(*shape) {
            if *place != length && *place != 1 && length != 1 {
                return mismatch("shapes whose axes have equal lengths, or length 1", shape);
            }
            *place = (*place).max(length);
        }
    }
    Ok(joined)
}

/// The shape that two arguments make together.
///
/// # Errors
/// Any other number of arguments, and what [`joined`] refuses.
pub(crate) fn joined_pair(arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
    match arguments {
        [_, _] => joined(arguments),
        _ => Err(ShapeError::Arguments { expected: "two arguments", got: arguments.len() }),
    }
}

/// The shape that two or more arguments make together.
///
/// # Errors
/// Fewer arguments, and what [`joined`] refuses.
pub(crate) fn joined_several(arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
    match arguments {
        [_, _, ..] => joined(arguments),
        _ => Err(ShapeError::Arguments { expected: "two or more arguments", got: arguments.len() }),
    }
}

/// The links of an operator each of whose arguments is repeated to the result, over no weights.
pub(crate) fn repeated_links(shapes: &Shapes<'_>) -> Vec<Link> {
    let link =
        |(argument, shape): (usize, &&[usize])| Link { argument, ..Link::new(repeated(shape, None, shapes.result)) };
    shapes.arguments.iter().enumerate().map(link).collect()
}

/// The edges from a tensor to the one that it is repeated to: over a weight for each value of a tensor of a third shape, which
/// is repeated as well, or over none.
pub(crate) fn repeated(source: &[usize], weights: Option<&[usize]>, destination: &[usize]) -> Wiring {
    let own = |shape: &[usize]| -> Vec<usize> {
        let first = destination.len() - shape.len();
        (0..shape.len()).filter(|&axis| shape[axis] == destination[first + axis]).map(|axis| first + axis).collect()
    };
    if weights.is_none() && elements(source) == elements(destination) {
        return Wiring::Identity { size: destination.iter().product() };
    }
    let all: Vec<usize> = (0..destination.len()).collect();
    let weights = weights.map(own).unwrap_or_default();
    let axes = Axes::contraction(destination, &own(source), &weights, &all);
    Wiring::Axes(axes.expect("every axis is one of the destination, whose size was checked"))
}

/// For each value of a shape, the position of the value that lies under it in a tensor of another.
pub(crate) fn positions(source: &[usize], destination: &[usize]) -> Vec<usize> {
    let first = destination.len() - source.len();
    let mut positions = vec![0];
    let mut strides = vec![0; destination.len()];
    let mut stride = 1;
    for axis in (0..source.len()).rev() {
        strides[first + axis] = if source[axis] == 1 { 0 } else { stride };
        stride *= source[axis];
    }
    for (&length, stride) in destination.iter().zip(strides) {
        positions = positions.iter().flat_map(|position| (0..length).map(move |i| position + i * stride)).collect();
    }
    positions
}
