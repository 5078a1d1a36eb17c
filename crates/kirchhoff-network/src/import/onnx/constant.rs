//! Values that are known before the network runs: weights, shapes, indices.

use std::rc::Rc;

use kirchhoff_kernel::Weights;

use super::fault::Result;
use super::node::Node;
use crate::operators::{ReductionKind, elements, joined, positions};

/// Constants computed from others hold at most this many values, unless they only reorder one: a bound on what a small
/// hostile file can make of itself, beside that on all of them together.
const COMPUTED: usize = 1 << 20;

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

    /// The values at some indices of each axis.
    pub fn selected(&self, node: &Node, axes: &[Vec<usize>]) -> Result<Self> {
        let dims: Vec<usize> = axes.iter().map(Vec::len).collect();
        if elements(&dims).is_none_or(|count| count > COMPUTED.max(self.len())) {
            return Err(node.unsupported(format!("makes a constant of shape {dims:?}, which is too large")));
        }
        let mut positions = vec![0];
        for (axis, indices) in axes.iter().enumerate() {
            let stride: usize = self.dims[axis + 1..].iter().product();
            positions = positions.iter().flat_map(|first| indices.iter().map(move |i| first + i * stride)).collect();
        }
        Ok(self.pick(positions.into_iter(), dims))
    }

    /// The values along an axis at the indices of another constant, whose axes stand in the place of that one.
    pub fn gathered(&self, node: &Node, indices: &[usize], shape: &[usize], axis: usize) -> Result<Self> {
        let own = |(number, &length): (usize, &usize)| -> Vec<usize> {
            if number == axis { indices.to_vec() } else { (0..length).collect() }
        };
        let axes: Vec<Vec<usize>> = self.dims.iter().enumerate().map(own).collect();
        let mut dims = self.dims[..axis].to_vec();
        dims.extend(shape);
        dims.extend(&self.dims[axis + 1..]);
        Ok(Constant { dims, ..self.selected(node, &axes)? })
    }

    /// Repeated along axes of length 1, to a shape that it broadcasts to.
    pub fn repeated(&self, node: &Node, dims: &[usize]) -> Result<Self> {
        if elements(dims).is_none_or(|count| count > COMPUTED.max(self.len())) {
            return Err(node.unsupported(format!("makes a constant of shape {dims:?}, which is too large")));
        }
        Ok(self.pick(positions(&self.dims, dims).into_iter(), dims.to_vec()))
    }

    /// Constants one after the other along an axis.
    pub fn concatenated(node: &Node, parts: &[Constant], axis: usize) -> Result<Self> {
        let mut dims = parts[0].dims.clone();
        let fits = |part: &Constant| {
            part.dims.len() == dims.len()
                && (0..dims.len()).all(|other| other == axis || part.dims[other] == dims[other])
        };
        if !parts.iter().all(fits) {
            let shapes: Vec<_> = parts.iter().map(|part| &part.dims).collect();
            return Err(node.malformed(format!("joins constants of shapes {shapes:?}, which does not fit")));
        }
        if parts.iter().map(Constant::len).sum::<usize>() > COMPUTED {
            return Err(node.unsupported("joins large constants; fold constants before exporting"));
        }
        dims[axis] = parts.iter().map(|part| part.dims[axis]).sum();
        let outer: usize = dims[..axis].iter().product();
        fn joined<T: Copy>(outer: usize, parts: &[&[T]]) -> Vec<T> {
            let row = |row: usize| {
                parts.iter().flat_map(move |part| {
                    let length = part.len() / outer.max(1);
                    part[row * length..(row + 1) * length].iter().copied()
                })
            };
            (0..outer).flat_map(row).collect()
        }
        let integers: Option<Vec<&[i64]>> = parts
            .iter()
            .map(|part| match &part.data {
                Data::Integer(values) => Some(&values[..]),
                Data::Float(_) => None,
            })
            .collect();
        let data = match integers {
            Some(parts) => Data::Integer(joined(outer, &parts).into()),
            None => {
                let floats: Vec<Weights> = parts.iter().map(Constant::to_weights).collect();
                let floats: Vec<&[f32]> = floats.iter().map(|part| &part[..]).collect();
                Data::Float(joined(outer, &floats).into())
            }
        };
        Ok(Constant { dims, data, origin: None })
    }

    /// Two constants combined value by value, repeated along axes where they have length 1.
    pub fn combined(node: &Node, operation: Arithmetic, left: &Constant, right: &Constant) -> Result<Self> {
        let (left, right) = Constant::aligned(node, left, right)?;
        let data = match (&left.data, &right.data) {
            (Data::Integer(a), Data::Integer(b)) => {
                let values: Option<Rc<[i64]>> =
                    a.iter().zip(b.iter()).map(|(&a, &b)| operation.apply_integer(a, b)).collect();
                Data::Integer(values.ok_or_else(|| node.malformed("overflows or divides by zero"))?)
            }
            _ => {
                let (a, b) = (left.to_weights(), right.to_weights());
                let values = a.iter().zip(b.iter()).map(|(&a, &b)| operation.apply(a.into(), b.into()) as f32);
                Data::Float(values.collect())
            }
        };
        Ok(Constant { dims: left.dims, data, origin: None })
    }

    /// A function of two constants of numbers that an f64 has, value by value; NaN stands for what integers have no value of.
    pub fn joined(node: &Node, function: impl Fn(f64, f64) -> f64, left: &Constant, right: &Constant) -> Result<Self> {
        let (left, right) = Constant::aligned(node, left, right)?;
        let (a, b) = (left.to_numbers(), right.to_numbers());
        let values: Vec<f64> = a.iter().zip(&b).map(|(&a, &b)| function(a, b)).collect();
        let data = match (&left.data, &right.data) {
            (Data::Integer(_), Data::Integer(_)) if values.iter().any(|value| value.is_nan()) => {
                return Err(node.malformed("divides by zero"));
            }
            (Data::Integer(_), Data::Integer(_)) => Data::Integer(values.iter().map(|&value| value as i64).collect()),
            _ => Data::Float(values.iter().map(|&value| value as f32).collect()),
        };
        Ok(Constant { dims: left.dims, data, origin: None })
    }

    /// Whether a relation holds between two constants, value by value.
    pub fn compared(node: &Node, holds: impl Fn(f64, f64) -> bool, left: &Constant, right: &Constant) -> Result<Self> {
        let (left, right) = Constant::aligned(node, left, right)?;
        let values: Rc<[i64]> = match (&left.data, &right.data) {
            // Exact beyond the integers that an f64 has.
            (Data::Integer(a), Data::Integer(b))
                if a.iter().zip(b.iter()).any(|(a, b)| a.abs().max(b.abs()) > 1 << 52) =>
            {
                a.iter().zip(b.iter()).map(|(a, b)| i64::from(holds((a - b) as f64, 0.0))).collect()
            }
            _ => {
                let (a, b) = (left.to_numbers(), right.to_numbers());
                a.iter().zip(&b).map(|(&a, &b)| i64::from(holds(a, b))).collect()
            }
        };
        Ok(Constant { dims: left.dims, data: Data::Integer(values), origin: None })
    }

    /// Values of the first constant where a mask holds, else of the second.
    pub fn chosen(node: &Node, mask: &Constant, first: &Constant, second: &Constant) -> Result<Self> {
        let dims = joined(&[&mask.dims, &first.dims, &second.dims])
            .map_err(|_| node.malformed("chooses between constants of shapes that do not fit"))?;
        let (mask, first, second) =
            (mask.repeated(node, &dims)?, first.repeated(node, &dims)?, second.repeated(node, &dims)?);
        let mask = mask.to_integers();
        fn pick<T: Copy>(mask: &[i64], first: &[T], second: &[T]) -> Vec<T> {
            let pairs = first.iter().zip(second);
            mask.iter().zip(pairs).map(|(&holds, (&first, &second))| if holds != 0 { first } else { second }).collect()
        }
        let data = match (&first.data, &second.data) {
            (Data::Integer(a), Data::Integer(b)) => Data::Integer(pick(&mask, a, b).into()),
            _ => Data::Float(pick(&mask, &first.to_weights(), &second.to_weights()).into()),
        };
        Ok(Constant { dims, data, origin: None })
    }

    /// A reduction over axes.
    pub fn reduced(&self, node: &Node, axes: &[usize], keep: bool, kind: ReductionKind) -> Result<Self> {
        let dims: Vec<usize> =
            self.dims.iter().enumerate().map(|(axis, &length)| if axes.contains(&axis) { 1 } else { length }).collect();
        let count = elements(&dims).filter(|&count| count > 0 && self.len() > 0 && self.len() <= COMPUTED);
        let count = count.ok_or_else(|| node.unsupported("reduces an empty or large constant; fold it first"))?;
        let mut reduced = vec![f64::NAN; count];
        for (value, place) in self.to_numbers().into_iter().zip(positions(&dims, &self.dims)) {
            let before = reduced[place];
            reduced[place] = match kind {
                _ if before.is_nan() => value,
                ReductionKind::Sum | ReductionKind::Mean => before + value,
                ReductionKind::Maximum => before.max(value),
                ReductionKind::Minimum => before.min(value),
            };
        }
        let members = if kind == ReductionKind::Mean { (self.len() / count) as f64 } else { 1.0 };
        let data = match self.data {
            Data::Integer(_) => Data::Integer(reduced.iter().map(|&sum| (sum / members) as i64).collect()),
            Data::Float(_) => Data::Float(reduced.iter().map(|&sum| (sum / members) as f32).collect()),
        };
        let kept = dims.iter().enumerate().filter(|(axis, _)| keep || !axes.contains(axis)).map(|(_, &length)| length);
        Ok(Constant { dims: kept.collect(), data, origin: None })
    }

    /// Two constants under the shape that they broadcast to.
    fn aligned(node: &Node, left: &Constant, right: &Constant) -> Result<(Constant, Constant)> {
        let dims = joined(&[&left.dims, &right.dims]).map_err(|_| {
            let shapes = format!("{:?} and {:?}", left.dims, right.dims);
            node.malformed(format!("combines constants of shapes {shapes}, which do not fit"))
        })?;
        Ok((left.repeated(node, &dims)?, right.repeated(node, &dims)?))
    }

    fn to_numbers(&self) -> Vec<f64> {
        match &self.data {
            Data::Float(values) => values.iter().map(|&value| value.into()).collect(),
            Data::Integer(values) => values.iter().map(|&value| value as f64).collect(),
        }
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
