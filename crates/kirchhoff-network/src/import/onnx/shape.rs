//! Operators that move values without computing with them.

use super::constant::Constant;
use super::fault::Result;
use super::importer::{Importer, Value};
use super::node::Node;
use crate::network::NodeId;
use crate::operators::{Concatenate, Operator, Pad, Reshape, Slice, SliceAxis, Transpose, elements};

impl Importer<'_> {
    /// A tensor's shape, which is known before the network runs.
    pub fn shape_of(&mut self, node: &Node) -> Result<Value> {
        let dims = match self.value(node, 0)? {
            Value::Constant(constant) => constant.dims,
            Value::Tensor(tensor) => self.full_shape(self.materialised(&tensor)?),
        };
        let rank = dims.len() as i64;
        let bound = |value: i64| if value < 0 { value.saturating_add(rank) } else { value }.clamp(0, rank) as usize;
        let (start, end) = (bound(node.int("start", 0)?), bound(node.int("end", rank)?));
        let part = dims.get(start..end).unwrap_or(&[]);
        Ok(Value::Constant(Constant::integers(part.iter().map(|&length| length as i64).collect())))
    }

    /// Elements of a constant vector: of a shape, as a rule.
    pub fn gather(&mut self, node: &Node) -> Result<Value> {
        let data = self.constant(node, 0, "data")?;
        let indices = self.constant(node, 1, "indices")?;
        node.axis(node.int("axis", 0)?, data.dims.len())?;
        Ok(Value::Constant(data.gathered(node, &indices)?))
    }

    /// All axes from one on joined, and all before it.
    pub fn flatten(&mut self, node: &Node) -> Result<Value> {
        let argument = self.tensor(node, 0)?;
        let shape = self.full_shape(argument);
        let axis = node.int("axis", 1)?;
        // The axis behind the last one is valid here.
        let axis = if axis == shape.len() as i64 { shape.len() } else { node.axis(axis, shape.len())? };
        let size = |lengths: &[usize]| elements(lengths).unwrap_or(0);
        self.reshaped(node, argument, &[size(&shape[..axis]), size(&shape[axis..])])
    }

    /// The same values under another shape, in which 0 keeps an axis and -1 takes what is left.
    pub fn reshape(&mut self, node: &Node) -> Result<Value> {
        let Some(target) = self.integers(node, 1, "shape")? else {
            return Err(node.malformed("has no shape to reshape to"));
        };
        let value = self.value(node, 0)?;
        let source = match &value {
            Value::Constant(constant) => constant.dims.clone(),
            Value::Tensor(tensor) => self.full_shape(self.materialised(tensor)?),
        };
        let impossible = || node.malformed(format!("reshapes {source:?} to {target:?}, which does not fit"));
        let keep_zeros = node.flag("allowzero", false)?;
        let mut shape = Vec::new();
        let mut open = None;
        for (axis, &length) in target.iter().enumerate() {
            shape.push(match length {
                -1 if open.is_none() => {
                    open = Some(axis);
                    1
                }
                0 if !keep_zeros => *source.get(axis).ok_or_else(impossible)?,
                length => usize::try_from(length).map_err(|_| impossible())?,
            });
        }
        let count = elements(&source).ok_or_else(impossible)?;
        if let Some(axis) = open {
            let others = elements(&shape).filter(|&others| others > 0).ok_or_else(impossible)?;
            shape[axis] = count / others;
        }
        if elements(&shape) != Some(count) {
            return Err(impossible());
        }
        match value {
            Value::Constant(constant) => Ok(Value::Constant(constant.with_dims(shape).ok_or_else(impossible)?)),
            Value::Tensor(tensor) => {
                let argument = self.materialised(&tensor)?;
                self.reshaped(node, argument, &shape)
            }
        }
    }

    /// Without the given axes, which have length 1.
    pub fn squeeze(&mut self, node: &Node) -> Result<Value> {
        let value = self.value(node, 0)?;
        let mut shape = self.shape_with_batch(&value)?;
        let Some(axes) = self.integers(node, 1, "axes")? else {
            return match value {
                Value::Constant(constant) => {
                    let dims = constant.dims.iter().copied().filter(|&length| length != 1).collect();
                    Ok(Value::Constant(Constant { dims, ..constant }))
                }
                Value::Tensor(_) => {
                    let what = "drops all axes of length 1, which may include the batch axis";
                    Err(node.unsupported(format!("{what}; name the axes, or use Flatten")))
                }
            };
        };
        let mut dropped = Vec::new();
        for axis in axes {
            dropped.push(node.axis(axis, shape.len())?);
        }
        dropped.sort_unstable();
        dropped.dedup();
        for &axis in dropped.iter().rev() {
            let length = shape.remove(axis);
            if length != 1 {
                return Err(node.malformed(format!("drops axis {axis}, whose length is {length}, not 1")));
            }
        }
        self.reaxed(node, value, shape, dropped.contains(&0))
    }

    /// With axes of length 1 inserted.
    pub fn unsqueeze(&mut self, node: &Node) -> Result<Value> {
        let value = self.value(node, 0)?;
        let mut shape = self.shape_with_batch(&value)?;
        let Some(axes) = self.integers(node, 1, "axes")? else {
            return Err(node.malformed("does not say which axes to insert"));
        };
        let rank = shape.len() + axes.len();
        let mut inserted = Vec::new();
        for axis in axes {
            inserted.push(node.axis(axis, rank)?);
        }
        inserted.sort_unstable();
        for &axis in &inserted {
            // Only an axis that is named twice can lie behind the end.
            if axis > shape.len() {
                return Err(node.malformed("inserts one axis twice"));
            }
            shape.insert(axis, 1);
        }
        self.reaxed(node, value, shape, inserted.contains(&0))
    }

    /// A value under a shape that has axes of length 1 more or less.
    fn reaxed(&mut self, node: &Node, value: Value, shape: Vec<usize>, moves_batch: bool) -> Result<Value> {
        match value {
            Value::Constant(constant) => Ok(Value::Constant(Constant { dims: shape, ..constant })),
            Value::Tensor(_) if moves_batch => Err(node.unsupported(BATCH)),
            Value::Tensor(tensor) => {
                let argument = self.materialised(&tensor)?;
                self.reshaped(node, argument, &shape)
            }
        }
    }

    /// The axes in another order.
    pub fn transpose(&mut self, node: &Node) -> Result<Value> {
        let value = self.value(node, 0)?;
        let rank = self.shape_with_batch(&value)?.len();
        let axes = match node.ints("perm")? {
            Some(axes) => node.sizes("perm", axes, rank)?,
            None => (0..rank).rev().collect(),
        };
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        if sorted != (0..rank).collect::<Vec<_>>() {
            return Err(node.malformed(format!("has perm {axes:?}, which is no order of {rank} axes")));
        }
        let tensor = match value {
            Value::Constant(constant) => return Ok(Value::Constant(constant.transposed(&axes))),
            Value::Tensor(tensor) => tensor,
        };
        if axes[0] != 0 {
            return Err(node.unsupported(BATCH));
        }
        let argument = self.materialised(&tensor)?;
        let axes = axes[1..].iter().map(|axis| axis - 1).collect();
        let computed = self.emit(node, Operator::Transpose(Transpose { axes }), &[argument])?;
        Ok(self.computed(node, computed))
    }

    /// Tensors, or constants, one after the other along an axis.
    pub fn concatenation(&mut self, node: &Node) -> Result<Value> {
        let count = node.inputs().count();
        let mut constants = Vec::new();
        let mut tensors = Vec::new();
        for position in 0..count {
            match self.value(node, position)? {
                Value::Constant(constant) => constants.push(constant),
                Value::Tensor(tensor) => tensors.push(self.materialised(&tensor)?),
            }
        }
        let axis = node.int("axis", 1)?;
        if tensors.is_empty() {
            return Ok(Value::Constant(Constant::concatenated(node, &constants)?));
        }
        if !constants.is_empty() {
            return Err(node.unsupported("joins constants to tensors; only tensors are supported"));
        }
        match node.axis(axis, self.shape(tensors[0]).len() + 1)? {
            0 => Err(node.unsupported(BATCH)),
            axis => {
                let computed = self.emit(node, Operator::Concatenate(Concatenate { axis: axis - 1 }), &tensors)?;
                Ok(self.computed(node, computed))
            }
        }
    }

    /// A regular selection from some axes.
    pub fn slice(&mut self, node: &Node) -> Result<Value> {
        let value = self.value(node, 0)?;
        let shape = self.shape_with_batch(&value)?;
        let (Some(starts), Some(ends)) = (self.integers(node, 1, "starts")?, self.integers(node, 2, "ends")?) else {
            return Err(node.malformed("lacks its starts or ends"));
        };
        let axes = self.integers(node, 3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = self.integers(node, 4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
        if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
            return Err(node.malformed("has starts, ends, axes and steps of different lengths"));
        }
        let mut selections: Vec<SliceAxis> =
            shape.iter().map(|&length| SliceAxis { start: 0, step: 1, length }).collect();
        for (number, &axis) in axes.iter().enumerate() {
            let axis = node.axis(axis, shape.len())?;
            selections[axis] = selection(node, shape[axis], starts[number], ends[number], steps[number])?;
        }
        match value {
            Value::Constant(constant) => {
                let [selection] = selections[..] else {
                    return Err(node.unsupported("slices a constant of several axes; fold constants before exporting"));
                };
                let position = |number: usize| selection.start.wrapping_add_signed(selection.step * number as isize);
                Ok(Value::Constant(constant.sliced((0..selection.length).map(position))))
            }
            Value::Tensor(tensor) => {
                let argument = self.materialised(&tensor)?;
                let [batch, axes @ ..] = &selections[..] else { unreachable!("tensors have a batch axis") };
                if *batch != (SliceAxis { start: 0, step: 1, length: self.batch }) {
                    return Err(node.unsupported(BATCH));
                }
                if axes.iter().any(|selection| selection.length == 0) {
                    return Err(node.unsupported("selects nothing"));
                }
                let computed = self.emit(node, Operator::Slice(Slice { axes: axes.to_vec() }), &[argument])?;
                Ok(self.computed(node, computed))
            }
        }
    }

    /// The parts of a tensor along an axis, each a slice.
    pub fn split(&mut self, node: &Node) -> Result<Vec<Value>> {
        let argument = self.tensor(node, 0)?;
        let shape = self.shape(argument).to_vec();
        let axis = match node.axis(node.int("axis", 0)?, shape.len() + 1)? {
            0 => return Err(node.unsupported(BATCH)),
            axis => axis - 1,
        };
        let parts = node.outputs().len();
        let lengths = match self.integers(node, 1, "split")? {
            Some(lengths) => node.sizes("split", &lengths, parts)?,
            // Equal parts, of which the last may be smaller.
            None => {
                let part = shape[axis].div_ceil(parts.max(1));
                (0..parts).map(|number| part.min(shape[axis].saturating_sub(number * part))).collect()
            }
        };
        let sum = lengths.iter().try_fold(0usize, |sum, &length| sum.checked_add(length));
        if sum != Some(shape[axis]) || lengths.contains(&0) {
            return Err(node.malformed(format!("splits an axis of length {} into {lengths:?}", shape[axis])));
        }
        let mut start = 0;
        let mut values = Vec::new();
        for (number, length) in lengths.into_iter().enumerate() {
            let mut axes: Vec<SliceAxis> =
                shape.iter().map(|&length| SliceAxis { start: 0, step: 1, length }).collect();
            axes[axis] = SliceAxis { start, step: 1, length };
            start += length;
            let name = format!("{}.{number}", node.name());
            let computed = self.emit_as(node, name, Operator::Slice(Slice { axes }), &[argument])?;
            values.push(self.computed(node, computed));
        }
        Ok(values)
    }

    /// A border of one value.
    pub fn pad(&mut self, node: &Node) -> Result<Value> {
        let argument = self.tensor(node, 0)?;
        let rank = self.shape(argument).len() + 1;
        let mode = node.text("mode", "constant")?;
        if mode != "constant" {
            return Err(node.unsupported(format!("pads by '{mode}'; only constant padding is supported")));
        }
        let Some(pads) = self.integers(node, 1, "pads")? else {
            return Err(node.malformed("has no pads"));
        };
        let value = match self.optional_constant(node, 2, "value")? {
            Some(constant) => constant.scalar().ok_or_else(|| node.malformed("pads with several values"))?,
            None => node.float("value", 0.0)?,
        };
        if !value.is_finite() {
            return Err(node.unsupported(format!("pads with {value}; only finite values are supported")));
        }
        let axes = match self.integers(node, 3, "axes")? {
            Some(axes) => axes,
            None => (0..rank as i64).collect(),
        };
        let pads = node.sizes("pads", &pads, 2 * axes.len())?;
        let mut border = vec![[0, 0]; rank];
        for (number, &axis) in axes.iter().enumerate() {
            border[node.axis(axis, rank)?] = [pads[number], pads[axes.len() + number]];
        }
        if border[0] != [0, 0] {
            return Err(node.unsupported(BATCH));
        }
        let computed = self.emit(node, Operator::Pad(Pad { border: border.split_off(1), value }), &[argument])?;
        Ok(self.computed(node, computed))
    }

    /// A node's shape with the batch axis.
    fn full_shape(&self, node: NodeId) -> Vec<usize> {
        let mut shape = vec![self.batch];
        shape.extend(self.shape(node));
        shape
    }

    fn shape_with_batch(&self, value: &Value) -> Result<Vec<usize>> {
        match value {
            Value::Constant(constant) => Ok(constant.dims.clone()),
            Value::Tensor(tensor) => Ok(self.full_shape(self.materialised(tensor)?)),
        }
    }

    /// A node's values under a shape with batch axis, which must stay where it is.
    fn reshaped(&mut self, node: &Node, argument: NodeId, shape: &[usize]) -> Result<Value> {
        match shape {
            [batch, rest @ ..] if *batch == self.batch => {
                let computed = self.emit(node, Operator::Reshape(Reshape { shape: rest.to_vec() }), &[argument])?;
                Ok(self.computed(node, computed))
            }
            _ => Err(node.unsupported(BATCH)),
        }
    }
}

/// What is wrong with a node that does not keep inputs apart.
const BATCH: &str = "changes the batch axis, which must stay the first of every tensor, one entry an input";

/// What a slice selects of an axis: bounds may count from the end, and are cut to the axis.
fn selection(node: &Node, length: usize, start: i64, end: i64, step: i64) -> Result<SliceAxis> {
    let axis = i64::try_from(length).map_err(|_| node.malformed("slices an axis that is too long"))?;
    let from_end = |bound: i64| if bound < 0 { bound.saturating_add(axis) } else { bound };
    let (start, end) = (from_end(start), from_end(end));
    let (start, distance) = match step {
        0 => return Err(node.malformed("has a step of 0")),
        1.. => (start.clamp(0, axis), end.clamp(0, axis) - start.clamp(0, axis)),
        _ => {
            let (start, end) = (start.clamp(0, (axis - 1).max(0)), end.clamp(-1, (axis - 1).max(-1)));
            (start, start - end)
        }
    };
    let count = if distance <= 0 { 0 } else { (distance as u64).div_ceil(step.unsigned_abs()) };
    // A selection of one takes no step: an enormous one would only overflow.
    let step = if count <= 1 { 1 } else { step };
    Ok(SliceAxis { start: start as usize, step: step as isize, length: count as usize })
}
