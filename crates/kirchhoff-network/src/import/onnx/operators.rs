//! One entry for each operator of ONNX that is supported.

use super::constant::{Arithmetic, Constant, Data};
use super::fault::Result;
use super::importer::{Importer, Value};
use super::node::Node;
use super::proto::data_type;
use super::recurrent::Cell;
use crate::operators::{Operator, ReductionKind, Softmax};
use crate::{Activation, Elementary};

impl Importer<'_> {
    /// The values of a node's outputs, of the first at least.
    pub fn node(&mut self, node: &Node) -> Result<Vec<Value>> {
        let value = match &node.operator()[..] {
            "Gemm" => self.gemm(node)?,
            "MatMul" => self.matrix_product(node)?,
            "Einsum" => self.einsum(node)?,
            "Conv" => self.convolution(node)?,
            "BatchNormalization" => self.batch_normalization(node)?,
            "Add" => self.arithmetic(node, Arithmetic::Add)?,
            "Sub" => self.arithmetic(node, Arithmetic::Subtract)?,
            "Mul" => self.arithmetic(node, Arithmetic::Multiply)?,
            "Div" => self.arithmetic(node, Arithmetic::Divide)?,
            "Sum" => self.sum(node)?,
            "Mean" => self.mean_of(node)?,
            "Pow" => self.power(node)?,
            "MaxPool" => self.maximum_pool(node)?,
            "AveragePool" => self.average_pool(node)?,
            "GlobalMaxPool" => self.global_pool(node, true)?,
            "GlobalAveragePool" => self.global_pool(node, false)?,
            "ReduceMax" => self.reduction(node, ReductionKind::Maximum)?,
            "ReduceMin" => self.reduction(node, ReductionKind::Minimum)?,
            "ReduceMean" => self.reduction(node, ReductionKind::Mean)?,
            "ReduceSum" => self.reduction(node, ReductionKind::Sum)?,
            "ReduceL2" => self.norm(node)?,
            "LayerNormalization" => self.layer_normalization(node, true)?,
            "RMSNormalization" | "SimplifiedLayerNormalization" => self.layer_normalization(node, false)?,
            "GroupNormalization" => self.group_normalization(node, false)?,
            "InstanceNormalization" => self.group_normalization(node, true)?,
            "LRN" => self.local_response_normalization(node)?,
            "ConvTranspose" => self.transposed_convolution(node)?,
            "Resize" | "Upsample" => self.resize(node)?,
            "DepthToSpace" => self.depth_and_space(node, true)?,
            "SpaceToDepth" => self.depth_and_space(node, false)?,
            "Expand" => self.expand(node)?,
            "Tile" => self.tile(node)?,
            "Where" => self.choice(node)?,
            "Trilu" => self.triangle(node)?,
            "GatherND" => self.gather_at(node)?,
            "ScatterND" => self.scatter_at(node)?,
            "Equal" | "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual" | "And" | "Or" | "Xor" => {
                self.comparison(node)?
            }
            "Mod" => self.remainder(node)?,
            "Not" => self.negated(node)?,
            "ConstantOfShape" => self.constant_of_shape(node)?,
            "Range" => self.range(node)?,
            "Relu" => self.activation(node, Activation::Relu)?,
            "LeakyRelu" => self.activation(node, Activation::LeakyRelu { slope: node.float("alpha", 0.01)? })?,
            "PRelu" => self.parametric_relu(node)?,
            "Clip" => self.clip(node)?,
            "Elu" => self.activation(node, Activation::Elu { alpha: node.float("alpha", 1.0)? })?,
            "Gelu" => match &node.text("approximate", "none")?[..] {
                "none" => self.activation(node, Activation::Gelu { tanh: false })?,
                "tanh" => self.activation(node, Activation::Gelu { tanh: true })?,
                other => return Err(node.malformed(format!("has the approximation '{other}', not 'none' or 'tanh'"))),
            },
            "Sigmoid" => self.activation(node, Activation::Sigmoid)?,
            "Tanh" => self.activation(node, Activation::Tanh)?,
            "HardSigmoid" => {
                let (slope, shift) = (node.float("alpha", 0.2)?, node.float("beta", 0.5)?);
                self.activation(node, Activation::HardSigmoid { slope, shift })?
            }
            "HardSwish" => self.activation(node, Activation::HardSwish)?,
            "Mish" => self.activation(node, Activation::Mish)?,
            "Softplus" => self.activation(node, Activation::Softplus)?,
            "Softsign" => self.activation(node, Activation::Softsign)?,
            "Selu" => {
                // The defaults are those of the paper, as ONNX rounds them.
                let (alpha, scale) = (node.float("alpha", 1.673_263_2)?, node.float("gamma", 1.050_701)?);
                self.activation(node, Activation::Selu { alpha, scale })?
            }
            "Celu" => match node.float("alpha", 1.0)? {
                0.0 => return Err(node.malformed("has alpha = 0, by which it would divide")),
                alpha => self.activation(node, Activation::Celu { alpha })?,
            },
            "ThresholdedRelu" => {
                self.activation(node, Activation::ThresholdedRelu { threshold: node.float("alpha", 1.0)? })?
            }
            "Shrink" => {
                let (bias, threshold) = (node.float("bias", 0.0)?, node.float("lambd", 0.5)?);
                self.activation(node, Activation::Shrink { bias, threshold })?
            }
            "OneHot" => self.one_hot(node)?,
            "Neg" => self.negation(node)?,
            "Max" => self.extreme(node, true)?,
            "Min" => self.extreme(node, false)?,
            "Softmax" => self.softmax(node, false)?,
            "LogSoftmax" => self.softmax(node, true)?,
            "Dropout" => self.dropout(node)?,
            "Identity" => self.value(node, 0)?,
            "Cast" => self.cast(node)?,
            "Constant" => Value::Constant(self.constant_node(node)?),
            "Shape" => self.shape_of(node)?,
            "Gather" => self.gather(node)?,
            "Flatten" => self.flatten(node)?,
            "Reshape" => self.reshape(node)?,
            "Squeeze" => self.squeeze(node)?,
            "Unsqueeze" => self.unsqueeze(node)?,
            "Transpose" => self.transpose(node)?,
            "Concat" => self.concatenation(node)?,
            "Slice" => self.slice(node)?,
            "Split" => return self.split(node),
            "LSTM" => return self.recurrent(node, Cell::Lstm),
            "GRU" => return self.recurrent(node, Cell::Gru),
            "RNN" => return self.recurrent(node, Cell::Plain),
            "Pad" => self.pad(node)?,
            "ai.onnx.ml.Scaler" => self.scaler(node)?,
            "ai.onnx.ml.LinearRegressor" => self.linear_regressor(node)?,
            "ai.onnx.ml.LinearClassifier" => return self.linear_classifier(node),
            "ai.onnx.ml.Normalizer" => self.normalizer(node)?,
            // Probabilities by the names of their classes.
            "ai.onnx.ml.ZipMap" => self.value(node, 0)?,
            "QuantizeLinear"
            | "DequantizeLinear"
            | "QLinearConv"
            | "QLinearMatMul"
            | "ConvInteger"
            | "MatMulInteger"
            | "DynamicQuantizeLinear" => {
                return Err(node.unsupported("is of a quantised model; export the model in floating point"));
            }
            "If" | "Loop" | "Scan" => {
                let what = "is control flow, which is not supported; export the model by tracing one fixed path";
                return Err(node.unsupported(what));
            }
            other => match Elementary::from_onnx(other) {
                Some(function) => self.activation(node, Activation::Elementary(function))?,
                None => {
                    let what =
                        "is an operator that is not supported; replace it in the model, or by simplifying the file";
                    return Err(node.unsupported(what));
                }
            },
        };
        Ok(vec![value])
    }

    /// A function of each value of the first input. It may be a part of one that is spelled out.
    pub fn activation(&mut self, node: &Node, activation: Activation) -> Result<Value> {
        self.activation_at(node, 0, activation)
    }

    /// A function of each value of an input.
    pub fn activation_at(&mut self, node: &Node, position: usize, activation: Activation) -> Result<Value> {
        let tensor = match self.value(node, position)? {
            Value::Constant(constant) => return Ok(Value::Constant(constant.mapped(node, |x| activation.at(x))?)),
            Value::Tensor(tensor) => tensor,
        };
        let functions = tensor.all_functions().filter_map(|function| function.apply(activation)).collect();
        match tensor.node {
            Some(argument) => {
                let computed = self.emit(node, Operator::Activation(activation), &[argument])?;
                Ok(self.partial(node, Some(computed), tensor.dims, functions))
            }
            None => Ok(tensor.continued(functions)),
        }
    }

    fn clip(&mut self, node: &Node) -> Result<Value> {
        let bound = |position, attribute: &str, default| match self.optional_constant(node, position, attribute)? {
            None => node.float(attribute, default),
            Some(constant) => {
                constant.scalar().ok_or_else(|| node.malformed(format!("has a {attribute} that is not one number")))
            }
        };
        let (low, high) = (bound(1, "min", f32::MIN)?, bound(2, "max", f32::MAX)?);
        if low.is_nan() || high.is_nan() {
            return Err(node.malformed("has a bound that is not a number"));
        }
        self.activation(node, Activation::Clip { low, high })
    }

    /// ONNX's softmax is over one axis since version 13, and over all axes from one on before.
    fn softmax(&mut self, node: &Node, logarithm: bool) -> Result<Value> {
        let argument = self.operand(node, 0)?;
        let rank = argument.dims.len();
        let axis = node.axis(node.int("axis", if self.opset < 13 { 1 } else { -1 })?, rank)?;
        let softmax = |axis: usize| Operator::Softmax(Softmax { logarithm, axis });
        // Over all axes from one on, which are one where the others have length 1.
        let longer = argument.dims[axis..].iter().filter(|&&length| length > 1).count();
        if self.opset < 13 && longer > 1 {
            let split = argument.dims[..axis].iter().product::<usize>();
            let rows = vec![split, argument.dims[axis..].iter().product()];
            let flat = self.arranged(node, argument.node, &rows)?;
            self.check_batch(node, &argument.dims)?;
            let computed = self.emit(node, softmax(1), &[flat])?;
            return self.shaped(node, computed, argument.dims);
        }
        let axis = match self.opset < 13 {
            true => (axis..rank).find(|&axis| argument.dims[axis] > 1).unwrap_or(axis),
            false => axis,
        };
        if axis > 0 && self.has_batch(&argument.dims) {
            let computed = self.emit(node, softmax(axis - 1), &[argument.node])?;
            return self.shaped(node, computed, argument.dims);
        }
        self.check_batch(node, &argument.dims)?;
        let inner = self.arranged(node, argument.node, &argument.dims)?;
        let computed = self.emit(node, softmax(axis), &[inner])?;
        self.shaped(node, computed, argument.dims)
    }

    fn dropout(&mut self, node: &Node) -> Result<Value> {
        let training = self.optional_constant(node, 2, "training mode")?;
        // Before version 7 an attribute says it, and says that it trains where it is left out.
        let trains = self.opset < 7 && !node.flag("is_test", false)?;
        if trains || training.and_then(|constant| constant.scalar()).is_some_and(|mode| mode != 0.0) {
            return Err(node.unsupported("is in training mode; export the model in evaluation mode"));
        }
        let argument = self.operand(node, 0)?;
        let computed = self.emit(node, Operator::Dropout, &[argument.node])?;
        self.shaped(node, computed, argument.dims)
    }

    /// A change of type: between floating types it is no operator here, where everything is `f32`.
    fn cast(&mut self, node: &Node) -> Result<Value> {
        let kind = i32::try_from(node.int("to", 0)?).unwrap_or(0);
        if !data_type::is_number(kind) {
            return Err(node.unsupported(format!("casts to {}; only numbers are supported", data_type::name(kind))));
        }
        match self.value(node, 0)? {
            Value::Tensor(tensor) if kind == data_type::BOOL => self.truth(node, tensor),
            Value::Tensor(tensor) if data_type::is_integer(kind) && !tensor.is_integer => {
                match tensor.node.filter(|&argument| self.is_whole(argument)) {
                    Some(_) => Ok(Value::Tensor(tensor)),
                    None => self.activation(node, Activation::Elementary(Elementary::Truncate)),
                }
            }
            Value::Tensor(tensor) => Ok(Value::Tensor(tensor)),
            Value::Constant(constant) if kind == data_type::BOOL => {
                Ok(Value::Constant(Constant::compared(node, |a, b| a != b, &constant, &Constant::integer(0))?))
            }
            Value::Constant(constant) if data_type::is_integer(kind) => {
                Ok(Value::Constant(Constant { data: Data::Integer(constant.to_integers()), ..constant }))
            }
            Value::Constant(constant) => {
                Ok(Value::Constant(Constant { data: Data::Float(constant.to_weights()), ..constant }))
            }
        }
    }

    fn constant_node(&self, node: &Node) -> Result<Constant> {
        if let Some(tensor) = node.tensor("value")? {
            return self.graph.tensor(tensor);
        }
        if let Some(values) = node.ints("value_ints")? {
            return Ok(Constant::integers(values.to_vec()));
        }
        if let Some(values) = node.floats("value_floats")? {
            return Ok(Constant::floats(values.to_vec()));
        }
        if node.has("value_int") {
            return Ok(Constant::integer(node.int("value_int", 0)?));
        }
        if node.has("value_float") {
            return Ok(Constant::float(node.float("value_float", 0.0)?));
        }
        Err(node.unsupported("has no value that is a tensor or numbers; only those are supported"))
    }
}
