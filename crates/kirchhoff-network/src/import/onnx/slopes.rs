//! Leaky ReLUs whose slope is a parameter.

use super::fault::Result;
use super::importer::{Importer, Value};
use super::node::Node;
use crate::Activation;
use crate::operators::{Concatenate, Operator, Slice, SliceAxis};

impl Importer<'_> {
    /// A ReLU with a slope for negative values, or with one for each position along an axis, as for each channel: that is one for
    /// each run of equal slopes, side by side.
    pub fn parametric_relu(&mut self, node: &Node) -> Result<Value> {
        let slopes = self.constant(node, 1, "slope")?;
        let weights = slopes.to_weights();
        if let Some(&slope) = weights.first()
            && weights.iter().all(|&other| other == slope)
        {
            return self.activation(node, Activation::LeakyRelu { slope });
        }
        let argument = self.operand(node, 0)?;
        let dims = argument.dims.clone();
        let axis = match slopes.dims.iter().rposition(|&length| length > 1) {
            Some(at) if slopes.dims.iter().filter(|&&length| length > 1).count() == 1 => {
                (at + dims.len()).checked_sub(slopes.dims.len())
            }
            _ => None,
        };
        let first = usize::from(self.has_batch(&dims));
        let Some(axis) = axis.filter(|&axis| axis >= first && dims[axis] == weights.len()) else {
            return Err(node.unsupported(format!(
                "has slopes of shape {:?} for values of shape {dims:?}; one slope, or one along an axis, is supported",
                slopes.dims
            )));
        };
        let inner = self.arranged(node, argument.node, &dims[first..])?;
        let name = node.name();
        let mut parts = Vec::new();
        let mut start = 0;
        for run in weights.chunk_by(|a, b| a == b) {
            let whole = |&length: &usize| SliceAxis { start: 0, step: 1, length };
            let mut axes: Vec<SliceAxis> = dims[first..].iter().map(whole).collect();
            axes[axis - first] = SliceAxis { start, step: 1, length: run.len() };
            let part = self.emit_as(node, format!("{name}.part{start}"), Operator::Slice(Slice { axes }), &[inner])?;
            let leaky = Operator::Activation(Activation::LeakyRelu { slope: run[0] });
            parts.push(self.emit_as(node, format!("{name}.slope{start}"), leaky, &[part])?);
            start += run.len();
        }
        let computed = self.emit(node, Operator::Concatenate(Concatenate { axis: axis - first }), &parts)?;
        self.shaped(node, computed, dims)
    }
}
