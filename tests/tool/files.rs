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
