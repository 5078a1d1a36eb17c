//! Read-only arrays of `f32`: owned, or borrowed from a mapped file.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use memmap2::Mmap;

/// A read-only array of `f32` that clones for the price of a reference count.
///
/// Weights of a mapped file stay in the file until they are read; other weights are owned.
#[derive(Clone)]
pub struct Weights(Source);

#[derive(Clone)]
enum Source {
    Owned(Arc<Vec<f32>>),
    Mapped { map: Arc<Mmap>, bytes: Range<usize> },
}

impl Weights {
    /// The little-endian `f32` values in `bytes` of a mapped file, without a copy where the platform reads them in
    /// place (little-endian, aligned), else converted. `None` if the range leaves the file or does not hold whole
    /// values.
    pub fn mapped(map: &Arc<Mmap>, bytes: Range<usize>) -> Option<Self> {
        let raw = map.get(bytes.clone())?;
        if raw.len() % 4 != 0 {
            return None;
        }
        if cfg!(target_endian = "little") && bytemuck::try_cast_slice::<u8, f32>(raw).is_ok() {
            return Some(Weights(Source::Mapped { map: map.clone(), bytes }));
        }
        Some(raw.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }
}

impl Deref for Weights {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.0 {
            Source::Owned(values) => values,
            // The constructor has checked the range, the alignment and the byte order.
            Source::Mapped { map, bytes } => bytemuck::cast_slice(&map[bytes.clone()]),
        }
    }
}

impl From<Vec<f32>> for Weights {
    fn from(values: Vec<f32>) -> Self {
        Weights(Source::Owned(Arc::new(values)))
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
