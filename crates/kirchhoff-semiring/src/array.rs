//! Values as flat arrays, for files and other languages.

use std::ops::Range;

/// The values of a relevance as an array of one machine type.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// Truth values.
    Bool(Vec<bool>),
    /// Single-precision numbers.
    F32(Vec<f32>),
    /// Double-precision numbers.
    F64(Vec<f64>),
}

impl Array {
    /// The number of values.
    pub fn len(&self) -> usize {
        match self {
            Array::Bool(values) => values.len(),
            Array::F32(values) => values.len(),
            Array::F64(values) => values.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the values of another array of the same type.
    ///
    /// # Panics
    /// If the types differ: arrays of one semiring never do.
    pub fn append(&mut self, other: Array) {
        match (self, other) {
            (Array::Bool(values), Array::Bool(others)) => values.extend(others),
            (Array::F32(values), Array::F32(others)) => values.extend(others),
            (Array::F64(values), Array::F64(others)) => values.extend(others),
            _ => panic!("arrays of different types"),
        }
    }

    /// The values as `f64`, truth values as 0 and 1: for pictures.
    pub fn to_f64(&self) -> Vec<f64> {
        self.part_to_f64(0..self.len())
    }

    /// A part of the values as `f64`: one input's, of many.
    ///
    /// # Panics
    /// If the range leaves the array.
    pub fn part_to_f64(&self, part: Range<usize>) -> Vec<f64> {
        match self {
            Array::Bool(values) => values[part].iter().map(|&value| f64::from(value)).collect(),
            Array::F32(values) => values[part].iter().map(|&value| f64::from(value)).collect(),
            Array::F64(values) => values[part].to_vec(),
        }
    }
}

/// Natural numbers of any size as a matrix: one row a value, one 64-bit limb a column, the lowest limb first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limbs {
    /// The number of limbs that each value takes: what the largest one needs.
    pub width: usize,
    /// The limbs, row by row.
    pub limbs: Vec<u64>,
}
