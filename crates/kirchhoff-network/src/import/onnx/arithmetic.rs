//! Sums, products and the like, of tensors and of tensors with constants.

use kirchhoff_kernel::Weights;

use super::constant::{Arithmetic, Constant, Data};
use super::fault::Result;
use super::function::Function;
use super::importer::{Importer, Tensor, Value};
use super::node::Node;
use crate::network::NodeId;
use crate::operators::{Affine, Expand, Extreme, Multiple, Offset, Operator, elements, joined, positions};
use crate::{Activation, Elementary};

/// How a constant lies over a tensor.
enum Spread {
    /// One value for all.
    One(f32),
    /// One value a channel.
    Channels(Weights),
}

/// Refuses quotients of integers, which are rounded.
fn check_quotient(node: &Node, operation: Arithmetic, are_integers: [bool; 2]) -> Result<()> {
    match operation == Arithmetic::Divide && are_integers == [true, true] {
        true => Err(node.unsupported("divides integers that depend on the input; divide numbers, or fold it")),
        false => Ok(()),
    }
}

impl Importer<'_> {
    /// An operation of two arguments, of which either may be a constant.
    pub fn arithmetic(&mut self, node: &Node, operation: Arithmetic) -> Result<Value> {
        if let Some(layer) = self.absorbed.remove(&node.index) {
            self.taken_in.insert(node.index);
            // Of the shape of the product, which stands on either side.
            let sides = [self.value(node, 0)?, self.value(node, 1)?];
            let dims = sides.iter().find(|side| side.constant().is_none()).map(|side| side.dims().to_vec());
            return self.shaped(node, layer, dims.unwrap_or_default());
        }
        match (self.value(node, 0)?, self.value(node, 1)?) {
            (Value::Constant(left), Value::Constant(right)) => {
                Ok(Value::Constant(Constant::combined(node, operation, &left, &right)?))
            }
            (Value::Tensor(left), Value::Tensor(right)) => self.tensors(node, operation, &left, &right),
            (Value::Tensor(tensor), Value::Constant(constant)) => {
                self.with_constant(node, operation, &tensor, &constant, false)
            }
            (Value::Constant(constant), Value::Tensor(tensor)) => {
                self.with_constant(node, operation, &tensor, &constant, true)
            }
        }
    }

    /// A sum of any number of arguments.
    pub fn sum(&mut self, node: &Node) -> Result<Value> {
        match node.inputs().count() {
            1 => self.value(node, 0),
            2 => self.arithmetic(node, Arithmetic::Add),
            count => {
                let mut dims = self.value(node, 0)?.dims().to_vec();
                let mut arguments = Vec::with_capacity(count);
                for position in 0..count {
                    let argument = self.operand(node, position)?;
                    dims = self.broadcast(node, &dims, &argument.dims)?;
                    arguments.push(argument.node);
                }
                let computed = self.emit(node, Operator::Add, &arguments)?;
                self.shaped(node, computed, dims)
            }
        }
    }

    /// The mean of any number of arguments.
    pub fn mean_of(&mut self, node: &Node) -> Result<Value> {
        let count = Constant::float(node.inputs().count() as f32);
        match self.sum(node)? {
            Value::Constant(sum) => Ok(Value::Constant(Constant::combined(node, Arithmetic::Divide, &sum, &count)?)),
            Value::Tensor(sum) => self.with_constant(node, Arithmetic::Divide, &sum, &count, false),
        }
    }

    /// A constant power.
    pub fn power(&mut self, node: &Node) -> Result<Value> {
        match self.constant(node, 1, "exponent")?.scalar() {
            Some(exponent) => self.activation(node, Activation::Power { exponent }),
            None => Err(node.unsupported("is a power to several exponents; only one number is supported")),
        }
    }

    /// The values with the other sign.
    pub fn negation(&mut self, node: &Node) -> Result<Value> {
        match self.value(node, 0)? {
            Value::Constant(constant) => {
                let zero = match constant.data {
                    Data::Float(_) => Constant::float(0.0),
                    Data::Integer(_) => Constant::integer(0),
                };
                Ok(Value::Constant(Constant::combined(node, Arithmetic::Subtract, &zero, &constant)?))
            }
            Value::Tensor(tensor) => {
                self.with_constant(node, Arithmetic::Multiply, &tensor, &Constant::float(-1.0), false)
            }
        }
    }

    /// The larger or smaller of tensors and constants: a clip, where there is one tensor and constants of one number each.
    pub fn extreme(&mut self, node: &Node, maximum: bool) -> Result<Value> {
        let count = node.inputs().count();
        let values: Vec<Value> = (0..count).map(|position| self.value(node, position)).collect::<Result<_>>()?;
        let mut bounds = Vec::new();
        let mut others = Vec::new();
        for (position, value) in values.iter().enumerate() {
            match value.constant().map(Constant::scalar) {
                Some(Some(bound)) if !bound.is_nan() => bounds.push(bound),
                _ => others.push(position),
            }
        }
        let bound = if maximum { bounds.into_iter().reduce(f32::max) } else { bounds.into_iter().reduce(f32::min) };
        let clip = match bound {
            Some(0.0) if maximum => Some(Activation::Relu),
            Some(low) if maximum => Some(Activation::Clip { low, high: f32::MAX }),
            Some(high) => Some(Activation::Clip { low: f32::MIN, high }),
            None => None,
        };
        match (&others[..], clip) {
            (&[tensor], Some(clip)) => self.activation_at(node, tensor, clip),
            (&[tensor], None) => self.value(node, tensor),
            (_, None) if others.iter().any(|&position| values[position].constant().is_none()) => {
                let mut dims = values[others[0]].dims().to_vec();
                let mut arguments = Vec::new();
                for value in others.iter().map(|&position| &values[position]) {
                    dims = self.broadcast(node, &dims, value.dims())?;
                    arguments.push(self.node_of(node, value)?);
                }
                let computed = self.emit(node, Operator::Extreme(Extreme { maximum }), &arguments)?;
                self.shaped(node, computed, dims)
            }
            _ => {
                let what = "compares constants alone, or several tensors and numbers; split it into two operators";
                Err(node.unsupported(what))
            }
        }
    }

    /// The shape that two make together.
    pub fn broadcast(&self, node: &Node, left: &[usize], right: &[usize]) -> Result<Vec<usize>> {
        let dims = joined(&[left, right])
            .map_err(|_| node.malformed(format!("combines shapes {left:?} and {right:?}, which do not fit")))?;
        self.check_count(node, &dims)?;
        Ok(dims)
    }

    fn tensors(&mut self, node: &Node, operation: Arithmetic, left: &Tensor, right: &Tensor) -> Result<Value> {
        let others: Vec<Function> = right.all_functions().collect();
        let functions: Vec<Function> = left
            .all_functions()
            .flat_map(|left| others.iter().filter_map(move |right| left.with_function(operation, right)))
            .collect();
        if let Some(value) = self.recognised(node, &functions, &left.dims)? {
            return Ok(value);
        }
        let dims = self.broadcast(node, &left.dims, &right.dims)?;
        check_quotient(node, operation, [left.is_integer, right.is_integer])?;
        if let (Some(a), Some(b)) = (left.node, right.node) {
            // A constant over a tensor is a function of the tensor.
            if operation == Arithmetic::Divide && self.is_given(a) && !self.is_given(b) {
                let inverse = self.inverse(node, b)?;
                let computed = self.emit(node, Operator::Product, &[a, inverse])?;
                return self.shaped(node, computed, dims);
            }
            if operation == Arithmetic::Multiply
                && let Some([numerator, denominator]) = self.as_quotient(node, [a, b])?
            {
                let computed = self.emit(node, Operator::Quotient, &[numerator, denominator])?;
                return self.shaped(node, computed, dims);
            }
            let operator = match operation {
                Arithmetic::Add => Operator::Add,
                Arithmetic::Subtract => Operator::Subtract,
                Arithmetic::Multiply => Operator::Product,
                Arithmetic::Divide => Operator::Quotient,
            };
            let computed = self.emit(node, operator, &[a, b])?;
            let computed = self.arranged(node, computed, &self.inner(&dims))?;
            self.check_batch(node, &dims)?;
            return Ok(self.partial(node, Some(computed), dims, functions));
        }
        if functions.is_empty() {
            let what = "combines two tensors, one of which is no value of its own but a part of a function";
            return Err(node.unsupported(format!("{what}, such as a constant divided by a tensor")));
        }
        Ok(self.partial(node, None, dims, functions))
    }

    /// 1 over each value.
    fn inverse(&mut self, node: &Node, argument: NodeId) -> Result<NodeId> {
        let inverse = Operator::Activation(Activation::Elementary(Elementary::Reciprocal));
        self.emit_as(node, format!("{}.inverse", node.name()), inverse, &[argument])
    }

    /// Numerator and denominator of a product whose one factor is 1 over a value, or a negative power of it.
    fn as_quotient(&mut self, node: &Node, [a, b]: [NodeId; 2]) -> Result<Option<[NodeId; 2]>> {
        for (numerator, inverse) in [(a, b), (b, a)] {
            if self.is_given(inverse) || self.is_given(numerator) {
                continue;
            }
            match self.inverted(inverse) {
                Some((value, 1.0)) => return Ok(Some([numerator, value])),
                Some((value, exponent)) => {
                    let power = Operator::Activation(Activation::Power { exponent });
                    let name = format!("{}.denominator", node.name());
                    return Ok(Some([numerator, self.emit_as(node, name, power, &[value])?]));
                }
                None => {}
            }
        }
        Ok(None)
    }

    fn with_constant(
        &mut self,
        node: &Node,
        operation: Arithmetic,
        tensor: &Tensor,
        constant: &Constant,
        constant_first: bool,
    ) -> Result<Value> {
        let constant = &self.placed(node, constant, tensor.dims.len())?;
        check_quotient(node, operation, [tensor.is_integer, matches!(constant.data, Data::Integer(_))])?;
        let functions: Vec<Function> = match constant.scalar() {
            Some(number) => tensor
                .all_functions()
                .filter_map(|function| function.with_number(operation, number, constant_first))
                .collect(),
            None => Vec::new(),
        };
        let dims = self.broadcast(node, &tensor.dims, &constant.dims)?;
        // The last part of a function that is spelled out may be a factor.
        if dims == tensor.dims
            && let Some(value) = self.recognised(node, &functions, &dims)?
        {
            return Ok(value);
        }
        let computed = match tensor.node {
            // A constant over a tensor is a function of the tensor.
            Some(argument) if operation == Arithmetic::Divide && constant_first => {
                let inverse = self.inverse(node, argument)?;
                Some(self.affine(node, Arithmetic::Multiply, (inverse, &tensor.dims), constant, false, &dims)?)
            }
            Some(argument) => {
                Some(self.affine(node, operation, (argument, &tensor.dims), constant, constant_first, &dims)?)
            }
            None => None,
        };
        if computed.is_none() && functions.is_empty() {
            return Err(node.unsupported("computes a function that has no counterpart here"));
        }
        self.check_batch(node, &dims)?;
        Ok(self.partial(node, computed, dims, functions))
    }

    /// The activation that one of several forms of a function is.
    fn recognised(&mut self, node: &Node, functions: &[Function], dims: &[usize]) -> Result<Option<Value>> {
        let known = functions.iter().find_map(|function| Some((function.source, function.activation()?)));
        let Some((source, activation)) = known else {
            return Ok(None);
        };
        let computed = self.emit(node, Operator::Activation(activation), &[source])?;
        Ok(Some(self.shaped(node, computed, dims.to_vec())?))
    }

    fn affine(
        &mut self,
        node: &Node,
        operation: Arithmetic,
        (argument, own): (NodeId, &[usize]),
        constant: &Constant,
        constant_first: bool,
        dims: &[usize],
    ) -> Result<NodeId> {
        let name = self.module_name(node, &[constant]);
        let Some(spread) = self.spread(constant, own, dims) else {
            return self.each(node, name, operation, argument, constant, constant_first, dims);
        };
        let shape = self.shape(argument).to_vec();
        let channels = shape.first().copied().unwrap_or(1);
        let mut parameter = |function: fn(f32) -> f32| match &spread {
            Spread::One(value) => self.repeat(node, function(*value), channels),
            Spread::Channels(values) => Ok(values.iter().map(|&value| function(value)).collect()),
        };
        let (scale, shift) = match operation {
            Arithmetic::Add => (parameter(|_| 1.0)?, parameter(|value| value)?),
            Arithmetic::Subtract if constant_first => (parameter(|_| -1.0)?, parameter(|value| value)?),
            Arithmetic::Subtract => (parameter(|_| 1.0)?, parameter(|value| -value)?),
            Arithmetic::Multiply => (parameter(|value| value)?, parameter(|_| 0.0)?),
            Arithmetic::Divide => (parameter(|value| 1.0 / value)?, parameter(|_| 0.0)?),
        };
        self.emit_as(node, name, Operator::Affine(Affine { scale, shift }), &[argument])
    }

    /// An operation with one number for each value of a tensor, which is repeated to the shape of the result first.
    #[allow(clippy::too_many_arguments)] // One use: what `affine` is given.
    fn each(
        &mut self,
        node: &Node,
        name: String,
        operation: Arithmetic,
        argument: NodeId,
        constant: &Constant,
        constant_first: bool,
        dims: &[usize],
    ) -> Result<NodeId> {
        let shape = self.inner(dims);
        let mut argument = argument;
        if self.shape(argument) != shape {
            let expand = Operator::Expand(Expand { shape: shape.clone() });
            argument = self.emit_as(node, format!("{name}.repeated"), expand, &[argument])?;
        }
        let values = constant.to_weights();
        // The budget of repeated parameters covers these, too.
        let count = elements(&shape).unwrap_or(0);
        if values.len() != count {
            self.count(node, count)?;
        }
        // Infinities stand for what is to be masked: the largest numbers do so as well, and can be computed with.
        let at = |value: f32| value.clamp(f32::MIN, f32::MAX);
        let aligned = positions(&constant.dims, dims);
        let each = |function: fn(f32) -> f32| aligned.iter().map(|&place| at(function(values[place]))).collect();
        let operator = match operation {
            Arithmetic::Add => Operator::Offset(Offset { values: each(|value| value), negative: false }),
            Arithmetic::Subtract if constant_first => {
                Operator::Offset(Offset { values: each(|value| value), negative: true })
            }
            Arithmetic::Subtract => Operator::Offset(Offset { values: each(|value| -value), negative: false }),
            Arithmetic::Multiply => Operator::Multiple(Multiple { values: each(|value| value) }),
            Arithmetic::Divide => Operator::Multiple(Multiple { values: each(|value| 1.0 / value) }),
        };
        self.emit_as(node, name, operator, &[argument])
    }

    /// A constant with axes of length 1 behind its own where an attribute says where these are, as before version 7: since
    /// then they are the last ones.
    fn placed(&self, node: &Node, constant: &Constant, rank: usize) -> Result<Constant> {
        if self.opset >= 7 || !node.has("axis") || constant.dims.len() >= rank {
            return Ok(constant.clone());
        }
        let first = node.axis(node.int("axis", 0)?, rank)?.min(rank - constant.dims.len());
        let mut dims = constant.dims.clone();
        dims.resize(rank - first, 1);
        constant.clone().with_dims(dims).ok_or_else(|| node.malformed("has a constant that does not fit its shape"))
    }

    /// How a constant broadcasts to a tensor, where it is one number or one a channel; `None` where it has more to say.
    fn spread(&self, constant: &Constant, own: &[usize], dims: &[usize]) -> Option<Spread> {
        if own != dims || !self.has_batch(own) {
            let scalar = constant.scalar().filter(|_| own == dims);
            return scalar.map(Spread::One);
        }
        if let Some(value) = constant.scalar() {
            return Some(Spread::One(value));
        }
        let rank = dims.len();
        let mut aligned = vec![1; rank];
        aligned[rank - constant.dims.len()..].copy_from_slice(&constant.dims);
        let channels = aligned.iter().enumerate().all(|(axis, &length)| axis == 1 || length == 1);
        (channels && aligned[1] == dims[1]).then(|| Spread::Channels(constant.to_weights()))
    }
}
