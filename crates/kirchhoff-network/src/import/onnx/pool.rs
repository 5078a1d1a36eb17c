//! Pools, and the windows that they share with convolutions.

use kirchhoff_kernel::Window;

use super::constant::Constant;
use super::fault::Result;
use super::importer::{Importer, Operand, Value};
use super::node::Node;
use crate::network::NodeId;
use crate::operators::{Operator, Pad, Pool, PoolKind, Reduction, ReductionKind, Reshape, Select, VolumeAxis};
use crate::{Activation, Elementary};

/// Larger windows are refused: nothing but the file's word bounds them.
const TAPS: usize = 1 << 20;

impl Importer<'_> {
    /// A maximum over windows.
    pub fn maximum_pool(&mut self, node: &Node) -> Result<Value> {
        self.pool(node, PoolKind::Maximum)
    }

    /// A mean over windows.
    pub fn average_pool(&mut self, node: &Node) -> Result<Value> {
        let count_padding = node.flag("count_include_pad", false)?;
        self.pool(node, PoolKind::Average { count_padding })
    }

    fn pool(&mut self, node: &Node, kind: PoolKind) -> Result<Value> {
        let argument = self.tensor(node, 0)?;
        let Some(kernel) = node.ints("kernel_shape")? else {
            return Err(node.malformed("has no kernel_shape"));
        };
        let kernel = node.sizes("kernel_shape", kernel, kernel.len())?;
        if self.shape(argument).len() == 4 {
            return self.volume_pool(node, kind, argument, &kernel);
        }
        let window = window(node, self.shape(argument).get(1..).unwrap_or(&[]), &kernel)?;
        if window.kernel[0].checked_mul(window.kernel[1]).is_none_or(|taps| taps > TAPS) {
            return Err(node.unsupported(format!("has the kernel {kernel:?}, which is too large")));
        }
        let computed = self.emit(node, Operator::Pool(Pool { kind, window: Some(window) }), &[argument])?;
        Ok(self.computed(node, computed))
    }

    /// A pool over windows along three axes: the windows side by side, and a reduction of each. A border is part of a mean that
    /// counts it, or there is none: what windows hold of one would count as their members.
    fn volume_pool(&mut self, node: &Node, kind: PoolKind, argument: NodeId, kernel: &[usize]) -> Result<Value> {
        let windows = volume_axes(node, &self.shape(argument)[1..], kernel)?;
        let pads = windows.iter().any(|axis| axis.padding != [0, 0]);
        let (reduction, counts) = match kind {
            PoolKind::Maximum => (ReductionKind::Maximum, false),
            PoolKind::Average { count_padding } => (ReductionKind::Mean, count_padding),
        };
        if pads && !counts {
            return Err(node.unsupported(
                "is a pool over three axes with a border that does not count; over three axes only means that count it \
                 (count_include_pad) may have one: pad before the pool",
            ));
        }
        if node.flag("ceil_mode", false)? {
            return Err(node.unsupported("is a pool over three axes with ceil_mode, which is not supported"));
        }
        let name = node.name();
        let border: Vec<[usize; 2]> = [[0, 0]].into_iter().chain(windows.iter().map(|axis| axis.padding)).collect();
        let padded = match pads {
            true => {
                self.emit_as(node, format!("{name}.border"), Operator::Pad(Pad { border, value: 0.0 }), &[argument])?
            }
            false => argument,
        };
        let lengths = self.shape(padded).to_vec();
        let mut axes = vec![None];
        let (mut apart, mut reduced, mut result) = (vec![lengths[0]], Vec::new(), vec![lengths[0]]);
        for (axis, &length) in windows.iter().zip(&lengths[1..]) {
            let extent = (axis.kernel.max(1) - 1).saturating_mul(axis.dilation).saturating_add(1);
            if axis.kernel == 0 || axis.stride == 0 || axis.dilation == 0 || extent > length {
                return Err(
                    node.malformed(format!("has the kernel {kernel:?}, which fits no window of {:?}", &lengths[1..]))
                );
            }
            let count = (length - extent) / axis.stride + 1;
            let taps = |window: usize| (0..axis.kernel).map(move |tap| window * axis.stride + tap * axis.dilation);
            axes.push(Some((0..count).flat_map(taps).collect()));
            apart.extend([count, axis.kernel]);
            reduced.push(apart.len() - 1);
            result.push(count);
        }
        let side_by_side: Vec<usize> =
            axes.iter().zip(&lengths).map(|(axis, &length)| axis.as_ref().map_or(length, Vec::len)).collect();
        self.check_count(node, &side_by_side)?;
        let selected = self.emit_as(node, format!("{name}.windows"), Operator::Select(Select { axes }), &[padded])?;
        let apart =
            self.emit_as(node, format!("{name}.apart"), Operator::Reshape(Reshape { shape: apart }), &[selected])?;
        let reduction = Operator::Reduction(Reduction { kind: reduction, axes: reduced });
        let computed = self.emit(node, reduction, &[apart])?;
        let dims = std::iter::once(self.batch).chain(result).collect();
        self.shaped(node, computed, dims)
    }

    /// A pool over whole channels.
    pub fn global_pool(&mut self, node: &Node, maximum: bool) -> Result<Value> {
        let argument = self.operand(node, 0)?;
        let rank = argument.dims.len();
        // Of more than two axes it is a reduction.
        if rank > 4 {
            let axes: Vec<usize> = (2..rank).collect();
            let dims = argument.dims[..2].iter().copied().chain(axes.iter().map(|_| 1)).collect();
            let kind = if maximum { ReductionKind::Maximum } else { ReductionKind::Mean };
            let computed = self.reduce(node, node.name(), &argument, kind, &axes)?;
            return self.shaped(node, computed, dims);
        }
        let argument = self.tensor(node, 0)?;
        let computed = self.global(node, argument, maximum)?;
        Ok(self.computed(node, computed))
    }

    /// A reduction over axes: a global pool where that is the same.
    pub fn reduction(&mut self, node: &Node, kind: ReductionKind) -> Result<Value> {
        let argument = match self.value(node, 0)? {
            Value::Constant(constant) => return self.reduced_constant(node, &constant, kind),
            Value::Tensor(_) => self.operand(node, 0)?,
        };
        let rank = argument.dims.len();
        let axes = match self.reduced_axes(node, rank)? {
            Some(axes) => axes,
            None => return self.value(node, 0),
        };
        let dims = reduced_dims(node, &argument.dims, &axes)?;
        let pool = match kind {
            ReductionKind::Maximum => Some(true),
            ReductionKind::Mean => Some(false),
            ReductionKind::Sum | ReductionKind::Minimum => None,
        };
        let spatial =
            (3..=4).contains(&rank) && axes == (2..rank).collect::<Vec<_>>() && self.has_batch(&argument.dims);
        if let Some(maximum) = pool.filter(|_| spatial) {
            let computed = self.global(node, argument.node, maximum)?;
            return self.shaped(node, computed, dims);
        }
        self.check_batch(node, &dims)?;
        let computed = self.reduce(node, node.name(), &argument, kind, &axes)?;
        self.shaped(node, computed, dims)
    }

    /// Reduces axes of a tensor, its first one counted.
    pub fn reduce(
        &mut self,
        node: &Node,
        name: String,
        argument: &Operand,
        kind: ReductionKind,
        axes: &[usize],
    ) -> Result<NodeId> {
        let first = usize::from(self.has_batch(&argument.dims) && !axes.contains(&0));
        let inner = self.arranged(node, argument.node, &argument.dims[first..])?;
        let axes = axes.iter().map(|axis| axis - first).collect();
        self.emit_as(node, name, Operator::Reduction(Reduction { kind, axes }), &[inner])
    }

    /// The root of the sum of squares over axes.
    pub fn norm(&mut self, node: &Node) -> Result<Value> {
        let argument = self.operand(node, 0)?;
        let Some(axes) = self.reduced_axes(node, argument.dims.len())? else { return self.value(node, 0) };
        let dims = reduced_dims(node, &argument.dims, &axes)?;
        self.check_batch(node, &dims)?;
        let square = Operator::Activation(Activation::Power { exponent: 2.0 });
        let squares = self.emit_as(node, format!("{}.squares", node.name()), square, &[argument.node])?;
        let squares = Operand { node: squares, ..argument };
        let sum = self.reduce(node, format!("{}.sum", node.name()), &squares, ReductionKind::Sum, &axes)?;
        let root = Operator::Activation(Activation::Elementary(Elementary::SquareRoot));
        let computed = self.emit(node, root, &[sum])?;
        self.shaped(node, computed, dims)
    }

    /// The axes that a node reduces, ascending; `None` where there are none.
    fn reduced_axes(&self, node: &Node, rank: usize) -> Result<Option<Vec<usize>>> {
        let mut axes = Vec::new();
        for axis in self.integers(node, 1, "axes")?.unwrap_or_default() {
            axes.push(node.axis(axis, rank)?);
        }
        axes.sort_unstable();
        axes.dedup();
        if axes.is_empty() {
            let all = (!node.flag("noop_with_empty_axes", false)?).then(|| (0..rank).collect());
            return Ok(all);
        }
        Ok(Some(axes))
    }

    fn reduced_constant(&mut self, node: &Node, constant: &Constant, kind: ReductionKind) -> Result<Value> {
        let Some(axes) = self.reduced_axes(node, constant.dims.len())? else {
            return Ok(Value::Constant(constant.clone()));
        };
        let reduced = constant.reduced(node, &axes, node.flag("keepdims", true)?, kind)?;
        Ok(Value::Constant(reduced))
    }

    fn global(&mut self, node: &Node, argument: NodeId, maximum: bool) -> Result<NodeId> {
        let kind = if maximum { PoolKind::Maximum } else { PoolKind::Average { count_padding: false } };
        self.emit(node, Operator::Pool(Pool { kind, window: None }), &[argument])
    }
}

/// A list of sizes, one an axis, that an attribute has; 1 each where it is missing.
fn sizes(node: &Node, name: &str, axes: usize) -> Result<Vec<usize>> {
    match node.ints(name)? {
        Some(values) => node.sizes(name, values, axes),
        None => Ok(vec![1; axes]),
    }
}

/// The windows of a convolution along any number of axes.
pub(super) fn volume_axes(node: &Node, lengths: &[usize], kernel: &[usize]) -> Result<Vec<VolumeAxis>> {
    let axes = lengths.len();
    if axes == 0 || axes > 3 {
        return Err(node.unsupported(format!("works on {axes} axes besides batch and channels; 1 to 3 are supported")));
    }
    if kernel.len() != axes {
        return Err(node.malformed(format!("has a kernel of {} axes for {axes}", kernel.len())));
    }
    let (strides, dilations) = (sizes(node, "strides", axes)?, sizes(node, "dilations", axes)?);
    let padding: Vec<[usize; 2]> = match &node.text("auto_pad", "NOTSET")?[..] {
        "NOTSET" => match node.ints("pads")? {
            Some(pads) => {
                let pads = node.sizes("pads", pads, 2 * axes)?;
                (0..axes).map(|axis| [pads[axis], pads[axes + axis]]).collect()
            }
            None => vec![[0, 0]; axes],
        },
        "VALID" => vec![[0, 0]; axes],
        same @ ("SAME_UPPER" | "SAME_LOWER") => {
            let mut padding = Vec::new();
            for axis in 0..axes {
                let total = same_padding(lengths[axis], kernel[axis], strides[axis], dilations[axis])
                    .ok_or_else(|| node.malformed("has an impossible kernel, stride or dilation"))?;
                let (smaller, larger) = (total / 2, total - total / 2);
                padding.push(if same == "SAME_UPPER" { [smaller, larger] } else { [larger, smaller] });
            }
            padding
        }
        other => return Err(node.malformed(format!("has the unknown auto_pad '{other}'"))),
    };
    let axis = |axis: usize| VolumeAxis {
        kernel: kernel[axis],
        stride: strides[axis],
        dilation: dilations[axis],
        padding: padding[axis],
        output_padding: 0,
    };
    Ok((0..axes).map(axis).collect())
}

/// The windows of a transposed convolution.
pub(super) fn transposed_axes(node: &Node, lengths: &[usize], kernel: &[usize]) -> Result<Vec<VolumeAxis>> {
    let axes = lengths.len();
    if axes == 0 || axes > 3 || kernel.len() != axes {
        return Err(node.malformed(format!("has a kernel of {} axes for {axes}; 1 to 3 are supported", kernel.len())));
    }
    let (strides, dilations) = (sizes(node, "strides", axes)?, sizes(node, "dilations", axes)?);
    let zeros = |name: &str, count: usize| match node.ints(name)? {
        Some(values) => node.sizes(name, values, count),
        None => Ok(vec![0; count]),
    };
    let (added, pads) = (zeros("output_padding", axes)?, zeros("pads", 2 * axes)?);
    let shape = match node.ints("output_shape")? {
        // Some files have all axes.
        Some(shape) => Some(node.sizes("output_shape", &shape[shape.len().saturating_sub(axes)..], axes)?),
        None => None,
    };
    let mode = node.text("auto_pad", "NOTSET")?;
    let mut windows = Vec::new();
    for axis in 0..axes {
        let impossible = || node.malformed("has an impossible kernel, stride, dilation or shape");
        let extent = kernel[axis]
            .checked_sub(1)
            .and_then(|extent| extent.checked_mul(dilations[axis]))
            .ok_or_else(impossible)?;
        let whole = lengths[axis].checked_sub(1).and_then(|steps| steps.checked_mul(strides[axis]));
        let whole = whole.and_then(|whole| whole.checked_add(extent)?.checked_add(1)?.checked_add(added[axis]));
        let whole = whole.ok_or_else(impossible)?;
        let wanted = match (&shape, &mode[..]) {
            (Some(shape), _) => Some(shape[axis]),
            (None, "SAME_UPPER" | "SAME_LOWER") => lengths[axis].checked_mul(strides[axis]),
            (None, "NOTSET" | "VALID") => None,
            (None, other) => return Err(node.malformed(format!("has the unknown auto_pad '{other}'"))),
        };
        let mut output_padding = added[axis];
        let padding = match wanted {
            None if mode == "VALID" => [0, 0],
            None => [pads[axis], pads[axes + axis]],
            Some(wanted) if wanted > whole => {
                output_padding += wanted - whole;
                [0, 0]
            }
            Some(wanted) => {
                let total = whole - wanted;
                let (smaller, larger) = (total / 2, total - total / 2);
                if mode == "SAME_UPPER" { [smaller, larger] } else { [larger, smaller] }
            }
        };
        windows.push(VolumeAxis {
            kernel: kernel[axis],
            stride: strides[axis],
            dilation: dilations[axis],
            padding,
            output_padding,
        });
    }
    Ok(windows)
}

/// The window of a convolution or pool over the axes of `lengths`, those behind the channel axis.
pub(super) fn window(node: &Node, lengths: &[usize], kernel: &[usize]) -> Result<Window> {
    if lengths.len() != 1 && lengths.len() != 2 {
        let axes = lengths.len();
        return Err(node.unsupported(format!("works on {axes} axes besides batch and channels; 1 or 2 are supported")));
    }
    let windows = volume_axes(node, lengths, kernel)?;
    let pair = |value: fn(&VolumeAxis) -> usize| match &windows[..] {
        [first, second] => [value(first), value(second)],
        _ => [1, value(&windows[0])],
    };
    Ok(Window {
        kernel: pair(|axis| axis.kernel),
        stride: pair(|axis| axis.stride),
        padding: match &windows[..] {
            [first, second] => [first.padding, second.padding],
            _ => [[0, 0], windows[0].padding],
        },
        dilation: pair(|axis| axis.dilation),
        ceil: node.flag("ceil_mode", false)?,
    })
}

/// The shape that a node's reduction of axes leaves.
fn reduced_dims(node: &Node, dims: &[usize], axes: &[usize]) -> Result<Vec<usize>> {
    let keep = node.flag("keepdims", true)?;
    let length = |(axis, &length): (usize, &usize)| match (axes.contains(&axis), keep) {
        (false, _) => Some(length),
        (true, keep) => keep.then_some(1),
    };
    Ok(dims.iter().enumerate().filter_map(length).collect())
}

/// The padding of both ends together that makes a window's output as long as its input, but for the stride.
///
/// As ONNX defines it, with the dilated kernel, and never negative. onnxruntime departs from that in pools: it leaves
/// the dilation out, and cuts the input where the stride is larger than the kernel.
fn same_padding(length: usize, kernel: usize, stride: usize, dilation: usize) -> Option<usize> {
    if stride == 0 {
        return None;
    }
    let last = length.div_ceil(stride).checked_sub(1)?.checked_mul(stride)?;
    let extent = kernel.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
    Some(last.checked_add(extent)?.saturating_sub(length))
}
