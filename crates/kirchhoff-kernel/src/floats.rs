//! Read-only arrays of `f32`: owned, or borrowed from a mapped file.

use std::fmt;
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

use kirchhoff_file::{MappedFile, MappedSlice};

/// A read-only array of `f32` that clones for the price of a reference count.
///
/// Those of a mapped file stay in the file until they are read; others are owned.
#[derive(Clone)]
pub struct Floats(Source);

/// The weights or biases of a layer.
pub type Weights = Floats;

/// Numbers of neurons: activations, or what a rule makes of them.
pub type Values = Floats;

#[derive(Clone)]
enum Source {
    Owned(Arc<Vec<f32>>),
    Mapped(MappedSlice<f32>),
}

impl Floats {
    /// The little-endian `f32` values in `bytes` of a mapped file, without a copy where the platform reads them in
    /// place (little-endian, aligned), else converted. `None` if the range leaves the file or does not hold whole
    /// values.
    pub fn mapped(file: &Arc<MappedFile>, bytes: Range<usize>) -> Option<Self> {
        let raw = file.get(bytes.clone())?;
        if raw.len() % 4 != 0 {
            return None;
        }
        if let Some(slice) = MappedSlice::new(file, bytes) {
            return Some(Floats(Source::Mapped(slice)));
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
        assert!(values.start <= values.end && values.end <= self.len(), "the range leaves the array");
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
        assert!(values.start <= values.end && values.end <= self.len(), "the range leaves the array");
        if let Source::Mapped(slice) = &self.0 {
            let start = slice.bytes().start;
            slice.file().release(start + 4 * values.start..start + 4 * values.end);
        }
    }
}

impl Deref for Floats {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.0 {
            Source::Owned(values) => values,
            Source::Mapped(slice) => slice.as_ref(),
        }
    }
}

impl From<Vec<f32>> for Floats {
    fn from(values: Vec<f32>) -> Self {
        Floats(Source::Owned(Arc::new(values)))
    }
}

impl From<&[f32]> for Floats {
    fn from(values: &[f32]) -> Self {
        values.to_vec().into()
    }
}

impl<const N: usize> From<[f32; N]> for Floats {
    fn from(values: [f32; N]) -> Self {
        values.to_vec().into()
    }
}

impl FromIterator<f32> for Floats {
    fn from_iter<I: IntoIterator<Item = f32>>(values: I) -> Self {
        Floats::from(values.into_iter().collect::<Vec<f32>>())
    }
}

impl fmt::Debug for Floats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Floats({} values)", self.len())
    }
}
