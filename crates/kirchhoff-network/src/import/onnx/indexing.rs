//! Operators that pick values by their indices, or repeat them.

use super::constant::{Constant, Data};
use super::fault::Result;
use super::importer::{Importer, Operand, Tensor, Value};
use super::node::Node;
use crate::network::NodeId;
use crate::operators::{Choice, Embedding, Expand, Operator, Reshape, Select, SliceAxis, elements};

/// The places among the first axes of a shape that indices on their last axis name, and how many axes these are.
fn places(node: &Node, indices: &Constant, dims: &[usize]) -> Result<(Vec<usize>, usize)> {
    let wrong = || node.malformed(format!("has indices of shape {:?} for a tensor of shape {dims:?}", indices.dims));
    let &count = indices.dims.last().filter(|&&count| (1..=dims.len()).contains(&count)).ok_or_else(wrong)?;
    let Data::Integer(numbers) = &indices.data else {
        return Err(node.malformed("takes indices that are not integers"));
    };
    let place = |index: &[i64]| {
        index.iter().zip(dims).try_fold(0, |place, (&index, &length)| Ok(place * length + node.axis(index, length)?))
    };
    Ok((numbers.chunks_exact(count).map(place).collect::<Result<_>>()?, count))
}

impl Importer<'_> {
    /// Values at indices along an axis: of a constant, of a tensor, or rows of a table by numbers that are the input.
    pub fn gather(&mut self, node: &Node) -> Result<Value> {
        let (data, indices) = (self.value(node, 0)?, self.value(node, 1)?);
        let axis = node.axis(node.int("axis", 0)?, data.dims().len())?;
        let indices = match indices {
            Value::Constant(indices) => indices,
            Value::Tensor(indices) => {
                let Value::Constant(table) = data else {
                    let what = "picks from a tensor by indices that are computed from the input";
                    return Err(
                        node.unsupported(format!("{what}; only constant indices, or a constant table, are supported"))
                    );
                };
                let indices = self.operand_of(indices)?;
                return self.embedding(node, table, axis, indices);
            }
        };
        let length = data.dims()[axis];
        let Data::Integer(wanted) = &indices.data else {
            return Err(node.malformed("takes indices that are not integers"));
        };
        let positions: Vec<usize> = wanted.iter().map(|&index| node.axis(index, length)).collect::<Result<_>>()?;
        match data {
            Value::Constant(data) => Ok(Value::Constant(data.gathered(node, &positions, &indices.dims, axis)?)),
            Value::Tensor(tensor) => {
                let argument = self.operand_of(tensor)?;
                let mut dims = argument.dims[..axis].to_vec();
                dims.extend(&indices.dims);
                dims.extend(&argument.dims[axis + 1..]);
                // Neighbouring indices are a slice.
                let selected = match &positions[..] {
                    [] => return Err(node.unsupported("selects nothing")),
                    [first, rest @ ..] if rest.iter().enumerate().all(|(i, &index)| index == first + i + 1) => {
                        let mut axes: Vec<SliceAxis> =
                            argument.dims.iter().map(|&length| SliceAxis { start: 0, step: 1, length }).collect();
                        axes[axis] = SliceAxis { start: *first, step: 1, length: positions.len() };
                        self.sliced(node, node.name(), argument, axes)?
                    }
                    _ => {
                        let mut axes = vec![None; argument.dims.len()];
                        axes[axis] = Some(positions);
                        self.selected(node, argument, axes)?
                    }
                };
                self.with_dims(node, selected, dims)
            }
        }
    }

    /// Values, or slices, at places that are given by an index along each of the first axes.
    pub fn gather_at(&mut self, node: &Node) -> Result<Value> {
        let data = self.value(node, 0)?;
        let indices = self.constant(node, 1, "indices")?;
        if node.int("batch_dims", 0)? != 0 {
            return Err(node.unsupported("gathers within batches; only batch_dims = 0 is supported"));
        }
        let (places, count) = places(node, &indices, data.dims())?;
        let (first, rest) = data.dims().split_at(count);
        let flat = [&[elements(first).unwrap_or(0)], rest].concat();
        let dims = [&indices.dims[..indices.dims.len() - 1], rest].concat();
        let gathered = [&[places.len()], rest].concat();
        if places.is_empty() {
            return Err(node.unsupported("selects nothing"));
        }
        match self.with_dims(node, data, flat)? {
            Value::Constant(constant) => {
                let mut axes: Vec<Vec<usize>> = constant.dims.iter().map(|&length| (0..length).collect()).collect();
                axes[0] = places;
                let found = constant.selected(node, &axes)?;
                self.with_dims(node, Value::Constant(found), dims)
            }
            Value::Tensor(tensor) => {
                let argument = self.operand_of(tensor)?;
                let mut axes = vec![None; argument.dims.len()];
                axes[0] = Some(places);
                let found = self.selected(node, argument, axes)?;
                debug_assert_eq!(found.dims(), gathered);
                self.with_dims(node, found, dims)
            }
        }
    }

    /// A constant with other values, or slices, at some places.
    pub fn scatter_at(&mut self, node: &Node) -> Result<Value> {
        let data = self.constant(node, 0, "data")?;
        let (indices, updates) = (self.constant(node, 1, "indices")?, self.constant(node, 2, "updates")?);
        if node.text("reduction", "none")? != "none" {
            return Err(node.unsupported("joins what it scatters with what is there; only replacing is supported"));
        }
        let (places, count) = places(node, &indices, &data.dims)?;
        let size = elements(&data.dims[count..]).unwrap_or(0);
        if updates.len() != places.len() * size {
            return Err(node.malformed(format!(
                "scatters {} values to {} places of {size}",
                updates.len(),
                places.len()
            )));
        }
        fn scattered<T: Copy>(data: &[T], updates: &[T], places: &[usize], size: usize) -> Vec<T> {
            let mut values = data.to_vec();
            for (place, update) in places.iter().zip(updates.chunks(size.max(1))) {
                values[place * size..(place + 1) * size].copy_from_slice(update);
            }
            values
        }
        let data = match (&data.data, &updates.data) {
            (Data::Integer(values), Data::Integer(updates)) => {
                Constant { data: Data::Integer(scattered(values, updates, &places, size).into()), origin: None, ..data }
            }
            _ => {
                let values = scattered(&data.to_weights(), &updates.to_weights(), &places, size);
                Constant { data: Data::Float(values.into()), origin: None, ..data }
            }
        };
        Ok(Value::Constant(data))
    }

    /// Rows of a table by numbers.
    fn embedding(&mut self, node: &Node, table: Constant, axis: usize, indices: Operand) -> Result<Value> {
        let [rows, width] = table.dims[..] else {
            return Err(node.unsupported(format!(
                "picks from a table of shape {:?}; only rows of a matrix are supported",
                table.dims
            )));
        };
        if axis != 0 {
            return Err(node.unsupported("picks columns of a table; only rows are supported"));
        }
        let name = self.module_name(node, &[&table]);
        let dims: Vec<usize> = indices.dims.iter().copied().chain([width]).collect();
        let embedding = Operator::Embedding(Embedding { rows, width, table: table.to_weights() });
        let computed = self.emit_as(node, name, embedding, &[indices.node])?;
        self.shaped(node, computed, dims)
    }

    /// A tensor's values at lists of indices, one for each axis of the file's tensor that is not taken whole.
    pub fn selected(&mut self, node: &Node, argument: Operand, axes: Vec<Option<Vec<usize>>>) -> Result<Value> {
        let length = |(indices, &length): (&Option<Vec<usize>>, &usize)| indices.as_ref().map_or(length, Vec::len);
        let dims: Vec<usize> = axes.iter().zip(&argument.dims).map(length).collect();
        self.check_count(node, &dims)?;
        let with_batch = self.has_batch(&argument.dims) && axes[0].is_none();
        let first = usize::from(with_batch);
        let inner = self.arranged(node, argument.node, &argument.dims[first..])?;
        let computed = self.emit(node, Operator::Select(Select { axes: axes[first..].to_vec() }), &[inner])?;
        self.shaped(node, computed, dims)
    }

    /// A value under another shape of as many values.
    pub fn with_dims(&mut self, node: &Node, value: Value, dims: Vec<usize>) -> Result<Value> {
        match value {
            Value::Constant(constant) => match constant.with_dims(dims) {
                Some(constant) => Ok(Value::Constant(constant)),
                None => Err(node.malformed("gives a constant a shape of another size")),
            },
            Value::Tensor(tensor) if tensor.dims != dims => {
                let argument = self.materialised(&tensor)?;
                self.shaped(node, argument, dims)
            }
            value => Ok(value),
        }
    }

    /// A value repeated along axes of length 1, to a shape that it makes together with one given.
    pub fn expand(&mut self, node: &Node) -> Result<Value> {
        let value = self.value(node, 0)?;
        let Some(shape) = self.integers(node, 1, "shape")? else {
            return Err(node.malformed("has no shape to expand to"));
        };
        let shape = node.sizes("shape", &shape, shape.len())?;
        let dims = self.broadcast(node, value.dims(), &shape)?;
        self.repeated(node, value, dims)
    }

    /// A value repeated along axes of length 1, to a shape.
    pub fn repeated(&mut self, node: &Node, value: Value, dims: Vec<usize>) -> Result<Value> {
        match value {
            Value::Constant(constant) => Ok(Value::Constant(constant.repeated(node, &dims)?)),
            Value::Tensor(tensor) if tensor.dims == dims => Ok(Value::Tensor(tensor)),
            Value::Tensor(tensor) => {
                let argument = self.materialised(&tensor)?;
                let shape = self.inner(&dims);
                let computed = self.emit(node, Operator::Expand(Expand { shape }), &[argument])?;
                self.shaped(node, computed, dims)
            }
        }
    }

    /// A value several times along each axis.
    pub fn tile(&mut self, node: &Node) -> Result<Value> {
        let value = self.value(node, 0)?;
        let Some(repeats) = self.integers(node, 1, "repeats")? else {
            return Err(node.malformed("does not say how often to repeat"));
        };
        let repeats = node.sizes("repeats", &repeats, value.dims().len())?;
        let indices = |(&length, &times): (&usize, &usize)| (times != 1).then_some((length, times));
        let mut axes = Vec::new();
        let dims: Option<Vec<usize>> =
            value.dims().iter().zip(&repeats).map(|(length, &times)| length.checked_mul(times)).collect();
        let dims = dims.filter(|dims| elements(dims).is_some_and(|count| count > 0));
        let dims = dims.ok_or_else(|| node.unsupported(format!("repeats a tensor {repeats:?} times")))?;
        self.check_count(node, &dims)?;
        for axis in value.dims().iter().zip(&repeats).map(indices) {
            axes.push(axis.map(|(length, times)| (0..length * times).map(|place| place % length).collect::<Vec<_>>()));
        }
        match value {
            Value::Constant(constant) => {
                let own =
                    |(indices, &length): (Option<Vec<usize>>, &usize)| indices.unwrap_or_else(|| (0..length).collect());
                let axes: Vec<Vec<usize>> = axes.into_iter().zip(&constant.dims).map(own).collect();
                Ok(Value::Constant(constant.selected(node, &axes)?))
            }
            Value::Tensor(tensor) => {
                let argument = self.operand_of(tensor)?;
                self.selected(node, argument, axes)
            }
        }
    }

    /// A choice between two values by a mask, which may depend on the input.
    pub fn choice(&mut self, node: &Node) -> Result<Value> {
        let (mask, first, second) = (self.value(node, 0)?, self.value(node, 1)?, self.value(node, 2)?);
        if let (Value::Constant(mask), Value::Constant(first), Value::Constant(second)) = (&mask, &first, &second) {
            return Ok(Value::Constant(Constant::chosen(node, mask, first, second)?));
        }
        let dims = self.broadcast(node, first.dims(), second.dims())?;
        let dims = self.broadcast(node, &dims, mask.dims())?;
        let mut arguments = Vec::new();
        let operator = match mask {
            Value::Constant(mask) => {
                let mask = mask.repeated(node, &dims)?.to_integers();
                Operator::Choice(Choice { first: mask.iter().map(|&holds| holds != 0).collect() })
            }
            mask => {
                let mask = match mask {
                    Value::Tensor(tensor) => {
                        let told = tensor.node.map(|mask| self.told(mask));
                        Value::Tensor(Tensor { node: told, ..tensor })
                    }
                    constant => constant,
                };
                arguments.push(self.at_full_size(node, mask, &dims)?);
                Operator::Conditional
            }
        };
        for value in [first, second] {
            arguments.push(self.at_full_size(node, value, &dims)?);
        }
        let computed = self.emit(node, operator, &arguments)?;
        self.shaped(node, computed, dims)
    }

    /// The upper or lower triangles of matrices, with 0 elsewhere.
    pub fn triangle(&mut self, node: &Node) -> Result<Value> {
        let value = self.value(node, 0)?;
        let shift = match self.optional_constant(node, 1, "diagonal")? {
            Some(constant) => constant.to_integers().first().copied().unwrap_or(0),
            None => 0,
        };
        let upper = node.flag("upper", true)?;
        let dims = value.dims().to_vec();
        let [.., rows, columns] = dims[..] else {
            return Err(node.malformed(format!("takes matrices, got shape {dims:?}")));
        };
        self.check_count(node, &dims)?;
        let kept = |place: usize| {
            let (row, column) = ((place / columns % rows) as i64, (place % columns) as i64);
            let behind = column.saturating_sub(row);
            if upper { behind >= shift } else { behind <= shift }
        };
        match value {
            Value::Constant(constant) => {
                let mask = (0..constant.len()).map(|place| i64::from(kept(place))).collect();
                let mask = Constant { dims, data: Data::Integer(mask), origin: None };
                let zero = match constant.data {
                    Data::Integer(_) => Constant::integer(0),
                    Data::Float(_) => Constant::float(0.0),
                };
                Ok(Value::Constant(Constant::chosen(node, &mask, &constant, &zero)?))
            }
            Value::Tensor(tensor) => {
                let argument = self.at_full_size(node, Value::Tensor(tensor), &dims)?;
                let zero = self.at_full_size(node, Value::Constant(Constant::float(0.0)), &dims)?;
                let inner = elements(&self.inner(&dims)).unwrap_or(0);
                let choice = Operator::Choice(Choice { first: (0..inner).map(kept).collect() });
                let computed = self.emit(node, choice, &[argument, zero])?;
                self.shaped(node, computed, dims)
            }
        }
    }

    /// The network node of a value that is repeated to a shape.
    fn at_full_size(&mut self, node: &Node, value: Value, dims: &[usize]) -> Result<NodeId> {
        let value = self.repeated(node, value, dims.to_vec())?;
        let computed = self.node_of(node, &value)?;
        self.arranged(node, computed, &self.inner(dims))
    }

    /// Blocks of channels as blocks of the image, or the other way round.
    pub fn depth_and_space(&mut self, node: &Node, to_space: bool) -> Result<Value> {
        let argument = self.operand(node, 0)?;
        let [batch, channels, height, width] = argument.dims[..] else {
            return Err(node.malformed(format!("takes an image, got shape {:?}", argument.dims)));
        };
        self.check_batch(node, &argument.dims)?;
        let block = usize::try_from(node.int("blocksize", 0)?).ok().filter(|&block| block > 0);
        let block = block.ok_or_else(|| node.malformed("has no blocksize"))?;
        let rows_first = node.text("mode", "DCR")? == "DCR";
        let square = block.saturating_mul(block);
        let fits = match to_space {
            true => channels.is_multiple_of(square),
            false => height.is_multiple_of(block) && width.is_multiple_of(block),
        };
        if !fits || batch != self.batch {
            return Err(node.malformed(format!("cannot rearrange shape {:?} by blocks of {block}", argument.dims)));
        }
        let (split, order, dims) = match (to_space, rows_first) {
            (true, true) => (
                vec![block, block, channels / square, height, width],
                vec![2, 3, 0, 4, 1],
                vec![batch, channels / square, height * block, width * block],
            ),
            (true, false) => (
                vec![channels / square, block, block, height, width],
                vec![0, 3, 1, 4, 2],
                vec![batch, channels / square, height * block, width * block],
            ),
            (false, _) => (
                vec![channels, height / block, block, width / block, block],
                vec![2, 4, 0, 1, 3],
                vec![batch, channels * square, height / block, width / block],
            ),
        };
        let name = node.name();
        let inner = self.arranged(node, argument.node, &argument.dims[1..])?;
        let inner =
            self.emit_as(node, format!("{name}.blocks"), Operator::Reshape(Reshape { shape: split }), &[inner])?;
        let order = Operator::Transpose(crate::operators::Transpose { axes: order });
        let inner = self.emit_as(node, format!("{name}.order"), order, &[inner])?;
        let shape = Operator::Reshape(Reshape { shape: dims[1..].to_vec() });
        let computed = self.emit_as(node, name, shape, &[inner])?;
        self.shaped(node, computed, dims)
    }
}
