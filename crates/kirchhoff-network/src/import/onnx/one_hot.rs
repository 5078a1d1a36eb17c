//! Numbers as vectors with a one at their place: rows of a table, through which relevance finds the way to the numbers.

use super::constant::Constant;
use super::fault::Result;
use super::importer::{Importer, Tensor, Value};
use super::node::Node;
use crate::Activation;
use crate::operators::{Embedding, Operator};

/// What is made of numbers that have no place.
enum Negative {
    /// They count from the end, as `OneHot` has it.
    FromTheEnd,
    /// They have none.
    Nowhere,
}

impl Importer<'_> {
    /// The operator `OneHot`, along the last axis.
    pub fn one_hot(&mut self, node: &Node) -> Result<Value> {
        let depth = self.constant(node, 1, "depth")?.to_integers();
        let values = self.constant(node, 2, "values")?.to_weights();
        let tensor = match self.value(node, 0)? {
            Value::Tensor(tensor) => tensor,
            Value::Constant(_) => {
                return Err(node.unsupported("makes vectors of numbers that do not depend on the input; fold it"));
            }
        };
        let (&[depth], &[off, on]) = (&depth[..], &values[..]) else {
            return Err(node.malformed("takes a depth and the two values of a vector"));
        };
        let rank = tensor.dims.len() as i64;
        let axis = node.int("axis", -1)?;
        if axis != -1 && axis != rank {
            return Err(node.unsupported(format!("has its vectors on axis {axis}; only the last one is supported")));
        }
        let depth = usize::try_from(depth).ok().filter(|&depth| depth > 0);
        let Some(depth) = depth else { return Err(node.malformed("has a depth that is not positive")) };
        self.places(node, &tensor, tensor.dims.clone(), depth, [off, on], Negative::FromTheEnd)
    }

    /// Vectors with a one at their place, where a comparison is written for that: given numbers, on an axis of length 1 or repeated
    /// along it, equal to 0, 1, 2 and so on.
    pub(super) fn compared_places(&mut self, node: &Node, sides: &[Value; 2]) -> Result<Option<Value>> {
        let (tensor, constant) = match sides {
            [Value::Tensor(tensor), Value::Constant(constant)] | [Value::Constant(constant), Value::Tensor(tensor)] => {
                (tensor, constant)
            }
            _ => return Ok(None),
        };
        let Some(depth) = counted(constant) else { return Ok(None) };
        let once = self.once_along_the_last_axis(tensor);
        let (length, dims) = match once.dims.split_last() {
            Some((&length, dims)) if !dims.is_empty() => (length, dims.to_vec()),
            _ => return Ok(None),
        };
        let is_given = once.node.is_some_and(|numbers| self.is_given(numbers));
        // The constant may be as large as the result, and no larger.
        let others = &constant.dims[..constant.dims.len() - 1];
        let fits = others.len() <= dims.len()
            && others.iter().rev().zip(dims.iter().rev()).all(|(&other, &own)| other == 1 || other == own);
        match length == 1 && is_given && fits {
            true => self.places(node, &once, dims, depth, [0.0, 1.0], Negative::Nowhere).map(Some),
            false => Ok(None),
        }
    }

    /// A tensor that is repeated along its last axis alone, before it is.
    fn once_along_the_last_axis(&self, tensor: &Tensor) -> Tensor {
        let argument = tensor.node.filter(|_| tensor.functions.is_empty()).and_then(|node| self.repeated_last(node));
        let mut once = tensor.clone();
        if let (Some(argument), Some(last)) = (argument, once.dims.last_mut()) {
            *last = 1;
            once.node = Some(argument);
        }
        once
    }

    fn places(
        &mut self,
        node: &Node,
        tensor: &Tensor,
        dims: Vec<usize>,
        depth: usize,
        [off, on]: [f32; 2],
        negative: Negative,
    ) -> Result<Value> {
        let all: Vec<usize> = dims.iter().copied().chain([depth]).collect();
        self.check_count(node, &[depth, depth])?;
        self.check_count(node, &all)?;
        let numbers = self.operand_of(tensor.clone())?;
        let numbers = self.arranged(node, numbers.node, &self.inner(&dims))?;
        // A row each for the places; then one for what lies beyond them, one for what lies before, and, since rows count from the
        // end, those of negative numbers.
        let again = match negative {
            Negative::FromTheEnd => depth,
            Negative::Nowhere => 0,
        };
        let rows = 2 + depth + again;
        let mut table = vec![off; rows * depth];
        for place in 0..depth {
            table[place * depth + place] = on;
            if again > 0 {
                table[(depth + 2 + place) * depth + place] = on;
            }
        }
        let clip = Activation::Clip { low: -1.0 - again as f32, high: depth as f32 };
        let name = node.name();
        let within = self.emit_as(node, format!("{name}.places"), Operator::Activation(clip), &[numbers])?;
        let rows = Operator::Embedding(Embedding { rows, width: depth, table: table.into() });
        let computed = self.emit(node, rows, &[within])?;
        self.shaped(node, computed, all)
    }
}

/// The length of the last axis of a constant that counts from 0 along it.
fn counted(constant: &Constant) -> Option<usize> {
    let depth = *constant.dims.last()?;
    let numbers = constant.to_weights();
    let counts = numbers.iter().enumerate().all(|(place, &number)| number == (place % depth) as f32);
    (depth > 1 && counts).then_some(depth)
}
