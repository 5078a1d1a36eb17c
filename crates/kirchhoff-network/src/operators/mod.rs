//! The operators that networks are made of, one file each, and the shapes that they make.
//!
//! Shapes have no batch axis: an image is `[channels, height, width]`, a signal `[channels, length]`, a vector
//! `[features]`. The channel axis is the first.

mod activation;
mod add;
mod affine;
mod broadcast;
mod choice;
mod comparison;
mod concatenate;
mod conditional;
mod constant;
mod convolution;
mod dense;
mod dense_sum;
mod dropout;
mod embedding;
mod expand;
mod extreme;
mod input;
mod interpolate;
mod kind;
mod linear;
mod matrix_product;
mod normalisation;
mod offset;
mod operation;
mod pad;
mod pool;
mod product;
mod quotient;
mod reduction;
mod reshape;
mod select;
mod shape;
mod slice;
mod sliding;
mod softmax;
mod step;
mod transpose;
mod volume;

use kirchhoff_kernel::{Weights, Wiring};

pub use activation::{Activation, Elementary};
pub use affine::Affine;
pub(crate) use broadcast::{joined, positions};
pub use choice::Choice;
pub use comparison::{Comparison, Relation};
pub use concatenate::Concatenate;
pub use constant::Constant;
pub use convolution::Convolution;
pub use dense::Dense;
pub use dense_sum::DenseSum;
pub use embedding::Embedding;
pub use expand::Expand;
pub use extreme::Extreme;
pub use input::Input;
pub use interpolate::{Interpolate, WeightedSum};
pub use kind::LayerKind;
pub use linear::Linear;
pub use normalisation::Normalisation;
pub use offset::{Multiple, Offset};
pub use operation::{Link, LinkWeights};
pub(crate) use operation::{Operation, Parameter, Pruning, Side};
pub use pad::Pad;
pub use pool::{Pool, PoolKind};
pub use reduction::{Reduction, ReductionKind};
pub use reshape::Reshape;
pub use select::Select;
pub use shape::{ShapeError, as_image};
pub(crate) use shape::{Shapes, check_parameter, elements, mismatch, only, strides};
pub use slice::{Slice, SliceAxis};
pub use softmax::Softmax;
pub(crate) use step::Step;
pub use transpose::Transpose;
pub use volume::{Volume, VolumeAxis};

/// What a node of a network computes from its arguments.
#[derive(Clone, Debug)]
pub enum Operator {
    /// An input of the network.
    Input(Input),
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
    /// A softmax over an axis, or its logarithm; explanations start before a final one.
    Softmax(Softmax),
    /// A dense layer on the last axis of a tensor.
    Linear(Linear),
    /// Normalisation by what the input has.
    Normalisation(Normalisation),
    /// A product of two tensors, value by value.
    Product,
    /// A quotient of two tensors, value by value.
    Quotient,
    /// A matrix product of two tensors.
    MatrixProduct,
    /// The difference of two tensors.
    Subtract,
    /// A sum with a constant, value by value.
    Offset(Offset),
    /// A product with a constant, value by value.
    Multiple(Multiple),
    /// A sum, mean or extreme over axes.
    Reduction(Reduction),
    /// The larger or smaller of several tensors.
    Extreme(Extreme),
    /// A repetition along axes of length 1.
    Expand(Expand),
    /// A selection by lists of indices.
    Select(Select),
    /// Rows of a table, by number.
    Embedding(Embedding),
    /// Values that do not depend on the input.
    Constant(Constant),
    /// A convolution of any number of axes, or a transposed one.
    Volume(Volume),
    /// Weighted sums along axes: bilinear resizing.
    Interpolate(Interpolate),
    /// A choice between two tensors, value by value.
    Choice(Choice),
    /// A dense layer of the first argument, with the second added.
    DenseSum(DenseSum),
    /// Whether a relation holds between two tensors, value by value.
    Comparison(Comparison),
    /// A choice between two tensors by a third.
    Conditional,
}

impl Operator {
    /// The operator itself: the one place where operators are told apart.
    pub(crate) fn operation(&self) -> &dyn Operation {
        match self {
            Operator::Input(input) => input,
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
            Operator::Linear(linear) => linear,
            Operator::Normalisation(normalisation) => normalisation,
            Operator::Product => &product::Product,
            Operator::Quotient => &quotient::Quotient,
            Operator::MatrixProduct => &matrix_product::MatrixProduct,
            Operator::Subtract => &add::Subtract,
            Operator::Offset(offset) => offset,
            Operator::Multiple(multiple) => multiple,
            Operator::Reduction(reduction) => reduction,
            Operator::Extreme(extreme) => extreme,
            Operator::Expand(expand) => expand,
            Operator::Select(select) => select,
            Operator::Embedding(embedding) => embedding,
            Operator::Constant(constant) => constant,
            Operator::Volume(volume) => volume,
            Operator::Interpolate(interpolate) => interpolate,
            Operator::Choice(choice) => choice,
            Operator::DenseSum(sum) => sum,
            Operator::Comparison(comparison) => comparison,
            Operator::Conditional => &conditional::Conditional,
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

    /// Whether what it computes is a gate: a share by which others are multiplied, as a sigmoid or a softmax computes it.
    pub fn is_gate(&self) -> bool {
        self.operation().is_gate()
    }

    /// Whether its result is a gate where its only argument is one: it moves values, or joins constants to them.
    pub fn keeps_gates(&self) -> bool {
        self.operation().keeps_gates()
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
