//! The operators of scikit-learn's models (`ai.onnx.ml`) that are linear, or functions of single values.

use kirchhoff_kernel::Weights;

use super::fault::Result;
use super::importer::{Importer, Operand, Value};
use super::node::Node;
use crate::operators::{Affine, Dense, Operator, ReductionKind, Softmax};
use crate::{Activation, Elementary};

impl Importer<'_> {
    /// `(x − offset) · scale`, of each column.
    pub fn scaler(&mut self, node: &Node) -> Result<Value> {
        let argument = self.table(node)?;
        let columns = self.shape(argument.node)[0];
        let parameter = |name: &str, default: f32| -> Result<Vec<f32>> {
            match node.floats(name)? {
                None => Ok(vec![default; columns]),
                Some([value]) => Ok(vec![*value; columns]),
                Some(values) if values.len() == columns => Ok(values.to_vec()),
                Some(values) => {
                    Err(node.malformed(format!("has {} values of {name} for {columns} columns", values.len())))
                }
            }
        };
        let (offset, scale) = (parameter("offset", 0.0)?, parameter("scale", 1.0)?);
        let shift: Weights = offset.iter().zip(&scale).map(|(offset, scale)| -offset * scale).collect();
        let computed = self.emit(node, Operator::Affine(Affine { scale: scale.into(), shift }), &[argument.node])?;
        self.shaped(node, computed, argument.dims)
    }

    /// A linear model of several targets.
    pub fn linear_regressor(&mut self, node: &Node) -> Result<Value> {
        let targets = usize::try_from(node.int("targets", 1)?).unwrap_or(0);
        self.linear_model(node, targets)
    }

    /// A linear model of classes: the label, which nothing here takes, and the scores. Of two classes and one row of coefficients
    /// the scores are of the second class and its opposite.
    pub fn linear_classifier(&mut self, node: &Node) -> Result<Vec<Value>> {
        let rows = node.floats("intercepts")?.map_or(1, <[f32]>::len);
        if rows == 1 {
            let what = "has one row of coefficients for two classes, whose scores it does not say how to make";
            return Err(node.unsupported(format!("{what}; convert it with option 'raw_scores', or as probabilities")));
        }
        let scores = self.linear_model(node, rows)?;
        // The label comes first: the number or text of the largest score, which has no counterpart here.
        let label = self.partial(node, None, vec![self.batch], Vec::new());
        Ok(vec![label, scores])
    }

    /// Rows over a norm of each.
    pub fn normalizer(&mut self, node: &Node) -> Result<Value> {
        let argument = self.table(node)?;
        let name = node.name();
        let form = node.text("norm", "MAX")?;
        // Shares of a whole stay what they are.
        if form == "L1" && self.is_softmax(argument.node) {
            return self.value(node, 0);
        }
        let (inner, kind) = match &form[..] {
            "L2" => (Activation::Power { exponent: 2.0 }, ReductionKind::Sum),
            "L1" => (Activation::Elementary(Elementary::Absolute), ReductionKind::Sum),
            "MAX" => (Activation::Elementary(Elementary::Absolute), ReductionKind::Maximum),
            other => return Err(node.malformed(format!("has the norm '{other}', not MAX, L1 or L2"))),
        };
        let parts = self.emit_as(node, format!("{name}.parts"), Operator::Activation(inner), &[argument.node])?;
        let parts = Operand { node: parts, dims: argument.dims.clone() };
        let axes = [argument.dims.len() - 1];
        let mut norm = self.reduce(node, format!("{name}.norm"), &parts, kind, &axes)?;
        if form == "L2" {
            let root = Operator::Activation(Activation::Elementary(Elementary::SquareRoot));
            norm = self.emit_as(node, format!("{name}.root"), root, &[norm])?;
        }
        let computed = self.emit(node, Operator::Quotient, &[argument.node, norm])?;
        self.shaped(node, computed, argument.dims)
    }

    /// An input of a node that has a row for each input of the network.
    fn table(&self, node: &Node) -> Result<Operand> {
        let argument = self.operand(node, 0)?;
        match self.shape(argument.node) {
            [_] => Ok(argument),
            shape => Err(node.unsupported(format!("takes rows of a table, got shape {shape:?} for each input"))),
        }
    }

    fn linear_model(&mut self, node: &Node, outputs: usize) -> Result<Value> {
        let argument = self.table(node)?;
        let inputs = self.shape(argument.node)[0];
        let weights = node.floats("coefficients")?.unwrap_or_default();
        let bias = node.floats("intercepts")?;
        if outputs == 0 || Some(weights.len()) != inputs.checked_mul(outputs) {
            let count = weights.len();
            return Err(node.malformed(format!("has {count} coefficients for {inputs} columns and {outputs} outputs")));
        }
        if bias.is_some_and(|bias| bias.len() != outputs) {
            return Err(node.malformed(format!("has intercepts for another number of outputs than {outputs}")));
        }
        let bias = bias.map(|bias| bias.to_vec().into());
        let dense = Dense { inputs, outputs, weights: weights.to_vec().into(), bias };
        let mut computed = self.emit(node, Operator::Dense(dense), &[argument.node])?;
        let function = match &node.text("post_transform", "NONE")?[..] {
            "NONE" => None,
            "LOGISTIC" => Some(Operator::Activation(Activation::Sigmoid)),
            "SOFTMAX" => Some(Operator::Softmax(Softmax { logarithm: false, axis: 0 })),
            other => return Err(node.unsupported(format!("ends in {other}; NONE, LOGISTIC and SOFTMAX are supported"))),
        };
        if let Some(function) = function {
            computed = self.emit_as(node, format!("{}.transform", node.name()), function, &[computed])?;
        }
        Ok(self.computed(node, computed))
    }
}
