//! Files that tests give to the tool.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::harness::repository;

/// The bytes of the first test digit of a class, 28 × 28.
pub fn digit(class: usize) -> Vec<u8> {
    let file = std::fs::read(repository("crates/kirchhoff/assets/digits.idx")).unwrap();
    file[16 + class * 784..][..784].to_vec()
}

/// The same as a network sees it.
pub fn digit_values(class: usize) -> Vec<f32> {
    digit(class).into_iter().map(|byte| f32::from(byte) / 255.0).collect()
}

/// An `.npy` file: `descriptor` is its type, such as `<f4`.
pub fn npy(descriptor: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size},")).collect();
    let mut header = format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': ({sizes}), }}");
    // The data starts at a multiple of 64 bytes.
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

/// An `.npy` file of float32 values.
pub fn npy_floats(shape: &[usize], values: &[f32]) -> Vec<u8> {
    npy("<f4", shape, &little_endian(values))
}

pub fn little_endian(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A safetensors file of tensors of one type.
pub fn safetensors(dtype: Dtype, tensors: &[(&str, &[usize], Vec<u8>)]) -> Vec<u8> {
    let view = |(name, shape, data): &(&str, &[usize], Vec<u8>)| {
        (name.to_string(), TensorView::new(dtype, shape.to_vec(), data.clone().leak()).unwrap())
    };
    safetensors::serialize(tensors.iter().map(view), None).unwrap()
}

/// An IDX file of one array of bytes.
pub fn idx(shape: &[u32], data: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, shape.len() as u8];
    file.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
    file.extend(data);
    file
}

pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A grey PNG.
pub fn png(side: u32, pixels: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    image::codecs::png::PngEncoder::new(&mut file).write_image(pixels, side, side, ExtendedColorType::L8).unwrap();
    file
}

/// A grey JPEG.
pub fn jpeg(side: u32, pixels: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 95)
        .write_image(pixels, side, side, ExtendedColorType::L8)
        .unwrap();
    file
}

pub fn decode_png(file: &[u8]) -> DynamicImage {
    image::load_from_memory_with_format(file, image::ImageFormat::Png).unwrap()
}

/// The weights of a perceptron of these sizes, named as `nn.Sequential` names them, layer by layer.
pub fn perceptron(sizes: &[usize], weight: impl Fn(usize, usize) -> f32) -> Vec<u8> {
    let layers: Vec<(String, [usize; 2], Vec<f32>)> = sizes
        .windows(2)
        .enumerate()
        .map(|(layer, pair)| {
            let values = (0..pair[0] * pair[1]).map(|position| weight(layer, position)).collect();
            (format!("{}.weight", 2 * layer), [pair[1], pair[0]], values)
        })
        .collect();
    let tensors: Vec<_> =
        layers.iter().map(|(name, shape, values)| (&name[..], &shape[..], little_endian(values))).collect();
    safetensors(Dtype::F32, &tensors)
}

/// An ONNX model of `count` nodes of one operator, one after the other, over vectors of `size`. A constant is the second
/// argument of each: so many rows, and its values.
pub fn onnx_chain(operator: &str, count: usize, size: usize, constant: Option<(usize, Vec<f32>)>) -> Vec<u8> {
    let nodes = (0..count).map(|node| {
        let name = |node: usize| format!("t{node}");
        let first = if node == 0 { "x".to_string() } else { name(node - 1) };
        let result = if node + 1 == count { "y".to_string() } else { name(node) };
        let second = constant.iter().map(|_| field(1, b"c"));
        let arguments: Vec<u8> = std::iter::once(field(1, first.as_bytes())).chain(second).flatten().collect();
        field(1, &[arguments, field(2, result.as_bytes()), field(4, operator.as_bytes())].concat())
    });
    let value = |name: &str| {
        let dimensions = [1, size].map(|length| field(1, &number(1, length as u64))).concat();
        let tensor = [number(1, 1), field(2, &dimensions)].concat();
        [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
    };
    let mut graph: Vec<u8> = nodes.flatten().collect();
    if let Some((rows, values)) = &constant {
        let shape = match rows {
            1 => number(1, values.len() as u64),
            rows => [number(1, *rows as u64), number(1, (values.len() / rows) as u64)].concat(),
        };
        graph.extend(field(5, &[shape, number(2, 1), field(8, b"c"), field(9, &little_endian(values))].concat()));
    }
    graph.extend([field(11, &value("x")), field(12, &value("y"))].concat());
    [number(1, 8), field(7, &graph), field(8, &[field(1, b""), number(2, 17)].concat())].concat()
}

/// A field of a protobuf message that holds bytes.
fn field(tag: u64, bytes: &[u8]) -> Vec<u8> {
    [variable(tag << 3 | 2), variable(bytes.len() as u64), bytes.to_vec()].concat()
}

/// A field that holds a number.
fn number(tag: u64, value: u64) -> Vec<u8> {
    [variable(tag << 3), variable(value)].concat()
}

fn variable(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let more = if value > 127 { 128 } else { 0 };
        bytes.push((value & 127) as u8 | more);
        value >>= 7;
        if more == 0 {
            return bytes;
        }
    }
}
