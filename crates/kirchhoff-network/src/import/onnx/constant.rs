//! Values that are known before the network runs: weights, shapes, indices.

use std::rc::Rc;

use kirchhoff_kernel::Weights;

use super::fault::Result;
use super::node::Node;
use crate::operators::elements;

/// Constants computed from others hold at most this many values, unless they only reorder one: enough for shapes,
/// and a bound on what a small hostile file can make of itself.
const COMPUTED: usize = 1024;

/// A tensor of known values.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    /// Its shape, batch axis and all.
    pub dims: Vec<usize>,
    /// Its values in row-major order, as many as the shape says.
    pub data: Data,
    /// The initialiser that the values are from.
    pub origin: Option<Rc<str>>,
}

/// The values of a constant.
#[derive(Clone, Debug)]
pub(super) enum Data {
    /// Of any floating type.
    Float(Weights),
    /// Of any integer type, or truth values.
    Integer(Rc<[i64]>),
}

/// An arithmetic operation on two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Arithmetic {
    /// Its result.
    pub fn apply(self, left: f64, right: f64) -> f64 {
        match self {
            Arithmetic::Add => left + right,
            Arithmetic::Subtract => left - right,
            Arithmetic::Multiply => left * right,
            Arithmetic::Divide => left / right,
        }
    }

    fn apply_integer(self, left: i64, right: i64) -> Option<i64> {
        match self {
            Arithmetic::Add => left.checked_add(right),
            Arithmetic::Subtract => left.checked_sub(right),
            Arithmetic::Multiply => left.checked_mul(right),
            Arithmetic::Divide => left.checked_div(right),
        }
    }
}

impl Constant {
    /// A vector of integers.
    pub fn integers(values: Vec<i64>) -> Self {
        Constant { dims: vec![values.len()], data: Data::Integer(values.into()), origin: None }
    }

    /// A single integer without axes.
    pub fn integer(value: i64) -> Self {
        Constant { dims: Vec::new(), ..Constant::integers(vec![value]) }
    }

    /// A vector of numbers.
    pub fn floats(values: Vec<f32>) -> Self {
        Constant { dims: vec![values.len()], data: Data::Float(values.into()), origin: None }
    }

    /// A single number without axes.
    pub fn float(value: f32) -> Self {
        Constant { dims: Vec::new(), ..Constant::floats(vec![value]) }
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        match &self.data {
            Data::Float(values) => values.len(),
            Data::Integer(values) => values.len(),
        }
    }

    /// Its values as numbers; integers are converted.
    pub fn to_weights(&self) -> Weights {
        match &self.data {
            Data::Float(values) => values.clone(),
            Data::Integer(values) => values.iter().map(|&value| value as f32).collect(),
        }
    }

    /// Its only value, whatever the shape.
    pub fn scalar(&self) -> Option<f32> {
        match &self.data {
            Data::Float(values) if values.len() == 1 => Some(values[0]),
            Data::Integer(values) if values.len() == 1 => Some(values[0] as f32),
            _ => None,
        }
    }

    /// The same values under another shape of as many.
    pub fn with_dims(self, dims: Vec<usize>) -> Option<Self> {
        (elements(&dims) == Some(self.len())).then_some(Constant { dims, ..self })
    }

    /// The values at the given positions, under another shape.
    fn pick(&self, positions: impl Iterator<Item = usize>, dims: Vec<usize>) -> Self {
        let data = match &self.data {
            Data::Float(values) => Data::Float(positions.map(|position| values[position]).collect()),
            Data::Integer(values) => Data::Integer(positions.map(|position| values[position]).collect()),
        };
        Constant { dims, data, origin: self.origin.clone() }
    }

    /// The axes in another order.
    pub fn transposed(&self, axes: &[usize]) -> Self {
        let mut strides = vec![1usize; self.dims.len()];
        for axis in (1..self.dims.len()).rev() {
            // Only an empty constant can overflow here, and of that no position is taken.
            strides[axis - 1] = strides[axis].wrapping_mul(self.dims[axis]);
        }
        let dims: Vec<usize> = axes.iter().map(|&axis| self.dims[axis]).collect();
        let strides: Vec<usize> = axes.iter().map(|&axis| strides[axis]).collect();
        let position = |mut number: usize| {
            let mut position = 0;
            for (&length, stride) in dims.iter().zip(&strides).rev() {
                position += number % length * stride;
                number /= length;
            }
            position
        };
        self.pick((0..self.len()).map(position), dims.clone())
    }

    /// The elements of a vector at the positions that `indices` holds; negative ones count from the end.
    pub fn gathered(&self, node: &Node, indices: &Constant) -> Result<Self> {
        let Data::Integer(wanted) = &indices.data else {
            return Err(node.malformed("takes indices that are not integers"));
        };
        let [length] = self.dims[..] else {
            return Err(node.unsupported("picks from a constant of several axes; fold constants before exporting"));
        };
        let positions: Result<Vec<usize>> = wanted.iter().map(|&index| node.axis(index, length)).collect();
        Ok(self.pick(positions?.into_iter(), indices.dims.clone()))
    }

    /// The selected positions of a vector.
    pub fn sliced(&self, positions: impl Iterator<Item = usize>) -> Self {
        let picked = self.pick(positions, Vec::new());
        Constant { dims: vec![picked.len()], ..picked }
    }

    /// Vectors one after the other.
    pub fn concatenated(node: &Node, parts: &[Constant]) -> Result<Self> {
        if parts.iter().any(|part| part.dims.len() != 1) {
            return Err(node.unsupported("joins constants of several axes; fold constants before exporting"));
        }
        if parts.iter().map(Constant::len).sum::<usize>() > COMPUTED {
            return Err(node.unsupported("joins large constants; fold constants before exporting"));
        }
        let integers: Option<Vec<&[i64]>> = parts
            .iter()
            .map(|part| match &part.data {
                Data::Integer(values) => Some(&values[..]),
                Data::Float(_) => None,
            })
            .collect();
        match integers {
            Some(parts) => Ok(Constant::integers(parts.concat())),
            None => Ok(Constant::floats(parts.iter().flat_map(|part| part.to_weights().to_vec()).collect())),
        }
    }

    /// Two constants combined value by value; one may be a single value.
    pub fn combined(node: &Node, operation: Arithmetic, left: &Constant, right: &Constant) -> Result<Self> {
        let dims = match (left.len(), right.len()) {
            _ if left.dims == right.dims => left.dims.clone(),
            (_, 1) if right.dims.len() <= left.dims.len() => left.dims.clone(),
            (1, _) if left.dims.len() <= right.dims.len() => right.dims.clone(),
            _ => {
                let shapes = format!("{:?} and {:?}", left.dims, right.dims);
                return Err(node.unsupported(format!("combines constants of shapes {shapes}; fold them first")));
            }
        };
        let count = left.len().max(right.len());
        if left.len() == 0 || right.len() == 0 || count > COMPUTED {
            return Err(node.unsupported("computes with large or empty constants; fold constants before exporting"));
        }
        let position = |constant: &Constant, at: usize| if constant.len() == 1 { 0 } else { at };
        let data = match (&left.data, &right.data) {
            (Data::Integer(a), Data::Integer(b)) => {
                let combine = |at| operation.apply_integer(a[position(left, at)], b[position(right, at)]);
                let values: Option<Rc<[i64]>> = (0..count).map(combine).collect();
                Data::Integer(values.ok_or_else(|| node.malformed("overflows or divides by zero"))?)
            }
            _ => {
                let (a, b) = (left.to_weights(), right.to_weights());
                let combine = |at| {
                    let (a, b) = (f64::from(a[position(left, at)]), f64::from(b[position(right, at)]));
                    operation.apply(a, b) as f32
                };
                Data::Float((0..count).map(combine).collect())
            }
        };
        Ok(Constant { dims, data, origin: None })
    }

    /// A function of each value.
    pub fn mapped(&self, node: &Node, function: impl Fn(f64) -> f64) -> Result<Self> {
        match &self.data {
            Data::Float(values) if values.len() <= COMPUTED => {
                let values = values.iter().map(|&value| function(value.into()) as f32).collect();
                Ok(Constant { dims: self.dims.clone(), data: Data::Float(values), origin: None })
            }
            _ => Err(node.unsupported("takes a large constant, or one of integers; fold constants before exporting")),
        }
    }

    /// As integers, rounded towards zero where they are not.
    pub fn to_integers(&self) -> Rc<[i64]> {
        match &self.data {
            Data::Integer(values) => values.clone(),
            Data::Float(values) => values.iter().map(|&value| value as i64).collect(),
        }
    }
}
