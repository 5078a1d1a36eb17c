//! The operators that networks are made of, one file each, and the shapes that they make.
//!
//! Shapes have no batch axis: an image is `[channels, height, width]`, a signal `[channels, length]`, a vector
//! `[features]`. The channel axis is the first.

mod activation;
mod add;
mod affine;
mod concatenate;
mod convolution;
mod dense;
mod dropout;
mod input;
mod kind;
mod operation;
mod pad;
mod pool;
mod reshape;
mod shape;
mod slice;
mod sliding;
mod softmax;
mod step;
mod transpose;

use kirchhoff_kernel::{Weights, Wiring};

pub use activation::{Activation, Elementary};
pub use affine::Affine;
pub use concatenate::Concatenate;
pub use convolution::Convolution;
pub use dense::Dense;
pub use kind::LayerKind;
pub use operation::Link;
pub(crate) use operation::{Operation, Parameter, Pruning, Side};
pub use pad::Pad;
pub use pool::{Pool, PoolKind};
pub use reshape::Reshape;
pub use shape::{ShapeError, as_image};
pub(crate) use shape::{Shapes, check_parameter, elements, mismatch, only, strides};
pub use slice::{Slice, SliceAxis};
pub use softmax::Softmax;
pub(crate) use step::Step;
pub use transpose::Transpose;

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
    Concatenate(Concatenate),
    /// A regular selection from each axis.
    Slice(Slice),
    /// A reordering of the axes.
    Transpose(Transpose),
    /// The same values in row-major order under another shape. Flattening is a reshape.
    Reshape(Reshape),
    /// A border of a constant value around each axis.
    Pad(Pad),
    /// Dropout at test time: the argument itself.
    Dropout,
    /// A final softmax, or its logarithm; explanations start before it.
    Softmax(Softmax),
}

impl Operator {
    /// The operator itself: the one place where operators are told apart.
    pub(crate) fn operation(&self) -> &dyn Operation {
        match self {
            Operator::Input => &input::Input,
            Operator::Dense(dense) => dense,
            Operator::Convolution(convolution) => convolution,
            Operator::Pool(pool) => pool,
            Operator::Affine(affine) => affine,
            Operator::Activation(activation) => activation,
            Operator::Add => &add::Add,
            Operator::Concatenate(concatenate) => concatenate,
            Operator::Slice(slice) => slice,
            Operator::Transpose(transpose) => transpose,
            Operator::Reshape(reshape) => reshape,
            Operator::Pad(pad) => pad,
            Operator::Dropout => &dropout::Dropout,
            Operator::Softmax(softmax) => softmax,
        }
    }

    /// The operator's name in messages and docs.
    pub fn name(&self) -> &'static str {
        self.operation().name()
    }

    /// How rules tell the operator from others.
    pub fn kind(&self) -> LayerKind {
        self.operation().kind()
    }

    /// The operator's parameters, with the names that messages give them.
    pub fn parameters(&self) -> Vec<(&'static str, &Weights)> {
        // Their shapes alone depend on the number of axes.
        self.operation().parameters(3).into_iter().map(|parameter| (parameter.name, parameter.values)).collect()
    }

    /// What is added to each channel of the result, if anything is.
    pub fn bias(&self) -> Option<&Weights> {
        self.operation().bias()
    }

    /// What the sum over the edges of a wiring into each neuron is divided by, if the operator averages or may be treated
    /// so, as a maximum pool may: the number of its members, and 1 where there is none.
    ///
    /// A window that the image's border cuts counts its members inside the image, or inside the padding too where the
    /// pool counts padding. A maximum pool treated as an average counts the former.
    pub fn divisors(&self, wiring: &Wiring) -> Option<Vec<f32>> {
        self.operation().divisors(wiring)
    }

    /// Whether each value of the result is a function of the one at the same place of the only argument.
    pub fn keeps_places(&self) -> bool {
        self.operation().keeps_places()
    }

    /// The shape of the result on arguments of the given shapes.
    ///
    /// # Errors
    /// Arguments or parameters that do not fit the operator. [`Operator::Input`] has no arguments to take a shape
    /// from and always fails here.
    pub fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let shape = self.operation().output_shape(arguments)?;
        match elements(&shape) {
            None | Some(0) => Err(ShapeError::Size(shape)),
            Some(_) => Ok(shape),
        }
    }
}
