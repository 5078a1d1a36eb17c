//! Layers with weights: matrix products, convolutions, batch normalisation.

use kirchhoff_kernel::Weights;

use super::constant::Constant;
use super::fault::Result;
use super::importer::{Importer, Operand, Value};
use super::node::Node;
use super::pool::{transposed_axes, volume_axes, window};
use crate::operators::{Affine, Convolution, Dense, Linear, Operator, Volume, elements};

impl Importer<'_> {
    /// `alpha · A · B + beta · C`.
    pub fn gemm(&mut self, node: &Node) -> Result<Value> {
        if node.flag("transA", false)? {
            return Err(node.unsupported("transposes its input; only transA = 0 is supported"));
        }
        let argument = self.operand(node, 0)?;
        let weights = self.constant(node, 1, "weights")?;
        let bias = self.optional_constant(node, 2, "bias")?;
        let (alpha, beta) = (node.float("alpha", 1.0)?, node.float("beta", 1.0)?);
        let (inputs, outputs, mut values) = self.matrix(node, &weights, node.flag("transB", false)?)?;
        if alpha != 1.0 {
            values = values.iter().map(|value| value * alpha).collect();
        }
        let parameters: Vec<&Constant> = std::iter::once(&weights).chain(&bias).collect();
        let name = self.module_name(node, &parameters);
        let bias = match &bias {
            None => None,
            Some(bias) => Some(self.bias(node, bias, outputs)?),
        };
        let bias = match bias {
            Some(bias) if beta != 1.0 => Some(bias.iter().map(|value| value * beta).collect()),
            bias => bias,
        };
        self.dense(node, name, argument, Dense { inputs, outputs, weights: values, bias })
    }

    /// A dense layer, on the last axis of whatever there is.
    fn dense(&mut self, node: &Node, name: String, argument: Operand, dense: Dense) -> Result<Value> {
        let Dense { inputs, outputs, .. } = dense;
        let Some((_, last)) = argument.dims.split_last().filter(|(length, _)| **length == inputs) else {
            let what = format!("multiplies a tensor of shape {:?} by a matrix of {inputs} rows", argument.dims);
            return Err(node.malformed(format!("{what}, which does not fit")));
        };
        let dims: Vec<usize> = last.iter().copied().chain([outputs]).collect();
        self.check_batch(node, &dims)?;
        let operator = match self.shape(argument.node).len() {
            1 => Operator::Dense(dense),
            _ => Operator::Linear(Linear { dense }),
        };
        let computed = self.emit_as(node, name, operator, &[argument.node])?;
        self.shaped(node, computed, dims)
    }

    /// A product with constant weights; a constant vector that is added to it becomes its bias. Or of two tensors.
    pub fn matrix_product(&mut self, node: &Node) -> Result<Value> {
        let (left, right) = (self.value(node, 0)?, self.value(node, 1)?);
        match (&left, &right) {
            (Value::Tensor(_), Value::Constant(weights)) if weights.dims.len() == 2 => {
                let argument = self.operand(node, 0)?;
                let (inputs, outputs, values) = self.matrix(node, weights, false)?;
                let addition = self.added_vector(node, outputs)?;
                let mut parameters = vec![weights];
                parameters.extend(addition.iter().map(|(_, bias)| bias));
                let name = self.module_name(node, &parameters);
                let bias = addition.as_ref().map(|(_, bias)| bias.to_weights());
                let value = self.dense(node, name, argument, Dense { inputs, outputs, weights: values, bias })?;
                if let (Some((index, _)), Value::Tensor(tensor)) = (addition, &value) {
                    self.absorbed.insert(index, self.materialised(tensor)?);
                }
                Ok(value)
            }
            (Value::Constant(_), Value::Constant(_)) => {
                Err(node.unsupported("multiplies two constants; fold constants before exporting"))
            }
            _ => self.multiplied(node, left, right),
        }
    }

    /// The matrix product of two values of which one at least is no constant.
    pub fn multiplied(&mut self, node: &Node, left: Value, right: Value) -> Result<Value> {
        match (&left, &right) {
            (Value::Tensor(tensor), Value::Constant(weights)) if weights.dims.len() == 2 => {
                let argument = self.operand_of(tensor.clone())?;
                let (inputs, outputs, weights) = self.matrix(node, weights, false)?;
                self.dense(node, node.name(), argument, Dense { inputs, outputs, weights, bias: None })
            }
            _ => {
                let [mut a, mut b] = [left.dims().to_vec(), right.dims().to_vec()];
                if a.is_empty() || b.is_empty() {
                    return Err(node.malformed("multiplies a number; matrices need axes"));
                }
                let (rows, columns) = (a.len() > 1, b.len() > 1);
                // A vector is a matrix of one row on the left, of one column on the right.
                if !rows {
                    a.insert(0, 1);
                }
                if !columns {
                    b.push(1);
                }
                let batch = self.broadcast(node, &a[..a.len() - 2], &b[..b.len() - 2])?;
                let mut dims = batch;
                dims.extend(rows.then(|| a[a.len() - 2]));
                dims.extend(columns.then(|| b[b.len() - 1]));
                self.check_batch(node, if dims.len() > 1 { &dims } else { left.dims() })?;
                let mut arguments = Vec::new();
                for (value, own) in [(&left, a), (&right, b)] {
                    let argument = self.node_of(node, value)?;
                    // Of a batch of matrices the first axis may be that of the inputs.
                    let inner = if own.len() > 2 { self.inner(&own) } else { own };
                    arguments.push(self.arranged(node, argument, &inner)?);
                }
                let computed = self.emit(node, Operator::MatrixProduct, &arguments)?;
                self.shaped(node, computed, dims)
            }
        }
    }

    /// The index of the addition that alone takes a node's result, and the constant vector that it adds.
    fn added_vector(&self, node: &Node, length: usize) -> Result<Option<(usize, Constant)>> {
        let Some(product) = node.outputs().first() else {
            return Ok(None);
        };
        let [user] = self.graph.users(product) else {
            return Ok(None);
        };
        if user.operator() != "Add" || self.graph.outputs.contains(&&product[..]) || user.has("axis") {
            return Ok(None);
        }
        let Some(other) = user.inputs().find(|name| name != product) else {
            return Ok(None);
        };
        let constant = self.known_constant(other)?;
        let fits = |constant: &Constant| constant.dims == [length] || constant.dims == [1, length];
        Ok(constant.filter(fits).map(|constant| (user.index, constant)))
    }

    /// A convolution of one or two axes.
    pub fn convolution(&mut self, node: &Node) -> Result<Value> {
        let argument = self.tensor(node, 0)?;
        let weights = self.constant(node, 1, "weights")?;
        let bias = self.optional_constant(node, 2, "bias")?;
        let [outputs, inputs, kernel @ ..] = &weights.dims[..] else {
            return Err(node.malformed(format!("has weights of shape {:?}", weights.dims)));
        };
        if let Some(sizes) = node.ints("kernel_shape")?
            && node.sizes("kernel_shape", sizes, kernel.len())? != kernel
        {
            return Err(node.malformed(format!("has the kernel {sizes:?} and weights of shape {:?}", weights.dims)));
        }
        let groups = usize::try_from(node.int("group", 1)?).unwrap_or(0);
        let Some(inputs) = inputs.checked_mul(groups).filter(|_| groups > 0) else {
            return Err(node.malformed("has an impossible number of groups"));
        };
        let lengths = self.shape(argument).get(1..).unwrap_or_default().to_vec();
        let parameters: Vec<&Constant> = std::iter::once(&weights).chain(&bias).collect();
        let name = self.module_name(node, &parameters);
        let bias = match &bias {
            None => None,
            Some(bias) => Some(self.bias(node, bias, *outputs)?),
        };
        if lengths.len() == 3 {
            let axes = volume_axes(node, &lengths, kernel)?;
            let (outputs, weights) = (*outputs, weights.to_weights());
            let volume = Volume { inputs, outputs, groups, axes, transposed: false, weights, bias };
            let computed = self.emit_as(node, name, Operator::Volume(volume), &[argument])?;
            return Ok(self.computed(node, computed));
        }
        let window = window(node, &lengths, kernel)?;
        let (outputs, weights) = (*outputs, weights.to_weights());
        let convolution = Convolution { inputs, outputs, groups, window, weights, bias };
        let computed = self.emit_as(node, name, Operator::Convolution(convolution), &[argument])?;
        Ok(self.computed(node, computed))
    }

    /// A transposed convolution of one to three axes.
    pub fn transposed_convolution(&mut self, node: &Node) -> Result<Value> {
        let argument = self.tensor(node, 0)?;
        let weights = self.constant(node, 1, "weights")?;
        let bias = self.optional_constant(node, 2, "bias")?;
        let [inputs, outputs, kernel @ ..] = &weights.dims[..] else {
            return Err(node.malformed(format!("has weights of shape {:?}", weights.dims)));
        };
        let groups = usize::try_from(node.int("group", 1)?).unwrap_or(0);
        let Some(outputs) = outputs.checked_mul(groups).filter(|_| groups > 0) else {
            return Err(node.malformed("has an impossible number of groups"));
        };
        let lengths = self.shape(argument).get(1..).unwrap_or_default().to_vec();
        let axes = transposed_axes(node, &lengths, kernel)?;
        let parameters: Vec<&Constant> = std::iter::once(&weights).chain(&bias).collect();
        let name = self.module_name(node, &parameters);
        let bias = match &bias {
            None => None,
            Some(bias) => Some(self.bias(node, bias, outputs)?),
        };
        let (inputs, weights) = (*inputs, weights.to_weights());
        let volume = Volume { inputs, outputs, groups, axes, transposed: true, weights, bias };
        let computed = self.emit_as(node, name, Operator::Volume(volume), &[argument])?;
        Ok(self.computed(node, computed))
    }

    /// Batch normalisation with fixed statistics: a factor and a summand per channel.
    pub fn batch_normalization(&mut self, node: &Node) -> Result<Value> {
        // Before version 14 the mode shows in the number of outputs, before version 7 in an attribute that is 0 by default.
        let statistics = node.outputs().iter().skip(1).any(|output| !output.is_empty());
        if node.flag("training_mode", false)? || statistics || (self.opset < 7 && !node.flag("is_test", false)?) {
            return Err(node.unsupported("is in training mode; export the model in evaluation mode"));
        }
        if !node.flag("spatial", true)? {
            return Err(
                node.unsupported("normalises every value on its own (spatial = 0); only channels are supported")
            );
        }
        let argument = self.tensor(node, 0)?;
        let names = ["scale", "shift", "mean", "variance"];
        let mut constants = Vec::new();
        for (position, name) in names.iter().enumerate() {
            constants.push(self.constant(node, position + 1, name)?);
        }
        let channels = self.shape(argument).first().copied().unwrap_or(1);
        if constants.iter().any(|constant| constant.len() != channels) {
            let lengths: Vec<_> = constants.iter().map(Constant::len).collect();
            return Err(node.malformed(format!("has parameters of lengths {lengths:?} for {channels} channels")));
        }
        let parameters: Vec<&Constant> = constants.iter().collect();
        let name = self.module_name(node, &parameters);
        let epsilon = f64::from(node.float("epsilon", 1e-5)?);
        let values: Vec<Weights> = constants.iter().map(Constant::to_weights).collect();
        let value = |which: usize, channel: usize| f64::from(values[which][channel]);
        let factor = |channel| value(0, channel) / (value(3, channel) + epsilon).sqrt();
        let scale = (0..channels).map(|channel| factor(channel) as f32).collect();
        let shift =
            (0..channels).map(|channel| (value(1, channel) - value(2, channel) * factor(channel)) as f32).collect();
        let computed = self.emit_as(node, name, Operator::Affine(Affine { scale, shift }), &[argument])?;
        Ok(self.computed(node, computed))
    }

    fn bias(&mut self, node: &Node, bias: &Constant, outputs: usize) -> Result<Weights> {
        if let Some(value) = bias.scalar() {
            return self.repeat(node, value, outputs);
        }
        if bias.dims == [outputs] || bias.dims == [1, outputs] {
            return Ok(bias.to_weights());
        }
        Err(node.unsupported(format!("adds a bias of shape {:?} to {outputs} channels", bias.dims)))
    }

    /// Inputs, outputs and `[outputs, inputs]` values of a matrix, which may be given the other way round.
    fn matrix(&self, node: &Node, weights: &Constant, outputs_first: bool) -> Result<(usize, usize, Weights)> {
        let [rows, columns] = weights.dims[..] else {
            let reason = format!("has weights of shape {:?}; only matrices are supported", weights.dims);
            return Err(node.unsupported(reason));
        };
        debug_assert_eq!(elements(&weights.dims), Some(weights.len()));
        if outputs_first {
            Ok((columns, rows, weights.to_weights()))
        } else {
            Ok((rows, columns, self.graph.transposed(weights).to_weights()))
        }
    }
}
