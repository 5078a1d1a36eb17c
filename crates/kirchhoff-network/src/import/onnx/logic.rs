//! Comparisons and truth values, and constants that are made of numbers alone.

use super::constant::{Constant, Data};
use super::fault::Result;
use super::importer::{Importer, Tensor, Value};
use super::node::Node;
use crate::operators::{Comparison, Operator, Relation};

impl Importer<'_> {
    /// A comparison of two values.
    pub fn comparison(&mut self, node: &Node) -> Result<Value> {
        let Some((relation, swapped)) = Relation::from_onnx(&node.operator()) else {
            return Err(node.unsupported("is no comparison that is supported"));
        };
        let mut sides = [self.value(node, 0)?, self.value(node, 1)?];
        if swapped {
            sides.swap(0, 1);
        }
        self.compared(node, relation, sides)
    }

    fn compared(&mut self, node: &Node, relation: Relation, [left, right]: [Value; 2]) -> Result<Value> {
        if let (Value::Constant(left), Value::Constant(right)) = (&left, &right) {
            let holds = |a: f64, b: f64| relation.holds(a, b);
            return Ok(Value::Constant(Constant::compared(node, holds, left, right)?));
        }
        let sides = [left, right];
        if relation == Relation::Equal
            && let Some(places) = self.compared_places(node, &sides)?
        {
            return Ok(places);
        }
        let [left, right] = sides;
        let dims = self.broadcast(node, left.dims(), right.dims())?;
        let mut arguments = [self.node_of(node, &left)?, self.node_of(node, &right)?];
        // Truth values need not be told twice.
        if relation.is_of_truth_values() {
            arguments = arguments.map(|argument| self.told(argument));
        }
        let computed = self.emit(node, Operator::Comparison(Comparison { relation }), &arguments)?;
        self.shaped(node, computed, dims)
    }

    /// A tensor's truth values: all numbers but 0 are true.
    pub fn truth(&mut self, node: &Node, tensor: Tensor) -> Result<Value> {
        if tensor.node.is_some_and(|told| self.is_truth(told)) {
            return Ok(Value::Tensor(tensor));
        }
        let sides = [Value::Tensor(tensor.clone()), Value::Tensor(tensor)];
        self.compared(node, Relation::And, sides)
    }

    /// What is left of one constant divided by another: with the sign of the divisor, or of the dividend (`fmod`).
    pub fn remainder(&mut self, node: &Node) -> Result<Value> {
        let (left, right) = (self.constant(node, 0, "dividend")?, self.constant(node, 1, "divisor")?);
        let of_dividend = node.flag("fmod", false)?;
        let rest = |a: f64, b: f64| {
            let rest = a % b;
            if !of_dividend && rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
        };
        Ok(Value::Constant(Constant::joined(node, rest, &left, &right)?))
    }

    /// The opposite of truth values.
    pub fn negated(&mut self, node: &Node) -> Result<Value> {
        let sides = [self.value(node, 0)?, Value::Constant(Constant::integer(0))];
        self.compared(node, Relation::Equal, sides)
    }

    /// A constant of one number, of a shape.
    pub fn constant_of_shape(&mut self, node: &Node) -> Result<Value> {
        let Some(shape) = self.integers(node, 0, "shape")? else {
            return Err(node.malformed("has no shape"));
        };
        let dims = node.sizes("shape", &shape, shape.len())?;
        let value = match node.tensor("value")? {
            Some(tensor) => self.graph.tensor(tensor)?,
            None => Constant::float(0.0),
        };
        if value.len() != 1 {
            return Err(node.malformed("fills a shape with several values"));
        }
        let value = value.with_dims(vec![1; dims.len()]).ok_or_else(|| node.malformed("has no value"))?;
        Ok(Value::Constant(value.repeated(node, &dims)?))
    }

    /// The numbers from one to another.
    pub fn range(&mut self, node: &Node) -> Result<Value> {
        let mut bounds = Vec::new();
        let mut integers = true;
        for (position, name) in ["start", "limit", "delta"].iter().enumerate() {
            let constant = self.constant(node, position, name)?;
            integers &= matches!(constant.data, Data::Integer(_));
            bounds.push(constant.scalar().ok_or_else(|| node.malformed(format!("has several values as its {name}")))?);
        }
        let [start, limit, delta] = [bounds[0], bounds[1], bounds[2]].map(f64::from);
        let count = ((limit - start) / delta).ceil().max(0.0);
        if !count.is_finite() || count > 1e6 {
            return Err(
                node.unsupported(format!("counts from {start} to {limit} in steps of {delta}: too many numbers"))
            );
        }
        let numbers = (0..count as usize).map(|i| start + i as f64 * delta);
        Ok(Value::Constant(match integers {
            true => Constant::integers(numbers.map(|number| number as i64).collect()),
            false => Constant::floats(numbers.map(|number| number as f32).collect()),
        }))
    }
}
