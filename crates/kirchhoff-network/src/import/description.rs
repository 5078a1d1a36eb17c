//! Architecture descriptions: a list of layers in TOML. `docs/architecture-description.md` is their reference.

use std::path::Path;

use kirchhoff_kernel::Window;

use super::ImportError;
use super::layers::{Architecture, Kind, Layer, Reference, Sliding};
use super::toml_table::{Complaint, Document, Entry, Table};
use crate::operators::{Activation, PoolKind, SliceAxis};
use crate::preprocessing::{Layout, Preprocessing, Resize};

/// Reads a description. `input_shape` overrides the one that it gives.
pub(crate) fn read(path: &Path, input_shape: Option<&[usize]>) -> Result<Architecture, ImportError> {
    let text = kirchhoff_file::read_text(path).map_err(|error| ImportError::io(path, error))?;
    let architecture =
        parse(&text).map_err(|Complaint { line, reason }| ImportError::description(path, line, reason))?;
    let input_shape = input_shape.map_or(architecture.input_shape, <[usize]>::to_vec);
    Ok(Architecture { source: Some(path.to_path_buf()), input_shape, ..architecture })
}

fn parse(text: &str) -> Result<Architecture, Complaint> {
    let ends = Document::ends(text);
    let mut root = Document::new(text, &ends).parse()?;
    let mut input = root.require("input")?.table("[input]")?;
    let input_shape = input.require("shape")?.sizes()?;
    let input_name = input.take("name").map_or_else(|| Ok("input".to_string()), Entry::string)?;
    input.finish(&["shape", "name"])?;
    let preprocessing = root.take("preprocessing").map(preprocessing).transpose()?;
    let classes = root.take("classes").map(Entry::strings).transpose()?;
    let ignored = root.take("ignore").map_or_else(|| Ok(Vec::new()), Entry::strings)?;
    let output = root.take("output").map(reference).transpose()?;
    let layers = root.require("layers")?.list()?;
    let layers = layers.into_iter().enumerate().map(|(position, entry)| layer(position, entry));
    let layers = layers.collect::<Result<_, _>>()?;
    root.finish(&["input", "preprocessing", "classes", "ignore", "output", "layers"])?;
    Ok(Architecture { source: None, input_name, input_shape, layers, output, preprocessing, classes, ignored })
}

fn reference(entry: Entry) -> Result<Reference, Complaint> {
    let line = entry.line();
    Ok(Reference { name: entry.string()?, line })
}

fn preprocessing(entry: Entry) -> Result<Preprocessing, Complaint> {
    let mut table = entry.table("[preprocessing]")?;
    let mut preprocessing = Preprocessing::default();
    if let Some(scale) = table.take("scale") {
        preprocessing.scale = scale.number()? as f32;
    }
    if let Some(mean) = table.take("mean") {
        preprocessing.mean = mean.numbers()?;
    }
    if let Some(std) = table.take("std") {
        preprocessing.std = std.numbers()?;
    }
    if let Some(layout) = table.take("layout") {
        let refused = layout.expected("\"chw\" or \"hwc\"");
        preprocessing.layout = match layout.string()?.as_str() {
            "chw" => Layout::Chw,
            "hwc" => Layout::Hwc,
            _ => return Err(refused),
        };
    }
    if let Some(resize) = table.take("resize") {
        let line = resize.line();
        preprocessing.resize = match resize.is_text() {
            true => resize.string()?.parse().map_err(|reason| Complaint { line, reason })?,
            false => Resize::Side(u32::try_from(resize.size()?).unwrap_or(u32::MAX)),
        };
    }
    if let Some(filter) = table.take("filter") {
        let line = filter.line();
        preprocessing.filter = filter.string()?.parse().map_err(|reason| Complaint { line, reason })?;
    }
    if let Some(upright) = table.take("upright") {
        preprocessing.upright = upright.boolean()?;
    }
    preprocessing.check_values().map_err(|reason| table.complaint(reason))?;
    table.finish(&["scale", "mean", "std", "layout", "resize", "filter", "upright"])?;
    Ok(preprocessing)
}

fn layer(position: usize, entry: Entry) -> Result<Layer, Complaint> {
    let mut table = entry.table("a layer")?;
    let line = table.line;
    let kind_entry = table.require("type")?;
    let kind_line = kind_entry.line();
    let kind_name = kind_entry.string()?;
    table.what = format!("a layer of type \"{kind_name}\"");
    let name = table.take("name").map_or_else(|| Ok(position.to_string()), Entry::string)?;
    let tensors = table.take("tensors").map_or_else(|| Ok(name.clone()), Entry::string)?;
    let inputs = table.take("inputs").map(|inputs| inputs.list()?.into_iter().map(reference).collect()).transpose()?;
    let Some((kind, keys)) = kind(&kind_name, &mut table)? else {
        let reason = format!("\"{kind_name}\" is no type of layer: there are {}", TYPES.join(", "));
        return Err(Complaint { line: kind_line, reason });
    };
    let known: Vec<&str> = ["type", "name", "tensors", "inputs"].iter().chain(keys).copied().collect();
    table.finish(&known)?;
    Ok(Layer { name, tensors, inputs, kind, line })
}

/// All types of layers.
const TYPES: [&str; 30] = [
    "dense",
    "convolution",
    "batch-normalization",
    "affine",
    "max-pool",
    "average-pool",
    "global-max-pool",
    "global-average-pool",
    "adaptive-max-pool",
    "adaptive-average-pool",
    "relu",
    "relu6",
    "leaky-relu",
    "clip",
    "sigmoid",
    "tanh",
    "elu",
    "silu",
    "gelu",
    "add",
    "concatenate",
    "slice",
    "transpose",
    "reshape",
    "flatten",
    "pad",
    "identity",
    "dropout",
    "softmax",
    "log-softmax",
];

/// The layer of a type, with the keys that the type takes.
fn kind(name: &str, table: &mut Table) -> Result<Option<(Kind, &'static [&'static str])>, Complaint> {
    let activation = |activation| (Kind::Activation(activation), &[][..]);
    Ok(Some(match name {
        "dense" => (Kind::Dense, &[]),
        "convolution" => {
            let sliding = Sliding {
                kernel: table.take("kernel").map(Entry::pair).transpose()?,
                stride: pair(table, "stride", [1, 1])?,
                padding: padding(table)?,
                dilation: pair(table, "dilation", [1, 1])?,
                groups: table.take("groups").map_or(Ok(1), Entry::size)?,
            };
            (Kind::Convolution(sliding), &["kernel", "stride", "padding", "dilation", "groups"])
        }
        "batch-normalization" => (Kind::BatchNormalization { epsilon: number(table, "eps", 1e-5)? }, &["eps"]),
        "affine" => (Kind::Affine, &[]),
        "max-pool" => {
            let window = window(table)?;
            (Kind::Pool { kind: PoolKind::Maximum, window }, &["kernel", "stride", "padding", "dilation", "ceil"])
        }
        "average-pool" => {
            let window = window(table)?;
            let count_padding = table.take("count-padding").map_or(Ok(true), Entry::boolean)?;
            let kind = PoolKind::Average { count_padding };
            (Kind::Pool { kind, window }, &["kernel", "stride", "padding", "dilation", "ceil", "count-padding"])
        }
        "global-max-pool" => (Kind::GlobalPool(PoolKind::Maximum), &[]),
        "global-average-pool" => (Kind::GlobalPool(AVERAGE), &[]),
        "adaptive-max-pool" | "adaptive-average-pool" => {
            let size = table.require("size")?.pair()?;
            let kind = if name == "adaptive-max-pool" { PoolKind::Maximum } else { AVERAGE };
            (Kind::AdaptivePool { kind, size }, &["size"])
        }
        "relu" => activation(Activation::Relu),
        "relu6" => activation(Activation::Clip { low: 0.0, high: 6.0 }),
        "leaky-relu" => {
            (Kind::Activation(Activation::LeakyRelu { slope: number(table, "slope", 0.01)? as f32 }), &["slope"])
        }
        "clip" => {
            let (low, high) = (table.require("low")?.number()? as f32, table.require("high")?.number()? as f32);
            (Kind::Activation(Activation::Clip { low, high }), &["low", "high"])
        }
        "sigmoid" => activation(Activation::Sigmoid),
        "tanh" => activation(Activation::Tanh),
        "elu" => (Kind::Activation(Activation::Elu { alpha: number(table, "alpha", 1.0)? as f32 }), &["alpha"]),
        "silu" => activation(Activation::Silu),
        "gelu" => {
            let tanh = table.take("tanh").map_or(Ok(false), Entry::boolean)?;
            (Kind::Activation(Activation::Gelu { tanh }), &["tanh"])
        }
        "add" => (Kind::Add, &[]),
        "concatenate" => (Kind::Concatenate { axis: table.take("axis").map_or(Ok(0), Entry::size)? }, &["axis"]),
        "slice" => {
            let axes = table.require("axes")?.list()?.into_iter().map(slice_axis).collect::<Result<_, _>>()?;
            (Kind::Slice { axes }, &["axes"])
        }
        "transpose" => (Kind::Transpose { axes: table.require("axes")?.sizes()? }, &["axes"]),
        "reshape" => (Kind::Reshape { shape: table.require("shape")?.sizes()? }, &["shape"]),
        "flatten" => (Kind::Flatten, &[]),
        "pad" => {
            let border = table.require("border")?.list()?.into_iter().map(|sides| {
                let refused = sides.expected("a list of [before, after], one for each axis");
                if sides.is_list() { sides.pair() } else { Err(refused) }
            });
            let border = border.collect::<Result<_, _>>()?;
            (Kind::Pad { border, value: number(table, "value", 0.0)? as f32 }, &["border", "value"])
        }
        // Dropout at test time is the identity, and the canonical form removes it.
        "identity" | "dropout" => (Kind::Dropout, &[]),
        "softmax" => (Kind::Softmax { logarithm: false }, &[]),
        "log-softmax" => (Kind::Softmax { logarithm: true }, &[]),
        _ => return Ok(None),
    }))
}

const AVERAGE: PoolKind = PoolKind::Average { count_padding: false };

fn number(table: &mut Table, key: &str, default: f64) -> Result<f64, Complaint> {
    table.take(key).map_or(Ok(default), Entry::number)
}

fn pair(table: &mut Table, key: &str, default: [usize; 2]) -> Result<[usize; 2], Complaint> {
    table.take(key).map_or(Ok(default), Entry::pair)
}

/// One number for all sides, `[vertical, horizontal]`, or `[[top, bottom], [left, right]]`.
fn padding(table: &mut Table) -> Result<[[usize; 2]; 2], Complaint> {
    let Some(entry) = table.take("padding") else { return Ok([[0, 0], [0, 0]]) };
    if !entry.is_list() {
        return entry.size().map(|size| [[size; 2]; 2]);
    }
    let refused = entry.expected("one number, [vertical, horizontal] or [[top, bottom], [left, right]]");
    let sides = entry.list()?.into_iter().map(Entry::pair).collect::<Result<Vec<_>, _>>()?;
    sides.try_into().map_err(|_| refused)
}

fn window(table: &mut Table) -> Result<Window, Complaint> {
    let kernel = table.require("kernel")?.pair()?;
    Ok(Window {
        kernel,
        stride: pair(table, "stride", kernel)?,
        padding: padding(table)?,
        dilation: pair(table, "dilation", [1, 1])?,
        ceil: table.take("ceil").map_or(Ok(false), Entry::boolean)?,
    })
}

fn slice_axis(entry: Entry) -> Result<SliceAxis, Complaint> {
    let refused = || entry.expected("a list of [start, step, length], one for each axis");
    let refused = refused();
    let numbers = entry.list()?.into_iter().map(Entry::integer).collect::<Result<Vec<_>, _>>()?;
    let [start, step, length] = numbers[..] else { return Err(refused) };
    match (usize::try_from(start), isize::try_from(step), usize::try_from(length)) {
        (Ok(start), Ok(step), Ok(length)) => Ok(SliceAxis { start, step, length }),
        _ => Err(refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> String {
        let Complaint { line, reason } = parse(text).unwrap_err();
        format!("{line}: {reason}")
    }

    #[test]
    fn every_type_is_known() {
        for name in TYPES {
            let text = format!(
                "[input]\nshape = [3, 8, 8]\n[[layers]]\ntype = \"{name}\"\nkernel = 2\nsize = 1\nlow = 0\nhigh = 1\n\
                 axes = []\nshape = [1]\nborder = []"
            );
            // Keys that the type does not take are the only complaint, and it names the type's own.
            if let Err(complaint) = parse(&text) {
                assert!(complaint.reason.starts_with("unknown key"), "{name}: {}", complaint.reason);
                assert!(complaint.reason.contains(&format!("type \"{name}\" takes type, name, tensors, inputs")));
            }
        }
    }

    #[test]
    fn complaints_have_lines() {
        let head = "[input]\nshape = [1, 28, 28]\n";
        let with = |layer: &str| complaint(&format!("{head}[[layers]]\n{layer}"));
        assert_eq!(complaint("[input]\nshape = 3"), "2: 'shape' is a list");
        assert_eq!(complaint("classes = [1]\n[input]\nshape = [3]"), "1: 'classes' is a string");
        assert_eq!(complaint("[input]\nshape = [3]\n[outputs]"), "1: the description needs 'layers'");
        assert_eq!(complaint("a = 1"), "1: the description needs 'input'");
        assert_eq!(complaint("[input]\nshape = [-3]"), "2: 'shape' is an integer from 0 to 4294967295");
        assert!(complaint("[input\n").starts_with("1: "));
        assert_eq!(with("name = \"0\""), "3: a layer needs 'type'");
        assert!(with("type = \"dance\"").starts_with("4: \"dance\" is no type of layer: there are dense, conv"));
        assert_eq!(
            with("type = \"max-pool\"\nkernel = 2\nstrides = 2"),
            "6: unknown key 'strides': a layer of type \"max-pool\" takes type, name, tensors, inputs, kernel, stride, \
             padding, dilation, ceil"
        );
        assert_eq!(with("type = \"max-pool\""), "3: a layer of type \"max-pool\" needs 'kernel'");
        assert_eq!(
            with("type = \"max-pool\"\nkernel = [2, 2, 2]"),
            "5: 'kernel' is one number, or [vertical, horizontal]"
        );
        assert_eq!(with("type = \"elu\"\nalpha = nan"), "5: 'alpha' is a finite number");
        assert!(with("type = \"slice\"\naxes = [[0, 1]]").contains("[start, step, length]"));
        assert!(with("type = \"pad\"\nborder = [1, 2]").contains("[before, after]"));
        assert!(with("type = \"convolution\"\npadding = [1]").contains("[[top, bottom], [left, right]]"));
        let error = complaint(&format!("{head}[preprocessing]\nstd = 0\n[[layers]]\ntype = \"relu\""));
        assert_eq!(error, "3: std holds 0, which nothing can be divided by");
    }

    #[test]
    fn paddings_and_pairs_have_short_forms() {
        let parsed = parse(
            "[input]\nshape = [1, 8, 8]\n[[layers]]\ntype = \"convolution\"\npadding = [[1, 2], [3, 4]]\n\
             stride = [2, 1]\n[[layers]]\ntype = \"convolution\"\npadding = [1, 2]\n[[layers]]\ntype = \"average-pool\"\n\
             kernel = 0x3\npadding = 1",
        )
        .unwrap();
        let Kind::Convolution(first) = parsed.layers[0].kind else { panic!() };
        assert_eq!((first.padding, first.stride), ([[1, 2], [3, 4]], [2, 1]));
        let Kind::Convolution(second) = parsed.layers[1].kind else { panic!() };
        assert_eq!(second.padding, [[1, 1], [2, 2]]);
        let Kind::Pool { kind, window } = parsed.layers[2].kind else { panic!() };
        assert_eq!(kind, PoolKind::Average { count_padding: true });
        assert_eq!((window.kernel, window.stride, window.padding), ([3, 3], [3, 3], [[1, 1], [1, 1]]));
        assert_eq!(parsed.layers[2].name, "2");
    }
}
