//! Shapes of tensors, and what does not fit them.

use kirchhoff_kernel::{Weights, WindowError, WiringError};
use thiserror::Error;

/// Arguments that an operator cannot take.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ShapeError {
    /// The wrong number of arguments.
    #[error("takes {expected}, got {got}")]
    Arguments {
        /// How many it takes, in words.
        expected: &'static str,
        /// How many it got.
        got: usize,
    },
    /// An argument of a shape that does not fit.
    #[error("takes {expected}, got shape {got:?}")]
    Argument {
        /// What fits, in words.
        expected: String,
        /// The argument's shape.
        got: Vec<usize>,
    },
    /// Parameters whose number of values does not fit the operator's own dimensions.
    #[error("{parameter} should hold {expected} values, holds {got}")]
    Parameter {
        /// Which parameter.
        parameter: &'static str,
        /// The number of values that the dimensions ask for.
        expected: usize,
        /// The number of values there.
        got: usize,
    },
    /// A window that does not fit.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// Edges that cannot be walked, as those of a kernel far larger than the image.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// A shape with more than 2³¹ elements, or with none.
    #[error("makes a tensor of shape {0:?}, which is empty or has more than 2147483647 values")]
    Size(Vec<usize>),
}

/// The shapes that meet at a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shapes<'a> {
    /// Those of its arguments.
    pub arguments: &'a [&'a [usize]],
    /// That of its result.
    pub result: &'a [usize],
}

impl Shapes<'_> {
    /// The shape of the first argument.
    pub fn first(&self) -> &[usize] {
        self.arguments[0]
    }

    /// The number of values of the result.
    pub fn size(&self) -> usize {
        self.result.iter().product()
    }
}

/// The number of elements of a shape, unless it overflows.
pub(crate) fn elements(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length))
}

/// A shape as `[channels, height, width]`; signals have height 1.
///
/// # Errors
/// A shape that is neither a signal nor an image.
pub fn as_image(shape: &[usize]) -> Result<[usize; 3], ShapeError> {
    match *shape {
        [channels, length] => Ok([channels, 1, length]),
        [channels, height, width] => Ok([channels, height, width]),
        _ => mismatch("[channels, length] or [channels, height, width]", shape),
    }
}

/// The error of an argument whose shape does not fit.
pub(crate) fn mismatch<T>(expected: impl Into<String>, got: &[usize]) -> Result<T, ShapeError> {
    Err(ShapeError::Argument { expected: expected.into(), got: got.to_vec() })
}

/// The only argument.
pub(crate) fn only<'a>(arguments: &[&'a [usize]]) -> Result<&'a [usize], ShapeError> {
    match arguments {
        [argument] => Ok(argument),
        _ => Err(ShapeError::Arguments { expected: "one argument", got: arguments.len() }),
    }
}

/// Makes sure that a parameter holds as many values as it should.
pub(crate) fn check_parameter(
    parameter: &'static str,
    expected: usize,
    values: Option<&Weights>,
) -> Result<(), ShapeError> {
    match values {
        Some(values) if values.len() != expected => {
            Err(ShapeError::Parameter { parameter, expected, got: values.len() })
        }
        Some(_) | None => Ok(()),
    }
}

/// Row-major strides of a shape.
pub(crate) fn strides(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis] as isize;
    }
    strides
}
