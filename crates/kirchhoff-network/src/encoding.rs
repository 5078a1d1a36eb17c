//! Values as bytes for a hash: the same on every machine, and of no two values alike.

use kirchhoff_kernel::Weights;

/// Values of a large tensor that are converted at once.
const AT_ONCE: usize = 1 << 20;

/// Takes values in as bytes: integers and floats in little-endian order, texts and sequences after their length.
///
/// What is written decides the hash of every network that has been stored: nothing here may change without a new
/// [version](crate::HASH_VERSION).
pub(crate) struct Encoder(blake3::Hasher);

impl Encoder {
    /// An encoder for what a text names, so that no two kinds of things share a hash.
    pub(crate) fn new(what: &str) -> Self {
        let mut encoder = Encoder(blake3::Hasher::new());
        encoder.text(what);
        encoder
    }

    /// A number that counts, or an index.
    pub(crate) fn count(&mut self, number: usize) {
        self.0.update(&(number as u64).to_le_bytes());
    }

    /// A number that may be negative.
    pub(crate) fn signed(&mut self, number: i64) {
        self.0.update(&number.to_le_bytes());
    }

    /// Whether something holds.
    pub(crate) fn flag(&mut self, flag: bool) {
        self.0.update(&[u8::from(flag)]);
    }

    /// A number, by its bits.
    pub(crate) fn float(&mut self, number: f32) {
        self.0.update(&number.to_bits().to_le_bytes());
    }

    /// A text: its length in bytes, and these.
    pub(crate) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text.as_bytes());
    }

    /// A sequence: its length, and each of its members.
    pub(crate) fn sequence<T>(&mut self, members: &[T], mut member: impl FnMut(&mut Self, &T)) {
        self.count(members.len());
        members.iter().for_each(|each| member(self, each));
    }

    /// A sequence of counts.
    pub(crate) fn counts(&mut self, numbers: &[usize]) {
        self.sequence(numbers, |encoder, &number| encoder.count(number));
    }

    /// A tensor's values: how many there are, and their bits. Those in mapped files are let go of behind the reader.
    pub(crate) fn values(&mut self, values: &Weights) {
        self.count(values.len());
        for start in (0..values.len()).step_by(AT_ONCE) {
            let range = start..values.len().min(start + AT_ONCE);
            if cfg!(target_endian = "little") {
                self.0.update(bytemuck::cast_slice::<f32, u8>(&values[range.clone()]));
            } else {
                let bytes: Vec<u8> = values[range.clone()].iter().flat_map(|value| value.to_le_bytes()).collect();
                self.0.update(&bytes);
            }
            values.release(range);
        }
    }

    /// Values that may be missing.
    pub(crate) fn optional_values(&mut self, values: Option<&Weights>) {
        self.flag(values.is_some());
        if let Some(values) = values {
            self.values(values);
        }
    }

    /// The hash of all that was taken in, as hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}
