//! Pools, and the windows that they share with convolutions.

use kirchhoff_kernel::Window;

use super::fault::Result;
use super::importer::{Importer, Value};
use super::node::Node;
use crate::network::NodeId;
use crate::operators::{Operator, Pool, PoolKind, Reshape};

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
        let window = window(node, self.shape(argument).get(1..).unwrap_or(&[]), &kernel)?;
        if window.kernel[0].checked_mul(window.kernel[1]).is_none_or(|taps| taps > TAPS) {
            return Err(node.unsupported(format!("has the kernel {kernel:?}, which is too large")));
        }
        let computed = self.emit(node, Operator::Pool(Pool { kind, window: Some(window) }), &[argument])?;
        Ok(self.computed(node, computed))
    }

    /// A pool over whole channels.
    pub fn global_pool(&mut self, node: &Node, maximum: bool) -> Result<Value> {
        let argument = self.tensor(node, 0)?;
        let computed = self.global(node, argument, maximum)?;
        Ok(self.computed(node, computed))
    }

    /// A mean or maximum over axes, supported where it is a global pool.
    pub fn reduction(&mut self, node: &Node, maximum: bool) -> Result<Value> {
        let argument = self.tensor(node, 0)?;
        let rank = self.shape(argument).len() + 1;
        let mut axes = Vec::new();
        for axis in self.integers(node, 1, "axes")?.unwrap_or_default() {
            axes.push(node.axis(axis, rank)?);
        }
        axes.sort_unstable();
        axes.dedup();
        if axes.is_empty() && node.flag("noop_with_empty_axes", false)? {
            return self.value(node, 0);
        }
        if rank < 3 || axes != (2..rank).collect::<Vec<_>>() {
            let spatial = "only all axes behind the channel axis together are supported";
            return Err(node.unsupported(format!("reduces the axes {axes:?} of {rank}; {spatial}")));
        }
        let channels = self.shape(argument)[0];
        let mut computed = self.global(node, argument, maximum)?;
        if !node.flag("keepdims", true)? {
            let name = format!("{}.flat", node.name());
            computed = self.emit_as(node, name, Operator::Reshape(Reshape { shape: vec![channels] }), &[computed])?;
        }
        Ok(self.computed(node, computed))
    }

    fn global(&mut self, node: &Node, argument: NodeId, maximum: bool) -> Result<NodeId> {
        let kind = if maximum { PoolKind::Maximum } else { PoolKind::Average { count_padding: false } };
        self.emit(node, Operator::Pool(Pool { kind, window: None }), &[argument])
    }
}

/// The window of a convolution or pool over the axes of `lengths`, those behind the channel axis.
pub(super) fn window(node: &Node, lengths: &[usize], kernel: &[usize]) -> Result<Window> {
    let axes = lengths.len();
    if axes != 1 && axes != 2 {
        return Err(node.unsupported(format!("works on {axes} axes besides batch and channels; 1 or 2 are supported")));
    }
    if kernel.len() != axes {
        return Err(node.malformed(format!("has a kernel of {} axes for {axes}", kernel.len())));
    }
    let sizes = |name: &str| match node.ints(name)? {
        Some(values) => node.sizes(name, values, axes),
        None => Ok(vec![1; axes]),
    };
    let (strides, dilations) = (sizes("strides")?, sizes("dilations")?);
    let padding = match &node.text("auto_pad", "NOTSET")?[..] {
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
    let pair = |values: &[usize]| if axes == 1 { [1, values[0]] } else { [values[0], values[1]] };
    Ok(Window {
        kernel: pair(kernel),
        stride: pair(&strides),
        padding: if axes == 1 { [[0, 0], padding[0]] } else { [padding[0], padding[1]] },
        dilation: pair(&dilations),
        ceil: node.flag("ceil_mode", false)?,
    })
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
