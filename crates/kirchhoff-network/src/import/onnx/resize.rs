//! Resizing of images.

use super::fault::Result;
use super::importer::{Importer, Value};
use super::node::Node;
use crate::operators::{Interpolate, Operator};

/// How the places of a result are those of the argument along one axis.
struct Places<'a> {
    from: usize,
    to: usize,
    scale: f64,
    /// ONNX's `coordinate_transformation_mode`.
    mode: &'a str,
}

impl Places<'_> {
    /// The place in the argument of a place in the result; `None` for a mode that is not known.
    fn at(&self, place: usize) -> Option<f64> {
        let x = place as f64;
        Some(match self.mode {
            "half_pixel" => (x + 0.5) / self.scale - 0.5,
            "pytorch_half_pixel" if self.to > 1 => (x + 0.5) / self.scale - 0.5,
            "pytorch_half_pixel" => 0.0,
            "align_corners" if self.to > 1 => x * (self.from as f64 - 1.0) / (self.to as f64 - 1.0),
            "align_corners" => 0.0,
            "asymmetric" => x / self.scale,
            "half_pixel_symmetric" => {
                let adjustment = self.to as f64 / (self.scale * self.from as f64);
                let centre = self.from as f64 / 2.0;
                centre * (1.0 - adjustment) + (x + 0.5) / self.scale - 0.5
            }
            _ => return None,
        })
    }
}

impl Importer<'_> {
    /// Resizing to the nearest value, or by linear interpolation.
    pub fn resize(&mut self, node: &Node) -> Result<Value> {
        let upsample = node.operator() == "Upsample";
        let argument = self.operand(node, 0)?;
        let rank = argument.dims.len();
        let method = node.text("mode", "nearest")?;
        let mode = node.text(
            "coordinate_transformation_mode",
            if upsample || self.opset < 11 { "asymmetric" } else { "half_pixel" },
        )?;
        let nearest =
            node.text("nearest_mode", if upsample || self.opset < 11 { "floor" } else { "round_prefer_floor" })?;
        for attribute in ["antialias", "exclude_outside"] {
            if node.flag(attribute, false)? {
                return Err(
                    node.unsupported(format!("resizes with {attribute}, which is not supported; export without it"))
                );
            }
        }
        let axes: Vec<usize> = match node.ints("axes")? {
            Some(axes) => axes.iter().map(|&axis| node.axis(axis, rank)).collect::<Result<_>>()?,
            None => (0..rank).collect(),
        };
        // Version 10 has scales second, later ones a region of interest.
        let scales_at = if upsample || self.opset < 11 { 1 } else { 2 };
        let scales: Option<Vec<f32>> = match node.floats("scales")? {
            Some(scales) => Some(scales.to_vec()),
            None => self.optional_constant(node, scales_at, "scales")?.map(|scales| scales.to_weights().to_vec()),
        };
        let sizes = if scales_at == 2 { self.integers(node, 3, "sizes")? } else { None };
        let scales = scales.filter(|scales| !scales.is_empty());
        let mut dims = argument.dims.clone();
        let mut factors = vec![1.0f64; rank];
        match (&scales, &sizes) {
            (_, Some(sizes)) if !sizes.is_empty() => {
                if node.text("keep_aspect_ratio_policy", "stretch")? != "stretch" {
                    return Err(node.unsupported("keeps the aspect ratio, which is not supported; give both sizes"));
                }
                for (&axis, &size) in axes.iter().zip(&node.sizes("sizes", sizes, axes.len())?) {
                    dims[axis] = size;
                    factors[axis] = size as f64 / argument.dims[axis] as f64;
                }
            }
            (Some(scales), _) if scales.len() == axes.len() => {
                for (&axis, &scale) in axes.iter().zip(scales) {
                    if !(scale > 0.0 && scale.is_finite()) {
                        return Err(node.malformed(format!("resizes by {scale}")));
                    }
                    factors[axis] = f64::from(scale);
                    dims[axis] = (argument.dims[axis] as f64 * f64::from(scale)).floor() as usize;
                }
            }
            _ => return Err(node.malformed("has neither sizes nor scales, one for each axis")),
        }
        if dims.contains(&0) {
            return Err(node.malformed(format!("makes an empty tensor of shape {dims:?}")));
        }
        self.check_count(node, &dims)?;
        let changed = |axis: usize| dims[axis] != argument.dims[axis] || factors[axis] != 1.0;
        if let Some(axis) = (0..rank).find(|&axis| axis < 1 && changed(axis)) {
            return Err(node.unsupported(format!("resizes axis {axis}, that of the batch")));
        }
        let unknown = || node.unsupported(format!("places values by '{mode}', which is not supported"));
        let mut selections = vec![None; rank];
        let mut sums = vec![None; rank];
        for axis in (0..rank).filter(|&axis| changed(axis)) {
            let (from, to) = (argument.dims[axis], dims[axis]);
            let places = Places { from, to, scale: factors[axis], mode: &mode };
            let all: Option<Vec<f64>> = (0..to).map(|place| places.at(place)).collect();
            let all = all.ok_or_else(unknown)?;
            let last = from as f64 - 1.0;
            match &method[..] {
                "nearest" => {
                    let round = |x: f64| match &nearest[..] {
                        "floor" => Some(x.floor()),
                        "ceil" => Some(x.ceil()),
                        "round_prefer_floor" => Some((x - 0.5).ceil()),
                        "round_prefer_ceil" => Some((x + 0.5).floor()),
                        _ => None,
                    };
                    let indices: Option<Vec<usize>> =
                        all.iter().map(|&x| Some(round(x)?.clamp(0.0, last) as usize)).collect();
                    let indices =
                        indices.ok_or_else(|| node.malformed(format!("rounds by the unknown '{nearest}'")))?;
                    selections[axis] = Some(indices);
                }
                "linear" => {
                    let sum = |&x: &f64| {
                        // Beyond the borders lie the values at them.
                        let x = x.clamp(0.0, last);
                        let (low, share) = (x.floor(), (x - x.floor()) as f32);
                        let low = low as usize;
                        match share {
                            0.0 => vec![(low, 1.0)],
                            share => vec![(low, 1.0 - share), (low + 1, share)],
                        }
                    };
                    sums[axis] = Some(all.iter().map(sum).collect());
                }
                other => {
                    let what = format!("interpolates by '{other}'");
                    return Err(node.unsupported(format!("{what}; nearest and linear are supported")));
                }
            }
        }
        if method == "nearest" {
            return self.selected(node, argument, selections);
        }
        self.check_batch(node, &dims)?;
        let first = usize::from(self.has_batch(&argument.dims));
        debug_assert!(sums[..first].iter().all(Option::is_none));
        let inner = self.arranged(node, argument.node, &argument.dims[first..])?;
        let operator = Operator::Interpolate(Interpolate { axes: sums[first..].to_vec() });
        let computed = self.emit(node, operator, &[inner])?;
        self.shaped(node, computed, dims)
    }
}
