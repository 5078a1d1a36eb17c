//! Operators that move values without computing with them.

use super::constant::Constant;
use super::fault::Result;
use super::importer::{Importer, Operand, Value};
use super::node::Node;
use crate::network::NodeId;
use crate::operators::{Concatenate, Operator, Pad, Reshape, Select, Slice, SliceAxis, Transpose, elements};

impl Importer<'_> {
    /// A tensor's shape, which is known before the network runs.
    pub fn shape_of(&mut self, node: &Node) -> Result<Value> {
        let dims = match self.value(node, 0)? {
            Value::Constant(constant) => constant.dims,
            Value::Tensor(tensor) => tensor.dims,
        };
        let rank = dims.len() as i64;
        let bound = |value: i64| if value < 0 { value.saturating_add(rank) } else { value }.clamp(0, rank) as usize;
        let (start, end) = (bound(node.int("start", 0)?), bound(node.int("end", rank)?));
        let part = dims.get(start..end).unwrap_or(&[]);
        Ok(Value::Constant(Constant::integers(part.iter().map(|&length| length as i64).collect())))
    }

    /// All axes from one on joined, and all before it.
    pub fn flatten(&mut self, node: &Node) -> Result<Value> {
        let argument = self.operand(node, 0)?;
        let axis = node.int("axis", 1)?;
        // The axis behind the last one is valid here.
        let rank = argument.dims.len();
        let axis = if axis == rank as i64 { rank } else { node.axis(axis, rank)? };
        let size = |lengths: &[usize]| elements(lengths).unwrap_or(0);
        let shape = vec![size(&argument.dims[..axis]), size(&argument.dims[axis..])];
        self.reshaped(node, argument.node, shape)
    }

    /// The same values under another shape, in which 0 keeps an axis and -1 takes what is left.
    pub fn reshape(&mut self, node: &Node) -> Result<Value> {
        let Some(target) = self.integers(node, 1, "shape")? else {
            return Err(node.malformed("has no shape to reshape to"));
        };
        let value = self.value(node, 0)?;
        let source = match &value {
            Value::Constant(constant) => constant.dims.clone(),
            Value::Tensor(tensor) => tensor.dims.clone(),
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
                self.reshaped(node, argument, shape)
            }
        }
    }

    /// Without the given axes, which have length 1.
    pub fn squeeze(&mut self, node: &Node) -> Result<Value> {
        let value = self.value(node, 0)?;
        let mut shape = value.dims().to_vec();
        let Some(axes) = self.integers(node, 1, "axes")? else {
            let others = shape.iter().copied().filter(|&length| length != 1).collect();
            return self.reaxed(node, value, others);
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
        self.reaxed(node, value, shape)
    }

    /// With axes of length 1 inserted.
    pub fn unsqueeze(&mut self, node: &Node) -> Result<Value> {
        let value = self.value(node, 0)?;
        let mut shape = value.dims().to_vec();
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
        self.reaxed(node, value, shape)
    }

    /// A value under a shape that has axes of length 1 more or less.
    fn reaxed(&mut self, node: &Node, value: Value, shape: Vec<usize>) -> Result<Value> {
        match value {
            Value::Constant(constant) => Ok(Value::Constant(Constant { dims: shape, ..constant })),
            Value::Tensor(tensor) => {
                let argument = self.materialised(&tensor)?;
                self.reshaped(node, argument, shape)
            }
        }
    }

    /// The axes in another order.
    pub fn transpose(&mut self, node: &Node) -> Result<Value> {
        let value = self.value(node, 0)?;
        let rank = value.dims().len();
        let axes = match node.ints("perm")? {
            Some(axes) => node.sizes("perm", axes, rank)?,
            None => (0..rank).rev().collect(),
        };
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        if sorted != (0..rank).collect::<Vec<_>>() {
            return Err(node.malformed(format!("has perm {axes:?}, which is no order of {rank} axes")));
        }
        self.reordered(node, value, axes)
    }

    /// A value with its axes in another order.
    pub fn reordered(&mut self, node: &Node, value: Value, axes: Vec<usize>) -> Result<Value> {
        let tensor = match value {
            Value::Constant(constant) => return Ok(Value::Constant(constant.transposed(&axes))),
            Value::Tensor(tensor) => tensor,
        };
        let argument = self.materialised(&tensor)?;
        let dims: Vec<usize> = axes.iter().map(|&axis| tensor.dims[axis]).collect();
        if axes.first() == Some(&0) && self.has_batch(&tensor.dims) {
            let axes = axes[1..].iter().map(|axis| axis - 1).collect();
            let computed = self.emit(node, Operator::Transpose(Transpose { axes }), &[argument])?;
            return Ok(self.computed(node, computed));
        }
        self.check_batch(node, &dims)?;
        let argument = self.arranged(node, argument, &tensor.dims)?;
        let computed = self.emit(node, Operator::Transpose(Transpose { axes }), &[argument])?;
        self.shaped(node, computed, dims)
    }

    /// Tensors, or constants, one after the other along an axis.
    pub fn concatenation(&mut self, node: &Node) -> Result<Value> {
        let count = node.inputs().count();
        let values: Vec<Value> = (0..count).map(|position| self.value(node, position)).collect::<Result<_>>()?;
        let constants: Option<Vec<Constant>> = values.iter().map(|value| value.constant().cloned()).collect();
        let rank = values.first().map_or(0, |value| value.dims().len());
        let axis = node.axis(node.int("axis", 1)?, rank)?;
        if let Some(constants) = constants {
            return Ok(Value::Constant(Constant::concatenated(node, &constants, axis)?));
        }
        let mut dims = values[0].dims().to_vec();
        dims[axis] = 0;
        for value in &values {
            let own = value.dims();
            let fits = own.len() == rank && (0..rank).all(|other| other == axis || own[other] == dims[other]);
            if !fits {
                let shapes: Vec<_> = values.iter().map(Value::dims).collect();
                return Err(node.malformed(format!("joins shapes {shapes:?} along axis {axis}, which does not fit")));
            }
            dims[axis] = dims[axis].saturating_add(own[axis]);
        }
        // Parts without values add none.
        let values = values.into_iter().filter(|value| value.dims()[axis] > 0);
        let with_batch = axis > 0 && self.has_batch(&dims);
        let mut arguments = Vec::new();
        for value in values {
            let shape = if with_batch { value.dims()[1..].to_vec() } else { value.dims().to_vec() };
            let argument = self.node_of(node, &value)?;
            arguments.push(self.arranged(node, argument, &shape)?);
        }
        self.check_batch(node, &dims)?;
        let axis = if with_batch { axis - 1 } else { axis };
        let computed = self.emit(node, Operator::Concatenate(Concatenate { axis }), &arguments)?;
        self.shaped(node, computed, dims)
    }

    /// A regular selection from some axes.
    pub fn slice(&mut self, node: &Node) -> Result<Value> {
        let value = self.value(node, 0)?;
        let shape = value.dims().to_vec();
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
                let indices = |selection: &SliceAxis| -> Vec<usize> {
                    let position =
                        |number: usize| selection.start.wrapping_add_signed(selection.step * number as isize);
                    (0..selection.length).map(position).collect()
                };
                let indices: Vec<Vec<usize>> = selections.iter().map(indices).collect();
                Ok(Value::Constant(constant.selected(node, &indices)?))
            }
            Value::Tensor(tensor) => {
                let argument = self.materialised(&tensor)?;
                self.sliced(node, node.name(), Operand { node: argument, dims: tensor.dims }, selections)
            }
        }
    }

    /// A tensor's values at selections, one an axis of the file's tensor.
    pub fn sliced(&mut self, node: &Node, name: String, argument: Operand, axes: Vec<SliceAxis>) -> Result<Value> {
        if axes.iter().any(|selection| selection.length == 0) {
            return Err(node.unsupported("selects nothing"));
        }
        let dims: Vec<usize> = axes.iter().map(|selection| selection.length).collect();
        let whole = SliceAxis { start: 0, step: 1, length: argument.dims[0] };
        let with_batch = self.has_batch(&argument.dims) && axes[0] == whole;
        let shape = if with_batch { &argument.dims[1..] } else { &argument.dims[..] };
        let argument = self.arranged(node, argument.node, shape)?;
        let axes = if with_batch { axes[1..].to_vec() } else { axes };
        let computed = self.emit_as(node, name, Operator::Slice(Slice { axes }), &[argument])?;
        self.shaped(node, computed, dims)
    }

    /// The parts of a tensor along an axis, each a slice.
    pub fn split(&mut self, node: &Node) -> Result<Vec<Value>> {
        let value = self.value(node, 0)?;
        let shape = value.dims().to_vec();
        let axis = node.axis(node.int("axis", 0)?, shape.len())?;
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
            values.push(match &value {
                Value::Constant(constant) => {
                    let own = |(number, &whole): (usize, &usize)| -> Vec<usize> {
                        if number == axis { (start..start + length).collect() } else { (0..whole).collect() }
                    };
                    let indices: Vec<Vec<usize>> = shape.iter().enumerate().map(own).collect();
                    Value::Constant(constant.selected(node, &indices)?)
                }
                Value::Tensor(tensor) => {
                    let argument = self.operand_of(tensor.clone())?;
                    self.sliced(node, format!("{}.{number}", node.name()), argument, axes)?
                }
            });
            start += length;
        }
        Ok(values)
    }

    /// A border: of one value, or of values of the tensor.
    pub fn pad(&mut self, node: &Node) -> Result<Value> {
        let argument = self.operand(node, 0)?;
        let rank = argument.dims.len();
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
        if pads.len() != 2 * axes.len() {
            return Err(node.malformed(format!(
                "has {} pads for {} axes, which should be two each",
                pads.len(),
                axes.len()
            )));
        }
        let mut border = vec![[0i64, 0]; rank];
        for (number, &axis) in axes.iter().enumerate() {
            border[node.axis(axis, rank)?] = [pads[number], pads[axes.len() + number]];
        }
        let with_batch = self.has_batch(&argument.dims) && border[0] == [0, 0];
        let (shape, border) = match with_batch {
            true => (&argument.dims[1..], &border[1..]),
            false => (&argument.dims[..], &border[..]),
        };
        let mut inner = self.arranged(node, argument.node, shape)?;
        let mut dims = argument.dims.clone();
        let first = rank - shape.len();
        for (length, border) in dims[first..].iter_mut().zip(border) {
            let padded = border.iter().try_fold(*length as i64, |length, &border| length.checked_add(border));
            let padded = padded.and_then(|padded| usize::try_from(padded).ok()).filter(|&padded| padded > 0);
            *length = padded.ok_or_else(|| node.malformed(format!("pads a tensor of shape {shape:?} by {pads:?}")))?;
        }
        let operator = match &node.text("mode", "constant")?[..] {
            "constant" => {
                // What is cut off is a slice of what is left.
                let cut = |border: &[i64; 2]| border.map(|border| border.min(0).unsigned_abs() as usize);
                if border.iter().any(|border| cut(border) != [0, 0]) {
                    let axis = |(&length, border): (&usize, &[i64; 2])| {
                        let [before, after] = cut(border);
                        SliceAxis { start: before, step: 1, length: length.saturating_sub(before + after) }
                    };
                    let axes: Vec<SliceAxis> = shape.iter().zip(border).map(axis).collect();
                    if axes.iter().any(|axis| axis.length == 0) {
                        return Err(node.malformed(format!("pads a tensor of shape {shape:?} by {pads:?}")));
                    }
                    let name = format!("{}.cut", node.name());
                    inner = self.emit_as(node, name, Operator::Slice(Slice { axes }), &[inner])?;
                }
                let border: Vec<[i64; 2]> = border.iter().map(|border| border.map(|border| border.max(0))).collect();
                Operator::Pad(Pad {
                    border: border.iter().map(|border| border.map(|border| border as usize)).collect(),
                    value,
                })
            }
            mode @ ("reflect" | "edge" | "wrap") => {
                let indices = |(&length, &[before, after]): (&usize, &[i64; 2])| {
                    ([before, after] != [0, 0]).then(|| bordered(mode, length as i64, before, after))
                };
                let mut axes = Vec::new();
                for indices in shape.iter().zip(border).map(indices) {
                    axes.push(match indices {
                        None => None,
                        Some(Some(indices)) => Some(indices),
                        Some(None) => {
                            let what = format!("reflects more than there is: {pads:?} of shape {shape:?}");
                            return Err(node.malformed(what));
                        }
                    });
                }
                self.check_count(node, &dims)?;
                Operator::Select(Select { axes })
            }
            mode => return Err(node.malformed(format!("pads by the unknown mode '{mode}'"))),
        };
        let computed = self.emit(node, operator, &[inner])?;
        self.shaped(node, computed, dims)
    }

    /// A node's values under another shape, as a layer of its own.
    fn reshaped(&mut self, node: &Node, argument: NodeId, dims: Vec<usize>) -> Result<Value> {
        self.check_batch(node, &dims)?;
        let shape = self.inner(&dims);
        let computed = self.emit(node, Operator::Reshape(Reshape { shape }), &[argument])?;
        self.shaped(node, computed, dims)
    }
}

/// The indices that a border repeats, those of the axis between them; `None` where there are none to reflect.
fn bordered(mode: &str, length: i64, before: i64, after: i64) -> Option<Vec<usize>> {
    if mode == "reflect" && (before >= length || after >= length) && length > 1 {
        return None;
    }
    let inside = |place: i64| match mode {
        "edge" => place.clamp(0, length - 1),
        "wrap" => place.rem_euclid(length),
        // Around the first and the last value, which are not repeated.
        _ if length == 1 => 0,
        _ => {
            let round = place.rem_euclid(2 * (length - 1));
            if round < length { round } else { 2 * (length - 1) - round }
        }
    };
    Some((-before..length + after).map(|place| inside(place) as usize).collect())
}

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
