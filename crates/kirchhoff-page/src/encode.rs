//! Arrays of numbers as text.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A type of numbers that pages hold.
pub trait Number: Copy {
    /// The name by which the page's program knows it.
    const NAME: &'static str;

    /// Appends the number's bytes, the lowest first.
    fn write(self, bytes: &mut Vec<u8>);
}

impl Number for u8 {
    const NAME: &'static str = "u8";

    fn write(self, bytes: &mut Vec<u8>) {
        bytes.push(self);
    }
}

impl Number for u32 {
    const NAME: &'static str = "u32";

    fn write(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

impl Number for f32 {
    const NAME: &'static str = "f32";

    fn write(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

impl Number for f64 {
    const NAME: &'static str = "f64";

    fn write(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

/// Numbers as base64 of gzip of their bytes, of which the lowest of all numbers come first, then the second, and so on:
/// signs and exponents of neighbours are alike, the lowest bits of fractions are not, so that they compress better apart.
pub(crate) fn encoded<T: Number>(values: &[T]) -> String {
    let width = size_of::<T>();
    let mut bytes = Vec::with_capacity(size_of_val(values));
    values.iter().for_each(|value| value.write(&mut bytes));
    let planes: Vec<u8> = (0..width).flat_map(|plane| bytes.iter().skip(plane).step_by(width).copied()).collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    let packed = gzip.write_all(&planes).and_then(|()| gzip.finish()).expect("a vector takes all that is written");
    STANDARD.encode(packed)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn numbers_come_back_to_the_last_bit() {
        let values = [0.1_f64, -0.0, f64::INFINITY, f64::MIN_POSITIVE, 1e300, f64::NAN];
        let packed = STANDARD.decode(encoded(&values)).unwrap();
        let mut planes = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut planes).unwrap();
        let number = |at: usize| f64::from_le_bytes(std::array::from_fn(|plane| planes[plane * values.len() + at]));
        for (at, value) in values.iter().enumerate() {
            assert_eq!(number(at).to_bits(), value.to_bits());
        }
        assert_eq!(encoded::<f32>(&[]), encoded::<u8>(&[]), "nothing of any type is nothing");
    }
}
