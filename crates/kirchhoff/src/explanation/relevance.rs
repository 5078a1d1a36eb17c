//! Relevance as arrays.

use kirchhoff_semiring::Array;
use ndarray::{ArrayD, ArrayViewD, IxDyn};

/// Relevance of one tensor, inputs on the first axis, in the numbers of its semiring.
#[derive(Clone, Debug, PartialEq)]
pub enum Relevance<'a> {
    /// Truth values.
    Bool(ArrayViewD<'a, bool>),
    /// Single-precision numbers.
    F32(ArrayViewD<'a, f32>),
    /// Double-precision numbers, as counts are.
    F64(ArrayViewD<'a, f64>),
}

impl<'a> Relevance<'a> {
    /// The values of a tensor of this shape on so many inputs.
    pub(super) fn new(values: &'a Array, inputs: usize, shape: &[usize]) -> Self {
        match values {
            Array::Bool(values) => Relevance::Bool(view(values, inputs, shape)),
            Array::F32(values) => Relevance::F32(view(values, inputs, shape)),
            Array::F64(values) => Relevance::F64(view(values, inputs, shape)),
        }
    }

    /// The truth values, where they are such.
    pub fn bool(&self) -> Option<ArrayViewD<'a, bool>> {
        match self {
            Relevance::Bool(values) => Some(values.clone()),
            Relevance::F32(_) | Relevance::F64(_) => None,
        }
    }

    /// The single-precision numbers, where they are such.
    pub fn f32(&self) -> Option<ArrayViewD<'a, f32>> {
        match self {
            Relevance::F32(values) => Some(values.clone()),
            Relevance::Bool(_) | Relevance::F64(_) => None,
        }
    }

    /// The double-precision numbers, where they are such.
    pub fn f64(&self) -> Option<ArrayViewD<'a, f64>> {
        match self {
            Relevance::F64(values) => Some(values.clone()),
            Relevance::Bool(_) | Relevance::F32(_) => None,
        }
    }

    /// A copy in double-precision numbers, truth values as 0 and 1.
    pub fn to_f64(&self) -> ArrayD<f64> {
        match self {
            Relevance::Bool(values) => values.mapv(|value| f64::from(u8::from(value))),
            Relevance::F32(values) => values.mapv(f64::from),
            Relevance::F64(values) => values.to_owned(),
        }
    }
}

/// The values of a tensor of this shape on so many inputs, one input after the other, each in row-major order.
pub(super) fn view<'a, T>(values: &'a [T], inputs: usize, shape: &[usize]) -> ArrayViewD<'a, T> {
    let shape: Vec<usize> = [inputs].into_iter().chain(shape.iter().copied()).collect();
    ArrayViewD::from_shape(IxDyn(&shape), values).expect("a value a neuron and input")
}
