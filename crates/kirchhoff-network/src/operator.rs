//! The operators that networks are made of, and the shapes that they make.
//!
//! Shapes have no batch axis: an image is `[channels, height, width]`, a signal `[channels, length]`, a vector
//! `[features]`. The channel axis is the first.

use kirchhoff_kernel::{Weights, Window, WindowError};
use thiserror::Error;

use crate::activation::Activation;

/// What a node of a network computes from its arguments.
#[derive(Clone, Debug)]
pub enum Operator {
    /// The network's input.
    Input,
    /// A linear layer on a vector.
    Dense(Dense),
    /// A convolution of a signal or an image.
    Convolution(Convolution),
    /// A maximum or average over windows, each channel on its own.
    Pool(Pool),
    /// A multiplication and addition per channel: batch normalisation at test time, or a bias.
    Affine(Affine),
    /// A function of each value on its own.
    Activation(Activation),
    /// The sum of two or more arguments of equal shape.
    Add,
    /// The arguments one after the other along an axis.
    Concatenate {
        /// The axis, from 0.
        axis: usize,
    },
    /// A regular selection from each axis.
    Slice(Slice),
    /// A reordering of the axes: axis `i` of the result is axis `axes[i]` of the argument.
    Transpose {
        /// The argument's axis for each axis of the result.
        axes: Vec<usize>,
    },
    /// The same values in row-major order under another shape. Flattening is a reshape.
    Reshape {
        /// The new shape.
        shape: Vec<usize>,
    },
    /// A border of a constant value around each axis.
    Pad {
        /// The border before and after each axis.
        border: Vec<[usize; 2]>,
        /// The value in the border.
        value: f32,
    },
    /// Dropout at test time: the argument itself.
    Dropout,
    /// A final softmax, or its logarithm; explanations start before it.
    Softmax {
        /// Whether it is the logarithm of the softmax.
        logarithm: bool,
    },
}

/// A linear layer: `out[k] = Σ_j weights[k, j] · in[j] + bias[k]`.
#[derive(Clone, Debug)]
pub struct Dense {
    /// Number of features in.
    pub inputs: usize,
    /// Number of features out.
    pub outputs: usize,
    /// `[outputs, inputs]`, row-major.
    pub weights: Weights,
    /// `[outputs]`, if any.
    pub bias: Option<Weights>,
}

/// A convolution (cross-correlation, as all frameworks have it) over one or two axes.
#[derive(Clone, Debug)]
pub struct Convolution {
    /// Channels in.
    pub inputs: usize,
    /// Channels out.
    pub outputs: usize,
    /// Number of groups that channels are divided into; each sees only its own.
    pub groups: usize,
    /// The sliding window.
    pub window: Window,
    /// `[outputs, inputs / groups, kernel height, kernel width]`, row-major.
    pub weights: Weights,
    /// `[outputs]`, if any.
    pub bias: Option<Weights>,
}

/// A pool over windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// What is taken of each window.
    pub kind: PoolKind,
    /// The sliding window; `None` covers the whole image (global pooling).
    pub window: Option<Window>,
}

/// What a pool takes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The largest member. Padding is no member.
    Maximum,
    /// The mean of the members.
    Average {
        /// Whether padding counts as members of value 0.
        count_padding: bool,
    },
}

/// `out[c, …] = scale[c] · in[c, …] + shift[c]`.
#[derive(Clone, Debug)]
pub struct Affine {
    /// One factor a channel.
    pub scale: Weights,
    /// One summand a channel.
    pub shift: Weights,
}

/// A regular selection: on each axis, `start`, `start + step`, …, `length` of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// One selection an axis.
    pub axes: Vec<SliceAxis>,
}

/// The selection on one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceAxis {
    /// The first position taken.
    pub start: usize,
    /// Distance from one position taken to the next; may be negative, not 0.
    pub step: isize,
    /// How many positions are taken.
    pub length: usize,
}

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
    /// A shape with more elements than a machine word counts, or with none.
    #[error("the shape {0:?} is empty or too large")]
    Size(Vec<usize>),
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
        _ => Err(ShapeError::Argument {
            expected: "[channels, length] or [channels, height, width]".to_string(),
            got: shape.to_vec(),
        }),
    }
}

impl Operator {
    /// The operator's name in messages and docs.
    pub fn name(&self) -> &'static str {
        match self {
            Operator::Input => "input",
            Operator::Dense(_) => "dense",
            Operator::Convolution(_) => "convolution",
            Operator::Pool(Pool { kind: PoolKind::Maximum, .. }) => "maximum pooling",
            Operator::Pool(Pool { kind: PoolKind::Average { .. }, .. }) => "average pooling",
            Operator::Affine(_) => "affine",
            Operator::Activation(activation) => activation.name(),
            Operator::Add => "addition",
            Operator::Concatenate { .. } => "concatenation",
            Operator::Slice(_) => "slice",
            Operator::Transpose { .. } => "transposition",
            Operator::Reshape { .. } => "reshape",
            Operator::Pad { .. } => "padding",
            Operator::Dropout => "dropout",
            Operator::Softmax { logarithm: false } => "softmax",
            Operator::Softmax { logarithm: true } => "log-softmax",
        }
    }

    /// The operator's parameters, with the names that messages give them.
    pub fn parameters(&self) -> Vec<(&'static str, &Weights)> {
        let (weights, bias) = match self {
            Operator::Dense(dense) => (&dense.weights, &dense.bias),
            Operator::Convolution(convolution) => (&convolution.weights, &convolution.bias),
            Operator::Affine(affine) => return vec![("scale", &affine.scale), ("shift", &affine.shift)],
            _ => return Vec::new(),
        };
        std::iter::once(("weights", weights)).chain(bias.as_ref().map(|bias| ("bias", bias))).collect()
    }

    /// The shape of the result on arguments of the given shapes.
    ///
    /// # Errors
    /// Arguments or parameters that do not fit the operator. [`Operator::Input`] has no arguments to take a shape
    /// from and always fails here.
    pub fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let shape = match self {
            Operator::Add => {
                let [first, rest @ ..] = arguments else {
                    return Err(ShapeError::Arguments { expected: "two or more arguments", got: 0 });
                };
                if rest.is_empty() {
                    return Err(ShapeError::Arguments { expected: "two or more arguments", got: 1 });
                }
                if let Some(other) = rest.iter().find(|shape| shape != &first) {
                    let expected = format!("arguments of one shape, {first:?} like the first");
                    return Err(ShapeError::Argument { expected, got: other.to_vec() });
                }
                first.to_vec()
            }
            Operator::Concatenate { axis } => concatenated(*axis, arguments)?,
            Operator::Input => {
                return Err(ShapeError::Arguments { expected: "no argument and a given shape", got: arguments.len() });
            }
            _ => {
                let [argument] = arguments else {
                    return Err(ShapeError::Arguments { expected: "one argument", got: arguments.len() });
                };
                self.unary_shape(argument)?
            }
        };
        match elements(&shape) {
            None | Some(0) => Err(ShapeError::Size(shape)),
            Some(_) => Ok(shape),
        }
    }

    fn unary_shape(&self, argument: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let mismatch = |expected: String| Err(ShapeError::Argument { expected, got: argument.to_vec() });
        match self {
            Operator::Dense(dense) => {
                parameter("weights", dense.inputs.saturating_mul(dense.outputs), dense.weights.len())?;
                bias(&dense.bias, dense.outputs)?;
                if *argument != [dense.inputs] {
                    return mismatch(format!("a vector of {} features", dense.inputs));
                }
                Ok(vec![dense.outputs])
            }
            Operator::Convolution(convolution) => {
                let Convolution { inputs, outputs, groups, window, .. } = *convolution;
                if groups == 0 || inputs % groups != 0 || outputs % groups != 0 {
                    return mismatch(format!("channels in and out ({inputs}, {outputs}) that {groups} groups divide"));
                }
                let expected = elements(&[outputs, inputs / groups, window.kernel[0], window.kernel[1]]);
                parameter("weights", expected.unwrap_or(usize::MAX), convolution.weights.len())?;
                bias(&convolution.bias, outputs)?;
                let [channels, height, width] = as_image(argument)?;
                if channels != inputs {
                    return mismatch(format!("{inputs} channels"));
                }
                Ok(windowed(argument, outputs, window.output([height, width])?))
            }
            Operator::Pool(pool) => {
                let [channels, height, width] = as_image(argument)?;
                let window = pool.window.unwrap_or(Window::new([height, width]));
                Ok(windowed(argument, channels, window.output([height, width])?))
            }
            Operator::Affine(affine) => {
                let channels = argument.first().copied().unwrap_or(1);
                parameter("scale", channels, affine.scale.len())?;
                parameter("shift", channels, affine.shift.len())?;
                Ok(argument.to_vec())
            }
            Operator::Slice(slice) => {
                if slice.axes.len() != argument.len() {
                    return mismatch(format!("{} axes", slice.axes.len()));
                }
                for (selection, &length) in slice.axes.iter().zip(argument) {
                    let last = selection.length.checked_sub(1).and_then(|steps| {
                        let offset = selection.step.checked_mul(isize::try_from(steps).ok()?)?;
                        selection.start.checked_add_signed(offset)
                    });
                    if selection.step == 0 || selection.start >= length || last.is_none_or(|last| last >= length) {
                        return mismatch(format!("a shape that {selection:?} lies in"));
                    }
                }
                Ok(slice.axes.iter().map(|selection| selection.length).collect())
            }
            Operator::Transpose { axes } => {
                let mut sorted = axes.clone();
                sorted.sort_unstable();
                if sorted != (0..argument.len()).collect::<Vec<_>>() {
                    return mismatch(format!("as many axes as {axes:?} permutes"));
                }
                Ok(axes.iter().map(|&axis| argument[axis]).collect())
            }
            Operator::Reshape { shape } => {
                if elements(shape) != elements(argument) {
                    return mismatch(format!("as many values as {shape:?} has"));
                }
                Ok(shape.clone())
            }
            Operator::Pad { border, .. } => {
                if border.len() != argument.len() {
                    return mismatch(format!("{} axes", border.len()));
                }
                let padded = |(&length, &[before, after]): (&usize, &[usize; 2])| {
                    length.checked_add(before).and_then(|sum| sum.checked_add(after))
                };
                let shape: Option<Vec<_>> = argument.iter().zip(border).map(padded).collect();
                shape.ok_or(ShapeError::Size(argument.to_vec()))
            }
            Operator::Activation(_) | Operator::Dropout | Operator::Softmax { .. } => Ok(argument.to_vec()),
            Operator::Input | Operator::Add | Operator::Concatenate { .. } => unreachable!("not unary"),
        }
    }
}

fn parameter(parameter: &'static str, expected: usize, got: usize) -> Result<(), ShapeError> {
    if expected == got { Ok(()) } else { Err(ShapeError::Parameter { parameter, expected, got }) }
}

fn bias(bias: &Option<Weights>, outputs: usize) -> Result<(), ShapeError> {
    bias.as_ref().map_or(Ok(()), |bias| parameter("bias", outputs, bias.len()))
}

fn windowed(argument: &[usize], channels: usize, [height, width]: [usize; 2]) -> Vec<usize> {
    if argument.len() == 2 { vec![channels, width] } else { vec![channels, height, width] }
}

fn concatenated(axis: usize, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
    let [first, rest @ ..] = arguments else {
        return Err(ShapeError::Arguments { expected: "one or more arguments", got: 0 });
    };
    if axis >= first.len() {
        return Err(ShapeError::Argument { expected: format!("more than {axis} axes"), got: first.to_vec() });
    }
    let mut shape = first.to_vec();
    for other in rest {
        let fits = other.len() == first.len() && (0..first.len()).all(|i| i == axis || other[i] == first[i]);
        if !fits {
            let expected = format!("arguments that differ from {first:?} on axis {axis} only");
            return Err(ShapeError::Argument { expected, got: other.to_vec() });
        }
        shape[axis] = shape[axis].checked_add(other[axis]).ok_or_else(|| ShapeError::Size(first.to_vec()))?;
    }
    Ok(shape)
}
