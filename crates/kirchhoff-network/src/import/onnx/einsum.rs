//! Einstein sums of one or two tensors: reductions, a matrix product, and orders of axes.

use super::fault::Result;
use super::importer::{Importer, Value};
use super::node::Node;
use crate::operators::ReductionKind;

/// The axes of an operand, by their letters.
type Letters = Vec<char>;

impl Importer<'_> {
    /// A sum over the letters that the result does not have, of products of one or two operands.
    pub fn einsum(&mut self, node: &Node) -> Result<Value> {
        let equation: String = node.text("equation", "")?.chars().filter(|letter| !letter.is_whitespace()).collect();
        let refused = |what: &str| node.unsupported(format!("sums by '{equation}': {what}"));
        let (operands, result) = match equation.split_once("->") {
            Some((operands, result)) => (operands, Some(result)),
            None => (&equation[..], None),
        };
        let operands: Vec<Letters> = operands.split(',').map(|letters| letters.chars().collect()).collect();
        let all = || operands.iter().flatten().copied();
        if all().chain(result.unwrap_or_default().chars()).any(|letter| !letter.is_ascii_alphabetic()) {
            return Err(refused("only letters are supported, no ellipsis"));
        }
        let repeats = |letters: &Letters| letters.iter().enumerate().any(|(at, letter)| letters[..at].contains(letter));
        let result: Letters = match result {
            Some(result) => result.chars().collect(),
            None => {
                let mut once: Letters =
                    all().filter(|letter| all().filter(|other| other == letter).count() == 1).collect();
                once.sort_unstable();
                once
            }
        };
        if operands.iter().chain([&result]).any(repeats) {
            return Err(refused("no letter may stand twice in one tensor"));
        }
        if result.iter().any(|letter| !all().any(|other| other == *letter)) || operands.len() != node.inputs().count() {
            return Err(node.malformed(format!("sums by '{equation}', which does not fit its inputs")));
        }
        let mut values = Vec::new();
        for (position, letters) in operands.iter().enumerate() {
            let value = self.value(node, position)?;
            if value.dims().len() != letters.len() {
                return Err(node.malformed(format!("sums by '{equation}' a tensor of shape {:?}", value.dims())));
            }
            let others =
                operands.iter().enumerate().filter(|(other, _)| *other != position).flat_map(|(_, letters)| letters);
            let needed: Letters = others.chain(&result).copied().collect();
            values.push(self.summed(node, value, letters, &needed)?);
        }
        let (value, letters) = match <[(Value, Letters); 2]>::try_from(values) {
            Ok([left, right]) => self.product_of(node, left, right, &result)?,
            Err(mut values) if values.len() == 1 => values.remove(0),
            Err(values) => {
                return Err(refused(&format!("{} operands; one or two are supported", values.len())));
            }
        };
        self.in_order(node, value, &letters, &result)
    }

    /// A value summed over the letters that are not needed, with those that are left.
    fn summed(&mut self, node: &Node, value: Value, letters: &Letters, needed: &Letters) -> Result<(Value, Letters)> {
        let axes: Vec<usize> = (0..letters.len()).filter(|&axis| !needed.contains(&letters[axis])).collect();
        let kept: Letters = letters.iter().copied().filter(|letter| needed.contains(letter)).collect();
        if axes.is_empty() {
            return Ok((value, kept));
        }
        let left = value.dims().iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
        let dims: Vec<usize> = left.map(|(_, &length)| length).collect();
        let value = match value {
            Value::Constant(constant) => Value::Constant(constant.reduced(node, &axes, false, ReductionKind::Sum)?),
            Value::Tensor(tensor) => {
                let argument = self.operand_of(tensor)?;
                let name = format!("{}.sum", node.name());
                let sum = self.reduce(node, name, &argument, ReductionKind::Sum, &axes)?;
                self.shaped(node, sum, dims)?
            }
        };
        Ok((value, kept))
    }

    /// The product of two values, summed over the letters that both have and the result does not.
    fn product_of(
        &mut self,
        node: &Node,
        (left, of_left): (Value, Letters),
        (right, of_right): (Value, Letters),
        result: &Letters,
    ) -> Result<(Value, Letters)> {
        if left.constant().is_some() && right.constant().is_some() {
            return Err(node.unsupported("multiplies two constants; fold constants before exporting"));
        }
        let part = |letters: &Letters, other: &Letters, shared: bool| -> Letters {
            letters.iter().copied().filter(|letter| other.contains(letter) == shared).collect()
        };
        let shared = part(&of_left, &of_right, true);
        let (batch, inner) = (part(&shared, result, true), part(&shared, result, false));
        let (rows, columns) = (part(&of_left, &of_right, false), part(&of_right, &of_left, false));
        let length = |letter: &char| {
            let at =
                |letters: &Letters, value: &Value| Some(value.dims()[letters.iter().position(|own| own == letter)?]);
            at(&of_left, &left).or_else(|| at(&of_right, &right)).unwrap_or(1)
        };
        let lengths = |letters: &Letters| -> Vec<usize> { letters.iter().map(length).collect() };
        let (batch_dims, row_dims, column_dims) = (lengths(&batch), lengths(&rows), lengths(&columns));
        let size = |dims: &[usize]| dims.iter().product::<usize>();
        let inner_size = size(&lengths(&inner));
        let matrix = |dims: [usize; 2]| [&batch_dims[..], &dims].concat();
        let left_dims = matrix([size(&row_dims), inner_size]);
        let right_dims = matrix([inner_size, size(&column_dims)]);
        let left = self.in_order(node, left, &of_left, &[&batch[..], &rows, &inner].concat())?;
        let right = self.in_order(node, right, &of_right, &[&batch[..], &inner, &columns].concat())?;
        let (left, right) = (self.with_dims(node, left, left_dims)?, self.with_dims(node, right, right_dims)?);
        let product = self.multiplied(node, left, right)?;
        let dims = [batch_dims, row_dims, column_dims].concat();
        Ok((self.with_dims(node, product, dims)?, [batch, rows, columns].concat()))
    }

    /// A value with its axes in the order of some letters.
    fn in_order(&mut self, node: &Node, value: Value, letters: &[char], wanted: &[char]) -> Result<Value> {
        let axis = |letter: &char| letters.iter().position(|own| own == letter);
        let axes: Option<Vec<usize>> = wanted.iter().map(axis).collect();
        match axes {
            Some(axes) if axes.iter().enumerate().all(|(at, axis)| at == *axis) => Ok(value),
            Some(axes) => self.reordered(node, value, axes),
            None => Err(node.malformed("sums by letters that do not fit")),
        }
    }
}
