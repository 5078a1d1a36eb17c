//! Inputs, labels and data sets.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use kirchhoff::data::{DataSet, DataSetOptions, Preprocessing, read_inputs, read_labels};
use kirchhoff::file::{Seal, Tensor, write_tensors};

use super::seeds;

const PICTURES: &str = "crates/kirchhoff-data/tests/pictures";
const CASES: &str = "crates/kirchhoff-data/tests/cases";

/// Reads a file in every way: as inputs of networks of several shapes, as a data set, and as labels.
pub fn read(path: &Path) {
    for shape in [&[3, 8, 8][..], &[1, 4, 4], &[6], &[7]] {
        let _ = read_inputs(&[path.to_path_buf()], shape, &Preprocessing::default());
        let options = DataSetOptions { outputs: 3, skip_bad: true, ..DataSetOptions::default() };
        if let Ok(mut set) = DataSet::open(path, shape, &Preprocessing::default(), &options) {
            let _ = set.read(0..set.count().min(3));
        }
    }
    let _ = read_labels(path);
}

pub fn npy_seeds() -> Vec<Vec<u8>> {
    let kinds = [("<f4", "False", "(2, 6)", 48), (">i2", "True", "(6, 2, 1)", 24), ("|b1", "False", "(16,)", 16)];
    let large =
        [("<f8", "False", "(3, 8, 8)", 1536), ("<f2", "False", "(1, 1, 4, 4)", 32), ("|u1", "False", "(0, 6)", 0)];
    kinds.into_iter().chain(large).map(|(kind, fortran, shape, size)| array(kind, fortran, shape, size)).collect()
}

fn array(kind: &str, fortran: &str, shape: &str, size: usize) -> Vec<u8> {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
    header.push_str(&" ".repeat(117 - header.len()));
    [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes(), b"\n", &vec![1; size]].concat()
}

pub fn npz_seeds() -> Vec<Vec<u8>> {
    seeds(&[PICTURES], &["npz"])
}

pub fn idx_seeds() -> Vec<Vec<u8>> {
    let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 4][..], &[7; 32]].concat();
    let vectors = [&[0, 0, 13, 2, 0, 0, 0, 2, 0, 0, 0, 6][..], &1.5f32.to_be_bytes().repeat(12)].concat();
    let labels = vec![0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2];
    let integers = [&[0, 0, 12, 2, 0, 0, 0, 2, 0, 0, 0, 8][..], &2u32.to_be_bytes().repeat(16)].concat();
    vec![images, vectors, labels, integers]
}

pub fn gzip_seeds() -> Vec<Vec<u8>> {
    let compressed = |file: Vec<u8>| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&file).and_then(|()| encoder.finish()).expect("memory takes all that is written")
    };
    idx_seeds().into_iter().map(compressed).collect()
}

pub fn png_seeds() -> Vec<Vec<u8>> {
    seeds(&[PICTURES, CASES], &["png"])
}

pub fn jpeg_seeds() -> Vec<Vec<u8>> {
    seeds(&[PICTURES, CASES], &["jpg"])
}

pub fn label_seeds() -> Vec<Vec<u8>> {
    [&b"0\n1\n\n2\n"[..], b"1 2 0 2", b"label\n0\n2\n"].map(<[u8]>::to_vec).to_vec()
}

pub fn tensor_seeds() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let path = folder.path().join("seed.safetensors");
    let inputs = Tensor::new("inputs", &[2, 6], &[1.0f32; 12]);
    let tensors = vec![inputs, Tensor::new("labels", &[2], &[0u8, 1]), Tensor::new("real/h1", &[1, 3], &[0.5f64; 3])];
    write_tensors(&path, tensors, &[("made", "here")], Seal::None).expect("the folder can be written to");
    vec![std::fs::read(path).expect("it was just written")]
}
