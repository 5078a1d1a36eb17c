//! Sums, products and the like, of tensors and of tensors with constants.

use kirchhoff_kernel::Weights;

use super::constant::{Arithmetic, Constant, Data};
use super::fault::Result;
use super::function::Function;
use super::importer::{Importer, Tensor, Value};
use super::node::Node;
use crate::Activation;
use crate::network::NodeId;
use crate::operators::{Affine, Operator, Reshape, elements};

/// How a constant lies over a tensor.
enum Spread {
    /// One value for all.
    One(f32),
    /// One value a channel.
    Channels(Weights),
    /// One value for each value of the tensor.
    Each(Weights),
}

impl Importer<'_> {
    /// An operation of two arguments, of which either may be a constant.
    pub fn arithmetic(&mut self, node: &Node, operation: Arithmetic) -> Result<Value> {
        if let Some(layer) = self.absorbed.remove(&node.index) {
            return Ok(self.computed(node, layer));
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
                let arguments: Result<Vec<NodeId>> = (0..count).map(|position| self.tensor(node, position)).collect();
                let computed = self.emit(node, Operator::Add, &arguments?)?;
                Ok(self.computed(node, computed))
            }
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

    /// The larger or smaller of a tensor and constants of one number each: a clip.
    pub fn extreme(&mut self, node: &Node, maximum: bool) -> Result<Value> {
        let (mut tensors, mut bounds) = (Vec::new(), Vec::new());
        for position in 0..node.inputs().count() {
            match self.value(node, position)? {
                Value::Tensor(_) => tensors.push(position),
                Value::Constant(constant) => match constant.scalar() {
                    Some(bound) if !bound.is_nan() => bounds.push(bound),
                    _ => {
                        let what = "compares with a constant of several values; only one number is supported";
                        return Err(node.unsupported(what));
                    }
                },
            }
        }
        let [tensor] = tensors[..] else {
            let what = "compares several tensors, or constants alone; one tensor and constants are supported";
            return Err(node.unsupported(what));
        };
        let bound = if maximum { bounds.into_iter().reduce(f32::max) } else { bounds.into_iter().reduce(f32::min) };
        let activation = match bound {
            None => return self.value(node, tensor),
            Some(0.0) if maximum => Activation::Relu,
            Some(low) if maximum => Activation::Clip { low, high: f32::MAX },
            Some(high) => Activation::Clip { low: f32::MIN, high },
        };
        self.activation_at(node, tensor, activation)
    }

    fn tensors(&mut self, node: &Node, operation: Arithmetic, left: &Tensor, right: &Tensor) -> Result<Value> {
        let others: Vec<Function> = right.all_functions().collect();
        let functions: Vec<Function> = left
            .all_functions()
            .flat_map(|left| others.iter().filter_map(move |right| left.with_function(operation, right)))
            .collect();
        if let Some(value) = self.recognised(node, &functions)? {
            return Ok(value);
        }
        if let (Arithmetic::Add, Some(left), Some(right)) = (operation, left.node, right.node) {
            let (a, b) = (self.shape(left), self.shape(right));
            if a != b {
                let what = format!("adds tensors of shapes {a:?} and {b:?} (without the batch axis)");
                return Err(node.unsupported(format!("{what}; only equal shapes are supported")));
            }
            let computed = self.emit(node, Operator::Add, &[left, right])?;
            return Ok(self.partial(node, Some(computed), functions));
        }
        if functions.is_empty() {
            let what = "combines two tensors that both depend on the input";
            return Err(node.unsupported(format!(
                "{what}; of that only addition, and functions of one value such as SiLU and GELU, are supported"
            )));
        }
        Ok(self.partial(node, None, functions))
    }

    fn with_constant(
        &mut self,
        node: &Node,
        operation: Arithmetic,
        tensor: &Tensor,
        constant: &Constant,
        constant_first: bool,
    ) -> Result<Value> {
        let functions: Vec<Function> = match constant.scalar() {
            Some(number) => tensor
                .all_functions()
                .filter_map(|function| function.with_number(operation, number, constant_first))
                .collect(),
            None => Vec::new(),
        };
        let computed = match tensor.node {
            Some(_) if operation == Arithmetic::Divide && constant_first => None,
            Some(argument) => Some(self.affine(node, operation, argument, constant, constant_first)?),
            None => {
                if let Some(value) = self.recognised(node, &functions)? {
                    return Ok(value);
                }
                None
            }
        };
        if computed.is_none() && functions.is_empty() {
            return Err(node.unsupported("computes a function that has no counterpart here"));
        }
        Ok(self.partial(node, computed, functions))
    }

    /// The activation that one of several forms of a function is.
    fn recognised(&mut self, node: &Node, functions: &[Function]) -> Result<Option<Value>> {
        let known = functions.iter().find_map(|function| Some((function.source, function.activation()?)));
        let Some((source, activation)) = known else {
            return Ok(None);
        };
        let computed = self.emit(node, Operator::Activation(activation), &[source])?;
        Ok(Some(self.computed(node, computed)))
    }

    fn affine(
        &mut self,
        node: &Node,
        operation: Arithmetic,
        argument: NodeId,
        constant: &Constant,
        constant_first: bool,
    ) -> Result<NodeId> {
        let shape = self.shape(argument).to_vec();
        let spread = self.spread(node, constant, &shape)?;
        let channels = match spread {
            Spread::Each(_) => elements(&shape).unwrap_or(0),
            _ => shape.first().copied().unwrap_or(1),
        };
        let mut parameter = |function: fn(f32) -> f32| match &spread {
            Spread::One(value) => self.repeat(node, function(*value), channels),
            Spread::Channels(values) | Spread::Each(values) => {
                Ok(values.iter().map(|&value| function(value)).collect())
            }
        };
        let (scale, shift) = match operation {
            Arithmetic::Add => (parameter(|_| 1.0)?, parameter(|value| value)?),
            Arithmetic::Subtract if constant_first => (parameter(|_| -1.0)?, parameter(|value| value)?),
            Arithmetic::Subtract => (parameter(|_| 1.0)?, parameter(|value| -value)?),
            Arithmetic::Multiply => (parameter(|value| value)?, parameter(|_| 0.0)?),
            Arithmetic::Divide => (parameter(|value| 1.0 / value)?, parameter(|_| 0.0)?),
        };
        let affine = Operator::Affine(Affine { scale, shift });
        let name = self.module_name(node, &[constant]);
        if let Spread::Each(_) = spread {
            let flat = Operator::Reshape(Reshape { shape: vec![channels] });
            let flat = self.emit_as(node, format!("{name}.flat"), flat, &[argument])?;
            let flat = self.emit_as(node, format!("{name}.each"), affine, &[flat])?;
            return self.emit_as(node, name, Operator::Reshape(Reshape { shape }), &[flat]);
        }
        self.emit_as(node, name, affine, &[argument])
    }

    /// How a constant broadcasts to a tensor of a shape, given without the batch axis.
    fn spread(&mut self, node: &Node, constant: &Constant, shape: &[usize]) -> Result<Spread> {
        if let Some(value) = constant.scalar().filter(|_| constant.dims.len() <= shape.len() + 1) {
            return Ok(Spread::One(value));
        }
        let dims = &constant.dims;
        let rank = shape.len() + 1;
        // Before version 7 an attribute says where the constant's axes are; since then they are the last ones.
        let first = match rank.checked_sub(dims.len()) {
            Some(last) if self.opset < 7 && node.has("axis") => node.axis(node.int("axis", 0)?, rank)?.min(last),
            Some(last) => last,
            None => return Err(self.misfit(node, constant, shape)),
        };
        let mut aligned = vec![1; rank];
        aligned[first..first + dims.len()].copy_from_slice(dims);
        let (batch, aligned) = (aligned[0], &aligned[1..]);
        let fits = aligned.iter().zip(shape).all(|(&length, &of)| length == 1 || length == of);
        if batch != 1 || !fits {
            return Err(self.misfit(node, constant, shape));
        }
        let values = constant.to_weights();
        if aligned.iter().skip(1).all(|&length| length == 1) {
            return Ok(Spread::Channels(values));
        }
        let count = elements(shape).unwrap_or(0);
        if values.len() == count {
            return Ok(Spread::Each(values));
        }
        // The budget of repeated parameters covers these, too.
        self.repeat(node, 0.0, count)?;
        let position = |mut number: usize| {
            let (mut position, mut stride) = (0, 1);
            for (&length, &of) in aligned.iter().zip(shape).rev() {
                position += number % of % length * stride;
                stride *= length;
                number /= of;
            }
            position
        };
        Ok(Spread::Each((0..count).map(|number| values[position(number)]).collect()))
    }

    fn misfit(&self, node: &Node, constant: &Constant, shape: &[usize]) -> super::fault::Fault {
        let what = format!("combines a tensor of shape {shape:?} (without the batch axis) with a constant of shape");
        node.unsupported(format!("{what} {:?}; only constants that broadcast to it are supported", constant.dims))
    }
}
