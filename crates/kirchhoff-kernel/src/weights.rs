//! Read-only arrays of `f32`: owned, or borrowed from a mapped file.

use std::fmt;
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

use kirchhoff_file::{MappedFile, MappedSlice};

/// A read-only array of `f32` that clones for the price of a reference count.
///
/// Weights of a mapped file stay in the file until they are read; other weights are owned.
#[derive(Clone)]
pub struct Weights(Source);

/// Activations and the factors of neurons are kept as weights are.
pub type Values = Weights;

#[derive(Clone)]
enum Source {
    Owned(Arc<Vec<f32>>),
    Mapped(MappedSlice<f32>),
}

impl Weights {
    /// The little-endian `f32` values in `bytes` of a mapped file, without a copy where the platform reads them in
    /// place (little-endian, aligned), else converted. `None` if the range leaves the file or does not hold whole
    /// values.
    pub fn mapped(file: &Arc<MappedFile>, bytes: Range<usize>) -> Option<Self> {
        let raw = file.get(bytes.clone())?;
        if raw.len() % 4 != 0 {
            return None;
        }
        if let Some(slice) = MappedSlice::new(file, bytes) {
            return Some(Weights(Source::Mapped(slice)));
        }
        Some(raw.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect())
    }

    /// The mapped file that the values lie in, and where in it; `None` for owned values.
    pub fn place(&self) -> Option<(&Path, Range<usize>)> {
        match &self.0 {
            Source::Owned(_) => None,
            Source::Mapped(slice) => Some((slice.file().path(), slice.bytes())),
        }
    }

    /// Reads a range of values in a mapped file into memory at once, which is quicker than page by page as they are first
    /// used. A hint: owned values are there, and not every system can.
    ///
    /// # Panics
    /// If the range leaves the array.
    pub fn fetch(&self, values: Range<usize>) {
        assert!(values.start <= values.end && values.end <= self.len(), "the range leaves the weights");
        if let Source::Mapped(slice) = &self.0 {
            let start = slice.bytes().start;
            slice.file().fetch(start + 4 * values.start..start + 4 * values.end);
        }
    }

    /// Gives the memory of a range of values in a mapped file back to the system, which reads them again when they are
    /// next used. Whoever passes over large weights once calls it behind itself. Owned values stay.
    ///
    /// # Panics
    /// If the range leaves the array.
    pub fn release(&self, values: Range<usize>) {
        assert!(values.start <= values.end && values.end <= self.len(), "the range leaves the weights");
        if let Source::Mapped(slice) = &self.0 {
            let start = slice.bytes().start;
            slice.file().release(start + 4 * values.start..start + 4 * values.end);
        }
    }
}

impl Deref for Weights {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.0 {
            Source::Owned(values) => values,
            Source::Mapped(slice) => slice.as_ref(),
        }
    }
}

impl From<Vec<f32>> for Weights {
    fn from(values: Vec<f32>) -> Self {
        Weights(Source::Owned(Arc::new(values)))
    }
}

impl From<&[f32]> for Weights {
    fn from(values: &[f32]) -> Self {
        values.to_vec().into()
    }
}

impl<const N: usize> From<[f32; N]> for Weights {
    fn from(values: [f32; N]) -> Self {
        values.to_vec().into()
    }
}

impl FromIterator<f32> for Weights {
    fn from_iter<I: IntoIterator<Item = f32>>(values: I) -> Self {
        Weights::from(values.into_iter().collect::<Vec<f32>>())
    }
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Weights({} values)", self.len())
    }
}
